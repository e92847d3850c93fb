"""Plays in TEI drama, as the DraCor corpora publish them: one play per document, one speech (`sp`) per turn.

https://tei-c.org/release/doc/tei-p5-doc/en/html/DR.html · https://dracor.org/doc/odd

A speaker is named as the person in the header whom `who` points to. Where it points to several, the printed label
names them ("TOUS"); a stage direction after the label's comma ("BEAUCORNET, seul.") goes to the stage directions.
Lines of verse and paragraphs of one speech are joined by a line break. Text of the body that nobody speaks (a
prologue, a song, an argument) is a turn without a speaker; heads, notes, lists of persons, front and back matter are
left out, so that a play keeps about four fifths of the words between its `text` tags. A play without speeches, which
tells its plot in paragraphs and stage directions, becomes prose.

Théâtre Classique joins the words of set phrases by an underscore ("Mon_Dieu"); they are given back their spaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from clairiere.corpus import tei, xml
from clairiere.corpus.files import SourceFile
from clairiere.record import Document, Source, Turn

SPEECH, STAGE, SPEAKER = tei.tag("sp"), tei.tag("stage"), tei.tag("speaker")
SILENT = tuple(map(tei.tag, ("head", "castList", "trailer", "argument", "set", "epigraph", "docTitle", "byline")))
"""What stands in the body and is never spoken."""
LABEL_CHARACTERS = 60
"""A longer label tells what happens; it does not name anyone."""

_JOINED = re.compile(r"(?<=\w)_(?=\w)")
_NO_NAME = re.compile(r"_|\w\[")  # a code ("GUARDS.1_Ham") or an editor's correction inside a word ("L[un Domestique]")
_AND = ("et ", "y ", "e ", "ed ", "und ", "and ")


def recognize(path: SourceFile) -> float:
    """A TEI file with speeches, or of a corpus of drama."""
    if tei.NAMESPACE not in path.head:
        return 0.0
    if re.search(rb"<sp[\s>]", path.read_bytes()):
        return 0.95
    return 0.9 if re.search(r"dracor|theatre-classique", path.head, re.IGNORECASE) else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    """The play of a file.

    Raises:
        UnreadableError: the file is not XML, has no body, or no text in it.
    """
    root = xml.parse(path)
    body = root.find(f"{tei.tag('text')}/{tei.tag('body')}")
    if body is None:
        raise path.fail("no text body", expected="a TEI document: <TEI><teiHeader>…<text><body>…")
    tei.remove_apparatus(body)
    etree.strip_elements(body, *SILENT, with_tail=False)
    play = _Play(_Cast(root))
    if next(body.iter(SPEECH), None) is None:
        play.tell(body)
    else:
        play.listen(body)
    if not play.turns:
        raise path.fail("a play without text", expected="speeches (sp) or paragraphs in the body")
    yield path.document(
        play.turns, source=source, title=tei.title(root), language=tei.language(root), meta=play.meta(tei.author(root))
    )


class _Cast:
    """The persons of the header: id → name, and what is known of each name."""

    def __init__(self, root: etree._Element) -> None:
        persons = list(root.iter(tei.tag("person"), tei.tag("personGrp")))
        full = {person.get(tei.XML_ID): _full_name(person) for person in persons}
        short = {id_: _before_comma(name) for id_, name in full.items()}
        crowded = {name for name in short.values() if len({full[i] for i in full if short[i] == name}) > 1}
        self.names: dict[str, str] = {i: full[i] if name in crowded else name for i, name in short.items() if name}
        self.by_label: dict[str, str] = {name.casefold(): name for name in self.names.values()}
        self.sexes: dict[str, str] = {
            self.names[person.get(tei.XML_ID)]: person.get("sex", "").lower()
            for person in persons
            if person.get(tei.XML_ID) in self.names and person.get("sex", "UNKNOWN") != "UNKNOWN"
        }

    def speaker(self, speech: etree._Element) -> tuple[str | None, str]:
        """Who speaks, and the stage direction in the printed label."""
        ids = [id_.removeprefix("#") for id_ in speech.get("who", "").split() if id_ != "#"]
        names = list(dict.fromkeys(self.names[id_] for id_ in ids if id_ in self.names))
        printed = " ".join(xml.text_of(element) for element in speech.iterchildren(SPEAKER))
        label, direction = _split_label(printed, several=len(ids) > 1)
        if len(names) == 1 and len(set(ids)) == 1:
            return names[0], direction
        if names and len(label) > LABEL_CHARACTERS:
            return ", ".join(names), printed
        return self.by_label.get(label.casefold(), label) or ", ".join(names) or None, direction


class _Play:
    """Turns and stage directions, in the order of the text."""

    def __init__(self, cast: _Cast) -> None:
        self.cast = cast
        self.turns: list[Turn] = []
        self.directions: list[dict[str, Any]] = []

    def tell(self, body: etree._Element) -> None:
        """A play without speeches: paragraphs and stage directions, as prose."""
        self._add(None, tei.prose(iter([body])))

    def listen(self, container: etree._Element) -> None:
        """The speeches and stage directions of a division and its divisions."""
        unspoken: list[str] = []
        for element in container:
            if next(element.iter(SPEECH), None) is None:
                unspoken += self._lines(element)
                continue
            self._add(None, "\n".join(unspoken))
            unspoken = []
            if element.tag == SPEECH:
                self._speech(element)
            else:
                self.listen(element)
        self._add(None, "\n".join(unspoken))

    def meta(self, author: str | None) -> dict[str, Any]:
        present = dict.fromkeys(turn.speaker for turn in self.turns if turn.speaker is not None)
        speakers = {name: {"sex": self.cast.sexes[name]} for name in present if name in self.cast.sexes}
        found = {"author": author, "speakers": speakers, "stage_directions": self.directions}
        return {key: value for key, value in found.items() if value}

    def _speech(self, speech: etree._Element) -> None:
        speaker, direction = self.cast.speaker(speech)
        if direction:
            self.directions.append({"turn": len(self.turns), "text": direction})
        lines = [line for child in speech if child.tag != SPEAKER for line in self._lines(child)]
        self._add(speaker, "\n".join(lines))

    def _lines(self, element: etree._Element) -> list[str]:
        """The lines of an element; the stage directions in it go where they belong."""
        if element.tag == STAGE:
            self._direct(element)
            return []
        stages = [stage for stage in element.iter(STAGE) if next(stage.iterancestors(STAGE), None) is None]
        for stage in stages:
            self._direct(stage)
        if stages:
            etree.strip_elements(element, STAGE, with_tail=False)
        return [text for _, text in tei.blocks(element)]

    def _direct(self, element: etree._Element) -> None:
        text = xml.text_of(element)
        if text:
            self.directions.append({"turn": len(self.turns), "text": _JOINED.sub(" ", text)})

    def _add(self, speaker: str | None, text: str) -> None:
        if text:
            self.turns.append(Turn(speaker, _JOINED.sub(" ", text) if "_" in text else text))


def _full_name(person: etree._Element) -> str:
    name = next(person.iterchildren(tei.tag("persName"), tei.tag("name")), None)
    text = "" if name is None else xml.text_of(name)
    return "" if _NO_NAME.search(text) else _tidy(text)


def _before_comma(name: str) -> str:
    return _tidy(name.partition(",")[0])


def _tidy(label: str) -> str:
    """A name without an editor's brackets and the printer's stop, its first letter a capital."""
    bare = label.replace("[", "").replace("]", "").strip(" .,:;")
    return bare[:1].upper() + bare[1:]


def _split_label(printed: str, *, several: bool) -> tuple[str, str]:
    """The name and the direction of a label: "LONJUMEL, souriant." or, of several, "RISETTE, ÉVELINA, en duo."."""
    parts = printed.split(",")
    names = 1
    while several and names < len(parts) and not _is_direction(parts[names]):
        names += 1
    return _tidy(",".join(parts[:names])), xml.collapse(",".join(parts[names:]))


def _is_direction(part: str) -> bool:
    text = part.strip()
    return text[:1].islower() and not text.startswith(_AND)
