"""Turns: clean each, drop the empty ones, merge neighbors of one speaker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache

from clairiere.curate.annotations import WRITTEN_CATEGORIES, apply_policy
from clairiere.curate.options import CurateOptions
from clairiere.curate.text import LAYOUT_CATEGORIES, clean, tidy
from clairiere.record import Document, Turn


def normalize(document: Document, options: CurateOptions) -> tuple[Document, Counter[str]]:
    """The document with clean, annotated, merged turns, and how many turns each step changed.

    The counter's keys are `text`, `annotations`, `empty` and `merged`.
    """
    changed: Counter[str] = Counter()
    keep_layout = document.category in LAYOUT_CATEGORIES
    policy = "keep" if document.category in WRITTEN_CATEGORIES else options.annotations
    cleaned = (_clean(turn, options.unicode, policy, changed, keep_layout=keep_layout) for turn in document.turns)
    turns = tuple(merge(cleaned, changed, always_break=keep_layout))
    return replace(document, turns=turns), changed


def merge(turns: Iterable[Turn], changed: Counter[str], *, always_break: bool = False) -> Iterator[Turn]:
    """Turns without the empty ones, neighbors of one speaker made one.

    Prose and verse are joined by a line break, speech by a space; `always_break` joins speech by a line break too.
    """
    speaker: str | None = None
    pieces: list[str] = []
    for turn in turns:
        if not turn.text or turn.text.isspace():
            changed["empty"] += 1
            continue
        if pieces and turn.speaker != speaker:
            yield Turn(speaker, _join(pieces, always_break=always_break or speaker is None))
            pieces = []
        changed["merged"] += bool(pieces)
        speaker = turn.speaker
        pieces.append(turn.text)
    if pieces:
        yield Turn(speaker, _join(pieces, always_break=always_break or speaker is None))


def _join(pieces: list[str], *, always_break: bool) -> str:
    has_verse = len(pieces) > 1 and any("\n" in piece for piece in pieces)
    return ("\n" if always_break or has_verse else " ").join(pieces)


def _clean(turn: Turn, unicode: str, policy: str, changed: Counter[str], *, keep_layout: bool) -> Turn:
    text = clean(turn.text, unicode=unicode, keep_layout=keep_layout)
    changed["text"] += text != turn.text
    text, annotated = apply_policy(text, policy)
    if annotated:
        changed["annotations"] += annotated
        text = tidy(text, keep_layout=keep_layout)
    return Turn(_clean_speaker(turn.speaker, unicode), text)


@lru_cache(maxsize=4096)
def _clean_speaker(speaker: str | None, unicode: str) -> str | None:
    """A name on one line; a blank one is no speaker."""
    if speaker is None:
        return None
    return clean(speaker, unicode=unicode).replace("\n", " ") or None
