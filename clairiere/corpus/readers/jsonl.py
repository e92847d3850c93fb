"""JSON Lines: one document per line, as a dialogue or as prose.

https://jsonlines.org/

The fields are those of the card's `[mapping]` (`clairiere.corpus.records.mapping`) or of a known shape: `turns` (a list
of {"speaker", "text"}, the form that `clairiere read --json` prints), `messages` (a list of {"role", "content"}, the
form of chat models), `conversations` (a list of {"from", "value"}, ShareGPT's), `instruction` and `output`, `prompt`
and `response` or `completion`, `text`, and the others of `clairiere.corpus.records.shapes`. `title`, `language` and
`meta` are taken where they stand beside it, and where there is a source card also `category` and `license` (an SPDX
expression, which takes the place of the edition's on the card). The locator is the `id`, or the line where it has none
or repeats one. Speakers are called as in the file; those that are roles of a chat have their role in `meta.speakers`. A
line that cannot be read is told, and the others are read.
"""

from __future__ import annotations

from collections.abc import Iterator

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.records import json_lines, records
from clairiere.corpus.records.shapes import shape_of
from clairiere.errors import UnreadableError
from clairiere.record import Document, Source

SUFFIXES = frozenset({".jsonl", ".ndjson"})


def recognize(path: SourceFile) -> float:
    """An object of a known shape in the first lines, or of any shape in a file called .jsonl.

    An object in one line that goes on beyond the first 64 KiB counts as far as they show it.
    """
    record = json_lines.first_record(path)
    fields = shape_of(record) if record else None
    if fields is None or fields.records is not None:
        return 0.2 if record and path.suffix.lower() in SUFFIXES else 0.0
    return 0.85 if fields.turns is not None else 0.7


def read(path: SourceFile, source: Source | None) -> Iterator[Document | UnreadableError]:
    """The documents of a file, in order, and in their place the lines that are none.

    Raises:
        UnreadableError: no line can be read.
        CardError: the card's mapping cannot be followed.
    """
    yield from records.documents(path, source, _records(path))


def _records(path: SourceFile) -> Iterator[records.Record | UnreadableError]:
    for item in json_lines.records(path):
        if isinstance(item, UnreadableError):
            yield item
        else:
            line, value = item
            yield records.Record(value, f"line={line}", line)
