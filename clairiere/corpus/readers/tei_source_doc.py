"""Books from text recognition in TEI: the lines of `sourceDoc`, as Gallic(orpor)a publishes them; one per document.

https://tei-c.org/release/doc/tei-p5-doc/en/html/ref-sourceDoc.html · https://github.com/Gallicorpora

The text stands once in `sourceDoc`, in surfaces, zones and lines, and often again in `text`: it is read from
`sourceDoc` alone. A zone's lines are joined by a line break and zones by an empty line; running titles, page numbers,
quire marks and stamps are left out, hyphens at the ends of lines stay. Where lines say how sure their reading is
(`cert` as a probability, or `certainty/@degree`), the mean over words stands in `meta.quality`.

https://tei-c.org/release/doc/tei-p5-doc/en/html/ref-certainty.html
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.markup import pages, tei, xml
from clairiere.record import Document, Source, Turn

LINE = tei.tag("line")
CONTAINERS = frozenset(map(tei.tag, ("surfaceGrp", "surface", "zone")))


def recognize(path: SourceFile) -> float:
    """A TEI file with surfaces, zones and lines."""
    if not tei.is_tei(path):
        return 0.0
    return 0.97 if b"<sourceDoc" in path.start else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    """The text of a file.

    Raises:
        UnreadableError: the file is not XML, has no `sourceDoc`, or no line in it.
    """
    root = tei.parse(path)
    document = next(root.iterchildren(tei.tag("sourceDoc")), None)
    if document is None:
        raise path.fail("no sourceDoc", expected="TEI with <sourceDoc><surface><zone><line>…")
    sure: list[float] = []
    text = pages.joined(_blocks(document, sure))
    if not text:
        raise path.fail("a sourceDoc without text", expected="lines (line) in zones")
    author, language = tei.author(root), tei.language(root)
    yield path.document(
        [Turn(None, text)],
        source=source,
        title=tei.title(root),
        language=None if language == "und" else language,
        stated=tei.license_of(root),
        meta=({} if author is None else {"author": author}) | pages.quality(sure),
    )


def _blocks(element: etree._Element, sure: list[float]) -> Iterator[list[str]]:
    """The lines of each zone that is not itself one line's; how sure each of their words is goes to `sure`."""
    lines: list[str] = []
    for child in element:
        if child.tag == LINE:
            lines.append(_read(child, sure))
        elif child.tag == tei.tag("zone") and _is_line(child):
            lines += [_read(line, sure) for line in child.iterchildren(LINE)]
        elif child.tag in CONTAINERS and pages.is_text_zone(child.get("type"), sum(1 for _ in child.iter(LINE))):
            yield lines
            yield from _blocks(child, sure)
            lines = []
    yield lines


def _read(line: etree._Element, sure: list[float]) -> str:
    text = xml.text_of(line)
    degrees = (certainty.get("degree") for certainty in line.iterchildren(tei.tag("certainty")))
    stated = pages.confidence([line.get("cert"), *degrees])
    sure += stated[:1] * len(text.split())
    return text


def _is_line(zone: etree._Element) -> bool:
    """Whether a zone holds lines, and no zones."""
    return next(zone.iterchildren(LINE), None) is not None and next(zone.iterchildren(tei.tag("zone")), None) is None
