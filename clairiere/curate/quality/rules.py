"""Which documents are bad text: each rule compares one feature with a threshold of the document's kind.

The thresholds are in `quality_options.py`: of the group of its category, changed by what the recipe says of that
group, that category or that source. Each filter asks some of them, in the order of `RULES`; a document is dropped for
the first rule that it breaks, filter by filter.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from clairiere.curate.batch import Batch
from clairiere.curate.quality.features import Features
from clairiere.curate.quality.options import GROUP_OF_CATEGORY, GROUPS, Limits, QualityOptions

Flags = npt.NDArray[np.bool_]

MIN_WORDS = 50
"""Shares of lines, stop words and n-grams say nothing of a shorter document: those rules leave it alone."""


@dataclass(frozen=True)
class Rule:
    """One comparison: the documents whose feature lies beyond a limit are dropped for a reason."""

    reason: str
    feature: str
    limit: str
    side: Literal["below", "above"] = "above"
    needs: Literal["words", "ocr"] | None = None
    """Which documents it looks at: those of `MIN_WORDS`, those from OCR, or all."""


RULES = (
    Rule("bad-characters", "bad_characters", "max_bad_characters"),
    Rule("lorem-ipsum", "lorem_ipsum", "lorem_ipsum"),
    Rule("ocr", "ocr_confidence", "min_ocr_confidence", "below", "ocr"),
    Rule("ocr", "known_words", "min_known_words", "below", "ocr"),
    Rule("ocr", "perplexity", "max_ocr_perplexity", "above", "ocr"),
    Rule("mean-word-length", "mean_word_length", "min_mean_word_length", "below"),
    Rule("mean-word-length", "mean_word_length", "max_mean_word_length"),
    Rule("few-letters", "alphabetic_words", "min_alphabetic_words", "below"),
    Rule("symbols", "symbol_ratio", "max_symbol_ratio"),
    Rule("digits", "digit_share", "max_digit_share"),
    Rule("uppercase", "uppercase_share", "max_uppercase_share", "above", "words"),
    Rule("braces", "braces", "max_braces"),
    Rule("bullets", "bullet_lines", "max_bullet_lines", "above", "words"),
    Rule("ellipses", "ellipsis_lines", "max_ellipsis_lines", "above", "words"),
    Rule("stop-words", "stop_words", "min_stop_words", "below", "words"),
    Rule("boilerplate", "boilerplate_lines", "max_boilerplate_lines", "above", "words"),
    Rule("duplicate-lines", "duplicate_lines", "max_duplicate_lines", "above", "words"),
    Rule("duplicate-lines", "duplicate_line_characters", "max_duplicate_line_characters", "above", "words"),
    Rule("duplicate-paragraphs", "duplicate_paragraphs", "max_duplicate_paragraphs", "above", "words"),
    Rule(
        "duplicate-paragraphs", "duplicate_paragraph_characters", "max_duplicate_paragraph_characters", "above", "words"
    ),
    Rule("top-ngram", "top_ngrams", "max_top_ngrams", "above", "words"),
    Rule("duplicate-ngrams", "duplicate_ngrams", "max_duplicate_ngrams", "above", "words"),
    Rule("perplexity", "perplexity", "max_perplexity"),
    Rule("perplexity", "perplexity", "min_perplexity", "below"),
    Rule("toxicity", "toxic_words", "max_toxic_words"),
)
"""In the order in which they are asked."""


def judge_batch(
    batch: Batch, features: Features, options: QualityOptions, reasons: Collection[str] | None = None
) -> list[str | None]:
    """The reason to drop each document, or None.

    Args:
        batch: the documents.
        features: theirs, by `features.measure`.
        options: the `[curate.quality]` table.
        reasons: only rules with these reasons are asked; None asks all.
    """
    limits = limits_of(batch, options)
    found: list[str | None] = [None] * len(batch)
    for rule in RULES:
        if rule.reason in options.off or (reasons is not None and rule.reason not in reasons):
            continue
        for index in np.flatnonzero(breaks(rule, features, limits)):
            found[index] = found[index] or rule.reason
    return found


def breaks(rule: Rule, features: Features, limits: list[Limits]) -> Flags:
    """Which documents break a rule; what cannot be told breaks none."""
    values: npt.NDArray[np.float64] = getattr(features, rule.feature)
    bounds = _bounds(rule, limits, values.shape)
    beyond = values < bounds if rule.side == "below" else values > bounds
    broken = np.asarray(beyond.any(axis=1) if beyond.ndim > 1 else beyond)
    return broken & _concerned(rule, features)


def _bounds(rule: Rule, limits: list[Limits], shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """The threshold of each document, NaN where there is none: nothing lies beyond it."""
    bounds = np.full(shape, np.nan)
    for index, each in enumerate(limits):
        limit = getattr(each, rule.limit)
        if isinstance(limit, bool):
            bounds[index] = 0 if limit else np.nan
        elif limit is not None:
            bounds[index] = limit
    return bounds


def _concerned(rule: Rule, features: Features) -> Flags:
    if rule.needs == "words":
        return np.asarray(features.words >= MIN_WORDS)
    return features.from_ocr if rule.needs == "ocr" else np.ones(len(features), np.bool_)


def limits_of(batch: Batch, options: QualityOptions) -> list[Limits]:
    """The limits of each document."""
    known: dict[tuple[str | None, str | None, str], Limits] = {}
    found = []
    for index, (source, category) in enumerate(zip(batch.columns["source"], batch.columns["category"], strict=True)):
        group = GROUP_OF_CATEGORY.get(category) or ("speech" if _names_speakers(batch, index) else "web")
        key = (source, category, group)
        if key not in known:
            known[key] = _combine(key, options.limits)
        found.append(known[key])
    return found


def _combine(key: tuple[str | None, str | None, str], changed: Mapping[str, Limits]) -> Limits:
    source, category, group = key
    limits = GROUPS[group]
    for name in (group, category, source):
        if name is not None and name in changed:
            limits = changed[name].over(limits)
    return limits


def _names_speakers(batch: Batch, document: int) -> bool:
    return any(batch.speakers[turn] is not None for turn in batch.turns_of(document))
