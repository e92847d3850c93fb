"""Pieces of text → lines, while they come."""

from __future__ import annotations

import re
from collections.abc import Iterator

LINE_CHARACTERS_LIMIT = 2**28
_END = re.compile(r"\r\n|\r|\n")


def split(text: str) -> list[str]:
    """The lines of a text, ended by LF, CRLF or a lone CR (other Unicode separators stay in the text)."""
    return _END.split(text) if "\r" in text else text.split("\n")


def whole(pieces: Iterator[str]) -> Iterator[list[str]]:
    """The lines of a text that comes in pieces, some at a time; none after the last line's end.

    Raises:
        OverflowError: a line is larger than the limit.
    """
    rest: list[str] = []
    for piece in pieces:
        cut = max(piece.rfind("\n"), piece.rfind("\r", 0, -1)) + 1  # a CR at the very end may be half of a CRLF
        if cut:
            yield split("".join([*rest, piece[:cut]]))[:-1]
            rest = []
        rest.append(piece[cut:])
        if sum(map(len, rest)) > LINE_CHARACTERS_LIMIT:
            raise OverflowError
    last = split("".join(rest))
    yield last if last[-1] else last[:-1]
