"""The loss of the next token, a chunk of tokens at a time: the logits of all tokens never exist at once.

Only tokens with a target are projected onto the vocabulary. Logits are as the head makes them (bf16 under autocast);
the loss itself is float32 (float64 for float64 weights).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from clairiere.model.layers import Decoder

IGNORED = -100
"""A target that does not count."""
CHUNK_TOKENS = 2048


def next_token_loss(
    decoder: Decoder, hidden_BTD: Tensor, targets_BT: Tensor, chunk_tokens: int = CHUNK_TOKENS
) -> tuple[Tensor, Tensor]:
    """Summed cross-entropy of the targets, in nats, and how many count; divide over all ranks and micro-batches.

    Args:
        decoder: whose head makes the logits; with adapters or frozen as well as plain.
        hidden_BTD: its hidden states.
        targets_BT: the token that follows each, or -100 where it does not count.
        chunk_tokens: logits held at once, in tokens.

    Returns:
        The sum, float32 with gradient, and the count, an integer tensor.
    """
    counted_N = (targets_BT != IGNORED).flatten().nonzero().squeeze(1)
    hidden_ND = hidden_BTD.flatten(0, 1)[counted_N]
    targets_N = targets_BT.flatten()[counted_N]
    count = torch.tensor(len(counted_N), device=targets_BT.device)
    if torch.is_grad_enabled():
        learning = [parameter for parameter in decoder.head.parameters() if parameter.requires_grad]
        loss: Tensor = _ChunkedLoss.apply(decoder, hidden_ND, targets_N, chunk_tokens, *learning)  # type: ignore[no-untyped-call]
        return loss, count
    return _losses(decoder, hidden_ND, targets_N, chunk_tokens).sum(), count


@torch.no_grad()
def token_losses(decoder: Decoder, hidden_BTD: Tensor, targets_BT: Tensor, chunk_tokens: int = CHUNK_TOKENS) -> Tensor:
    """Cross-entropy of each target in nats, float32 [B, T] without gradient; zero where it does not count."""
    counted_BT = targets_BT != IGNORED
    losses_N = _losses(decoder, hidden_BTD[counted_BT], targets_BT[counted_BT], chunk_tokens)
    losses_BT = torch.zeros(targets_BT.shape, dtype=losses_N.dtype, device=targets_BT.device)
    losses_BT[counted_BT] = losses_N
    return losses_BT


def _losses(decoder: Decoder, hidden_ND: Tensor, targets_N: Tensor, chunk_tokens: int) -> Tensor:
    chunks = zip(torch.split(hidden_ND, chunk_tokens), torch.split(targets_N, chunk_tokens), strict=True)
    return torch.cat([_cross_entropy(decoder, hidden, targets) for hidden, targets in chunks])


def _cross_entropy(decoder: Decoder, hidden_ND: Tensor, targets_N: Tensor) -> Tensor:
    logits_NV = decoder.logits(hidden_ND)
    exact_NV = logits_NV.to(torch.promote_types(logits_NV.dtype, torch.float32))
    return functional.cross_entropy(exact_NV, targets_N, reduction="none")


def _loss_and_gradient(logits_NV: Tensor, targets_N: Tensor) -> tuple[Tensor, Tensor]:
    """Summed cross-entropy and its gradient, softmax minus one-hot, in float32 or better."""
    log_probabilities_NV = logits_NV.to(torch.promote_types(logits_NV.dtype, torch.float32)).log_softmax(-1)
    loss = -log_probabilities_NV.gather(1, targets_N[:, None]).sum()
    gradient_NV = log_probabilities_NV.exp_()
    gradient_NV[torch.arange(len(targets_N), device=targets_N.device), targets_N] -= 1
    return loss, gradient_NV


class _ChunkedLoss(torch.autograd.Function):
    """Takes each chunk's gradient right after its loss, so that backward only has to scale what is there."""

    @staticmethod
    def forward(
        ctx: Any, decoder: Decoder, hidden_ND: Tensor, targets_N: Tensor, chunk_tokens: int, *learning: Tensor
    ) -> Tensor:
        total = hidden_ND.new_zeros((), dtype=torch.promote_types(hidden_ND.dtype, torch.float32))
        hidden_gradient = torch.empty_like(hidden_ND)
        gradients = [torch.zeros_like(parameter) for parameter in learning]
        for start in range(0, len(targets_N), chunk_tokens):
            chunk = slice(start, start + chunk_tokens)
            with torch.enable_grad():
                leaf = hidden_ND[chunk].detach().requires_grad_()
                logits_NV = decoder.logits(leaf)
            loss, gradient_NV = _loss_and_gradient(logits_NV.detach(), targets_N[chunk])
            found = torch.autograd.grad(logits_NV, [leaf, *learning], gradient_NV.to(logits_NV.dtype))
            total += loss
            hidden_gradient[chunk] = found[0]
            for gradient, addition in zip(gradients, found[1:], strict=True):
                gradient.add_(addition)
        ctx.save_for_backward(hidden_gradient, *gradients)
        return total

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        hidden_gradient, *gradients = (gradient * upstream[0] for gradient in ctx.saved_tensors)
        return None, hidden_gradient, None, None, *gradients
