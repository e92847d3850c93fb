"""Mistral: Llama whose tokens may see a sliding window only (Jiang et al., 2023)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from clairiere.model.families import _config, llama
from clairiere.model.options import ModelOptions
from clairiere.model.shape import Architecture, Shape

CLASS = "MistralForCausalLM"
DEFAULTS = {"num_key_value_heads": 8, "max_position_embeddings": 131_072, "sliding_window": 4096}
"""What transformers assumes where config.json is silent and Llama's assumption differs."""

_NO_BIAS = (("attention_bias", False), ("mlp_bias", False))


def from_options(options: ModelOptions, vocabulary_size: int, sequence_length: int) -> Shape:
    """The shape that a recipe's `[model]` table describes."""
    return llama.gated(options, vocabulary_size, sequence_length, extra=_NO_BIAS)


def from_config(config: Mapping[str, Any]) -> Shape:
    """The shape of a transformers config.

    Raises:
        ModelError: a size is missing, or a setting that our layers do not compute.
    """
    config = {**DEFAULTS, **config, **dict(_NO_BIAS)}
    return replace(llama.from_config(config), sliding_window=_config.optional_size(config, "sliding_window"))


def to_config(shape: Shape) -> dict[str, Any]:
    """The transformers config of a shape."""
    config = llama.to_config(shape)
    for name, _ in _NO_BIAS:
        del config[name]
    return {**config, "architectures": [CLASS], "sliding_window": shape.sliding_window}


def architecture(shape: Shape) -> Architecture:
    """The parts of the decoder and their names in transformers."""
    return llama.architecture(shape)
