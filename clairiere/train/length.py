"""How long a phase is: from tokens, steps or epochs to optimizer steps of whole rows. No torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from clairiere.errors import RecipeError
from clairiere.train.options import PhaseOptions


@dataclass(frozen=True)
class Length:
    """A phase in optimizer steps; step n reads the samples `rows_per_step * n` and following."""

    steps: int
    rows_per_step: int
    sequence_length: int

    @property
    def tokens(self) -> int:
        """Tokens of all rows, padding included."""
        return self.steps * self.tokens_per_step

    @property
    def tokens_per_step(self) -> int:
        return self.rows_per_step * self.sequence_length


def length_of(phase: PhaseOptions, sequence_length: int, rows: int) -> Length:
    """A phase's length; tokens and epochs are rounded up to whole steps.

    Args:
        phase: one of `tokens`, `steps` and `epochs`, and `batch_tokens`.
        sequence_length: tokens in a row.
        rows: rows of the weighted sources, which an epoch passes over once.

    Raises:
        RecipeError: `batch_tokens` or `micro_batch_tokens` is not a whole number of rows.
    """
    _require_whole_rows("batch_tokens", phase.batch_tokens, sequence_length, phase.name)
    if phase.micro_batch_tokens is not None:
        _require_whole_rows("micro_batch_tokens", phase.micro_batch_tokens, sequence_length, phase.name)
    rows_per_step = phase.batch_tokens // sequence_length
    return Length(_steps(phase, rows_per_step, rows), rows_per_step, sequence_length)


def _steps(phase: PhaseOptions, rows_per_step: int, rows: int) -> int:
    if phase.steps is not None:
        return phase.steps
    if phase.tokens is not None:
        return math.ceil(phase.tokens / phase.batch_tokens)
    return math.ceil((phase.epochs or 0) * rows / rows_per_step)


def _require_whole_rows(key: str, tokens: int, sequence_length: int, phase: str) -> None:
    if tokens >= sequence_length and tokens % sequence_length == 0:
        return
    right = max(1, round(tokens / sequence_length)) * sequence_length
    raise RecipeError(
        f"{key} = {tokens:_}, which is not a whole number of rows of {sequence_length:_} tokens",
        where=f"[[train]] `{phase}`",
        expected=f"a multiple of tokens.sequence_length, {sequence_length:_}",
        next_step=f"write {key} = {right:_}",
    )


def micro_batches(rows: int, most: int) -> list[tuple[int, int]]:
    """Row ranges `[start, stop)` of a step's micro-batches: as few as can be, of sizes that differ by one at most.

    Args:
        rows: rows in the step.
        most: rows that one forward and backward may hold; at least one is always taken.
    """
    count = math.ceil(rows / max(1, most))
    return [(rows * index // count, rows * (index + 1) // count) for index in range(count)]
