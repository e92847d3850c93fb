"""Conversations in the text format of Claire: "[Speaker:] words" on each line, an empty line between conversations.

https://huggingface.co/datasets/OpenLLM-France/Claire-Dialogue-French-0.1

A line without a speaker continues the turn before it, after a line break; at the start of a conversation it is a turn
without a speaker. Annotations such as [rire] stay in the words: only a colon before the bracket makes a speaker.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from clairiere.corpus import text
from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.markup.xml import collapse
from clairiere.record import Document, Source, Turn

_SPEAKER = re.compile(r"\s*\[([^\[\]\n]{1,80}):\][ \t]*(.*)")


def recognize(path: SourceFile) -> float:
    """Lines that mostly begin with a speaker in brackets."""
    lines = text.head_lines(path)
    tagged = sum(_SPEAKER.match(line) is not None for line in lines)
    return 0.9 if lines and tagged >= 0.5 * len(lines) else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    """The conversations of a file; the locator counts them.

    Raises:
        UnreadableError: the file is binary, is not UTF-8, is empty, or has no line with a speaker.
    """
    conversations = list(_conversations(text.lines(path)))
    if all(turn.speaker is None for turns in conversations for turn in turns):
        raise path.fail("no speakers", expected="lines of the form `[Speaker:] words`")
    for number, turns in enumerate(conversations, start=1):
        yield path.document(turns, source=source, locator=f"conversation={number}")


def _conversations(lines: list[str]) -> Iterator[list[Turn]]:
    turns: list[Turn] = []
    for line in [*lines, ""]:
        match = _SPEAKER.match(line)
        if match:
            turns.append(Turn(match[1].strip(), collapse(match[2])))
        elif line.strip():
            before = turns.pop() if turns else Turn(None, "")
            turns.append(Turn(before.speaker, f"{before.text}\n{collapse(line)}".strip("\n")))
        else:
            spoken = [turn for turn in turns if turn.text.strip()]
            if spoken:
                yield spoken
            turns = []
