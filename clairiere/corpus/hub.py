"""A dataset of the Hugging Face Hub, by revision; the Hub's own client resumes and checks."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

from clairiere.corpus.places import Place
from clairiere.errors import FetchError


def fetch(place: Place, folder: Path) -> dict[str, int]:
    """Download the files of a dataset that the card's patterns name.

    Returns:
        Relative path → size of each file that they match in the folder.

    Raises:
        FetchError: the Hub does not answer, has no such dataset or revision, or no file matches.
        ModuleNotFoundError: the extra `fetch` is not installed.
    """
    client = importlib.import_module("huggingface_hub")
    try:
        client.snapshot_download(
            repo_id=place.huggingface,
            repo_type="dataset",
            revision=place.revision,
            allow_patterns=list(place.files) or None,
            local_dir=folder,
        )
    except (OSError, client.errors.HfHubHTTPError, client.errors.LocalEntryNotFoundError) as error:
        first = str(error).strip().partition("\n")[0]
        raise FetchError(f"the Hub did not give it: {first or type(error).__name__}", where=place.spoken) from error
    files = _matching(client, place, folder)
    if not files:
        raise FetchError(
            f"no file of the dataset matches {', '.join(place.files)}",
            where=place.spoken,
            expected="patterns of files that the dataset holds",
            next_step="correct `files` in the card",
        )
    return files


def _matching(client: ModuleType, place: Place, folder: Path) -> dict[str, int]:
    present = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
    visible = [name for name in present if not name.startswith(".") and "/." not in name]
    chosen = client.utils.filter_repo_objects(visible, allow_patterns=list(place.files) or None)
    return {name: (folder / name).stat().st_size for name in chosen}
