"""The files of one commit of a git repository, without its history, hooks, filters or submodules."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from clairiere.corpus.fetch.places import Place
from clairiere.errors import FetchError
from clairiere.progress import say

SCRATCH = ".clairiere-git"
SAFETY = {
    "core.hooksPath": os.devnull,
    "http.lowSpeedLimit": "1000",  # bytes per second; slower than that for so many seconds, it gives up
    "http.lowSpeedTime": "60",
    "core.protectNTFS": "true",
    "core.autocrlf": "false",
    "protocol.allow": "never",
    "submodule.recurse": "false",
    "advice.detachedHead": "false",
}
ENVIRONMENT = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


def fetch(place: Place, folder: Path) -> dict[str, int]:
    """Bring the files of a commit, or of a folder in it, into `folder`.

    Returns:
        Relative path → size of each file that came.

    Raises:
        FetchError: no git here, no such repository or commit there, or no such folder in it.
    """
    if shutil.which("git") is None:
        raise FetchError("no `git` on this machine", expected="git on the PATH", next_step="install git")
    scratch = folder / SCRATCH
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        _git(place, scratch, "init", "--quiet")
        _git(place, scratch, "fetch", "--quiet", "--depth=1", "--no-tags", str(place.git), str(place.commit))
        _git(place, scratch, "checkout", "--quiet", "--force", str(place.commit))
        return _move(place, scratch, folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _git(place: Place, scratch: Path, *arguments: str) -> None:
    protocol = str(place.git).partition(":")[0]
    settings = {**SAFETY, f"protocol.{protocol}.allow": "always"}
    options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-C", str(scratch), *options, *arguments]
    result = subprocess.run(  # noqa: S603  # a fixed command; the URL and the commit are checked by the card
        command, env={**own, **ENVIRONMENT}, capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        said = result.stderr.strip().splitlines()
        raise FetchError(f"git {arguments[0]} failed: {said[-1] if said else result.returncode}", where=place.spoken)


def _move(place: Place, scratch: Path, folder: Path) -> dict[str, int]:
    """Put the files that are wanted in their place; what is hidden and links stay behind."""
    root = scratch / (place.subfolder or "")
    if not root.is_dir() or not root.resolve().is_relative_to(scratch.resolve()):
        raise FetchError(
            f"no folder `{place.subfolder}` in the repository",
            where=place.spoken,
            expected="a folder of that commit",
            next_step="correct `subfolder` in the card",
        )
    files: dict[str, int] = {}
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if path.is_file() and not path.is_symlink() and not any(part.startswith(".") for part in relative.parts):
            target = folder / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
            files[relative.as_posix()] = target.stat().st_size
    say(f"  {len(files):,} files")
    return files
