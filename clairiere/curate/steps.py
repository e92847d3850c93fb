"""The steps that look at one document at a time, in their order: each takes a batch and gives one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clairiere.curate.batch import Batch
from clairiere.curate.decontaminate import remove as decontaminate
from clairiere.curate.decontaminate.remove import Index
from clairiere.curate.flow import FIRST, LAST
from clairiere.curate.judges import Judge, judge_all, load_judges, need_features
from clairiere.curate.language import identify as language
from clairiere.curate.normalize import turns
from clairiere.curate.options import CurateOptions
from clairiere.curate.privacy import redact as privacy
from clairiere.curate.quality import features, hyphens, ngrams
from clairiere.curate.quality.ngrams import CleanText
from clairiere.curate.repetition import remove as repetition
from clairiere.curate.report.histograms import Bins, describe

EMPTY = "empty"


@dataclass(frozen=True)
class Tools:
    """What the steps of a recipe need, opened once per worker."""

    options: CurateOptions
    judges: Sequence[Judge]
    clean_text: Mapping[str, CleanText]
    """Language → what was learned of it."""
    evaluation: Index
    """The items of evaluation files."""

    @classmethod
    def open(cls, options: CurateOptions, learned: Path, folder: Path) -> Tools:
        """The tools for these options.

        Args:
            options: the `[curate]` table.
            learned: the folder in which clean text was learned, if any was.
            folder: the recipe's, which evaluation files are relative to.

        Raises:
            UnknownNameError: a filter of `options.filters` does not exist.
            RecipeError: a pattern of `options.decontaminate.files` matches nothing.
            UnreadableError: an evaluation file cannot be read.
        """
        return cls(
            options,
            load_judges(options),
            ngrams.load(learned),
            decontaminate.open_index(options.decontaminate, folder),
        )


@dataclass(frozen=True)
class Outcome:
    """What a step made of a batch.

    Args:
        batch: the documents, also those to drop.
        reasons: why each is to be dropped, or None.
        changed: what was changed, counted by kind.
        twins: of what a dropped document is a copy, where the step knows it.
        bins: distributions of what the step measured.
    """

    batch: Batch
    reasons: Sequence[str | None]
    changed: Counter[str] = field(default_factory=Counter)
    twins: Sequence[str | None] | None = None
    bins: Bins = field(default_factory=dict)


def _normalize(batch: Batch, tools: Tools) -> Outcome:
    normalized, changed = turns.normalize(batch, tools.options)
    return Outcome(normalized, _empty(normalized), changed)


def _identify(batch: Batch, tools: Tools) -> Outcome:
    options = tools.options.language
    settled, reasons, counts = language.apply(batch, language.identify(batch, options), options)
    return Outcome(settled, reasons, Counter({f"language.{kind}": count for kind, count in counts.items()}))


def _mend(batch: Batch, tools: Tools) -> Outcome:
    mended, words = hyphens.mend(batch, tools.options.quality, tools.clean_text)
    return Outcome(mended, [None] * len(batch), Counter({"hyphens": int(words.sum())}))


def _filter(batch: Batch, tools: Tools) -> Outcome:
    ocr_sources = tools.options.quality.ocr_sources
    found = features.measure(batch, tools.clean_text, ocr_sources) if need_features(tools.judges) else None
    reasons = judge_all(tools.judges, batch, found, tools.options)
    reported = batch if found is None else features.report_toxicity(batch, found)
    return Outcome(reported, reasons, bins=describe(batch, batch.words, found))


def _redact(batch: Batch, tools: Tools) -> Outcome:
    redacted, counts = privacy.redact(batch, tools.options.privacy)
    return Outcome(redacted, _empty(redacted), counts)


def _cut_repetition(batch: Batch, tools: Tools) -> Outcome:
    cut, counts = repetition.remove(batch, tools.options.repetition)
    return Outcome(cut, _empty(cut), counts)


def _decontaminate(batch: Batch, tools: Tools) -> Outcome:
    found = decontaminate.remove(batch, tools.evaluation)
    return Outcome(found.batch, found.reasons, found.changed, found.twins)


def _empty(batch: Batch) -> list[str | None]:
    """The reason to drop each document that is left without turns."""
    return [EMPTY if start == end else None for start, end in batch.bounds()]


STEPS: Mapping[str, Callable[[Batch, Tools], Outcome]] = {
    "normalize": _normalize,
    "language": _identify,
    "mend": _mend,
    "filters": _filter,
    "privacy": _redact,
    "repetition": _cut_repetition,
    "decontaminate": _decontaminate,
}
"""Name → step, in the order in which they run."""

NAMES = (FIRST, *STEPS, LAST)
"""The moments at which what is left is counted."""
