"""Exact duplicates: the same text, whoever speaks."""

from __future__ import annotations

from collections.abc import Callable

from clairiere.curate.dedup import SeenTexts, text_digest
from clairiere.record import Document

Make = Callable[..., Document]


def test_speakers_turns_and_spacing_do_not_matter(make_document: Make) -> None:
    one = make_document(("A", "Oui\u00a0! Non."), ("B", "Ah."))
    other = make_document((None, "Oui !\nNon. Ah."), id="other")
    assert text_digest(one) == text_digest(other)


def test_words_case_and_punctuation_do(make_document: Make) -> None:
    texts = ("Oui non.", "Oui nom.", "oui non.", "Oui non", "Ouinon.")
    assert len({text_digest(make_document(("A", text))) for text in texts}) == len(texts)


def test_the_first_source_is_remembered() -> None:
    seen = SeenTexts()
    assert seen.first_source("ab" * 16) is None
    seen.add(["ab" * 16, "cd" * 16], "books")
    assert seen.first_source("cd" * 16) == "books"
