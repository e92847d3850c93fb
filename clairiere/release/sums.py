"""SHA256SUMS: what `sha256sum -c` reads."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from clairiere.artifact import JOURNAL, MANIFEST, digest_file, write_text

FILE_NAME = "SHA256SUMS"


def write_sums(folder: Path) -> None:
    """Write the sums of every released file, by name."""
    lines = [f"{digest_file(folder / name)}  {name}\n" for name in _released(folder)]
    text = "".join(lines)
    write_text(folder / FILE_NAME, text)


def _released(folder: Path) -> Iterable[str]:
    paths = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".tmp")
    names = (path.relative_to(folder) for path in paths)
    ours = (JOURNAL, MANIFEST, FILE_NAME)
    return sorted(name.as_posix() for name in names if name.parts[0] not in ours)
