"""What is done to an exported folder before it is called a release: it is loaded and used as others will.

Shapes: T tokens, V vocabulary.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
import transformers
from torch import Tensor, nn
from transformers import AutoModelForCausalLM
from transformers.utils import logging as settings

from clairiere.errors import ReleaseError
from clairiere.model.layers import Decoder
from clairiere.release.snippet import snippet_of

VERSION = str(transformers.__version__)
TOLERANCE = 1e-4
"""Largest difference of logits, as a share of the largest logit (of 1 where all are smaller)."""
SNIPPET_SECONDS = 1_800


@dataclass(frozen=True)
class Comparison:
    """How far two models' logits on the same text are apart."""

    tokens: int
    largest_logit: float
    largest_difference: float


def logits_of(decoder: Decoder, texts: Sequence[Sequence[int]]) -> list[Tensor]:
    """Logits of our decoder, float32 [T, V] for each text of T ids."""
    with torch.inference_mode():
        return [decoder.logits(decoder(torch.tensor([list(ids)])))[0].float() for ids in texts]


def compare(ours: Sequence[Tensor], theirs: Sequence[Tensor]) -> Comparison:
    """The largest difference over all texts."""
    return Comparison(
        tokens=sum(len(logits_TV) for logits_TV in ours),
        largest_logit=max(float(logits_TV.abs().max()) for logits_TV in ours),
        largest_difference=max(float((one - other).abs().max()) for one, other in zip(ours, theirs, strict=True)),
    )


def require_equal(found: Comparison, what: str, where: Path) -> None:
    """Stop where a difference is more than the rounding of float32.

    Raises:
        ReleaseError: it is, or is not a number.
    """
    allowed = TOLERANCE * max(1.0, found.largest_logit)
    if not found.largest_difference <= allowed:
        raise ReleaseError(
            f"{what} differ by {found.largest_difference:.2e}",
            where=where,
            expected=f"at most {allowed:.2e}, the rounding of float32",
            next_step="this is a fault of the toolkit: report it with the recipe's [model] table",
        )


def transformers_logits(folder: Path, texts: Sequence[Sequence[int]]) -> list[Tensor]:
    """Logits of a folder in `transformers`, float32 [T, V] for each text of T ids.

    Raises:
        ReleaseError: `transformers` cannot load it.
    """
    with _quiet():
        try:
            model: nn.Module = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
        except (OSError, ValueError, RuntimeError) as error:
            raise ReleaseError(
                f"the released folder does not load in transformers {VERSION}: {error}",
                where=folder,
                expected="a folder that AutoModelForCausalLM.from_pretrained loads",
                next_step="this is a fault of the toolkit: report it with the recipe's [model] table",
            ) from error
        with torch.inference_mode():
            model.eval()
            return [model(torch.tensor([list(ids)])).logits[0] for ids in texts]


def run_snippet(folder: Path, name: str) -> str:
    """Run the Python of a folder's card as it stands, without a network, and return what it prints.

    Args:
        folder: with `README.md`.
        name: what the snippet calls the folder; it is there under that name while the snippet runs.

    Raises:
        ReleaseError: the card has no snippet, or the snippet fails, prints nothing or does not end.
    """
    code = snippet_of((folder / "README.md").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / name).symlink_to(folder.resolve(), target_is_directory=True)
        try:
            done = subprocess.run(  # noqa: S603  # the card's own Python, rendered by our template
                [sys.executable, "-c", code],
                cwd=place,
                env={
                    **os.environ,
                    "HF_HUB_OFFLINE": "1",
                    "PYTHONIOENCODING": "utf-8",
                    "TOKENIZERS_PARALLELISM": "false",
                },
                capture_output=True,
                check=False,
                timeout=SNIPPET_SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            raise _snippet_error(f"does not end within {SNIPPET_SECONDS} s", folder) from error
    if done.returncode:
        raise _snippet_error(f"fails: {done.stderr.decode(errors='replace').strip()[-800:]}", folder)
    printed = done.stdout.decode(errors="replace").strip()
    if not printed:
        raise _snippet_error("prints nothing", folder)
    return printed


def _snippet_error(found: str, folder: Path) -> ReleaseError:
    return ReleaseError(
        f"the card's usage snippet {found}",
        where=folder / "README.md",
        expected="Python that runs as it stands and prints a completion",
        next_step="run it by hand in the folder above the model to see it fail",
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what `transformers` prints and warns of away from the terminal, and put its settings back."""
    verbosity, bars = settings.get_verbosity(), settings.is_progress_bar_enabled()
    _show(logging.ERROR, bars=False)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        _show(verbosity, bars=bars)


def _show(verbosity: int, *, bars: bool) -> None:
    settings.set_verbosity(verbosity)
    show_bars: Callable[[], None] = settings.enable_progress_bar if bars else settings.disable_progress_bar
    show_bars()
