"""Recognized pages in ALTO, versions 1 to 4: one page, or several of a file, per document.

https://www.loc.gov/standards/alto/

Blocks stand in the file's `ReadingOrder`, else as they come. A word divided at a line's end is whole where ALTO tells
it (`SUBS_CONTENT`), at the end of its first line; other hyphens stay. Running titles, page numbers, quire marks and
stamps, where tags say so, are left out, and so are illustrations. METS files speak about pages and hold no text.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.markup import pages, xml
from clairiere.record import Document, Source, Turn


def recognize(path: SourceFile) -> float:
    """The root element `alto`, with any of the namespaces that it has had."""
    return 0.97 if b"<alto" in path.start[:4096] or b":alto" in path.start[:4096] else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    """The text of a file.

    Raises:
        UnreadableError: the file is not XML, is no ALTO, or has no word on its pages.
    """
    root = xml.parse(path)
    if etree.QName(root).localname != "alto":
        raise path.fail(f"the root is `{etree.QName(root).localname}`", expected="ALTO: <alto><Layout><Page>…")
    labels = {tag.get("ID"): tag.get("LABEL") for tag in root.iterfind("{*}Tags/*")}
    blocks = [block for block in _ordered(root) if _is_text(block, labels)]
    page = _Page()
    text = pages.joined([page.line(line) for line in block.iterfind("{*}TextLine")] for block in blocks)
    if not text:
        raise path.fail("pages without text", expected="strings (String/@CONTENT) in lines of text blocks")
    words = (string.get("WC") for block in blocks for string in block.iterfind("{*}TextLine/{*}String"))
    yield path.document([Turn(None, text)], source=source, meta=pages.quality(pages.confidence(words)))


def _ordered(root: etree._Element) -> list[etree._Element]:
    """The text blocks: those that the reading order names, then the others as they come."""
    blocks = {block.get("ID") or id(block): block for block in root.iterfind("{*}Layout//{*}TextBlock")}
    order = (reference.get("REF") for reference in root.iterfind(".//{*}ReadingOrder//{*}ElementRef"))
    named = [id_ for id_ in dict.fromkeys(order) if id_ in blocks]
    return [blocks.pop(id_) for id_ in named] + list(blocks.values())


def _is_text(block: etree._Element, labels: dict[str, str]) -> bool:
    lines = sum(1 for _ in block.iterfind("{*}TextLine"))
    return all(pages.is_text_zone(labels.get(tag), lines) for tag in block.get("TAGREFS", "").split())


class _Page:
    """Reads lines in order, and keeps in mind the word that the line before has divided."""

    def __init__(self) -> None:
        self._is_first = True
        self._is_divided = False

    def line(self, line: etree._Element) -> str:
        """The words of a line. Where a line has no spaces (`SP`) at all, there is one between any two strings."""
        spaced = line.find("{*}SP") is not None
        pieces: list[str] = []
        for element in line:
            name = etree.QName(element).localname
            if name == "String":
                pieces += [self._word(element), "" if spaced else " "]
            elif name == "SP":
                pieces.append(" ")
            elif name == "HYP" and not self._is_divided:
                pieces = ["".join(pieces).rstrip(" "), element.get("CONTENT", "")]
        return xml.collapse("".join(pieces))

    def _word(self, string: etree._Element) -> str:
        """The whole of a divided word for its first part, nothing for its second, if that follows or begins a page."""
        part, whole = string.get("SUBS_TYPE"), string.get("SUBS_CONTENT")
        told = part == "HypPart2" and bool(whole) and (self._is_divided or self._is_first)
        self._is_divided = part == "HypPart1" and bool(whole)
        self._is_first = False
        if told:
            return ""
        return (whole if self._is_divided else string.get("CONTENT")) or ""
