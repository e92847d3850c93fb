"""JSON Lines: the objects of a file, one per line; or those of one JSON array.

https://jsonlines.org/
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from clairiere.corpus import text
from clairiere.corpus.files import SourceFile

_TRIED_LINES = 10


def records(path: SourceFile) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line, object) of each line that is not blank.

    Raises:
        UnreadableError: a line that is not a JSON object, or that escapes half a surrogate pair.
    """
    for number, line in enumerate(text.lines(path), start=1):
        if line.strip():
            yield number, _record(path, line, number)


def array(path: SourceFile) -> list[Any]:
    """The elements of a file that is one JSON array.

    Raises:
        UnreadableError: it is not, or escapes half a surrogate pair.
    """
    elements = _parse(path, "\n".join(text.lines(path)), None, "a JSON array")
    if not isinstance(elements, list):
        raise path.fail(f"a JSON {type(elements).__name__} instead of an array", expected="a JSON array")
    return elements


def first_record(path: SourceFile) -> dict[str, Any]:
    """The first of a file's leading lines that is an object, for recognition; {} where there is none."""
    content = path.read_bytes()
    if not content.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"{"):
        return {}
    for line in content.removeprefix(b"\xef\xbb\xbf").split(b"\n", _TRIED_LINES)[:_TRIED_LINES]:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            return record
    return {}


def _record(path: SourceFile, line: str, number: int) -> dict[str, Any]:
    expected = "one JSON object per line"
    record = _parse(path, line, number, expected)
    if not isinstance(record, dict):
        raise path.fail(f"a JSON {type(record).__name__} instead of an object", line=number, expected=expected)
    return record


def _parse(path: SourceFile, content: str, number: int | None, expected: str) -> Any:
    """The value of a line, or of a whole file where there is no number of a line."""
    try:
        value = json.loads(content)
        if "\\u" in content:
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        found = f"not JSON: {error.msg} at column {error.colno}"
        raise path.fail(found, line=number or error.lineno, expected=expected) from error
    except UnicodeEncodeError as error:
        found = "half of a surrogate pair, which is no character"
        raise path.fail(found, line=number, expected="escapes of whole characters") from error
    except (ValueError, RecursionError) as error:
        found = "JSON that is nested too deep, or a number with too many digits"
        raise path.fail(found, line=number, expected=expected) from error
    return value
