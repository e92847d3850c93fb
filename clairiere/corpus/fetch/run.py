"""`clairiere corpus RECIPE --fetch`: what source cards name, brought to where their `path` leads.

Each place of a card (`[[fetch]]`) is a file at a URL, a dataset of the Hugging Face Hub or a git repository. What lies
there already is left alone; what was interrupted goes on. What has been fetched whole stands in a hidden record beside
the files, so that a second run asks nobody.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from clairiere.artifact import canonical_json, digest_text, write_json
from clairiere.corpus.cards import VARIABLE, Card
from clairiere.corpus.fetch import download, git, hub
from clairiere.corpus.fetch.places import Place
from clairiere.errors import FetchError
from clairiere.progress import say

RECORD = ".clairiere-fetch.json"
"""Beside the files: digest of each place that was fetched → the files that came, with their sizes."""
_FILE_NAME = re.compile(r".*\.[A-Za-z]\w*")


def fetch_cards(cards: Sequence[Card]) -> list[str]:
    """Fetch what the cards name and is not there; the names of the sources for which something came.

    Raises:
        FetchError: a place does not answer, or gives what its card does not say.
        ModuleNotFoundError: a dataset of the Hub, without the extra `fetch`.
    """
    fetched = []
    for card in cards:
        if not card.fetch:
            say(f"{card.name}: its card names no place to fetch from")
        elif _fetch_card(card):
            fetched.append(card.name)
    return fetched


def folder_of(card: Card) -> Path:
    """Where a card's files are brought: its `path`, or the folder of it where that is, or will be, a file.

    A path that is not there yet is a file where its name ends like one: `talks.zip`, not `v1.2`.

    Raises:
        FetchError: the path has a variable that is not set.
    """
    unset = VARIABLE.search(card.source.path)
    if unset is not None:
        raise FetchError(
            f"the variable {unset[1]} is not set",
            where=f"`path` of the source {card.name}: {card.spelled_path}",
            expected="a folder for what is fetched",
            next_step=f"export {unset[1]}=FOLDER, then run the same command again",
        )
    path = Path(card.source.path)
    is_file = path.is_file() or (not path.is_dir() and _FILE_NAME.fullmatch(path.name) is not None)
    return path.parent if is_file else path


def _fetch_card(card: Card) -> bool:
    """Whether anything came."""
    folder = folder_of(card)
    came = False
    for place in card.fetch:
        key = digest_text(canonical_json(place.to_json()))
        record = _read_record(folder)
        if _is_whole(folder, record.get(key)) or _is_anothers(place, folder, card, record):
            continue
        if not record:
            write_json(folder / RECORD, {})
        say(f"{card.name}: fetching {place.spoken} into {folder}")
        write_json(folder / RECORD, {**record, key: _bring(place, folder, card)})
        came = True
    return came


def _is_anothers(place: Place, folder: Path, card: Card, record: Mapping[str, Any]) -> bool:
    """Whether the files were put there by somebody else, so that there is nothing to fetch.

    Raises:
        FetchError: they were, and are not what the card says.
    """
    if place.url is None:
        anothers = not (folder / RECORD).is_file() and _holds_files(folder)
        if anothers:
            say(f"{card.name}: {folder} holds files that were not fetched here; they are left as they are")
        return anothers
    target = folder / place.file_name
    if not target.is_file() or any(place.file_name in files for files in record.values()):
        return False
    fault = download.fault_of(target, place)
    if fault is not None:
        raise FetchError(
            fault,
            where=target,
            expected=f"the file of {place.url}, as the card of {card.name} describes it",
            next_step="move it away, so that it can be fetched, or correct the card",
        )
    return True


def _bring(place: Place, folder: Path, card: Card) -> dict[str, int]:
    """Fetch one place; relative path → size of each file that came."""
    try:
        if place.url is not None:
            return download.fetch(place, folder)
        if place.git is not None:
            return git.fetch(place, folder)
        return hub.fetch(place, folder)
    except FetchError as error:
        raise FetchError(
            error.found,
            where=error.where,
            expected=error.expected or f"{place.spoken}, as the card of {card.name} names it",
            next_step=f"{error.next_step or 'run the same command again, it goes on from what has come'}; without a "
            f"network, put {place.wanted} into {folder}",
        ) from error


def _read_record(folder: Path) -> dict[str, Any]:
    path = folder / RECORD
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return record


def _is_whole(folder: Path, files: dict[str, int] | None) -> bool:
    """Whether everything that came then is there now."""
    return files is not None and all(
        (folder / name).is_file() and (folder / name).stat().st_size == size for name, size in files.items()
    )


def _holds_files(folder: Path) -> bool:
    return folder.is_dir() and any(not path.name.startswith(".") for path in folder.iterdir())
