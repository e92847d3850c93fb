"""A recipe that starts from a model made elsewhere: its shape, its tokenizer, its license."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from clairiere.errors import RecipeError
from clairiere.pipeline import Pipeline
from clairiere.recipe import load
from tests.flow.conftest import Built, clairiere

SETTINGS = ("train.pretrain.steps=2", "train.adapt.steps=2", "evaluate.max_bytes_per_source=500")


def test_a_foreign_base_is_adapted_and_compared(built: Built, tmp_path: Path) -> None:
    base = tmp_path / "base"
    shutil.copytree(built.workspace / "train/pretrain/checkpoint", base)
    arguments = [part for setting in SETTINGS for part in ("--set", setting)]
    arguments += ["--set", f"model.base={base}", "--set", "model.base_license=CC0-1.0"]
    result = clairiere("build", built.recipe, "--workspace", tmp_path / "workspace", *arguments)
    assert result.returncode == 0, result.stderr
    report = json.loads((tmp_path / "workspace/evaluate/report.json").read_text())
    assert {score["phase"] for score in report["scores"]} == {"base", "pretrain", "adapt"}
    assert {difference["base"] for difference in report["differences"]} == {"base"}
    tokens = json.loads((tmp_path / "workspace/tokens/manifest.json").read_text())
    assert tokens["facts"]["vocabulary_size"] == json.loads((base / "config.json").read_text())["vocab_size"]
    card = (tmp_path / "workspace/release/README.md").read_text(encoding="utf-8")
    assert "CC0-1.0" in card
    again = clairiere("build", built.recipe, "--workspace", tmp_path / "workspace", *arguments, "--json")
    assert json.loads(again.stdout)["ran"] == []


def test_a_tokenizer_that_is_not_there_is_refused(built: Built, tmp_path: Path) -> None:
    pipeline = Pipeline(load(built.recipe, ["tokens.tokenizer=nowhere"]), tmp_path)
    with pytest.raises(RecipeError, match="no folder `nowhere`"):
        _ = pipeline.tokenizer_folder


def test_a_tokenizer_of_ones_own_is_taken_as_it_is(built: Built, tmp_path: Path) -> None:
    tokenizer = built.workspace / "tokens/tokenizer"
    arguments = ("--workspace", tmp_path, "--set", f"tokens.tokenizer={tokenizer}")
    result = clairiere("tokens", built.recipe, *arguments)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "tokens/tokenizer/tokenizer.json").read_bytes() == (tokenizer / "tokenizer.json").read_bytes()
