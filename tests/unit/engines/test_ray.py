"""Ray tasks on a two-worker Ray of this machine."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator

import pytest

ray = pytest.importorskip("ray", reason="needs the extra `ray`")

from clairiere.engines import Engine, Resources, open_engine  # noqa: E402  # after the skip
from clairiere.errors import UnreadableError, WorkError  # noqa: E402
from tests.unit.engines.tasks import MODULE  # noqa: E402

NUMBERS = [{"number": number} for number in range(5)]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with open_engine("ray", Resources(workers=2)) as opened:
        yield opened
    assert not ray.is_initialized()
    with warnings.catch_warnings():  # on a busy machine Ray lets go of its own processes before they have ended
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def test_every_payload_is_called_once(engine: Engine) -> None:
    assert engine.workers == 2
    assert dict(engine.run(f"{MODULE}:square", NUMBERS)) == {number: {"square": number**2} for number in range(5)}


def test_an_expected_error_arrives_as_it_was_raised(engine: Engine) -> None:
    with pytest.raises(UnreadableError) as caught:
        list(engine.run(f"{MODULE}:refuse", NUMBERS))
    assert (caught.value.where, caught.value.next_step) == ("a.jsonl:2", "correct it")


def test_a_fault_of_the_program_shows_its_traceback(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(WorkError, match=r"a fault of the program \(ZeroDivisionError\)"):
        list(engine.run(f"{MODULE}:stumble", NUMBERS))
    assert "stumble" in capsys.readouterr().err


def test_a_worker_that_is_killed_each_time_is_told(engine: Engine) -> None:
    with pytest.raises(WorkError, match=r"a worker was killed \(WorkerCrashedError\)"):
        list(engine.run(f"{MODULE}:die", NUMBERS[:2]))


def test_what_workers_say_is_said_here(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    list(engine.run(f"{MODULE}:speak", NUMBERS))
    printed = capsys.readouterr().err
    assert all(f"number {number}" in printed for number in range(5))
    assert printed.count("UserWarning: the same for all") == 1


def test_a_ray_that_runs_is_used_and_left_running(engine: Engine) -> None:
    with open_engine("ray", Resources()) as other:
        assert other.workers == 2
    assert ray.is_initialized()


def test_a_cluster_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    from clairiere.engines import ray as engine_module

    def refuse(**_: object) -> None:
        raise ConnectionError("nobody answers")

    monkeypatch.setattr(engine_module.ray, "is_initialized", lambda: False)
    monkeypatch.setattr(engine_module.ray, "init", refuse)
    monkeypatch.setenv("RAY_ADDRESS", "10.255.0.1:6379")
    with pytest.raises(WorkError, match="no Ray cluster that can be used: nobody answers") as caught:
        open_engine("ray", Resources()).__enter__()
    assert "RAY_ADDRESS=10.255.0.1:6379" in str(caught.value)
