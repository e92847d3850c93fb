"""Documents on disk: Parquet, one row per document, written and read as a stream."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from clairiere.artifact import canonical_json, write_atomically
from clairiere.errors import ArtifactError
from clairiere.record import Document, Provenance, Turn

ROW_GROUP_DOCUMENTS = 512
ROW_GROUP_CHARACTERS = 16 * 1024**2
"""A row group ends at whichever comes first, so that memory stays bounded for novels and for tweets."""
BATCH_DOCUMENTS = 64
COMPRESSION_LEVEL = 3

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("source", pa.string()),
        ("language", pa.string()),
        ("license", pa.string()),
        ("category", pa.string()),
        ("title", pa.string()),
        ("turns", pa.list_(pa.struct([("speaker", pa.string()), ("text", pa.string())]))),
        ("provenance", pa.struct([("path", pa.string()), ("locator", pa.string()), ("sha256", pa.string())])),
        ("meta", pa.string()),
    ]
)


def write_documents(path: Path, documents: Iterable[Document]) -> None:
    """Write documents to a Parquet file, atomically: the same documents give the same bytes."""
    write_atomically(path, lambda temporary: _write(temporary, documents))


def read_documents(path: Path) -> Iterator[Document]:
    """The documents of a Parquet file in their order, a few at a time.

    Raises:
        ArtifactError: the file is not one that `write_documents` wrote.
    """
    try:
        with pq.ParquetFile(path) as parquet:
            for batch in parquet.iter_batches(batch_size=BATCH_DOCUMENTS, columns=SCHEMA.names):
                yield from map(_from_row, batch.to_pylist())
    except (OSError, pa.ArrowException, KeyError, ValueError) as error:
        raise ArtifactError(
            f"a file of documents that cannot be read: {error}",
            where=path,
            expected="Parquet with the columns of a document",
            next_step="delete the stage's folder and build again",
        ) from error


def _write(path: Path, documents: Iterable[Document]) -> None:
    with pq.ParquetWriter(path, SCHEMA, compression="zstd", compression_level=COMPRESSION_LEVEL) as writer:
        for rows in _row_groups(documents):
            writer.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), row_group_size=len(rows))


def _row_groups(documents: Iterable[Document]) -> Iterator[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    characters = 0
    for document in documents:
        rows.append({**document.to_json(), "meta": canonical_json(dict(document.meta))})
        characters += sum(len(turn.text) for turn in document.turns)
        if len(rows) == ROW_GROUP_DOCUMENTS or characters >= ROW_GROUP_CHARACTERS:
            yield rows
            rows, characters = [], 0
    if rows:
        yield rows


def _from_row(row: dict[str, Any]) -> Document:
    return Document(
        **{
            **row,
            "turns": tuple(Turn(turn["speaker"], turn["text"]) for turn in row["turns"]),
            "provenance": Provenance(**row["provenance"]),
            "meta": json.loads(row["meta"]),
        }
    )
