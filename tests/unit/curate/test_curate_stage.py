"""The stage from a corpus folder to splits: counts, duplicates, warnings, resumption."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from clairiere.artifact import Manifest, Work
from clairiere.corpus.shards import part_name, read_documents, write_documents
from clairiere.curate import stage
from clairiere.curate.options import CurateOptions
from clairiere.engines.local import LocalEngine
from clairiere.errors import ArtifactError, EmptyError, UnknownNameError
from clairiere.record import Document

Make = Callable[..., Document]
SPLITS = ("train", "validation", "test")


def write_corpus(folder: Path, sources: Mapping[str, Sequence[Document]], part_documents: int = 8) -> Path:
    work = Work(folder, stage="corpus", version=1, options={}, inputs={}, terms={})
    work.begin()
    facts = {}
    for name, documents in sources.items():
        for number, start in enumerate(range(0, len(documents), part_documents)):
            some = documents[start : start + part_documents]
            write_documents(work.folder / name / part_name(number), some)
        words = sum(document.word_count for document in documents)
        facts[name] = {"holder": f"holder of {name}", "documents": len(documents), "words": words, "bytes": 0}
    work.finish(counts={}, facts={"sources": facts})
    return folder


def new_work(folder: Path) -> Work:
    work = Work(folder, stage="curate", version=1, options={}, inputs={}, terms={"license": "CC0-1.0"})
    work.begin()
    return work


def curate(tmp_path: Path, sources: Mapping[str, Sequence[Document]], **options: Any) -> Manifest:
    corpus = write_corpus(tmp_path / "corpus", sources)
    return stage.run(corpus, CurateOptions.model_validate(options), new_work(tmp_path / "curate"), LocalEngine())


def ids_in(folder: Path, source: str) -> dict[str, list[str]]:
    return {split: [d.id for d in read_documents(folder / source / split)] for split in SPLITS}


@pytest.fixture
def talks(make_document: Make) -> list[Document]:
    return [make_document(("A", f"Bonjour, voici  la phrase numéro {n}."), id=f"talks/{n}") for n in range(20)]


def test_documents_are_split_and_measured(tmp_path: Path, talks: list[Document]) -> None:
    manifest = curate(tmp_path, {"talks": talks}, test_share=0.2, validation_share=0.2)
    ids = ids_in(tmp_path / "curate", "talks")
    assert sorted(itertools.chain(*ids.values())) == sorted(document.id for document in talks)
    facts = manifest.facts["sources"]["talks"]
    assert facts["holder"] == "holder of talks"
    assert {split: facts["splits"][split]["documents"] for split in SPLITS} == {s: len(ids[s]) for s in SPLITS}
    assert (facts["documents"], facts["words"]) == (20, 120)
    text = next(read_documents(tmp_path / "curate" / "talks" / "train")).turns[0].text
    assert text.startswith("Bonjour, voici la phrase")
    assert facts["bytes"] == sum(len(f"Bonjour, voici la phrase numéro {n}.".encode()) for n in range(20))
    parts = [f"talks/{split}/{number:05d}.parquet" for split in sorted(SPLITS) for number in range(3)]
    assert sorted(manifest.files) == ["removed.parquet", *parts]


def test_drops_are_counted_by_reason_and_by_license(tmp_path: Path, make_document: Make) -> None:
    documents = [
        make_document(("A", "Une phrase assez longue, oui."), id="a/1"),
        make_document(("A", "Non."), id="a/2", license="CC-BY-4.0"),
        make_document(("A", " \n"), id="a/3", license=None),
    ]
    counts = curate(tmp_path, {"a": documents}).counts
    assert counts["kept"] == {"a": 1}
    assert counts["dropped"] == {"a": {"too-short": 1, "empty": 1}}
    assert counts["by_license"] == {
        "CC0-1.0": {"kept": 1, "dropped": 0},
        "CC-BY-4.0": {"kept": 0, "dropped": 1},
        "unknown": {"kept": 0, "dropped": 1},
    }
    assert counts["changed"] == {"a": {"text": 1, "empty": 1}}


def test_duplicates_are_dropped_across_sources(tmp_path: Path, make_document: Make, talks: list[Document]) -> None:
    again = make_document((None, talks[0].turns[0].text), id="zoo/1", source="zoo")
    own = make_document(("B", "Un texte qui n'est nulle part ailleurs."), id="zoo/2", source="zoo")
    twice = make_document(("C", own.turns[0].text), id="zoo/3", source="zoo")
    manifest = curate(tmp_path, {"zoo": [again, own, twice], "talks": talks})
    assert manifest.counts["dropped"] == {"talks": {}, "zoo": {"duplicate": 2}}
    assert manifest.counts["duplicates"] == {"talks": {}, "zoo": {"talks": 1, "zoo": 1}}
    assert ids_in(tmp_path / "curate", "zoo") == {"train": ["zoo/2"], "validation": [], "test": []}


def test_a_source_without_kept_documents_is_listed_with_a_warning(
    tmp_path: Path, make_document: Make, talks: list[Document], capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = curate(tmp_path, {"short": [make_document(("A", "Oui."))], "talks": talks})
    assert "warning: no document of `short` was kept; dropped: {'too-short': 1}" in capsys.readouterr().err
    assert manifest.facts["sources"]["short"]["splits"]["train"] == {"documents": 0, "words": 0, "bytes": 0}
    assert ids_in(tmp_path / "curate", "short") == {split: [] for split in SPLITS}


def test_nothing_kept_anywhere_is_an_error(tmp_path: Path, make_document: Make) -> None:
    with pytest.raises(EmptyError, match=r"no document was kept of any source; dropped: .*too-short") as caught:
        curate(tmp_path, {"short": [make_document(("A", "Oui."))]})
    assert "loosen the filters" in str(caught.value)
    with pytest.raises(EmptyError, match="no document was kept"):
        curate(tmp_path / "none", {})


def test_an_unfinished_corpus_is_an_error(tmp_path: Path, talks: list[Document]) -> None:
    with pytest.raises(ArtifactError, match="a folder that no stage has finished"):
        stage.run(tmp_path / "corpus", CurateOptions(), new_work(tmp_path / "curate"), LocalEngine())
    corpus = write_corpus(tmp_path / "corpus", {"talks": talks})
    (corpus / "talks" / "00001.parquet").unlink()
    with pytest.raises(ArtifactError, match="no documents of the source `talks`") as caught:
        stage.run(corpus, CurateOptions(), new_work(tmp_path / "curate"), LocalEngine())
    assert "build again" in str(caught.value)


def test_an_unknown_filter_is_an_error(tmp_path: Path, talks: list[Document]) -> None:
    with pytest.raises(UnknownNameError, match="no filter `lenght`") as caught:
        curate(tmp_path, {"talks": talks}, filters=["lenght"])
    assert "did you mean `length`" in str(caught.value)
    with pytest.raises(UnknownNameError, match=r"the module `json.tool` is not a filter") as caught:
        curate(tmp_path / "again", {"talks": talks}, filters=["json.tool"])
    assert "judge(document, options)" in str(caught.value)


