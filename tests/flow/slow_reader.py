"""A reader that takes its time and writes down which files it read: for tests that kill it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from clairiere.corpus.files.source_file import SourceFile
from clairiere.record import Document, Source, Turn


def recognize(_path: SourceFile) -> float:
    return 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    time.sleep(0.6)
    with Path(os.environ["SLOW_READER_LOG"]).open("a") as log:
        log.write(f"{source.name if source else None}\n")
    for number, line in enumerate(path.read_text().splitlines(), 1):
        yield path.document([Turn("A", line), Turn("B", line[::-1])], source=source, locator=f"line={number}")
