"""Word documents (.docx): minutes of meetings as turns, everything else as one document of prose.

https://ecma-international.org/publications-and-standards/standards/ecma-376/ (WordprocessingML)

Minutes name the speaker in a paragraph of a style of its own ("Nom", "Intervenant", "Speaker") before what they say,
or at the beginning of a paragraph ("Name : words"). In minutes headings and paragraphs in parentheses are no speech:
they stand in `meta.stage_directions`, by the turn that they are in or before. Tables of contents, indexes, codes of
fields, deleted text, notes, headers and footers are left out; cells of a table are paragraphs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.markup import packages, xml
from clairiere.corpus.readers import debate_text
from clairiere.record import Document, Source, Turn

DOCUMENT = "word/document.xml"
STYLES = "word/styles.xml"
CORE = "docProps/core.xml"
LABELED_SHARE = 0.5
"""Of a document's paragraphs, headings among them, so many must bear labels to be turns."""
SPEAKER_STYLES = frozenset({"nom", "noms", "intervenant", "locuteur", "orateur", "speaker", "speaker name"})

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_LEFT_OUT = frozenset({f"{_W}{name}" for name in ("del", "moveFrom", "instrText", "delText", "rt")} | {_FALLBACK})
_CHARACTERS = {f"{_W}tab": " ", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
_APPARATUS = re.compile(r"(toc|index|tm|table of|header|footer|footnote|endnote)\b|(toc|index|tm)\s?\d")
_HEADING = re.compile(r"heading|titre|title|subtitle|sous-titre")
_ASIDE = re.compile(r"[(\[].*[)\]]\.?$", re.DOTALL)


@dataclass(frozen=True)
class Paragraph:
    """A paragraph and the name of its style, in lower case."""

    style: str
    text: str


@dataclass
class _Minutes:
    """What has been said so far, and by whom."""

    turns: list[Turn] = field(default_factory=list)
    directions: list[dict[str, Any]] = field(default_factory=list)
    speaker: str | None = None
    spoken: list[str] = field(default_factory=list)

    def close(self) -> None:
        if self.spoken:
            self.turns.append(Turn(self.speaker, "\n".join(self.spoken)))
        self.spoken = []


def recognize(path: SourceFile) -> float:
    """A zip file whose first members are those of a Word document."""
    names = packages.names(path)
    if b"word/" in names:
        return 0.95
    return 0.6 if names and path.suffix.lower() in {".docx", ".docm", ".dotx"} else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    """The document of a file.

    Raises:
        UnreadableError: it is no zip file, is damaged, holds no Word document, or one without text.
    """
    with packages.opened(path) as package:
        root = xml.parse(package.member(DOCUMENT))
        styles = _style_names(xml.parse(package.member(STYLES))) if STYLES in package else {}
        core = xml.parse(package.member(CORE)) if CORE in package else None
    paragraphs = [paragraph for paragraph in _paragraphs(root, styles) if not _APPARATUS.match(paragraph.style)]
    if not paragraphs:
        raise path.fail("a Word document without text", expected="paragraphs (w:p) in the body")
    turns, directions = _turns(paragraphs)
    title, author = (None if core is None else core.findtext(f"{_DC}{name}") for name in ("title", "creator"))
    meta = {"author": author, "stage_directions": directions}
    yield path.document(
        turns,
        source=source,
        title=xml.collapse(title or "") or next((item.text for item in paragraphs if _HEADING.match(item.style)), None),
        meta={key: value for key, value in meta.items() if value},
    )


def _style_names(root: etree._Element) -> dict[str, str]:
    """Id → name: an id is in the language of the Word that wrote the file."""
    names = {}
    for style in root.iter(f"{_W}style"):
        name = style.find(f"{_W}name")
        if name is not None:
            names[style.get(f"{_W}styleId", "")] = name.get(f"{_W}val", "").lower()
    return names


def _paragraphs(root: etree._Element, styles: dict[str, str]) -> Iterator[Paragraph]:
    """The paragraphs with text, in order."""
    for element in list(root.iter(*_LEFT_OUT)):
        parent = element.getparent()
        if parent is not None:
            parent.remove(element)
    for paragraph in root.iter(f"{_W}p"):
        text = _text(paragraph)
        style = paragraph.find(f"{_W}pPr/{_W}pStyle")
        id_ = "" if style is None else style.get(f"{_W}val", "")
        if text:
            yield Paragraph(styles.get(id_, id_).lower(), text)


def _text(paragraph: etree._Element) -> str:
    """The words of a paragraph; those of a text box in it are a paragraph of their own."""
    own = (run for run in paragraph.iter(f"{_W}t", *_CHARACTERS) if next(run.iterancestors(f"{_W}p")) is paragraph)
    pieces = [_CHARACTERS.get(run.tag) or run.text or "" for run in own]
    lines = "".join(pieces).split("\n")
    return "\n".join(line for line in map(xml.collapse, lines) if line)


def _turns(paragraphs: list[Paragraph]) -> tuple[list[Turn], list[dict[str, Any]]]:
    if any(paragraph.style in SPEAKER_STYLES for paragraph in paragraphs):
        return _minutes(paragraphs)
    if debate_text.are_turns([paragraph.text for paragraph in paragraphs], LABELED_SHARE):
        return list(debate_text.turns_of(paragraph.text for paragraph in paragraphs)), []
    return [Turn(None, "\n\n".join(paragraph.text for paragraph in paragraphs))], []


def _minutes(paragraphs: list[Paragraph]) -> tuple[list[Turn], list[dict[str, Any]]]:
    """Turns by the paragraphs that name a speaker; what stands before the first is nobody's."""
    minutes = _Minutes()
    for paragraph in paragraphs:
        is_speaker = paragraph.style in SPEAKER_STYLES
        is_heading = _HEADING.match(paragraph.style) is not None
        if is_speaker or is_heading:
            minutes.close()
            minutes.speaker = _name(paragraph.text) if is_speaker else None
        if is_heading or (_ASIDE.match(paragraph.text) and not is_speaker):
            minutes.directions.append({"turn": len(minutes.turns), "text": paragraph.text})
        elif not is_speaker:
            minutes.spoken.append(paragraph.text)
    minutes.close()
    return minutes.turns, minutes.directions


def _name(text: str) -> str | None:
    return xml.collapse(text).rstrip(" :\u00a0") or None
