"""Sittings in the open data of the Assemblée nationale ("syceron brut"): a paragraph with an orator is a turn.

https://data.assemblee-nationale.fr/travaux-parlementaires/debats ·
https://data.assemblee-nationale.fr/static/openData/repository/17/vp/syceronbrut/syseron.xml.zip

Neighboring paragraphs of one orator are turns of their own, as the report has them. What stands in italics between
brackets (applause, protests, suspensions) is a stage direction, and so is a paragraph without an orator; headings of
points are left out. A name keeps neither its title ("M.", "Mme", which tells the gender) nor its group in brackets,
which goes to what is known of the speaker, as does the office (`qualite`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.markup import xml
from clairiere.corpus.markup.orators import Orators, Sitting
from clairiere.corpus.markup.xml import ASIDE, FIELD, LINE, PART
from clairiere.record import Document, Source

NAMESPACE = "http://schemas.assemblee-nationale.fr/referentiel"

_SHEET = xml.stylesheet(
    f"""
    <xsl:template match="a:metadonnees|a:uid|a:seanceRef|a:sessionRef|a:point/a:texte"/>
    <xsl:template match="a:paragraphe">
      {PART}<xsl:apply-templates select="a:orateurs/a:orateur[1]"/>{FIELD}
      <xsl:apply-templates select="a:texte"/>{PART}
    </xsl:template>
    <xsl:template match="a:orateur">
      <xsl:value-of select="a:nom"/>{FIELD}<xsl:value-of select="a:qualite"/>{FIELD}
      <xsl:value-of select="ancestor::a:paragraphe[1]/@roledebat"/>
    </xsl:template>
    <xsl:template match="a:italique">
      <xsl:choose>
        <xsl:when test="starts-with(normalize-space(.), '(')">{ASIDE}<xsl:apply-templates/>{ASIDE}</xsl:when>
        <xsl:otherwise><xsl:apply-templates/></xsl:otherwise>
      </xsl:choose>
    </xsl:template>
    <xsl:template match="a:br">{LINE}</xsl:template>
    <xsl:template match="a:exposant[. = 'o']">°</xsl:template>
    <xsl:template match="a:contenu/text()|a:point/text()|a:quantiemes|a:sommaire|a:interExtraction/text()"/>
    """,
    f'xmlns:a="{NAMESPACE}"',
)


def recognize(path: SourceFile) -> float:
    """The Assemblée's namespace, around a report of a sitting."""
    return 0.97 if NAMESPACE in path.head and b"<compteRendu" in path.start else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    """The sitting of a file.

    Raises:
        UnreadableError: the file is not XML, holds no report, or nobody speaks in it.
    """
    root = xml.parse(path)
    content = root.find(_tag("contenu"))
    if content is None:
        raise path.fail("no content of a sitting", expected="<compteRendu> with <contenu>, <point> and <paragraphe>")
    orators, sitting = Orators(), Sitting(lambda text: text.replace("[[o]]", "°"))
    sitting.listen(xml.marked_text(path, content, _SHEET), orators.speaker)
    if not sitting.turns:
        raise path.fail("a sitting in which nobody speaks", expected="paragraphs (paragraphe) with an orator and words")
    facts = {name: facts for name, facts in orators.facts.items() if facts}
    meta = {"date": _date(root), "speakers": facts, "stage_directions": sitting.directions}
    yield path.document(
        sitting.turns,
        source=source,
        title=_title(root),
        language="fr",
        meta={key: value for key, value in meta.items() if value},
    )


def _title(root: etree._Element) -> str | None:
    """The day and the number of the sitting in the session, as the report spells them."""
    day, number = (_stated(root, name) for name in ("dateSeanceJour", "numSeance"))
    return f"Séance n° {number} du {day}" if number and day else day or None


def _stated(root: etree._Element, name: str) -> str:
    return xml.collapse(root.findtext(f"{_tag('metadonnees')}/{_tag(name)}") or "")


def _date(root: etree._Element) -> str | None:
    """The day: `20250523213000000` is 2025-05-23."""
    digits = _stated(root, "dateSeance")
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}" if re.match(r"\d{8}", digits) else None


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"
