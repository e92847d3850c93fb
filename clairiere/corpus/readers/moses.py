"""Parallel text in the format of Moses: two files whose lines are translations, `name.en-fr.en` and `name.en-fr.fr`.

https://opus.nlpl.eu · http://www2.statmt.org/moses/?n=Moses.Baseline

The file whose language comes first in the alphabet is read, and the other is its companion. Where one side is French
the two may be called `name.en` and `name.fr`: the French one is the companion (in an archive it stands after the
other). Each pair of lines is a document of the category `parallel` with a turn in each language, without speakers;
`meta` names the languages. Where the companion is missing, that is told, and each line is a document in its one
language.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from clairiere.corpus.files.companions import pair_languages, plain_languages
from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.records import records
from clairiere.errors import UnreadableError
from clairiere.record import Document, Source, Turn

CATEGORY = "parallel"
NAMES = "two files, `name.en-fr.en` and `name.en-fr.fr`, or `name.en` and `name.fr` where one side is French"


def recognize(path: SourceFile) -> float:
    """A name that says two languages, and then one of them, or one beside its French companion; and lines of text."""
    return 0.9 if _languages(path) and path.start.strip() and b"\0" not in path.start else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document | UnreadableError]:
    """The pairs of lines, and what has no translation.

    Raises:
        UnreadableError: the file is binary, or holds no line of text.
    """
    yield from records.unless_all_fail(_pairs(path, source))


def _pairs(path: SourceFile, source: Source | None) -> Iterator[Document | UnreadableError]:
    languages = _languages(path) or ("und", "und")
    if path.companion is None:
        yield path.fail("one side of a parallel text without the other", expected=NAMES)
        yield from _alone(path, source, languages[0])
        return
    found = False
    for first, second in zip_longest(path.text_lines(), path.companion.text_lines()):
        number = (first or second)[0]
        sides = [side[1].strip() if side else "" for side in (first, second)]
        if all(sides):
            found = True
            yield _document(path, source, number, dict(zip(languages, sides, strict=True)))
        elif any(sides):
            yield path.fail("a line without a translation", line=number, expected="as many lines in both files")
    if not found:
        yield path.fail("a parallel text without lines", expected="a line for each line of the other file")


def _languages(path: SourceFile) -> tuple[str, str] | None:
    return pair_languages(path.path) or (plain_languages(path.path) if path.companion is not None else None)


def _alone(path: SourceFile, source: Source | None, language: str) -> Iterator[Document]:
    for number, line in path.text_lines():
        if line.strip():
            yield _document(path, source, number, {language: line.strip()})


def _document(path: SourceFile, source: Source | None, number: int, sides: dict[str, str]) -> Document:
    return path.document(
        [Turn(None, text) for text in sides.values()],
        source=source,
        locator=f"line={number}",
        category=CATEGORY,
        meta={"languages": list(sides)},
    )
