"""95 % intervals by the percentile bootstrap, of a ratio of sums over resampled units (Efron and Tibshirani, 1993).

Bits per byte is a ratio of sums: bits over the units of a text, divided by their bytes. Units are drawn with
replacement within each stratum (a source), so that an overall interval keeps every source's share. The draws depend on
the seed and the number of units alone: a difference of two models on the same units is thereby paired.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
DRAWS_AT_ONCE = 4_000_000
"""Largest resamples × units table in memory, in entries."""


@dataclass(frozen=True)
class Units:
    """What one stratum resamples: documents, or blocks of a single one."""

    bits_U: NDArray[np.float64]
    bytes_U: NDArray[np.int64]

    def minus(self, other: Units) -> Units:
        """The same units, with the bits that `other` needs more counted as negative."""
        return Units(self.bits_U - other.bits_U, self.bytes_U)


@dataclass(frozen=True)
class Interval:
    """A value and where it lies in 95 of 100 resamples; None where one unit allows no such statement."""

    value: float
    low: float | None
    high: float | None


def bits_per_byte(strata: Sequence[Units], *, resamples: int, seed: int) -> Interval:
    """Bits per byte over all strata, with its interval.

    Args:
        strata: at least one, each with at least one unit and one byte.
        resamples: bootstrap resamples.
        seed: of the draws.
    """
    total_bits = sum(float(units.bits_U.sum()) for units in strata)
    total_bytes = sum(int(units.bytes_U.sum()) for units in strata)
    value = total_bits / total_bytes
    if all(len(units.bits_U) == 1 for units in strata):
        return Interval(value, None, None)
    generator = np.random.default_rng(seed)
    sums_R2 = sum((_resampled_sums(units, resamples, generator) for units in strata), np.zeros((resamples, 2)))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(sums_R2[:, 0] / sums_R2[:, 1], [tail, 1 - tail])
    return Interval(value, float(low), float(high))


def _resampled_sums(units: Units, resamples: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Sums of bits and of bytes of each resample, shape [resamples, 2]."""
    count = len(units.bits_U)
    table_U2 = np.stack([units.bits_U, units.bytes_U.astype(np.float64)], axis=1)
    rows = max(1, DRAWS_AT_ONCE // count)
    parts = []
    for start in range(0, resamples, rows):
        size = min(rows, resamples - start)
        times_RU = generator.multinomial(count, np.full(count, 1 / count), size=size)
        parts.append(times_RU @ table_U2)
    return np.concatenate(parts)
