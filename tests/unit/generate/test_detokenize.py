"""Text streams in whole characters."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from clairiere.generate.detokenize import TextStream
from clairiere.tokens.tokenizer import Tokenizer

UNSEEN = "Œuvre 🌳🇫🇷 «\u00a0naïveté\u202f!» 日本"


def test_no_piece_ends_within_a_character(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode(UNSEEN)
    assert len(ids) > len(UNSEEN)
    stream = TextStream(tokenizer, tokenizer.encode("[Camille:]"))
    pieces = [stream.push(token_id) for token_id in ids]
    assert "".join(pieces) == UNSEEN
    assert "\ufffd" not in "".join(pieces)
    assert stream.flush() == ""


def test_what_never_becomes_a_character_comes_at_the_end(tokenizer: Tokenizer) -> None:
    stream = TextStream(tokenizer, [])
    first_byte = tokenizer.encode("🌳")[0]
    assert stream.push(first_byte) == ""
    assert stream.flush() == "\ufffd"
    assert stream.flush() == ""


@settings(deadline=None)
@given(st.data())
def test_pieces_join_to_the_text_of_all_tokens(tokenizer: Tokenizer, data: st.DataObject) -> None:
    ids = data.draw(st.lists(st.integers(0, tokenizer.vocabulary_size - 1), max_size=40))
    stream = TextStream(tokenizer, [])
    assert "".join([*(stream.push(token_id) for token_id in ids), stream.flush()]) == tokenizer.decode(ids)
