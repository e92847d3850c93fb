"""Members of archives, read as a stream: nothing touches the disk, and no member is trusted."""

from __future__ import annotations

import io
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

import zstandard

from clairiere.errors import UnreadableError

MEMBER_BYTES_LIMIT = 2 * 1024**3
UNPACKED_RATIO_LIMIT = 200
"""Real corpora of XML and JSON unpack to 5 to 20 times their size; a bomb to thousands."""
UNPACKED_FREE_BYTES = 256 * 1024**2
"""Below this the ratio does not matter."""
ZSTD_WINDOW_BYTES = 2**27
CHUNK_BYTES = 4096
"""Of compressed input: one block of Zstandard, four bytes, can stand for 128 KiB."""
TAR_BLOCK_BYTES = 512
STREAM_BYTES = 2**20

DAMAGE = (
    EOFError,
    OverflowError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    zstandard.ZstdError,
)
"""What the decoders raise on bytes that are not what they claim to be."""


class Inflater(Protocol):
    """What zlib and zstandard share."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


class Copy:
    """An uncompressed stream seen as a compressed one: it may end anywhere."""

    eof = True
    unused_data = b""

    def decompress(self, data: bytes, /) -> bytes:
        return data


SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.zst", ".tzst", ".zip")


def is_archive(path: Path) -> bool:
    """Whether the name says that it is an archive that `members` reads."""
    return path.name.lower().endswith(SUFFIXES)


def stem(name: str) -> str:
    """The name of an archive without its suffix."""
    return name[: -max(len(suffix) for suffix in SUFFIXES if name.lower().endswith(suffix))]


def members(archive: Path) -> Iterator[tuple[str, bytes]]:
    """(path, bytes) of each file, in the archive's order.

    Raises:
        UnreadableError: the archive is truncated, damaged or encrypted, a member's name escapes, a member is a link
            or a device, is larger than 2 GiB, or the whole unpacks to more than 200 times its size.
    """
    read = _zip_members if archive.name.lower().endswith(".zip") else _tar_members
    try:
        yield from read(archive)
    except DAMAGE as error:
        raise _damaged(archive, str(error)) from error
    except OSError as error:
        raise UnreadableError(
            f"an archive that cannot be opened: {error.strerror or error}",
            where=archive,
            expected="a file this user may read",
            next_step="check that it is there and its permissions",
        ) from error


def too_large(archive: Path, member: str) -> UnreadableError:
    """The error for a file that does not fit in memory with certainty."""
    return UnreadableError(
        f"a file larger than {MEMBER_BYTES_LIMIT / 1024**3:.0f} GiB: {member}",
        where=archive,
        expected="files that fit in memory",
        next_step="split the file",
    )


def _tar_members(archive: Path) -> Iterator[tuple[str, bytes]]:
    with archive.open("rb") as raw:
        stream = Unpacked(archive, raw)
        with tarfile.open(fileobj=stream, mode="r|", bufsize=STREAM_BYTES) as tar:
            for member in tar:
                path = _safe_path(archive, member.name)
                if member.isdir():
                    continue
                if not member.isreg() or member.issparse():
                    raise _refused(archive, f"a link, device or sparse file: {member.name}")
                if member.size > MEMBER_BYTES_LIMIT:
                    raise too_large(archive, member.name)
                content = tar.extractfile(member)
                yield path, content.read() if content else b""
        stream.check_end()


def _zip_members(archive: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(archive) as zipped:
        entries = zipped.infolist()
        _check_ratio(archive, sum(entry.file_size for entry in entries), archive.stat().st_size)
        for entry in entries:
            path = _safe_path(archive, entry.filename)
            if entry.is_dir():
                continue
            mode = entry.external_attr >> 16
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                raise _refused(archive, f"a link or device: {entry.filename}")
            if entry.file_size > MEMBER_BYTES_LIMIT:
                raise too_large(archive, entry.filename)
            yield path, _zip_content(archive, zipped, entry)


def _zip_content(archive: Path, zipped: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """The bytes of one entry; `zipfile` stops at the declared size and checks the CRC."""
    try:
        return zipped.read(entry)
    except (RuntimeError, NotImplementedError) as error:  # encrypted, or a method that zipfile does not know
        raise UnreadableError(
            f"a member that cannot be unpacked: {error}",
            where=f"{archive}: {entry.filename}",
            expected="stored or deflated members without a password",
            next_step="unpack it by other means and point the source card at the folder",
        ) from error


def _safe_path(archive: Path, name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or ":" in name[1:2]:
        raise _refused(archive, f"a member whose name leads out of the archive: {name!r}")
    if not is_text(name):
        raise _refused(archive, f"a member whose name is not UTF-8: {name!r}")
    return path.as_posix()


def is_text(name: str) -> bool:
    """Whether a file's name can be written down: bytes that are not UTF-8 come from the system as lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


class Unpacked(io.RawIOBase):
    """The decompressed bytes of a tar file, which stops at bombs and at missing ends."""

    def __init__(self, archive: Path, raw: BinaryIO) -> None:
        self._archive = archive
        self._raw = raw
        self._packed_bytes = archive.stat().st_size
        self._unpacked_bytes = 0
        self._inflater = self._begin()
        self._ready = bytearray()
        self._last_block = b""
        self._at_end = False

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; fewer only at the end."""
        while not self._at_end and (size < 0 or len(self._ready) < size):
            self._fill()
        cut = len(self._ready) if size < 0 else size
        taken = bytes(self._ready[:cut])
        del self._ready[:cut]
        self._last_block = (self._last_block + taken[-TAR_BLOCK_BYTES:])[-TAR_BLOCK_BYTES:]
        return taken

    def check_end(self) -> None:
        """Raise if the archive has no end: a truncated one can otherwise pass for a shorter one."""
        while self.read(STREAM_BYTES):
            pass
        if self._last_block != bytes(TAR_BLOCK_BYTES):
            raise _damaged(self._archive, "it ends without an end-of-archive block")

    def _fill(self) -> None:
        packed = self._inflater.unused_data or self._raw.read(CHUNK_BYTES)
        if not packed:
            if not self._inflater.eof:
                raise _damaged(self._archive, "it ends in the middle of its compressed data")
            self._at_end = True
            return
        if self._inflater.eof:
            self._inflater = self._begin()
        unpacked = self._inflater.decompress(packed)
        self._unpacked_bytes += len(unpacked)
        _check_ratio(self._archive, self._unpacked_bytes, self._packed_bytes)
        self._ready += unpacked

    def _begin(self) -> Inflater:
        name = self._archive.name.lower()
        if name.endswith((".gz", ".tgz")):
            return zlib.decompressobj(wbits=31)
        if name.endswith((".zst", ".tzst")):
            return zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_BYTES).decompressobj()
        return Copy()


def _check_ratio(archive: Path, unpacked_bytes: int, packed_bytes: int) -> None:
    if unpacked_bytes > max(UNPACKED_FREE_BYTES, UNPACKED_RATIO_LIMIT * packed_bytes):
        raise _refused(
            archive, f"{packed_bytes:,} bytes that unpack to more than {UNPACKED_RATIO_LIMIT} times as many: a bomb"
        )


def _refused(archive: Path, found: str) -> UnreadableError:
    return UnreadableError(
        found,
        where=archive,
        expected="an archive of plain files below its own root",
        next_step="do not trust this archive; get it again from its holder, or unpack it with care and use the folder",
    )


def _damaged(archive: Path, why: str) -> UnreadableError:
    return UnreadableError(
        f"an archive that is truncated or damaged: {why}",
        where=archive,
        expected="a whole .tar, .tar.gz, .tar.zst or .zip",
        next_step="get it again, and compare its size or SHA-256 with the original",
    )
