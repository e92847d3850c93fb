"""What each character is, as tables that compiled loops look up.

Classes follow the Unicode general categories (unicode.org/reports/tr44, section 5.7.1) of the Basic Multilingual Plane;
beyond it, what is not an ideograph counts as a symbol.
"""

from __future__ import annotations

import sys
import unicodedata
from functools import lru_cache

import numpy as np
import numpy.typing as npt

SPACE, LETTER, UPPER, DIGIT, PUNCTUATION, SYMBOL, BAD = range(7)
"""A character's class. No-break spaces hold a word and its punctuation together: they are PUNCTUATION here."""

TABLE_SIZE = 0x10000
_NO_BREAK = ("\u00a0", "\u202f", "\u2007", "\ufeff")
_CLASS_OF_CATEGORY = {
    **dict.fromkeys(("Zs", "Zl", "Zp", "Cc"), SPACE),
    **dict.fromkeys(("Ll", "Lo", "Lm", "Mn", "Mc"), LETTER),
    **dict.fromkeys(("Lu", "Lt"), UPPER),
    **dict.fromkeys(("Nd", "Nl", "No"), DIGIT),
    **dict.fromkeys(("Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Cf"), PUNCTUATION),
    **dict.fromkeys(("Sm", "Sc", "Sk", "So", "Me"), SYMBOL),
    **dict.fromkeys(("Co", "Cn", "Cs"), BAD),
}
_WHITESPACE_CONTROLS = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f\x85"


def character_class(character: str) -> int:
    """The class of one character."""
    category = unicodedata.category(character)
    if category == "Cc":
        return SPACE if character in _WHITESPACE_CONTROLS else BAD
    if character == "\ufffd":
        return BAD
    return PUNCTUATION if character in _NO_BREAK else _CLASS_OF_CATEGORY[category]


@lru_cache(maxsize=1)
def class_table() -> npt.NDArray[np.uint8]:
    """uint8 [65536]: the class of each code point of the Basic Multilingual Plane."""
    return np.array([character_class(chr(point)) for point in range(TABLE_SIZE)], np.uint8)


@lru_cache(maxsize=1)
def lower_table() -> npt.NDArray[np.uint16]:
    """uint16 [65536]: the lower-case form of each code point, where it is one code point of the same plane."""
    table = np.arange(TABLE_SIZE, dtype=np.uint16)
    for point in range(TABLE_SIZE):
        lower = chr(point).lower()
        if len(lower) == 1 and ord(lower) <= sys.maxunicode and ord(lower) < TABLE_SIZE:
            table[point] = ord(lower)
    return table
