"""Files that come in twos: a text, and beside it the header that speaks about it, or its translation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath

HEADERS = {".orfeo": ".xml"}
"""Suffix of a text → suffix of its header, which has the same name in the same folder."""


_PAIR = re.compile(r"(?P<stem>.*\.(?P<one>[a-z]{2,3}(?:_\w+)?)-(?P<other>[a-z]{2,3}(?:_\w+)?))\.(?P<own>\w+)")

_BESIDE_FRENCH = re.compile(
    r"(?P<stem>.*[^./])\.(?P<own>ar|br|ca|co|cs|da|de|el|en|es|eu|it|la|nl|oc|pl|pt|ro|ru|sv|zh)"
)
_NO_STEM = re.compile(r"\.(?:html?|xhtml|xml|md|json|srt|vtt|[a-z]{2,3}(?:_\w+)?-[a-z]{2,3}(?:_\w+)?)$", re.IGNORECASE)
"""What is said in two languages, though not line by line ("index.html.en"), and names of the other kind."""


def header_path(path: str) -> str | None:
    """Where the header of a text would lie, or its translation; None for formats that keep none apart."""
    suffix = HEADERS.get(PurePosixPath(path).suffix.lower())
    if suffix is not None:
        return str(PurePosixPath(path).with_suffix(suffix))
    languages = pair_languages(path) or plain_languages(path)
    return f"{path.rpartition('.')[0]}.{languages[1]}" if languages else None


def pair_languages(path: str) -> tuple[str, str] | None:
    """The languages of a text, `name.en-fr.en`, and of its translation, `name.en-fr.fr`; None for other names.

    The text is the side whose language comes first in the alphabet: so it does in most archives, too.
    """
    match = _PAIR.fullmatch(path)
    if match is None or match["one"] == match["other"]:
        return None
    first, second = sorted((match["one"], match["other"]))
    return (first, second) if match["own"] == first else None


def plain_languages(path: str) -> tuple[str, str] | None:
    """The languages of a text, `name.en`, and of its translation, `name.fr`, where that lies beside it.

    A name that says one language alone says nothing of the other: it is French.
    """
    match = _BESIDE_FRENCH.fullmatch(path)
    return None if match is None or _NO_STEM.search(match["stem"]) else (match["own"], "fr")


def with_headers(chosen: Callable[[int, str], bool]) -> Callable[[int, str], bool]:
    """A choice among the members of an archive, in its order, that goes for the header of a text as for the text."""
    text = ""
    is_chosen = False

    def choose(number: int, member: str) -> bool:
        nonlocal text, is_chosen
        if text and member == header_path(text):
            return is_chosen
        choice = chosen(number, member)
        if header_path(member) is not None:
            text, is_chosen = member, choice
        return choice

    return choose


def joined(members: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes, bytes | None]]:
    """(path, bytes, bytes of its header) of each member of an archive but the headers.

    A header comes after its text, with nothing between them but members whose names begin like the text's: an
    archive is a stream, and texts cannot wait for its end.
    """
    waiting: tuple[str, bytes] | None = None
    for path, content in members:
        if waiting is not None and path == header_path(waiting[0]):
            yield *waiting, content
            waiting = None
            continue
        if waiting is not None and not path.startswith(waiting[0].rpartition(".")[0]):
            yield *waiting, None
            waiting = None
        if header_path(path) is None:
            yield path, content, None
            continue
        if waiting is not None:
            yield *waiting, None
        waiting = (path, content)
    if waiting is not None:
        yield *waiting, None
