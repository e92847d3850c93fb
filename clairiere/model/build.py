"""Fresh weights, the same to the bit for the same shape and seed."""

from __future__ import annotations

import torch

from clairiere.model.layers import Decoder
from clairiere.model.shape import Shape


def build(shape: Shape, seed: int) -> Decoder:
    """A decoder with fresh float32 weights: matrices normal with `initializer_range`, norms one, biases zero.

    Args:
        shape: its sizes.
        seed: of the generator, which nothing else draws from; the global one stays as it is.
    """
    generator = torch.Generator().manual_seed(seed)
    decoder = Decoder(shape)
    with torch.no_grad():
        for name, parameter in decoder.named_parameters():
            if parameter.dim() > 1:
                parameter.normal_(0.0, shape.initializer_range, generator=generator)
            else:
                parameter.fill_(0.0 if name.endswith("bias") else 1.0)
    return decoder
