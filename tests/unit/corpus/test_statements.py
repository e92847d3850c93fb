"""Stated licenses as SPDX ids."""

from __future__ import annotations

import pytest

from clairiere.corpus.licenses.statements import stated_license


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("https://creativecommons.org/licenses/by-nc-sa/4.0/", "CC-BY-NC-SA-4.0"),
        ("http://www.creativecommons.org/licenses/by/3.0/de/legalcode", "CC-BY-3.0-DE"),
        ("https://creativecommons.org/licenses/by-sa/3.0/fr/", "CC-BY-SA-3.0"),
        ("https://creativecommons.org/licenses/by-nc/3.0/deed.en_US", "CC-BY-NC-3.0"),
        ("https://creativecommons.org/licenses/by-sa/4.0/deed.fr", "CC-BY-SA-4.0"),
        ("https://creativecommons.org/licenses/by-nd/4.0/legalcode.txt", "CC-BY-ND-4.0"),
        ("https://creativecommons.org/licenses/by-nc-sa", "CC-BY-NC-SA-4.0"),
        ("//creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"),
        ("https://creativecommons.org/publicdomain/mark/1.0/deed.fr", "CC-PDM-1.0"),
        ("https://creativecommons.org/licenses/publicdomain/", "CC-PDDC"),
        ("CC BY-NC-SA 4.0", "CC-BY-NC-SA-4.0"),
        ("CC-BY-4.0", "CC-BY-4.0"),
        ("cc by sa 3.0", "CC-BY-SA-3.0"),
        ("CC BY-ND-NC 1.0", "CC-BY-NC-ND-1.0"),
        ("Distribué sous CC BY-NC 3.0,\n voir https://creativecommons.org/licenses/by-nc/3.0/", "CC-BY-NC-3.0"),
        ("Creative Commons Attribution-NonCommercial-ShareAlike 4.0 International", "CC-BY-NC-SA-4.0"),
        ("Creative Commons Attribution - Pas d’Utilisation Commerciale - Partage 3.0", "CC-BY-NC-SA-3.0"),
        ("CC0", "CC0-1.0"),
        ("cc0-1.0", "CC0-1.0"),
        ("mit", "MIT"),
        ("gpl-3.0-or-later", "GPL-3.0-or-later"),
        ("https://spdx.org/licenses/Apache-2.0.html", "Apache-2.0"),
        ("https://opensource.org/licenses/MIT", "MIT"),
        ("https://www.etalab.gouv.fr/licence-ouverte-open-licence", "etalab-2.0"),
        ("Licence Ouverte / Open Licence version 2.0", "etalab-2.0"),
        ("Licence Ouverte v1.0", "LicenseRef-Licence-Ouverte-1.0"),
        ("etalab-2.0", "etalab-2.0"),
        ("Text: CC0; annotation: CC BY-NC-SA 4.0", "CC-BY-NC-SA-4.0 AND CC0-1.0"),
        ("mit AND cc-by-4.0", "MIT AND CC-BY-4.0"),
    ],
)
def test_what_is_stated_is_an_id(statement: str, expected: str) -> None:
    assert stated_license(statement) == expected


@pytest.mark.parametrize(
    "statement",
    [
        "",
        "All rights reserved",
        "© Gallimard 2004",
        "https://example.org/licenses/by/4.0/",
        "https://creativecommons.org/licenses/sampling+/1.0/",
        "https://creativecommons.org/",
        "CC-BY-4.0 OR CC-BY-SA-4.0",
        "CC-BY-4.0 AND Nonsense",
        "public domain",
    ],
)
def test_what_is_unknown_or_leaves_a_choice_is_none(statement: str) -> None:
    assert stated_license(statement) is None
