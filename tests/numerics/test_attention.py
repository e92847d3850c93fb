"""All paths of attention against a float64 reference that is written out."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from clairiere.model import varlen
from clairiere.model.attention import attention, cached_attention, per_document


def written_out(q_NHE: Tensor, k_NKE: Tensor, v_NKE: Tensor, offsets: list[int], window: int | None) -> Tensor:
    """Softmax of scaled scores, document by document and head by head."""
    out_NHE = torch.empty_like(q_NHE)
    share = q_NHE.shape[1] // k_NKE.shape[1]
    for start, end in itertools.pairwise(offsets):
        for head in range(q_NHE.shape[1]):
            key_head = head // share
            scores = q_NHE[start:end, head] @ k_NKE[start:end, key_head].T / math.sqrt(q_NHE.shape[2])
            distance = torch.arange(end - start)[:, None] - torch.arange(end - start)
            hidden = (distance < 0) | (distance >= (window or end - start + 1))
            out_NHE[start:end, head] = scores.masked_fill(hidden, -math.inf).softmax(-1) @ v_NKE[start:end, key_head]
    return out_NHE


def random_qkv(tokens: int, heads: int = 4, key_heads: int = 2, width: int = 8) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(tokens)
    return tuple(
        torch.randn(tokens, count, width, dtype=torch.float64, generator=generator)
        for count in (heads, key_heads, key_heads)
    )


def cut(lengths: list[int]) -> list[int]:
    return [0, *itertools.accumulate(lengths)]


@pytest.mark.parametrize("window", [None, 1, 3, 100])
@pytest.mark.parametrize("key_heads", [1, 2, 4])
def test_values_and_gradients_equal_the_reference(window: int | None, key_heads: int) -> None:
    offsets = cut([9, 1, 7, 8, 2])
    tensors = [x.requires_grad_() for x in random_qkv(27, key_heads=key_heads)]
    expected = written_out(*tensors, offsets, window)
    pull = torch.randn(expected.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    expected_gradients = torch.autograd.grad((expected * pull).sum(), tensors)
    found = per_document(*tensors, torch.tensor(offsets, dtype=torch.int32), sliding_window=window)
    assert torch.allclose(found, expected, atol=1e-12)
    for one, two in zip(torch.autograd.grad((found * pull).sum(), tensors), expected_gradients, strict=True):
        assert torch.allclose(one, two, atol=1e-12)


@given(
    lengths=st.lists(st.integers(0, 40), min_size=1, max_size=12).filter(any),
    window=st.one_of(st.none(), st.integers(1, 45)),
)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_any_packing_equals_the_reference(lengths: list[int], window: int | None) -> None:
    tensors = random_qkv(sum(lengths))
    offsets = cut(lengths)
    packed = torch.tensor(offsets, dtype=torch.int32)
    found = attention(*tensors, packed, max(lengths), sliding_window=window)
    assert torch.allclose(found, written_out(*tensors, offsets, window), atol=1e-12)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 2e-6), (torch.bfloat16, 2e-2)])
def test_lower_precision_stays_near_the_reference(dtype: torch.dtype, tolerance: float) -> None:
    offsets = cut([300, 17, 250, 90])
    tensors = random_qkv(657, width=16)
    rounded = [x.to(dtype) for x in tensors]
    expected = written_out(*(x.double() for x in rounded), offsets, None)
    found = per_document(*rounded, torch.tensor(offsets, dtype=torch.int32))
    assert found.dtype == dtype
    assert (found.double() - expected).abs().max() < tolerance


def test_attention_is_the_same_to_the_bit_every_time() -> None:
    offsets = torch.tensor(cut([50, 48, 47, 20, 45]), dtype=torch.int32)

    def run() -> list[Tensor]:
        tensors = [x.to(torch.bfloat16).requires_grad_() for x in random_qkv(210)]
        out = per_document(*tensors, offsets)
        return [out, *torch.autograd.grad(out.float().square().sum(), tensors)]

    assert all(torch.equal(one, two) for one, two in zip(run(), run(), strict=True))


@pytest.mark.parametrize("window", [None, 4])
def test_a_cache_sees_what_the_row_sees(window: int | None) -> None:
    tensors = random_qkv(15)
    expected = written_out(*tensors, [0, 15], window)
    q, k, v = (x[None] for x in tensors)
    assert torch.allclose(cached_attention(q[:, 11:], k, v, sliding_window=window)[0], expected[11:], atol=1e-12)


@pytest.mark.parametrize("grouped_heads", [True, False], ids=["torch 2.13", "torch 2.11"])
@pytest.mark.parametrize(("key_heads", "window"), [(2, None), (2, 3), (4, None)])
def test_the_kernel_is_called_by_its_signature(
    monkeypatch: pytest.MonkeyPatch, grouped_heads: bool, key_heads: int, window: int | None
) -> None:
    calls: list[dict[str, Any]] = []

    def kernel(q: Tensor, k: Tensor, v: Tensor, *lengths: Any, window_size: tuple[int, int], **options: Any) -> Tensor:
        calls.append({"heads": k.shape[1], "longest": lengths[2:], **options})
        back = window_size[0] + 1 if window_size[0] >= 0 else None
        return per_document(q, k, v, lengths[0], sliding_window=back)

    monkeypatch.setattr(varlen, "kernel", kernel)
    monkeypatch.setattr(varlen, "GROUPED_HEADS", grouped_heads)
    monkeypatch.setattr(varlen, "fits", lambda q: True)
    tensors = random_qkv(20, key_heads=key_heads)
    found = attention(*tensors, torch.tensor([0, 8, 20], dtype=torch.int32), 12, sliding_window=window)
    assert torch.allclose(found, written_out(*tensors, [0, 8, 20], window), atol=1e-12)
    expected = {"heads": 2, "enable_gqa": True} if grouped_heads and key_heads == 2 else {"heads": 4}
    assert calls == [{"longest": (12, 12), **expected}]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("window", [None, 100])
def test_the_cuda_kernel_equals_the_reference(window: int | None) -> None:
    offsets = cut([300, 17, 250, 90])
    rounded = [x.to(torch.bfloat16).cuda() for x in random_qkv(657, width=64)]
    expected = written_out(*(x.double().cpu() for x in rounded), offsets, window)
    found = attention(*rounded, torch.tensor(offsets, dtype=torch.int32).cuda(), 512, sliding_window=window)
    assert (found.double().cpu() - expected).abs().max() < 2e-2
