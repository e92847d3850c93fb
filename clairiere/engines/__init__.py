"""Where a stage's shards are worked on: local processes by default, Ray or a Slurm array where these are outgrown.

An engine runs one function over many payloads. The function writes its files itself, each atomically, into a folder
that every worker sees, and depends on nothing but its payload: so a task may run again, and which engine ran it, or
on how many workers, never shows in a byte. The file name is the engine's name in a recipe.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pydantic import Field

from clairiere import plugins
from clairiere.options import Options

PACKAGE = "clairiere.engines"
GIB = 1 << 30
WORKER_BYTES = GIB // 2
"""What a local worker needs to breathe: the interpreter, its libraries and one shard."""


class Engine(Protocol):
    """What a stage sees of an engine."""

    @property
    def workers(self) -> int:
        """How many tasks run at once."""
        ...

    @property
    def memory_bytes(self) -> int:
        """What the stage may hold at once on one machine: its local workers and its global steps share it."""
        ...

    def run(self, function: str, payloads: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Call a function once for each payload.

        Args:
            function: `package.module:function`, a module-level function `payload → result`, both plain JSON values.
            payloads: what each call gets; all else that it needs it reads from files.

        Yields:
            The payload's index and what the call returned, as calls finish, in any order.

        Raises:
            ClairiereError: whatever a call raised, as it was raised there.
            WorkError: a worker was killed, or ended by a fault of the program.
        """
        ...


class SlurmOptions(Options):
    """The `[slurm]` table: what a job array asks of the scheduler."""

    account: str | None = None
    """Who pays (`--account`)."""
    partition: str | None = None
    """Where it runs (`--partition`)."""
    qos: str | None = None
    """At which quality of service (`--qos`)."""
    time_minutes: int = Field(default=120, gt=0)
    """The longest that one shard may take."""
    array_size: int = Field(default=1_000, gt=0)
    """Tasks in one array at most; a cluster's `MaxArraySize` is its limit plus one."""


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What a recipe grants an engine."""

    workers: int = 0
    """Tasks at once; 0 lets the engine decide."""
    memory_bytes: int = 2 * GIB
    """What a stage may hold at once on one machine."""
    folder: Path = Path()
    """A folder that every worker sees, for the engine's own files."""
    slurm: SlurmOptions = field(default_factory=SlurmOptions)


def open_engine(name: str, resources: Resources) -> AbstractContextManager[Engine]:
    """An engine by its name; leaving the `with` block ends whatever it started.

    Raises:
        UnknownNameError: there is no such engine.
        RequestError: this machine cannot reach it.
        ModuleNotFoundError: the package that it needs is not installed.
    """
    opened: AbstractContextManager[Engine] = plugins.load(PACKAGE, name, "engine").open_engine(resources)
    return opened


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
