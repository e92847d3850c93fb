"""What a document states of its own license, as an address or in words → SPDX id.

Addresses: https://creativecommons.org/licenses/list.en · https://www.etalab.gouv.fr/licence-ouverte-open-licence ·
https://spdx.org/licenses. A port to a country has an id of its own where SPDX lists it, and else that of the license it
ports. Where no version is stated, the latest one is meant.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from license_expression import get_spdx_licensing

from clairiere.corpus.licenses.terms import KNOWN, terms_of

LONGEST_STATEMENT = 4000
"""In characters; what is longer is cut there."""
LATEST_CREATIVE_COMMONS = "4.0"
LICENCE_OUVERTE = {"1": "LicenseRef-Licence-Ouverte-1.0", "2": "etalab-2.0", None: "etalab-2.0"}
"""By version."""

_PUBLIC_DOMAIN = (
    (re.compile(r"creativecommons\.org/publicdomain/zero|\bcc[ -]?0\b|\bcc[ -]zero\b"), "CC0-1.0"),
    (re.compile(r"creativecommons\.org/publicdomain/mark|\bpublic domain mark\b|\bcc[ -]pdm\b"), "CC-PDM-1.0"),
    (re.compile(r"creativecommons\.org/licenses/publicdomain|\bcc-pddc\b"), "CC-PDDC"),
)
_ADDRESS = re.compile(r"creativecommons\.org/licenses/([a-z-]+)(?:/(\d\.\d)(?:/([a-z]{2,3})(?![a-z]))?)?")
_SHORT = re.compile(
    r"\bcc[ _-]*((?:by|nc|sa|nd)(?:[ /_-]+(?:by|nc|sa|nd))*)\b(?:[ _-]*v?(\d\.\d))?(?:[ _-]([a-z]{2,3})\b)?"
)
_SPELLED = re.compile(r"creative commons\W+(attribution|paternit[ée])\b([^.;:]*?)(?:(\d\.\d)|[.;:]|$)")
_ELEMENTS = (
    ("NC", re.compile(r"non-?\s?commercial|pas d.utilisation commerciale")),
    ("SA", re.compile(r"share-?\s?alike|partage")),
    ("ND", re.compile(r"no-?\s?deriv|pas de modification")),
)
_OUVERTE = re.compile(
    r"(?:licence[ -]+ouverte|etalab)(?:[ /-]+open[ -]licence)?(?:[ /-]+(?:v|version)?[ .-]?([12])(?:[._]0)?\b)?"
)
_OPERATOR = re.compile(r" (?:AND|OR|WITH) ")
_LISTED = re.compile(r"(?:spdx|opensource)\.org/licenses?/([\w.+-]+?)(?:\.html|\.json|\.txt|/|[.,;)]?(?:\s|$))")


@lru_cache(maxsize=4096)
def stated_license(statement: str) -> str | None:
    """The SPDX id of a stated license: "CC BY-NC-SA 4.0", "cc-by-4.0", an address, or a sentence that has one of these.

    Several are joined by AND: of what a document says of its parts, the strictest counts. None where no license known
    here is stated, and for an expression that leaves a choice (OR) or names something unknown.
    """
    words = " ".join(statement[:LONGEST_STATEMENT].split())
    if _OPERATOR.search(words):
        members = [_listed(member) for member in words.split(" AND ")]
        return " AND ".join(filter(None, members)) if all(members) else None
    return _listed(words) or _found(words.lower())


def _found(words: str) -> str | None:
    found: set[str | None] = {id_ for pattern, id_ in _PUBLIC_DOMAIN if pattern.search(words)}
    found |= {_creative_commons(*match.groups()) for match in _ADDRESS.finditer(words)}
    found |= {_creative_commons(*match.groups()) for match in _SHORT.finditer(words)}
    found |= {_spelled(match) for match in _SPELLED.finditer(words)}
    found |= {LICENCE_OUVERTE[match[1]] for match in _OUVERTE.finditer(words)}
    found |= {_listed(match[1]) for match in _LISTED.finditer(words)}
    return " AND ".join(sorted(filter(None, found))) or None


def _creative_commons(elements: str, version: str | None, port: str | None) -> str | None:
    """The id, by the license's elements in the order of SPDX."""
    named = re.split(r"[ /_-]+", elements.strip("-").upper())
    id_ = "-".join(["CC", *(name for name in ("BY", "NC", "ND", "SA") if name in named)])
    if set(named) - {"BY", "NC", "ND", "SA"} or id_ == "CC":
        return None
    id_ = f"{id_}-{version or LATEST_CREATIVE_COMMONS}"
    return _listed(f"{id_}-{port}") or _listed(id_) if port else _listed(id_)


def _spelled(match: re.Match[str]) -> str | None:
    elements = "-".join(["by", *(name for name, pattern in _ELEMENTS if pattern.search(match[2]))])
    return _creative_commons(elements, match[3], None)


def _listed(name: str) -> str | None:
    """An id as it is spelled, where its terms are known."""
    return _ids().get(name.strip().lower())


@cache
def _ids() -> dict[str, str]:
    """The ids in small letters → as SPDX spells them."""
    listed = (id_ for id_ in get_spdx_licensing().known_symbols if not id_.lower().startswith("licenseref-"))
    return {id_.lower(): id_ for id_ in (*listed, *KNOWN) if terms_of(id_) is not None}
