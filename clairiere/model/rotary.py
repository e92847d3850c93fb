"""Rotary positions (Su et al., 2021), in the convention of transformers: channel i is rotated with channel i + E/2."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from clairiere.model.shape import RopeScaling, Shape


def inverse_frequencies(shape: Shape, device: torch.device | None = None) -> Tensor:
    """Radians per position of each pair of channels, float32 [E/2]."""
    exponents = torch.arange(0, shape.head_dim, 2, dtype=torch.int64, device=device).float() / shape.head_dim
    frequencies = 1.0 / (shape.rope_theta**exponents)
    if shape.rope_scaling is None:
        return frequencies
    if shape.rope_scaling.kind == "linear":
        return frequencies / shape.rope_scaling.factor
    return _llama3(frequencies, shape.rope_scaling)


def _llama3(frequencies: Tensor, scaling: RopeScaling) -> Tensor:
    """Long waves are stretched by the factor, short ones kept, those between blended (Llama 3.1)."""
    context = scaling.original_max_position_embeddings
    longest_kept = context / scaling.high_freq_factor
    shortest_stretched = context / scaling.low_freq_factor
    wavelengths = 2 * math.pi / frequencies
    blend = (context / wavelengths - scaling.low_freq_factor) / (scaling.high_freq_factor - scaling.low_freq_factor)
    blended = (1 - blend) * frequencies / scaling.factor + blend * frequencies
    stretched = torch.where(wavelengths > shortest_stretched, frequencies / scaling.factor, frequencies)
    between = (wavelengths >= longest_kept) & (wavelengths <= shortest_stretched)
    return torch.where(between, blended, stretched)


def rotation(positions_N: Tensor, inverse_frequencies: Tensor) -> tuple[Tensor, Tensor]:
    """Cosine and sine of each position's angles, [N, 1, E] each, in the dtype of the frequencies."""
    angles = positions_N[:, None].to(inverse_frequencies.dtype) * inverse_frequencies
    angles = torch.cat((angles, angles), dim=-1)[:, None]
    return angles.cos(), angles.sin()


def rotate(x_NHE: Tensor, cos_N1E: Tensor, sin_N1E: Tensor) -> Tensor:
    """Queries or keys turned by their positions; computed in the dtype of the angles, returned in their own."""
    left, right = x_NHE.chunk(2, dim=-1)
    turned = torch.cat((-right, left), dim=-1)
    return (x_NHE * cos_N1E + turned * sin_N1E).to(x_NHE.dtype)
