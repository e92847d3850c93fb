"""One part of a source → one Parquet file of documents: what an engine's workers do at the corpus stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from clairiere.corpus.admission import Door
from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.files.walk import Entry, Opener, Share, are_named, sole_archive
from clairiere.corpus.licenses.gate import Gate
from clairiere.corpus.parts import Part
from clairiere.corpus.read import read_file
from clairiere.corpus.shards import write_documents
from clairiere.corpus.sources import locate
from clairiere.corpus.tally import Tally
from clairiere.errors import UnreadableError
from clairiere.record import Document, Source

FUNCTION = "clairiere.corpus.part:read_part"

_SOURCE = TypeAdapter(Source)
_GATE = TypeAdapter(Gate)


def payloads(
    source: Source, gate: Gate, withdrawn: Mapping[str, str], entries: Sequence[Entry], parts: Sequence[Part]
) -> list[dict[str, Any]]:
    """What `read_part` needs of each part, as JSON; but for `target`, the file to write.

    Args:
        source, gate, withdrawn: as the stage has them.
        entries: all files of the source.
        parts: how they are divided.
    """
    archive = sole_archive(locate(source), entries)
    shared = {
        "source": _SOURCE.dump_python(source, mode="json"),
        "gate": _GATE.dump_python(gate, mode="json"),
        "withdrawn": dict(withdrawn),
        "named": are_named(entries),
        "sole_archive": None if archive is None else str(archive),
    }
    return [
        {
            **shared,
            "entries": [
                [entry.path, entry.size_bytes, *((share.index, share.count) if share.count > 1 else ())]
                for entry, share in part.entries
            ],
        }
        for part in parts
    ]


def read_part(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Read a part's files and write the documents that the gate lets through; the counts.

    Raises:
        UnreadableError: the only archive of the source is damaged.
    """
    source: Source = _SOURCE.validate_python(payload["source"])
    door = Door(source, _GATE.validate_python(payload["gate"]), payload["withdrawn"])
    tally = Tally()
    documents = (document for file in _files(source, payload, tally) for document in _documents(file, source, tally))
    tally.measure(write_documents(Path(payload["target"]), door.let_through(documents, tally)))
    return tally.to_json()


def _files(source: Source, payload: Mapping[str, Any], tally: Tally) -> Iterator[SourceFile]:
    """Every file; one that cannot be opened is counted, but the only archive must be whole: it may miss any number."""
    root, archive = locate(source), payload["sole_archive"]

    def miss(error: UnreadableError) -> None:
        if archive is not None and f"{error.where}: ".startswith(f"{archive}: "):
            raise error
        tally.miss(error, root)

    manifest = None if source.manifest is None else Path(source.manifest)
    opener = Opener(root, source.include, source.exclude, manifest, named=payload["named"])
    for path, size_bytes, *share in payload["entries"]:
        yield from opener.open(Entry(path, size_bytes), miss, Share(*(share or (0, 1))))


def _documents(file: SourceFile, source: Source, tally: Tally) -> Iterator[Document]:
    """Every document of a file that can be read."""
    tally.files += 1
    read = 0
    try:
        for item in read_file(file, source):
            tally.records += 1
            if isinstance(item, UnreadableError):
                tally.lost_records += 1
                tally.lose(item)
            else:
                read += 1
                yield item
        is_lost = read == 0 and not file.skipped
    except UnreadableError as error:
        tally.lose(error)
        is_lost = True
    tally.lost_files += is_lost
    tally.finish(file)
