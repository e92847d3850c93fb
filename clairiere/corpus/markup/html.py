"""HTML → the text of a page: what a reader reads, without navigation, banners, footers and scripts.

https://html.spec.whatwg.org/multipage/

1.  Scripts, forms, menus, hidden elements, and elements whose name, role, class or id says that they surround the text
    (`nav`, `footer`, `role="banner"`, `class="sidebar"` …) are taken away.
2.  The main element is the one that a page marks as such (`main`, a sole `article`, `itemprop="articleBody"`,
    MediaWiki's output), if it holds a quarter of what is left; else the body. Of a body without such a mark, blocks
    that are mostly links go too, where several of them follow each other: they are menus (Kohlschütter et al. 2010,
    "Boilerplate Detection using Shallow Text Features", https://doi.org/10.1145/1718487.1718542).
3.  Blocks (paragraphs, headings, items, cells' rows) are separated by an empty line, items of one list and rows of one
    table by a line break, cells by a tab; white space collapses as in a browser, except in `pre`. Formulas are their
    TeX between dollar signs; figures raised or lowered are the characters for them (², ₂).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from clairiere.corpus.files.source_file import SourceFile

PAGE_CHARACTERS_LIMIT = 2**26
MAIN_SHARE = 0.25
"""Of a page's text, so much must be in what is marked as main."""
LINK_SHARE = 0.5
"""Of a block's text, above which it is a link rather than a paragraph with links."""

REMOVED = frozenset(
    str.split(
        "head script style noscript template nav footer aside form button select textarea input iframe object embed "
        "svg canvas audio video map dialog menu datalist progress meter applet frame frameset noframes"
    )
)
ROLES = frozenset(
    str.split(
        "navigation banner contentinfo search complementary dialog alertdialog menu menubar toolbar tablist "
        "doc-noteref doc-backlink doc-pagebreak doc-pagelist"
    )
)
MARKS = frozenset(
    str.split(
        "nav navbar navigation navbox navbox-container navigation-not-searchable menu sub-menu sf-menu footer sidebar "
        "breadcrumb breadcrumbs cookie cookies cookie-banner share sharing social related newsletter advertisement ad "
        "ads promo pagination pager skip-link skiplink noprint noexport ws-noexport ws-pagenum pagenum mw-editsection "
        "mw-jump-link reference mw-references-wrap reflist references infobox infobox_v2 infobox_v3 toc toctitle "
        "catlinks metadata hatnote bandeau-container bandeau-portail boite-grise homonymie printfooter mw-empty-elt "
        "headertemplate sister-projects nopopups mw-cite-backlink thumbcaption-magnify magnify mw-authority-control "
        "accessibility-nav langues"
    )
)
"""Classes and ids of what surrounds the text, in French pages and in those of MediaWiki."""
BLOCKS = frozenset(
    str.split(
        "address article blockquote body caption center dd details div dl dt fieldset figcaption figure h1 h2 h3 h4 "
        "h5 h6 header hgroup hr html legend li main ol p pre section summary table tbody td tfoot th thead tr ul"
    )
)
TIGHT = frozenset(str.split("li dt dd tr"))
"""Blocks that stand on the next line, without an empty one between."""
LISTS = frozenset(str.split("ul ol dl table"))

EPUB_TYPES = frozenset(
    str.split(
        "noteref footnote footnotes endnote endnotes rearnote rearnotes pagebreak page-list toc landmarks index "
        "titlepage halftitlepage copyright-page cover"
    )
)
"""https://www.w3.org/TR/epub-ssv-11/: what of a book is no prose."""

VOID = frozenset(str.split("area base br col embed hr img input link meta param source track wbr"))
"""Elements without an end tag."""

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_SELF_CLOSED = re.compile(r"<([A-Za-z][\w:.-]*)((?:\s[^<>]*?)?)/>")
_SPACES = re.compile(r"[ \t\r\n\f]+")
_AROUND_BREAK = re.compile(r" *\n *")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_DISPLAYSTYLE = re.compile(r"^\{\\(?:displaystyle|textstyle)\s*(.*)\}$", re.DOTALL)
_CALL = re.compile(r"[\[(]?(?:\d{1,4}|[ivxlc]{1,7}|[a-z]|[*†‡§]{1,4})[\])]?")
_RAISED = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")
_LOWERED = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
_MAIN = (
    "//*[contains(concat(' ', normalize-space(@class), ' '), ' mw-parser-output ')]",
    "//*[@itemprop='articleBody']",
    "//main | //*[@role='main']",
    "//article",
)


@dataclass(frozen=True)
class Block:
    """A paragraph, heading, item or row."""

    text: str
    link_characters: int
    tight: bool
    """Whether it stands right below the block before it."""

    @property
    def is_link(self) -> bool:
        return self.link_characters > LINK_SHARE * len(self.text)


def parse(path: SourceFile, content: str) -> etree._Element | None:
    """The root of a page, however broken its markup; None where there is none. Nothing is loaded.

    Raises:
        UnreadableError: the page is larger than the limit, or its elements are nested deeper than 2048 levels, below
            which the parser would leave it out.
    """
    if len(content) > PAGE_CHARACTERS_LIMIT:
        raise path.fail(f"a page of {len(content):,} characters", expected=f"at most {PAGE_CHARACTERS_LIMIT:,} of them")
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True, recover=True
    )
    cleaned = content.replace("\0", "\ufffd").encode("utf-8", errors="replace")
    try:
        root = etree.fromstring(cleaned, parser)
    except etree.XMLSyntaxError:  # an empty document
        return None
    fatal = next((entry for entry in parser.error_log if entry.level == etree.ErrorLevels.FATAL), None)
    if fatal is not None:
        found = f"a page that cannot be parsed: {fatal.message.split(',')[0]}"
        raise path.fail(found, line=fatal.line, expected="elements nested less deep")
    return root


def from_xhtml(content: str) -> str:
    """XHTML as a parser of HTML understands it: `<title/>` is an element without content, not one without an end."""

    def opened(match: re.Match[str]) -> str:
        return match[0] if match[1].lower() in VOID else f"<{match[1]}{match[2]}></{match[1]}>"

    return _SELF_CLOSED.sub(opened, content)


def body_text(root: etree._Element) -> str:
    """The text of a page that is nothing but text; the tree loses notes and their calls, menus and scripts."""
    remove_surroundings(root)
    for call in [link for link in root.iter("a") if _is_note_call(link)]:
        drop(call)
    bodies = root.xpath("//body")
    return join(blocks_of(bodies[0] if bodies else root))


def main_text(root: etree._Element) -> str:
    """The text of a page; the tree loses what surrounds it."""
    remove_surroundings(root)
    bodies = root.xpath("//body")
    body = bodies[0] if bodies else root
    marked = _marked(root, body)
    blocks = list(blocks_of(body if marked is None else marked))
    return join(blocks if marked is not None else _without_menus(blocks))


def remove_surroundings(root: etree._Element) -> None:
    """Take away what is no text of the page, and keep what follows it."""
    for element in [element for element in root.iter() if _surrounds(element)]:
        drop(element)


def drop(element: etree._Element) -> None:
    """Take away an element and keep the text that follows it."""
    parent = element.getparent()
    if parent is None:
        return
    if element.tail:
        before = element.getprevious()
        if before is None:
            parent.text = _allowed((parent.text or "") + element.tail)
        else:
            before.tail = _allowed((before.tail or "") + element.tail)
    parent.remove(element)


def _allowed(text: str) -> str:
    """Without the characters that HTML may hold and lxml does not take."""
    return _NOT_XML.sub("", text)


def name_of(element: etree._Element) -> str:
    """The name of an element in lower case, without a namespace; empty for what is no element."""
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""


def _surrounds(element: etree._Element) -> bool:
    name = name_of(element)
    if name in REMOVED or not name:
        return True
    if name in ("html", "body", "main"):
        return False
    attributes = element.attrib
    if not attributes:
        return False
    hidden = "hidden" in attributes or (attributes.get("aria-hidden") == "true" and name not in ("span", "img", "math"))
    if hidden or attributes.get("role") in ROLES or _HIDDEN.search(attributes.get("style", "")):
        return name != "math" and not _is_formula(element)
    if not EPUB_TYPES.isdisjoint(attributes.get("epub:type", "").split()):
        return True
    marks = f"{attributes.get('class', '')} {attributes.get('id', '')}".lower().split()
    return not MARKS.isdisjoint(marks)


def _is_note_call(link: etree._Element) -> bool:
    """Whether it is a raised number or sign that leads to a note."""
    parent = link.getparent()
    raised = (parent is not None and name_of(parent) == "sup") or next(link.iter("sup"), None) is not None
    return raised and "#" in link.get("href", "") and _CALL.fullmatch("".join(link.itertext()).strip()) is not None


def _is_formula(element: etree._Element) -> bool:
    """Whether it is the MathML of a formula, which MediaWiki hides behind an image."""
    return "mwe-math-mathml" in element.get("class", "")


def _marked(root: etree._Element, body: etree._Element) -> etree._Element | None:
    """The element that the page marks as its main one."""
    whole = len("".join(body.itertext()))
    for path in _MAIN:
        found = root.xpath(path)
        outer = [element for element in found if not any(above in found for above in element.iterancestors())]
        if len(outer) == 1 and len("".join(outer[0].itertext())) >= MAIN_SHARE * whole:
            return outer[0]
    return None


def _without_menus(blocks: list[Block]) -> Iterator[Block]:
    """The blocks without runs of two links or more."""
    for place, block in enumerate(blocks):
        beside = blocks[max(0, place - 1) : place] + blocks[place + 1 : place + 2]
        if not (block.is_link and any(other.is_link for other in beside)):
            yield block


def join(blocks: Iterator[Block] | list[Block]) -> str:
    """Blocks as text."""
    pieces: list[str] = []
    for block in blocks:
        if pieces:
            pieces.append("\n" if block.tight else "\n\n")
        pieces.append(block.text)
    return "".join(pieces)


def blocks_of(element: etree._Element) -> Iterator[Block]:
    """The blocks of an element, in order; those without text are left out."""
    reader = _BlockReader()
    for event, node in etree.iterwalk(element, events=("start", "end")):
        if event == "start":
            yield from reader.start(node)
        else:
            yield from reader.end(node, is_last=node is element)


class _BlockReader:
    """The block that is being read."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._link_characters = 0
        self._links = 0
        self._pres = 0
        self._formulas = 0
        self._rows = 0
        self._after_row = False

    def start(self, node: etree._Element) -> Iterator[Block]:
        name = name_of(node)
        if name in BLOCKS and not (name in ("td", "th") and self._is_in_row(node)):
            yield from self._flush()
        if name in LISTS and not self._rows:
            self._after_row = False
        self._count(name, 1)
        if name == "br":
            self._pieces.append("\n")
        elif name == "math":
            self._pieces.append(_formula(node))
        elif name in ("td", "th"):
            self._pieces.append("\t" if "".join(self._pieces).strip() else "")
        if name in ("sup", "sub"):
            self._add(_shifted(node, name))
        else:
            self._add(node.text)

    def end(self, node: etree._Element, *, is_last: bool) -> Iterator[Block]:
        name = name_of(node)
        if name in BLOCKS and name not in ("td", "th"):
            yield from self._flush()
        self._count(name, -1)
        if not is_last:
            self._add(node.tail)

    def _is_in_row(self, node: etree._Element) -> bool:
        parent = node.getparent()
        return parent is not None and name_of(parent) == "tr"

    def _count(self, name: str, change: int) -> None:
        if name == "a":
            self._links += change
        elif name == "pre":
            self._pres += change
        elif name == "math":
            self._formulas += change
        elif name in TIGHT:
            self._rows += change

    def _add(self, text: str | None) -> None:
        if text and not self._formulas:
            kept = text.replace("\r\n", "\n") if self._pres else _SPACES.sub(" ", text)
            self._pieces.append(kept)
            if self._links:
                self._link_characters += len(kept)

    def _flush(self) -> Iterator[Block]:
        joined = "".join(self._pieces)
        if self._pres:
            text = joined.strip("\n")
        else:
            text = re.sub(r" *\t *", "\t", re.sub(r" {2,}", " ", _AROUND_BREAK.sub("\n", joined))).strip()
        if text.strip():
            yield Block(text, self._link_characters, tight=self._after_row and self._rows > 0)
            self._after_row = self._rows > 0
        self._pieces.clear()
        self._link_characters = 0


def _formula(node: etree._Element) -> str:
    tex = node.get("alttext") or next(
        (part.text or "" for part in node.iter() if "tex" in (part.get("encoding") or "")), ""
    )
    bare = _DISPLAYSTYLE.sub(r"\1", _SPACES.sub(" ", tex).strip()).strip()
    return f"${bare}$" if bare else _SPACES.sub(" ", "".join(node.itertext())).strip()


def _shifted(node: etree._Element, name: str) -> str:
    """The text of a raised or lowered figure."""
    text: str = node.text or ""
    table = _RAISED if name == "sup" else _LOWERED
    if not text or len(node) or not all(ord(character) in table for character in text.strip()):
        return text
    return text.translate(table)
