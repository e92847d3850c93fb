"""The model card: rendered from manifests, the recipe and the checks, and from nothing else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, UndefinedError

import clairiere
from clairiere.model.shape import Shape
from clairiere.model.sizes import parameters
from clairiere.release import markdown
from clairiere.release.facts import Manifests, fact, missing, require
from clairiere.release.license_report import UNPROVEN, LicenseReport
from clairiere.release.lineage import ForeignBase
from clairiere.release.snippet import greeting, snippet
from clairiere.release.training import training_table

TEMPLATE = "card.md.jinja"
SAMPLES = 2
SMALL_MODEL_PARAMETERS = 1_000_000_000
LANGUAGES = {"fr": "French", "en": "English", "de": "German", "es": "Spanish", "it": "Italian"}


@dataclass(frozen=True, kw_only=True)
class Release:
    """Everything that a card is rendered from."""

    manifests: Manifests
    recipe: Mapping[str, Any]
    phases: Sequence[str]
    """The released phase and those it was built on, in order."""
    shape: Shape
    licenses: LicenseReport
    base: ForeignBase | None
    dtype: str
    checks: Mapping[str, Any]
    """What the checks of the exported folder measured."""

    @property
    def released(self) -> str:
        return self.phases[-1]

    @property
    def source_shares(self) -> dict[str, dict[str, float]]:
        """By phase, each source's achieved share of the tokens."""
        return {phase: fact(self.manifests, f"train/{phase}", "achieved_shares") for phase in self.phases}

    def share_by(self, key: str) -> dict[str, float]:
        """The share of all training tokens by what the sources say of themselves (`language`, `category`)."""
        tokens = {phase: fact(self.manifests, f"train/{phase}", "tokens") for phase in self.phases}
        totals: dict[str, float] = defaultdict(float)
        for phase, shares in self.source_shares.items():
            for name, share in shares.items():
                kind = fact(self.manifests, "curate", "sources", name, key)
                totals[kind] += share * tokens[phase] / sum(tokens.values())
        return dict(sorted(totals.items(), key=lambda item: (-item[1], item[0])))


def render_card(release: Release) -> str:
    """`README.md` of a released folder.

    Raises:
        ReleaseError: a fact is missing; the error names it.
    """
    environment = Environment(
        loader=PackageLoader("clairiere.release", "."),
        autoescape=False,  # noqa: S701  # Markdown; `cell` escapes what comes from outside
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "cell": markdown.cell,
        "fenced": markdown.fenced,
        "percent": lambda share: f"{100 * share:.1f} %",
        "thousands": lambda number: f"{number:,}",
        "language": lambda tag: LANGUAGES.get(tag, tag),
    }
    environment.globals |= {"link": markdown.link, "license_url": markdown.license_url}
    try:
        return environment.get_template(TEMPLATE).render(_content(release))
    except UndefinedError as error:
        raise missing(str(error), "the card's template") from error


def _content(release: Release) -> dict[str, Any]:
    manifests = release.manifests
    languages = release.share_by("language")
    sources = [_source(release, name) for name in sorted(fact(manifests, "curate", "sources"))]
    return {
        "front_matter": markdown.front_matter(_front_matter(release, list(languages))),
        "title": require(release.recipe, "title", where="the recipe"),
        "name": require(release.recipe, "name", where="the recipe"),
        "parameters": parameters(release.shape),
        "is_small": parameters(release.shape) < SMALL_MODEL_PARAMETERS,
        "trained_tokens": sum(fact(manifests, f"train/{phase}", "tokens") for phase in release.phases),
        "shape": release.shape,
        "dtype": release.dtype,
        "base": release.base,
        "languages": languages,
        "categories": release.share_by("category"),
        "formats": _shares(manifests["tokens"].counts, "formats"),
        "snippet": snippet(
            release.recipe["name"], greeting(next(iter(languages), "fr")), release.shape.max_position_embeddings
        ),
        "licenses": release.licenses,
        "phases": release.phases,
        "sources": sources,
        "learned": [source for source in sources if any(source["shares"])],
        "training": training_table(manifests, release.phases),
        "scores": _score_table(release),
        "samples": _samples(release),
        "steps": {name: manifest.fingerprint for name, manifest in manifests.items()},
        "checks": release.checks,
        "version": clairiere.__version__,
    }


def _front_matter(release: Release, languages: list[str]) -> dict[str, str | Sequence[str]]:
    values: dict[str, str | Sequence[str]] = {**markdown.hub_license(release.licenses.license), "language": languages}
    if release.base is not None and release.base.is_from_hub:
        values["base_model"] = release.base.name
    return {
        **values,
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["clairiere", release.shape.family, *release.share_by("category")],
    }


def _source(release: Release, name: str) -> dict[str, Any]:
    """A row of the table of sources, with what the attributions need."""
    facts = fact(release.manifests, "curate", "sources", name)
    (admitted,) = (source for source in release.licenses.admitted if source.name == name)
    where = f"facts of curate/manifest.json, sources.{name}"
    needed = ("title", "holder", "url", "citation", "language", "category")
    return {
        "name": name,
        **{key: require(facts, key, where=where) for key in needed},
        "training_words": require(facts, "splits", "train", "words", where=where),
        "license": ", ".join(admitted.licenses) or UNPROVEN,
        "license_texts": require(facts, "license_texts", where=where),
        "shares": [shares.get(name, 0.0) for shares in release.source_shares.values()],
    }


def _shares(counts: Mapping[str, Any], key: str) -> dict[str, float]:
    found = require(counts, key, where="counts of tokens/manifest.json")
    total = sum(found.values())
    return {name: count / total for name, count in found.items() if count}


def _score_table(release: Release) -> dict[str, Any]:
    """Bits per byte by source and, last, overall: the first model beside the released one, and their difference."""
    scores, overall = (fact(release.manifests, "evaluate", name) for name in ("scores", "overall"))
    models = list(dict.fromkeys((scores[0]["phase"], release.released)))
    found = fact(release.manifests, "evaluate", "differences")
    last = [difference for difference in found if difference["phase"] == release.released]
    rows = [*_score_rows(scores, last[:-1], models), *_score_rows(overall, last[-1:], models)]
    return {"models": models, "rows": rows, "task_version": scores[0]["task_version"]}


def _score_rows(
    scores: Sequence[Mapping[str, Any]], differences: Sequence[Mapping[str, Any]], models: Sequence[str]
) -> list[dict[str, Any]]:
    by_place = {(score["source"], score["phase"]): score for score in scores}
    by_source = {difference["source"]: difference for difference in differences}
    return [
        {
            "source": source,
            "scores": [by_place[source, model] for model in models],
            "difference": by_source.get(source),
        }
        for source in dict.fromkeys(score["source"] for score in scores)
    ]


def _samples(release: Release) -> list[Mapping[str, Any]]:
    """Some of the released model's samples, dialogues first."""
    samples = fact(release.manifests, "evaluate", "samples")
    own = [sample for sample in samples if sample["phase"] == release.released]
    return sorted(own, key=lambda sample: sample["format"] == "monologue")[:SAMPLES]
