"""Falcon: LayerNorm, rotary positions, one or few key heads, attention beside the MLP (Almazrouei et al., 2023).

Three layouts exist: 7B (`multi_query`, one norm for both branches), 40B and 11B (`new_decoder_architecture`, grouped
heads, one or two norms) and the older sequential one (`parallel_attn` false). In all of them transformers stores
`query_key_value` group by group: the query heads of a key head, that key head, its value head.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clairiere.errors import ModelError, RecipeError
from clairiere.model.families import _config
from clairiere.model.options import ModelOptions
from clairiere.model.shape import Architecture, Part, Projection, Shape

CLASS = "FalconForCausalLM"
DEFAULTS = {
    "max_position_embeddings": 2048,
    "layer_norm_epsilon": 1e-5,
    "initializer_range": 0.02,
    "tie_word_embeddings": True,
    "num_kv_heads": None,
    "num_ln_in_parallel_attn": None,
    "ffn_hidden_size": None,
    "activation": "gelu",
    "alibi": False,
    "new_decoder_architecture": False,
    "multi_query": True,
    "parallel_attn": True,
    "bias": False,
}
"""What transformers assumes where config.json is silent."""


def from_options(options: ModelOptions, vocabulary_size: int, sequence_length: int) -> Shape:
    """The shape that a recipe's `[model]` table describes: 7B style with one key head, 40B style with several.

    Raises:
        RecipeError: an option that Falcon does not have.
    """
    head_dim = options.hidden_size // options.num_attention_heads
    if options.sliding_window is not None or options.head_dim not in (None, head_dim):
        raise RecipeError(
            "model.sliding_window or model.head_dim: Falcon has neither",
            expected="a head is hidden_size / num_attention_heads wide and sees the whole document",
            next_step="leave the option out, or choose another family",
        )
    key_heads = options.num_key_value_heads or 1
    return Shape(
        family=options.family,
        vocabulary_size=vocabulary_size,
        hidden_size=options.hidden_size,
        intermediate_size=options.intermediate_size or 4 * options.hidden_size,
        num_hidden_layers=options.num_hidden_layers,
        num_attention_heads=options.num_attention_heads,
        num_key_value_heads=key_heads,
        head_dim=head_dim,
        max_position_embeddings=options.max_position_embeddings or sequence_length,
        rope_theta=options.rope_theta,
        norm_eps=options.norm_eps,
        tie_word_embeddings=options.tie_word_embeddings,
        initializer_range=options.initializer_range,
        extra=_switches(grouped=key_heads > 1, norms=2 if key_heads > 1 else 1, parallel=True, bias=False),
    )


def from_config(config: Mapping[str, Any]) -> Shape:
    """The shape of a transformers config.

    Raises:
        ModelError: a size is missing, or a setting that our layers do not compute (ALiBi among them).
    """
    config = {**DEFAULTS, **config}
    _refuse_unsupported(config)
    theta, scaling = _config.rope(config)
    heads, hidden = _config.size(config, "num_attention_heads"), _config.size(config, "hidden_size")
    grouped, parallel = bool(config["new_decoder_architecture"]), bool(config["parallel_attn"])
    norms = config["num_ln_in_parallel_attn"] or (2 if grouped or not parallel else 1)
    return Shape(
        family=config["model_type"],
        vocabulary_size=_config.size(config, "vocab_size"),
        hidden_size=hidden,
        intermediate_size=_config.optional_size(config, "ffn_hidden_size") or 4 * hidden,
        num_hidden_layers=_config.size(config, "num_hidden_layers"),
        num_attention_heads=heads,
        num_key_value_heads=_key_heads(config, heads),
        head_dim=hidden // heads,
        max_position_embeddings=_config.size(config, "max_position_embeddings"),
        rope_theta=theta,
        rope_scaling=scaling,
        norm_eps=float(config["layer_norm_epsilon"]),
        tie_word_embeddings=bool(config["tie_word_embeddings"]),
        initializer_range=float(config["initializer_range"]),
        extra=_switches(grouped=grouped, norms=norms if parallel else 2, parallel=parallel, bias=bool(config["bias"])),
    )


def _refuse_unsupported(config: Mapping[str, Any]) -> None:
    if config["alibi"]:
        raise ModelError(
            "a Falcon with ALiBi positions is not supported",
            where="config.json",
            expected="`alibi` false: rotary positions, as Falcon-7B, 11B, 40B and 180B have",
            next_step="use one of these (Falcon-RW is the one that has ALiBi)",
        )
    _config.require(config, "activation", "gelu")
    grouped, parallel = bool(config["new_decoder_architecture"]), bool(config["parallel_attn"])
    _config.require(config, "num_ln_in_parallel_attn", None, 1, *((2,) if grouped else ()))
    _config.require({"parallel_attn": parallel}, "parallel_attn", *((True,) if grouped else (True, False)))


def _key_heads(config: Mapping[str, Any], heads: int) -> int:
    if config["new_decoder_architecture"]:
        return _config.optional_size(config, "num_kv_heads") or heads
    return 1 if config["multi_query"] else heads


def _switches(*, grouped: bool, norms: int, parallel: bool, bias: bool) -> tuple[tuple[str, Any], ...]:
    return (
        ("bias", bias),
        ("new_decoder_architecture", grouped),
        ("num_ln_in_parallel_attn", norms),
        ("parallel_attn", parallel),
    )


def to_config(shape: Shape) -> dict[str, Any]:
    """The transformers config of a shape."""
    grouped, parallel = shape.switch("new_decoder_architecture"), shape.switch("parallel_attn")
    return {
        "model_type": shape.family,
        "architectures": [CLASS],
        "vocab_size": shape.vocabulary_size,
        "hidden_size": shape.hidden_size,
        "ffn_hidden_size": shape.intermediate_size,
        "num_hidden_layers": shape.num_hidden_layers,
        "num_attention_heads": shape.num_attention_heads,
        "num_kv_heads": shape.num_key_value_heads,
        "multi_query": not grouped and shape.num_key_value_heads == 1,
        "new_decoder_architecture": grouped,
        "num_ln_in_parallel_attn": shape.switch("num_ln_in_parallel_attn") if parallel else None,
        "parallel_attn": parallel,
        "bias": shape.switch("bias"),
        "alibi": False,
        "activation": "gelu",
        "max_position_embeddings": shape.max_position_embeddings,
        "initializer_range": shape.initializer_range,
        "layer_norm_epsilon": shape.norm_eps,
        "tie_word_embeddings": shape.tie_word_embeddings,
        "attention_dropout": 0.0,
        "hidden_dropout": 0.0,
        **_config.rope_to_config(shape),
    }


def architecture(shape: Shape) -> Architecture:
    """The parts of the decoder and their names in transformers."""
    hidden, bias = shape.hidden_size, shape.switch("bias")
    attention_norm, mlp_norm = _norm_names(shape)
    qkv_rows = (shape.num_attention_heads + 2 * shape.num_key_value_heads) * shape.head_dim
    return Architecture(
        embedding="transformer.word_embeddings",
        layer="transformer.h.{}",
        attention_norm=attention_norm,
        mlp_norm=mlp_norm,
        final_norm="transformer.ln_f",
        head="lm_head",
        norm="layer",
        parallel=shape.switch("parallel_attn"),
        activation="gelu",
        gated=False,
        qkv=Projection(
            parts=(Part("self_attention.query_key_value", qkv_rows, ("q", "k", "v")),),
            columns=hidden,
            bias=bias,
            row_blocks=_head_order(shape.num_attention_heads, shape.num_key_value_heads),
        ),
        output=Projection(parts=(Part("self_attention.dense", hidden, ("output",)),), columns=hidden, bias=bias),
        up=Projection(parts=(Part("mlp.dense_h_to_4h", shape.intermediate_size, ("mlp",)),), columns=hidden, bias=bias),
        down=Projection(
            parts=(Part("mlp.dense_4h_to_h", hidden, ("mlp",)),), columns=shape.intermediate_size, bias=bias
        ),
    )


def _norm_names(shape: Shape) -> tuple[str, str | None]:
    if not shape.switch("parallel_attn"):
        return "input_layernorm", "post_attention_layernorm"
    if shape.switch("num_ln_in_parallel_attn") == 2:
        return "ln_attn", "ln_mlp"
    return "input_layernorm", None


def _head_order(heads: int, key_heads: int) -> tuple[int, ...]:
    """Where transformers stores each of our heads: all queries, all keys, all values."""
    group = heads // key_heads + 2
    starts = [index * group for index in range(key_heads)]
    queries = [start + offset for start in starts for offset in range(group - 2)]
    return (*queries, *(start + group - 2 for start in starts), *(start + group - 1 for start in starts))
