"""The curation path by datatrove's own blocks, at their fastest settings; run by benchmarks/curation_path.py.

    python datatrove_curation.py INPUT_FOLDER WORK_FOLDER WORKERS LANGUAGE_MODEL

Reads Parquet with `id` and `text`, identifies the language, applies Gopher's two filters and the formatter of personal
data, drops exact and near duplicates, and writes Parquet. Words are split at white space (`WhitespaceTokenizer`): the
default French tokenizer is ten times slower. The stop words are French: with the default English ones every French
document is dropped. The language model is the small one that the other side uses too. Prints the documents kept, as
JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from datatrove.data import Document
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
from datatrove.pipeline.dedup.exact_dedup import (
    ExactDedupConfig,
    ExactDedupFilter,
    ExactDedupSignature,
    ExactFindDedups,
)
from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter, LanguageFilter
from datatrove.pipeline.formatters import PIIFormatter
from datatrove.pipeline.readers import ParquetReader
from datatrove.pipeline.writers import ParquetWriter
from datatrove.utils.lid import FastTextLID
from datatrove.utils.word_tokenizers import WhitespaceTokenizer

STOP_WORDS = ["de", "la", "le", "et", "à", "que", "je", "vous"]


def text_of(document: Document) -> str:
    """What exact duplicates are compared by."""
    return document.text


EXACT = ExactDedupConfig(content_getter=text_of)


class LocalLID(FastTextLID):
    """The language model of a file on the disk."""

    @property
    def model(self):
        """The model, loaded once a worker."""
        if self._model is None:
            from fasttext.FastText import _FastText

            self._model = _FastText(self.MODEL_URL)
        return self._model


def language_filter(model: str) -> LanguageFilter:
    """datatrove's filter that labels only, with the model of a file."""
    block = LanguageFilter(label_only=True)
    block.model = LocalLID(k=1)
    block.model.MODEL_URL = model
    return block


def run(pipeline: list, logs: Path, tasks: int, workers: int) -> None:
    """One executor, to its end."""
    LocalPipelineExecutor(pipeline, tasks=tasks, workers=workers, logging_dir=str(logs)).run()


def main() -> None:
    """Every step in turn."""
    source, work, workers, model = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    tasks = len(list(Path(source).glob("*.parquet")))
    words = WhitespaceTokenizer()
    filtered, unique, kept = str(work / "filtered"), str(work / "unique"), str(work / "kept")
    filters = [
        language_filter(model),
        GopherRepetitionFilter(language=words),
        GopherQualityFilter(language=words, stop_words=STOP_WORDS, min_stop_words=2),
        PIIFormatter(),
        ParquetWriter(filtered),
    ]
    run([ParquetReader(source), *filters], work / "logs/filter", tasks, workers)

    exact, exact_out = str(work / "exact"), str(work / "exact_out")
    run([ParquetReader(filtered), ExactDedupSignature(exact, EXACT)], work / "logs/e1", tasks, workers)
    run([ExactFindDedups(exact, exact_out, EXACT)], work / "logs/e2", 1, 1)
    dropped = [ParquetReader(filtered), ExactDedupFilter(exact_out, EXACT), ParquetWriter(unique)]
    run(dropped, work / "logs/e3", tasks, workers)

    signatures, buckets, clusters = str(work / "signatures"), str(work / "buckets"), str(work / "clusters")
    run([ParquetReader(unique), MinhashDedupSignature(signatures, language=words)], work / "logs/m1", tasks, workers)
    run([MinhashDedupBuckets(signatures, buckets)], work / "logs/m2", 14, workers)
    run([MinhashDedupCluster(buckets, clusters)], work / "logs/m3", 1, 1)
    last = [ParquetReader(unique), MinhashDedupFilter(clusters), ParquetWriter(kept)]
    run(last, work / "logs/m4", tasks, workers)
    import pyarrow.parquet as pq

    count = sum(pq.ParquetFile(path).metadata.num_rows for path in Path(kept).glob("*.parquet"))
    print(json.dumps({"kept": count}))


if __name__ == "__main__":
    main()
