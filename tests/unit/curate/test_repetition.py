"""What a document repeats is taken out after its first occurrence, whole sentences and lines only."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clairiere.curate.batch import Batch
from clairiere.curate.repetition.options import RepetitionOptions
from clairiere.curate.repetition.remove import remove
from clairiere.record import Document, Provenance, Turn

Make = Callable[..., Document]
OPTIONS = RepetitionOptions(passage_words=8, line_words=5, header_lines=3)


def words(seed: int, count: int) -> str:
    letters = random.Random(seed)
    return " ".join("".join(letters.choices("abcdefghij", k=6)) for _ in range(count))


def removed(make: Make, *texts: str, options: RepetitionOptions = OPTIONS, **fields: str) -> tuple[list[str], dict]:
    document = make(
        *((None if place % 2 else "A", text) for place, text in enumerate(texts)), **{"category": "book", **fields}
    )
    batch, counts = remove(Batch.from_documents([document]), options)
    return batch.texts, dict(counts)


def test_a_passage_is_taken_out_where_it_comes_again(make_document: Make) -> None:
    passage = f"{words(1, 5)}. {words(2, 6)}."
    text = f"Début. {passage} Milieu du texte. {passage} Fin."
    assert removed(make_document, text) == ([f"Début. {passage} Milieu du texte. Fin."], {"repeated.passages": 1})


def test_only_whole_sentences_go(make_document: Make) -> None:
    first, second, third = words(1, 4), words(2, 9), words(3, 4)
    text = f"{first}. {second}. {third} donc. Puis voilà {first}. {second}. {third} autre."
    texts, counts = removed(make_document, text)
    assert texts == [f"{first}. {second}. {third} donc. Puis voilà {first}. {third} autre."]
    assert counts == {"repeated.passages": 1}


def test_a_part_of_a_sentence_stays(make_document: Make) -> None:
    shared = words(1, 12)
    text = f"Ici {shared} donc. Là {shared} encore."
    assert removed(make_document, text) == ([text], {})


def test_shorter_runs_stay(make_document: Make) -> None:
    shared = words(1, 7)
    text = f"Ici. {shared}. Là. {shared}. Voilà."
    assert removed(make_document, text)[0] == [text]


def test_a_paragraph_goes_with_its_break(make_document: Make) -> None:
    line = "Ceci est un avis de prudence"
    texts, counts = removed(make_document, f"Un.\n\n{line}\n\nDeux.\n{line}\nTrois.\n\n{line}")
    assert texts == [f"Un.\n\n{line}\n\nDeux.\nTrois."]
    assert counts == {"repeated.lines": 2}


def test_running_heads_go_from_paged_works(make_document: Make) -> None:
    pages = "\n".join(f"{words(page, 12)}\n{page} LES MISÉRABLES" for page in range(10, 15))
    texts, counts = removed(make_document, pages)
    assert texts[0].count("LES MISÉRABLES") == 1
    assert counts == {"repeated.heads": 4}
    assert removed(make_document, pages, category="encyclopedia") == ([pages], {})


def test_headings_labels_and_speech_are_no_running_heads(make_document: Make) -> None:
    for line in ("Chapitre {}", "— Oui monsieur {}", "À MÉLISSANDRE", "12 13", "Oui, dit-il."):
        between = "." if line == "À MÉLISSANDRE" else ""
        text = "\n".join(f"{words(page, 12)}{between}\n{line.format(page)}" for page in range(6))
        assert removed(make_document, text) == ([text], {}), line


def test_other_categories_keep_their_refrains(make_document: Make) -> None:
    text = "\n".join(["Sur le pont d'Avignon on y danse"] * 3)
    assert removed(make_document, text, category="theatre") == ([text], {})


def test_each_rule_can_be_off(make_document: Make) -> None:
    line = words(1, 12)
    text = f"{line}\n{words(2, 3)}\n{line}"
    off = RepetitionOptions(passage_words=0, line_words=0, header_lines=0)
    assert removed(make_document, text, options=off) == ([text], {})


def test_a_turn_that_only_repeats_goes(make_document: Make) -> None:
    line = words(1, 12)
    assert removed(make_document, line, "Non.", line) == ([line, "Non."], {"repeated.lines": 1})


def test_a_passage_over_turns_is_cut_in_each(make_document: Make) -> None:
    first, second = f"{words(1, 4)}.", f"{words(2, 4)}."
    before = [f"Ah. {first}", f"{second} Oh.", "Mais non."]
    texts, counts = removed(make_document, *before, f"Bon. {first}", f"{second} Bah.")
    assert texts == [*before, "Bon.", "Bah."]
    assert counts == {"repeated.passages": 1}


def test_nothing_repeated_is_the_same_batch(make_document: Make) -> None:
    batch = Batch.from_documents(
        [make_document((None, words(1, 100)), category="book"), make_document(category="book")]
    )
    assert remove(batch, OPTIONS)[0] is batch


@given(st.text(alphabet="ab .\n", max_size=200))
def test_what_is_left_was_there_and_says_everything_once(text: str) -> None:
    document = Document(
        id="x", source=None, language=None, license=None, category="book", title=None,
        turns=(Turn(None, text),), provenance=Provenance(path="x", locator=None, sha256=""),
    )  # fmt: skip
    options = RepetitionOptions(passage_words=3, line_words=2, header_lines=2)
    left, counts = remove(Batch.from_documents([document]), options)
    after = " ".join(left.texts).split()
    assert set(after) == set(text.split())
    assert (len(after) < len(text.split())) == bool(counts)
    remaining = iter(text.split())
    assert all(word in remaining for word in after)


def test_passages_are_those_that_a_plain_search_finds(make_document: Make) -> None:
    """Runs of 8 words that are there twice, by a dictionary of tuples; each word is a sentence, cuts are whole."""
    letters = random.Random(5)
    text = " ".join(f"{letters.choice('abc')}." for _ in range(400))
    tokens = text.split()
    seen: dict[tuple[str, ...], int] = {}
    marked = set()
    for place in range(len(tokens) - 7):
        first = seen.setdefault(tuple(tokens[place : place + 8]), place)
        if first + 8 <= place:
            marked |= set(range(place, place + 8))
    kept = [token for place, token in enumerate(tokens) if place not in marked]
    options = RepetitionOptions(passage_words=8, line_words=0, header_lines=0)
    (left,), _ = removed(make_document, text, options=options)
    assert marked
    assert re.split(r"\s+", left) == kept


@pytest.mark.parametrize("text", ["a " * 300_000, "a.\n" * 200_000, "ab. " * 200_000, "x" * 1_000_000, "\n" * 500_000])
def test_no_text_takes_long(make_document: Make, text: str) -> None:
    batch = Batch.from_documents([make_document((None, text), category="book")])
    remove(batch, RepetitionOptions())
    started = time.process_time()
    remove(batch, RepetitionOptions())
    assert time.process_time() - started < 2
