"""From a finished phase to a folder that others load."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from release_world import RECIPE, manifests, opened_work, write_workspace
from transformers import AutoModelForCausalLM, AutoTokenizer

from clairiere.artifact import MANIFEST, Manifest, write_json
from clairiere.errors import ModelError, ReleaseError
from clairiere.model.phases import load_phase
from clairiere.release import check, stage
from clairiere.release.check import Comparison
from clairiere.release.options import ReleaseOptions


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workspace")
    write_workspace(folder)
    return folder


@pytest.fixture(scope="module")
def released(workspace: Path) -> Manifest:
    return release(workspace)


def release(workspace: Path, options: ReleaseOptions | None = None, name: str = "adapt") -> Manifest:
    return stage.run(
        workspace / "train" / name,
        manifests(),
        workspace / "evaluate",
        RECIPE,
        options or ReleaseOptions(),
        opened_work(workspace),
    )


def test_data_files_are_apart_from_what_holds_times(released: Manifest) -> None:
    assert set(released.files) == {
        "adapter/adapter_config.json",
        "adapter/adapter_model.safetensors",
        "config.json",
        "generation_config.json",
        "license_report.json",
        "model.safetensors",
        "special_tokens_map.json",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    timed = {"README.md", "SHA256SUMS", "evaluation/report.html", "evaluation/report.json"}
    assert set(released.run["files"]) == timed
    assert released.run["checks"]["logits"]["largest_difference"] < 1e-5
    assert released.run["checks"]["merge"]["largest_difference"] < 1e-5
    assert released.facts["phases"] == ["pretrain", "adapt"]
    assert released.facts["licenses"]["refused"][0]["name"] == "sold"


def test_how_the_license_follows_stands_in_a_file(workspace: Path, released: Manifest) -> None:
    report = json.loads((workspace / "release/license_report.json").read_text(encoding="utf-8"))
    assert report == json.loads(json.dumps(released.facts["licenses"]))
    assert [source["name"] for source in report["admitted"]] == ["plays", "talks"]
    assert "the model may bear CC-BY-SA-4.0" in report["conclusion"]


def test_a_release_that_was_killed_gives_the_same_bytes(
    workspace: Path, released: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(folder: Path, name: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(check, "run_snippet", killed)
    with pytest.raises(KeyboardInterrupt):
        release(workspace)
    monkeypatch.setattr(check, "run_snippet", lambda folder, name: "- Oui.")
    assert release(workspace).files == released.files


def test_transformers_says_what_the_trained_phase_says(workspace: Path, released: Manifest) -> None:
    folder = workspace / "release"
    ids = AutoTokenizer.from_pretrained(folder)("- Bonjour !\n-", return_tensors="pt")
    assert set(ids) == {"input_ids", "attention_mask"}
    theirs = AutoModelForCausalLM.from_pretrained(folder)(**ids).logits
    ours = load_phase(workspace / "train/adapt").eval()
    torch.testing.assert_close(ours.logits(ours(ids["input_ids"])), theirs, atol=1e-5, rtol=0)


def test_the_sums_are_right(workspace: Path, released: Manifest) -> None:
    lines = (workspace / "release/SHA256SUMS").read_text(encoding="utf-8").splitlines()
    sums = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert set(sums) == {*released.files, *released.run["files"]} - {"SHA256SUMS"}
    for name, digest in sums.items():
        assert hashlib.sha256((workspace / "release" / name).read_bytes()).hexdigest() == digest


def test_a_full_phase_in_bfloat16_and_the_same_bytes_again(
    workspace: Path, released: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "run_snippet", lambda folder, name: "- Oui.")
    options = ReleaseOptions(dtype="bfloat16", shard_bytes=10_000)
    first, second = release(workspace, options, "pretrain"), release(workspace, options, "pretrain")
    assert first.files == second.files
    assert first.digest == second.digest
    assert "adapter/adapter_config.json" not in first.files
    assert "model.safetensors.index.json" in first.files
    assert first.run["checks"]["merge"] is None


def test_logits_that_differ_stop_the_release(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "compare", lambda ours, theirs: Comparison(3, 1.0, 0.1))
    with pytest.raises(ReleaseError, match=r"with the adapters attached and with them merged differ by 1\.00e-01"):
        release(workspace)
    with pytest.raises(ReleaseError, match=r"in transformers and of the decoder that was trained differ by 1\.00e-01"):
        release(workspace, name="pretrain")


def test_an_adapter_on_a_foreign_base_is_merged_and_the_base_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = write_workspace(tmp_path)
    foreign = tmp_path / "foreign"
    (tmp_path / "train/pretrain/checkpoint").rename(foreign)
    facts = {**found["train/adapt"].facts, "base": {"name": "ours/free", "path": None, "digest": "0"}}
    run = {**found["train/adapt"].run, "base_folder": str(foreign)}
    found["train/adapt"] = replace(found["train/adapt"], facts=facts, run=run)
    write_json(tmp_path / "train/adapt" / MANIFEST, found["train/adapt"].to_json())
    monkeypatch.setattr(check, "run_snippet", lambda folder, name: "- Oui.")
    recipe = {**RECIPE, "base": "ours/free"}
    arguments = (tmp_path / "train/adapt", found, tmp_path / "evaluate")
    with pytest.raises(ReleaseError, match="the license of the base model `ours/free` is not known"):
        stage.run(*arguments, recipe, ReleaseOptions(), opened_work(tmp_path))
    stated = {**recipe, "base_license": "Apache-2.0"}
    released = stage.run(*arguments, stated, ReleaseOptions(), opened_work(tmp_path))
    assert released.facts["base"] == {"name": "ours/free", "license": "Apache-2.0"}
    assert released.facts["phases"] == ["adapt"]
    assert "**The base model** `ours/free` is under Apache-2.0" in (tmp_path / "release/README.md").read_text("utf-8")


def test_an_adapter_is_merged_only_into_its_own_base(tmp_path: Path) -> None:
    found = write_workspace(tmp_path)
    other = replace(found["train/pretrain"], facts={**found["train/pretrain"].facts, "steps": 11})
    write_json(tmp_path / "train/pretrain" / MANIFEST, other.to_json())
    with pytest.raises(ModelError, match="the base `pretrain` of an adapter is another one now"):
        release(tmp_path)
