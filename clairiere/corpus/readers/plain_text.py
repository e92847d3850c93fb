"""Plain text in UTF-8: the whole file is one document of prose.

https://www.unicode.org/versions/latest/

Paragraphs stay separated by an empty line; white space at the end of a line, and further empty lines, are dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from clairiere.corpus import text
from clairiere.corpus.files.source_file import SourceFile
from clairiere.record import Document, Source, Turn

_OTHER_FORMAT = re.compile(
    r"\s*(<[A-Za-z!?/]|\{\s*[\"}\\]|\[\s*[\[{\"]|%PDF|PK\x03|@UTF8|@Begin|WEBVTT|File type =|#!)"
)
"""How files begin that are text and yet no prose: markup, data, transcripts with time codes."""


def recognize(path: SourceFile) -> float:
    """What is called text and is no markup, table or data, with the least confidence; and what is empty."""
    lines = text.head_lines(path)
    if not lines:
        return 0.01
    if path.suffix.lower() not in text.SUFFIXES or _OTHER_FORMAT.match(path.head):
        return 0.0
    return 0.0 if sum("\t" in line.strip() for line in lines) > len(lines) / 2 else 0.1


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    """The text of a file.

    Raises:
        UnreadableError: the file is binary, is not UTF-8, or is empty.
    """
    yield path.document([Turn(None, text.paragraphs(text.lines(path)))], source=source)
