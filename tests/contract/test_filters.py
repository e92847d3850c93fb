"""Every filter finds itself tested: `filters/<name>/kept.json` and `dropped.json`, one example or a list of them.

An example gives `options` (of `[curate]`), `turns`, other fields of the document where they matter, `features` (of
`clairiere.curate.quality.features`) where they are not to be measured on the text, and in `dropped.json` the `reason`.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clairiere import plugins
from clairiere.curate.batch import Batch
from clairiere.curate.judges import FILTERS, judge_all, load_judge
from clairiere.curate.options import CurateOptions
from clairiere.curate.quality.features import Features, measure
from clairiere.record import Document, Provenance, Turn

EXAMPLES = Path(__file__).parent / "filters"
NAMES = plugins.names(FILTERS)


def examples(name: str, kind: str) -> list[dict[str, Any]]:
    path = EXAMPLES / name / f"{kind}.json"
    assert path.is_file(), f"the filter `{name}` needs an example of a {kind} document in {path}"
    found = json.loads(path.read_text(encoding="utf-8"))
    return found if isinstance(found, list) else [found]


def document(example: dict[str, Any]) -> Document:
    fields: dict[str, Any] = {
        "source": "source",
        "language": "fr",
        "license": "CC0-1.0",
        "category": None,
        "title": None,
    }
    aside = ("options", "turns", "reason", "features")
    fields |= {key: value for key, value in example.items() if key not in aside}
    turns = tuple(Turn(turn["speaker"], turn["text"]) for turn in example["turns"])
    provenance = Provenance(path="file", locator=None, sha256="0" * 64)
    return Document(id="source/file", turns=turns, provenance=provenance, **fields)


def features(batch: Batch, example: dict[str, Any]) -> Features:
    given = {name: np.array([value]) for name, value in example.get("features", {}).items()}
    return dataclasses.replace(measure(batch, {}), **given)


def reason(name: str, example: dict[str, Any]) -> str | None:
    batch = Batch.from_documents([document(example)])
    options = CurateOptions.model_validate(example.get("options", {}))
    return judge_all([load_judge(name)], batch, features(batch, example), options)[0]


@pytest.mark.parametrize("name", NAMES)
def test_filter_keeps(name: str) -> None:
    for example in examples(name, "kept"):
        assert reason(name, example) is None, example


@pytest.mark.parametrize("name", NAMES)
def test_filter_drops_with_its_reason(name: str) -> None:
    for example in examples(name, "dropped"):
        assert reason(name, example) == example["reason"], example


def test_examples_belong_to_filters() -> None:
    assert {path.name for path in EXAMPLES.iterdir()} == set(NAMES)
