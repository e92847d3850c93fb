"""Praat TextGrids, in the long and the short text format: a tier for each speaker, an interval for each utterance.

https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html

In both formats only quoted texts, numbers and flags that stand by themselves count, in the same order. A tier is named
for its speaker. Tiers of phones, syllables, parts of speech, comments, silences, sections, and tiers named for another
tier ("Anita-LEMMA") are no speech; where a file has words alone (as the Montreal Forced Aligner writes them), they are
the speech. A tier called "ortho" belongs to whom the tier "spk" names at that time. Point tiers hold no speech. The
names of CFPP2000's files tell gender and age ("Lea_Samvarian_F_55_2e").
"""

from __future__ import annotations

import operator
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.markup.xml import collapse
from clairiere.corpus.speech.conventions import spoken_turns
from clairiere.corpus.speech.tiers import ANNOTATIONS, NAMELESS, SPEAKERS, WORDS
from clairiere.corpus.speech.transcript import (
    Utterance,
    name_and_role,
    speaker_facts,
    speakers_meta,
    turns_by_time,
    utterances_of_words,
)
from clairiere.record import Document, Source

COUNT_LIMIT = 10**9
"""Of tiers or intervals: more do not fit in any file."""

_TOKEN = re.compile(
    r'"([^"]*+(?:""[^"]*+)*+)"|(?<!\S)(-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?%?)(?!\S)|(?<!\S)(<\w+>)(?!\S)|(?<!\S)![^\r\n]*'
)
_IS_TOKEN = operator.attrgetter("lastindex")  # a comment has none
_PERSON = re.compile(r"((?:[^\W\d_]+[_-])+?)([FHM])_(\d{1,3}|X)(?=[_.-]|$)_?")
_ALIGNED = re.compile(r"(.+?) ?[-_@ ] ?(\w+)")


@dataclass
class _Tier:
    name: str
    intervals: list[tuple[float, float, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        aligned = _ALIGNED.fullmatch(self.name)
        self.owner = aligned[1] if aligned else self.name
        self.kind = (aligned[2] if aligned else self.name).casefold()

    def text_at(self, time: float) -> str | None:
        return next((text for start, end, text in self.intervals if start <= time < end), None)


def recognize(path: SourceFile) -> float:
    """The two lines that begin each TextGrid."""
    head = path.head[:200]
    return 0.99 if "ooTextFile" in head and '"TextGrid"' in head else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    """The conversation of a file.

    Raises:
        UnreadableError: not a TextGrid, a tier with fewer intervals than it declares, or no tier with speech.
    """
    tiers = _tiers(path)
    facts: dict[str, dict[str, str]] = {}
    turns, directions = spoken_turns(turns_by_time(_utterances(tiers, facts)))
    named = {_letters(name): (gender, age) for name, gender, age in _PERSON.findall(path.stem)}
    for name in facts:
        gender, age = named.get(_letters(name), (None, None))
        facts[name] |= speaker_facts(gender=gender, age=age)
    if not turns:
        raise path.fail("a TextGrid without speech", expected="interval tiers with text, named for their speakers")
    speakers = speakers_meta(turns, facts)
    meta = {"speakers": speakers, "stage_directions": directions}
    yield path.document(turns, source=source, meta={key: value for key, value in meta.items() if value})


def _letters(name: str) -> str:
    """A name as a file's name has it: without accents, hyphens and capitals."""
    return "".join(filter(str.isalpha, unicodedata.normalize("NFKD", name))).casefold()


def _utterances(tiers: list[_Tier], facts: dict[str, dict[str, str]]) -> Iterator[Utterance]:
    named = next((tier for tier in tiers if tier.kind in SPEAKERS), None)
    chosen = _speech(tiers)
    for tier in chosen:
        words = tier.kind in WORDS
        label = tier.owner if words and tier.owner != tier.name else tier.name
        name, role = name_and_role("" if label.casefold() in NAMELESS | WORDS else label)
        if name:
            facts[name] = speaker_facts(role=role)
        utterances = [
            Utterance(start, end, name or _named_at(named, (start + end) / 2), text)
            for start, end, text in tier.intervals
            if text.strip() and text.strip() != "_"
        ]
        yield from utterances_of_words(utterances) if words else utterances


def _named_at(speakers: _Tier | None, time: float) -> str | None:
    return None if speakers is None else name_and_role(speakers.text_at(time) or "")[0]


def _speech(tiers: list[_Tier]) -> list[_Tier]:
    """The tiers of speech; those of words where there are no others."""
    names = {tier.name for tier in tiers}
    others = ANNOTATIONS | WORDS | SPEAKERS
    speech = [
        tier
        for tier in tiers
        if tier.kind not in others and not any(tier.name.startswith((f"{name}-", f"{name}@")) for name in names)
    ]
    return speech or [tier for tier in tiers if tier.kind in WORDS]


class _Tokens:
    """What counts in the text of a TextGrid, one by one, with its line for what is wrong."""

    def __init__(self, path: SourceFile) -> None:
        self._path = path
        self._text = path.read_text()
        self._matches = filter(_IS_TOKEN, _TOKEN.finditer(self._text))
        self._at = 0

    def text(self, what: str) -> str:
        match = self._next(what)
        return match[1].replace('""', '"') if match[1] is not None else self._fail(match[0], what)

    def number(self, what: str) -> float:
        match = self._next(what)
        return float(match[2].rstrip("%")) if match[2] is not None else self._fail(match[0], what)

    def count(self, what: str) -> int:
        number = self.number(what)
        return int(number) if 0 <= number <= COUNT_LIMIT else self._fail(f"{number:g}", what)

    def flag(self, what: str) -> str:
        match = self._next(what)
        return match[3] if match[3] is not None else self._fail(match[0], what)

    def _next(self, what: str) -> re.Match[str]:
        match = next(self._matches, None)
        if match is None:
            return self._fail("the end of the file", what)
        self._at = match.start()
        return match

    def _fail(self, found: str, what: str) -> NoReturn:
        line = self._text.count("\n", 0, self._at) + 1
        raise self._path.fail(f"{found[:40]} in place of {what}", line=line, expected="a Praat TextGrid, long or short")


def _tiers(path: SourceFile) -> list[_Tier]:
    """The interval tiers of a file."""
    tokens = _Tokens(path)
    if tokens.text("the file type") != "ooTextFile" or tokens.text("the object class") != "TextGrid":
        raise path.fail("not a TextGrid", line=1, expected='File type = "ooTextFile", Object class = "TextGrid"')
    tokens.number("xmin")
    tokens.number("xmax")
    if tokens.flag("whether there are tiers") != "<exists>":
        return []
    tiers = (_tier(tokens) for _ in range(tokens.count("the number of tiers")))
    return [tier for tier in tiers if tier is not None]


def _tier(tokens: _Tokens) -> _Tier | None:
    """The next tier, or None where it is one of points."""
    kind, name = tokens.text("the class of a tier"), collapse(tokens.text("the name of a tier"))
    tokens.number("xmin")
    tokens.number("xmax")
    count = tokens.count("the number of intervals")
    if kind != "IntervalTier":
        for _ in range(count):
            tokens.number(f"a time in {name!r}")
            tokens.text(f"a point in {name!r}")
        return None
    what = f"an interval of {name!r}"
    return _Tier(name, [(tokens.number(what), tokens.number(what), tokens.text(what)) for _ in range(count)])
