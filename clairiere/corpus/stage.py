"""Sources → documents: read every file, prove the license of every document, count what is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from clairiere.artifact import Manifest, Work
from clairiere.corpus.admission import WITHDRAWN
from clairiere.corpus.files.walk import entries, selects
from clairiere.corpus.ids import make_distinct
from clairiere.corpus.licenses.gate import Gate
from clairiere.corpus.options import CorpusOptions
from clairiere.corpus.part import FUNCTION, payloads
from clairiere.corpus.parts import divide
from clairiere.corpus.shards import part_name
from clairiere.corpus.sources import locate
from clairiere.corpus.tally import Tally, merge, summarize
from clairiere.engines import Engine
from clairiere.errors import EmptyError, UnreadableError
from clairiere.progress import say, task
from clairiere.record import Source

LISTED_FILES = 10
"""Of the unreadable files, so many are named in the error; the manifest names more."""
MEGABYTE = 1e6


def run(
    sources: Sequence[Source],
    options: CorpusOptions,
    gate: Gate,
    work: Work,
    engine: Engine,
    withdrawn: Mapping[str, str] | None = None,
) -> Manifest:
    """Read admitted sources into `<source>/<part>.parquet`.

    Args:
        sources: the sources that the gate admits by their cards.
        options: the `[corpus]` table.
        gate: judges each document too, where a manifest gives it a license of its own.
        work: the folder in the making; finished parts are taken from its journal.
        engine: where the parts are read.
        withdrawn: document's id → why it was withdrawn.

    Raises:
        UnreadableError: the files are not there, the only archive is damaged, or too much of them cannot be read.
        EmptyError: a source gives no document.
    """
    done = {source.name: work.recorded(source.name) for source in sources}
    readings = [
        _Reading(source, options, gate, work, withdrawn or {}) for source in sources if done[source.name] is None
    ]
    waiting = [(reading, number) for reading in readings for number in reading.missing()]
    with task("corpus", sum(reading.worth(number) for reading, number in waiting) / MEGABYTE, "MB") as progress:
        for reading in readings:
            reading.finish_if_read()
        for index, result in engine.run(FUNCTION, [reading.payload(number) for reading, number in waiting]):
            reading, number = waiting[index]
            reading.take(number, result)
            progress.advance(reading.worth(number) / MEGABYTE, reading.source.name)
            reading.finish_if_read()
    counts = {source.name: work.recorded(source.name) or {} for source in sources}
    facts = {
        source.name: _facts(source, counts[source.name]) for source in sources if not _is_withdrawn(counts[source.name])
    }
    return work.finish(counts=summarize(counts), facts={"sources": facts})


class _Reading:
    """One source while its parts are read, in whichever order they come."""

    def __init__(
        self, source: Source, options: CorpusOptions, gate: Gate, work: Work, withdrawn: Mapping[str, str]
    ) -> None:
        self.source = source
        self._options = options
        self._work = work
        self._folder = work.folder / source.name
        self._walked = Tally()
        root = locate(source)
        found = entries(root, lambda error: self._walked.miss(error, root))
        self._parts = divide(
            entry for entry in found if entry.is_archive or selects(entry.path, source.include, source.exclude)
        )
        self._payloads = payloads(source, gate, withdrawn, found, self._parts)
        self._results = [work.recorded(self._name(number)) for number in range(len(self._parts))]

    def missing(self) -> list[int]:
        """The parts that have still to be read."""
        return [number for number, result in enumerate(self._results) if result is None]

    def worth(self, number: int) -> int:
        """The work of a part, in bytes."""
        return self._parts[number].bytes

    def payload(self, number: int) -> dict[str, Any]:
        """What a worker needs to read a part."""
        return {**self._payloads[number], "target": str(self._file(number))}

    def take(self, number: int, result: dict[str, Any]) -> None:
        """Record a part that has been read."""
        self._work.record(self._name(number), result)
        self._results[number] = result

    def finish_if_read(self) -> None:
        """Check and record the source once all its parts are there."""
        parts = [result for result in self._results if result is not None]
        if len(parts) < len(self._parts):
            return
        counts = merge([self._walked.to_json(), *parts])
        _check_unreadable(self.source, counts, self._options.unreadable_share)
        _check_not_empty(self.source, counts)
        make_distinct([self._file(number) for number in range(len(self._parts))])
        _tell_encodings(self.source, counts)
        _tell_licenses(self.source, counts)
        self._work.record(self.source.name, counts)

    def _file(self, number: int) -> Path:
        return (self._folder / part_name(number)).absolute()

    def _name(self, number: int) -> str:
        return f"{self.source.name}/{number:05d}"


def _check_unreadable(source: Source, counts: Mapping[str, Any], unreadable_share: float) -> None:
    for kind, lost, of in (
        ("files", counts["lost_files"], counts["files"]),
        ("records", counts["lost_records"], counts["records"]),
    ):
        if lost == 0 or (lost < of and lost <= unreadable_share * of):
            continue
        problems = counts["unreadable"]
        listed = "; ".join(f"{entry['where']}: {entry['found']}" for entry in problems[:LISTED_FILES])
        more = f"; and {lost - LISTED_FILES} more" if lost > LISTED_FILES else ""
        raise UnreadableError(
            f"{lost} of {of} {kind} of the source {source.name} cannot be read: {listed}{more}",
            where=source.path,
            expected=f"at most {unreadable_share:.1%} of the {kind} (`corpus.unreadable_share`)",
            next_step="correct the files, or leave them out with `exclude` in the source card",
        )


def _check_not_empty(source: Source, counts: Mapping[str, Any]) -> None:
    if counts["documents"] or _is_withdrawn(counts):
        return
    reasons = ", ".join(f"{count} dropped ({reason})" for reason, count in counts["dropped"].items())
    files = f"{counts['files']} files match"
    raise EmptyError(
        f"the source {source.name} gives no document: {reasons or files}",
        where=source.path,
        expected="at least one file with text, of those that `include` and `exclude` leave",
        next_step="correct `path`, `include` or `exclude` in the source card, or leave the source out of the recipe",
    )


def _is_withdrawn(counts: Mapping[str, Any]) -> bool:
    """Whether nothing is left because somebody withdrew all of it."""
    reasons = counts["dropped"]
    return not counts["documents"] and any(reason.startswith(WITHDRAWN) for reason in reasons)


def _tell_encodings(source: Source, counts: Mapping[str, Any]) -> None:
    if counts["encodings"]:
        found = ", ".join(f"{number:,} in {name}" for name, number in counts["encodings"].items())
        say(f"  {source.name}: files that are not in UTF-8 were decoded: {found}")


def _tell_licenses(source: Source, counts: Mapping[str, Any]) -> None:
    if counts["stated_licenses"]:
        found = ", ".join(f"{number:,} {license_id}" for license_id, number in counts["stated_licenses"].items())
        say(f"  {source.name}: documents state a license that the card does not name, so it counts too: {found}")


def _facts(source: Source, counts: Mapping[str, Any]) -> dict[str, Any]:
    """What the card of the model must say of a source, and its size."""
    licenses = {name: numbers["kept"] for name, numbers in counts["by_license"].items() if numbers["kept"]}
    return {
        "title": source.title,
        "holder": source.holder,
        "url": source.url,
        "citation": source.citation,
        "language": source.language,
        "category": source.category,
        "categories": counts["categories"],
        "license": source.license.id if source.license else None,
        "licenses": licenses,
        "license_texts": {license_id: reference.text for license_id, reference in source.references.items()},
        "reader": source.reader,
        "files": counts["files"],
        "documents": counts["documents"],
        "words": counts["words"],
        "bytes": counts["bytes"],
    }
