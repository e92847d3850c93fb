"""Any file as documents: each file's format is recognized by its content, unless its source card names the reader."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol, cast

from clairiere import plugins
from clairiere.corpus.cards import AUTO, READERS
from clairiere.corpus.files import SourceFile, walk
from clairiere.errors import UnreadableError
from clairiere.record import Document, Source


class Reader(Protocol):
    """What a module of `clairiere.corpus.readers` offers."""

    def recognize(self, path: SourceFile, /) -> float:
        """How sure the reader is that the file is of its format, from 0 to 1."""
        ...

    def read(self, path: SourceFile, source: Source | None, /) -> Iterator[Document]:
        """The file's documents; raises UnreadableError where it is not what it claims to be."""
        ...


def read(paths: Iterable[Path], source: Source | None = None) -> Iterator[Document | UnreadableError]:
    """The documents of files, folders and archives, and in their place what could not be read."""
    for path in paths:
        empty = True
        for item in _documents_and_problems(path, source):
            empty = False
            yield item
        if empty:
            yield UnreadableError(
                "no file to read",
                where=path,
                expected="a folder or archive with files other than READMEs, licenses, manifests and hidden ones",
                next_step="check the path, or name the file itself",
            )


def _documents_and_problems(path: Path, source: Source | None) -> Iterator[Document | UnreadableError]:
    problems: list[UnreadableError] = []
    try:
        for file in walk(path, report=problems.append):
            yield from _taken(problems)
            yield from _documents_or_problem(file, source)
    except UnreadableError as error:
        problems.append(error)
    yield from problems


def read_file(file: SourceFile, source: Source | None) -> list[Document]:
    """Every document of a file: all of them, or none where any part cannot be read.

    Raises:
        UnreadableError: no reader recognizes the file, it is not what it claims to be, or it holds no document.
        UnknownNameError: the reader that the source card names does not exist.
    """
    reader = recognize(file) if source is None or source.reader == AUTO else load_reader(source.reader)
    documents = list(reader.read(file, source))
    if not documents:
        raise file.fail("a file without any document")
    return documents


def recognize(file: SourceFile) -> Reader:
    """The reader that is surest of a file; of equally sure ones the first by name.

    Raises:
        UnreadableError: no reader recognizes it.
    """
    names = _reader_names()
    sureness = {name: load_reader(name).recognize(file) for name in names}
    best = max(names, key=lambda name: sureness[name], default=None)
    if best is None or sureness[best] <= 0:
        raise file.fail("no reader recognizes it", expected="a format of: " + ", ".join(names))
    return load_reader(best)


@functools.cache
def load_reader(name: str) -> Reader:
    """The reader of that name, or the module at a dotted path.

    Raises:
        UnknownNameError: there is none.
    """
    return cast(Reader, plugins.load(READERS, name, "reader"))


@functools.cache
def _reader_names() -> list[str]:
    return plugins.names(READERS)


def _documents_or_problem(file: SourceFile, source: Source | None) -> Iterator[Document | UnreadableError]:
    try:
        yield from read_file(file, source)
    except UnreadableError as error:
        yield error


def _taken(problems: list[UnreadableError]) -> list[UnreadableError]:
    taken = problems[:]
    problems.clear()
    return taken
