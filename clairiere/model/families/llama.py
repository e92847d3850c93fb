"""Llama: RMSNorm, rotary positions, grouped key and value heads, a gated MLP (Touvron et al., 2023)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clairiere.errors import RecipeError
from clairiere.model.families import _config
from clairiere.model.options import ModelOptions
from clairiere.model.shape import Architecture, Part, Projection, Shape

CLASS = "LlamaForCausalLM"
DEFAULTS = {
    "num_key_value_heads": None,
    "hidden_act": "silu",
    "max_position_embeddings": 2048,
    "initializer_range": 0.02,
    "rms_norm_eps": 1e-6,
    "tie_word_embeddings": False,
    "attention_bias": False,
    "mlp_bias": False,
}
"""What transformers assumes where config.json is silent."""


def from_options(options: ModelOptions, vocabulary_size: int, sequence_length: int) -> Shape:
    """The shape that a recipe's `[model]` table describes.

    Raises:
        RecipeError: a sliding window, which Llama does not have.
    """
    if options.sliding_window is not None:
        raise RecipeError(
            "model.sliding_window: Llama has none",
            expected="no sliding_window, or another family",
            next_step='set model.family = "mistral", or leave the window out',
        )
    return gated(options, vocabulary_size, sequence_length, extra=(("attention_bias", False), ("mlp_bias", False)))


def gated(
    options: ModelOptions, vocabulary_size: int, sequence_length: int, *, extra: tuple[tuple[str, Any], ...]
) -> Shape:
    """A shape with a gated MLP, 8/3 of the width rounded up to a multiple of 64 unless the options say otherwise."""
    return Shape(
        family=options.family,
        vocabulary_size=vocabulary_size,
        hidden_size=options.hidden_size,
        intermediate_size=options.intermediate_size or -(-options.hidden_size * 8 // (3 * 64)) * 64,
        num_hidden_layers=options.num_hidden_layers,
        num_attention_heads=options.num_attention_heads,
        num_key_value_heads=options.num_key_value_heads or options.num_attention_heads,
        head_dim=options.head_dim or options.hidden_size // options.num_attention_heads,
        max_position_embeddings=options.max_position_embeddings or sequence_length,
        rope_theta=options.rope_theta,
        norm_eps=options.norm_eps,
        tie_word_embeddings=options.tie_word_embeddings,
        sliding_window=options.sliding_window,
        initializer_range=options.initializer_range,
        extra=extra,
    )


def from_config(config: Mapping[str, Any]) -> Shape:
    """The shape of a transformers config.

    Raises:
        ModelError: a size is missing, or a setting that our layers do not compute.
    """
    config = {**DEFAULTS, **config}
    _config.require(config, "hidden_act", "silu")
    theta, scaling = _config.rope(config)
    heads = _config.size(config, "num_attention_heads")
    hidden = _config.size(config, "hidden_size")
    return Shape(
        family=config["model_type"],
        vocabulary_size=_config.size(config, "vocab_size"),
        hidden_size=hidden,
        intermediate_size=_config.size(config, "intermediate_size"),
        num_hidden_layers=_config.size(config, "num_hidden_layers"),
        num_attention_heads=heads,
        num_key_value_heads=_config.optional_size(config, "num_key_value_heads") or heads,
        head_dim=_config.optional_size(config, "head_dim") or hidden // heads,
        max_position_embeddings=_config.size(config, "max_position_embeddings"),
        rope_theta=theta,
        rope_scaling=scaling,
        norm_eps=float(config["rms_norm_eps"]),
        tie_word_embeddings=bool(config["tie_word_embeddings"]),
        initializer_range=float(config["initializer_range"]),
        extra=(("attention_bias", bool(config["attention_bias"])), ("mlp_bias", bool(config["mlp_bias"]))),
    )


def to_config(shape: Shape) -> dict[str, Any]:
    """The transformers config of a shape."""
    return {
        "model_type": shape.family,
        "architectures": [CLASS],
        "vocab_size": shape.vocabulary_size,
        "hidden_size": shape.hidden_size,
        "intermediate_size": shape.intermediate_size,
        "num_hidden_layers": shape.num_hidden_layers,
        "num_attention_heads": shape.num_attention_heads,
        "num_key_value_heads": shape.num_key_value_heads,
        "head_dim": shape.head_dim,
        "hidden_act": "silu",
        "max_position_embeddings": shape.max_position_embeddings,
        "initializer_range": shape.initializer_range,
        "rms_norm_eps": shape.norm_eps,
        "tie_word_embeddings": shape.tie_word_embeddings,
        "attention_dropout": 0.0,
        **dict(shape.extra),
        **_config.rope_to_config(shape),
    }


def architecture(shape: Shape) -> Architecture:
    """The parts of the decoder and their names in transformers."""
    query_rows = shape.num_attention_heads * shape.head_dim
    key_rows = shape.num_key_value_heads * shape.head_dim
    attention_bias, mlp_bias = shape.switch("attention_bias"), shape.switch("mlp_bias")
    return Architecture(
        embedding="model.embed_tokens",
        layer="model.layers.{}",
        attention_norm="input_layernorm",
        mlp_norm="post_attention_layernorm",
        final_norm="model.norm",
        head="lm_head",
        norm="rms",
        parallel=False,
        activation="silu",
        gated=True,
        qkv=Projection(
            parts=(
                Part("self_attn.q_proj", query_rows, ("q",)),
                Part("self_attn.k_proj", key_rows, ("k",)),
                Part("self_attn.v_proj", key_rows, ("v",)),
            ),
            columns=shape.hidden_size,
            bias=attention_bias,
        ),
        output=Projection(
            parts=(Part("self_attn.o_proj", shape.hidden_size, ("output",)),), columns=query_rows, bias=attention_bias
        ),
        up=Projection(
            parts=(
                Part("mlp.gate_proj", shape.intermediate_size, ("mlp",)),
                Part("mlp.up_proj", shape.intermediate_size, ("mlp",)),
            ),
            columns=shape.hidden_size,
            bias=mlp_bias,
        ),
        down=Projection(
            parts=(Part("mlp.down_proj", shape.hidden_size, ("mlp",)),),
            columns=shape.intermediate_size,
            bias=mlp_bias,
        ),
    )
