"""Facts out of manifests. One that is missing stops the release, by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clairiere.artifact import Manifest
from clairiere.errors import ReleaseError

Manifests = Mapping[str, Manifest]
"""By step: `corpus`, `curate`, `tokens`, `train/<phase>` …, `evaluate`."""


def require(values: Mapping[str, Any], *path: str, where: str) -> Any:
    """What stands at a path of nested tables.

    Args:
        values: the outermost table.
        path: keys from the outside in.
        where: whose table it is, for the error.

    Raises:
        ReleaseError: a key is missing, or the value is null or empty text.
    """
    found: Any = values
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    if found is None or found == "":
        raise missing(".".join(path), where)
    return found


def fact(manifests: Manifests, step: str, *path: str) -> Any:
    """A fact of a step's manifest.

    Raises:
        ReleaseError: the manifest or the fact is missing.
    """
    return require(_manifest(manifests, step).facts, *path, where=f"facts of {step}/manifest.json")


def run_fact(manifests: Manifests, step: str, *path: str) -> Any:
    """How a step's run went: hardware, time, speed.

    Raises:
        ReleaseError: the manifest or the fact is missing.
    """
    return require(_manifest(manifests, step).run, *path, where=f"run of {step}/manifest.json")


def missing(name: str, where: str) -> ReleaseError:
    """The error that a missing fact stops the release with."""
    return ReleaseError(
        f"a fact that the card needs is missing: `{name}`",
        where=where,
        expected="every fact of the card in a manifest; nothing is typed by hand",
        next_step="complete the source card or the recipe and build again; the card says nothing that is not known",
    )


def _manifest(manifests: Manifests, step: str) -> Manifest:
    if step not in manifests:
        raise missing("manifest.json", step)
    return manifests[step]
