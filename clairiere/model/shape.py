"""What a decoder is made of, as plain values: Shape (sizes) and Architecture (projections, norms, names). No torch.

A family's module turns a transformers config into a `Shape` and back, and gives the `Architecture` of a shape. Layers,
import, export, adapters and parameter counts all follow from these two; none of them knows a family's name.

Names used for sizes: D width of the residual stream, H query heads, K key and value heads, E width of a head,
V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from clairiere.errors import ModelError

Role = Literal["q", "k", "v", "output", "mlp", "head"]


@dataclass(frozen=True, kw_only=True)
class RopeScaling:
    """How rotary frequencies are stretched for contexts longer than those first trained on."""

    kind: Literal["linear", "llama3"]
    factor: float
    low_freq_factor: float = 1.0
    high_freq_factor: float = 4.0
    original_max_position_embeddings: int = 8192


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The sizes of a decoder, by the names of the transformers config.

    Raises:
        ModelError: sizes that do not fit each other.
    """

    family: str
    vocabulary_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    max_position_embeddings: int
    rope_theta: float = 10_000.0
    rope_scaling: RopeScaling | None = None
    norm_eps: float = 1e-5
    tie_word_embeddings: bool = True
    sliding_window: int | None = None
    """A token sees at most so many tokens, itself included."""
    initializer_range: float = 0.02
    extra: tuple[tuple[str, Any], ...] = field(default=())
    """A family's own switches, as sorted pairs."""

    def __post_init__(self) -> None:
        if self.num_attention_heads % self.num_key_value_heads:
            raise ModelError(
                f"{self.num_attention_heads} query heads cannot share {self.num_key_value_heads} key and value heads",
                expected="num_attention_heads is a multiple of num_key_value_heads",
                next_step="correct the two sizes",
            )
        if self.head_dim % 2:
            raise ModelError(
                f"heads of {self.head_dim} channels cannot be rotated in pairs",
                expected="an even head_dim (hidden_size / num_attention_heads unless given)",
                next_step="correct hidden_size, num_attention_heads or head_dim",
            )

    def switch(self, name: str) -> Any:
        """The value of one of the family's own switches."""
        return dict(self.extra)[name]


@dataclass(frozen=True)
class Part:
    """One linear map as transformers stores it."""

    name: str
    """Below the layer: "self_attn.q_proj"."""
    rows: int
    roles: tuple[Role, ...]
    """The adapter targets it stands for; several where transformers fuses them."""


@dataclass(frozen=True, kw_only=True)
class Projection:
    """One linear map of ours: parts of transformers', stacked by rows."""

    parts: tuple[Part, ...]
    columns: int
    bias: bool = False
    row_blocks: tuple[int, ...] | None = None
    """Our block of rows i is block row_blocks[i] of theirs (blocks of equal height); None where the order is theirs."""

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.parts)

    @property
    def parameters(self) -> int:
        return self.rows * (self.columns + self.bias)


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """The parts of a decoder in the order of the forward pass, and what transformers calls them."""

    embedding: str
    layer: str
    """Prefix of a layer's names, with `{}` for its index."""
    attention_norm: str
    mlp_norm: str | None
    """None: the MLP reads what the attention reads."""
    final_norm: str
    head: str
    norm: Literal["rms", "layer"]
    """RMSNorm (weight) or LayerNorm (weight and bias)."""
    parallel: bool
    """Attention and MLP both read the block's input and are added to it together."""
    activation: Literal["silu", "gelu"]
    gated: bool
    """The first half of `up` passes the activation and multiplies the second."""
    qkv: Projection
    output: Projection
    up: Projection
    down: Projection

    def projections(self) -> Iterator[tuple[str, Projection]]:
        """A layer's linear maps by our name below the layer."""
        yield "attention.qkv", self.qkv
        yield "attention.output", self.output
        yield "mlp.up", self.up
        yield "mlp.down", self.down

    def norms(self) -> Iterator[tuple[str, str]]:
        """A layer's norms: our name and theirs, below the layer."""
        yield "attention_norm", self.attention_norm
        if self.mlp_norm is not None:
            yield "mlp_norm", self.mlp_norm
