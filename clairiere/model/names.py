"""Our parameters and the tensors that transformers stores, to the bit in both directions.

Ours stack what theirs keeps apart (q, k, v; gate, up) and order the rows of what theirs interleaves (Falcon's heads).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from clairiere.model import sizes
from clairiere.model.shape import Projection, Shape


@dataclass(frozen=True)
class Stored:
    """One parameter of ours and the tensors of theirs that hold its rows, in order."""

    ours: str
    theirs: Mapping[str, tuple[int, ...]]
    """Name → size."""
    row_blocks: tuple[int, ...] | None = None

    def join(self, tensors: list[Tensor]) -> Tensor:
        """Their tensors as our parameter."""
        stacked = tensors[0] if len(tensors) == 1 else torch.cat(tensors)
        return reorder(stacked, self.row_blocks)

    def split(self, parameter: Tensor) -> dict[str, Tensor]:
        """Our parameter as their tensors."""
        rows = [size[0] for size in self.theirs.values()]
        pieces = torch.split(restore(parameter, self.row_blocks), rows)
        return dict(zip(self.theirs, pieces, strict=True))


def reorder(rows: Tensor, row_blocks: tuple[int, ...] | None) -> Tensor:
    """Rows in their order put in ours: our block i is their block row_blocks[i]."""
    if row_blocks is None:
        return rows
    blocks = rows.view(len(row_blocks), -1, *rows.shape[1:])
    return blocks[torch.tensor(row_blocks, device=rows.device)].flatten(0, 1)


def restore(rows: Tensor, row_blocks: tuple[int, ...] | None) -> Tensor:
    """Rows in our order put back in theirs."""
    if row_blocks is None:
        return rows
    inverse = sorted(range(len(row_blocks)), key=row_blocks.__getitem__)
    return reorder(rows, tuple(inverse))


def stored_tensors(shape: Shape) -> Iterator[Stored]:
    """Every parameter of a decoder, in the order of the forward pass; a tied head is not stored."""
    parts = sizes.architecture(shape)
    table = (shape.vocabulary_size, shape.hidden_size)
    yield Stored("embedding.weight", {f"{parts.embedding}.weight": table})
    for index in range(shape.num_hidden_layers):
        ours, theirs = f"layers.{index}", parts.layer.format(index)
        for name, their_name in parts.norms():
            yield from _norm(f"{ours}.{name}", f"{theirs}.{their_name}", shape, parts.norm)
        for name, projection in parts.projections():
            yield from _projection(f"{ours}.{name}", theirs, projection)
    yield from _norm("final_norm", parts.final_norm, shape, parts.norm)
    if not shape.tie_word_embeddings:
        yield Stored("head.weight", {f"{parts.head}.weight": table})


def _norm(ours: str, theirs: str, shape: Shape, kind: str) -> Iterator[Stored]:
    for tensor in ("weight", "bias") if kind == "layer" else ("weight",):
        yield Stored(f"{ours}.{tensor}", {f"{theirs}.{tensor}": (shape.hidden_size,)})


def _projection(ours: str, their_layer: str, projection: Projection) -> Iterator[Stored]:
    weights = {f"{their_layer}.{part.name}.weight": (part.rows, projection.columns) for part in projection.parts}
    yield Stored(f"{ours}.weight", weights, projection.row_blocks)
    if projection.bias:
        biases = {f"{their_layer}.{part.name}.bias": (part.rows,) for part in projection.parts}
        yield Stored(f"{ours}.bias", biases, projection.row_blocks)
