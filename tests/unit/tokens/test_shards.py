"""What was written is read back, and every token leads to its document."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clairiere.errors import ArtifactError
from clairiere.tokens import shards
from clairiere.tokens.shards import Piece, ShardWriter, TokenShard, id_dtype


def write(folder: Path, rows: list[list[Piece]], length: int, vocabulary_size: int = 300) -> TokenShard:
    with ShardWriter(folder / "s" / "train", sequence_length=length, vocabulary_size=vocabulary_size) as writer:
        for at, pieces in enumerate(rows):
            ids_RT = np.full((1, length), at)
            counted_RT = np.array([[piece.document is not None for piece in pieces for _ in range(piece.length)]])
            writer.append(ids_RT, counted_RT, pieces)
    return TokenShard.open(folder / "s" / "train")


ROWS = [
    [Piece(3, "a", "CC0-1.0"), Piece(5, "b", "CC-BY-4.0")],
    [Piece(8, "b", "CC-BY-4.0")],
    [Piece(6, "c", None), Piece(2, None, None)],
]


def test_round_trip(tmp_path: Path) -> None:
    shard = write(tmp_path, ROWS, 8)
    assert (shard.source, shard.split, shard.rows, shard.sequence_length) == ("s", "train", 3, 8)
    assert shard.ids_RT.dtype == np.uint16
    assert shard.ids_RT[:, 0].tolist() == [0, 1, 2]
    assert shard.counted_per_row.tolist() == [8, 8, 6]
    assert shard.counted_tokens == 22
    assert [shard.row_offsets(row).tolist() for row in range(3)] == [[0, 3, 8], [0, 8], [0, 6, 8]]
    assert shard.row_offsets(0).dtype == np.int32
    assert [shard.document_at(at) for at in (0, 2, 3, 7, 8, 15, 16, 21, 22, 23)] == [*"aabbbbcc", None, None]
    assert shard.license_at(3) == "CC-BY-4.0"
    assert shard.license_at(16) is None


def test_the_same_rows_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "WRITE_GROUP_PIECES", 2)
    write(tmp_path / "1", ROWS, 8)
    write(tmp_path / "2", ROWS, 8)
    files = sorted(path for path in (tmp_path / "1").rglob("*") if path.is_file())
    assert [path.name for path in files] == ["counted.npy", "ids.npy", "pieces.parquet"]
    for path in files:
        assert path.read_bytes() == (tmp_path / "2" / path.relative_to(tmp_path / "1")).read_bytes()
    assert TokenShard.open(tmp_path / "1/s/train").starts.tolist() == [0, 3, 8, 16, 22]


@given(lengths=st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=6), min_size=1, max_size=8))
@settings(deadline=None, max_examples=30)
def test_any_token_leads_to_its_document(tmp_path_factory: pytest.TempPathFactory, lengths: list[list[int]]) -> None:
    length = max(map(sum, lengths))
    rows = [
        [*(Piece(each, f"{row}.{at}", None) for at, each in enumerate(own)), Piece(length - sum(own), None, None)]
        for row, own in enumerate(lengths)
    ]
    rows = [[piece for piece in row if piece.length] for row in rows]
    shard = write(tmp_path_factory.mktemp("shard"), rows, length)
    expected = [piece.document for row in rows for piece in row for _ in range(piece.length)]
    assert [shard.document_at(at) for at in range(shard.ids_RT.size)] == expected


def test_large_vocabularies_take_four_bytes(tmp_path: Path) -> None:
    assert id_dtype(65_535) == np.uint16
    assert id_dtype(65_536) == np.uint32
    assert write(tmp_path, ROWS, 8, vocabulary_size=70_000).ids_RT.dtype == np.uint32


def test_a_shard_without_rows(tmp_path: Path) -> None:
    shard = write(tmp_path, [], 8)
    assert (shard.rows, shard.sequence_length, shard.counted_tokens) == (0, 8, 0)


@pytest.mark.parametrize("token", [-1, 24])
def test_a_token_that_is_not_there(tmp_path: Path, token: int) -> None:
    with pytest.raises(ArtifactError, match="of a shard with 24"):
        write(tmp_path, ROWS, 8).document_at(token)


@pytest.mark.parametrize("name", ["ids.npy", "counted.npy", "pieces.parquet"])
@pytest.mark.parametrize("content", [None, b"", b"not this"])
def test_a_damaged_shard(tmp_path: Path, name: str, content: bytes | None) -> None:
    write(tmp_path, ROWS, 8)
    path = tmp_path / "s" / "train" / name
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ArtifactError, match="a token shard that cannot be read"):
        TokenShard.open(path.parent)


def test_arrays_that_do_not_fit(tmp_path: Path) -> None:
    write(tmp_path, ROWS, 8)
    np.save(tmp_path / "s" / "train" / "counted.npy", np.zeros((3, 7), dtype=np.bool_))
    with pytest.raises(ArtifactError, match="do not fit"):
        TokenShard.open(tmp_path / "s" / "train")


def test_files_are_on_the_disk_before_they_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed = []

    def fsync(descriptor: int) -> None:
        assert not list(tmp_path.rglob("pieces.parquet"))
        flushed.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)

    monkeypatch.setattr(shards.os, "fsync", fsync)
    write(tmp_path, ROWS, 8)
    assert sorted(flushed) == ["counted.npy.tmp", "ids.npy.tmp", "pieces.parquet.tmp"]


def test_an_error_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail() -> None:
        with ShardWriter(tmp_path, sequence_length=8, vocabulary_size=300) as writer:
            writer.append(np.zeros((1, 8)), np.ones((1, 8)), [Piece(8, "a", None)])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list(tmp_path.iterdir()) == []
