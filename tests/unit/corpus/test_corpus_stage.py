"""The stage from source files to documents: what it writes, counts, refuses, and how it goes on after a kill."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from archive_bytes import tar_bytes, zip_bytes

from clairiere.artifact import Manifest, Work
from clairiere.corpus import parts, stage
from clairiere.corpus.cards import Card
from clairiere.corpus.licenses.gate import Gate
from clairiere.corpus.options import CorpusOptions, Override
from clairiere.corpus.shards import read_documents
from clairiere.engines import Engine
from clairiere.engines.local import LocalEngine
from clairiere.errors import EmptyError, UnreadableError
from clairiere.record import Document, Turn

MakeCard = Callable[..., Card]
GOOD = b"[Camille:] Bonjour !\n[Dominique:] Salut.\n\n[Camille:] Encore ?\n[Dominique:] Oui, encore.\n"
BAD = "[Camille:] Bonjour\n[Dominique:] é".encode() + b" caf\xe9\n"
GATE = Gate.make("CC-BY-SA-4.0", "claire")


def files(folder: Path, **contents: bytes) -> None:
    for name, content in contents.items():
        path = folder / "files" / f"{name}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)


def new_work(folder: Path) -> Work:
    work = Work(folder / "corpus", stage="corpus", version=1, options={}, inputs={}, terms={})
    work.begin()
    return work


def read(
    folder: Path,
    *cards: Card,
    gate: Gate = GATE,
    engine: Engine | None = None,
    withdrawn: dict[str, str] | None = None,
    **options: Any,
) -> Manifest:
    sources = [card.source for card in cards]
    given = CorpusOptions.model_validate(options)
    return stage.run(sources, given, gate, new_work(folder), engine or LocalEngine(), withdrawn)


def documents(folder: Path, source: str = "talks") -> list[Document]:
    return list(read_documents(folder / "corpus" / source))


def test_documents_are_written_counted_and_attributed(make_card: MakeCard, tmp_path: Path) -> None:
    files(tmp_path, b=GOOD, a=GOOD)
    manifest = read(tmp_path, make_card())
    kept = documents(tmp_path)
    assert [document.provenance.path for document in kept] == ["a.txt", "a.txt", "b.txt", "b.txt"]
    assert len({document.id for document in kept}) == 4
    assert kept[0].license == "CC0-1.0 AND CC-BY-SA-4.0"
    assert manifest.counts == {
        "kept": {"talks": 4},
        "dropped": {"talks": {}},
        "unreadable": {},
        "encodings": {},
        "stated_licenses": {},
        "by_license": {"CC0-1.0 AND CC-BY-SA-4.0": {"kept": 4, "dropped": 0}},
    }
    text = [turn.text for document in kept for turn in document.turns]
    assert manifest.facts["sources"]["talks"] == {
        "title": "Causeries",
        "holder": "Quelqu'un",
        "url": "https://example.org/talks",
        "citation": "Causeries, 2024.",
        "language": "fr",
        "category": "free-conversation",
        "categories": {"free-conversation": 4},
        "license": "CC0-1.0 AND CC-BY-SA-4.0",
        "licenses": {"CC0-1.0 AND CC-BY-SA-4.0": 4},
        "license_texts": {},
        "reader": "claire_text",
        "files": 2,
        "documents": 4,
        "words": sum(len(turn.split()) for turn in text),
        "bytes": sum(len(turn.encode()) for turn in text),
    }


def test_each_document_passes_the_gate(make_card: MakeCard, tmp_path: Path) -> None:
    files(tmp_path, a=GOOD, b=GOOD, c=GOOD, d=GOOD)
    rows = "a.txt\tcc-by-nc-4.0\nb.txt\tMIT\nc.txt\tCC0-1.0 OR MIT\n"
    (tmp_path / "files/manifest.tsv").write_text("path\tlicense\n" + rows)
    manifest = read(tmp_path, make_card())
    assert {document.provenance.path: document.license for document in documents(tmp_path)} == {
        "b.txt": "CC0-1.0 AND MIT",
        "d.txt": "CC0-1.0 AND CC-BY-SA-4.0",
    }
    dropped = manifest.counts["dropped"]["talks"]
    assert dropped == {
        "license: CC-BY-NC-4.0 is non-commercial, and a model under CC-BY-SA-4.0 may be used commercially": 2,
        "license: a license that leaves a choice: CC0-1.0 AND (CC0-1.0 OR MIT)": 2,
    }
    assert manifest.counts["by_license"] == {
        "CC0-1.0 AND (CC0-1.0 OR MIT)": {"kept": 0, "dropped": 2},
        "CC0-1.0 AND CC-BY-NC-4.0": {"kept": 0, "dropped": 2},
        "CC0-1.0 AND CC-BY-SA-4.0": {"kept": 2, "dropped": 0},
        "CC0-1.0 AND MIT": {"kept": 2, "dropped": 0},
    }
    assert manifest.facts["sources"]["talks"]["licenses"] == {"CC0-1.0 AND CC-BY-SA-4.0": 2, "CC0-1.0 AND MIT": 2}


def test_an_override_holds_for_the_documents_too(make_card: MakeCard, tmp_path: Path) -> None:
    files(tmp_path, a=GOOD)
    gate = Gate.make("MIT", "claire", [Override(source="talks", name="A. Lawyer", reason="by letter")])
    manifest = read(tmp_path, make_card(license_work=None), gate=gate)
    assert [document.license for document in documents(tmp_path)] == [None, None]
    assert manifest.facts["sources"]["talks"]["license"] is None
    assert manifest.counts["by_license"] == {"unknown": {"kept": 2, "dropped": 0}}


def test_the_text_of_an_own_license_goes_along(make_card: MakeCard, tmp_path: Path) -> None:
    files(tmp_path, a=GOOD)
    extra = '[license.references."LicenseRef-Talks"]\ntext = "Do as you like."\n'
    manifest = read(tmp_path, make_card(extra, license_edition='"LicenseRef-Talks"'))
    assert manifest.facts["sources"]["talks"]["license_texts"] == {"LicenseRef-Talks": "Do as you like."}


def test_unreadable_files_are_counted_with_file_and_line(make_card: MakeCard, tmp_path: Path) -> None:
    files(tmp_path, a=GOOD, b=BAD, c=GOOD)
    manifest = read(tmp_path, make_card(), unreadable_share=0.5)
    assert manifest.counts["dropped"] == {"talks": {"unreadable": 1}}
    (lost,) = manifest.counts["unreadable"]["talks"]
    assert lost["where"] == "b.txt:2"
    assert "invalid UTF-8" in lost["found"]
    assert manifest.facts["sources"]["talks"]["files"] == 3


def test_what_is_left_out_on_purpose_is_counted_and_no_failure(make_card: MakeCard, tmp_path: Path) -> None:
    for name in ("a.py", "vendor/b.py", "vendor/c.py", "d_pb2.py"):
        path = tmp_path / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("# @generated\nx = 1\n" if name == "d_pb2.py" else "print(1)\n", encoding="utf-8")
    manifest = read(tmp_path, make_card(reader='"source_code"'), unreadable_share=0)
    assert manifest.counts["dropped"] == {"talks": {"generated code": 1, "vendored code, below `vendor`": 2}}
    assert (manifest.counts["unreadable"], manifest.facts["sources"]["talks"]["documents"]) == ({}, 1)


def test_too_many_unreadable_files_stop_the_stage(make_card: MakeCard, tmp_path: Path) -> None:
    files(tmp_path, **{f"f{number:02}": BAD for number in range(12)}, good=GOOD)
    with pytest.raises(UnreadableError) as caught:
        read(tmp_path, make_card(), unreadable_share=0.5)
    assert "12 of 13 files of the source talks cannot be read: f00.txt:2: invalid UTF-8" in caught.value.found
    assert "; and 2 more" in caught.value.found
    assert "at most 50.0% of the files" in str(caught.value)


def test_the_only_file_must_be_readable(make_card: MakeCard, tmp_path: Path) -> None:
    files(tmp_path, a=BAD)
    with pytest.raises(UnreadableError, match="1 of 1 files"):
        read(tmp_path, make_card(), unreadable_share=1.0)


def test_a_damaged_archive_stops_the_stage(make_card: MakeCard, tmp_path: Path) -> None:
    whole = tar_bytes({f"{number}.txt": GOOD for number in range(200)})
    (tmp_path / "files.tar").write_bytes(whole[: int(len(whole) * 0.9)])
    with pytest.raises(UnreadableError, match="truncated or damaged"):
        read(tmp_path, make_card(path='"files.tar"'), unreadable_share=1.0)


def test_a_damaged_archive_that_is_the_only_one_stops_the_stage(make_card: MakeCard, tmp_path: Path) -> None:
    files(tmp_path, a=GOOD, b=GOOD)
    (tmp_path / "files/c.zip").write_bytes(b"PK nonsense")
    with pytest.raises(UnreadableError, match="an archive that is truncated or damaged"):
        read(tmp_path, make_card(), unreadable_share=1.0)


def test_what_cannot_be_opened_is_counted(make_card: MakeCard, tmp_path: Path) -> None:
    files(tmp_path, a=GOOD)
    (tmp_path / "files/b.tar").write_bytes(tar_bytes({"one.txt": GOOD}))
    (tmp_path / "files/c.zip").write_bytes(b"PK nonsense")
    (tmp_path / "files/d.txt").symlink_to(tmp_path / "talks.toml")
    manifest = read(tmp_path, make_card(), unreadable_share=0.5)
    assert manifest.counts["kept"] == {"talks": 4}
    assert manifest.counts["dropped"] == {"talks": {"unreadable": 2}}
    lost = manifest.counts["unreadable"]["talks"]
    assert [entry["where"] for entry in lost] == ["c.zip", "d.txt"]
    assert "a link to a place outside the source" in lost[1]["found"]
    assert manifest.facts["sources"]["talks"]["files"] == 4
    with pytest.raises(UnreadableError, match="2 of 4 files of the source talks cannot be read: c"):
        read(tmp_path / "strict", make_card(), unreadable_share=0.4)


TEI = """\
<TEI xmlns="http://www.tei-c.org/ns/1.0"><teiHeader><fileDesc><titleStmt><title>T</title></titleStmt>
<publicationStmt><availability><licence target="{}"/></availability></publicationStmt>
<sourceDesc><bibl><availability><licence target="https://creativecommons.org/licenses/by-nd/4.0/"/></availability></bibl>
</sourceDesc></fileDesc></teiHeader><text><body><p>Il pleut.</p></body></text></TEI>"""


def test_the_license_in_a_file_is_joined_to_the_cards(
    make_card: MakeCard, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    by_nc_sa, by_sa = (f"https://creativecommons.org/licenses/{name}/4.0/" for name in ("by-nc-sa", "by-sa"))
    (tmp_path / "files").mkdir()
    for name, address in (("a", by_nc_sa), ("b", by_sa)):
        (tmp_path / "files" / f"{name}.xml").write_text(TEI.format(address), encoding="utf-8")
    manifest = read(tmp_path, make_card(reader='"auto"'))
    (kept,) = documents(tmp_path)
    assert (kept.provenance.path, kept.license) == ("b.xml", "CC0-1.0 AND CC-BY-SA-4.0")
    assert manifest.counts["stated_licenses"] == {"talks": {"CC-BY-NC-SA-4.0": 1}}
    (reason,) = manifest.counts["dropped"]["talks"]
    assert reason.startswith("license: CC-BY-NC-SA-4.0 is non-commercial")
    said = " ".join(capsys.readouterr().err.split())
    assert said.count("documents state a license that the card does not name, so it counts too: 1 CC-BY-NC-SA-4.0") == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.md", "---\nlicense: CC BY-NC 4.0\n---\n\nIl pleut.\n"),
        (
            "a.html",
            "<html><body><p>{}</p><a rel='license' href='https://creativecommons.org/licenses/by-nc/4.0/'>©</a></body>",
        ),
    ],
)
def test_the_license_of_a_page_counts(make_card: MakeCard, tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / name).write_text(content.replace("{}", "Il pleut sur la ville, depuis ce matin. " * 9))
    gate = Gate.make("CC-BY-NC-SA-4.0", "claire")
    read(tmp_path, make_card(reader='"auto"', license_edition='"CC0-1.0"'), gate=gate)
    assert [document.license for document in documents(tmp_path)] == ["CC0-1.0 AND CC-BY-NC-4.0"]


def test_a_line_may_state_its_license(make_card: MakeCard, tmp_path: Path) -> None:
    lines = ['{"text": "a"}', '{"text": "b", "license": "MIT"}', '{"text": "c", "license": "CC-BY-NC-4.0"}']
    lines += ['{"text": "d", "license": "by letter"}', '{"text": "e", "license": {"name": "MIT"}}']
    (tmp_path / "files").mkdir()
    (tmp_path / "files/a.jsonl").write_text("\n".join(lines))
    manifest = read(tmp_path, make_card(reader='"jsonl"'))
    assert [document.license for document in documents(tmp_path)] == ["CC0-1.0 AND CC-BY-SA-4.0", "CC0-1.0 AND MIT"]
    dropped = manifest.counts["dropped"]["talks"]
    assert "license: CC-BY-NC-4.0 is non-commercial, and a model under CC-BY-SA-4.0 may be used commercially" in dropped
    assert sum(dropped.values()) == 3


def test_a_record_without_text_is_counted_and_left_out(make_card: MakeCard, tmp_path: Path) -> None:
    page = "<page><title>{0}</title><ns>0</ns><id>{0}</id><revision><text>{1}</text></revision></page>"
    pages = page.format(1, "Un texte.") + page.format(2, "") + page.format(3, "{{vide}}")
    files(tmp_path, a=f"<mediawiki>{pages}</mediawiki>".encode())
    manifest = read(tmp_path, make_card(reader='"mediawiki_dump"'))
    assert [document.title for document in documents(tmp_path)] == ["1"]
    assert manifest.counts["dropped"] == {"talks": {"without text": 2}}
    assert manifest.counts["unreadable"] == {}


def test_a_table_in_an_archive_is_judged(make_card: MakeCard, tmp_path: Path) -> None:
    table = b"path\tlicense\nb.txt\tCC-BY-NC-4.0\n"
    (tmp_path / "files.tar").write_bytes(tar_bytes({"a.txt": GOOD, "b.txt": GOOD, "manifest.tsv": table}))
    manifest = read(tmp_path, make_card(path='"files.tar"'))
    assert manifest.counts["kept"] == {"talks": 2}
    assert sum(manifest.counts["dropped"]["talks"].values()) == 2


def test_an_empty_source_stops_the_stage(make_card: MakeCard, tmp_path: Path) -> None:
    files(tmp_path, a=GOOD)
    with pytest.raises(EmptyError) as caught:
        read(tmp_path, make_card(include='["*.xml"]'))
    assert "the source talks gives no document: 0 files match" in caught.value.found
    assert "correct `path`, `include` or `exclude`" in str(caught.value)


def test_a_source_whose_documents_are_all_refused_stops_the_stage(make_card: MakeCard, tmp_path: Path) -> None:
    files(tmp_path, a=GOOD)
    (tmp_path / "files/manifest.tsv").write_text("path\tlicense\na.txt\tCC-BY-ND-4.0\n")
    with pytest.raises(EmptyError, match=r"2 dropped \(license: CC-BY-ND-4.0 allows no derivatives\)"):
        read(tmp_path, make_card())


def test_absent_files_stop_the_stage(make_card: MakeCard, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="no files of the source talks"):
        read(tmp_path, make_card())


def test_two_documents_of_one_path_keep_apart(make_card: MakeCard, tmp_path: Path) -> None:
    files(tmp_path, one=GOOD)
    (tmp_path / "files" / "a.zip").write_bytes(zip_bytes({"one.txt": GOOD}))
    read(tmp_path, make_card())
    ids = [document.id for document in documents(tmp_path)]
    assert len(set(ids)) == 4
    assert [id_.endswith("~2") for id_ in ids] == [False, False, True, True]


class Killed:
    """An engine whose driver is killed after some parts."""

    workers = 1
    memory_bytes = 0

    def __init__(self, parts: int = 0) -> None:
        self.parts = parts
        self.asked = 0

    def run(self, function: str, payloads: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
        self.asked = len(payloads)
        for index, result in LocalEngine().run(function, payloads):
            if index == self.parts:
                raise KeyboardInterrupt
            yield index, result


def test_a_stage_goes_on_from_what_is_finished(
    make_card: MakeCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "PART_BYTES", 1)
    files(tmp_path, a=GOOD, b=GOOD, c=GOOD)
    first, second = make_card(), make_card(name='"more"')
    uninterrupted = read(tmp_path, first, second)
    assert len(list((tmp_path / "corpus/talks").iterdir())) == 3
    for after, asked in ((2, 6), (2, 4)):
        engine = Killed(after)
        with pytest.raises(KeyboardInterrupt):
            read(tmp_path / "again", first, second, engine=engine)
        assert engine.asked == asked
    engine = Killed(9)
    resumed = read(tmp_path / "again", first, second, engine=engine)
    assert engine.asked == 2
    assert resumed.files == uninterrupted.files
    assert resumed.counts == uninterrupted.counts
    assert resumed.facts == uninterrupted.facts


def test_workers_change_no_byte(make_card: MakeCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PART_BYTES", 10_000)
    files(tmp_path, **{f"f{number}": GOOD * (number + 1) for number in range(7)})
    alone = read(tmp_path, make_card())
    with LocalEngine(workers=2) as engine:
        together = read(tmp_path / "again", make_card(), engine=engine)
    assert len(alone.files) == 4
    assert together.files == alone.files
    assert together.counts == alone.counts


def test_a_withdrawn_document_is_left_out(make_card: MakeCard, tmp_path: Path) -> None:
    files(tmp_path, a=GOOD)
    manifest = read(tmp_path, make_card(), withdrawn={"talks/a.txt#conversation=1": "by letter"})
    assert [document.id for document in documents(tmp_path)] == ["talks/a.txt#conversation=2"]
    assert manifest.counts["dropped"] == {"talks": {"withdrawn: by letter": 1}}


def test_a_source_of_which_all_is_withdrawn_is_left_out(make_card: MakeCard, tmp_path: Path) -> None:
    files(tmp_path, a=GOOD)
    names = [f"talks/a.txt#conversation={number}" for number in (1, 2)]
    manifest = read(tmp_path, make_card(), withdrawn=dict.fromkeys(names, "by letter"))
    assert manifest.facts == {"sources": {}}
    assert manifest.counts["kept"] == {"talks": 0}


def test_withdrawing_a_numbered_document_takes_those_that_share_its_place(make_card: MakeCard, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "b.tar").write_bytes(tar_bytes({"a/one.txt": GOOD}))
    files(tmp_path / "files", one=GOOD)
    (tmp_path / "files/files").rename(tmp_path / "files/a")
    read(tmp_path, make_card(), withdrawn={"talks/a/one.txt#conversation=1~2": "by letter"})
    assert [document.id for document in documents(tmp_path)] == [
        "talks/a/one.txt#conversation=2",
        "talks/a/one.txt#conversation=2~2",
    ]


def test_documents_before_a_failure_count(make_card: MakeCard, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    lines = ['{"text": "a"}', "nonsense", '{"text": "b"}', '{"text": "c"}']
    (tmp_path / "files/a.jsonl").write_text("\n".join(lines))
    manifest = read(tmp_path, make_card(reader='"jsonl"'), unreadable_share=0.3)
    assert manifest.counts["kept"] == {"talks": 3}
    assert manifest.counts["dropped"] == {"talks": {"unreadable": 1}}
    (lost,) = manifest.counts["unreadable"]["talks"]
    assert lost["where"] == "a.jsonl:2"
    with pytest.raises(
        UnreadableError, match=r"1 of 4 records of the source talks cannot be read: a\.jsonl:2: not JSON"
    ):
        read(tmp_path / "strict", make_card(reader='"jsonl"'), unreadable_share=0.2)


def test_encodings_are_counted_and_told(
    make_card: MakeCard, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files(tmp_path, a=GOOD, b="[Zoé:] Déjà « là » ?".encode("cp1252"), c="[Zoé:] Ça…".encode("utf-16"))
    manifest = read(tmp_path, make_card())
    assert manifest.counts["encodings"] == {"talks": {"iso-8859-1": 1, "utf-16": 1}}
    assert "talks: files that are not in UTF-8 were decoded: 1 in iso-8859-1, 1 in utf-16" in capsys.readouterr().err
    assert documents(tmp_path)[2].turns == (Turn("Zoé", "Déjà « là » ?"),)


def test_an_archive_in_shares_gives_every_member_once(
    make_card: MakeCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "PART_BYTES", 4096)
    members = {f"{number}.txt": GOOD for number in range(20)} | {"inner.zip": b"PK"}
    (tmp_path / "files").mkdir()
    (tmp_path / "files/a.tar").write_bytes(tar_bytes(members))
    (tmp_path / "files/b.zip").write_bytes(b"PK nonsense")
    manifest = read(tmp_path, make_card(), unreadable_share=0.5)
    assert manifest.counts["kept"] == {"talks": 40}
    assert len({document.id for document in documents(tmp_path)}) == 40
    assert manifest.facts["sources"]["talks"]["files"] == 22
    assert manifest.counts["unreadable"]["talks"] == [
        {"where": "a.tar/inner.zip", "found": "an archive inside an archive"},
        {"where": "b.zip", "found": "an archive that is truncated or damaged: File is not a zip file"},
    ]
    assert len(list((tmp_path / "corpus/talks").iterdir())) > 2


def test_a_name_with_an_emoji(make_card: MakeCard, tmp_path: Path) -> None:
    files(tmp_path, **{"été 🎉\u200d": GOOD})
    read(tmp_path, make_card())
    assert documents(tmp_path)[0].id == "talks/été 🎉\u200d.txt#conversation=1"


def test_thousands_of_tiny_files(make_card: MakeCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PART_BYTES", 2**21)
    files(tmp_path, **{f"f{number}": b"[A:] un" for number in range(2000)})
    manifest = read(tmp_path, make_card())
    assert manifest.counts["kept"] == {"talks": 2000}
    assert [path.name for path in sorted((tmp_path / "corpus/talks").iterdir())] == [
        f"{number:05d}.parquet" for number in range(4)
    ]
