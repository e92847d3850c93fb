"""Whitespace as `str.split` sees it, in UTF-8 bytes: words are what stands between."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from clairiere.curate.kernels import kernel

Bytes = npt.NDArray[np.uint8]
Int64s = npt.NDArray[np.int64]


@kernel
def is_ascii_space(byte: int) -> bool:
    """Whether the byte is a whitespace character of ASCII."""
    return byte == 0x20 or (0x09 <= byte <= 0x0D) or (0x1C <= byte <= 0x1F)


@kernel
def may_lead_space(byte: int) -> bool:
    """Whether whitespace beyond ASCII may begin with the byte."""
    return byte == 0xC2 or (0xE1 <= byte <= 0xE3)


@kernel
def space_width(utf8: Bytes, at: int) -> int:
    """How many bytes the whitespace character beyond ASCII at this place has; 0 where there is another one."""
    byte = utf8[at]
    if byte == 0xC2:
        return 2 if utf8[at + 1] in (0x85, 0xA0) else 0
    code = (np.int64(byte & 0x0F) << 12) | (np.int64(utf8[at + 1] & 0x3F) << 6) | np.int64(utf8[at + 2] & 0x3F)
    is_space = (0x2000 <= code <= 0x200A) or code in (0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000)
    return 3 if is_space else 0


@kernel
def count(utf8: Bytes, begins: Int64s, starts: Int64s) -> Int64s:
    """The words of each document.

    Args:
        utf8: all turns as one run of bytes.
        begins: int64 [turns + 1], where each turn begins in it.
        starts: int64 [documents + 1], where each document's turns begin.

    Returns:
        int64 [documents].
    """
    words = np.zeros(len(starts) - 1, np.int64)
    for document in range(len(words)):
        found = 0
        for turn in range(starts[document], starts[document + 1]):
            before = 1
            at, end = begins[turn], begins[turn + 1]
            while at < end:
                byte = utf8[at]
                space = int(is_ascii_space(byte))
                width = 1
                if may_lead_space(byte):
                    width = space_width(utf8, at)
                    space = int(width > 0)
                    width = max(width, 1)
                found += before & (1 - space)
                before = space
                at += width
        words[document] = found
    return words
