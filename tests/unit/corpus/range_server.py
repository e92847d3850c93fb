"""A server of this machine that knows ranges, breaks off where a test wants it, and remembers what it was asked."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Site:
    """What is served, and how the server misbehaves."""

    files: dict[str, bytes]
    etag: str | None = '"1"'
    break_after: list[int] = field(default_factory=list)
    """For each of the next requests: after so many bytes of the answer the connection ends."""
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """For each of the next requests: the status and headers to answer with instead."""
    redirects: dict[str, str] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    """The headers of each request, and its `path`."""
    url: str = ""


class Handler(BaseHTTPRequestHandler):
    """Answers for one site."""

    protocol_version = "HTTP/1.1"
    site: Site

    def do_GET(self) -> None:
        site = self.site
        site.asked.append({"path": self.path, **dict(self.headers)})
        if site.answers:
            self._refuse(*site.answers.pop(0))
        elif self.path in site.redirects:
            self._refuse(302, {"Location": site.redirects[self.path]})
        elif self.path not in site.files:
            self._refuse(404, {})
        else:
            self._give(site.files[self.path])

    def _refuse(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": "0"}.items():
            self.send_header(name, value)
        self.end_headers()

    def _give(self, content: bytes) -> None:
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        same = self.headers.get("If-Range", self.site.etag) == self.site.etag
        start = int(wanted[1]) if wanted and same else 0
        if start and start >= len(content):
            self._refuse(416, {})
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        if self.site.etag:
            self.send_header("ETag", self.site.etag)
        self.end_headers()
        part = content[start:]
        if self.site.break_after:
            part = part[: self.site.break_after.pop(0)]
            self.close_connection = True
        self.wfile.write(part)

    def log_message(self, *_: object) -> None:
        """Nothing on standard error."""


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    """The site at `site.url` for as long as the block lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("SiteHandler", (Handler,), {"site": site}))
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
