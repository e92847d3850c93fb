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

from lxml import etree

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.markup import tei, xml
from clairiere.corpus.markup.script import Script
from clairiere.corpus.markup.tei_cast import Cast
from clairiere.corpus.markup.xml import ASIDE, FIELD, LINE, PART
from clairiere.corpus.speech.transcript import speakers_meta
from clairiere.record import Document, Source

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
    if not tei.is_tei(path):
        return 0.0
    if _SPEECH.search(path.start):
        return 0.95
    return 0.9 if _CORPUS.search(path.head) else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    """The play of a file.

    Raises:
        UnreadableError: the file is not XML, has no body, or no text in it.
    """
    root = tei.parse(path)
    body = tei.part(root, "body")
    if body is None:
        raise path.fail("no text body", expected="a TEI document: <TEI><teiHeader>…<text><body>…")
    cast, script = Cast(root), Script(_spaced)
    if next(body.iter(SPEECH), None) is None:
        script.say(None, _told(body))
    else:
        script.listen(xml.marked_text(path, body, _SHEET), cast.speaker)
    if not script.turns:
        raise path.fail("a play without text", expected="speeches (sp) or paragraphs in the body")
    speakers = speakers_meta(script.turns, cast.facts)
    meta = {"author": tei.author(root), "speakers": speakers, "stage_directions": script.directions}
    yield path.document(
        script.turns,
        source=source,
        title=tei.title(root),
        language=tei.language(root),
        stated=tei.license_of(root),
        meta={key: value for key, value in meta.items() if value},
    )


def _told(body: etree._Element) -> str:
    """A play without speeches: paragraphs and stage directions, as prose."""
    tei.remove_apparatus(body)
    etree.strip_elements(body, *map(tei.tag, SILENT), with_tail=False)
    return tei.prose(iter([body]))


def _spaced(text: str) -> str:
    """Set phrases without their underscores."""
    return _JOINED.sub(" ", text) if "_" in text else text
