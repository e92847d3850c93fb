"""JSON: the records of a file, each a document, by the card's `[mapping]` or by a known shape.

https://www.rfc-editor.org/rfc/rfc8259

The records are the elements of an array, the object that the file is, or what the mapping's `records` leads to; a
record also has the plain fields of the objects that it lies in (the title of the article of a paragraph). Shapes that
need no mapping are in `clairiere.corpus.records.shapes`: QMSum, SQuAD, XPersona, RiSAWOZ, FrenchMedMCQA, and those of
JSON Lines. The locator is the record's `id`, or its number where it has none or repeats one. A file is parsed whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.records import json_lines, records
from clairiere.corpus.records.mapping import FieldPath, values
from clairiere.corpus.records.records import EXPECTED, Record
from clairiere.corpus.records.shapes import fields_of
from clairiere.errors import UnreadableError
from clairiere.record import Document, Source

_KEY = re.compile(rb'"([A-Za-z_]\w{0,40})"\s*:')
_MARKS: tuple[frozenset[str], ...] = tuple(
    frozenset(marks.split())
    for marks in (
        "topic_list general_query_list",
        "meeting_transcripts speaker",
        "paragraphs context",
        "user_utterance system_utterance",
        "persona dialogue",
        "question answers correct_answers",
        "messages role content",
        "conversations from value",
        "turns speaker text",
        "instruction output",
        "prompt response",
    )
)
"""The names of fields by which a file of a known shape is known before it is parsed."""


def recognize(path: SourceFile) -> float:
    """An array or object with the fields of a known shape; any other JSON with the least confidence."""
    start = path.start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not re.match(rb'\[\s*[\[{"]|\{\s*"', start) or json_lines.first_record(path):
        return 0.03 if path.suffix.lower() == ".json" and start[:1] == b"{" else 0.0
    names = {name.decode() for name in _KEY.findall(start)}
    if any(marks <= names for marks in _MARKS):
        return 0.8
    if start.startswith(b"[") and "text" in names:
        return 0.4
    return 0.03 if path.suffix.lower() == ".json" else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document | UnreadableError]:
    """The documents of a file, in order, and in their place the records that are none.

    Raises:
        UnreadableError: it is not JSON, has no records, or none that can be read.
        CardError: the card's mapping cannot be followed.
    """
    value = json_lines.value(path)
    sample = next((item for item in value if isinstance(item, dict)), None) if isinstance(value, list) else value
    fields = fields_of(path, source, sample)
    found = _elements(value) if fields.records is None else _at(path, value, fields.records)
    numbered = (Record(item, f"record={number}") for number, item in enumerate(found, start=1))
    yield from records.documents(path, source, numbered, fields)


def _elements(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _at(path: SourceFile, value: Any, place: FieldPath) -> Iterator[Any]:
    """Each record, with the plain fields of all that it lies in."""
    found: list[tuple[dict[str, Any], Any]] = [({}, value)]
    for step in place.steps:
        one = FieldPath((step,), place.spelled, place.optional)
        found = [
            (outer | _plain(item), below)
            for outer, item in found
            for below in values(item, one, partial(path.fail, expected=EXPECTED))
        ]
    for outer, record in found:
        yield outer | record if isinstance(record, dict) else record


def _plain(value: Any) -> dict[str, Any]:
    fields = value.items() if isinstance(value, dict) else ()
    return {key: below for key, below in fields if not isinstance(below, dict | list)}
