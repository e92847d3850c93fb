"""Templates of the French Wikipedia that stand for words; every other one is no text.

https://fr.wikipedia.org/wiki/Wikipédia:Liste_de_modèles
"""

from __future__ import annotations

import re
from collections.abc import Callable

Words = Callable[[list[str]], str]
"""Unnamed parameters → words."""

_ORDINAL = re.compile(r"(?:[IVXLCDM]+|\d+)(?:er|re|ère|e|ème|nd|nde|d|de|o)(?: siècle| millénaire)?")
_NAMED = re.compile(r"[\w\s-]{1,30}=")
_NUMBERED = re.compile(r"(\d)\s*=\s*")


def words_of(name: str, parameters: list[str]) -> str:
    """What a template stands for; empty where it is no text."""
    plain = [_NUMBERED.sub("", part, count=1) for part in parameters if not _is_named(part)]
    function, colon, argument = name.partition(":")
    if colon:
        return argument.strip() if function.strip().lower() in ("formatnum", "lc", "uc", "ucfirst", "lcfirst") else ""
    if _ORDINAL.fullmatch(name):
        return " ".join([name, *plain[:1]])
    named = dict(part.split("=", 1) for part in parameters if _is_named(part))
    key = name.replace("_", " ").lower()
    if key in ("lien", "lien m", "ill"):
        shown = {label.strip(): text.strip() for label, text in named.items()}
        return shown.get("texte") or shown.get("fr") or (plain[0] if plain else shown.get("trad", ""))
    words = TEMPLATES.get(key)
    return words(plain) if words else ""


def _is_named(part: str) -> bool:
    return _NAMED.match(part) is not None and _NUMBERED.match(part) is None


def _first(plain: list[str]) -> str:
    return plain[0] if plain else ""


def _last(plain: list[str]) -> str:
    return plain[-1] if plain else ""


def _second(plain: list[str]) -> str:
    return plain[1] if len(plain) > 1 else ""


def _quoted(plain: list[str]) -> str:
    return f"«\u00a0{plain[0]}\u00a0»" if plain and plain[0] else ""


def _date(plain: list[str]) -> str:
    """Day, month, year; what follows is the subject of the year's article."""
    return " ".join(part for part in plain[:3] if part)


def _century(plain: list[str]) -> str:
    return f"{plain[0]}{_second(plain) or 'e'} siècle" if plain else ""


def _centuries(plain: list[str]) -> str:
    if len(plain) < 5:
        return _century(plain)
    return f"{plain[0]}{plain[1]} {plain[2]} {plain[3]}{plain[4]} siècle"


def _two_centuries(plain: list[str]) -> str:
    return f"{plain[0]}{plain[1]} et {plain[2]}{plain[3]} siècles" if len(plain) > 3 else _century(plain)


def _quantity(plain: list[str]) -> str:
    """{{unité|5|km|2}}: a number and its units with their powers."""
    units = "".join(
        part.translate(_RAISED) if re.fullmatch(r"[-−]?\d", part) and place else f" {part}"
        for place, part in enumerate(plain[1:])
        if part
    )
    return f"{_first(plain)}{units}"


def _fraction(plain: list[str]) -> str:
    return "/".join(part for part in plain if part)


def _aside(plain: list[str]) -> str:
    return f"– {plain[0]} –" if plain else ""


def _raised(plain: list[str]) -> str:
    return _first(plain).translate(_RAISED)


def _fixed(words: str) -> Words:
    def said(plain: list[str]) -> str:
        return " ".join([words, *plain[:1]]) if words.endswith(("°", "o", ".")) else words

    return said


_RAISED = str.maketrans("0123456789-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁻")
_SHOWN = str.split(
    "nobr|nobr romain|petit|gras|italique|souligner|souligné|abréviation|abréviation discrète|abbr|abr|"
    "refnec|référence nécessaire|pas clair|passage non neutre|précision nécessaire|citation bloc|quote|bloc citation|"
    "math|math2|mvar|latin|pc|petites capitales|petite capitale|small|smaller|nowrap|surligner|blanc|"
    "début citation|terme défini|terme|sic !|formatnum|nombre romain|minuscule|majuscule|vers|citation bloc|"
    "couleur|formule|langue avec nom|lang-en|lang-de|lang-es|lang-it|lang-la|lang-ru|lang-ar|lang-grc|"
    "lang-el|japonais|chinois|term|sc|small caps|em|strong|title|nom|auteur|indentation|retrait|emploi|"
    "page h|texte|rouge|vert|bleu",
    "|",
)

TEMPLATES: dict[str, Words] = {
    **dict.fromkeys(_SHOWN, _first),
    **dict.fromkeys(("lang", "langue", "lang-x", "transl", "couleur fond"), _last),
    **dict.fromkeys(
        ("date", "date-", "date de naissance", "date de naissance-", "date de décès", "date de décès-"), _date
    ),
    **dict.fromkeys(("date républicaine", "jour", "start date", "birth date", "death date"), _date),
    **dict.fromkeys(("citation", "guil", "guillemets", "cita", "citation étrangère", "citation nécessaire"), _quoted),
    **dict.fromkeys(("s", "s-", "siècle"), _century),
    **dict.fromkeys(("sp", "sp-"), _centuries),
    **dict.fromkeys(("-s", "-s-", "s- av. j.-c."), lambda plain: f"{_century(plain)} av. J.-C."),
    **dict.fromkeys(("unité", "unité/2", "nombre", "nb", "num", "convert", "conversion", "val", "tmp"), _quantity),
    **dict.fromkeys(("frac", "sfrac", "fraction", "fract"), _fraction),
    **dict.fromkeys(("exp", "sup", "exposant"), _raised),
    **dict.fromkeys(("ind", "sub", "indice"), _first),
    **dict.fromkeys(("av jc", "av. j.-c.", "avjc", "avant jc", "-jc"), lambda _: "av. J.-C."),
    **dict.fromkeys(("ap jc", "ap. j.-c.", "apjc", "après jc"), lambda _: "apr. J.-C."),
    **dict.fromkeys(("n°", "no", "numéro", "numero", "n°s"), _fixed("n°")),
    **dict.fromkeys(("nbsp", "espace", "esp", "espaces"), _fixed("\u00a0")),
    **dict.fromkeys(("-", "tiret", "–", "ndash"), _fixed("–")),
    **dict.fromkeys(("etc.", "etc"), lambda _: "etc."),
    **dict.fromkeys(("s2", "s2-"), _two_centuries),
    "et al.": lambda _: "et al.",
    "p.": _fixed("p."),
    "vol.": _fixed("vol."),
    "ch.": _fixed("chap."),
    "uss": lambda plain: f"USS {_first(plain)}".strip(),
    "co2": lambda _: "CO₂",
    "2": lambda _: "²",
    "3": lambda _: "³",
    "...": lambda _: "…",
    "racine": lambda plain: f"√{_first(plain)}",
    "heure": lambda plain: " h ".join(part for part in plain[:2] if part) + (" h" if len(plain) == 1 else ""),
    "incise": _aside,
    "!": _fixed("|"),
    "=": _fixed("="),
    "'": _fixed("’"),
    "euro": _fixed("€"),
    "euros": _fixed("€"),
    "°c": _fixed("°C"),
    "er": _fixed("er"),
    "re": _fixed("re"),
    "ère": _fixed("re"),
    "e": _fixed("e"),
    "ème": _fixed("e"),
    "nd": _fixed("d"),
    "nde": _fixed("de"),
    "m.": _fixed("M."),
    "mm.": _fixed("MM."),
    "mme": _fixed("Mme"),
    "mlle": _fixed("Mlle"),
    "mgr": _fixed("Mgr"),
    "dr": _fixed("Dr"),
    "pr": _fixed("Pr"),
    "st": _fixed("St"),
    "ste": _fixed("Ste"),
    "fr": _fixed(""),
}
