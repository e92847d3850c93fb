"""Translation memories in TMX 1.4: each translation unit is a document with one turn per language.

https://www.gala-global.org/tmx-14b

A unit is what its translators had before them, and units of one memory seldom follow one another in any text: hence
one document each, of the category `parallel`, whose turns have no speaker and whose languages `meta` names in the same
order. Native codes inside a segment (`bpt`, `ept`, `ph`, `it`, `ut`) are not text. Units are read one by one, so that
a memory of any size streams.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from lxml import etree

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.markup import xml
from clairiere.corpus.markup.tei import XML_LANG
from clairiere.corpus.records import records
from clairiere.errors import UnreadableError
from clairiere.record import Document, Source, Turn

CATEGORY = "parallel"
CODES = ("bpt", "ept", "ph", "it", "ut")
LINES = 1000
"""Read at a time."""


def recognize(path: SourceFile) -> float:
    """The root element."""
    return 0.97 if "<tmx" in path.head else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document | UnreadableError]:
    """The translation units of a memory; at its end, what is wrong where it is cut short.

    Raises:
        UnreadableError: the file declares entities, or holds no translation unit.
    """
    if b"<!ENTITY" in path.start:
        raise path.fail("a DOCTYPE that declares entities", expected="TMX, which needs none of its own")
    yield from records.unless_all_fail(_units(path, source))


def _units(path: SourceFile, source: Source | None) -> Iterator[Document | UnreadableError]:
    seen: set[str] = set()
    number = 0
    try:
        for number, unit in enumerate(_elements(path), start=1):
            id_ = unit.get("tuid", "")
            locator = id_ if id_ and id_ not in seen else f"tu={number}"
            seen.add(locator)
            yield _document(path, source, unit, locator)
            xml.forget(unit)
    except etree.XMLSyntaxError as error:
        reason = (error.msg or "no document").split(", line ")[0]
        found = f"malformed XML after unit {number}: {reason}"
        yield path.fail(found, line=error.lineno or None, expected="a whole memory")
    else:
        if not number:
            yield path.fail("a memory without units", expected="<tmx><body><tu><tuv xml:lang=…><seg>")


def _elements(path: SourceFile) -> Iterator[etree._Element]:
    parser = etree.XMLPullParser(
        ("end",),
        tag="{*}tu",
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    lines = (f"{line}\n" for _, line in path.text_lines())
    while chunk := "".join(islice(lines, LINES)):
        try:
            parser.feed(chunk.encode())
        finally:
            yield from (element for _, element in parser.read_events())
    parser.close()


def _document(
    path: SourceFile, source: Source | None, unit: etree._Element, locator: str
) -> Document | UnreadableError:
    variants = [(_language(variant), _text(variant)) for variant in unit.iterfind("{*}tuv")]
    spoken = [(language, text) for language, text in variants if language and text]
    if len(spoken) < 2:
        found = f"a translation unit with text in {len(spoken)} language(s): {locator}"
        return path.fail(found, line=unit.sourceline, expected="segments in two languages or more")
    return path.document(
        [Turn(None, text) for _, text in spoken],
        source=source,
        locator=locator,
        category=CATEGORY,
        meta={"languages": [language for language, _ in spoken]},
    )


def _language(variant: etree._Element) -> str:
    """As TMX 1.4 has it, or 1.1."""
    return (variant.get(XML_LANG) or variant.get("lang") or "").strip()


def _text(variant: etree._Element) -> str:
    segment = variant.find("{*}seg")
    if segment is None:
        return ""
    etree.strip_elements(segment, *(f"{{*}}{name}" for name in CODES), with_tail=False)
    return xml.text_of(segment)
