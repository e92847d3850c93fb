"""Zip files that are one document (EPUB, .docx): their members by name, bounded, nothing unpacked to disk."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

from clairiere.corpus.files import archives
from clairiere.corpus.files.compression import check_ratio
from clairiere.corpus.files.source_file import SourceFile
from clairiere.errors import UnreadableError

MAGIC = b"PK\x03\x04"
MEMBER_BYTES_LIMIT = 2**27
DAMAGE = (*archives.DAMAGE, OSError)
"""What zipfile raises on bytes that are not what they claim to be."""


class Package:
    """The members of a zip file."""

    def __init__(self, path: SourceFile, zipped: zipfile.ZipFile) -> None:
        self._path = path
        self._zipped = zipped
        self._entries = {entry.filename: entry for entry in zipped.infolist()}
        self._unpacked_bytes = 0

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def member(self, name: str) -> SourceFile:
        """A member, as a file called `<package>!<member>`.

        Raises:
            UnreadableError: there is none of that name, it is damaged or encrypted, or unpacks without end.
        """
        entry = self._entries.get(name)
        if entry is None:
            raise self._path.fail(f"a package without {name}", expected="a whole package")
        self._unpacked_bytes += entry.file_size
        check_ratio(self._unpacked_bytes, self._path.size_bytes, self._path.path)
        if entry.file_size > MEMBER_BYTES_LIMIT:
            found = f"a member larger than {MEMBER_BYTES_LIMIT // 2**20} MiB: {name}"
            raise self._path.fail(found, expected="text")
        try:
            return SourceFile(f"{self._path.path}!{name}", self._zipped.read(entry))
        except DAMAGE as error:
            raise _damaged(self._path, f"{name}: {error}") from error


@contextmanager
def opened(path: SourceFile) -> Iterator[Package]:
    """The package that a file is.

    Raises:
        UnreadableError: it is no zip file, or a damaged one.
    """
    content = path.read_bytes()
    if not content.startswith(MAGIC):
        raise path.fail("no zip file", expected="a package that begins with PK")
    try:
        zipped = zipfile.ZipFile(io.BytesIO(content))
    except DAMAGE as error:
        raise _damaged(path, str(error)) from error
    with zipped:
        yield Package(path, zipped)


def names(path: SourceFile) -> bytes:
    """Where the names of a package's first members stand: the headers in its first 64 KiB, for recognition."""
    return path.start if path.start.startswith(MAGIC) else b""


def _damaged(path: SourceFile, why: str) -> UnreadableError:
    return path.fail(f"a package that is truncated or damaged: {why}", expected="a whole zip file without a password")
