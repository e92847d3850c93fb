"""`report.html`: the report as one page that needs no network and no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from clairiere.evaluate import plots

TEMPLATE = "report.html.jinja"


def render_page(report: Mapping[str, Any]) -> str:
    """The page of a report; text is escaped, figures are inlined as SVG.

    Args:
        report: what `report.json` holds.
    """
    environment = Environment(
        loader=PackageLoader("clairiere.evaluate", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    phases = list(dict.fromkeys(score["phase"] for score in report["scores"]))
    last = [difference for difference in report["differences"] if difference["phase"] == phases[-1]]
    by_source, change = last[:-1], last[-1:]
    return environment.get_template(TEMPLATE).render(
        report=report,
        phases=phases,
        rows=[*_rows(report["scores"], by_source), *_rows(report["overall"], change)],
        overall=report["overall"],
        change=change[0] if change else None,
        comparison=_figure(plots.comparison(report["scores"])),
        curves=_figure(plots.loss_curves(report["training"])),
        formats=list(dict.fromkeys(sample["format"] for sample in report["samples"])),
    )


def _figure(svg: str) -> Markup:
    """A figure of ours: made here from numbers and escaped labels, not from text of the corpus."""
    return Markup(svg)  # noqa: S704  # matplotlib escapes the labels it draws


def _rows(scores: Sequence[Mapping[str, Any]], differences: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A row of the table for each source: a score by phase, and a difference if there is one."""
    rows: dict[str, dict[str, Any]] = {}
    for score in scores:
        row = rows.setdefault(score["source"], {"source": score["source"], "scores": {}, "difference": None})
        row["category"] = score["category"]
        row["bytes"] = score["n_bytes"]
        row["documents"] = score["n_documents"]
        row["scores"][score["phase"]] = score
    for difference in differences:
        rows[difference["source"]]["difference"] = difference
    return list(rows.values())
