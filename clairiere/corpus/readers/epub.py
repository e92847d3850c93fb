"""EPUB 2 and 3: one document per book, its chapters in the order of the spine.

https://www.w3.org/TR/epub-33/ · https://idpf.org/epub/20/spec/OPF_2.0.1_draft.htm

The package document says what is read, in which order, and the title, author, language and rights. Left out are what
the spine calls not linear, the navigation, and what the guide calls cover, title page, contents, index or copyright
page; in a chapter notes and their marks. Blocks are those of `clairiere.corpus.markup.html`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from lxml import etree

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.markup import html, packages, xml
from clairiere.record import Document, Source, Turn

CONTAINER = "META-INF/container.xml"
LEFT_OUT = frozenset({"cover", "title-page", "toc", "index", "copyright-page", "loi", "lot", "colophon"})
"""Types of the guide's references that are no prose."""

_OCF = "{urn:oasis:names:tc:opendocument:xmlns:container}"
_OPF = "{http://www.idpf.org/2007/opf}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_PAGES = frozenset({"application/xhtml+xml", "text/html", "application/x-dtbook+xml"})
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]+)*")
_META = {"author": "creator", "date": "date", "rights": "rights", "publisher": "publisher", "identifier": "identifier"}


def recognize(path: SourceFile) -> float:
    """A zip file that says of itself that it is an EPUB."""
    names = packages.names(path)
    if b"application/epub+zip" in names[:200]:
        return 1.0
    return 0.6 if names and path.suffix.lower() == ".epub" else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    """The book of a file.

    Raises:
        UnreadableError: it is no zip file, is damaged, holds no package document, names a chapter that is missing, or
            has no text.
    """
    with packages.opened(path) as package:
        place = _package_document(path, package)
        opf = xml.parse(package.member(place))
        chapters = [_text(package.member(name)) for name in _spine(opf, place)]
    text = "\n\n".join(chapter for chapter in chapters if chapter)
    if not text:
        raise path.fail("a book without text", expected="chapters (XHTML) in the spine of the package document")
    meta = _facts(opf)
    title, language = meta.pop("title", None), meta.pop("language", None)
    stated = meta.get("rights")
    yield path.document([Turn(None, text)], source=source, title=title, language=language, stated=stated, meta=meta)


def _package_document(path: SourceFile, package: packages.Package) -> str:
    root = xml.parse(package.member(CONTAINER)).find(f".//{_OCF}rootfile")
    place = None if root is None else root.get("full-path")
    if not place:
        raise path.fail(f"a package whose {CONTAINER} names no document", expected="a rootfile with a full-path")
    return str(place)


def _spine(opf: etree._Element, place: str) -> Iterator[str]:
    """The names of the members that hold the chapters, in order."""
    items = {item.get("id"): item for item in opf.iter(f"{_OPF}item")}
    left_out = {
        _member(place, reference.get("href", ""))
        for reference in opf.iter(f"{_OPF}reference")
        if reference.get("type", "").lower() in LEFT_OUT
    }
    for reference in opf.iter(f"{_OPF}itemref"):
        item = items.get(reference.get("idref"))
        if item is None or reference.get("linear") == "no" or "nav" in item.get("properties", "").split():
            continue
        name = _member(place, item.get("href", ""))
        if item.get("media-type") in _PAGES and name not in left_out:
            yield name


def _member(place: str, href: str) -> str:
    """The member that a link of the package document leads to."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(place), unquote(href.partition("#")[0])))


def _text(chapter: SourceFile) -> str:
    root = html.parse(chapter, html.from_xhtml(chapter.read_text()))
    return "" if root is None else html.body_text(root)


def _facts(opf: etree._Element) -> dict[str, Any]:
    """What the package document says of the book."""
    found: dict[str, Any] = {"title": _first(opf, "title"), "language": _first(opf, "language")}
    if not _LANGUAGE.fullmatch(found["language"] or ""):
        found["language"] = None
    found |= {key: _first(opf, name) for key, name in _META.items()}
    return {key: value for key, value in found.items() if value}


def _first(opf: etree._Element, name: str) -> str | None:
    texts = (xml.text_of(element) for element in opf.iter(f"{_DC}{name}"))
    return next((text for text in texts if text), None)
