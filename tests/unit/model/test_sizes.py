"""Sizes without torch: published models count right, and what cannot be is said."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from clairiere.errors import ModelError, RecipeError, UnknownNameError
from clairiere.model import sizes
from clairiere.model.options import ModelOptions

FALCON_7B = {
    "model_type": "falcon",
    "vocab_size": 65024,
    "hidden_size": 4544,
    "num_hidden_layers": 32,
    "num_attention_heads": 71,
}
MISTRAL_7B = {
    "model_type": "mistral",
    "vocab_size": 32000,
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
}
LUCIE_7B = {**MISTRAL_7B, "model_type": "llama", "vocab_size": 65024, "intermediate_size": 12288}
LINEARS = ("q", "k", "v", "output", "mlp")


@pytest.mark.parametrize(
    ("config", "parameters"),
    [(FALCON_7B, 6_921_720_704), (MISTRAL_7B, 7_241_732_096), (LUCIE_7B, 6_706_958_336)],
    ids=["Falcon-7B", "Mistral-7B-v0.1", "Lucie-7B"],
)
def test_published_models_have_the_published_number_of_parameters(config: dict[str, Any], parameters: int) -> None:
    assert sizes.parameters(sizes.shape_from_config(config)) == parameters


def test_adapters_are_counted() -> None:
    lucie, falcon = sizes.shape_from_config(LUCIE_7B), sizes.shape_from_config(FALCON_7B)
    assert sizes.lora_parameters(lucie, 16, LINEARS) == 38_797_312
    assert sizes.lora_parameters(lucie, 1, ("head",)) == 4096 + 65024
    assert sizes.lora_parameters(falcon, 1, ("q",)) == sizes.lora_parameters(falcon, 1, ("q", "k", "v"))


def test_operations_follow_the_palm_formula() -> None:
    lucie = sizes.shape_from_config(LUCIE_7B)
    without_lookup = 6_706_958_336 - 65024 * 4096
    assert sizes.flops_per_token(lucie, 4096) == 6 * without_lookup + 12 * 32 * 4096 * 4096
    mistral = sizes.shape_from_config(MISTRAL_7B)
    assert mistral.sliding_window == 4096
    assert sizes.flops_per_token(mistral, 8192) == sizes.flops_per_token(mistral, 4096)


def test_memory_grows_with_what_learns_and_with_tokens() -> None:
    lucie = sizes.shape_from_config(LUCIE_7B)
    total, adapters = sizes.parameters(lucie), sizes.lora_parameters(lucie, 16, LINEARS)
    full, small = (sizes.training_memory_bytes(lucie, count, 4096) for count in (total, adapters))
    assert full - small == 12 * (total - adapters)
    assert full > 18 * total
    assert sizes.training_memory_bytes(lucie, total, 8192) > full


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"intermediate_size": 704, "num_key_value_heads": 4, "head_dim": 64, "max_position_embeddings": 512}),
        ({"hidden_size": 128, "num_key_value_heads": 2}, {"intermediate_size": 384, "num_key_value_heads": 2}),
        ({"family": "mistral", "sliding_window": 64}, {"sliding_window": 64, "family": "mistral"}),
        ({"family": "falcon"}, {"intermediate_size": 1024, "num_key_value_heads": 1}),
        ({"vocab_size": 1024, "max_position_embeddings": 2048}, {"vocabulary_size": 1024}),
    ],
)
def test_options_become_a_shape_with_the_documented_defaults(options: dict[str, Any], expected: dict[str, Any]) -> None:
    shape = sizes.shape_from_options(ModelOptions(**options), 1000, 512)
    assert {name: getattr(shape, name) for name in expected} == expected


@pytest.mark.parametrize("family", ["llama", "mistral", "falcon"])
@pytest.mark.parametrize("key_heads", [1, 2, 4])
def test_a_shape_survives_its_config(family: str, key_heads: int) -> None:
    shape = sizes.shape_from_options(ModelOptions(family=family, num_key_value_heads=key_heads), 1000, 512)
    config = sizes.config_from_shape(shape, bos_id=0, eos_id=1, pad_id=None)
    assert sizes.shape_from_config(config) == shape
    assert (config["bos_token_id"], config["eos_token_id"], config["pad_token_id"]) == (0, 1, None)


def test_rotary_settings_of_both_generations_of_transformers_are_read() -> None:
    table = {
        "rope_type": "llama3",
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    }
    old = sizes.shape_from_config({**LUCIE_7B, "rope_theta": 5e5, "rope_scaling": table})
    new = sizes.shape_from_config({**LUCIE_7B, "rope_parameters": {**table, "rope_theta": 5e5}})
    assert old == new
    assert (old.rope_theta, old.rope_scaling.factor) == (5e5, 8.0)
    oldest = sizes.shape_from_config({**LUCIE_7B, "rope_scaling": {"type": "linear", "factor": 2.0}})
    assert oldest.rope_scaling.kind == "linear"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"vocab_size": 999}, "smaller than the tokenizer's 1000"),
        ({"hidden_size": 250}, "cannot be shared by 4 heads"),
        ({"num_key_value_heads": 3}, "4 query heads cannot share 3 key and value heads"),
        ({"hidden_size": 36}, "heads of 9 channels cannot be rotated"),
        ({"sliding_window": 8}, "Llama has none"),
        ({"family": "falcon", "sliding_window": 8}, "Falcon has neither"),
        ({"family": "falcon", "head_dim": 32}, "Falcon has neither"),
    ],
)
def test_sizes_that_do_not_fit_are_the_recipes_fault(options: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        sizes.shape_from_options(ModelOptions(**options), 1000, 512)
    assert message in str(caught.value)
    assert caught.value.next_step


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({**LUCIE_7B, "model_type": None}, "model_type None is not supported"),
        ({**LUCIE_7B, "hidden_size": None}, "`hidden_size` is None"),
        ({name: LUCIE_7B[name] for name in LUCIE_7B if name != "vocab_size"}, "`vocab_size` is missing"),
        ({**LUCIE_7B, "num_hidden_layers": True}, "`num_hidden_layers` is True"),
        ({**LUCIE_7B, "hidden_act": "gelu"}, "`hidden_act` = 'gelu' is not supported"),
        ({**LUCIE_7B, "rope_scaling": {"rope_type": "yarn", "factor": 2.0}}, "rope scaling `yarn` is not supported"),
        ({**LUCIE_7B, "rope_scaling": {"type": "linear"}}, "rope scaling `linear` lacks 'factor'"),
        ({**LUCIE_7B, "rope_parameters": {"partial_rotary_factor": 0.5}}, "`partial_rotary_factor` = 0.5"),
        ({**FALCON_7B, "alibi": True}, "ALiBi"),
        ({**FALCON_7B, "activation": "relu"}, "`activation` = 'relu' is not supported"),
        ({**FALCON_7B, "num_ln_in_parallel_attn": 2}, "`num_ln_in_parallel_attn` = 2"),
        ({**FALCON_7B, "new_decoder_architecture": True, "parallel_attn": False}, "`parallel_attn` = False"),
    ],
)
def test_configs_that_our_layers_do_not_compute_are_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError) as caught:
        sizes.shape_from_config(config)
    assert message in str(caught.value)
    assert caught.value.next_step


def test_an_unknown_family_names_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="no model family `lama`") as caught:
        sizes.family("lama")
    assert "llama" in str(caught.value)


def test_sizes_need_no_torch() -> None:
    code = f"from clairiere.model import sizes; sizes.parameters(sizes.shape_from_config({LUCIE_7B!r}))"
    subprocess.run([sys.executable, "-c", f"import sys; {code}; assert 'torch' not in sys.modules"], check=True)
