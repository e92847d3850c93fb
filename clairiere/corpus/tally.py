"""What became of a source: files read, documents kept and dropped by reason and by license."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clairiere.corpus.files.encodings import UTF_8
from clairiere.corpus.files.source_file import STATED, SourceFile
from clairiere.corpus.shards import Size
from clairiere.errors import UnreadableError
from clairiere.record import Document

NO_LICENSE = "unknown"
LISTED_PROBLEMS = 1000
"""Of one source; all are counted."""


@dataclass
class Tally:
    """Counts of a source, or of a part of it, while it is read."""

    files: int = 0
    """That were opened."""
    lost_files: int = 0
    """Of these, so many could not be read to their end, or gave no document."""
    records: int = 0
    """Documents that were read, and records that could not be."""
    lost_records: int = 0
    unopened: list[dict[str, str]] = field(default_factory=list)
    """`where` and `found` of each file that could not even be opened; parts of one archive all say it."""
    unreadable: list[dict[str, str]] = field(default_factory=list)
    """`where` (file and line) and `found` of each file or record that could not be read, as many as are listed."""
    encodings: Counter[str] = field(default_factory=Counter)
    """Files by encoding, of those not in UTF-8."""
    dropped: Counter[str] = field(default_factory=Counter)
    """By reason."""
    by_license: dict[str, Counter[str]] = field(default_factory=dict)
    """`kept` and `dropped` by license."""
    stated_licenses: Counter[str] = field(default_factory=Counter)
    """Documents by the license that they state and their source card does not name."""
    categories: Counter[str] = field(default_factory=Counter)
    documents: int = 0
    words: int = 0
    bytes: int = 0

    def keep(self, document: Document) -> None:
        """Count a document that is kept; what was written says how large it is."""
        self._count(document, "kept")
        self.categories[document.category or "unknown"] += 1

    def drop(self, document: Document, reason: str) -> None:
        """Count a document that is dropped."""
        self._count(document, "dropped")
        self.dropped[reason] += 1

    def lose(self, error: UnreadableError) -> None:
        """Count a file or a record that could not be read."""
        self.dropped["unreadable"] += 1
        if len(self.unreadable) < LISTED_PROBLEMS:
            self.unreadable.append({"where": error.where or "", "found": error.found})

    def miss(self, error: UnreadableError, root: Path) -> None:
        """Count a file that could not be opened; it is named relative to `root`, as on every machine."""
        where = (error.where or "").removeprefix(f"{root}/").removeprefix(f"{root.parent}/")
        self.unopened.append({"where": where, "found": error.found})

    def finish(self, file: SourceFile) -> None:
        """Note what a file that has been read turned out to be, and what was left out of it on purpose."""
        self.dropped.update(file.skipped)
        if file.encoding not in (None, UTF_8):
            self.encodings[str(file.encoding)] += 1

    def measure(self, size: Size) -> None:
        """Add what was written."""
        self.documents += size.documents
        self.words += size.words
        self.bytes += size.bytes

    def _count(self, document: Document, fate: str) -> None:
        self.by_license.setdefault(document.license or NO_LICENSE, Counter(kept=0, dropped=0))[fate] += 1
        if STATED in document.meta:
            self.stated_licenses[document.meta[STATED]] += 1

    def to_json(self) -> dict[str, Any]:
        """Plain values; `dropped` and `files` count what was not opened too."""
        return {**vars(self), "by_license": {name: dict(numbers) for name, numbers in sorted(self.by_license.items())}}


def merge(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The counts of a source from those of its parts, in their order."""
    total = Tally()
    for part in parts:
        for name in ("files", "lost_files", "records", "lost_records", "documents", "words", "bytes"):
            setattr(total, name, getattr(total, name) + part[name])
        for name in ("encodings", "dropped", "stated_licenses", "categories"):
            getattr(total, name).update(part[name])
        total.unopened += part["unopened"]
        total.unreadable += part["unreadable"]
        for license_id, numbers in part["by_license"].items():
            total.by_license.setdefault(license_id, Counter()).update(numbers)
    total.unopened = list({(problem["where"], problem["found"]): problem for problem in total.unopened}.values())
    return _closed(total)


def _closed(total: Tally) -> dict[str, Any]:
    """What could not be opened, counted with the rest."""
    counts = total.to_json()
    problems = sorted(
        [*counts.pop("unopened"), *total.unreadable], key=lambda problem: (problem["where"], problem["found"])
    )
    dropped = total.dropped + Counter(unreadable=len(total.unopened))
    return {
        **counts,
        "files": total.files + len(total.unopened),
        "lost_files": total.lost_files + len(total.unopened),
        "unreadable": problems[:LISTED_PROBLEMS],
        "dropped": dict(sorted(dropped.items())),
        "encodings": dict(sorted(total.encodings.items())),
        "stated_licenses": dict(sorted(total.stated_licenses.items())),
        "categories": dict(sorted(total.categories.items())),
    }


def summarize(tallies: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The manifest's counts: kept, dropped, unreadable, encodings and stated licenses by source; those by license."""
    return {
        "kept": {name: tally["documents"] for name, tally in tallies.items()},
        "dropped": {name: tally["dropped"] for name, tally in tallies.items()},
        "unreadable": {name: tally["unreadable"] for name, tally in tallies.items() if tally["unreadable"]},
        "encodings": {name: tally["encodings"] for name, tally in tallies.items() if tally["encodings"]},
        "stated_licenses": {
            name: tally["stated_licenses"] for name, tally in tallies.items() if tally["stated_licenses"]
        },
        "by_license": _added(tally["by_license"] for tally in tallies.values()),
    }


def _added(parts: Iterable[Mapping[str, Mapping[str, int]]]) -> dict[str, dict[str, int]]:
    total: dict[str, Counter[str]] = {}
    for part in parts:
        for name, numbers in part.items():
            total.setdefault(name, Counter()).update(numbers)
    return {name: dict(numbers) for name, numbers in sorted(total.items())}
