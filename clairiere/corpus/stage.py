"""Sources → documents: read every file, prove the license of every document, count what is left out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from clairiere.artifact import Manifest, Work
from clairiere.corpus.files import SourceFile, sole_archive, walk
from clairiere.corpus.licenses import Gate, Judgment, parse
from clairiere.corpus.options import CorpusOptions
from clairiere.corpus.read import read_file
from clairiere.corpus.shards import write_documents
from clairiere.corpus.sources import locate
from clairiere.corpus.tally import Tally, summarize
from clairiere.errors import EmptyError, LicenseError, UnreadableError
from clairiere.progress import Task, task
from clairiere.record import Document, License, Source

LISTED_FILES = 10
"""Of the unreadable files, so many are named in the error; the manifest names all."""


def run(sources: Sequence[Source], options: CorpusOptions, gate: Gate, work: Work) -> Manifest:
    """Read admitted sources into `<source>.parquet`.

    Args:
        sources: the sources that the gate admits by their cards.
        options: the `[corpus]` table.
        gate: judges each document too, where a manifest gives it a license of its own.
        work: the folder in the making; finished sources are taken from its journal.

    Raises:
        UnreadableError: the files are not there, the only archive is damaged, or too many files cannot be read.
        EmptyError: a source gives no document.
    """
    results: dict[str, dict[str, Any]] = {}
    for source in sources:
        recorded = work.recorded(source.name)
        if recorded is None:
            recorded = _read_source(source, options, gate, work.folder / f"{source.name}.parquet")
            work.record(source.name, recorded)
        results[source.name] = recorded
    facts = {source.name: _facts(source, results[source.name]) for source in sources}
    return work.finish(counts=summarize(results), facts={"sources": facts})


def _read_source(source: Source, options: CorpusOptions, gate: Gate, shard: Path) -> dict[str, Any]:
    tally = Tally()
    door = Door(source, gate)
    with task(f"corpus: {source.name}", unit="documents") as progress:
        write_documents(shard, _kept(_distinct(_read(source, tally, progress)), door, tally))
    _check_unreadable(source, tally, options.unreadable_share)
    _check_not_empty(source, tally)
    return tally.to_json()


def _read(source: Source, tally: Tally, progress: Task) -> Iterator[Document]:
    """Every document of every file that can be read."""
    root = locate(source)
    for file in _files(source, root, tally):
        tally.files += 1
        try:
            documents = read_file(file, source)
        except UnreadableError as error:
            tally.lose(error, root)
            continue
        yield from documents
        progress.advance(len(documents), note=file.path)


def _files(source: Source, root: Path, tally: Tally) -> Iterator[SourceFile]:
    """Every file; one that cannot be opened is counted, but the only archive must be whole: it may miss any number."""
    archive = sole_archive(root)

    def lose(error: UnreadableError) -> None:
        if archive is not None and f"{error.where}: ".startswith(f"{archive}: "):
            raise error
        tally.files += 1
        tally.lose(error, root)

    manifest = None if source.manifest is None else Path(source.manifest)
    return walk(root, source.include, source.exclude, manifest=manifest, report=lose)


def _distinct(documents: Iterator[Document]) -> Iterator[Document]:
    """A second document of one id, as from two archives that hold one path, gets `~2`, a third `~3`."""
    seen: dict[str, int] = {}
    for document in documents:
        number = seen[document.id] = seen.get(document.id, 0) + 1
        yield document if number == 1 else dataclasses.replace(document, id=f"{document.id}~{number}")


def _kept(documents: Iterator[Document], door: Door, tally: Tally) -> Iterator[Document]:
    for document in documents:
        license_id, judgment = door.judge(document.license)
        spelled = dataclasses.replace(document, license=license_id)
        if judgment.admitted:
            tally.keep(spelled)
            yield spelled
        else:
            tally.drop(spelled, f"license: {judgment.reason}")


class Door:
    """The gate at one source: each license is judged once."""

    def __init__(self, source: Source, gate: Gate) -> None:
        self._source = source
        self._gate = gate
        self._judged: dict[str | None, tuple[str | None, Judgment]] = {}

    def judge(self, expression: str | None) -> tuple[str | None, Judgment]:
        """A document's license as SPDX spells it, and whether it is let through."""
        if expression not in self._judged:
            self._judged[expression] = self._judge(expression)
        return self._judged[expression]

    def _judge(self, expression: str | None) -> tuple[str | None, Judgment]:
        license_, fault = self._parse(expression)
        judgment = self._gate.judge(license_, self._source.name, fault=fault)
        return (license_.id if license_ else expression), judgment

    def _parse(self, expression: str | None) -> tuple[License | None, str | None]:
        if expression is None:
            return None, None
        terms = {license_id: reference.terms for license_id, reference in self._source.references.items()}
        try:
            return parse(expression, terms), None
        except LicenseError as error:
            return None, error.found


def _check_unreadable(source: Source, tally: Tally, unreadable_share: float) -> None:
    lost = len(tally.unreadable)
    if lost == 0 or (lost < tally.files and lost <= unreadable_share * tally.files):
        return
    listed = "; ".join(f"{entry['where']}: {entry['found']}" for entry in tally.unreadable[:LISTED_FILES])
    more = f"; and {lost - LISTED_FILES} more" if lost > LISTED_FILES else ""
    raise UnreadableError(
        f"{lost} of {tally.files} files of the source {source.name} cannot be read: {listed}{more}",
        where=source.path,
        expected=f"at most {unreadable_share:.1%} of the files (`corpus.unreadable_share`)",
        next_step="correct the files, or leave them out with `exclude` in the source card",
    )


def _check_not_empty(source: Source, tally: Tally) -> None:
    if tally.documents:
        return
    reasons = ", ".join(f"{count} dropped ({reason})" for reason, count in tally.dropped.items())
    raise EmptyError(
        f"the source {source.name} gives no document: {reasons or f'{tally.files} files match'}",
        where=source.path,
        expected="at least one file with text, of those that `include` and `exclude` leave",
        next_step="correct `path`, `include` or `exclude` in the source card, or leave the source out of the recipe",
    )


def _facts(source: Source, tally: Mapping[str, Any]) -> dict[str, Any]:
    """What the card of the model must say of a source, and its size."""
    licenses = {name: numbers["kept"] for name, numbers in tally["by_license"].items() if numbers["kept"]}
    return {
        "title": source.title,
        "holder": source.holder,
        "url": source.url,
        "citation": source.citation,
        "language": source.language,
        "category": source.category,
        "categories": tally["categories"],
        "license": source.license.id if source.license else None,
        "licenses": licenses,
        "license_texts": {license_id: reference.text for license_id, reference in source.references.items()},
        "reader": source.reader,
        "files": tally["files"],
        "documents": tally["documents"],
        "words": tally["words"],
        "bytes": tally["bytes"],
    }
