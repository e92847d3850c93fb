"""Drop documents with too few or too many words."""

from __future__ import annotations

from typing import Any

from clairiere.curate.batch import Batch
from clairiere.curate.options import CurateOptions

NEEDS_FEATURES = False


def judge_batch(batch: Batch, _features: Any, options: CurateOptions) -> list[str | None]:
    """Keep documents with `min_words` to `max_words` words; reasons: `too-short`, `too-long`."""
    return [_reason(words, options) for words in batch.words.tolist()]


def _reason(words: int, options: CurateOptions) -> str | None:
    if words < options.min_words:
        return "too-short"
    if options.max_words is not None and words > options.max_words:
        return "too-long"
    return None
