"""The persons of a play in TEI: who speaks, from ids and printed labels, and what is known of each.

https://tei-c.org/release/doc/tei-p5-doc/en/html/ref-person.html ·
https://tei-c.org/release/doc/tei-p5-doc/en/html/ref-castItem.html
"""

from __future__ import annotations

import re

from lxml import etree

from clairiere.corpus.markup import tei, xml
from clairiere.corpus.markup.xml import FIELD

PERSONS = (tei.tag("person"), tei.tag("personGrp"))
LABEL_CHARACTERS = 60
"""A longer label tells what happens; it does not name anyone."""

_NAMES = (tei.tag("persName"), tei.tag("name"))
_DESCRIPTION = f"{tei.tag('trait')}[@source]/{tei.tag('desc')}"
_MENDED = re.compile(r"\w\[")
_AND = ("et ", "y ", "e ", "ed ", "und ", "and ")


class Cast:
    """The persons of a file: id → name, and name → gender, role and age where the file knows them."""

    def __init__(self, root: etree._Element) -> None:
        parts = [part for part in root if part.tag != tei.tag("text")]
        persons = [person for part in parts for person in part.iter(*PERSONS)]
        printed = [_printed_name(person) for person in persons]
        full = {person.get(tei.XML_ID): _full_name(name) for person, name in zip(persons, printed, strict=True)}
        self.names: dict[str, str] = _shortened(full)
        self.by_label: dict[str, str] = {name.casefold(): name for name in self.names.values()}
        self.facts: dict[str, dict[str, str]] = {}
        for person, name in zip(persons, printed, strict=True):
            self._learn(self.names.get(person.get(tei.XML_ID)), _facts(person, name))
        front = tei.part(root, "front")
        for description in () if front is None else front.iter(tei.tag("roleDesc")):
            self._learn(self._described(description), {"role": xml.text_of(description).strip(" .,")})
        self._spoken: dict[str, tuple[str | None, str]] = {"": (None, "")}

    def speaker(self, heading: str) -> tuple[str | None, str]:
        """Who speaks, and the stage direction in the printed label.

        Args:
            heading: the ids of `who`, separated by spaces, a `FIELD` mark, and what is printed before the speech.
        """
        found = self._spoken.get(heading)
        if found is None:
            who, _, label = heading.partition(FIELD)
            found = self._spoken[heading] = self._find(who, label.strip(" "))
        return found

    def _find(self, who: str, printed: str) -> tuple[str | None, str]:
        alone = self.names.get(who[1:]) if who.startswith("#") else None
        if alone is not None:  # as nearly always
            return alone, printed.partition(",")[2].strip(" ")
        ids = list(dict.fromkeys(id_.removeprefix("#") for id_ in who.split() if id_ != "#"))
        names = list(dict.fromkeys(self.names[id_] for id_ in ids if id_ in self.names))
        if len(ids) == 1 and names:
            return names[0], printed.partition(",")[2].strip(" ")
        label, direction = _split_label(printed, several=len(ids) > 1)
        if names and len(label) > LABEL_CHARACTERS:
            return ", ".join(names), printed
        return self.by_label.get(label.casefold(), label) or ", ".join(names) or None, direction

    def _learn(self, name: str | None, facts: dict[str, str | None]) -> None:
        """Note what is known of a person; what the header says of its gender, role or age stands."""
        if name is not None:
            known = self.facts.setdefault(name, {})
            known.update({key: value for key, value in facts.items() if value and key not in known})

    def _described(self, description: etree._Element) -> str | None:
        """Whom a description in the printed list of persons is about: the role before it."""
        role = next(description.itersiblings(tei.tag("role"), preceding=True), None)
        if role is None:
            return None
        name = self.names.get(role.get("corresp", "").removeprefix("#"))
        return name or self.by_label.get(_before_comma(xml.text_of(role)).casefold())


def _facts(person: etree._Element, printed: str) -> dict[str, str | None]:
    """What the header says of a person: "Argante, Mère de Lise" is a name and a role."""
    after_comma = printed.partition(",")[2].strip(" .,;:") if person.tag == PERSONS[0] else ""
    trait = person.find(_DESCRIPTION) if len(person) > 1 else None
    described = None if trait is None else xml.text_of(trait)
    return {
        "gender": tei.gender(person.get("gender") or person.get("sex")),
        "role": person.get("role") or after_comma or described,
        "age": person.get("age"),
    }


def _printed_name(person: etree._Element) -> str:
    return next((xml.text_of(child) for child in person if child.tag in _NAMES), "")


def _full_name(printed: str) -> str:
    return "" if _is_code(printed) else _tidy(printed)


def _is_code(printed: str) -> bool:
    """Whether it is a code ("GUARDS.1_Ham"), or a word that an editor has mended ("L[un Domestique]"), and no name."""
    return "_" in printed or ("[" in printed and _MENDED.search(printed) is not None)


def _shortened(full: dict[str, str]) -> dict[str, str]:
    """id → the name before its comma, or all of it where others share that: "Pierre, Père" and "Pierre, Fils"."""
    bearers: dict[str, set[str]] = {}
    for name in full.values():
        bearers.setdefault(_before_comma(name), set()).add(name)
    short = {id_: _before_comma(name) for id_, name in full.items()}
    return {id_: full[id_] if len(bearers[name]) > 1 else name for id_, name in short.items() if name}


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
    return _tidy(",".join(parts[:names])), ",".join(parts[names:]).strip(" ")


def _is_direction(part: str) -> bool:
    text = part.strip()
    return text[:1].islower() and not text.startswith(_AND)
