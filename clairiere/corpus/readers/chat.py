r"""Transcripts in CHAT, as CHILDES and TalkBank publish them (.cha): a main line for each utterance.

https://talkbank.org/0info/manuals/CHAT.pdf

What was said is kept: retraced and repeated words, fillers, fragments, "toc [x 3]" three times. Letters in parentheses,
which were not pronounced, complete their words ("i(l)"). Unintelligible, phonetic and untranscribed speech (xxx, yyy,
www) is [inaudible]; sounds (&=laughs, [=! rit]) are annotations where they are sounds, else they stand with the
explanations and comments in `stage_directions`. Dependent tiers (%mor, %pho, %act …), omitted words (0que), pauses,
markers and times are left out. The order is that of the file, in which the transcriber has put the utterances.

A speaker is called by name, else by role, else by code, so that no two are called alike. A file with several `@Begin`
holds several conversations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from clairiere.corpus import text
from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.speech import chat
from clairiere.corpus.speech.transcript import distinct_names, iso_639_1, speaker_facts, speakers_meta
from clairiere.record import Document, Source, Turn

_MAIN = re.compile(r"\*([^\s:]+):[ \t]*(.*)")


@dataclass
class _Conversation:
    """What a file says between `@Begin` and `@End`."""

    line: int
    languages: str = ""
    date: str | None = None
    participants: str = ""
    ids: list[str] = field(default_factory=list)
    utterances: list[tuple[str, str]] = field(default_factory=list)


def recognize(path: SourceFile) -> float:
    """Headers that CHAT begins with, and main lines."""
    head = path.head
    begins = re.match(r"@(UTF8|Begin|Font|Window|PID)\b", head, re.IGNORECASE) is not None
    return (
        0.97
        if begins and re.search(r"^(\*[^\s:]+:|@Languages|@Participants)", head, re.MULTILINE | re.IGNORECASE)
        else 0.0
    )


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    """The conversations of a file.

    Raises:
        UnreadableError: a line that is no header, main line, dependent tier or continuation, or no main line at all.
    """
    conversations = [found for found in _conversations(path) if found.utterances]
    documents = [_document(path, source, found, alone=len(conversations) == 1) for found in conversations]
    spoken = [document for document in documents if document.turns]
    if not spoken:
        raise path.fail("no speech", expected="main lines of the form `*CHI:<tab>words .`")
    yield from spoken


def _conversations(path: SourceFile) -> Iterator[_Conversation]:
    conversation = _Conversation(1)
    for number, line in _logical_lines(path):
        main = _MAIN.fullmatch(line)
        if main:
            conversation.utterances.append((main[1], main[2]))
        elif line.startswith("@"):
            key, _, value = line.removeprefix("@").partition(":")
            if key.strip().casefold() in {"begin", "new episode"} and conversation.utterances:
                yield conversation
                conversation = _Conversation(number)
            _note(conversation, key.strip().casefold(), value.strip())
        elif not line.startswith("%"):
            raise path.fail(
                f"a line that is none of CHAT: {line[:40]!r}", line=number, expected="@, *, % or a tab first"
            )
    yield conversation


def _logical_lines(path: SourceFile) -> Iterator[tuple[int, str]]:
    """The lines with those that continue them, which begin with white space; empty ones are left out."""
    first, pieces = 1, list[str]()
    for number, line in enumerate(text.lines(path), start=1):
        if not line.strip():
            continue
        if line[0] not in "\t " and pieces:
            yield first, " ".join(pieces)
            pieces = []
        if not pieces:
            first = number
        pieces.append(line.strip())
    if pieces:
        yield first, " ".join(pieces)


def _note(conversation: _Conversation, key: str, value: str) -> None:
    if key == "languages":
        conversation.languages = value
    elif key == "participants":
        conversation.participants = value
    elif key == "date":
        conversation.date = value
    elif key == "id":
        conversation.ids.append(value)


def _document(path: SourceFile, source: Source | None, found: _Conversation, *, alone: bool) -> Document:
    names, facts = _speakers(found)
    turns, directions = chat.spoken_turns(Turn(names.get(code, code), words) for code, words in found.utterances)
    languages = map(iso_639_1, re.split(r"[,\s]+", found.languages))
    meta = {"speakers": speakers_meta(turns, facts), "stage_directions": directions, "date": found.date}
    return path.document(
        turns,
        source=source,
        locator=None if alone else f"line={found.line}",
        language=next(filter(None, languages), None),
        meta={key: value for key, value in meta.items() if value},
    )


def _speakers(found: _Conversation) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """The name of each code, and what is known of each name."""
    people = [person.split() for person in found.participants.split(",")]
    named = {person[0]: (" ".join(person[1:-1]), person[-1]) for person in people if len(person) > 1}
    names = distinct_names((code, name, role) for code, (name, role) in named.items())
    facts = {names[code]: speaker_facts(role=role.replace("_", " ")) for code, (_, role) in named.items()}
    for id_ in found.ids:
        _, _, code, age, sex, *_ = [*(part.strip() for part in id_.split("|")), *[""] * 5]
        name = names.get(code, code)
        facts[name] = facts.get(name, {}) | speaker_facts(gender=sex, age=age.rstrip(".;"))
    return names, facts
