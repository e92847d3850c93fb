"""The global step: which documents of all sources stay, and in which split; one task, on narrow columns."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from clairiere.curate.batch import Int64s
from clairiere.curate.decisions import DROPPED, Decisions, write_decisions
from clairiere.curate.duplicates.find import KEPT, Booleans, Found, find
from clairiere.curate.options import CurateOptions
from clairiere.curate.ordering import chunks, mapped
from clairiere.curate.split import Codes, Shares, assign
from clairiere.curate.table import Part, Table
from clairiere.errors import EmptyError

GUARDED_DOCUMENTS = 20
"""Sources with fewer documents may lose any share of them."""


def decide(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Find duplicates, check what they would take, and split what stays.

    Args:
        payload: the prepared `parts` (`source`, `prepared`, `narrow` and the `decisions` file to write), `options`,
            `memory_bytes`, and a `folder` for flat files, which is emptied at the end.

    Returns:
        By source, `duplicates` and `near_duplicates`: how many, by the source of their twin.

    Raises:
        EmptyError: near duplicates would take too much of a source.
    """
    options = CurateOptions.model_validate(payload["options"])
    parts = [Part(each["source"], Path(each["prepared"]), Path(each["narrow"])) for each in payload["parts"]]
    folder = Path(payload["folder"])
    table = Table.gather(parts, folder)
    found = find(table, options.duplicates, folder, payload["memory_bytes"])
    counts = _count(table, found)
    _check_losses(table, counts, options.duplicates.largest_source_loss)
    shares = Shares(options.test_share, options.validation_share)
    codes = _split(table, found, shares, folder)
    for number, each in enumerate(payload["parts"]):
        write_decisions(Path(each["decisions"]), _decisions_of(table, number, found, codes))
    shutil.rmtree(folder, ignore_errors=True)
    return counts


def _count(table: Table, found: Found) -> dict[str, Any]:
    """By kind and source, how many documents are dropped, by the source of their twin."""
    sources = table.sources
    counts: dict[str, Any] = {kind: {source: {} for source in sources} for kind in ("duplicates", "near_duplicates")}
    for source in sources:
        for rows in _chunks_of(table, source):
            twins, exact = found.twins[rows], found.exact[rows]
            _add(counts["duplicates"][source], sources, table.source_numbers(twins[exact]))
            near = (twins != KEPT) & ~exact
            _add(counts["near_duplicates"][source], sources, table.source_numbers(twins[near]))
    return counts


def _add(counts: dict[str, int], sources: list[str], numbers: Int64s) -> None:
    for number, count in zip(*np.unique(numbers, return_counts=True), strict=True):
        counts[sources[number]] = counts.get(sources[number], 0) + int(count)


def _chunks_of(table: Table, source: str) -> Iterator[slice]:
    rows = table.rows_of(source)
    return (slice(rows.start + some.start, rows.start + some.stop) for some in chunks(rows.stop - rows.start))


def _check_losses(table: Table, counts: Mapping[str, Any], largest: float) -> None:
    """Stop before a source is lost to near duplicates.

    Raises:
        EmptyError: more than the share `largest` of a source of GUARDED_DOCUMENTS or more is near-duplicates.
    """
    for source, by_twin in counts["near_duplicates"].items():
        rows = table.rows_of(source)
        documents, lost = rows.stop - rows.start, sum(by_twin.values())
        if documents < GUARDED_DOCUMENTS or lost <= largest * documents:
            continue
        largest_first = sorted(by_twin.items(), key=lambda each: (-each[1], each[0]))
        twins = ", ".join(f"`{name}` ({count:,})" for name, count in largest_first)
        raise EmptyError(
            f"near duplicates would take {lost / documents:.1%} of the source `{source}` "
            f"({lost:,} of {documents:,} documents); their twins are in {twins}",
            where="curate.duplicates",
            expected=f"at most {largest:.0%} (`curate.duplicates.largest_source_loss`)",
            next_step="leave one of the sources out; raise `curate.duplicates.similarity` if the documents are alike "
            "by nature, as forms are; or allow the loss with `largest_source_loss = 1`",
        )


def _split(table: Table, found: Found, shares: Shares, folder: Path) -> Codes:
    """int8 [rows]: the code of each kept document's split; DROPPED for the others."""
    codes: Codes = mapped(folder / "codes", np.int8, (len(table),))
    shared = _shared_groups(table, found, folder)
    for source in table.sources:
        rows = table.rows_of(source)
        kept = np.flatnonzero(found.twins[rows] == KEPT) + rows.start
        leaders = found.leaders[kept]
        codes[rows] = DROPPED
        codes[kept] = assign(table.places[leaders], leaders, ~shared[leaders], shares)
    return codes


def _shared_groups(table: Table, found: Found, folder: Path) -> Booleans:
    """bool [rows]: whether the group that each row leads has documents in several sources."""
    shared: Booleans = mapped(folder / "shared", np.bool_, (len(table),))
    for chunk in table.chunks():
        leaders = found.leaders[chunk]
        rows = np.arange(chunk.start, chunk.stop)
        shared[leaders[table.source_numbers(leaders) != table.source_numbers(rows)]] = True
    return shared


def _decisions_of(table: Table, number: int, found: Found, codes: Codes) -> Decisions:
    """The decisions on one part."""
    rows = slice(int(table.bounds[number]), int(table.bounds[number + 1]))
    twins = found.twins[rows]
    named, places = np.unique(twins[twins != KEPT], return_inverse=True)
    pointers = np.full(len(twins), -1, np.int64)
    pointers[twins != KEPT] = places
    ids = pa.array(table.ids(named), pa.string())
    taken = ids.take(pa.array(pointers, mask=twins == KEPT))
    return Decisions(codes[rows], found.exact[rows], taken)
