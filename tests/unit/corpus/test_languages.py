"""Codes of languages mean the same wherever they are read."""

from __future__ import annotations

import pytest
from lxml import etree

from clairiere.corpus.languages import ISO_639_1
from clairiere.corpus.markup import tei
from clairiere.corpus.speech.transcript import iso_639_1
from clairiere.curate.language.codes import normalize


def in_tei(code: str) -> str | None:
    return tei.language(etree.fromstring(f'<TEI xmlns="{tei.NAMESPACE}" xml:lang="{code}"/>'))


@pytest.mark.parametrize(
    ("code", "expected"),
    [("dut", "nl"), ("nld", "nl"), ("chi", "zh"), ("wol", "wo"), ("eus", "eu"), ("cze", "cs"), ("gre", "el"),
     ("fre-FR", "fr"), ("fr", "fr"), ("srr", "srr")],
)  # fmt: skip
def test_three_readings_agree(code: str, expected: str) -> None:
    assert [in_tei(code), iso_639_1(code), normalize(code)] == [expected] * 3


def test_every_code_of_two_letters_is_there() -> None:
    assert len(set(ISO_639_1.values())) == 184
    assert all(len(long) == 3 and len(short) == 2 for long, short in ISO_639_1.items())
