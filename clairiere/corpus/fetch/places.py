"""`[[fetch]]` of a source card: where its files can be had."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Self
from urllib.parse import unquote, urlsplit

from pydantic import Field, model_validator

from clairiere.options import Options

_KINDS = ("url", "huggingface", "git")
_BELONGS = {
    "url": {"sha256", "size_bytes", "path"},
    "huggingface": {"revision", "files", "subfolder"},
    "git": {"commit", "subfolder"},
}


class Place(Options):
    """One file at a URL, one dataset of the Hugging Face Hub, or one git repository."""

    url: str | None = Field(default=None, pattern=r"^https?://[^/]+/")
    """A file, by HTTP or HTTPS."""
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    """With `url`: the file's digest; without it nothing says whether the file is the one that the card means."""
    size_bytes: int | None = Field(default=None, ge=0)
    """With `url`: the file's size."""
    path: str | None = None
    """With `url`: where the file goes, relative to the card's `path`; by default the last part of the URL."""
    huggingface: str | None = Field(default=None, pattern=r"^[\w.-]+/[\w.-]+$")
    """A dataset of the Hub, as `owner/name`."""
    revision: str | None = Field(default=None, min_length=1)
    """With `huggingface`: a commit, tag or branch; only a commit is the same forever."""
    files: tuple[str, ...] = ()
    """With `huggingface`: patterns of the files to fetch, inside `subfolder` where one is named; empty means all."""
    git: str | None = Field(default=None, pattern=r"^(https|file)://")
    """A git repository, by HTTPS (or `file://` for one of this machine)."""
    commit: str | None = Field(default=None, pattern=r"^[0-9a-f]{40}$")
    """With `git`: the commit, all forty digits."""
    subfolder: str | None = None
    """With `huggingface` and `git`: the folder there whose files are wanted, cut off their paths; by default all."""

    @model_validator(mode="after")
    def _is_one_place(self) -> Self:
        kinds = [kind for kind in _KINDS if getattr(self, kind) is not None]
        if len(kinds) != 1:
            raise ValueError(
                f"exactly one of url, huggingface and git is needed, found {' and '.join(kinds) or 'none'}"
            )
        foreign = self.model_fields_set - _BELONGS[kinds[0]] - {kinds[0]}
        if foreign:
            raise ValueError(f"`{min(foreign)}` says nothing of a place by `{kinds[0]}`")
        required = {"huggingface": "revision", "git": "commit"}.get(kinds[0])
        if required is not None and getattr(self, required) is None:
            raise ValueError(f"a place by `{kinds[0]}` needs its `{required}`")
        for name in ("path", "subfolder"):
            _check_inside(name, getattr(self, name))
        _check_inside("url", self.file_name if self.url else None)
        return self

    @property
    def file_name(self) -> str:
        """Where the file of a URL goes, relative to the card's folder."""
        return self.path or unquote(PurePosixPath(urlsplit(self.url or "").path).name)

    @property
    def spoken(self) -> str:
        """The place in a message."""
        if self.git is not None:
            return f"{self.git} at {(self.commit or '')[:12]}"
        return self.url or f"the dataset {self.huggingface} at {self.revision}"

    @property
    def wanted(self) -> str:
        """What somebody would put into the card's folder by hand."""
        if self.url is not None:
            return f"{self.url}, as `{self.file_name}`,"
        files = " ".join(["the files", *(f"`{pattern}`" for pattern in self.files)])
        return f"{files} of {f'the folder `{self.subfolder}` of ' if self.subfolder else ''}{self.spoken}"


def _check_inside(name: str, path: str | None) -> None:
    """A path must stay in the folder, and must not be hidden from the readers."""
    if path is None:
        return
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or "\\" in path or any(part.startswith(".") for part in parts):
        raise ValueError(f"`{name}` must name a file or folder inside the card's, found `{path}`")
