"""Headers that lie beside their texts: found in folders and archives, and never read as texts themselves."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from clairiere.corpus.files.companions import header_path, joined, with_headers
from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.files.walk import digests, walk
from clairiere.corpus.read import read_file
from clairiere.record import Document

MEMBERS = ["a/x.orfeo", "a/x.textgrid", "a/x.xml", "a/y.orfeo", "a/z.xml", "b/z.orfeo"]


def seen(root: Path) -> list[tuple[str, str | None, bytes | None]]:
    def line(file: SourceFile) -> tuple[str, str | None, bytes | None]:
        header = file.companion
        return (file.path, None, None) if header is None else (file.path, header.path, header.read_bytes())

    return sorted(map(line, walk(root)))


EXPECTED = [
    ("a/x.orfeo", "a/x.xml", b"header of a/x.xml"),
    ("a/x.textgrid", None, None),
    ("a/y.orfeo", None, None),
    ("a/z.xml", None, None),
    ("b/z.orfeo", None, None),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in MEMBERS:
        place = tmp_path / "texts" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(f"header of {name}".encode())
    return tmp_path / "texts"


def test_a_folder_gives_texts_their_headers(folder: Path) -> None:
    assert seen(folder) == EXPECTED


def test_an_archive_gives_texts_their_headers(folder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "texts.zip", "w") as archive:
        for name in MEMBERS:
            archive.write(folder / name, name)
    assert seen(tmp_path / "texts.zip") == EXPECTED


def test_a_link_is_no_header(folder: Path) -> None:
    (folder / "a/y.xml").symlink_to(folder / "a/x.xml")
    assert ("a/y.orfeo", None, None) in seen(folder)


def test_a_header_that_changes_changes_the_digests(folder: Path) -> None:
    before = digests(folder)
    (folder / "a/x.xml").write_text("another")
    after = digests(folder)
    assert {path for path in after if after[path] != before[path]} == {"a/x.orfeo .xml"}


def test_a_choice_goes_for_the_header_too() -> None:
    choose = with_headers(lambda number, _member: number % 2 == 1)
    assert [choose(number, member) for number, member in enumerate(MEMBERS)] == [False, True, False, True, False, True]


def test_a_text_without_a_header_waits_for_none() -> None:
    members = [("a.orfeo", b"1"), ("b.orfeo", b"2"), ("b.xml", b"h")]
    assert list(joined(members)) == [("a.orfeo", b"1", None), ("b.orfeo", b"2", b"h")]


def test_other_formats_keep_no_header() -> None:
    assert header_path("a/talk.eaf") is None
    assert header_path("a/talk.ORFEO") == "a/talk.xml"


def test_a_text_beside_its_french_translation_is_one_pair(tmp_path: Path) -> None:
    lines = {"train.en": "Hello\nYes\n", "train.fr": "Bonjour\nOui\n", "alone.en": "Hi", "page.html.en": "a"}
    for name, content in {**lines, "page.html.fr": "b"}.items():
        (tmp_path / name).write_text(content)
    pairs = [(file.path, file.companion.path) for file in walk(tmp_path) if file.companion is not None]
    assert pairs == [("train.en", "train.fr")]
    (pair,) = (file for file in walk(tmp_path) if file.companion is not None)
    documents = [item for item in read_file(pair, None) if isinstance(item, Document)]
    assert [[turn.text for turn in document.turns] for document in documents] == [["Hello", "Bonjour"], ["Yes", "Oui"]]
    assert documents[0].meta["languages"] == ["en", "fr"]


def test_a_pair_in_an_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "texts.zip", "w") as archive:
        archive.writestr("corpus.de", "Ja")
        archive.writestr("corpus.fr", "Oui")
    assert [(file.path, file.companion is not None) for file in walk(tmp_path / "texts.zip")] == [("corpus.de", True)]
