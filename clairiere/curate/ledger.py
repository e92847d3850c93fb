"""The ledger of what was removed: a row per document, with the reason, the twin that stayed and a sample to look at."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa

from clairiere.curate.batch import RowWriter, row_groups

REMOVED = "removed.parquet"
EXCERPT_CHARACTERS = 200
BEGINNING_CHARACTERS = 1000
"""Of a document, from which its excerpt is made: what is masked there may be longer than its mask."""

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("source", pa.string()),
        ("license", pa.string()),
        ("language", pa.string()),
        ("step", pa.string()),
        ("reason", pa.string()),
        ("twin", pa.string()),
        ("words", pa.int64()),
        ("excerpt", pa.string()),
    ]
)
"""`twin` is the id of the document that stayed instead, or the item of an evaluation file that was met."""


def beginning(texts: Iterable[str]) -> list[str]:
    """The first turns of a document, as far as an excerpt may need them."""
    gathered, left = [], BEGINNING_CHARACTERS
    for text in texts:
        gathered.append(text[:left])
        left -= len(gathered[-1])
        if left == 0:
            break
    return gathered


def excerpt(texts: Iterable[str]) -> str:
    """The first characters of a document's turns, whitespace as single spaces."""
    gathered = ""
    for text in texts:
        gathered = " ".join(f"{gathered} {text[: 2 * EXCERPT_CHARACTERS]}".split())
        if len(gathered) > EXCERPT_CHARACTERS:
            return gathered[: EXCERPT_CHARACTERS - 1].rstrip() + "…"
    return gathered


class LedgerWriter(RowWriter):
    """A part of the ledger, written row by row."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, SCHEMA)

    def add(self, rows: list[dict[str, Any]]) -> None:
        """Add removals."""
        self.write(pa.RecordBatch.from_pylist(rows, schema=SCHEMA))


def join(parts: Iterable[Path], target: Path) -> None:
    """One ledger of many, in their order."""
    with LedgerWriter(target) as ledger:
        for part in parts:
            for rows in row_groups(part, SCHEMA):
                ledger.write(rows)
