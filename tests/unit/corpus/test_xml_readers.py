"""What the readers of sittings, recognized pages, parallel text and law refuse, and the less usual that they read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clairiere.corpus.files.companions import header_path, pair_languages
from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.files.walk import walk
from clairiere.corpus.read import load_reader, recognize
from clairiere.errors import UnreadableError
from clairiere.record import Document

TEI = '<TEI xmlns="http://www.tei-c.org/ns/1.0">{}</TEI>'
AN = '<compteRendu xmlns="http://schemas.assemblee-nationale.fr/referentiel">{}</compteRendu>'
ALTO = "<alto><Layout><Page><TextBlock>{}</TextBlock></Page></Layout></alto>"
PAGE = '<PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/2013-07-15"><Page>{}</Page></PcGts>'
ARTICLE = "<ARTICLE><META><META_COMMUN><ID>1</ID></META_COMMUN></META><BLOC_TEXTUEL>{}</BLOC_TEXTUEL></ARTICLE>"


def read(reader: str, content: str, name: str = "bad", companion: str | None = None) -> list[Any]:
    path = SourceFile(name, content.encode())
    if companion is not None:
        path.companion = SourceFile("companion", companion.encode())
    return list(load_reader(reader).read(path, None))


def texts(items: list[Any]) -> list[tuple[str, ...] | str]:
    return [
        tuple(turn.text for turn in item.turns) if isinstance(item, Document) else f"{item.where}: {item.found}"
        for item in items
    ]


@pytest.mark.parametrize(
    ("reader", "content", "where", "found"),
    [
        ("parliament_tei", TEI.format(""), "bad", "no text body"),
        ("parliament_tei", TEI.format("<text><body><u/></body></text>"), "bad", "a sitting in which nobody speaks"),
        ("parliament_tei", "<TEI", "bad:1", "malformed XML"),
        ("assemblee_nationale", AN.format(""), "bad", "no content of a sitting"),
        ("assemblee_nationale", AN.format("<contenu><point/></contenu>"), "bad", "a sitting in which nobody speaks"),
        ("assemblee_html", "", "bad", "a sitting in which nobody speaks"),
        ("assemblee_html", "<h1 class='seance'>Séance</h1><p>Oui.</p>", "bad", "a sitting in which nobody speaks"),
        ("alto", "<mets/>", "bad", "the root is `mets`"),
        ("alto", ALTO.format('<TextLine><String CONTENT=" "/></TextLine>'), "bad", "pages without text"),
        ("page_xml", "<alto/>", "bad", "the root is `alto`"),
        ("page_xml", PAGE.format("<TextRegion/>"), "bad", "a page without text"),
        ("tei_source_doc", TEI.format("<text/>"), "bad", "no sourceDoc"),
        ("tei_source_doc", TEI.format("<sourceDoc><surface/></sourceDoc>"), "bad", "a sourceDoc without text"),
        ("legal_xml", "<LOI/>", "bad", "the root is `LOI`"),
        ("legal_xml", ARTICLE.format("<CONTENU><br/></CONTENU>"), "bad", "law without text"),
        ("tmx", "<tmx><body/></tmx>", "bad", "a memory without units"),
        ("tmx", "<tmx><body><tu>", "bad:2", "malformed XML after unit 0"),
        ("tmx", '<!DOCTYPE tmx [<!ENTITY a "b">]><tmx/>', "bad", "a DOCTYPE that declares entities"),
        ("moses", "", "bad", "one side of a parallel text without the other"),
    ],
)
def test_what_is_refused(reader: str, content: str, where: str, found: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        read(reader, content)
    assert caught.value.where == where
    assert caught.value.found.startswith(found)
    assert caught.value.expected
    assert caught.value.next_step


def test_a_sitting_of_the_assembly_may_lack_its_day_and_its_names() -> None:
    orator = "<orateurs><orateur><nom>{}</nom></orateur></orateurs><texte>{}</texte>"
    paragraphs = [orator.format("Mme", "Perdu."), orator.format("M. Aubin", "Gardé.")]
    content = "".join(f"<paragraphe>{paragraph}</paragraphe>" for paragraph in paragraphs)
    (sitting,) = read("assemblee_nationale", AN.format(f"<contenu>{content}</contenu>"))
    assert [(turn.speaker, turn.text) for turn in sitting.turns] == [("Aubin", "Gardé.")]
    assert sitting.meta["stage_directions"] == [{"turn": 0, "text": "Perdu"}]
    assert sitting.title is None


def test_a_page_of_a_sitting_may_lack_its_day() -> None:
    (sitting,) = read("assemblee_html", "<h1 class='seance'>Séance</h1><p><b>Mme Rivaud.</b> Oui.</p>")
    assert (sitting.title, sitting.turns[0].speaker, "date" in sitting.meta) == ("Séance", "Rivaud", False)


def test_a_page_whose_type_is_wrong_is_text() -> None:
    lines = '<TextLine><String CONTENT="mot"/></TextLine>'
    tags = '<Tags><OtherTag ID="t" LABEL="RunningTitleZone"/></Tags>'
    block = '<TextBlock TAGREFS="t">{}</TextBlock>'
    content = f"<alto>{tags}<Layout><Page>{block.format(lines * 2)}{block.format(lines * 7)}</Page></Layout></alto>"
    assert texts(read("alto", content)) == [("\n".join(["mot"] * 7),)]


def test_a_translation_memory_that_is_cut_short_keeps_its_units() -> None:
    unit = '<tu><tuv xml:lang="en"><seg>a</seg></tuv><tuv xml:lang="fr"><seg>b</seg></tuv></tu>\n'
    found = texts(read("tmx", f"<tmx><body>\n{unit * 2}<tu>"))
    assert found[:2] == [("a", "b"), ("a", "b")]
    assert str(found[2]).startswith("bad:5: malformed XML after unit 2")


def test_pairs_of_lines() -> None:
    found = texts(read("moses", "un\n\ndeux\ntrois\n", "a.en-fr.en", companion="one\n\n\nthree\nfour\n"))
    alone = "a line without a translation"
    assert found == [("un", "one"), f"a.en-fr.en:3: {alone}", ("trois", "three"), f"a.en-fr.en:5: {alone}"]
    with pytest.raises(UnreadableError, match="a parallel text without lines"):
        read("moses", "\n", "a.en-fr.en", companion="\n")


@pytest.mark.parametrize(
    ("path", "languages", "companion"),
    [
        ("x/a.en-fr.en", ("en", "fr"), "x/a.en-fr.fr"),
        ("a.fra-eng.eng", ("eng", "fra"), "a.fra-eng.fra"),
        ("a.pt_br-en.en", ("en", "pt_br"), "a.pt_br-en.pt_br"),
        ("a.en-fr.fr", None, None),
        ("a.en-en.en", None, None),
        ("a.en-fr.de", None, None),
        ("a.en", None, "a.fr"),
        ("well-known.txt", None, None),
    ],
)
def test_names_of_pairs(path: str, languages: tuple[str, str] | None, companion: str | None) -> None:
    assert (pair_languages(path), header_path(path)) == (languages, companion)


def test_a_folder_gives_pairs(tmp_path: Path) -> None:
    (tmp_path / "a.en-fr.en").write_text("one\n")
    (tmp_path / "a.en-fr.fr").write_text("un\n")
    (file,) = walk(tmp_path)
    assert recognize(file) is load_reader("moses")
    assert texts(list(load_reader("moses").read(file, None))) == [("one", "un")]


def test_files_that_say_which_pages_belong_together_are_no_text(tmp_path: Path) -> None:
    for name in ("issue-METS.xml", "mets.xml", "page.xml", "comets.xml"):
        (tmp_path / name).write_text("<alto/>")
    assert [file.path for file in walk(tmp_path)] == ["comets.xml", "page.xml"]
