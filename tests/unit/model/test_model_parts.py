"""Small parts of the decoder: the cache's store, rotations, the order of rows."""

from __future__ import annotations

import pytest
import torch

from clairiere.model import rotary
from clairiere.model.build import build
from clairiere.model.cache import FIRST_CAPACITY_TOKENS, Cache
from clairiere.model.names import reorder, restore, stored_tensors
from clairiere.model.options import ModelOptions
from clairiere.model.shape import Shape
from clairiere.model.sizes import shape_from_options


def shape(**options: object) -> Shape:
    return shape_from_options(ModelOptions(hidden_size=32, num_hidden_layers=2, **options), 50, 64)


def test_a_cache_grows_and_keeps_what_it_holds() -> None:
    cache = Cache(build(shape(), 1), rows=2)
    total = 0
    while total <= 2 * FIRST_CAPACITY_TOKENS:
        for layer in (0, 1):
            new = torch.arange(total, total + 100).float().view(1, -1, 1, 1).expand(2, -1, 4, 8)
            keys, values = cache.append(layer, new, new + layer)
            assert torch.equal(keys[0, :, 0, 0], torch.arange(total + 100).float())
            assert torch.equal(values, keys + layer)
        cache.advance(100)
        total += 100
    assert cache.length == total


def test_rotation_depends_on_the_distance_alone() -> None:
    frequencies = rotary.inverse_frequencies(shape())
    x = torch.randn(2, 1, 8)

    def score(first: int, second: int) -> float:
        cos, sin = rotary.rotation(torch.tensor([first, second]), frequencies)
        one, two = rotary.rotate(x, cos, sin)[:, 0]
        return float(one @ two)

    assert score(3, 7) == pytest.approx(score(40, 44), abs=1e-4)
    assert score(3, 7) != pytest.approx(score(3, 8), abs=1e-4)


def test_rows_come_back_in_their_order() -> None:
    rows = torch.randn(12, 3)
    ours = reorder(rows, (0, 1, 3, 2))
    assert torch.equal(ours[6:9], rows[9:])
    assert torch.equal(restore(ours, (0, 1, 3, 2)), rows)
    assert restore(rows, None) is rows


@pytest.mark.parametrize("family", ["llama", "mistral", "falcon"])
def test_every_parameter_is_stored_once(family: str) -> None:
    decoder = build(shape(family=family, tie_word_embeddings=True), 1)
    stored = list(stored_tensors(decoder.shape))
    assert sorted(entry.ours for entry in stored) == sorted(name for name, _ in decoder.named_parameters())
    theirs = [name for entry in stored for name in entry.theirs]
    assert len(theirs) == len(set(theirs))
