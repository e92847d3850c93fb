"""Marked text as turns and stage directions: what the readers of plays and of parliaments share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clairiere.corpus.markup.xml import ASIDE, FIELD, PART
from clairiere.record import Turn


class Script:
    """Turns and stage directions, in the order of the text.

    Args:
        clean: what is done to each text.
    """

    def __init__(self, clean: Callable[[str], str] = str) -> None:
        self.turns: list[Turn] = []
        self.directions: list[dict[str, Any]] = []
        self._clean = clean

    def listen(self, marked: str, speaker_of: Callable[[str], tuple[str | None, str]]) -> None:
        """Read marked text: parts, each with a heading, a `FIELD` mark and words, in which pairs of `ASIDE` stand.

        Args:
            marked: from `xml.marked_text`.
            speaker_of: the speaker and the stage direction that a heading holds; an empty one, or none, has neither.
        """
        for part in marked.split(PART):
            heading, _, words = part.rpartition(FIELD)
            speaker, direction = speaker_of(heading)
            if direction:
                self.direct(direction)
            if ASIDE in words:
                words = self._without_directions(words)
            self.say(speaker, words.strip(" \n"))

    def say(self, speaker: str | None, text: str) -> None:
        """Add a turn, if it has words."""
        if text:
            self.turns.append(Turn(speaker, self._clean(text)))

    def direct(self, text: str) -> None:
        """Add a stage direction before the next turn, if it has words."""
        if text:
            self.directions.append({"turn": len(self.turns), "text": self._clean(text)})

    def _without_directions(self, words: str) -> str:
        """The words around the stage directions, which go where they belong."""
        pieces = words.split(ASIDE)
        for direction in pieces[1::2]:
            self.direct(direction.strip(" \n").replace("\n", " "))
        left = "".join(pieces[::2])
        while "  " in left:
            left = left.replace("  ", " ")
        left = left.replace(" \n", "\n").replace("\n ", "\n")
        while "\n\n" in left:
            left = left.replace("\n\n", "\n")
        return left
