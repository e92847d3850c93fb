"""Records of a file → documents, by a mapping; what cannot be read stands in its place among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.records.mapped import Locators, document
from clairiere.corpus.records.mapping import Fail, Fields, values
from clairiere.corpus.records.shapes import fields_of
from clairiere.errors import UnreadableError
from clairiere.record import Document, Source

EXPECTED = "records as the [mapping] of the source card or a known shape has them"
HELD_PROBLEMS = 1000


@dataclass(frozen=True)
class Record:
    """A record and where it stands."""

    value: Any
    place: str
    """Its locator, if it has no id of its own."""
    line: int | None = None


@dataclass
class _Group:
    """Records that become one document."""

    key: Any
    fields: Fields
    records: list[Record]


def documents(
    path: SourceFile, source: Source | None, records: Iterable[Record | UnreadableError], fields: Fields | None = None
) -> Iterator[Document | UnreadableError]:
    """The documents of a file's records, in order, and in their place what could not be read.

    Args:
        path: the file.
        source: its source card.
        records: what the file holds.
        fields: the mapping of all records; without it, that of the card or of each record's shape.

    Raises:
        UnreadableError: none of the records can be read; the first problem.
        CardError: the card's mapping cannot be followed.
    """
    yield from unless_all_fail(_each(path, source, records, fields))


def unless_all_fail(items: Iterable[Document | UnreadableError]) -> Iterator[Document | UnreadableError]:
    """The items of a file; one that holds problems alone is itself unreadable.

    Problems wait for the first document, a thousand at most, so that a file that is not of its format at all is one
    problem rather than one for each of its lines.

    Raises:
        UnreadableError: there are problems and no document; the first of them.
    """
    held: list[UnreadableError] = []
    flowing = False
    for item in items:
        if isinstance(item, UnreadableError) and not flowing:
            held.append(item)
            flowing = len(held) > HELD_PROBLEMS
            continue
        flowing = True
        yield from held
        held.clear()
        yield item
    if held and not flowing:
        raise held[0]
    yield from held


def _each(
    path: SourceFile, source: Source | None, records: Iterable[Record | UnreadableError], fields: Fields | None
) -> Iterator[Document | UnreadableError]:
    locators = Locators()
    group: _Group | None = None
    for record in records:
        item = record if isinstance(record, UnreadableError) else _started(path, source, record, fields)
        if isinstance(item, UnreadableError):
            if group is not None and group.key is None:
                yield _document(path, source, group, locators)
                group = None
            yield item
        elif group is not None and item.key is not None and item.key == group.key:
            group.records += item.records
        else:
            if group is not None:
                yield _document(path, source, group, locators)
            group = item
    if group is not None:
        yield _document(path, source, group, locators)


def _started(
    path: SourceFile, source: Source | None, record: Record, fields: Fields | None
) -> _Group | UnreadableError:
    """The group that a record would begin."""
    if not isinstance(record.value, dict):
        return _fail(path, record)(f"a JSON {type(record.value).__name__} instead of an object")
    try:
        fields = fields or fields_of(path, source, record.value, line=record.line)
        key = None if fields.group is None else next(values(record.value, fields.group, _fail(path, record)), None)
    except UnreadableError as error:
        return error
    return _Group(key, fields, [record])


def _document(path: SourceFile, source: Source | None, group: _Group, locators: Locators) -> Document | UnreadableError:
    first = group.records[0]
    try:
        return document(
            path,
            source,
            [record.value for record in group.records],
            group.fields,
            fail=_fail(path, first),
            place=first.place,
            locators=locators,
        )
    except UnreadableError as error:
        return error


def _fail(path: SourceFile, record: Record) -> Fail:
    if record.line is not None:
        return partial(path.fail, line=record.line, expected=EXPECTED)

    def fail(found: str) -> UnreadableError:
        return path.fail(f"{record.place.replace('=', ' ')}: {found}", expected=EXPECTED)

    return fail
