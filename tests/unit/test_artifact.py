"""Finished folders, journals and manifests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clairiere.artifact import MANIFEST, Work, fingerprint, read_manifest, require_manifest, write_atomically
from clairiere.errors import ArtifactError


def work(target: Path, **changes: Any) -> Work:
    given: dict[str, Any] = {
        "stage": "curate",
        "version": 1,
        "options": {"min_words": 5},
        "inputs": {"corpus": "ab"},
        "terms": {"license": "CC0-1.0"},
    }
    return Work(target, **{**given, **changes})


def test_a_folder_is_finished_once_and_nothing_is_left_of_the_work(tmp_path: Path) -> None:
    target = tmp_path / "curate"
    here = work(target)
    assert not here.is_done
    here.begin()
    (here.folder / "data.txt").write_text("text")
    manifest = here.finish(counts={"kept": 1}, facts={"words": 2})
    assert here.is_done
    assert sorted(path.name for path in tmp_path.iterdir()) == ["curate"]
    assert manifest == require_manifest(target)
    assert manifest.files["data.txt"]["size_bytes"] == 4


@pytest.mark.parametrize(
    "change",
    [{"version": 2}, {"options": {"min_words": 6}}, {"inputs": {"corpus": "cd"}}, {"terms": {"license": "MIT"}}],
)
def test_any_change_makes_it_out_of_date(tmp_path: Path, change: dict[str, Any]) -> None:
    target = tmp_path / "curate"
    here = work(target)
    here.begin()
    here.finish(counts={}, facts={})
    assert not work(target, **change).is_done


def test_what_was_recorded_outlives_a_kill_and_another_work_begins_anew(tmp_path: Path) -> None:
    target = tmp_path / "curate"
    here = work(target)
    here.begin()
    (here.folder / "one.txt").write_text("1")
    here.record("source/one", {"documents": 1})
    again = work(target)
    again.begin()
    assert again.recorded("source/one") == {"documents": 1}
    assert again.recorded("source/two") is None
    other = work(target, version=2)
    other.begin()
    assert other.recorded("source/one") is None
    assert not (other.folder / "one.txt").exists()


def test_a_kill_while_an_old_folder_goes_leaves_nothing_that_looks_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = work(tmp_path / "curate")
    here.begin()
    here.record("source/one", {})
    monkeypatch.setattr("clairiere.artifact.shutil.rmtree", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        work(tmp_path / "curate", version=2).begin()
    monkeypatch.undo()
    here.begin()
    assert here.recorded("source/one") is None


def test_a_kill_between_manifest_and_rename_is_mended(tmp_path: Path) -> None:
    target = tmp_path / "curate"
    here = work(target)
    here.begin()
    here.finish(counts={}, facts={})
    target.rename(here.folder)  # as if the last rename had not happened
    assert not target.exists()
    assert work(target).is_done
    assert not here.folder.exists()


def test_the_old_folder_stands_until_the_new_one_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "curate"
    first = work(target)
    first.begin()
    first.finish(counts={}, facts={"run": 1})
    second = work(target, version=2)
    second.begin()
    assert require_manifest(target).facts == {"run": 1}
    second.finish(counts={}, facts={"run": 2})
    assert require_manifest(target).facts == {"run": 2}
    assert [path.name for path in tmp_path.iterdir()] == ["curate"]


def test_run_facts_and_run_files_are_outside_every_digest(tmp_path: Path) -> None:
    digests = []
    for name, seconds in (("a", 1), ("b", 2)):
        here = work(tmp_path / name)
        here.begin()
        (here.folder / "metrics.jsonl").write_text(f"{seconds}")
        (here.folder / "weights").write_text("same")
        digests.append(
            here.finish(counts={}, facts={}, run={"train_seconds": seconds}, run_files=["metrics.jsonl"]).digest
        )
    assert digests[0] == digests[1]


def test_equal_options_have_equal_fingerprints() -> None:
    assert fingerprint("a", 1, {"x": 1, "y": 2}, {}) == fingerprint("a", 1, {"y": 2, "x": 1}, {})
    assert fingerprint("a", 1, {"x": 1}, {}) != fingerprint("b", 1, {"x": 1}, {})


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def fail(temporary: Path) -> None:
        temporary.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, fail)
    assert path.read_text() == "old"


def test_a_written_file_is_as_readable_as_any_other(tmp_path: Path) -> None:
    (tmp_path / "any").touch()

    def write(temporary: Path) -> None:
        temporary.write_text("text")
        temporary.chmod(0o600)

    write_atomically(tmp_path / "file", write)
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "any").stat().st_mode


def test_a_damaged_manifest_says_so(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text(json.dumps({"stage": "corpus"})[:-4])
    with pytest.raises(ArtifactError, match="a manifest that cannot be read"):
        read_manifest(tmp_path)


def test_an_unfinished_folder_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no stage has finished") as caught:
        require_manifest(tmp_path)
    assert "clairiere build" in str(caught.value)
