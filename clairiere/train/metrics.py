"""metrics.jsonl, a line a logged step, and validation.jsonl, a line a validation; cut back on resumption."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clairiere.artifact import write_text

STEPS_FILE = "metrics.jsonl"
VALIDATIONS_FILE = "validation.jsonl"


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The whole lines of either file; a last line that a kill cut short is left out, a missing file is empty.

    A line has `step` (steps done) and `tokens` (of all rows so far). In metrics.jsonl follow `loss` (nats per token
    that counts), `learning_rate`, `gradient_norm`, `seconds` (since the line before), `tokens_per_second` and, on an
    accelerator, `mfu`; in validation.jsonl `validation`: source → `loss` and `bits_per_byte`.
    """
    if not path.is_file():
        return []
    lines = path.read_bytes().split(b"\n")
    return [json.loads(line) for line in lines[:-1] if line]


class Metrics:
    """One of the two files of a run that is under way."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def cut_back(self, step: int) -> None:
        """Keep the lines of the first `step` steps; what came after is computed again."""
        kept = [line for line in read_metrics(self.path) if line["step"] <= step]
        text = "".join(json.dumps(line) + "\n" for line in kept)
        write_text(self.path, text)

    def clear(self) -> None:
        """Begin anew: there is no checkpoint to go on from."""
        self.path.unlink(missing_ok=True)

    def write(self, line: Mapping[str, Any]) -> None:
        """Add one line, for others to see at once."""
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")

    def secure(self) -> None:
        """Wait until every line is on the disk."""
        if self.path.is_file():
            with self.path.open("rb") as stream:
                os.fsync(stream.fileno())


def train_seconds(lines: list[dict[str, Any]]) -> float:
    """Seconds spent in optimizer steps, over all parts of a run that was resumed."""
    return float(sum(line.get("seconds", 0.0) for line in lines))


def last_validation(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Scores by source of the last validation; empty where there was none."""
    return dict(lines[-1]["validation"]) if lines else {}
