"""Train, validation and test by hash of the document id: the same on every machine and for every order of files.

A document's place is the first 64 bits of the SHA-256 of its id, read as a number in [0, 1). Places below
`test_share` are test, the next `validation_share` are validation, the rest is train. Where a source has at least three
documents and a wanted split came out empty, the document whose place is nearest to that split's interval moves into
it, out of a split that has another one: so every such source can be trained on and evaluated.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

SPLITS = ("train", "validation", "test")
SMALLEST_DIVISIBLE_SOURCE = 3
"""Documents a source needs before an empty split is filled."""


def place(document_id: str) -> float:
    """Where the id falls in [0, 1)."""
    head = hashlib.sha256(document_id.encode()).digest()[:8]
    return (int.from_bytes(head, "big") >> 11) / 2**53


def assign(ids: Sequence[str], *, test_share: float, validation_share: float) -> dict[str, str]:
    """Document id → split, for the ids of one source."""
    bounds = {
        "test": (0.0, test_share),
        "validation": (test_share, test_share + validation_share),
        "train": (test_share + validation_share, 1.0),
    }
    places = {document_id: place(document_id) for document_id in ids}
    splits = {document_id: _split_at(where, bounds) for document_id, where in places.items()}
    if len(splits) >= SMALLEST_DIVISIBLE_SOURCE:
        for split, (low, high) in bounds.items():
            if high > low and split not in splits.values():
                splits[_nearest(places, splits, low, high)] = split
    return splits


def _split_at(where: float, bounds: dict[str, tuple[float, float]]) -> str:
    return next((split for split, (_, high) in bounds.items() if where < high), "train")


def _nearest(places: dict[str, float], splits: dict[str, str], low: float, high: float) -> str:
    """The id nearest to [low, high) among those whose split keeps another document; ties by id."""
    sizes = Counter(splits.values())
    movable = (document_id for document_id, split in splits.items() if sizes[split] > 1)
    return min(
        movable, key=lambda document_id: (max(low - places[document_id], places[document_id] - high), document_id)
    )
