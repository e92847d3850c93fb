"""The recording that a transcript is of, where the file's name tells it with certainty.

Corpora of spoken French circulate in many formats: an interview of CFPP2000 as a TextGrid, in the CEFC as ORFEO and
TEI, among the examples of TEICORPO as CHAT. Transcripts of one recording are editions of one work, so that they never
stand on both sides of a split.

https://repository.ortolang.fr/api/content/cefc-orfeo/ · http://cfpp2000.univ-paris3.fr
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

CORPORA = frozenset(
    {"cfpb", "cfpp", "clapi", "coralrom", "crfp", "fleuron", "frenchoralnarrative", "ofrom", "tcof", "tufs", "valibel"}
)
"""Folders that are called as the corpora of the CEFC hold their recordings by name."""
SUFFIXES = frozenset({".cha", ".textgrid", ".orfeo", ".xml", ".eaf", ".trs", ".trjs", ".txt", ".ca", ".stm", ".ctm"})
CONVERTED = (".tei_corpo", ".tei", "-chat", "_chat")

_CFPP = re.compile(r"(?:[^\W\d_]+[_-])+[FHM][_-](?:\d{2}|X{1,2})(?:[_-].*)?[_-](?:\d{1,2}e|[A-Z][A-Za-z]{1,5})")
_VERSION = re.compile(r"-v\d+(?=-\d$|$)")


def work_of(path: str) -> str | None:
    """The recording's id, "cfpp/anitamussof4611e", for a transcript's path; None where the name does not tell it.

    Names of CFPP2000 tell who speaks, of which age and from where; others count in a folder that is called as their
    corpus. Versions (`-v2`) are of one recording, parts (`-1`, `-2`) are recordings of their own.
    """
    file = PurePosixPath(path)
    if file.suffix.lower() not in SUFFIXES:
        return None
    stem = _VERSION.sub("", _unconverted(file.stem))
    corpus = next((folder.lower() for folder in reversed(file.parent.parts) if folder.lower() in CORPORA), None)
    if corpus is None:
        corpus = "cfpp" if _CFPP.fullmatch(re.sub(r"-\d$", "", stem)) else None
    return None if corpus is None else f"{corpus}/{_plain(stem)}"


def _unconverted(stem: str) -> str:
    """The name without what a converter has added."""
    return next((stem.removesuffix(added) for added in CONVERTED if stem.lower().endswith(added)), stem)


def _plain(stem: str) -> str:
    """Letters without accents, and digits, in small letters: names differ in hyphens from one edition to another."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", stem))).casefold()
