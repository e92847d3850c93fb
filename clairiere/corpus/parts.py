"""A source in parts of about equal work: by the bytes of its files, never by how many workers there are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from clairiere.corpus.files import compression
from clairiere.corpus.files.walk import WHOLE, Entry, Share

PART_BYTES = 32 * 1024**2
FILE_BYTES = 4096
"""What opening a file costs, told in bytes: a part of tiny files has some thousands of them."""
UNPACKED_RATIO = 6
"""What a compressed byte of text is worth; corpora of XML and JSON unpack to 5 to 20 times their size."""
SHARES_LIMIT = 8
"""Every part of an archive decompresses all of it."""


@dataclass
class Part:
    """Files, and shares of archives."""

    entries: list[tuple[Entry, Share]] = field(default_factory=list)
    bytes: int = 0
    """What its work is worth."""

    def add(self, entry: Entry, share: Share, worth: int) -> None:
        """One more entry."""
        self.entries.append((entry, share))
        self.bytes += worth


def divide(entries: Iterable[Entry]) -> list[Part]:
    """The parts of a source, in the order of its files."""
    parts = [Part()]
    for entry in entries:
        worth = _worth(entry)
        shares = _shares(entry, worth)
        for share in shares:
            if parts[-1].entries and parts[-1].bytes + worth // len(shares) > PART_BYTES:
                parts.append(Part())
            parts[-1].add(entry, share, worth // len(shares))
    return [part for part in parts if part.entries]


def _shares(entry: Entry, worth: int) -> list[Share]:
    count = min(SHARES_LIMIT, -(-worth // PART_BYTES)) if entry.is_archive else 1
    return [Share(index, count) for index in range(count)] if count > 1 else [WHOLE]


def _worth(entry: Entry) -> int:
    is_plain = entry.path.lower().endswith(".tar") or not (entry.is_archive or _is_compressed(entry.path))
    return FILE_BYTES + entry.size_bytes * (1 if is_plain else UNPACKED_RATIO)


def _is_compressed(path: str) -> bool:
    return path.lower().endswith(compression.SUFFIXES)
