"""Which fields of a record are its text, its speakers, its title: the `[mapping]` table of a source card.

JSON, JSON Lines, CSV, TSV and Parquet share it. A record becomes a document; each key of the table is one of

    records     where the records lie in a JSON file ("data[].paragraphs[]"; without it the elements of the array, or
                the object itself)
    group       rows that follow each other with the same value of this field are one document, not one each
    opening     what stands before the turns, by the record
    turns       where the turns lie in a record ("dialogue[]"); without it the record itself is the one place of text
    text        required; what is said, by the turn where there is `turns`, else by the record
    speaker     who says it, beside the text
    codes       annotation codes of the corpus and what stands for them ("{gap}=[inaudible], {pause}=")
    id, title, language, category, license, meta

and each value a path, or for `opening`, `text` and `meta` several separated by commas:

    title               the field `title`
    persona.name        the field `name` of the field `persona`
    dialogue[]          every element of a list; `[0]` the first one
    answers.*           every value of an object
    "first name"        a name with spaces, dots, commas or brackets, in double quotes
    input?              may be missing; every other field must be there (null and empty text are no turn)
    reply as system     the speaker's name, where no field holds it

    [mapping]                               # a list of {"dialogue": [["Salut !", "Bonjour."], …], "persona": […]}
    turns = "dialogue[]"
    text = "[0] as user, [1] as assistant"

Columns of a table without a header are called 1, 2, 3 … Text without a speaker that stands together is one turn of
prose, its fields on lines of their own. `license` is an SPDX expression and takes the place of the edition's on the
card, `language` that of the card's, `category` too where it is one of the project's.

Speakers that are roles of a chat (`mapped.ROLES`) keep their name in the turns and have their role in `meta.speakers`:
"human", "assistant", "system" or "tool".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from clairiere.errors import CardError, UnreadableError
from clairiere.plugins import nearest

KEYS = (
    "records",
    "group",
    "opening",
    "turns",
    "text",
    "speaker",
    "codes",
    "id",
    "title",
    "language",
    "category",
    "license",
    "meta",
)
EACH = "[]"
VALUES = "*"

_STEP = re.compile(r'\.?(?:\[(\d{0,9})\]|(\*)|"([^"]+)"|([^.,\[\]"?*]+))')
_AS = re.compile(r"^(.*?)\s+as\s+(\S.*)$", re.DOTALL)
_COMMA = re.compile(r',(?=(?:[^"]*"[^"]*")*[^"]*$)')

Fail = Callable[[str], UnreadableError]
"""The error of a record, from what was found in it."""


@dataclass(frozen=True)
class FieldPath:
    """Where a value stands in a record."""

    steps: tuple[str | int, ...]
    """Names, positions, `EACH` and `VALUES`."""
    spelled: str
    optional: bool

    @property
    def name(self) -> str:
        """The last name on the way, for what is kept under it."""
        return next((str(step) for step in reversed(self.steps) if step not in (EACH, VALUES)), self.spelled)


@dataclass(frozen=True)
class Part:
    """A field that is text, and the speaker's name where the mapping gives it."""

    path: FieldPath
    speaker: str | None


@dataclass(frozen=True, kw_only=True)
class Fields:
    """A mapping, ready to be applied."""

    records: FieldPath | None
    group: FieldPath | None
    opening: tuple[Part, ...]
    turns: FieldPath | None
    text: tuple[Part, ...]
    speaker: FieldPath | None
    codes: Mapping[str, str]
    id: FieldPath | None
    title: FieldPath | None
    language: FieldPath | None
    category: FieldPath | None
    license: FieldPath | None
    meta: tuple[FieldPath, ...]

    @property
    def columns(self) -> list[str]:
        """The top fields of a record that it needs."""
        return list(dict.fromkeys(str(path.steps[0]) for path in self._of_record))

    @property
    def optional(self) -> list[FieldPath]:
        """The paths into a record that may lead to nothing."""
        return [path for path in self._of_record if path.optional]

    @property
    def _of_record(self) -> list[FieldPath]:
        single = (self.group, self.turns, self.id, self.title, self.language, self.category, self.license, *self.meta)
        beside = () if self.turns is not None else (self.speaker, *(part.path for part in self.text))
        paths = (*single, *beside, *(part.path for part in self.opening))
        return [path for path in paths if path is not None]


def compile_mapping(table: Mapping[str, str]) -> Fields:
    """The mapping of a card.

    Raises:
        CardError: an unknown key, no `text`, or a value that is no path.
    """
    return _compile(tuple(table.items()))


@lru_cache(maxsize=64)
def _compile(items: tuple[tuple[str, str], ...]) -> Fields:
    table = dict(items)
    for key in table:
        if key not in KEYS:
            raise _wrong(f"unknown key `mapping.{key}`: {nearest(key, KEYS)}")
    if "text" not in table:
        raise _wrong("a mapping without `text`")
    several = {key: _parts(key, table.get(key, "")) for key in ("opening", "text", "meta")}
    single = {key: _path(key, table[key]) if key in table else None for key in KEYS if key not in (*several, "codes")}
    return Fields(
        **single,
        opening=several["opening"],
        text=several["text"],
        meta=tuple(part.path for part in several["meta"]),
        codes=dict(_code(code) for code in table.get("codes", "").split(",") if code.strip()),
    )


def _code(spelled: str) -> tuple[str, str]:
    code, equals, replacement = spelled.strip().partition("=")
    if not code or not equals:
        raise _wrong(f"`mapping.codes` holds no `code=replacement`: {spelled.strip()}")
    return code.strip(), replacement.strip()


def _parts(key: str, value: str) -> tuple[Part, ...]:
    return tuple(_part(key, piece.strip()) for piece in _COMMA.split(value) if piece.strip())


def _part(key: str, spelled: str) -> Part:
    named = _AS.match(spelled)
    return Part(_path(key, named[1]), named[2].strip()) if named else Part(_path(key, spelled), None)


def _path(key: str, spelled: str) -> FieldPath:
    spelled = spelled.strip()
    bare = spelled.removesuffix("?")
    steps: list[str | int] = []
    at = 0
    while at < len(bare):
        match = _STEP.match(bare, at)
        if match is None:
            raise _wrong(f"`mapping.{key}` holds no path: {spelled}")
        position, star, quoted, name = match.groups()
        steps.append((int(position) if position else EACH) if position is not None else star or quoted or name.strip())
        at = match.end()
    if not steps:
        raise _wrong(f"`mapping.{key}` holds no path: {spelled or 'empty'}")
    return FieldPath(tuple(steps), spelled, optional=bare != spelled)


def _wrong(found: str) -> CardError:
    return CardError(
        found,
        where="the table [mapping] of the source card",
        expected="keys of " + ", ".join(KEYS) + '; paths such as "dialogue[].utterance"',
        next_step="correct the card",
    )


def values(record: Any, path: FieldPath, fail: Fail) -> Iterator[Any]:
    """Every value at a path, nulls too.

    Raises:
        UnreadableError: (by `fail`) a field is missing; it names the nearest ones that are there.
    """
    found = [record]
    for step in path.steps:
        below: list[Any] = []
        for value in found:
            taken, present = _step(value, step)
            if not present and not (path.optional or value is None):
                raise fail(_missing(value, step, path))
            below += taken
        found = below
    yield from found


def _step(value: Any, step: str | int) -> tuple[list[Any], bool]:
    """What one step leads to, and whether there was anything to lead to."""
    if step == EACH:
        return (value, True) if isinstance(value, list) else ([], False)
    if step == VALUES:
        return (list(value.values()), True) if isinstance(value, dict) else ([], False)
    if isinstance(step, int):
        return ([value[step]], True) if isinstance(value, list) and step < len(value) else ([], False)
    return ([value[step]], True) if isinstance(value, dict) and step in value else ([], False)


def _missing(value: Any, step: str | int, path: FieldPath) -> str:
    if isinstance(value, dict) and isinstance(step, str) and step not in (EACH, VALUES):
        choices = nearest(step, map(str, value)) if value else "the record is empty"
        return f"no field `{step}` (of `{path.spelled}`): {choices}"
    if isinstance(step, int):
        return f"no element {step} (of `{path.spelled}`): {shown(value)}"
    wanted = {EACH: "list", VALUES: "object"}.get(step, f"object with a field `{step}`")
    return f"no {wanted} (of `{path.spelled}`): {shown(value)}"


def shown(value: Any) -> str:
    """The beginning of a value, for errors."""
    return f"{type(value).__name__} {json.dumps(value, ensure_ascii=False, default=str)[:60]}"
