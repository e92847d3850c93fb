"""CSV and TSV: a row is a document, or a turn of one, by the card's `[mapping]` or by a known shape of its columns.

https://www.rfc-editor.org/rfc/rfc4180

The delimiter (comma, semicolon, tab, bar) and the quoting are those under which the first 64 KiB are most regular. The
first row holds the names of the columns if the mapping, or the known shape, names one of them; the columns are called
1, 2, 3 … otherwise. With `group` in the mapping, the rows that follow each other with one value are one document. The
locator is the row's `id`, or its line where it has none or repeats one. Annotation tables of one word per row are no
text and not recognized.
"""

from __future__ import annotations

from collections.abc import Iterator

from clairiere.corpus import text
from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.records import records, tables
from clairiere.corpus.records.mapping import compile_mapping
from clairiere.corpus.records.shapes import fields_of
from clairiere.errors import UnreadableError
from clairiere.record import Document, Source

SUFFIXES = frozenset({".csv", ".tsv", ".tab"})
SURE_SHARE = 0.7
"""Of the first rows, so many must be regular for a file to be recognized as a table."""
_ANNOTATION = ("TOKEN\t", "# hipe", "# global.columns", "# newdoc", "# sent_id", "1\t", "-DOCSTART-")
"""How tables begin that have a word in each row: HIPE, CoNLL-U and its kin."""


def recognize(path: SourceFile) -> float:
    """A regular table in a file called one, or elsewhere one whose first row names the columns of a known shape.

    Names do not begin with a space, as what follows the comma of a sentence does.
    """
    called_table = path.suffix.lower() in SUFFIXES
    if path.head.startswith(_ANNOTATION) or not (called_table or path.suffix.lower() in text.SUFFIXES):
        return 0.0
    way = tables.dialect(path)
    if way is None or way.regularity < SURE_SHARE:
        return 0.02 if called_table and path.head.strip() else 0.0
    first = tables.first_row(path, way)
    named = len(first) == way.columns and tables.names(first, None) is not None
    sentence = not called_table and any(name.startswith(" ") for name in first)
    return 0.7 if named and not sentence else 0.5 if called_table else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document | UnreadableError]:
    """The documents of a table, in order, and in their place the rows that are none.

    Raises:
        UnreadableError: the file is no table, or no row can be read.
        CardError: the card's mapping cannot be followed.
    """
    way = tables.dialect(path)
    if way is None:
        text.lines(path)
        raise path.fail("no table", expected="rows of as many fields, separated by commas, semicolons, tabs or bars")
    mapped = compile_mapping(source.mapping) if source is not None and source.mapping else None
    first = next((item for item in tables.rows(path, way) if not isinstance(item, UnreadableError)), (1, []))
    named = tables.names(first[1], mapped)
    columns = named or [str(number) for number in range(1, len(first[1]) + 1)]
    shown = columns if named else [name.strip() or column for name, column in zip(first[1], columns, strict=True)]
    fields = mapped or fields_of(path, None, dict.fromkeys(shown, "text"), line=first[0])
    found = _records(path, way, columns, header=first[0] if named else 0)
    yield from records.documents(path, source, found, fields)


def _records(
    path: SourceFile, way: tables.Dialect, columns: list[str], *, header: int
) -> Iterator[records.Record | UnreadableError]:
    """The rows as records, without the one that ends in the header's line."""
    for item in tables.rows(path, way):
        if isinstance(item, UnreadableError):
            yield item
            continue
        line, row = item
        if line == header:
            continue
        if len(row) != len(columns):
            yield path.fail(f"a row of {len(row)} fields", line=line, expected=f"{len(columns)} fields in each row")
            continue
        yield records.Record(dict(zip(columns, row, strict=True)), f"line={line}", line)
