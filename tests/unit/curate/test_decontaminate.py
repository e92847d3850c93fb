"""What evaluation items hold is found wherever it stands, and nothing else."""

from __future__ import annotations

import csv
import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from clairiere.curate.batch import Batch
from clairiere.curate.decontaminate import files as decontaminate_files
from clairiere.curate.decontaminate.files import read_items
from clairiere.curate.decontaminate.options import DecontaminateOptions
from clairiere.curate.decontaminate.remove import CONTAMINATED, Index, digests, open_index, remove
from clairiere.errors import RecipeError, UnreadableError
from clairiere.record import Document

Make = Callable[..., Document]
DATA = os.environ.get("CLAIRIERE_DATA")
QUESTION = (
    "Les canes de Janet pondent seize œufs par jour : chaque matin, elle en mange trois au petit déjeuner, "
    "puis elle vend le reste."
)
SHORT = "Quelle est la capitale de la Bourgogne au treizième siècle ?"
TINY = "Qui parle ici ?"


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return index_of(tmp_path)


def index_of(folder: Path, **options: object) -> Index:
    items = [{"question": QUESTION, "choices": [SHORT, TINY], "n": 3}]
    (folder / "quiz.json").write_text(json.dumps(items), encoding="utf-8")
    return open_index(DecontaminateOptions.model_validate({"files": ["quiz.json"], **options}), folder)


def test_the_index_counts_its_items(index: Index) -> None:
    assert index.facts == {"items": 3, "words": 36, "too_short": 1}


def test_thirteen_words_of_an_item_drop_the_document(make_document: Make, index: Index) -> None:
    thirteen = "JANET pondent, seize œufs par jour. Chaque matin elle en mange trois -- au"
    twelve = "Janet pondent seize œufs par jour chaque matin elle en mange trois"
    batch = Batch.from_documents([make_document(("A", f"Bon. {text} Voilà.")) for text in (thirteen, twelve)])
    found = remove(batch, index)
    assert found.batch is batch
    assert found.reasons == [CONTAMINATED, None]
    assert found.twins == ["quiz.json#/0/question", None]


def test_a_run_over_turns_is_found_but_never_over_documents(make_document: Make, index: Index) -> None:
    words = QUESTION.split()
    halves = " ".join(words[4:12]), " ".join(words[12:20])
    batch = Batch.from_documents(
        [
            make_document(("A", halves[0]), ("B", halves[1])),
            make_document(("A", halves[0])),
            make_document(("A", halves[1])),
        ]
    )
    assert remove(batch, index).reasons == [CONTAMINATED, None, None]


def test_short_items_are_met_whole_and_tiny_ones_never(make_document: Make, index: Index) -> None:
    texts = [f"Dis, {SHORT.lower()}", SHORT.removesuffix(" siècle ?"), TINY]
    found = remove(Batch.from_documents([make_document(("A", text)) for text in texts]), index)
    assert found.twins == ["quiz.json#/0/choices/0", None, None]


def test_only_the_turns_that_meet_an_item_go(make_document: Make, tmp_path: Path) -> None:
    index = index_of(tmp_path, level="turn")
    long = make_document(("A", "Bonjour."), ("B", QUESTION), ("A", "Oui."), ("C", f"Et {SHORT}"), ("B", "Non."), id="1")
    only = make_document(("A", QUESTION), id="2")
    found = remove(Batch.from_documents([long, only, make_document(("A", "Rien."), id="3")]), index)
    assert found.reasons == [None, CONTAMINATED, None]
    assert found.twins == [None, "quiz.json#/0/question", None]
    assert found.batch.texts == ["Bonjour. Oui.", "Non.", "Rien."]
    assert found.changed == {"contaminated.turns": 3}


def test_items_with_one_beginning_are_told_apart_and_copies_count_once(make_document: Make, tmp_path: Path) -> None:
    template = "Parmi les propositions suivantes concernant le cœur et les poumons, laquelle est exacte pour"
    items = [f"{template} {name}" for name in ("Alix", "Camille", "Claude", "Alix")] * 50
    (tmp_path / "quiz.jsonl").write_text("\n".join(map(json.dumps, items)), encoding="utf-8")
    index = open_index(DecontaminateOptions(files=("quiz.jsonl",), level="turn"), tmp_path)
    assert len(index.needles) == 2 + 3
    turns = [("A" if place % 2 else "B", f"{template} {name}") for place, name in enumerate(["Claude"] * 50)]
    found = remove(Batch.from_documents([make_document(*turns, (None, "Voilà."))]), index)
    assert found.batch.texts == ["Voilà."]
    assert found.changed == {"contaminated.turns": 50}


def test_an_equal_hash_is_not_enough(make_document: Make, index: Index) -> None:
    """The index says that other words have the item's hashes, as in a collision."""
    lying = Index(**{**vars(index), "texts": ["un deux trois " * 20, *index.texts[1:]]})
    found = remove(Batch.from_documents([make_document(("A", QUESTION)), make_document(("A", SHORT))]), lying)
    assert found.reasons == [None, CONTAMINATED]


def test_no_files_no_index(make_document: Make, tmp_path: Path) -> None:
    index = open_index(DecontaminateOptions(), tmp_path)
    batch = Batch.from_documents([make_document(("A", QUESTION))])
    assert remove(batch, index).batch is batch
    assert remove(batch, index).reasons == [None]
    assert digests(DecontaminateOptions(), tmp_path) == {}


def test_every_kind_of_file_is_read(tmp_path: Path) -> None:
    rows = io.StringIO()
    csv.writer(rows).writerows([["q", "a"], ["Un, deux", "Trois\nquatre"]])
    (tmp_path / "e.csv").write_text(rows.getvalue(), encoding="utf-8")
    (tmp_path / "e.tsv").write_text("Un « deux\t3\nTrois\t4\n", encoding="utf-8")
    (tmp_path / "e.jsonl").write_text('{"q": "Un", "l": [["Deux"]]}\n\n"Trois"\n', encoding="utf-8")
    (tmp_path / "e.txt").write_text("\nUn\ndeux\n\nTrois\n", encoding="utf-8")
    pq.write_table(pa.table({"q": ["Un"], "n": [1], "l": [["Deux"]]}), tmp_path / "e.parquet")
    (tmp_path / "z.jsonl.zst").write_bytes(zstandard.compress(b'["Un"]\n'))
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr("inside.json", '{"q": "Un"}')
    items = read_items(DecontaminateOptions(files=("e.*", "z.jsonl.zst", "archive.zip")), tmp_path)
    assert [tuple(item) for item in items] == [
        ("e.csv", "1/1", "q"),
        ("e.csv", "1/2", "a"),
        ("e.csv", "3/1", "Un, deux"),
        ("e.csv", "3/2", "Trois\nquatre"),
        ("e.jsonl", "1/q", "Un"),
        ("e.jsonl", "1/l/0/0", "Deux"),
        ("e.jsonl", "3", "Trois"),
        ("e.parquet", "1/q", "Un"),
        ("e.parquet", "1/l/0", "Deux"),
        ("e.tsv", "1/1", "Un « deux"),
        ("e.tsv", "1/2", "3"),
        ("e.tsv", "2/1", "Trois"),
        ("e.tsv", "2/2", "4"),
        ("e.txt", "2", "Un\ndeux"),
        ("e.txt", "5", "Trois"),
        ("z.jsonl.zst", "1/0", "Un"),
        ("archive.zip/inside.json", "/q", "Un"),
    ]


def test_folders_and_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "quiz").mkdir()
    (tmp_path / "quiz/README.md").write_text("about", encoding="utf-8")
    (tmp_path / "quiz/a.txt").write_text("Un", encoding="utf-8")
    monkeypatch.setenv("QUIZZES", str(tmp_path))
    options = DecontaminateOptions(files=("${QUIZZES}/quiz",))
    assert [tuple(item) for item in read_items(options, Path("elsewhere"))] == [("quiz/a.txt", "1", "Un")]
    before = digests(options, Path())
    assert list(before) == ["${QUIZZES}/quiz: quiz/a.txt"]
    (tmp_path / "quiz/a.txt").write_text("Deux", encoding="utf-8")
    assert digests(options, Path()) != before


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    files = {
        "bad.json": (b"{", "no JSON"),
        "deep.jsonl": (b"[" * 100_000 + b"]" * 100_000, "no JSON"),
        "bad.parquet": (b"PAR1", "no Parquet"),
        "quiz.doc": (b"x", "unknown kind"),
    }
    for name, (content, found) in files.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UnreadableError, match=found) as caught:
            list(read_items(DecontaminateOptions(files=(name,)), tmp_path))
        assert name in str(caught.value)


def test_a_field_without_end_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bad.csv").write_bytes(b'"' + b"x" * 200)
    before = csv.field_size_limit()
    monkeypatch.setattr(decontaminate_files, "FIELD_CHARACTERS_LIMIT", 100)
    try:
        with pytest.raises(UnreadableError, match="no CSV: field larger than field limit"):
            list(read_items(DecontaminateOptions(files=("bad.csv",)), tmp_path))
    finally:
        csv.field_size_limit(before)


def test_a_pattern_that_matches_nothing_is_said(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"no evaluation file matches `quiz/\*\.json`") as caught:
        digests(DecontaminateOptions(files=("quiz/*.json",)), tmp_path)
    assert "decontaminate" in str(caught.value)


@pytest.mark.real
@pytest.mark.skipif(not DATA, reason="CLAIRIERE_DATA is not set")
def test_planted_items_of_real_sets_are_all_found(make_document: Make) -> None:
    """Each item in a document of its own, among words of others and in other case; and none in other text."""
    names = ("eval-multi-xquad", "eval-fr-frenchmedmcqa", "eval-multi-mgsm/mgsm/*.tsv")
    options = DecontaminateOptions(files=tuple(f"${{CLAIRIERE_DATA}}/{name}" for name in names))
    index = open_index(options, Path())
    assert index.facts["items"] > 20_000
    long = [
        text
        for text, size in zip(index.texts, (index.begins[1:] - index.begins[:-1]).tolist(), strict=True)
        if size >= 13
    ]
    planted = [f"Alors voilà, {text.upper()} et puis c'est tout." for text in long[::10]]
    clean = ["Je ne sais plus très bien ce que je voulais te dire ce matin en arrivant à la gare."] * 5
    batch = Batch.from_documents([make_document(("A", text)) for text in [*planted, *clean]])
    found = remove(batch, index)
    # Upper case is not always undone by lower case: ß becomes SS.
    expected = [CONTAMINATED if "ß" not in text else None for text in long[::10]] + [None] * len(clean)
    wrong = [place for place, (one, other) in enumerate(zip(found.reasons, expected, strict=True)) if other and not one]
    assert len(planted) > 300
    assert not wrong
    assert found.reasons[-5:] == [None] * 5
