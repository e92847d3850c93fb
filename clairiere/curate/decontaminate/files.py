"""The text of evaluation files: every text field of JSON, JSON Lines, CSV, TSV, Parquet and plain text."""

from __future__ import annotations

import csv
import glob
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from clairiere.corpus.cards import VARIABLE
from clairiere.corpus.files import walk
from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.records.tables import FIELD_CHARACTERS_LIMIT
from clairiere.curate.decontaminate.options import DecontaminateOptions
from clairiere.errors import RecipeError


class Item(NamedTuple):
    """A text field of an evaluation file."""

    file: str
    """The file's name, below the folder that the options name."""
    place: str
    """Where in the file: a JSON pointer, a line and column, a row and column, or a line."""
    text: str


def digests(options: DecontaminateOptions, folder: Path) -> dict[str, str]:
    """Name → SHA-256 of every evaluation file: part of what the stage's output follows from.

    Args:
        options: the `[curate.decontaminate]` table.
        folder: the recipe's.

    Raises:
        RecipeError: a pattern matches nothing.
        UnreadableError: a file cannot be opened.
    """
    return {
        f"{pattern}: {_named(root, path)}": digest
        for pattern, root in _roots(options, folder)
        for path, digest in walk.digests(root).items()
    }


def read_items(options: DecontaminateOptions, folder: Path) -> Iterator[Item]:
    """Every text field of every evaluation file, in the order of the options.

    Raises:
        RecipeError: a pattern matches nothing.
        UnreadableError: a file cannot be read, or is of no kind that is known here.
    """
    for _, root in _roots(options, folder):
        for file in walk.walk(root):
            for place, text in _reader(file)(file):
                yield Item(_named(root, file.path), place, text)


def _roots(options: DecontaminateOptions, folder: Path) -> Iterator[tuple[str, Path]]:
    for pattern in options.files:
        expanded = VARIABLE.sub(lambda found: os.environ.get(found[1], found[0]), pattern)
        found = sorted(glob.glob(str(folder / expanded), recursive=True))  # noqa: PTH207  # Path.glob takes no absolute pattern
        if not found:
            raise RecipeError(
                f"no evaluation file matches `{pattern}`",
                where=folder,
                expected="paths or glob patterns of files or folders, relative to the recipe",
                next_step="correct [curate.decontaminate] files, or set the variable that the path begins with",
            )
        yield from ((pattern, Path(each)) for each in found)


def _named(root: Path, path: str) -> str:
    return root.name if path == root.name else f"{root.name}/{path}"


def _reader(file: SourceFile) -> Callable[[SourceFile], Iterator[tuple[str, str]]]:
    reader = READERS.get(file.suffix.lower())
    if reader is None:
        raise file.fail("an evaluation file of an unknown kind", expected=f"one of {', '.join(READERS)}")
    return reader


def _json(file: SourceFile) -> Iterator[tuple[str, str]]:
    yield from _fields(_parsed(file, file.read_text(), None), "")


def _json_lines(file: SourceFile) -> Iterator[tuple[str, str]]:
    for number, line in file.text_lines():
        if line.strip():
            yield from _fields(_parsed(file, line, number), f"{number}")


def _parsed(file: SourceFile, text: str, line: int | None) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise file.fail(f"no JSON: {error}", line=line, expected="JSON") from error


def _fields(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """The texts in a JSON value with their pointers (RFC 6901), in order."""
    waiting = [(place, value)]
    while waiting:
        at, each = waiting.pop()
        if isinstance(each, str):
            yield at, each
        elif isinstance(each, Mapping):
            waiting += [(f"{at}/{key}", member) for key, member in reversed([*each.items()])]
        elif isinstance(each, list):
            waiting += [(f"{at}/{number}", member) for number, member in reversed([*enumerate(each)])]


def _csv(file: SourceFile) -> Iterator[tuple[str, str]]:
    csv.field_size_limit(FIELD_CHARACTERS_LIMIT)  # one for the whole process: whoever reads a table sets it
    rows = csv.reader(io.StringIO(file.read_text(), newline=""))
    try:
        for row in rows:
            yield from ((f"{rows.line_num}/{column}", text) for column, text in enumerate(row, 1))
    except csv.Error as error:
        raise file.fail(f"no CSV: {error}", line=rows.line_num, expected="comma-separated values") from error


def _tsv(file: SourceFile) -> Iterator[tuple[str, str]]:
    for number, line in file.text_lines():
        yield from ((f"{number}/{column}", text) for column, text in enumerate(line.split("\t"), 1))


def _parquet(file: SourceFile) -> Iterator[tuple[str, str]]:
    try:
        with pq.ParquetFile(io.BytesIO(file.read_bytes())) as parquet:
            row = 0
            for batch in parquet.iter_batches():
                for each in batch.to_pylist():
                    row += 1
                    yield from _fields(each, str(row))
    except (OSError, pa.ArrowException) as error:
        raise file.fail(f"no Parquet: {error}", expected="Parquet") from error


def _text(file: SourceFile) -> Iterator[tuple[str, str]]:
    """Paragraphs, by the number of their first line."""
    first, lines = 0, list[str]()
    for number, line in file.text_lines():
        if line.strip():
            first = first or number
            lines.append(line)
        elif lines:
            yield str(first), "\n".join(lines)
            first, lines = 0, []
    if lines:
        yield str(first), "\n".join(lines)


READERS: Mapping[str, Callable[[SourceFile], Iterator[tuple[str, str]]]] = {
    ".json": _json,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".csv": _csv,
    ".tsv": _tsv,
    ".parquet": _parquet,
    ".txt": _text,
    ".md": _text,
}
"""Suffix → what gives a file's text fields with their places."""
