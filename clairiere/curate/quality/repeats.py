"""What a document says again: equal lines and paragraphs, and n-grams of tokens, by Rae et al. 2021, table A1.

A longer n-gram can only be said twice where the shorter one at the same place was: after the 2-grams, which touch every
token, each order looks at what the one before left, so that all nine together cost little more than the first.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from clairiere.curate.kernels import kernel
from clairiere.curate.quality.passes import FNV_PRIME, Hashes, Int, Int32s, Int64s

TOP_ORDERS = (2, 3, 4)
"""Orders of which the most frequent n-gram is measured."""
REPEATED_ORDERS = (5, 6, 7, 8, 9, 10)
"""Orders of which all n-grams said before are measured."""
LONGEST = 10
MOST_TOKENS = 4_000_000
"""Of a document whose n-grams are measured, so that memory stays bounded: twenty novels."""
_SPREAD = np.uint64(0x9E3779B97F4A7C15)

Slots = npt.NDArray[np.int32]
Marks = npt.NDArray[np.uint8]
Table = tuple[Hashes, Slots, Slots]
"""Keys, the place where each was seen first, and how often."""


@kernel
def table_size(entries: int) -> int:
    """The smallest power of two that leaves half of a hash table empty."""
    size = 16
    while size < 2 * entries:
        size *= 2
    return size


@kernel
def longest_run(starts: Int64s) -> int:
    """The most items of any document."""
    longest = 0
    for document in range(len(starts) - 1):
        longest = max(longest, int(starts[document + 1] - starts[document]))
    return longest


@kernel
def place(value: np.uint64, mask: Int) -> Int:
    """Where the search for a hash begins."""
    mixed = value * _SPREAD
    return np.int64((mixed ^ (mixed >> np.uint64(32))) & np.uint64(mask))


@kernel
def find(value: np.uint64, keys: Hashes, used: Slots, mask: Int) -> Int:
    """The slot that holds a hash, or the empty one where it belongs; `used` is 0 for empty slots."""
    slot = place(value, mask)
    while used[slot] and keys[slot] != value:
        slot = (slot + 1) & mask
    return slot


@kernel
def count_repeats(hashes: Hashes, characters: Int32s, starts: Int64s) -> tuple[Int64s, Int64s]:
    """How many items of each document stood in it before, and how many characters they have.

    Args:
        hashes: uint64 [items].
        characters: int32 [items].
        starts: int64 [documents + 1], where each document's items begin.
    """
    documents = len(starts) - 1
    repeats, repeated_characters = np.zeros(documents, np.int64), np.zeros(documents, np.int64)
    room = table_size(longest_run(starts))
    keys, used = np.empty(room, np.uint64), np.empty(room, np.int32)
    for document in range(documents):
        size = table_size(starts[document + 1] - starts[document])
        used[:size] = 0
        for item in range(starts[document], starts[document + 1]):
            slot = find(hashes[item], keys, used, size - 1)
            if used[slot]:
                repeats[document] += 1
                repeated_characters[document] += characters[item]
            keys[slot], used[slot] = hashes[item], 1
    return repeats, repeated_characters


@kernel
def measure_ngrams(
    tokens: Hashes, ends: Int64s, starts: Int64s, top: Int64s, repeated: Int64s, most_tokens: int
) -> None:
    """How many characters of each document its most frequent and its repeated n-grams take.

    Args:
        tokens: uint64 [tokens], their hashes.
        ends: int64 [tokens + 1], characters of all tokens before each.
        starts: int64 [documents + 1], where each document's tokens begin.
        top: int64 [documents, 3], filled: characters of the most frequent 2-, 3- and 4-gram that is said twice or more.
        repeated: int64 [documents, 6], filled: characters inside 5- to 10-grams that were said before, each once.
        most_tokens: of a longer document the beginning is looked at.
    """
    documents = len(starts) - 1
    longest = min(longest_run(starts), most_tokens)
    room = table_size(longest)
    keys, first, used = np.empty(room, np.uint64), np.empty(room, np.int32), np.empty(room, np.int32)
    places, rolling = np.empty(longest, np.int32), np.empty(longest, np.uint64)
    again = np.empty(longest, np.uint8)
    state, table = (places, rolling, again), (keys, first, used)
    for document in range(documents):
        begin = starts[document]
        end = min(starts[document + 1], begin + most_tokens)
        left = end - begin
        for index in range(left):
            places[index], rolling[index] = index, tokens[begin + index]
        for order in range(2, LONGEST + 1):
            again[:left] = 0
            used[: table_size(left)] = 0
            most, inside = one_order(order, left, tokens[begin:end], ends[begin : end + 1], state, table)
            if order <= 4:
                top[document, order - 2] = most
            else:
                repeated[document, order - 5] = inside
            left = keep_again(left, places, again)


@kernel
def one_order(
    order: int, left: int, tokens: Hashes, ends: Int64s, state: tuple[Int32s, Hashes, Marks], table: Table
) -> tuple[int, int]:
    """Look at the n-grams of one order at the places left; mark in `again` those that are said more than once.

    Returns:
        Characters of the most frequent n-gram, and characters inside n-grams that were said before.
    """
    places, rolling, again = state
    keys, first, used = table
    mask = table_size(left) - 1
    most, inside, covered = 0, 0, 0
    for index in range(left):
        at = int(places[index])
        if at + order > len(tokens):
            continue
        value = (rolling[at] * FNV_PRIME) ^ tokens[at + order - 1]
        rolling[at] = value
        slot = find(value, keys, used, mask)
        used[slot] += 1
        if used[slot] == 1:
            keys[slot], first[slot] = value, index
            continue
        again[index], again[first[slot]] = 1, 1
        most = max(most, int(used[slot] * (ends[at + order] - ends[at])))
        inside += int(ends[at + order] - ends[max(at, covered)])
        covered = at + order
    return most, inside


@kernel
def keep_again(left: int, places: Int32s, again: Marks) -> int:
    """Keep the marked places; how many they are."""
    kept = 0
    for index in range(left):
        if again[index]:
            places[kept] = places[index]
            kept += 1
    return kept
