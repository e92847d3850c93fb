"""The curate stage: documents → documents, clean, filtered, without duplicates, split for training and evaluation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from clairiere import progress
from clairiere.artifact import Manifest, Work, require_manifest
from clairiere.corpus.shards import read_documents, write_documents
from clairiere.curate.curator import Curator
from clairiere.curate.options import CurateOptions
from clairiere.curate.split import SPLITS, assign
from clairiere.curate.tally import Tally, merge_counts
from clairiere.errors import ArtifactError, EmptyError
from clairiere.record import Document


def run(corpus: Path, options: CurateOptions, work: Work) -> Manifest:
    """Curate every source of a finished corpus folder.

    Args:
        corpus: the corpus stage's folder.
        options: the `[curate]` table.
        work: the folder to fill; sources that it has recorded are not curated again.

    Raises:
        ArtifactError: the corpus folder is not finished, or lacks a source that its manifest names.
        UnknownNameError: a filter of `options.filters` does not exist.
        EmptyError: no document of any source was kept.
    """
    sources: Mapping[str, Mapping[str, Any]] = require_manifest(corpus).facts["sources"]
    curator = Curator(options)
    results: dict[str, dict[str, Any]] = {}
    total = sum(facts["documents"] for facts in sources.values())
    with progress.task("curate", total, "documents") as task:
        for name in sorted(sources):
            results[name] = work.recorded(name) or _curate_source(name, corpus, curator, work)
            curator.seen.add(results[name]["digests"], name)
            task.advance(sources[name]["documents"], name)
    _check_not_empty(results, corpus)
    facts = {name: _source_facts(sources[name], result["splits"]) for name, result in results.items()}
    return work.finish(counts=merge_counts(results), facts={"sources": facts})


def _curate_source(name: str, corpus: Path, curator: Curator, work: Work) -> dict[str, Any]:
    """Curate one source into its splits and record it; what was recorded."""
    shard = corpus / f"{name}.parquet"
    if not shard.is_file():
        raise ArtifactError(
            f"no documents of the source `{name}`",
            where=shard,
            expected="the file that the corpus manifest names",
            next_step=f"delete {corpus} and build again",
        )
    tally = Tally()
    # How a source splits depends on all its ids, so what is kept waits on the disk rather than in memory.
    kept = work.folder / name / "kept.parquet.tmp"
    write_documents(kept, curator.kept(name, read_documents(shard), tally))
    shares = {"test_share": curator.options.test_share, "validation_share": curator.options.validation_share}
    split_of = assign(tally.ids, **shares)
    splits = {split: _write_split(split, split_of, kept, work.folder / name) for split in SPLITS}
    kept.unlink()
    result = {**tally.to_json(), "splits": splits}
    work.record(name, result)
    return result


def _write_split(split: str, split_of: Mapping[str, str], kept: Path, folder: Path) -> dict[str, int]:
    """Write one split's documents; how many documents, words and UTF-8 bytes of turns' text they are."""
    size: Counter[str] = Counter(documents=0, words=0, bytes=0)

    def measured() -> Iterator[Document]:
        for document in read_documents(kept):
            if split_of[document.id] == split:
                size["documents"] += 1
                size["words"] += document.word_count
                size["bytes"] += document.text_bytes
                yield document

    write_documents(folder / f"{split}.parquet", measured())
    return dict(size)


def _source_facts(corpus_facts: Mapping[str, Any], splits: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    """A source's attribution with the sizes of what was kept instead of what was read."""
    sizes = {unit: sum(split[unit] for split in splits.values()) for unit in ("documents", "words", "bytes")}
    return {**corpus_facts, **sizes, "splits": splits}


def _check_not_empty(results: Mapping[str, Mapping[str, Any]], corpus: Path) -> None:
    """Warn of sources without any kept document.

    Raises:
        EmptyError: there are no others.
    """
    empty = {name: result["dropped"] for name, result in results.items() if not result["kept"]}
    if len(empty) == len(results):
        raise EmptyError(
            f"no document was kept of any source; dropped: {empty}",
            where=corpus,
            expected="at least one document that every filter of [curate] keeps",
            next_step="loosen the filters in [curate], or check the sources with `clairiere read`",
        )
    for name, dropped in empty.items():
        progress.say(f"warning: no document of `{name}` was kept; dropped: {dropped}")
