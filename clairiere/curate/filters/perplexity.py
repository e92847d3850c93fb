"""Text unlike the clean text of its language, by limits per source or category; there are none by default."""

from __future__ import annotations

from clairiere.curate.batch import Batch
from clairiere.curate.options import CurateOptions
from clairiere.curate.quality import rules as quality
from clairiere.curate.quality.features import Features

REASONS = ("perplexity",)


def judge_batch(batch: Batch, features: Features, options: CurateOptions) -> list[str | None]:
    """The reason to drop each document, one of `REASONS`, or None."""
    return quality.judge_batch(batch, features, options.quality, REASONS)
