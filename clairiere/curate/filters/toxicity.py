"""Text with many insults, by limits per source or category; there are none by default, and speech needs none."""

from __future__ import annotations

from clairiere.curate.batch import Batch
from clairiere.curate.options import CurateOptions
from clairiere.curate.quality import rules as quality
from clairiere.curate.quality.features import Features

REASONS = ("toxicity",)


def judge_batch(batch: Batch, features: Features, options: CurateOptions) -> list[str | None]:
    """The reason to drop each document, one of `REASONS`, or None."""
    return quality.judge_batch(batch, features, options.quality, REASONS)
