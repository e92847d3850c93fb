"""The embedded engine: what comes back, what is said, and that nothing is left behind."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from clairiere.engines import GIB, Resources, cores, open_engine
from clairiere.engines.local import LocalEngine
from clairiere.errors import UnknownNameError, UnreadableError, WorkError
from tests.unit.engines.tasks import MODULE

PATIENCE_SECONDS = 120
"""A machine that is busy starts and ends processes slowly."""
NUMBERS = [{"number": number} for number in range(5)]
SQUARES = {number: {"square": number**2} for number in range(5)}


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):  # the second where it ended in between
        return False


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_every_payload_is_called_once(workers: int) -> None:
    with LocalEngine(workers) as engine:
        assert dict(engine.run(f"{MODULE}:square", NUMBERS)) == SQUARES
        assert list(engine.run(f"{MODULE}:square", [])) == []


def test_one_payload_or_one_worker_needs_no_process() -> None:
    with LocalEngine(1) as engine:
        assert [result["pid"] for _, result in engine.run(f"{MODULE}:where", [{}, {}])] == [os.getpid()] * 2
    with LocalEngine(2) as engine:
        assert next(engine.run(f"{MODULE}:where", [{}]))[1]["pid"] == os.getpid()


def test_workers_are_several_single_threaded_and_kept_for_the_next_run() -> None:
    with LocalEngine(2) as engine:
        first = [result for _, result in engine.run(f"{MODULE}:where", [{"seconds": 0.2}] * 4)]
        second = [result for _, result in engine.run(f"{MODULE}:where", [{"seconds": 0.2}] * 4)]
    pids = {result["pid"] for result in first}
    assert len(pids) == 2
    assert os.getpid() not in pids
    assert {result["pid"] for result in second} == pids
    assert {result["threads"] for result in first} <= {"1", os.environ.get("OMP_NUM_THREADS")}
    assert not any(map(is_alive, pids))


@pytest.mark.parametrize("workers", [1, 2])
def test_an_expected_error_arrives_as_it_was_raised(workers: int) -> None:
    with LocalEngine(workers) as engine, pytest.raises(UnreadableError) as caught:
        list(engine.run(f"{MODULE}:refuse", NUMBERS))
    error = caught.value
    assert (error.found, error.where, error.expected, error.next_step) == (
        "a broken line",
        "a.jsonl:2",
        "JSON",
        "correct it",
    )


def test_a_full_disk_keeps_its_number_and_its_file() -> None:
    with LocalEngine(2) as engine, pytest.raises(OSError, match="No space left") as caught:
        list(engine.run(f"{MODULE}:fill_the_disk", NUMBERS))
    assert (caught.value.errno, caught.value.filename) == (28, "part.parquet")


@pytest.mark.parametrize("workers", [1, 2])
def test_too_little_memory_is_said(workers: int) -> None:
    with LocalEngine(workers) as engine, pytest.raises(WorkError, match="a task ran out of memory"):
        list(engine.run(f"{MODULE}:ask_for_too_much", NUMBERS))


def test_a_fault_of_the_program_shows_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    with LocalEngine(2) as engine, pytest.raises(WorkError, match="a worker ended by a fault of the program"):
        list(engine.run(f"{MODULE}:stumble", NUMBERS))
    assert "ZeroDivisionError: a fault of the program" in capsys.readouterr().err


def test_a_killed_worker_is_told_and_takes_none_along() -> None:
    with LocalEngine(2) as engine:
        with pytest.raises(WorkError, match=r"a worker was killed \(SIGKILL\)") as caught:
            list(engine.run(f"{MODULE}:die", NUMBERS))
        assert "run the same command again, it goes on from the finished shards" in str(caught.value)
        assert dict(engine.run(f"{MODULE}:square", NUMBERS)) == SQUARES


def test_what_workers_say_is_said_here_and_what_all_say_once(capsys: pytest.CaptureFixture[str]) -> None:
    with LocalEngine(2) as engine:
        assert dict(engine.run(f"{MODULE}:speak", NUMBERS)) == SQUARES
    printed = capsys.readouterr().err
    assert sorted(re.findall(r"number (\d)", printed)) == list("01234")
    assert printed.count("UserWarning: the same for all") == 1


def test_a_run_that_is_given_up_leaves_no_process(tmp_path: Path) -> None:
    with LocalEngine(2) as engine:
        run = engine.run(f"{MODULE}:where", [{"seconds": 0}, {"seconds": 30}, {"seconds": 30}])
        pid = next(run)[1]["pid"]
        run.close()  # type: ignore[attr-defined]  # a generator, where there are workers
    assert not is_alive(pid)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_workers_end_with_the_process_that_started_them(tmp_path: Path, end: signal.Signals) -> None:
    marks = [tmp_path / "a", tmp_path / "b"]
    code = (
        "from clairiere.engines.local import LocalEngine\n"
        "if __name__ == '__main__':\n"
        f"    list(LocalEngine(2).run('{MODULE}:wait_long', [{{'mark': str(p)}} for p in {list(map(str, marks))}]))\n"
    )
    (tmp_path / "driver.py").write_text(code)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    driver = subprocess.Popen(
        [sys.executable, tmp_path / "driver.py"], env=environment, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        wait_until(lambda: all(mark.exists() and mark.read_text() for mark in marks))
        pids = [int(mark.read_text()) for mark in marks]
        driver.send_signal(end)
        _, errors = driver.communicate(timeout=PATIENCE_SECONDS)
        wait_until(lambda: not any(map(is_alive, pids)))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(driver.pid, signal.SIGKILL)
        driver.communicate()
    assert errors.count(b"Traceback") == (end == signal.SIGINT)


def test_unless_told_workers_follow_cores_and_memory(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("clairiere.engines.local.cores", lambda: 8)
    with open_engine("local", Resources(memory_bytes=GIB // 4)) as engine:
        assert (engine.workers, engine.memory_bytes) == (1, GIB // 4)
    assert "1 of 8 cores are used, as `memory_gib` allows" in capsys.readouterr().err
    with open_engine("local", Resources(memory_bytes=1000 * GIB)) as engine:
        assert engine.workers == 8
    with open_engine("local", Resources(workers=7)) as engine:
        assert engine.workers == 7


def test_cores_are_those_that_this_process_may_use() -> None:
    assert 1 <= cores() <= (os.cpu_count() or 1)


def test_an_unknown_engine_lists_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="no engine `locl`") as caught:
        open_engine("locl", Resources())
    assert "did you mean `local`?" in str(caught.value)
