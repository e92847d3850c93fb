"""Model folders in and out: what is read to the bit, what is refused and how it is said."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from tiny_models import CONFIGS, random_ids, written_peer
from transformers import AutoModelForCausalLM

from clairiere.errors import ModelError
from clairiere.model import sizes, tensor_files, weights
from clairiere.model.build import build
from clairiere.model.layers import Decoder

TENSORS = "model.safetensors"


def tiny(name: str = "llama-untied") -> Decoder:
    return build(sizes.shape_from_config(CONFIGS[name]), 3)


def same_weights(one: Decoder, two: Decoder) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    weights.save(tiny(), tmp_path, torch.float32)
    return tmp_path


def refusal(folder: Path) -> str:
    with pytest.raises(ModelError) as caught:
        weights.load(folder)
    assert caught.value.next_step
    return str(caught.value)


def change_config(folder: Path, **changes: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))


@pytest.mark.parametrize("name", ["llama-tied", "falcon-40b"])
def test_shards_load_here_and_in_transformers(name: str, tmp_path: Path) -> None:
    decoder = tiny(name)
    weights.save(decoder, tmp_path, torch.float32, shard_bytes=16_000)
    shards = sorted(path.name for path in tmp_path.glob("*.safetensors"))
    assert len(shards) > 2
    assert shards[0] == f"model-00001-of-{len(shards):05d}.safetensors"
    assert all((tmp_path / shard).stat().st_size < 20_000 for shard in shards)
    assert same_weights(weights.load(tmp_path), decoder)
    model = AutoModelForCausalLM.from_pretrained(tmp_path).eval()
    ids_BT = random_ids(1, 9)
    assert (model(ids_BT, use_cache=False).logits - decoder.logits(decoder(ids_BT))).abs().max() <= 1e-5


def test_shards_of_transformers_load(tmp_path: Path) -> None:
    model = written_peer("llama-untied", tmp_path / "whole")
    model.save_pretrained(tmp_path / "shards", max_shard_size="20KB")
    assert (tmp_path / "shards" / "model.safetensors.index.json").is_file()
    assert same_weights(weights.load(tmp_path / "shards"), weights.load(tmp_path / "whole"))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_weights_are_stored_and_loaded_in_any_dtype(dtype: torch.dtype, tmp_path: Path) -> None:
    weights.save(tiny(), tmp_path, dtype)
    assert {tensor.dtype for tensor in load_file(tmp_path / TENSORS).values()} == {dtype}
    assert json.loads((tmp_path / "config.json").read_text())["dtype"] == str(dtype).removeprefix("torch.")
    rounded = weights.load(tmp_path)
    assert rounded.embedding.weight.dtype == torch.float32
    assert torch.equal(rounded.head.weight, tiny().head.weight.to(dtype).float())
    assert weights.load(tmp_path, torch.bfloat16).head.weight.dtype == torch.bfloat16


def test_the_files_are_the_same_to_the_byte(tmp_path: Path) -> None:
    for side in ("one", "two"):
        weights.save(tiny("falcon-7b"), tmp_path / side, shard_bytes=30_000, bos_id=0, eos_id=1, pad_id=2)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == sorted(path.name for path in (tmp_path / "two").iterdir())
    assert all((tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes() for file in files)


def test_a_tied_head_is_stored_once_and_stays_tied(tmp_path: Path) -> None:
    weights.save(tiny("llama-tied"), tmp_path, torch.float32)
    with safe_open(tmp_path / TENSORS, framework="pt") as file:
        assert "lm_head.weight" not in file.keys()  # noqa: SIM118 not a dict
        assert file.metadata() == {"format": "pt"}
    back = weights.load(tmp_path)
    assert back.head.weight is back.embedding.weight


def test_what_old_checkpoints_store_besides_is_ignored(tmp_path: Path) -> None:
    weights.save(tiny("llama-tied"), tmp_path, torch.float32)
    tensors = load_file(tmp_path / TENSORS)
    tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"].clone()
    tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = torch.zeros(4)
    save_file(tensors, tmp_path / TENSORS)
    change_config(tmp_path, auto_map={"AutoModelForCausalLM": "modeling_evil.Evil"})
    assert same_weights(weights.load(tmp_path), tiny("llama-tied"))


def test_generation_config_names_the_special_tokens(tmp_path: Path) -> None:
    weights.save(tiny(), tmp_path, bos_id=5, eos_id=6)
    config = json.loads((tmp_path / "generation_config.json").read_text())
    assert config == {"bos_token_id": 5, "do_sample": True, "eos_token_id": 6}


def test_loaded_weights_do_not_depend_on_the_file_any_more(folder: Path) -> None:
    decoder = weights.load(folder)
    (folder / TENSORS).write_bytes(b"")
    assert same_weights(decoder, tiny())


def test_no_such_folder(tmp_path: Path) -> None:
    message = refusal(tmp_path / "absent")
    assert "no config.json" in message
    assert str(tmp_path / "absent") in message


def test_no_config(folder: Path) -> None:
    (folder / "config.json").unlink()
    assert "no config.json" in refusal(folder)


@pytest.mark.parametrize(("text", "message"), [("{", "config.json cannot be read"), ("[]", "holds no JSON object")])
def test_a_damaged_config(folder: Path, text: str, message: str) -> None:
    (folder / "config.json").write_text(text)
    assert message in refusal(folder)


def test_another_family(folder: Path) -> None:
    change_config(folder, model_type="gpt2", auto_map={"AutoModelForCausalLM": "modeling_evil.Evil"})
    message = refusal(folder)
    assert "model_type 'gpt2' is not supported" in message
    assert "`falcon`, `llama`, `mistral`" in message


def test_no_weights(folder: Path) -> None:
    (folder / TENSORS).unlink()
    assert "no weights" in refusal(folder)


@pytest.mark.parametrize("file", ["pytorch_model.bin", "model.pt", "model.pth", "last.ckpt"])
def test_pickled_weights(folder: Path, file: str) -> None:
    (folder / TENSORS).rename(folder / file)
    message = refusal(folder)
    assert f"only pickled weights ({file}), which can run any code" in message
    assert "save_pretrained" in message


@pytest.mark.parametrize("kept_bytes", [0, 7, 500, -1])
def test_a_truncated_file(folder: Path, kept_bytes: int) -> None:
    whole = (folder / TENSORS).read_bytes()
    (folder / TENSORS).write_bytes(whole[:kept_bytes])
    assert f"{TENSORS} cannot be read" in refusal(folder)


def test_missing_and_unexpected_tensors_are_named(folder: Path) -> None:
    tensors = load_file(folder / TENSORS)
    tensors["score.weight"] = tensors.pop("lm_head.weight")
    save_file(tensors, folder / TENSORS)
    assert "missing `lm_head.weight`; unexpected `score.weight`" in refusal(folder)


def test_many_missing_tensors_are_counted(folder: Path) -> None:
    change_config(folder, num_hidden_layers=3)
    assert "`model.layers.2.post_attention_layernorm.weight` and 4 more" in refusal(folder)


def test_a_tensor_of_another_size(folder: Path) -> None:
    change_config(folder, vocab_size=98)
    message = refusal(folder)
    assert "tensor `model.embed_tokens.weight` has the size [97, 32]" in message
    assert "[98, 32], by config.json" in message


@pytest.fixture
def sharded(tmp_path: Path) -> Path:
    weights.save(tiny(), tmp_path, torch.float32, shard_bytes=16_000)
    return tmp_path


def test_a_missing_shard(sharded: Path) -> None:
    first = min(sharded.glob("*.safetensors"))
    first.unlink()
    assert f"missing shards: {first.name}" in refusal(sharded)


def test_a_shard_that_lacks_what_the_index_says(sharded: Path) -> None:
    first = min(sharded.glob("*.safetensors"))
    save_file({"other": torch.zeros(1)}, first)
    assert "tensors that their shards lack: model.embed_tokens.weight" in refusal(sharded)


@pytest.mark.parametrize("table", [None, {"lm_head.weight": "../secret.safetensors"}, {"lm_head.weight": 3}])
def test_an_index_that_points_elsewhere(sharded: Path, table: object) -> None:
    (sharded / "model.safetensors.index.json").write_text(json.dumps({"weight_map": table}))
    assert "no usable `weight_map`" in refusal(sharded)


ON_A_SMALL_DISK = """
import resource, signal, sys
from pathlib import Path
import torch
from clairiere.model.tensor_files import write_file
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))
try:
    write_file(Path(sys.argv[1]), {"a": torch.zeros(10_000)})
except OSError as error:
    print(error.errno, error.strerror, error.filename, sep="|")
"""


def test_a_disk_that_refuses_is_an_error_of_the_system(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", ON_A_SMALL_DISK, str(tmp_path / TENSORS)], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == f"{errno.EFBIG}|File too large|{tmp_path / TENSORS}.tmp"


def test_an_error_of_safetensors_without_a_number_is_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise SafetensorError("I/O error: something else")

    monkeypatch.setattr(tensor_files, "save_file", refuse)
    with pytest.raises(OSError, match="something else") as caught:
        weights.save(tiny(), tmp_path)
    assert caught.value.errno == errno.ENOSPC
