"""What became of a source: files read, documents kept and dropped by reason and by license."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clairiere.errors import UnreadableError
from clairiere.record import Document

NO_LICENSE = "unknown"


@dataclass
class Tally:
    """Counts of one source while it is read."""

    files: int = 0
    unreadable: list[dict[str, str]] = field(default_factory=list)
    """`where` (file and line) and `found` of each file that could not be read."""
    dropped: Counter[str] = field(default_factory=Counter)
    """By reason."""
    by_license: dict[str, Counter[str]] = field(default_factory=dict)
    """`kept` and `dropped` by license."""
    categories: Counter[str] = field(default_factory=Counter)
    documents: int = 0
    words: int = 0
    text_bytes: int = 0

    def keep(self, document: Document) -> None:
        """Count a document that is kept."""
        self._of(document.license)["kept"] += 1
        self.categories[document.category or "unknown"] += 1
        self.documents += 1
        self.words += document.word_count
        self.text_bytes += document.text_bytes

    def drop(self, document: Document, reason: str) -> None:
        """Count a document that is dropped."""
        self._of(document.license)["dropped"] += 1
        self.dropped[reason] += 1

    def lose(self, error: UnreadableError, root: Path) -> None:
        """Count a file that could not be read; it is named relative to `root`, as on every machine."""
        self.unreadable.append({"where": (error.where or "").removeprefix(f"{root}/"), "found": error.found})
        self.dropped["unreadable"] += 1

    def _of(self, license_id: str | None) -> Counter[str]:
        return self.by_license.setdefault(license_id or NO_LICENSE, Counter(kept=0, dropped=0))

    def to_json(self) -> dict[str, Any]:
        return {
            "files": self.files,
            "unreadable": self.unreadable,
            "dropped": dict(sorted(self.dropped.items())),
            "by_license": {name: dict(numbers) for name, numbers in sorted(self.by_license.items())},
            "categories": dict(sorted(self.categories.items())),
            "documents": self.documents,
            "words": self.words,
            "bytes": self.text_bytes,
        }


def summarize(tallies: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The manifest's counts: kept, dropped and unreadable by source, kept and dropped by license over all sources."""
    return {
        "kept": {name: tally["documents"] for name, tally in tallies.items()},
        "dropped": {name: tally["dropped"] for name, tally in tallies.items()},
        "unreadable": {name: tally["unreadable"] for name, tally in tallies.items() if tally["unreadable"]},
        "by_license": _added(tally["by_license"] for tally in tallies.values()),
    }


def _added(parts: Iterable[Mapping[str, Mapping[str, int]]]) -> dict[str, dict[str, int]]:
    total: dict[str, Counter[str]] = {}
    for part in parts:
        for name, numbers in part.items():
            total.setdefault(name, Counter()).update(numbers)
    return {name: dict(numbers) for name, numbers in sorted(total.items())}
