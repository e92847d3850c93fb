"""Word lists as hash tables, and how much of each document stands in them.

The lists are in `clairiere/curate/quality/lexicons/` with their license; a word is looked up by the hash of its token.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from clairiere.curate.kernels import kernel
from clairiere.curate.quality.characters import class_table, lower_table
from clairiere.curate.quality.passes import FNV_PRIME, Bytes, Hashes, Int64s, tokenize
from clairiere.curate.quality.repeats import Slots, find, table_size

Tables = tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32]]
"""Keys and values [tables, size]; a value of 0 is an empty slot."""

TOXIC = 64
"""Values from 1 to 63 number a language's stop words."""
CONTINUES, BOILERPLATE, LOREM_IPSUM = 1, 8, 16
"""What the first tokens of a phrase are, as bits; the last two mark lines beside `split_lines`' own marks."""


def read_lexicon(name: str) -> dict[str, list[str]]:
    """Heading → entries of a file in `lexicons/`: its lines where they are phrases, else its words."""
    text = resources.files("clairiere.curate.quality").joinpath("lexicons", f"{name}.txt").read_text(encoding="utf-8")
    sections: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith("["):
            entries = sections.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            entries.append(line)
    return sections


def token_hashes(text: str) -> Hashes:
    """uint64 [tokens]: the hashes of a text's tokens."""
    return hash_tokens([text])[0]


def hash_tokens(texts: Sequence[str]) -> tuple[Hashes, Int64s]:
    """The tokens of several texts: hashes, and int64 [texts + 1] where each text's begin."""
    array = pa.array(texts, pa.large_string())
    _, offsets, data = array.buffers()
    begins = np.frombuffer(offsets, np.int64, len(texts) + 1)
    run = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    found = tokenize(run, begins, class_table(), lower_table())
    return found[0], found[4]


@lru_cache(maxsize=1)
def word_tables() -> tuple[dict[str, int], Tables]:
    """Language → its row, and the rows: stop words numbered from 1, toxic words as `TOXIC`."""
    stop_words, toxic = read_lexicon("stop_words"), read_lexicon("toxicity")
    languages = sorted({*stop_words, *toxic})
    entries = []
    for language in languages:
        values = {int(key): TOXIC for key in token_hashes(" ".join(toxic.get(language, [])))}
        words = dict.fromkeys(int(key) for key in token_hashes(" ".join(stop_words.get(language, []))))
        entries.append(values | {key: number for number, key in enumerate(words, 1)})
    return {language: row for row, language in enumerate(languages)}, _fill(entries)


@lru_cache(maxsize=1)
def toxic_languages() -> frozenset[str]:
    """Languages that have a lexicon of insults."""
    return frozenset(read_lexicon("toxicity"))


@lru_cache(maxsize=1)
def phrase_table() -> Tables:
    """One row: the hash of each phrase's beginning, and whether it continues or is whole."""
    values: dict[int, int] = {}
    for heading, phrases in read_lexicon("boilerplate").items():
        whole = LOREM_IPSUM if heading == "lorem" else BOILERPLATE
        for phrase in phrases:
            rolling = np.uint64(0)
            tokens = token_hashes(phrase)
            for number, token in enumerate(tokens, 1):
                rolling = np.uint64(roll(rolling, token))  # from compiled code it comes as a Python integer
                values[int(rolling)] = values.get(int(rolling), 0) | (whole if number == len(tokens) else CONTINUES)
    return _fill([values])


def _fill(entries: Sequence[Mapping[int, int]]) -> Tables:
    size = table_size(max(len(values) for values in entries))
    keys, slots = np.zeros((len(entries), size), np.uint64), np.zeros((len(entries), size), np.int32)
    for row, values in enumerate(entries):
        for key, value in values.items():
            slot = find(np.uint64(key), keys[row], slots[row], size - 1)
            keys[row, slot], slots[row, slot] = key, value
    return keys, slots


@kernel
def roll(rolling: np.uint64, token: np.uint64) -> np.uint64:
    """The hash of a phrase that is one token longer."""
    return (rolling * FNV_PRIME) ^ token


@kernel
def count_words(tokens: Hashes, starts: Int64s, rows: Int64s, tables: Tables) -> Int64s:
    """How many different stop words and how many toxic words each document holds.

    Args:
        tokens: uint64 [tokens].
        starts: int64 [documents + 1], where each document's tokens begin.
        rows: int64 [documents], the row of each document's language; -1 where there is none.
        tables: those of `word_tables`.

    Returns:
        int64 [documents, 2]; zeros where the language has no row.
    """
    keys, values = tables
    mask = keys.shape[1] - 1
    found = np.zeros((len(starts) - 1, 2), np.int64)
    for document in range(len(starts) - 1):
        row = rows[document]
        if row < 0:
            continue
        seen = np.uint64(0)
        for index in range(starts[document], starts[document + 1]):
            value = values[row, find(tokens[index], keys[row], values[row], mask)]
            found[document, 1] += value == TOXIC
            if 0 < value < TOXIC:
                seen |= np.uint64(1) << np.uint64(value)
        found[document, 0] = bits(seen)
    return found


@kernel
def bits(value: np.uint64) -> int:
    """How many bits are set."""
    count = 0
    while value:
        value &= value - np.uint64(1)
        count += 1
    return count


@kernel
def mark_phrases(tokens: Hashes, stops: Int64s, line_ends: Int64s, marks: Bytes, keys: Hashes, values: Slots) -> None:
    """Mark the lines that hold a phrase.

    Args:
        tokens: uint64 [tokens].
        stops: int64 [tokens], a byte of each token's line.
        line_ends: int64 [lines], where each line ends.
        marks: uint8 [lines], to which `BOILERPLATE` or `LOREM_IPSUM` is added.
        keys: of `phrase_table`.
        values: of `phrase_table`.
    """
    mask = len(keys) - 1
    line = 0
    for begin in range(len(tokens)):
        while stops[begin] >= line_ends[line]:
            line += 1
        rolling, index = np.uint64(0), begin
        while index < len(tokens) and stops[index] < line_ends[line]:
            rolling = roll(rolling, tokens[index])
            value = values[find(rolling, keys, values, mask)]
            marks[line] |= np.uint8(value & (BOILERPLATE | LOREM_IPSUM))
            if not value & CONTINUES:
                break
            index += 1
