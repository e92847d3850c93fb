"""The people of a parliament in TEI: what ParlaMint's lists of persons and organizations say of those who speak.

https://clarin-eric.github.io/ParlaMint/#sec-particDesc
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from lxml import etree

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.markup import tei, xml

PARTIES = {"politicalParty": "party", "parliamentaryGroup": "group"}
"""The role of an organization → what its members' facts call it."""
ABBREVIATED = frozenset({"abb", "init"})


class Membership(NamedTuple):
    """Of an organization, from one day to another; empty where it is open."""

    organization: str
    first: str
    last: str

    def holds(self, day: str) -> bool:
        """Whether it held on a day (ISO 8601); days of which only the year is known are compared by it."""
        return self.first <= day[: len(self.first)] and day[: len(self.last)] <= self.last


class Person(NamedTuple):
    """Somebody in a list."""

    name: str
    gender: str | None
    memberships: tuple[Membership, ...]


class People(NamedTuple):
    """What the lists of a corpus say."""

    persons: dict[str, Person]
    """By id, of those with a name."""
    parties: dict[str, tuple[str, str]]
    """Id → (what it is, of `PARTIES`; name)."""

    def facts(self, id_: str, day: str | None) -> dict[str, str]:
        """Gender, party and parliamentary group of a person; these two where the day is known."""
        person = self.persons.get(id_)
        if person is None:
            return {}
        held = [membership for membership in person.memberships if day and membership.holds(day)]
        stated = dict(
            self.parties[membership.organization] for membership in held if membership.organization in self.parties
        )
        return ({"gender": person.gender} if person.gender else {}) | stated


def together(lists: Iterable[People]) -> People:
    """Several lists as one; a later one's entry takes the place of an earlier one's."""
    people = People({}, {})
    for one in lists:
        people.persons.update(one.persons)
        people.parties.update(one.parties)
    return people


@lru_cache(maxsize=32)
def listed(file: SourceFile) -> People:
    """The people of a file that holds a list; a corpus of a thousand sittings shares it.

    Raises:
        UnreadableError: the file is not XML.
    """
    return people_of(xml.parse(file))


def people_of(root: etree._Element) -> People:
    """Every person and organization that an element holds."""
    persons = {id_: person for id_, person in map(_person, root.iter(tei.tag("person"))) if person.name}
    parties = {
        org.get(tei.XML_ID, ""): (PARTIES[org.get("role", "")], name)
        for org in root.iter(tei.tag("org"))
        if org.get("role") in PARTIES and (name := _org_name(org))
    }
    return People(persons, parties)


def _person(person: etree._Element) -> tuple[str, Person]:
    sex = person.find(tei.tag("sex"))
    gender = tei.gender(None if sex is None else sex.get("value"))
    return person.get(tei.XML_ID, ""), Person(_name(person), gender, tuple(_memberships(person)))


def _memberships(person: etree._Element) -> Iterator[Membership]:
    for affiliation in person.iterchildren(tei.tag("affiliation")):
        reference = affiliation.get("ref", "").removeprefix("#")
        if reference:
            when = affiliation.get("when", "")
            yield Membership(reference, affiliation.get("from", when), affiliation.get("to", when))


def _name(person: etree._Element) -> str:
    names = person.find(tei.tag("persName"))
    if names is None:
        return ""
    order = [tei.tag(part) for part in ("forename", "nameLink", "surname")]
    parts = [xml.text_of(part) for tag in order for part in names.iterchildren(tag)]
    return " ".join(filter(None, parts)) or xml.text_of(names)


def _org_name(org: etree._Element) -> str:
    """The abbreviation, by which parties are known, or else the first name."""
    names = list(org.iterchildren(tei.tag("orgName")))
    names.sort(key=lambda name: name.get("full") not in ABBREVIATED)
    return next(filter(None, map(xml.text_of, names)), "")
