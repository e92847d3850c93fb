"""The one record and what proves its license: License · Source · Provenance · Turn · Document · Verdict.

Everything here is frozen and does no input or output.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CATEGORIES = (
    "theatre",
    "free-conversation",
    "interview",
    "meeting",
    "debate",
    "parliament",
    "assistance",
    "lecture",
    "book",
    "encyclopedia",
    "legal",
    "newspaper",
    "instruction",
    "parallel",
    "code",
)
"""What kind of text a document is; of a document rather than of a source where they differ."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a license asks of those who reuse the work."""

    attribution: bool = False
    share_alike: bool = False
    non_commercial: bool = False
    no_derivatives: bool = False

    def __or__(self, other: Terms) -> Terms:
        """The strictest of both, term by term."""
        return Terms(
            attribution=self.attribution or other.attribution,
            share_alike=self.share_alike or other.share_alike,
            non_commercial=self.non_commercial or other.non_commercial,
            no_derivatives=self.no_derivatives or other.no_derivatives,
        )


@dataclass(frozen=True, kw_only=True)
class License:
    """An SPDX expression and the strictest of its members' terms.

    `id` is an SPDX id or an expression `A AND B`; a `LicenseRef-` is allowed where the source card gives its
    text and terms.
    """

    id: str
    terms: Terms
    members: tuple[License, ...] = ()
    """The licenses that an expression joins; empty for a single one."""

    def __and__(self, other: License) -> License:
        """Both licenses at once, equal members named once."""
        members = tuple({part.id: part for part in (*self.parts, *other.parts)}.values())
        if len(members) == 1:
            return members[0]
        return License(
            id=" AND ".join(member.id for member in members),
            terms=functools.reduce(operator.or_, (member.terms for member in members)),
            members=members,
        )

    @property
    def parts(self) -> tuple[License, ...]:
        """The members of an expression, or the license itself."""
        return self.members or (self,)


def join_licenses(work: str, edition: str) -> str:
    """The SPDX expression `work AND edition`, equal members named once."""
    parts = [part for expression in (work, edition) for part in _conjuncts(expression)]
    return " AND ".join(dict.fromkeys(parts))


def _conjuncts(expression: str) -> list[str]:
    if " OR " in expression.upper() or "(" in expression:
        return [f"({expression})"]
    return expression.split(" AND ")


@dataclass(frozen=True, kw_only=True)
class LicenseText:
    """What a source card says of a `LicenseRef-`: its text and its terms."""

    text: str
    terms: Terms


@dataclass(frozen=True, kw_only=True)
class Source:
    """Who holds the text, under which licenses, where it lies and how it is read.

    A license is None where the card does not prove it; the gate refuses such a source.
    """

    name: str
    title: str
    holder: str
    url: str
    citation: str
    language: str
    category: str
    work: License | None
    """Of the text itself."""
    edition: License | None
    """Of the files: transcription, encoding, annotation."""
    path: str
    """A file, folder or archive, resolved against the card's folder; `${VARIABLE}` stays where it is not set."""
    reader: str = "auto"
    include: tuple[str, ...] = ()
    """Glob patterns on paths inside the source; empty means every file."""
    exclude: tuple[str, ...] = ()
    manifest: str | None = None
    """A table (TSV) that gives the license file by file; a `manifest.tsv` beside the files is found by itself."""
    references: Mapping[str, LicenseText] = field(default_factory=dict)
    """The `LicenseRef-` ids that the card defines."""
    mapping: Mapping[str, str] = field(default_factory=dict)
    """What the columns or keys of a table or of JSON are: the record's name for it → the file's."""

    @property
    def license(self) -> License | None:
        """`work AND edition`, or None where either is not proven."""
        return None if self.work is None or self.edition is None else self.work & self.edition


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Enough to fetch the original again, or to take it down."""

    path: str
    """The file, relative to the source (inside the archive where it is one)."""
    locator: str | None
    """Where in the file: a line, an xml:id; None where the document is the whole file."""
    sha256: str
    """Digest of the file's raw bytes."""


@dataclass(frozen=True)
class Turn:
    """Who said what; never what to learn from it. Prose is one turn without a speaker."""

    speaker: str | None
    text: str


@dataclass(frozen=True, kw_only=True)
class Document:
    """One play, conversation, novel or article."""

    id: str
    """Stable across versions and machines: `<source>/<path>#<locator>`."""
    source: str | None
    language: str | None
    license: str | None
    category: str | None
    title: str | None
    turns: tuple[Turn, ...]
    provenance: Provenance
    meta: Mapping[str, Any] = field(default_factory=dict)
    """What else the file knows: `stage_directions`, `speakers`, `front_matter` …; plain JSON values."""

    def to_json(self) -> dict[str, Any]:
        """The document as `clairiere read --json` prints it."""
        return {
            "id": self.id,
            "source": self.source,
            "language": self.language,
            "license": self.license,
            "category": self.category,
            "title": self.title,
            "turns": [{"speaker": turn.speaker, "text": turn.text} for turn in self.turns],
            "provenance": {
                "path": self.provenance.path,
                "locator": self.provenance.locator,
                "sha256": self.provenance.sha256,
            },
            "meta": dict(self.meta),
        }

    @property
    def is_dialogue(self) -> bool:
        """Whether any turn names its speaker."""
        return any(turn.speaker is not None for turn in self.turns)

    @property
    def text_bytes(self) -> int:
        """UTF-8 bytes of all turns' text."""
        return sum(len(turn.text.encode()) for turn in self.turns)

    @property
    def word_count(self) -> int:
        """Whitespace-separated words of all turns."""
        return sum(len(turn.text.split()) for turn in self.turns)


@dataclass(frozen=True)
class Verdict:
    """What a filter decides of a document: keep it, or drop it with the reason."""

    reason: str | None = None
    """None keeps the document; a short slug ("too-short") drops it and is counted."""

    @property
    def keeps(self) -> bool:
        return self.reason is None


KEEP = Verdict()
