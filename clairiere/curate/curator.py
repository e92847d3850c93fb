"""What becomes of one document after the other: normalized, judged, compared with all texts kept before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from clairiere import plugins
from clairiere.curate.dedup import SeenTexts, text_digest
from clairiere.curate.options import CurateOptions
from clairiere.curate.tally import Tally
from clairiere.curate.turns import normalize
from clairiere.errors import UnknownNameError
from clairiere.record import Document, Verdict

Judge = Callable[[Document, CurateOptions], Verdict]

FILTERS = "clairiere.curate.filters"


def load_filter(name: str) -> Judge:
    """The `judge` of the filter called `name`, or at a dotted path.

    Raises:
        UnknownNameError: there is no such module, or it has no `judge`.
    """
    module = plugins.load(FILTERS, name, "filter")
    judge: Judge | None = getattr(module, "judge", None)
    if judge is None:
        raise UnknownNameError(
            f"the module `{name}` is not a filter",
            where=module.__name__,
            expected="a function `judge(document, options)` that returns a Verdict",
            next_step="write the function, or correct [curate] filters",
        )
    return judge


class Curator:
    """The steps of the `[curate]` table, and the texts that they have kept so far.

    Raises:
        UnknownNameError: a filter of `options.filters` does not exist.
    """

    def __init__(self, options: CurateOptions) -> None:
        self.options = options
        self.seen = SeenTexts()
        self._judges = [load_filter(name) for name in options.filters]

    def kept(self, source: str, documents: Iterable[Document], tally: Tally) -> Iterator[Document]:
        """The documents of one source that stay, normalized; everything is counted in `tally`."""
        for raw in documents:
            document, changed = normalize(raw, self.options)
            tally.changed.update(changed)
            reason = self._reason_to_drop(document)
            if reason is not None:
                tally.drop(document, reason)
                continue
            digest = text_digest(document)
            first = self.seen.first_source(digest)
            if first is not None:
                tally.drop_duplicate(document, of=first)
                continue
            self.seen.add([digest], source)
            tally.keep(document, digest)
            yield document

    def _reason_to_drop(self, document: Document) -> str | None:
        if not document.turns:
            return "empty"
        verdicts = (judge(document, self.options) for judge in self._judges)
        return next((verdict.reason for verdict in verdicts if not verdict.keeps), None)
