"""The lines of Python that a card shows, and that `check` runs as they stand in the card."""

from __future__ import annotations

import re

from clairiere.errors import ReleaseError

NEW_TOKENS = 60
GREETINGS = {
    "fr": "- Bonjour, comment allez-vous ?\n-",
    "en": "- Hello, how are you?\n-",
    "de": "- Guten Tag, wie geht es Ihnen?\n-",
    "es": "- Buenos días, ¿cómo está usted?\n-",
    "it": "- Buongiorno, come sta?\n-",
}
"""The beginning of a dialogue in the dash format, by language."""
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def greeting(language: str) -> str:
    """A prompt in a language, in French where we know none."""
    return GREETINGS.get(language.split("-", maxsplit=1)[0], GREETINGS["fr"])


def snippet(name: str, prompt: str, context: int) -> str:
    """What a user pastes to load the model and let it go on with a prompt.

    Args:
        name: the model's folder, or its name on the Hub.
        prompt: what to continue.
        context: tokens that the model sees at once; the completion takes at most half.
    """
    return "\n".join(
        [
            "from transformers import AutoModelForCausalLM, AutoTokenizer",
            "",
            f"path = {_quoted(name)}  # this folder",
            "tokenizer = AutoTokenizer.from_pretrained(path)",
            "model = AutoModelForCausalLM.from_pretrained(path)",
            "",
            f'inputs = tokenizer({_quoted(prompt)}, return_tensors="pt")',
            "outputs = model.generate(",
            f"    **inputs, max_new_tokens={min(NEW_TOKENS, context // 2)}, do_sample=True, top_k=10, temperature=1.0",
            ")",
            "print(tokenizer.decode(outputs[0], skip_special_tokens=True))",
        ]
    )


def snippet_of(card: str) -> str:
    """The card's Python.

    Raises:
        ReleaseError: there is none.
    """
    found = _BLOCK.search(card)
    if found is None:
        raise ReleaseError(
            "a card without a usage snippet",
            expected="a block of Python",
            next_step="restore the block in the card's template",
        )
    return found[1]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
