"""XML: bytes → a tree, with entities, DTDs and the network off; and a tree → text with marks, in one pass in C."""

from __future__ import annotations

import re

import numpy as np
from lxml import etree

from clairiere.corpus.files import encodings
from clairiere.corpus.files.source_file import SourceFile

MARKS = LINE, PART, FIELD, ASIDE = "\ufdd0\ufdd1\ufdd2\ufdd3"
"""Noncharacters, which Unicode keeps for a program's own use: what `marked_text` may put between pieces of text.

https://www.unicode.org/faq/private_use.html#noncharacters
"""

_SPACES = re.compile(r"[ \t\r\n]+")
_MARK = re.compile(f"[{MARKS}]")
_LINE_BYTES = LINE.encode()
_MARK_BYTES = re.compile(rb"\xef\xb7[\x90-\x93]")
_MARK_REFERENCE = re.compile(rb"&#(?:[xX]0*[fF][dD][dD][0-3]|0*6497[6-9]);")
_INDENTATION = re.compile(r"\n *")
_BLANKS = bytes.maketrans(b"\t\r\n", b"   ")
_BLANK = 0x20


def parse(path: SourceFile) -> etree._Element:
    """The root of an XML file, without its comments and processing instructions.

    Bytes that are UTF-8 go to the parser as they are; others are decoded as all text is, since what files declare is
    not always true. Nothing outside the file is read, no entity is expanded, and libxml2's limits on depth, text size
    and amplification stay on.

    Raises:
        UnreadableError: the file is not well-formed, is cut short, or declares or uses entities of its own.
    """
    try:
        root = _parse(path)
    except etree.XMLSyntaxError as error:
        reason = (error.msg or "no document").split(", line ")[0]
        raise path.fail(f"malformed XML: {reason}", line=error.lineno or None, expected="well-formed XML") from error
    _refuse_entities(path, root)
    return root


def _parse(path: SourceFile) -> etree._Element:
    if encodings.declared(path.start) in {None, encodings.UTF_8}:
        try:
            return etree.fromstring(path.read_bytes(), _parser())
        except etree.XMLSyntaxError:
            if _is_utf_8(path.read_bytes()):
                raise
    return etree.fromstring(path.read_text().encode(), _parser(encoding="utf-8"))


def _parser(encoding: str | None = None) -> etree.XMLParser:
    # Never with collect_ids=False, which is faster: libxml2 then reads the files that parameter entities name.
    return etree.XMLParser(
        encoding=encoding,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _is_utf_8(content: bytes) -> bool:
    try:
        content.decode(encodings.UTF_8)
    except UnicodeDecodeError:
        return False
    return True


def collapse(text: str) -> str:
    """Runs of spaces, tabs and line breaks become one space; no-break spaces (U+00A0, U+202F) are kept."""
    return _SPACES.sub(" ", text).strip(" ")


def text_of(element: etree._Element) -> str:
    """All text of an element and what it contains, collapsed."""
    return collapse("".join(element.itertext()))


def forget(element: etree._Element) -> None:
    """Free an element that a stream has given, and what stands before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def stylesheet(templates: str, namespaces: str) -> etree.XSLT:
    """XSLT templates that write text, compiled; they can neither read nor write any file.

    Line breaks between the templates' tags, with the indentation after them, are not text.

    https://www.w3.org/TR/1999/REC-xslt-19991116
    """
    head = f'version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" {namespaces}'
    output = '<xsl:output method="text" encoding="UTF-8"/>'
    sheet = f"<xsl:stylesheet {head}>{output}{_INDENTATION.sub('', templates)}</xsl:stylesheet>"
    return etree.XSLT(etree.XML(sheet), access_control=etree.XSLTAccessControl.DENY_ALL)


def marked_text(path: SourceFile, element: etree._Element, sheet: etree.XSLT) -> str:
    """What a stylesheet makes of an element: its text and `MARKS`, white space collapsed, a line break for each `LINE`.

    No line is empty, or begins or ends with a space. The element is walked in C: the same walk in Python costs four
    times as much as parsing.

    Raises:
        UnreadableError: the text itself holds one of the marks.
    """
    if _holds_mark(path, element):
        raise path.fail(
            "a noncharacter (U+FDD0 to U+FDD3) in the text",
            expected="characters: Unicode keeps these code points for a program's own use",
        )
    lines = _collapsed(bytes(sheet(element))).split(_LINE_BYTES)
    return b"\n".join(filter(None, map(bytes.strip, lines))).decode()


def _collapsed(text: bytes) -> bytes:
    """One space for each run of white space; a regular expression takes four times as long."""
    run = np.frombuffer(text.translate(_BLANKS), np.uint8)
    kept = run != _BLANK
    kept[1:] |= kept[:-1].copy()  # and the first blank of each run
    return bytes(run[kept])


def _holds_mark(path: SourceFile, element: etree._Element) -> bool:
    """Whether one of the marks is in the file; where its bytes were parsed as they are, they tell it faster."""
    content = parsed_bytes(path, element)
    if content is None:
        return _MARK.search(etree.tostring(element, method="text", encoding="unicode", with_tail=False)) is not None
    spelled = b"\xef" in content and _MARK_BYTES.search(content)
    return bool(spelled or (b"&" in content and _MARK_REFERENCE.search(content)))


def parsed_bytes(path: SourceFile, element: etree._Element) -> bytes | None:
    """What the parser got, where that is the file's own bytes and they are UTF-8."""
    encoding = element.getroottree().docinfo.encoding or "UTF-8"
    return path.read_bytes() if path.encoding is None and encoding.upper() == "UTF-8" else None


def _refuse_entities(path: SourceFile, root: etree._Element) -> None:
    dtd = root.getroottree().docinfo.internalDTD
    declared = [] if dtd is None else [entity.name for entity in dtd.iterentities()]
    if declared:
        raise path.fail(
            f"a DOCTYPE that declares entities: {', '.join(declared[:5])}",
            expected="XML without entity declarations (they can expand without end, or read other files)",
        )
    content = parsed_bytes(path, root)
    if content is not None and b"&" not in content:  # without a walk over the tree
        return
    reference = next(root.iter(etree.Entity), None)
    if reference is not None:
        raise path.fail(
            f"an entity that the file does not define: {reference.text}",
            line=reference.sourceline,
            expected="characters themselves, or numeric references such as &#233;",
        )
