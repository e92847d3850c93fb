"""Pages with reports of sittings of the Assemblée nationale, as its site has published them; one sitting per document.

https://www.assemblee-nationale.fr/14/debats/index.asp

A paragraph that begins with a name in bold begins a turn ("**M. Aubin.** Merci."), other paragraphs go on with it. What
stands in italics and in brackets is a stage direction, and so is a paragraph before anybody speaks; the summary,
headings, votes and tables are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.markup import html, xml
from clairiere.corpus.markup.orators import Orators, Sitting
from clairiere.corpus.markup.xml import ASIDE, FIELD, LINE, PART
from clairiere.corpus.speech.transcript import speakers_meta
from clairiere.record import Document, Source, Turn

_PUBLISHER = re.compile(rb"assemblee-nationale\.fr")
_HEADING = re.compile(rb"<h1 class=\"seance\"")
_MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)
_DAY = re.compile(rf"(\d{{1,2}})(?:er)?\s({'|'.join(_MONTHS)})\s(\d{{4}})")
_AFTER_LABEL = re.compile(r"^[.:](?!\.)\s*")  # the stop between a name and what is said, where it is not bold

_LABEL = "b[not(preceding-sibling::node()[normalize-space()])]"
_OFFICE = (
    "i[preceding-sibling::*[1][self::b][contains(substring(., string-length(.) - 1), ',')]]"
    "[not(preceding-sibling::*[1]/following-sibling::node()[1][self::text()][normalize-space()])]"
)
_SHEET = xml.stylesheet(
    f"""
    <xsl:template match="text()[not(ancestor::p)]|p[@class]|*[@id='somjo']|ul|table|script|style"/>
    <xsl:template match="h1|h2|h3|h4|h5|h6"/>
    <xsl:template match="h5[@class='presidence']" priority="1">
      {PART}{FIELD}{ASIDE}<xsl:value-of select="."/>{ASIDE}{PART}
    </xsl:template>
    <xsl:template match="p[not(@class)]">
      {PART}<xsl:value-of select="{_LABEL}"/>{FIELD}<xsl:value-of select="{_OFFICE}"/>{FIELD}{FIELD}
      <xsl:apply-templates/>{PART}
    </xsl:template>
    <xsl:template match="p/{_LABEL}|p/{_OFFICE}"/>
    <xsl:template match="i[starts-with(normalize-space(.), '(')]">
      {ASIDE}<xsl:value-of select="."/>{ASIDE}
    </xsl:template>
    <xsl:template match="br">{LINE}</xsl:template>
    """,
    "",
)


def recognize(path: SourceFile) -> float:
    """A page of the Assemblée with the heading of a sitting."""
    return 0.97 if _HEADING.search(path.start) and _PUBLISHER.search(path.start) else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    """The sitting of a page.

    Raises:
        UnreadableError: the file is binary, of no known encoding, too large or nested too deep, or nobody speaks in it.
    """
    root = html.parse(path, path.read_text())
    body = None if root is None else root.find("body")
    orators, sitting = Orators(), _Report()
    if body is not None:
        sitting.listen(xml.marked_text(path, body, _SHEET), orators.speaker)
    if body is None or not sitting.turns:
        raise path.fail("a sitting in which nobody speaks", expected="paragraphs that begin with a name in bold")
    title = xml.collapse("".join(body.xpath("string(.//h1[@class='seance'])")).replace("\u00a0", " "))
    speakers = speakers_meta(sitting.turns, orators.facts)
    meta = {"date": _date(title), "speakers": speakers, "stage_directions": sitting.directions}
    yield path.document(
        sitting.turns,
        source=source,
        title=title or None,
        language="fr",
        meta={key: value for key, value in meta.items() if value},
    )


class _Report(Sitting):
    """A sitting in which a paragraph without a name goes on with the turn before it."""

    def say(self, speaker: str | None, text: str) -> None:
        """Add a turn, or words to the last one."""
        text = _AFTER_LABEL.sub("", text).strip()
        if speaker is None and text and self.turns and not text.startswith("("):
            last = self.turns.pop()
            self.turns.append(Turn(last.speaker, f"{last.text}\n{text}"))
        else:
            super().say(speaker, text)


def _date(title: str) -> str | None:
    """The day that a title names: "Deuxième séance du mardi 29 janvier 2013" is of 2013-01-29."""
    day = _DAY.search(title)
    return f"{day[3]}-{_MONTHS.index(day[2]) + 1:02}-{int(day[1]):02}" if day else None
