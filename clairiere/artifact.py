"""Finished folders: what has a manifest is complete, what lacks one is not there.

Work in progress is `<target>.partial/`. A file in it counts once it stands in the journal with its digest; at the
end the manifest is written and the folder renamed. Killed at any instant, the next run finds the journal and goes
on from what is finished.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import clairiere
from clairiere.errors import ArtifactError

MANIFEST = "manifest.json"
JOURNAL = ".journal"


def canonical_json(value: Any) -> str:
    """One spelling for equal values: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest_text(text: str) -> str:
    """SHA-256 of a text's UTF-8 bytes, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def digest_file(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fingerprint(stage: str, version: int, options: Mapping[str, Any], inputs: Mapping[str, str]) -> str:
    """What a stage's data files depend on: options, digests of the inputs, the stage's format version."""
    return digest_text(canonical_json({"stage": stage, "version": version, "options": options, "inputs": inputs}))


def write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary neighbor of `path`, flush it to the disk and put it in place in one rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    temporary.unlink(missing_ok=True)
    temporary.touch()
    mode = temporary.stat().st_mode
    write(temporary)
    temporary.chmod(mode)  # some writers make files that nobody else may read
    with temporary.open("rb") as stream:
        os.fsync(stream.fileno())
    temporary.replace(path)


def write_text(path: Path, text: str) -> None:
    """Write text in UTF-8, atomically."""

    def write(temporary: Path) -> None:
        temporary.write_text(text, encoding="utf-8")

    write_atomically(path, write)


def write_json(path: Path, value: Any) -> None:
    """Write JSON with sorted keys, atomically."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, indent=1) + "\n"
    write_text(path, text)


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The record beside every finished folder."""

    stage: str
    version: int
    fingerprint: str
    options: Mapping[str, Any]
    inputs: Mapping[str, str]
    files: Mapping[str, Mapping[str, Any]]
    """Path inside the folder → `size_bytes` and `sha256`."""
    counts: Mapping[str, Any]
    """What was kept and dropped: by reason, by source, by license."""
    facts: Mapping[str, Any]
    """What later stages and the card need to know of the result; a pure function of inputs and options."""
    terms: Mapping[str, Any]
    """The license the model must be publishable under, the policy, and the overrides with name and reason."""
    run: Mapping[str, Any] = field(default_factory=dict)
    """Time, command, host and speed: never part of a fingerprint."""

    @property
    def digest(self) -> str:
        """What a later stage's fingerprint depends on: files, counts, facts and terms, not the run."""
        return digest_text(
            canonical_json({"files": self.files, "counts": self.counts, "facts": self.facts, "terms": self.terms})
        )

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a finished folder, or None where there is none.

    Raises:
        ArtifactError: the manifest is there and cannot be understood.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return None
    try:
        return Manifest(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise ArtifactError(
            f"a manifest that cannot be read: {error}",
            where=path,
            expected="the JSON that a finished stage writes",
            next_step=f"delete the folder {folder} and build again",
        ) from error


def require_manifest(folder: Path) -> Manifest:
    """The manifest of a finished folder.

    Raises:
        ArtifactError: the folder is not finished.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        raise ArtifactError(
            "a folder that no stage has finished",
            where=folder,
            expected=f"a folder with a {MANIFEST}",
            next_step="run `clairiere build RECIPE` to make it",
        )
    return manifest


class Work:
    """A stage's folder while it is being made; `finish` turns it into a finished one.

    Args:
        target: the folder that will stand at the end.
        stage: the stage's name.
        version: the stage's format version.
        options: plain JSON values.
        inputs: name → digest of what the stage reads.
        terms: license, policy and overrides, which stand in every manifest.
    """

    def __init__(
        self,
        target: Path,
        *,
        stage: str,
        version: int,
        options: Mapping[str, Any],
        inputs: Mapping[str, str],
        terms: Mapping[str, Any],
    ) -> None:
        self.target = target
        self.folder = target.with_name(target.name + ".partial")
        self.stage = stage
        self.version = version
        self.options = options
        self.inputs = inputs
        self.terms = terms
        self.fingerprint = fingerprint(stage, version, {**options, "terms": terms}, inputs)
        self._started = time.time()

    @property
    def scratch(self) -> Path:
        """For what tasks hand to one another; it goes with the journal when the folder is finished."""
        return self.folder / JOURNAL / "scratch"

    @property
    def is_done(self) -> bool:
        """Whether the target is finished and up to date."""
        self._recover()
        manifest = read_manifest(self.target)
        return manifest is not None and manifest.fingerprint == self.fingerprint

    def begin(self) -> None:
        """Open the partial folder: go on where it belongs to this very work, start anew where it does not."""
        mark = self.folder / JOURNAL / "fingerprint"
        if mark.is_file() and mark.read_text() == self.fingerprint:
            return
        mark.unlink(missing_ok=True)  # first: a kill while the rest goes must not leave a folder that looks begun
        if self.folder.exists():
            shutil.rmtree(self.folder)
        mark.parent.mkdir(parents=True)
        write_text(mark, self.fingerprint)

    def recorded(self, name: str) -> dict[str, Any] | None:
        """What was recorded when `name` was finished, or None if it was not; its files are there then."""
        entry = self.folder / JOURNAL / f"{name.replace('/', '--')}.json"
        if not entry.is_file():
            return None
        recorded: dict[str, Any] = json.loads(entry.read_text(encoding="utf-8"))
        return recorded

    def record(self, name: str, facts: Mapping[str, Any]) -> None:
        """Say that everything called `name` is on the disk; `facts` come back from `recorded` after a kill."""
        write_json(self.folder / JOURNAL / f"{name.replace('/', '--')}.json", facts)

    def finish(
        self,
        *,
        counts: Mapping[str, Any],
        facts: Mapping[str, Any],
        run: Mapping[str, Any] | None = None,
        run_files: Collection[str] = (),
    ) -> Manifest:
        """Write the manifest over every file of the folder and put the folder in its place.

        `run_files` are files that hold times or speeds: they are listed under `run`, so that no digest depends on
        them.
        """
        files = {
            path.relative_to(self.folder).as_posix(): {"size_bytes": path.stat().st_size, "sha256": digest_file(path)}
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and self._is_data(path)
        }
        timed = {name: files.pop(name) for name in sorted(run_files) if name in files}
        manifest = Manifest(
            stage=self.stage,
            version=self.version,
            fingerprint=self.fingerprint,
            options=self.options,
            inputs=self.inputs,
            files=files,
            counts=counts,
            facts=facts,
            terms=self.terms,
            run={
                "clairiere": clairiere.__version__,
                "command": " ".join(["clairiere", *sys.argv[1:]]),
                "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "seconds": round(time.time() - self._started, 3),
                **({"files": timed} if timed else {}),
                **(run or {}),
            },
        )
        write_json(self.folder / MANIFEST, manifest.to_json())
        self._put_in_place()
        return manifest

    def _recover(self) -> None:
        """Finish a `finish` that was killed between writing the manifest and the last rename."""
        manifest = read_manifest(self.folder)
        if manifest is not None and manifest.fingerprint == self.fingerprint:
            self._put_in_place()

    def _is_data(self, path: Path) -> bool:
        relative = path.relative_to(self.folder)
        return relative.parts[0] not in (JOURNAL, MANIFEST) and path.suffix != ".tmp"

    def _put_in_place(self) -> None:
        old = self.target.with_name(self.target.name + ".old")
        if old.exists():
            shutil.rmtree(old)
        shutil.rmtree(self.folder / JOURNAL, ignore_errors=True)
        if self.target.exists():
            self.target.replace(old)
        self.folder.replace(self.target)
        if old.exists():
            shutil.rmtree(old)
