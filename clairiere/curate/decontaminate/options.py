"""The `[curate.decontaminate]` table."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from clairiere.options import Options


class DecontaminateOptions(Options):
    """Text of evaluation sets that may not be trained on."""

    files: tuple[str, ...] = ()
    """Evaluation files or folders: paths or glob patterns, relative to the recipe; none by default.

    JSON, JSON Lines, CSV, TSV, Parquet and plain text, all of their text fields, also inside zip and tar archives.
    """
    level: Literal["document", "turn"] = "document"
    """What a hit drops: the document, or only the turns that it touches."""
    words: int = Field(default=13, ge=8, le=50)
    """A run of this many words shared with an evaluation item is a hit, whatever case and punctuation."""
    shortest_words: int = Field(default=8, ge=4)
    """Items with fewer words than `words` must be met whole; those with fewer than this are not looked for."""
