"""Turns are cleaned, emptied ones dropped, neighbors merged."""

from __future__ import annotations

from collections.abc import Callable

from clairiere.curate.options import CurateOptions
from clairiere.curate.turns import normalize
from clairiere.record import Document, Turn

Make = Callable[..., Document]


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


def test_stage_directions_of_a_document_without_turns(make_document: Make) -> None:
    document = make_document(meta={"stage_directions": [{"turn": 0, "text": "Noir."}]})
    assert normalize(document, CurateOptions())[0].meta == document.meta
