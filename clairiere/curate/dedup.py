"""Exact duplicates across sources: the first in source order stays.

Two documents are duplicates when their texts are equal, whoever speaks and however whitespace divides them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from clairiere.record import Document

DIGEST_BYTES = 16


def text_digest(document: Document) -> str:
    """A digest, in hexadecimal, of the document's text without its speakers and with all whitespace as one space."""
    # Splitting at no-break spaces is wanted here: the digest must not depend on spacing.
    text = " ".join(word for turn in document.turns for word in turn.text.split())
    return hashlib.sha256(text.encode()).hexdigest()[: 2 * DIGEST_BYTES]


class SeenTexts:
    """Which source each text was first kept from."""

    def __init__(self) -> None:
        self._first: dict[bytes, str] = {}

    def first_source(self, digest: str) -> str | None:
        """The source that the text was kept from, or None where it is new."""
        return self._first.get(bytes.fromhex(digest))

    def add(self, digests: Iterable[str], source: str) -> None:
        """Say that these texts are kept from `source`."""
        for digest in digests:
            self._first[bytes.fromhex(digest)] = source
