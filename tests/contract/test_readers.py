"""Every reader finds itself tested: `readers/<name>/input.*` and what it is read as, `expected.jsonl`.

A further pair is called `input-<what>.*` and `expected-<what>.jsonl`. How to add a reader: readers/README.md. What
`benchmarks/fuzz_readers.py` once found stands in `regressions/<name>/`.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clairiere import plugins
from clairiere.corpus.files.source_file import SourceFile
from clairiere.errors import UnreadableError
from clairiere.record import Document, Turn

READERS = "clairiere.corpus.readers"
FOLDER = Path(__file__).parent / "readers"
REGRESSIONS = sorted((Path(__file__).parent / "regressions").glob("*/*"))
NAMES = plugins.names(READERS)


def pairs() -> Iterator[tuple[str, Path, Path]]:
    for name in NAMES:
        for given_ in sorted((FOLDER / name).glob("input*")):
            yield name, given_, given_.with_name(given_.stem.replace("input", "expected") + ".jsonl")


PAIRS = list(pairs())
IDS = [f"{name}/{given_.name}" for name, given_, _ in PAIRS]


def load(name: str) -> ModuleType:
    return import_module(f"{READERS}.{name}")


def file(path: Path) -> SourceFile:
    return SourceFile(path.name, path.read_bytes())


def as_json(item: Document | UnreadableError) -> dict[str, Any]:
    """A document as `clairiere read --json` prints it; a record that cannot be read as what was found and where."""
    return {"problem": item.found, "where": item.where} if isinstance(item, UnreadableError) else item.to_json()


@pytest.mark.parametrize("name", NAMES)
def test_reader_has_an_example_and_names_its_specification(name: str) -> None:
    folder = FOLDER / name
    assert list(folder.glob("input.*")), f"the reader `{name}` needs an example {folder}/input.<suffix>"
    assert list(folder.glob("expected*.jsonl")), f"the reader `{name}` needs {folder}/expected.jsonl"
    assert "https://" in (load(name).__doc__ or ""), f"the docstring of `{name}` gives no specification"


@pytest.mark.parametrize(("name", "given_", "expected"), PAIRS, ids=IDS)
def test_example_is_read_as_expected(name: str, given_: Path, expected: Path) -> None:
    items = [as_json(item) for item in load(name).read(file(given_), None)]
    assert items == [json.loads(line) for line in expected.read_text(encoding="utf-8").split("\n") if line]


@pytest.mark.parametrize(("name", "given_", "expected"), PAIRS, ids=IDS)
def test_example_is_recognized_by_its_reader_and_none_better(name: str, given_: Path, expected: Path) -> None:
    scores = {other: load(other).recognize(file(given_)) for other in NAMES}
    assert all(0 <= score <= 1 for score in scores.values()), scores
    assert [other for other in NAMES if scores[other] == max(scores.values())] == [name], scores


@pytest.mark.parametrize(("name", "given_", "expected"), PAIRS, ids=IDS)
def test_example_is_read_the_same_twice(name: str, given_: Path, expected: Path) -> None:
    path = file(given_)
    once, again = ([as_json(item) for item in load(name).read(path, None)] for _ in range(2))
    assert once == again


@pytest.mark.parametrize(("name", "given_", "expected"), PAIRS, ids=IDS)
def test_example_is_read_the_same_from_compressed_bytes(name: str, given_: Path, expected: Path) -> None:
    packed = SourceFile(given_.name, gzip.compress(given_.read_bytes()))
    assert load(name).recognize(packed) == load(name).recognize(file(given_))
    assert texts(name, packed) == texts(name, file(given_))


@pytest.mark.parametrize(("name", "given_", "expected"), PAIRS, ids=IDS)
def test_example_is_read_the_same_in_another_encoding(name: str, given_: Path, expected: Path) -> None:
    try:
        other = given_.read_text(encoding="utf-8").encode("cp1252")
    except UnicodeError:
        pytest.skip("it is no text, or no text of Western Europe")
    assert texts(name, SourceFile(given_.name, other)) == texts(name, file(given_))


def texts(name: str, path: SourceFile) -> list[tuple[Turn, ...] | str]:
    items = load(name).read(path, None)
    return [item.found if isinstance(item, UnreadableError) else item.turns for item in items]


def read_all(name: str, path: SourceFile) -> list[Document | UnreadableError]:
    """The documents, and what was told or raised in place of others."""
    items: list[Document | UnreadableError] = []
    try:
        items += load(name).read(path, None)
    except UnreadableError as error:
        items.append(error)
    return items


def read_soundly(name: str, path: SourceFile) -> list[Document]:
    """What a reader makes of any bytes: sound documents, or an error that says which file and what was found."""
    assert 0 <= load(name).recognize(path) <= 1
    items = read_all(name, path)
    for problem in items:
        assert isinstance(problem, Document) or (problem.found and path.path in str(problem.where))
    documents = [item for item in items if isinstance(item, Document)]
    ids = [document.id for document in documents]
    assert len(set(ids)) == len(ids), ids
    for document in documents:
        json.dumps(document.to_json(), ensure_ascii=False).encode("utf-8")
        assert all(turn.text.strip() and turn.speaker != "" for turn in document.turns), document.turns
    return documents


@pytest.mark.parametrize(("name", "given_", "expected"), PAIRS, ids=IDS)
def test_truncated_example_is_an_error_or_sound(name: str, given_: Path, expected: Path) -> None:
    content = given_.read_bytes()
    for length in range(0, len(content), max(1, len(content) // 60)):
        read_soundly(name, SourceFile(given_.name, content[:length]))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.data())
def test_damaged_example_is_an_error_or_sound(data: st.DataObject) -> None:
    _, given_, _ = data.draw(st.sampled_from(PAIRS))
    content = given_.read_bytes()
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(len(content), start + 30)))
    damage = data.draw(
        st.binary(max_size=8) | st.sampled_from([b"<", b'"', b"{", b"[]", b"null", b"\n\n", b"\t", b": "])
    )
    path = SourceFile(given_.name, content[:start] + damage + content[end:])
    for name in NAMES:
        read_soundly(name, path)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("content", [b"", b" \r\n\t", b"\xef\xbb\xbf", b"\0\0\0", b"\xff\xfe", bytes(range(256))])
def test_nothing_and_noise_are_errors(name: str, content: bytes) -> None:
    items = read_all(name, SourceFile("noise", content))
    assert items
    assert all(isinstance(item, UnreadableError) and "noise" in str(item) for item in items)
    assert load(name).recognize(SourceFile("noise", content)) <= 0.1


def test_examples_belong_to_readers() -> None:
    assert {path.name for path in FOLDER.iterdir() if path.is_dir()} == set(NAMES)
    assert {path.parent.name for path in REGRESSIONS} <= set(NAMES)


@pytest.mark.parametrize("path", REGRESSIONS, ids=[f"{path.parent.name}/{path.name}" for path in REGRESSIONS])
def test_what_fuzzing_found_is_an_error_or_sound(path: Path) -> None:
    read_soundly(path.parent.name, file(path))
