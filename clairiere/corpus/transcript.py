"""Transcripts of speech: what their readers share.

What a transcript says becomes turns in the order in which they begin; where people speak at the same time, their
turns stand one after the other. Disfluencies ("euh", repetitions, words broken off) are words. A corpus's own codes
become one of four annotations, which stand among the words; pauses, prosody, phonetics, translations and comments of
the transcriber are no speech.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from clairiere.corpus.xml import collapse
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
    "f": "female", "female": "female", "féminin": "female", "feminin": "female", "femme": "female", "w": "female",
    "woman": "female", "mujer": "female", "2": "female",
    "m": "male", "male": "male", "masculin": "male", "homme": "male", "man": "male", "hombre": "male", "1": "male",
}  # fmt: skip
"""How corpora spell them; 1 and 2 are ISO/IEC 5218, which TEI uses. Others stay as they are given."""
UNKNOWN = frozenset(
    {"", "-", "_", "?", "0", "9", "x", "n/a", "na", "none", "null", "unknown", "unspecified", "inconnu"}
)
"""What corpora write where they know nothing of a speaker."""


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
