"""Where a model's folder is: a path, or a snapshot that the Hugging Face cache already holds. Nothing is downloaded."""

from __future__ import annotations

import os
import re
from pathlib import Path

from clairiere.errors import ModelError

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


def spoken_name(given: str) -> str:
    """What a model is called in manifests and cards: a folder given by an absolute path by its last part alone."""
    path = Path(given)
    return path.name if path.is_absolute() else path.as_posix()


def find_model(name: str, revision: str | None, near: Path) -> Path:
    """The folder of a model.

    Args:
        name: a folder, absolute or relative to `near` or the working directory, or a Hub id.
        revision: branch, tag or commit of a Hub id; by default `main`.
        near: the folder from which a relative path counts first.

    Raises:
        ModelError: neither a folder nor in the cache.
    """
    for folder in (near / name, Path(name)):
        if folder.is_dir():
            return folder
    snapshot = _snapshot(name, revision or "main") if _HUB_ID.fullmatch(name) else None
    if snapshot is not None:
        return snapshot
    raise ModelError(
        f"no model `{name}`" + (f" at revision {revision}" if revision else ""),
        where=f"{near / name}, ./{name} and the cache {_cache()}",
        expected="a folder with config.json, *.safetensors and tokenizer.json, or a Hub id in the cache",
        next_step=f"put the folder there, or fetch it where there is a network: `hf download {name}`",
    )


def _cache() -> Path:
    """The Hub cache, by the variables that huggingface_hub reads."""
    if "HF_HUB_CACHE" in os.environ:
        return Path(os.environ["HF_HUB_CACHE"])
    return Path(os.environ.get("HF_HOME", "~/.cache/huggingface")).expanduser() / "hub"


def _snapshot(name: str, revision: str) -> Path | None:
    repository = _cache() / f"models--{name.replace('/', '--')}"
    reference = repository / "refs" / revision
    commit = reference.read_text().strip() if reference.is_file() else revision
    snapshot = repository / "snapshots" / commit
    return snapshot if snapshot.is_dir() else None
