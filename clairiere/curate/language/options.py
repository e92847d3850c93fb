"""The `[curate.language]` table."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from clairiere.options import Options


class LanguageOptions(Options):
    """Which language a document and its turns are in.

    A declared language (the card's or the file's) stands unless the identification is sure on enough text.
    """

    identify: bool = True
    """Identify languages; without it every document keeps the language that its card or file declares."""
    languages: tuple[str, ...] = ()
    """Keep only documents in these languages (ISO 639, "fr"); empty keeps all. Others are dropped as `language`."""
    window_characters: int = Field(default=300, ge=50)
    """A document is identified in windows of this size, over its turns."""
    windows: int = Field(default=8, ge=1)
    """Windows looked at first, spread evenly."""
    sure_probability: float = Field(default=0.8, ge=0, le=1)
    """Where all windows agree with at least this probability, the document is in one language."""
    min_window_probability: float = Field(default=0.5, ge=0, le=1)
    """A window below this probability is undecided."""
    turns: Literal["mixed", "all"] = "mixed"
    """Which documents are identified turn by turn: those whose windows disagree or are unsure, or all."""
    min_turn_characters: int = Field(default=30, ge=1)
    """Shorter turns inherit the conversation's language: nothing can tell them apart alone."""
    min_turn_probability: float = Field(default=0.2, ge=0, le=1)
    """A turn outside a conversation whose language is known is undecided below this probability."""
    switch_probability: float = Field(default=0.7, ge=0, le=1)
    """A turn departs from the language of its conversation from this probability on."""
    override_share: float = Field(default=0.8, gt=0.5, le=1)
    """A declaration is overridden where another language has at least this share of the identified characters …"""
    override_characters: int = Field(default=300, ge=0)
    """… and at least this many characters were identified."""
    mixed_share: float = Field(default=0.05, gt=0, le=0.5)
    """A second language with at least this share makes the document mixed: `meta.languages` gives the shares."""
