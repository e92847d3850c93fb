"""The marks of transcribers: what stands between the words of a transcript and is no word.

Conventions differ from corpus to corpus, and their marks seldom contradict each other. Understood are those of
Transcriber and ESTER (http://www.afcp-parole.org/ester/docs.html), CFPP2000 (http://cfpp2000.univ-paris3.fr),
TCOF (https://www.ortolang.fr/market/corpora/tcof), ESLO and PASTEL. CHAT has an orthography of its own (`chat`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from clairiere.corpus.markup.xml import collapse
from clairiere.corpus.speech.transcript import INAUDIBLE, LAUGHTER, NOISE, PII
from clairiere.record import Turn

SILENCE = ""
"""What a mark stands for that is neither word nor sound: a pause, a quotation mark, the end of what began before."""

SOUND_WORDS = 4
"""In parentheses, more words than so many are what somebody said."""

_CODES = {
    **dict.fromkeys(("r", "i", "e", "n", "b", "bb", "bg", "tx", "pf", "sif", "conv", "pap", "sh", "shh", "mic"), NOISE),
    **dict.fromkeys(("pi", "pif", "x", "xx", "xxx", "xxxx", "unk", "***"), INAUDIBLE),
    **dict.fromkeys(("pause", "silence", "blanc", "temps", "s", "lex=np", "lu", "nontrans"), SILENCE),
    **dict.fromkeys(("pii", "bip", "anon"), PII),
}
_INAUDIBLE = re.compile(
    r"inaudible|incompr[ée]h|inintel|unintellig|indistinct|ininterpr|not transcribed", re.IGNORECASE
)
_LAUGHTER = re.compile(
    r"\b(?:sou)?ri(?:re|res|t|ent|ant)\b|\brieuse|\brieur|rigol|\blaugh|\bchuckl|\brisas?\b", re.IGNORECASE
)
_ANONYMOUS = re.compile(r"anonym|\bpii\b", re.IGNORECASE)
_NOISE = re.compile(
    r"bruit|\btou(?:x|ss)|soupi|respir|souffl|aspir|inspir|expir|renifl|gorge|musi[qc]|jingle|sonner|sonnette|\bsonne\b"
    r"|applau|brouhaha|t[ée]l[ée]phone|\bnoise|cough|breath|sneez|\bsighs?\b|clap|\bcris?\b|siffl|pleur|grogn|g[ée]mi"
    r"|baill|bâill|[ée]ternu|hoquet|claqu|ruido",
    re.IGNORECASE,
)
_EDGES = " \t\r\n-+\"'«»“”.,;:!?…"

_DOUBLED = re.compile(r"\(\(([^()]*)\)\)")
"""What is heard, or described, in two pairs of parentheses: "((rires))"."""
_MARK = re.compile(r"\[([^\[\]]*)\]|\{([^{}]*)\}|\(([^()]*)\)")
_LETTERS = re.compile(r"(?<=[\w'’])\(([\w'’-]{1,12})\)|\(([\w'’-]{1,12})\)(?=[\w'’])")
_TIMED = re.compile(r"[\s.\d,;:s?!+-]*")
ELISION = re.compile(
    r"(?i)\b([cdjlmnst]|(?:jus|lors|puis|quel|quoi|pres)?qu|aujourd)(['’]) +(?=[aeiouyhàâéèêëîïôûùœæ])"
)
"""An elided word that stands apart from the one it belongs to; its groups are what belongs together."""

_BROKEN = re.compile(r"(?<=\w)\(\)")
"""A word broken off: "l() cette salle"."""
_PAUSES = "|".join(rf"{mark}(?<!\S{mark}){mark}*(?!\S)" for mark in (r"\+", "#", "/", "_", "="))
# What stands before a mark is asked after it: `re` then skips to the next mark, several times faster than otherwise.
_REWRITES = (
    # a choice of what may have been said: "/le, les/"
    ("/", r"(?<!\S)/(?=\S)([^/,\n]{0,60}),[^/\n]{0,60}(?<=\S)/(?!\S)", r"\1"),
    ("@¤", r"\bxx@a\b|¤\w+¤", PII),
    ("@", r"@(?<=\w@)[a-z]{1,2}(?::[a-z]{2,3})?(?!\w|\.\w)", ""),  # a kind of word: "taf@s"
    (":", r"\s?:(?:fra|eng|ara|wol|fuc|srr)\b", ""),  # the language of a word: "radio :fra"
    ("xXyw*=", r"(?<![^\s])(?:x{2,4}|X{3,4}|yyy|www|\*+|pron=pif?)(?![^\s])", INAUDIBLE),
    ("<>‹›", r"[<>‹›]", ""),  # where people speak at the same time
    (":", r":{2,}", ""),  # a sound drawn out: "euh::"
    ("^", r"\^+(?<!\w\^)(?=\w)", ""),  # a word whose spelling is not known: "^^Zorglub"
    # a word said wrong: "*expérimentals"
    ("*%", r"\*(?<![\w*]\*)\**(?=\w)|%(?<![\w*]%)(?=\w)|\*(?<=\w\*)\**(?!\w)", ""),
    # a pause
    ("+#/_=.", rf"{_PAUSES}|\.(?<!\S\.)\.(?!\S)|\+(?<=[a-zà-ÿ]\+)(?!\S)", ""),
)
_GATED = tuple((frozenset(marks), re.compile(pattern), replacement) for marks, pattern, replacement in _REWRITES)
"""Of the characters before a pattern, one stands in all that it matches: most texts have none of them."""
_MARKED = re.compile(r"[\[({<>‹›@*^%+#/_=¤]|::| :|xx|XX|yyy|www|['’] |\.\.")
"""What a text without any marks has none of."""
_ANNOTATION = re.compile("|".join(map(re.escape, (LAUGHTER, NOISE, INAUDIBLE, PII))))
_DURATION = re.compile(r"\d+\.\d{3}")


def annotation(code: str) -> str | None:
    """What the text of a mark stands for: one of the four annotations, SILENCE, or None where it is a comment.

    A mark that ends what another one began ("[-rire]" after "[rire-]") stands for nothing.
    """
    code = code.strip().removesuffix("/unknown").removeprefix("pron=")
    core = collapse(code).strip(_EDGES).replace("_", " ").casefold()
    if not core or (code.startswith("-") and not code.endswith("-")):
        return SILENCE
    return _CODES[core] if core in _CODES else sound(core)


def sound(description: str) -> str | None:
    """The annotation that a description in words stands for, or None."""
    for pattern, meaning in ((_INAUDIBLE, INAUDIBLE), (_LAUGHTER, LAUGHTER), (_ANONYMOUS, PII), (_NOISE, NOISE)):
        if pattern.search(description):
            return meaning
    return None


def spoken(text: str, comments: list[str]) -> str:
    """The words of an utterance; the marks among them become annotations or go, comments go to `comments`.

    Letters in parentheses are letters ("i(l)", "(n')"), words in parentheses are words that were heard uncertainly.
    """

    def replace(mark: re.Match[str]) -> str:
        return " " + _meaning(mark, comments) + " "

    if _DURATION.fullmatch(text.strip()):
        return ""
    if not _MARKED.search(text):
        return collapse(text)
    if "(" in text:
        text = _LETTERS.sub(r"\1\2", _BROKEN.sub("-", _DOUBLED.sub(r"(\1)", text)))
    if "(" in text or "[" in text or "{" in text:
        text = _MARK.sub(replace, text)
    held = set(text)
    for marks, pattern, replacement in _GATED:
        if not marks.isdisjoint(held):
            text = pattern.sub(replacement, text)
    if "' " in text or "’ " in text:
        text = ELISION.sub(r"\1\2", text)  # "j' ai"
    return collapse(text)


def spoken_turns(turns: Iterable[Turn]) -> tuple[list[Turn], list[dict[str, object]]]:
    """Turns with nothing but their words, and the comments as stage directions before or in the turn of that number."""
    kept: list[Turn] = []
    directions: list[dict[str, object]] = []
    for turn in turns:
        comments: list[str] = []
        words = spoken(turn.text, comments)
        directions += ({"turn": len(kept), "text": comment} for comment in comments)
        heard = Turn(turn.speaker, words)
        if is_heard(heard):
            kept.append(heard)
    return kept, directions


def is_heard(turn: Turn) -> bool:
    """Whether a turn has words, or is at least the laughter or the murmur of somebody known."""
    words = turn.text if turn.speaker is not None else _ANNOTATION.sub("", turn.text)
    return any(character.isalnum() for character in words)


def _meaning(mark: re.Match[str], comments: list[str]) -> str:
    round_ = mark[3]
    if round_ is not None:
        described = sound(round_) if round_.count(" ") < SOUND_WORDS else None
        meaning = SILENCE if _TIMED.fullmatch(round_) else described
        return round_ if meaning is None else meaning
    code = mark[1] if mark[1] is not None else mark[2]
    meaning = annotation(code)
    if meaning is None:
        comments.append(collapse(code))
    return meaning or ""
