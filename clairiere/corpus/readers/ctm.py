"""Recognized speech of NIST (.ctm): a word with its time on each line.

https://github.com/usnistgov/SCTK/blob/master/doc/infmts.htm: file, channel, begin, duration, word, confidence

Where marker lines tell the segments of a diarization (`<start=…,end=…,speaker=S0>`), a turn is a segment and its
speaker is the segment's; elsewhere a turn ends after a silence, and the channels are the speakers where there are
several. Of alternatives (<ALT_BEGIN> … <ALT> … <ALT_END>) the first is read. `<unk>` is [inaudible]; silences and other
marks are no words. The mean of the confidences from 0 to 1 stands in `meta.quality`. Each file that the lines name is a
document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from clairiere.corpus import text
from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.markup import pages
from clairiere.corpus.speech.conventions import annotation, is_heard
from clairiere.corpus.speech.transcript import Utterance, turns_by_time, utterances_of_words
from clairiere.record import Document, Source

LONGEST_WORD_S = 60.0
LEAST_LINES = 3
"""Of each recording and channel, on the average, in a file not called .ctm."""

_COLUMNS = 6
_NUMBER = r"(?:\d++(?:\.\d++)?|\.\d++)"
_LINE = re.compile(
    rf"(\S++)\s++(\S++)\s++({_NUMBER})\s++(-?{_NUMBER})\s++(\S++)"
    rf"(?:\s++(-?{_NUMBER}(?:[eE][-+]?\d++)?|NA)(?!\S))?(?:\s.*)?"
)
_SEGMENT = re.compile(r"<start=[\d.]+,end=[\d.]+,speaker=([^,>]*+)[^>]*+>")
_ALTERNATIVE = re.compile(r"<ALT(?:_BEGIN|_END)?>", re.IGNORECASE)
_MARK = re.compile(r"[<\[(]([^<>\[\]()]*)[>\])]")
_ELIDED = re.compile(r"(?<=['’]) (?=\w)")
_STOP = re.compile(r" (?=[.,](?:\s|$))")


@dataclass
class _Recording:
    """The words of one file that the lines name."""

    words: list[Utterance] = field(default_factory=list)
    segments: list[int] = field(default_factory=list)
    """How many words stand before each segment of the diarization."""
    confidences: list[float] = field(default_factory=list)
    channels: set[str] = field(default_factory=set)
    speaker: str | None = None
    is_alternative: bool = False

    def add(self, channel: str, start: float, duration: float, word: str) -> bool:
        """Take a line; whether it was a word."""
        segment = _SEGMENT.fullmatch(word) if word[0] == "<" else None
        if segment:
            self.speaker = segment[1] or None
            self.segments.append(len(self.words))
        elif word[0] == "<" and _ALTERNATIVE.fullmatch(word):
            self.is_alternative = word.upper() == "<ALT>"
        elif not self.is_alternative:
            heard = _heard(word)
            self.channels.add(channel)
            speaker = self.speaker if self.segments else channel
            if heard:
                self.words.append(Utterance(start, start + duration, speaker, heard))
            return bool(heard)
        return False

    def utterances(self) -> Iterator[Utterance]:
        """One for each segment, or for what each channel says between two silences."""
        if self.segments:
            for begin, end in zip([0, *self.segments], [*self.segments, len(self.words)], strict=True):
                yield from utterances_of_words(self.words[begin:end], float("inf"))
            return
        for channel in sorted(self.channels):
            speaker = channel if len(self.channels) > 1 else None
            own = (word._replace(speaker=speaker) for word in self.words if word.speaker == channel)
            yield from utterances_of_words(sorted(own, key=lambda word: word.start))


def recognize(path: SourceFile) -> float:
    """Lines with two times before a word; in a file not called .ctm, times that can be those of words.

    So dates, addresses and telephone numbers are none.
    """
    lines = [line for line in text.head_lines(path) if not line.startswith(";;")]
    words = [match for match in map(_LINE.fullmatch, lines) if match]
    if not lines or len(words) < len(lines):
        return 0.0
    return 0.95 if path.suffix.lower() == ".ctm" or _are_times(words) else 0.0


def _are_times(words: list[re.Match[str]]) -> bool:
    """Whether lines tell words in time: times with decimals that rise, short words, sure from 0 to 1."""
    begins: dict[tuple[str, str], list[float]] = {}
    for match in words:
        name, channel, start, duration, _, sureness = match.groups()
        columns = match[0].split()
        is_word = 0 <= float(duration) < LONGEST_WORD_S and (len(columns) < _COLUMNS or _is_sureness(sureness))
        if not is_word or ("." not in start and "." not in duration):
            return False
        begins.setdefault((name, channel), []).append(float(start))
    rising = all(starts == sorted(starts) for starts in begins.values())
    return rising and len(words) >= LEAST_LINES * len(begins)


def _is_sureness(stated: str | None) -> bool:
    return stated is not None and (stated == "NA" or 0 <= float(stated) <= 1)


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    """The recordings of a file.

    Raises:
        UnreadableError: a line without its columns, or no words at all.
    """
    recordings = {name: recording for name, recording in _recordings(path).items() if recording.words}
    if not recordings:
        raise path.fail("no recognized words", expected="lines: file channel begin duration word confidence")
    for name, recording in recordings.items():
        turns = [turn for turn in turns_by_time(map(_written, recording.utterances())) if is_heard(turn)]
        known = recording.confidences
        quality = {"quality": {"recognition_confidence": round(sum(known) / len(known), 4)}} if known else {}
        yield path.document(turns, source=source, locator=name if len(recordings) > 1 else None, meta=quality)


def _recordings(path: SourceFile) -> dict[str, _Recording]:
    recordings: dict[str, _Recording] = {}
    for number, line in enumerate(map(str.strip, text.lines(path)), start=1):
        if not line or line.startswith(";;"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise path.fail(
                f"a line without the columns of CTM: {line[:40]!r}",
                line=number,
                expected="file channel begin duration word confidence",
            )
        name, channel, start, duration, word, confidence = match.groups()
        recording = recordings.get(name) or recordings.setdefault(name, _Recording())
        is_word = recording.add(channel, float(start), float(duration), word)
        if is_word and confidence is not None:
            recording.confidences += pages.confidence([confidence])
    return recordings


def _written(utterance: Utterance) -> Utterance:
    """Elided words and stops, which are words of their own in the file, joined to their neighbors."""
    return utterance._replace(text=_STOP.sub("", _ELIDED.sub("", utterance.text)))


def _heard(word: str) -> str:
    """A word, or what a mark stands for; nothing where it is a silence."""
    mark = _MARK.fullmatch(word) if word[0] in "<[(" else None
    return word if mark is None else annotation(mark[1]) or ""
