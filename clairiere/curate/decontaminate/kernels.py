"""Where text meets the index of evaluation items: hashes of words, rolling, one lookup per word."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from clairiere.curate.batch import Int64s
from clairiere.curate.kernels import kernel

Hashes = npt.NDArray[np.uint64]
Bits = npt.NDArray[np.uint8]

FILTER_BITS = 22
"""Of the table that tells most words apart from all anchors: half a megabyte, which stays in the cache."""

_RADIX = np.uint64(0x9E3779B97F4A7C15)


@kernel
def roll(hashes: Hashes, length: int) -> Hashes:
    """uint64 [words]: a hash of the `length` words that begin at each; 0 where fewer are left."""
    rolled = np.zeros(len(hashes), np.uint64)
    top = np.uint64(1)
    for _ in range(length):
        top *= _RADIX
    value = np.uint64(0)
    for word in range(len(hashes)):
        value = value * _RADIX + hashes[word]
        first = word - length + 1
        if first > 0:
            value -= hashes[first - 1] * top
        if first >= 0:
            rolled[first] = value
    return rolled


@kernel
def filter_place(value: np.uint64) -> np.int64:
    """Which bit stands for a value."""
    return np.int64((value * np.uint64(0xD6E8FEB86659FD93)) >> np.uint64(64 - FILTER_BITS))


@kernel
def make_filter(anchors: Hashes) -> Bits:
    """The bits of all anchors."""
    bits = np.zeros(1 << (FILTER_BITS - 3), np.uint8)
    for value in anchors:
        place = filter_place(value)
        bits[place >> 3] |= np.uint8(1 << (place & 7))
    return bits


@kernel
def _first_at_least(values: Hashes, wanted: np.uint64) -> int:
    """Where sorted values reach one."""
    low, high = 0, len(values)
    while low < high:
        middle = (low + high) // 2
        if values[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def _are_equal(some: Hashes, first: int, others: Hashes, start: int, length: int) -> bool:
    """Whether `length` values from these places on are equal."""
    place = 0
    while place < length and some[first + place] == others[start + place]:
        place += 1
    return place == length


@kernel
def find_hits(
    hashes: Hashes, ends: Int64s, bits: Bits, anchors: Hashes, needles: Int64s, item_hashes: Hashes, anchor_words: int
) -> Int64s:
    """Where runs of words have the hashes of a needle.

    Args:
        hashes: uint64 [words] of a batch.
        ends: int64 [documents], behind the last word of each.
        bits: `make_filter(anchors)`.
        anchors: uint64 [needles], sorted: `roll` of each needle's first words.
        needles: int64 [needles, 2]: the first word of each in `item_hashes`, and how many it has.
        item_hashes: uint64 [words] of the evaluation items.
        anchor_words: how many words an anchor has.

    Returns:
        int64 [hits, 2]: first word, and needle; by first word.
    """
    rolled = roll(hashes, anchor_words)
    hits = np.empty((64, 2), np.int64)
    count, first = 0, 0
    for document in range(len(ends)):
        for word in range(first, ends[document] - anchor_words + 1):
            place = filter_place(rolled[word])
            if not (bits[place >> 3] >> (place & 7)) & 1:
                continue
            needle = _first_at_least(anchors, rolled[word])
            while needle < len(anchors) and anchors[needle] == rolled[word]:
                start, length = needles[needle]
                if word + length <= ends[document] and _are_equal(hashes, word, item_hashes, start, length):
                    if count == len(hits):
                        longer = np.empty((2 * count, 2), np.int64)
                        longer[:count] = hits
                        hits = longer
                    hits[count] = word, needle
                    count += 1
                needle += 1
        first = ends[document]
    return hits[:count].copy()
