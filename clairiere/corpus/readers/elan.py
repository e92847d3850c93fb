"""Transcripts of ELAN (.eaf): a tier for each speaker, an annotation for each utterance.

https://www.mpi.nl/tools/elan/EAF_Annotation_Format_3.0_and_ELAN.pdf

A tier's speaker is its PARTICIPANT, else its own name. Dependent tiers (translations, glosses, morphology, phonetics)
and tiers with a controlled vocabulary or of a kind that is no speech are left out; the dependent tier of texts under
one of mere references ("ref" over "tx") is read in its place. Where some tiers are of the kind "orthography" or the
like, only they are speech. A time slot without a value has that of the slot before it. Utterances of CLAN's `chat2elan`
are in the orthography of CHAT.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.markup import xml
from clairiere.corpus.speech import chat
from clairiere.corpus.speech.conventions import spoken_turns
from clairiere.corpus.speech.tiers import ANNOTATIONS, NAMELESS, SPEECH, WORDS
from clairiere.corpus.speech.transcript import Utterance, name_and_role, speaker_facts, speakers_meta, turns_by_time
from clairiere.record import Document, Source

MILLISECONDS = 1000
_INTEGER = re.compile(r"[0-9]{1,12}")
_CHAT_KINDS = frozenset({"mor", "%mor", "pho", "%pho", "gra", "%gra"})


@dataclass(frozen=True)
class _Tier:
    element: etree._Element
    kind: str
    """Its linguistic type."""
    parent: str | None
    is_closed: bool
    """Whether its values come from a controlled vocabulary."""

    @property
    def id(self) -> str:
        return str(self.element.get("TIER_ID", ""))

    @property
    def speaker(self) -> tuple[str | None, str | None]:
        """Name and role; a tier under one of references is named for what follows the "@" ("tx@SP")."""
        label = self.element.get("PARTICIPANT", "").strip() or self.id.lstrip("*").rpartition("@")[2]
        return name_and_role("" if label.casefold() in NAMELESS else label)


def recognize(path: SourceFile) -> float:
    """The root element."""
    return 0.98 if re.search(r"<ANNOTATION_DOCUMENT[\s>]", path.head) else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    """The conversation of a file.

    Raises:
        UnreadableError: the file is not XML or not of ELAN, a time slot is missing, or no tier holds speech.
    """
    root = xml.parse(path)
    if root.tag != "ANNOTATION_DOCUMENT":
        raise path.fail(f"a root element {root.tag}", line=1, expected="ANNOTATION_DOCUMENT, as ELAN writes it")
    tiers = _tiers(root)
    times = _times(path, root)
    facts: dict[str, dict[str, str]] = {}
    utterances: list[Utterance] = []
    for tier in _speech(tiers):
        name, role = tier.speaker
        if name is not None:
            facts[name] = speaker_facts(role=role)
        utterances += (Utterance(*times[id_], name, text) for id_, text in _annotations(path, tier, times))
    is_chat = any(tier.kind in _CHAT_KINDS for tier in tiers)
    turns, directions = (chat.spoken_turns if is_chat else spoken_turns)(turns_by_time(utterances))
    if not turns:
        raise path.fail("a transcript without speech", expected="a tier of utterances for each speaker")
    meta = {"speakers": speakers_meta(turns, facts), "stage_directions": directions}
    yield path.document(turns, source=source, meta={key: value for key, value in meta.items() if value})


def _tiers(root: etree._Element) -> list[_Tier]:
    closed = {kind.get("LINGUISTIC_TYPE_ID") for kind in root.iter("LINGUISTIC_TYPE") if _is_closed(kind)}
    kinds = ((tier, tier.get("LINGUISTIC_TYPE_REF", "")) for tier in root.iter("TIER"))
    return [_Tier(tier, kind, tier.get("PARENT_REF"), kind in closed) for tier, kind in kinds]


def _is_closed(kind: etree._Element) -> bool:
    return kind.get("CONTROLLED_VOCABULARY_REF") is not None


def _speech(tiers: list[_Tier]) -> list[_Tier]:
    """The tiers of speech."""
    references = {tier.id for tier in tiers if tier.parent is None and tier.kind.casefold() == "ref"}
    texts = [tier for tier in tiers if tier.parent in references and tier.kind.casefold() in SPEECH]
    roots = [tier for tier in tiers if tier.parent is None and not tier.is_closed and not _is_annotation(tier)]
    certain = [tier for tier in roots if tier.kind.casefold() in SPEECH]
    return texts or certain or roots


def _is_annotation(tier: _Tier) -> bool:
    names = {tier.kind.lstrip("%"), tier.id.lstrip("%").partition("@")[0]}
    words = {name for name in names if not name.isupper()}  # in CHAT "MOT" is the mother
    return not {name.casefold() for name in names}.isdisjoint(ANNOTATIONS) or not words.isdisjoint(WORDS)


def _times(path: SourceFile, root: etree._Element) -> dict[str, tuple[float, float]]:
    """The times in seconds of each annotation; one that refers to another has the other's."""
    slots: dict[str, float] = {}
    time = 0.0
    for slot in root.iter("TIME_SLOT"):
        value = slot.get("TIME_VALUE", "")
        time = int(value) / MILLISECONDS if _INTEGER.fullmatch(value) else time
        slots[slot.get("TIME_SLOT_ID", "")] = time
    times: dict[str, tuple[float, float]] = {}
    for annotation in root.iter("ALIGNABLE_ANNOTATION"):
        ends = slots.get(annotation.get("TIME_SLOT_REF1", "")), slots.get(annotation.get("TIME_SLOT_REF2", ""))
        if ends[0] is None or ends[1] is None:
            raise path.fail(
                "an annotation whose time slot is missing", line=annotation.sourceline, expected="TIME_ORDER"
            )
        times[annotation.get("ANNOTATION_ID", "")] = ends[0], ends[1]
    for annotation in root.iter("REF_ANNOTATION"):
        referred = times.get(annotation.get("ANNOTATION_REF", ""))
        if referred is not None:
            times[annotation.get("ANNOTATION_ID", "")] = referred
    return times


def _annotations(path: SourceFile, tier: _Tier, times: dict[str, tuple[float, float]]) -> Iterator[tuple[str, str]]:
    """(id, text) of each annotation of a tier."""
    for annotation in tier.element.iter("ALIGNABLE_ANNOTATION", "REF_ANNOTATION"):
        id_ = annotation.get("ANNOTATION_ID", "")
        if id_ not in times:
            raise path.fail(
                f"an annotation without a time: {id_}", line=annotation.sourceline, expected="one it refers to"
            )
        yield id_, annotation.findtext("ANNOTATION_VALUE") or ""
