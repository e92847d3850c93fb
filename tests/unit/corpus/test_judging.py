"""The sources of a recipe: found, judged by their cards alone, located, digested."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from clairiere.corpus.cards import Card
from clairiere.corpus.licenses.gate import Gate
from clairiere.corpus.options import Override
from clairiere.corpus.sources import card_digest, judge_sources, load_cards, locate, source_digest
from clairiere.errors import CardError, UnreadableError

MakeCard = Callable[..., Card]


@pytest.fixture
def cards(tmp_path: Path, card_text: str) -> Path:
    for name in ("b", "a"):
        folder = tmp_path / "sources" / name
        folder.mkdir(parents=True)
        (folder / f"{name}.toml").write_text(card_text.replace('"talks"', f'"{name}"'), encoding="utf-8")
    (tmp_path / "recipes").mkdir()
    return tmp_path / "recipes"


def test_cards_are_found_by_patterns_and_sorted_by_name(cards: Path) -> None:
    assert [card.name for card in load_cards(["../sources/**/*.toml"], cards)] == ["a", "b"]
    both = ["../sources/b/b.toml", "../sources/*/*.toml", str(cards.parent / "sources/a/a.toml")]
    assert [card.name for card in load_cards(both, cards)] == ["a", "b"]
    assert load_cards([], cards) == []


def test_a_pattern_that_matches_nothing(cards: Path) -> None:
    with pytest.raises(CardError, match=r"no source card matches `\.\./source/\*\.toml`") as caught:
        load_cards(["../sources/a/*.toml", "../source/*.toml"], cards)
    assert caught.value.where == str(cards)


def test_two_cards_of_one_name(cards: Path, card_text: str) -> None:
    (cards.parent / "sources/a/again.toml").write_text(card_text.replace('"talks"', '"b"'), encoding="utf-8")
    with pytest.raises(CardError, match="two source cards called `b`") as caught:
        load_cards(["../sources/*/*.toml"], cards)
    assert "again.toml" in str(caught.value.where)
    assert "b.toml" in str(caught.value.where)


def test_sources_are_judged_by_their_cards_alone(make_card: MakeCard) -> None:
    (judged,) = judge_sources([make_card(path='"${NOT_SET_ANYWHERE}/x"')], Gate.make("CC-BY-SA-4.0", "cc-conservative"))
    assert judged.to_json() == {
        "name": "talks",
        "title": "Causeries",
        "category": "free-conversation",
        "license": "CC0-1.0 AND CC-BY-SA-4.0",
        "admitted": True,
        "reason": "CC0-1.0 AND CC-BY-SA-4.0 fits a model under CC-BY-SA-4.0 by the policy cc-conservative",
        "override": None,
    }


def test_a_license_that_is_not_proven_is_refused_with_the_reason(make_card: MakeCard) -> None:
    card = make_card(license_work='"CC-BY-NCSA-4.0"')
    (judged,) = judge_sources([card], Gate.make("MIT", "claire"))
    found = judged.to_json()
    assert (found["admitted"], found["license"]) == (False, None)
    assert "license of the work: unknown license `CC-BY-NCSA-4.0` (did you mean" in found["reason"]


def test_an_override_is_told(make_card: MakeCard) -> None:
    override = Override(source="talks", name="A. Lawyer", reason="by letter")
    (judged,) = judge_sources([make_card(license_edition=None)], Gate.make("MIT", "claire", [override]))
    assert judged.judgment.admitted
    assert judged.to_json()["override"] == {"source": "talks", "name": "A. Lawyer", "reason": "by letter"}


def test_locating_says_what_to_put_where(make_card: MakeCard, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="the variable NOT_SET_ANYWHERE is not set") as caught:
        locate(make_card(path='"${NOT_SET_ANYWHERE}/x.zip"').source)
    assert "export NOT_SET_ANYWHERE=" in str(caught.value)
    assert "https://example.org/talks" in str(caught.value)
    with pytest.raises(UnreadableError, match="no files of the source talks") as caught:
        source_digest(make_card().source)
    assert str(tmp_path / "files") in str(caught.value)
    assert "https://example.org/talks" in str(caught.value)
    (tmp_path / "files").mkdir()
    assert locate(make_card().source) == tmp_path / "files"


def test_files_that_can_be_fetched_are_told_with_the_command(make_card: MakeCard, tmp_path: Path) -> None:
    place = '[[fetch]]\nurl = "https://example.org/talks.zip"\n'
    with pytest.raises(UnreadableError, match="no files of the source talks") as caught:
        card_digest(make_card(place), Path("r.toml"))
    assert caught.value.next_step == (
        "`clairiere corpus r.toml --fetch` brings them; "
        "without a network, put https://example.org/talks.zip, as `talks.zip`, there"
    )
    with pytest.raises(UnreadableError, match="the variable NOT_SET_ANYWHERE is not set") as caught:
        card_digest(make_card(place, path='"${NOT_SET_ANYWHERE}/x"'), Path("r.toml"))
    assert str(caught.value.next_step).startswith(
        "export NOT_SET_ANYWHERE=FOLDER, then `clairiere corpus r.toml --fetch`"
    )
    with pytest.raises(UnreadableError, match="no files of the source talks") as caught:
        card_digest(make_card(), Path("r.toml"))
    assert "--fetch" not in str(caught.value)


def test_the_digest_depends_on_card_and_files_but_not_on_the_place(make_card: MakeCard, tmp_path: Path) -> None:
    for name in ("files", "moved"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text("[A:] Bonjour")
    before = source_digest(make_card().source)
    assert source_digest(make_card(path='"moved"').source) == before
    assert source_digest(make_card(title='"Autre"').source) != before
    assert source_digest(make_card(license_edition='"MIT"').source) != before
    (tmp_path / "files/manifest.tsv").write_text("path\tlicense\na.txt\tMIT\n")
    with_manifest = source_digest(make_card().source)
    assert with_manifest != before
    assert source_digest(make_card(path='"moved"', manifest='"files/manifest.tsv"').source) == with_manifest
    (tmp_path / "files/a.txt").write_text("[A:] Bonsoir")
    assert source_digest(make_card().source) != with_manifest
