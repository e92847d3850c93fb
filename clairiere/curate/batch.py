"""Documents as columns: what is hot works on all turns of a batch at once.

A batch holds the scalar columns of its documents, and the turns of all of them in two flat lists: the turns of document
`d` are `texts[starts[d] : starts[d + 1]]`. Steps take a batch and give a batch; nothing else crosses between them.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from clairiere.artifact import canonical_json
from clairiere.corpus.shards import COMPRESSION_LEVEL, ROW_GROUP_CHARACTERS, ROW_GROUP_DOCUMENTS, SCHEMA
from clairiere.curate import words
from clairiere.errors import ArtifactError
from clairiere.record import Document, Provenance, Turn

Int64s = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

BATCH_DOCUMENTS = 512
_SCALARS = tuple(name for name in SCHEMA.names if name != "turns")
_TURNS = SCHEMA.field("turns").type


@dataclass(frozen=True)
class Batch:
    """Some documents as columns.

    Args:
        columns: name → one value per document, of every column but `turns`; `meta` is JSON text.
        speakers: one per turn.
        texts: one per turn.
        starts: int64 [documents + 1], where each document's turns begin and the last one's end.
    """

    columns: Mapping[str, Sequence[Any]]
    speakers: list[str | None]
    texts: list[str]
    starts: Int64s

    def __len__(self) -> int:
        return len(self.starts) - 1

    @classmethod
    def from_arrow(cls, rows: pa.RecordBatch) -> Batch:
        """A batch of rows with the columns of a document."""
        turns = rows.column("turns")
        flat = turns.flatten()
        starts = turns.offsets.to_numpy().astype(np.int64)
        columns = {name: rows.column(name).to_pylist() for name in _SCALARS}
        texts = flat.field("text")
        batch = cls(columns, flat.field("speaker").to_pylist(), texts.to_pylist(), starts - starts[0])
        vars(batch)["_strings"] = texts  # what the cached property would make again
        return batch

    def to_arrow(self) -> pa.RecordBatch:
        """The rows again, with the columns of a document."""
        flat = pa.StructArray.from_arrays(
            [pa.array(self.speakers, pa.string()), self._strings], fields=list(_TURNS.value_type)
        )
        turns = pa.ListArray.from_arrays(pa.array(self.starts, pa.int32()), flat, type=_TURNS)
        arrays = {name: pa.array(values, SCHEMA.field(name).type) for name, values in self.columns.items()}
        return pa.RecordBatch.from_arrays([{**arrays, "turns": turns}[name] for name in SCHEMA.names], schema=SCHEMA)

    @classmethod
    def from_documents(cls, documents: Iterable[Document]) -> Batch:
        """A batch of documents."""
        rows = [{**each.to_json(), "meta": canonical_json(dict(each.meta))} for each in documents]
        return cls.from_arrow(pa.RecordBatch.from_pylist(rows, schema=SCHEMA))

    def turns_of(self, document: int) -> range:
        """The places in `texts` and `speakers` of a document's turns."""
        return range(int(self.starts[document]), int(self.starts[document + 1]))

    def bounds(self) -> list[tuple[int, int]]:
        """Where each document's turns begin and end."""
        return list(itertools.pairwise(self.starts.tolist()))

    def document(self, index: int) -> Document:
        """One document as the record."""
        values = {name: column[index] for name, column in self.columns.items()}
        turns = tuple(Turn(self.speakers[turn], self.texts[turn]) for turn in self.turns_of(index))
        provenance, meta = Provenance(**values["provenance"]), json.loads(values["meta"])
        return Document(**{**values, "turns": turns, "provenance": provenance, "meta": meta})

    def with_texts(self, texts: list[str]) -> Batch:
        """The same turns with other texts, one for one."""
        return replace(self, texts=texts)

    def with_speakers(self, speakers: list[str | None]) -> Batch:
        """The same turns with other speakers, one for one."""
        return self._with_same_texts(speakers=speakers)

    def with_column(self, name: str, values: Sequence[Any]) -> Batch:
        """The same documents with another column."""
        return self._with_same_texts(columns={**self.columns, name: values})

    def _with_same_texts(self, **changes: Any) -> Batch:
        changed = replace(self, **changes)
        vars(changed).update({name: vars(self)[name] for name in ("_strings", "_utf8", "words") if name in vars(self)})
        return changed

    def select(self, documents: Sequence[int]) -> Batch:
        """The documents at these places, in this order."""
        places = [turn for document in documents for turn in self.turns_of(document)]
        lengths = [len(self.turns_of(document)) for document in documents]
        return Batch(
            {name: [column[document] for document in documents] for name, column in self.columns.items()},
            [self.speakers[turn] for turn in places],
            [self.texts[turn] for turn in places],
            np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64),
        )

    def utf8(self) -> tuple[Bytes, Int64s]:
        """All turns' text as one run of UTF-8 bytes, and int64 [turns + 1] where each turn begins in it."""
        return self._utf8

    @cached_property
    def words(self) -> Int64s:
        """int64 [documents]: words of each document, separated by whitespace as `str.split` sees it."""
        return words.count(*self.utf8(), self.starts)

    @cached_property
    def _utf8(self) -> tuple[Bytes, Int64s]:
        return utf8_of(self._strings)

    @cached_property
    def _strings(self) -> pa.StringArray:
        return pa.array(self.texts, pa.string())


def utf8_of(strings: pa.StringArray) -> tuple[Bytes, Int64s]:
    """Texts as one run of UTF-8 bytes, which is not copied, and int64 [texts + 1] where each begins in it."""
    _, offsets, data = strings.buffers()
    if data is None:
        return np.empty(0, np.uint8), np.zeros(len(strings) + 1, np.int64)
    begins = np.frombuffer(offsets, np.int32)[strings.offset :][: len(strings) + 1].astype(np.int64)
    return np.frombuffer(data, np.uint8)[begins[0] : begins[-1]], begins - begins[0]


def row_groups(path: Path, schema: pa.Schema = SCHEMA) -> Iterator[pa.RecordBatch]:
    """The rows of a Parquet file, some at a time: never more than a row group, which is bounded in bytes.

    Raises:
        ArtifactError: the file cannot be read, or has other columns.
    """
    try:
        with pq.ParquetFile(path) as parquet:
            for group in range(parquet.num_row_groups):
                yield from parquet.iter_batches(BATCH_DOCUMENTS, row_groups=[group], columns=schema.names)
    except (OSError, pa.ArrowException, KeyError) as error:
        raise ArtifactError(
            f"a file of rows that cannot be read: {error}",
            where=path,
            expected=f"Parquet with the columns {', '.join(schema.names)}",
            next_step="delete the stage's folder and build again",
        ) from error


def read_batches(path: Path) -> Iterator[Batch]:
    """The documents of a Parquet file, some at a time.

    Raises:
        ArtifactError: the file is not one that holds documents.
    """
    return map(Batch.from_arrow, row_groups(path))


class RowWriter:
    """A Parquet file that is filled batch by batch and stands in its place once the `with` block ends well.

    Rows are gathered into row groups by count and by size, so that the same rows in the same batches give the same
    bytes, and a reader's memory stays bounded.
    """

    def __init__(self, path: Path, schema: pa.Schema = SCHEMA, *, compression: str = "zstd") -> None:
        self._path = path
        self._schema = schema
        self._settings: dict[str, Any] = {"compression": compression}
        if compression == "zstd":
            self._settings["compression_level"] = COMPRESSION_LEVEL
        self._waiting: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._temporary = self._path.with_name(self._path.name + ".tmp")
        self._writer = pq.ParquetWriter(self._temporary, self._schema, **self._settings)
        return self

    def write(self, rows: pa.RecordBatch) -> None:
        """Add rows."""
        if not rows.num_rows:
            return
        self._waiting.append(rows)
        self._rows += rows.num_rows
        self._bytes += rows.nbytes
        if self._rows >= ROW_GROUP_DOCUMENTS or self._bytes >= ROW_GROUP_CHARACTERS:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            table = pa.Table.from_batches(self._waiting, schema=self._schema)
            self._writer.write_table(table, row_group_size=table.num_rows)
        self._waiting, self._rows, self._bytes = [], 0, 0

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._writer.close()
            self._temporary.unlink()
            return
        self._flush()
        self._writer.close()
        with self._temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        self._temporary.replace(self._path)
