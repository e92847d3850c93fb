"""Ids to text as they come, never in the middle of a character."""

from __future__ import annotations

from collections.abc import Sequence

from clairiere.tokens.tokenizer import Tokenizer

CONTEXT_TOKENS = 8
"""Tokens of the prompt that are decoded along: some tokenizers write a word's space only after another word."""
INCOMPLETE = "\ufffd"
"""What the bytes of a character decode to until all have come."""


class TextStream:
    """Decodes one token after the other; what it gives, joined, is the text of all of them.

    Args:
        tokenizer: of the model.
        prompt_ids: what the tokens follow; their text is not given again.
    """

    def __init__(self, tokenizer: Tokenizer, prompt_ids: Sequence[int]) -> None:
        self._tokenizer = tokenizer
        self._ids = list(prompt_ids[-CONTEXT_TOKENS:])
        self._context = 0
        self._given = len(self._ids)

    def push(self, token_id: int) -> str:
        """The text that one more token completes; empty in the middle of a character."""
        self._ids.append(token_id)
        text = self._new_text()
        if not text or text.endswith(INCOMPLETE):
            return ""
        self._context, self._given = self._given, len(self._ids)
        return text

    def flush(self) -> str:
        """What is left: bytes that are no whole character, as U+FFFD."""
        text = self._new_text()
        self._context, self._given = self._given, len(self._ids)
        return text

    def _new_text(self) -> str:
        known = self._tokenizer.decode(self._ids[self._context : self._given])
        return self._tokenizer.decode(self._ids[self._context :])[len(known) :]
