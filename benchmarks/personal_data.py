"""Personal data in French: precision and recall on sentences of our own, and speed, beside peers that are installed.

    CLAIRIERE_DATA=… python benchmarks/personal_data.py [--errors]

A value is found where a finding of the same kind overlaps it; `exact` is the share found from its first to its last
character, `leaked` the share of labeled characters that no finding covers. `--errors` prints what is wrong in the half
that may be looked at. Peers are measured where they can be imported and named missing otherwise. Results:
benchmarks/personal-data_<hardware>_<date>.json.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import results

from clairiere.corpus.read import read
from clairiere.curate.batch import Batch
from clairiere.curate.privacy.redact import MASKS, find
from clairiere.record import Document

ROOT = Path(__file__).parent
SENTENCES = ROOT / "personal_data/sentences.jsonl"
CORPORA = ("theatre-fr-fredracor", "speech-fr-rhapsodie", "debate-fr-fredsum", "legal-fr-legalize")
CORPUS_BYTES = 25_000_000
RUNS = 3

Span = tuple[int, int, str]
Finder = Callable[[list[str]], list[list[Span]]]
"""Texts → what is found in each: start, end, kind."""

BASELINE = {
    "email": re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"),
    "phone": re.compile(r"(?:(?:\+|00)33|0)\s*[1-9](?:[\s.-]*\d{2}){4}"),
    "iban": re.compile(r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){4,7}(?: ?[A-Z0-9]{1,3})?"),
    "ip": re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b"),
    "social_security": re.compile(r"[12]\s?\d{2}\s?\d{2}\s?\d{2}\s?\d{3}\s?\d{3}\s?\d{2}"),
}
"""Five patterns as they are passed around, without gates and without check digits."""


def ours(texts: list[str]) -> list[list[Span]]:
    """What `clairiere.curate.privacy.redact` finds."""
    batch = Batch({}, [None] * len(texts), texts, np.array([0, len(texts)]))
    found: list[list[Span]] = [[] for _ in texts]
    for each in find(texts, batch.utf8(), set(MASKS)):
        found[each.turn].append((each.start, each.end, each.kind))
    return found


def baseline(texts: list[str]) -> list[list[Span]]:
    """What the plain patterns find."""
    return [
        [(*match.span(), kind) for kind, pattern in BASELINE.items() for match in pattern.finditer(text)]
        for text in texts
    ]


def datatrove_finder() -> Finder:
    """The patterns of datatrove's PIIFormatter: e-mail and IP."""
    from datatrove.pipeline.formatters import PIIFormatter

    formatter = PIIFormatter()
    replacers = {"email": formatter.emails_replacer, "ip": formatter.ip_replacer}

    def finder(texts: list[str]) -> list[list[Span]]:
        return [
            [
                (*match.span(), kind)
                for kind, replacer in replacers.items()
                for match in replacer.regex.finditer(text)
                if replacer.validator is None or replacer.validator(match[0])
            ]
            for text in texts
        ]

    return finder


def scrubadub_finder() -> Finder:
    """scrubadub's detectors for France."""
    import scrubadub

    kinds = {"email": "email", "phone": "phone", "credit_card": "card", "social_security_number": "social_security"}
    scrubber = scrubadub.Scrubber(locale="fr_FR")

    def finder(texts: list[str]) -> list[list[Span]]:
        return [
            [(filth.beg, filth.end, kinds[filth.type]) for filth in scrubber.iter_filth(text) if filth.type in kinds]
            for text in texts
        ]

    return finder


PEERS: dict[str, Callable[[], Finder]] = {"datatrove": datatrove_finder, "scrubadub": scrubadub_finder}


def finders() -> tuple[dict[str, Finder], list[str]]:
    """What is compared, and the peers that are not installed."""
    found: dict[str, Finder] = {"clairiere": ours, "plain patterns": baseline}
    missing = []
    for name, load in PEERS.items():
        try:
            found[name] = load()
        except ImportError:
            missing.append(name)
    return found, missing


def scores(rows: list[dict[str, Any]], found: list[list[Span]]) -> dict[str, dict[str, float]]:
    """Precision, recall, exactness and leakage by kind, and of all kinds together."""
    counts: dict[str, Counter[str]] = {}
    for row, spans in zip(rows, found, strict=True):
        labels = [(span["start"], span["end"], span["kind"]) for span in row["spans"]]
        for kind in {kind for *_, kind in [*labels, *spans]}:
            for key in (kind, "all"):
                counts.setdefault(key, Counter()).update(
                    _compare([each for each in labels if each[2] == kind], [each for each in spans if each[2] == kind])
                )
    return {kind: _rates(counter) for kind, counter in sorted(counts.items())}


def _compare(labels: list[Span], spans: list[Span]) -> Counter[str]:
    covered = {place for start, end, _ in spans for place in range(start, end)}
    return Counter(
        labeled=len(labels),
        found=len(spans),
        right=sum(any(span[0] < end and start < span[1] for start, end, _ in labels) for span in spans),
        recalled=sum(any(span[0] < end and start < span[1] for span in spans) for start, end, _ in labels),
        exact=len(set(labels) & set(spans)),
        characters=sum(end - start for start, end, _ in labels),
        leaked=sum(place not in covered for start, end, _ in labels for place in range(start, end)),
    )


def _rates(counter: Counter[str]) -> dict[str, float]:
    def share(part: str, whole: str) -> float | None:
        return round(counter[part] / counter[whole], 4) if counter[whole] else None

    return {
        "labeled": counter["labeled"],
        "found": counter["found"],
        "precision": share("right", "found"),
        "recall": share("recalled", "labeled"),
        "exact": share("exact", "labeled"),
        "leaked": share("leaked", "characters"),
    }


def corpus_turns(folder: Path) -> list[str]:
    """The turns of a folder's first documents."""
    turns: list[str] = []
    size = 0
    for document in read([folder]):
        if isinstance(document, Document):
            turns += [turn.text for turn in document.turns]
            size += document.text_bytes
        if size > CORPUS_BYTES:
            break
    return turns


def megabytes_per_second(finder: Finder, turns: list[str]) -> float:
    """The best of several runs, in 10^6 bytes of UTF-8 per second of processor time; slow finders get fewer turns."""
    few = turns[: len(turns) // 50]
    finder(few)
    sample = few if _seconds(finder, few) > 0.5 else turns
    seconds = min(_seconds(finder, sample) for _ in range(RUNS))
    return round(sum(len(turn.encode()) for turn in sample) / 1e6 / seconds, 1)


def _seconds(finder: Finder, turns: list[str]) -> float:
    started = time.process_time()
    finder(turns)
    return time.process_time() - started


def print_errors(rows: list[dict[str, Any]], found: list[list[Span]]) -> None:
    """What is wrong, sentence by sentence."""
    for row, spans in zip(rows, found, strict=True):
        labels = {(span["start"], span["end"], span["kind"]) for span in row["spans"]}
        for sign, wrong in (("+", set(spans) - labels), ("-", labels - set(spans))):
            for start, end, kind in sorted(wrong):
                print(f"{sign} {kind}: {row['text'][start:end]!r} in {row['text']}")


def main() -> None:
    """Measure everything once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--errors", action="store_true", help="print the errors in the half for tuning, nothing else")
    arguments = parser.parse_args()
    rows = [json.loads(line) for line in SENTENCES.read_text(encoding="utf-8").splitlines()]
    halves = {half: [row for row in rows if row["half"] == half] for half in ("tuning", "held-out")}
    if arguments.errors:
        print_errors(halves["tuning"], ours([row["text"] for row in halves["tuning"]]))
        return
    compared, missing = finders()
    data = Path(os.environ["CLAIRIERE_DATA"])
    turns = {name: corpus_turns(data / name) for name in CORPORA}
    found = {
        name: {
            "scores": {half: scores(part, finder([row["text"] for row in part])) for half, part in halves.items()},
            "megabytes_per_second": {corpus: megabytes_per_second(finder, texts) for corpus, texts in turns.items()},
        }
        for name, finder in compared.items()
    }
    report = {
        "sentences": {half: len(part) for half, part in halves.items()},
        "sentences_without": sum(not row["spans"] for row in rows),
        "missing": missing,
        "results": found,
    }
    print(json.dumps(report, indent=1, ensure_ascii=False))
    print(results.write("personal-data", report, ["numba", *PEERS]))


if __name__ == "__main__":
    main()
