"""What each license asks for, by its SPDX id, and which licenses follow one another."""

from __future__ import annotations

import re

from clairiere.record import Terms

NO_TERMS = Terms()
ATTRIBUTION = Terms(attribution=True)
SHARE_ALIKE = Terms(attribution=True, share_alike=True)

_PUBLIC_DOMAIN = ("CC0-1.0", "CC-PDM-1.0", "CC-PDDC", "PDDL-1.0", "Unlicense", "0BSD", "MIT-0")
_DATA_ATTRIBUTION = (
    "etalab-2.0",
    "LicenseRef-Licence-Ouverte-1.0",
    "LicenseRef-Licence-Ouverte-2.0",
    "ODC-By-1.0",
    "CDLA-Permissive-1.0",
    "CDLA-Permissive-2.0",
    "OGL-UK-1.0",
    "OGL-UK-2.0",
    "OGL-UK-3.0",
    "DL-DE-BY-2.0",
    "NLOD-1.0",
    "NLOD-2.0",
)
_SOFTWARE_ATTRIBUTION = (
    "MIT",
    "Apache-1.1",
    "Apache-2.0",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-2-Clause-Patent",
    "BSD-3-Clause",
    "BSD-4-Clause",
    "ISC",
    "Zlib",
    "BSL-1.0",
    "NCSA",
    "PostgreSQL",
    "Python-2.0",
    "PSF-2.0",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "W3C",
    "AFL-3.0",
    "Artistic-2.0",
    "CECILL-B",
)
_DATA_SHARE_ALIKE = ("ODbL-1.0", "CDLA-Sharing-1.0", "LAL-1.2", "LAL-1.3")
_SOFTWARE_COPYLEFT = (
    "MPL-1.1",
    "MPL-2.0",
    "EPL-1.0",
    "EPL-2.0",
    "EUPL-1.1",
    "EUPL-1.2",
    "OSL-3.0",
    "CDDL-1.0",
    "CECILL-2.0",
    "CECILL-2.1",
    "CECILL-C",
    "MS-RL",
)
KNOWN = {
    **dict.fromkeys(_PUBLIC_DOMAIN, NO_TERMS),
    **dict.fromkeys((*_DATA_ATTRIBUTION, *_SOFTWARE_ATTRIBUTION), ATTRIBUTION),
    **dict.fromkeys((*_DATA_SHARE_ALIKE, *_SOFTWARE_COPYLEFT), SHARE_ALIKE),
}
"""Terms of the licenses that are not told from their name, as those of Creative Commons and GNU are."""

_CREATIVE_COMMONS = re.compile(r"CC((?:-(?:BY|NC|SA|ND))+)-\d\.\d(?:-[A-Z]{2,3})?")
_GNU_DOCUMENTATION = re.compile(r"GFDL-1\.\d(?:-(?:no-)?invariants)?-(?:only|or-later)")
_GNU_SOFTWARE = re.compile(r"[AL]?GPL-\d\.\d-(?:only|or-later)")
_VERSIONED = re.compile(r"(?P<family>.+?)-(?P<version>\d+(?:\.\d+)*)(?:-[A-Z]{2,3}|-or-later)?")


def terms_of(license_id: str) -> Terms | None:
    """What a single license asks for, or None where that is not known."""
    creative_commons = _CREATIVE_COMMONS.fullmatch(license_id)
    if creative_commons is not None:
        elements = creative_commons[1].split("-")
        return Terms(
            attribution="BY" in elements,
            share_alike="SA" in elements,
            non_commercial="NC" in elements,
            no_derivatives="ND" in elements,
        )
    if _GNU_DOCUMENTATION.fullmatch(license_id) or _GNU_SOFTWARE.fullmatch(license_id):
        return SHARE_ALIKE
    return KNOWN.get(license_id)


def is_software_copyleft(license_id: str) -> bool:
    """Whether it is a share-alike license that was written for programs (GPL, AGPL, LGPL, MPL …)."""
    base = license_id.partition(" WITH ")[0]
    return base in _SOFTWARE_COPYLEFT or _GNU_SOFTWARE.fullmatch(base) is not None


def is_same_or_later(license_id: str, target_id: str) -> bool:
    """Whether the target is the license itself or a later version of it; its ports to a country count as itself."""
    if license_id == target_id:
        return True
    ours, theirs = _VERSIONED.fullmatch(license_id), _VERSIONED.fullmatch(target_id.removesuffix("-only"))
    if ours is None or theirs is None or ours["family"] != theirs["family"]:
        return False
    return _numbers(theirs["version"]) >= _numbers(ours["version"])


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
