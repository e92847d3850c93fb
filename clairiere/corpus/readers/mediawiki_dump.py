"""XML dumps of MediaWiki (Wikipedia, Wikisource …): each article is one document of prose.

https://www.mediawiki.org/xml/export-0.11/ · https://www.mediawiki.org/wiki/Help:Export

Pages are read one by one, so that a dump of any size streams, compressed or not. Redirects, pages outside the main
namespace, and pages that are not wikitext are no articles, left out and counted; an article without text is a document
without turns, which the corpus stage counts and leaves out. Of several revisions the last one in the file counts. The
locator is the page's id; `meta` has the date and the number of the revision and the address. How markup becomes text:
`clairiere.corpus.markup.wikitext`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any
from urllib.parse import quote

from lxml import etree

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.markup import wikitext, xml
from clairiere.corpus.records import records
from clairiere.corpus.records.mapped import Locators
from clairiere.errors import UnreadableError
from clairiere.record import Document, Source, Turn

ARTICLES = "0"
SAFE: dict[str, Any] = {"resolve_entities": False, "no_network": True, "load_dtd": False, "remove_comments": True}
LINES = 1000
"""Read at a time."""
WIKITEXT = frozenset({"", "wikitext"})
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def recognize(path: SourceFile) -> float:
    """The root element."""
    return 0.95 if "<mediawiki" in path.head else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document | UnreadableError]:
    """The articles of a dump; at its end, what is wrong where it is cut short.

    Raises:
        UnreadableError: the file is no XML, or declares entities.
    """
    if b"<!DOCTYPE" in path.start or b"<!ENTITY" in path.start:
        raise path.fail("a DOCTYPE, which can declare entities", expected="a dump as MediaWiki writes it")
    yield from records.unless_all_fail(_articles(path, source))


def _articles(path: SourceFile, source: Source | None) -> Iterator[Document | UnreadableError]:
    language: str | None = None
    base = ""
    pages = 0
    locators = Locators()
    try:
        for element in _elements(path):
            language = language or element.getroottree().getroot().get(_LANGUAGE)
            if element.tag.endswith("}base"):
                base = (element.text or "").rpartition("/")[0]
                continue
            pages += 1
            reason = _why_no_article(element)
            if reason is not None:
                path.skip(reason)
            else:
                place = locators(element.findtext("{*}id"), f"page={pages}")
                yield _document(path, source, element, place, language, base)
            xml.forget(element)
    except etree.XMLSyntaxError as error:
        yield _cut(path, pages, error)
    else:
        if not pages:
            yield path.fail("a dump without pages", expected="<mediawiki> with <page> elements")


def _elements(path: SourceFile) -> Iterator[etree._Element]:
    """Each page, and the address of the wiki, as soon as it has been read."""
    parser = etree.XMLPullParser(("end",), tag=("{*}base", "{*}page"), encoding="utf-8", **SAFE)
    lines = (f"{line}\n" for _, line in path.text_lines())
    while chunk := "".join(islice(lines, LINES)):
        try:
            parser.feed(chunk.encode())
        finally:
            yield from (element for _, element in parser.read_events())
    parser.close()


def _cut(path: SourceFile, pages: int, error: etree.XMLSyntaxError) -> UnreadableError:
    reason = (error.msg or "no document").split(", line ")[0]
    found = f"malformed XML after page {pages}: {reason}"
    return path.fail(found, line=error.lineno or None, expected="a whole dump")


def _why_no_article(page: etree._Element) -> str | None:
    if (page.findtext("{*}ns") or ARTICLES) != ARTICLES:
        return "page outside the main namespace"
    if page.find("{*}redirect") is not None:
        return "redirect"
    model = page.findtext("{*}revision/{*}model") or ""
    return None if model in WIKITEXT else "page that is not wikitext"


def _document(
    path: SourceFile, source: Source | None, page: etree._Element, locator: str, language: str | None, base: str
) -> Document:
    title = page.findtext("{*}title") or ""
    revision = page.findall("{*}revision")[-1:]
    content, date, number = (
        (revision[0].findtext(f"{{*}}{name}") if revision else None) or "" for name in ("text", "timestamp", "id")
    )
    text = wikitext.to_text(content)
    meta = {"date": date, "revision": number, "url": f"{base}/{quote(title.replace(' ', '_'))}" if base else ""}
    return path.document(
        [Turn(None, text)] if text else [],
        source=source,
        title=title or None,
        locator=locator,
        language=language,
        meta={key: value for key, value in meta.items() if value},
    )
