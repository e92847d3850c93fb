"""The `[release]` table."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from clairiere.options import Options

FORMAT_VERSION = 1


class ReleaseOptions(Options):
    """What is published."""

    phase: str | None = None
    """The phase to release; by default the last."""
    title: str | None = None
    """The card's heading; by default the recipe's name."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """The type of the published weights."""
    shard_bytes: int = Field(default=5_000_000_000, ge=1_000)
    """Largest size of one weights file."""
