"""How curation grows: seconds and peak memory over a corpus that is replicated with noise.

    python benchmarks/curation_scale.py [--copies 1 4 10 16] [--memory-gib 2] [--workers 2]

Each copy of each conversation has a tenth of its words replaced by others of the corpus, so that copies are texts of
their own to exact and near duplicates alike. The corpus is written once as Claire text, then `clairiere curate` runs on
1, 4, … copies of it; memory is the sum over all processes of what is theirs alone (`Private_*` of smaps, sampled).
Corpora lie in $CLAIRIERE_DATA. Writes curation-scale_<hardware>_<date>.json beside this file.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import results

from clairiere.corpus.read import read
from clairiere.corpus.sources import load_card
from clairiere.record import Document

HERE = Path(__file__).parent
CARD = """\
name = "replicated"
title = "A corpus replicated with noise"
holder = "nobody"
url = "none"
citation = "none"
language = "fr"
category = "theatre"
license.work = "CC0-1.0"
license.edition = "CC0-1.0"
path = "texts"
reader = "claire_text"
"""
RECIPE = """\
name = "curation-scale"
license = "CC-BY-SA-4.0"

[corpus]
sources = ["card.toml"]
"""
FILE_CHARACTERS = 8_000_000
CHANGED_SHARE = 0.1
SAMPLE_SECONDS = 0.2


def conversations(card: Path, limit_bytes: int) -> list[list[tuple[str, list[str]]]]:
    """Speaker and words of each turn of each document, up to a size."""
    found, size = [], 0
    for item in read([Path(load_card(card).source.path)]):
        if not isinstance(item, Document) or size >= limit_bytes:
            continue
        turns = [(turn.speaker or "Voix", turn.text.split()) for turn in item.turns]
        found.append(turns)
        size += item.text_bytes
    return found


def write_copies(base: list[list[tuple[str, list[str]]]], copies: range, folder: Path) -> int:
    """Write noisy copies in files of some megabytes; the bytes written."""
    words = [word for turns in base for _, spoken in turns for word in spoken]
    folder.mkdir(parents=True, exist_ok=True)
    size = 0
    for copy in copies:
        source = random.Random(copy)
        blocks: list[str] = []
        for number, turns in enumerate(base):
            lines = (f"[{speaker}:] {' '.join(_noisy(spoken, words, source))}" for speaker, spoken in turns)
            blocks.append("\n".join(lines))
            if sum(map(len, blocks)) >= FILE_CHARACTERS or number == len(base) - 1:
                text = "\n\n".join(blocks) + "\n"
                (folder / f"{copy:03d}-{number:05d}.txt").write_text(text, encoding="utf-8")
                size += len(text.encode())
                blocks = []
    return size


def _noisy(spoken: list[str], words: list[str], source: random.Random) -> list[str]:
    return [source.choice(words) if source.random() < CHANGED_SHARE else word for word in spoken]


def private_bytes(root: int) -> int:
    """Memory that a process and its descendants hold for themselves."""
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            process, parent = int(status.parent.name), int(status.read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
        children.setdefault(parent, []).append(process)
    family, total = [root], 0
    for process in family:
        family += children.get(process, [])
        try:
            rows = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(row.split()[1]) * 1024 for row in rows if row.startswith("Private_"))
    return total


def timed(command: list[str]) -> dict[str, float]:
    """Run a command; its seconds and the peak of its processes' memory."""
    started, peak = time.perf_counter(), 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        done = threading.Event()
        while process.poll() is None:
            peak = max(peak, private_bytes(process.pid))
            done.wait(SAMPLE_SECONDS)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return {"seconds": round(time.perf_counter() - started, 1), "peak_memory_mib": round(peak / 2**20)}


def measure(arguments: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """One run per number of copies, each from an empty workspace."""
    base = conversations(arguments.card, arguments.base_mb * 1_000_000)
    (folder / "card.toml").write_text(CARD, encoding="utf-8")
    (folder / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    command = [sys.executable, "-m", "clairiere", "curate", str(folder / "recipe.toml"), "--workspace"]
    settings = ["--set", f"workers={arguments.workers}", "--set", f"memory_gib={arguments.memory_gib}"]
    rows, written, size = [], 0, 0
    for copies in sorted(arguments.copies):
        size += write_copies(base, range(written, copies), folder / "texts")
        written = copies
        row = {"copies": copies, "text_mb": round(size / 1e6, 1)}
        row |= timed([*command, str(folder / "workspace"), *settings])
        row["mb_per_second"] = round(row["text_mb"] / row["seconds"], 2)
        manifest = json.loads((folder / "workspace/curate/manifest.json").read_text(encoding="utf-8"))
        row["kept"], row["dropped"] = manifest["counts"]["kept"], manifest["counts"]["dropped"]
        print(json.dumps(row))
        rows.append(row)
        shutil.rmtree(folder / "workspace")
    return rows


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--card", type=Path, default=HERE.parent / "sources/theatre-fr-fredracor.toml")
    parser.add_argument("--base-mb", type=int, default=40, help="text of one copy")
    parser.add_argument("--copies", type=int, nargs="+", default=[1, 4, 10, 16])
    parser.add_argument("--memory-gib", type=float, default=2)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(arguments, Path(folder))
    stated = {"memory_gib": arguments.memory_gib, "workers": arguments.workers, "base_mb": arguments.base_mb}
    print(results.write("curation-scale", {**stated, "runs": rows}, ["numba", "pyarrow"]))


if __name__ == "__main__":
    main()
