"""Stop texts and speech turns, in all four formats."""

from __future__ import annotations

import pytest

from clairiere.errors import RequestError
from clairiere.generate.stops import Stops, end_of_turns, ends_in_bare_tag
from clairiere.tokens.options import FormatName

CONVERSATIONS: tuple[tuple[str, str], ...] = (
    ("[Intervenant 1:] Bonjour !", "\n[Intervenant 2:] Salut.\n[Intervenant 1:] Ça va ?\n[Intervenant 2:] Oui."),
    ("[Camille:] Bonjour !", "\n[Paul:] Salut.\n[Camille:] Ça va ?\n[Paul:] Oui."),
    ("- Bonjour !", "\n- Salut.\n- Ça va ?\n- Oui."),
)


@pytest.mark.parametrize(("prompt", "text"), CONVERSATIONS)
def test_turns_end_where_the_next_begins(prompt: str, text: str) -> None:
    lines = text.split("\n")
    for turns in (1, 2):
        end = Stops(prompt=prompt, turns=turns).find(text)
        assert end == (len("\n".join(lines[: turns + 1])), "turns")
    assert Stops(prompt=prompt, turns=3).find(text) is None


@pytest.mark.parametrize(
    ("prompt", "text", "kept"),
    [
        ("[Intervenant 1:] Ça va ?\n[Intervenant 2:]", " Oui.\n[Intervenant 1:] Bon", " Oui."),
        ("[Camille:] Ça va ?\n[Paul:]", " Oui.\nEt toi ?\n[Camille:] Bon", " Oui.\nEt toi ?"),
        ("- Ça va ?\n-", " Oui.\n- Bon", " Oui."),
        ("- Ça va ?\n- ", "Oui.\n- Bon", "Oui."),
        ("Il pleut.\n", "Il neige.\n\nIl vente.", "Il neige."),
        ("[Paul:] Oui, mais", " non.\n[Camille:] Ah", " non."),
        ("[Camille:] Ça va ?\n[Paul:]", "\n[Camille:] Allô ?", ""),
        ("[Camille:] Ça va ?\n", "[Paul:] Oui.\n[Camille:] Bon", "[Paul:] Oui."),
        ("", "[Camille:] Oui.\n[Paul:] Bon", "[Camille:] Oui."),
        ("", "- Oui.\n- Non.", "- Oui."),
    ],
)
def test_one_turn(prompt: str, text: str, kept: str) -> None:
    found = Stops(prompt=prompt, turns=1).find(text)
    assert found == (len(kept), "turns")


def test_turns_without_text_do_not_count() -> None:
    text = "[A:] Un.\n[B:] \n[A:] Deux.\n[B:] Trois."
    assert text[: end_of_turns(text, "name", 0, 2) or 0] == "[A:] Un.\n[B:] \n[A:] Deux."


def test_turns_of_a_monologue_are_paragraphs() -> None:
    assert Stops(prompt="Il pleut.\n", turns=2).find("Un.\n\n\nDeux.\n\nTrois.") == (len("Un.\n\n\nDeux."), "turns")


@pytest.mark.parametrize(
    ("prompt", "format_name", "expected"),
    [
        ("[Camille:]", "name", True),
        ("a\n[Intervenant 2:] ", "intervenant", True),
        ("- a\n-", "dash", True),
        ("[Camille:] Oui", "name", False),
        ("[Camille:]\n", "name", False),
        ("", "monologue", False),
    ],
)
def test_bare_tags(prompt: str, format_name: FormatName, expected: bool) -> None:
    assert ends_in_bare_tag(prompt, format_name) is expected


def test_the_first_of_several_stops_wins() -> None:
    stops = Stops(prompt="[A:]", texts=("fin", "milieu"), turns=1)
    assert stops.find(" début milieu fin") == (7, "stop")
    assert stops.find(" un\n[B:] milieu") == (3, "turns")
    assert stops.find(" début") is None


@pytest.mark.parametrize(
    ("text", "held"),
    [("oui", 0), ("oui\n", 1), ("oui\n[", 2), ("oui\n[Cam", 5), ("oui\n[Cam]", 0), ("oui\nnon", 0), ("oui FI", 2)],
)
def test_what_may_be_a_stop_is_held_back(text: str, held: int) -> None:
    assert Stops(prompt="[Paul:] ", texts=("FIN",), turns=2).held_back(text) == held


def test_nothing_of_the_prompt_is_held_back() -> None:
    assert Stops(prompt="[Paul:] Oui\n", turns=1).held_back("") == 0
    assert Stops(prompt="[Paul:] Oui\n").held_back("non\n[") == 0


def test_wrong_stops_are_refused() -> None:
    with pytest.raises(RequestError, match="an empty stop text"):
        Stops(prompt="", texts=("fin", ""))
    with pytest.raises(RequestError, match="turns is 0"):
        Stops(prompt="", turns=0)
