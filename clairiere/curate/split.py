"""Train, validation and test by hash of the document id: the same on every machine and for every order of files.

A document's place is the first 64 bits of the SHA-256 of its id, read as a number in [0, 1). Places below
`test_share` are test, the next `validation_share` are validation, the rest is train. Documents of one group (editions
of one work, near-duplicates) are split together, at the place of the group's first document, across all sources.
Where a source has at least three documents and a wanted split came out empty, the group whose place is nearest to that
split's interval moves into it: one of the smallest groups that lie in the source alone and leave their split others. So
every such source can be trained on and evaluated.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clairiere.curate.batch import Int64s

SPLITS = ("train", "validation", "test")
"""The splits, in the order of their codes."""
SMALLEST_DIVISIBLE_SOURCE = 3
"""Documents a source needs before an empty split is filled."""

Places = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int8]
_TRAIN, _VALIDATION, _TEST = range(3)


@dataclass(frozen=True)
class Shares:
    """The shares of documents that are held out."""

    test: float
    validation: float

    def codes(self, places: Places) -> Codes:
        """int8 [places]: the code of the split that each place falls into."""
        codes = np.full(len(places), _TRAIN, np.int8)
        codes[places < self.test + self.validation] = _VALIDATION
        codes[places < self.test] = _TEST
        return codes

    @property
    def bounds(self) -> dict[int, tuple[float, float]]:
        """Code → the interval of places of each wanted split, the smaller ones first."""
        held_out = self.test + self.validation
        bounds = {_TEST: (0.0, self.test), _VALIDATION: (self.test, held_out), _TRAIN: (held_out, 1.0)}
        return {code: (low, high) for code, (low, high) in bounds.items() if high > low}


def place(document_id: str) -> float:
    """Where the id falls in [0, 1)."""
    head = hashlib.sha256(document_id.encode()).digest()[:8]
    return (int.from_bytes(head, "big") >> 11) / 2**53


def assign(places: Places, groups: Int64s, movable: npt.NDArray[np.bool_], shares: Shares) -> Codes:
    """The splits of one source's documents.

    Args:
        places: float64 [documents], of the first document of each one's group.
        groups: int64 [documents], the group of each document.
        movable: bool [documents], whether the group lies in this source alone.
        shares: of the splits that are held out.

    Returns:
        int8 [documents], codes of `SPLITS`.
    """
    codes = shares.codes(places)
    if len(codes) >= SMALLEST_DIVISIBLE_SOURCE:
        for split, (low, high) in shares.bounds.items():
            if not (codes == split).any():
                codes[_nearest(places, groups, movable, codes, low, high)] = split
    return codes


def _nearest(
    places: Places, groups: Int64s, movable: npt.NDArray[np.bool_], codes: Codes, low: float, high: float
) -> npt.NDArray[np.bool_]:
    """The documents of the group to move into [low, high); none where every group is needed where it is."""
    _, first, members, sizes = np.unique(groups, return_index=True, return_inverse=True, return_counts=True)
    free = movable[first] & (sizes < np.bincount(codes, minlength=len(SPLITS))[codes[first]])
    if not free.any():
        return np.zeros(len(codes), bool)
    distances = np.maximum(low - places[first], places[first] - high)
    best = min(np.flatnonzero(free).tolist(), key=lambda group: (sizes[group], distances[group], first[group]))
    return np.asarray(members == best)
