"""torch's variable-length attention kernel, and what differs in it between torch 2.11 and 2.13.

2.11 has no `enable_gqa`: keys and values are repeated for it. Both take the causal window as (tokens back, 0), -1 for
no limit. The kernel reads bf16 and fp16 on CUDA only.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.attention.varlen import varlen_attn

kernel: Callable[..., Any] = varlen_attn
GROUPED_HEADS = "enable_gqa" in inspect.signature(varlen_attn).parameters


def fits(q_NHE: Tensor) -> bool:
    """Whether the kernel can take queries of that device and dtype."""
    return q_NHE.is_cuda and q_NHE.dtype in (torch.bfloat16, torch.float16)


def attention(
    q_NHE: Tensor,
    k_NKE: Tensor,
    v_NKE: Tensor,
    document_offsets: Tensor,
    longest: int,
    *,
    sliding_window: int | None,
) -> Tensor:
    """Causal attention within packed documents, [N, H, E]; see `attention.attention`."""
    window = (-1 if sliding_window is None else sliding_window - 1, 0)
    options: dict[str, Any] = {"window_size": window}
    groups = q_NHE.shape[1] // k_NKE.shape[1]
    if groups > 1 and GROUPED_HEADS:
        options["enable_gqa"] = True
    elif groups > 1:
        k_NKE, v_NKE = (x.repeat_interleave(groups, dim=1) for x in (k_NKE, v_NKE))
    out_NHE: Tensor = kernel(
        q_NHE.contiguous(),
        k_NKE.contiguous(),
        v_NKE.contiguous(),
        document_offsets,
        document_offsets,
        longest,
        longest,
        **options,
    )
    return out_NHE
