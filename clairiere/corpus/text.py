"""Plain text: lines and paragraphs, whatever ends them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from clairiere.corpus.files.lines import split
from clairiere.corpus.files.source_file import SourceFile

SUFFIXES = frozenset({"", ".txt", ".text"})
"""What plain text is called: other suffixes are of formats that look like text and are none."""
_NO_CHARACTER = re.compile(r"&#\d{9,};?")


def lines(path: SourceFile) -> list[str]:
    """The lines of a file, ended by LF, CRLF or a lone CR (other Unicode separators stay in the text).

    Raises:
        UnreadableError: the file is binary, is of no known encoding, or holds nothing but white space.
    """
    text = path.read_text()
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise path.fail("binary data: a NUL byte", line=line, expected="text")
    if not text.strip():
        raise path.fail("an empty file", expected="some text")
    return split(text)


def head_lines(path: SourceFile) -> list[str]:
    """The lines in a file's first 64 KiB that are whole and not blank, for recognition."""
    return list(path.head_lines)


def paragraphs(texts: Iterable[str]) -> str:
    """Lines as text: no white space at their ends, one empty line where there are several, none around."""
    joined = "\n".join(line.rstrip(" \t") for line in texts)
    return re.sub(r"\n{3,}", "\n\n", joined).strip("\n")


def unescape(text: str) -> str:
    """The characters that HTML's references stand for; the replacement character for a number that is far too large.

    https://html.spec.whatwg.org/multipage/parsing.html#numeric-character-reference-end-state
    """
    return html.unescape(_NO_CHARACTER.sub("\ufffd", text))
