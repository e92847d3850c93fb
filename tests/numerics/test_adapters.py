"""Adapters are PEFT's adapters: the same logits from the same folder, in both directions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from tiny_models import CONFIGS, peer, random_ids, written_peer
from torch import Tensor

from clairiere.errors import ModelError
from clairiere.model import sizes, weights
from clairiere.model.adapters import add_lora, load_adapter, merge_lora, save_adapter
from clairiere.model.build import build
from clairiere.model.layers import Decoder

pytestmark = pytest.mark.filterwarnings(
    "ignore:`is_gradient_checkpointing` is deprecated:FutureWarning",
    "ignore:Model has `tie_word_embeddings=True`:UserWarning",
)

ALL = ("q", "k", "v", "output", "mlp", "head")
NAMES = ["llama-untied", "llama-tied", "llama-wide-heads-biases", "mistral-window", "falcon-7b", "falcon-40b"]


def tiny(name: str = "llama-untied") -> Decoder:
    return build(sizes.shape_from_config(CONFIGS[name]), 3)


def trained(decoder: Decoder, targets: tuple[str, ...] = ALL, dropout: float = 0.0) -> Decoder:
    """With adapters whose B is not zero."""
    add_lora(decoder, 3, 6, dropout, targets, seed=1)
    with torch.no_grad():
        for name, parameter in decoder.named_parameters():
            if name.endswith("lora_b"):
                parameter.normal_(0, 0.1, generator=torch.Generator().manual_seed(len(name)))
    return decoder.eval()


def logits(decoder: Decoder) -> Tensor:
    with torch.no_grad():
        return decoder.logits(decoder(random_ids(2, 15)))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("targets", [ALL[:5], ("q", "v"), ("mlp", "head")], ids="+".join)
def test_peft_loads_our_adapter_with_our_logits(name: str, targets: tuple[str, ...], tmp_path: Path) -> None:
    model = written_peer(name, tmp_path)
    decoder = trained(weights.load(tmp_path), targets)
    save_adapter(decoder, tmp_path / "adapter", base_name="some/base")
    theirs = PeftModel.from_pretrained(model, tmp_path / "adapter").eval()
    ids_BT = random_ids(2, 15)
    plain = weights.load(tmp_path)
    assert (logits(decoder) - logits(plain)).abs().max() > 0.01, "the adapter would do nothing"
    assert (logits(decoder) - theirs(ids_BT, use_cache=False).logits).abs().max() <= 1e-5


@pytest.mark.parametrize("name", NAMES)
def test_we_load_an_adapter_of_peft_with_its_logits(name: str, tmp_path: Path) -> None:
    model = written_peer(name, tmp_path)
    falcon = name.startswith("falcon")
    modules = ["query_key_value", "dense_4h_to_h"] if falcon else ["k_proj", "o_proj", "up_proj"]
    torch.manual_seed(0)
    theirs = get_peft_model(model, LoraConfig(r=4, lora_alpha=10, target_modules=modules, init_lora_weights=False))
    theirs.eval().save_pretrained(tmp_path / "adapter")
    decoder = weights.load(tmp_path).eval()
    load_adapter(decoder, tmp_path / "adapter")
    expected = theirs(random_ids(2, 15), use_cache=False).logits
    assert (expected - peer(name)(random_ids(2, 15), use_cache=False).logits).abs().max() > 0.1
    assert (logits(decoder) - expected).abs().max() <= 1e-5


@pytest.mark.parametrize("name", list(CONFIGS))
def test_a_fresh_adapter_changes_nothing_and_only_adapters_learn(name: str) -> None:
    decoder = tiny(name).eval()
    before = logits(decoder)
    add_lora(decoder, 3, 6, 0.1, ALL, seed=1)
    assert torch.equal(logits(decoder), before)
    learning = {key: parameter for key, parameter in decoder.named_parameters() if parameter.requires_grad}
    assert all("lora" in key for key in learning)
    assert sum(parameter.numel() for parameter in learning.values()) == sizes.lora_parameters(decoder.shape, 3, ALL)
    bound = 1 / decoder.shape.hidden_size**0.5
    first = decoder.layers[0].attention.qkv.lora_a
    assert 0.8 * bound < first.abs().max().item() <= bound


def test_the_seed_decides_the_adapter() -> None:
    decoders = [tiny(), tiny(), tiny()]
    for decoder, seed in zip(decoders, (1, 1, 2), strict=True):
        add_lora(decoder, 3, 6, 0.1, ALL, seed=seed)
    first, again, other = (decoder.layers[1].mlp.down.lora_a for decoder in decoders)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("name", list(CONFIGS))
def test_merged_equals_attached(name: str, tmp_path: Path) -> None:
    decoder = trained(tiny(name))
    attached = logits(decoder)
    merge_lora(decoder)
    assert (logits(decoder) - attached).abs().max() <= 1e-5
    assert all(parameter.requires_grad for parameter in decoder.parameters())
    assert not any("lora" in key for key, _ in decoder.named_parameters())
    weights.save(decoder, tmp_path, torch.float32)
    assert (logits(weights.load(tmp_path)) - attached).abs().max() <= 1e-5


def test_a_tied_head_with_an_adapter_becomes_a_matrix_of_its_own() -> None:
    decoder = trained(tiny("llama-tied"), ("head",))
    embedding = decoder.embedding.weight.detach().clone()
    merge_lora(decoder)
    assert not decoder.shape.tie_word_embeddings
    assert torch.equal(decoder.embedding.weight, embedding)
    assert not torch.equal(decoder.head.weight, embedding)
    without = trained(tiny("llama-tied"), ("q",))
    merge_lora(without)
    assert without.shape.tie_word_embeddings
    assert without.head.weight is without.embedding.weight


def test_dropout_acts_while_training_only() -> None:
    decoder = trained(tiny(), dropout=0.5)
    assert torch.equal(logits(decoder), logits(decoder))
    decoder.train()
    assert not torch.equal(logits(decoder), logits(decoder))


def test_the_files_are_the_same_to_the_byte(tmp_path: Path) -> None:
    for side in ("one", "two"):
        save_adapter(trained(tiny("falcon-7b")), tmp_path / side, base_name="some/base")
    for file in ("adapter_config.json", "adapter_model.safetensors"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    config = json.loads((tmp_path / "one" / "adapter_config.json").read_text())
    assert config["target_modules"] == ["dense", "dense_4h_to_h", "dense_h_to_4h", "lm_head", "query_key_value"]
    assert (config["r"], config["lora_alpha"], config["base_model_name_or_path"]) == (3, 6, "some/base")


def test_adapters_are_not_put_on_adapters(tmp_path: Path) -> None:
    decoder = trained(tiny())
    with pytest.raises(ModelError, match="has adapters already"):
        add_lora(decoder, 3, 6, 0.0, ALL, seed=1)
    with pytest.raises(ModelError, match="cannot be saved as a whole model"):
        weights.save(decoder, tmp_path)


def test_a_plain_decoder_has_no_adapter_to_save(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="without adapters"):
        save_adapter(tiny(), tmp_path, base_name="some/base")


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    save_adapter(trained(tiny(), ("q", "output")), tmp_path, base_name="some/base")
    return tmp_path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"use_dora": True}, "with use_dora"),
        ({"bias": "all"}, "with bias"),
        ({"rank_pattern": {"q_proj": 4}}, "with rank_pattern"),
        ({"peft_type": "IA3"}, "peft_type 'IA3'"),
        ({"r": 0}, "`r` is 0"),
        ({"lora_alpha": None}, "`lora_alpha` is None"),
        ({"r": 5}, r"has the size \[3, 32\]"),
    ],
)
def test_what_we_do_not_compute_is_refused(adapter: Path, change: dict[str, Any], message: str) -> None:
    config = json.loads((adapter / "adapter_config.json").read_text())
    (adapter / "adapter_config.json").write_text(json.dumps(config | change))
    with pytest.raises(ModelError, match=message):
        load_adapter(tiny(), adapter)


def test_tensors_that_do_not_fit_are_listed(adapter: Path) -> None:
    with pytest.raises(ModelError, match=r"do not fit the model: `base_model.*self_attn.o_proj.lora_A"):
        load_adapter(tiny("falcon-7b"), adapter)
    tensors = load_file(adapter / "adapter_model.safetensors")
    half = {name: tensor for name, tensor in tensors.items() if "layers.0.self_attn.q_proj.lora_A" not in name}
    save_file(half, adapter / "adapter_model.safetensors")
    with pytest.raises(ModelError, match=r"`base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight`"):
        load_adapter(tiny(), adapter)
    save_file({}, adapter / "adapter_model.safetensors")
    with pytest.raises(ModelError, match="it holds none"):
        load_adapter(tiny(), adapter)


def test_pickled_adapters_are_refused(adapter: Path) -> None:
    (adapter / "adapter_model.safetensors").rename(adapter / "adapter_model.bin")
    with pytest.raises(ModelError, match=r"no adapter_model.safetensors") as caught:
        load_adapter(tiny(), adapter)
    assert "can run any code" in str(caught.value)
