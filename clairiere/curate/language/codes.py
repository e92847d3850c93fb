"""Language codes as sources declare them, brought to the codes that the identification gives.

Codes are ISO 639 (iso639-3.sil.org/code_tables); a tag may carry a region or script (RFC 5646): "fr-CA".
"""

from __future__ import annotations

UNDECLARED = frozenset({"", "und", "zxx", "mis"})
"""Tags that name no language."""

_LONG = (
    "afr:af sqi:sq als:sq amh:am ara:ar arb:ar hye:hy asm:as aze:az azj:az eus:eu bel:be ben:bn bos:bs bre:br bul:bg "
    "mya:my cat:ca zho:zh cmn:zh cor:kw cos:co hrv:hr ces:cs dan:da nld:nl eng:en epo:eo est:et ekk:et fin:fi "
    "fra:fr fre:fr fry:fy gla:gd glg:gl kat:ka deu:de ger:de ell:el grn:gn guj:gu hat:ht heb:he hin:hi hun:hu "
    "isl:is ido:io ind:id ina:ia ile:ie gle:ga ita:it jpn:ja jav:jv kan:kn kaz:kk khm:km kir:ky kor:ko kur:ku "
    "kmr:ku lao:lo lat:la lav:lv lvs:lv lit:lt ltz:lb mkd:mk mlg:mg plt:mg msa:ms zsm:ms mal:ml mlt:mt glv:gv "
    "mar:mr mon:mn khk:mn nep:ne npi:ne nor:no nob:no nb:no nno:nn oci:oc ori:or ory:or oss:os pan:pa pus:ps fas:fa "
    "pes:fa pol:pl por:pt que:qu quy:qu quz:qu ron:ro roh:rm rus:ru san:sa srd:sc srp:sr snd:sd sin:si slk:sk "
    "slv:sl som:so spa:es sun:su swa:sw swh:sw swe:sv tgl:tl fil:tl tam:ta tat:tt tel:te tgk:tg tha:th bod:bo "
    "tur:tr tuk:tk uig:ug ukr:uk urd:ur uzb:uz uzn:uz vie:vi wln:wa cym:cy yid:yi ydd:yi yor:yo"
)
_SHORT = dict(pair.split(":") for pair in _LONG.split(" "))

_SIBLINGS = (
    "bs hr sr sh",
    "id ms",
    "no nn da",
    "cs sk",
    "gl pt",
    "es ast an",
    "ca oc",
    "hi ur",
    "de gsw bar nds lb",
    "it lmo pms vec scn nap",
    "fa tg",
    "az tr",
    "ru be uk",
    "zh yue wuu",
    "ar arz",
    "bg mk",
)
_FAMILY = {code: number for number, codes in enumerate(_SIBLINGS) for code in codes.split(" ")}


def normalize(tag: str | None) -> str | None:
    """The primary language of a tag, two letters where there are two: "fra" and "fr-CA" are "fr"; None names none."""
    if tag is None:
        return None
    primary = tag.replace("_", "-").split("-")[0].lower()
    return None if primary in UNDECLARED else _SHORT.get(primary, primary)


def are_close(first: str, second: str) -> bool:
    """Whether two codes are the same or languages so close that the model confuses them."""
    return first == second or (first in _FAMILY and _FAMILY[first] == _FAMILY.get(second))
