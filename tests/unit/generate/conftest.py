"""A small tokenizer, a tiny decoder, and a decoder that says what a test wants it to say."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from scripted_decoder import Scripted

from clairiere.model.build import build
from clairiere.model.layers import Decoder
from clairiere.model.options import ModelOptions
from clairiere.model.sizes import shape_from_options
from clairiere.tokens.tokenizer import Tokenizer

TEXT = (
    "[Intervenant 1:] Bonjour, ça va ?\n[Intervenant 2:] Oui, très bien, merci ! Et vous ?\n"
    "- Il fait beau.\n- Là-bas, peut-être…\n[Camille:] L’été, c’est l’été.\n[Paul:] Évidemment.\n"
)
CONTEXT_TOKENS = 96


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    return Tokenizer.train([TEXT] * 3, vocabulary_size=320)


@pytest.fixture(scope="session")
def tiny_decoder(tokenizer: Tokenizer) -> Decoder:
    options = ModelOptions(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, initializer_range=0.3)
    return build(shape_from_options(options, tokenizer.vocabulary_size, CONTEXT_TOKENS), seed=1).eval()


@pytest.fixture
def scripted(tokenizer: Tokenizer) -> Callable[..., Scripted]:
    """`scripted("answer one", "answer two", context=96)`."""

    def make(*texts: str | Sequence[int], context: int = 512) -> Scripted:
        return Scripted(tokenizer, texts, context)

    return make
