"""The bootstrap against hand-computed and known cases."""

from __future__ import annotations

import numpy as np
import pytest

from clairiere.evaluate import intervals
from clairiere.evaluate.intervals import Units, bits_per_byte


def units(bits: list[float], sizes: list[int]) -> Units:
    return Units(np.array(bits), np.array(sizes))


def test_value_is_the_ratio_of_sums_and_not_the_mean_of_ratios() -> None:
    interval = bits_per_byte([units([10.0, 10.0], [10, 5])], resamples=50, seed=1)
    assert interval.value == pytest.approx(20 / 15)


def test_units_with_one_ratio_have_an_interval_without_width() -> None:
    interval = bits_per_byte([units([2.0, 4.0, 8.0], [1, 2, 4])], resamples=100, seed=1)
    assert (interval.low, interval.high) == (pytest.approx(2.0), pytest.approx(2.0))


def test_one_unit_allows_no_interval() -> None:
    interval = bits_per_byte([units([3.0], [2])], resamples=100, seed=1)
    assert interval == intervals.Interval(1.5, None, None)


def test_width_agrees_with_the_normal_theory_for_many_units() -> None:
    bits = np.random.default_rng(0).normal(200.0, 20.0, size=400)
    interval = bits_per_byte([Units(bits, np.full(400, 100))], resamples=4_000, seed=1)
    assert interval.low is not None
    assert interval.high is not None
    half_width = 1.96 * bits.std() / 100 / np.sqrt(400)
    assert (interval.high - interval.low) / 2 == pytest.approx(half_width, rel=0.06)


def test_same_seed_same_interval_and_chunks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    stratum = units([1.0, 5.0, 2.0, 7.0], [3, 3, 3, 3])
    whole = bits_per_byte([stratum], resamples=200, seed=3)
    monkeypatch.setattr(intervals, "DRAWS_AT_ONCE", 40)
    assert bits_per_byte([stratum], resamples=200, seed=3) == whole
    assert bits_per_byte([stratum], resamples=200, seed=4) != whole


def test_a_difference_is_paired() -> None:
    generator = np.random.default_rng(2)
    base = Units(generator.normal(300.0, 60.0, size=50), np.full(50, 100))
    adapted = Units(base.bits_U - 10.0, base.bytes_U)
    interval = bits_per_byte([adapted.minus(base)], resamples=500, seed=1)
    assert interval.value == pytest.approx(-0.1)
    assert interval.low == pytest.approx(interval.high), "document difficulty cancels out"


def test_strata_keep_their_shares() -> None:
    small, large = units([1.0, 1.0], [1, 1]), units([300.0] * 3, [100] * 3)
    interval = bits_per_byte([small, large], resamples=100, seed=1)
    assert interval.low == pytest.approx(interval.value) == pytest.approx(interval.high)
