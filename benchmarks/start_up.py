"""How long a person waits for `--help` and for a build that has nothing to do, beside a bare interpreter.

    python benchmarks/start_up.py WORKSPACE RECIPE

Prints the median of several runs in turn, as JSON; the workspace must be finished.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time

RUNS = 7


def seconds(command: list[str]) -> float:
    """Wall seconds of one run."""
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    """Time the commands in turn."""
    workspace, recipe = sys.argv[1:]
    clairiere = [sys.executable, "-m", "clairiere"]
    commands = {
        "bare interpreter": [sys.executable, "-c", "pass"],
        "clairiere --help": [*clairiere, "--help"],
        "clairiere build, up to date": [*clairiere, "build", recipe, "--workspace", workspace],
    }
    times = {name: [] for name in commands}
    for _ in range(RUNS):
        for name, command in commands.items():
            times[name].append(seconds(command))
    print(json.dumps({name: round(statistics.median(runs), 3) for name, runs in times.items()}, indent=1))


if __name__ == "__main__":
    main()
