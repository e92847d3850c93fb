"""Archives: whole ones are read, all others are refused with a message, whatever is wrong with them."""

from __future__ import annotations

import contextlib
import stat
import tarfile
from pathlib import Path

import pytest
import zstandard
from archive_bytes import compressed, tar_bytes, zip_bytes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clairiere.corpus.files import archives, compression
from clairiere.corpus.files.archives import is_archive, members
from clairiere.errors import UnreadableError

FILES = {"a.txt": b"un\n" * 50, "fr/é.txt": b"deux", "empty.txt": b""}
NAMES = ("x.tar", "x.tar.gz", "x.tgz", "x.tar.zst", "x.tar.xz", "x.tar.bz2", "x.zip")


def archive(folder: Path, name: str, files: dict[str, bytes] = FILES) -> Path:
    path = folder / name
    path.write_bytes(zip_bytes(files) if name.endswith("zip") else compressed(name, tar_bytes(files)))
    return path


def message(path: Path) -> str:
    with pytest.raises(UnreadableError) as caught:
        list(members(path))
    assert caught.value.where
    assert caught.value.expected
    assert caught.value.next_step
    return str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_every_kind_is_read(tmp_path: Path, name: str) -> None:
    path = archive(tmp_path, name)
    assert is_archive(path.name)
    assert dict(members(path)) == FILES


def test_several_frames_are_one_stream(tmp_path: Path) -> None:
    tar = tar_bytes(FILES)
    path = tmp_path / "x.tar.zst"
    path.write_bytes(zstandard.compress(tar[:700]) + zstandard.compress(tar[700:]))
    assert dict(members(path)) == FILES


def test_zeros_past_the_end_are_padding(tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(tar_bytes(FILES) + bytes(3 * archives.STREAM_BYTES))
    assert dict(members(tmp_path / "x.tar")) == FILES


def test_a_long_window_is_read(tmp_path: Path) -> None:
    parameters = zstandard.ZstdCompressionParameters.from_level(1, window_log=27)
    path = tmp_path / "x.tar.zst"
    path.write_bytes(zstandard.ZstdCompressor(compression_params=parameters).compress(tar_bytes(FILES)))
    assert dict(members(path)) == FILES


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kept", [0.0, 0.02, 0.3, 0.6, 0.9])
def test_a_truncated_archive_is_refused(tmp_path: Path, name: str, kept: float) -> None:
    path = archive(tmp_path, name, {f"{i}.txt": f"{i:x}".encode() * 900 for i in range(12)})
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    assert "truncated or damaged" in message(path)


def test_a_tar_cut_between_members_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(tar_bytes({"a": b"x" * 512, "b": b"y" * 512})[: 512 * 3])
    assert "ends without an end-of-archive block" in message(path)


def test_a_tar_cut_within_zeros_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(tar_bytes({"a": bytes(2000)})[: 512 * 4])
    assert "truncated or damaged" in message(path)


def test_a_missing_archive_is_refused(tmp_path: Path) -> None:
    assert "cannot be opened: No such file" in message(tmp_path / "x.tar")
    assert "cannot be opened: No such file" in message(tmp_path / "x.zip")


@pytest.mark.parametrize("name", ["../up.txt", "/etc/passwd", "a/../../b", "C:\\x.txt", "a\\..\\b"])
def test_a_name_that_escapes_is_refused(tmp_path: Path, name: str) -> None:
    assert "leads out of the archive" in message(archive(tmp_path, "x.tar", {name: b"x"}))
    if "\\" not in name:
        assert "leads out of the archive" in message(archive(tmp_path, "x.zip", {name: b"x"}))


def test_a_name_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    assert "not UTF-8" in message(archive(tmp_path, "x.tar", {"\udce9.txt": b"x"}))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    def change(member: tarfile.TarInfo) -> None:
        member.type, member.linkname, member.size = kind, "/etc/passwd", 0

    path = tmp_path / "x.tar"
    path.write_bytes(tar_bytes({"a.txt": b""}, change))
    assert "a link, device or sparse file: a.txt" in message(path)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_in_a_zip_are_refused(tmp_path: Path, kind: int) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(zip_bytes({"a.txt": b"/etc/passwd"}, mode=kind | 0o777))
    assert "a link or device: a.txt" in message(path)


@pytest.mark.parametrize("name", ["x.tar.gz", "x.tar.zst", "x.tar.xz", "x.tar.bz2", "x.zip"])
def test_a_bomb_is_refused(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "UNPACKED_FREE_BYTES", 1024)
    assert "a bomb" in message(archive(tmp_path, name, {"zeros": bytes(4_000_000)}))


@pytest.mark.parametrize("name", ["x.tar", "x.zip"])
def test_a_member_that_does_not_fit_in_memory_is_refused(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MEMBER_BYTES_LIMIT", 10)
    assert "a file larger than" in message(archive(tmp_path, name, {"long.txt": b"x" * 11}))


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path, "x.zip", {"a.txt": b"x"})
    content = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.rindex(signature) + flags] |= 1
    path.write_bytes(content)
    assert "cannot be unpacked" in message(path)
    assert "password" in message(path)


@pytest.mark.parametrize("declared", [5, 5_000_000])
def test_a_member_that_lies_about_its_size_is_refused(tmp_path: Path, declared: int) -> None:
    path = archive(tmp_path, "x.zip", {"a.txt": b"un deux trois " * 9})
    content = bytearray(path.read_bytes())
    for signature, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = content.rindex(signature) + place
        content[start : start + 4] = declared.to_bytes(4, "little")
    path.write_bytes(content)
    assert "truncated or damaged" in message(path)


def test_only_what_is_chosen_is_read(tmp_path: Path) -> None:
    for name in ("x.tar.gz", "x.zip"):
        path = archive(tmp_path, name, {f"{number}.txt": b"%d" % number for number in range(5)})
        assert dict(members(path, lambda number, path: number % 2 == 1 and path != "3.txt")) == {"1.txt": b"1"}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(NAMES), place=st.floats(0, 1), byte=st.integers(0, 255), cut=st.floats(0.2, 1))
def test_damage_never_shows_a_traceback(tmp_path: Path, name: str, place: float, byte: int, cut: float) -> None:
    path = archive(tmp_path, name)
    content = bytearray(path.read_bytes())
    content[int(place * (len(content) - 1))] = byte
    path.write_bytes(content[: int(len(content) * cut)] if cut < 0.9 else content)
    with contextlib.suppress(UnreadableError):
        list(members(path))
