"""`kill -9` in each stage and in the middle of training: the next build ends with the same bytes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.flow.conftest import Built, clairiere

TIMEOUT_SECONDS = 120


def data_files(workspace: Path) -> dict[str, str]:
    """SHA-256 of every data file of every step."""
    manifests = {path.parent: json.loads(path.read_text()) for path in workspace.rglob("manifest.json")}
    return {
        f"{folder.relative_to(workspace)}/{name}": recorded["sha256"]
        for folder, manifest in manifests.items()
        for name, recorded in manifest["files"].items()
    }


def build_and_kill(built: Built, workspace: Path, moment: Callable[[], bool]) -> bool:
    """Start a build and kill it without warning as soon as `moment` says so; whether it was still running then."""
    command = [sys.executable, "-m", "clairiere", "build", str(built.recipe), "--workspace", str(workspace)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while process.poll() is None and not moment() and time.monotonic() < deadline:
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return process.returncode == -signal.SIGKILL


def lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.is_file() else 0


def test_a_killed_build_ends_with_the_same_bytes(built: Built, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"

    def has(name: str) -> Callable[[], bool]:
        return (workspace / name).exists

    moments: dict[str, Callable[[], bool]] = {
        "corpus begins": has("corpus.partial/.journal/fingerprint"),
        "corpus, a source done": has("corpus.partial/.journal/debate-demo.json"),
        "curate begins": has("curate.partial"),
        "curate, a source done": has("curate.partial/debate-demo"),
        "tokens begins": has("tokens.partial"),
        "tokens, a tokenizer done": has("tokens.partial/tokenizer"),
        "pretrain begins": has("train/pretrain.partial"),
        "pretrain, past a checkpoint": lambda: lines(workspace / "train/pretrain.partial/metrics.jsonl") >= 8,
        "adapt, past a checkpoint": lambda: lines(workspace / "train/adapt.partial/metrics.jsonl") >= 7,
        "evaluate begins": has("evaluate.partial"),
        "release begins": has("release.partial"),
        "release, weights written": has("release.partial/model.safetensors"),
    }
    killed = [name for name, moment in moments.items() if build_and_kill(built, workspace, moment)]
    assert len(killed) >= len(moments) - 2, "the machine was too fast to be killed where the test meant to"
    result = clairiere("build", built.recipe, "--workspace", workspace)
    assert result.returncode == 0, result.stderr
    assert data_files(workspace) == data_files(built.workspace)
    assert "up to date" in result.stderr
