"""Temperature, top-k, top-p and the draw against float64 references."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from clairiere.errors import ModelError, RequestError
from clairiere.generate.sampling import (
    Sampling,
    draw,
    generators,
    heat,
    keep_top_k,
    keep_top_p,
    next_ids,
    probabilities,
)

logits = st.lists(st.floats(-30, 30, width=32), min_size=1, max_size=12)


def reference(scores: list[float], temperature: float, k: int, p: float) -> list[float]:
    """The distribution, computed one token at a time."""
    heated = [(score - max(scores)) / temperature for score in scores]
    order = sorted(range(len(scores)), key=lambda at: -heated[at])
    kept = [at for at in order if k == 0 or heated[at] >= heated[order[min(k, len(order)) - 1]]]
    weights = {at: math.exp(heated[at]) for at in kept}
    total, before, nucleus = sum(weights.values()), 0.0, {}
    for at in kept:
        if before < p:
            nucleus[at] = weights[at]
        before += weights[at] / total
    return [nucleus.get(at, 0.0) / sum(nucleus.values()) for at in range(len(scores))]


@settings(deadline=None)
@given(logits, st.floats(0.05, 5), st.integers(0, 12), st.sampled_from([0.1, 0.313, 0.77, 0.9501]))
def test_probabilities_equal_the_reference(scores: list[float], temperature: float, k: int, p: float) -> None:
    sampling = Sampling(temperature=temperature, top_k=k, top_p=p)
    found = probabilities(torch.tensor([scores], dtype=torch.float64), sampling)[0]
    torch.testing.assert_close(found, torch.tensor(reference(scores, temperature, k, p), dtype=torch.float64))


def test_top_k_keeps_the_greatest_and_ties() -> None:
    scores = torch.tensor([[1.0, 3.0, 2.0, 2.0, 0.0]])
    assert keep_top_k(scores, 2).isfinite().tolist() == [[False, True, True, True, False]]
    assert keep_top_k(scores, 1).isfinite().tolist() == [[False, True, False, False, False]]
    assert torch.equal(keep_top_k(scores, 0), scores)
    assert torch.equal(keep_top_k(scores, 9), scores)


def test_top_p_keeps_the_fewest_that_reach_it() -> None:
    scores = torch.tensor([[0.5, 0.3, 0.15, 0.05]], dtype=torch.float64).log()
    assert keep_top_p(scores, 0.7).isfinite().tolist() == [[True, True, False, False]]
    assert keep_top_p(scores, 0.81).isfinite().tolist() == [[True, True, True, False]]
    assert keep_top_p(scores, 1e-9).isfinite().tolist() == [[True, False, False, False]]
    assert torch.equal(keep_top_p(scores, 1.0), scores)


def test_no_temperature_is_too_small() -> None:
    heated = heat(torch.tensor([[3.0, 1.0, 3.0]], dtype=torch.float64), 1e-308)
    assert heated.tolist() == [[0.0, -math.inf, 0.0]]
    assert heated.softmax(-1).tolist() == [[0.5, 0.0, 0.5]]


def test_draw_inverts_the_cumulative_distribution() -> None:
    shares = torch.tensor([[0.0, 0.25, 0.0, 0.75, 0.0]], dtype=torch.float64).expand(5, -1)
    uniforms = torch.tensor([0.0, 0.2499, 0.25, 0.9, 1 - 2**-53], dtype=torch.float64)
    assert draw(shares, uniforms).tolist() == [1, 1, 3, 3, 3]


def test_draws_follow_the_distribution() -> None:
    shares = torch.tensor([0.1, 0.6, 0.3], dtype=torch.float64).expand(20_000, -1)
    uniforms = torch.rand(20_000, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    counts = draw(shares, uniforms).bincount(minlength=3) / 20_000
    torch.testing.assert_close(counts, torch.tensor([0.1, 0.6, 0.3]), atol=0.015, rtol=0)


def test_a_row_draws_the_same_however_many_there_are() -> None:
    scores = torch.randn(1, 50, generator=torch.Generator().manual_seed(0))
    sampling = Sampling(top_k=0)
    three = next_ids(scores.expand(3, -1), sampling, generators(7, 3))
    assert next_ids(scores, sampling, generators(7, 1)).tolist() == three[:1].tolist()
    draws = {tuple(next_ids(scores.expand(4, -1), sampling, generators(seed, 4)).tolist()) for seed in range(-3, 9)}
    assert len(draws) == 12


def test_temperature_zero_is_greedy() -> None:
    scores = torch.tensor([[1.0, 5.0, 2.0], [9.0, 0.0, 1.0]])
    assert next_ids(scores, Sampling(temperature=0, top_k=0), generators(0, 2)).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_tokens": 0}, "max_tokens is 0"),
        ({"temperature": -0.1}, "temperature is -0.1"),
        ({"temperature": math.nan}, "temperature is nan"),
        ({"temperature": math.inf}, "temperature is inf"),
        ({"top_k": -1}, "top_k is -1"),
        ({"top_p": 0.0}, "top_p is 0.0"),
        ({"top_p": 1.5}, "top_p is 1.5"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, float], message: str) -> None:
    with pytest.raises(RequestError, match=message) as caught:
        Sampling(**settings)
    assert f"give another {next(iter(settings))}" in str(caught.value)


def test_no_samples_are_refused() -> None:
    with pytest.raises(RequestError, match="samples is 0"):
        generators(1, 0)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_scores_that_are_not_numbers_are_an_error(bad: float) -> None:
    with pytest.raises(ModelError, match="scores that are not numbers") as caught:
        next_ids(torch.tensor([[0.0, bad]]), Sampling(), generators(0, 1))
    assert "training diverged" in str(caught.value)
