"""Recognized pages in PAGE XML, 2013 to 2019, as Transkribus, eScriptorium and OCR-D write them: one per document.

https://github.com/PRImA-Research-Lab/PAGE-XML · https://ocr-d.de/en/spec/page

Regions stand in the file's `ReadingOrder`, those that it does not name after them, as they come. A line is its own
text, or its words where it has none. Running titles, page numbers, catchwords and signatures are left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.markup import pages, xml
from clairiere.record import Document, Source, Turn

NAMESPACE = "http://schema.primaresearch.org/PAGE/gts/pagecontent/"
INDEX_DIGITS = 9
"""More are no index, and Python refuses to convert thousands."""


def recognize(path: SourceFile) -> float:
    """The namespace of any year, around a page."""
    return 0.97 if NAMESPACE in path.head and b"PcGts" in path.start[:4096] else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    """The text of a page.

    Raises:
        UnreadableError: the file is not XML, is no PAGE, or has no word on it.
    """
    root = xml.parse(path)
    if etree.QName(root).localname != "PcGts":
        raise path.fail(f"the root is `{etree.QName(root).localname}`", expected="PAGE: <PcGts><Page><TextRegion>…")
    regions = [(region, list(region.iterfind("{*}TextLine"))) for region in _ordered(root)]
    kept = [(region, lines) for region, lines in regions if pages.is_text_zone(region.get("type"), len(lines))]
    text = pages.joined([_text(line) for line in lines] or [_own(region)] for region, lines in kept)
    if not text:
        raise path.fail("a page without text", expected="text (TextEquiv/Unicode) of lines or regions")
    sure = [value for _, lines in kept for line in lines for value in _confidences(line)]
    yield path.document([Turn(None, text)], source=source, meta=pages.quality(sure))


def _ordered(root: etree._Element) -> list[etree._Element]:
    regions = {region.get("id") or id(region): region for region in root.iterfind("{*}Page//{*}TextRegion")}
    order = [id_ for group in root.iterfind("{*}Page/{*}ReadingOrder/*") for id_ in _named(group)]
    named = [id_ for id_ in dict.fromkeys(order) if id_ in regions]
    return [regions.pop(id_) for id_ in named] + list(regions.values())


def _named(group: etree._Element) -> Iterator[str]:
    """The ids of a group's regions, by their index where they have one; the group's own region comes first."""
    if group.get("regionRef"):
        yield group.get("regionRef")
    for member in sorted(group, key=_index):
        yield from _named(member)


def _index(element: etree._Element) -> int:
    stated = element.get("index", "")
    return int(stated) if stated.isdecimal() and len(stated) <= INDEX_DIGITS else 0


def _text(line: etree._Element) -> str:
    return _own(line) or xml.collapse(" ".join(_own(word) for word in line.iterfind("{*}Word")))


def _own(element: etree._Element) -> str:
    """The text of an element itself: of several readings the first by index."""
    best = _best(element)
    return "" if best is None else xml.collapse(best.findtext("{*}Unicode") or "")


def _best(element: etree._Element) -> etree._Element | None:
    return min(element.iterfind("{*}TextEquiv"), key=_index, default=None)


def _confidences(line: etree._Element) -> list[float]:
    """One confidence for each word: its own, or its line's."""
    words = [_best(word) for word in line.iterfind("{*}Word")]
    found = pages.confidence(word.get("conf") for word in words if word is not None)
    best = _best(line)
    return found or pages.confidence([None if best is None else best.get("conf")]) * len(_text(line).split())
