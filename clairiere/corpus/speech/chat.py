"""The orthography of CHAT: what a main line says, without its codes.

https://talkbank.org/0info/manuals/CHAT.pdf, chapters 6 to 10
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from clairiere.corpus.markup.xml import collapse
from clairiere.corpus.speech.conventions import ELISION, is_heard, sound
from clairiere.corpus.speech.transcript import INAUDIBLE
from clairiere.record import Turn

REPETITIONS_LIMIT = 20

_REPEATED = re.compile(r"(<[^<>]*>|‹[^‹›]*›|(?<![^\s<>])[^\s<>\[]++)\s*\[x (\d{1,3})\]")
_CODE = re.compile(r"\[([^\[\]]*)\]")
_EVENT = re.compile(r"(?<!\w)&(?:=|\{l=|\{n=)([^\s<>‹›]+)")
_PROSODY = "()<>‹›^↑↓⇗↗→↘⇘∞⌈⌉⌊⌋∆∇°▁▔☺↫§∾⁇„"
_REWRITES = (
    ("\x15", r"\x15[^\x15]*\x15?", " "),  # times
    ("&", r"(?<!\w)&(?:\}|\*)\S*", " "),  # the end of a long event; what somebody else throws in
    ("&", r"(?<!\w)&\+(\S+)", r"\1-"),  # a fragment
    ("&", r"(?<!\w)&[-~]?(\w)", r"\1"),  # a filler, babbling
    (
        "xyw@",
        r"(?<![^\s<‹])(?:x{2,3}|y{2,3}|www)(?:@\S+)?(?!\w)|(?<![^\s<‹])[^\s<‹@]++@u(?!\w)",
        INAUDIBLE,
    ),
    ("@", r"@(?<=\w@)[a-z]{1,3}(?:[:$+&*][\w:&+*-]+)?", ""),  # the kind of a word: "toc@o", "baby@s:eng"
    ("+/", r"(?:\+|(?<!\S)(?=/))(?:/{1,2}|\"/|\.)?\.{1,3}(?=\s|$)", "..."),  # trailing off, interrupted
    ("+", r"\+(?:/{1,2}|\.\.|!)\?", "?"),
    ("+", r"(?<![^\s<‹])\+[<^,+\"≈≋](?!\w)", " "),  # how an utterance begins
    ("0", r"(?<![^\s<‹])0[^\s\d>›]*", " "),  # omitted words, no speech
    ("(#", r"(?<!\S)\([.\d:]+\)|(?<!\S)#+(?!\S)", " "),  # pauses
    (":", r"(?<=\w):+(?=\w|\s|$)", ""),  # a sound drawn out
    (_PROSODY, f"[{_PROSODY}]", ""),
    ("+", r"(?<=['’])\+", ""),
    ("+_", r"(?<=\w)[+_](?=\w)", " "),  # words of a compound: "et_après"
    ("‡", r"‡", ","),
)
_GATED = tuple((frozenset(marks), re.compile(pattern), replacement) for marks, pattern, replacement in _REWRITES)
"""Of the characters before a pattern, one stands in all that it matches: most lines have none of them."""
_STOP = re.compile(r"(?<!\s)\s++(?=[.,](?:\s|$))")


def spoken(words: str, comments: list[str]) -> str:
    """The words of a main line; explanations and events that are no sounds go to `comments`."""

    def code(mark: re.Match[str]) -> str:
        return _meaning(mark[1].strip(), comments)

    def event(mark: re.Match[str]) -> str:
        return _described(mark[1].replace(":", " ").replace("_", " "), comments)

    def repeat(mark: re.Match[str]) -> str:
        return " ".join([mark[1]] * min(int(mark[2]), REPETITIONS_LIMIT))

    if "[" in words:
        words = _CODE.sub(code, _REPEATED.sub(repeat, words))
    if "&" in words:
        words = _EVENT.sub(event, words)
    held = set(words)
    for marks, pattern, replacement in _GATED:
        if not marks.isdisjoint(held):
            words = pattern.sub(replacement, words)
    if "' " in words or "’ " in words:
        words = ELISION.sub(r"\1\2", words)
    return collapse(_STOP.sub("", words))


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
