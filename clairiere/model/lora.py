"""A linear map with low-rank adapters beside it (LoRA: Hu et al., 2021).

W x becomes W x + (alpha / rank) B A x, with dropout on what A reads. The parts that our fused projections stack (q, k,
v; gate, up) are adapted each on its own and share the dropout mask.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from clairiere.model.layers import Linear
from clairiere.model.shape import Part, Projection


@dataclass(frozen=True)
class Lora:
    """The settings of the adapters on one projection."""

    rank: int
    alpha: float
    dropout: float

    @property
    def scale(self) -> float:
        return self.alpha / self.rank


class AdaptedLinear(Linear):
    """A frozen linear map with adapters on some of its parts.

    Args:
        base: the map, whose weights it shares.
        projection: its parts.
        adapted: the parts that get an adapter.
        lora: rank, scale, dropout.
    """

    def __init__(self, base: Linear, projection: Projection, adapted: Iterable[Part], lora: Lora) -> None:
        nn.Module.__init__(self)
        self.in_features, self.out_features = base.in_features, base.out_features
        self.weight, self.bias = base.weight, base.bias
        self.projection, self.adapted, self.lora = projection, tuple(adapted), lora
        device = base.weight.device
        rows = sum(part.rows for part in self.adapted)
        self.lora_a = nn.Parameter(torch.empty(len(self.adapted) * lora.rank, self.in_features, device=device))
        self.lora_b = nn.Parameter(torch.zeros(rows, lora.rank, device=device))

    def forward(self, x: Tensor) -> Tensor:
        dropped = functional.dropout(x, self.lora.dropout, self.training)
        inner = functional.linear(dropped, self.lora_a.to(x.dtype)) * self.lora.scale
        inners = dict(zip(self.adapted, torch.split(inner, self.lora.rank, dim=-1), strict=True))
        outs = dict(zip(self.adapted, self.rows_of(self.lora_b), strict=True))
        pieces = torch.split(super().forward(x), [part.rows for part in self.projection.parts], dim=-1)
        sums = [
            piece + functional.linear(inners[part], outs[part].to(x.dtype)) if part in inners else piece
            for part, piece in zip(self.projection.parts, pieces, strict=True)
        ]
        return sums[0] if len(sums) == 1 else torch.cat(sums, dim=-1)

    def rows_of(self, stacked: Tensor) -> tuple[Tensor, ...]:
        """What is stacked over the adapted parts, part by part."""
        return torch.split(stacked, [part.rows for part in self.adapted])

    def merged_weight(self) -> Tensor:
        """The weight with the adapters added, computed in float32 (or better)."""
        exact = torch.promote_types(self.weight.dtype, torch.float32)
        updates = {
            part: self.lora.scale * (b.to(exact) @ a.to(exact))
            for part, a, b in zip(
                self.adapted, torch.split(self.lora_a, self.lora.rank), self.rows_of(self.lora_b), strict=True
            )
        }
        pieces = torch.split(self.weight.to(exact), [part.rows for part in self.projection.parts])
        sums = [piece + updates.get(part, 0.0) for part, piece in zip(self.projection.parts, pieces, strict=True)]
        return torch.cat(sums).to(self.weight.dtype)
