"""Model folders are found by path and in the local cache; nothing is fetched."""

from __future__ import annotations

from pathlib import Path

import pytest

from clairiere.errors import ModelError
from clairiere.model.hub import find_model


@pytest.fixture
def snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    repository = tmp_path / "hub" / "models--owner--name"
    (repository / "snapshots" / "abc").mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc\n")
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    return repository / "snapshots" / "abc"


def test_a_folder_is_taken_near_the_recipe_first(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    assert find_model("base", None, tmp_path) == tmp_path / "base"
    assert find_model(str(tmp_path / "base"), None, Path("elsewhere")) == tmp_path / "base"


@pytest.mark.parametrize("revision", [None, "main", "abc"])
def test_a_cached_snapshot_is_found_by_branch_and_commit(snapshot: Path, revision: str | None) -> None:
    assert find_model("owner/name", revision, Path()) == snapshot


def test_the_cache_can_be_named_directly(snapshot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", "elsewhere")
    monkeypatch.setenv("HF_HUB_CACHE", str(snapshot.parents[2]))
    assert find_model("owner/name", None, Path()) == snapshot


@pytest.mark.parametrize(("name", "revision"), [("owner/other", None), ("owner/name", "v2"), ("no such folder", None)])
def test_what_is_not_there_is_said_with_the_way_to_get_it(snapshot: Path, name: str, revision: str | None) -> None:
    with pytest.raises(ModelError) as caught:
        find_model(name, revision, Path())
    assert f"no model `{name}`" in str(caught.value)
    assert (revision or "") in caught.value.found
    assert f"hf download {name}" in caught.value.next_step
