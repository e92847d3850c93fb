"""XML: bytes → a tree, with entities, DTDs and the network off."""

from __future__ import annotations

import re

from lxml import etree

from clairiere.corpus.files import SourceFile

_SPACES = re.compile(r"[ \t\r\n]+")


def parse(path: SourceFile) -> etree._Element:
    """The root of an XML file, without its comments and processing instructions.

    The bytes go to the parser as they are: the XML declaration says which encoding they are in. Nothing outside
    the file is read, no entity is expanded, and libxml2's limits on depth, text size and amplification stay on.

    Raises:
        UnreadableError: the file is not well-formed, is cut short, or declares or uses entities of its own.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(path.read_bytes(), parser)
    except etree.XMLSyntaxError as error:
        reason = (error.msg or "no document").split(", line ")[0]
        raise path.fail(f"malformed XML: {reason}", line=error.lineno or None, expected="well-formed XML") from error
    _refuse_entities(path, root)
    return root


def collapse(text: str) -> str:
    """Runs of spaces, tabs and line breaks become one space; no-break spaces (U+00A0, U+202F) are kept."""
    return _SPACES.sub(" ", text).strip(" ")


def text_of(element: etree._Element) -> str:
    """All text of an element and what it contains, collapsed."""
    return collapse("".join(element.itertext()))


def _refuse_entities(path: SourceFile, root: etree._Element) -> None:
    dtd = root.getroottree().docinfo.internalDTD
    declared = [] if dtd is None else [entity.name for entity in dtd.iterentities()]
    if declared:
        raise path.fail(
            f"a DOCTYPE that declares entities: {', '.join(declared[:5])}",
            expected="XML without entity declarations (they can expand without end, or read other files)",
        )
    reference = next(root.iter(etree.Entity), None)
    if reference is not None:
        raise path.fail(
            f"an entity that the file does not define: {reference.text}",
            line=reference.sourceline,
            expected="characters themselves, or numeric references such as &#233;",
        )
