"""Transcripts of speech: what their readers share.

What a transcript says becomes turns in the order in which they begin; where people speak at the same time, their
turns stand one after the other. Disfluencies ("euh", repetitions, words broken off) are words. A corpus's own codes
become one of four annotations, which stand among the words; pauses, prosody, phonetics, translations and comments of
the transcriber are no speech.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from clairiere.corpus.languages import ISO_639_1
from clairiere.corpus.markup.xml import collapse
from clairiere.record import Turn

LAUGHTER = "[rire]"
"""Somebody laughs."""
NOISE = "[bruit]"
"""Every other sound that is no word: breath, cough, applause, music, a door."""
INAUDIBLE = "[inaudible]"
"""Words that the transcriber, or the recognizer, could not make out or did not write down."""
PII = "[PII]"
"""A name, a place or a number that the corpus has made anonymous."""

GENDERS: Mapping[str, str] = {
    **dict.fromkeys(("f", "female", "féminin", "feminin", "femme", "w", "woman", "mujer", "2"), "female"),
    **dict.fromkeys(("m", "male", "masculin", "h", "homme", "man", "hombre", "1"), "male"),
}
"""How corpora spell them; 1 and 2 are ISO/IEC 5218, which TEI uses. Others stay as they are given."""
UNKNOWN = frozenset(
    {"", "-", "_", "?", "0", "9", "x", "n/a", "na", "none", "null", "unknown", "unspecified", "inconnu"}
)
"""What corpora write where they know nothing of a speaker."""

PAUSE_S = 2.0
"""Where only words have times, a silence of so many seconds ends an utterance."""

_LANGUAGES = ISO_639_1 | {"français": "fr", "french": "fr", "english": "en", "cmn": "zh"}
_INTERVIEWER = re.compile(r"(.*?)\s*\(?\benq(?:u[eê]t(?:eur|rice)s?)?\.?\)?", re.IGNORECASE)


class Utterance(NamedTuple):
    """What one speaker says between two times, in seconds."""

    start: float
    end: float
    speaker: str | None
    text: str


def turns_by_time(utterances: Iterable[Utterance]) -> list[Turn]:
    """Utterances as turns, by the time at which they begin, else in the order given; those without text are left out.

    An overlap is not cut: who began earlier stands first.
    """
    ordered = sorted(utterances, key=lambda utterance: utterance.start)
    turns = (Turn(speaker or None, collapse(text)) for _, _, speaker, text in ordered)
    return [turn for turn in turns if turn.text]


def utterances_of_words(words: Iterable[Utterance], pause_s: float = PAUSE_S) -> Iterator[Utterance]:
    """Words one by one as utterances: a new one begins with another speaker, or after a pause.

    Words follow each other in the order of time within their speaker or channel.
    """
    pieces: list[Utterance] = []
    for word in words:
        if pieces and (word.speaker != pieces[-1].speaker or word.start - pieces[-1].end > pause_s):
            yield _together(pieces)
            pieces = []
        pieces.append(word)
    if pieces:
        yield _together(pieces)


def _together(words: list[Utterance]) -> Utterance:
    text = " ".join(word.text for word in words)
    return Utterance(words[0].start, words[-1].end, words[0].speaker, text)


def iso_639_1(code: str) -> str | None:
    """A language's code of two letters where it has one ("fra", "fre", "fr-FR" → "fr"); None where none is stated."""
    primary = code.strip().split("-")[0].casefold()
    return None if primary in UNKNOWN | {"und", "mis", "mul"} else _LANGUAGES.get(primary, primary)


def name_and_role(label: str) -> tuple[str | None, str | None]:
    """The speaker's name and role in a label: "Sonia Branca-Rosoff (ENQ)" is an interviewer; "inconnu" is nobody."""
    label = collapse(label)
    match = _INTERVIEWER.fullmatch(label)
    if match:
        return match[1] or label, "interviewer"
    return (None if label.casefold() in UNKNOWN else label), None


def distinct_names(people: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """(code, name, role) of each speaker → code → what to call them: the name, else the role, if nobody else has it."""
    wanted = {code: collapse((name or role).replace("_", " ")) or code for code, name, role in people}
    counts = Counter(wanted.values())
    return {code: name if counts[name] == 1 else code for code, name in wanted.items()}


def speaker_facts(
    *, role: str | None = None, gender: str | None = None, age: str | None = None, **others: str | None
) -> dict[str, str]:
    """What is known of a speaker, for `meta.speakers`; what is not known is left out."""
    gender = GENDERS.get(gender.strip().casefold(), gender) if gender else None
    facts = {"role": role, "gender": gender, "age": age, **others}
    stated = {key: collapse(value) for key, value in facts.items() if value}
    return {key: value for key, value in stated.items() if value.casefold() not in UNKNOWN}


def speakers_meta(turns: Iterable[Turn], facts: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """The facts of those who speak, by the names that the turns give them, in the order in which they first speak."""
    names = dict.fromkeys(turn.speaker for turn in turns if turn.speaker is not None)
    return {name: dict(facts[name]) for name in names if facts.get(name)}
