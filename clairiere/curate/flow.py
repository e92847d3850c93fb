"""How much text is left after each step: documents, words and turns by license and language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

UNKNOWN = "unknown"
FIRST, LAST = "read", "duplicates"
"""The first and the last moment at which is counted."""
UNITS = ("documents", "words", "turns")

Row = dict[str, Any]
"""`step`, `source`, `license`, `language`, `documents`, `words`, `turns`."""


class Flow:
    """Counts of what one source still holds, step by step."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._counts: dict[tuple[str, str, str], Counter[str]] = {}

    def add(
        self,
        step: str,
        columns: Mapping[str, Sequence[Any]],
        words: npt.NDArray[np.int64],
        turns: npt.NDArray[np.int64],
    ) -> None:
        """Count documents that are left after a step.

        Args:
            step: its name.
            columns: `license` and `language` of each document.
            words: int64 [documents].
            turns: int64 [documents].
        """
        pairs = zip(columns["license"], columns["language"], words.tolist(), turns.tolist(), strict=True)
        for license_id, language, word_count, turn_count in pairs:
            counts = self._counts.setdefault((step, license_id or UNKNOWN, language or UNKNOWN), Counter())
            counts["documents"] += 1
            counts["words"] += word_count
            counts["turns"] += turn_count

    def to_json(self) -> list[Row]:
        """A row for each step, license and language."""
        return [
            {"step": step, "source": self._source, "license": license_id, "language": language, **counts}
            for (step, license_id, language), counts in self._counts.items()
        ]


def merge(flows: Iterable[Iterable[Row]], steps: Sequence[str]) -> list[Row]:
    """The rows of all parts, those of equal step, source, license and language made one, in the order of the steps."""
    merged: dict[tuple[str, ...], Counter[str]] = {}
    for row in (row for rows in flows for row in rows):
        key = (row["step"], row["source"], row["license"], row["language"])
        merged.setdefault(key, Counter()).update({unit: row[unit] for unit in UNITS})
    order = {step: place for place, step in enumerate(steps)}
    names = ("step", "source", "license", "language")
    return [
        {**dict(zip(names, key, strict=True)), **{unit: merged[key][unit] for unit in UNITS}}
        for key in sorted(merged, key=lambda key: (order[key[0]], key[1:]))
    ]


def by_license(rows: Sequence[Row]) -> dict[str, dict[str, int]]:
    """License → how many of the documents that were read are kept and dropped at the end."""
    counts: dict[str, dict[str, int]] = {}
    for row in rows:
        entry = counts.setdefault(row["license"], {"kept": 0, "dropped": 0})
        if row["step"] == FIRST:
            entry["dropped"] += row["documents"]
        elif row["step"] == LAST:
            entry["kept"] += row["documents"]
            entry["dropped"] -= row["documents"]
    return counts
