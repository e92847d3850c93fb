"""Characters and whitespace. French typography survives: no-break spaces are content, never whitespace to tidy.

`str.strip()` and `str.split()` without arguments eat U+00A0 and U+202F; nothing here calls them.
"""

from __future__ import annotations

import re
import unicodedata

LAYOUT_CATEGORIES = frozenset({"code", "instruction"})
"""Categories in which indentation and runs of spaces are meaning (code, code in answers) and are kept."""

_LINE_BREAK = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_INVISIBLE_CHARACTERS = (
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"  # control characters that are no line break
    "\xad"  # soft hyphen
    "\u180e\u200b\u200e\u200f\u2060-\u2064\ufeff"  # zero-width spaces, direction marks, byte-order marks
    "\u202a-\u202e\u2066-\u206f"  # direction embeddings (U+202F, the narrow no-break space, is not among them)
)
_INVISIBLE = re.compile(f"[{_INVISIBLE_CHARACTERS}]+")
_CONTROL = re.compile(f"[\r\x0b\x0c\x85\u2028\u2029{_INVISIBLE_CHARACTERS}]")
# Joiners spell words in Persian and Indic scripts and hold emoji together: they stay between such characters.
_JOINED = "[\u0590-\u1dbf\u2190-\U0010ffff]"
_STRAY_JOINER = re.compile(f"(?<!{_JOINED})[\u200c\u200d]+|[\u200c\u200d]+(?!{_JOINED})")
_SPACES = re.compile("\t[ \t]*| [ \t]+")
_LINE_EDGE = re.compile(" ?\n ?")
_LINE_END = re.compile("[ \t]+\n")
_BLANK_LINES = re.compile("\n{3,}")


def clean(text: str, *, unicode: str = "NFC", keep_layout: bool = False) -> str:
    """Normalize characters and whitespace; applying it twice changes nothing more.

    Args:
        text: any text.
        unicode: "NFC", or "keep" to leave characters composed as they are.
        keep_layout: keep indentation and runs of spaces, as in code.
    """
    return tidy(clean_characters(text, unicode=unicode), keep_layout=keep_layout)


def clean_characters(text: str, *, unicode: str = "NFC") -> str:
    """Line breaks as LF, invisible characters removed, Unicode normalized."""
    if _CONTROL.search(text):
        text = _INVISIBLE.sub("", _LINE_BREAK.sub("\n", text))
    composed = _compose(text, unicode)
    if "\u200c" not in composed and "\u200d" not in composed:
        return composed
    return _compose(_STRAY_JOINER.sub("", composed), unicode)


def tidy(text: str, *, keep_layout: bool = False) -> str:
    """Runs of spaces and tabs as one space, none at line ends, at most one blank line, none at the edges."""
    if keep_layout:
        lines = _LINE_END.sub("\n", text)
        return _BLANK_LINES.sub("\n\n", lines).strip("\n").rstrip(" \t\n")
    # Looking for a substring is far quicker than a substitution that finds nothing.
    if "  " in text or "\t" in text:
        text = _SPACES.sub(" ", text)
    if "\n" in text:
        text = _BLANK_LINES.sub("\n\n", _LINE_EDGE.sub("\n", text))
    return text.strip(" \n")


def _compose(text: str, unicode: str) -> str:
    return unicodedata.normalize("NFC", text) if unicode == "NFC" else text
