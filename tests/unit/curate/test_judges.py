"""Filters of both forms, and the options and the ledger around them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from clairiere.curate.batch import Batch
from clairiere.curate.judges import judge_all, load_judges, need_features
from clairiere.curate.ledger import LedgerWriter, excerpt
from clairiere.curate.options import CurateOptions, DuplicatesOptions
from clairiere.record import Document

Make = Callable[..., Document]
PLAIN = "tests.unit.curate.plain_filter"


def test_filters_of_one_document_and_of_columns_work_together(make_document: Make) -> None:
    texts = ("Ceci est un secret, bien gardé.", "Ceci se dit tout haut ici.", "Un secret.")
    batch = Batch.from_documents([make_document(("A", text)) for text in texts])
    options = CurateOptions(filters=("length", PLAIN))
    assert judge_all(load_judges(options), batch, None, options) == ["secret", None, "too-short"]
    turned = CurateOptions(filters=(PLAIN, "length"))
    assert judge_all(load_judges(turned), batch, None, turned) == ["secret", None, "secret"]


def test_features_are_measured_only_where_a_filter_looks_at_them() -> None:
    assert not need_features(load_judges(CurateOptions(filters=("length", PLAIN))))
    assert need_features(load_judges(CurateOptions(filters=("length", "quality"))))
    assert need_features(load_judges(CurateOptions()))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bands": 15, "band_rows": 8}, "bands · band_rows is 120, more than 112"),
        ({"similarity": 0.4}, "group_similarity is above similarity"),
    ],
)
def test_options_of_duplicates_that_contradict_one_another(options: dict[str, float], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        DuplicatesOptions.model_validate(options)


def test_an_excerpt_is_the_beginning_on_one_line() -> None:
    assert excerpt(["Oui\u00a0!\n\nNon.", " Ah."]) == "Oui ! Non. Ah."
    assert excerpt([]) == ""
    long = excerpt(["mot " * 60, "fin"])
    assert (len(long), long[-5:]) == (200, " mot…")


ROW = {"id": "x", "source": "s", "step": "filters", "reason": "too-short", "words": 1, "excerpt": "Non."}


def write_ledger(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    with LedgerWriter(path) as ledger:
        for row in rows:
            ledger.add([row])


def test_a_ledger_that_was_not_finished_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        write_ledger(tmp_path / "one", ({**ROW, "words": 1 // number} for number in (1, 0)))
    assert list(tmp_path.iterdir()) == []
    write_ledger(tmp_path / "two", [ROW])
    assert pq.read_table(tmp_path / "two").to_pylist() == [{**ROW, "license": None, "language": None, "twin": None}]
