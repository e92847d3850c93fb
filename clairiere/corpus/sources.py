"""The sources of a recipe: their cards, what the gate says of them, where their files lie and what these digest to."""

from __future__ import annotations

import dataclasses
import glob
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clairiere.artifact import canonical_json, digest_text
from clairiere.corpus.cards import VARIABLE, Card, load_card
from clairiere.corpus.files.source_file import opening
from clairiere.corpus.files.walk import digests
from clairiere.corpus.licenses.gate import Gate, Judgment
from clairiere.errors import CardError, UnreadableError
from clairiere.record import Source

__all__ = ["Card", "Judged", "card_digest", "judge_sources", "load_card", "load_cards", "locate", "source_digest"]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A card and what the gate says of it."""

    card: Card
    judgment: Judgment

    def to_json(self) -> dict[str, Any]:
        """Name, category, license, whether it is admitted, and why."""
        source, override = self.card.source, self.judgment.override
        return {
            "name": source.name,
            "title": source.title,
            "category": source.category,
            "license": source.license.id if source.license else None,
            "admitted": self.judgment.admitted,
            "reason": self.judgment.reason,
            "override": override.to_json() if override else None,
        }


def load_cards(patterns: Iterable[str], folder: Path) -> list[Card]:
    """The cards that paths or glob patterns name, sorted by the source's name.

    Args:
        patterns: paths or glob patterns, relative to `folder`.
        folder: the recipe's.

    Raises:
        CardError: a pattern matches nothing, two cards bear one name, or a card is wrong.
    """
    files = {file.resolve(): file for pattern in patterns for file in _matching(pattern, folder)}
    cards: dict[str, Card] = {}
    for card in map(load_card, files.values()):
        other = cards.setdefault(card.name, card)
        if other is not card:
            raise CardError(
                f"two source cards called `{card.name}`",
                where=f"{other.file} and {card.file}",
                expected="a name for each source that no other has",
                next_step="rename one of them, or leave it out of `corpus.sources`",
            )
    return [cards[name] for name in sorted(cards)]


def judge_sources(cards: Iterable[Card], gate: Gate, withdrawn: Mapping[str, str] | None = None) -> Sequence[Judged]:
    """What the gate says of each card, by the card alone: the files need not be there.

    Args:
        cards: the recipe's.
        gate: the recipe's.
        withdrawn: source → reason of what is left out, whatever its license; no override admits it.
    """
    return [Judged(card=card, judgment=_judge(card, gate, (withdrawn or {}).get(card.name))) for card in cards]


def _judge(card: Card, gate: Gate, withdrawn: str | None) -> Judgment:
    if withdrawn is not None:
        return Judgment(admitted=False, reason=f"withdrawn: {withdrawn}")
    return gate.judge(card.source.license, card.name, fault=card.fault)


def locate(source: Source) -> Path:
    """Where the source's files lie.

    Raises:
        UnreadableError: a variable in its path is not set, or there is nothing at that path that can be opened.
    """
    unset = VARIABLE.search(source.path)
    if unset is not None:
        raise UnreadableError(
            f"the variable {unset[1]} is not set",
            where=f"`path` of the source {source.name}: {source.path}",
            expected=f"a folder with the files of {source.url}",
            next_step=f"export {unset[1]}=FOLDER, so that the path leads to them",
        )
    path = Path(source.path)
    with opening(path):
        exists = path.exists()
    if not exists:
        raise UnreadableError(
            f"no files of the source {source.name}",
            where=path,
            expected=f"the files of {source.url}",
            next_step="put them there, or leave the source out of the recipe",
        )
    return path


def source_digest(source: Source) -> str:
    """SHA-256 of what the source's documents depend on: its card and its files, wherever they lie.

    Raises:
        UnreadableError: the files are not there or cannot be opened.
    """
    card = dataclasses.asdict(source)
    del card["path"], card["manifest"]
    files = digests(locate(source), None if source.manifest is None else Path(source.manifest))
    return digest_text(canonical_json({"card": card, "files": files}))


def card_digest(card: Card, recipe: Path) -> str:
    """`source_digest` of a card's source.

    Raises:
        UnreadableError: the files are not there or cannot be opened; where the card names places to fetch them from,
            it says the command that does.
    """
    try:
        return source_digest(card.source)
    except UnreadableError as error:
        if not card.fetch or Path(card.source.path).exists():
            raise
        by_hand = " and ".join(place.wanted for place in card.fetch)
        raise UnreadableError(
            error.found,
            where=error.where,
            expected=error.expected,
            next_step=f"{_export(card.source)}`clairiere corpus {recipe} --fetch` "
            f"brings them; without a network, put {by_hand} there",
        ) from error


def _export(source: Source) -> str:
    """What comes before a fetch where the path has a variable that is not set."""
    unset = VARIABLE.search(source.path)
    return "" if unset is None else f"export {unset[1]}=FOLDER, then "


def _matching(pattern: str, folder: Path) -> list[Path]:
    found = sorted(glob.glob(str(folder / pattern), recursive=True))  # noqa: PTH207  # Path.glob takes no absolute pattern
    if not found:
        raise CardError(
            f"no source card matches `{pattern}`",
            where=folder,
            expected="paths or glob patterns of TOML files, relative to the recipe",
            next_step="correct `corpus.sources`",
        )
    return [Path(name) for name in found]
