"""Pages in wikitext, one per file: each is one document of prose.

https://www.mediawiki.org/wiki/Specs/wikitext/1.0.0

How markup becomes text: `clairiere.corpus.markup.wikitext`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from clairiere.corpus import text
from clairiere.corpus.files import encodings
from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.markup import wikitext
from clairiere.record import Document, Source, Turn

SUFFIXES = frozenset({".wiki", ".wikitext", ".mediawiki"})
_OTHER_FORMAT = re.compile(r"\s*(?:<(?!!--|ref|noinclude)|\{\"|---\s)")
_LINK = re.compile(r"\[\[[^\[\]\n]{1,200}\]\]")
_OTHER = re.compile(r"'''|\{\{[^{}]|^==+[^=\n]+==+\s*$|^\{\|", re.MULTILINE)


def recognize(path: SourceFile) -> float:
    """Links in double brackets beside templates, headings or emphasis."""
    if path.suffix.lower() not in SUFFIXES | text.SUFFIXES or _OTHER_FORMAT.match(path.head):
        return 0.0
    start = encodings.guess(path.start)
    links, others = len(_LINK.findall(start)), len(_OTHER.findall(start))
    if links >= 3 and others >= 3:
        return 0.85
    return 0.6 if path.suffix.lower() in SUFFIXES and start.strip() and "\0" not in start else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    """The text of a page.

    Raises:
        UnreadableError: the file is binary, of no known encoding, empty, or a page without text.
    """
    content = wikitext.to_text("\n".join(text.lines(path)))
    if not content:
        raise path.fail("a page without text", expected="paragraphs outside of templates, files and notes")
    yield path.document([Turn(None, content)], source=source)
