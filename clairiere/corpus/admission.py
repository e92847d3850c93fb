"""The gate at one source: what of its documents is let through."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping

from clairiere.corpus.files.source_file import EMPTY
from clairiere.corpus.licenses.gate import Gate, Judgment, parse
from clairiere.corpus.tally import Tally
from clairiere.errors import LicenseError
from clairiere.record import Document, License, Source

WITHDRAWN = "withdrawn: "
"""How the reasons of withdrawn documents begin."""
_NUMBERED = re.compile(r"~\d+$")


class Door:
    """Each license of a source is judged once, and each document against what was withdrawn; empty ones stay out.

    Args:
        source: whose documents they are.
        gate: the license gate.
        withdrawn: document's id → reason. Documents that share an id until they are numbered go together: which of
            them has which number depends on the others.
    """

    def __init__(self, source: Source, gate: Gate, withdrawn: Mapping[str, str]) -> None:
        self._source = source
        self._gate = gate
        self._withdrawn = {_NUMBERED.sub("", id_): reason for id_, reason in withdrawn.items()} | dict(withdrawn)
        self._judged: dict[str | None, tuple[str | None, Judgment]] = {}

    def let_through(self, documents: Iterator[Document], tally: Tally) -> Iterator[Document]:
        """The documents that may be used, their licenses as SPDX spells them; all are counted."""
        for document in documents:
            license_id, judgment = self._judge_once(document.license)
            spelled = document
            if license_id != document.license:
                spelled = dataclasses.replace(document, license=license_id)
            if document.id in self._withdrawn:
                tally.drop(spelled, f"{WITHDRAWN}{self._withdrawn[document.id]}")
            elif not judgment.admitted:
                tally.drop(spelled, f"license: {judgment.reason}")
            elif not document.turns:
                tally.drop(spelled, EMPTY)
            else:
                tally.keep(spelled)
                yield spelled

    def _judge_once(self, expression: str | None) -> tuple[str | None, Judgment]:
        """A document's license as SPDX spells it, and whether it is let through."""
        if expression not in self._judged:
            self._judged[expression] = self._judge(expression)
        return self._judged[expression]

    def _judge(self, expression: str | None) -> tuple[str | None, Judgment]:
        license_, fault = self._parse(expression)
        judgment = self._gate.judge(license_, self._source.name, fault=fault)
        return (license_.id if license_ else expression), judgment

    def _parse(self, expression: str | None) -> tuple[License | None, str | None]:
        if expression is None:
            return None, None
        terms = {license_id: reference.terms for license_id, reference in self._source.references.items()}
        try:
            return parse(expression, terms), None
        except LicenseError as error:
            return None, error.found
