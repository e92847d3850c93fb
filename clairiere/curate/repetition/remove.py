"""Passages that a document holds more than once: taken out after their first occurrence.

Three kinds, each exact up to hashes of 64 bits: runs of many words, of which whole sentences are taken out; whole lines
(paragraphs); and in paged works running heads, short lines that come back page after page in the midst of sentences.
Only documents of the categories in the options are looked at.
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import numpy.typing as npt

from clairiere.curate.batch import Batch, Bytes, Int64s
from clairiere.curate.normalize.removal import drop_empty
from clairiere.curate.repetition.kernels import (
    Marks,
    find_edges,
    hash_heads,
    mark_lines,
    mark_passages,
    shrink_to_edges,
    split_words,
)
from clairiere.curate.repetition.options import RepetitionOptions

PAGED_CATEGORIES = frozenset({"book", "newspaper"})
"""Categories of works that were printed on pages; elsewhere short lines that come back are lists, names, titles."""
HEAD_WORDS = 12
"""A running head has no more words."""

_SPACES = b" \t\n"
_SENTENCE = re.compile(r"^[-–—«\"“*•|]|[.!?…:;,»”\"]$")
"""How lines of speech, sentences and items of lists begin or end; a running head does neither."""
_HEADING = re.compile(
    r"(?i)^\W*(?:chapitres?|articles?|art|sections?|titres?|sous-section|parties?|livres?|actes?|scènes?|annexes?|paragraphe"
    r"|tome|volume|figures?|tableaux?|notes?|lettre|chant|leçon|jour)\b"
)
"""What numbers the parts of a text: equal but for the number, and no two are the same."""


def remove(batch: Batch, options: RepetitionOptions) -> tuple[Batch, Counter[str]]:
    """Take out repeated passages; how many, as `repeated.passages`, `repeated.lines` and `repeated.heads`.

    Turns of which nothing is left are taken out.
    """
    run, begins = batch.utf8()
    texts = list(batch.texts)
    counts: Counter[str] = Counter()
    for document, category in enumerate(batch.columns["category"]):
        turns = batch.turns_of(document)
        if category not in options.categories or not turns:
            continue
        bounds = begins[turns.start : turns.stop + 1]
        ranges = _repeated(run, bounds, options, counts, is_paged=category in PAGED_CATEGORIES)
        places = np.searchsorted(bounds, ranges[:, 0], side="right") - 1
        for place in np.unique(places).tolist():
            turn = turns.start + place
            texts[turn] = _cut(texts[turn].encode(), (ranges[places == place] - bounds[place]).tolist()).decode()
    return (drop_empty(batch.with_texts(texts)), counts) if counts else (batch, counts)


def _repeated(
    run: Bytes, begins: Int64s, options: RepetitionOptions, counts: Counter[str], *, is_paged: bool
) -> Int64s:
    """int64 [ranges, 2]: the bytes of a document that are taken out, in order; a range lies within a turn."""
    words, lines, hashes = split_words(run, begins)
    marks = np.zeros(len(words), np.bool_)
    found = {"heads": 0, "lines": 0, "passages": 0}
    if options.header_lines and is_paged:
        heads = _running_heads(run, words, lines, options)
        found["heads"] = int(heads.sum())
        marks |= _of_lines(heads, lines)
    if options.line_words:
        repeated = mark_lines(hashes, lines, options.line_words)
        found["lines"] = int(repeated.sum())
        marks |= _of_lines(repeated, lines)
    if options.passage_words:
        passages = mark_passages(hashes, options.passage_words) & ~marks
        found["passages"] = shrink_to_edges(passages, find_edges(run, words, lines)) if passages.any() else 0
        marks |= passages
    counts.update({f"repeated.{kind}": count for kind, count in found.items() if count})
    return _bytes_of(marks, words, begins)


def _running_heads(run: Bytes, words: Int64s, lines: Int64s, options: RepetitionOptions) -> Marks:
    """bool [lines]: running heads but for the first of each."""
    hashes = hash_heads(run, words, lines, HEAD_WORDS)
    values, firsts, group, occurrences = np.unique(hashes, return_index=True, return_inverse=True, return_counts=True)
    # A page ends where it ends: before most running heads a sentence is not over.
    interrupting = np.bincount(group, ~find_edges(run, words, lines[:1])[lines[:-1]], len(values))
    is_head = (values != 0) & (occurrences >= options.header_lines) & (2 * interrupting > occurrences)
    for place in np.flatnonzero(is_head).tolist():
        first = firsts[place]
        line = run[words[lines[first], 0] : words[lines[first + 1] - 1, 1]].tobytes().decode()
        is_head[place] = not _SENTENCE.search(line) and not _HEADING.search(line) and any(map(str.isalpha, line))
    heads: Marks = is_head[group]
    heads[firsts] = False
    return heads


def _of_lines(marks: Marks, lines: Int64s) -> Marks:
    """bool [words] of bool [lines]."""
    return np.repeat(marks, np.diff(lines))


def _ranges(marks: Marks) -> Int64s:
    """int64 [ranges, 2]: the first marked word of each run, and the first after it."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marks, [False]]).astype(np.int8)))
    return edges.reshape(-1, 2)


def _bytes_of(marks: Marks, words: Int64s, begins: Int64s) -> Int64s:
    """Bytes from the first to the last word of each run of marked words, cut where turns end."""
    ranges = _ranges(marks)
    if not len(ranges):
        return np.empty((0, 2), np.int64)
    turns: npt.NDArray[np.int64] = np.searchsorted(begins, words[:, 0], side="right")
    breaks = np.flatnonzero(np.diff(turns) & (marks[1:] & marks[:-1])) + 1
    edges = np.sort(np.concatenate([ranges.ravel(), breaks, breaks])).reshape(-1, 2)
    return np.stack([words[edges[:, 0], 0], words[edges[:, 1] - 1, 1]], axis=1)


def _cut(text: bytes, ranges: list[list[int]]) -> bytes:
    """A turn's text without some ranges; of the whitespace around each that with more line breaks stays."""
    pieces, end = [text[: ranges[0][0]]], 0
    for number, (_, end) in enumerate(ranges):
        following = text[end : ranges[number + 1][0] if number + 1 < len(ranges) else len(text)]
        head, tail = pieces[-1].rstrip(_SPACES), following.lstrip(_SPACES)
        gaps = pieces[-1][len(head) :], following[: len(following) - len(tail)]
        gap = max(gaps, key=lambda each: each.count(b"\n")) if head and tail else b""
        pieces[-1:] = [head, gap, tail]
    return b"".join(pieces)
