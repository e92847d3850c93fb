"""Words divided at line ends: which hyphens stay, and where nothing is touched."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from clairiere.curate.batch import Batch
from clairiere.curate.quality import ngrams
from clairiere.curate.quality.hyphens import mend
from clairiere.curate.quality.ngrams import CleanText, Sample
from clairiere.curate.quality.options import QualityOptions
from clairiere.record import Document

OPTIONS = QualityOptions()
Make = Callable[..., Document]


def mended(make: Make, *texts: str, known: CleanText | None = None, **fields: str | None) -> tuple[list[str], int]:
    defaults: dict[str, str | None] = {"category": "book"}
    batch = Batch.from_documents([make(*((None, text) for text in texts), **{**defaults, **fields})])
    found, words = mend(batch, OPTIONS, {} if known is None else {"fr": known})
    return found.texts, int(words[0])


def clean_text(text: str) -> CleanText:
    sample = Sample()
    sample.add([text, text])
    return ngrams.fit(sample, OPTIONS.model_copy(update={"ngram_slots_log2": 12}))


@pytest.mark.parametrize(
    ("divided", "whole"),
    [
        ("La conver-\nsation plus tard", "La conversation\nplus tard"),
        ("La conver-\nsation, dit-elle", "La conversation,\ndit-elle"),
        ("une fin con-\nnue", "une fin connue"),
        ("Oui, dit-\nil en riant", "Oui, dit-il\nen riant"),
        ("viendra-\nt-il demain", "viendra-t-il\ndemain"),
        ("C'est peut-\nêtre lui", "C'est peut-être\nlui"),
        ("c'est-à-\ndire demain", "c'est-à-dire\ndemain"),
        ("à Saint-\nDenis hier", "à Saint-Denis\nhier"),
        ("LA CONVER-\nSATION DU ROI", "LA CONVERSATION\nDU ROI"),
        ("le profes¬\nseur, dit-il", "le professeur,\ndit-il"),
        ("soixante-\nquinze ans", "soixante-quinze\nans"),
        ("lui-\nmême y va", "lui-même\ny va"),
        ("de 1914-\n1918 à Paris", "de 1914-\n1918 à Paris"),
        ("Non -\nmais si", "Non -\nmais si"),
    ],
)
def test_divided_words_in_french(make_document: Make, divided: str, whole: str) -> None:
    assert mended(make_document, divided)[0] == [whole]


def test_the_words_of_the_document_decide(make_document: Make) -> None:
    assert mended(make_document, "Le porte-\nfeuille", "un portefeuille")[0][0] == "Le portefeuille"
    assert mended(make_document, "Le wagon-\nlit", "un wagon-lit")[0][0] == "Le wagon-lit"
    assert mended(make_document, "par-\nle bien", "il parle")[0][0] == "parle\nbien"


def test_the_words_of_the_clean_text_decide_next(make_document: Make) -> None:
    assert mended(make_document, "il par-\nle bien")[0] == ["il par-le\nbien"]
    assert mended(make_document, "il par-\nle bien", known=clean_text("on parle"))[0] == ["il parle\nbien"]


def test_french_grammar_is_for_french(make_document: Make) -> None:
    assert mended(make_document, "a bel-\nle", language="en")[0] == ["a belle"]
    assert mended(make_document, "a bel-\nle", language=None)[0] == ["a bel-le"]


def test_words_are_counted_by_document(make_document: Make) -> None:
    one = make_document((None, "con-\nnue, con-\nnaître"), id="1", category="newspaper")
    two = make_document((None, "rien"), id="2", category="book")
    _, words = mend(Batch.from_documents([one, two]), OPTIONS, {})
    assert words.tolist() == [2, 0]


@pytest.mark.parametrize("category", ["theatre", "code", "instruction", None])
def test_other_categories_keep_their_lines(make_document: Make, category: str | None) -> None:
    assert mended(make_document, "conver-\nsation", category=category) == (["conver-\nsation"], 0)


def test_nothing_is_mended_where_that_is_off(make_document: Make) -> None:
    batch = Batch.from_documents([make_document((None, "conver-\nsation"), category="book")])
    found, words = mend(batch, QualityOptions(mend_hyphens=False), {})
    assert found is batch
    assert words.tolist() == [0]
