"""datatrove's two Gopher filters on texts, one JSON string a line; run by benchmarks/quality_rules.py.

    python datatrove_gopher.py TEXTS

Words are split at white space and the stop words are French: its fastest settings. Prints MB a second of one core, as
JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from datatrove.data import Document
from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter
from datatrove.utils.word_tokenizers import WhitespaceTokenizer

STOP_WORDS = ["de", "la", "le", "et", "à", "que", "je", "vous"]


def main() -> None:
    """Time both filters."""
    texts = [json.loads(line) for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()]
    words = WhitespaceTokenizer()
    filters = [GopherQualityFilter(language=words, stop_words=STOP_WORDS), GopherRepetitionFilter(language=words)]
    documents = [Document(text=text, id=str(number)) for number, text in enumerate(texts)]
    size = sum(len(text.encode()) for text in texts)
    start = time.process_time()
    kept = sum(all(each.filter(document) is True for each in filters) for document in documents)
    seconds = time.process_time() - start
    print(json.dumps({"documents": len(texts), "kept": kept, "megabytes_per_second": round(size / seconds / 1e6, 2)}))


if __name__ == "__main__":
    main()
