"""Single compressed files are read in place: whole ones as what they hold, all others refused with a message."""

from __future__ import annotations

import gzip
import lzma
from pathlib import Path

import pytest
import zstandard
from archive_bytes import compressed

from clairiere.corpus.files import compression
from clairiere.corpus.files import source_file as files
from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.files.walk import walk
from clairiere.errors import UnreadableError

TEXT = b"".join(b"ligne %d\n" % number for number in range(2000))
SUFFIXES = ("gz", "zst", "xz", "bz2")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("held", [0, 2**23])
def test_a_compressed_file_is_what_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, held: int
) -> None:
    monkeypatch.setattr(files, "HELD_BYTES", held)
    raw = compressed(suffix, TEXT)
    (tmp_path / f"a.b.jsonl.{suffix}").write_bytes(raw)
    (file,) = walk(tmp_path)
    assert (file.name, file.suffix, file.stem) == (f"a.b.jsonl.{suffix}", ".jsonl", "a.b")
    assert file.size_bytes == len(raw)
    assert file.start == TEXT[: files.START_BYTES]
    assert file.read_bytes() == TEXT
    assert file.sha256 == SourceFile("raw", raw).sha256
    assert len(list(file.text_lines())) == 2000
    with file.open() as stream:
        assert stream.read(8) == TEXT[:8]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_several_streams_are_one_file(suffix: str) -> None:
    raw = compressed(suffix, b"un") + compressed(suffix, b" deux") + bytes(8)
    assert SourceFile(f"a.{suffix}", raw).read_bytes() == b"un deux"


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_a_truncated_file_is_refused(suffix: str, kept: float) -> None:
    raw = compressed(suffix, TEXT)
    file = SourceFile(f"a.{suffix}", raw[: int(len(raw) * kept)])
    with pytest.raises(UnreadableError, match="truncated or damaged") as caught:
        file.read_bytes()
    assert caught.value.where == f"a.{suffix}"
    assert "get it again" in str(caught.value)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_damaged_file_is_refused(suffix: str) -> None:
    raw = bytearray(compressed(suffix, TEXT))
    raw[len(raw) // 2] ^= 255
    raw[len(raw) // 2 + 1] ^= 255
    with pytest.raises(UnreadableError, match="truncated or damaged"):
        SourceFile(f"a.{suffix}", bytes(raw)).read_bytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_bomb_is_refused(suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "UNPACKED_FREE_BYTES", 1024)
    bomb = SourceFile(f"a.{suffix}", compressed(suffix, bytes(4_000_000)))
    for read in (bomb.read_bytes, lambda: list(bomb.text_lines())):
        with pytest.raises(UnreadableError, match="a bomb"):
            read()


def test_what_does_not_fit_in_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "BYTES_LIMIT", 100)
    with pytest.raises(UnreadableError, match="a file larger than"):
        SourceFile("a.gz", gzip.compress(TEXT)).read_bytes()


def test_a_window_that_asks_for_too_much_memory_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters.from_level(1, window_log=30, write_content_size=0)
    raw = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    content = raw.compress(TEXT) + raw.flush()
    with pytest.raises(UnreadableError, match="damaged"):
        SourceFile("a.zst", content).read_bytes()
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 2**29}]
    with pytest.raises(UnreadableError, match=r"(?i)damaged: memory"):
        SourceFile("a.xz", lzma.compress(b"x", filters=filters)).read_bytes()


def test_text_that_begins_like_bzip2_is_text() -> None:
    assert SourceFile("a", b"BZh, dit-il.").read_bytes() == b"BZh, dit-il."
