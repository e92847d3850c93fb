"""Kill the demonstration build at random moments, again and again; it must end with the bytes of an undisturbed one.

    python benchmarks/soak_kill.py --rounds 20

A long soak, apart from the tests (`make soak`). Prints the moments and stops at the first difference.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
RECIPE = ROOT / "recipes/demo.toml"
SETTINGS = ("train.pretrain.epochs=2", "train.adapt.epochs=2", "train.pretrain.checkpoint_every=5")


def command(workspace: Path) -> list[str]:
    """The build of a shortened demonstration."""
    settings = [part for setting in SETTINGS for part in ("--set", setting)]
    return [sys.executable, "-m", "clairiere", "build", str(RECIPE), "--workspace", str(workspace), *settings]


def data_files(workspace: Path) -> dict[str, str]:
    """SHA-256 of every data file that the manifests name."""
    found = {}
    for path in sorted(workspace.rglob("manifest.json")):
        for name, recorded in json.loads(path.read_text())["files"].items():
            found[f"{path.parent.relative_to(workspace)}/{name}"] = recorded["sha256"]
    return found


def run_killed(workspace: Path, seconds: float) -> bool:
    """Build for so long, then kill without warning; whether the build was still running."""
    process = subprocess.Popen(command(workspace), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return True
    return False


def main() -> None:
    """Build once undisturbed, then in rounds that are killed until they are done."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    moments = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        subprocess.run(command(Path(folder) / "undisturbed"), check=True, capture_output=True)
        whole = time.monotonic() - started
        expected = data_files(Path(folder) / "undisturbed")
        print(f"undisturbed: {len(expected)} data files in {whole:.0f} s")
        for number in range(arguments.rounds):
            workspace = Path(folder) / f"round-{number}"
            kills = 0
            while run_killed(workspace, moments.uniform(1, whole)):
                kills += 1
            same = data_files(workspace) == expected
            print(f"round {number}: killed {kills} times, {'the same bytes' if same else 'DIFFERENT'}", flush=True)
            if not same:
                raise SystemExit(1)


if __name__ == "__main__":
    main()
