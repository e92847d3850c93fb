"""XML is parsed with entities, DTDs and the network off, and what is refused says why."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.markup.xml import LINE, collapse, marked_text, parse, stylesheet, text_of
from clairiere.errors import UnreadableError

BOMB = b"""<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;">]><a>&y;</a>"""
BOMB_IN_ATTRIBUTE = (
    b'<!DOCTYPE a [<!ENTITY e0 "hahahahaha">'
    + b"".join(b'<!ENTITY e%d "%s">' % (i, b"&e%d;" % (i - 1) * 10) for i in range(1, 10))
    + b']><a b="&e9;"/>'
)


def parse_bytes(content: bytes) -> str:
    return text_of(parse(SourceFile("play.xml", content)))


def refusal(content: bytes) -> str:
    with pytest.raises(UnreadableError) as caught:
        parse_bytes(content)
    assert "play.xml" in str(caught.value)
    return str(caught.value)


def test_encoding_is_read_from_the_declaration() -> None:
    assert parse_bytes('<?xml version="1.0" encoding="ISO-8859-1"?><a>été</a>'.encode("latin-1")) == "été"
    assert parse_bytes('<?xml version="1.0" encoding="UTF-16"?><a>été</a>'.encode("utf-16")) == "été"


def test_comments_and_instructions_are_gone() -> None:
    assert parse_bytes(b"<a>one<!-- two --><?three four?> five</a>") == "one five"


def test_only_plain_white_space_collapses() -> None:
    assert collapse("\n a\t \r\n b\u00a0: \u202f« c\u00a0") == "a b\u00a0: \u202f« c\u00a0"


def test_malformed_xml_names_the_line() -> None:
    message = refusal(b"<a>\n<b>\n</a>")
    assert "malformed XML: Opening and ending tag mismatch: b line 2 and a" in message
    assert "play.xml:3" in message
    assert "well-formed XML" in message


@pytest.mark.parametrize("content", [b"<a><b>cut sho", b"", b"   ", b"no markup", b"<a/><b/>"])
def test_truncated_or_other_content_is_malformed(content: bytes) -> None:
    assert "malformed XML" in refusal(content)


def test_a_wrong_declaration_is_not_believed() -> None:
    assert parse_bytes(b"<a>\xe9t\xe9</a>") == "été"
    assert parse_bytes(b'<?xml version="1.0" encoding="UTF-8"?><a>\x9cuvre\x85</a>') == "œuvre…"
    assert parse_bytes(b'<?xml version="1.0" encoding="ISO-8859-1"?><a>\x9cuvre\x85</a>') == "œuvre…"
    assert parse_bytes('<?xml version="1.0" encoding="ISO-8859-1"?><a>été</a>'.encode()) == "été"


def test_wrong_or_unknown_encoding_is_refused() -> None:
    assert "invalid UTF-8" in refusal("<a>été été".encode() + b"\xe9</a>")
    assert "malformed XML" in refusal(b'<?xml version="1.0" encoding="klingon"?><a/>')


def test_entity_bomb_is_refused() -> None:
    message = refusal(BOMB)
    assert "a DOCTYPE that declares entities: x, y" in message
    assert "they can expand without end, or read other files" in message


def test_entity_bomb_in_an_attribute_is_refused() -> None:
    assert "malformed XML" in refusal(BOMB_IN_ATTRIBUTE)


def test_external_entity_is_refused_and_never_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    uri = secret.as_uri().encode()
    assert "declares entities: x" in refusal(b'<!DOCTYPE a [<!ENTITY x SYSTEM "%s">]><a>&x;</a>' % uri)
    assert "declares entities: p" in refusal(b'<!DOCTYPE a [<!ENTITY %% p SYSTEM "%s"> %%p;]><a/>' % uri)


def test_external_dtd_is_not_loaded_and_its_entities_are_refused(tmp_path: Path) -> None:
    dtd = tmp_path / "a.dtd"
    dtd.write_text('<!ENTITY eacute "&#233;">')
    doctype = b'<!DOCTYPE a SYSTEM "%s">' % dtd.as_uri().encode()
    assert parse_bytes(doctype + b"<a>fine</a>") == "fine"
    message = refusal(doctype + b"\n<a>caf&eacute;</a>")
    assert "an entity that the file does not define: &eacute;" in message
    assert "play.xml:2" in message
    assert "&#233;" in message


def test_doctype_without_entities_is_read() -> None:
    assert parse_bytes(b"<!DOCTYPE a [<!ELEMENT a (#PCDATA)>]><a>fine &amp; well</a>") == "fine & well"


def test_depth_is_limited() -> None:
    assert "malformed XML" in refusal(b"<a>" * 100_000)


SHEET = stylesheet(
    f"""
    <xsl:template match="b">{LINE}<xsl:apply-templates/>{LINE}</xsl:template>
    <xsl:template match="c"/>
    """,
    "",
)


def marked(content: bytes) -> str:
    path = SourceFile("play.xml", content)
    return marked_text(path, parse(path), SHEET)


def test_marked_text_has_no_empty_lines_and_no_runs_of_spaces() -> None:
    assert marked("<a>un\n\t deux <b> trois\u00a0</b><b/> <b>qua<c>x</c>tre</b></a>".encode()) == (
        "un deux\ntrois\u00a0\nquatre"
    )


@pytest.mark.parametrize("content", ["<a>\ufdd0</a>", "<a>&#xFDD2;</a>", "<a>&#64976;</a>", "<a b='\ufdd3'/>"])
def test_marks_in_the_text_are_refused(content: str) -> None:
    with pytest.raises(UnreadableError, match="a noncharacter") as caught:
        marked(content.encode())
    assert "play.xml" in str(caught.value)
    assert "a program's own use" in str(caught.value)


def test_marks_in_another_encoding_are_refused_and_their_neighbors_are_not() -> None:
    with pytest.raises(UnreadableError, match="a noncharacter"):
        marked('<?xml version="1.0" encoding="UTF-16"?><a>\ufdd1</a>'.encode("utf-16"))
    assert marked("<a>\ufdf2 \ufdf0</a>".encode()) == "\ufdf2 \ufdf0"


def test_a_stylesheet_reads_no_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.xml"
    secret.write_text("<a>the secret</a>")
    sheet = stylesheet(f'<xsl:template match="/"><xsl:copy-of select="document(\'{secret}\')"/></xsl:template>', "")
    path = SourceFile("play.xml", b"<a/>")
    with pytest.raises(etree.XSLTApplyError, match=r"read rights for .* denied"):
        marked_text(path, parse(path), sheet)
