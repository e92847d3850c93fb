"""Words are counted as `str.split` would."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clairiere.corpus.words import count_words

SPACES = [character for character in map(chr, range(0x110000)) if character.isspace()]
TEXTS = st.lists(st.text(st.sampled_from([*SPACES, *"ab«é’…\u200b\u1681\u3001🎉\x1b\x86"]), max_size=8), max_size=8)


def counted(texts: list[str]) -> int:
    encoded = [text.encode() for text in texts]
    begins = np.cumsum([0, *map(len, encoded)])[:-1]
    return count_words(np.frombuffer(b"".join(encoded), np.uint8), begins)


@settings(max_examples=300)
@given(TEXTS)
def test_words_are_those_of_split(texts: list[str]) -> None:
    assert counted(texts) == sum(len(text.split()) for text in texts)


def test_every_space_separates() -> None:
    for space in SPACES:
        assert counted([f"a{space}b", space, f"{space}c"]) == 3
