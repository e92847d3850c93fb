"""Plain text: lines and paragraphs, whatever ends them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from clairiere.corpus.files import SourceFile

HEAD_BYTES = 1 << 16
"""A debate's paragraph may take kilobytes, and several are needed to know it."""

SUFFIXES = frozenset({"", ".txt", ".text"})
"""What plain text is called: other suffixes are of formats that look like text and are none."""

_LINE_END = re.compile(r"\r\n|\r|\n")


def lines(path: SourceFile) -> list[str]:
    """The lines of a file, ended by LF, CRLF or a lone CR (other Unicode separators stay in the text).

    Raises:
        UnreadableError: the file is binary, is not UTF-8, or holds nothing but white space.
    """
    content = path.read_bytes()
    if b"\0" in content:
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
        raise path.fail("binary data: a NUL byte", line=line, expected="text in UTF-8")
    text = path.read_text()
    if not text.strip():
        raise path.fail("an empty file", expected="some text")
    return _LINE_END.split(text)


def head_lines(path: SourceFile) -> list[str]:
    """The lines in a file's first 64 KiB that are whole and not blank, for recognition; invalid bytes are replaced."""
    content = path.read_bytes()
    head = _LINE_END.split(content[:HEAD_BYTES].decode("utf-8", errors="replace").removeprefix("\ufeff"))
    whole = (head[:-1] or head) if len(content) > HEAD_BYTES else head
    return [line for line in whole if line.strip()]


def paragraphs(texts: Iterable[str]) -> str:
    """Lines as text: no white space at their ends, one empty line where there are several, none around."""
    joined = "\n".join(line.rstrip(" \t") for line in texts)
    return re.sub(r"\n{3,}", "\n\n", joined).strip("\n")
