"""Tables that give the license file by file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath

from clairiere.corpus.files import archives
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


def inside(archive: Path, member: str) -> str | None:
    """The license that the nearest `manifest.tsv` in an archive, in the member's folder or above it, gives a member.

    Raises:
        UnreadableError: the archive is damaged, or a table in it is not UTF-8.
    """
    tables = _tables_inside(archive, archive.stat().st_mtime_ns)
    path = PurePosixPath(member)
    table, folder = next(((tables[above], above) for above in path.parents if above in tables), ({}, path.parent))
    return table.get(path.relative_to(folder).as_posix())


@lru_cache(maxsize=4)
def _tables_inside(archive: Path, _modified_ns: int) -> Mapping[PurePosixPath, Mapping[str, str]]:
    """Folder → licenses of each table: they may lie behind the members they speak of, hence a pass of their own."""
    tables: dict[PurePosixPath, Mapping[str, str]] = {}
    for member, content in archives.members(archive, lambda _number, path: PurePosixPath(path).name == NAME):
        try:
            table = _parse(content.decode("utf-8-sig").replace("\r\n", "\n"))
        except UnicodeDecodeError as error:
            raise _unusable(f"{archive}: {member}", f"a manifest that cannot be read: {error}") from error
        if table is not None:
            tables[PurePosixPath(member).parent] = table
    return tables


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
    return _parse(table.read_text(encoding="utf-8-sig"))


def _parse(text: str) -> Mapping[str, str] | None:
    """Path → license; None where it is a table of something else."""
    header, *rows = [line.split("\t") for line in text.split("\n")]
    column = next((header.index(name) for name in LICENSE_COLUMNS if name in header), None)
    if column is None or "path" not in header:
        return None
    path = header.index("path")
    return {row[path]: row[column].strip() for row in rows if len(row) > max(path, column) and row[column].strip()}


def _unusable(table: Path | str, found: str) -> UnreadableError:
    return UnreadableError(
        found,
        where=table,
        expected="tab-separated columns in UTF-8, among them `path` and `license`",
        next_step="correct the table, or name another with `manifest` in the source card",
    )
