"""A tiny recipe on the bundled corpus, built once for all tests of the path."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RECIPE = """
name = "tiny"
license = "CC-BY-SA-4.0"
seed = 3

[corpus]
sources = ["{examples}/*.toml"]

[curate]
validation_share = 0.1
test_share = 0.1

[tokens]
vocabulary_size = 600
sequence_length = 128

[model]
hidden_size = 32
num_hidden_layers = 2
num_attention_heads = 2

[[train]]
name = "pretrain"
weights = {{ book = 1.0, instruction = 1.0 }}
steps = 14
batch_tokens = 512
learning_rate = 3e-3
warmup_steps = 2
validate_every = 5
checkpoint_every = 4

[[train]]
name = "adapt"
method = "lora"
lora = {{ rank = 4, alpha = 8, dropout = 0.1 }}
weights = {{ theatre = 1.0, free-conversation = 1.0, interview = 1.0 }}
steps = 10
batch_tokens = 512
learning_rate = 3e-3
warmup_steps = 2
validate_every = 5
checkpoint_every = 3

[evaluate]
max_bytes_per_source = 3_000
resamples = 50
sample_tokens = 12
"""


@dataclass(frozen=True)
class Built:
    """A finished workspace and the recipe it came from."""

    recipe: Path
    workspace: Path


def clairiere(*arguments: object, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does."""
    command = [sys.executable, "-m", "clairiere", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, input=text, check=False, timeout=600)


def write_recipe(folder: Path) -> Path:
    recipe = folder / "tiny.toml"
    recipe.write_text(RECIPE.format(examples=(ROOT / "examples").as_posix()), encoding="utf-8")
    return recipe


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("built")
    built = Built(write_recipe(folder), folder / "workspace")
    result = clairiere("build", built.recipe, "--workspace", built.workspace)
    assert result.returncode == 0, result.stderr
    return built
