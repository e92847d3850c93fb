"""The report's figures as SVG text: the same values give the same bytes."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

STYLE: dict[Any, Any] = {
    "svg.hashsalt": "clairiere",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
}
COLORS = ("#1b6e53", "#d08a2e", "#4a6fa5", "#a04668", "#6b6b6b", "#7a9a01", "#8c564b", "#17a2b8")


def loss_curves(curves: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Training loss of each phase, and its validation by source, against tokens."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.4 * len(curves)), layout="constrained")
        for index, (phase, lines) in enumerate(curves.items(), 1):
            _draw_phase(figure.add_subplot(len(curves), 1, index), phase, lines)
        return _svg(figure)


def comparison(scores: Sequence[Mapping[str, Any]]) -> str:
    """Bits per byte by source, one mark a model with its interval, sources from the best to the worst."""
    phases = list(dict.fromkeys(score["phase"] for score in scores))
    last = {score["source"]: score["value"] for score in scores if score["phase"] == phases[-1]}
    sources = sorted(last, key=lambda source: -last[source])
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 1.2 + 0.42 * len(sources)), layout="constrained")
        axes = figure.add_subplot()
        for index, phase in enumerate(phases):
            rows = [score for score in scores if score["phase"] == phase and score["source"] in last]
            places = [sources.index(score["source"]) + 0.16 * (index - (len(phases) - 1) / 2) for score in rows]
            values = [score["value"] for score in rows]
            errors = [[s["value"] - s["low"] for s in rows], [s["high"] - s["value"] for s in rows]]
            color = COLORS[index % len(COLORS)]
            axes.errorbar(values, places, xerr=errors, fmt="o", markersize=5, capsize=2, color=color, label=phase)
        axes.set_yticks(range(len(sources)), sources)
        axes.set_xlabel("bits per byte on the test split (lower is better), with 95 % intervals")
        axes.legend(loc="best")
        return _svg(figure)


def _draw_phase(axes: Axes, phase: str, lines: Sequence[Mapping[str, Any]]) -> None:
    steps = [line for line in lines if "loss" in line]
    axes.plot(
        [line["tokens"] for line in steps], [line["loss"] for line in steps], color="#888888", lw=0.9, label="training"
    )
    validations = [line for line in lines if "validation" in line]
    sources = sorted({source for line in validations for source in line["validation"]})
    for index, source in enumerate(sources):
        points = [line for line in validations if source in line["validation"]]
        losses = [line["validation"][source]["loss"] for line in points]
        tokens = [line["tokens"] for line in points]
        axes.plot(tokens, losses, "o-", ms=3, lw=1.2, color=COLORS[index % len(COLORS)], label=source)
    axes.set_title(phase, loc="left")
    axes.set_xlabel("tokens")
    axes.set_ylabel("loss (nats per token)")
    axes.legend(fontsize=8, ncols=2)


def _svg(figure: Figure) -> str:
    """The figure as an element that stands in a page."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return re.sub(r'width="[\d.]+pt" height="[\d.]+pt"', 'width="100%"', text[text.index("<svg") :], count=1)
