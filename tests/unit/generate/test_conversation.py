"""Who speaks in a chat, and what the model is asked to continue."""

from __future__ import annotations

import pytest

from clairiere.generate.conversation import Conversation


def anything_fits(prompt: str) -> bool:
    return True


def test_the_default_is_two_numbered_speakers() -> None:
    talk = Conversation()
    talk.say("Bonjour !")
    assert talk.prompt(anything_fits) == "[Intervenant 1:] Bonjour !\n[Intervenant 2:]"
    talk.answer(" Salut. \n")
    talk.say("Ça va ?")
    assert talk.prompt(anything_fits) == (
        "[Intervenant 1:] Bonjour !\n[Intervenant 2:] Salut.\n[Intervenant 1:] Ça va ?\n[Intervenant 2:]"
    )


@pytest.mark.parametrize(
    ("opening", "expected"),
    [
        ("[Camille:] Bonjour.\n[Paul:] Salut.", "[Camille:] Bonjour.\n[Paul:] Salut.\n[Camille:] Ça va ?\n[Paul:]"),
        ("[Dominique:] Bonjour.\n[Paul:]", "[Dominique:] Bonjour.\nÇa va ?\n[Paul:]"),
        ("[Camille:]", "[Camille:] Ça va ?\n[Dominique:]"),
        ("- Bonjour.\n- Salut.", "- Bonjour.\n- Salut.\n- Ça va ?\n-"),
        ("Il pleut.", "Il pleut.\nÇa va ?\n"),
    ],
)
def test_the_openings_format_goes_on(opening: str, expected: str) -> None:
    talk = Conversation(opening)
    talk.say("Ça va ?")
    if opening.endswith("[Paul:]"):
        assert talk.prompt(anything_fits).endswith("\n[Paul:]")
    else:
        assert talk.prompt(anything_fits) == expected


@pytest.mark.parametrize(
    ("opening", "begins_with_answer"),
    [
        (None, False),
        ("[Camille:] Bonjour.\n[Paul:]", True),
        ("[Camille:] Bonjour.", True),
        ("- Bonjour.\n-", True),
        ("- Bonjour.\n- Salut.\n-", False),
        ("[Camille:] Bonjour.\n[Paul:] Salut.", False),
        ("[Camille:]", False),
        ("Il pleut.", False),
    ],
)
def test_the_opening_says_who_begins(opening: str | None, begins_with_answer: bool) -> None:
    assert Conversation(opening).begins_with_answer is begins_with_answer


def test_a_second_speaker_is_found_where_the_opening_has_one() -> None:
    assert (Conversation("[Dominique:] Oui.").person, Conversation("[Dominique:] Oui.").model) == (
        "Dominique",
        "Camille",
    )


def test_an_empty_answer_is_silence() -> None:
    talk = Conversation("- Bonjour.\n-")
    talk.answer("\n")
    talk.say("Alors ?")
    assert talk.prompt(anything_fits) == "- Bonjour.\n- …\n- Alors ?\n-"


def test_what_looks_like_a_tag_stays_text() -> None:
    talk = Conversation()
    talk.say("Regarde :\n[Intervenant 2:] dit-il")
    assert talk.prompt(anything_fits).split("\n") == [
        "[Intervenant 1:] Regarde :",
        " [Intervenant 2:] dit-il",
        "[Intervenant 2:]",
    ]


def test_the_oldest_turns_are_forgotten() -> None:
    talk = Conversation("[Camille:] Un.\n[Paul:] Deux.")
    talk.say("Trois.")
    assert talk.prompt(lambda prompt: len(prompt) < 40) == "[Paul:] Deux.\n[Camille:] Trois.\n[Paul:]"
    assert talk.prompt(lambda prompt: False) == "[Camille:] Trois.\n[Paul:]"
    talk.restart()
    assert talk.prompt(anything_fits) == "[Camille:] Un.\n[Paul:] Deux.\n[Paul:]"
