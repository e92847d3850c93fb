"""Compressed bytes as a stream of what they hold, which stops at bombs and at missing ends.

gzip: https://www.rfc-editor.org/rfc/rfc1952 · Zstandard: https://www.rfc-editor.org/rfc/rfc8878 ·
xz: https://tukaani.org/xz/xz-file-format.txt · bzip2: https://sourceware.org/bzip2/
"""

from __future__ import annotations

import bz2
import io
import lzma
import re
import zlib
from collections.abc import Callable, Mapping
from typing import BinaryIO, Protocol

import zstandard

from clairiere.errors import UnreadableError

SUFFIXES = (".gz", ".zst", ".xz", ".bz2")
"""Of a single compressed file; the suffix before it is the file's own."""
MAGIC_BYTES = 6
UNPACKED_RATIO_LIMIT = 200
"""Real corpora of XML and JSON unpack to 5 to 20 times their size; a bomb to thousands."""
UNPACKED_FREE_BYTES = 256 * 1024**2
"""Below this the ratio does not matter."""
WINDOW_BYTES = 2**27
"""What a decoder may hold: `zstd --long=27`, and every preset of xz."""
CHUNK_BYTES = 8192
"""Of compressed input: one block of Zstandard, four bytes, can stand for 128 KiB."""
BUFFER_BYTES = 2**18

DAMAGE = (EOFError, OSError, OverflowError, ValueError, lzma.LZMAError, zlib.error, zstandard.ZstdError)
"""What the decoders raise on bytes that are not what they claim to be."""


class Inflater(Protocol):
    """What the decoders share."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


INFLATERS: Mapping[re.Pattern[bytes], Callable[[], Inflater]] = {
    re.compile(rb"\x1f\x8b\x08"): lambda: zlib.decompressobj(wbits=31),
    re.compile(rb"\x28\xb5\x2f\xfd"): lambda: zstandard.ZstdDecompressor(max_window_size=WINDOW_BYTES).decompressobj(),
    re.compile(rb"\xfd7zXZ\x00"): lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=WINDOW_BYTES),
    re.compile(rb"BZh[1-9](1A|\x17r)"): bz2.BZ2Decompressor,
}
"""How each format begins, and what decodes it."""


def inflater(start: bytes) -> Callable[[], Inflater] | None:
    """What decodes a file that begins so; None where it is not compressed, whatever its name says."""
    return next((make for magic, make in INFLATERS.items() if magic.match(start)), None)


def unpacked(raw: BinaryIO, packed_bytes: int, where: object) -> BinaryIO:
    """The bytes of a file as a buffered stream: decompressed where they are compressed, as they are otherwise.

    Args:
        raw: the file, at its beginning; it can seek.
        packed_bytes: how large it is.
        where: what to name in an error.

    Raises:
        UnreadableError: while it is read, where it is truncated, damaged or unpacks without end.
    """
    make = inflater(raw.read(MAGIC_BYTES))
    raw.seek(0)
    if make is None:
        return raw
    return io.BufferedReader(Unpacked(raw, make, packed_bytes, where), BUFFER_BYTES)


def check_ratio(unpacked_bytes: int, packed_bytes: int, where: object) -> None:
    """Raise where so many bytes from so few can only be a bomb."""
    if unpacked_bytes > max(UNPACKED_FREE_BYTES, UNPACKED_RATIO_LIMIT * packed_bytes):
        raise UnreadableError(
            f"{packed_bytes:,} bytes that unpack to more than {UNPACKED_RATIO_LIMIT} times as many: a bomb",
            where=where,
            expected="text, which unpacks to some 5 to 20 times its size",
            next_step="do not trust this file; get it again from its holder, or unpack it with care and use the result",
        )


class Unpacked(io.RawIOBase):
    """The decompressed bytes of a file of one or several compressed streams."""

    def __init__(self, raw: BinaryIO, make: Callable[[], Inflater], packed_bytes: int, where: object) -> None:
        self._raw = raw
        self._make = make
        self._packed_bytes = packed_bytes
        self._where = where
        self._unpacked_bytes = 0
        self._inflater = make()
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._raw.close()
        super().close()

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        """Fill some of the buffer; nothing only at the end."""
        while not self._ready:
            packed = self._packed()
            if not packed:
                return 0
            self._ready = memoryview(self._inflate(packed))
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def _packed(self) -> bytes:
        """The next compressed bytes; empty at the end. Zeros after a stream are padding."""
        if not self._inflater.eof:
            packed = self._raw.read(CHUNK_BYTES)
            if not packed:
                raise _damaged("it ends in the middle of its compressed data", self._where)
            return packed
        packed = self._inflater.unused_data.lstrip(b"\0")
        while not packed:
            chunk = self._raw.read(CHUNK_BYTES)
            if not chunk:
                return b""
            packed = chunk.lstrip(b"\0")
        self._inflater = self._make()
        return packed

    def _inflate(self, packed: bytes) -> bytes:
        try:
            content = self._inflater.decompress(packed)
        except DAMAGE as error:
            raise _damaged(str(error), self._where) from error
        self._unpacked_bytes += len(content)
        check_ratio(self._unpacked_bytes, self._packed_bytes, self._where)
        return content


def _damaged(why: str, where: object) -> UnreadableError:
    return UnreadableError(
        f"compressed data that is truncated or damaged: {why}",
        where=where,
        expected="a whole file of gzip, Zstandard, xz or bzip2",
        next_step="get it again, and compare its size or SHA-256 with the original",
    )
