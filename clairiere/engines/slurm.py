"""Slurm job arrays by submitit: one task for each payload, at most `workers` of them at once.

The folder of the workspace must be one that every node sees. A task that is preempted or runs out of time is put in
the queue again: it may, since it depends on nothing but its payload. https://github.com/facebookincubator/submitit
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import submitit
from submitit.core.utils import FailedJobError, UncompletedJobError
from submitit.helpers import Checkpointable

from clairiere.engines import GIB, Resources
from clairiere.engines._task import Outcome, call_quietly, faulty, killed, use_one_thread
from clairiere.errors import RequestError
from clairiere.progress import say

POLL_SECONDS = 1.0
"""How often finished tasks are looked for, by the files that they leave."""
ASK_SECONDS = 60.0
"""How often the scheduler is asked for tasks that ended without one."""
FOLDER = ".slurm"
SUBMITTED = "submitted"
"""In our folder: the ids of the jobs that a build has submitted and not seen the end of."""


@contextmanager
def open_engine(resources: Resources) -> Iterator[SlurmEngine]:
    """Job arrays; their files are removed where all went well, else the logs stay.

    Raises:
        RequestError: this machine cannot submit to Slurm.
    """
    if shutil.which("sbatch") is None or shutil.which("srun") is None:
        raise RequestError(
            "no Slurm on this machine: `sbatch` and `srun` are not found",
            expected="a login node of a cluster, or a job on it",
            next_step='run the command there, or leave `engine = "slurm"` out of the recipe',
        )
    engine = SlurmEngine(resources)
    engine.end_leftovers()
    yield engine
    shutil.rmtree(engine.folder, ignore_errors=True)


class SlurmEngine:
    """Calls as tasks of job arrays.

    Args:
        resources: `workers` bounds the tasks at once (0: an array's size), `memory_bytes` is what each asks for.
    """

    def __init__(self, resources: Resources) -> None:
        self.workers = resources.workers or resources.slurm.array_size
        self.memory_bytes = resources.memory_bytes
        self.folder = resources.folder.absolute() / FOLDER
        self._options = resources.slurm

    def run(self, function: str, payloads: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
        """See `Engine.run`; arrays follow one another where there are more payloads than one may hold."""
        size = self._options.array_size
        for first in range(0, len(payloads), size):
            for index, result in self._run_array(function, payloads[first : first + size]):
                yield first + index, result

    def _run_array(self, function: str, payloads: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
        jobs = dict(enumerate(self._executor().map_array(_Task(function), list(map(dict, payloads)))))
        self._note(sorted({job.job_id.partition("_")[0] for job in jobs.values()}))
        said: set[str] = set()
        asked = time.monotonic()
        try:
            while jobs:
                asks = time.monotonic() - asked > ASK_SECONDS
                asked = time.monotonic() if asks else asked
                for index in [index for index, job in jobs.items() if job.done(force_check=asks)]:
                    outcome = _fetch(jobs.pop(index), function)
                    for line in [line for line in outcome.said if line not in said]:
                        said.add(line)
                        say(line)
                    yield index, outcome.unwrap()
                if jobs:
                    time.sleep(POLL_SECONDS)
        finally:
            for job in jobs.values():
                job.cancel(check=False)
        self._note([])

    def _executor(self) -> submitit.AutoExecutor:
        executor = submitit.AutoExecutor(self.folder, cluster="slurm")
        asked = {
            "slurm_account": self._options.account,
            "slurm_partition": self._options.partition,
            "slurm_qos": self._options.qos,
        }
        executor.update_parameters(
            name="clairiere",
            timeout_min=self._options.time_minutes,
            mem_gb=self.memory_bytes / GIB,
            cpus_per_task=1,
            slurm_array_parallelism=self.workers,
            **{name: value for name, value in asked.items() if value is not None},
        )
        return executor

    def _note(self, ids: Sequence[str]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / SUBMITTED).write_text("\n".join(ids))

    def end_leftovers(self) -> None:
        """Cancel what a killed build has left in the queue, and wait for its end: it writes to the same files."""
        note = self.folder / SUBMITTED
        ids = note.read_text().split() if note.is_file() else []
        if not ids:
            return
        say(f"canceling the jobs of an earlier build: {', '.join(ids)}")
        subprocess.run(["scancel", *ids], check=False)  # noqa: S603, S607  # our own ids, the cluster's own command
        while _is_queued(ids):
            time.sleep(POLL_SECONDS)


class _Task(Checkpointable):
    """One call; submitit puts it in the queue again when Slurm takes its node away or its time is over."""

    def __init__(self, function: str) -> None:
        self.function = function

    def __call__(self, payload: Mapping[str, Any]) -> Outcome:
        use_one_thread()
        return call_quietly(self.function, payload)


def _is_queued(ids: Sequence[str]) -> bool:
    command = ["squeue", "--noheader", "--jobs", ",".join(ids)]
    found = subprocess.run(command, capture_output=True, check=False)  # noqa: S603  # as above
    return bool(found.stdout.strip())


def _fetch(job: submitit.Job[Outcome], function: str) -> Outcome:
    try:
        return job.result()
    except FailedJobError as error:
        say(str(error))
        raise faulty(function, f"job {job.job_id}") from error
    except UncompletedJobError as error:
        raise killed(function, f"job {job.job_id}, {_log(job.paths.stderr)}") from error


def _log(path: Path) -> str:
    lines = path.read_text(errors="replace").strip().splitlines() if path.is_file() else []
    return lines[-1] if lines else f"no log at {path}"
