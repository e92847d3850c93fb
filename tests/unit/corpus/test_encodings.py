"""Bytes in any encoding become the text that was meant, the same whether they come at once or as a stream."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clairiere.corpus.files import source_file as files
from clairiere.corpus.files.encodings import declared, guess
from clairiere.corpus.files.source_file import SourceFile
from clairiere.errors import UnreadableError

TEXT = "Ça alors ! Où étaient-ils, « là-bas » ?\nÀ Noël, l'été… L’œuvre coûte 5 €.\n"
LATIN_1 = "Ça alors ! Où étaient-ils, « là-bas » ?\n"


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16"),
        ("utf-32", "utf-32"),
        ("cp1252", "windows-1252"),
        ("mac-roman", "mac-roman"),
    ],
)
def test_the_encoding_is_found(encoding: str, name: str) -> None:
    file = SourceFile("a.txt", TEXT.encode(encoding))
    assert file.encoding is None
    assert file.read_text() == TEXT
    assert file.encoding == name
    assert [line for _, line in SourceFile("a.txt", TEXT.encode(encoding)).text_lines()] == TEXT.splitlines()
    assert file.head == TEXT


@pytest.mark.parametrize(("encoding", "name"), [("latin-1", "iso-8859-1"), ("cp850", "cp850")])
def test_older_encodings_are_found(encoding: str, name: str) -> None:
    file = SourceFile("a.txt", LATIN_1.encode(encoding))
    assert (file.read_text(), file.encoding) == (LATIN_1, name)


def test_the_marks_of_big_endian() -> None:
    assert SourceFile("a", b"\xfe\xff" + TEXT.encode("utf-16-be")).read_text() == TEXT
    assert SourceFile("a", b"\x00\x00\xfe\xff" + TEXT.encode("utf-32-be")).read_text() == TEXT


def test_a_declaration_is_heeded_where_it_is_true() -> None:
    cyrillic = '<meta charset="windows-1251"><p>Привет'
    file = SourceFile("a.html", cyrillic.encode("cp1251"))
    assert (file.read_text(), file.encoding) == (cyrillic, "cp1251")
    wrong = '<?xml version="1.0" encoding="Shift_JIS"?><p>déjà là, été</p>'
    assert SourceFile("a.xml", wrong.encode("cp1252")).read_text() == wrong
    utf_8 = '<meta charset="iso-8859-1"><p>déjà'
    assert SourceFile("a.html", utf_8.encode()).read_text() == utf_8


def test_html_in_iso_8859_1_may_hold_windows_1252() -> None:
    page = '<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1"><p>Œuvre… ½ §'
    file = SourceFile("a.html", page.encode("cp1252"))
    assert (file.read_text(), file.encoding) == (page, "windows-1252")


def test_only_charsets_can_be_declared() -> None:
    assert declared(b'<?xml encoding="koi8-r"?>') == "koi8-r"
    assert declared(b"<meta charset=utf-8>") == "utf-8"
    for name in (b"rot13", b"unicode_escape", b"idna", b"no-such", b"\xff"):
        assert declared(b'<?xml encoding="' + name + b'"?>') is None


def test_a_byte_that_windows_1252_leaves_free() -> None:
    assert SourceFile("a", LATIN_1.encode("latin-1") * 9 + b"\x81").read_text().endswith("\x81")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("déjà\nété ".encode() + b"\xe9t\xe9", 2),
        ("un\ndéjà\nété".encode()[:-1], 3),
        (bytes(range(1, 256)), 2),
        (b"\x89PNG\r\n\x1a\n\x01\x02\x03", 1),
        (b"un\n\xd0\xd1\xd7\xde\xbc\xb6\xac", 2),
    ],
)
def test_what_is_no_text_is_refused(content: bytes, line: int) -> None:
    file = SourceFile("dir/a.txt", content)
    for read in (file.read_text, lambda: list(file.text_lines())):
        with pytest.raises(
            UnreadableError, match="invalid UTF-8, and of no other encoding known here: byte 0x"
        ) as caught:
            read()
        assert caught.value.where == f"dir/a.txt:{line}"
    assert file.head


def test_a_stream_gives_what_comes_before_the_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "CHUNK_BYTES", 8)
    lines = SourceFile("a", "déjà\nlà\nun\n".encode() + b"\xe9t\xe9\n").text_lines()
    assert [next(lines) for _ in range(3)] == [(1, "déjà"), (2, "là"), (3, "un")]
    with pytest.raises(UnreadableError) as caught:
        next(lines)
    assert caught.value.where == "a:4"


@pytest.mark.parametrize("size", [4, 5, 7, 64])
def test_the_size_of_chunks_does_not_matter(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    text = "é\r\nun\rdeux\n\n\u2028trois🎉\r"
    monkeypatch.setattr(files, "CHUNK_BYTES", size)
    for encoding in ("utf-8", "utf-16"):
        file = SourceFile("a", text.encode(encoding))
        assert list(file.text_lines()) == [(1, "é"), (2, "un"), (3, "deux"), (4, ""), (5, "\u2028trois🎉")]
        assert file.read_text() == text


@pytest.mark.parametrize("text", ["", "\n", "un", "un\n", "un\n\ndeux", "\r\n\r"])
def test_lines_are_as_those_of_a_file(text: str) -> None:
    expected = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found = [line for _, line in SourceFile("a", text.encode()).text_lines()]
    assert found == (expected if expected[-1] else expected[:-1])


def test_a_nul_byte_names_its_line() -> None:
    lines = SourceFile("a", b"un\ndeux\ntr\0ois").text_lines()
    assert [next(lines), next(lines)] == [(1, "un"), (2, "deux")]
    with pytest.raises(UnreadableError, match="binary data: a NUL byte") as caught:
        next(lines)
    assert caught.value.where == "a:3"


def test_a_line_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clairiere.corpus.files.lines.LINE_CHARACTERS_LIMIT", 100)
    assert len(list(SourceFile("a", b"un\n" * 200).text_lines())) == 200
    lines = SourceFile("a", b"un\n" + b"x" * 101).text_lines()
    assert next(lines) == (1, "un")
    with pytest.raises(UnreadableError, match="a line of more than 100 characters") as caught:
        next(lines)
    assert caught.value.where == "a:2"


def test_a_line_of_100_megabytes_is_a_line() -> None:
    ((number, line),) = SourceFile("a", b"x" * 100_000_000).text_lines()
    assert (number, len(line)) == (1, 100_000_000)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_no_bytes_are_a_fault(content: bytes) -> None:
    assert isinstance(guess(content), str)
    with contextlib.suppress(UnreadableError):
        assert isinstance(SourceFile("a", content).read_text(), str)


def test_the_head_of_a_cut_character() -> None:
    assert guess("aé".encode()[:-1]) == "a"
    assert guess("a🎉".encode()[:-1]) == "a"
    assert guess("a…".encode()) == "a…"
