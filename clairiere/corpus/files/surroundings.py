"""Files that speak about all texts in their folder and below: licenses of code, lists of the persons who speak.

Nothing of them is read before a reader asks for it; then a folder is listed once, and an archive read once more, since
its licenses may lie behind the code that they speak of.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath

from clairiere.corpus.files import archives
from clairiere.corpus.files.source_file import SourceFile, opening

LICENSES = re.compile(
    r"(?i:(?:un)?licen[sc]e|copying)(?:\.\w+)*|(?:(?:UN)?LICEN[SC]E|COPYING).*|(?i:licen[sc]e-(?:mit|apache\S*|bsd))"
)
"""Besides, each file in a folder `LICENSES` is one: https://reuse.software/spec-3.3"""
PARLIAMENT = re.compile(r".*-list(?:Person|Org)\.xml|ParlaMint-(?:[A-Z]{2}(?:-[A-Z]{2,3})?(?:\.ana)?|taxonomy-.*)\.xml")
"""What speaks of all sittings of a corpus, and the root that names its files. https://clarin-eric.github.io/ParlaMint/"""
KINDS = (LICENSES, PARLIAMENT)
REUSE = "LICENSES"
CODE = re.compile(r".*\.(?:py|js|ts|c|h|cc|cpp|java|go|rs|rb|php|cs)", re.IGNORECASE)
"""`license.py` is a program."""

Place = tuple[Path, PurePosixPath, re.Pattern[str]]
"""Root, folder below it, and kind of files."""


@dataclass(frozen=True)
class Surroundings:
    """Where a file lies.

    Args:
        root: the folder that is walked, or the archive; nothing above it is looked at.
        path: POSIX path below it.
    """

    root: Path
    path: str
    known: dict[Place, tuple[SourceFile, ...]] = field(default_factory=dict, compare=False, repr=False)
    """What was found for other files; those of one walk share it."""

    def nearest(self, kind: re.Pattern[str]) -> tuple[SourceFile, ...]:
        """The files of a kind in the file's folder, or else in the nearest one above it that has some; sorted by path.

        Raises:
            UnreadableError: the archive is damaged.
        """
        folder = PurePosixPath(self.path).parent
        place = (self.root, folder, kind)
        if place not in self.known:
            self.known[place] = _nearest(self.root, folder, kind)
        return self.known[place]


def _nearest(root: Path, folder: PurePosixPath, kind: re.Pattern[str]) -> tuple[SourceFile, ...]:
    with opening(root):
        modified_ns = root.stat().st_mtime_ns
    found = None if root.is_dir() else _in_archive(root, modified_ns)
    for above in (folder, *folder.parents):
        here = _in_folder(root, above) if found is None else found.get(above, {})
        files = tuple(file for name, file in sorted(here.items()) if speaks(name, kind))
        if files:
            return files
    return ()


def speaks(path: str, kind: re.Pattern[str]) -> bool:
    """Whether a file, by its path from the folder of which it speaks, is of a kind."""
    folder, _, name = path.rpartition("/")
    if folder == REUSE or folder.endswith(f"/{REUSE}"):
        return kind is LICENSES
    return kind.fullmatch(name) is not None and CODE.fullmatch(name) is None


def is_one(path: str) -> bool:
    """Whether a file speaks about others, by its path."""
    return any(speaks(path, kind) for kind in KINDS)


def beside(file: Path) -> list[str]:
    """The names of the files that speak about the folder in which a file lies."""
    return list(_in_folder(file.parent, PurePosixPath()))


def _in_folder(root: Path, folder: PurePosixPath) -> Mapping[str, SourceFile]:
    place = root / folder
    with opening(place):
        names = _listed(place, place.stat().st_mtime_ns)
        return {name: _file(root, folder / name, (place / name).stat().st_mtime_ns) for name in names}


@lru_cache(maxsize=4096)
def _listed(folder: Path, _modified_ns: int) -> tuple[str, ...]:
    """The paths from a folder of the files that speak about it; a link is none."""
    names = [*(file.name for file in folder.iterdir()), *(f"{REUSE}/{file.name}" for file in folder.glob(f"{REUSE}/*"))]
    spoken = ((name, folder / name) for name in sorted(names) if is_one(name))
    return tuple(name for name, file in spoken if file.is_file() and not file.is_symlink())


@lru_cache(maxsize=256)
def _file(root: Path, path: PurePosixPath, _modified_ns: int) -> SourceFile:
    """The same for all who ask, so that readers parse it once."""
    return SourceFile(path.as_posix(), root / path)


@lru_cache(maxsize=4)
def _in_archive(archive: Path, _modified_ns: int) -> Mapping[PurePosixPath, Mapping[str, SourceFile]]:
    """Folder → (path from there → file) of those that speak about it."""
    found: dict[PurePosixPath, dict[str, SourceFile]] = {}
    for member, content in archives.members(archive, lambda _number, path: is_one(path)):
        path = PurePosixPath(member)
        folder = path.parent.parent if path.parent.name == REUSE else path.parent
        found.setdefault(folder, {})[path.relative_to(folder).as_posix()] = SourceFile(member, content)
    return found
