"""Text that evaluation items hold: documents, or turns, that share a run of words with one are not trained on.

Words are runs of letters and digits, without regard to case and punctuation. An item is met where a document has any
13 of its words in a row; a shorter item must be met whole. Hashes find where that could be, and the words themselves
decide: a collision drops nothing.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from clairiere.curate.batch import Batch, Bytes, Int64s
from clairiere.curate.decontaminate.files import digests, read_items
from clairiere.curate.decontaminate.kernels import Bits, Hashes, find_hits, make_filter, roll
from clairiere.curate.decontaminate.options import DecontaminateOptions
from clairiere.curate.normalize.removal import drop_turns
from clairiere.curate.quality.characters import DIGIT, LETTER, TABLE_SIZE, UPPER, class_table, lower_table
from clairiere.curate.quality.passes import tokenize

__all__ = ["CONTAMINATED", "Decontaminated", "Index", "digests", "open_index", "remove"]

CONTAMINATED = "contaminated"
"""The reason for which a document is dropped."""

_TEXT = frozenset((LETTER, UPPER, DIGIT))
_IDEOGRAPHS = range(0x20000, 0x40000)


@dataclass(frozen=True)
class Index:
    """The evaluation items, ready to be met.

    Args:
        options: what they were indexed by.
        names: `file#place` of each item.
        texts: of each item.
        begins: int64 [items + 1], where the words of each begin in `hashes`.
        hashes: uint64 [words] of all items.
        needles: int64 [needles, 2]: first word in `hashes`, and how many.
        anchors: uint64 [needles], sorted: a hash of each needle's first words.
        bits: of the anchors, by which most words of a text are told apart from all needles.
    """

    options: DecontaminateOptions
    names: Sequence[str]
    texts: Sequence[str]
    begins: Int64s
    hashes: Hashes
    needles: Int64s
    anchors: Hashes
    bits: Bits

    @property
    def facts(self) -> dict[str, int]:
        """How many `items` and `words` there are, and how many items are `too_short` to be looked for."""
        too_short = np.diff(self.begins) < self.options.shortest_words
        return {"items": len(self.names), "words": len(self.hashes), "too_short": int(too_short.sum())}

    def item_of(self, needle: int) -> int:
        """The item that a needle comes from."""
        return int(np.searchsorted(self.begins, self.needles[needle, 0], side="right")) - 1

    def words_of(self, needle: int) -> tuple[str, ...]:
        """The words of a needle, from the item's text."""
        item = self.item_of(needle)
        start, length = (self.needles[needle] - (self.begins[item], 0)).tolist()
        return split_words(self.texts[item])[start : start + length]


@dataclass(frozen=True)
class Decontaminated:
    """What is left of a batch.

    Args:
        batch: the documents; at the level of turns without those that met an item.
        reasons: `CONTAMINATED` for each document to drop, or None.
        twins: for these, the item that was met as `file#place`, or None.
        changed: `contaminated.turns`, how many turns were taken out.
    """

    batch: Batch
    reasons: list[str | None]
    twins: list[str | None]
    changed: Counter[str] = field(default_factory=Counter)


def open_index(options: DecontaminateOptions, folder: Path) -> Index:
    """The index of the evaluation files that the options name; empty where they name none.

    Args:
        options: the `[curate.decontaminate]` table.
        folder: the recipe's.

    Raises:
        RecipeError: a pattern matches nothing.
        UnreadableError: a file cannot be read.
    """
    items = list(read_items(options, folder))
    # Documents are composed before they come here.
    texts = [unicodedata.normalize("NFC", item.text) for item in items]
    encoded = [text.encode() for text in texts]
    run = np.frombuffer(b"".join(encoded), np.uint8)
    tokens = _tokens(run, np.cumsum([0, *map(len, encoded)], dtype=np.int64))
    needles = _different(_needles(tokens.begins, options), tokens.hashes)
    anchors = roll(tokens.hashes, _anchor_words(options))[needles[:, 0]]
    order = np.argsort(anchors, kind="stable")
    names = [f"{item.file}#{item.place}" for item in items]
    bits = make_filter(anchors)
    return Index(options, names, texts, tokens.begins, tokens.hashes, needles[order], anchors[order], bits)


def remove(batch: Batch, index: Index) -> Decontaminated:
    """Find what evaluation items hold, and take it out as `index.options.level` says.

    At the level of turns a document is dropped where no turn is left.
    """
    reasons: list[str | None] = [None] * len(batch)
    twins: list[str | None] = [None] * len(batch)
    if not len(index.needles):
        return Decontaminated(batch, reasons, twins)
    met = _met_turns(batch, index, every=index.options.level == "turn")
    for turn, item in met.items():
        document = int(np.searchsorted(batch.starts, turn, side="right")) - 1
        twins[document] = twins[document] or index.names[item]
    if index.options.level == "turn":
        dropped = np.zeros(len(batch.texts), bool)
        dropped[list(met)] = True
        left = drop_turns(batch, dropped)
        twins = [None if size else twin for size, twin in zip(np.diff(left.starts).tolist(), twins, strict=True)]
    else:
        left = batch
    changed = Counter({"contaminated.turns": len(met)} if left is not batch else {})
    return Decontaminated(left, [twin and CONTAMINATED for twin in twins], twins, changed)


def _met_turns(batch: Batch, index: Index, *, every: bool) -> dict[int, int]:
    """Turn → the first item that it meets; of each document only where it first meets one unless `every`."""
    run, begins = batch.utf8()
    tokens = _tokens(run, begins)
    ends = tokens.begins[batch.starts[1:]]
    anchor_words = _anchor_words(index.options)
    hits = find_hits(tokens.hashes, ends, index.bits, index.anchors, index.needles, index.hashes, anchor_words)
    met: dict[int, int] = {}
    done = -1
    for first, needle in hits.tolist():
        document = int(np.searchsorted(ends, first, side="right"))
        if document == done and not every:
            continue
        end = first + int(index.needles[needle, 1])
        turns = tokens.turns_of(first, end)
        words = tuple(word for turn in turns for word in split_words(tokens.text(turn, first, end)))
        if words == index.words_of(needle):
            done = document
            for turn in turns:
                met.setdefault(turn, index.item_of(needle))
    return met


@dataclass(frozen=True)
class _Tokens:
    """The words of some turns.

    Args:
        run, turn_begins: the turns' text (`Batch.utf8`).
        hashes: uint64 [words].
        stops: int64 [words], the last byte of each, or of the character behind it.
        begins: int64 [turns + 1], where the words of each turn begin.
    """

    run: Bytes
    turn_begins: Int64s
    hashes: Hashes
    stops: Int64s
    begins: Int64s

    def turns_of(self, first: int, end: int) -> list[int]:
        """The turns that hold the words from `first` to before `end`."""
        low, high = np.searchsorted(self.begins, (first, end - 1), side="right") - 1
        return [turn for turn in range(int(low), int(high) + 1) if self.begins[turn] < self.begins[turn + 1]]

    def text(self, turn: int, first: int, end: int) -> str:
        """The text of those of these words that stand in a turn."""
        first, end = max(first, int(self.begins[turn])), min(end, int(self.begins[turn + 1]))
        start = self.turn_begins[turn] if first == self.begins[turn] else self.stops[first - 1] + 1
        return self.run[start : self.stops[end - 1] + 1].tobytes().decode()


def _tokens(run: Bytes, begins: Int64s) -> _Tokens:
    hashes, _, _, stops, token_begins = tokenize(run, begins, class_table(), lower_table())
    return _Tokens(run, begins, hashes, stops, token_begins)


def _anchor_words(options: DecontaminateOptions) -> int:
    """How many first words of a needle are looked up: as many as the shortest has."""
    return min(options.shortest_words, options.words)


def _needles(begins: Int64s, options: DecontaminateOptions) -> Int64s:
    """int64 [needles, 2]: every run of `words` words of an item, and shorter items whole."""
    lengths = np.diff(begins)
    whole = (lengths >= options.shortest_words) & (lengths < options.words)
    windows = np.maximum(lengths - options.words + 1, whole)
    firsts = np.repeat(begins[:-1], windows) + _counted(windows)
    return np.stack([firsts, np.repeat(np.minimum(lengths, options.words), windows)], axis=1)


def _different(needles: Int64s, hashes: Hashes) -> Int64s:
    """The needles without those that an earlier item has too: templates of questions stand in thousands of items."""
    values = np.zeros(len(needles), np.uint64)
    for length in np.unique(needles[:, 1]).tolist():
        of_length = needles[:, 1] == length
        values[of_length] = roll(hashes, length)[needles[of_length, 0]]
    _, firsts = np.unique(np.stack([values, needles[:, 1].astype(np.uint64)]), axis=1, return_index=True)
    return needles[np.sort(firsts)]


def _counted(lengths: Int64s) -> Int64s:
    """0, 1, … for each length, one after the other."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0, dtype=np.int64) - np.repeat(ends - lengths, lengths)


@lru_cache(maxsize=4096)
def split_words(text: str) -> tuple[str, ...]:
    """The words of a text as they are compared: letters and digits in lower case."""
    classes, lowers = class_table(), lower_table()

    def plain(character: str) -> str:
        point = ord(character)
        if point >= TABLE_SIZE:
            return character if point in _IDEOGRAPHS else " "
        return chr(lowers[point]) if classes[point] in _TEXT else " "

    return tuple("".join(map(plain, text)).split())
