"""The release stage: a finished phase → a folder that others load, with a card whose every claim is in a manifest."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from clairiere import progress
from clairiere.artifact import Manifest, Work, require_manifest, write_json, write_text
from clairiere.corpus.licenses.gate import Gate
from clairiere.corpus.licenses.policies import Policy
from clairiere.model.adapters import CONFIG, TENSORS, load_adapter, merge_lora
from clairiere.model.layers import Decoder
from clairiere.model.phases import ADAPTER, base_folder, load_phase, tokenizer_folder
from clairiere.release import check, sums
from clairiere.release.card import Release, render_card
from clairiere.release.check import Comparison
from clairiere.release.exporters import huggingface
from clairiere.release.facts import Manifests, fact
from clairiere.release.license_report import derive
from clairiere.release.lineage import foreign_base, phases_of
from clairiere.release.options import ReleaseOptions
from clairiere.release.snippet import GREETINGS
from clairiere.tokens.tokenizer import Tokenizer

CARD = "README.md"
LICENSE_REPORT = "license_report.json"
REPORTS = ("report.html", "report.json")
EVALUATION = "evaluation"
CHECKED_TEXTS = 4
CHECKED_TOKENS = 256
"""Of each text, at most."""


def run(
    phase: Path,
    manifests: Mapping[str, Manifest],
    report: Path,
    recipe: Mapping[str, Any],
    options: ReleaseOptions,
    work: Work,
) -> Manifest:
    """Export a phase, use the folder as others will, and write its card.

    Writes weights, config and tokenizer, `adapter/` where the phase was adapted by LoRA, `evaluation/` with the
    report, `license_report.json`, `README.md` and `SHA256SUMS`.

    Args:
        phase: the finished training folder to release.
        manifests: by step: `corpus`, `curate`, `tokens`, `train/<phase>` …, `evaluate`.
        report: the finished evaluate folder.
        recipe: `name`, `title`, `license`, `policy`, `base`, `base_license`, and `sources`: the gate's judgments;
            `policy_terms` where the policy is the recipe's own.
        options: the `[release]` table.
        work: the folder to fill.

    Raises:
        ReleaseError: a fact is missing, the base does not allow the release, or a check fails.
        LicenseError: the base's license is none whose terms are known.
        ModelError: the phase cannot be read.
    """
    own = recipe.get("policy_terms")
    gate = Gate.make(recipe["license"], recipe["policy"] if own is None else Policy.model_validate(own))
    phases = phases_of(manifests, phase.name)
    licenses = derive(fact(manifests, "corpus", "sources"), recipe["sources"], gate)
    base = foreign_base(manifests, phases[0], recipe, gate)
    with progress.task("release", 3, "steps") as task:
        decoder, checks = _export(phase, _texts(manifests), options, work.folder)
        task.advance(note="exported and compared")
        write_json(work.folder / LICENSE_REPORT, licenses.to_json())
        release = Release(
            manifests=manifests,
            recipe=recipe,
            phases=phases,
            shape=decoder.shape,
            licenses=licenses,
            base=base,
            dtype=options.dtype,
            checks=checks,
        )
        _write_card(release, report, work.folder)
        task.advance(note="card written")
        check.run_snippet(work.folder, recipe["name"])
        task.advance(note="snippet run")
    sums.write_sums(work.folder)
    return _finish(release, work)


def _finish(release: Release, work: Work) -> Manifest:
    base = release.base
    return work.finish(
        counts={},
        facts={
            "name": release.recipe["name"],
            "phases": release.phases,
            "licenses": release.licenses.to_json(),
            "base": None if base is None else {"name": base.name, "license": base.license},
            "dtype": release.dtype,
        },
        run={"checks": release.checks},
        run_files=[CARD, sums.FILE_NAME, *(f"{EVALUATION}/{name}" for name in REPORTS)],
    )


@dataclass(frozen=True)
class Merged:
    """A plain decoder and, where it had adapters, by how much merging them moved its logits."""

    decoder: Decoder
    change: Comparison | None


def merge(phase: Path, texts: Sequence[str]) -> Merged:
    """The decoder of a phase, its adapters merged in float32 into the base that they were trained on.

    That it is still the same is checked where the base is a phase; a foreign folder is taken as it is now.

    Raises:
        ModelError: the phase or its base cannot be read, or the base is a phase and another one now.
        ReleaseError: merging moved a logit by more than rounding does.
    """
    manifest = require_manifest(phase)
    if manifest.facts["method"] == "full":
        return Merged(load_phase(phase).eval(), None)
    decoder = load_phase(base_folder(phase, manifest))
    load_adapter(decoder, phase / ADAPTER)
    decoder.eval()
    ids = _ids(texts, phase, decoder)
    attached = check.logits_of(decoder, ids)
    merge_lora(decoder)
    change = check.compare(attached, check.logits_of(decoder, ids))
    check.require_equal(change, "logits with the adapters attached and with them merged", phase)
    return Merged(decoder, change)


def _export(phase: Path, texts: Sequence[str], options: ReleaseOptions, folder: Path) -> tuple[Decoder, dict[str, Any]]:
    """Write the model and compare it with what `transformers` makes of it; the decoder as it was written."""
    merged = merge(phase, texts)
    decoder = merged.decoder.to(getattr(torch, options.dtype)).to(torch.float32)
    huggingface.export(decoder, tokenizer_folder(phase), folder, options)
    if merged.change is not None:
        (folder / ADAPTER).mkdir(exist_ok=True)
        for name in (CONFIG, TENSORS):
            shutil.copyfile(phase / ADAPTER / name, folder / ADAPTER / name)
    ids = _ids(texts, phase, decoder)
    found = check.compare(check.logits_of(decoder, ids), check.transformers_logits(folder, ids))
    check.require_equal(
        found, "logits of the released folder in transformers and of the decoder that was trained", folder
    )
    _say(found, merged.change)
    checks = {"transformers": check.VERSION, "logits": asdict(found)}
    return decoder, {**checks, "merge": None if merged.change is None else asdict(merged.change)}


def _say(found: Comparison, change: Comparison | None) -> None:
    if change is not None:
        progress.say(f"  adapters merged: logits moved by at most {change.largest_difference:.1e}")
    progress.say(f"  in transformers {check.VERSION}: logits differ by at most {found.largest_difference:.1e}")


def _texts(manifests: Manifests) -> list[str]:
    """What the logits are compared on: the report's samples, else a greeting."""
    samples = fact(manifests, "evaluate", "samples")
    texts = dict.fromkeys(sample["text"] + sample["completion"] for sample in samples)
    return [*texts, *GREETINGS.values()][:CHECKED_TEXTS]


def _ids(texts: Sequence[str], phase: Path, decoder: Decoder) -> list[list[int]]:
    tokenizer = Tokenizer.load(tokenizer_folder(phase))
    start = [] if tokenizer.bos_id is None else [tokenizer.bos_id]
    longest = min(CHECKED_TOKENS, decoder.shape.max_position_embeddings)
    return [(start + tokenizer.encode(text))[:longest] for text in texts]


def _write_card(release: Release, report: Path, folder: Path) -> None:
    (folder / EVALUATION).mkdir(exist_ok=True)
    for name in REPORTS:
        shutil.copyfile(report / name, folder / EVALUATION / name)
    card = render_card(release)
    write_text(folder / CARD, card)
