"""Tables as text: which character separates the columns, whether fields are quoted, what the columns are called.

https://www.rfc-editor.org/rfc/rfc4180 · https://www.iana.org/assignments/media-types/text/tab-separated-values
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clairiere.corpus import text
from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.records.mapping import Fields
from clairiere.corpus.records.shapes import shape_of
from clairiere.errors import UnreadableError

DELIMITERS = (",", ";", "\t", "|")
REGULAR_SHARE = 0.5
"""Of a table's first rows, so many must have as many fields as most of them; damaged rows are told one by one."""
FIELD_CHARACTERS_LIMIT = 2**28


@dataclass(frozen=True)
class Dialect:
    """How a table is written."""

    delimiter: str
    quoted: bool
    columns: int
    regularity: float
    """The share of the first rows that have so many columns."""

    def reader(self, lines: Iterator[str]) -> Iterator[list[str]]:
        """The rows of lines that end in a line feed."""
        if self.quoted:
            return csv.reader(lines, delimiter=self.delimiter, strict=True)
        return csv.reader(lines, delimiter=self.delimiter, quoting=csv.QUOTE_NONE, strict=True)


def dialect(path: SourceFile) -> Dialect | None:
    """How the file's first 64 KiB are most regularly read, with the most columns; None where they are no table."""
    lines = text.head_lines(path)
    tried = [Dialect(delimiter, quoted, *_regularity(lines, delimiter, quoted=quoted)) for delimiter, quoted in _ways()]
    tables = [way for way in tried if way.columns > 1 and way.regularity >= REGULAR_SHARE]
    return max(tables, key=lambda way: (way.regularity, way.columns), default=None)


def first_row(path: SourceFile, way: Dialect) -> list[str]:
    """The fields of the first line; none where it is no row."""
    return next(iter(_tolerated(way.reader(iter([f"{text.head_lines(path)[0]}\n"])))), [])


def _ways() -> list[tuple[str, bool]]:
    """Of equals the first is taken: tabs are rarely quoted, all else is."""
    return [("\t", False), *((delimiter, True) for delimiter in DELIMITERS), (";", False), ("|", False)]


def _regularity(lines: Sequence[str], delimiter: str, *, quoted: bool) -> tuple[int, float]:
    """How many columns most rows have, and the share of these rows."""
    rows = _tolerated(Dialect(delimiter, quoted, 0, 0).reader(f"{line}\n" for line in lines))
    widths = Counter(map(len, rows))
    if not widths:
        return 0, 0.0
    columns, count = widths.most_common(1)[0]
    return columns, count / widths.total()


def _tolerated(rows: Iterator[list[str]]) -> list[list[str]]:
    """The rows, an empty one in place of what is none."""
    found: list[list[str]] = []
    while True:
        try:
            found.append(next(rows))
        except StopIteration:
            return found
        except csv.Error:
            found.append([])


def rows(path: SourceFile, way: Dialect) -> Iterator[tuple[int, list[str]] | UnreadableError]:
    """(line of its end, fields) of each row that is not empty, and in its place what is no row."""
    csv.field_size_limit(FIELD_CHARACTERS_LIMIT)
    found = way.reader(f"{line}\n" for _, line in path.text_lines())
    while True:
        try:
            row = next(found)
        except StopIteration:
            return
        except csv.Error as error:
            yield path.fail(f"no row of a table: {error}", line=_line(found), expected="fields quoted as in RFC 4180")
            continue
        if row:
            yield _line(found), row


def _line(found: Iterator[list[str]]) -> int:
    return int(getattr(found, "line_num", 0))


def names(first: list[str], fields: Fields | None) -> list[str] | None:
    """The columns' names, if the first row holds them; None where the columns have numbers.

    A mapping says so by the columns it names; without one, the first row must be that of a known shape.
    """
    stripped = [name.strip() for name in first]
    if fields is None:
        return stripped if shape_of(dict.fromkeys(stripped, "text")) else None
    numbers = {str(number) for number in range(1, len(first) + 1)}
    return None if set(fields.columns) <= numbers and not set(fields.columns) & set(stripped) else stripped
