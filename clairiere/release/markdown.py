"""What a card is written with: cells of Markdown tables, front matter in YAML, the Hub's spelling of licenses."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

HUB_LICENSES = (
    "apache-2.0",
    "mit",
    "afl-3.0",
    "artistic-2.0",
    "bsl-1.0",
    "bsd-2-clause",
    "bsd-3-clause",
    "cc0-1.0",
    "cc-by-2.0",
    "cc-by-2.5",
    "cc-by-3.0",
    "cc-by-4.0",
    "cc-by-sa-3.0",
    "cc-by-sa-4.0",
    "cc-by-nc-2.0",
    "cc-by-nc-3.0",
    "cc-by-nc-4.0",
    "cc-by-nc-nd-3.0",
    "cc-by-nc-nd-4.0",
    "cc-by-nc-sa-2.0",
    "cc-by-nc-sa-3.0",
    "cc-by-nc-sa-4.0",
    "cc-by-nd-4.0",
    "cdla-permissive-1.0",
    "cdla-permissive-2.0",
    "cdla-sharing-1.0",
    "epl-1.0",
    "epl-2.0",
    "etalab-2.0",
    "eupl-1.1",
    "eupl-1.2",
    "isc",
    "mpl-2.0",
    "ncsa",
    "osl-3.0",
    "postgresql",
    "unlicense",
    "zlib",
)
"""Ids that are the SPDX id in lower case."""
HUB_SPELLINGS = {
    "odbl-1.0": "odbl",
    "odc-by-1.0": "odc-by",
    "pddl-1.0": "pddl",
    "agpl-3.0-only": "agpl-3.0",
    "agpl-3.0-or-later": "agpl-3.0",
    "gpl-2.0-only": "gpl-2.0",
    "gpl-2.0-or-later": "gpl-2.0",
    "gpl-3.0-only": "gpl-3.0",
    "gpl-3.0-or-later": "gpl-3.0",
    "lgpl-3.0-only": "lgpl-3.0",
    "lgpl-3.0-or-later": "lgpl-3.0",
}
_PLAIN = re.compile(r"[A-Za-z][\w.+/-]*")
_WORDS_OF_YAML = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))


def hub_license(license_id: str) -> dict[str, str]:
    """The front matter's keys for an SPDX id: the Hub's spelling, or `other` with name and link where it has none."""
    lower = license_id.lower()
    if lower in HUB_LICENSES:
        return {"license": lower}
    if lower in HUB_SPELLINGS:
        return {"license": HUB_SPELLINGS[lower]}
    return {"license": "other", "license_name": lower, "license_link": license_url(license_id)}


def license_url(license_id: str) -> str:
    """Where an SPDX id is explained."""
    return f"https://spdx.org/licenses/{license_id}.html"


def front_matter(values: Mapping[str, str | Sequence[str]]) -> str:
    """YAML between its marks; text and lists of text, empty ones left out."""
    lines = ["---"]
    for key, value in values.items():
        if isinstance(value, str):
            lines.append(f"{key}: {_scalar(value)}")
        elif value:
            lines += [f"{key}:", *(f"- {_scalar(entry)}" for entry in value)]
    return "\n".join([*lines, "---"])


def cell(value: object) -> str:
    """A value inside a table or a sentence: one line, nothing that Markdown or HTML would take for its own."""
    line = " ".join(str(value).split())
    return re.sub(r"([\\`*_|\[\]])", r"\\\1", line).replace("<", "&lt;").replace(">", "&gt;")


def link(text: str, url: str) -> str:
    """A link where the address is one that a browser opens, else both as text."""
    if re.fullmatch(r"https?://[^\s()<>|]+", url):
        return f"[{cell(text)}]({url})"
    return f"{cell(text)} ({cell(url)})"


def fenced(text: str) -> str:
    """Text as it is, between fences longer than any in it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def duration(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def _scalar(text: str) -> str:
    is_plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS_OF_YAML
    return text if is_plain else json.dumps(text, ensure_ascii=False)
