"""Which language a document and each of its turns are in, or none where the text does not tell.

A document is read in windows over its turns, spread evenly; where all of them are surely in one language, so are its
turns. Otherwise each turn is looked at: short ones ("ah bon ?") and unsure ones inherit the conversation's
language, because alone they are undecidable (measured in `benchmarks/language_identification.py`). What the windows
do not touch, a few words of another language inside a long conversation, is not looked for unless `turns = "all"`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from clairiere.artifact import canonical_json
from clairiere.curate.batch import Batch
from clairiere.curate.language.codes import are_close, normalize
from clairiere.curate.language.model import known_languages, most_likely
from clairiere.curate.language.options import LanguageOptions

REASON = "language"
NO_LANGUAGE_CATEGORIES = frozenset({"code"})
"""Categories that are in no language: nothing is identified there, and no document is dropped."""
MAX_WINDOWS = 512
"""Windows of a mixed document without turns, at most."""
TURN_CHARACTERS = 240
"""Of a turn that is identified alone is looked at: from 120 on nothing is gained by more."""

Found = list[tuple[str | None, int]]
"""Stretches of text: language and characters."""


@dataclass(frozen=True)
class Languages:
    """What a batch is in."""

    codes: list[str | None]
    """The language with most characters, one per document; None where undecided."""
    shares: list[Mapping[str, float]]
    """Language → share of the decided characters, one per document, the largest first."""
    characters: list[int]
    """Decided characters, one per document."""
    turns: list[str | None]
    """One per turn; None where undecided."""


def identify(batch: Batch, options: LanguageOptions) -> Languages:
    """The languages of a batch's documents and turns."""
    found = Languages([], [], [], [])
    for index, category in enumerate(batch.columns["category"]):
        texts = [batch.texts[turn] for turn in batch.turns_of(index)]
        no_language = not options.identify or category in NO_LANGUAGE_CATEGORIES
        stretches, turns = identify_document([] if no_language else texts, options)
        weights = _weights(stretches)
        total = sum(weights.values())
        found.codes.append(next(iter(weights), None))
        found.shares.append({code: characters / total for code, characters in weights.items()})
        found.characters.append(total)
        found.turns.extend(turns or [None] * len(texts))
    return found


def identify_document(texts: list[str], options: LanguageOptions) -> tuple[Found, list[str | None]]:
    """The stretches that a document was judged by, and the language of each of its turns."""
    text = "\n".join(texts)
    stretches, least = _windows(text, options.windows, options)
    weights = _weights(stretches)
    main = next(iter(weights), None)
    is_one = len(weights) < 2 and least >= options.sure_probability
    if options.turns == "mixed" and is_one:
        return stretches, [main] * len(texts)
    if len(texts) < 2:
        return _windows(text, MAX_WINDOWS, options)[0], [main] * len(texts)
    turns = identify_turns(texts, options, conversation=main)
    return [(code, len(text)) for code, text in zip(turns, texts, strict=True)], turns


def identify_turns(texts: Iterable[str], options: LanguageOptions, conversation: str | None = None) -> list[str | None]:
    """The language of each turn.

    Args:
        texts: the turns' texts.
        options: the `[curate.language]` table.
        conversation: the language that short and unsure turns inherit; None where it is not known.
    """
    threshold = options.min_turn_probability if conversation is None else options.switch_probability
    shortest = options.min_turn_characters
    codes: list[str | None] = []
    for text in texts:
        if len(text) < shortest:
            codes.append(conversation)
            continue
        code, probability = most_likely(text[:TURN_CHARACTERS])
        codes.append(code if probability >= threshold else conversation)
    return codes


def _windows(text: str, count: int, options: LanguageOptions) -> tuple[Found, float]:
    """The languages of at most `count` windows, spread evenly over a text, and the lowest of their probabilities."""
    size = options.window_characters
    needed = -(-len(text) // size)
    if needed <= count:
        starts = [number * size for number in range(needed)]
    else:
        starts = [number * (len(text) - size) // max(count - 1, 1) for number in range(count)]
    threshold = options.min_turn_probability if needed == 1 else options.min_window_probability
    found: Found = []
    least = 1.0
    for start in starts:
        window = text[start : start + size]
        code, probability = most_likely(window)
        least = min(least, probability)
        found.append((code if probability >= threshold else None, len(window)))
    return found, least


def _weights(stretches: Found) -> dict[str, int]:
    """Language → characters, the most first; of equals the first by code."""
    weights: Counter[str] = Counter()
    for code, characters in stretches:
        if code is not None:
            weights[code] += characters
    return dict(sorted(weights.items(), key=lambda item: (-item[1], item[0])))


def apply(batch: Batch, languages: Languages, options: LanguageOptions) -> tuple[Batch, list[str | None], Counter[str]]:
    """Settle each document's language.

    The declared language stands unless the identification is sure of another, on enough text, that is no close relative
    and that the declared one can be told from; it is then kept as `meta.declared_language`. Mixed documents get
    `meta.languages`, the share of each language that has at least `mixed_share`, and those with turns in another
    language than theirs `meta.turn_languages`, the places of these turns by language: `{"en": [3, 7]}`.

    Returns:
        The batch, the reason to drop each document (`language`) or None, and how many documents had a language
        `identified` (none was declared), `overridden`, or were `mixed`.
    """
    counts: Counter[str] = Counter()
    settled: list[str | None] = []
    metas: list[str] = list(batch.columns["meta"])
    for index, declared in enumerate(batch.columns["language"]):
        facts: dict[str, object] = {}
        code = _settle(declared, index, languages, options)
        if code != declared:
            counts["identified" if normalize(declared) is None else "overridden"] += 1
            facts |= {} if declared is None else {"declared_language": declared}
        shares = _listed(languages.shares[index], options.mixed_share)
        if len(shares) > 1:
            counts["mixed"] += 1
            facts["languages"] = shares
        others = _other_turns(languages.turns[slice(*batch.starts[index : index + 2].tolist())], code)
        if others:
            facts["turn_languages"] = others
        if facts:
            metas[index] = canonical_json({**json.loads(metas[index]), **facts})
        settled.append(code)
    reasons = _reasons(settled, batch.columns["category"], options)
    return batch.with_column("language", settled).with_column("meta", metas), reasons, +counts


def _settle(declared: str | None, index: int, languages: Languages, options: LanguageOptions) -> str | None:
    code, known = languages.codes[index], normalize(declared)
    if code is None:
        return declared
    if known is None:
        return code
    sure = (
        languages.shares[index][code] >= options.override_share
        and languages.characters[index] >= options.override_characters
    )
    contradicts = not are_close(code, known) and known in known_languages()
    return code if sure and contradicts else declared


def _other_turns(turns: Sequence[str | None], language: str | None) -> dict[str, list[int]]:
    """Where turns differ, language → the places of those in it, but for the document's own and its close relatives."""
    own, codes = normalize(language), set(turns) - {None}
    if len(codes) < 2 or own not in known_languages():  # what cannot be recognized is taken for others
        return {}
    places: dict[str, list[int]] = {}
    for code in sorted(code for code in codes if code is not None and not are_close(code, own)):
        places[code] = [place for place, other in enumerate(turns) if other == code]
    return places


def _listed(shares: Mapping[str, float], least: float) -> dict[str, float]:
    return {code: round(share, 3) for code, share in shares.items() if share >= least}


def _reasons(settled: list[str | None], categories: Iterable[str | None], options: LanguageOptions) -> list[str | None]:
    wanted = {normalize(code) for code in options.languages}
    return [
        REASON if wanted and category not in NO_LANGUAGE_CATEGORIES and normalize(code) not in wanted else None
        for code, category in zip(settled, categories, strict=True)
    ]
