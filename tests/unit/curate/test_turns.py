"""Turns are cleaned, emptied ones dropped, neighbors merged."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from clairiere.curate.batch import Batch
from clairiere.curate.normalize import turns
from clairiere.curate.normalize.text import clean
from clairiere.curate.options import CurateOptions
from clairiere.record import Document, Provenance, Turn
from tests.unit.curate import plain_turns

Make = Callable[..., Document]


def normalize(document: Document, options: CurateOptions) -> tuple[Document, Counter[str]]:
    batch, changed = turns.normalize(Batch.from_documents([document]), options)
    return batch.document(0), +changed


def turns_of(document: Document, **options: str) -> list[tuple[str | None, str]]:
    curated, _ = normalize(document, CurateOptions.model_validate(options))
    return [(turn.speaker, turn.text) for turn in curated.turns]


def test_neighbors_of_one_speaker_are_merged_by_a_space(make_document: Make) -> None:
    document = make_document(("A", "Bon. "), ("A", " Alors ?"), ("B", "Oui."), ("A", "Ah."))
    assert turns_of(document) == [("A", "Bon. Alors ?"), ("B", "Oui."), ("A", "Ah.")]


def test_prose_and_verse_are_merged_by_a_line_break(make_document: Make) -> None:
    document = make_document(
        (None, "Un paragraphe."), (None, "Un autre."), ("PHÈDRE", "Ô toi,\nqui vois"), ("PHÈDRE", "la honte")
    )
    assert turns_of(document) == [(None, "Un paragraphe.\nUn autre."), ("PHÈDRE", "Ô toi,\nqui vois\nla honte")]


def test_empty_turns_go_and_their_neighbors_meet(make_document: Make) -> None:
    document = make_document(("A", "Oui."), ("B", " \u00a0\n"), ("B", ""), ("A", "Non."))
    curated, changed = normalize(document, CurateOptions())
    assert curated.turns == (Turn("A", "Oui. Non."),)
    assert changed == {"empty": 2, "merged": 1, "text": 1}


def test_a_turn_of_annotations_only_is_empty_once_they_are_deleted(make_document: Make) -> None:
    document = make_document(("A", "Alors ?"), ("B", "[rires] [bruit]"), ("C", "Oui [NOISE] bon"))
    assert turns_of(document, annotations="delete") == [("A", "Alors ?"), ("C", "Oui bon")]
    assert turns_of(document)[1] == ("B", "[rire] [bruit]")
    assert turns_of(document, annotations="keep")[2] == ("C", "Oui [NOISE] bon")


def test_written_text_has_no_annotations(make_document: Make) -> None:
    letter = make_document(("user", "Cher [Nom], [Music]"), category="instruction")
    assert turns_of(letter, annotations="delete") == [("user", "Cher [Nom], [Music]")]


def test_code_in_answers_keeps_its_layout(make_document: Make) -> None:
    answer = make_document(("bot", "if x:\n    y()"), ("bot", "Voilà."), category="instruction")
    assert turns_of(answer) == [("bot", "if x:\n    y()\nVoilà.")]


def test_speakers_are_cleaned_and_blank_ones_are_none(make_document: Make) -> None:
    document = make_document(("Le\u0301a \n Martin", "Oui."), ("  ", "Il pleut."), ("Léa Martin", "Ah."))
    assert turns_of(document) == [("Léa Martin", "Oui."), (None, "Il pleut."), ("Léa Martin", "Ah.")]


def test_everything_but_the_turns_is_as_before(make_document: Make) -> None:
    document = make_document(("A", " oui "), id="x", meta={"author": "Anonyme"}, title="T")
    curated, _ = normalize(document, CurateOptions())
    assert (curated.id, curated.meta, curated.title) == (document.id, document.meta, document.title)
    assert curated.provenance == document.provenance


def test_stage_directions_follow_their_turns(make_document: Make) -> None:
    directions = [{"turn": at, "text": str(at)} for at in range(6)]
    turns = (("A", "Un."), ("A", "Deux."), ("B", ""), ("B", "Trois."), ("A", "Quatre."))
    document = make_document(*turns, meta={"stage_directions": directions, "author": "X"})
    curated, _ = normalize(document, CurateOptions())
    assert [each["turn"] for each in curated.meta["stage_directions"]] == [0, 0, 1, 1, 2, 3]
    assert curated.meta["author"] == "X"
    assert document.meta["stage_directions"] == directions


def test_languages_of_turns_follow_their_turns(make_document: Make) -> None:
    turns = (("A", "Un."), ("A", "Two."), ("B", ""), ("B", "Three."), ("A", "Quatro."), ("C", " "))
    document = make_document(*turns, meta={"turn_languages": {"en": [1, 2, 3], "es": [4], "it": [5]}})
    assert normalize(document, CurateOptions())[0].meta == {"turn_languages": {"en": [0, 1], "es": [2]}}


def test_stage_directions_of_a_document_without_turns(make_document: Make) -> None:
    document = make_document(meta={"stage_directions": [{"turn": 0, "text": "Noir."}]})
    assert normalize(document, CurateOptions())[0].meta == document.meta


SPEAKERS = st.sampled_from([None, "A", " A ", "A\n", "e\u0301", "\u00e9", " ", "B\u200b"])
PIECES = st.one_of(
    st.sampled_from(
        ["Oui", "non", " ", "\n", "\n\n\n", "\t", "\u00a0", "\u202f", "[rires]", "[sic]", "e\u0301", "\x1e"]
    ),
    st.characters(exclude_categories=["Cs"]),
)
TEXTS = st.lists(PIECES, max_size=6).map("".join)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    given_turns = tuple(Turn(*turn) for turn in draw(st.lists(st.tuples(SPEAKERS, TEXTS), max_size=6)))
    places = draw(st.lists(st.integers(0, len(given_turns)), max_size=3))
    meta: dict[str, Any] = {"author": "X"}
    if places:
        meta["stage_directions"] = [{"turn": place, "text": str(place)} for place in sorted(places)]
    return Document(
        id="x",
        source="s",
        language=None,
        license=None,
        title=None,
        category=draw(st.sampled_from([None, "theatre", "book", "instruction"])),
        turns=given_turns,
        provenance=Provenance(path="x", locator=None, sha256="0" * 64),
        meta=meta,
    )


@given(
    st.lists(documents(), max_size=5),
    st.sampled_from(["NFC", "keep"]),
    st.sampled_from(["delete", "keep", "normalize"]),
)
def test_a_batch_becomes_what_its_documents_become_one_by_one(
    given_documents: list[Document], unicode: str, annotations: str
) -> None:
    options = CurateOptions.model_validate({"unicode": unicode, "annotations": annotations})
    batch, changed = turns.normalize(Batch.from_documents(given_documents), options)
    plain = [plain_turns.normalize(document, options) for document in given_documents]
    assert [batch.document(index) for index in range(len(batch))] == [document for document, _ in plain]
    assert +changed == sum((counts for _, counts in plain), Counter())


def test_no_character_that_is_cleaned_goes_unsuspected() -> None:
    characters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    texts = [
        f"{before}{character}{after}" for character in characters[:0x3100] for before in "a" for after in ("", "b")
    ]
    texts += [f"a{character}\u0301" for character in characters[:0x3100]] + [f"a{c}b" for c in characters[0x3100::7]]
    marks = turns.mark(*Batch({}, [], texts, Batch.from_documents([]).starts).utf8())
    missed = [text for text, mark in zip(texts, marks, strict=True) if not mark & turns.UNCLEAN and clean(text) != text]
    assert missed == []
