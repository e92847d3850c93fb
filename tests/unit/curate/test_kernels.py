"""Kernels compile wherever they are, also where nothing can be written."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numba
import numpy as np
import pytest

from clairiere.curate import kernels


def twice(values: Any) -> Any:
    return values * 2


def test_a_kernel_is_compiled_without_a_cache_where_none_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def read_only(*, cache: bool = False, nogil: bool) -> Callable[..., Any]:
        asked.append(cache)
        if cache:
            raise RuntimeError("cannot cache function 'twice': no locator available for file 'kernels.py'")
        return numba.njit(nogil=nogil)

    monkeypatch.setattr(kernels, "numba", SimpleNamespace(njit=read_only))
    compiled = kernels.kernel(twice)
    assert asked == [True, False]
    assert compiled(np.arange(3)).tolist() == [0, 2, 4]
    assert compiled.signatures  # type: ignore[attr-defined]  # it is compiled, not called as Python
