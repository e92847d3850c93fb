"""The decoder: embedding, blocks of attention and MLP, final norm, head.

Everything follows from a `Shape` and its `Architecture`; no family is named here. Parameters are made without values:
`build` fills them with fresh weights, `weights.load` with stored ones. Under autocast the projections multiply in bf16;
norms and rotations are float32.

Shapes: B rows, T tokens, N = B*T, D width, H query heads, K key and value heads, E head width, V vocabulary.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from clairiere.model import rotary, sizes
from clairiere.model.attention import attention, cached_attention
from clairiere.model.cache import Cache
from clairiere.model.shape import Architecture, Projection, Shape


class Linear(nn.Linear):
    """A linear map whose weights have no values yet."""

    def reset_parameters(self) -> None:
        """Nothing: `build` or `weights.load` fills them."""

    @classmethod
    def of(cls, projection: Projection) -> Linear:
        return cls(projection.columns, projection.rows, bias=projection.bias)


class Norm(nn.Module):
    """RMSNorm (Zhang and Sennrich, 2019) or, with a bias, LayerNorm; float32 inside whatever the input's dtype."""

    def __init__(self, width: int, eps: float, *, kind: str) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.empty(width))
        self.bias = nn.Parameter(torch.empty(width)) if kind == "layer" else None

    def forward(self, x: Tensor) -> Tensor:
        exact = x if x.dtype == torch.float64 else x.float()
        if self.bias is not None:
            weight, bias = self.weight.to(exact.dtype), self.bias.to(exact.dtype)
            return functional.layer_norm(exact, weight.shape, weight, bias, self.eps).to(x.dtype)
        scaled = exact * torch.rsqrt(exact.square().mean(-1, keepdim=True) + self.eps)
        return (self.weight * scaled).to(x.dtype)


class Positions:
    """Where the tokens stand: the documents' offsets and the rotation of each token within its document.

    Args:
        shape: of the decoder.
        ids_BT: the tokens.
        document_offsets: int32 over the flattened tokens, 0 first and B*T last; None: each row is one document.
        longest: tokens of the longest document or more; None: a row.
        cache: what the rows saw before these tokens; each row is one document then.
    """

    def __init__(
        self, shape: Shape, ids_BT: Tensor, document_offsets: Tensor | None, longest: int | None, cache: Cache | None
    ) -> None:
        rows, tokens = ids_BT.shape
        device = ids_BT.device
        if document_offsets is None:
            document_offsets = torch.arange(0, rows * tokens + 1, tokens, dtype=torch.int32, device=device)
        self.document_offsets = document_offsets
        self.longest = tokens if longest is None else longest
        self.rows = rows
        self.cache = cache
        index_N = torch.arange(rows * tokens, device=device)
        document_N = torch.searchsorted(document_offsets, index_N, right=True, out_int32=True) - 1
        position_N = index_N - document_offsets[document_N]
        if cache is not None:
            position_N = position_N + cache.length
        self.cos_N1E, self.sin_N1E = rotary.rotation(position_N, rotary.inverse_frequencies(shape, device))


class Attention(nn.Module):
    """Grouped-query attention with rotary positions; queries, keys and values come of one projection."""

    def __init__(self, shape: Shape, parts: Architecture, index: int) -> None:
        super().__init__()
        self.index = index
        self.heads = [shape.num_attention_heads, shape.num_key_value_heads, shape.num_key_value_heads]
        self.head_dim = shape.head_dim
        self.sliding_window = shape.sliding_window
        self.qkv = Linear.of(parts.qkv)
        self.output = Linear.of(parts.output)

    def forward(self, x_ND: Tensor, positions: Positions) -> Tensor:
        heads_NHE: Tensor = self.qkv(x_ND).view(len(x_ND), -1, self.head_dim)
        q_NHE, k_NKE, v_NKE = torch.split(heads_NHE, self.heads, dim=1)
        q_NHE = rotary.rotate(q_NHE, positions.cos_N1E, positions.sin_N1E)
        k_NKE = rotary.rotate(k_NKE, positions.cos_N1E, positions.sin_N1E)
        if positions.cache is None:
            seen = attention(
                q_NHE,
                k_NKE,
                v_NKE,
                positions.document_offsets,
                positions.longest,
                sliding_window=self.sliding_window,
            )
        else:
            seen = self._with_cache(q_NHE, k_NKE, v_NKE, positions.rows, positions.cache)
        out_ND: Tensor = self.output(seen.flatten(1))
        return out_ND

    def _with_cache(self, q_NHE: Tensor, k_NKE: Tensor, v_NKE: Tensor, rows: int, cache: Cache) -> Tensor:
        q_BTHE, k_BTKE, v_BTKE = (x.view(rows, -1, *x.shape[1:]) for x in (q_NHE, k_NKE, v_NKE))
        k_BSKE, v_BSKE = cache.append(self.index, k_BTKE, v_BTKE)
        return cached_attention(q_BTHE, k_BSKE, v_BSKE, sliding_window=self.sliding_window).flatten(0, 1)


class MLP(nn.Module):
    """Two projections with an activation between, gated or not (SwiGLU: Shazeer, 2020)."""

    def __init__(self, parts: Architecture) -> None:
        super().__init__()
        self.gated = parts.gated
        self.activation = functional.silu if parts.activation == "silu" else functional.gelu
        self.up = Linear.of(parts.up)
        self.down = Linear.of(parts.down)

    def forward(self, x_ND: Tensor) -> Tensor:
        if self.gated:
            gate, value = self.up(x_ND).chunk(2, dim=-1)
            inner = self.activation(gate) * value
        else:
            inner = self.activation(self.up(x_ND))
        out_ND: Tensor = self.down(inner)
        return out_ND


class Block(nn.Module):
    """One layer: attention and MLP around the residual stream, one after the other or side by side."""

    def __init__(self, shape: Shape, parts: Architecture, index: int) -> None:
        super().__init__()
        self.parallel = parts.parallel
        self.attention_norm = Norm(shape.hidden_size, shape.norm_eps, kind=parts.norm)
        self.attention = Attention(shape, parts, index)
        self.mlp_norm = None if parts.mlp_norm is None else Norm(shape.hidden_size, shape.norm_eps, kind=parts.norm)
        self.mlp = MLP(parts)

    def forward(self, x_ND: Tensor, positions: Positions) -> Tensor:
        normed_ND = self.attention_norm(x_ND)
        attended_ND = self.attention(normed_ND, positions)
        if not self.parallel:
            x_ND = x_ND + attended_ND
        if self.mlp_norm is not None:
            normed_ND = self.mlp_norm(x_ND)
        out_ND: Tensor = x_ND + self.mlp(normed_ND)
        return out_ND + attended_ND if self.parallel else out_ND


class Decoder(nn.Module):
    """A language model of any family.

    Args:
        shape: its sizes.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        parts = sizes.architecture(shape)
        self.shape = shape
        self.embedding = nn.Embedding(
            shape.vocabulary_size,
            shape.hidden_size,
            _weight=torch.empty(shape.vocabulary_size, shape.hidden_size),
        )
        self.layers = nn.ModuleList(Block(shape, parts, index) for index in range(shape.num_hidden_layers))
        self.final_norm = Norm(shape.hidden_size, shape.norm_eps, kind=parts.norm)
        self.head = Linear(shape.hidden_size, shape.vocabulary_size, bias=False)
        if shape.tie_word_embeddings:
            self.head.weight = self.embedding.weight

    def forward(
        self,
        ids_BT: Tensor,
        document_offsets: Tensor | None = None,
        longest: int | None = None,
        cache: Cache | None = None,
    ) -> Tensor:
        """The hidden states after the final norm, [B, T, D]; `logits` turns them into scores of the next token.

        Args:
            ids_BT: token ids.
            document_offsets: int32, where each document begins in the flattened tokens, 0 first and B*T last; tokens
                of different documents never see each other and positions restart. None: each row is one document.
            longest: tokens of the longest document or more, a plain number; None: T.
            cache: keys and values of the tokens before these, which it takes up too; rows are whole documents then.
        """
        positions = Positions(self.shape, ids_BT, document_offsets, longest, cache)
        x_ND = self.embedding(ids_BT.flatten())
        for block in self.layers:
            x_ND = block(x_ND, positions)
        if cache is not None:
            cache.advance(ids_BT.shape[1])
        hidden_BTD: Tensor = self.final_norm(x_ND).view(*ids_BT.shape, -1)
        return hidden_BTD

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores of the next token, [..., V] for hidden states [..., D]."""
        scores: Tensor = self.head(hidden)
        return scores
