"""The filters of a recipe: modules that judge documents, one by one or by columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from clairiere import plugins
from clairiere.curate.batch import Batch
from clairiere.curate.options import CurateOptions
from clairiere.errors import UnknownNameError

FILTERS = "clairiere.curate.filters"

JudgeBatch = Callable[[Batch, Any, CurateOptions], Sequence[str | None]]
"""Of a batch, its features and the options: the reason to drop each document, or None."""


@dataclass(frozen=True)
class Judge:
    """A filter that is ready to use."""

    judge_batch: JudgeBatch
    needs_features: bool
    """Whether it looks at the features; where no filter does, they are not measured."""


def load_judge(name: str) -> Judge:
    """The filter called `name`, or at a dotted path, for a batch.

    A filter has `judge_batch(batch, features, options) -> list[str | None]`, or for one document
    `judge(document, options) -> Verdict`. One that needs no features says so by `NEEDS_FEATURES = False`.

    Raises:
        UnknownNameError: there is no such module, or it has neither function.
    """
    module = plugins.load(FILTERS, name, "filter")
    if hasattr(module, "judge_batch"):
        return Judge(module.judge_batch, getattr(module, "NEEDS_FEATURES", True))
    if not hasattr(module, "judge"):
        raise UnknownNameError(
            f"the module `{name}` is not a filter",
            where=module.__name__,
            expected="a function `judge(document, options)` that returns a Verdict, or `judge_batch`",
            next_step="write the function, or correct [curate] filters",
        )
    return Judge(_one_by_one(module), needs_features=False)


def load_judges(options: CurateOptions) -> list[Judge]:
    """The filters that the options name, in order.

    Raises:
        UnknownNameError: one does not exist.
    """
    return [load_judge(name) for name in options.filters]


def need_features(judges: Sequence[Judge]) -> bool:
    """Whether any of the filters looks at features."""
    return any(judge.needs_features for judge in judges)


def _one_by_one(module: ModuleType) -> JudgeBatch:
    def judge_batch(batch: Batch, _features: Any, options: CurateOptions) -> list[str | None]:
        return [module.judge(batch.document(index), options).reason for index in range(len(batch))]

    return judge_batch


def judge_all(judges: Sequence[Judge], batch: Batch, features: Any, options: CurateOptions) -> list[str | None]:
    """The first reason that any judge gives to drop each document, in their order, or None."""
    reasons: list[str | None] = [None] * len(batch)
    for judge in judges:
        found = judge.judge_batch(batch, features, options)
        reasons = [first or second for first, second in zip(reasons, found, strict=True)]
    return reasons
