"""What the quality rules look at: one number per document and feature, from compiled passes over the text's bytes.

The features are those of Rae et al. 2021 (arxiv.org/abs/2112.11446, table A1), of damage (mojibake, control
characters), of page furniture, and, where the recipe's clean text was learned from (`ngrams.py`), perplexity and
known words.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clairiere.artifact import canonical_json
from clairiere.curate.batch import Batch
from clairiere.curate.language.codes import normalize
from clairiere.curate.quality import passes as kernels
from clairiere.curate.quality.characters import BAD, DIGIT, LETTER, PUNCTUATION, SYMBOL, UPPER, class_table, lower_table
from clairiere.curate.quality.lexicon import (
    BOILERPLATE,
    LOREM_IPSUM,
    count_words,
    mark_phrases,
    phrase_table,
    toxic_languages,
    word_tables,
)
from clairiere.curate.quality.ngrams import CleanText
from clairiere.curate.quality.repeats import MOST_TOKENS, REPEATED_ORDERS, TOP_ORDERS, count_repeats, measure_ngrams

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]
BULLET, ELLIPSIS, PARAGRAPH = 1, 2, 4
TOXICITY_DECIMALS = 5
FURNITURE_CHARACTERS = 120
"""A longer line is a sentence that says "en savoir plus", not a link."""


@dataclass(frozen=True)
class Features:
    """Arrays [documents]; shares are from 0 to 1; NaN where a feature cannot be told. Characters never count spaces."""

    words: Floats
    """What stands between spaces."""
    characters: Floats
    mean_word_length: Floats
    """Characters per word."""
    alphabetic_words: Floats
    """Share of words with a letter."""
    symbol_ratio: Floats
    """`#` and ellipses per word."""
    bullet_lines: Floats
    ellipsis_lines: Floats
    stop_words: Floats
    """Different stop words of the document's language; NaN where there is no list of them."""
    digit_share: Floats
    uppercase_share: Floats
    """Of the letters."""
    duplicate_lines: Floats
    duplicate_line_characters: Floats
    duplicate_paragraphs: Floats
    duplicate_paragraph_characters: Floats
    top_ngrams: Floats
    """[documents, 3]: share of characters in the most frequent 2-, 3- and 4-gram."""
    duplicate_ngrams: Floats
    """[documents, 6]: share of characters in repeated 5- to 10-grams."""
    bad_characters: Floats
    braces: Floats
    """Curly braces per word."""
    boilerplate_lines: Floats
    lorem_ipsum: Floats
    """Lines that hold the words."""
    toxic_words: Floats
    """Share of tokens in the lexicon of insults; NaN where the language has none."""
    perplexity: Floats
    """Per character; NaN where no model of the language was learned."""
    known_words: Floats
    """Share of words of at least four letters that the clean text holds; NaN likewise."""
    ocr_confidence: Floats
    """`meta.quality.ocr_confidence`, the engine's own; NaN where it says nothing."""
    from_ocr: npt.NDArray[np.bool_]
    """Whether the text comes from OCR: its engine says how sure it was, or it is a newspaper."""

    def __len__(self) -> int:
        return len(self.words)


@dataclass(frozen=True)
class Text:
    """A batch's text in the forms that the passes share."""

    utf8: kernels.Bytes
    begins: Int64s
    """[turns + 1], in bytes."""
    starts: Int64s
    """[documents + 1], in turns."""
    tokens: kernels.Hashes
    characters: kernels.Int32s
    """[tokens]."""
    letters: kernels.Int32s
    """[tokens]."""
    stops: Int64s
    """[tokens]."""
    token_starts: Int64s
    """[documents + 1], in tokens."""

    @classmethod
    def of(cls, batch: Batch) -> Text:
        utf8, begins = batch.utf8()
        found = kernels.tokenize(utf8, begins, class_table(), lower_table())
        return cls(utf8, begins, batch.starts, *found[:4], found[4][batch.starts])


def measure(batch: Batch, clean_text: Mapping[str, CleanText], ocr_sources: Collection[str] = ()) -> Features:
    """The features of a batch's documents.

    Args:
        batch: normalized documents whose language is settled.
        clean_text: language → what was learned of it; empty where nothing was.
        ocr_sources: sources whose documents are from OCR though they do not say so.
    """
    text = Text.of(batch)
    languages = [normalize(language) for language in batch.columns["language"]]
    confidence = np.array([_confidence(meta) for meta in batch.columns["meta"]], np.float64)
    kinds = zip(batch.columns["source"], batch.columns["category"], strict=True)
    is_known = np.array([source in ocr_sources or category == "newspaper" for source, category in kinds], np.bool_)
    return Features(
        **_characters(text),
        **_lines(text),
        **_repeats(text),
        **_words(text, languages),
        **_likeness(text, languages, clean_text),
        ocr_confidence=confidence,
        from_ocr=is_known | ~np.isnan(confidence),
    )


def report_toxicity(batch: Batch, features: Features) -> Batch:
    """The batch with `meta.quality.toxic_words`, the share of tokens, in documents that hold any."""
    metas = list(batch.columns["meta"])
    for index in np.flatnonzero(features.toxic_words > 0).tolist():
        meta = json.loads(metas[index])
        quality = meta.get("quality", {})
        if isinstance(quality, dict):
            score = round(float(features.toxic_words[index]), TOXICITY_DECIMALS)
            metas[index] = canonical_json({**meta, "quality": {**quality, "toxic_words": score}})
    return batch.with_column("meta", metas)


def _share(part: npt.NDArray[np.generic], whole: npt.NDArray[np.generic]) -> Floats:
    """part / whole, 0 where the whole is 0."""
    return np.asarray(part / np.maximum(whole, 1), np.float64)


def _characters(text: Text) -> dict[str, Floats]:
    counts = np.zeros((len(text.starts) - 1, kernels.COUNTS), np.int64)
    owners = np.repeat(np.arange(len(counts)), np.diff(text.starts))
    kernels.count_characters(text.utf8, text.begins, owners, class_table(), counts)
    letters = counts[:, LETTER] + counts[:, UPPER]
    characters = letters + counts[:, [DIGIT, PUNCTUATION, SYMBOL, BAD]].sum(axis=1)
    words = counts[:, kernels.WORDS]
    return {
        "words": words.astype(np.float64),
        "characters": characters.astype(np.float64),
        "mean_word_length": _share(characters, words),
        "alphabetic_words": _share(counts[:, kernels.ALPHABETIC_WORDS], words),
        "symbol_ratio": _share(counts[:, kernels.HASHES_AND_ELLIPSES], words),
        "digit_share": _share(counts[:, DIGIT], characters),
        "uppercase_share": _share(counts[:, UPPER], letters),
        "bad_characters": np.minimum(_share(counts[:, BAD] + counts[:, kernels.DAMAGED], characters), 1.0),
        "braces": _share(counts[:, kernels.BRACES], words),
    }


def _lines(text: Text) -> dict[str, Floats]:
    hashes, characters, marks, ends, line_begins = kernels.split_lines(
        text.utf8, text.begins, class_table(), lower_table()
    )
    mark_phrases(text.tokens, text.stops, ends, marks, *(rows[0] for rows in phrase_table()))
    starts = line_begins[text.starts]
    lines, line_characters = np.diff(starts), _sums(characters, starts)
    repeats, repeated = count_repeats(hashes, characters, starts)
    is_short = characters <= FURNITURE_CHARACTERS
    return {
        "bullet_lines": _share(_sums(marks & BULLET, starts), lines),
        "ellipsis_lines": _share(_sums(marks & ELLIPSIS, starts) // ELLIPSIS, lines),
        "boilerplate_lines": _share(_sums((marks & BOILERPLATE > 0) & is_short, starts), lines),
        "lorem_ipsum": (_sums(marks & LOREM_IPSUM, starts) // LOREM_IPSUM).astype(np.float64),
        "duplicate_lines": _share(repeats, lines),
        "duplicate_line_characters": _share(repeated, line_characters),
        **_paragraphs(hashes, characters, marks, starts),
    }


def _paragraphs(
    hashes: kernels.Hashes, characters: kernels.Int32s, marks: kernels.Bytes, line_starts: Int64s
) -> dict[str, Floats]:
    """Paragraphs are runs of lines: their hashes are made from those of the lines."""
    first = np.flatnonzero(marks & PARAGRAPH)
    edges = np.append(first, len(hashes))
    joined, sizes = kernels.join_hashes(hashes, edges), _sums(characters, edges).astype(np.int32)
    starts = np.searchsorted(first, line_starts)
    repeats, repeated = count_repeats(joined, sizes, starts)
    return {
        "duplicate_paragraphs": _share(repeats, np.diff(starts)),
        "duplicate_paragraph_characters": _share(repeated, _sums(sizes, starts)),
    }


def _repeats(text: Text) -> dict[str, Floats]:
    ends = np.concatenate([[0], np.cumsum(text.characters, dtype=np.int64)])
    documents = len(text.starts) - 1
    top = np.zeros((documents, len(TOP_ORDERS)), np.int64)
    repeated = np.zeros((documents, len(REPEATED_ORDERS)), np.int64)
    measure_ngrams(text.tokens, ends, text.token_starts, top, repeated, MOST_TOKENS)
    begins = text.token_starts[:-1]
    total = (ends[np.minimum(text.token_starts[1:], begins + MOST_TOKENS)] - ends[begins])[:, None]
    return {"top_ngrams": _share(top, total), "duplicate_ngrams": _share(repeated, total)}


def _words(text: Text, languages: Sequence[str | None]) -> dict[str, Floats]:
    """Stop words and toxic words; text whose language is not known is held to be French."""
    rows, tables = word_tables()
    row_of = np.array([rows.get(language or "fr", -1) for language in languages], np.int64)
    has_insults = np.array([(language or "fr") in toxic_languages() for language in languages], np.bool_)
    stop_words, toxic = count_words(text.tokens, text.token_starts, row_of, tables).T
    return {
        "stop_words": np.where(row_of < 0, np.nan, stop_words),
        "toxic_words": np.where(has_insults, _share(toxic, np.diff(text.token_starts)), np.nan),
    }


def _likeness(text: Text, languages: Sequence[str | None], clean_text: Mapping[str, CleanText]) -> dict[str, Floats]:
    """How like the clean text of its language each document is."""
    perplexity, known_words = np.full(len(languages), np.nan), np.full(len(languages), np.nan)
    if not clean_text:
        return {"perplexity": perplexity, "known_words": known_words}
    starts = text.begins[text.starts]
    for index, language in enumerate(languages):
        model = clean_text.get(language or "")
        if model is not None:
            tokens = slice(text.token_starts[index], text.token_starts[index + 1])
            perplexity[index] = model.perplexity(text.utf8, (int(starts[index]), int(starts[index + 1])), text.begins)
            known_words[index] = model.known_share(text.tokens[tokens], text.letters[tokens])
    return {"perplexity": perplexity, "known_words": known_words}


def _confidence(meta: str) -> float:
    quality = json.loads(meta).get("quality") if '"ocr_confidence"' in meta else None
    value = quality.get("ocr_confidence") if isinstance(quality, dict) else None
    return float(value) if isinstance(value, int | float) else np.nan


def _sums(values: npt.NDArray[np.generic], starts: Int64s) -> Int64s:
    """The sum of each run of values."""
    sums = np.concatenate([[0], np.cumsum(values, dtype=np.int64)])
    return np.asarray(sums[starts[1:]] - sums[starts[:-1]])
