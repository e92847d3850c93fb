"""Files that speak about others: the licenses of code, and the persons of a parliament, in folders and archives."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path

import pytest

from clairiere.corpus.admission import Door
from clairiere.corpus.files.walk import digests, walk
from clairiere.corpus.licenses.gate import Gate, parse
from clairiere.corpus.licenses.texts import spdx_id
from clairiere.corpus.read import load_reader
from clairiere.corpus.tally import Tally
from clairiere.record import Document, Source

MIT = """MIT License

Copyright (c) 2020 Lise Rivaud

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction, provided that
The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software."""
BSD = """Copyright 2008, Lise Rivaud.
Redistributions in binary form must reproduce the above
copyright notice, this list of conditions and the following disclaimer."""
ENDORSE = " * Neither the name of Rivaud may be used to endorse or promote products derived from this software."
APACHE = """Apache License
Version 2.0, January 2004
http://www.apache.org/licenses/
3. Grant of Patent License."""
TEXTS = {
    "MIT": MIT,
    "MIT-0": MIT.partition("provided")[0]
    + "and to permit persons to whom the Software is furnished to do so. THE SOFTWARE IS",
    "BSD-2-Clause": BSD,
    "BSD-3-Clause": BSD + ENDORSE,
    "Apache-2.0": APACHE,
    "ISC": "Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee\n"
    "is hereby granted, provided that the above\ncopyright notice and this permission notice appear in all copies.",
    "Unlicense": "This is free and unencumbered software released into the public domain.",
    "MPL-2.0": "Mozilla Public License Version 2.0\nEach Contributor hereby grants You a world-wide, royalty-free",
    "CC0-1.0": "CC0 1.0 Universal\nAffirmer hereby overtly, fully, permanently, irrevocably and unconditionally waives",
    "GPL-2.0-only": "GNU GENERAL PUBLIC LICENSE\n   Version 2, June 1991\nNO WARRANTY",
    "GPL-3.0-only": "GNU GENERAL PUBLIC LICENSE\n   Version 3, 29 June 2007\nConveying Verbatim Copies.",
    "LGPL-2.0-only": "GNU LIBRARY GENERAL PUBLIC LICENSE\n Version 2, June 1991\na \"work that uses the library\"",
    "LGPL-2.1-only": "GNU LESSER GENERAL PUBLIC LICENSE\n Version 2.1, February 1999\na \"work that uses the Library\"",
    "LGPL-3.0-only": "GNU LESSER GENERAL PUBLIC LICENSE\n Version 3, 29 June 2007\n"
    "incorporates the terms and conditions",
    "AGPL-3.0-only": "GNU AFFERO GENERAL PUBLIC LICENSE\n Version 3, 19 November 2007\nRemote Network Interaction",
    "EUPL-1.1": "European Union Public Licence\nV. 1.1",
    "EUPL-1.2": "LICENCE PUBLIQUE DE L’UNION EUROPÉENNE v. 1.2",
    "CECILL-2.0": "CeCILL FREE SOFTWARE LICENSE AGREEMENT\nVersion 2.0 dated 2006-09-05",
    "CECILL-2.1": "CONTRAT DE LICENCE DE LOGICIEL LIBRE CeCILL\nVersion 2.1 du 2013-06-21",
    "CECILL-B": "CeCILL-B FREE SOFTWARE LICENSE AGREEMENT\nVersion 1.0 dated 2006-09-05",
    "CECILL-C": "CONTRAT DE LICENCE DE LOGICIEL LIBRE CeCILL-C\nVersion 1.0 du 2006-09-05",
}  # fmt: skip
HOUSE = "Copyright Rivaud. Nobody may use this."
HOUSE_ID = f"LicenseRef-file-{hashlib.sha256(HOUSE.encode()).hexdigest()[:12]}"


@pytest.mark.parametrize("id_", TEXTS)
def test_a_license_is_known_by_its_sentences(id_: str) -> None:
    assert spdx_id(TEXTS[id_]) == id_
    parse(id_)


@pytest.mark.parametrize(
    "text",
    [
        "",
        HOUSE,
        MIT + " The Software shall be used for Good, not Evil.",
        MIT + " word" * 300,
        MIT + BSD,
        BSD + " All advertising materials mentioning features must say so.",
        "“Commons Clause” License Condition v1.0\n" + APACHE,
    ],
    ids=["empty", "another", "with a condition", "with more", "two", "with advertising", "with a clause"],
)
def test_what_is_no_known_license_alone(text: str) -> None:
    assert spdx_id(text) is None


def test_a_file_of_reuse_is_named_by_its_license() -> None:
    assert spdx_id("Any text.", "Zlib") == "Zlib"
    assert spdx_id("Any text.", "LicenseRef-own") is None
    assert spdx_id(MIT, "Zlib") == "MIT"


TREE = {
    "LICENSE": MIT,
    "a.py": "a = 1\n",
    "license.py": "b = 1\n",
    "named.py": "# SPDX-License-Identifier: ISC\nc = 1\n",
    "deep/er/d.py": "d = 1\n",
    "gnu/COPYING": TEXTS["GPL-3.0-only"],
    "gnu/e.py": "e = 1\n",
    "gnu/inner/f.py": "f = 1\n",
    "dual/LICENSE-APACHE": APACHE,
    "dual/LICENSE-MIT": MIT,
    "dual/g.py": "g = 1\n",
    "house/LICENSE.txt": HOUSE,
    "house/h.py": "h = 1\n",
    "house/manifest.tsv": "path\tlicense\ni.py\tCC0-1.0\n",
    "house/i.py": "i = 1\n",
    "reuse/LICENSES/MIT.txt": MIT,
    "reuse/LICENSES/Zlib.txt": "zlib",
    "reuse/src/j.py": "j = 1\n",
}
LICENSE_OF = {
    "a.py": "MIT",
    "license.py": "MIT",
    "named.py": "ISC",
    "deep/er/d.py": "MIT",
    "gnu/e.py": "GPL-3.0-only",
    "gnu/inner/f.py": "GPL-3.0-only",
    "dual/g.py": "Apache-2.0 AND MIT",
    "house/h.py": HOUSE_ID,
    "house/i.py": "CC0-1.0",
    "reuse/src/j.py": "MIT AND Zlib",
}


def planted(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content, encoding="utf-8")
    return folder


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return planted(tmp_path / "tree", TREE)


@pytest.fixture
def archive(tree: Path, tmp_path: Path) -> Path:
    """The licenses lie behind the code."""
    with tarfile.open(tmp_path / "tree.tar.gz", "w:gz") as tar:
        for name in sorted(TREE, reverse=True):
            tar.add(tree / name, name)
    return tmp_path / "tree.tar.gz"


def source(edition: str | None = "Apache-2.0") -> Source:
    return Source(
        name="code", title="Code", holder="Rivaud", url="https://example.org", citation="Code", language="en",
        category="code", work=parse("CC0-1.0"), edition=None if edition is None else parse(edition), path=".",
        reader="source_code",
    )  # fmt: skip


def documents(root: Path, card: Source) -> list[Document]:
    reader = load_reader("source_code")
    return [item for file in walk(root) for item in reader.read(file, card) if isinstance(item, Document)]


def licenses(root: Path, card: Source) -> dict[str, str | None]:
    return {document.provenance.path: document.license for document in documents(root, card)}


def with_work(license_id: str) -> str:
    return "CC0-1.0" if license_id == "CC0-1.0" else f"CC0-1.0 AND {license_id}"


@pytest.mark.parametrize("kind", ["tree", "archive"])
def test_the_nearest_license_file_takes_the_editions_place(kind: str, request: pytest.FixtureRequest) -> None:
    root: Path = request.getfixturevalue(kind)
    assert licenses(root, source()) == {path: with_work(id_) for path, id_ in LICENSE_OF.items()}


def test_a_license_file_proves_what_the_card_does_not(tree: Path) -> None:
    assert licenses(tree, source(None))["a.py"] == "CC0-1.0 AND MIT"


def test_code_without_a_license_file_has_the_cards(tmp_path: Path) -> None:
    root = planted(tmp_path, {"a/b.py": "b = 1\n"})
    assert licenses(root, source()) == {"a/b.py": "CC0-1.0 AND Apache-2.0"}
    assert licenses(root, source(None)) == {"a/b.py": None}


def test_nothing_above_the_source_is_looked_at(tree: Path) -> None:
    assert licenses(tree / "deep", source())["er/d.py"] == "CC0-1.0 AND Apache-2.0"
    assert licenses(tree / "gnu/e.py", source())["e.py"] == "CC0-1.0 AND GPL-3.0-only"
    (tree / "deep/LICENSE").symlink_to(tree / "gnu/COPYING")
    assert licenses(tree, source())["deep/er/d.py"] == "CC0-1.0 AND MIT"


def test_the_gate_drops_code_whose_license_is_not_recognized(tree: Path) -> None:
    tally = Tally()
    gate = Gate.make("CC-BY-SA-4.0", "claire")
    kept = Door(source(), gate, {}).let_through(iter(documents(tree / "house", source())), tally)
    assert [document.provenance.path for document in kept] == ["i.py"]
    assert any(HOUSE_ID in reason and "without its text" in reason for reason in tally.to_json()["dropped"])


def test_a_license_that_changes_changes_the_digests(tree: Path) -> None:
    before = digests(tree)
    (tree / "gnu/COPYING").write_text(MIT, encoding="utf-8")
    after = digests(tree)
    assert {path for path in after if after[path] != before[path]} == {"about gnu/COPYING"}
    assert "about LICENSE" in digests(tree / "a.py")
    assert licenses(tree, source())["gnu/e.py"] == "CC0-1.0 AND MIT"


TEI = '<TEI xmlns="http://www.tei-c.org/ns/1.0">{}</TEI>'
SITTING = TEI.format(
    '<teiHeader><profileDesc><settingDesc><setting><date when="2020-03-02"/></setting></settingDesc></profileDesc>'
    "</teiHeader><text><body>{}</body></text>"
)
UTTERANCE = '<u who="#{}" ana="#{}"><seg>Oui.</seg></u>'
PERSONS = TEI.format(
    '<listPerson><person xml:id="P1"><persName><surname>Rivaud</surname><forename>Lise</forename></persName>'
    '<sex value="F"/><affiliation role="member" ref="#ROUGE" from="2019-01-01"/>'
    '<affiliation role="member" ref="#BLEU" to="2018-12-31"/><affiliation role="MP" ref="#CHAMBRE"/>'
    '<affiliation role="head"/></person>'
    '<person xml:id="P2"><persName>Jean Aubin</persName><affiliation ref="#G" when="2020"/></person>'
    '<person xml:id="P3"/></listPerson>'
)
ORGANIZATIONS = TEI.format(
    '<listOrg><org xml:id="ROUGE" role="politicalParty"><orgName full="yes">Les Rouges</orgName>'
    '<orgName full="abb">LR</orgName></org><org xml:id="BLEU" role="politicalParty"><orgName>Bleus</orgName></org>'
    '<org xml:id="G" role="parliamentaryGroup"><orgName full="yes">La Gauche</orgName></org>'
    '<org xml:id="CHAMBRE" role="parliament"><orgName>Chambre</orgName></org></listOrg>'
)
PARLIAMENT = {
    "XX/ParlaMint-XX.xml": '<teiCorpus xmlns="http://www.tei-c.org/ns/1.0"/>',
    "XX/ParlaMint-taxonomy-topic.xml": '<taxonomy xmlns="http://www.tei-c.org/ns/1.0"/>',
    "XX/ParlaMint-XX-listPerson.xml": PERSONS,
    "XX/ParlaMint-XX-listOrg.xml": ORGANIZATIONS,
    "XX/2020/ParlaMint-XX_2020-03-02.xml": SITTING.format(
        "".join(map(UTTERANCE.format, ("P1", "P2", "P3", "P1"), ("regular", "guest", "regular", "chair")))
    ),
}


def test_the_lists_of_a_parliament_name_its_speakers(tmp_path: Path) -> None:
    (file,) = walk(planted(tmp_path, PARLIAMENT))
    (sitting,) = load_reader("parliament_tei").read(file.without_digest(), None)
    assert isinstance(sitting, Document)
    assert [turn.speaker for turn in sitting.turns] == ["Lise Rivaud", "Jean Aubin", "P3", "Lise Rivaud"]
    assert sitting.meta["speakers"] == {
        "Lise Rivaud": {"gender": "female", "party": "LR", "role": "chair"},
        "Jean Aubin": {"group": "La Gauche", "role": "guest"},
        "P3": {"role": "regular"},
    }


def test_the_lists_of_a_parliament_in_an_archive(tmp_path: Path) -> None:
    root = planted(tmp_path / "tree", PARLIAMENT)
    with tarfile.open(tmp_path / "xx.tar", "w") as tar:
        for name in sorted(PARLIAMENT):
            tar.add(root / name, name)
    (file,) = walk(tmp_path / "xx.tar")
    (sitting,) = load_reader("parliament_tei").read(file, None)
    assert isinstance(sitting, Document)
    assert sitting.turns[0].speaker == "Lise Rivaud"
