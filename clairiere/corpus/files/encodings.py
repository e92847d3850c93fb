"""Bytes → text, whatever encoding they are in: told by a mark, by being UTF-8, by a declaration, or by what they hold.

The order: a byte-order mark; strict UTF-8; the encoding that XML or HTML declares, where the bytes are of it; else the
single-byte encoding of Western Europe under which most bytes are letters and quotation marks of its languages. As the
WHATWG standard has it (https://encoding.spec.whatwg.org/#names-and-labels), ISO-8859-1 is read as Windows-1252, of
which it is a part. All is decided by the first chunk that is not ASCII, so that files are decoded as they stream.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any

UTF_8 = "utf-8"
WINDOWS_1252 = "windows-1252"
ISO_8859_1 = "iso-8859-1"

MARKS = (
    (codecs.BOM_UTF8, UTF_8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32", "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "utf-16"),
)
"""Byte-order mark, name, codec; the mark of UTF-32 begins with that of UTF-16."""

DECLARABLE = frozenset(
    {f"iso8859-{part}" for part in (*range(2, 12), *range(13, 17))}
    | {f"cp125{page}" for page in (*range(2), *range(3, 9))}
    | {"koi8-r", "koi8-u", "mac-roman", "mac-cyrillic", "cp866", "gbk", "gb2312", "gb18030", "big5", "euc_jp"}
    | {"shift_jis", "euc_kr"}
)
"""Python's names of what a document may declare beside UTF-8 and Windows-1252: no codec that is more than a charset."""
WESTERN = frozenset({"iso8859-1", "cp1252", "ascii"})
"""What is read as Windows-1252 where it is declared."""

DECLARATION_BYTES = 1024
_DECLARATION = re.compile(
    rb"""<\?xml[^>]{0,100}?encoding\s*=\s*["']([\w.:-]+)|<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]+)""",
    re.IGNORECASE,
)
_UTF_8_CHARACTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_C1_BYTE = re.compile(rb"[\x80-\x9f]")
_HIGH = re.compile(rb"[\x80-\xff]")
_CONTROL = re.compile(rb"[\0-\x08\x0e-\x14\x16-\x19\x1c-\x1f\x7f]")
"""Not the 0x15 that encloses the time codes of CHAT."""
CONTROL_SHARE_LIMIT = 0.001
"""Text has a stray control character at most; what is not text has them everywhere."""
EXPECTED_SHARE = 0.6
"""Of the characters above ASCII, so many must be those that Western European text is made of."""
EXPECTED = frozenset("àâäáãåæçéèêëíìîïñóòôöõøœúùûüýÿßÀÂÄÁÃÅÆÇÉÈÊËÍÌÎÏÑÓÒÔÖÕØŒÚÙÛÜÝŸ«»‹›“”„‘’‚–—…•·°ºª§€£¿¡\u00a0")
_C1 = "".join(
    bytes([byte]).decode("cp1252") if byte not in b"\x81\x8d\x8f\x90\x9d" else chr(byte) for byte in range(128, 160)
)
_WINDOWS_1252 = "".join(map(chr, range(128))) + _C1 + "".join(map(chr, range(160, 256)))
"""The WHATWG table: the five bytes that Windows-1252 leaves free are control characters."""


class Windows1252(codecs.IncrementalDecoder):
    """Python's own codec refuses the five bytes."""

    def decode(self, input: Any, final: bool = False) -> str:  # noqa: A002, ARG002, FBT001, FBT002  # the codecs' own
        return codecs.charmap_decode(input, "strict", _WINDOWS_1252)[0]


SINGLE_BYTE: Mapping[str, Callable[[], codecs.IncrementalDecoder]] = {
    WINDOWS_1252: Windows1252,
    "cp850": codecs.getincrementaldecoder("cp850"),
    "mac-roman": codecs.getincrementaldecoder("mac-roman"),
}
"""By preference: of DOS and of the old Macintosh are only files that make no sense otherwise."""


def decode(chunks: Iterator[bytes]) -> Iterator[tuple[str, str]]:
    """(encoding, text) of each chunk of a file.

    Raises:
        UnicodeDecodeError: the bytes are of no encoding that is known here; `object` holds the bytes of the chunk.
    """
    first = next(chunks, b"")
    rest = chain([first], chunks)
    marked = next(((name, codec) for mark, name, codec in MARKS if first.startswith(mark)), None)
    if marked is not None:
        yield from _decode_all(marked[0], codecs.getincrementaldecoder(marked[1])(), rest)
    else:
        yield from _decode_unmarked(rest, declared(first))


def guess(start: bytes) -> str:
    """The first bytes of a file as text, for recognition: what is of no encoding is replaced, never refused."""
    try:
        return "".join(text for _, text in decode(iter([_whole_characters(start)])))
    except UnicodeDecodeError:
        return start.decode(UTF_8, errors="replace").removeprefix("\ufeff")


def declared(start: bytes) -> str | None:
    """Python's name of the encoding that an XML declaration or an HTML `meta` states, where it may be stated."""
    found = _DECLARATION.search(start, 0, DECLARATION_BYTES)
    if found is None:
        return None
    try:
        name = codecs.lookup((found[1] or found[2]).decode("ascii")).name
    except (LookupError, ValueError):
        return None
    return name if name in DECLARABLE or name in WESTERN or name == UTF_8 else None


def _decode_all(name: str, decoder: codecs.IncrementalDecoder, chunks: Iterator[bytes]) -> Iterator[tuple[str, str]]:
    for chunk in chunks:
        yield name, decoder.decode(chunk)
    yield name, decoder.decode(b"", final=True)


def _decode_unmarked(chunks: Iterator[bytes], stated: str | None) -> Iterator[tuple[str, str]]:
    """UTF-8 until bytes that are not; these decide of the encoding if all before them was ASCII."""
    decoder = codecs.getincrementaldecoder(UTF_8)()
    is_ascii = True
    for chunk, is_last in chain(((chunk, False) for chunk in chunks), [(b"", True)]):
        try:
            text = decoder.decode(chunk, final=is_last)
        except UnicodeDecodeError as error:
            other = _other_encoding(error.object, stated) if is_ascii else None
            if other is None:
                yield UTF_8, error.object[: error.start].decode(UTF_8)
                raise
            yield from _decode_all(*other, chain([error.object], chunks))
            return
        is_ascii = is_ascii and text.isascii()
        yield UTF_8, text


def _other_encoding(sample: bytes, stated: str | None) -> tuple[str, codecs.IncrementalDecoder] | None:
    """The encoding of bytes that are not UTF-8; None where they are damaged UTF-8, or no text."""
    if _is_damaged_utf_8(sample):
        return None
    if stated in DECLARABLE and _is_of(stated, sample):
        return stated, codecs.getincrementaldecoder(stated)()
    if len(_CONTROL.findall(sample)) > CONTROL_SHARE_LIMIT * len(sample):
        return None
    best = WINDOWS_1252 if stated in WESTERN else _most_expected(sample)
    if best is None:
        return None
    is_first_part = best == WINDOWS_1252 and _C1_BYTE.search(sample) is None
    return (ISO_8859_1 if is_first_part else best), SINGLE_BYTE[best]()


def _most_expected(sample: bytes) -> str | None:
    """The single-byte encoding under which most of what is not ASCII is expected; None where none makes sense."""
    high = b"".join(_HIGH.findall(sample))
    shares = {name: _expected_share(make().decode(high)) for name, make in SINGLE_BYTE.items()}
    best = max(shares, key=lambda name: shares[name])
    return best if shares[best] >= EXPECTED_SHARE else None


def _is_damaged_utf_8(sample: bytes) -> bool:
    characters = _UTF_8_CHARACTER.findall(sample)
    strays = len(_HIGH.findall(sample)) - sum(map(len, characters))
    return 0 < len(characters) >= strays


def _is_of(codec: str, sample: bytes) -> bool:
    try:
        codecs.getincrementaldecoder(codec)().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _expected_share(text: str) -> float:
    return sum(text.count(character) for character in EXPECTED) / len(text)


def _whole_characters(start: bytes) -> bytes:
    """Without the character of UTF-8 that the end cuts."""
    for size in range(1, min(4, len(start)) + 1):
        lead = start[-size]
        if lead >= 0xC0:
            return start[:-size] if size < (2 if lead < 0xE0 else 3 if lead < 0xF0 else 4) else start
        if lead < 0x80:
            return start
    return start
