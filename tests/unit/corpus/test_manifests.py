"""Licenses file by file, from a table beside the files or one that the card names."""

from __future__ import annotations

from pathlib import Path

import pytest
from archive_bytes import tar_bytes, zip_bytes

from clairiere.corpus.files.manifests import licenses
from clairiere.corpus.files.walk import walk
from clairiere.errors import UnreadableError

TABLE = "path\tdoc\tlicence\nin/a.txt\ta\tCC-BY-4.0\nin/b.txt\tb\t\nc.txt\n"


def editions(root: Path, manifest: Path | None = None) -> dict[str, str | None]:
    return {file.path: file.edition for file in walk(root, manifest=manifest)}


def message(table: Path) -> str:
    with pytest.raises(UnreadableError) as caught:
        licenses(table)
    assert "path" in (caught.value.expected or "")
    return str(caught.value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("in/a.txt", "in/b.txt", "c.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    return tmp_path


def test_a_table_beside_the_files(folder: Path) -> None:
    (folder / "manifest.tsv").write_text(TABLE)
    assert editions(folder) == {"c.txt": None, "in/a.txt": "CC-BY-4.0", "in/b.txt": None}


def test_a_table_above_the_folder_that_is_walked_is_not_seen(folder: Path) -> None:
    (folder / "manifest.tsv").write_text(TABLE)
    assert editions(folder / "in") == {"a.txt": None, "b.txt": None}


def test_a_table_beside_an_archive_or_a_single_file(tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(tar_bytes({"in/a.txt": b"x", "new.txt": b"x"}))
    (tmp_path / "c.txt").write_text("x")
    (tmp_path / "manifest.tsv").write_text("license\tpath\r\nMIT\tin/a.txt\r\nISC\tc.txt\r\n", newline="")
    assert editions(tmp_path / "x.tar") == {"in/a.txt": "MIT", "new.txt": None}
    assert editions(tmp_path / "c.txt") == {"c.txt": "ISC"}


def test_the_table_that_a_card_names(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    table = tmp_path_factory.mktemp("elsewhere") / "licenses.tsv"
    table.write_text(TABLE)
    assert editions(folder, table)["in/a.txt"] == "CC-BY-4.0"


def test_a_table_of_something_else_is_left_alone(folder: Path) -> None:
    (folder / "manifest.tsv").write_text("id\tname\n1\tx\n")
    assert set(editions(folder).values()) == {None}
    assert "without the columns" in message(folder / "manifest.tsv")


def test_a_table_that_changes_is_read_again(folder: Path) -> None:
    table = folder / "manifest.tsv"
    table.write_text(TABLE)
    assert licenses(table) == {"in/a.txt": "CC-BY-4.0"}
    table.write_text("path\tlicense\nc.txt\tMIT\n")
    assert licenses(table) == {"c.txt": "MIT"}


def test_a_table_that_cannot_be_read(tmp_path: Path) -> None:
    assert "cannot be read" in message(tmp_path / "absent.tsv")
    (tmp_path / "manifest.tsv").write_bytes(b"path\tlicense\n\xe9\tMIT\n")
    assert "cannot be read" in message(tmp_path / "manifest.tsv")


@pytest.mark.parametrize("name", ["x.tar", "x.zip"])
def test_a_table_in_an_archive_gives_its_members_licenses(tmp_path: Path, name: str) -> None:
    members = {
        "in/a.txt": b"1",
        "in/deep/b.txt": b"2",
        "in/deep/c.txt": b"3",
        "out.txt": b"4",
        "in/manifest.tsv": b"path\tlicence\r\na.txt\tCC-BY-NC-4.0\r\ndeep/b.txt\tMIT\r\n",
        "manifest.tsv": b"path\tname\nout.txt\tof something else\n",
    }
    (tmp_path / name).write_bytes((zip_bytes if name == "x.zip" else tar_bytes)(members))
    expected = {"in/a.txt": "CC-BY-NC-4.0", "in/deep/b.txt": "MIT", "in/deep/c.txt": None, "out.txt": None}
    assert editions(tmp_path) == editions(tmp_path / name) == expected
    (tmp_path / "manifest.tsv").write_text("path\tlicense\nin/a.txt\tCC0-1.0\n")
    assert editions(tmp_path) == expected | {"in/a.txt": "CC0-1.0"}


def test_a_table_in_an_archive_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(zip_bytes({"a.txt": b"1", "manifest.tsv": b"path\tlicense\n\xe9\tMIT\n"}))
    with pytest.raises(UnreadableError, match="a manifest that cannot be read") as caught:
        editions(tmp_path)
    assert (caught.value.where or "").endswith("x.zip: manifest.tsv")


def test_a_row_for_another_file_of_that_name_is_not_for_a_member(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "manifest.tsv").write_text("path\tlicense\na.txt\tCC0-1.0\nsub/b.txt\tMIT\nc.txt\tISC\n")
    members = dict.fromkeys(("a.txt", "b.txt", "c.txt"), b"x")
    table = b"path\tlicense\na.txt\tCC-BY-NC-4.0\nb.txt\tCC-BY-NC-4.0\n"
    (tmp_path / "sub/x.zip").write_bytes(zip_bytes(members | {"manifest.tsv": table}))
    assert editions(tmp_path) == {
        "a.txt": "CC0-1.0",
        "sub/a.txt": "CC-BY-NC-4.0",
        "sub/b.txt": "MIT",
        "sub/c.txt": "ISC",
    }
