"""Reports of sittings of the Assemblée nationale: what the readers of its XML and of its pages share."""

from __future__ import annotations

import re

from clairiere.corpus.markup.script import Script
from clairiere.corpus.markup.xml import FIELD

GENDERS = {"M.": "male", "Mme": "female", "Mlle": "female"}

_LABEL = re.compile(r"(?P<title>MM?\.|Mmes?|Mlle)?\s*(?P<name>[^(,]*)(?:\((?P<group>[^)]*)\))?,?\s*(?P<office>.*)")
_CHAIR = re.compile(r"l[ea] président", re.IGNORECASE)
_BRACKETED = re.compile(r"\([^()]*\)")


class Sitting(Script):
    """A script in which nobody speaks without an orator, and remarks stand in brackets."""

    def say(self, speaker: str | None, text: str) -> None:
        """Add a turn, or a stage direction where it is none."""
        if speaker is None or _BRACKETED.fullmatch(text):
            self.direct(text.replace("\n", " "))
        else:
            super().say(speaker, text.strip())

    def direct(self, text: str) -> None:
        """Add a stage direction, without the brackets in which it stands."""
        super().direct(text.strip(" .").removeprefix("(").removesuffix(")"))


class Orators:
    """Who speaks, and what the report says of each."""

    def __init__(self) -> None:
        self.facts: dict[str, dict[str, str]] = {}

    def speaker(self, heading: str) -> tuple[str | None, str]:
        """The name of a paragraph's orator, and no stage direction.

        Args:
            heading: "Mme Lise Rivaud (GDR), rapporteure", what the person is by office, and whether the person presides
                ("president"), with a `FIELD` mark between them.
        """
        label, _, rest = heading.partition(FIELD)
        quality, _, debate_role = rest.partition(FIELD)
        parts = _LABEL.fullmatch(label.strip(" .,"))
        name = "" if parts is None else parts["name"].strip(" .,")
        if parts is None or not name:
            return None, ""
        chairs = debate_role.strip() == "president" or _CHAIR.match(name) is not None
        facts = {
            "gender": GENDERS.get(parts["title"] or "", ""),
            "group": (parts["group"] or "").strip(),
            "role": "chair" if chairs else quality.strip(" .,") or parts["office"].strip(" .,"),
        }
        self.facts.setdefault(name, {}).update({key: value for key, value in facts.items() if value})
        return name, ""
