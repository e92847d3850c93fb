"""Documents made in one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from clairiere.record import Document, Provenance, Turn


@pytest.fixture
def make_document() -> Callable[..., Document]:
    """`make_document(("A", "Bonjour"), (None, "prose"), id="x", …)`."""

    def make(*turns: tuple[str | None, str], **fields: Any) -> Document:
        defaults: dict[str, Any] = {
            "id": "source/file#1",
            "source": "source",
            "language": "fr",
            "license": "CC0-1.0",
            "category": "free-conversation",
            "title": None,
            "provenance": Provenance(path="file", locator="1", sha256="0" * 64),
        }
        return Document(turns=tuple(Turn(*turn) for turn in turns), **{**defaults, **fields})

    return make
