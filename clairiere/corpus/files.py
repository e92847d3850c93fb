"""The files of a source, whether they lie in a folder or in an archive; bytes only, nothing is unpacked to disk."""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property, lru_cache, partial
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from clairiere.artifact import digest_file
from clairiere.corpus import archives, compression, encodings, lines, manifests
from clairiere.errors import UnreadableError
from clairiere.record import Document, Provenance, Source, Turn, join_licenses

HEAD_BYTES = 4096
START_BYTES = 2**16
CHUNK_BYTES = 2**20
HELD_BYTES = 2**23
"""A file up to this size is read once and held while it is worked on."""
BYTES_LIMIT = archives.MEMBER_BYTES_LIMIT
SIDECAR = re.compile(
    r"manifest\.(tsv|json)|.*\.toml"
    r"|(?i:readme|licen[sc]e|copying|citation)(\.\w+)*"
    r"|(README|LICEN[SC]E|COPYING|CITATION).*"
)
"""Names of the files that speak about a source and are not part of its text."""

Report = Callable[[UnreadableError], None]
"""What is told of a file that cannot be read, so that the walk can go on."""


class SourceFile:
    """A file or a member of an archive, as readers get it; what is compressed by itself is decompressed.

    Args:
        path: POSIX path relative to the root that was walked, or to the archive.
        content: its raw bytes, or where they lie on the disk.
        edition: the license that a manifest gives this file, in place of the edition's on the source card.
    """

    encoding: str | None = None
    """The encoding that its text turned out to be in; None while nothing has been decoded."""

    def __init__(self, path: str, content: bytes | Path, edition: str | None = None) -> None:
        self.path = path
        self.edition = edition
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

    @cached_property
    def sha256(self) -> str:
        """Digest of the raw bytes, in hexadecimal."""
        if self._raw is not None:
            return hashlib.sha256(self._raw).hexdigest()
        assert isinstance(self._content, Path)
        with opening(self._content):
            return digest_file(self._content)

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

    def is_at(self, place: Path) -> bool:
        """Whether it is this very file on the disk, rather than a member of an archive or of a folder."""
        return self._content == place

    def open(self) -> BinaryIO:
        """The decompressed bytes as a stream, for files that are larger than what one wants to hold; close it.

        Raises:
            UnreadableError: the file cannot be opened; and while it is read, where its compressed data is damaged.
        """
        return compression.unpacked(self._open_raw(), self.size_bytes, self.path)

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
        number = 0
        try:
            with self.open() as stream:
                for batch in lines.whole(self._pieces(stream)):
                    for number, line in enumerate(batch, start=number + 1):
                        if "\0" in line:
                            raise self.fail("binary data: a NUL byte", line=number, expected="text")
                        yield number, line
        except OverflowError as error:
            found = f"a line of more than {lines.LINE_CHARACTERS_LIMIT:,} characters"
            raise self.fail(found, line=number + 1, expected="text in lines") from error

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

    def _open_raw(self) -> BinaryIO:
        if self._raw is not None:
            return io.BytesIO(self._raw)
        assert isinstance(self._content, Path)
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
                f"bytes of no known encoding: 0x{byte:02x} is not UTF-8",
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
        meta: Mapping[str, Any] | None = None,
    ) -> Document:
        """A document of this file; language, category and license come from the source card unless given.

        The license is `work AND edition`; the license that a manifest gives the file takes the edition's place, and
        the `edition` that the file states of the document itself takes the place of both. Without a source card
        license and category are None: nothing proves them.
        """
        place = f"{source.name}/{self.path}" if source else self.path
        return Document(
            id=place if locator is None else f"{place}#{locator}",
            source=source.name if source else None,
            language=language or (source.language if source else None),
            license=self._license(source, edition) if source else None,
            category=(category or source.category) if source else None,
            title=title,
            turns=tuple(turns),
            provenance=Provenance(path=self.path, locator=locator, sha256=self.sha256),
            meta=meta or {},
        )

    def _license(self, source: Source, edition: str | None) -> str | None:
        edition = edition or self.edition or (source.edition.id if source.edition else None)
        return join_licenses(source.work.id, edition) if source.work and edition else None


def walk(
    root: Path,
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    *,
    manifest: Path | None = None,
    report: Report | None = None,
) -> Iterator[SourceFile]:
    """Every file of a file, a folder (sorted by path) or an archive (in its order).

    Archives in a folder are read in place: their members' paths begin with the archive's folder, and with its name
    without suffix where there are several archives. Sidecar manifests, READMEs, licenses, cards and hidden files are
    skipped, unless one is `root` itself.

    Args:
        root: a file, a folder or an archive (.tar, .tar.gz, .tgz, .tar.zst, .zip).
        include: glob patterns on the path, of which one must match; empty means every file. `*` stays within a
            folder, `**` crosses folders, and a pattern without a slash is matched against the name alone.
        exclude: glob patterns of what to leave out.
        manifest: a table with the license of each file; a `manifest.tsv` beside the files, or in an archive beside
            its members, is found by itself.
        report: gets what cannot be opened, and the walk goes on; without it the error is raised.

    Raises:
        UnreadableError: no such file, a damaged archive, or a member that escapes, is a link or unpacks without end.
    """
    chosen = _selection(tuple(include), tuple(exclude))
    several = len(_archives(root)) > 1
    for file, path in _paths(root, report):
        try:
            with opening(file):
                for found in _open(file, path, root, manifest, several=several):
                    if chosen(found.path) and (found.is_at(root) or not _is_sidecar(found.path)):
                        yield found
        except UnreadableError as error:
            if report is None:
                raise
            report(error)


def sole_archive(root: Path) -> Path | None:
    """The archive that `walk` would open, where it is the only one."""
    found = _archives(root)
    return found[0] if len(found) == 1 else None


def _archives(root: Path) -> list[Path]:
    return [file for file, _ in _paths(root, _pass) if archives.is_archive(file)]


def digests(root: Path, manifest: Path | None = None) -> dict[str, str]:
    """Relative path → SHA-256 of every file on the disk that `walk` would open, manifests too; an archive is one file.

    What cannot be opened has no digest: once it can be, the digests differ.

    Raises:
        UnreadableError: no such file, or a manifest that cannot be read.
    """
    files: dict[str, str] = {}
    tables: dict[Path, str] = {}
    for file, path in _paths(root, _pass):
        with suppress(UnreadableError), opening(file):
            files[path] = digest_file(file)
        with opening(file):
            table = manifest or manifests.beside(file, root)
        if table is not None and table not in tables:
            with opening(table):
                tables[table] = digest_file(table)
    return files | {f"manifest {number}": digest for number, digest in enumerate(tables.values())}


def _pass(_error: UnreadableError) -> None:
    """Where only what can be opened matters."""


@contextmanager
def opening(file: Path) -> Iterator[None]:
    """What the system says against opening a file, as an UnreadableError."""
    try:
        yield
    except OSError as error:
        raise _cannot_open(file, error) from error


def _open(file: Path, path: str, root: Path, manifest: Path | None, *, several: bool) -> Iterator[SourceFile]:
    table = manifest or manifests.beside(file, root)
    licenses: Mapping[str, str] = {} if table is None else manifests.licenses(table)
    below = file.relative_to(table.parent).as_posix() if table and file.is_relative_to(table.parent) else path
    if not archives.is_archive(file):
        yield SourceFile(path, file, licenses.get(below))
        return
    folder = PurePosixPath(path).parent / (archives.stem(file.name) if several else "")
    for member, content in archives.members(file):
        if _is_sidecar(member):
            continue
        beside = licenses.get((PurePosixPath(below).parent / member).as_posix())
        edition = beside or manifests.inside(file, member) or licenses.get(member)
        yield SourceFile((folder / member).as_posix(), content, edition)


def _paths(root: Path, report: Report | None) -> Iterator[tuple[Path, str]]:
    with opening(root):
        is_file, is_folder = root.is_file(), root.is_dir()
    if is_file:
        yield root, root.name
        return
    if not is_folder:
        raise UnreadableError(
            "no such file or folder", where=root, expected="a file, a folder or an archive", next_step="check the path"
        )
    files = {file.relative_to(root).as_posix(): file for file in _folder_files(root, report)}
    for path in sorted(files):
        if _is_sidecar(path):
            continue
        error = _refusal(root, files[path])
        if error is None:
            yield files[path], path
        else:
            _tell(error, report)


def _tell(error: UnreadableError, report: Report | None) -> None:
    if report is None:
        raise error
    report(error)


def _folder_files(root: Path, report: Report | None) -> Iterator[Path]:
    def closed(error: OSError) -> None:
        _tell(_cannot_open(Path(error.filename), error, "folder"), report)

    for folder, subfolders, names in os.walk(root, onerror=closed):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        linked = [name for name in subfolders if os.path.islink(f"{folder}/{name}")]  # noqa: PTH114  # never raises
        yield from (Path(folder, name) for name in (*names, *linked))


def _refusal(root: Path, file: Path) -> UnreadableError | None:
    """Why an entry of a folder is not opened: text must not come from where the source does not show it."""
    try:
        found = _fault(root, file)
    except OSError as error:
        return _cannot_open(file, error)
    if found is None:
        return None
    return UnreadableError(
        found,
        where=ascii(str(file)) if not archives.is_text(str(file)) else file,
        expected="files, or links to files of the same folder",
        next_step="put the file itself there, or take the entry away",
    )


def _fault(root: Path, file: Path) -> str | None:
    if not archives.is_text(file.name):
        return "a name that is not UTF-8"
    if file.is_symlink() and file.is_dir():
        return "a link to a folder"
    if file.is_symlink() and not file.resolve().is_relative_to(root.resolve()):
        return "a link to a place outside the source"
    if not file.is_file():
        return "a link to nothing" if file.is_symlink() else "neither a file nor a folder"
    return None


def _is_sidecar(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return any(part.startswith(".") for part in parts) or SIDECAR.fullmatch(parts[-1]) is not None


def _cannot_open(file: Path, error: OSError, kind: str = "file") -> UnreadableError:
    return UnreadableError(
        f"a {kind} that cannot be opened: {error.strerror}",
        where=file,
        expected=f"a {kind} this user may read",
        next_step="check that it is there and its permissions",
    )


def _selection(include: tuple[str, ...], exclude: tuple[str, ...]) -> Callable[[str], bool]:
    def chosen(path: str) -> bool:
        wanted = not include or any(matches(path, pattern) for pattern in include)
        return wanted and not any(matches(path, pattern) for pattern in exclude)

    return chosen


def matches(path: str, pattern: str) -> bool:
    """Whether a glob pattern with `*`, `?`, `[…]` and `**` matches a POSIX path."""
    subject = path if "/" in pattern else PurePosixPath(path).name
    return _compiled(pattern).fullmatch(subject) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    """`**/` is any number of folders, `*` and `?` stay within one name, `[…]` is a set of characters."""
    translated = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    tokens: list[str] = re.findall(r"\*\*/|\*\*|\*|\?|\[!?[^\]]+\]|.", pattern, re.DOTALL)
    return re.compile("".join(translated.get(token) or _literal(token) for token in tokens), re.DOTALL)


def _literal(token: str) -> str:
    if len(token) == 1:
        return re.escape(token)
    negated, characters = token[1] == "!", token[1:-1].removeprefix("!")
    return f"[{'^' if negated else ''}{re.escape(characters).replace(chr(92) + '-', '-')}]"
