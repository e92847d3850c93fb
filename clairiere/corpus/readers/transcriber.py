"""Transcripts of Transcriber (.trs): turns of one or more speakers, cut by times.

https://trans.sourceforge.net/en/trans-14.dtd (never fetched) · https://trans.sourceforge.net/en/transguide.php

A turn of the file gives one turn for each speaker in it, from the time at which that speaker begins: where several
speak at the same time, `Who nb` says whose the words are. Events that are sounds, and speech that could not be
understood, become annotations; a language, a pronunciation, a topic or a comment stays out. What a section calls
"nontrans" was not transcribed.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator
from itertools import groupby

from lxml import etree

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.markup import xml
from clairiere.corpus.speech.conventions import annotation, spoken_turns
from clairiere.corpus.speech.transcript import (
    INAUDIBLE,
    NOISE,
    Utterance,
    iso_639_1,
    name_and_role,
    speaker_facts,
    speakers_meta,
    turns_by_time,
)
from clairiere.record import Document, Source

NAMELESS = frozenset({"default", "nobody", "no speaker", "(no speaker)", "(pas de locuteur)"})


def recognize(path: SourceFile) -> float:
    """The root element, or the document type that it declares."""
    return 0.98 if re.search(r"<!DOCTYPE Trans\b|<Trans[\s>]", path.head) else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    """The conversation of a file.

    Raises:
        UnreadableError: the file is not XML or not of Transcriber, a time is no number, or nobody says a word.
    """
    root = xml.parse(path)
    if root.tag != "Trans":
        raise path.fail(f"a root element {root.tag}", line=1, expected="Trans, as Transcriber writes it")
    names, facts = _speakers(root)
    turns, directions = spoken_turns(turns_by_time(_utterances(path, root, names)))
    if not turns:
        raise path.fail("a transcript without words", expected="turns with text")
    language = next(iter(root.xpath("@xml:lang")), "")
    meta = {"speakers": speakers_meta(turns, facts), "stage_directions": directions}
    yield path.document(
        turns,
        source=source,
        language=iso_639_1(language) if source is None else None,  # Transcriber writes its own language there too
        meta={key: value for key, value in meta.items() if value},
    )


def _speakers(root: etree._Element) -> tuple[dict[str, str | None], dict[str, dict[str, str]]]:
    """The name of each speaker's id, and what is known of each name."""
    names: dict[str, str | None] = {}
    facts: dict[str, dict[str, str]] = {}
    for speaker in root.iter("Speaker"):
        label = speaker.get("name", "")
        name, role = name_and_role("" if label.strip().casefold() in NAMELESS else label)
        if name in facts:  # two people of one name
            name = f"{name} ({speaker.get('id')})"
        names[speaker.get("id", "")] = name
        if name is not None:
            native = {"native": "native", "nonnative": "non-native"}.get(speaker.get("dialect", ""))
            facts[name] = speaker_facts(
                role=role, gender=speaker.get("type"), accent=speaker.get("accent"), dialect=native
            )
    return names, facts


def _utterances(path: SourceFile, root: etree._Element, names: dict[str, str | None]) -> Iterator[Utterance]:
    for turn in root.iter("Turn"):
        section = turn.getparent()
        if section is None or section.get("type") != "nontrans":
            yield from _of_turn(path, turn, [names.get(id_, id_) for id_ in turn.get("speaker", "").split()])


def _of_turn(path: SourceFile, turn: etree._Element, speakers: list[str | None]) -> Iterator[Utterance]:
    """What each speaker of a turn says until another one does, from the time at which it begins."""
    end = _seconds(path, turn, "endTime")
    for who, run in groupby(_segments(path, turn, alone=len(speakers) == 1), key=operator.itemgetter(1)):
        segments = list(run)
        speaker = speakers[who] if 0 <= who < len(speakers) else None
        yield Utterance(segments[0][0], end, speaker, " ".join(words for _, _, words in segments))


def _segments(path: SourceFile, turn: etree._Element, *, alone: bool) -> Iterator[tuple[float, int, str]]:
    """(time, which of the speakers, words); -1 where several speak and nothing says who."""
    time = _seconds(path, turn, "startTime")
    who = 0 if alone else -1
    for element in (turn, *turn):
        words = element.text if element is turn else element.tail
        if element.tag == "Sync":
            time, who = _seconds(path, element, "time"), 0 if alone else -1
        elif element.tag == "Who":
            number = element.get("nb", "")
            who = int(number) - 1 if re.fullmatch(r"[0-9]{1,3}", number) else -1
        elif element.tag == "Event":
            words = f"{_event(element)} {words or ''}"
        if words and words.strip():
            yield time, who, words


def _seconds(path: SourceFile, element: etree._Element, key: str) -> float:
    try:
        return float(element.get(key, ""))
    except ValueError as error:
        found = f"{element.tag} with {key}={element.get(key)!r}"
        raise path.fail(found, line=element.sourceline, expected="a time in seconds") from error


def _event(event: etree._Element) -> str:
    """What is heard in an event: the beginning of a sound, or the place of one."""
    kind, description = event.get("type", "noise"), event.get("desc", "")
    meaning = annotation(description)
    if event.get("extent") == "end":
        return ""
    if kind == "noise":
        return meaning or NOISE
    has_words = event.get("extent") == "begin" and bool((event.tail or "").strip())  # unsure, but written down
    unclear = kind == "pronounce" and event.get("extent") not in {"previous", "next"} and meaning == INAUDIBLE
    return INAUDIBLE if unclear and not has_words else ""
