"""One file by HTTP: resumed where it broke off, checked, and put in place whole.

Ranges and their validators: RFC 9110, sections 13 and 14 (https://www.rfc-editor.org/rfc/rfc9110). One connection at a
time; a server that asks for patience (429, 503, Retry-After) gets it.
"""

from __future__ import annotations

import email.utils
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import clairiere
from clairiere.artifact import digest_file
from clairiere.corpus.fetch.places import Place
from clairiere.errors import FetchError
from clairiere.progress import say, task

USER_AGENT = f"clairiere/{clairiere.__version__} (fetches what a source card names; one connection at a time)"
ATTEMPTS = 6
TIMEOUT_SECONDS = 60.0
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 300.0
CHUNK_BYTES = 1 << 20
PATIENCE = (408, 425, 429, 500, 502, 503, 504)
"""Answers after which one may ask again."""
HANDLERS = (
    urllib.request.ProxyHandler,
    urllib.request.UnknownHandler,
    urllib.request.HTTPHandler,
    urllib.request.HTTPSHandler,
    urllib.request.HTTPDefaultErrorHandler,
    urllib.request.HTTPRedirectHandler,
    urllib.request.HTTPErrorProcessor,
)
"""HTTP and HTTPS, and nothing that a redirect might lead to beside them."""


def fetch(place: Place, folder: Path) -> dict[str, int]:
    """Download a file, going on from what an earlier attempt has left.

    Returns:
        Its path in the folder, and its size.

    Raises:
        FetchError: it cannot be had, or is not the file that the card says.
    """
    target = folder / place.file_name
    partial = target.with_name(f".{target.name}.part")
    target.parent.mkdir(parents=True, exist_ok=True)
    if place.sha256 is None or not partial.is_file() or fault_of(partial, place) is not None:
        _download(place, partial)
    fault = fault_of(partial, place)
    if fault is not None:
        partial.unlink()
        _validator_of(partial).unlink(missing_ok=True)
        raise FetchError(
            fault,
            where=place.url,
            expected="the file that the card means",
            next_step="check the URL and the digest in the card; what came was thrown away",
        )
    if place.sha256 is None:
        say(f'  {place.file_name}: sha256 = "{digest_file(partial)}" (the card has none to check it by)')
    partial.replace(target)
    _validator_of(partial).unlink(missing_ok=True)
    return {place.file_name: target.stat().st_size}


def fault_of(path: Path, place: Place) -> str | None:
    """What of a file is not as the card says."""
    size = path.stat().st_size
    if place.size_bytes is not None and size != place.size_bytes:
        return f"a file of {size:,} bytes instead of {place.size_bytes:,}"
    if place.sha256 is None:
        return None
    digest = digest_file(path)
    return None if digest == place.sha256 else f"a file whose sha256 is {digest} instead of {place.sha256}"


def _download(place: Place, partial: Path) -> None:
    """Fill `partial`, going on after each interruption."""
    opener = urllib.request.OpenerDirector()
    for handler in HANDLERS:
        opener.add_handler(handler())
    pause = FIRST_PAUSE_SECONDS
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _go_on(opener, place, partial)
            return
        except urllib.error.HTTPError as error:
            asked = _retry_after(error)
            found = f"the server answers {error.code} {error.reason}"
            error.close()
            if error.code not in PATIENCE or attempt == ATTEMPTS:
                raise FetchError(found, where=place.url) from error
        except (OSError, http.client.HTTPException) as error:
            asked, found = 0.0, f"the transfer broke off: {getattr(error, 'reason', error) or type(error).__name__}"
            if attempt == ATTEMPTS:
                raise FetchError(found, where=place.url) from error
        wait = min(max(asked, pause), LONGEST_PAUSE_SECONDS)
        say(f"  {place.file_name}: {found}; again in {wait:,.0f} s")
        time.sleep(wait)
        pause *= 2


def _go_on(opener: urllib.request.OpenerDirector, place: Place, partial: Path) -> None:
    """One request for what is still missing."""
    headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
    validator = _validator_of(partial)
    is_safe = place.sha256 is not None or validator.is_file()  # to go on from what we hold
    done = partial.stat().st_size if is_safe and partial.is_file() else 0
    if done:
        headers |= {"Range": f"bytes={done}-"}
        headers |= {"If-Range": validator.read_text()} if validator.is_file() else {}
    request = urllib.request.Request(str(place.url), headers=headers)  # noqa: S310  # the opener knows only HTTP(S)
    try:
        reply = opener.open(request, timeout=TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        error.close()
        partial.unlink()  # what we hold is not a beginning of what is there now
        return _go_on(opener, place, partial)
    with reply:
        resumes = reply.status == http.HTTPStatus.PARTIAL_CONTENT
        _write(reply, place, partial, done if resumes else 0)
    return None


def _write(reply: Any, place: Place, partial: Path, done: int) -> None:
    mark = reply.headers.get("ETag") or reply.headers.get("Last-Modified")
    validator = _validator_of(partial)
    if mark is None or mark.startswith("W/"):
        validator.unlink(missing_ok=True)  # a weak one proves no bytes
    else:
        validator.write_text(mark)
    length = reply.headers.get("Content-Length")
    total = None if length is None else done + int(length)
    with partial.open("ab" if done else "wb") as stream, task(place.file_name, total, "bytes") as progress:
        progress.advance(done)
        for chunk in _chunks(reply):
            stream.write(chunk)
            progress.advance(len(chunk))
    if total is not None and partial.stat().st_size != total:
        raise http.client.IncompleteRead(b"", total - partial.stat().st_size)


def _chunks(reply: Any) -> Iterator[bytes]:
    while chunk := reply.read1(CHUNK_BYTES):
        yield chunk


def _validator_of(partial: Path) -> Path:
    """What says which version of the file `partial` is the beginning of: its ETag, or its date."""
    return partial.with_name(f"{partial.name}.validator")


def _retry_after(error: urllib.error.HTTPError) -> float:
    """Seconds that the server asks to wait, given as such or as a date."""
    asked = error.headers.get("Retry-After", "")
    if asked.isdigit():
        return float(asked)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(asked).timestamp() - time.time())
    except ValueError:
        return 0.0
