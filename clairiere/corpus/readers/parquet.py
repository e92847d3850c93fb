"""Parquet: a row is a document, or a turn of one, by the card's `[mapping]` or by a known shape of its columns.

https://parquet.apache.org/docs/file-format/

Rows are read a thousand at a time, and of the columns only those that are needed. Shapes and grouping are those of
JSON Lines and CSV; so a corpus that was written by `clairiere corpus` is read too. The locator is the row's `id`, or
its number where it has none or repeats one.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.records import records
from clairiere.corpus.records.shapes import fields_of
from clairiere.errors import UnreadableError
from clairiere.record import Document, Source

MAGIC = b"PAR1"
ROWS = 1000
DAMAGE = (pa.ArrowException, OSError, ValueError, OverflowError)
"""What the decoder raises on bytes that are not what they claim to be."""
EXPECTED = "a whole Parquet file"


def recognize(path: SourceFile) -> float:
    """The four bytes at the beginning."""
    return 0.95 if path.start.startswith(MAGIC) else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document | UnreadableError]:
    """The documents of a file, in order, and in their place the rows that are none.

    Raises:
        UnreadableError: the file is damaged, or no row can be read.
        CardError: the card's mapping cannot be followed.
    """
    if not path.start.startswith(MAGIC):
        raise path.fail("no Parquet file: it does not begin with PAR1", expected=EXPECTED)
    with path.open() as opened:
        stream = opened if opened.seekable() else io.BytesIO(path.read_bytes())
        yield from records.documents(path, source, _records(path, source, stream))


def _records(path: SourceFile, source: Source | None, stream: Any) -> Iterator[records.Record | UnreadableError]:
    number = 0
    try:
        file = pq.ParquetFile(stream, page_checksum_verification=True)
        sample = next((row for batch in file.iter_batches(1) for row in batch.to_pylist()), None)
        if sample is None:
            raise path.fail("a table without rows", expected=EXPECTED)
        for batch in file.iter_batches(ROWS, columns=_columns(path, source, sample)):
            for row in batch.to_pylist():
                number += 1
                yield records.Record(_plain(row), f"row={number}")
    except DAMAGE as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        yield path.fail(f"damaged Parquet after row {number}: {reason}", expected=EXPECTED)


def _columns(path: SourceFile, source: Source | None, sample: dict[str, Any]) -> list[str] | None:
    """The columns that are needed; all of them where one is missing, so that an error can name the nearest."""
    fields = fields_of(path, source, _plain(sample))
    wanted = fields.columns
    optional = {str(path.steps[0]) for path in fields.optional}
    present = [name for name in wanted if name in sample]
    return present if set(wanted) - set(present) <= optional else None


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, dict):
        return {name: _plain(below) for name, below in value.items()}
    if isinstance(value, list):
        return [_plain(below) for below in value]
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, Decimal | bytes):
        return str(value) if isinstance(value, Decimal) else value.decode("utf-8", errors="replace")
    return value
