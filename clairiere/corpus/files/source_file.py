"""A file as readers get it: its bytes decompressed, its text decoded, and what its documents bear."""

from __future__ import annotations

import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Protocol

from clairiere.corpus.files import archives, compression, encodings, lines
from clairiere.corpus.licenses.statements import stated_license
from clairiere.corpus.speech import recordings
from clairiere.errors import UnreadableError
from clairiere.record import Document, Provenance, Source, Turn, join_licenses

HEAD_BYTES = 4096
START_BYTES = 2**16
CHUNK_BYTES = 2**20
HELD_BYTES = 2**23
"""A file up to this size is read once and held while it is worked on."""
EMPTY = "without text"
"""The reason of a record that holds none, such as an empty article; a file without text is an error instead."""
STATED = "stated_license"
"""In `meta`: the license that a document states, where its source card does not name it."""
BYTES_LIMIT = archives.MEMBER_BYTES_LIMIT


class Surroundings(Protocol):
    """What finds the files that speak about a file and others; see the module of that name."""

    def nearest(self, kind: re.Pattern[str], /) -> tuple[SourceFile, ...]:
        """The files whose names match, in the file's folder or the nearest one above it that has some."""
        ...


class SourceFile:
    """A file or a member of an archive, as readers get it; what is compressed by itself is decompressed.

    Args:
        path: POSIX path relative to the root that was walked, or to the archive.
        content: its raw bytes, or where they lie on the disk.
        edition: the license that a manifest gives this file, in place of the edition's on the source card.

    `skipped` counts by reason what was left out of it on purpose, while it is read.
    """

    _stream: io.BufferedReader | io.BytesIO | None = None
    encoding: str | None = None
    """The encoding that its text turned out to be in; None while nothing has been decoded."""

    companion: SourceFile | None = None
    """The file beside it that speaks about it, where its format keeps its header apart (`companions`)."""

    surroundings: Surroundings | None = None
    """Where it lies; None where it lies nowhere."""

    def __init__(self, path: str, content: bytes | Path, edition: str | None = None) -> None:
        self.path = path
        self.edition = edition
        self.skipped: Counter[str] = Counter()
        self._content = content

    def __repr__(self) -> str:
        return f"SourceFile({self.path!r})"

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name

    @property
    def suffix(self) -> str:
        """Of the name without that of a compression: `.jsonl` for `talks.jsonl.gz`."""
        return PurePosixPath(self._own_name).suffix

    @property
    def stem(self) -> str:
        """The name without the suffixes of its compression and of its format."""
        return PurePosixPath(self._own_name).stem

    @property
    def _own_name(self) -> str:
        name = self.name
        return name[: name.rindex(".")] if name.lower().endswith(compression.SUFFIXES) else name

    @cached_property
    def size_bytes(self) -> int:
        """Of the raw bytes; a file on the disk is not opened for it."""
        if isinstance(self._content, bytes):
            return len(self._content)
        with opening(self._content):
            return self._content.stat().st_size

    def nearest(self, kind: re.Pattern[str]) -> tuple[SourceFile, ...]:
        """The files that speak about it and others (the license of a tree, a list of persons), of the nearest folder.

        Raises:
            UnreadableError: the archive in which it lies is damaged.
        """
        return () if self.surroundings is None else self.surroundings.nearest(kind)

    @property
    def consumed_bytes(self) -> int:
        """How many of the raw bytes a reader has taken that has not come to the end; all of them otherwise."""
        is_open = self._stream is not None and not self._stream.closed
        return self._stream.tell() if self._stream is not None and is_open else self.size_bytes

    def without_digest(self) -> SourceFile:
        """The same file, whose documents bear no digest: it takes reading all of it, which an estimate does not."""
        copy = SourceFile(self.path, self._content, self.edition)
        copy.companion, copy.surroundings = self.companion, self.surroundings
        vars(copy)["sha256"] = ""
        return copy

    @cached_property
    def sha256(self) -> str:
        """Digest of the raw bytes, in hexadecimal."""
        if self._raw is not None:
            return hashlib.sha256(self._raw).hexdigest()
        with self._open_raw() as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    @cached_property
    def start(self) -> bytes:
        """The first 64 KiB, decompressed, for recognition.

        Raises:
            UnreadableError: the file cannot be opened, or its compressed data is damaged.
        """
        if self._raw is not None and not self._is_compressed:
            return self._raw[:START_BYTES]
        with self.open() as stream:
            return stream.read(START_BYTES)

    @cached_property
    def head(self) -> str:
        """The first 4096 bytes as text, for recognition: what cannot be decoded is replaced, never refused."""
        return encodings.guess(self.start[:HEAD_BYTES])

    @cached_property
    def head_lines(self) -> tuple[str, ...]:
        """The lines in `start` that are whole and not blank; many readers look at them."""
        head = lines.split(encodings.guess(self.start))
        whole = (head[:-1] or head) if len(self.start) == START_BYTES else head
        return tuple(line for line in whole if line.strip())

    def open(self) -> BinaryIO:
        """The decompressed bytes as a stream, for files that are larger than what one wants to hold; close it.

        Raises:
            UnreadableError: the file cannot be opened; and while it is read, where its compressed data is damaged.
        """
        self._stream = self._open_raw()
        return compression.unpacked(self._stream, self.size_bytes, self.path)

    def read_bytes(self) -> bytes:
        """All decompressed bytes; a file that is not compressed is read once and held.

        Raises:
            UnreadableError: the file cannot be opened, is larger than the limit, or its compressed data is damaged.
        """
        return self._bytes

    def read_text(self) -> str:
        """The whole text without a byte-order mark, newlines as they are; `encoding` then says what it was in.

        Raises:
            UnreadableError: the bytes are of no known encoding; it names the line.
        """
        return "".join(self._pieces(io.BytesIO(self.read_bytes())))

    def text_lines(self) -> Iterator[tuple[int, str]]:
        """(number, line) of each line, ended by LF, CRLF or a lone CR, decoded while the file is read.

        Other Unicode separators stay in the text. There is no line after the last line's end.

        Raises:
            UnreadableError: a NUL byte, bytes of no known encoding, or a line larger than the limit; the lines before
                it have been given then.
        """
        number = 1
        try:
            with self.open() as stream:
                for batch in lines.whole(self._pieces(stream)):
                    yield from enumerate(batch, start=number)
                    number += len(batch)
        except lines.NoLineError as error:
            raise self.fail(str(error), line=number, expected="text in lines") from error

    @cached_property
    def _raw(self) -> bytes | None:
        """The raw bytes where they are few enough to be held."""
        if isinstance(self._content, bytes):
            return self._content
        if self.size_bytes > HELD_BYTES:
            return None
        with opening(self._content):
            return self._content.read_bytes()

    @property
    def _is_compressed(self) -> bool:
        return compression.inflater(self._raw or b"") is not None

    @cached_property
    def _bytes(self) -> bytes:
        if self._raw is not None and not self._is_compressed:
            return self._raw
        with self.open() as stream:
            content = stream.read(BYTES_LIMIT + 1)
        if len(content) > BYTES_LIMIT:
            raise archives.too_large(Path(self.path), self.name)
        return content

    def _open_raw(self) -> io.BufferedReader | io.BytesIO:
        if isinstance(self._content, bytes) or self._raw is not None:
            return io.BytesIO(self._raw or b"")
        with opening(self._content):
            return self._content.open("rb")

    def _pieces(self, stream: BinaryIO) -> Iterator[str]:
        """The text of each chunk."""
        line = 1
        try:
            for self.encoding, text in encodings.decode(iter(partial(stream.read, CHUNK_BYTES), b"")):
                line += text.count("\n")
                yield text
        except UnicodeDecodeError as error:
            byte = error.object[error.start]
            raise self.fail(
                f"invalid UTF-8, and of no other encoding known here: byte 0x{byte:02x}",
                line=line,
                expected="text in UTF-8 (or Windows-1252, UTF-16 with a mark, or what XML or HTML declares)",
            ) from error

    def fail(self, found: str, line: int | None = None, expected: str | None = None) -> UnreadableError:
        """The error to raise for what is wrong in this file."""
        where = self.path if line is None else f"{self.path}:{line}"
        return UnreadableError(
            found,
            where=where,
            expected=expected,
            next_step="correct the file, or leave it out with `exclude` in the source card",
        )

    def skip(self, reason: str) -> None:
        """Count, by reason, what a reader leaves out on purpose: a document, or all of the file."""
        self.skipped[reason] += 1

    def document(
        self,
        turns: Iterable[Turn],
        *,
        source: Source | None,
        title: str | None = None,
        locator: str | None = None,
        language: str | None = None,
        category: str | None = None,
        edition: str | None = None,
        stated: str | None = None,
        meta: Mapping[str, Any] | None = None,
    ) -> Document:
        """A document of this file; language, category and license come from the source card unless given.

        The license is `work AND edition`; the license that a manifest gives the file takes the edition's place, and
        the `edition` that a mapped field or a file of code states of the document takes the place of both. The license
        that is `stated` in the document, in whatever words, is joined to those of the card, so that the strictest term
        counts, and then stands in `meta.stated_license` too; a manifest's is a decision on this very file and stands
        alone. Without a source card license and category are None: nothing proves them. `meta.work` is the recording
        that the file's name tells, unless given.
        """
        license_ = self._license(source, edition) if source else None
        joined = self._joined(license_, stated)
        own = {} if joined == license_ else {STATED: stated_license(stated or "")}
        place = f"{source.name}/{self.path}" if source else self.path
        return Document(
            id=place if locator is None else f"{place}#{locator}",
            source=source.name if source else None,
            language=language or (source.language if source else None),
            license=joined,
            category=(category or source.category) if source else None,
            title=title,
            turns=tuple(turns),
            provenance=Provenance(path=self.path, locator=locator, sha256=self.sha256),
            meta={**self._recording, **(meta or {}), **own},
        )

    @cached_property
    def _recording(self) -> dict[str, str]:
        """The `work` that transcripts of one recording share, whatever their formats."""
        work = recordings.work_of(self.path)
        return {} if work is None else {"work": work}

    def _joined(self, license_: str | None, stated: str | None) -> str | None:
        """A license and the stated one, where nobody has decided on this file and the license does not hold it yet."""
        found = stated_license(stated) if stated and license_ and not self.edition else None
        return join_licenses(license_, found) if license_ and found else license_

    def _license(self, source: Source, edition: str | None) -> str | None:
        edition = edition or self.edition or (source.edition.id if source.edition else None)
        return join_licenses(source.work.id, edition) if source.work and edition else None


@contextmanager
def opening(file: Path) -> Iterator[None]:
    """What the system says against opening a file, as an UnreadableError."""
    try:
        yield
    except OSError as error:
        raise cannot_open(file, error) from error


def cannot_open(file: Path, error: OSError, kind: str = "file") -> UnreadableError:
    """The error for a file or folder that the system does not open."""
    return UnreadableError(
        f"a {kind} that cannot be opened: {error.strerror}",
        where=file,
        expected=f"a {kind} this user may read",
        next_step="check that it is there and its permissions",
    )
