"""Causal attention within documents packed one behind the other; documents never see each other.

One function for every backend. On a CPU, documents of about one length are computed together, padded at their end to
the longest of them: a causal token never looks at what follows it, so the padding needs no mask. On CUDA the
variable-length kernel takes the packed documents as they are (see `varlen`).

Shapes: N tokens of all rows, H query heads, K key and value heads, E width of a head, G documents, L tokens of the
longest.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor
from torch.nn import functional

from clairiere.model import varlen

PADDED_SHARE = 1.3
"""Documents are computed together while the longest is at most so many times as long as the shortest."""


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
    return by_length(q_NHE, k_NKE, v_NKE, document_offsets, sliding_window=sliding_window)


def per_document(
    q_NHE: Tensor, k_NKE: Tensor, v_NKE: Tensor, document_offsets: Tensor, *, sliding_window: int | None = None
) -> Tensor:
    """The reference: one document after the other."""
    documents = [
        _causal(q_NHE[None, start:end], k_NKE[None, start:end], v_NKE[None, start:end], sliding_window).squeeze(0)
        for start, end in itertools.pairwise(document_offsets.tolist())
        if end > start
    ]
    return torch.cat(documents)


def by_length(
    q_NHE: Tensor, k_NKE: Tensor, v_NKE: Tensor, document_offsets: Tensor, *, sliding_window: int | None = None
) -> Tensor:
    """Documents of about one length together; only splits and concatenations, so the same to the bit every time."""
    lengths = [end - start for start, end in itertools.pairwise(document_offsets.tolist()) if end > start]
    qkv = [torch.split(x, lengths) for x in (q_NHE, k_NKE, v_NKE)]
    documents: list[Tensor] = [q_NHE] * len(lengths)
    for group in _groups_by_length(lengths):
        together = [lengths[index] for index in group]
        padded = [_pad([pieces[index] for index in group], together) for pieces in qkv]
        out_GLHE = _causal(padded[0], padded[1], padded[2], sliding_window)
        for index, document in zip(group, _unpad(out_GLHE, together), strict=True):
            documents[index] = document
    return torch.cat(documents)


def _groups_by_length(lengths: list[int]) -> list[list[int]]:
    """Indices of the documents, longest first, cut where the next is too short for its group."""
    groups: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lambda index: -lengths[index]):
        if groups and lengths[groups[-1][0]] <= PADDED_SHARE * lengths[index]:
            groups[-1].append(index)
        else:
            groups.append([index])
    return groups


def _pad(documents: list[Tensor], lengths: list[int]) -> Tensor:
    """Documents side by side, [G, L, heads, E], the longest first."""
    if lengths[0] == lengths[-1]:
        return torch.stack(documents)
    filling = documents[0].new_zeros((lengths[0] - lengths[-1], *documents[0].shape[1:]))
    pieces = [piece for document in documents for piece in (document, filling[: lengths[0] - len(document)])]
    return torch.cat(pieces).view(len(documents), lengths[0], *filling.shape[1:])


def _unpad(out_GLHE: Tensor, lengths: list[int]) -> tuple[Tensor, ...]:
    """The documents out of their padding."""
    cuts = [cut for length in lengths for cut in (length, lengths[0] - length)]
    return torch.split(out_GLHE.flatten(0, 1), cuts)[::2]


def _causal(q_GLHE: Tensor, k_GLKE: Tensor, v_GLKE: Tensor, sliding_window: int | None) -> Tensor:
    tokens = q_GLHE.shape[1]
    if sliding_window is None or sliding_window >= tokens:
        return _sdpa(q_GLHE, k_GLKE, v_GLKE, None)
    return _sdpa(q_GLHE, k_GLKE, v_GLKE, window_mask(tokens, tokens, sliding_window, q_GLHE.device))


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
