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
from clairiere.corpus.tei_cast import Cast
from clairiere.corpus.xml import ASIDE, FIELD, LINE, PART
from clairiere.record import Document, Source, Turn

SPEECH = tei.tag("sp")
SILENT = ("head", "castList", "trailer", "argument", "set", "epigraph", "docTitle", "byline")
"""What stands in the body and is never spoken."""

_SPEECH = re.compile(rb"<sp[\s>]")
_CORPUS = re.compile(r"dracor|theatre-classique", re.IGNORECASE)
_JOINED = re.compile(r"(?<=\w)_(?=\w)")

# A division with speeches is a chain of parts: who, label and words of a speech, or lines that nobody speaks.
_SHEET = tei.stylesheet(f"""
<xsl:template match="/"><xsl:apply-templates select="*/*" mode="division"/></xsl:template>
<xsl:template match="*" mode="division">
  <xsl:choose>
    <xsl:when test="descendant::t:sp">{PART}<xsl:apply-templates select="*" mode="division"/>{PART}</xsl:when>
    <xsl:otherwise><xsl:call-template name="end"/>{LINE}<xsl:apply-templates select="."/>{LINE}</xsl:otherwise>
  </xsl:choose>
</xsl:template>
<xsl:template match="t:sp" mode="division">
  {PART}<xsl:value-of select="@who"/>
  {FIELD}<xsl:apply-templates select="t:speaker"/>
  {FIELD}<xsl:apply-templates select="*" mode="speech"/>
</xsl:template>
<xsl:template match="t:speaker"><xsl:apply-templates/><xsl:text> </xsl:text></xsl:template>
<xsl:template match="t:speaker" mode="speech"/>
<xsl:template match="*" mode="speech">{LINE}<xsl:apply-templates select="."/></xsl:template>
<xsl:template match="t:l|t:p" mode="speech">{LINE}<xsl:apply-templates/></xsl:template>
<xsl:template match="{tei.union(tei.BLOCKS)}">{LINE}<xsl:apply-templates/>{LINE}</xsl:template>
<xsl:template match="t:stage">{ASIDE}<xsl:apply-templates/>{ASIDE}</xsl:template>
<xsl:template match="t:stage//t:stage"><xsl:apply-templates/></xsl:template>
<xsl:template match="t:lb[not(@break = 'no')]"><xsl:text> </xsl:text></xsl:template>
<xsl:template match="{tei.union(tei.APPARATUS + SILENT)}" priority="1"/>
<xsl:template match="{tei.union(tei.APPARATUS + SILENT)}" priority="1" mode="division">
  <xsl:call-template name="end"/>
</xsl:template>
<xsl:template name="end"><xsl:if test="preceding-sibling::*[1][self::t:sp]">{PART}</xsl:if></xsl:template>
""")


def recognize(path: SourceFile) -> float:
    """A TEI file with speeches, or of a corpus of drama."""
    if tei.NAMESPACE not in path.head:
        return 0.0
    if _SPEECH.search(path.start):
        return 0.95
    return 0.9 if _CORPUS.search(path.head) else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    """The play of a file.

    Raises:
        UnreadableError: the file is not XML, has no body, or no text in it.
    """
    root = xml.parse(path)
    body = tei.part(root, "body")
    if body is None:
        raise path.fail("no text body", expected="a TEI document: <TEI><teiHeader>…<text><body>…")
    play = _Play(Cast(root))
    if next(body.iter(SPEECH), None) is None:
        play.tell(body)
    else:
        play.listen(xml.marked_text(path, body, _SHEET))
    if not play.turns:
        raise path.fail("a play without text", expected="speeches (sp) or paragraphs in the body")
    yield path.document(
        play.turns, source=source, title=tei.title(root), language=tei.language(root), meta=play.meta(tei.author(root))
    )


class _Play:
    """Turns and stage directions, in the order of the text."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.turns: list[Turn] = []
        self.directions: list[dict[str, Any]] = []

    def tell(self, body: etree._Element) -> None:
        """A play without speeches: paragraphs and stage directions, as prose."""
        tei.remove_apparatus(body)
        etree.strip_elements(body, *map(tei.tag, SILENT), with_tail=False)
        self._add(None, tei.prose(iter([body])))

    def listen(self, marked: str) -> None:
        """The parts of a play: speeches, and what nobody speaks."""
        speaker_of = self.cast.speaker
        for part in marked.split(PART):
            heading, _, words = part.rpartition(FIELD)
            speaker, direction = speaker_of(heading)
            if direction:
                self._direct(direction)
            if ASIDE in words:
                words = self._without_directions(words)
            self._add(speaker, words.strip(" \n"))

    def _without_directions(self, words: str) -> str:
        """The words around the stage directions, which go where they belong."""
        pieces = words.split(ASIDE)
        for direction in pieces[1::2]:
            self._direct(direction.strip(" \n").replace("\n", " "))
        left = "".join(pieces[::2])
        while "  " in left:
            left = left.replace("  ", " ")
        left = left.replace(" \n", "\n").replace("\n ", "\n")
        while "\n\n" in left:
            left = left.replace("\n\n", "\n")
        return left

    def meta(self, author: str | None) -> dict[str, Any]:
        """What the file knows beside the turns."""
        present = dict.fromkeys(turn.speaker for turn in self.turns if turn.speaker is not None)
        speakers = {name: self.cast.facts[name] for name in present if self.cast.facts.get(name)}
        found = {"author": author, "speakers": speakers, "stage_directions": self.directions}
        return {key: value for key, value in found.items() if value}

    def _direct(self, text: str) -> None:
        if text:
            self.directions.append({"turn": len(self.turns), "text": _spaced(text)})

    def _add(self, speaker: str | None, text: str) -> None:
        if text:
            self.turns.append(Turn(speaker, _spaced(text)))


def _spaced(text: str) -> str:
    """Set phrases without their underscores."""
    return _JOINED.sub(" ", text) if "_" in text else text
