"""The `[curate.language]` table."""

from __future__ import annotations

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
    min_probability: float = Field(default=0.5, ge=0, le=1)
    """A stretch of text below this probability is undecided."""
    min_turn_characters: int = Field(default=30, ge=1)
    """Shorter turns inherit the conversation's language: alone they cannot be told apart by anything."""
    window_characters: int = Field(default=400, ge=50)
    """Text is identified in windows of about this size, of several turns where they are short."""
    windows: int = Field(default=12, ge=1)
    """Windows looked at first, spread evenly; where they all agree the document is in one language."""
    override_share: float = Field(default=0.8, gt=0.5, le=1)
    """A declaration is overridden where another language has at least this share of the characters …"""
    override_characters: int = Field(default=400, ge=0)
    """… and at least this many characters were identified."""
    mixed_share: float = Field(default=0.05, gt=0, le=0.5)
    """A second language with at least this share makes the document mixed: `meta.languages` gives the shares."""
