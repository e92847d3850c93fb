"""What clean text of a language looks like, learned from the recipe's own: an n-gram model and the words it holds.

Learned once, before the shards are curated, from a sample of every source that is not OCR; then read by all workers
from one memory map. A document's perplexity is per character (2 to the bits that a character costs): 3 to 5 for clean
French, more the more letters are wrong or the stranger the language. It is measured on evenly spread stretches of
long documents. What was in the sample scores a little better than what was not.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from clairiere.artifact import canonical_json, write_atomically
from clairiere.corpus.shards import SCHEMA
from clairiere.curate.batch import Batch, read_batches, row_groups
from clairiere.curate.language.codes import normalize
from clairiere.curate.normalize.text import clean
from clairiere.curate.normalize.turns import UNCLEAN, mark
from clairiere.curate.quality import ngrams_kernels as kernels
from clairiere.curate.quality.characters import class_table, lower_table
from clairiere.curate.quality.lexicon import hash_tokens
from clairiere.curate.quality.options import QualityOptions
from clairiere.curate.quality.passes import Bytes, Hashes, Int32s, Int64s, Points, tokenize

DOCUMENT_CHARACTERS = 100_000
"""Of one document enters the sample, at most: no novel outweighs many conversations."""
PARTS_SAMPLED = 8
"""Files of a source that the sample is taken from, spread evenly."""
STRETCHES, STRETCH_BYTES = 8, 1024
"""What of a long document is scored."""
MIN_WORD_LETTERS = 4
MIN_WORD_COUNT = 2
"""A word said once may be damage itself."""
EXCLUDED_CATEGORIES = frozenset({"code", "parallel"})
"""Nothing of a language is learned from programs and from sentence pairs in two of them."""
INDEX = "clean_text.json"


@dataclass(frozen=True)
class CleanText:
    """What was learned of one language."""

    order: int
    table: kernels.Table
    """uint64 [slots]."""
    words: Hashes
    """A table of the hashes of words of at least four letters."""

    def perplexity(self, utf8: Bytes, bounds: tuple[int, int], begins: Int64s) -> float:
        """Per character, of the document from and to the bytes `bounds` of a batch's text; NaN for an empty one.

        Args:
            utf8: the batch's text.
            bounds: the document's place in it.
            begins: int64 [turns + 1], where each turn begins.
        """
        tables, model = (class_table(), lower_table()), (self.order, self.table)
        cost, characters = kernels.spread_cost(utf8, bounds, begins, tables, (STRETCHES, STRETCH_BYTES), model)
        return 2.0 ** (cost / (kernels.BIT * characters)) if characters else float("nan")

    def known_share(self, tokens: Hashes, letters: Int32s) -> float:
        """The share of words of at least four letters that the clean text holds; NaN for none."""
        words, known = kernels.count_known(tokens, letters, self.words, MIN_WORD_LETTERS)
        return known / words if words else float("nan")

    def knows(self, word: str) -> bool:
        """Whether the clean text holds a word of at least four letters, twice or more."""
        hashes = hash_tokens([word])[0]
        return len(hashes) == 1 and bool(self.words[kernels.word_place(hashes[0], self.words)])


@dataclass
class Sample:
    """Clean text of one language: what the model counts, and the words."""

    simple: list[Points] = field(default_factory=list)
    words: list[Hashes] = field(default_factory=list)
    characters: int = 0

    def add(self, texts: list[str]) -> None:
        """Add the turns of a document."""
        utf8, begins = Batch({}, [], texts, np.zeros(1, np.int64)).utf8()
        simple = kernels.simplify(utf8, 0, len(utf8), begins, (class_table(), lower_table()))
        tokens, _, letters, _, _ = tokenize(utf8, begins, class_table(), lower_table())
        self.simple.append(simple)
        self.words.append(tokens[letters >= MIN_WORD_LETTERS])
        self.characters += len(simple)


def learn(parts: Mapping[str, Sequence[Path]], options: QualityOptions, folder: Path) -> list[str]:
    """Learn the clean text of each language of a corpus and write it into a folder.

    Args:
        parts: source → its Parquet files of documents, in order.
        options: the `[curate.quality]` table.
        folder: where the files go; `load` reads it.

    Returns:
        The languages that have enough clean text.
    """
    languages = []
    parts = {source: paths for source, paths in parts.items() if source not in options.ocr_sources}
    for language, sources in sorted(_languages(parts).items()):
        text = sample(language, [parts[source] for source in sources], options)
        if text.characters >= options.min_sample_characters:
            model = fit(text, options)
            _write(folder / f"{language}.ngrams.npy", model.table)
            _write(folder / f"{language}.words.npy", model.words)
            languages.append(language)
    _write_index(folder / INDEX, {"order": options.ngram_order, "languages": languages})
    return languages


def load(folder: Path) -> dict[str, CleanText]:
    """Language → what `learn` wrote of it, memory-mapped; nothing where the folder holds none."""
    if not (folder / INDEX).is_file():
        return {}
    index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    return {language: _load(folder, language, index["order"]) for language in index["languages"]}


def _load(folder: Path, language: str, order: int) -> CleanText:
    names = ("ngrams", "words")
    arrays = (np.load(folder / f"{language}.{name}.npy", mmap_mode="r", allow_pickle=False) for name in names)
    return CleanText(order, *arrays)


def _write(path: Path, array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> None:
    def save(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.save(file, array, allow_pickle=False)

    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, save)


def _write_index(path: Path, facts: Mapping[str, object]) -> None:
    def save(temporary: Path) -> None:
        temporary.write_text(canonical_json(facts), encoding="utf-8")

    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, save)


def _languages(parts: Mapping[str, Sequence[Path]]) -> dict[str, list[str]]:
    """Language → the sources whose first file holds documents in it, the smallest first."""
    found: dict[str, list[str]] = defaultdict(list)
    for source in sorted(parts, key=lambda name: (sum(path.stat().st_size for path in parts[name]), name)):
        tags = {normalize(tag) for path in parts[source][:1] for tag in _column(path, "language")}
        for language in tags - {None}:
            found[str(language)].append(source)
    return found


def _column(path: Path, name: str) -> set[str | None]:
    """The different values of a column."""
    schema = pa.schema([SCHEMA.field(name)])
    return {value for rows in row_groups(path, schema) for value in rows.column(name).to_pylist()}


def sample(language: str, sources: Sequence[Sequence[Path]], options: QualityOptions) -> Sample:
    """Clean text of a language, from all sources alike: what a small one cannot give, larger ones do.

    Args:
        language: its code.
        sources: the files of each source, the smallest source first.
        options: the `[curate.quality]` table.
    """
    text = Sample()
    for number, paths in enumerate(sources):
        budget = (options.sample_characters - text.characters) // (len(sources) - number)
        chosen = paths[:: -(-len(paths) // PARTS_SAMPLED)]
        begin = text.characters
        for place, path in enumerate(chosen, 1):
            _fill(text, _clean_documents(path, language), begin + budget * place // len(chosen))
    return text


def _fill(text: Sample, documents: Iterable[list[str]], characters: int) -> None:
    """Add documents until the sample has so many characters."""
    if text.characters < characters:
        for turns in documents:
            text.add(turns)
            if text.characters >= characters:
                return


def _clean_documents(path: Path, language: str) -> Iterator[list[str]]:
    """The cleaned turns, up to a length, of the documents that are in a language and not from OCR."""
    for batch in read_batches(path):
        is_clean = mark(*batch.utf8()) & UNCLEAN == 0
        columns = (batch.columns[name] for name in ("language", "category", "meta"))
        for index, (tag, category, meta) in enumerate(zip(*columns, strict=True)):
            if normalize(tag) == language and category not in EXCLUDED_CATEGORIES and '"ocr_confidence"' not in meta:
                turns = slice(*batch.starts[index : index + 2].tolist())
                yield list(_up_to(batch.texts[turns], is_clean[turns].tolist()))


def _up_to(texts: Sequence[str], is_clean: Sequence[bool]) -> Iterator[str]:
    left = DOCUMENT_CHARACTERS
    for text, as_it_is in zip(texts, is_clean, strict=True):
        if left <= 0:
            return
        yield text if as_it_is and len(text) <= left else clean(text[:left])
        left -= len(text)


def fit(text: Sample, options: QualityOptions) -> CleanText:
    """The model and the words of one language's sample."""
    slots, order = 1 << options.ngram_slots_log2, options.ngram_order
    tags = np.zeros(slots, np.uint32)
    counts, totals, types = (np.zeros(slots, np.int32) for _ in range(3))
    simple = np.concatenate(text.simple)
    kernels.count(simple, order, tags, counts, totals, types)
    costs = np.zeros((slots, 2), np.uint16)
    seen = np.array([len(simple), len(np.unique(simple))], np.int32)
    kernels.settle(simple, order, tags, (counts, totals, types), seen, costs)
    words, often = np.unique(np.concatenate(text.words), return_counts=True)
    return CleanText(order, kernels.pack(tags, costs), kernels.word_table(words[often >= MIN_WORD_COUNT]))
