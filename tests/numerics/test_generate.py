"""Generation against transformers: the same greedy text, the same distribution to draw from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from clairiere.generate.engine import complete, next_tokens
from clairiere.generate.load import resolve
from clairiere.generate.sampling import Sampling, generators, probabilities
from clairiere.model import weights
from clairiere.model.build import build
from clairiere.model.layers import Decoder
from clairiere.model.options import ModelOptions
from clairiere.model.sizes import shape_from_options
from clairiere.tokens.tokenizer import Tokenizer

CONTEXT_TOKENS = 64
FAMILIES = {
    "llama": {"num_key_value_heads": 2},
    "mistral": {"num_key_value_heads": 1, "sliding_window": 8},
    "falcon": {},
}


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train(["[Camille:] L’été, c’est l’été.\n[Paul:] Évidemment."] * 2, vocabulary_size=300)


@pytest.fixture(scope="module", params=FAMILIES)
def folder(request: pytest.FixtureRequest, tokenizer: Tokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random model as transformers loads it."""
    sizes: dict[str, Any] = FAMILIES[request.param]
    options = ModelOptions(
        family=request.param,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        initializer_range=0.4,
        **sizes,
    )
    path: Path = tmp_path_factory.mktemp(request.param)
    decoder = build(shape_from_options(options, tokenizer.vocabulary_size, CONTEXT_TOKENS), seed=3)
    weights.save(decoder, path, torch.float32, bos_id=0, eos_id=1, pad_id=2)
    tokenizer.save(path)
    return path


@pytest.mark.parametrize("prompt", ["[Camille:]", "", "L’été, c’est l’été. Évidemment.\n[Paul:] Oui"])
def test_greedy_text_equals_transformers(folder: Path, tokenizer: Tokenizer, prompt: str) -> None:
    decoder, loaded = resolve(folder)
    decoder.cpu()
    theirs = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    ids = [0, *tokenizer.encode(prompt)]
    expected = theirs.generate(
        torch.tensor([ids]),
        attention_mask=torch.ones(1, len(ids), dtype=torch.int64),
        do_sample=False,
        max_new_tokens=24,
    )[0, len(ids) :].tolist()

    (completion,) = complete(decoder, loaded, prompt, max_tokens=24, temperature=0)
    generated = [token_id for token_id in expected if token_id != tokenizer.eos_id]
    assert completion.completion == tokenizer.decode(generated)
    assert completion.tokens == len(generated)
    assert completion.stopped_by == ("end" if tokenizer.eos_id in expected else "length")
    assert len(set(generated)) > 3, "a model that repeats one token proves little"


def test_the_cache_changes_nothing(folder: Path, tokenizer: Tokenizer) -> None:
    decoder = weights.load(folder).eval()
    prompt_ids = [0, *tokenizer.encode("[Paul:] L’été")]
    sampling = Sampling(top_k=0)
    cached = take(decoder, prompt_ids, sampling, 20)

    uncached, (generator,) = [], generators(0, 1)
    for _ in range(20):
        with torch.inference_mode():
            logits_BV = decoder.logits(decoder(torch.tensor([prompt_ids + uncached]))[:, -1])
        shares = probabilities(logits_BV, sampling)[0]
        uniform = torch.rand((), dtype=torch.float64, generator=generator)
        uncached.append(int(torch.searchsorted(shares.cumsum(-1), uniform * shares.sum(), right=True)))
    assert cached == uncached


def take(decoder: Decoder, prompt_ids: list[int], sampling: Sampling, count: int) -> list[int]:
    tokens = next_tokens(decoder, prompt_ids, sampling, generators(0, 1), decoder.shape.vocabulary_size)
    return [next(tokens)[0] for _ in range(count)]


@pytest.mark.parametrize("temperature", [0.3, 1.0, 1.7])
@pytest.mark.parametrize(("top_k", "top_p"), [(0, 1.0), (10, 1.0), (0, 0.9), (50, 0.35), (1, 0.5)])
def test_the_distribution_equals_transformers(temperature: float, top_k: int, top_p: float) -> None:
    logits_BV = 4 * torch.randn(16, 500, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    ids_BT = torch.zeros(16, 1, dtype=torch.int64)
    theirs = TemperatureLogitsWarper(temperature)(ids_BT, logits_BV)
    if top_k:
        theirs = TopKLogitsWarper(top_k)(ids_BT, theirs)
    if top_p < 1:
        theirs = TopPLogitsWarper(top_p)(ids_BT, theirs)
    ours = probabilities(logits_BV, Sampling(temperature=temperature, top_k=top_k, top_p=top_p))
    torch.testing.assert_close(ours, theirs.softmax(-1))


def test_bfloat16_generates(folder: Path) -> None:
    decoder, tokenizer = weights.load(folder, torch.bfloat16).eval(), Tokenizer.load(folder)
    first, second = (complete(decoder, tokenizer, "[Paul:]", max_tokens=8, top_k=0, seed=1) for _ in range(2))
    assert first == second
