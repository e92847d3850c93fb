"""Text that OCR damaged, by its engine's confidence, the words that clean text holds, and perplexity."""

from __future__ import annotations

from clairiere.curate.batch import Batch
from clairiere.curate.options import CurateOptions
from clairiere.curate.quality import rules as quality
from clairiere.curate.quality.features import Features

REASONS = ("ocr",)


def judge_batch(batch: Batch, features: Features, options: CurateOptions) -> list[str | None]:
    """The reason to drop each document, one of `REASONS`, or None."""
    return quality.judge_batch(batch, features, options.quality, REASONS)
