"""HTML pages: the main text of each is one document of prose.

https://html.spec.whatwg.org/multipage/

What counts as main text: `clairiere.corpus.markup.html`. The encoding is what the bytes are, then what the page
declares (https://encoding.spec.whatwg.org/); the title is the sole first heading, or what the page is called; the
language is that of its root. Author, date and address stand in `meta` where the page gives them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.markup import html
from clairiere.corpus.markup.xml import collapse
from clairiere.record import Document, Source, Turn

SUFFIXES = frozenset({".html", ".htm", ".xhtml", ".shtml", ".asp", ".aspx", ".php", ".jsp"})
META = {
    "author": "//meta[@name='author']/@content | //meta[@property='article:author']/@content",
    "date": "//meta[@property='article:published_time']/@content | //meta[@name='date']/@content"
    " | //meta[@name='dcterms.date']/@content | //meta[@property='dc:modified']/@content",
    "url": "//link[@rel='canonical']/@href | //meta[@property='og:url']/@content",
}

_BEGIN = re.compile(r"\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(?:!doctype\s+html|html[\s>])", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(
    r"\s*(?:<!--.*?-->\s*)*<(?:div|body|head|p|h[1-6]|article|main|table|ul|span)[\s>]", re.IGNORECASE | re.DOTALL
)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]+)*")


def recognize(path: SourceFile) -> float:
    """A doctype or the root; of a file called a page, any element of one at its beginning."""
    if _BEGIN.match(path.head):
        return 0.9
    return 0.7 if path.suffix.lower() in SUFFIXES and _TAG.match(path.head) else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    """The text of a page.

    Raises:
        UnreadableError: the file is binary, of no known encoding, too large or nested too deep, or a page
            without text.
    """
    content = path.read_text()
    if "\0" in content:
        raise path.fail("binary data: a NUL byte", expected="a page of HTML")
    root = html.parse(path, content)
    page = {} if root is None else facts(root)
    text = "" if root is None else html.main_text(root)
    if not text:
        raise path.fail("a page without text", expected="paragraphs outside of menus, scripts and forms")
    title, language, stated = (page.pop(key, None) for key in ("title", "language", "license"))
    yield path.document([Turn(None, text)], source=source, title=title, language=language, stated=stated, meta=page)


def facts(root: etree._Element) -> dict[str, Any]:
    """What a page says of itself: `title`, `language`, `license` (the addresses it links to as such), and `META`."""
    found = {
        key: next((value for value in map(collapse, root.xpath(path)) if value), None) for key, path in META.items()
    }
    headings = root.xpath("//h1")
    called = root.xpath("//head/title | //title")
    names = [collapse("".join(element.itertext())) for element in (headings if len(headings) == 1 else called)]
    languages = root.xpath("/html/@lang | /html/@xml:lang | /html/body/@lang | /html/body/*[1]/@lang")
    found["title"] = next(filter(None, (*names, *map(collapse, root.xpath("//title/text()")))), None)
    found["language"] = next((tag for tag in languages if _LANGUAGE.fullmatch(tag)), None)
    found["license"] = " ".join(root.xpath("(//a | //link)[@rel='license']/@href")) or None
    return {key: value for key, value in found.items() if value is not None}
