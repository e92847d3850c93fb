"""`curate/report.html`: what is left of the text after each step, what was dropped and changed, with samples, one page.

A pure function of the manifest's counts and the ledger; it needs no network and no script, and the same input gives the
same bytes.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from clairiere.curate import ledger
from clairiere.curate.batch import row_groups
from clairiere.curate.flow import UNITS
from clairiere.curate.privacy.redact import mask
from clairiere.curate.report.histograms import SCALES, Bins, add
from clairiere.curate.report.plots import bars, strip

REPORT = "report.html"
TEMPLATE = "report.html.jinja"
SAMPLES_PER_REASON = 5
GROUPS = ("source", "license", "language")


@dataclass(frozen=True)
class Sample:
    """A dropped document to look at."""

    id: str
    source: str
    step: str
    reason: str
    twin: str | None
    words: int
    excerpt: str


@dataclass(frozen=True)
class ReportInput:
    """What the report says.

    Args:
        steps: the moments at which is counted, in order, the first before any step.
        flow: rows of `step`, `source`, `license`, `language`, `documents`, `words` and `turns`.
        dropped: source → reason → documents.
        changed: source → what was changed → how often.
        samples: of what was dropped.
        histograms: source → distribution → documents in each bin (`report_histograms`).
    """

    steps: Sequence[str]
    flow: Sequence[Mapping[str, Any]]
    dropped: Mapping[str, Mapping[str, int]]
    changed: Mapping[str, Mapping[str, int]]
    samples: Sequence[Sample]
    histograms: Mapping[str, Bins]


def read_samples(removed: Path, per_reason: int = SAMPLES_PER_REASON) -> list[Sample]:
    """Some rows of the ledger for each reason, drawn by a hash of the document's id; personal data in them is masked.

    Args:
        removed: the ledger, `curate/removed.parquet`.
        per_reason: at most how many.

    Raises:
        ArtifactError: the ledger cannot be read.
    """
    drawn: dict[str, list[tuple[int, str, Sample]]] = {}
    for rows in row_groups(removed, ledger.SCHEMA):
        for row in rows.to_pylist():
            sample = Sample(**{name: row[name] for name in Sample.__dataclass_fields__})
            heap = drawn.setdefault(sample.reason, [])
            rank = -int.from_bytes(hashlib.sha256(sample.id.encode()).digest()[:8], "big")
            keep = heapq.heappush if len(heap) < per_reason else heapq.heappushpop
            keep(heap, (rank, sample.id, sample))
    samples = [sample for reason in sorted(drawn) for *_, sample in sorted(drawn[reason], reverse=True)]
    excerpts = mask([sample.excerpt for sample in samples])
    return [replace(sample, excerpt=excerpt) for sample, excerpt in zip(samples, excerpts, strict=True)]


def render(summary: ReportInput) -> str:
    """The page; all text of the corpus is escaped."""
    environment = Environment(
        loader=PackageLoader("clairiere.curate.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(TEMPLATE).render(
        steps=summary.steps,
        units=UNITS,
        total=_by(summary.flow, lambda _: "all").get("all", {}),
        groups={group: _by(summary.flow, lambda row, key=group: row[key]) for group in GROUPS},
        dropped=_table(summary.dropped),
        changed=_table(summary.changed),
        samples=_by_reason(summary.samples),
        figures=_figures(summary.histograms),
    )


def _by(flow: Iterable[Mapping[str, Any]], key: Any) -> dict[str, dict[str, Counter[str]]]:
    """Group → step → counts of what is left."""
    found: dict[str, dict[str, Counter[str]]] = {}
    for row in flow:
        counts = found.setdefault(key(row), {}).setdefault(row["step"], Counter())
        counts.update({unit: row[unit] for unit in UNITS})
    return dict(sorted(found.items()))


def _table(counts: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    """Kind → source → count, the most frequent kind first."""
    total: Counter[str] = Counter()
    for of_source in counts.values():
        total.update(of_source)
    kinds = sorted((kind for kind in total if total[kind]), key=lambda kind: (-total[kind], kind))
    return {kind: {source: each[kind] for source, each in sorted(counts.items()) if each.get(kind)} for kind in kinds}


def _by_reason(samples: Iterable[Sample]) -> dict[str, list[Sample]]:
    found: dict[str, list[Sample]] = {}
    for sample in samples:
        found.setdefault(sample.reason, []).append(sample)
    return found


def _figures(histograms: Mapping[str, Bins]) -> list[dict[str, Any]]:
    """For each distribution its title, the plot over all sources, and a strip for each source."""
    overall = add(histograms.values())
    return [
        {
            "title": SCALES[name].title,
            "plot": bars(counts, SCALES[name].edges),
            "strips": {source: strip(bins[name]) for source, bins in sorted(histograms.items()) if name in bins},
        }
        for name, counts in overall.items()
    ]
