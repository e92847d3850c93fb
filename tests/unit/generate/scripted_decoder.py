"""A decoder that says what a test wants it to say."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import torch
from torch import Tensor

from clairiere.model.cache import Cache
from clairiere.tokens.tokenizer import Tokenizer


class Scripted:
    """Stands for a decoder: row b of the n-th prompt gets the tokens of its text, then the end token."""

    def __init__(self, tokenizer: Tokenizer, texts: Sequence[str | Sequence[int]], context: int) -> None:
        self.shape = SimpleNamespace(max_position_embeddings=context, num_hidden_layers=1)
        self.embedding = SimpleNamespace(weight=torch.empty(0))
        self.prompts: list[list[int]] = []
        self._texts = list(texts)
        self._tokenizer = tokenizer
        self._scripts: list[list[int]] = []

    def __call__(self, ids_BT: Tensor, cache: Cache) -> Tensor:
        if cache.length == 0:
            self.prompts.append(ids_BT[0].tolist())
            texts = [self._texts.pop(0) for _ in range(len(ids_BT))]
            self._scripts = [self._tokenizer.encode(text) if isinstance(text, str) else list(text) for text in texts]
        cache.advance(ids_BT.shape[1])
        wanted = [script.pop(0) if script else self._tokenizer.eos_id for script in self._scripts]
        return torch.tensor(wanted)[:, None, None].expand(-1, ids_BT.shape[1], 1)

    def logits(self, hidden: Tensor) -> Tensor:
        scores = torch.full((len(hidden), self._tokenizer.vocabulary_size + 8), -1e9)
        scores[:, -8:] = 1e9  # entries that the tokenizer does not have
        return scores.scatter(1, hidden, 1e6)

    def prompt_text(self, at: int = -1) -> str:
        return self._tokenizer.decode(self.prompts[at])
