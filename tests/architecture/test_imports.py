"""Modules only define: importing one prints nothing, and nothing below the model's floor brings torch with it."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import pytest

import clairiere

MODULES = sorted(info.name for info in pkgutil.walk_packages(clairiere.__path__, "clairiere."))
LIGHT = [
    name
    for name in MODULES
    if name.split(".")[1] in ("artifact", "cli", "corpus", "curate", "errors", "options", "pipeline", "plan", "plugins")
    or name.split(".")[1] in ("progress", "recipe", "record", "tokens")
    or name.endswith(".options")
]
HEAVY = ("torch", "transformers", "matplotlib")


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)


def test_importing_everything_prints_nothing() -> None:
    names = [name for name in MODULES if name != "clairiere.__main__"]
    result = python("import importlib\n" + "\n".join(f"importlib.import_module({name!r})" for name in names))
    assert (result.stdout, result.stderr, result.returncode) == ("", "", 0)


def test_light_modules_do_not_load_torch() -> None:
    imports = "\n".join(f"importlib.import_module({name!r})" for name in LIGHT)
    result = python(f"import importlib, sys\n{imports}\nprint([name for name in {HEAVY!r} if name in sys.modules])")
    assert result.stderr == ""
    assert result.stdout.strip() == "[]"


def test_help_loads_no_stage_and_no_options() -> None:
    result = python(
        "import sys\nfrom clairiere import cli\n"
        "print([name for name in ('pydantic', 'numpy', 'pyarrow', 'lxml', 'torch') if name in sys.modules])"
    )
    assert result.stdout.strip() == "[]", result.stderr


def test_a_plan_and_a_build_with_nothing_to_do_load_no_compiler_and_no_engine() -> None:
    result = python(
        "import sys\nfrom clairiere import build, pipeline, plan, recipe\n"
        "print([name for name in ('numba', 'ray', 'submitit', 'torch', 'matplotlib', 'jinja2') if name in sys.modules])"
    )
    assert result.stdout.strip() == "[]", result.stderr


@pytest.mark.parametrize("name", MODULES)
def test_every_module_says_what_it_is(name: str) -> None:
    module = pkgutil.resolve_name(name) if name != "clairiere.__main__" else clairiere
    assert module.__doc__
    assert module.__doc__.strip()
