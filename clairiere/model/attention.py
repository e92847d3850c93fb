"""Causal attention within documents packed one behind the other.

Shapes: N tokens of all rows, H query heads, K key and value heads, E width of a head.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor
from torch.nn import functional


def attention(
    q_NHE: Tensor,
    k_NKE: Tensor,
    v_NKE: Tensor,
    document_offsets: Tensor,
    longest: int,
    *,
    sliding_window: int | None = None,
) -> Tensor:
    """What each token gathers from the tokens of its document up to itself.

    Args:
        q_NHE: queries; H is a multiple of K, neighboring query heads share a key head.
        k_NKE: keys.
        v_NKE: values.
        document_offsets: int32, where each document begins, 0 first and N last; empty documents are allowed.
        longest: tokens of the longest document, or more.
        sliding_window: a token sees at most so many tokens, itself included.
    """
    return per_document(q_NHE, k_NKE, v_NKE, document_offsets, sliding_window=sliding_window)


def per_document(
    q_NHE: Tensor, k_NKE: Tensor, v_NKE: Tensor, document_offsets: Tensor, *, sliding_window: int | None = None
) -> Tensor:
    """The reference: one document after the other."""
    offsets = document_offsets.tolist()
    documents = [
        _causal(q_NHE[start:end], k_NKE[start:end], v_NKE[start:end], sliding_window)
        for start, end in itertools.pairwise(offsets)
        if end > start
    ]
    return torch.cat(documents)


def _causal(q_THE: Tensor, k_TKE: Tensor, v_TKE: Tensor, sliding_window: int | None) -> Tensor:
    q_HTE, k_KTE, v_KTE = (x.transpose(0, 1).unsqueeze(0) for x in (q_THE, k_TKE, v_TKE))
    tokens = q_THE.shape[0]
    masked = sliding_window is not None and sliding_window < tokens
    mask = window_mask(tokens, tokens, sliding_window, q_THE.device) if masked else None
    out_HTE = functional.scaled_dot_product_attention(
        q_HTE, k_KTE, v_KTE, attn_mask=mask, is_causal=mask is None, enable_gqa=q_THE.shape[1] != k_TKE.shape[1]
    )
    return out_HTE.squeeze(0).transpose(0, 1)


def window_mask(queries: int, keys: int, sliding_window: int | None, device: torch.device) -> Tensor:
    """Which of `keys` tokens the last `queries` of them see, bool [queries, keys]."""
    query = torch.arange(keys - queries, keys, device=device)[:, None]
    key = torch.arange(keys, device=device)
    seen = key <= query
    return seen if sliding_window is None else seen & (query - key < sliding_window)


def cached_attention(q_BTHE: Tensor, k_BSKE: Tensor, v_BSKE: Tensor, *, sliding_window: int | None = None) -> Tensor:
    """Attention of the last T of S tokens of each row, for generation; returns [B, T, H, E]."""
    queries, keys = q_BTHE.shape[1], k_BSKE.shape[1]
    q_BHTE, k_BKSE, v_BKSE = (x.transpose(1, 2) for x in (q_BTHE, k_BSKE, v_BSKE))
    out_BHTE = functional.scaled_dot_product_attention(
        q_BHTE,
        k_BKSE,
        v_BKSE,
        attn_mask=window_mask(queries, keys, sliding_window, q_BTHE.device),
        enable_gqa=q_BTHE.shape[2] != k_BSKE.shape[2],
    )
    return out_BHTE.transpose(1, 2)
