"""The four ways to write a conversation as text, and back. What a speaker's tag looks like is known only here.

    monologue       Bonjour !                      prose, or one speaker: the bare text
    dash            - Bonjour !                    two speakers in strict alternation
    intervenant     [Intervenant 1:] Bonjour !     numbered by first appearance
    name            [Camille:] Bonjour !           only where every speaker bears a name rather than a code

One turn follows another on a new line. Reading gives back the turns that were written, to the character:

- A turn's own line breaks stay, as in verse: a line without a tag goes on with the turn before it. Blank lines inside a
  turn become single line breaks, and space around a turn falls away (`tidy`).
- A line of a turn that would look like a tag is set in by one space, and one space is taken off such a line on reading.
- A turn of nobody (a stage direction, a title) is a line without a tag after a blank line, or at the very beginning.
- Turns without text are not written.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import get_args

from clairiere.record import Document, Turn
from clairiere.tokens.options import FormatName

FORMATS: tuple[FormatName, ...] = get_args(FormatName)

LONGEST_NAME = 80
TAGS = {
    "dash": re.compile(r"^- ", re.MULTILINE),
    "intervenant": re.compile(r"^\[Intervenant (\d+):\] ?", re.MULTILINE),
    "name": re.compile(rf"^\[([^\[\]\n]{{1,{LONGEST_NAME}}}):\] ?", re.MULTILINE),
}
"""How a line begins that belongs to a new speaker; the group is the speaker."""

SPEAKER_CODE = re.compile(
    r"(?:[A-Z]{1,3}|(?i:spk|spkr|speaker|loc|locuteur|locutrice|intervenante?|participante?|inconnue?|unknown|anonyme))?"
    r"[\s_.-]*\d*[\s_.-]*[A-Z]?"
)
"""A label that stands for a person without naming one: `A`, `P1`, `CHI`, `spk2`, `speaker001`, `Locuteur A`, `12`."""

BLANK_LINES = re.compile(r"[^\S\n]*\n\s*\n[^\S\n]*")


@dataclass(frozen=True)
class Segment:
    """One turn as it is written."""

    tag: str
    """`- `, `[Camille:] ` or nothing."""
    text: str
    separator: str = "\n"
    """What stands between the turn before and this one."""


@dataclass(frozen=True)
class Rendered:
    """A document as text, still in turns."""

    format: FormatName
    segments: tuple[Segment, ...]

    @property
    def text(self) -> str:
        return "".join(part for each in self.segments for part in (each.separator, each.tag, each.text))

    @property
    def starts(self) -> list[int]:
        """Where each turn's tag begins in `text`, in characters."""
        starts, position = [], 0
        for each in self.segments:
            starts.append(position + len(each.separator))
            position = starts[-1] + len(each.tag) + len(each.text)
        return starts


def allowed(document: Document) -> tuple[FormatName, ...]:
    """The formats that a document can be written in, in the order of FORMATS."""
    turns = _written_turns(document)
    speakers = _speakers(turns)
    if not speakers:
        return ("monologue",)
    fits: dict[FormatName, bool] = {
        "monologue": len(speakers) == 1 and all(turn.speaker is not None for turn in turns),
        "dash": len(speakers) == 2 and _alternates(turns),
        "intervenant": True,
        "name": all(map(is_name, speakers)) and len({clean_name(label) for label in speakers}) == len(speakers),
    }
    return tuple(format_name for format_name in FORMATS if fits[format_name])


def choose(document: Document, frequencies: Mapping[FormatName, float], seed: int) -> FormatName:
    """The format of a document: drawn by `frequencies` among those it allows, from (seed, document.id) alone.

    Where none of the allowed has a frequency it is the first that holds every document of the kind: `monologue` for
    prose, `intervenant` for conversations.
    """
    formats = allowed(document)
    weights = [max(frequencies.get(format_name, 0.0), 0.0) for format_name in formats]
    if not sum(weights):
        return "intervenant" if "intervenant" in formats else "monologue"
    digest = hashlib.blake2b(f"{seed}\0{document.id}".encode(), digest_size=8).digest()
    drawn = int.from_bytes(digest, "little") / 2**64 * sum(weights)
    return formats[bisect_right(list(accumulate(weights))[:-1], drawn)]


def render(document: Document, format_name: FormatName) -> Rendered:
    """The document as text in one of the formats that it allows."""
    turns = _written_turns(document)
    if format_name == "monologue":
        texts = [turn.text for turn in turns]
        return Rendered(format_name, tuple(Segment("", text, "\n" if at else "") for at, text in enumerate(texts)))
    tags = _tags(turns, format_name)
    return Rendered(
        format_name,
        tuple(
            Segment(tags[turn.speaker], _set_in(turn, format_name), _separator(turn, at))
            for at, turn in enumerate(turns)
        ),
    )


def parse(text: str, format_name: FormatName) -> tuple[Turn, ...]:
    """The turns of a text in a format: what `render` wrote, with the speakers as their tags call them.

    In `dash` the speakers are `1` and `2` in turn; a monologue is one turn of nobody.
    """
    if format_name == "monologue":
        return (Turn(None, text),) if text else ()
    turns: list[Turn] = []
    after_blank = True
    for line in text.split("\n"):
        tag = TAGS[format_name].match(line)
        if tag:
            turns.append(Turn(_speaker(tag, turns), line[tag.end() :]))
        elif line and after_blank:
            turns.append(Turn(None, _set_out(line, format_name)))
        elif line:
            turns[-1] = Turn(turns[-1].speaker, f"{turns[-1].text}\n{_set_out(line, format_name)}")
        after_blank = not line
    return tuple(turns)


def detect(prompt: str) -> FormatName:
    """The format that a prompt is written in, by the tags at the heads of its lines."""
    lines = prompt.split("\n")
    if any(TAGS["intervenant"].match(line) for line in lines):
        return "intervenant"
    if any(TAGS["name"].match(line) for line in lines):
        return "name"
    if any(line == "-" or TAGS["dash"].match(line) for line in lines):
        return "dash"
    return "monologue"


def next_speaker(text: str, format_name: FormatName, start: int = 0) -> int | None:
    """Where the turn that `start` lies in ends because another speaker begins, in characters; None if it goes on.

    Args:
        text: the prompt and what was generated after it.
        format_name: of the prompt.
        start: length of the prompt; tags that begin before it are the prompt's own.

    Returns:
        The index of the line break before the next tag, `start` where the tag is the first thing generated; in a
        monologue, which has no speakers, the index of the next blank line.
    """
    if format_name == "monologue":
        found = text.find("\n\n", start)
        return None if found < 0 else found
    tag = TAGS[format_name].search(text, start)
    return None if tag is None else max(tag.start() - 1, start)


def may_become_tag(text: str, format_name: FormatName) -> int:
    """How many characters at the end of a text in the making may turn out to be the next speaker's tag.

    What streams to a reader holds back so many. The line break before the tag is among them.
    """
    break_at = text.rfind("\n")
    line = text[break_at + 1 :]
    unfinished = {
        "monologue": line == "",
        "dash": line in ("", "-"),
        "intervenant": _begins_bracket(line),
        "name": _begins_bracket(line),
    }
    return len(text) - max(break_at, 0) if unfinished[format_name] and text else 0


def is_name(label: str) -> bool:
    """Whether a speaker's label reads as a name or a role, rather than as a code (`SPEAKER_CODE`)."""
    name = clean_name(label)
    return re.search(r"[^\W\d_]{2}", name) is not None and SPEAKER_CODE.fullmatch(name) is None


def clean_name(label: str) -> str:
    """A speaker's label without what would break its tag: brackets, line breaks, a colon at the end."""
    name = " ".join(re.sub(r"[\[\]]", " ", label).split())
    return name[:LONGEST_NAME].rstrip(" :")


def tidy(text: str) -> str:
    """A turn's text as it is written in a conversation: no space around it, no blank line in it."""
    return BLANK_LINES.sub("\n", text.strip())


def _written_turns(document: Document) -> tuple[Turn, ...]:
    if not document.is_dialogue:
        return tuple(turn for turn in document.turns if turn.text)
    tidied = (Turn(turn.speaker, tidy(turn.text)) for turn in document.turns)
    return tuple(turn for turn in tidied if turn.text)


def _speakers(turns: Sequence[Turn]) -> list[str]:
    return list(dict.fromkeys(turn.speaker for turn in turns if turn.speaker is not None))


def _alternates(turns: Sequence[Turn]) -> bool:
    speakers = [turn.speaker for turn in turns]
    return None not in speakers and all(one != other for one, other in pairwise(speakers))


def _tags(turns: Sequence[Turn], format_name: FormatName) -> dict[str | None, str]:
    labels = _speakers(turns)
    tags: dict[str | None, str] = {None: ""}
    for number, label in enumerate(labels, start=1):
        shown = {"intervenant": f"Intervenant {number}", "name": clean_name(label)}.get(format_name)
        tags[label] = "- " if shown is None else f"[{shown}:] "
    return tags


def _separator(turn: Turn, at: int) -> str:
    if at == 0:
        return ""
    return "\n\n" if turn.speaker is None else "\n"


def _set_in(turn: Turn, format_name: FormatName) -> str:
    """Keep lines that look like a tag from being read as one; the line behind the turn's own tag cannot be."""
    lines = turn.text.split("\n")
    first = 1 if turn.speaker is not None else 0
    return "\n".join(
        f" {line}" if at >= first and TAGS[format_name].match(line.lstrip(" ")) else line
        for at, line in enumerate(lines)
    )


def _set_out(line: str, format_name: FormatName) -> str:
    return line[1:] if line.startswith(" ") and TAGS[format_name].match(line.lstrip(" ")) else line


def _speaker(tag: re.Match[str], turns: Sequence[Turn]) -> str:
    if tag.re is TAGS["dash"]:
        return "2" if turns and turns[-1].speaker == "1" else "1"
    return f"Intervenant {tag[1]}" if tag.re is TAGS["intervenant"] else tag[1]


def _begins_bracket(line: str) -> bool:
    return line == "" or (
        line.startswith("[") and len(line) <= LONGEST_NAME + 3 and ("]" not in line) and "[" not in line[1:]
    )
