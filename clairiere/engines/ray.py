"""Plain Ray tasks: the cluster that `RAY_ADDRESS` names, else a Ray of this machine that ends with the build.

A task whose worker dies runs again by Ray's own means; that it may is what makes every shard function safe there.
https://docs.ray.io/en/latest/ray-core/tasks.html
"""

from __future__ import annotations

import itertools
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError

from clairiere.engines import Resources, cores
from clairiere.engines._task import Outcome, call_quietly, faulty, killed
from clairiere.errors import WorkError
from clairiere.progress import say

ADDRESS = "RAY_ADDRESS"
RETRIES = 2
"""A task whose worker dies is tried so many times more."""
STORE_BYTES = 1 << 27
"""Ray's shared memory where we start it: payloads and results are small."""
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


@contextmanager
def open_engine(resources: Resources) -> Iterator[RayEngine]:
    """Ray tasks on a cluster that runs, or on a Ray of this machine for as long as the block lasts.

    Raises:
        WorkError: no cluster answers at `RAY_ADDRESS`.
    """
    started = not ray.is_initialized()
    if started:
        _start(resources)
    try:
        workers = resources.workers or _cluster_cores()
        yield RayEngine(workers, resources.memory_bytes)
    finally:
        if started:
            ray.shutdown()


def _start(resources: Resources) -> None:
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    own: dict[str, Any] = {
        "num_cpus": resources.workers or cores(),
        "object_store_memory": STORE_BYTES,
        "include_dashboard": False,
    }
    address = os.environ.get(ADDRESS)
    try:
        ray.init(
            address=address or "local", log_to_driver=False, logging_level=logging.ERROR, **({} if address else own)
        )
    except (ConnectionError, ValueError) as error:
        raise WorkError(
            f"no Ray cluster that can be used: {error}",
            where=f"{ADDRESS}={address}",
            expected="the address of a cluster that runs, such as auto or 10.0.0.1:6379",
            next_step=f"start one with `ray start --head`, or unset {ADDRESS} to run on this machine alone",
        ) from error


def _cluster_cores() -> int:
    resources: Mapping[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return int(resources.get("CPU", 1))


class RayEngine:
    """Calls as Ray tasks of one core each."""

    def __init__(self, workers: int, memory_bytes: int) -> None:
        self.workers = workers
        self.memory_bytes = memory_bytes

    def run(self, function: str, payloads: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
        """See `Engine.run`."""
        task = ray.remote(num_cpus=1, max_retries=RETRIES)(call_quietly)
        waiting = iter(enumerate(payloads))
        running: dict[Any, int] = {}
        said: set[str] = set()
        try:
            while True:
                for index, payload in itertools.islice(waiting, self.workers - len(running)):
                    running[task.remote(function, dict(payload))] = index
                if not running:
                    return
                (done, *_), _ = ray.wait(list(running), num_returns=1)
                index = running.pop(done)
                outcome = _fetch(done, function)
                for line in outcome.said:
                    if line not in said:
                        said.add(line)
                        say(line)
                yield index, outcome.unwrap()
        finally:
            for left in running:
                ray.cancel(left, force=True)


def _fetch(reference: Any, function: str) -> Outcome:
    try:
        outcome: Outcome = ray.get(reference)
    except RayTaskError as error:
        say(str(error).rstrip())
        raise faulty(function, type(error.cause).__name__) from error
    except RayError as error:
        raise killed(function, type(error).__name__) from error
    return outcome
