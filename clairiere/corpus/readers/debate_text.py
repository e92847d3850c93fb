"""Transcripts as plain text, "Name : words" in each paragraph, as FREDSum publishes debates.

https://github.com/linto-ai/FREDSum

One file is one debate and one labeled paragraph one turn. A paragraph without a label continues the turn before it;
at the start of the file it is a turn without a speaker. A label is what stands before the first colon, if it is as
short as a name and begins with a capital or a figure ("EMMANUEL MACRON", "M. CHIRAC", "P1", "Le maire").
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from clairiere.corpus import text
from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.markup.xml import collapse
from clairiere.record import Document, Source, Turn

LABELED_SHARE = 0.6
"""Of a file's paragraphs, so many must bear a label."""

_SPACE = r"[ \t\u00a0\u202f]"
_NAME = r"[^\W_a-zà-ÿ](?:[\w’'. \-]|\([^()]{1,20}\)){0,39}?"
_LABEL = re.compile(rf"\s*({_NAME})(?:{_SPACE}+:{_SPACE}*|:{_SPACE}+|:$)(.*)")
_TITLE = re.compile(
    r"(?:(?:MM?|Mr|Mrs|Ms|Mmes?|Mlles?|Me|Dr|Pr)\b\.? |Monsieur |Madame |"
    r"L[ea] (?:vice-)?(?:président|maire|rapporteu))",
    re.IGNORECASE,
)
_WORDS = 6


def recognize(path: SourceFile) -> float:
    """Three paragraphs or more that are turns."""
    paragraphs = text.head_lines(path) if path.suffix.lower() in text.SUFFIXES else []
    return 0.8 if len(paragraphs) >= 3 and are_turns(paragraphs, LABELED_SHARE) else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    """The debate of a file.

    Raises:
        UnreadableError: the file is binary, is not UTF-8, is empty, or has no paragraph with a label.
    """
    turns = list(turns_of(text.lines(path)))
    if all(turn.speaker is None for turn in turns):
        raise path.fail("no speakers", expected="paragraphs of the form `Name : words`")
    yield path.document(turns, source=source)


def are_turns(paragraphs: list[str], share: float) -> bool:
    """Whether at least a share of the paragraphs bear labels that name people.

    One of them comes again, or all begin with a title ("Mme Durand"): prose repeats no "Ingredients:".
    """
    labels = Counter(label for label, _ in map(split_label, paragraphs) if label)
    if not labels or labels.total() < share * len(paragraphs):
        return False
    return max(labels.values()) > 1 or (len(labels) > 1 and all(map(_TITLE.match, labels)))


def turns_of(lines: Iterable[str]) -> Iterator[Turn]:
    turn: Turn | None = None
    for line in lines:
        label, words = split_label(line)
        if turn is not None and label is None:
            turn = Turn(turn.speaker, f"{turn.text}\n{words}".strip("\n")) if words else turn
            continue
        if turn is not None and turn.text.strip():
            yield turn
        turn = Turn(label, words) if label or words else None
    if turn is not None and turn.text.strip():
        yield turn


def split_label(line: str) -> tuple[str | None, str]:
    """The label and the words of a paragraph."""
    match = _LABEL.match(line)
    if match is None or len(match[1].split()) > _WORDS:
        return None, collapse(line)
    label = match[1].strip()
    return (label if _abbreviates(label) else label.rstrip(" .")), collapse(match[2])


def _abbreviates(label: str) -> bool:
    """Whether the label is nothing but initials ("M.", "J.-P."), whose stop belongs to it."""
    return re.fullmatch(r"(\w{1,3}\.[ -]?)+", label) is not None
