"""Which phases a released model went through, and which foreign model it began with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clairiere.artifact import read_manifest
from clairiere.corpus.licenses.gate import Gate, Judgment, parse
from clairiere.errors import ArtifactError, ReleaseError
from clairiere.release.facts import Manifests, fact

_CARD_LICENSE = re.compile(r"^license:[ \t]*['\"]?([\w.+-]+)['\"]?[ \t]*(?:#.*)?$", re.MULTILINE)
_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_NO_LICENSE = ("other", "unknown")
"""What a Hub card writes where its license has no id there."""


@dataclass(frozen=True, kw_only=True)
class ForeignBase:
    """A model from elsewhere that the first phase began with."""

    name: str
    """As the recipe calls it: a Hub id or a folder's name."""
    license: str
    judgment: Judgment
    is_from_hub: bool = False
    """Whether it was found in the Hub cache, so that its name is a Hub id and not that of a relative folder."""


def phases_of(manifests: Manifests, released: str) -> list[str]:
    """The released phase and those it was built on, in the order in which they ran.

    Raises:
        ReleaseError: a phase's manifest is missing.
    """
    chain = [released]
    while (base := _base(manifests, chain[0])) is not None and base["path"] is not None:
        chain.insert(0, base["name"])
    return chain


def foreign_base(manifests: Manifests, first: str, recipe: Mapping[str, Any], gate: Gate) -> ForeignBase | None:
    """The model that the first phase began with; None where its weights were fresh.

    Raises:
        ReleaseError: its license is not known, or does not allow the release.
        LicenseError: its license is no SPDX expression whose terms are known.
    """
    base = _base(manifests, first)
    if base is None:
        return None
    name, folder = str(base["name"]), Path(manifests[f"train/{first}"].run["base_folder"])
    return judge_base(name, folder, stated_license(recipe, name), gate)


def judge_base(name: str, folder: Path, stated: str | None, gate: Gate) -> ForeignBase:
    """Whether a model under the gate's license may be made from another one.

    Args:
        name: as the recipe calls it.
        folder: where it is.
        stated: its license by the recipe, as `stated_license` finds it; None reads the card in its folder.
        gate: the recipe's.

    Raises:
        ReleaseError: its license is not known, or does not allow the release.
        LicenseError: its license is no SPDX expression whose terms are known.
    """
    license_id = stated or _license_of_folder(folder)
    if license_id is None:
        raise ReleaseError(
            f"the license of the base model `{name}` is not known",
            where=folder,
            expected="`license:` in the front matter of its README.md, or the key base_license",
            next_step='set base_license = "…" (an SPDX id) in the [model] table of the recipe',
        )
    found = parse(license_id)
    judgment = gate.judge(found)
    if not judgment.admitted:
        raise ReleaseError(
            f"the base model `{name}` does not allow the release: {judgment.reason}",
            where=folder,
            expected=f"a base that a model under {gate.target.id} may be made from",
            next_step="start from another base, or name another `license` in the recipe",
        )
    is_from_hub = f"models--{name.replace('/', '--')}" in folder.parts
    return ForeignBase(name=name, license=found.id, judgment=judgment, is_from_hub=is_from_hub)


def _base(manifests: Manifests, phase: str) -> Mapping[str, Any] | None:
    fact(manifests, f"train/{phase}", "name")
    base: Mapping[str, Any] | None = manifests[f"train/{phase}"].facts.get("base")
    return base


def stated_license(recipe: Mapping[str, Any], name: str) -> str | None:
    """The recipe's `base_license`, where the model is the one that it speaks of: its `base`, if it names one.

    A phase may start from another model than `base`; that one's license is not stated by it.
    """
    if recipe.get("base") is None:
        return recipe.get("base_license")
    base = Path(recipe["base"])
    # A manifest names an absolute folder by its last part alone: it says nothing of where things are.
    is_meant = name == (base.name if base.is_absolute() else base.as_posix())
    return recipe.get("base_license") if is_meant else None


def _license_of_folder(folder: Path) -> str | None:
    """What a folder made here was to be published under, or what the front matter of a card says."""
    try:
        manifest = read_manifest(folder)
    except ArtifactError:
        if not (folder / "config.json").is_file():
            raise
        manifest = None  # a model folder from elsewhere, where manifest.json means something else
    if manifest is not None:
        return str(manifest.terms["license"])
    card = folder / "README.md"
    text = card.read_text(encoding="utf-8-sig", errors="replace") if card.is_file() else ""
    front_matter = _FRONT_MATTER.match(text)
    found = _CARD_LICENSE.search(front_matter[1]) if front_matter else None
    return None if found is None or found[1] in _NO_LICENSE else found[1]
