"""The `[curate.repetition]` table."""

from __future__ import annotations

from pydantic import Field

from clairiere.options import Options


class RepetitionOptions(Options):
    """Which passages that a document holds more than once are taken out; the first occurrence always stays."""

    categories: tuple[str, ...] = ("book", "encyclopedia", "newspaper")
    """Categories of documents that are looked at: in plays, songs, talk and law what comes back is meant."""
    passage_words: int = Field(default=50, ge=0)
    """A run of at least this many words that stood before in the document is taken out; 0 for none."""
    line_words: int = Field(default=20, ge=0)
    """A whole line (paragraph) of at least this many words that stood before is taken out; 0 for none."""
    header_lines: int = Field(default=8, ge=0)
    """In books and newspapers, a line that stands at least this often, numbers aside, mostly in the midst of a
    sentence, and is none itself, is a running head; 0 for none."""
