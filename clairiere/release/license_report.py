"""How the model's license follows from its sources, as data and as text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from clairiere.corpus.licenses.gate import Gate, parse
from clairiere.corpus.licenses.policies import CC_CONSERVATIVE, CLAIRE, Policy
from clairiere.corpus.licenses.terms import NO_TERMS
from clairiere.errors import LicenseError
from clairiere.record import License
from clairiere.release.facts import missing, require

UNPROVEN = "not proven"
_REFERENCE = re.compile(r"LicenseRef-[A-Za-z0-9.-]+")


@dataclass(frozen=True, kw_only=True)
class Admitted:
    """A source that the model may have learned from."""

    name: str
    licenses: tuple[str, ...]
    """SPDX expressions, several where they differ file by file; empty where a person admitted it without one."""
    reason: str
    override: Mapping[str, str] | None
    """`name` and `reason` of the person who admitted what the policy refuses."""


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A source that the gate kept out, and why."""

    name: str
    license: str | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class LicenseReport:
    """What the model may be published under, by which policy, from which sources."""

    license: str
    policy: str
    policy_text: str
    reaches: tuple[str, ...]
    """The terms that reach the weights by the policy."""
    other: str
    """The policy of the other reading: the cautious one, or where that is the recipe's, Claire's."""
    admitted: tuple[Admitted, ...]
    refused: tuple[Refused, ...]
    non_commercial: tuple[str, ...]
    """Admitted sources with a non-commercial term."""
    share_alike: tuple[str, ...]
    """Admitted sources with a share-alike term."""
    own_terms: tuple[str, ...]
    """Admitted sources whose terms stand in a license text of their own (a `LicenseRef-` of the source card)."""
    stricter: tuple[Refused, ...]
    """Admitted sources that the other policy's gate, for the same license, would have kept out."""

    @property
    def overrides(self) -> tuple[Admitted, ...]:
        return tuple(source for source in self.admitted if source.override is not None)

    @property
    def conclusion(self) -> str:
        """One paragraph: what the sources ask for, and what the license answers."""
        parts = [_asks(self.non_commercial, "non-commercial"), _asks(self.share_alike, "share-alike")]
        reaching = [term for term in ("non-commercial", "share-alike") if term in self.reaches]
        reach = " and ".join(reaching) if len(reaching) == 2 else f"only {reaching[0]}" if reaching else "none of their"
        own = f" The terms of {_listed(self.own_terms)} stand in texts of their own." if self.own_terms else ""
        return (
            f"Of the {len(self.admitted)} admitted sources, {parts[0]} and {parts[1]}.{own} Under the policy "
            f"`{self.policy}` {reach} terms reach the weights, so the model may bear {self.license}."
        )

    @property
    def other_reading(self) -> str:
        """What the other policy would say of the same sources and license."""
        if not self.stricter:
            return f"Under the policy `{self.other}` the same sources would be admitted."
        listed = "; ".join(f"`{source.name}` ({source.reason})" for source in self.stricter)
        return f"Under the policy `{self.other}` these would be refused: {listed}."

    def to_json(self) -> dict[str, Any]:
        """Plain values, for the manifest."""
        return {**asdict(self), "conclusion": self.conclusion, "other_reading": self.other_reading}


def derive(sources: Mapping[str, Mapping[str, Any]], judged: Sequence[Mapping[str, Any]], gate: Gate) -> LicenseReport:
    """The report of a build.

    Args:
        sources: the corpus stage's facts by source.
        judged: what the gate said of every source card of the recipe.
        gate: the recipe's.

    Raises:
        ReleaseError: an admitted source's license is nowhere, and no person admitted it.
    """
    judgments = {entry["name"]: entry for entry in judged}
    admitted = tuple(_admitted(name, facts, judgments) for name, facts in sorted(sources.items()))
    other: Policy = CLAIRE if gate.policy.name == CC_CONSERVATIVE.name else CC_CONSERVATIVE
    return LicenseReport(
        license=gate.target.id,
        policy=gate.policy.name,
        policy_text=gate.policy.reasoning,
        reaches=gate.policy.reaches,
        other=other.name,
        admitted=admitted,
        refused=tuple(
            Refused(name=entry["name"], license=entry["license"], reason=entry["reason"])
            for entry in judged
            if not entry["admitted"]
        ),
        non_commercial=tuple(source.name for source in admitted if _has_term(source, "non_commercial")),
        share_alike=tuple(source.name for source in admitted if _has_term(source, "share_alike")),
        own_terms=tuple(source.name for source in admitted if _has_own_terms(source)),
        stricter=tuple(_would_refuse(Gate(target=gate.target, policy=other), admitted)),
    )


def _admitted(name: str, facts: Mapping[str, Any], judgments: Mapping[str, Mapping[str, Any]]) -> Admitted:
    judgment = judgments.get(name)
    if judgment is None:
        raise missing(f"sources.{name}", "the gate's judgments of the recipe's sources")
    override = judgment["override"]
    proven = tuple(license_id for license_id in facts["licenses"] if license_id != "unknown")
    if not proven and override is None:
        raise missing(f"sources.{name}.license", "facts of corpus/manifest.json")
    return Admitted(
        name=name,
        licenses=proven,
        reason=require(judgment, "reason", where=f"the gate's judgment of {name}"),
        override=None if override is None else {key: override[key] for key in ("name", "reason")},
    )


def _has_term(source: Admitted, term: str) -> bool:
    return any(getattr(found.terms, term) for found in _parsed(source))


def _parsed(source: Admitted) -> list[License]:
    """The licenses, with the terms of all members but a source card's own: the gate judged those."""
    found = []
    for license_id in source.licenses:
        try:
            found.append(parse(license_id, dict.fromkeys(_references(license_id), NO_TERMS)))
        except LicenseError:
            # A person admitted text under a license whose terms nobody can look up.
            continue
    return found


def _has_own_terms(source: Admitted) -> bool:
    return len(_parsed(source)) < len(source.licenses) or any(map(_references, source.licenses))


def _references(license_id: str) -> list[str]:
    return _REFERENCE.findall(license_id)


def _would_refuse(gate: Gate, admitted: Sequence[Admitted]) -> list[Refused]:
    refused = []
    for source in admitted:
        for found in _parsed(source):
            judgment = gate.judge(found)
            if not judgment.admitted:
                refused.append(Refused(name=source.name, license=found.id, reason=judgment.reason))
    return refused


def _asks(names: Sequence[str], term: str) -> str:
    if not names:
        return f"none is {term}"
    return f"{len(names)} {'is' if len(names) == 1 else 'are'} {term} ({_listed(names)})"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
