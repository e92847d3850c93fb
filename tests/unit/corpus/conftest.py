"""Small sources on the disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from clairiere.corpus.cards import Card, load_card

CARD = """\
name = "talks"
title = "Causeries"
holder = "Quelqu'un"
url = "https://example.org/talks"
citation = "Causeries, 2024."
language = "fr"
category = "free-conversation"
license.work = "CC0-1.0"
license.edition = "CC-BY-SA-4.0"
path = "files"
reader = "claire_text"
"""

MakeCard = Callable[..., Card]


@pytest.fixture
def card_text() -> str:
    """A card without fault."""
    return CARD


@pytest.fixture
def make_card(tmp_path: Path) -> MakeCard:
    """Write a card with lines replaced (`reader='"auto"'`) or left out (None), and load it."""

    def make(extra: str = "", **changes: str | None) -> Card:
        path = tmp_path / "talks.toml"
        path.write_text(edited(CARD, changes) + extra, encoding="utf-8")
        return load_card(path)

    return make


def edited(text: str, changes: dict[str, str | None]) -> str:
    """The card with the values of some keys replaced; `license_work` stands for `license.work`."""
    lines = dict(line.split(" = ", maxsplit=1) for line in text.splitlines())
    lines |= {key.replace("license_", "license."): value for key, value in changes.items()}  # type: ignore[misc]
    return "".join(f"{key} = {value}\n" for key, value in lines.items() if value is not None)
