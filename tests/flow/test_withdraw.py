"""`clairiere withdraw`: what it lists, and that the next build leaves it out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clairiere.corpus.shards import read_documents
from clairiere.errors import RequestError
from clairiere.withdraw import containing, copies_of, withdraw
from tests.flow.conftest import Built, clairiere

EVERYTHING = ["corpus", "curate", "tokens", "train/pretrain", "train/adapt", "evaluate", "release"]


@pytest.fixture
def workspace(built: Built, tmp_path: Path) -> Path:
    """A copy of the finished workspace, alone in its folder."""
    return Path(shutil.copytree(built.workspace, tmp_path / "workspaces/tiny"))


def artifacts(workspace: Path, name: str) -> dict[str, str]:
    return {finding["artifact"]: finding["what"] for finding in containing(workspace, name)}


def ids_in(folder: Path) -> list[str]:
    return [document.id for document in read_documents(folder)]


def test_a_source_is_listed_wherever_it_went(built: Built) -> None:
    found = artifacts(built.workspace, "prose-demo")
    assert list(found) == EVERYTHING
    assert found["corpus"] == "4 documents"
    assert "rows of train" in found["tokens"]
    assert found["train/pretrain"] == "learned from it"
    assert found["train/adapt"] == found["release"] == "made from train/pretrain"
    assert found["evaluate"] == "scores of pretrain, adapt, scores on its text"
    assert "train/pretrain" not in artifacts(built.workspace, "theatre-demo")


def test_a_document_is_listed_with_its_rows_and_steps(built: Built) -> None:
    (train,) = ids_in(built.workspace / "curate/debate-demo/train")
    found = artifacts(built.workspace, train)
    assert (found["corpus"], found["curate"]) == ("1 document", "1 document of train")
    assert "train/adapt" not in found
    document, *_ = ids_in(built.workspace / "curate/prose-demo/train")
    found = artifacts(built.workspace, document)
    assert found["train/pretrain"].startswith("learned from it in ")
    assert found["release"] == "made from train/pretrain"
    (test,) = ids_in(built.workspace / "curate/debate-demo/test")
    assert artifacts(built.workspace, test)["evaluate"] == "scores on its text"


def test_phases_of_older_tokens_may_have_learned_from_it(workspace: Path) -> None:
    manifest = workspace / "tokens/manifest.json"
    table = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(table | {"counts": {"changed": 1}}))
    document, *_ = ids_in(workspace / "curate/prose-demo/train")
    assert "may have learned from it" in artifacts(workspace, document)["train/pretrain"]


def test_the_next_build_leaves_a_document_out(built: Built, workspace: Path) -> None:
    document, *_ = ids_in(workspace / "curate/prose-demo/train")
    where = ("--workspace", workspace)
    first = clairiere("withdraw", document, "--reason", "the author asked", *where, "--json")
    assert first.returncode == 0, first.stderr
    told = json.loads(first.stdout)
    assert [finding["artifact"] for finding in told["contained_in"]] == EVERYTHING
    assert told["copies"] == []
    again = clairiere("withdraw", document, "--reason", "once more", *where)
    assert again.returncode == 0
    assert f"`{document}` is withdrawn already: the author asked" in again.stderr
    assert len((workspace / "withdrawals.jsonl").read_text().splitlines()) == 1
    plan = clairiere("plan", built.recipe, *where)
    assert f"withdrawn: {document}: the author asked" in plan.stdout
    assert f"withdrawn, left out of the next build: {document}" in clairiere("show", workspace).stdout
    rebuilt = json.loads(clairiere("curate", built.recipe, *where, "--json").stdout)
    assert rebuilt["ran"] == ["corpus", "curate"]
    assert document not in ids_in(workspace / "corpus/prose-demo")
    assert "withdrawn" in json.dumps(json.loads((workspace / "corpus/manifest.json").read_text())["counts"])
    missing = clairiere("show", workspace, "--document", document)
    assert "which is withdrawn: the author asked" in missing.stderr


def test_a_source_withdrawn_for_all_is_refused_by_every_workspace_beside(
    built: Built, workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    withdraw("prose-demo", "a conflict over rights", None, as_json=False)
    assert "made from train/pretrain" in capsys.readouterr().out
    assert (tmp_path / "workspaces/withdrawals.jsonl").is_file()
    result = clairiere("plan", built.recipe, "--workspace", tmp_path / "workspaces/future", "--json")
    (judged,) = [source for source in json.loads(result.stdout)["sources"] if source["name"] == "prose-demo"]
    assert (judged["admitted"], judged["reason"]) == (False, "withdrawn: a conflict over rights")
    build = clairiere("corpus", built.recipe, "--workspace", tmp_path / "workspaces/future")
    assert "refused: prose-demo: withdrawn: a conflict over rights" in build.stderr
    assert not (tmp_path / "workspaces/future/corpus/prose-demo").exists()


def test_what_nothing_contains(built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known, *_ = ids_in(built.workspace / "curate/theatre-demo/train")
    for name, found, near in (
        ("theater-demo", "nothing contains the source `theater-demo`", "`theatre-demo`"),
        (f"{known}x", f"nothing contains the document `{known}x`", f"`{known}`"),
        ("theater-demo/a", "nothing contains the document `theater-demo/a`", "`theatre-demo`"),
    ):
        with pytest.raises(RequestError) as caught:
            withdraw(name, "x", built.workspace, as_json=False)
        assert found in str(caught.value)
        assert near in str(caught.value)
    assert not (built.workspace / "withdrawals.jsonl").exists()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RequestError, match="nothing contains") as caught:
        withdraw("talks", "x", None, as_json=False)
    assert "a workspace in which a corpus was built" in str(caught.value)
    with pytest.raises(RequestError, match="a withdrawal of `talks` without a reason"):
        withdraw("talks", "  ", None, as_json=False)


def test_copies_that_would_take_its_place_are_named(tmp_path: Path) -> None:
    (tmp_path / "curate").mkdir()
    rows = [{"id": "a/1", "twin": "b/1"}, {"id": "c/1", "twin": "b/1"}, {"id": "d/1", "twin": None}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "curate/removed.parquet")
    assert copies_of(tmp_path, "b/1") == ["a/1", "c/1"]
    assert copies_of(tmp_path, "a/1") == ["b/1"]
    assert copies_of(tmp_path / "none", "a/1") == []
