"""JSON Lines: one document per line, as a dialogue or as prose.

https://jsonlines.org/

A line is an object with `turns` (a list of {"speaker", "text"}, the form that `clairiere read --json` prints), with
`messages` (a list of {"role", "content"}, the form of chat models) or with `text`. `title`, `language`
and `meta` are taken where they stand beside it, and where there is a source card also `category` and `license` (an
SPDX expression, which takes the place of the edition's on the card). The locator is the `id`, or the line where it has
none or repeats one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from clairiere.corpus import json_lines
from clairiere.corpus.files import SourceFile
from clairiere.record import CATEGORIES, Document, Source, Turn

EXPECTED = '`turns` [{"speaker", "text"}], `messages` [{"role", "content"}] or `text`'


def recognize(path: SourceFile) -> float:
    """An object with one of the three keys."""
    record = json_lines.first_record(path)
    if isinstance(record.get("turns"), list) or isinstance(record.get("messages"), list):
        return 0.85
    return 0.7 if isinstance(record.get("text"), str) else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    """The documents of a file, in order.

    Raises:
        UnreadableError: a line that is not an object of one of the three forms; it names the line.
    """
    seen: set[str] = set()
    for line, record in json_lines.records(path):
        id_ = str(record.get("id") or "")
        locator = id_ if id_ and id_ not in seen else f"line={line}"
        seen.add(locator)
        category, meta = record.get("category"), record.get("meta")
        yield path.document(
            _turns(path, record, line),
            source=source,
            title=_string(record, "title"),
            locator=locator,
            language=_string(record, "language") or _string(record, "lang"),
            category=category if category in CATEGORIES else None,
            edition=_license(record.get("license")),
            meta=meta if isinstance(meta, dict) else {},
        )


def _license(value: object) -> str | None:
    """As stated, even where it is no SPDX expression: the gate refuses what it does not know."""
    return None if value is None else str(value).strip() or None


def _turns(path: SourceFile, record: dict[str, Any], line: int) -> list[Turn]:
    if isinstance(record.get("turns"), list):
        turns = [_turn(path, item, "speaker", "text", line) for item in record["turns"]]
    elif isinstance(record.get("messages"), list):
        turns = [_turn(path, item, "role", "content", line) for item in record["messages"]]
    elif isinstance(record.get("text"), str):
        turns = [Turn(None, record["text"])]
    else:
        raise path.fail(f"no text; keys: {', '.join(list(record)[:8]) or 'none'}", line=line, expected=EXPECTED)
    return [turn for turn in turns if turn.text.strip()]


def _turn(path: SourceFile, item: object, speaker_key: str, text_key: str, line: int) -> Turn:
    speaker, content = (item.get(speaker_key), item.get(text_key)) if isinstance(item, dict) else (None, item)
    if isinstance(content, list):
        content = "\n".join(str(part["text"]) for part in content if isinstance(part, dict) and "text" in part)
    if not isinstance(item, dict) or not isinstance(content, str) or not isinstance(speaker, str | None):
        raise path.fail(f"a turn that is no speaker with a text: {str(item)[:60]}", line=line, expected=EXPECTED)
    return Turn(speaker or None, content)


def _string(record: dict[str, Any], key: str) -> str | None:
    value = record.get(key)
    return value if isinstance(value, str) and value else None
