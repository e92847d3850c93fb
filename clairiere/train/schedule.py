"""The learning rate as a pure function of the step: linear warm-up, then cosine or constant."""

from __future__ import annotations

import math

from clairiere.train.options import PhaseOptions


def learning_rate(step: int, steps: int, phase: PhaseOptions) -> float:
    """The learning rate of one step.

    Step 0 has `learning_rate / warmup_steps`, so that no step is wasted; step `warmup_steps - 1` has the highest
    rate; the cosine (Loshchilov and Hutter, 2017) reaches its end in the last step.

    Args:
        step: counted from 0.
        steps: how many there are in all.
        phase: `learning_rate`, `warmup_steps`, `schedule` and `minimum_learning_rate_ratio`.
    """
    if step < phase.warmup_steps:
        return phase.learning_rate * (step + 1) / phase.warmup_steps
    if phase.schedule == "constant":
        return phase.learning_rate
    progress = (step - phase.warmup_steps + 1) / max(1, steps - phase.warmup_steps)
    floor = phase.minimum_learning_rate_ratio
    return phase.learning_rate * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * progress)))
