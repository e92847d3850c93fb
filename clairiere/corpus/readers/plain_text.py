"""Plain text in UTF-8: the whole file is one document of prose.

https://www.unicode.org/versions/latest/

Paragraphs stay separated by an empty line; white space at the end of a line, and further empty lines, are dropped.
"""

from __future__ import annotations

from collections.abc import Iterator

from clairiere.corpus import text
from clairiere.corpus.files import SourceFile
from clairiere.record import Document, Source, Turn

OTHER_FORMATS = ("<", "{", "[{", "%PDF", "PK\x03\x04", "@UTF8", "@Begin", "WEBVTT", "File type =", "#!", "Start\nEnd\n")
"""How files begin that are text and yet no prose: markup, tables, transcripts with time codes."""
TEXT_SUFFIXES = frozenset({"", ".txt", ".text"})


def recognize(path: SourceFile) -> float:
    """Anything that is text, with the least confidence; tables and markup are not prose."""
    lines = text.head_lines(path)
    if not lines or "\0" in path.head or path.head.lstrip().startswith(OTHER_FORMATS):
        return 0.0
    if sum("\t" in line.strip() for line in lines) > len(lines) / 2:
        return 0.0
    return 0.1 if path.suffix.lower() in TEXT_SUFFIXES else 0.02


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    """The text of a file.

    Raises:
        UnreadableError: the file is binary, is not UTF-8, or is empty.
    """
    yield path.document([Turn(None, text.paragraphs(text.lines(path)))], source=source)
