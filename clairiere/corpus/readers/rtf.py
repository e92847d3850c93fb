"""Rich Text Format: the text of a file is one document of prose.

https://www.biblioscape.com/rtf15_spec.htm

Fonts, colors, styles, pictures, headers, footers, notes, fields' instructions and every destination that a reader may
ignore are left out. Characters are those of the code page that the file states, and of `\\u`.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from clairiere.corpus import text
from clairiere.corpus.files.source_file import SourceFile
from clairiere.record import Document, Source, Turn

LEFT_OUT = frozenset(
    str.split(
        "fonttbl colortbl stylesheet info pict object header headerl headerr headerf footer footerl footerr footerf "
        "footnote annotation fldinst themedata listtable listoverridetable rsidtbl generator datastore xmlnstbl "
        "filetbl revtbl latentstyles bkmkstart bkmkend"
    )
)
"""Destinations that hold no text of the document."""
WORDS = {
    "par": "\n\n", "sect": "\n\n", "page": "\n\n", "row": "\n\n", "line": "\n", "tab": "\t", "cell": "\t",
    "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "bullet": "•",
}  # fmt: skip
SYMBOLS = {"~": "\u00a0", "_": "-", "-": "", "\n": "\n\n", "\r": "\n\n"}
GROUPS_LIMIT = 1000

_TOKEN = re.compile(
    r"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\(\r\n|.)|([{}])|[\r\n]+|([^\\{}\r\n]+)", re.DOTALL
)


@dataclass(frozen=True)
class _State:
    """What holds inside a group."""

    left_out: bool = False
    replaced_characters: int = 1
    """How many characters stand after `\\u` for readers that do not know it."""


def recognize(path: SourceFile) -> float:
    """The first control word."""
    return 0.95 if path.start.startswith(b"{\\rtf") else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    """The text of a file.

    Raises:
        UnreadableError: it is no RTF, its groups nest too deep, or it has no text.
    """
    content = path.read_bytes()
    if not content.startswith(b"{\\rtf"):
        raise path.fail("no RTF: it does not begin with {\\rtf", expected="Rich Text Format")
    pieces = "".join(_pieces(path, content.decode("latin-1"), _code_page(content[:1024])))
    characters = pieces.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    body = text.paragraphs(characters.split("\n"))
    if not body.strip():
        raise path.fail("a document without text", expected="text outside of fonts, styles and pictures")
    yield path.document([Turn(None, body)], source=source)


def _code_page(start: bytes) -> str:
    found = re.search(rb"\\ansicpg(\d{3,5})", start)
    name = f"cp{found[1].decode()}" if found else "mac-roman" if b"\\mac" in start else "cp1252"
    try:
        return codecs.lookup(name).name
    except LookupError:
        return "cp1252"


def _pieces(path: SourceFile, content: str, code_page: str) -> Iterator[str]:
    stack = [_State()]
    skip = 0
    for match in _TOKEN.finditer(content):
        word, number, byte, symbol, brace, plain = match.groups()
        if brace:
            _nest(path, stack, brace, content.count("\n", 0, match.start()) + 1 if len(stack) > GROUPS_LIMIT else 0)
            skip = 0
        elif symbol == "*" or word in LEFT_OUT:
            stack[-1] = replace(stack[-1], left_out=True)
        elif word == "uc":
            stack[-1] = replace(stack[-1], replaced_characters=int(number or 1))
        elif not stack[-1].left_out:
            said = _said(word, number, byte, symbol, plain, code_page)
            if skip and (byte or plain):
                said, skip = said[skip:], max(0, skip - len(said))
            elif word == "u":
                skip = stack[-1].replaced_characters
            yield said


def _nest(path: SourceFile, stack: list[_State], brace: str, line: int) -> None:
    if brace == "{":
        if line:
            raise path.fail("groups that are nested too deep", line=line, expected=f"at most {GROUPS_LIMIT} levels")
        stack.append(stack[-1])
    elif len(stack) > 1:
        stack.pop()


def _said(
    word: str | None, number: str | None, byte: str | None, symbol: str | None, plain: str | None, code_page: str
) -> str:
    """The characters that a token stands for."""
    if plain:
        return plain if plain.isascii() else plain.encode("latin-1").decode(code_page, "replace")
    if byte:
        return bytes.fromhex(byte).decode(code_page, "replace")
    if word == "u":
        return chr(int(number or 0) % 0x10000)
    if word:
        return WORDS.get(word, "")
    return SYMBOLS.get(symbol[0], symbol) if symbol else ""
