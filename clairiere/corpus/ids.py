"""Ids that no two documents of a source share: one step over the narrow column of all its parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from clairiere.corpus.shards import read_ids, replace_ids


def make_distinct(files: Sequence[Path]) -> int:
    """Let a second document of one id be called `<id>~2`, a third `<id>~3`; how many were given a number.

    Two archives may hold one path, and a file may repeat a locator. A file is rewritten only where it must be, and
    interrupted at any instant the step comes to the same end when it is taken again.

    Args:
        files: the source's documents, in order.
    """
    hashes = [np.fromiter(map(hash, read_ids(file)), np.int64) for file in files]
    values, counts = np.unique(np.concatenate(hashes or [np.empty(0, np.int64)]), return_counts=True)
    repeated = set(values[counts > 1].tolist())
    if not repeated:
        return 0
    numbers = _Numbers(id_ for file in files for id_ in read_ids(file) if _may_matter(id_, repeated))
    renamed = 0
    for file in files:
        before = read_ids(file)
        after = [numbers.name(id_) if hash(id_) in repeated else id_ for id_ in before]
        if after != before:
            replace_ids(file, after)
            renamed += sum(new != old for new, old in zip(after, before, strict=True))
    return renamed


def _may_matter(id_: str, repeated: set[int]) -> bool:
    return hash(id_) in repeated or hash(id_.rpartition("~")[0]) in repeated


class _Numbers:
    """Gives each further document of one id the lowest number that is free."""

    def __init__(self, taken: Iterator[str]) -> None:
        self._taken = set(taken)
        self._last: dict[str, int] = {}

    def name(self, id_: str) -> str:
        """The name of the next document with this id."""
        if id_ not in self._last:
            self._last[id_] = 1
            return id_
        while f"{id_}~{self._last[id_] + 1}" in self._taken:
            self._last[id_] += 1
        self._last[id_] += 1
        return f"{id_}~{self._last[id_]}"
