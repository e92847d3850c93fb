"""A filter kept elsewhere, in its simple form: it looks at one document."""

from __future__ import annotations

from clairiere.curate.options import CurateOptions
from clairiere.record import KEEP, Document, Verdict


def judge(document: Document, options: CurateOptions) -> Verdict:
    return Verdict("secret") if any("secret" in turn.text for turn in document.turns) else KEEP
