"""What builds leave out from now on: one line of JSON for each source or document that somebody withdrew.

The ledger `workspaces/withdrawals.jsonl` of the working directory holds for all builds, wherever their workspaces lie,
and so does a ledger beside a workspace for those in its folder; a ledger in a workspace holds for that one alone.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from clairiere.artifact import write_text
from clairiere.errors import UnreadableError

LEDGER = "withdrawals.jsonl"
WORKSPACES = Path("workspaces")
"""Where workspaces lie unless told otherwise, relative to the working directory."""


def is_document(name: str) -> bool:
    """Whether it is a document's id (`<source>/<path>#<locator>`) rather than a source's name."""
    return "/" in name


def source_of(name: str) -> str:
    """The source that a withdrawal concerns."""
    return name.partition("/")[0]


def withdrawn_from(workspace: Path) -> dict[str, str]:
    """Source or document → reason: what a build in this workspace leaves out, by the three ledgers that concern it.

    Raises:
        UnreadableError: a ledger holds a line that is not one of its own.
    """
    folders = (workspace, workspace.absolute().parent, WORKSPACES)
    return {name: reason for folder in folders for name, reason in read_ledger(folder / LEDGER).items()}


def documents_of(withdrawn: Mapping[str, str], sources: Iterable[str]) -> dict[str, str]:
    """Of the withdrawals those of documents that may stand in one of the sources, sorted."""
    names = set(sources)
    found = {name: reason for name, reason in withdrawn.items() if is_document(name) and source_of(name) in names}
    return dict(sorted(found.items()))


def read_ledger(path: Path) -> dict[str, str]:
    """Source or document → reason; empty where there is no ledger.

    Raises:
        UnreadableError: a line is not one that `record` wrote.
    """
    if not path.is_file():
        return {}
    withdrawn: dict[str, str] = {}
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            entry: dict[str, Any] = json.loads(line)
            withdrawn[entry["withdrawn"]] = entry["reason"]
        except (ValueError, KeyError, TypeError) as error:
            raise UnreadableError(
                "a line that records no withdrawal",
                where=f"{path}:{number}",
                expected='{"withdrawn": "…", "reason": "…", "time": "…"}',
                next_step="correct the line; nothing is built until it can be read, so that nothing comes back",
            ) from error
    return withdrawn


def record(path: Path, name: str, reason: str) -> None:
    """Add a line to a ledger, atomically."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    line = json.dumps({"withdrawn": name, "reason": reason, "time": now}, ensure_ascii=False)
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    write_text(path, before + line + "\n")
