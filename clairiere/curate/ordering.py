"""Rows in the order of a 64-bit key, however many: what fits in memory is sorted there, the rest in ranges of keys.

Keys lie in a flat file that is mapped, not read. Where they are too many to sort at once, a histogram of their leading
bits divides them into ranges that fit, and each range is picked out by one pass over the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.int64]

BYTES_PER_ROW = 64
"""What sorting a row takes: its key, its place, the order, and the sort's own copies."""
_CHUNK_ROWS = 1 << 20
_DIGIT_BITS = 16
_HIGHEST = 2**64 - 1


def mapped(path: Path, dtype: npt.DTypeLike, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """A new array of zeros that lies in a file; the system may write it out and read it again as memory needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # who still maps the file that was there keeps it
    if 0 in shape:
        return np.zeros(shape, dtype)
    return np.asarray(np.memmap(path, dtype, mode="w+", shape=shape))


def in_order(keys: Keys, capacity: int) -> Iterator[Rows]:
    """Rows by ascending key, rows of one key in their order; rows with the key 0 are left out.

    Args:
        keys: uint64 [rows].
        capacity: how many rows may be sorted at once. More rows than that with one and the same key are given together.

    Yields:
        int64 [some rows]: rows of one key always stand in one yield.
    """
    for low, high in _ranges(keys, capacity):
        rows = _select(keys, low, high)
        if len(rows):
            yield rows[np.argsort(keys[rows], kind="stable")] if low < high else rows


def chunks(rows: int) -> Iterator[slice]:
    """The rows of a file a bounded number at a time."""
    for start in range(0, rows, _CHUNK_ROWS):
        yield slice(start, min(start + _CHUNK_ROWS, rows))


def _ranges(keys: Keys, capacity: int, low: int = 1, shift: int = 64) -> Iterator[tuple[int, int]]:
    """Ranges of keys, first to last, that hold no more than `capacity` rows unless they hold a single key."""
    high = min(_HIGHEST, (low >> shift << shift) + (1 << shift) - 1)
    if shift == 64 and len(keys) <= capacity:
        yield low, high
        return
    shift -= _DIGIT_BITS
    base = low >> (shift + _DIGIT_BITS) << (shift + _DIGIT_BITS)
    start, gathered = low, 0
    for digit, count in enumerate(_histogram(keys, low, high, base, shift).tolist()):
        first = max(low, base + (digit << shift))
        if gathered and gathered + count > capacity:
            yield start, first - 1
            start, gathered = first, 0
        if count > capacity and shift:
            yield from _ranges(keys, capacity, first, shift)
            start = base + ((digit + 1) << shift)
        else:
            gathered += count
    if gathered:
        yield start, high


def _histogram(keys: Keys, low: int, high: int, base: int, shift: int) -> npt.NDArray[np.int64]:
    counts = np.zeros(1 << _DIGIT_BITS, np.int64)
    for chunk in chunks(len(keys)):
        some = keys[chunk]
        inside = some[(some >= np.uint64(low)) & (some <= np.uint64(high))]
        digits = ((inside - np.uint64(base)) >> np.uint64(shift)).astype(np.int64)
        counts += np.bincount(digits, minlength=1 << _DIGIT_BITS)
    return counts


def _select(keys: Keys, low: int, high: int) -> Rows:
    found = []
    for chunk in chunks(len(keys)):
        some = keys[chunk]
        found.append(np.flatnonzero((some >= np.uint64(low)) & (some <= np.uint64(high))) + chunk.start)
    return np.concatenate(found) if found else np.empty(0, np.int64)
