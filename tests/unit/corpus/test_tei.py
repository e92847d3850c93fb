"""What the TEI readers share."""

from __future__ import annotations

import pytest
from lxml import etree

from clairiere.corpus.markup import tei


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
