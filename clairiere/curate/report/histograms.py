"""Distributions of lengths and of quality, counted in fixed bins: they add up over batches, parts and sources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clairiere.curate.batch import Batch

Bins = Mapping[str, list[int]]
"""Name of a distribution → how many documents fall into each of its bins."""


@dataclass(frozen=True)
class Scale:
    """What is counted, and the edges of its bins: one more than there are bins."""

    title: str
    edges: tuple[float, ...]


def _powers(first: int, last: int) -> tuple[float, ...]:
    """A bin for each half of a power of two."""
    return tuple(2.0 ** (exponent / 2) for exponent in range(2 * first, 2 * last + 1))


def _shares(highest: float) -> tuple[float, ...]:
    return tuple(highest * number / 25 for number in range(26))


SCALES: Mapping[str, Scale] = {
    "words": Scale("words per document", _powers(0, 20)),
    "turns": Scale("turns per document", _powers(0, 14)),
    "words_per_turn": Scale("words per turn", _powers(0, 14)),
    "mean_word_length": Scale("characters per word", _shares(12.5)),
    "uppercase_share": Scale("share of capitals among letters", _shares(1)),
    "duplicate_lines": Scale("share of lines that stood before", _shares(1)),
    "bad_characters": Scale("share of damaged characters", _shares(0.1)),
    "toxic_words": Scale("share of words in the lexicon of insults", _shares(0.05)),
    "known_words": Scale("share of words that clean text holds", _shares(1)),
    "perplexity": Scale("perplexity per character", _powers(0, 7)),
    "ocr_confidence": Scale("confidence of the OCR engine", _shares(1)),
}
"""Distribution → scale. The first three are of the batch, the others fields of its features."""


def histogram(values: npt.NDArray[np.floating[Any]], edges: tuple[float, ...]) -> list[int]:
    """How many values fall into each bin; what lies beyond the edges counts in the outermost bins, NaN nowhere.

    Args:
        values: float [documents].
        edges: rising, one more than there are bins.
    """
    known = values[~np.isnan(values)]
    places = np.clip(np.searchsorted(edges, known, side="right") - 1, 0, len(edges) - 2)
    counts: list[int] = np.bincount(places, minlength=len(edges) - 1).tolist()
    return counts


def describe(batch: Batch, words: npt.NDArray[np.int64], features: object | None = None) -> Bins:
    """The distributions of a batch; those of features that nothing is known of are absent.

    Args:
        batch: some documents.
        words: int64 [documents].
        features: has the other distributions' names as fields, each float [documents].
    """
    turns = np.diff(batch.starts)
    values: dict[str, npt.NDArray[np.float64]] = {
        "words": words.astype(np.float64),
        "turns": turns.astype(np.float64),
        "words_per_turn": words / np.maximum(turns, 1),
    }
    values |= {name: getattr(features, name) for name in SCALES if hasattr(features, name) and name not in values}
    found = {name: histogram(values[name], scale.edges) for name, scale in SCALES.items() if name in values}
    return {name: counts for name, counts in found.items() if any(counts)}


def add(parts: Iterable[Bins]) -> dict[str, list[int]]:
    """The distributions of several parts as one."""
    total: dict[str, list[int]] = {}
    for part in parts:
        for name, counts in part.items():
            before = total.get(name, [0] * len(counts))
            total[name] = [one + other for one, other in zip(before, counts, strict=True)]
    return {name: total[name] for name in SCALES if name in total}
