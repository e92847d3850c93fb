"""Tiny random models of transformers, one per thing that our layers must compute alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

VOCABULARY = 97

_SIZES = {"vocab_size": VOCABULARY, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
_LLAMA = {**_SIZES, "model_type": "llama", "intermediate_size": 48, "num_key_value_heads": 2, "rms_norm_eps": 1e-5}
_FALCON = {**_SIZES, "model_type": "falcon"}

CONFIGS: dict[str, dict[str, Any]] = {
    "llama-untied": _LLAMA,
    "llama-tied": {**_LLAMA, "tie_word_embeddings": True, "num_key_value_heads": 4},
    "llama-wide-heads-biases": {**_LLAMA, "head_dim": 12, "attention_bias": True, "mlp_bias": True},
    "llama-rope-llama3": {
        **_LLAMA,
        "rope_parameters": {
            "rope_type": "llama3",
            "rope_theta": 50_000.0,
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 64,
        },
    },
    "llama-rope-linear": {**_LLAMA, "rope_parameters": {"rope_type": "linear", "rope_theta": 1e4, "factor": 4.0}},
    "mistral-window": {**_LLAMA, "model_type": "mistral", "sliding_window": 5},
    "falcon-7b": _FALCON,
    "falcon-40b": {**_FALCON, "new_decoder_architecture": True, "num_kv_heads": 2},
    "falcon-11b": {
        **_FALCON,
        "new_decoder_architecture": True,
        "num_kv_heads": 2,
        "num_ln_in_parallel_attn": 1,
        "ffn_hidden_size": 80,
        "tie_word_embeddings": False,
    },
    "falcon-sequential-bias": {**_FALCON, "parallel_attn": False, "multi_query": False, "bias": True},
}


def peer(name: str) -> PreTrainedModel:
    """The transformers model of a config, float32, with random norms and biases too."""
    values = CONFIGS[name]
    config = AutoConfig.for_model(**values)
    generator = torch.Generator().manual_seed(1)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            around = 1.0 if parameter.dim() == 1 else 0.0
            parameter.normal_(around, 0.15, generator=generator)
    return model


def written_peer(name: str, folder: Path) -> PreTrainedModel:
    """The same, written to a folder as transformers does."""
    model = peer(name)
    model.save_pretrained(folder)
    return model


def random_ids(*size: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(0, VOCABULARY, size, generator=torch.Generator().manual_seed(seed))
