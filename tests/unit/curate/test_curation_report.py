"""The curation report says what is in its input, escapes what it quotes, and is the same for the same input."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest

from clairiere.curate.batch import Batch
from clairiere.curate.ledger import LedgerWriter
from clairiere.curate.report.histograms import SCALES, add, describe, histogram
from clairiere.curate.report.page import ReportInput, Sample, read_samples, render
from clairiere.curate.report.plots import bars, strip
from clairiere.errors import ArtifactError
from clairiere.record import Document

Make = Callable[..., Document]


def row(step: str, source: str, words: int, language: str = "fr") -> dict[str, object]:
    place = {"step": step, "source": source, "license": "CC0-1.0", "language": language}
    return {**place, "documents": 10, "words": words, "turns": 30}


SUMMARY = ReportInput(
    steps=("read", "filters"),
    flow=[row("read", "a", 1000), row("read", "b", 234_000, "en"), row("filters", "a", 900)],
    dropped={"a": {"too-short": 3}, "b": {"language": 7, "too-short": 1}},
    changed={"a": {"personal.phone": 12_345, "personal.card": 0}},
    samples=[Sample("b/<1>", "b", "filters", "too-short", "a/2", 4, "<script>alert(1)</script>")],
    histograms={"a": {"words": [0] * 39 + [5]}, "b": {"words": [7] + [0] * 39}},
)


def test_the_page_says_what_is_in_its_input() -> None:
    page = render(SUMMARY)
    for part in ("235,000", "900", "of 235,000 read, 0.4 %", "12,345", "too-short", "a 3, b 1", "4 words · as in a/2"):
        assert part in page
    assert "personal.card" not in page
    assert page.count("<h3>By ") == 3
    assert page.index("<td>language</td>") < page.index("<td>too-short</td>")


def test_the_page_is_safe_whole_and_the_same_each_time() -> None:
    page = render(SUMMARY)
    assert page == render(SUMMARY)
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "b/&lt;1&gt;" in page
    assert "http" not in page
    body = page[page.index("<body>") :].replace("</html>", "").replace("&middot;", "")
    ElementTree.fromstring(body)


def test_an_empty_summary_has_a_page() -> None:
    page = render(ReportInput(("read",), [], {}, {}, [], {}))
    assert "No document." in page
    assert "Nothing." in page


def test_values_fall_into_their_bins() -> None:
    values = np.array([-1.0, 0.0, 0.4, 0.5, 1.0, 9.0, np.nan])
    assert histogram(values, (0.0, 0.5, 1.0)) == [3, 3]
    assert sum(histogram(np.arange(0.0, 3e6, 1e4), SCALES["words"].edges)) == 300


def test_distributions_add_up_over_batches(make_document: Make) -> None:
    one, two = make_document(("A", "Un deux trois.")), make_document(("A", "Un."), ("B", "Deux trois quatre cinq."))
    batch = Batch.from_documents([one, two])
    features = SimpleNamespace(perplexity=np.array([3.0, np.nan]), known_words=np.array([np.nan, np.nan]))
    found = describe(batch, np.array([3, 5]), features)
    assert list(found) == ["words", "turns", "words_per_turn", "perplexity"]
    assert sum(found["words"]) == sum(found["turns"]) == 2
    assert sum(found["perplexity"]) == 1
    total = add([found, found, {"words": found["words"]}])
    assert total["words"] == [3 * count for count in found["words"]]
    assert total["perplexity"] == [2 * count for count in found["perplexity"]]


def test_bars_are_as_high_as_their_counts() -> None:
    svg = ElementTree.fromstring(bars([0, 5, 10, 1], (0.0, 1.0, 2.0, 3000.0, 2.5e6)))
    heights = [float(bar.attrib["height"]) for bar in svg.iter("rect")]
    assert heights == [60.0, 120.0, 12.0]
    assert [text.text for text in svg.iter("text")][-2:] == ["3K", "2.5M"]
    assert strip([0, 0]).count("<rect") == 0


def test_samples_are_drawn_by_reason_whatever_the_order(tmp_path: Path) -> None:
    def write(name: str, numbers: list[int]) -> Path:
        path = tmp_path / name
        with LedgerWriter(path) as ledger:
            for number in numbers:
                ledger.add([removal(f"id {number}", "even" if number % 2 == 0 else "odd")])
        return path

    drawn = read_samples(write("one", list(range(40))), per_reason=3)
    assert [sample.reason for sample in drawn] == ["even"] * 3 + ["odd"] * 3
    assert {sample.excerpt for sample in drawn} == {"Au [téléphone]."}
    assert drawn == read_samples(write("two", list(range(39, -1, -1))), per_reason=3)
    assert [sample.id for sample in drawn] != [f"id {number}" for number in (0, 2, 4, 1, 3, 5)]


def removal(name: str, reason: str) -> dict[str, object]:
    document = {"id": name, "source": "s", "license": None, "language": "fr"}
    return {**document, "step": "filters", "reason": reason, "twin": None, "words": 1, "excerpt": "Au 06 12 34 56 78."}


def test_a_ledger_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="cannot be read"):
        read_samples(tmp_path / "missing.parquet")
