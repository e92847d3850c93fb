"""Words of a document, and which of them stand in a passage or line that stood before."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from clairiere.curate.batch import Bytes, Int64s
from clairiere.curate.kernels import kernel

Marks = npt.NDArray[np.bool_]
Hashes = npt.NDArray[np.uint64]

_OFFSET, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)  # FNV-1a, 64 bits
_RADIX = np.uint64(0x9E3779B97F4A7C15)
_ONE_DIGIT = np.uint64(0x30)


@kernel
def split_words(run: Bytes, begins: Int64s) -> tuple[Int64s, Int64s, Hashes]:
    """The words between ASCII whitespace of a document's turns.

    Args:
        run: uint8, the text of all turns.
        begins: int64 [turns + 1], where each begins in it.

    Returns:
        int64 [words, 2], where each begins and ends; int64 [lines + 1], the first word of each line, and the end;
        uint64 [words], a hash of each. A turn's end is a line's end; lines without words are none.
    """
    room = (begins[-1] - begins[0]) // 2 + len(begins)
    words, hashes, lines = np.empty((room, 2), np.int64), np.empty(room, np.uint64), np.zeros(room + 1, np.int64)
    count, line_count, new_line = 0, 0, True
    for turn in range(len(begins) - 1):
        at, end = begins[turn], begins[turn + 1]
        new_line = True
        while at < end:
            if run[at] <= 0x20:
                new_line |= run[at] == 0x0A
                at += 1
                continue
            if new_line:
                lines[line_count] = count
                line_count += 1
                new_line = False
            words[count, 0] = at
            value = _OFFSET
            while at < end and run[at] > 0x20:
                value = (value ^ np.uint64(run[at])) * _PRIME
                at += 1
            words[count, 1], hashes[count] = at, value
            count += 1
    lines[line_count] = count
    return words[:count].copy(), lines[: line_count + 1].copy(), hashes[:count].copy()


@kernel
def _slot(value: np.uint64, table: Int64s, keys: Hashes) -> int:
    """Where a value stands in an open-addressed table, or where it would; -1 marks a free place."""
    mask = len(table) - 1
    slot = np.int64((value ^ (value >> np.uint64(29))) & np.uint64(mask))
    while table[slot] >= 0 and keys[slot] != value:
        slot = (slot + 1) & mask
    return int(slot)


@kernel
def _table_size(entries: int) -> int:
    """A power of two with room for twice as many."""
    size = 16
    while size < 2 * entries:
        size *= 2
    return size


@kernel
def mark_passages(hashes: Hashes, length: int) -> Marks:
    """bool [words]: which words stand in a run of `length` words that stood before, without overlapping it."""
    marks = np.zeros(len(hashes), np.bool_)
    windows = len(hashes) - length + 1
    if windows <= length:
        return marks
    table = np.full(_table_size(windows), -1, np.int64)
    keys = np.empty(len(table), np.uint64)
    last = np.uint64(1)
    for _ in range(length):
        last *= _RADIX
    value = np.uint64(0)
    marked = 0
    for word in range(len(hashes)):
        value = value * _RADIX + hashes[word]
        first = word - length + 1
        if first > 0:
            value -= hashes[first - 1] * last
        if first < 0:
            continue
        slot = _slot(value, table, keys)
        if table[slot] < 0:
            table[slot], keys[slot] = first, value
        elif table[slot] + length <= first:
            marks[max(marked, first) : word + 1] = True
            marked = word + 1
    return marks


@kernel
def mark_lines(hashes: Hashes, lines: Int64s, shortest: int) -> Marks:
    """bool [lines]: which lines of at least `shortest` words stood before."""
    marks = np.zeros(len(lines) - 1, np.bool_)
    table = np.full(_table_size(len(marks)), -1, np.int64)
    keys = np.empty(len(table), np.uint64)
    for line in range(len(marks)):
        if lines[line + 1] - lines[line] < shortest:
            continue
        value = np.uint64(lines[line + 1] - lines[line])
        for word in range(lines[line], lines[line + 1]):
            value = value * _RADIX + hashes[word]
        slot = _slot(value, table, keys)
        marks[line] = table[slot] >= 0
        table[slot], keys[slot] = line, value
    return marks


@kernel
def hash_heads(run: Bytes, words: Int64s, lines: Int64s, longest: int) -> Hashes:
    """uint64 [lines]: a hash of each line of 2 to `longest` words in which all numbers are equal; 0 of the others."""
    found = np.zeros(len(lines) - 1, np.uint64)
    for line in range(len(found)):
        count = lines[line + 1] - lines[line]
        if count < 2 or count > longest:
            continue
        value, in_number = _OFFSET, False
        for at in range(words[lines[line], 0], words[lines[line + 1] - 1, 1]):
            is_digit = 0x30 <= run[at] <= 0x39
            if not (is_digit and in_number):
                value = (value ^ (_ONE_DIGIT if is_digit else np.uint64(run[at]))) * _PRIME
            in_number = is_digit
        found[line] = value
    return found


@kernel
def _ends_sentence(run: Bytes, end: int) -> bool:
    """Whether the word that ends here ends a sentence: by . ! ? … or a closing quotation mark."""
    last = run[end - 1]
    if last < 0x80:
        return last in (0x2E, 0x21, 0x3F)
    before = run[end - 2]
    return bool((last == 0xBB and before == 0xC2) or (last == 0xA6 and before == 0x80))


@kernel
def find_edges(run: Bytes, words: Int64s, lines: Int64s) -> Marks:
    """bool [words + 1]: whether a sentence or a line begins at each word, and at the end."""
    edges = np.zeros(len(words) + 1, np.bool_)
    edges[lines] = True
    for word in range(len(words)):
        edges[word + 1] |= _ends_sentence(run, words[word, 1])
    return edges


@kernel
def shrink_to_edges(marks: Marks, edges: Marks) -> int:
    """Unmark what each run of marked words holds of sentences that it does not hold whole; how many runs are left."""
    runs, word = 0, 0
    while word < len(marks):
        if not marks[word]:
            word += 1
            continue
        stop = word
        while stop < len(marks) and marks[stop]:
            stop += 1
        first, last = word, stop
        while first < stop and not edges[first]:
            first += 1
        while last > first and not edges[last]:
            last -= 1
        marks[word:first] = False
        marks[last:stop] = False
        runs += last > first
        word = stop
    return runs
