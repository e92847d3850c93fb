"""Sittings of parliaments in TEI: ParlaMint, and the edition of the French debates on marriage; one per document.

https://clarin-eric.github.io/ParlaMint/ · https://github.com/nlegrand/mariagepourtousInXML

In ParlaMint an utterance (`u`) is a turn. Who speaks is a person of the file itself, or of the corpus's lists
(`ParlaMint-ES-listPerson.xml`, `-listOrg.xml`, or its root) in the file's folder or above it, which also tell gender,
party and parliamentary group on the day; else the id gives the name ("#AnaMaríaOramas"), since ParlaMint makes ids of
names. The chair, who often has no id, is called by the role. In the French edition a speech (`sp`) is a turn, and
says who speaks, of which group and gender.

Applause, notes, interruptions told in brackets, and lines outside speeches are stage directions; headings are left
out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.files.surroundings import PARLIAMENT
from clairiere.corpus.markup import persons, tei, xml
from clairiere.corpus.markup.script import Script
from clairiere.corpus.markup.xml import ASIDE, FIELD, LINE, PART
from clairiere.corpus.speech.transcript import INAUDIBLE, speakers_meta
from clairiere.record import Document, Source

DEBATES = "http://mpt.ethelred.fr/ns/0.0/"
"""The namespace of the edition of the debates on marriage."""
METADATA = f"{{{DEBATES}}}metadata"
NOTES = ("note", "kinesic", "vocal", "incident", "gap", "writing", "stage")
ROLES = ("chair", "guest", "regular")
"""Who has the chair once is its holder, whatever else that person says there."""

_PARLAMINT = re.compile(rb"ParlaMint|ana=\"#parla\.")
_CAPITAL = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-ZÀ-Ý])")
_BRACKETED = re.compile(r"\([^()]*\)")
_AFTER_LABEL = re.compile(r"^[.:](?!\.)\s*")  # what a report prints between a label and the speech

_SHEET = xml.stylesheet(
    f"""
    <xsl:template match="t:u">
      {PART}<xsl:value-of select="@who"/>{FIELD}<xsl:value-of select="@ana"/>{FIELD}<xsl:apply-templates/>{PART}
    </xsl:template>
    <xsl:template match="t:sp">
      {PART}<xsl:value-of select="t:speaker"/>{FIELD}<xsl:apply-templates select="*[not(self::t:speaker)]"/>{PART}
    </xsl:template>
    <xsl:template match="{tei.union(["seg", *tei.BLOCKS[:7]])}">{LINE}<xsl:apply-templates/>{LINE}</xsl:template>
    <xsl:template match="t:head|t:pb"/>
    <xsl:template match="t:desc"><xsl:text> </xsl:text><xsl:apply-templates/></xsl:template>
    <xsl:template match="{tei.union(NOTES)}">{ASIDE}<xsl:apply-templates/>{ASIDE}</xsl:template>
    <xsl:template match="t:gap[@reason='inaudible']"><xsl:text> {INAUDIBLE} </xsl:text></xsl:template>
    <xsl:template match="m:interruption">{ASIDE}<xsl:value-of select="@text"/>{ASIDE}</xsl:template>
    """,
    f'xmlns:t="{tei.NAMESPACE}" xmlns:m="{DEBATES}"',
)


def recognize(path: SourceFile) -> float:
    """A TEI file of ParlaMint, or with the namespace of the debates on marriage."""
    if not tei.is_tei(path):
        return 0.0
    if DEBATES in path.head:
        return 0.98
    return 0.97 if _PARLAMINT.search(path.start) and b"<teiCorpus" not in path.start else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    """The sitting of a file.

    Raises:
        UnreadableError: the file is not XML, has no body, or nobody speaks in it.
    """
    root = tei.parse(path)
    body = tei.part(root, "body")
    if body is None:
        raise path.fail("no text body", expected="a sitting in TEI: <TEI><teiHeader>…<text><body>…")
    debate = root.nsmap.get("mpt") == DEBATES or next(body.iter(METADATA), None) is not None
    people = _Speeches(body) if debate else _Speakers(root, path)
    sitting = _Sitting()
    sitting.listen(xml.marked_text(path, body, _SHEET), people.speaker)
    if not sitting.turns:
        raise path.fail("a sitting in which nobody speaks", expected="utterances (u) or speeches (sp) with words")
    speakers = speakers_meta(sitting.turns, people.facts)
    meta = {"date": _date(root), "speakers": speakers, "stage_directions": sitting.directions}
    yield path.document(
        sitting.turns,
        source=source,
        title=_title(root),
        language=tei.language(root),
        stated=tei.license_of(root),
        meta={key: value for key, value in meta.items() if value},
    )


class _Sitting(Script):
    """A script in which nobody speaks outside speeches, and a report's own remarks stand in brackets."""

    def say(self, speaker: str | None, text: str) -> None:
        spoken = []
        for line in text.split("\n"):
            if speaker is None or _BRACKETED.fullmatch(line):
                self.direct(line.removeprefix("(").removesuffix(")"))
            else:
                spoken.append(line)
        super().say(speaker, _AFTER_LABEL.sub("", "\n".join(spoken)).strip())


class _Speakers:
    """The speakers of ParlaMint: from the lists of persons, or by their ids."""

    def __init__(self, root: etree._Element, path: SourceFile) -> None:
        lists = map(persons.listed, path.nearest(PARLIAMENT))
        self._people = persons.together([*lists, persons.people_of(root)])
        self._day = _date(root)
        self.facts: dict[str, dict[str, str]] = {}

    def speaker(self, heading: str) -> tuple[str | None, str]:
        """The person of an utterance, and no stage direction."""
        if FIELD not in heading:
            return None, ""
        who, _, ana = heading.partition(FIELD)
        id_ = who.strip().removeprefix("#")
        role = next((role for role in ROLES if f"#{role}" in ana.split()), None)
        person = self._people.persons.get(id_)
        name = person.name if person else _CAPITAL.sub(" ", id_) or role or "speaker"
        facts = self.facts.setdefault(name, self._people.facts(id_, self._day))
        if role and facts.get("role", ROLES[-1]) == ROLES[-1]:
            facts["role"] = role
        return name, ""


class _Speeches:
    """The speakers of the debates on marriage: each speech says what is known of its own."""

    def __init__(self, body: etree._Element) -> None:
        self.facts: dict[str, dict[str, str]] = {}
        for metadata in body.iter(METADATA):
            name, role = _name_and_office(metadata.getparent().findtext(tei.tag("speaker")) or "")
            chairs = metadata.get("interventiontype") == "régulation"
            stated = {
                "gender": tei.gender(metadata.get("gender")),
                "group": metadata.get("politicalgroup"),
                "role": "chair" if chairs else role,
            }
            facts = self.facts.setdefault(name, {})
            facts.update({key: value for key, value in stated.items() if value})

    def speaker(self, heading: str) -> tuple[str | None, str]:
        """The name in the label of a speech, and no stage direction."""
        return _name_and_office(heading)[0] or None, ""


def _name_and_office(label: str) -> tuple[str, str]:
    """ "Christiane Taubira, garde des sceaux." is a name and an office."""
    name, _, office = xml.collapse(label).partition(",")
    return name.strip(" ."), office.strip(" .")


def _title(root: etree._Element) -> str | None:
    """The main title in the document's language, or the first."""
    titles = list(tei.header(root).iterfind(f".//{tei.tag('titleStmt')}/{tei.tag('title')}"))
    own = [title for title in titles if title.get(tei.XML_LANG) == root.get(tei.XML_LANG)]
    return next((xml.text_of(title) for title in own + titles if xml.text_of(title)), None)


def _date(root: etree._Element) -> str | None:
    """The day of the sitting: that of the session's setting, or as the edition spells it."""
    header = tei.header(root)
    for place in ("settingDesc", "sourceDesc", "editionStmt", "creation"):
        for element in header.iter(tei.tag(place)):
            date = next(element.iter(tei.tag("date")), None)
            if date is not None:
                return date.get("when") or xml.text_of(date) or None
    return None
