"""What the TEI readers share."""

from __future__ import annotations

import pytest
from lxml import etree

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.markup import tei
from clairiere.corpus.read import read_file, recognize
from clairiere.record import Document


def element(content: str, header: str = "", attributes: str = "") -> etree._Element:
    document = f'<TEI xmlns="{tei.NAMESPACE}" {attributes}><teiHeader>{header}</teiHeader><text>{content}</text></TEI>'
    return etree.fromstring(document)


def blocks(content: str) -> list[str]:
    text = element(content).find(tei.tag("text"))
    tei.remove_apparatus(text)
    return [block for _, block in tei.blocks(text)]


def test_blocks_are_paragraphs_verses_and_headings() -> None:
    content = "<div><head>I</head><p>A  <hi>b</hi>c</p><p> </p><lg><l>d</l><l>e</l></lg></div>"
    assert blocks(content) == ["I", "A bc", "d", "e"]


def test_text_around_nested_blocks_makes_blocks_of_its_own() -> None:
    assert blocks("<p>before <q><l>one</l> and <l>two</l></q> after</p>") == ["before", "one", "and", "two", "after"]


def test_line_breaks_are_spaces_unless_they_divide_a_word() -> None:
    assert blocks('<p>one<lb/>two, thr<lb break="no"/>ee<pb/>, fo<note>five</note>ur</p>') == ["one two, three, four"]


def test_prose_joins_paragraphs_and_verses() -> None:
    text = element("<p>one</p><l>two</l><l>three</l><p>four</p>").find(tei.tag("text"))
    assert tei.prose(iter(text)) == "one\n\ntwo\nthree\n\nfour"


@pytest.mark.parametrize(
    ("titles", "expected"),
    [
        ("<title>Nanon : édition ELTeC</title>", "Nanon"),
        ("<title>The Return : ELTec edition : ELTeC edition</title>", "The Return"),
        ('<title type="sub">Comédie</title><title> </title><title type="main">Le  Cid</title>', "Le Cid"),
        ('<title type="sub">Comédie</title>', None),
        ("", None),
    ],
)
def test_title(titles: str, expected: str | None) -> None:
    assert tei.title(element("", f"<titleStmt>{titles}</titleStmt>")) == expected


def test_author_has_no_identifiers() -> None:
    authors = "<author><idno>Q1</idno><persName><forename>A</forename><surname>B</surname></persName></author>"
    assert tei.author(element("", f"<titleStmt>{authors}<author>C (1800-1860)</author><author/></titleStmt>")) == (
        "A B; C (1800-1860)"
    )
    assert tei.author(element("")) is None


@pytest.mark.parametrize(
    ("header", "attributes", "expected"),
    [
        ("", 'xml:lang="fre"', "fr"),
        ("", 'xml:lang="IT"', "it"),
        ("", 'xml:lang="de-AT"', "de"),
        ("", 'xml:lang="gsw"', "gsw"),
        ('<langUsage><language ident="it"/></langUsage>', 'xml:lang="en"', "it"),
        ("<langUsage><language/></langUsage>", 'xml:lang="en"', "en"),
        ("", "", None),
    ],
)
def test_language(header: str, attributes: str, expected: str | None) -> None:
    assert tei.language(element("", header, attributes)) == expected


DOCUMENT = '<?xml version="1.0"?><TEI xmlns="http://www.tei-c.org/ns/1.0"><teiHeader/>{}</TEI>'
PROSE = "<text><body><p>{}</p></body></text>"
SPEECH = '<text><body><sp who="#a"><speaker>A</speaker><p>{}</p></sp></body></text>'
TALK = '<text><body><u who="#a">{}</u></body></text>'
SITTING = '<text><body><!-- ParlaMint --><u who="#a"><seg>{}</seg></u></body></text>'
LINES = "<sourceDoc><surface><zone><line>{}</line></zone></surface></sourceDoc>"
ALTERNATIVES = [
    ("la <choice><orig>reyne</orig><reg>reine</reg></choice>.", "la reine."),
    ("la <choice>\n <reg>reine</reg>\n <orig>reyne</orig>\n</choice>.", "la reine."),
    ("un <choice><sic>mto</sic><corr>mot</corr></choice>s", "un mots"),
    ("<choice><abbr>M<am>r</am></abbr><expan>M<ex>onsieur</ex></expan></choice> Un", "Monsieur Un"),
    ("M<choice><am>r</am><ex>onsieur</ex></choice> Un", "Monsieur Un"),
    ("<choice><unclear>bas</unclear><unclear>las</unclear></choice>!", "bas!"),
    ("<app><lem>le <choice><orig>roy</orig><reg>roi</reg></choice></lem><rdg>la loy</rdg></app> dit", "le roi dit"),
    ("<app><rdg>le roi</rdg><rdg>la loi</rdg></app> dit", "le roi dit"),
    ("<app><rdgGrp><rdg>le roi</rdg><rdg>la loi</rdg></rdgGrp><rdg>lui</rdg></app> dit", "le roi dit"),
    ("un <sic>seul</sic> <choice/><add>mot</add>", "un seul mot"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "expected"), ALTERNATIVES)
@pytest.mark.parametrize(
    ("reader", "frame"),
    [
        ("tei_book", PROSE),
        ("tei_drama", SPEECH),
        ("tei_speech", TALK),
        ("parliament_tei", SITTING),
        ("tei_source_doc", LINES),
    ],
)
def test_one_of_the_alternatives_is_read(reader: str, frame: str, given: str, expected: str) -> None:
    (document,) = read(reader, DOCUMENT.format(frame.format(given)))
    assert [turn.text for turn in document.turns] == [expected]


DELETED = "il <subst><del>dict</del> <add>dit</add></subst> <del>que</del> oui"


@pytest.mark.parametrize(("reader", "frame"), [("tei_book", PROSE), ("tei_drama", SPEECH), ("tei_source_doc", LINES)])
def test_what_is_deleted_is_not_read(reader: str, frame: str) -> None:
    (document,) = read(reader, DOCUMENT.format(frame.format(DELETED)))
    assert [turn.text for turn in document.turns] == ["il dit oui"]


def test_what_a_speaker_took_back_was_said() -> None:
    (document,) = read("tei_speech", DOCUMENT.format(TALK.format('<del type="repetition">je</del> je viens')))
    assert [turn.text for turn in document.turns] == ["je je viens"]


def test_alternatives_are_found_under_a_prefix_and_in_another_encoding() -> None:
    prefixed = '<t:TEI xmlns:t="http://www.tei-c.org/ns/1.0"><t:text><t:body><t:p>{}</t:p></t:body></t:text></t:TEI>'
    (document,) = read("tei_book", prefixed.format("<t:choice><t:orig>a</t:orig><t:reg>b</t:reg></t:choice>"))
    assert document.turns[0].text == "b"
    text = DOCUMENT.format(PROSE.format("<choice><orig>a</orig><reg>b</reg></choice>"))
    file = SourceFile("a.xml", text.replace('"1.0"?', '"1.0" encoding="utf-16"?', 1).encode("utf-16"))
    assert next(read_file(file, None)).turns[0].text == "b"


@pytest.mark.parametrize("root", ["TEI.2", "TEI"])
def test_documents_of_p4_have_no_namespace(root: str) -> None:
    person = '<teiHeader><profileDesc><particDesc><listPerson><person id="cid"><persName>Le Cid</persName></person>'
    ends = "</listPerson></particDesc></profileDesc></teiHeader>"
    play = f"<{root}>{person}{ends}{SPEECH.format('Rodrigue').replace('#a', '#cid')}</{root}>"
    (document,) = read("tei_drama", play)
    assert [(turn.speaker, turn.text) for turn in document.turns] == [("Le Cid", "Rodrigue")]
    (document,) = read("tei_book", f"<{root}><teiHeader/>{PROSE.format('Il <hi>pleut</hi>.')}</{root}>")
    assert document.turns[0].text == "Il pleut."


def read(reader: str, content: str) -> list[Document]:
    file = SourceFile("a.xml", content.encode())
    assert recognize(file).__name__.endswith(reader)
    return [item for item in read_file(file, None) if isinstance(item, Document)]
