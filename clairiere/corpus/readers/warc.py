"""Web archives (WARC): each page of HTML that was answered is one document of prose.

https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/

Records are read one by one. Taken are answers with status 200 that are HTML; requests, metadata, redirects, images and
other answers are no text and left out, and so are pages without a text; answers left out are counted. The encoding is
the one that the bytes are in, what the page declares, or what the answer's header says. What counts as main text:
`clairiere.corpus.markup.html`. The locator is the record's id; `meta` has the address and the date at which it was
fetched.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from contextlib import redirect_stderr
from typing import Any, BinaryIO

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeadersParserException

from clairiere.corpus.files.source_file import EMPTY, SourceFile
from clairiere.corpus.markup import html
from clairiere.corpus.readers.html import facts
from clairiere.corpus.records import records
from clairiere.corpus.records.mapped import Locators
from clairiere.errors import UnreadableError
from clairiere.record import Document, Source, Turn

BODY_BYTES_LIMIT = 2**26
WARNING_CHARACTERS = 120
ANSWER = "response"
PAGES = ("text/html", "application/xhtml+xml")
DAMAGE = (
    ArchiveLoadFailed,
    StatusAndHeadersParserException,
    EOFError,
    OSError,
    OverflowError,
    ValueError,
    AttributeError,  # warcio on a record without a block
    zlib.error,
)
"""What warcio raises on bytes that are not what they claim to be."""


def recognize(path: SourceFile) -> float:
    """How every record begins."""
    return 1.0 if path.start.startswith(b"WARC/") else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document | UnreadableError]:
    """The pages of an archive, and in their place the records that cannot be read.

    Raises:
        UnreadableError: it is no WARC, or no page of it can be read.
    """
    if not path.start.startswith(b"WARC/"):
        raise path.fail("no web archive: it does not begin with WARC/", expected="records of WARC 1.0 or 1.1")
    yield from records.unless_all_fail(_pages(path, source))


def _pages(path: SourceFile, source: Source | None) -> Iterator[Document | UnreadableError]:
    locators = Locators()
    number = 0
    with path.open() as stream:
        try:
            for number, (record, warning) in enumerate(_records(stream), start=1):
                if warning:
                    yield path.fail(f"record {number - 1}: {warning}", expected="records of the length they state")
                reason = _why_no_page(record)
                if reason is not None:
                    path.skip(reason)
                elif record is not None and record.rec_type == ANSWER:
                    yield from _page(path, source, record, number, locators)
        except DAMAGE as error:
            found = f"damaged after record {number}: {error or type(error).__name__}"
            yield path.fail(found, expected="whole records of WARC 1.0 or 1.1")


def _records(stream: BinaryIO) -> Iterator[tuple[ArcWarcRecord | None, str]]:
    """Each record, and what warcio warns of before it, which would go to the person's terminal; None at the end."""
    archive = iter(ArchiveIterator(stream))
    while True:
        said = io.StringIO()
        with redirect_stderr(said):
            record = next(archive, None)
        warning = " ".join(said.getvalue().split())[:WARNING_CHARACTERS]
        if record is None and not warning:
            return
        yield record, warning
        if record is None:
            return


def _why_no_page(record: ArcWarcRecord | None) -> str | None:
    """Why an answer is left out; None also for records that are no answer."""
    if record is None or record.rec_type != ANSWER:
        return None
    answer = record.http_headers
    if answer is None or answer.get_statuscode() != "200":
        return "answer with another status than 200"
    kind = (answer.get_header("Content-Type") or "").partition(";")[0].strip().lower()
    return None if kind in PAGES else "answer that is not HTML"


def _page(
    path: SourceFile, source: Source | None, record: ArcWarcRecord, number: int, locators: Locators
) -> Iterator[Document | UnreadableError]:
    address = record.rec_headers.get_header("WARC-Target-URI") or ""
    place = (record.rec_headers.get_header("WARC-Record-ID") or "").strip("<>").removeprefix("urn:uuid:")
    body = record.content_stream().read(BODY_BYTES_LIMIT + 1)
    if len(body) > BODY_BYTES_LIMIT:
        yield path.fail(f"record {number}: a page of more than {BODY_BYTES_LIMIT:,} bytes: {address}")
        return
    try:
        root = html.parse(path, _decoded(path, body, record.http_headers.get_header("Content-Type")))
    except UnreadableError as error:
        yield path.fail(f"record {number}: {error.found}: {address}", expected=error.expected)
        return
    page: dict[str, Any] = {} if root is None else facts(root)
    text = "" if root is None else html.main_text(root)
    if not text:
        path.skip(EMPTY)
    else:
        meta = page | {"url": address, "date": record.rec_headers.get_header("WARC-Date")}
        title, language, stated = (meta.pop(key, None) for key in ("title", "language", "license"))
        yield path.document(
            [Turn(None, text)],
            source=source,
            title=title,
            language=language,
            stated=stated,
            locator=locators(place or None, f"record={number}"),
            meta={key: value for key, value in meta.items() if value},
        )


def _decoded(path: SourceFile, body: bytes, content_type: str | None) -> str:
    """The text of an answer; the charset of its header counts as if the page declared it, where the page does not."""
    charset = (content_type or "").lower().partition("charset=")[2].strip(" \"'").partition(";")[0]
    declares = b"charset" in body[:1024].lower()
    declaration = f'<meta charset="{charset}">'.encode() if charset.isascii() and charset and not declares else b""
    return SourceFile(path.path, declaration + body).read_text()
