"""JSON: the objects of a file, one per line, and the value of a file that is one.

https://jsonlines.org/ · https://www.rfc-editor.org/rfc/rfc8259
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from clairiere.corpus import text
from clairiere.corpus.files.source_file import START_BYTES, SourceFile
from clairiere.errors import UnreadableError

_TRIED_LINES = 10
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""The escape of half a surrogate pair; only a file with one is looked at further."""
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+("?)|[{}\[\]]', re.DOTALL)
"""A string, its end if it has one, or a bracket."""
_CLOSING = {"{": "}", "[": "]"}
_ENDINGS = ("", "null", ": null")
"""What completes the last member of an object that is cut short."""
_LONGEST_CUT_CHARACTERS = 5
"""Of what is cut short, so many may be the half of an escape, or of a literal."""


def records(path: SourceFile) -> Iterator[tuple[int, dict[str, Any]] | UnreadableError]:
    """(line, object) of each line that is not blank; in its place, what a line is that is no object.

    Raises:
        UnreadableError: a file of nothing but white space, or that cannot be read at all.
    """
    empty = True
    for number, line in path.text_lines():
        if line.strip():
            empty = False
            try:
                yield number, _record(path, line, number)
            except UnreadableError as error:
                yield error
    if empty:
        raise path.fail("an empty file", expected="one JSON object per line")


def value(path: SourceFile) -> Any:
    """The value of a file that is one JSON value.

    Raises:
        UnreadableError: it is not, or escapes half a surrogate pair.
    """
    return _parse(path, "\n".join(text.lines(path)), None, "one JSON value")


def array(path: SourceFile) -> list[Any]:
    """The elements of a file that is one JSON array.

    Raises:
        UnreadableError: it is not, or escapes half a surrogate pair.
    """
    elements = value(path)
    if not isinstance(elements, list):
        raise path.fail(f"a JSON {type(elements).__name__} instead of an array", expected="a JSON array")
    return elements


def first_record(path: SourceFile) -> dict[str, Any]:
    """The first of a file's leading lines that is an object, for recognition; {} where there is none.

    Of an object whose line goes on beyond the first 64 KiB it is what they hold.
    """
    start = path.start.removeprefix(b"\xef\xbb\xbf").lstrip(b" \r\n")
    if not start.startswith(b"{"):
        return {}
    if len(path.start) == START_BYTES and b"\n" not in start:
        return _begun(start.decode(errors="ignore"))
    for line in start.split(b"\n", _TRIED_LINES)[:_TRIED_LINES]:
        record = _object(line)
        if record:
            return record
    return {}


def _begun(line: str) -> dict[str, Any]:
    """The object that a line begins, as far as it goes; {} where it begins none."""
    brackets: list[str] = []
    quote = ""
    for token in _TOKEN.finditer(line):
        if token[0] in _CLOSING:
            brackets.append(_CLOSING[token[0]])
        elif token[0] in _CLOSING.values() and (not brackets or brackets.pop() != token[0]):
            return {}
        quote = '"' if token[1] == "" else ""
    closing = "".join(reversed(brackets))
    line = line if quote else line.rstrip()
    for cut in range(_LONGEST_CUT_CHARACTERS + 1):
        for ending in _ENDINGS:
            record = _object(f"{line[: len(line) - cut]}{quote}{ending}{closing}".encode())
            if record:
                return record
    return {}


def _object(line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def _record(path: SourceFile, line: str, number: int) -> dict[str, Any]:
    expected = "one JSON object per line"
    record = _parse(path, line, number, expected)
    if not isinstance(record, dict):
        raise path.fail(f"a JSON {type(record).__name__} instead of an object", line=number, expected=expected)
    return record


def _parse(path: SourceFile, content: str, number: int | None, expected: str) -> Any:
    """The value of a line, or of a whole file where there is no number of a line."""
    try:
        parsed = json.loads(content)
        if _HALF.search(content):
            json.dumps(parsed, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        found = f"not JSON: {error.msg} at column {error.colno}"
        raise path.fail(found, line=number or error.lineno, expected=expected) from error
    except UnicodeEncodeError as error:
        found = "half of a surrogate pair, which is no character"
        raise path.fail(found, line=number, expected="escapes of whole characters") from error
    except (ValueError, RecursionError) as error:
        found = "JSON that is nested too deep, or a number with too many digits"
        raise path.fail(found, line=number, expected=expected) from error
    return parsed
