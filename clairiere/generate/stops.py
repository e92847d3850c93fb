"""Where a completion ends: a stop text, or the speech turn after the last one wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from clairiere.errors import RequestError
from clairiere.tokens import dialogue
from clairiere.tokens.options import FormatName

StoppedBy = Literal["length", "end", "turns", "stop"]
"""No room or tokens left · the end token · enough speech turns · a stop text."""


@dataclass(frozen=True, kw_only=True)
class Stops:
    """What ends a completion beside its length and the end token.

    Raises:
        RequestError: an empty stop text, or less than one turn.
    """

    prompt: str
    texts: tuple[str, ...] = ()
    turns: int | None = None

    def __post_init__(self) -> None:
        if "" in self.texts:
            raise RequestError(
                "an empty stop text", expected="at least one character", next_step="leave --stop out, or give a text"
            )
        if self.turns is not None and self.turns < 1:
            raise RequestError(
                f"turns is {self.turns}", expected="at least 1", next_step="leave --turns out to go on without a limit"
            )

    def find(self, text: str) -> tuple[int, StoppedBy] | None:
        """Where a completion ends and by what, whichever comes first; None where it goes on."""
        ends: list[tuple[int, StoppedBy]] = [(text.index(stop), "stop") for stop in self.texts if stop in text]
        end = None if self.turns is None else self._end_of_turns(text)
        if end is not None:
            ends.append((end, "turns"))
        return min(ends, default=None)

    def held_back(self, text: str) -> int:
        """How many characters at the end of a completion in the making may turn out not to belong to it."""
        held = max((_overlap(text, stop) for stop in self.texts), default=0)
        return max(held, self.unfinished_tag(text))

    def unfinished_tag(self, text: str) -> int:
        """How many characters at the end may become the next speaker's tag; 0 where turns are not counted."""
        if self.turns is None:
            return 0
        whole = self.prompt + text
        return min(dialogue.may_become_tag(whole, self._format(whole)), len(text))

    def _end_of_turns(self, text: str) -> int | None:
        whole, start = self.prompt + text, len(self.prompt)
        end = end_of_turns(whole, self._format(whole), start, self.turns or 1)
        return None if end is None else end - start

    def _format(self, whole: str) -> FormatName:
        """The prompt's format; where the prompt has no tags, that of what was generated."""
        format_name = dialogue.detect(self.prompt)
        return dialogue.detect(whole) if format_name == "monologue" else format_name


def end_of_turns(text: str, format_name: FormatName, start: int, turns: int) -> int | None:
    """Where the speech turn after the first `turns` begins, its line break included; None where it has not begun.

    What goes on with the prompt's last turn counts as a turn if it has any text, or if the prompt ends in a bare tag
    that asks for it; other turns without text do not count.

    Args:
        text: the prompt and what was generated after it.
        format_name: one of the dialogue formats.
        start: length of the prompt.
        turns: how many are wanted, at least 1.
    """
    spoken = 0
    is_asked = ends_in_bare_tag(text[:start], format_name)
    end = dialogue.next_speaker(text, format_name, start)
    while end is not None:
        said = text[start:end]
        spoken += is_asked or (bool(said) and not said.isspace())
        is_asked = False
        if spoken == turns:
            return end
        start = _behind_tag(text, format_name, end)
        end = dialogue.next_speaker(text, format_name, start)
    return None


def ends_in_bare_tag(prompt: str, format_name: FormatName) -> bool:
    """Whether a prompt leaves the word to a speaker: `[Camille:]` or `-`, and nothing behind it."""
    line = prompt[prompt.rfind("\n") + 1 :]
    return format_name != "monologue" and dialogue.TAGS[format_name].fullmatch(line.rstrip(" ") + " ") is not None


def _behind_tag(text: str, format_name: FormatName, end: int) -> int:
    """Where the text of the turn begins whose tag, or blank line, is at `end`."""
    if format_name == "monologue":
        return end + len("\n\n")
    line = end + 1 if text[end] == "\n" else end
    tag = dialogue.TAGS[format_name].match(text, line)
    return tag.end() if tag else line


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of `text` with which `stop` begins."""
    sizes = range(min(len(text), len(stop) - 1), 0, -1)
    return next((size for size in sizes if text.endswith(stop[:size])), 0)
