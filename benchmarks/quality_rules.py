"""Quality rules on real text: what each source loses and why, speed beside a peer, and how OCR noise is told.

    CLAIRIERE_DATA=… python benchmarks/quality_rules.py [--peer-python PYTHON] [--megabytes 8] [--sources NAME …]

- Every source with a card whose files are there: documents, documents dropped by reason with examples, perplexity.
- Megabytes a second of one core: the features, the features with perplexity, and the rules; Gopher's two filters of
  datatrove on the same documents, in the same run, where an interpreter that has it is named.
- Held-out plays and novels, damaged by 2, 5 and 10 percent of their characters: the area under the ROC curve of the
  perplexity and of the known words, by pieces of 1,000 and 4,500 characters and by document.
- What is really OCR beside it.

Results: benchmarks/quality-rules_<hardware>_<date>.json, and the tables beside it as Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import results

from clairiere.corpus.files.walk import selects
from clairiere.corpus.read import read
from clairiere.corpus.shards import write_documents
from clairiere.corpus.sources import load_card, locate
from clairiere.curate.batch import Batch
from clairiere.curate.language import identify as language
from clairiere.curate.normalize import turns
from clairiere.curate.options import CurateOptions
from clairiere.curate.quality import ngrams
from clairiere.curate.quality.features import Features, measure
from clairiere.curate.quality.hyphens import mend
from clairiere.curate.quality.ngrams import CleanText
from clairiere.curate.quality.rules import judge_batch
from clairiere.curate.split import place
from clairiere.errors import ClairiereError
from clairiere.record import Document, Provenance, Turn

CARDS = Path(__file__).parents[1] / "sources"
OPTIONS = CurateOptions()
BATCH_BYTES = 8_000_000
EXAMPLES = 3
HELD_OUT = ("theatre-fr-fredracor", "book-fr-eltec")
RATES = (0.02, 0.05, 0.1)
PIECES = (1000, 4500, None)
REPORTED = ("perplexity", "known_words", "ocr_confidence", "toxic_words")
WRONG_LETTERS = "abcdefghijklmnopqrstuvwxyzéè.,;1l"

Floats = npt.NDArray[np.float64]


def sources(names: Sequence[str], megabytes: float) -> Iterator[tuple[str, list[Document]]]:
    """The name and the first documents of each source whose files are there; no names are all."""
    for path in sorted(CARDS.glob("*.toml")):
        source = load_card(path).source
        if not Path(source.path).exists() or (names and source.name not in names):
            continue
        found, size = [], 0
        try:
            for item in read([locate(source)], source):
                if isinstance(item, Document) and selects(item.provenance.path, source.include, source.exclude):
                    found.append(item)
                    size += item.text_bytes
                if size > megabytes * 1e6:
                    break
        except ClairiereError as error:
            print(f"{source.name}: {error.found}")
        if found:
            yield source.name, found


def batches(documents: Sequence[Document]) -> Iterator[Batch]:
    """Documents as batches of some megabytes."""
    rows: list[Document] = []
    size = 0
    for each in documents:
        rows.append(each)
        size += each.text_bytes
        if size > BATCH_BYTES:
            yield Batch.from_documents(rows)
            rows, size = [], 0
    if rows:
        yield Batch.from_documents(rows)


def prepared(documents: Sequence[Document], clean_text: dict[str, CleanText]) -> Iterator[tuple[Batch, int]]:
    """Batches as the rules get them, and how many words were mended."""
    for batch in batches(documents):
        normalized, _ = turns.normalize(batch, OPTIONS)
        told, _, _ = language.apply(normalized, language.identify(normalized, OPTIONS.language), OPTIONS.language)
        whole, mended = mend(told, OPTIONS.quality, clean_text)
        yield whole, int(mended.sum())


def losses(documents: Sequence[Document], clean_text: dict[str, CleanText]) -> dict[str, Any]:
    """What one source loses, with examples, and how long it took."""
    dropped: Counter[str] = Counter()
    examples: dict[str, list[str]] = {}
    words, lost_words, size, seconds, mended = 0.0, 0.0, 0, [0.0, 0.0], 0
    measured: list[Features] = []
    for batch, joined in prepared(documents, clean_text):
        size += len(batch.utf8()[0])
        mended += joined
        features, took = timed(measure, batch, {})
        seconds[0] += took
        features, took = timed(measure, batch, clean_text)
        reasons, judging = timed(judge_batch, batch, features, OPTIONS.quality)
        seconds[1] += took + judging
        measured.append(features)
        words += float(features.words.sum())
        for index, reason in enumerate(reasons):
            if reason is not None:
                dropped[reason] += 1
                lost_words += float(features.words[index])
                examples.setdefault(reason, []).append(
                    f"{batch.columns['id'][index]} ({int(features.words[index])} words)"
                )
    return {
        "documents": len(documents),
        "megabytes": round(size / 1e6, 2),
        "dropped": dict(dropped),
        "documents_lost_percent": round(100 * sum(dropped.values()) / len(documents), 2),
        "words_lost_percent": round(100 * lost_words / max(words, 1), 3),
        "words_mended": mended,
        **{name: quantiles(np.concatenate([getattr(each, name) for each in measured])) for name in REPORTED},
        "seconds": {"features": round(seconds[0], 2), "features, perplexity and rules": round(seconds[1], 2)},
        "examples": {reason: found[:EXAMPLES] for reason, found in examples.items()},
    }


def timed(function: Any, *arguments: Any) -> tuple[Any, float]:
    """What a function gives, and its processor seconds."""
    start = time.process_time()
    found = function(*arguments)
    return found, time.process_time() - start


def quantiles(values: Floats) -> dict[str, float] | None:
    """The 1st, 50th and 99th percentile of what is known."""
    known = values[~np.isnan(values)]
    if not len(known):
        return None
    return {str(percent): round(float(np.percentile(known, percent)), 4) for percent in (1, 50, 99)}


def learn(documents: dict[str, list[Document]], folder: Path) -> dict[str, CleanText]:
    """Learn the clean text of some sources as the curate stage does."""
    parts = {}
    for name, found in documents.items():
        path = folder / name / "00000.parquet"
        path.parent.mkdir(parents=True)
        write_documents(path, found)
        parts[name] = [path]
    ngrams.learn(parts, OPTIONS.quality, folder / "clean")
    return ngrams.load(folder / "clean")


def damage(text: str, rate: float, dice: random.Random) -> str:
    """Text with wrong, missing and added characters, as OCR leaves it."""
    kinds = dice.choices("wma", (6, 2, 2), k=len(text))
    return "".join(
        character
        if dice.random() >= rate
        else {"w": dice.choice(WRONG_LETTERS), "m": "", "a": character + dice.choice(WRONG_LETTERS)}[kind]
        for character, kind in zip(text, kinds, strict=True)
    )


def separation(held_out: Sequence[str], clean_text: dict[str, CleanText]) -> dict[str, Any]:
    """The area under the ROC curve by size of piece and rate of damage."""
    dice = random.Random(1)
    found: dict[str, Any] = {}
    for size in PIECES:
        pieces = held_out if size is None else [text[size : 2 * size] for text in held_out if len(text) >= 2 * size]
        clean = likeness(pieces, clean_text)
        row: dict[str, Any] = {"pieces": len(pieces), "clean": quantiles(clean.perplexity)}
        for rate in RATES:
            noisy = likeness([damage(text, rate, dice) for text in pieces], clean_text)
            row[f"{rate:.0%}"] = {
                "perplexity": round(area(clean.perplexity, noisy.perplexity), 4),
                "known words": round(area(-clean.known_words, -noisy.known_words), 4),
                "median perplexity": round(float(np.median(noisy.perplexity)), 2),
            }
        found["document" if size is None else f"{size} characters"] = row
    return found


def likeness(texts: Sequence[str], clean_text: dict[str, CleanText]) -> Features:
    """The features of French texts."""
    provenance = Provenance(path="file", locator=None, sha256="0" * 64)
    fields: dict[str, Any] = {"source": None, "language": "fr", "license": None, "category": "book", "title": None}
    documents = [
        Document(id=str(number), turns=(Turn(None, text),), provenance=provenance, **fields)
        for number, text in enumerate(texts)
    ]
    return measure(Batch.from_documents(documents), clean_text)


def area(low: Floats, high: Floats) -> float:
    """The share of pairs in which the second is higher; ties count half."""
    values = np.concatenate([low, high])
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    above = ranks[len(low) :].sum() - len(high) * (len(high) + 1) / 2
    return float(above / len(low) / len(high))


def ocr_noise(documents: dict[str, list[Document]], folder: Path) -> dict[str, Any]:
    """Learn from half of the plays and novels and from all else, and tell damaged from clean ones of the other half."""
    train = {
        name: [each for each in found if name not in HELD_OUT or place(each.id) < 0.5]
        for name, found in documents.items()
    }
    clean_text = learn(train, folder)
    test = [each for name in HELD_OUT for each in documents.get(name, ()) if place(each.id) >= 0.5]
    return separation([" ".join(turn.text for turn in each.turns)[:200_000] for each in test], clean_text)


def peer(python: str | None, documents: Sequence[Document]) -> dict[str, Any] | str:
    """datatrove's GopherQualityFilter and GopherRepetitionFilter on the same text, in its own interpreter."""
    if python is None:
        return "not installed"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "documents.jsonl"
        lines = (json.dumps("\n".join(turn.text for turn in each.turns)) for each in documents)
        path.write_text("\n".join(lines), encoding="utf-8")
        script = Path(__file__).parent / "peers/datatrove_gopher.py"
        done = subprocess.run([python, str(script), str(path)], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def render(result: dict[str, Any]) -> str:
    """The tables as Markdown."""
    lines = [f"# Quality rules\n\n{result['hardware']}, {result['date']}\n"]
    lines += ["| source | documents | MB | documents lost, % | words lost, % | why | median perplexity |"]
    lines += ["|---|---:|---:|---:|---:|---|---:|"]
    for name, each in result["sources"].items():
        why = ", ".join(f"{reason} {count}" for reason, count in each["dropped"].items())
        middle = each["perplexity"]["50"] if each["perplexity"] else "–"
        numbers = f"{each['documents']:,} | {each['megabytes']} | {each['documents_lost_percent']}"
        lines.append(f"| {name} | {numbers} | {each['words_lost_percent']} | {why} | {middle} |")
    lines += ["", "| | MB/s, one core |", "|---|---:|"]
    lines += [f"| {name} | {value} |" for name, value in result["megabytes_per_second"].items()]
    lines += ["", "| piece | clean, median perplexity | 2 % damaged | 5 % | 10 % |", "|---|---:|---:|---:|---:|"]
    for size, row in result["ocr_noise"].items():
        cells = " | ".join(f"{row[rate]['perplexity']:.4f}" for rate in ("2%", "5%", "10%"))
        lines.append(f"| {size} ({row['pieces']}) | {row['clean']['50']} | {cells} |")
    return "\n".join([*lines, "", "The last table: area under the ROC curve of the perplexity."]) + "\n"


def run(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Every figure."""
    documents = dict(sources(arguments.sources, arguments.megabytes))
    clean_text = learn(documents, folder / "all")
    next(iter(losses(found[:2], clean_text) for found in documents.values()))  # compiles
    each = {name: losses(found, clean_text) for name, found in documents.items()}
    sample = list(islice((one for found in documents.values() for one in found[:20]), 200))
    size = sum(one["megabytes"] for one in each.values())
    seconds = {
        kind: sum(one["seconds"][kind] for one in each.values()) for kind in next(iter(each.values()))["seconds"]
    }
    other = peer(arguments.peer_python, sample)
    rates = {kind: round(size / took, 1) for kind, took in seconds.items()}
    if isinstance(other, dict):
        rates["datatrove's Gopher filters, words by white space"] = other["megabytes_per_second"]
    return {
        "megabytes_of_a_source": arguments.megabytes,
        "clean_text": {code: int((text.table != 0).sum()) for code, text in clean_text.items()},
        "sources": each,
        "megabytes_per_second": rates,
        "peer": other,
        "ocr_noise": ocr_noise(documents, folder / "half"),
    }


def main() -> None:
    """Measure, write, render."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", help="an interpreter that has datatrove")
    parser.add_argument("--megabytes", type=float, default=8, help="text read of each source")
    parser.add_argument("--sources", nargs="*", default=(), help="names of source cards; all where none is given")
    arguments = parser.parse_args()
    if "CLAIRIERE_DATA" not in os.environ:
        parser.error("set CLAIRIERE_DATA to the folder of the corpora")
    with tempfile.TemporaryDirectory() as folder:
        result = run(arguments, Path(folder))
    path = results.write("quality-rules", result, ["numba", "numpy"])
    path.with_suffix(".md").write_text(render(results.newest("quality-rules")), encoding="utf-8")
    print(path)


if __name__ == "__main__":
    main()
