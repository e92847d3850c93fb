"""The split by hash of the document id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clairiere.curate import split
from clairiere.curate.split import SPLITS, Shares, place


def assign(ids: Sequence[str], *, test_share: float, validation_share: float) -> dict[str, str]:
    """The splits of documents that are all alone in their groups, as a source has them: in the order of their ids."""
    names = sorted(set(ids))
    places = np.array([place(name) for name in names])
    alone = np.arange(len(names))
    codes = split.assign(places, alone, np.ones(len(names), bool), Shares(test_share, validation_share))
    return dict(zip(names, (SPLITS[code] for code in codes), strict=True))


def assign_groups(places: list[float], groups: list[int], *, movable: bool = True) -> list[str]:
    where = np.array([places[group] for group in groups])
    codes = split.assign(where, np.array(groups), np.full(len(groups), movable), Shares(0.1, 0.1))
    return [SPLITS[code] for code in codes]


def test_places_are_spread_over_the_unit_interval() -> None:
    places = [place(f"source/{n}") for n in range(2_000)]
    assert 0 <= min(places) < 0.01
    assert 0.99 < max(places) < 1
    assert sum(places) / len(places) == pytest.approx(0.5, abs=0.02)


def test_place_is_the_head_of_sha256() -> None:
    assert place("abc") == pytest.approx(0xBA7816BF / 2**32, abs=1e-9)


def test_shares_are_met_in_a_large_source() -> None:
    sizes = Counter(assign([f"s/{n}" for n in range(5_000)], test_share=0.1, validation_share=0.05).values())
    assert sizes["test"] == pytest.approx(500, abs=70)
    assert sizes["validation"] == pytest.approx(250, abs=50)


def test_a_document_stays_where_it_is_when_others_come() -> None:
    few = [f"s/{n}" for n in range(200)]
    many = [f"s/{n}" for n in range(400)]
    small, large = (assign(ids, test_share=0.1, validation_share=0.1) for ids in (few, many))
    assert {name: large[name] for name in few} == small


def test_the_nearest_document_fills_an_empty_split() -> None:
    ids = sorted((f"s/{n}" for n in range(5)), key=place)
    splits = assign(ids, test_share=1e-9, validation_share=1e-9)
    assert [splits[name] for name in ids] == ["test", "validation", "train", "train", "train"]


def test_train_is_filled_too() -> None:
    ids = sorted((f"s/{n}" for n in range(3)), key=place)
    assert assign(ids, test_share=0.4999, validation_share=0.4999)[ids[-1]] in SPLITS
    highest = max(ids, key=place)
    low = [name for name in (f"t/{n}" for n in range(200)) if place(name) < 0.4]
    assert "train" in assign(low, test_share=0.3, validation_share=0.3).values()
    assert assign([highest], test_share=0.0, validation_share=0.0) == {highest: "train"}


def test_a_share_of_zero_stays_empty_and_two_documents_are_not_divided() -> None:
    ids = [f"s/{n}" for n in range(10)]
    assert set(assign(ids, test_share=0, validation_share=0).values()) == {"train"}
    assert set(assign(ids[:2], test_share=1e-9, validation_share=1e-9).values()) == {"train"}
    assert assign([], test_share=0.1, validation_share=0.1) == {}


@settings(deadline=None)
@given(
    st.sets(st.text(min_size=1, max_size=5), min_size=3, max_size=12),
    st.floats(0.001, 0.49),
    st.floats(0.001, 0.49),
)
def test_three_documents_are_enough_for_every_split(ids: set[str], test_share: float, validation_share: float) -> None:
    splits = assign(sorted(ids), test_share=test_share, validation_share=validation_share)
    assert set(splits) == ids
    assert set(splits.values()) == set(SPLITS)
    shuffled = assign(sorted(ids, reverse=True), test_share=test_share, validation_share=validation_share)
    assert shuffled == splits


def test_a_group_goes_where_its_first_document_goes() -> None:
    assert assign_groups([0.05, 0.15, 0.9, 0.9], [0, 1, 2, 0]) == ["test", "validation", "train", "test"]


def test_an_empty_split_takes_the_nearest_of_the_smallest_groups() -> None:
    places = [0.3, 0.3, 0.5, 0.7, 0.9]
    assert assign_groups(places, [0, 0, 2, 3, 4]) == ["train", "train", "test", "validation", "train"]


def test_a_group_that_reaches_into_other_sources_stays_where_it_is() -> None:
    assert assign_groups([0.3, 0.5, 0.7], [0, 1, 2], movable=False) == ["train"] * 3


def test_a_group_of_a_whole_source_is_not_divided() -> None:
    assert assign_groups([0.3], [0, 0, 0]) == ["train"] * 3
    assert assign_groups([0.3, 0.3, 0.5], [0, 0, 2]) == ["train", "train", "test"]
