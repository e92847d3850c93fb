"""Drop documents with too few or too many words."""

from __future__ import annotations

from clairiere.curate.options import CurateOptions
from clairiere.record import KEEP, Document, Verdict


def judge(document: Document, options: CurateOptions) -> Verdict:
    """Keep documents with `min_words` to `max_words` words; reasons: `too-short`, `too-long`."""
    words = document.word_count
    if words < options.min_words:
        return Verdict("too-short")
    if options.max_words is not None and words > options.max_words:
        return Verdict("too-long")
    return KEEP
