"""The n-gram model against its formula, and what is learned of a corpus."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clairiere.corpus.shards import write_documents
from clairiere.curate.batch import Batch
from clairiere.curate.quality import ngrams
from clairiere.curate.quality import ngrams_kernels as kernels
from clairiere.curate.quality.characters import class_table, lower_table
from clairiere.curate.quality.features import measure
from clairiere.curate.quality.ngrams import CleanText, Sample
from clairiere.curate.quality.options import QualityOptions
from clairiere.record import Document, Provenance, Turn

SMALL = QualityOptions(ngram_slots_log2=14, ngram_order=3, min_sample_characters=100)
_WORDS = "le la rivière colline enfants village descend chaque soir dans herbe courent fenêtre racontent table"
WORDS = _WORDS.split(" ")


def prose(seed: int, words: int = 400) -> str:
    dice = random.Random(seed)
    return " ".join(dice.choice(WORDS) for _ in range(words)) + "."


def document(number: int, *texts: str, **fields: Any) -> Document:
    defaults: dict[str, Any] = {"source": "s", "language": "fr", "license": None, "category": "book", "title": None}
    provenance = Provenance(path="f", locator=None, sha256="0" * 64)
    turns = tuple(Turn(None, text) for text in texts)
    return Document(id=f"s/{number}", turns=turns, provenance=provenance, **{**defaults, **fields})


def write(folder: Path, name: str, *documents: Document) -> Path:
    path = folder / name / "00000.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_documents(path, documents)
    return path


def fit(text: str, options: QualityOptions = SMALL) -> CleanText:
    sample = Sample()
    sample.add([text])
    return ngrams.fit(sample, options)


def simplified(*texts: str) -> str:
    utf8, begins = Batch.from_documents([document(1, *texts)]).utf8()
    points = kernels.simplify(utf8, 0, len(utf8), begins, (class_table(), lower_table()))
    return "".join(map(chr, points.tolist()))


def perplexity(model: CleanText, *texts: str) -> float:
    return float(measure(Batch.from_documents([document(1, *texts)]), {"fr": model}).perplexity[0])


def bits(trained: str, text: str, order: int) -> float:
    """What a text costs by Witten and Bell, written from the formula."""
    counts: Counter[str] = Counter()
    followers: dict[str, Counter[str]] = defaultdict(Counter)
    for at in range(len(trained)):
        for size in range(1, order + 1):
            if at - size + 1 >= 0:
                ngram = trained[at - size + 1 : at + 1]
                counts[ngram] += 1
                followers[ngram[:-1]][ngram[-1]] += 1

    def likely(context: str, character: str) -> float:
        shorter = 2.0**-kernels.UNSEEN_BITS if not context else likely(context[1:], character)
        after = followers.get(context)
        if not after:
            return shorter
        return (after[character] + len(after) * shorter) / (after.total() + len(after))

    return sum(-math.log2(likely(text[max(0, at - order + 1) : at], text[at])) for at in range(len(text)))


@given(st.text("abc ", min_size=20, max_size=80), st.text("abc ", min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_the_cost_is_that_of_the_formula(trained: str, text: str) -> None:
    trained, text = simplified(trained), simplified(text)
    if not trained or not text or set(text) - set(trained):
        return
    model = fit(trained)
    points = np.array([ord(character) for character in text], np.uint16)
    cost = kernels.cost(points, model.order, model.table) / kernels.BIT
    assert cost == pytest.approx(bits(trained, text, model.order), abs=0.02 * len(text))


def test_characters_as_the_model_sees_them() -> None:
    assert simplified("Été  1914,\n\n L'an", "", "Ⅻ OUI😀") == " été 0000, l'an 0 oui\ufffd"


def test_damage_costs_and_is_no_known_word() -> None:
    model = fit(prose(1, 4000))
    clean, damaged = prose(2), prose(2).replace("riv", "nv").replace("fen", "lcn").replace("ll", "l1")
    assert perplexity(model, clean) < 2 < perplexity(model, damaged)
    found = measure(Batch.from_documents([document(1, clean), document(2, damaged), document(3, "oui")]), {"fr": model})
    assert found.known_words[0] == 1
    assert found.known_words[1] < 0.9
    assert np.isnan(found.known_words[2])  # no word of four letters
    assert model.knows("rivière")
    assert not model.knows("nvière")


def test_nothing_is_said_of_other_languages_and_of_no_text() -> None:
    model = fit(prose(1))
    batch = Batch.from_documents([document(1, prose(1), language="de"), document(2)])
    assert np.isnan(measure(batch, {"fr": model}).perplexity).all()


def test_long_documents_are_scored_in_stretches_of_whole_characters() -> None:
    model = fit(prose(1, 4000))
    long = "é" * 5 + prose(3, 4000).replace("e", "é")
    assert perplexity(model, long, "é" * 7) == pytest.approx(perplexity(model, long[:6000]), rel=0.05)


def test_what_does_not_fit_is_left_out() -> None:
    text = "".join(chr(code) for code in range(0x4E00, 0x4E00 + 9000))
    model = fit(text, SMALL.model_copy(update={"ngram_slots_log2": 12}))
    assert np.count_nonzero(model.table) <= len(model.table) * 4 // 5
    assert perplexity(model, text) > 1


def test_learning_reads_the_clean_text_of_every_source_alike(tmp_path: Path) -> None:
    parts = {
        "small": [write(tmp_path, "small", document(1, prose(1, 100)))],
        "large": [write(tmp_path, "large", *(document(number, prose(number)) for number in range(20)))],
        "german": [write(tmp_path, "german", document(1, "kurz", language="de"))],
        "ocr": [write(tmp_path, "ocr", document(1, "zzzz " * 500, meta={"quality": {"ocr_confidence": 0.9}}))],
        "code": [write(tmp_path, "code", document(1, "qqqq " * 500, category="code"))],
    }
    options = SMALL.model_copy(update={"sample_characters": 20_000})
    sample = ngrams.sample("fr", [parts["small"], parts["large"]], options)
    assert sample.characters == pytest.approx(20_000, abs=3000)
    assert ngrams.learn(parts, options, tmp_path / "one") == ["fr"]
    model = ngrams.load(tmp_path / "one")["fr"]
    assert isinstance(model.table, np.memmap)
    assert model.knows("village")
    assert not model.knows("zzzz")
    assert not model.knows("qqqq")
    ngrams.learn(dict(reversed(parts.items())), options, tmp_path / "two")
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_nothing_is_learned_from_a_source_that_is_called_ocr(tmp_path: Path) -> None:
    parts = {
        "talks": [write(tmp_path, "talks", *(document(number, prose(number)) for number in range(20)))],
        "raw": [write(tmp_path, "raw", document(1, "zzzz " * 500), document(2, "wwww " * 500, language="de"))],
    }
    for ocr_sources, known in (((), True), (("raw",), False)):
        options = SMALL.model_copy(update={"ocr_sources": ocr_sources, "min_sample_characters": 500})
        learned = ngrams.learn(parts, options, tmp_path / str(known))
        assert learned == (["de", "fr"] if known else ["fr"])
        assert ngrams.load(tmp_path / str(known))["fr"].knows("zzzz") is known


def test_nothing_is_learned_where_that_is_off(tmp_path: Path) -> None:
    parts = {"s": [write(tmp_path, "s", document(1, prose(1)))], "none": []}
    assert ngrams.learn(parts, SMALL.model_copy(update={"sample_characters": 0}), tmp_path / "none") == []
    assert ngrams.load(tmp_path / "none") == {}
    assert ngrams.load(tmp_path / "absent") == {}


def test_one_long_document_does_not_fill_the_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ngrams, "DOCUMENT_CHARACTERS", 1000)
    parts = {"s": [write(tmp_path, "s", document(1, prose(1), prose(2)), document(2, prose(3)))]}
    assert ngrams.sample("fr", [parts["s"]], SMALL).characters <= 2010
