"""How many megabytes of TEI a second one core reads, beside parsing alone and a straightforward walk of the tree.

    CLAIRIERE_DATA=… python benchmarks/read_tei.py [--card theatre-fr-fredracor] [--rounds 3]

All files of a source are held in memory, decompressed. In turn, and as often as there are rounds: the standard
library's parser and lxml's, which give a tree and no text; a walk of lxml's tree in Python, which gives speakers and
lines of verse and prose, and neither the persons of the header nor stage directions; and the reader, from bytes to
documents, with the digest of each file. Seconds are of the processor, the best round counts. The machine's load is
said, since what others run takes caches away and slows Python more than C.

Results: benchmarks/read-tei_<hardware>_<date>.json.
"""

from __future__ import annotations

import argparse
import os
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import results
from lxml import etree

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.files.walk import walk
from clairiere.corpus.read import load_reader
from clairiere.corpus.sources import load_card, locate

CARDS = Path(__file__).parents[1] / "sources"
TEI = "{http://www.tei-c.org/ns/1.0}"
Files = Sequence[tuple[str, bytes]]


def parse_with_standard_library(files: Files) -> dict[str, int]:
    """Trees of xml.etree.ElementTree."""
    for _, content in files:
        ET.fromstring(content)
    return {}


def parse_with_lxml(files: Files) -> dict[str, int]:
    """Trees of lxml."""
    for _, content in files:
        etree.fromstring(content)
    return {}


def walk_tree(files: Files) -> dict[str, int]:
    """Speakers and lines by a loop over elements, as one would write it."""
    turns = words = 0
    for _, content in files:
        for speech in etree.fromstring(content).iter(f"{TEI}sp"):
            label = " ".join("".join(speaker.itertext()) for speaker in speech.iterchildren(f"{TEI}speaker"))
            lines = [" ".join("".join(line.itertext()).split()) for line in speech.iter(f"{TEI}l", f"{TEI}p")]
            turn = (" ".join(label.split()), "\n".join(filter(None, lines)))
            turns, words = turns + 1, words + len(turn[1].split())
    return {"turns": turns, "words": words}


def read_documents(files: Files, reader: str) -> dict[str, int]:
    """The reader's documents."""
    read = load_reader(reader).read
    documents = turns = 0
    for path, content in files:
        for document in read(SourceFile(path, content), None):
            documents, turns = documents + 1, turns + len(document.turns)
    return {"documents": documents, "turns": turns}


def main() -> None:
    """Time the four in turn."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--card", default="theatre-fr-fredracor")
    arguments.add_argument("--rounds", type=int, default=3)
    chosen = arguments.parse_args()
    source = load_card(CARDS / f"{chosen.card}.toml").source
    files = [(file.path, file.read_bytes()) for file in walk(locate(source), source.include, source.exclude)]
    measured: dict[str, Callable[[Files], dict[str, int]]] = {
        "xml.etree.ElementTree, parsing alone": parse_with_standard_library,
        "lxml, parsing alone": parse_with_lxml,
        "lxml, a walk of the tree in Python": walk_tree,
        f"clairiere, {source.reader}": lambda files: read_documents(files, source.reader),
    }
    megabytes = sum(len(content) for _, content in files) / 1e6
    rates: dict[str, list[float]] = {name: [] for name in measured}
    counts: dict[str, dict[str, int]] = {}
    for _ in range(chosen.rounds):
        for name, run in measured.items():
            started = time.process_time()
            counts[name] = run(files)
            rates[name].append(megabytes / (time.process_time() - started))
    best = {name: max(each) for name, each in rates.items()}
    peer = best["lxml, parsing alone"]
    found: dict[str, Any] = {
        "source": chosen.card,
        "files": len(files),
        "megabytes": round(megabytes, 1),
        "rounds": chosen.rounds,
        "load_average": round(os.getloadavg()[0], 1),
        "megabytes_per_second_and_core": {name: round(rate, 1) for name, rate in best.items()},
        "of_the_rate_of_lxml_parsing_alone": {name: round(rate / peer, 2) for name, rate in best.items()},
        "counts": {name: count for name, count in counts.items() if count},
    }
    print(results.write("read-tei", found, ["lxml"]))


if __name__ == "__main__":
    main()
