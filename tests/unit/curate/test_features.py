"""The compiled passes against plain Python, on any text, and each mark that they look for."""

from __future__ import annotations

import dataclasses
import json
import unicodedata
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clairiere.curate.batch import Batch
from clairiere.curate.quality.characters import (
    BAD,
    DIGIT,
    LETTER,
    PUNCTUATION,
    SPACE,
    SYMBOL,
    UPPER,
    character_class,
    class_table,
    lower_table,
)
from clairiere.curate.quality.features import Features, measure, report_toxicity
from clairiere.curate.quality.lexicon import phrase_table, read_lexicon, token_hashes, toxic_languages, word_tables
from clairiere.curate.quality.passes import tokenize
from clairiere.curate.quality.repeats import count_repeats, measure_ngrams
from clairiere.record import Document, Provenance, Turn

TEXT = st.text(st.sampled_from("aàéB7Ж中𝄞😀 \n\t\u00a0\u202f-'’.…#•*{}()Ã©\ufffd"), max_size=60)
PROSE = "La rivière coule au pied de la colline, et les enfants du village y descendent chaque soir."


def document(*texts: str, **fields: Any) -> Document:
    defaults: dict[str, Any] = {"id": "a", "source": None, "language": "fr", "license": None}
    defaults |= {"category": "book", "title": None, "provenance": Provenance(path="f", locator=None, sha256="0" * 64)}
    return Document(turns=tuple(Turn(None, text) for text in texts), **{**defaults, **fields})


def features(*texts: str, **fields: Any) -> Features:
    return measure(Batch.from_documents([document(*texts, **fields)]), {})


def value(name: str, *texts: str, **fields: Any) -> float:
    return float(getattr(features(*texts, **fields), name)[0])


def words_of(text: str) -> list[str]:
    """What stands between spaces, which no-break spaces are not."""
    words, word = [], ""
    for character in f"{text} ":
        if kind(character) == SPACE:
            words += [word] if word else []
            word = ""
        else:
            word += character
    return words


def tokens_of(text: str) -> list[str]:
    """Runs of letters and digits."""
    marked = "".join(character if kind(character) in (LETTER, UPPER, DIGIT) else " " for character in text)
    return marked.split()


def kind(character: str) -> int:
    """The class of a character of any plane."""
    if ord(character) < 0x10000:
        return character_class(character)
    return LETTER if 0x20000 <= ord(character) < 0x40000 else SYMBOL


@given(st.lists(TEXT, min_size=1, max_size=4))
@settings(max_examples=200, deadline=None)
def test_words_and_characters_are_those_of_plain_python(texts: list[str]) -> None:
    found = features(*texts)
    words = [word for text in texts for word in words_of(text)]
    assert found.words[0] == len(words)
    assert found.characters[0] == sum(map(len, words))
    letters = [character for word in words for character in word if kind(character) in (LETTER, UPPER)]
    assert found.uppercase_share[0] == pytest.approx(sum(kind(c) == UPPER for c in letters) / max(len(letters), 1))
    with_letter = sum(any(kind(character) in (LETTER, UPPER) for character in word) for word in words)
    assert found.alphabetic_words[0] == pytest.approx(with_letter / max(len(words), 1))


@given(st.lists(TEXT, min_size=1, max_size=4))
@settings(max_examples=200, deadline=None)
def test_tokens_are_those_of_plain_python(texts: list[str]) -> None:
    utf8, begins = Batch.from_documents([document(*texts)]).utf8()
    hashes, characters, letters, _, token_begins = tokenize(utf8, begins, class_table(), lower_table())
    tokens = [token for text in texts for token in tokens_of(text)]
    assert characters.tolist() == [len(token) for token in tokens]
    assert letters.tolist() == [0 if any(map(str.isdigit, token)) else len(token) for token in tokens]
    assert np.diff(token_begins).tolist() == [len(tokens_of(text)) for text in texts]
    same = {token.lower(): hash_ for token, hash_ in zip(tokens, hashes.tolist(), strict=True)}
    assert hashes.tolist() == [same[token.lower()] for token in tokens]
    assert len(set(same.values())) == len(same)


@given(st.lists(st.lists(st.sampled_from("abcd"), max_size=40), min_size=1, max_size=3))
@settings(max_examples=200, deadline=None)
def test_ngrams_are_those_of_plain_python(documents: list[list[str]]) -> None:
    tokens = np.array([ord(token) for each in documents for token in each], np.uint64)
    starts = np.cumsum([0, *map(len, documents)]).astype(np.int64)
    ends = np.arange(len(tokens) + 1, dtype=np.int64)  # every token has one character
    top, repeated = np.zeros((len(documents), 3), np.int64), np.zeros((len(documents), 6), np.int64)
    measure_ngrams(tokens, ends, starts, top, repeated, 30)
    for row, each in enumerate(each[:30] for each in documents):
        assert top[row].tolist() == [most_frequent(each, order) for order in (2, 3, 4)]
        assert repeated[row].tolist() == [said_before(each, order) for order in (5, 6, 7, 8, 9, 10)]


def most_frequent(tokens: list[str], order: int) -> int:
    """Characters in the most frequent n-gram that is said twice."""
    counts = Counter(tuple(tokens[at : at + order]) for at in range(len(tokens) - order + 1))
    return max((count * order for count in counts.values() if count > 1), default=0)


def said_before(tokens: list[str], order: int) -> int:
    """Characters covered by n-grams that were said before."""
    seen, covered = set(), set()
    for at in range(len(tokens) - order + 1):
        ngram = tuple(tokens[at : at + order])
        if ngram in seen:
            covered.update(range(at, at + order))
        seen.add(ngram)
    return len(covered)


@given(st.lists(st.lists(st.integers(0, 5), max_size=20), min_size=1, max_size=4))
def test_repeats_are_those_of_plain_python(documents: list[list[int]]) -> None:
    items = np.array([item for each in documents for item in each], np.uint64)
    starts = np.cumsum([0, *map(len, documents)]).astype(np.int64)
    repeats, characters = count_repeats(items, items.astype(np.int32), starts)
    for row, each in enumerate(documents):
        again = [item for at, item in enumerate(each) if item in each[:at]]
        assert (repeats[row], characters[row]) == (len(again), sum(again))


@given(st.lists(st.lists(TEXT, min_size=1, max_size=3), min_size=1, max_size=4))
@settings(max_examples=50, deadline=None)
def test_a_document_has_the_same_features_in_any_batch(documents: list[list[str]]) -> None:
    together = measure(Batch.from_documents([document(*texts) for texts in documents]), {})
    for row, texts in enumerate(documents):
        alone = features(*texts)
        for field in dataclasses.fields(Features):
            np.testing.assert_array_equal(getattr(together, field.name)[row], getattr(alone, field.name)[0])


def test_classes_are_those_of_unicode() -> None:
    classes = {
        "a": LETTER,
        "É": UPPER,
        "7": DIGIT,
        "«": PUNCTUATION,
        "€": SYMBOL,
        "\ufffd": BAD,
        "\x02": BAD,
        " ": SPACE,
    }
    classes |= {"\ue000": BAD, "\u00a0": PUNCTUATION, "\u0301": LETTER, "\u2009": SPACE}
    assert {character: int(class_table()[ord(character)]) for character in classes} == classes
    assert all(
        chr(lower_table()[point]) == chr(point).lower()
        for point in range(0x10000)
        if len(chr(point).lower()) == 1 and unicodedata.category(chr(point)) != "Cs"
    )


@pytest.mark.parametrize(
    ("text", "bad"),
    [
        ("Ã©tÃ©", 4),
        ("câ€™est", 2),  # "â€" is a pair, "™" stands alone
        ("Â«\u00a0ouiÂ\u00a0»", 4),
        ("d\ufffdj\ufffd", 2),
        ("L(cid:146)an", 8),
        ("a\x02b", 1),
        ("Âge, ÂNE, São, Ãfrica, CHÂTEAU", 0),
        ("le (cidre) et (ci", 0),
    ],
)
def test_damaged_characters_are_counted(text: str, bad: int) -> None:
    found = features(text)
    assert round(float(found.bad_characters[0] * found.characters[0])) == min(bad, found.characters[0])


def test_lines_and_what_begins_and_ends_them() -> None:
    text = "• un\n* deux\n— Non, dit-il…\n-et puis...\n\nFin."
    assert value("bullet_lines", text) == pytest.approx(2 / 5)
    assert value("ellipsis_lines", text) == pytest.approx(2 / 5)
    assert value("symbol_ratio", "# un… deux... trois....") == pytest.approx(4 / 4)


def test_lines_and_paragraphs_said_before() -> None:
    verse = "Sur le pont\nd'Avignon"
    text = f"{verse}\n\nl'on y danse\n\n{verse}"
    assert value("duplicate_lines", text) == pytest.approx(2 / 5)
    assert value("duplicate_paragraphs", text) == pytest.approx(1 / 3)
    sung = [len(line.replace(" ", "")) for line in text.split("\n") if line]
    assert value("duplicate_line_characters", text) == pytest.approx(sum(sung[3:]) / sum(sung))
    assert value("duplicate_paragraph_characters", text) == pytest.approx(sum(sung[3:]) / sum(sung))


def test_turns_are_lines_and_paragraphs() -> None:
    assert value("duplicate_lines", "oui", "non", "oui") == pytest.approx(1 / 3)
    assert value("duplicate_paragraphs", "oui", "non", "Oui") == pytest.approx(1 / 3)


def test_page_furniture_is_found_in_its_line_only() -> None:
    assert value("boilerplate_lines", "Accueil\nTous droits réservés, 2020.\nBonjour") == pytest.approx(1 / 3)
    assert value("boilerplate_lines", "tous droits\nréservés") == 0
    assert value("boilerplate_lines", "tous les droits réservés aux élèves", "droits", "réservés") == pytest.approx(
        1 / 3
    )
    assert value("lorem_ipsum", "Titre\nLorem ipsum dolor sit amet") == 1


def test_stop_words_are_those_of_the_document() -> None:
    assert value("stop_words", "le la LE l'ami") == 3
    assert value("stop_words", "the cat and the dog", language="en") == 2
    assert value("stop_words", "le chat", language=None) == 1
    assert np.isnan(value("stop_words", "привет мир", language="ru"))


def test_insults_are_counted_in_the_languages_that_have_a_list() -> None:
    assert value("toxic_words", "quel connard, vraiment") == pytest.approx(1 / 3)
    assert value("toxic_words", "what an asshole", language="en") == pytest.approx(1 / 3)
    assert np.isnan(value("toxic_words", "quel connard", language="de"))


def test_what_the_engine_says_of_its_recognition() -> None:
    assert value("ocr_confidence", PROSE, meta={"quality": {"ocr_confidence": 0.87}}) == 0.87
    assert value("from_ocr", PROSE, meta={"quality": {"ocr_confidence": 0.87}}) == 1
    assert value("from_ocr", PROSE, category="newspaper") == 1
    assert np.isnan(value("ocr_confidence", PROSE))
    assert np.isnan(value("ocr_confidence", PROSE, meta={"quality": "ocr_confidence"}))
    assert value("from_ocr", PROSE) == 0


def test_a_source_may_be_called_ocr() -> None:
    batch = Batch.from_documents([document(PROSE, source=source) for source in ("raw", "talks", None)])
    assert measure(batch, {}, ("raw",)).from_ocr.tolist() == [True, False, False]


def test_lexicons_fit_their_tables() -> None:
    assert toxic_languages() == {"fr", "en"}
    for language, lines in read_lexicon("stop_words").items():
        words = token_hashes(" ".join(lines))
        assert len(set(words.tolist())) == len(words) < 64, f"{language}: a word stands twice, or there are too many"
    _, (_, values) = word_tables()
    assert 0 <= values.min() <= values.max() == 64
    phrases = [phrase for lines in read_lexicon("boilerplate").values() for phrase in lines]
    assert len(phrases) == len(set(phrases))
    assert np.count_nonzero(phrase_table()[1]) >= len(phrases)


def test_an_empty_batch_has_no_features() -> None:
    assert len(measure(Batch.from_documents([]), {})) == 0


def test_insults_are_reported_as_a_share_of_tokens() -> None:
    texts = [("Quel connard, ce voisin.",), ("Bonjour, voisin.",), ("Quel connard.",)]
    metas = [{"quality": {"ocr_confidence": 0.9}}, {}, {"quality": "good"}]
    batch = Batch.from_documents([document(*text, meta=meta) for text, meta in zip(texts, metas, strict=True)])
    reported = report_toxicity(batch, measure(batch, {}))
    assert [json.loads(meta) for meta in reported.columns["meta"]] == [
        {"quality": {"ocr_confidence": 0.9, "toxic_words": 0.25}},
        {},
        {"quality": "good"},
    ]
