"""Recognized speech in JSON: segments with times, and with speakers where it was diarized.

https://github.com/openai/whisper · https://github.com/m-bain/whisperX · https://github.com/ggml-org/whisper.cpp ·
https://github.com/linto-ai/linto-stt · https://www.assemblyai.com/docs

A segment is a turn. Where its words name speakers of their own, it is cut where the speaker changes; where there are
only words, a turn ends with another speaker or after a silence. Times are in seconds; those of whisper.cpp
(`offsets`) and AssemblyAI (`utterances`) are in milliseconds. Marks such as [Music] or (rires) are annotations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.records import json_lines
from clairiere.corpus.speech.conventions import spoken_turns
from clairiere.corpus.speech.transcript import Utterance, iso_639_1, name_and_role, turns_by_time, utterances_of_words
from clairiere.record import Document, Source

SEGMENTS = ("segments", "transcription", "utterances", "chunks")
WORDS = ("word_segments", "words")
TEXTS = ("text", "segment", "transcript", "raw_segment")
SPEAKERS = ("speaker", "spk_id", "speaker_id", "spk", "speaker_label")

SECONDS_LIMIT = 1e12
"""No recording has a later time."""

_KEYS = re.compile(rb'"(\w+)"\s*:')


def recognize(path: SourceFile) -> float:
    """Segments or words with times and text."""
    start = path.start.removeprefix(b"\xef\xbb\xbf").lstrip()
    keys = {key.decode() for key in _KEYS.findall(start)} if start[:1] in {b"{", b"["} else set()
    times = {"start", "end"} <= keys or {"from", "to"} <= keys or "timestamp" in keys
    said = not keys.isdisjoint({*TEXTS, "word"})
    listed = not keys.isdisjoint({*SEGMENTS, *WORDS}) or (start[:1] == b"[" and not keys.isdisjoint(SPEAKERS))
    return 0.9 if times and said and listed else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    """The conversation of a file.

    Raises:
        UnreadableError: not JSON, no list of segments or words, one without a time or text, or no words at all.
    """
    value = json_lines.value(path)
    holder: dict[str, Any] = value if isinstance(value, dict) else {"segments": value}
    turns, directions = spoken_turns(turns_by_time(_utterances(path, holder)))
    if not turns:
        raise path.fail("no recognized words", expected="segments: start, end, text, and speaker where it is known")
    result = holder.get("result")
    stated = holder.get("language") or (result.get("language") if isinstance(result, dict) else None)
    meta = {"stage_directions": directions} if directions else {}
    language = iso_639_1(stated) if isinstance(stated, str) else None
    yield path.document(turns, source=source, language=language, meta=meta)


def _utterances(path: SourceFile, holder: dict[str, Any]) -> Iterator[Utterance]:
    for key in SEGMENTS:
        if isinstance(holder.get(key), list) and holder[key]:
            scale = 1000 if key == "utterances" else 1
            for number, segment in enumerate(holder[key], start=1):
                yield from _of_segment(path, segment, f"{key}[{number}]", scale)
            return
    for key in WORDS:
        if isinstance(holder.get(key), list):
            words = [_item(path, word, f"{key}[{number}]", 1) for number, word in enumerate(holder[key], start=1)]
            yield from utterances_of_words(words)
            return


def _of_segment(path: SourceFile, segment: Any, place: str, scale: int) -> Iterator[Utterance]:
    """A segment, in pieces where its words have several speakers."""
    whole = _item(path, segment, place, scale)
    words = segment.get("words")
    if not isinstance(words, list) or len({_speaker(word) for word in words if isinstance(word, dict)}) < 2:
        yield whole
        return
    time, speaker = whole.start, whole.speaker
    timed: list[Utterance] = []
    for word in (word for word in words if isinstance(word, dict)):
        time, speaker = _time(word, scale) or time, _speaker(word) or speaker
        timed.append(Utterance(time, time, speaker, _text(word) or ""))
    yield from utterances_of_words(timed, float("inf"))


def _item(path: SourceFile, item: Any, place: str, scale: int) -> Utterance:
    """A segment or a word."""
    start, text = (_time(item, scale), _text(item)) if isinstance(item, dict) else (None, None)
    if start is None or text is None:
        raise path.fail(f"{place} without a time or without text", expected="start, end and text")
    return Utterance(start, _time(item, scale, "end") or start, _speaker(item), text)


def _text(item: dict[str, Any]) -> str | None:
    texts = (item[key] for key in (*TEXTS, "word") if isinstance(item.get(key), str))
    return next(texts, None)


def _speaker(item: dict[str, Any]) -> str | None:
    label = next((item[key] for key in SPEAKERS if item.get(key) is not None), None)
    return name_and_role(str(label))[0] if isinstance(label, str | int) else None


def _time(item: dict[str, Any], scale: int, key: str = "start") -> float | None:
    """When an item begins or ends, in seconds."""
    value, other = item.get(key), item.get("offsets") or item.get("timestamp")
    if isinstance(other, dict):
        value, scale = other.get("from" if key == "start" else "to"), 1000
    elif isinstance(other, list) and len(other) == 2:
        value = other[key == "end"]
    return value / scale if isinstance(value, int | float) and abs(value) < SECONDS_LIMIT else None
