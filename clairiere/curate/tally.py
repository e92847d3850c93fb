"""What became of a source's documents: kept and dropped by reason and by license, and what was changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clairiere.record import Document

DUPLICATE = "duplicate"
NO_LICENSE = "unknown"


@dataclass
class Tally:
    """Counts of one source; `ids` and `digests` are those of the kept documents, in order."""

    ids: list[str] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    duplicates: Counter[str] = field(default_factory=Counter)
    """Duplicates dropped, by the source that the text was kept from."""
    changed: Counter[str] = field(default_factory=Counter)
    """Turns changed, by step of the normalization."""
    by_license: dict[str, dict[str, int]] = field(default_factory=dict)

    def keep(self, document: Document, digest: str) -> None:
        self.ids.append(document.id)
        self.digests.append(digest)
        self._of(document)["kept"] += 1

    def drop(self, document: Document, reason: str) -> None:
        self.dropped[reason] += 1
        self._of(document)["dropped"] += 1

    def drop_duplicate(self, document: Document, *, of: str) -> None:
        self.drop(document, DUPLICATE)
        self.duplicates[of] += 1

    def _of(self, document: Document) -> dict[str, int]:
        return self.by_license.setdefault(document.license or NO_LICENSE, {"kept": 0, "dropped": 0})

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, from which `merge_counts` makes the manifest's counts."""
        return {
            "kept": len(self.ids),
            "dropped": dict(self.dropped),
            "duplicates": dict(self.duplicates),
            "changed": dict(+self.changed),
            "by_license": self.by_license,
            "digests": self.digests,
        }


def merge_counts(results: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The manifest's counts: each kind by source, `by_license` over all sources."""
    kinds = ("kept", "dropped", "duplicates", "changed")
    counts: dict[str, Any] = {kind: {name: result[kind] for name, result in results.items()} for kind in kinds}
    by_license: dict[str, Counter[str]] = {}
    for result in results.values():
        for license_id, numbers in result["by_license"].items():
            by_license.setdefault(license_id, Counter()).update(numbers)
    return {**counts, "by_license": {license_id: dict(numbers) for license_id, numbers in by_license.items()}}
