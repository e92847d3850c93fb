"""The embedded engine: this process, or worker processes of this machine.

Workers are spawned, not forked: a fork copies locks that other threads hold. They end with the process that started
them, however that one ends.
"""

from __future__ import annotations

import io
import itertools
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import parent_process
from typing import Any, Self

from clairiere.engines import GIB, WORKER_BYTES, Resources, cores
from clairiere.engines._task import Outcome, call, faulty, killed, use_one_thread
from clairiere.progress import say

_SPAWN = multiprocessing.get_context("spawn")


def open_engine(resources: Resources) -> LocalEngine:
    """Workers of this machine: as many as asked for, else as many as the cores and the memory allow."""
    affordable = max(1, resources.memory_bytes // WORKER_BYTES)
    if not resources.workers and affordable < cores():
        say(f"  {affordable} of {cores()} cores are used, as `memory_gib` allows; a larger one lets more of them work")
    return LocalEngine(resources.workers or min(cores(), affordable), resources.memory_bytes)


class _Worker:
    """One spawned process, and the pipe to it."""

    def __init__(self) -> None:
        self.pipe, theirs = _SPAWN.Pipe()
        self.process = _SPAWN.Process(target=_serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()  # so that its end is the pipe's end
        self.index = -1

    def give(self, index: int, function: str, payload: Mapping[str, Any]) -> None:
        """Hand over a payload."""
        self.index = index
        self.pipe.send((function, dict(payload)))

    def end(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self.process.join()
        self.pipe.close()


class LocalEngine:
    """Calls in this process where there is one payload or one worker, else in worker processes."""

    def __init__(self, workers: int = 1, memory_bytes: int = 2 * GIB) -> None:
        self.workers = workers
        self.memory_bytes = memory_bytes
        self._idle: list[_Worker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        while self._idle:
            self._idle.pop().end()

    def run(self, function: str, payloads: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
        """See `Engine.run`."""
        count = min(self.workers, len(payloads))
        if count <= 1:
            return ((index, call(function, payload).unwrap()) for index, payload in enumerate(payloads))
        return self._spread(function, payloads, count)

    def _spread(
        self, function: str, payloads: Sequence[Mapping[str, Any]], count: int
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        waiting = iter(enumerate(payloads))
        said: dict[str, _Worker] = {}
        busy: list[_Worker] = []
        try:
            for index, payload in itertools.islice(waiting, count):
                busy.append(self._idle.pop() if self._idle else _Worker())
                busy[-1].give(index, function, payload)
            while busy:
                ready = wait([worker.pipe for worker in busy])
                for worker in [worker for worker in busy if worker.pipe in ready]:
                    outcome = _receive(worker, function, said)
                    if outcome is None:
                        continue
                    done = worker.index, outcome.unwrap()
                    following = next(waiting, None)
                    if following is None:
                        busy.remove(worker)
                        self._idle.append(worker)
                    else:
                        worker.give(following[0], function, following[1])
                    yield done
        finally:
            for worker in busy:
                worker.end()


def _receive(worker: _Worker, function: str, said: dict[str, _Worker]) -> Outcome | None:
    """What a worker has to tell: an outcome, or a line for the person; what every worker says is said once."""
    try:
        message = worker.pipe.recv()
    except (EOFError, ConnectionResetError) as error:
        worker.process.join()
        code = worker.process.exitcode or 0
        raise (killed(function, signal.Signals(-code).name) if code < 0 else faulty(function, f"{code}")) from error
    if isinstance(message, Outcome):
        return message
    if said.setdefault(message, worker) is worker:
        say(message)
    return None


def _serve(pipe: Connection) -> None:
    """A worker's life: one payload after the other, until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the first process ends the others
    threading.Thread(target=_end_with_parent, daemon=True).start()
    use_one_thread()
    sys.stderr = _Lines(pipe)
    while True:
        try:
            function, payload = pipe.recv()
        except EOFError:
            return
        pipe.send(call(function, payload))


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


class _Lines(io.TextIOBase):
    """A worker's standard error: each line goes to the process that has the terminal."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._held = ""

    def write(self, text: str) -> int:
        *lines, self._held = (self._held + text).split("\n")
        for line in lines:
            self._pipe.send(line)
        return len(text)
