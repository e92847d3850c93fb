"""Law in XML: an article of Légifrance's open data (LEGI, JORF), or an act in Akoma Ntoso, per document.

https://www.legifrance.gouv.fr/contenu/pied-de-page/open-data-et-api ·
https://docs.oasis-open.org/legaldocml/akn-core/v1.0/akn-core-v1.0-part1-vocabulary.html

Of an article the text is read, not the notes (`NOTA`), links and versions; its number, state ("VIGUEUR", "ABROGE" …),
dates and the text it belongs to go to `meta`, where `work` is the same for every version. Of an act the preamble, the
body and the conclusions are read, with numbers and headings, not the metadata. Paragraphs and items are lines.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.markup import xml
from clairiere.corpus.markup.xml import LINE
from clairiere.record import Document, Source, Turn

AKOMA_NTOSO = "http://docs.oasis-open.org/legaldocml/ns/akn/3.0"
NO_END = "2999-01-01"
"""What stands for no end."""

_LINES = ("p", "br", "div", "li", "tr", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6")
_HTML = "|".join(_LINES)
_AKN_LINES = "|".join(f"n:{name}" for name in (*_LINES, "block", "heading", "subheading", "docTitle"))
_SHEET = xml.stylesheet(
    f"""
    <xsl:template match="{_HTML}|{_AKN_LINES}">{LINE}<xsl:apply-templates/>{LINE}</xsl:template>
    <xsl:template match="td|th|n:td|n:th"><xsl:text> </xsl:text><xsl:apply-templates/></xsl:template>
    <xsl:template match="n:num">{LINE}<xsl:apply-templates/><xsl:text> </xsl:text></xsl:template>
    <xsl:template match="n:meta|n:authorialNote"/>
    """,
    f'xmlns:n="{AKOMA_NTOSO}"',
)


def recognize(path: SourceFile) -> float:
    """The root of an article of Légifrance, or the namespace of Akoma Ntoso."""
    if AKOMA_NTOSO in path.head:
        return 0.95
    return 0.95 if b"<ARTICLE" in path.start and b"<META_COMMUN>" in path.start else 0.0


def read(path: SourceFile, source: Source | None) -> Iterator[Document]:
    """The article, or the act, of a file.

    Raises:
        UnreadableError: the file is not XML, is neither, or has no text.
    """
    root = xml.parse(path)
    if root.tag == "ARTICLE":
        content, title, meta = root.find("BLOC_TEXTUEL/CONTENU"), _article_title(root), _article_facts(root)
    elif etree.QName(root).namespace == AKOMA_NTOSO:
        content, title, meta = root, _stated(root, "docTitle"), _act_facts(root)
    else:
        found = f"the root is `{etree.QName(root).localname}`"
        raise path.fail(found, expected="<ARTICLE> of Légifrance, or <akomaNtoso>")
    text = "" if content is None else xml.marked_text(path, content, _SHEET).strip()
    if not text:
        raise path.fail("law without text", expected="<BLOC_TEXTUEL><CONTENU>, or <body> with paragraphs")
    yield path.document(
        [Turn(None, text)], source=source, title=title, meta={key: value for key, value in meta.items() if value}
    )


def _article_title(root: etree._Element) -> str | None:
    """The title of the text that an article belongs to, and the article's number."""
    text = xml.collapse(root.findtext("CONTEXTE/TEXTE/TITRE_TXT") or "")
    number = _meta(root, "NUM")
    return ", ".join(filter(None, (text, number and f"article {number}"))) or None


def _article_facts(root: etree._Element) -> dict[str, str | None]:
    text, end = root.find("CONTEXTE/TEXTE"), _meta(root, "DATE_FIN")
    return {
        "number": _meta(root, "NUM"),
        "state": _meta(root, "ETAT"),
        "date": _meta(root, "DATE_DEBUT"),
        "end_date": None if end == NO_END else end,
        "work": None if text is None else text.get("cid"),
        "url": xml.collapse(root.findtext("META/META_COMMUN/URL") or ""),
    }


def _meta(root: etree._Element, name: str) -> str:
    return xml.collapse(root.findtext(f"META/META_SPEC/META_ARTICLE/{name}") or "")


def _act_facts(root: etree._Element) -> dict[str, str | None]:
    work = root.find(f".//{{{AKOMA_NTOSO}}}FRBRWork")
    stated = {} if work is None else {etree.QName(child).localname: child for child in work}
    date, uri = stated.get("FRBRdate"), stated.get("FRBRthis")
    return {
        "date": None if date is None else date.get("date"),
        "work": None if uri is None else uri.get("value"),
    }


def _stated(root: etree._Element, name: str) -> str | None:
    element = root.find(f".//{{{AKOMA_NTOSO}}}{name}")
    return None if element is None else xml.text_of(element) or None
