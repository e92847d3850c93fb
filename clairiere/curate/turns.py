"""Turns: clean each, drop the empty ones, merge neighbors of one speaker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from clairiere.curate.annotations import WRITTEN_CATEGORIES, apply_policy
from clairiere.curate.options import CurateOptions
from clairiere.curate.text import LAYOUT_CATEGORIES, clean, tidy
from clairiere.record import Document, Turn


def normalize(document: Document, options: CurateOptions) -> tuple[Document, Counter[str]]:
    """The document with clean, annotated, merged turns, and how many turns each step changed.

    The counter's keys are `text`, `annotations`, `empty` and `merged`. Stage directions in the document's `meta` follow
    the turns that they belong to.
    """
    changed: Counter[str] = Counter()
    keep_layout = document.category in LAYOUT_CATEGORIES
    policy = "keep" if document.category in WRITTEN_CATEGORIES else options.annotations
    cleaned = (_clean(turn, options.unicode, policy, changed, keep_layout=keep_layout) for turn in document.turns)
    turns, places = merge(cleaned, changed, always_break=keep_layout)
    return replace(document, turns=turns, meta=_follow(document.meta, places)), changed


def merge(
    turns: Iterable[Turn], changed: Counter[str], *, always_break: bool = False
) -> tuple[tuple[Turn, ...], list[int]]:
    """Turns without the empty ones, neighbors of one speaker made one.

    Prose and verse are joined by a line break, speech by a space; `always_break` joins speech by a line break too.

    Returns:
        The turns, and for each turn given the index of the one that it went into.
    """
    groups: list[tuple[str | None, list[str]]] = []
    places: list[int] = []
    for turn in turns:
        if not turn.text or turn.text.isspace():
            changed["empty"] += 1
            places.append(len(groups))
            continue
        if groups and groups[-1][0] == turn.speaker:
            changed["merged"] += 1
            groups[-1][1].append(turn.text)
        else:
            groups.append((turn.speaker, [turn.text]))
        places.append(len(groups) - 1)
    return tuple(Turn(speaker, _join(speaker, pieces, always_break=always_break)) for speaker, pieces in groups), places


def _join(speaker: str | None, pieces: list[str], *, always_break: bool) -> str:
    if len(pieces) == 1:
        return pieces[0]
    has_lines = always_break or speaker is None or any("\n" in piece for piece in pieces)
    return ("\n" if has_lines else " ").join(pieces)


def _follow(meta: Mapping[str, Any], places: list[int]) -> Mapping[str, Any]:
    """`meta` with the stage directions at the new places of their turns; what comes after the last turn stays there."""
    directions = meta.get("stage_directions")
    if not directions:
        return meta
    end = places[-1] + 1 if places else 0
    moved = [{**each, "turn": places[each["turn"]] if each["turn"] < len(places) else end} for each in directions]
    return {**meta, "stage_directions": moved}


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
