"""Keys and values of the tokens seen so far, for generation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from clairiere.model.layers import Decoder

FIRST_CAPACITY_TOKENS = 256


class Cache:
    """The keys and values of `rows` sequences of equal length, one store per layer, grown by doubling.

    Args:
        decoder: whose layers will fill it.
        rows: sequences that are continued side by side.
    """

    def __init__(self, decoder: Decoder, rows: int) -> None:
        self.rows = rows
        self.length = 0
        """Tokens of each row that every layer has seen."""
        self._stores: list[Tensor | None] = [None] * decoder.shape.num_hidden_layers

    def append(self, layer: int, k_BTKE: Tensor, v_BTKE: Tensor) -> tuple[Tensor, Tensor]:
        """Add a layer's new keys and values; returns those of all tokens so far, [B, length + T, K, E] each."""
        end = self.length + k_BTKE.shape[1]
        store = self._room(layer, end, k_BTKE)
        store[0, :, self.length : end] = k_BTKE
        store[1, :, self.length : end] = v_BTKE
        return store[0, :, :end], store[1, :, :end]

    def advance(self, tokens: int) -> None:
        """Say that every layer has added `tokens` tokens."""
        self.length += tokens

    def _room(self, layer: int, tokens: int, like: Tensor) -> Tensor:
        store = self._stores[layer]
        if store is not None and store.shape[2] >= tokens:
            return store
        capacity = max(FIRST_CAPACITY_TOKENS, 2 * tokens)
        larger = torch.empty((2, self.rows, capacity, *like.shape[2:]), dtype=like.dtype, device=like.device)
        if store is not None:
            larger[:, :, : self.length] = store[:, :, : self.length]
        self._stores[layer] = larger
        return larger
