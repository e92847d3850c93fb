"""Records → documents, by a mapping (`clairiere.corpus.records.mapping`)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.licenses.statements import stated_license
from clairiere.corpus.records.mapping import Fail, FieldPath, Fields, Part, shown, values
from clairiere.record import CATEGORIES, Document, Source, Turn

ROLES = {
    "user": "human",
    "human": "human",
    "prompter": "human",
    "assistant": "assistant",
    "gpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "chatgpt": "assistant",
    "system": "system",
    "tool": "tool",
    "function": "tool",
}
"""What chats call the parties, and what they are."""

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]+)*")


class Locators:
    """Ids that are unique in their file: the record's own where it has one that is new, else its place."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def __call__(self, own: str | None, place: str) -> str:
        locator = own if own and own not in self._seen else place
        while locator in self._seen:
            locator += "'"
        self._seen.add(locator)
        return locator


def document(
    path: SourceFile,
    source: Source | None,
    rows: list[dict[str, Any]],
    fields: Fields,
    *,
    fail: Fail,
    place: str,
    locators: Locators,
) -> Document:
    """The document of a record, or of the rows of a group.

    Args:
        path: the file.
        source: its source card.
        rows: one record; several where the mapping has `group`.
        fields: the mapping.
        fail: makes the error of this record.
        place: where the record stands in its file ("line=3"), if it has no id of its own.
        locators: keeps the ids of one file apart.

    Raises:
        UnreadableError: a field is missing, or is no text.
    """
    turns = [turn for row in rows for turn in _turns(row, fields, fail)]
    first = rows[0]
    category = _scalar(first, fields.category, fail)
    language = _scalar(first, fields.language, fail)
    return path.document(
        turns,
        source=source,
        title=_scalar(first, fields.title, fail),
        locator=locators(_scalar(first, fields.id or fields.group, fail), place),
        language=language if language and _LANGUAGE.fullmatch(language) else None,
        category=category if category in CATEGORIES else None,
        edition=_license(first, fields.license, fail),
        meta=_meta(first, fields, fail) | speakers(turns),
    )


def speakers(turns: Iterable[Turn]) -> dict[str, Any]:
    """`meta.speakers` of a chat: the role of each party that has the name of one; {} where there is none."""
    names = dict.fromkeys(turn.speaker for turn in turns if turn.speaker is not None)
    known = {name: {"role": ROLES[name.lower()]} for name in names if name.lower() in ROLES}
    return {"speakers": known} if known else {}


def _meta(record: dict[str, Any], fields: Fields, fail: Fail) -> dict[str, Any]:
    meta: dict[str, Any] = {}
    for path in fields.meta:
        found = list(values(record, path, fail))
        value = found[0] if len(found) == 1 else found
        if isinstance(value, dict):
            meta |= value
        elif value not in (None, "", []):
            meta[path.name] = value
    return meta


def _turns(record: dict[str, Any], fields: Fields, fail: Fail) -> list[Turn]:
    if fields.turns is None:
        return _joined(_said(record, (*fields.opening, *fields.text), fields.speaker, fields.codes, fail))
    turns = _joined(_said(record, fields.opening, None, fields.codes, fail))
    for item in values(record, fields.turns, fail):
        turns += _said(item, fields.text, fields.speaker, fields.codes, fail)
    return turns


def _said(
    item: Any, parts: Iterable[Part], speaker: FieldPath | None, codes: Mapping[str, str], fail: Fail
) -> Iterator[Turn]:
    name = None if speaker is None else _name(item, speaker, fail)
    for part in parts:
        for value in values(item, part.path, fail):
            content = _decoded(_text(value, part.path, fail), codes)
            if content.strip():
                yield Turn(part.speaker or name, content)


def _decoded(content: str, codes: Mapping[str, str]) -> str:
    """The text with a word, or nothing, for each code."""
    for code, replacement in codes.items():
        if code in content:
            content = re.sub(rf" *{re.escape(code)}", f" {replacement}" if replacement else "", content).lstrip(" ")
    return content


def _joined(turns: Iterable[Turn]) -> list[Turn]:
    """Prose that stands together as one turn."""
    joined: list[Turn] = []
    for turn in turns:
        if turn.speaker is None and joined and joined[-1].speaker is None:
            joined[-1] = Turn(None, f"{joined[-1].text}\n{turn.text}")
        else:
            joined.append(turn)
    return joined


def _name(item: Any, path: FieldPath, fail: Fail) -> str | None:
    value = next(values(item, path, fail), None)
    if not isinstance(value, str | int | None):
        raise fail(f"a speaker that is no name, at `{path.spelled}`: {shown(value)}")
    return (str(value).strip() or None) if value is not None else None


def _text(value: Any, path: FieldPath, fail: Fail) -> str:
    """Text, a number, or the parts of a chat message of which some are text."""
    if isinstance(value, list):
        texts = [part["text"] for part in value if isinstance(part, dict) and isinstance(part.get("text"), str)]
        if texts or not value:
            return "\n".join(texts)
    if value is None or isinstance(value, bool | dict | list):
        if value is None:
            return ""
        raise fail(f"what is no text, at `{path.spelled}`: {shown(value)}")
    return str(value)


def _license(record: dict[str, Any], path: FieldPath | None, fail: Fail) -> str | None:
    """What a record says of its license, also where that is no text: the gate must not take the card's for it."""
    value = None if path is None else next(values(record, path, fail), None)
    if isinstance(value, str):
        return stated_license(value) or value
    return None if value is None else json.dumps(value, ensure_ascii=False, default=str)


def _scalar(record: dict[str, Any], path: FieldPath | None, fail: Fail) -> str | None:
    value = None if path is None else next(values(record, path, fail), None)
    usable = isinstance(value, str | int | float) and not isinstance(value, bool)
    return (str(value).strip() or None) if usable else None
