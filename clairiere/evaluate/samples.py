"""What the models say: continuations of test text in each dialogue format."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from clairiere.evaluate.options import EvaluateOptions
from clairiere.generate.engine import complete
from clairiere.model.layers import Decoder
from clairiere.record import Document
from clairiere.tokens.dialogue import FORMATS, allowed, render
from clairiere.tokens.options import FormatName
from clairiere.tokens.tokenizer import Tokenizer

PROMPT_TURNS = 2
PROMPT_CHARACTERS = 300
PROMPT_WORDS = 12


@dataclass(frozen=True)
class Prompt:
    """The beginning of a test document in one of the formats."""

    format: FormatName
    document: str
    text: str


def choose_prompts(documents: Iterable[Document]) -> list[Prompt]:
    """A prompt for each format that some document allows, of the first document that does."""
    found: dict[FormatName, Prompt] = {}
    for document in documents:
        for format_name in allowed(document):
            text = _beginning(document, format_name) if format_name not in found else None
            if text:
                found[format_name] = Prompt(format_name, document.id, text)
        if len(found) == len(FORMATS):
            break
    return [found[format_name] for format_name in FORMATS if format_name in found]


def continue_prompts(
    decoder: Decoder, tokenizer: Tokenizer, prompts: Iterable[Prompt], options: EvaluateOptions, seed: int
) -> list[dict[str, Any]]:
    """A continuation of each prompt by one model, as plain values."""
    samples = []
    for prompt in prompts:
        (completion,) = complete(
            decoder,
            tokenizer,
            prompt.text,
            max_tokens=options.sample_tokens,
            temperature=options.temperature,
            top_k=options.top_k,
            seed=seed,
        )
        samples.append({**asdict(prompt), "completion": completion.completion})
    return samples


def _beginning(document: Document, format_name: FormatName) -> str | None:
    """The first turns and the tag of the next; of a monologue its first words."""
    rendered = render(document, format_name)
    if format_name == "monologue":
        words = rendered.text.split(" ")
        return " ".join(words[:PROMPT_WORDS]) if len(words) > PROMPT_WORDS else None
    if len(rendered.segments) <= PROMPT_TURNS:
        return None
    end = rendered.starts[PROMPT_TURNS] + len(rendered.segments[PROMPT_TURNS].tag.rstrip())
    return rendered.text[:end] if end <= PROMPT_CHARACTERS else None
