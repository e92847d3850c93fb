"""Transcripts of the CEFC (project ORFEO): a word per line in thirteen columns, sentences apart by an empty line.

https://www.projet-orfeo.fr/ · its README, "Format des fichiers .orfeo": the ten columns of CoNLL-U, then the times at
which the word begins and ends (in seconds, though the README says milliseconds) and the speaker.

Sentences were cut by a program and are no turns: they are put in order of time, and a turn is all that one speaker
says until another begins. A sentence is its `# text`, or its words where it has none or two speakers share it. Words
broken off ("s-~", "av~") end with a hyphen, names made anonymous are [PII], and the words of a set phrase
("parce#que") stand apart. Time alone decides: of 391,875 sentences 15,605 stand after one that begins later.

A TEI header of the same name tells the title, the kind of conversation and the speakers.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from lxml import etree

from clairiere.corpus import text
from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.markup import tei, xml
from clairiere.corpus.speech.transcript import PII, Utterance, speaker_facts, speakers_meta, turns_by_time
from clairiere.errors import UnreadableError
from clairiere.record import Document, Source, Turn

COLUMNS = 13
CATEGORIES = {
    "entretien": "interview",
    "conversation": "free-conversation",
    "repas": "free-conversation",
    "réunion": "meeting",
    "cours": "lecture",
    "discours": "lecture",
    "présentation publique": "lecture",
    "consultation": "assistance",
    "transaction": "assistance",
}
"""What the header calls a recording; a story, a broadcast or an explanation has the category of the source."""

_SENTENCE_END = re.compile(r"\n(?:[ \t]*\n)+")
_ROW = re.compile(r"\d+\t[^\t]+(?:\t[^\t]*){8}\t-?\d+(?:\.\d+)?\t-?\d+(?:\.\d+)?\t[^\t]*")
_TEXT = "# text = "
_BROKEN_OFF = re.compile(r"-?~+")
_ANONYMOUS = re.compile(r"NNAAMMEE|\*ANON\*")
_STARRED = re.compile(r"\*([^\s*]+)\*")


class _Header(NamedTuple):
    """What the TEI header tells of the recording."""

    title: str | None = None
    category: str | None = None
    language: str | None = None
    license: str | None = None
    speakers: dict[str, dict[str, str]] = {}  # noqa: RUF012  # never changed


def recognize(path: SourceFile) -> float:
    """Lines of thirteen columns of which two are times."""
    rows = [line for line in text.head_lines(path) if not line.startswith("#")]
    return 0.97 if rows and all(map(_ROW.fullmatch, rows)) else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    """The recording of a file.

    Raises:
        UnreadableError: a line without the thirteen columns or whose times are no numbers, or no sentence at all.
    """
    header = _header(path)
    turns = list(_joined(turns_by_time(_utterances(path))))
    if not turns:
        raise path.fail("no sentences", expected=f"lines of {COLUMNS} columns, an empty line after each sentence")
    speakers = speakers_meta(turns, header.speakers)
    yield path.document(
        turns,
        source=source,
        title=header.title,
        category=header.category,
        language=header.language,
        stated=header.license,
        meta={"speakers": speakers} if speakers else {},
    )


def _utterances(path: SourceFile) -> Iterator[Utterance]:
    """The sentences of a file, one utterance for each speaker of a sentence."""
    whole = path.read_text().replace("\r\n", "\n").replace("\r", "\n")
    for block in _SENTENCE_END.split(whole.strip("\n")):
        lines = block.split("\n")
        comments = sum(line.startswith("#") for line in lines)
        rows = lines[comments:]
        joined = "".join(rows)
        if not joined.strip():
            continue
        if joined.count("\t") != len(rows) * (COLUMNS - 1):
            raise _malformed(path)
        written = next((line[len(_TEXT) :] for line in lines[:comments] if line.startswith(_TEXT)), "")
        try:
            yield from _sentence(rows, written)
        except (ValueError, IndexError) as error:
            raise _malformed(path) from error


def _sentence(rows: list[str], written: str) -> Iterator[Utterance]:
    """As the utterance of its speaker, whose rows are not cut into columns, or of each of its speakers in turn."""
    _, start, _, speaker = rows[0].rsplit("\t", 3)
    ending = "\t" + speaker
    if written and all(row.endswith(ending) for row in rows):
        yield Utterance(float(start), 0.0, speaker, _words(written))
        return
    columns = [row.split("\t") for row in rows]
    for name, group in groupby(columns, key=operator.itemgetter(COLUMNS - 1)):
        words = list(group)
        yield Utterance(float(words[0][COLUMNS - 3]), 0.0, name, _words(" ".join(word[1] for word in words)))


def _words(written: str) -> str:
    """A sentence's words as they are read: "j' ai" and "j'ai" alike are one."""
    words = written.replace("' ", "'").replace("#", " ")
    if "~" in words:
        words = _BROKEN_OFF.sub("-", words)
    if "NNAAMMEE" in words or "*" in words:
        words = _STARRED.sub(lambda starred: starred[1].replace("_", " "), _ANONYMOUS.sub(PII, words))
    return words


def _joined(turns: list[Turn]) -> Iterator[Turn]:
    """Neighboring sentences of one speaker as one turn."""
    for speaker, run in groupby(turns, key=operator.attrgetter("speaker")):
        yield Turn(speaker, " ".join(turn.text for turn in run))


def _malformed(path: SourceFile) -> UnreadableError:
    """Names the first line that is none; a file in which each is, by itself, has them in a wrong place."""
    rows = ((number, line) for number, line in enumerate(text.lines(path), start=1) if line.strip() and line[0] != "#")
    number, line = next(((number, line) for number, line in rows if not _ROW.fullmatch(line)), (1, ""))
    return path.fail(
        f"a line of {line.count(chr(9)) + 1} columns: {line[:40]!r}",
        line=number,
        expected=f"{COLUMNS} columns separated by tabs: a number, a word … two times and the speaker",
    )


def _header(path: SourceFile) -> _Header:
    if path.companion is None:
        return _Header()
    root = xml.parse(path.companion)
    kinds = (
        category.get("target", "") for category in root.iter(tei.tag("catRef")) if category.get("corresp") == "type"
    )
    return _Header(
        title=tei.title(root),
        category=CATEGORIES.get(next(kinds, "").strip()),
        language=tei.language(root),
        license=tei.license_of(root),
        speakers={person.get(tei.XML_ID, ""): _facts(person) for person in root.iter(tei.tag("person"))},
    )


def _facts(person: etree._Element) -> dict[str, str]:
    sex, age, occupation = (person.findtext(tei.tag(name)) for name in ("sex", "age", "occupation"))
    return speaker_facts(gender=xml.collapse(sex or ""), age=age, occupation=occupation)
