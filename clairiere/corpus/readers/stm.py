"""Reference transcripts of NIST (.stm): file, channel, speaker, begin, end, <labels> and words on each line.

https://github.com/usnistgov/SCTK/blob/master/doc/infmts.htm#L1 · PASTEL's .gst, which puts a column for a new slide
and one for a new topic before them: https://github.com/nicolashernandez/anr-pastel-data/tree/master/doc/gst

Lines are breath groups rather than turns: those of one speaker that follow each other without a long silence are one.
Comments (;;), gaps between segments and segments that are not scored are left out; of alternatives ({a / b}) the first
is read; `%hesitation` stands for any filled pause: "euh". A speaker's name is cut of the file's, which Transcriber puts
before it, and a label may tell the gender. Each file that the lines name is a document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from clairiere.corpus import text
from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.speech.conventions import spoken_turns
from clairiere.corpus.speech.transcript import (
    GENDERS,
    Utterance,
    name_and_role,
    speaker_facts,
    speakers_meta,
    turns_by_time,
    utterances_of_words,
)
from clairiere.record import Document, Source

SILENT = frozenset({"inter_segment_gap", "excluded_region", "ignore_time_segment_in_scoring"})
"""What stands for a speaker or for words where nothing is transcribed."""

_LINE = re.compile(
    r"(?:(?:\*|\w*slide\w*)\s+(?:\*|[\w-]+)\s+)?"
    r"(\S+)\s+(\S+)\s+(\S+)\s+(\d+(?:\.\d*)?|\.\d+)\s+(\d+(?:\.\d*)?|\.\d+)(?:\s+<([^<>\s]*)>)?(?:\s+(.*))?"
)
_ALTERNATIVES = re.compile(r"\{([^{}/]*)/[^{}]*\}")
_HESITATION = re.compile(r"\(?%(\w+)\)?")


class _Segment(NamedTuple):
    recording: str
    utterance: Utterance
    gender: str | None


def recognize(path: SourceFile) -> float:
    """Lines with a speaker and two times, after comments; in a file not called .stm, each with labels."""
    lines = [line.strip() for line in text.head_lines(path) if not line.startswith(";;")]
    matches = [match for match in map(_LINE.fullmatch, lines) if match and float(match[4]) <= float(match[5])]
    if not lines or len(matches) < len(lines):
        return 0.0
    named = path.suffix.lower() in {".stm", ".gst"}
    return 0.96 if named or all(match[6] and "," in match[6] for match in matches) else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    """The recordings of a file.

    Raises:
        UnreadableError: a line without its columns, or no words at all.
    """
    recordings: dict[str, list[_Segment]] = {}
    for segment in _segments(path):
        recordings.setdefault(segment.recording, []).append(segment)
    documents = [
        document
        for recording, segments in recordings.items()
        if (document := _document(path, source, segments, recording if len(recordings) > 1 else None)).turns
    ]
    if not documents:
        raise path.fail("a transcript without words", expected="lines: file channel speaker begin end <labels> words")
    yield from documents


def _segments(path: SourceFile) -> Iterator[_Segment]:
    for number, line in enumerate(text.lines(path), start=1):
        if not line.strip() or line.lstrip().startswith(";;"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise path.fail(
                f"a line without the columns of STM: {line[:40]!r}",
                line=number,
                expected="file channel speaker begin end <labels> words",
            )
        recording, _, label, start, end, labels, words = match.groups()
        if words and words.strip() not in SILENT:
            name = label.removeprefix(f"{recording}_").replace("_", " ")
            speaker = None if label in SILENT else name_and_role(name)[0]
            said = _HESITATION.sub(_hesitation, _ALTERNATIVES.sub(r"\1", words))
            gender = next((item for item in (labels or "").split(",") if item in GENDERS and len(item) > 1), None)
            yield _Segment(recording, Utterance(float(start), float(end), speaker, said), gender)


def _hesitation(mark: re.Match[str]) -> str:
    """The sound that was written down, or the most common of those of its class."""
    return "euh" if mark[1].casefold() == "hesitation" else mark[1]


def _document(path: SourceFile, source: Source | None, segments: list[_Segment], locator: str | None) -> Document:
    facts = {
        segment.utterance.speaker: speaker_facts(gender=segment.gender)
        for segment in segments
        if segment.utterance.speaker
    }
    utterances = sorted((segment.utterance for segment in segments), key=lambda utterance: utterance.start)
    turns, directions = spoken_turns(turns_by_time(utterances_of_words(utterances)))
    meta = {"speakers": speakers_meta(turns, facts), "stage_directions": directions}
    return path.document(
        turns, source=source, locator=locator, meta={key: value for key, value in meta.items() if value}
    )
