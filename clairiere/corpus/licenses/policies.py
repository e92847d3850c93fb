"""How the terms of text reach the weights of a model that learned from it: two readings, and a file for a third.

Whether weights are an adaptation of the text that they learned from is not settled law. A policy is a reading that a
recipe names, and that stands in every manifest and in the card, so that whoever disagrees can see it and choose
another.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from clairiere.corpus.licenses.terms import is_software_copyleft
from clairiere.errors import LicenseError
from clairiere.options import Options
from clairiere.plugins import nearest
from clairiere.record import License

SUFFIX = ".toml"
SOFTWARE_COPYLEFT = "software-copyleft"
"""In a policy's lists: every share-alike license that was written for programs."""


class Policy(Options):
    """A reading of the licenses; the keys of a policy file."""

    name: str = Field(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$")
    """A slug, which manifests and the card bear."""
    reasoning: str = Field(min_length=1)
    """Why, in words that the card prints."""
    reaches: tuple[Literal["non-commercial", "share-alike", "no-derivatives"], ...]
    """The terms that bind the model too; attribution is given whatever the policy."""
    refused: tuple[str, ...] = ()
    """Licenses that are refused whatever their terms: SPDX ids, patterns such as `GPL-*`, or `software-copyleft`."""
    admitted: tuple[str, ...] = ()
    """Licenses that are admitted whatever their terms, spelled as in `refused`, which wins."""
    compatible: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Share-alike license → others that a model may bear in its place, beside its own later versions."""

    def refuses(self, license_: License) -> bool:
        """Whether the license is refused outright."""
        return _is_among(license_.id, self.refused)

    def admits(self, license_: License) -> bool:
        """Whether the license is admitted outright."""
        return _is_among(license_.id, self.admitted)


CLAIRE = Policy(
    name="claire",
    reasoning=(
        "Attribution and share-alike bind those who pass on the text and do not reach the weights of a model that "
        "learned from it; non-commercial does. A source without derivatives, or whose license is missing or unknown, "
        "is refused."
    ),
    reaches=("no-derivatives", "non-commercial"),
)
"""What the Claire models practiced. Weights hold statistics of the text rather than the text, so that what binds its
copies and adaptations, attribution and share-alike, does not follow; but training is itself a use of the text, and
whoever licenses it for non-commercial use only has not licensed the training of a commercial model. A text that may
not be adapted at all is not cut, cleaned and mixed."""

CC_CONSERVATIVE = Policy(
    name="cc-conservative",
    reasoning=(
        "Non-commercial and share-alike both reach the weights: a model that learned from share-alike text bears the "
        "same license or a later version. A source without derivatives, under a copyleft license for software, or "
        "whose license is missing or unknown, is refused."
    ),
    reaches=("no-derivatives", "non-commercial", "share-alike"),
    refused=(SOFTWARE_COPYLEFT,),
)
"""The cautious reading of Creative Commons' own notes on training: where the weights are held to be adapted material,
every term of the text binds who shares them. Copyleft licenses for programs are refused, since what their conditions
on source code would ask of weights is anyone's guess."""

POLICIES: Mapping[str, Policy] = {policy.name: policy for policy in (CLAIRE, CC_CONSERVATIVE)}


def load_policy(name: str, folder: Path) -> Policy:
    """A policy by its name, or of a file.

    Args:
        name: `claire`, `cc-conservative`, or a TOML file relative to `folder`.
        folder: the recipe's.

    Raises:
        LicenseError: no such policy, or a file that holds none.
    """
    if name.endswith(SUFFIX):
        return _read(folder / name)
    if name not in POLICIES:
        raise LicenseError(
            f"unknown policy `{name}`",
            expected=nearest(name, POLICIES),
            next_step="correct `policy`, or name a file of your own, such as policy.toml",
        )
    return POLICIES[name]


def _read(path: Path) -> Policy:
    try:
        policy = Policy.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise _wrong(path, f"a policy file that cannot be opened: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _wrong(path, f"a policy file that is not TOML: {error}") from error
    except ValidationError as error:
        faults = [f"`{'.'.join(map(str, fault['loc']))}`: {fault['msg']}" for fault in error.errors()]
        raise _wrong(path, "; ".join(faults)) from error
    if policy.name in POLICIES:
        raise _wrong(path, f"a policy of one's own called `{policy.name}`, as one of the project's is")
    return policy


def _wrong(path: Path, found: str) -> LicenseError:
    return LicenseError(
        found,
        where=path,
        expected="the keys of a policy: " + ", ".join(Policy.model_fields),
        next_step="correct the file, or `policy` in the recipe",
    )


def _is_among(license_id: str, patterns: tuple[str, ...]) -> bool:
    return any(
        is_software_copyleft(license_id) if pattern == SOFTWARE_COPYLEFT else fnmatchcase(license_id, pattern)
        for pattern in patterns
    )
