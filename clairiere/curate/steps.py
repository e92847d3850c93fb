"""The steps that look at one document at a time, in their order: each takes a batch and gives one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from clairiere.curate import turns
from clairiere.curate.batch import Batch
from clairiere.curate.flow import FIRST, LAST
from clairiere.curate.judges import Judge, judge_all, load_judge
from clairiere.curate.options import CurateOptions

EMPTY = "empty"


@dataclass(frozen=True)
class Tools:
    """What the steps of a recipe need, opened once per worker."""

    options: CurateOptions
    judges: Sequence[Judge]

    @classmethod
    def open(cls, options: CurateOptions) -> Tools:
        """The tools for these options.

        Raises:
            UnknownNameError: a filter of `options.filters` does not exist.
        """
        return cls(options, [load_judge(name) for name in options.filters])


@dataclass(frozen=True)
class Outcome:
    """What a step made of a batch.

    Args:
        batch: the documents, also those to drop.
        reasons: why each is to be dropped, or None.
        changed: what was changed, counted by kind.
        twins: of what a dropped document is a copy, where the step knows it.
    """

    batch: Batch
    reasons: Sequence[str | None]
    changed: Counter[str] = field(default_factory=Counter)
    twins: Sequence[str | None] | None = None


def _normalize(batch: Batch, tools: Tools) -> Outcome:
    normalized, changed = turns.normalize(batch, tools.options)
    reasons = [EMPTY if start == end else None for start, end in normalized.bounds()]
    return Outcome(normalized, reasons, changed)


def _filter(batch: Batch, tools: Tools) -> Outcome:
    return Outcome(batch, judge_all(tools.judges, batch, None, tools.options))


STEPS: Mapping[str, Callable[[Batch, Tools], Outcome]] = {
    "normalize": _normalize,
    "filters": _filter,
}
"""Name → step, in the order in which they run."""

NAMES = (FIRST, *STEPS, LAST)
"""The moments at which what is left is counted."""
