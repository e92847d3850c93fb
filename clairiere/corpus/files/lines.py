"""Pieces of text → lines, while they come."""

from __future__ import annotations

import re
from collections.abc import Iterator

LINE_CHARACTERS_LIMIT = 2**28
_END = re.compile(r"\r\n|\r|\n")


class NoLineError(ValueError):
    """What stands in place of the line after those that have been given."""


def split(text: str) -> list[str]:
    """The lines of a text, ended by LF, CRLF or a lone CR (other Unicode separators stay in the text)."""
    return _END.split(text) if "\r" in text else text.split("\n")


def whole(pieces: Iterator[str]) -> Iterator[list[str]]:
    """The lines of a text that comes in pieces, some at a time; none after the last line's end.

    Raises:
        NoLineError: a NUL character, or a line larger than the limit; the lines before it have been given.
    """
    rest: list[str] = []
    for piece in pieces:
        cut = max(piece.rfind("\n"), piece.rfind("\r", 0, -1)) + 1  # a CR at the very end may be half of a CRLF
        if cut:
            yield from _checked(split("".join([*rest, piece[:cut]]))[:-1])
            rest = []
        rest.append(piece[cut:])
        if sum(map(len, rest)) > LINE_CHARACTERS_LIMIT:
            raise NoLineError(f"a line of more than {LINE_CHARACTERS_LIMIT:,} characters")
    last = split("".join(rest))
    yield from _checked(last if last[-1] else last[:-1])


def _checked(batch: list[str]) -> Iterator[list[str]]:
    binary = next((number for number, line in enumerate(batch) if "\0" in line), None)
    yield batch[:binary]
    if binary is not None:
        raise NoLineError("binary data: a NUL byte")
