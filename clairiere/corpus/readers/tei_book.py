"""Prose in TEI: one novel, or other text, per document, as ELTeC publishes them.

https://tei-c.org/release/doc/tei-p5-doc/en/html/DS.html · https://distantreading.github.io/Schema/eltec-1.html

Paragraphs and headings are separated by an empty line, verses by a line break. Dedications, prefaces and postfaces
are kept; title pages, notes (endnotes too) and page breaks are not part of the text: where a novel has long endnotes
it has up to five percent fewer words than between its `text` tags.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.markup import tei, xml
from clairiere.record import Document, Source, Turn

FRONT_PAGES = frozenset({"titlepage", "notes", "contents", "toc", "index"})
"""Types of the divisions around the body that are no prose."""

_PARTS = tuple(map(tei.tag, ("front", "body", "back")))
_OTHER_TEXT = re.compile(rb"<(sp|u|sourceDoc|surface)[\s>]")


def recognize(path: SourceFile) -> float:
    """A TEI file with paragraphs, and without speeches, utterances or a facsimile's zones.

    Other XML gets the least confidence, so that what is wrong with a damaged file is said.
    """
    content = path.start
    if _OTHER_TEXT.search(content):
        return 0.0
    if not tei.is_tei(path) or b"<body" not in content or b"<p" not in content:
        return 0.03 if path.head.lstrip().startswith("<?xml") or path.suffix.lower() == ".xml" else 0.0
    return 0.9 if "eltec" in path.head.lower() else 0.5


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    """The text of a file.

    Raises:
        UnreadableError: the file is not XML, is no TEI, has no text, or speeches that would lose their speakers.
    """
    root = tei.parse(path)
    text = root.find(tei.tag("text"))
    if text is None:
        raise path.fail(
            f"no TEI text: the root is `{etree.QName(root).localname}`",
            expected="a TEI document: <TEI><teiHeader>…<text><body>…",
        )
    if next(text.iter(tei.tag("sp"), tei.tag("u")), None) is not None:
        raise path.fail("speeches in a book", expected="prose; the reader of plays is `tei_drama`")
    tei.remove_apparatus(text)
    prose = tei.prose(_divisions(text))
    if not prose:
        raise path.fail("a book without text", expected="paragraphs (p) in the text element")
    meta = {"author": tei.author(root), "year": _year(root)}
    yield path.document(
        [Turn(None, prose)],
        source=source,
        title=tei.title(root),
        language=tei.language(root),
        stated=tei.license_of(root),
        meta={key: value for key, value in meta.items() if value is not None},
    )


def _divisions(text: etree._Element) -> Iterator[etree._Element]:
    """The divisions of the front, the body and the back, in order."""
    for part in text.iterchildren(*_PARTS):
        if part.tag == tei.tag("body"):
            yield part
        else:
            yield from (child for child in part if child.get("type") not in FRONT_PAGES)


def _year(root: etree._Element) -> int | None:
    """The year of the first edition, or of the printed source."""
    editions = {bibl.get("type"): bibl for bibl in root.iterfind(f".//{tei.tag('sourceDesc')}//{tei.tag('bibl')}")}
    for kind in ("firstEdition", "printSource"):
        date = editions[kind].find(f".//{tei.tag('date')}") if kind in editions else None
        year = None if date is None else re.search(r"\d{4}", date.get("when", "") + " " + xml.text_of(date))
        if year:
            return int(year[0])
    return None
