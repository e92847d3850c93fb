"""Claire's path at a small size, for both license targets: how long, and what adapting to dialogue gains by source.

    CLAIRIERE_DATA=… python benchmarks/claire_small.py     # builds what is out of date, then writes the results
    python benchmarks/claire_small.py --render             # writes the README's table from the newest results

Results: benchmarks/claire-small_<hardware>_<date>.json. Times of stages are those of their manifests.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RECIPE = ROOT / "recipes/claire-small.toml"
TARGETS = {"CC-BY-NC-SA-4.0": "claire-small", "CC-BY-SA-4.0": "claire-small-open"}
START, END = "<!-- results: written by benchmarks/claire_small.py -->", "<!-- /results -->"


def build(target: str, workspace: Path) -> None:
    """Build one target as a user would."""
    command = [sys.executable, "-m", "clairiere", "build", str(RECIPE), "--workspace", str(workspace)]
    subprocess.run([*command, "--set", f"license={target}"], check=True)


def collect(workspace: Path) -> dict[str, Any]:
    """What a finished workspace says of itself."""
    manifests = {
        path.parent.relative_to(workspace).as_posix(): json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(workspace.rglob("manifest.json"))
    }
    report = json.loads((workspace / "evaluate/report.json").read_text(encoding="utf-8"))
    phases = {name: manifest for name, manifest in manifests.items() if name.startswith("train/")}
    return {
        "seconds": {name: manifest["run"]["seconds"] for name, manifest in manifests.items()},
        "training": {
            name.removeprefix("train/"): {
                key: manifest["facts"][key] for key in ("parameters", "trainable_parameters", "tokens", "steps")
            }
            | {"tokens_per_second": manifest["run"]["tokens_per_second"], "hardware": manifest["run"]["hardware"]}
            | {"shares": manifest["facts"]["achieved_shares"]}
            for name, manifest in phases.items()
        },
        "sources": sorted(manifests["corpus"]["facts"]["sources"]),
        "versions": {key: next(iter(phases.values()))["run"][key] for key in ("clairiere", "torch", "threads")},
        **{key: report[key] for key in ("scores", "overall", "differences")},
    }


def newest_results() -> dict[str, Any]:
    """The results that were written last."""
    found = sorted((ROOT / "benchmarks").glob("claire-small_*.json"), key=lambda path: path.stem.split("_")[-1])
    results: dict[str, Any] = json.loads(found[-1].read_text(encoding="utf-8"))
    return results


def render(results: dict[str, Any]) -> str:
    """The README's section."""
    lines = ["## Results", ""]
    where = f"{results['hardware']}, {results['date']}"
    lines += [f"`recipes/claire-small.toml` on {where}: bits per byte on the test split of each source (lower is"]
    lines += ["better), base and adapted model, and their difference with its 95 % interval.", ""]
    for target, result in results["targets"].items():
        base, adapted = (result["differences"][0][key] for key in ("base", "phase"))
        minutes = sum(result["seconds"].values()) / 60
        lines += [f"**License target {target}**, built in {minutes:.0f} minutes:", ""]
        lines += [f"| source | {base} | {adapted} | difference |", "|---|---:|---:|---:|"]
        lines += [row(difference, result) for difference in result["differences"]]
        lines += [""]
    return "\n".join(lines)


def row(difference: dict[str, Any], result: dict[str, Any]) -> str:
    """One source in the table."""
    scores = {(score["phase"], score["source"]): score["value"] for score in result["scores"] + result["overall"]}
    source = difference["source"]
    values = [scores[difference[phase], source] for phase in ("base", "phase")]
    interval = f"{difference['value']:+.3f} ({difference['low']:+.3f} to {difference['high']:+.3f})"
    return f"| {source} | {values[0]:.3f} | {values[1]:.3f} | {interval} |"


def write_readme(results: dict[str, Any]) -> None:
    """Replace the README's section."""
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    before, after = text[: text.index(START) + len(START)], text[text.index(END) :]
    readme.write_text(f"{before}\n{render(results)}{after}", encoding="utf-8")


def main() -> None:
    """Build, collect, write, render."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--render", action="store_true")
    parser.add_argument("--hardware", default="2-cpu-cores", help="a slug for the file's name")
    parser.add_argument("--workspaces", type=Path, default=ROOT / "workspaces")
    arguments = parser.parse_args()
    if not arguments.render:
        targets = {}
        for target, name in TARGETS.items():
            build(target, arguments.workspaces / name)
            targets[target] = collect(arguments.workspaces / name)
        date = time.strftime("%Y-%m-%d")
        hardware = next(iter(next(iter(targets.values()))["training"].values()))["hardware"]
        results = {"date": date, "hardware": hardware, "targets": targets}
        path = ROOT / f"benchmarks/claire-small_{arguments.hardware}_{date}.json"
        path.write_text(json.dumps(results, indent=1, ensure_ascii=False, sort_keys=False) + "\n", encoding="utf-8")
        print(path)
    write_readme(newest_results())


if __name__ == "__main__":
    main()
