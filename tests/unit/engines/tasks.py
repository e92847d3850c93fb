"""Functions that the tests of the engines run in other processes."""

from __future__ import annotations

import os
import signal
import sys
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clairiere.errors import UnreadableError
from clairiere.progress import say

MODULE = __name__


def square(payload: Mapping[str, Any]) -> dict[str, Any]:
    return {"square": payload["number"] ** 2}


def where(payload: Mapping[str, Any]) -> dict[str, Any]:
    time.sleep(payload.get("seconds", 0))
    return {"pid": os.getpid(), "threads": os.environ.get("OMP_NUM_THREADS")}


def refuse(payload: Mapping[str, Any]) -> dict[str, Any]:
    if payload["number"] == 2:
        raise UnreadableError("a broken line", where="a.jsonl:2", expected="JSON", next_step="correct it")
    return square(payload)


def fill_the_disk(payload: Mapping[str, Any]) -> dict[str, Any]:
    raise OSError(28, "No space left on device", "part.parquet")


def ask_for_too_much(payload: Mapping[str, Any]) -> dict[str, Any]:
    raise MemoryError


def stumble(payload: Mapping[str, Any]) -> dict[str, Any]:
    raise ZeroDivisionError("a fault of the program")


def die(payload: Mapping[str, Any]) -> dict[str, Any]:
    if payload["number"] == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return square(payload)


def speak(payload: Mapping[str, Any]) -> dict[str, Any]:
    say(f"number {payload['number']}")
    warnings.warn("the same for all", UserWarning, stacklevel=1)
    return square(payload)


def wait_long(payload: Mapping[str, Any]) -> dict[str, Any]:
    Path(payload["mark"]).write_text(str(os.getpid()))
    sys.stderr.flush()
    time.sleep(600)  # far longer than any test waits
    return {}
