"""On real conversations: languages are told, and no rule drops a transcript."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from clairiere.corpus.read import read
from clairiere.curate.batch import Batch
from clairiere.curate.language.identify import identify, identify_turns
from clairiere.curate.language.options import LanguageOptions
from clairiere.curate.quality.features import measure
from clairiere.curate.quality.options import QualityOptions
from clairiere.curate.quality.rules import judge_batch
from clairiere.record import Document

DATA = os.environ.get("CLAIRIERE_DATA")
SPOKEN = ("speech-fr-parisstories", "speech-fr-rhapsodie")

pytestmark = [pytest.mark.real, pytest.mark.skipif(not DATA, reason="CLAIRIERE_DATA is not set")]


@pytest.fixture(scope="module")
def spoken() -> Batch:
    folders = [Path(str(DATA)) / name for name in SPOKEN]
    return Batch.from_documents(item for item in read(folders) if isinstance(item, Document))


def right(texts: list[str]) -> float:
    """The percentage of turns that are told to be French, each alone."""
    codes = identify_turns(texts, LanguageOptions(min_turn_characters=1))
    return 100 * codes.count("fr") / len(codes)


def test_spoken_french_is_told(spoken: Batch) -> None:
    assert right([text for text in spoken.texts if 31 <= len(text) <= 60]) >= 98
    assert right([text for text in spoken.texts if len(text) > 120]) == 100
    found = identify(spoken, LanguageOptions())
    assert set(found.codes) == {"fr"}
    assert found.turns.count("fr") >= 0.999 * len(found.turns)


def test_no_transcript_is_bad_text(spoken: Batch) -> None:
    columns = spoken.with_column("category", ["free-conversation"] * len(spoken))
    assert judge_batch(columns, measure(columns, {}), QualityOptions()) == [None] * len(spoken)
