"""Recognized pages: what the readers of ALTO, PAGE and TEI from OCR share.

A block's lines are joined by a line break, and blocks by an empty line; hyphens at the ends of lines stay, unless the
format itself says which word they divide. What printers put around the text on every page is not part of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

AROUND = frozenset(
    {
        "RunningTitleZone", "NumberingZone", "QuireMarksZone", "StampZone", "SealZone", "DamageZone",
        "DigitizationArtefactZone", "header", "footer", "page-number", "catch-word", "signature-mark",
    }
)  # fmt: skip
"""Types of zones that are not text: https://segmonto.github.io and PAGE's `TextRegion/@type`."""

AROUND_LINES = 6
"""What stands around a text never takes more."""


def is_text_zone(kind: str | None, lines: int) -> bool:
    """Whether a zone of that type and number of lines is text.

    SegmOnto adds details after a colon or a number sign ("MainZone:a#1"). A running title of many lines is no running
    title: there are whole pages of text whose type is wrong.
    """
    return lines > AROUND_LINES or (kind or "").partition("#")[0].partition(":")[0] not in AROUND


def joined(blocks: Iterable[Iterable[str]]) -> str:
    """The text of blocks of lines; what is empty is left out."""
    texts = ("\n".join(line for line in lines if line.strip()) for lines in blocks)
    return "\n\n".join(text for text in texts if text)


def confidence(stated: Iterable[str | None]) -> list[float]:
    """Of the confidences that words state, those that are numbers from 0 to 1."""
    found = []
    for text in stated:
        try:
            value = float(text or "nan")
        except ValueError:
            continue
        if 0 <= value <= 1:
            found.append(value)
    return found


def quality(confidences: Sequence[float]) -> dict[str, Any]:
    """The `meta` that says how sure recognition was: the mean over words, each with the same weight."""
    if not confidences:
        return {}
    return {"quality": {"ocr_confidence": round(sum(confidences) / len(confidences), 4)}}
