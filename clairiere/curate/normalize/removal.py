"""Turns that a step takes out of a batch."""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt

from clairiere.curate.batch import Batch
from clairiere.curate.normalize import turns
from clairiere.curate.normalize.text import LAYOUT_CATEGORIES


def drop_turns(batch: Batch, dropped: npt.NDArray[np.bool_]) -> Batch:
    """The batch without some turns; neighbors of one speaker that meet are made one, stage directions follow.

    Args:
        batch: normalized documents.
        dropped: bool [turns].
    """
    if not dropped.any():
        return batch
    layout = [category in LAYOUT_CATEGORIES for category in batch.columns["category"]]
    return turns.merge(batch, dropped, layout, "keep", Counter())


def drop_empty(batch: Batch) -> Batch:
    """The batch without turns that have no text left."""
    return drop_turns(batch, np.fromiter((not text or text.isspace() for text in batch.texts), bool, len(batch.texts)))
