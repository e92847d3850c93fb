"""License expressions, and the gate that decides by a named policy whether a source may reach the weights."""

from __future__ import annotations

import difflib
import functools
import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from license_expression import ExpressionError, LicenseSymbol, LicenseWithExceptionSymbol, Licensing, get_spdx_licensing

from clairiere.corpus.licenses.policies import Policy, load_policy
from clairiere.corpus.licenses.terms import KNOWN, NO_TERMS, is_same_or_later, is_software_copyleft, terms_of
from clairiere.corpus.options import Override
from clairiere.errors import LicenseError
from clairiere.record import License, Terms

LONGEST_EXPRESSION = 500
"""In characters; longer ones are no license, and might nest without end."""


def parse(expression: str, references: Mapping[str, Terms] | None = None) -> License:
    """The license that an SPDX expression names, with the strictest of its members' terms.

    Args:
        expression: one SPDX id, or several joined by AND.
        references: `LicenseRef-` id → terms, from the source card.

    Raises:
        LicenseError: it is no SPDX expression, leaves a choice (OR), or names a license whose terms are not known.
    """
    if len(expression) > LONGEST_EXPRESSION:
        raise _unknown(expression[:LONGEST_EXPRESSION] + "…")
    try:
        tree = _licensing().parse(expression.strip())
    except ExpressionError as error:
        raise _unknown(expression) from error
    if tree is None:
        raise _unknown(expression)
    return functools.reduce(operator.and_, _members(tree, expression, references or {}))


@dataclass(frozen=True, kw_only=True)
class Judgment:
    """Whether a license is let through, and why."""

    admitted: bool
    reason: str
    """Readable, also where it is admitted."""
    override: Override | None = None
    """The decision of a person that let through what the policy refuses."""


@dataclass(frozen=True, kw_only=True)
class Gate:
    """What the released model must be publishable under, and the policy by which terms reach it."""

    target: License
    policy: Policy
    overrides: tuple[Override, ...] = ()

    @classmethod
    def make(cls, license_id: str, policy: str | Policy, overrides: Sequence[Override] = ()) -> Gate:
        """A gate for a recipe.

        Raises:
            LicenseError: the license or the policy is unknown, or an override lacks a name or a reason.
        """
        target = parse(license_id)
        if target.members:
            raise LicenseError(
                f"a model to be published under several licenses: {license_id}",
                expected="one SPDX id, such as CC-BY-NC-SA-4.0",
                next_step="name the strictest of them in `license`",
            )
        for override in overrides:
            _check_override(override)
        read = load_policy(policy, Path()) if isinstance(policy, str) else policy
        return cls(target=target, policy=read, overrides=tuple(overrides))

    def judge(self, found: License | None, source: str | None = None, fault: str | None = None) -> Judgment:
        """Whether text under a license may reach a model under the target.

        Args:
            found: `work AND edition`, or None where it is not proven.
            source: the source's name, by which an override is found.
            fault: why the license is not proven, if that is known.
        """
        obstacles = self._obstacles(found) if found else [fault or "its license is missing"]
        if found and not obstacles:
            return Judgment(admitted=True, reason=self._welcome(found))
        refusal = "; ".join(obstacles)
        override = next((entry for entry in self.overrides if entry.source == source), None)
        if override is None:
            return Judgment(admitted=False, reason=refusal)
        reason = f"admitted by {override.name}: {override.reason} (although {refusal})"
        return Judgment(admitted=True, reason=reason, override=override)

    def _welcome(self, found: License) -> str:
        if found.terms == NO_TERMS:
            return f"{found.id} sets no term"
        return f"{found.id} fits a model under {self.target.id} by the policy {self.policy.name}"

    def _obstacles(self, found: License) -> list[str]:
        """Why each member of a license keeps text out of the model; none where it fits."""
        obstacles = (self._obstacle(member) for member in found.parts)
        return [obstacle for obstacle in obstacles if obstacle]

    def _obstacle(self, member: License) -> str | None:
        if self.policy.refuses(member):
            kind = " is a copyleft license for software, which" if is_software_copyleft(member.id) else " is one that"
            return f"{member.id}{kind} the policy {self.policy.name} refuses"
        if self.policy.admits(member):
            return None
        reaching = {term: self._obstacle_of(term, member) for term in self.policy.reaches}
        return next((obstacle for obstacle in reaching.values() if obstacle is not None), None)

    def _obstacle_of(self, term: str, member: License) -> str | None:
        """Why a term that reaches the model keeps text out of it."""
        if term == "no-derivatives":
            return f"{member.id} allows no derivatives" if member.terms.no_derivatives else None
        if term == "non-commercial":
            binds = member.terms.non_commercial and not self.target.terms.non_commercial
            use = f"and a model under {self.target.id} may be used commercially"
            return f"{member.id} is non-commercial, {use}" if binds else None
        if not member.terms.share_alike or self._answers(member):
            return None
        same = f"by the policy {self.policy.name} the model must bear it or a later version, not {self.target.id}"
        return f"{member.id} is share-alike: {same}"

    def _answers(self, member: License) -> bool:
        """Whether the model's license is one that a share-alike license allows in its place."""
        allowed = (member.id, *self.policy.compatible.get(member.id, ()))
        return any(is_same_or_later(license_id, self.target.id) for license_id in allowed)


def _members(tree: Any, expression: str, references: Mapping[str, Terms]) -> Iterator[License]:
    if isinstance(tree, _licensing().AND):
        for part in tree.args:
            yield from _members(part, expression, references)
    elif isinstance(tree, _licensing().OR):
        raise LicenseError(
            f"a license that leaves a choice: {expression}",
            expected="one SPDX id, or several joined by AND",
            next_step="choose one of them and name it alone",
        )
    elif isinstance(tree, LicenseWithExceptionSymbol):
        if tree.exception_symbol.key not in _spdx_symbols():
            raise _unknown(tree.exception_symbol.key)
        # An exception only ever permits more: the license without it is the stricter reading.
        terms = _terms(tree.license_symbol.key, references)
        yield License(id=f"{tree.license_symbol.key} WITH {tree.exception_symbol.key}", terms=terms)
    else:
        yield License(id=tree.key, terms=_terms(tree.key, references))


def _terms(key: str, references: Mapping[str, Terms]) -> Terms:
    terms = references.get(key) or terms_of(key)
    if terms is not None:
        return terms
    if key.startswith("LicenseRef-"):
        raise LicenseError(
            f"`{key}` without its text and terms",
            expected=f'a table [license.references."{key}"] in the source card, with `text` and its terms',
            next_step="add the table, or name an SPDX id",
        )
    if key in _spdx_symbols():
        raise LicenseError(
            f"`{key}` is an SPDX id whose terms are not known here",
            expected="a license of text or data, such as CC-BY-4.0 or etalab-2.0",
            next_step=f'name it LicenseRef-{key}, with its text and terms in [license.references."LicenseRef-{key}"]',
        )
    raise _unknown(key)


def _unknown(found: str) -> LicenseError:
    known = {name.lower(): name for name in (*_spdx_symbols(), *KNOWN) if terms_of(name) is not None}
    close = difflib.get_close_matches(found.strip().lower().replace(" ", "-"), known, n=3, cutoff=0.6)
    meant = " or ".join(f"`{known[name]}`" for name in close)
    return LicenseError(
        f"unknown license `{found}`" if found.strip() else "an empty license",
        expected=f"did you mean {meant}?" if meant else "an SPDX id such as CC-BY-4.0 or MIT",
        next_step="name the SPDX id (https://spdx.org/licenses), or a LicenseRef- that the source card defines",
    )


def _check_override(override: Override) -> None:
    for key in ("source", "name", "reason"):
        if not getattr(override, key).strip():
            raise LicenseError(
                f"an override of the source `{override.source}` without a {key}",
                expected="the source, who decided and why, in writing",
                next_step=f"fill in `{key}`, or leave the override out",
            )


@functools.cache
def _licensing() -> Licensing:
    """The SPDX list; without the aliases that begin with LicenseRef-, which are for cards to define."""
    return Licensing(
        LicenseSymbol(
            symbol.key,
            aliases=[alias for alias in symbol.aliases if not _is_reference(alias)],
            is_exception=symbol.is_exception,
        )
        for symbol in get_spdx_licensing().known_symbols.values()
        if not _is_reference(symbol.key)
    )


def _spdx_symbols() -> Mapping[str, Any]:
    symbols: Mapping[str, Any] = _licensing().known_symbols
    return symbols


def _is_reference(name: str) -> bool:
    return name.lower().startswith("licenseref-")
