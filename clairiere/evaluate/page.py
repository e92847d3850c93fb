"""`report.html`: the report as one page that needs no network and no script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from clairiere.evaluate import plots
from clairiere.evaluate.report import OVERALL

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
    return environment.get_template(TEMPLATE).render(
        report=report,
        phases=phases,
        by_source=_by_source(report),
        overall=report["overall"],
        change=_overall_change(report),
        comparison=_figure(plots.comparison(report["scores"])),
        curves=_figure(plots.loss_curves(report["training"])),
        formats=list(dict.fromkeys(sample["format"] for sample in report["samples"])),
    )


def _overall_change(report: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The last model's difference from the first over all sources; None where there is one model."""
    found = [difference for difference in report["differences"] if difference["source"] == OVERALL]
    return found[-1] if found else None


def _figure(svg: str) -> Markup:
    """A figure of ours: made here from numbers and escaped labels, not from text of the corpus."""
    return Markup(svg)  # noqa: S704  # matplotlib escapes the labels it draws


def _by_source(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row of the table for each source and one for all: a score by phase and the last phase's difference."""
    rows: dict[str, dict[str, Any]] = {}
    for score in [*report["scores"], *report["overall"]]:
        row = rows.setdefault(score["source"], {"source": score["source"], "scores": {}, "difference": None})
        row["category"] = score["category"]
        row["bytes"] = score["n_bytes"]
        row["documents"] = score["n_documents"]
        row["scores"][score["phase"]] = score
    for difference in report["differences"]:
        rows[difference["source"]]["difference"] = difference
    return list(rows.values())
