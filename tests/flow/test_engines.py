"""Corpus and curation give the same bytes on every engine, and go on from the finished shards after a kill."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.flow.conftest import ROOT
from tests.flow.test_kill import data_files

SOURCES = [f"source-{letter}" for letter in "abcdef"]
WORDS = """
le la un une chat chien maison jardin matin soir parle répond mange regarde doucement ensemble demain rue porte
"""
CARD = """
name = "{name}"
title = "A source of this test"
holder = "Nobody"
url = "https://example.org"
citation = "Nobody, A source of this test."
language = "fr"
category = "free-conversation"
license.work = "CC0-1.0"
license.edition = "CC0-1.0"
path = "{name}.txt"
reader = "tests.flow.slow_reader"
"""
RECIPE = """
name = "engines"
license = "CC-BY-SA-4.0"
workers = 2
[corpus]
sources = ["*.card.toml"]
[curate]
validation_share = 0.1
test_share = 0.1
"""
TIMEOUT_SECONDS = 60


@pytest.fixture(autouse=True)
def hear_interrupts() -> Iterator[None]:
    """What a shell runs in the background ignores Ctrl-C, and so would the builds that this process starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six sources of thirty short conversations; some of each stand in the next source too."""
    folder = tmp_path_factory.mktemp("engines")
    draw = random.Random(5)
    lines = [" ".join(draw.choices(WORDS.split(), k=60)).capitalize() + "." for _ in range(30 * len(SOURCES))]
    for number, name in enumerate(SOURCES):
        own = lines[30 * number : 30 * number + 35]
        (folder / f"{name}.txt").write_text("\n".join(own) + "\n", encoding="utf-8")
        (folder / f"{name}.card.toml").write_text(CARD.format(name=name))
    (folder / "recipe.toml").write_text(RECIPE)
    return folder / "recipe.toml"


def start(stage: str, recipe: Path, workspace: Path, *settings: str) -> subprocess.Popen[str]:
    arguments = [part for setting in settings for part in ("--set", setting)]
    command = [sys.executable, "-m", "clairiere", stage, recipe, "--workspace", workspace, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SLOW_READER_LOG": f"{workspace}.log"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def run(stage: str, recipe: Path, workspace: Path, *settings: str) -> str:
    process = start(stage, recipe, workspace, *settings)
    errors = process.communicate(timeout=TIMEOUT_SECONDS)[1]
    assert process.returncode == 0, errors
    return errors


@pytest.fixture(scope="module")
def inline(recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Corpus and curation by one process."""
    workspace = tmp_path_factory.mktemp("inline") / "w"
    run("curate", recipe, workspace, "workers=1")
    return workspace


def children(process: subprocess.Popen[str]) -> list[int]:
    """The worker processes of a build."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == process.pid and b"spawn_main" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


def when_recorded(workspace: Path, process: subprocess.Popen[str], pattern: str) -> None:
    """Wait until the journal has an entry."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while process.poll() is None and not list(workspace.glob(pattern)) and time.monotonic() < deadline:
        time.sleep(0.005)


def are_gone(pids: list[int]) -> bool:
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


def read_sources(workspace: Path) -> list[str]:
    return Path(f"{workspace}.log").read_text().split()


def test_two_workers_write_what_one_writes(recipe: Path, inline: Path, tmp_path: Path) -> None:
    run("curate", recipe, tmp_path / "w")
    assert data_files(tmp_path / "w") == data_files(inline)


@pytest.mark.slow
def test_ray_writes_what_one_process_writes(recipe: Path, inline: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="needs the extra `ray`")
    run("curate", recipe, tmp_path / "w", "engine=ray")
    assert data_files(tmp_path / "w") == data_files(inline)


def test_a_killed_worker_is_told_and_finished_parts_are_kept(recipe: Path, inline: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "w"
    process = start("corpus", recipe, workspace)
    when_recorded(workspace, process, "corpus.partial/.journal/source*")
    workers = children(process)
    os.kill(workers[0], signal.SIGKILL)
    errors = process.communicate(timeout=TIMEOUT_SECONDS)[1]
    assert process.returncode == 1
    assert "a worker was killed (SIGKILL)" in errors
    assert "run the same command again, it goes on from the finished shards" in errors
    assert "Traceback" not in errors
    assert are_gone(workers)
    finished = read_sources(workspace)
    assert 1 <= len(finished) < len(SOURCES)
    run("corpus", recipe, workspace)
    assert data_files(workspace).items() <= data_files(inline).items()
    assert len(read_sources(workspace)) <= len(SOURCES) + 2  # the two that were being read


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_build_leaves_no_process_and_goes_on(
    recipe: Path, inline: Path, tmp_path: Path, end: signal.Signals
) -> None:
    workspace = tmp_path / "w"
    process = start("corpus", recipe, workspace)
    when_recorded(workspace, process, "corpus.partial/.journal/source*")
    workers = children(process)
    process.send_signal(end)
    errors = process.communicate(timeout=TIMEOUT_SECONDS)[1]
    assert ("interrupted" in errors) == (end == signal.SIGINT)
    assert workers
    assert are_gone(workers)
    run("corpus", recipe, workspace)
    assert data_files(workspace).items() <= data_files(inline).items()
    assert len(read_sources(workspace)) <= len(SOURCES) + 2


def test_a_build_killed_while_it_curates_goes_on(recipe: Path, inline: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "w"
    process = start("curate", recipe, workspace)
    when_recorded(workspace, process, "curate.partial/.journal/prepare*")
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    run("curate", recipe, workspace)
    assert data_files(workspace) == data_files(inline)
