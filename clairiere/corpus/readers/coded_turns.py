"""Dialogues whose lines begin with a code, as those of LabForSIMS2: "d02050001 Vous avez mal au ventre ?".

https://github.com/kleag/labforsims2-corpus

The letter that begins a code is the speaker: d the doctor, p the patient. Lines of single sentences ("P0002 +++ bah,
j'ai mal au ventre.") are spoken in no conversation: each is a turn of nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from clairiere.corpus import text
from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.markup.xml import collapse
from clairiere.corpus.speech.transcript import speaker_facts, speakers_meta
from clairiere.record import Document, Source, Turn

ROLES = {"d": "doctor", "p": "patient"}

_TURN = re.compile(r"\s*([a-z])\d{5,}(?:\s+(.*))?")
_SENTENCE = re.compile(r"\s*[A-Z]+\d{3,}\s*\+\+\+\s*(.*)")
_CODE = re.compile(r"[A-Z]+\d{3,}\s*")


def recognize(path: SourceFile) -> float:
    """Lines that all begin with a code."""
    lines = text.head_lines(path) if path.suffix.lower() in text.SUFFIXES else []
    coded = len(lines) > 1 and (all(map(_TURN.fullmatch, lines)) or all(map(_SENTENCE.fullmatch, lines)))
    return 0.92 if coded else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    """The dialogue, or the sentences, of a file.

    Raises:
        UnreadableError: a line without a code, or no words at all.
    """
    turns = [turn for turn in _turns(path) if turn.text]
    if not turns:
        raise path.fail("codes without words", expected="lines: a code, then what was said")
    speakers = speakers_meta(turns, {letter: speaker_facts(role=role) for letter, role in ROLES.items()})
    yield path.document(turns, source=source, meta={"speakers": speakers} if speakers else {})


def _turns(path: SourceFile) -> Iterator[Turn]:
    for number, line in enumerate(text.lines(path), start=1):
        turn, sentence = _TURN.fullmatch(line), _SENTENCE.fullmatch(line)
        if turn:
            yield Turn(turn[1], collapse(turn[2] or ""))
        elif sentence:
            words = collapse(sentence[1])
            yield Turn(None, "" if _CODE.fullmatch(words) else words)
        elif line.strip():
            raise path.fail(f"a line without a code: {line[:40]!r}", line=number, expected="d02050001 words")
