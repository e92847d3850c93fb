"""Reproducible arithmetic: the same numbers twice, and the settings of before afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.utils import deterministic


@contextmanager
def reproducible(device: torch.device) -> Iterator[None]:
    """Inside the block the same numbers come out twice on the same machine and thread count.

    The generators' states and torch's settings are as before afterwards. On an accelerator, deterministic algorithms
    are left off: they are slower there, and some kernels have none.
    """
    before = torch.are_deterministic_algorithms_enabled()
    filled = deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        try:
            torch.use_deterministic_algorithms(device.type == "cpu")
            # Filling every new tensor guards against reading what was never written, at the price of speed.
            deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
            yield
        finally:
            torch.use_deterministic_algorithms(before)
            deterministic.fill_uninitialized_memory = filled  # type: ignore[attr-defined]
