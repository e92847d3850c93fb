"""Compiled loops over bytes and integers: what is too slow turn by turn in Python.

Kernels are plain functions of numpy arrays, compiled by numba at their first call and cached beside their module, or
in the person's cache folder. Where neither can be written, as in a read-only container, each process compiles anew.
They use integers only, so that they give the same bits on every machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """The function compiled, with its Python signature for the type checker."""
    try:
        compiled = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # numba's, when it finds no folder to write to: its cache is of use, but no need
        compiled = numba.njit(nogil=True)(function)
    return cast(Callable[P, R], compiled)
