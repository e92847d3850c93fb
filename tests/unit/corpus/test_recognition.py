"""What the beginning of a file tells about its format, and what it does not."""

from __future__ import annotations

import json

import pytest

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.read import read_file, recognize
from clairiere.errors import UnreadableError
from clairiere.record import Document

BOOK = "Il était une fois “Noël” \\ \n\t\u00e9. " * 3000


def reader_of(name: str, content: str) -> str:
    return recognize(SourceFile(name, content.encode())).__name__.rpartition(".")[2]


def said(name: str, content: str) -> list[str]:
    items = read_file(SourceFile(name, content.encode()), None)
    return [turn.text for item in items if isinstance(item, Document) for turn in item.turns]


@pytest.mark.parametrize("ascii_", [True, False])
@pytest.mark.parametrize(
    "record",
    [
        {"id": 1, "text": BOOK},
        {"text": BOOK, "id": 1},
        {"id": 1.5, "meta": {"a": [1, {"b": "}]"}]}, "text": BOOK},
        {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": BOOK}]},
    ],
)
def test_first_record_longer_than_what_recognition_sees(record: dict[str, object], ascii_: bool) -> None:
    line = json.dumps(record, ensure_ascii=ascii_)
    for name in ("books.jsonl", "books.txt", "books"):
        assert reader_of(name, f'{line}\n{{"text": "court"}}\n') == "jsonl"
        assert reader_of(name, line) == "jsonl"
    assert said("books.jsonl", f'{line}\n{{"text": "court"}}\n')[-1] == "court"


def test_long_record_is_recognized_wherever_it_is_cut() -> None:
    for filler in range(40):
        record = {"t": "x" * (65_536 - 40 + filler), "text": "\u00e9\u2028", "n": [True, -1.5e10, None], "z": BOOK}
        assert reader_of("books.jsonl", json.dumps(record)) == "jsonl"


def test_json_over_several_lines_is_no_json_lines() -> None:
    value = {"data": [{"paragraphs": [{"context": BOOK, "qas": []}]}]}
    assert reader_of("squad.json", json.dumps(value)) == "json"
    assert reader_of("squad.json", json.dumps(value, indent=1)) == "json"
    assert reader_of("list.json", json.dumps([{"text": BOOK}])) == "json"


def test_brackets_that_do_not_match_are_no_json_lines() -> None:
    with pytest.raises(UnreadableError, match="no reader recognizes it"):
        recognize(SourceFile("books.jsonl", ('{"a": ]' + " " * 70_000).encode()))
