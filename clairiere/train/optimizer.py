"""AdamW (Loshchilov and Hutter, 2019) over two groups: matrices are decayed, norms and biases are not."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from clairiere.train.options import PhaseOptions


def trainable(module: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters that learn, by name; a tied one appears once."""
    return {name: weight for name, weight in module.named_parameters() if weight.requires_grad}


def adamw(module: nn.Module, phase: PhaseOptions) -> torch.optim.AdamW:
    """An optimizer over what learns in `module`: weights of two and more dimensions decay, others do not."""
    weights = list(trainable(module).values())
    groups = [
        {"params": [weight for weight in weights if weight.ndim >= 2], "weight_decay": phase.weight_decay},
        {"params": [weight for weight in weights if weight.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]],
        lr=phase.learning_rate,
        betas=phase.betas,
        eps=phase.epsilon,
        fused=True,
    )


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Give every group the same learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def clip_gradient(weights: list[nn.Parameter], largest_norm: float) -> Tensor:
    """Scale the gradient so that its global norm is at most `largest_norm` (Pascanu et al., 2013).

    Returns:
        The norm before clipping, a float32 scalar; not finite where any gradient is not.
    """
    return nn.utils.clip_grad_norm_(weights, largest_norm, foreach=True)
