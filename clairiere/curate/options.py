"""The `[curate]` table."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from clairiere.options import Options

FORMAT_VERSION = 1


class CurateOptions(Options):
    """What becomes of a document before it is turned into tokens."""

    unicode: Literal["NFC", "keep"] = "NFC"
    """Unicode normalization; no-break spaces survive either way."""
    annotations: Literal["delete", "keep", "normalize"] = "normalize"
    """Bracketed annotations of transcripts: deleted, kept as they are, or mapped to `[rire]`, `[bruit]`, …"""
    filters: tuple[str, ...] = ("length",)
    """Filters in order: modules of `clairiere.curate.filters`, or dotted paths."""
    min_words: int = Field(default=5, ge=0)
    """The `length` filter drops documents with fewer words."""
    max_words: int | None = Field(default=None, ge=1)
    """The `length` filter drops documents with more words; none by default."""
    validation_share: float = Field(default=0.02, ge=0, lt=0.5)
    """The share of documents, by hash of their id, that training is validated on."""
    test_share: float = Field(default=0.02, ge=0, lt=0.5)
    """The share of documents, by hash of their id, that only `evaluate` reads."""
