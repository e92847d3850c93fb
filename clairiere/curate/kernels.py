"""Compiled loops over bytes and integers: what is too slow turn by turn in Python.

Kernels are plain functions of numpy arrays, compiled by numba at their first call and cached beside their module. They
use integers only, so that they give the same bits on every machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """The function compiled, with its Python signature for the type checker."""
    return cast(Callable[P, R], numba.njit(cache=True, nogil=True)(function))
