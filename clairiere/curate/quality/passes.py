"""Passes over UTF-8 bytes: what the characters and words of each document are, and the hash of each token and line.

A word is what stands between spaces; a token is a run of letters and digits inside it, lower-cased ("l'ami" is one word
and two tokens). A line ends at a line break or with its turn, a paragraph at a blank line or with its turn. Hashes are
64-bit FNV-1a (isthe.com/chongo/tech/comp/fnv) over lower-cased code points.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from clairiere.curate.kernels import kernel
from clairiere.curate.quality.characters import BAD, DIGIT, LETTER, SPACE, SYMBOL, TABLE_SIZE, UPPER

Bytes = npt.NDArray[np.uint8]
Points = npt.NDArray[np.uint16]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Int = int | np.int64

WORDS, ALPHABETIC_WORDS, HASHES_AND_ELLIPSES, BRACES, DAMAGED = range(BAD + 1, BAD + 6)
COUNTS = BAD + 6
"""Columns of `count_characters`: one per character class, then these."""

FNV_OFFSET = np.uint64(0xCBF29CE484222325)
FNV_PRIME = np.uint64(0x100000001B3)
NEW_LINE, ELLIPSIS, STOP = 0x0A, 0x2026, 0x2E
CID_CHARACTERS = 8
"""Characters that a glyph number left by PDF extraction, `(cid:146)`, counts for."""


@kernel
def decode(text: Bytes, at: Int) -> tuple[Int, Int]:
    """The code point that begins at a byte of valid UTF-8, and where the next one begins."""
    first = np.int64(text[at])
    if first < 0x80:
        return first, at + 1
    if first < 0xE0:
        return (first & 0x1F) << 6 | (text[at + 1] & 0x3F), at + 2
    if first < 0xF0:
        return (first & 0x0F) << 12 | (text[at + 1] & 0x3F) << 6 | (text[at + 2] & 0x3F), at + 3
    high = (first & 0x07) << 18 | np.int64(text[at + 1] & 0x3F) << 12
    return high | np.int64(text[at + 2] & 0x3F) << 6 | np.int64(text[at + 3] & 0x3F), at + 4


@kernel
def class_of(point: Int, classes: Bytes) -> Int:
    """The class of a code point of any plane."""
    if point < TABLE_SIZE:
        return np.int64(classes[point])
    return LETTER if 0x20000 <= point < 0x40000 else SYMBOL


@kernel
def lower_of(point: Int, lowers: Points) -> Int:
    """The lower-case form of a code point of any plane."""
    return np.int64(lowers[point]) if point < TABLE_SIZE else point


@kernel
def is_mojibake(before: Int, point: Int) -> bool:
    """Whether two characters are UTF-8 that was read as Windows-1252: "Ã©", "Â»", "â€™"."""
    if before in (0xC2, 0xC3):
        return bool(0xA0 <= point <= 0xBF) or point in (0x20AC, 0x2122, 0x153, 0x160, 0x2C6, 0x2030)
    return before == 0xE2 and point == 0x20AC


@kernel
def is_cid(text: Bytes, at: Int, end: Int) -> bool:
    """Whether "cid:" stands at a byte."""
    if at + 4 > end:
        return False
    return bool(text[at] == 0x63 and text[at + 1] == 0x69 and text[at + 2] == 0x64 and text[at + 3] == 0x3A)


@kernel
def is_bullet(point: Int, following: Int) -> bool:
    """Whether a line that begins so is an item of a list; dashes do not count, they open speech in French."""
    if point in (0x2022, 0x2023, 0x25E6, 0x25AA, 0x25CF, 0x25CB, 0x25A0, 0x25A1, 0x2043):
        return True
    return point == 0x2A and following == 0x20


@kernel
def count_characters(text: Bytes, begins: Int64s, owners: Int64s, classes: Bytes, counts: Int64s) -> None:
    """Count each document's characters by class, its words, and marks that show damage or web pages.

    Args:
        text: UTF-8 of all turns, one after the other.
        begins: int64 [turns + 1], where each turn begins in it.
        owners: int64 [turns], the document of each turn.
        classes: `class_table()`.
        counts: int64 [documents, COUNTS] of zeros, filled.
    """
    for turn in range(len(owners)):
        row = counts[owners[turn]]
        at: Int
        at, end = begins[turn], begins[turn + 1]
        before: Int = 0
        stops, in_word, has_letter = 0, False, False
        while at < end:
            point, at = decode(text, at)
            kind = class_of(point, classes)
            row[kind] += 1
            if kind == SPACE:
                in_word, has_letter, before = False, False, point
                continue
            if not in_word:
                row[WORDS] += 1
                in_word = True
            if not has_letter and kind in (LETTER, UPPER):
                row[ALPHABETIC_WORDS] += 1
                has_letter = True
            if point >= 0xA0 and is_mojibake(before, point):
                row[DAMAGED] += 2
            elif point == 0x28 and is_cid(text, at, end):
                row[DAMAGED] += CID_CHARACTERS
            elif point in (0x7B, 0x7D):
                row[BRACES] += 1
            # Every third full stop completes an ellipsis: leaders of a table of contents count several times.
            stops = stops + 1 if point == STOP else 0
            if point in (0x23, ELLIPSIS) or (stops and stops % 3 == 0):
                row[HASHES_AND_ELLIPSES] += 1
            before = point


@kernel
def tokenize(
    text: Bytes, begins: Int64s, classes: Bytes, lowers: Points
) -> tuple[Hashes, Int32s, Int32s, Int64s, Int64s]:
    """The tokens of each turn.

    Returns:
        hashes [tokens]; characters [tokens]; letters [tokens], 0 where a digit stands among them; a byte near the end
        of each and in its line [tokens]; int64 [turns + 1] where each turn's tokens begin.
    """
    room = len(text) // 2 + len(begins)
    hashes, characters, letters = np.empty(room, np.uint64), np.empty(room, np.int32), np.empty(room, np.int32)
    stops = np.empty(room, np.int64)
    token_begins = np.zeros(len(begins), np.int64)
    found = 0
    for turn in range(len(begins) - 1):
        at: Int
        at, end = begins[turn], begins[turn + 1]
        value, size, has_digit = FNV_OFFSET, 0, False
        while at < end:
            point, at = decode(text, at)
            kind = class_of(point, classes)
            inside = kind in (LETTER, UPPER, DIGIT)
            if inside:
                value = (value ^ np.uint64(lower_of(point, lowers))) * FNV_PRIME
                size += 1
                has_digit |= kind == DIGIT
            if size and (not inside or at == end):
                hashes[found], characters[found], letters[found] = value, size, 0 if has_digit else size
                stops[found] = at - 1
                found += 1
                value, size, has_digit = FNV_OFFSET, 0, False
        token_begins[turn + 1] = found
    kept = hashes[:found], characters[:found], letters[:found], stops[:found]
    return *kept, token_begins


@kernel
def split_lines(
    text: Bytes, begins: Int64s, classes: Bytes, lowers: Points
) -> tuple[Hashes, Int32s, Bytes, Int64s, Int64s]:
    """The lines of each turn that hold more than spaces.

    Returns:
        hashes [lines] and characters [lines] without spaces; marks [lines], 1 for a bullet + 2 for an ellipsis at the
        end + 4 for the first line of a paragraph; the byte where each line ends [lines]; int64 [turns + 1] where each
        turn's lines begin.
    """
    room = count_lines(text, len(begins))
    hashes, characters = np.empty(room, np.uint64), np.empty(room, np.int32)
    marks, ends = np.empty(room, np.uint8), np.empty(room, np.int64)
    line_begins = np.zeros(len(begins), np.int64)
    found = 0
    for turn in range(len(begins) - 1):
        at, end = begins[turn], begins[turn + 1]
        value, size, stops, mark, opens = FNV_OFFSET, 0, 0, 4, 4
        while at < end:
            point, at = decode(text, at)
            if class_of(point, classes) != SPACE:
                if size == 0:
                    mark = opens + is_bullet(point, np.int64(text[at]) if at < end else 0)
                value = (value ^ np.uint64(lower_of(point, lowers))) * FNV_PRIME
                size += 1
                stops = stops + 1 if point == STOP else 3 * (point == ELLIPSIS)
            if point == NEW_LINE or at == end:
                opens = 0 if size else 4
                if size:
                    marks[found] = mark + 2 * (stops >= 3)
                    hashes[found], characters[found], ends[found] = value, size, at
                    found += 1
                value, size, stops = FNV_OFFSET, 0, 0
        line_begins[turn + 1] = found
    return hashes[:found], characters[:found], marks[:found], ends[:found], line_begins


@kernel
def count_lines(text: Bytes, turns: int) -> int:
    """At most how many lines there are."""
    lines = turns
    for byte in text:
        lines += byte == NEW_LINE
    return lines


@kernel
def join_hashes(hashes: Hashes, edges: Int64s) -> Hashes:
    """One hash for each run of hashes between two edges."""
    joined = np.empty(len(edges) - 1, np.uint64)
    for run in range(len(joined)):
        value = FNV_OFFSET
        for index in range(edges[run], edges[run + 1]):
            value = (value ^ hashes[index]) * FNV_PRIME
        joined[run] = value
    return joined
