"""What each license asks for, by its SPDX id, and which licenses follow one another."""

from __future__ import annotations

import re

from clairiere.record import Terms

NO_TERMS = Terms()
ATTRIBUTION = Terms(attribution=True)
SHARE_ALIKE = Terms(attribution=True, share_alike=True)
NON_COMMERCIAL = Terms(attribution=True, non_commercial=True)

_PUBLIC_DOMAIN = (
    "CC0-1.0",
    "CC-PDM-1.0",
    "CC-PDDC",
    "PDDL-1.0",
    "DL-DE-ZERO-2.0",
    "NIST-PD",
    "NIST-PD-fallback",
    "NTIA-PD",
    "NCBI-PD",
    "Unlicense",
    "Unlicense-libwhirlpool",
    "0BSD",
    "MIT-0",
    "WTFPL",
    "blessing",
    "ANTLR-PD",
    "ANTLR-PD-fallback",
    "SAX-PD",
    "SAX-PD-2.0",
)
_DATA_ATTRIBUTION = (
    "etalab-2.0",
    "LicenseRef-Licence-Ouverte-1.0",
    "LicenseRef-Licence-Ouverte-2.0",
    "ODC-By-1.0",
    "CDLA-Permissive-1.0",
    "CDLA-Permissive-2.0",
    "O-UDA-1.0",
    "OGL-UK-1.0",
    "OGL-UK-2.0",
    "OGL-UK-3.0",
    "OGL-Canada-2.0",
    "OGDL-Taiwan-1.0",
    "DL-DE-BY-2.0",
    "NLOD-1.0",
    "NLOD-2.0",
    "COIL-1.0",
    "FreeBSD-DOC",
    "LPD-document",
)
_SOFTWARE_ATTRIBUTION = (
    "AFL-1.1",
    "AFL-1.2",
    "AFL-2.0",
    "AFL-2.1",
    "AFL-3.0",
    "Apache-1.0",
    "Apache-1.1",
    "Apache-2.0",
    "Artistic-1.0",
    "Artistic-1.0-Perl",
    "Artistic-1.0-cl8",
    "Artistic-2.0",
    "ClArtistic",
    "BSL-1.0",
    "BlueOak-1.0.0",
    "CECILL-B",
    "CERN-OHL-P-2.0",
    "CNRI-Python",
    "ECL-1.0",
    "ECL-2.0",
    "EFL-1.0",
    "EFL-2.0",
    "FTL",
    "HPND",
    "ICU",
    "IJG",
    "ISC",
    "ImageMagick",
    "Info-ZIP",
    "LPPL-1.0",
    "LPPL-1.1",
    "LPPL-1.2",
    "LPPL-1.3a",
    "LPPL-1.3c",
    "LiLiQ-P-1.1",
    "Libpng",
    "MulanPSL-1.0",
    "MulanPSL-2.0",
    "NCSA",
    "NTP",
    "OLDAP-2.8",
    "OpenSSL",
    "PHP-3.0",
    "PHP-3.01",
    "PSF-2.0",
    "PostgreSQL",
    "Python-2.0",
    "Python-2.0.1",
    "Ruby",
    "TCL",
    "UPL-1.0",
    "Unicode-3.0",
    "Unicode-DFS-2015",
    "Unicode-DFS-2016",
    "W3C",
    "X11",
    "XFree86-1.1",
    "ZPL-2.0",
    "ZPL-2.1",
    "Zlib",
    "bzip2-1.0.6",
    "curl",
    "libpng-2.0",
    "zlib-acknowledgement",
)
_DATA_SHARE_ALIKE = (
    "ODbL-1.0",
    "CDLA-Sharing-1.0",
    "LAL-1.2",
    "LAL-1.3",
    "Linux-man-pages-copyleft",
)
_SOFTWARE_COPYLEFT = (
    "APSL-2.0",
    "CDDL-1.0",
    "CDDL-1.1",
    "CECILL-1.0",
    "CECILL-1.1",
    "CECILL-2.0",
    "CECILL-2.1",
    "CECILL-C",
    "CERN-OHL-S-2.0",
    "CERN-OHL-W-2.0",
    "CPAL-1.0",
    "CPL-1.0",
    "EPL-1.0",
    "EPL-2.0",
    "EUPL-1.0",
    "EUPL-1.1",
    "EUPL-1.2",
    "IPL-1.0",
    "LGPLLR",
    "LiLiQ-R-1.1",
    "LiLiQ-Rplus-1.1",
    "MPL-1.0",
    "MPL-1.1",
    "MPL-2.0",
    "MPL-2.0-no-copyleft-exception",
    "MS-PL",
    "MS-RL",
    "NPOSL-3.0",
    "OFL-1.0",
    "OFL-1.1",
    "OSL-1.0",
    "OSL-1.1",
    "OSL-2.0",
    "OSL-2.1",
    "OSL-3.0",
    "QPL-1.0",
    "RPL-1.5",
    "SPL-1.0",
    "Sleepycat",
    "copyleft-next-0.3.0",
    "copyleft-next-0.3.1",
)
_NON_COMMERCIAL = (
    "NCGL-UK-2.0",
    "PolyForm-Noncommercial-1.0.0",
)
KNOWN = {
    **dict.fromkeys(_PUBLIC_DOMAIN, NO_TERMS),
    **dict.fromkeys((*_DATA_ATTRIBUTION, *_SOFTWARE_ATTRIBUTION), ATTRIBUTION),
    **dict.fromkeys((*_DATA_SHARE_ALIKE, *_SOFTWARE_COPYLEFT), SHARE_ALIKE),
    **dict.fromkeys(_NON_COMMERCIAL, NON_COMMERCIAL),
}
"""Terms of the licenses that are not told from their name, as those of Creative Commons, GNU, MIT and BSD are."""

_CREATIVE_COMMONS = re.compile(r"CC((?:-(?:BY|NC|SA|ND))+)-\d\.\d(?:-[A-Z]{2,3})?")
_GNU_DOCUMENTATION = re.compile(r"GFDL-1\.\d(?:-(?:no-)?invariants)?-(?:only|or-later)")
_GNU_SOFTWARE = re.compile(r"[AL]?GPL-\d\.\d-(?:only|or-later)")
_PERMISSIVE = re.compile(r"MIT-[A-Za-z]+(?:-[A-Za-z]+)*|BSD-[1-4]-Clause(?!.*-No-)(?:-[A-Za-z]+)*|HPND-[A-Za-z-]+|MIT")
"""Families whose variants differ in their disclaimers; those that forbid a use ("No-Military") are not known here."""
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
    known = KNOWN.get(license_id)
    return ATTRIBUTION if known is None and _PERMISSIVE.fullmatch(license_id) else known


def is_software_copyleft(license_id: str) -> bool:
    """Whether it is a share-alike license that was written for programs (GPL, AGPL, LGPL, MPL …)."""
    base = license_id.partition(" WITH ")[0]
    return base in _SOFTWARE_COPYLEFT or _GNU_SOFTWARE.fullmatch(base) is not None


def is_same_or_later(license_id: str, target_id: str) -> bool:
    """Whether the target is the license itself or a later version of it; its ports to a country count as itself.

    Version 1.0 of Creative Commons' licenses lets an adaptation bear that version alone; later ones name "a later
    version of this License with the same License Elements" (section 4b of 2.0, 3b of 4.0;
    https://wiki.creativecommons.org/wiki/ShareAlike_compatibility).
    """
    if license_id == target_id:
        return True
    ours, theirs = _VERSIONED.fullmatch(license_id), _VERSIONED.fullmatch(target_id.removesuffix("-only"))
    if ours is None or theirs is None or ours["family"] != theirs["family"]:
        return False
    if ours["family"].startswith("CC-") and ours["version"] == "1.0":
        return theirs["version"] == "1.0"
    return _numbers(theirs["version"]) >= _numbers(ours["version"])


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
