"""The text of a license file → its SPDX id, by the sentences that no other license has.

https://spdx.org/licenses: the texts. A text is recognized where it has all the sentences of one license and is not much
longer than that license: what is added may be a condition of its own. Of a version "only" is stated, since
"or any later version" is said where the license is given and not in its text.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from clairiere.corpus.licenses.terms import terms_of


class _Text(NamedTuple):
    id: str
    sentences: tuple[str, ...]
    """Patterns for the text in small letters, its runs of white space and marks one space; each occurs."""
    most_words: int
    """Of the license, its preamble and notices; longer texts hold something else besides."""
    absent: str | None = None
    """What tells a license from one that goes on where it ends."""


_GRANT = r"permission is hereby granted free of charge to any person obtaining a copy of this software and associated"
_BINARY = r"redistributions in binary form must reproduce the above copyright notice"
_ADVERTISING = r"advertising materials|express or implied licenses to any party"
_EUROPEAN = r"(?:european union public licen[cs]e|licence publique de l union europ\w+)"
_GNU = r"gnu {} general public license version {}"

TEXTS = (
    _Text("MIT", (_GRANT, r"this permission notice shall be included in all copies"), 260, "name of the copyright"),
    _Text("MIT-0", (_GRANT, r"to permit persons to whom the software is furnished to do so the software is"), 220),
    _Text("BSD-2-Clause", (_BINARY,), 290, rf"neither the names?|endorse or promote|{_ADVERTISING}"),
    _Text("BSD-3-Clause", (_BINARY, r"to endorse or promote products derived from"), 340, _ADVERTISING),
    _Text("ISC", (r"permission to use copy modify and or distribute this software for any purpose with or without fee",
                  r"is hereby granted provided that the above copyright notice"), 190),
    _Text("Unlicense", (r"this is free and unencumbered software released into the public domain",), 290),
    _Text("Apache-2.0", (r"version 2 0 january 2004 https? www apache org", r"grant of patent license"), 1850),
    _Text("Apache-2.0", (r"licensed under the apache license version 2 0 the license you may not use",), 130),
    _Text("MPL-2.0", (r"mozilla public license version 2 0", r"each contributor hereby grants you a world wide"), 2620),
    _Text("CC0-1.0", (r"cc0 1 0 universal", r"affirmer hereby overtly fully permanently irrevocably"), 1250),
    _Text("GPL-2.0-only", (r"gnu general public license version 2 june 1991", r"no warranty"), 3200),
    _Text("GPL-3.0-only", (r"gnu general public license version 3 29 june 2007", r"conveying verbatim copies"), 6000),
    _Text("LGPL-2.0-only", (_GNU.format("library", "2 june 1991"), r"work that uses the library"), 4500),
    _Text("LGPL-2.1-only", (_GNU.format("lesser", r"2 1 february 1999"), r"work that uses the library"), 4700),
    _Text("LGPL-3.0-only", (_GNU.format("lesser", "3 29 june 2007"), r"incorporates the terms and conditions"), 1400),
    _Text("AGPL-3.0-only", (_GNU.format("affero", "3 19 november 2007"), r"remote network interaction"), 6000),
    *(
        _Text(f"EUPL-1.{minor}", (rf"{_EUROPEAN} v(?:ersion)? ?1 {minor}\b",), 3200)
        for minor in (1, 2)
    ),
    *(
        _Text(id_, (rf"{kind} free software license agreement|licence de logiciel libre {kind}(?! [bc]\b)",
                    rf"version {version}"), 4800)
        for id_, kind, version in (
            ("CECILL-2.0", "cecill", "2 0 (?:dated|du) 2006"), ("CECILL-2.1", "cecill", "2 1 (?:dated|du) 2013"),
            ("CECILL-B", "cecill b", "1 0"), ("CECILL-C", "cecill c", "1 0"),
        )
    ),
)  # fmt: skip
"""What is recognized."""
_RESTRICTED = re.compile(
    r"commons clause|good not evil|non ?commercial (?:use|purposes) only|hippocratic|academic use only|"
    r"for commercial use|not for commercial"
)
"""Conditions that people add to a text in few words."""
_MARKS = re.compile(r"[\W_]+")
_NOTICE = re.compile(r"^\W*(?:copyright[ \t]+)?(?:\(c\)|©|copyright[ \t]+\d).*$", re.IGNORECASE | re.MULTILINE)


def spdx_id(text: str, name: str = "") -> str | None:
    """The license whose text it is; None where it is of no license known here, or says more than the license.

    Args:
        text: of the file.
        name: of a file in a folder `LICENSES`, which the specification of REUSE names by the SPDX id.
    """
    plain = _MARKS.sub(" ", _NOTICE.sub("", text).casefold()).strip()
    if _RESTRICTED.search(plain):
        return None
    length = plain.count(" ") + 1
    found = [entry.id for entry in TEXTS if length <= entry.most_words and _is(plain, entry)]
    if len(found) == 1:
        return found[0]
    return name if name and not found and terms_of(name) is not None else None


def _is(plain: str, entry: _Text) -> bool:
    if entry.absent is not None and re.search(entry.absent, plain):
        return False
    return all(re.search(sentence, plain) for sentence in entry.sentences)
