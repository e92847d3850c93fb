"""Characters and whitespace, above all those of French."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clairiere.curate.normalize.text import clean

NBSP, NNBSP = "\u00a0", "\u202f"

FRENCH = (
    f"«{NBSP}Vous ici{NNBSP}?{NBSP}» demanda-t-elle{NBSP}; il n’avait rien entendu…",
    f"Prix{NBSP}: 1{NNBSP}234,50{NBSP}€, soit 10{NBSP}% de moins{NNBSP}!",
    f"—{NBSP}L’Œuvre, c’est Zola, non{NNBSP}? —{NBSP}Ah oui, d’accord.",
    f"M.{NBSP}Dupont habite au n°{NBSP}12, à l’Haÿ-les-Roses{NBSP}; où donc{NBSP}?",
    "Ambiguë, maïs, cœur, ÇA, où, aiguë, Noël, L’Haÿ : « sans insécables » !",
)


@pytest.mark.parametrize("sentence", FRENCH)
def test_french_typography_survives_untouched(sentence: str) -> None:
    assert clean(sentence) == sentence
    assert clean(sentence, unicode="keep") == sentence


def test_no_break_spaces_survive_at_the_edges_of_text_and_lines() -> None:
    text = f"{NBSP}»{NBSP}\n{NNBSP}: oui{NNBSP}"
    assert clean(text) == text


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("un  deux\t\ttrois \t quatre", "un deux trois quatre"),
        ("  au début, à la fin  ", "au début, à la fin"),
        ("vers un  \n  vers deux\t\n", "vers un\nvers deux"),
        ("a\r\nb\rc\x0bd\x0ce\u2028f\u2029g\x85h", "a\nb\nc\nd\ne\nf\ng\nh"),
        ("un\n\n\n\n\ndeux\n \n \ntrois", "un\n\ndeux\n\ntrois"),
        ("co\u00adopé\u200bra\ufefftion\u2060s", "coopérations"),
        ("a\x00b\x07c\x1bd\x7fe\x9f", "abcde"),
        ("\u200eoui\u202a non\u202c", "oui non"),
        ("e\u0301te\u0301, \u212bngstro\u0308m", "été, Ångström"),
        ("a\u200db\u200cc", "abc"),
        ("👨\u200d👩\u200d👧 et می\u200cخواهم", "👨\u200d👩\u200d👧 et می\u200cخواهم"),
        (f"un {NBSP} deux", f"un {NBSP} deux"),
        (" \n\t\n ", ""),
    ],
)
def test_clean(raw: str, expected: str) -> None:
    assert clean(raw) == expected


def test_unicode_can_be_kept_as_it_is() -> None:
    assert clean("e\u0301te\u0301  !", unicode="keep") == "e\u0301te\u0301 !"


def test_layout_is_kept_where_it_means_something() -> None:
    code = "def f():\r\n    return 1,  2\t \n\n\n\n\tx = 3\n"
    assert clean(code, keep_layout=True) == "def f():\n    return 1,  2\n\n\tx = 3"


@settings(deadline=None)
@given(
    st.text(alphabet=st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from(" \t\n\r\u200d\u00ade\u0301")))
)
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    for keep_layout in (False, True):
        once = clean(text, keep_layout=keep_layout)
        assert clean(once, keep_layout=keep_layout) == once


@settings(deadline=None)
@given(st.text(alphabet="aé«» :;!?\u00a0\u202f\u2009\n\t"))
def test_every_no_break_space_survives(text: str) -> None:
    cleaned = clean(text)
    assert [c for c in cleaned if c in "\u00a0\u202f\u2009"] == [c for c in text if c in "\u00a0\u202f\u2009"]
