"""Cells, links, fences, front matter and the Hub's spellings."""

from __future__ import annotations

import pytest
import yaml

from clairiere.release.markdown import cell, duration, fenced, front_matter, hub_license, link


@pytest.mark.parametrize(
    ("license_id", "expected"),
    [
        ("CC-BY-NC-SA-4.0", {"license": "cc-by-nc-sa-4.0"}),
        ("Apache-2.0", {"license": "apache-2.0"}),
        ("etalab-2.0", {"license": "etalab-2.0"}),
        ("ODbL-1.0", {"license": "odbl"}),
        ("GPL-3.0-or-later", {"license": "gpl-3.0"}),
        (
            "OGL-UK-3.0",
            {
                "license": "other",
                "license_name": "ogl-uk-3.0",
                "license_link": "https://spdx.org/licenses/OGL-UK-3.0.html",
            },
        ),
    ],
)
def test_the_hub_spells_licenses_its_own_way(license_id: str, expected: dict[str, str]) -> None:
    assert hub_license(license_id) == expected


def test_front_matter_is_yaml_that_says_the_same() -> None:
    values = {"license": "cc-by-4.0", "language": ["fr", "no"], "title": 'a: "b" # c', "tags": [], "number": "1.0"}
    text = front_matter(values)
    assert text.startswith("---\nlicense: cc-by-4.0\n")
    assert text.endswith("\n---")
    assert yaml.safe_load(text.strip("-")) == {key: value for key, value in values.items() if value}


def test_a_cell_cannot_break_its_table() -> None:
    assert cell("a | b\n*c* <script>") == r"a \| b \*c\* &lt;script&gt;"


def test_only_what_a_browser_opens_is_linked() -> None:
    assert link("A", "https://a.org/x") == "[A](https://a.org/x)"
    assert link("A", "javascript:alert(1)") == "A (javascript:alert(1))"
    assert link("A", "https://a.org/) evil") == "A (https://a.org/) evil)"


def test_fences_hold_fences() -> None:
    assert fenced("a ``` b") == "````text\na ``` b\n````"


@pytest.mark.parametrize(("seconds", "said"), [(4.2, "4 s"), (125, "2 min"), (3_660, "1 h 01 min")])
def test_durations(seconds: float, said: str) -> None:
    assert duration(seconds) == said
