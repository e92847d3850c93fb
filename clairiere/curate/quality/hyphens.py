"""Mend words that a line end divides: "conver-⏎sation" becomes "conversation⏎", "dit-⏎il" becomes "dit-il⏎".

Only in written categories, where lines are those of a page. Whether the hyphen belongs to the word is decided by the
words that the document and the clean text hold, then by French grammar (what follows a verb in inversion, what opens a
compound); where nothing speaks for it, it goes. The whole word stays on the first line.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

import numpy as np

from clairiere.curate.batch import Batch, Int64s
from clairiere.curate.language.codes import normalize
from clairiere.curate.quality.ngrams import CleanText
from clairiere.curate.quality.options import GROUP_OF_CATEGORY, QualityOptions

_CLITICS = "je tu il elle on nous vous ils elles ce moi toi lui leur le la les y en t m l ci là même mêmes"
_OPENERS = (
    "peut quelques quelqu celui celle ceux celles ci là au aux par vis tête bien mal avant après arrière contre demi "
    "mi semi sous sur sans non ex vice grand petit beau belle nouveau mort nord sud est ouest saint sainte soi jusque "
    "plus moins vingt trente quarante cinquante soixante quatre dix rendez porte garde chef arc lui elle eux moi toi "
    "nous vous"
)
CLITICS = frozenset(_CLITICS.split(" "))
"""What a hyphen joins to the verb or pronoun before it: "dit-il", "donne-le", "celui-ci", "moi-même"."""
OPENERS = frozenset(_OPENERS.split(" "))
"""What opens compounds with a hyphen: "peut-être", "au-dessus", "grand-père", "soixante-dix", "elle-même"."""

_DIVIDED = re.compile(r"(-?)([^\W\d_]+)([-\u2010\u00ac])[ \t]*\n[ \t]*([^\W\d_]+)(\S*)(\s?)")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_SURE = "\u00ac"
"""The sign that marks a division in transcriptions of old prints; it is never part of a word."""


class Mender:
    """Decides for one document, by its words and those of the clean text of its language."""

    def __init__(self, text: str, clean: CleanText | None, *, is_french: bool) -> None:
        self.words = Counter(_WORD.findall(text.lower()))
        self.clean = clean
        self.is_french = is_french
        self.mended = 0

    def mend(self, text: str) -> str:
        """The text with its divided words whole; counted in `mended`."""
        text, count = _DIVIDED.subn(self._whole, text)
        self.mended += count
        return text

    def _whole(self, match: re.Match[str]) -> str:
        before, first, sign, second, rest, space = match.groups()
        keeps = sign != _SURE and (before == "-" or self.keeps_hyphen(first, second))
        end = "\n" if space else ""
        return f"{before}{first}{'-' if keeps else ''}{second}{rest}{end}"

    def keeps_hyphen(self, first: str, second: str) -> bool:
        """Whether the hyphen between two parts belongs to the word."""
        if second[0].isupper():
            return not first.isupper()
        first, second = first.lower(), second.lower()
        joined, hyphenated = self.words[first + second], self.words[f"{first}-{second}"]
        if joined != hyphenated:
            return hyphenated > joined
        if self.clean is not None and self.clean.knows(first + second):
            return False
        return self.is_french and (second in CLITICS or first in OPENERS)


def mend(batch: Batch, options: QualityOptions, clean_text: Mapping[str, CleanText]) -> tuple[Batch, Int64s]:
    """Mend the documents of written categories.

    Args:
        batch: normalized documents whose language is settled.
        options: the `[curate.quality]` table.
        clean_text: language → what was learned of it; empty where nothing was.

    Returns:
        The batch, and int64 [documents], the words mended.
    """
    mended = np.zeros(len(batch), np.int64)
    texts = list(batch.texts)
    for index, category in enumerate(batch.columns["category"]):
        if not options.mend_hyphens or GROUP_OF_CATEGORY.get(category) not in ("written", "legal"):
            continue
        divided = [turn for turn in batch.turns_of(index) if _may_divide(texts[turn])]
        if divided:
            language = normalize(batch.columns["language"][index])
            whole = "\n".join(texts[turn] for turn in batch.turns_of(index))
            mender = Mender(whole, clean_text.get(language or ""), is_french=language in (None, "fr"))
            for turn in divided:
                texts[turn] = mender.mend(texts[turn])
            mended[index] = mender.mended
    return (batch.with_texts(texts) if mended.any() else batch), mended


def _may_divide(text: str) -> bool:
    return any(sign + "\n" in text for sign in ("-", "\u2010", _SURE))
