"""Ids of one source differ, whichever parts they come from, and an interrupted step comes to the same end."""

from __future__ import annotations

from pathlib import Path

import pytest

from clairiere.corpus import ids as numbering
from clairiere.corpus.ids import make_distinct
from clairiere.corpus.shards import read_documents, read_ids, write_documents
from clairiere.record import Document, Provenance, Turn

PARTS = (["a", "b", "a"], ["c"], ["a", "b~2", "b"], ["b", "b~2"])
DISTINCT = [["a", "b", "a~2"], ["c"], ["a~3", "b~2", "b~3"], ["b~4", "b~2~2"]]


def document(id_: str, text: str) -> Document:
    return Document(
        id=id_,
        source="s",
        language="fr",
        license=None,
        category=None,
        title=None,
        turns=(Turn(None, text),),
        provenance=Provenance(path="p", locator=None, sha256="0"),
    )


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    found = []
    for number, ids in enumerate(PARTS):
        found.append(tmp_path / f"{number}.parquet")
        write_documents(found[-1], (document(id_, f"{number}{id_}") for id_ in ids))
    return found


def test_further_documents_of_one_id_are_numbered(files: list[Path]) -> None:
    untouched = files[1].read_bytes()
    assert make_distinct(files) == 5
    assert [read_ids(file) for file in files] == DISTINCT
    assert files[1].read_bytes() == untouched
    assert [document.turns[0].text for document in read_documents(files[2])] == ["2a", "2b~2", "2b"]


def test_distinct_ids_stay(files: list[Path]) -> None:
    assert make_distinct(files[:0]) == 0
    make_distinct(files)
    before = [file.read_bytes() for file in files]
    assert make_distinct(files) == 0
    assert [file.read_bytes() for file in files] == before


@pytest.mark.parametrize("written", [0, 1, 2])
def test_a_step_that_was_interrupted_comes_to_the_same_end(
    files: list[Path], monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    done: list[Path] = []

    def replace_some(path: Path, ids: list[str]) -> None:
        if len(done) == written:
            raise KeyboardInterrupt
        done.append(path)
        replace_ids(path, ids)

    replace_ids = numbering.replace_ids
    with monkeypatch.context() as patch:
        patch.setattr(numbering, "replace_ids", replace_some)
        with pytest.raises(KeyboardInterrupt):
            make_distinct(files)
    make_distinct(files)
    assert [read_ids(file) for file in files] == DISTINCT
