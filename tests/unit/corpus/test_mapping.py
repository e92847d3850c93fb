"""The `[mapping]` table: what its paths find, how rows become documents, and what its errors say."""

from __future__ import annotations

import json
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clairiere.corpus.cards import Card
from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.records.mapping import compile_mapping, values
from clairiere.corpus.records.records import HELD_PROBLEMS, unless_all_fail
from clairiere.errors import CardError, UnreadableError
from clairiere.record import Document, Source
from tests.unit.corpus.conftest import MakeCard


def paths(value: Any, spelled: str) -> list[Any]:
    (part,) = compile_mapping({"text": spelled}).text
    return list(values(value, part.path, UnreadableError))


FOLDER = Path(__file__).parents[2] / "contract" / "readers"
RECORD = {"a": {"b c": 1, "d.e": [2, 3]}, "n": [[4, 5], [6, 7]], "none": None}


@pytest.mark.parametrize(
    ("spelled", "found"),
    [
        ("a.b c", [1]),
        ('a."b c"', [1]),
        ('"a"."d.e"[]', [2, 3]),
        ("n[1][0]", [6]),
        ("n[][1]", [5, 7]),
        ("a.*", [1, [2, 3]]),
        ("z?", []),
        ("a.z.y?", []),
        ("n[][9]?", []),
        ("none", [None]),
        ("none.below", []),
    ],
)
def test_a_path_finds_values(spelled: str, found: list[Any]) -> None:
    assert paths(RECORD, spelled) == found


@pytest.mark.parametrize(
    ("spelled", "found"),
    [
        ("nom", "no field `nom` (of `nom`): did you mean `none` or `n`?"),
        ("a.b", "no field `b` (of `a.b`): did you mean `b c`?"),
        ("a[]", 'no list (of `a[]`): dict {"b c": 1'),
        ("n[7]", "no element 7 (of `n[7]`): list [[4, 5], [6, 7]]"),
        ("n.*", "no object (of `n.*`): list"),
        ("n.x", "no object with a field `x` (of `n.x`): list"),
    ],
)
def test_what_is_missing_is_named_with_what_is_near(spelled: str, found: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        paths(RECORD, spelled)
    assert found in str(caught.value)


@pytest.mark.parametrize(
    ("table", "found"),
    [
        ({"text": "a", "speakers": "b"}, "unknown key `mapping.speakers`: did you mean `speaker`?"),
        ({"title": "a"}, "a mapping without `text`"),
        ({"text": "a", "title": ""}, "`mapping.title` holds no path: empty"),
        ({"text": "a[", "title": "b"}, "`mapping.text` holds no path: a["),
        ({"text": "a", "codes": "{gap}"}, "`mapping.codes` holds no `code=replacement`: {gap}"),
    ],
)
def test_a_mapping_that_cannot_be_followed(table: dict[str, str], found: str) -> None:
    with pytest.raises(CardError) as caught:
        compile_mapping(table)
    assert found in str(caught.value)
    assert "the table [mapping]" in str(caught.value)
    assert caught.value.next_step


def test_a_card_says_at_once_that_its_mapping_cannot_be_followed(make_card: MakeCard) -> None:
    with pytest.raises(CardError, match=r"unknown key `mapping.speakers`") as caught:
        make_card(extra='\n[mapping]\ntext = "a"\nspeakers = "b"\n')
    assert (caught.value.where or "").endswith("talks.toml")


def mapped(make_card: MakeCard, **mapping: str) -> Source:
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in mapping.items())
    card: Card = make_card(extra=f"\n[mapping]\n{lines}")
    return card.source


def read(reader: str, name: str, content: str, source: Source | None) -> list[Document | UnreadableError]:
    return list(import_module(f"clairiere.corpus.readers.{reader}").read(SourceFile(name, content.encode()), source))


def turns(item: Document | UnreadableError) -> list[tuple[str | None, str]]:
    assert isinstance(item, Document), item
    return [(turn.speaker, turn.text) for turn in item.turns]


def test_a_table_without_a_header_by_numbers(make_card: MakeCard) -> None:
    source = mapped(make_card, text="1 as Élève, 2 as Maître")
    (first, second) = read("csv", "t.tsv", 'Deux et "deux ?\t4\nEt trois ?\t1,000\n', source)
    assert turns(first) == [("Élève", 'Deux et "deux ?'), ("Maître", "4")]
    assert (second.provenance.locator, turns(second)[1]) == ("line=2", ("Maître", "1,000"))  # type: ignore[union-attr]


def test_rows_of_one_conversation_become_one_document(make_card: MakeCard) -> None:
    source = mapped(make_card, group="conversation", speaker="who", text="what", title="conversation")
    rows = "conversation,who,what\nc1,Ana,Bonjour\nc1,Léo,\nc1,Léo,Salut\nc2,,Seul\nc1,Ana,Encore\n"
    first, second, third = read("csv", "t.csv", rows, source)
    assert turns(first) == [("Ana", "Bonjour"), ("Léo", "Salut")]
    assert turns(second) == [(None, "Seul")]
    assert [item.id for item in (first, second, third)] == [  # type: ignore[union-attr]
        "talks/t.csv#c1",
        "talks/t.csv#c2",
        "talks/t.csv#line=6",
    ]


def test_a_bad_row_is_told_and_the_others_are_read(make_card: MakeCard) -> None:
    source = mapped(make_card, text="what")
    rows = 'who,what\nAna,Bonjour\nLéo\nLéo,"Sa"lut\nAna,Adieu\nAna,Encore\nAna,Fin\nLéo,"cut'
    items = read("csv", "t.csv", rows, source)
    assert [turns(item)[0][1] for item in items if isinstance(item, Document)] == ["Bonjour", "Adieu", "Encore", "Fin"]
    told = [(item.where, item.found) for item in items if isinstance(item, UnreadableError)]
    assert told[0] == ("t.csv:3", "a row of 1 fields")
    assert told[1] == ("t.csv:4", "no row of a table: ',' expected after '\"'")
    assert told[2][1] == "no row of a table: unexpected end of data"


def test_a_document_of_a_card_takes_what_the_record_says(make_card: MakeCard) -> None:
    source = mapped(
        make_card,
        records="talks.*",
        id="n",
        title="name",
        language="in",
        category="kind",
        license="terms",
        opening="about?",
        turns="said[]",
        speaker="by",
        text="words",
        codes="<rire>=[rire], #=",
        meta="place, extra?",
    )
    talk = {
        "n": 7,
        "name": "Le pré",
        "in": "it",
        "kind": "interview",
        "terms": "CC0-1.0",
        "about": "Un pré.",
        "said": [{"by": "Ana", "words": "Oui <rire># bon"}, {"by": None, "words": None}, {"by": 3, "words": 4}],
        "place": {"town": "Brest"},
        "extra": "",
    }
    (document,) = read("json", "t.json", json.dumps({"talks": {"one": talk}}), source)
    assert isinstance(document, Document)
    assert turns(document) == [(None, "Un pré."), ("Ana", "Oui [rire] bon"), ("3", "4")]
    assert (document.title, document.language, document.category) == ("Le pré", "it", "interview")
    assert (document.license, document.meta) == ("CC0-1.0", {"town": "Brest"})
    assert document.id == "talks/t.json#7"


def test_values_of_the_wrong_kind_leave_what_the_card_says_but_for_the_license(make_card: MakeCard) -> None:
    source = mapped(make_card, text="t", language="l", category="c", license="e", title="n")
    row = {"t": "x", "l": "French (Canada)", "c": "gossip", "e": True, "n": ["a"]}
    (document,) = read("jsonl", "t.jsonl", json.dumps(row), source)
    assert isinstance(document, Document)
    assert (document.language, document.category, document.title) == ("fr", "free-conversation", None)
    assert document.license == "CC0-1.0 AND true"  # which the gate refuses


def test_a_column_that_is_missing_is_named(make_card: MakeCard) -> None:
    with pytest.raises(UnreadableError, match=r"no field `utterance` .*did you mean `utterances`"):
        read("csv", "t.csv", "who,utterances\nAna,Bonjour\n", mapped(make_card, text="utterance", speaker="who"))
    source = mapped(make_card, text="messages[].text")
    content = (FOLDER / "parquet" / "input.parquet").read_bytes()
    with pytest.raises(UnreadableError, match="row 1: no field `text`"):
        list(import_module("clairiere.corpus.readers.parquet").read(SourceFile("p", content), source))
    source = mapped(make_card, text="message")
    with pytest.raises(UnreadableError, match=r"no field `message` .*did you mean `messages`"):
        list(import_module("clairiere.corpus.readers.parquet").read(SourceFile("p", content), source))


def test_a_file_of_problems_alone_is_a_problem() -> None:
    few = [UnreadableError(str(number)) for number in range(3)]
    with pytest.raises(UnreadableError, match="0"):
        list(unless_all_fail(few))
    many = [UnreadableError(str(number)) for number in range(HELD_PROBLEMS + 5)]
    assert list(unless_all_fail(many)) == many
    assert list(unless_all_fail([])) == []


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(alphabet='ab.[]0*"?, as', max_size=20))
def test_any_path_is_a_path_or_an_error_of_the_card(spelled: str) -> None:
    try:
        fields = compile_mapping({"text": spelled})
    except CardError:
        return
    for part in fields.text:
        with suppress(UnreadableError):
            list(values(RECORD, part.path, UnreadableError))
