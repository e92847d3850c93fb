"""What a play's header says of its speakers, and where its stage directions go."""

from __future__ import annotations

from typing import Any

import pytest

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.markup import tei
from clairiere.corpus.readers import tei_drama
from clairiere.errors import UnreadableError
from clairiere.record import Document

PERSONS = """
<person xml:id="a" sex="2" age="17"><persName>Anne, sa Fille.</persName></person>
<person xml:id="b" gender="nonbinary" role="valet"><persName>Blaise</persName></person>
<person xml:id="c" sex="U"><persName>Clara</persName><trait source="#x"><desc>amie</desc></trait></person>
<personGrp xml:id="d"><name>Gardes, Soldats</name></personGrp>
"""
CAST = """<castList><castItem><role>BLAISE,</role><roleDesc>père de Clara.</roleDesc></castItem>
<castItem><role corresp="#d">GARDES</role><roleDesc>muets.</roleDesc></castItem>
<castGroup><roleDesc>Paysans</roleDesc><castItem>Un paysan</castItem></castGroup></castList>"""


def play(body: str) -> Document:
    content = (
        f'<TEI xmlns="{tei.NAMESPACE}"><teiHeader><listPerson>{PERSONS}</listPerson></teiHeader>'
        f"<text><front>{CAST}</front><body>{body}</body></text></TEI>"
    )
    (document,) = tei_drama.read(SourceFile("play.xml", content.encode()), None)
    return document


def turns(body: str) -> list[tuple[str | None, str]]:
    return [(turn.speaker, turn.text) for turn in play(body).turns]


def directions(body: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = play(body).meta["stage_directions"]
    return found


def test_what_is_known_of_speakers() -> None:
    speeches = "".join(f'<sp who="#{id_}"><p>Oui.</p></sp>' for id_ in "abcd")
    assert play(speeches).meta["speakers"] == {
        "Anne": {"gender": "female", "role": "sa Fille", "age": "17"},
        "Blaise": {"gender": "nonbinary", "role": "valet"},
        "Clara": {"role": "amie"},
        "Gardes": {"role": "muets"},
    }


def test_only_those_who_speak_are_speakers() -> None:
    assert list(play('<sp who="#b"><p>Oui.</p></sp>').meta["speakers"]) == ["Blaise"]


def test_directions_are_where_they_stand_and_leave_no_gap() -> None:
    body = (
        '<stage>Il fait nuit.</stage><sp who="#a"><speaker>ANNE, <hi>bas</hi>.</speaker>'
        "<l>Oui <stage>elle sort</stage> non</l><stage><p>Bruit.</p><p>Silence.</p></stage><l>Si.</l></sp>"
        '<pb/><stage>Rideau.</stage><sp who="#b"><p>Seul <stage>a</stage> <stage>b</stage> ici.</p></sp>'
    )
    assert turns(body) == [("Anne", "Oui non\nSi."), ("Blaise", "Seul ici.")]
    assert directions(body) == [
        {"turn": 0, "text": "Il fait nuit."},
        {"turn": 0, "text": "bas."},
        {"turn": 0, "text": "elle sort"},
        {"turn": 0, "text": "Bruit. Silence."},
        {"turn": 1, "text": "Rideau."},
        {"turn": 1, "text": "a"},
        {"turn": 1, "text": "b"},
    ]


def test_set_phrases_in_directions_lose_their_underscores() -> None:
    body = '<sp who="#a"><speaker>ANNE, tout_à_coup.</speaker><p>Mon_Dieu !</p></sp>'
    assert (turns(body), directions(body)[0]["text"]) == ([("Anne", "Mon Dieu !")], "tout à coup.")


def test_unspoken_lines_between_speeches_are_turns_of_their_own() -> None:
    body = (
        '<div><sp who="#a"><p>Un.</p></sp><p>Deux.</p><lg><l>Trois.</l></lg><sp who="#b"><p>Quatre.</p></sp></div>'
        "<div><p>Cinq.</p></div><div><sp><p>Six.</p></sp></div>"
    )
    assert turns(body) == [
        ("Anne", "Un."), (None, "Deux.\nTrois."), ("Blaise", "Quatre."), (None, "Cinq."), (None, "Six."),
    ]  # fmt: skip


def test_a_speaker_without_an_entry_keeps_the_label() -> None:
    assert turns('<sp who="#nobody"><speaker>[UNE VOIX.]</speaker><p>Oui.</p></sp>') == [("UNE VOIX", "Oui.")]


@pytest.mark.parametrize("body", ['<sp who="#a"><speaker>ANNE</speaker></sp>', '<sp who="#a"><l> </l></sp>'])
def test_a_play_in_which_nobody_says_a_word_is_refused(body: str) -> None:
    with pytest.raises(UnreadableError, match="a play without text"):
        play(body)
