"""Exit codes and messages of the command, in process."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from clairiere import __version__, cli
from clairiere.errors import EmptyError, RecipeError

RECIPE = Path(__file__).parents[2] / "recipes/demo.toml"


@pytest.fixture
def build(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException | None], Result]:
    """Run `clairiere build` with a pipeline that raises what a test gives."""

    def run(error: BaseException | None, *arguments: str) -> Result:
        def fail(*_: object) -> list[str]:
            if error is not None:
                raise error
            return ["corpus"]

        monkeypatch.setattr("clairiere.build.build", fail)
        return CliRunner().invoke(cli.app, ["build", str(RECIPE), "--workspace", "w", *arguments])

    return run


def test_version_and_help() -> None:
    assert CliRunner().invoke(cli.app, ["--version"]).stdout == f"clairiere {__version__}\n"
    assert "build" in CliRunner().invoke(cli.app, ["--help"]).stdout


def test_results_go_to_standard_output(build: Callable[..., Result]) -> None:
    result = build(None, "--json")
    assert result.exit_code == 0
    assert '"ran"' in result.stdout
    assert "talk:" in build(None).stdout


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (EmptyError("nothing left", expected="something", next_step="add some"), 1, "nothing left"),
        (RecipeError("a wrong key", where="recipe.toml"), 2, "a wrong key"),
        (OSError(errno.ENOSPC, "No space left on device", "w/file"), 1, "the disk refused"),
        (PermissionError(errno.EACCES, "Permission denied", "recipe.toml"), 1, "a path that cannot be used"),
        (KeyboardInterrupt(), 1, "run the same command again"),
        (ModuleNotFoundError("No module named 'torch'", name="torch"), 1, "pip install 'clairiere[train]'"),
        (ModuleNotFoundError("No module named 'jinja2'", name="jinja2.ext"), 1, "pip install 'clairiere[release]'"),
        (ModuleNotFoundError("No module named 'ray'", name="ray"), 1, "pip install 'clairiere[ray]'"),
        (ModuleNotFoundError("No module named 'submitit'", name="submitit"), 1, "pip install 'clairiere[slurm]'"),
    ],
)
def test_expected_errors_are_a_message_and_an_exit_code(
    build: Callable[..., Result], error: BaseException, code: int, message: str
) -> None:
    result = build(error)
    assert result.exit_code == code
    assert result.stderr.startswith("error: ")
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_verbose_shows_the_traceback_too(build: Callable[..., Result]) -> None:
    result = build(EmptyError("nothing left"), "-v")
    assert "Traceback" in result.stderr
    assert "error: nothing left" in result.stderr


@pytest.mark.parametrize(
    "error", [ValueError("a bug"), OSError(errno.EIO, "broken"), ModuleNotFoundError("x", name="x")]
)
def test_a_bug_is_not_hidden(build: Callable[..., Result], error: Exception) -> None:
    assert build(error).exception is error


def test_a_reader_that_leaves_the_pipe_is_no_error(
    build: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    replaced: list[int] = []
    monkeypatch.setattr(cli.os, "dup2", lambda _, target: replaced.append(target))
    monkeypatch.setattr(cli.sys, "stdout", open(1, "w", closefd=False))  # noqa: SIM115  # a real descriptor
    result = build(BrokenPipeError())
    assert result.exit_code == 1


def test_a_missing_argument_is_a_wrong_request() -> None:
    assert CliRunner().invoke(cli.app, ["build"]).exit_code == 2
    assert CliRunner().invoke(cli.app, ["compleat"]).exit_code == 2
