"""Scores with their unit, n, interval and task version, and how they compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from clairiere.evaluate.intervals import Interval, Units, bits_per_byte
from clairiere.evaluate.perplexity import TASK_VERSION, Usage

METRIC = "bits_per_byte"
UNIT = "bit/byte"
OVERALL = "overall"


@dataclass(frozen=True, kw_only=True)
class Score:
    """Bits per byte of one model on one source's test split."""

    phase: str
    source: str
    category: str | None
    value: float
    low: float
    high: float
    n_documents: int
    n_bytes: int
    n_tokens: int
    resampled: str
    """What the 95 % interval resamples."""
    metric: str = METRIC
    unit: str = UNIT
    task_version: int = TASK_VERSION


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How much a model spends more (or, below zero, less) than the first one on the same text; paired resamples."""

    phase: str
    base: str
    source: str
    value: float
    low: float
    high: float
    unit: str = UNIT


@dataclass(frozen=True)
class Bootstrap:
    """How intervals are drawn."""

    resamples: int
    seed: int

    def interval(self, strata: Sequence[Units]) -> tuple[float, float, float]:
        """Value, low and high; a single unit allows no interval, and low and high are the value then."""
        found: Interval = bits_per_byte(strata, resamples=self.resamples, seed=self.seed)
        low = found.value if found.low is None else min(found.low, found.value)
        high = found.value if found.high is None else max(found.high, found.value)
        return found.value, low, high


def scores(
    usages: Mapping[str, Mapping[str, Usage]], categories: Mapping[str, str | None], bootstrap: Bootstrap
) -> list[Score]:
    """A score for each model and source.

    Args:
        usages: by model, then by source.
        categories: by source.
        bootstrap: of the intervals.
    """
    return [
        _score(phase, source, categories[source], [usage], bootstrap)
        for phase, by_source in usages.items()
        for source, usage in by_source.items()
    ]


def overall_scores(usages: Mapping[str, Mapping[str, Usage]], bootstrap: Bootstrap) -> list[Score]:
    """A score over all sources for each model."""
    return [_score(phase, OVERALL, None, list(by_source.values()), bootstrap) for phase, by_source in usages.items()]


def differences(usages: Mapping[str, Mapping[str, Usage]], bootstrap: Bootstrap) -> list[Difference]:
    """Each later model against the first, by source and, last, overall.

    Documents are paired; the windows of a single document are where the models' tokenizers are the same, else the
    difference of the whole has no interval.
    """
    names = list(usages)
    found = []
    for name in names[1:]:
        base = usages[names[0]]
        pairs = {source: _paired(usage, base[source]) for source, usage in usages[name].items()}
        by_source = [*((source, [units]) for source, units in pairs.items()), (OVERALL, list(pairs.values()))]
        for source, strata in by_source:
            value, low, high = bootstrap.interval(strata)
            found.append(Difference(phase=name, base=names[0], source=source, value=value, low=low, high=high))
    return found


def to_json(values: Sequence[Score] | Sequence[Difference]) -> list[dict[str, Any]]:
    """Plain values."""
    return [asdict(value) for value in values]


def _score(phase: str, source: str, category: str | None, usages: Sequence[Usage], bootstrap: Bootstrap) -> Score:
    value, low, high = bootstrap.interval([usage.units for usage in usages])
    return Score(
        phase=phase,
        source=source,
        category=category,
        value=value,
        low=low,
        high=high,
        n_documents=sum(usage.documents for usage in usages),
        n_bytes=sum(int(usage.units.bytes_U.sum()) for usage in usages),
        n_tokens=sum(usage.tokens for usage in usages),
        resampled=" and ".join(sorted({usage.resampled for usage in usages})),
    )


def _paired(usage: Usage, base: Usage) -> Units:
    if usage.units.bytes_U.tolist() == base.units.bytes_U.tolist():
        return usage.units.minus(base.units)
    return _whole(usage.units).minus(_whole(base.units))


def _whole(units: Units) -> Units:
    return Units(units.bits_U.sum(keepdims=True), units.bytes_U.sum(keepdims=True))
