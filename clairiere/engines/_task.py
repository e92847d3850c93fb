"""One task, the same on every engine: find the function, call it, tell what came of it."""

from __future__ import annotations

import functools
import importlib
import io
import os
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr
from dataclasses import dataclass
from typing import Any

from clairiere.errors import ClairiereError, WorkError

Function = Callable[[Mapping[str, Any]], dict[str, Any]]
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Outcome:
    """What a call gave, or the error that a person has to read."""

    result: dict[str, Any] | None = None
    error: ClairiereError | OSError | None = None
    said: tuple[str, ...] = ()
    """Lines that the call wrote to standard error."""

    def unwrap(self) -> dict[str, Any]:
        """The result, or its error raised."""
        if self.error is not None:
            raise self.error
        return self.result or {}


@functools.cache
def find(function: str) -> Function:
    """The function that `package.module:function` names."""
    module, _, name = function.partition(":")
    found: Function = getattr(importlib.import_module(module), name)
    return found


def call(function: str, payload: Mapping[str, Any]) -> Outcome:
    """Call a function; expected errors come back as values, a fault of the program goes through."""
    try:
        return Outcome(result=find(function)(payload))
    except MemoryError:
        return Outcome(error=out_of_memory(function))
    except (ClairiereError, OSError) as error:
        return Outcome(error=error)


def call_quietly(function: str, payload: Mapping[str, Any]) -> Outcome:
    """The same far from the terminal: what the call writes to standard error comes back with the outcome."""
    stream = io.StringIO()
    with redirect_stderr(stream):
        outcome = call(function, payload)
    return Outcome(outcome.result, outcome.error, tuple(stream.getvalue().splitlines()))


def use_one_thread() -> None:
    """Workers are the parallelism: libraries that this process has still to import shall not start threads."""
    for name in THREADS:
        os.environ.setdefault(name, "1")


def out_of_memory(function: str) -> WorkError:
    """A task that asked for more memory than there is."""
    return WorkError(
        "a task ran out of memory",
        where=function,
        expected="memory for as many tasks as run at once",
        next_step="lower `workers` in the recipe and run the same command again; it goes on from the finished shards",
    )


def killed(function: str, how: str) -> WorkError:
    """A worker that somebody, often the system short of memory, has ended."""
    return WorkError(
        f"a worker was killed ({how})",
        where=function,
        expected="workers that run to the end; the system kills them where memory is short",
        next_step="run the same command again, it goes on from the finished shards; lower `workers` if it recurs",
    )


def faulty(function: str, how: str) -> WorkError:
    """A worker that ended by an exception that nobody expected."""
    return WorkError(
        f"a worker ended by a fault of the program ({how}); its traceback stands above",
        where=function,
        expected="a result, or an error that says what is wrong with the input",
        next_step="report the traceback; the finished shards are kept",
    )
