"""How large a source is, told from a few of its files."""

from __future__ import annotations

import heapq
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clairiere.corpus.files import SourceFile
from clairiere.corpus.read import read_file
from clairiere.corpus.sources import locate
from clairiere.corpus.walk import walk
from clairiere.errors import UnreadableError
from clairiere.record import Document, Source

SAMPLED_FILES = 12
SAMPLED_BYTES = 3 * 2**19
"""Past so many raw bytes no further file is read."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Sizes of the documents that a source would give."""

    documents: int
    words: int
    bytes: int
    """UTF-8 bytes of the text."""


def estimate(source: Source) -> Estimate | None:
    """The source's size, from the text per raw byte of the files whose paths hash lowest; None if its files are absent.

    Raises:
        UnreadableError: an archive or manifest is damaged, no file matches, or none of those looked at can be read.
        UnknownNameError: the reader that the source card names does not exist.
    """
    try:
        root = locate(source)
    except UnreadableError:
        return None
    size = Size()
    manifest = None if source.manifest is None else Path(source.manifest)
    files = size.measured(walk(root, source.include, source.exclude, manifest=manifest))
    sample = heapq.nsmallest(SAMPLED_FILES, files, key=lambda file: (zlib.crc32(file.path.encode()), file.path))
    if not sample:
        raise UnreadableError(
            f"no file to read of the source {source.name}",
            where=root,
            expected="at least one file of those that `include` and `exclude` leave",
            next_step="put the files there, or correct `path`, `include` or `exclude` in the source card",
        )
    return _scaled(sample, source, size)


class Size:
    """Files and raw bytes of what was walked."""

    def __init__(self) -> None:
        self.files = 0
        self.raw_bytes = 0

    def measured(self, files: Iterator[SourceFile]) -> Iterator[SourceFile]:
        """The files, counted as they pass."""
        for file in files:
            self.files += 1
            self.raw_bytes += file.size_bytes
            yield file


def _scaled(sample: list[SourceFile], source: Source, size: Size) -> Estimate:
    """What the sampled files hold, as much more often as the rest is larger; documents go by files, words by bytes."""
    read = Size()
    documents: list[Document] = []
    problems: list[UnreadableError] = []
    for file in read.measured(iter(sample)):
        try:
            documents += read_file(file, source)
        except UnreadableError as error:
            problems.append(error)
        if documents and read.raw_bytes >= SAMPLED_BYTES:
            break
    if problems and not documents:
        raise _nothing_readable(source, problems, read.files)
    by_files = size.files / max(1, read.files)
    by_bytes = size.raw_bytes / max(1, read.raw_bytes)
    return Estimate(
        documents=round(len(documents) * by_files),
        words=round(sum(document.word_count for document in documents) * by_bytes),
        bytes=round(sum(document.text_bytes for document in documents) * by_bytes),
    )


def _nothing_readable(source: Source, problems: list[UnreadableError], files: int) -> UnreadableError:
    return UnreadableError(
        f"none of {files} files of the source {source.name} can be read: {problems[0].found}",
        where=problems[0].where,
        expected=problems[0].expected,
        next_step=problems[0].next_step,
    )
