"""Causal attention within documents packed one behind the other; documents never see each other.

One function for every backend. A CPU takes one document after the other: on two cores that is as fast as batches of
documents of like length, and faster than a mask over each row, which computes what it then hides. On CUDA the
variable-length kernel takes the packed documents as they are (see `varlen`).

Shapes: N tokens of all rows, H query heads, K key and value heads, E width of a head, B rows, S tokens seen by T.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor
from torch.nn import functional

from clairiere.model import varlen


def attention(
    q_NHE: Tensor,
    k_NKE: Tensor,
    v_NKE: Tensor,
    document_offsets: Tensor,
    longest: int,
    *,
    sliding_window: int | None = None,
) -> Tensor:
    """What each token gathers from the tokens of its document up to itself, [N, H, E].

    Args:
        q_NHE: queries; H is a multiple of K, neighboring query heads share a key head.
        k_NKE: keys.
        v_NKE: values.
        document_offsets: int32, where each document begins, 0 first and N last; empty documents are allowed.
        longest: tokens of the longest document, or more; a plain number, so that no kernel waits for the device.
        sliding_window: a token sees at most so many tokens, itself included.
    """
    if sliding_window is not None and sliding_window >= longest:
        sliding_window = None
    if varlen.fits(q_NHE):
        return varlen.attention(q_NHE, k_NKE, v_NKE, document_offsets, longest, sliding_window=sliding_window)
    return per_document(q_NHE, k_NKE, v_NKE, document_offsets, sliding_window=sliding_window)


def per_document(
    q_NHE: Tensor, k_NKE: Tensor, v_NKE: Tensor, document_offsets: Tensor, *, sliding_window: int | None = None
) -> Tensor:
    """One document after the other; cut by one split, whose gradient is one concatenation."""
    lengths = [end - start for start, end in itertools.pairwise(document_offsets.tolist()) if end > start]
    documents = zip(*(torch.split(x.unsqueeze(0), lengths, dim=1) for x in (q_NHE, k_NKE, v_NKE)), strict=True)
    return torch.cat([_causal(q, k, v, sliding_window) for q, k, v in documents], dim=1).squeeze(0)


def _causal(q_BTHE: Tensor, k_BTKE: Tensor, v_BTKE: Tensor, sliding_window: int | None) -> Tensor:
    tokens = q_BTHE.shape[1]
    if sliding_window is None or sliding_window >= tokens:
        return _sdpa(q_BTHE, k_BTKE, v_BTKE, None)
    return _sdpa(q_BTHE, k_BTKE, v_BTKE, window_mask(tokens, tokens, sliding_window, q_BTHE.device))


def _sdpa(q_BTHE: Tensor, k_BSKE: Tensor, v_BSKE: Tensor, mask_TS: Tensor | None) -> Tensor:
    """torch's attention over rows; causal where no mask is given."""
    out_BHTE = functional.scaled_dot_product_attention(
        q_BTHE.transpose(1, 2),
        k_BSKE.transpose(1, 2),
        v_BSKE.transpose(1, 2),
        attn_mask=mask_TS,
        is_causal=mask_TS is None,
        enable_gqa=q_BTHE.shape[2] != k_BSKE.shape[2],
    )
    return out_BHTE.transpose(1, 2)


def window_mask(queries: int, keys: int, sliding_window: int | None, device: torch.device) -> Tensor:
    """Which of `keys` tokens the last `queries` of them see, bool [queries, keys]."""
    query = torch.arange(keys - queries, keys, device=device)[:, None]
    key = torch.arange(keys, device=device)
    seen = key <= query
    return seen if sliding_window is None else seen & (query - key < sliding_window)


def cached_attention(q_BTHE: Tensor, k_BSKE: Tensor, v_BSKE: Tensor, *, sliding_window: int | None = None) -> Tensor:
    """Attention of the last T of S tokens of each row, for generation; returns [B, T, H, E]."""
    queries, keys = q_BTHE.shape[1], k_BSKE.shape[1]
    return _sdpa(q_BTHE, k_BSKE, v_BSKE, window_mask(queries, keys, sliding_window, q_BTHE.device))
