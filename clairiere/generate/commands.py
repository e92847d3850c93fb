"""What `clairiere complete` and `clairiere chat` do once their arguments are read."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from clairiere.generate.chat import Chat
from clairiere.generate.engine import complete
from clairiere.generate.load import resolve
from clairiere.generate.sampling import Sampling

__all__ = ["Sampling", "chat_with", "complete_prompt"]


def complete_prompt(
    model: str,
    prompt: str,
    sampling: Sampling,
    *,
    samples: int = 1,
    turns: int | None = None,
    stops: tuple[str, ...] = (),
    as_json: bool = False,
) -> None:
    """Write completions to standard output: a single one as it comes, several set apart by `---`.

    With `as_json` each completion is one line: `prompt`, `completion`, `tokens`, `stopped_by`.

    Raises:
        RequestError: as `complete` says.
        ModelError: as `resolve` says.
    """
    decoder, tokenizer = resolve(model)
    streams = samples == 1 and not as_json
    completions = complete(
        decoder,
        tokenizer,
        prompt,
        max_tokens=sampling.max_tokens,
        temperature=sampling.temperature,
        top_k=sampling.top_k,
        top_p=sampling.top_p,
        samples=samples,
        seed=sampling.seed,
        turns=turns,
        stops=stops,
        on_text=_write_at_once if streams else None,
    )
    if streams:
        sys.stdout.write("\n")
        return
    if as_json:
        text = "\n".join(json.dumps(asdict(each), ensure_ascii=False) for each in completions)
    else:
        text = "\n---\n".join(each.completion for each in completions)
    sys.stdout.write(text + "\n")


def chat_with(model: str, opening: str | None, sampling: Sampling) -> None:
    """Talk with a model over standard input and output.

    Raises:
        RequestError: as `Chat.run` says.
        ModelError: as `resolve` says.
    """
    decoder, tokenizer = resolve(model)
    Chat(decoder, tokenizer, sampling, opening=opening).run()


def _write_at_once(_: int, text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
