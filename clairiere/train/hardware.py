"""What the training runs on: the device, its name, its peak."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import torch

PEAK_FLOPS = {
    "H200": 989e12,
    "H100": 989e12,
    "A100": 312e12,
}
"""Dense bf16 operations a second by accelerator, from NVIDIA's data sheets (SXM modules)."""


def find_device() -> torch.device:
    """The accelerator where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def describe(device: torch.device) -> str:
    """The device as a card names it."""
    if device.type == "cuda":
        return f"1 x {torch.cuda.get_device_name(device)}"
    return f"{_cpu_name()}, {os.cpu_count()} cores"


def utilization(device: torch.device, flops_per_second: float) -> float | None:
    """Model FLOPs utilization (Chowdhery et al., 2022): a share of the peak, or None where the peak is unknown."""
    if device.type != "cuda":
        return None
    name = torch.cuda.get_device_name(device)
    peaks = [peak for accelerator, peak in PEAK_FLOPS.items() if accelerator in name]
    return flops_per_second / peaks[0] if peaks else None


def _cpu_name() -> str:
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
