"""What `clairiere complete` and `clairiere chat` do once their arguments are read."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from clairiere import progress
from clairiere.errors import RequestError
from clairiere.generate.chat import Chat
from clairiere.generate.engine import complete
from clairiere.generate.load import resolve
from clairiere.generate.sampling import Sampling

__all__ = ["Sampling", "chat_with", "complete_prompt", "read_prompt"]


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


def read_prompt() -> str:
    """A prompt from standard input, in UTF-8 whatever the terminal's encoding.

    Raises:
        RequestError: it is not UTF-8.
    """
    if sys.stdin.isatty():
        progress.say("reading the prompt from standard input; Ctrl-D ends it")
    data = sys.stdin.buffer.read()
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise RequestError(
            f"a prompt that is not UTF-8, at byte {error.start + 1}",
            where="standard input",
            expected="text in UTF-8",
            next_step="convert it, for example with `iconv -f latin1 -t utf-8`",
        ) from error


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
