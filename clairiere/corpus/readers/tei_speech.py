"""Transcripts of speech in TEI: utterances (`u`), alone or in `annotationBlock`, as ISO 24624 and TEI_CORPO have them.

https://tei-c.org/release/doc/tei-p5-doc/en/html/TS.html · https://www.iso.org/standard/37338.html ·
https://ct3.ortolang.fr/teicorpo/

Utterances stand in order of the timeline, those without a time where the file has them. Sounds (`vocal`, `incident`)
and gaps become annotations; pauses, gestures, notes and the layers beside the words (`spanGrp`: morphology, phonetics,
translations) are left out. Where such a layer is one of CLAN's, the words are in the orthography of CHAT. Each
`text` of a corpus is a conversation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.markup import tei, xml
from clairiere.corpus.speech import chat
from clairiere.corpus.speech.conventions import annotation, spoken_turns
from clairiere.corpus.speech.transcript import (
    INAUDIBLE,
    NOISE,
    Utterance,
    distinct_names,
    iso_639_1,
    speaker_facts,
    speakers_meta,
    turns_by_time,
)
from clairiere.record import Document, Source

UTTERANCE, BLOCK = tei.tag("u"), tei.tag("annotationBlock")
SOUNDS = frozenset(map(tei.tag, ("vocal", "incident")))
SILENT = frozenset(map(tei.tag, ("note", "desc", "pause", "kinesic", "writing", "spanGrp", "span", "anchor", "shift")))
_CLAN_LAYERS = frozenset({"mor", "gra", "mod", "pho"})


def recognize(path: SourceFile) -> float:
    """A TEI file with a timeline or blocks of annotation, or with utterances that are not of a parliament."""
    if not tei.is_tei(path):
        return 0.0
    if re.search(rb"<(?:annotationBlock|timeline)[\s>]", path.start):
        return 0.96
    return 0.6 if re.search(rb"<u[\s>]", path.start) and b"ParlaMint" not in path.start else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    """The conversations of a file.

    Raises:
        UnreadableError: the file is not XML, or nobody says a word in it.
    """
    root = tei.parse(path, is_speech=True)
    names, facts = _people(root)
    kinds = {span.get("type") for span in root.iter(tei.tag("spanGrp"))}
    clean = chat.spoken_turns if kinds & _CLAN_LAYERS else spoken_turns
    times = _times(root)
    texts = [text for text in root.iter(tei.tag("text")) if next(text.iter(UTTERANCE), None) is not None]
    count = 0
    for number, text in enumerate(texts, start=1):
        turns, directions = clean(turns_by_time(_utterances(text, names, times)))
        if turns:
            count += 1
            meta = {"speakers": speakers_meta(turns, facts), "stage_directions": directions}
            yield path.document(
                turns,
                source=source,
                title=_title(root),
                locator=f"text={number}" if len(texts) > 1 else None,
                language=iso_639_1(tei.language(root) or ""),
                stated=tei.license_of(root),
                meta={key: value for key, value in meta.items() if value},
            )
    if count == 0:
        raise path.fail("a transcript without words", expected="utterances (u) with text")


def _title(root: etree._Element) -> str | None:
    """The title, unless it is TEI_CORPO's description of what it converted."""
    described = root.find(f".//{tei.tag('titleStmt')}/{tei.tag('title')}/{tei.tag('desc')}")
    return tei.title(root) if described is None else None


def _people(root: etree._Element) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """The name of each code, and what is known of each name."""
    people = {code: person for person in root.iter(tei.tag("person")) for code in _codes(person)}
    names = distinct_names(
        (
            code,
            xml.text_of(name) if (name := person.find(tei.tag("persName"))) is not None else "",
            person.get("role", ""),
        )
        for code, person in people.items()
    )
    return names, {names[code]: _facts(person) for code, person in people.items()}


def _codes(person: etree._Element) -> list[str]:
    codes = [person.get(tei.XML_ID), *(alternative.get("type") for alternative in person.iter(tei.tag("alt")))]
    return list(dict.fromkeys(code for code in codes if code))


def _facts(person: etree._Element) -> dict[str, str]:
    sex, age = (person.findtext(tei.tag(name)) for name in ("sex", "age"))
    role = person.get("role", "").replace("_", " ")
    return speaker_facts(
        role=role, gender=sex or person.get("sex"), age=(age or person.get("age") or "").strip(" \n.;")
    )


def _times(root: etree._Element) -> dict[str, float]:
    """The times of the timeline's points, counted from its first, in the order in which the file has them."""
    times: dict[str, float] = {}
    for point in root.iter(tei.tag("when")):
        try:
            elapsed = float(point.get("interval", "0"))
        except ValueError:
            continue
        times[point.get(tei.XML_ID, "")] = times.get(point.get("since", "").lstrip("#"), 0.0) + elapsed
    return times


def _utterances(text: etree._Element, names: dict[str, str], times: dict[str, float]) -> Iterator[Utterance]:
    time = 0.0
    for utterance in text.iter(UTTERANCE):
        block = utterance.getparent()
        holder = block if block is not None and block.tag == BLOCK else utterance
        time = times.get((holder.get("start") or utterance.get("start") or "").lstrip("#"), time)
        code = (holder.get("who") or utterance.get("who") or "").lstrip("#")
        yield Utterance(time, time, names.get(code, code) or None, "".join(_pieces(utterance)))


def _pieces(element: etree._Element) -> Iterator[str]:
    """The text of an utterance, words and segments apart."""
    yield element.text or ""
    for child in element:
        if child.tag in SOUNDS:
            description = xml.text_of(child) or child.get("type", "")
            yield f" {annotation(description) or NOISE} "
        elif child.tag == tei.tag("gap"):
            yield f" {INAUDIBLE} "
        elif child.tag not in SILENT:
            is_word = child.tag in {tei.tag("w"), tei.tag("seg")}
            yield from (" ", *_pieces(child)) if is_word else _pieces(child)
        yield child.tail or ""
