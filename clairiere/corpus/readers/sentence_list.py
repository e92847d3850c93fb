"""Lists of sentences, one per line, as Common Voice collects them: one document of prose per file.

https://github.com/common-voice/commonvoice-fr

The sentences keep their order and their lines: they need not follow each other in the text that they are from. Empty
lines are dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from clairiere.corpus import text
from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.markup.xml import collapse
from clairiere.record import Document, Source, Turn

SENTENCE_SHARE = 0.9
"""Of a file's lines, so many must be sentences."""
LEAST_LINES = 10
LONGEST_SENTENCE_CHARACTERS = 250

_SENTENCE = re.compile(r"[«\"“(–—‘'-]?\s*[^\W\d_].*[.!?…;:]\s*[»\"”)’']?\s*", re.DOTALL)


def recognize(path: SourceFile) -> float:
    """Lines without an empty one between them that mostly are short and end as sentences."""
    lines = text.head_lines(path)
    if path.suffix.lower() not in text.SUFFIXES or len(lines) < LEAST_LINES or "\n\n" in path.head.replace("\r", ""):
        return 0.0
    return 0.3 if sum(map(_is_sentence, lines)) >= SENTENCE_SHARE * len(lines) else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    """The sentences of a file, each on a line.

    Raises:
        UnreadableError: the file is binary, of no known encoding, or empty.
    """
    sentences = [collapse(line) for line in text.lines(path)]
    yield path.document([Turn(None, "\n".join(filter(None, sentences)))], source=source)


def _is_sentence(line: str) -> bool:
    return len(line) <= LONGEST_SENTENCE_CHARACTERS and _SENTENCE.fullmatch(line.strip()) is not None
