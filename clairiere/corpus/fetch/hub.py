"""A dataset of the Hugging Face Hub, by revision; the Hub's own client resumes and checks."""

from __future__ import annotations

import importlib
import shutil
from pathlib import Path

from clairiere.corpus.fetch.places import Place
from clairiere.errors import FetchError

SCRATCH = ".clairiere-hub"
"""Where files are gathered; it stays after an interruption, so that the client goes on from them."""


def fetch(place: Place, folder: Path) -> dict[str, int]:
    """Download the files of a dataset that the card's patterns name.

    Returns:
        Relative path → size of each file that came.

    Raises:
        FetchError: the Hub does not answer, has no such dataset or revision, or no file matches.
        ModuleNotFoundError: the extra `fetch` is not installed.
    """
    client = importlib.import_module("huggingface_hub")
    prefix = f"{place.subfolder}/" if place.subfolder else ""
    patterns = [prefix + pattern for pattern in place.files or ("*",)]
    try:
        client.snapshot_download(
            repo_id=place.huggingface,
            repo_type="dataset",
            revision=place.revision,
            allow_patterns=patterns,
            local_dir=folder / SCRATCH,
        )
    except (OSError, client.errors.HfHubHTTPError, client.errors.LocalEntryNotFoundError) as error:
        first = str(error).strip().partition("\n")[0]
        raise FetchError(f"the Hub did not give it: {first or type(error).__name__}", where=place.spoken) from error
    files = _move(folder / SCRATCH / prefix, folder)
    shutil.rmtree(folder / SCRATCH, ignore_errors=True)
    if not files:
        raise FetchError(
            f"no file of the dataset matches {', '.join(patterns)}",
            where=place.spoken,
            expected="patterns of files that the dataset holds",
            next_step="correct `files` in the card",
        )
    return files


def _move(root: Path, folder: Path) -> dict[str, int]:
    """Put the files in their place, but for the client's own, which are hidden."""
    files: dict[str, int] = {}
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if path.is_file() and not any(part.startswith(".") for part in relative.parts):
            target = folder / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
            files[relative.as_posix()] = target.stat().st_size
    return files
