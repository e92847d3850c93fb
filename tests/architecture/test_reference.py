"""docs/reference is what the code says today."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

from clairiere.recipe import Recipe

DOCS = Path(__file__).parents[2] / "docs"
GENERATOR = DOCS / "generate_reference.py"
OPTIONS = [Recipe, *(model for _, model in runpy.run_path(str(GENERATOR))["subtables"](Recipe))]
STAGE_TABLES = {"corpus", "curate", "tokens", "model", "evaluate", "release"}


def test_the_reference_is_in_step() -> None:
    code = "import json, runpy, sys; print(json.dumps(runpy.run_path(sys.argv[1])['pages']()))"
    result = subprocess.run([sys.executable, "-c", code, GENERATOR], capture_output=True, text=True, check=True)
    for name, text in json.loads(result.stdout).items():
        assert (DOCS / "reference" / name).read_text(encoding="utf-8") == text, f"run `make docs` to renew {name}"


@pytest.mark.parametrize("model", OPTIONS, ids=lambda model: model.__name__)
def test_every_key_says_what_it_means(model: type[BaseModel]) -> None:
    undescribed = {name for name, field in model.model_fields.items() if not field.description}
    assert undescribed <= (STAGE_TABLES | {"lora"})
