"""The report's figures as SVG text: the same values give the same bytes, and the page's colors and font apply."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, SOFT, LINE, LEAF, PAPER = "#1d2a24", "#5d6b64", "#dcdfd6", "#1b6e53", "#fdfcf8"
THEME = {
    INK: "var(--ink)",
    SOFT: "var(--soft)",
    LINE: "var(--line)",
    LEAF: "var(--leaf)",
    PAPER: "var(--paper)",
}
"""Colors that follow the page, which is light or dark."""
COLORS = ("#2f9e76", "#d08a2e", "#5b8bd0", "#c05a85", "#8f8f8f", "#8aa91f", "#a5745c", "#28a9b8")
"""Of sources: readable on light and on dark paper."""
DASHES = ("-", "--", ":", "-.")
"""Tell sources apart that share a color."""
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "clairiere",
    "svg.fonttype": "none",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": SOFT,
    "axes.edgecolor": LINE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlesize": 11,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "xtick.color": LINE,
    "xtick.labelcolor": SOFT,
    "ytick.color": LINE,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 9,
}
WIDTH_INCHES = 9.0


def loss_curves(curves: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Training loss of each phase, and its validation by source, against tokens."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_INCHES, 3.2 * len(curves)), layout="constrained")
        for index, (phase, lines) in enumerate(curves.items(), 1):
            _draw_phase(figure.add_subplot(len(curves), 1, index), phase, lines)
        return _svg(figure)


def comparison(scores: Sequence[Mapping[str, Any]]) -> str:
    """Bits per byte by source: the last model full, those before it hollow, each with its interval; the best on top."""
    phases = list(dict.fromkeys(score["phase"] for score in scores))
    last = {score["source"]: score["value"] for score in scores if score["phase"] == phases[-1]}
    sources = sorted(last, key=lambda source: -last[source])
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_INCHES, 1.3 + 0.42 * len(sources)), layout="constrained")
        axes = figure.add_subplot()
        for index, phase in enumerate(phases):
            rows = [score for score in scores if score["phase"] == phase and score["source"] in last]
            shift = 0.18 * (index - (len(phases) - 1) / 2)
            _draw_model(axes, rows, [sources.index(row["source"]) - shift for row in rows], last=phase == phases[-1])
        axes.set_yticks(range(len(sources)), sources)
        axes.set_ylim(-0.6, len(sources) - 0.4)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("bits per byte on the test split, with 95 % intervals; lower is better")
        _legend(axes)
        return _svg(figure)


def _draw_model(axes: Axes, rows: Sequence[Mapping[str, Any]], places: Sequence[float], *, last: bool) -> None:
    values = [row["value"] for row in rows]
    errors = [[row["value"] - row["low"] for row in rows], [row["high"] - row["value"] for row in rows]]
    color = LEAF if last else SOFT
    face = LEAF if last else PAPER
    axes.errorbar(
        values, places, xerr=errors, fmt="o", ms=6, mfc=face, color=color, lw=1.4, capsize=0, label=rows[0]["phase"]
    )


def _draw_phase(axes: Axes, phase: str, lines: Sequence[Mapping[str, Any]]) -> None:
    steps = [line for line in lines if "loss" in line]
    axes.plot(*_points(steps, [line["loss"] for line in steps]), color=SOFT, lw=0.8, label="training")
    validations = [line for line in lines if "validation" in line]
    for index, source in enumerate(sorted({source for line in validations for source in line["validation"]})):
        found = [line for line in validations if source in line["validation"]]
        losses = [line["validation"][source]["loss"] for line in found]
        dashes = DASHES[index // len(COLORS) % len(DASHES)]
        color = COLORS[index % len(COLORS)]
        axes.plot(*_points(found, losses), marker="o", ms=3, lw=1.4, ls=dashes, color=color, label=source)
    axes.set_title(phase, loc="left")
    axes.set_xlabel("tokens")
    axes.set_ylabel("loss, nats per token")
    _legend(axes)


def _points(lines: Sequence[Mapping[str, Any]], values: list[float]) -> tuple[list[int], list[float]]:
    return [line["tokens"] for line in lines], values


def _legend(axes: Axes) -> None:
    """Beside the axes, where it hides nothing."""
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0)


def _svg(figure: Figure) -> str:
    """The figure as an element that stands in a page beside others."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r'width="[\d.]+pt" height="[\d.]+pt"', 'width="100%"', text, count=1)
    # Ids of groups are the same in every figure and nothing refers to them.
    text = re.sub(r'<g id="[^"]*"', "<g", text)
    text = re.sub(r'font(-family)?: [^;"]*DejaVu[^;"]*', "font-family: var(--sans)", text)
    for color, variable in THEME.items():
        text = text.replace(color, variable)
    return text
