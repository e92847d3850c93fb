"""Documents as columns: what is hot works on all turns of a batch at once.

A batch holds the scalar columns of its documents, and the turns of all of them in two flat lists: the turns of document
`d` are `texts[starts[d] : starts[d + 1]]`. Steps take a batch and give a batch; nothing else crosses between them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from clairiere.corpus.shards import SCHEMA
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
        return cls(columns, flat.field("speaker").to_pylist(), flat.field("text").to_pylist(), starts - starts[0])

    def to_arrow(self) -> pa.RecordBatch:
        """The rows again, with the columns of a document."""
        flat = pa.StructArray.from_arrays(
            [pa.array(self.speakers, pa.string()), pa.array(self.texts, pa.string())], fields=list(_TURNS.value_type)
        )
        turns = pa.ListArray.from_arrays(pa.array(self.starts, pa.int32()), flat, type=_TURNS)
        arrays = {name: pa.array(values, SCHEMA.field(name).type) for name, values in self.columns.items()}
        return pa.RecordBatch.from_arrays([{**arrays, "turns": turns}[name] for name in SCHEMA.names], schema=SCHEMA)

    def turns_of(self, document: int) -> range:
        """The places in `texts` and `speakers` of a document's turns."""
        return range(int(self.starts[document]), int(self.starts[document + 1]))

    def document(self, index: int) -> Document:
        """One document as the record."""
        values = {name: column[index] for name, column in self.columns.items()}
        turns = tuple(Turn(self.speakers[turn], self.texts[turn]) for turn in self.turns_of(index))
        provenance, meta = Provenance(**values["provenance"]), json.loads(values["meta"])
        return Document(**{**values, "turns": turns, "provenance": provenance, "meta": meta})

    def with_texts(self, texts: list[str]) -> Batch:
        """The same turns with other texts, one for one."""
        return replace(self, texts=texts)

    def with_column(self, name: str, values: Sequence[Any]) -> Batch:
        """The same documents with another column."""
        return replace(self, columns={**self.columns, name: values})

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
        array = pa.array(self.texts, pa.large_string())
        _, offsets, data = array.buffers()
        begins = np.frombuffer(offsets, np.int64, len(self.texts) + 1)
        run = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
        return run[: begins[-1]], begins


def read_batches(path: Path, batch_documents: int = BATCH_DOCUMENTS) -> Iterator[Batch]:
    """The documents of a Parquet file, some at a time."""
    with pq.ParquetFile(path) as parquet:
        for rows in parquet.iter_batches(batch_size=batch_documents, columns=SCHEMA.names):
            yield Batch.from_arrow(rows)
