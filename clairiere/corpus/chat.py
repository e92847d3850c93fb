"""The orthography of CHAT: what a main line says, without its codes.

https://talkbank.org/0info/manuals/CHAT.pdf, chapters 6 to 10
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from clairiere.corpus.conventions import ELISION, is_heard, sound
from clairiere.corpus.transcript import INAUDIBLE
from clairiere.corpus.xml import collapse
from clairiere.record import Turn

REPETITIONS_LIMIT = 20

_REPEATED = re.compile(r"(<[^<>]*>|‹[^‹›]*›|(?<![^\s<>])[^\s<>\[]++)\s*\[x (\d{1,3})\]")
_CODE = re.compile(r"\[([^\[\]]*)\]")
_EVENT = re.compile(r"(?<!\w)&(?:=|\{l=|\{n=)([^\s<>‹›]+)")
_REWRITES = (
    (re.compile(r"\x15[^\x15]*\x15?"), " "),  # times
    (re.compile(r"(?<!\w)&(?:\}|\*)\S*"), " "),  # the end of a long event; what somebody else throws in
    (re.compile(r"(?<!\w)&\+(\S+)"), r"\1-"),  # a fragment
    (re.compile(r"(?<!\w)&[-~]?(\w)"), r"\1"),  # a filler, babbling
    (re.compile(r"(?<![^\s<‹])(?:x{2,3}|y{2,3}|www)(?:@\S+)?(?!\w)|(?<![^\s<‹])[^\s<‹@]++@u(?!\w)"), INAUDIBLE),
    (re.compile(r"(?<=\w)@[a-z]{1,3}(?:[:$+&*][\w:&+*-]+)?"), ""),  # the kind of a word: "toc@o", "baby@s:eng"
    (re.compile(r"(?:\+|(?<!\S)(?=/))(?:/{1,2}|\"/|\.)?\.{1,3}(?=\s|$)"), "..."),  # trailing off, interrupted
    (re.compile(r"\+(?:/{1,2}|\.\.|!)\?"), "?"),
    (re.compile(r"(?<![^\s<‹])\+[<^,+\"≈≋](?!\w)"), " "),  # how an utterance begins
    (re.compile(r"(?<![^\s<‹])0[^\s\d>›]*"), " "),  # omitted words, no speech
    (re.compile(r"(?<!\S)\([.\d:]+\)|(?<!\S)#+(?!\S)"), " "),  # pauses
    (re.compile(r"[()<>‹›^↑↓⇗↗→↘⇘∞⌈⌉⌊⌋∆∇°▁▔☺↫§∾⁇„]|(?<=\w):+(?=\w|\s|$)"), ""),
    (re.compile(r"(?<=['’])\+"), ""),
    (re.compile(r"(?<=\w)[+_](?=\w)"), " "),  # words of a compound: "et_après"
    (re.compile(r"[‡]"), ","),
    (ELISION, r"\1\2"),
    (re.compile(r"(?<!\s)\s++(?=[.,](?:\s|$))"), ""),
)


def spoken(words: str, comments: list[str]) -> str:
    """The words of a main line; explanations and events that are no sounds go to `comments`."""

    def code(mark: re.Match[str]) -> str:
        return _meaning(mark[1].strip(), comments)

    def event(mark: re.Match[str]) -> str:
        return _described(mark[1].replace(":", " ").replace("_", " "), comments)

    def repeat(mark: re.Match[str]) -> str:
        return " ".join([mark[1]] * min(int(mark[2]), REPETITIONS_LIMIT))

    words = _REPEATED.sub(repeat, words)
    words = _EVENT.sub(event, _CODE.sub(code, words))
    for pattern, replacement in _REWRITES:
        words = pattern.sub(replacement, words)
    return collapse(words)


def _meaning(code: str, comments: list[str]) -> str:
    """What a code in brackets stands for among the words; most are about the words before them."""
    paralinguistic = re.fullmatch(r"=\s*!\s*(.*)|\^\s*(.*)", code)
    if paralinguistic:
        return _described(paralinguistic[1] or paralinguistic[2] or "", comments)
    if code[:1] in {"=", "%"} and not code.startswith("=?"):
        comments.append(collapse(code[1:].removeprefix("com:").removeprefix("act:")))
    return " "


def _described(description: str, comments: list[str]) -> str:
    meaning = sound(description)
    if meaning is None and description.strip():
        comments.append(collapse(description.replace("_", " ")))
    return f" {meaning or ''} "


def spoken_turns(turns: Iterable[Turn]) -> tuple[list[Turn], list[dict[str, object]]]:
    """Turns with nothing but their words, and the comments as stage directions before or in the turn of that number."""
    kept: list[Turn] = []
    directions: list[dict[str, object]] = []
    for turn in turns:
        comments: list[str] = []
        heard = Turn(turn.speaker, spoken(turn.text, comments))
        directions += ({"turn": len(kept), "text": comment} for comment in comments)
        if is_heard(heard):
            kept.append(heard)
    return kept, directions
