"""Histograms as SVG that stands in a page: bars in the page's colors, the same bytes for the same numbers."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

WIDTH, HEIGHT, FOOT = 620, 120, 22
STRIP_WIDTH, STRIP_HEIGHT = 220, 22
TICKS = 6


def bars(counts: Sequence[int], edges: Sequence[float]) -> Markup:
    """A histogram with an axis below.

    Args:
        counts: of each bin.
        edges: one more.
    """
    ticks = [round(number * (len(edges) - 1) / (TICKS - 1)) for number in range(TICKS)]
    labels = "".join(_label(WIDTH * place / len(counts), edges[place], place, len(counts)) for place in ticks)
    return Markup(  # noqa: S704  # made of numbers only
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT + FOOT}" role="img">{_bars(counts, WIDTH, HEIGHT)}'
        f'<path d="M0 {HEIGHT}H{WIDTH}" class="axis"/>{labels}</svg>'
    )


def strip(counts: Sequence[int]) -> Markup:
    """The same bins, small, without an axis: to compare sources below each other."""
    drawn = _bars(counts, STRIP_WIDTH, STRIP_HEIGHT)
    return Markup(  # noqa: S704  # made of numbers only
        f'<svg viewBox="0 0 {STRIP_WIDTH} {STRIP_HEIGHT}" class="strip" role="img">{drawn}</svg>'
    )


def _bars(counts: Sequence[int], width: int, height: int) -> str:
    highest = max(counts, default=0) or 1
    step = width / len(counts)
    return "".join(
        f'<rect x="{place * step:.1f}" y="{height - size:.1f}" width="{step - 1:.1f}" height="{size:.1f}">'
        f"<title>{count:,}</title></rect>"
        for place, count in enumerate(counts)
        # What is there is seen, however rare it is.
        for size in [max(height * count / highest, 1.0)]
        if count
    )


def _label(x: float, value: float, place: int, last: int) -> str:
    anchor = {0: "start", last: "end"}.get(place, "middle")
    return f'<text x="{x:.1f}" y="{HEIGHT + 16}" text-anchor="{anchor}">{_short(value)}</text>'


def _short(value: float) -> str:
    """1.5 million as 1.5M, 2048 as 2K."""
    for size, letter in ((1e6, "M"), (1e3, "K")):
        if value >= size:
            return f"{value / size:.2g}{letter}"
    return f"{value:.3g}"
