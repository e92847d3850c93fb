"""Rows in the order of their keys, whatever fits in memory."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clairiere.curate import ordering
from clairiere.curate.ordering import in_order, mapped

KEYS = st.one_of(
    st.integers(0, 5), st.integers(0, 2**64 - 1), st.integers(2**40, 2**40 + 9), st.sampled_from([1, 2**64 - 1])
)


@given(st.lists(KEYS, max_size=60), st.integers(1, 30), st.integers(1, 40))
def test_rows_come_in_the_order_of_a_stable_sort(values: list[int], capacity: int, chunk: int) -> None:
    keys = np.array(values, np.uint64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ordering, "_CHUNK_ROWS", chunk)
        runs = list(in_order(keys, capacity))
    found = [row for run in runs for row in run.tolist()]
    assert found == sorted((row for row, key in enumerate(values) if key), key=lambda row: values[row])
    assert all(len(run) <= capacity or len(set(keys[run].tolist())) == 1 for run in runs)
    assert all(keys[one[-1]] < keys[other[0]] for one, other in pairwise(runs))


def test_mapped_arrays_are_zeros_that_leave_earlier_ones_alone(tmp_path: Path) -> None:
    first = mapped(tmp_path / "folder/x", np.int64, (3, 2))
    first[:] = 7
    second = mapped(tmp_path / "folder/x", np.int64, (3,))
    assert second.tolist() == [0, 0, 0]
    assert first.sum() == 42
    assert mapped(tmp_path / "none", np.int64, (0, 4)).shape == (0, 4)
