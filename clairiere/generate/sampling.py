"""From scores to the next token: temperature, top-k, top-p, one draw.

Plain functions on logits, in the order of transformers (temperature, top-k, top-p) so that the same settings mean the
same distribution. Shapes: B rows, V vocabulary.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import torch
from torch import Tensor

from clairiere.errors import ModelError, RequestError


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How many tokens are drawn, and how.

    Raises:
        RequestError: a setting outside its range.
    """

    max_tokens: int = 200
    """At most so many tokens a sample."""
    temperature: float = 1.0
    """Divides the scores; 0 takes the most likely token (greedy)."""
    top_k: int = 10
    """Draw among so many most likely tokens; 0 means all."""
    top_p: float = 1.0
    """Draw among the fewest most likely tokens that have this share of the probability; 1 means all."""
    seed: int = 0
    """Of the draws."""

    def __post_init__(self) -> None:
        limits = {
            "max_tokens": (self.max_tokens >= 1, "a whole number of at least 1"),
            "temperature": (0 <= self.temperature < math.inf, "a number of at least 0; 0 is greedy"),
            "top_k": (self.top_k >= 0, "a whole number of at least 0; 0 means all tokens"),
            "top_p": (0 < self.top_p <= 1, "a number above 0, at most 1; 1 means all tokens"),
        }
        for name, (holds, expected) in limits.items():
            if not holds:
                raise RequestError(
                    f"{name} is {getattr(self, name)}", expected=expected, next_step=f"give another {name}"
                )


def next_ids(logits_BV: Tensor, sampling: Sampling, generators: list[torch.Generator]) -> Tensor:
    """The next token of each row, int64 [B]; row b draws from its own generator alone.

    Raises:
        ModelError: the scores are not numbers.
    """
    if not bool(torch.isfinite(logits_BV.amax(-1)).all()):
        raise ModelError(
            "scores that are not numbers",
            expected="a finite score for the next token",
            next_step="the weights are damaged, or training diverged: use an earlier checkpoint",
        )
    if sampling.temperature == 0:
        return logits_BV.argmax(-1)
    uniforms_B = torch.stack([torch.rand((), dtype=torch.float64, generator=each) for each in generators])
    return draw(probabilities(logits_BV, sampling), uniforms_B.to(logits_BV.device))


def probabilities(logits_BV: Tensor, sampling: Sampling) -> Tensor:
    """What is drawn from, float64 [B, V], each row of sum 1; the temperature is not 0."""
    scores_BV = heat(logits_BV.double(), sampling.temperature)
    scores_BV = keep_top_p(keep_top_k(scores_BV, sampling.top_k), sampling.top_p)
    return scores_BV.softmax(-1)


def heat(logits_BV: Tensor, temperature: float) -> Tensor:
    """Logits less their greatest, divided by the temperature: no temperature is too small."""
    return (logits_BV - logits_BV.amax(-1, keepdim=True)) / temperature


def keep_top_k(logits_BV: Tensor, k: int) -> Tensor:
    """Logits with -inf for all below the k-th greatest (Fan et al., 2018); ties with it stay; 0 keeps all."""
    if k == 0 or k >= logits_BV.shape[-1]:
        return logits_BV
    least_B1 = logits_BV.topk(k).values[..., -1:]
    return logits_BV.masked_fill(logits_BV < least_B1, -math.inf)


def keep_top_p(logits_BV: Tensor, p: float) -> Tensor:
    """Logits with -inf outside the nucleus: the fewest greatest with probability p (Holtzman et al., 2020)."""
    if p >= 1:
        return logits_BV
    sorted_BV, order_BV = logits_BV.sort(descending=True, stable=True)
    share_BV = sorted_BV.softmax(-1)
    before_BV = share_BV.cumsum(-1) - share_BV
    outside_BV = (before_BV >= p).scatter(-1, order_BV, before_BV >= p)
    return logits_BV.masked_fill(outside_BV, -math.inf)


def draw(probabilities_BV: Tensor, uniforms_B: Tensor) -> Tensor:
    """Tokens by inversion of the cumulative distribution, int64 [B]; a token of probability 0 is never drawn.

    Args:
        probabilities_BV: float64, rows of sum 1 or nearly.
        uniforms_B: float64 in [0, 1).
    """
    cumulative_BV = probabilities_BV.cumsum(-1)
    wanted_B1 = uniforms_B[:, None] * cumulative_BV[:, -1:]
    return torch.searchsorted(cumulative_BV, wanted_B1, right=True).squeeze(-1)


def generators(seed: int, rows: int) -> list[torch.Generator]:
    """A generator for each row, from (seed, row) alone: a row draws the same whatever the number of rows.

    Raises:
        RequestError: less than one row.
    """
    if rows < 1:
        raise RequestError(f"samples is {rows}", expected="at least 1", next_step="give another number of samples")
    return [torch.Generator().manual_seed(_row_seed(seed, row)) for row in range(rows)]


def _row_seed(seed: int, row: int) -> int:
    digest = hashlib.sha256(f"{seed}/{row}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
