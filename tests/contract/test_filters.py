"""Every filter finds itself tested: `filters/<name>/kept.json` and `dropped.json`, one example or a list of them.

An example gives `options` (of `[curate]`), `turns`, other fields of the document where they matter, and in
`dropped.json` the `reason`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clairiere import plugins
from clairiere.curate.curator import FILTERS, load_filter
from clairiere.curate.options import CurateOptions
from clairiere.record import Document, Provenance, Turn, Verdict

EXAMPLES = Path(__file__).parent / "filters"
NAMES = plugins.names(FILTERS)


def examples(name: str, kind: str) -> list[dict[str, Any]]:
    path = EXAMPLES / name / f"{kind}.json"
    assert path.is_file(), f"the filter `{name}` needs an example of a {kind} document in {path}"
    found = json.loads(path.read_text(encoding="utf-8"))
    return found if isinstance(found, list) else [found]


def judge(name: str, example: dict[str, Any]) -> Verdict:
    fields: dict[str, Any] = {
        "source": "source",
        "language": "fr",
        "license": "CC0-1.0",
        "category": None,
        "title": None,
    }
    fields |= {key: value for key, value in example.items() if key not in ("options", "turns", "reason")}
    turns = tuple(Turn(turn["speaker"], turn["text"]) for turn in example["turns"])
    provenance = Provenance(path="file", locator=None, sha256="0" * 64)
    document = Document(id="source/file", turns=turns, provenance=provenance, **fields)
    return load_filter(name)(document, CurateOptions.model_validate(example.get("options", {})))


@pytest.mark.parametrize("name", NAMES)
def test_filter_keeps(name: str) -> None:
    for example in examples(name, "kept"):
        assert judge(name, example).keeps, example


@pytest.mark.parametrize("name", NAMES)
def test_filter_drops_with_its_reason(name: str) -> None:
    for example in examples(name, "dropped"):
        assert judge(name, example).reason == example["reason"], example


def test_examples_belong_to_filters() -> None:
    assert {path.name for path in EXAMPLES.iterdir()} == set(NAMES)
