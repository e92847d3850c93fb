"""Every family computes what transformers computes, keeps documents apart, and survives the round trip to the bit."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tiny_models import CONFIGS, random_ids, written_peer
from torch import Tensor
from transformers import AutoModelForCausalLM

from clairiere.model import sizes, weights
from clairiere.model.build import build
from clairiere.model.cache import Cache
from clairiere.model.layers import Decoder
from clairiere.model.loss import next_token_loss
from clairiere.model.sizes import shape_from_config

every_config = pytest.mark.parametrize("name", list(CONFIGS))


def tiny(name: str, seed: int = 3) -> Decoder:
    return build(shape_from_config(CONFIGS[name]), seed)


def logits(decoder: Decoder, ids_BT: Tensor) -> Tensor:
    return decoder.logits(decoder(ids_BT))


@every_config
def test_logits_equal_those_of_transformers(name: str, tmp_path: Path) -> None:
    model = written_peer(name, tmp_path)
    ids_BT = random_ids(2, 23)
    ours, theirs = logits(weights.load(tmp_path), ids_BT), model(ids_BT, use_cache=False).logits
    assert theirs.std() > 0.3, "the comparison would be of zeros"
    assert (ours - theirs).abs().max() <= 1e-5


@every_config
def test_import_then_export_gives_the_same_bits(name: str, tmp_path: Path) -> None:
    written_peer(name, tmp_path / "theirs")
    weights.save(weights.load(tmp_path / "theirs"), tmp_path / "ours", torch.float32)
    theirs, ours = (load_file(tmp_path / side / "model.safetensors") for side in ("theirs", "ours"))
    assert sorted(ours) == sorted(theirs)
    assert all(torch.equal(ours[tensor], theirs[tensor]) for tensor in theirs)


@every_config
def test_export_loads_in_transformers_and_comes_back_with_the_same_bits(name: str, tmp_path: Path) -> None:
    decoder = tiny(name)
    weights.save(decoder, tmp_path, torch.float32, bos_id=0, eos_id=1, pad_id=2)
    model, found = AutoModelForCausalLM.from_pretrained(tmp_path, output_loading_info=True)
    assert not any(found.values()), found
    ids_BT = random_ids(2, 19)
    assert (logits(decoder, ids_BT) - model.eval()(ids_BT, use_cache=False).logits).abs().max() <= 1e-5
    assert (model.config.bos_token_id, model.config.eos_token_id, model.config.pad_token_id) == (0, 1, 2)
    assert type(model).__name__ in model.config.architectures
    back = weights.load(tmp_path)
    assert back.shape == decoder.shape
    assert all(torch.equal(ours, again) for ours, again in zip(decoder.parameters(), back.parameters(), strict=True))


@every_config
def test_packed_documents_equal_separate_ones(name: str) -> None:
    lengths = [7, 1, 12, 4, 8]
    packed, separate = tiny(name), tiny(name)
    ids_BT = random_ids(2, 16)
    offsets = torch.tensor([0, 7, 8, 20, 24, 32], dtype=torch.int32)
    hidden_ND = packed(ids_BT, offsets, 12).flatten(0, 1)
    alone_ND = torch.cat([separate(document[None])[0] for document in ids_BT.flatten().split(lengths)])
    assert torch.allclose(hidden_ND, alone_ND, atol=1e-6)
    pull_ND = torch.randn(hidden_ND.shape, generator=torch.Generator().manual_seed(0))
    (hidden_ND * pull_ND).sum().backward()
    (alone_ND * pull_ND).sum().backward()
    for (parameter, ours), theirs in zip(packed.named_parameters(), separate.parameters(), strict=True):
        if parameter != "head.weight":  # not part of the hidden states
            assert torch.allclose(ours.grad, theirs.grad, atol=1e-4, rtol=1e-4), parameter


@every_config
def test_generation_with_a_cache_equals_the_full_forward(name: str) -> None:
    decoder = tiny(name).eval()
    ids_BT = random_ids(2, 17)
    with torch.no_grad():
        whole_BTD = decoder(ids_BT)
        cache = Cache(decoder, rows=2)
        steps = [decoder(ids_BT[:, :6], cache=cache), decoder(ids_BT[:, 6:9], cache=cache)]
        steps += [decoder(ids_BT[:, index : index + 1], cache=cache) for index in range(9, 17)]
        assert cache.length == 17
        assert torch.allclose(torch.cat(steps, dim=1), whole_BTD, atol=2e-6)


@every_config
def test_parameters_are_counted_without_building(name: str) -> None:
    decoder = tiny(name)
    assert sizes.parameters(decoder.shape) == sum(parameter.numel() for parameter in decoder.parameters())


@pytest.mark.parametrize(
    "name", ["llama-untied", "mistral-window", "falcon-7b", "falcon-40b", "falcon-sequential-bias"]
)
def test_gradients_agree_with_finite_differences(name: str) -> None:
    decoder = tiny(name).double()
    ids_BT, targets_BT = random_ids(2, 11), random_ids(2, 11, seed=1)
    offsets = torch.tensor([0, 8, 22], dtype=torch.int32)

    def loss() -> Tensor:
        return next_token_loss(decoder, decoder(ids_BT, offsets, 14), targets_BT, chunk_tokens=5)[0]

    loss().backward()
    generator = torch.Generator().manual_seed(5)
    step = 1e-6
    for parameter_name, parameter in decoder.named_parameters():
        direction = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
        with torch.no_grad():
            parameter.add_(direction, alpha=step)
            above = loss()
            parameter.sub_(direction, alpha=2 * step)
            below = loss()
            parameter.add_(direction, alpha=step)
        slope = (above - below) / (2 * step)
        assert slope.item() == pytest.approx((parameter.grad * direction).sum().item(), rel=1e-5, abs=1e-6), (
            parameter_name
        )


@every_config
def test_fresh_weights_follow_from_the_seed_to_the_bit(name: str) -> None:
    state = torch.get_rng_state()
    first, again, other = tiny(name, 7), tiny(name, 7), tiny(name, 8)
    assert torch.equal(torch.get_rng_state(), state)
    pairs = zip(first.parameters(), again.parameters(), strict=True)
    assert all(torch.equal(one, two) for one, two in pairs)
    assert not torch.equal(first.embedding.weight, other.embedding.weight)
    assert first.embedding.weight.std().item() == pytest.approx(0.02, rel=0.1)


def test_autocast_multiplies_in_bf16_and_keeps_the_stream_in_float32() -> None:
    decoder = tiny("llama-untied")
    ids_BT = random_ids(1, 12)
    with torch.autocast("cpu", torch.bfloat16):
        hidden_BTD = decoder(ids_BT)
        assert decoder.logits(hidden_BTD).dtype == torch.bfloat16
    assert hidden_BTD.dtype == torch.float32
    assert torch.allclose(hidden_BTD, decoder(ids_BT), atol=0.05)


def test_bf16_weights_give_bf16_states(tmp_path: Path) -> None:
    for name in ("llama-untied", "falcon-7b"):
        model = written_peer(name, tmp_path / name)
        ids_BT = random_ids(1, 12)
        hidden_BTD = weights.load(tmp_path / name, torch.bfloat16)(ids_BT)
        assert hidden_BTD.dtype == torch.bfloat16
        exact = weights.load(tmp_path / name)(ids_BT)
        assert (hidden_BTD - exact).norm() / exact.norm() < 0.03
        assert model.dtype == torch.float32
