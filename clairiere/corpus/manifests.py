"""Tables that give the license file by file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from clairiere.errors import UnreadableError

NAME = "manifest.tsv"
LICENSE_COLUMNS = ("license", "licence")


def beside(file: Path, root: Path) -> Path | None:
    """The `manifest.tsv` in the file's folder or the nearest one above it, up to `root`, that gives licenses."""
    for folder in file.parents:
        table = folder / NAME
        if table.is_file() and _read(table) is not None:
            return table
        if folder in (root, root.parent):
            break
    return None


def licenses(table: Path) -> Mapping[str, str]:
    """Path → SPDX expression, for the rows of a TSV with columns `path` and `license` that give one.

    Raises:
        UnreadableError: it is not such a table.
    """
    found = _read(table)
    if found is None:
        raise _unusable(table, "a manifest without the columns `path` and `license`")
    return found


def _read(table: Path) -> Mapping[str, str] | None:
    try:
        return _licenses(table, table.stat().st_mtime_ns)
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(table, f"a manifest that cannot be read: {error}") from error


@lru_cache(maxsize=64)
def _licenses(table: Path, _modified_ns: int) -> Mapping[str, str] | None:
    header, *rows = [line.split("\t") for line in table.read_text(encoding="utf-8-sig").split("\n")]
    column = next((header.index(name) for name in LICENSE_COLUMNS if name in header), None)
    if column is None or "path" not in header:
        return None
    path = header.index("path")
    return {row[path]: row[column].strip() for row in rows if len(row) > max(path, column) and row[column].strip()}


def _unusable(table: Path, found: str) -> UnreadableError:
    return UnreadableError(
        found,
        where=table,
        expected="tab-separated columns in UTF-8, among them `path` and `license`",
        next_step="correct the table, or name another with `manifest` in the source card",
    )
