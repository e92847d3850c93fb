"""Which phases and which base a model comes from, and whether the base allows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from release_world import GATE, RECIPE, manifest, manifests, phase_manifest

from clairiere.artifact import MANIFEST, Manifest, write_json
from clairiere.corpus.licenses.gate import Gate
from clairiere.errors import ArtifactError, LicenseError, ReleaseError
from clairiere.release.lineage import foreign_base, phases_of


def adapted(folder: Path) -> dict[str, Manifest]:
    """A build of one phase that started from a foreign folder."""
    base = {"name": "tiiuae/falcon-7b", "path": None, "digest": "0"}
    phase = phase_manifest("adapt", "lora", base)
    return {"train/adapt": manifest("train/adapt", facts=phase.facts, run={"base_folder": str(folder)})}


def write_front_matter(folder: Path, line: str) -> None:
    (folder / "README.md").write_text(f"---\nlanguage: fr\n{line}\n---\n# A model\nlicense: mit\n", encoding="utf-8")


def recipe(**changes: Any) -> dict[str, Any]:
    return {**RECIPE, "base": "tiiuae/falcon-7b", **changes}


def test_phases_stand_in_the_order_they_ran() -> None:
    assert phases_of(manifests(), "adapt") == ["pretrain", "adapt"]
    assert phases_of(manifests(), "pretrain") == ["pretrain"]


def test_a_phase_without_manifest_stops_the_release() -> None:
    found = manifests()
    del found["train/pretrain"]
    with pytest.raises(ReleaseError, match=r"missing: `manifest.json`") as caught:
        phases_of(found, "adapt")
    assert "train/pretrain" in str(caught.value)


def test_fresh_weights_have_no_base() -> None:
    assert foreign_base(manifests(), "pretrain", RECIPE, GATE) is None


def test_the_recipe_states_the_license_of_the_base(tmp_path: Path) -> None:
    base = foreign_base(adapted(tmp_path), "adapt", recipe(base_license="Apache-2.0"), GATE)
    assert base is not None
    assert (base.name, base.license) == ("tiiuae/falcon-7b", "Apache-2.0")
    assert base.judgment.admitted


def test_a_stated_license_is_not_that_of_another_start(tmp_path: Path) -> None:
    write_front_matter(tmp_path, "license: cc-by-nc-4.0")
    stated = recipe(base="ours/free", base_license="Apache-2.0")
    with pytest.raises(ReleaseError, match=r"`tiiuae/falcon-7b` does not allow the release: CC-BY-NC-4\.0"):
        foreign_base(adapted(tmp_path), "adapt", stated, GATE)


@pytest.mark.parametrize("stated", [None, "/models/tiiuae/falcon-7b"])
def test_a_stated_license_is_that_of_the_one_start_there_is(tmp_path: Path, stated: str | None) -> None:
    found = adapted(tmp_path)
    if stated is not None:
        found["train/adapt"].facts["base"]["name"] = "falcon-7b"  # as train.start names an absolute folder
    base = foreign_base(found, "adapt", recipe(base=stated, base_license="MIT"), GATE)
    assert base is not None
    assert base.license == "MIT"


def test_a_card_in_another_encoding_is_read(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_bytes(b"\xef\xbb\xbf---\r\ntitle: Caf\xe9\r\nlicense: mit  # ours\r\n---\r\n")
    base = foreign_base(adapted(tmp_path), "adapt", recipe(), GATE)
    assert base is not None
    assert base.license == "MIT"


@pytest.mark.parametrize("line", ["license: apache-2.0", 'license: "apache-2.0"'])
def test_the_card_of_the_base_states_its_license(tmp_path: Path, line: str) -> None:
    write_front_matter(tmp_path, line)
    base = foreign_base(adapted(tmp_path), "adapt", recipe(), GATE)
    assert base is not None
    assert base.license == "Apache-2.0"


def test_a_base_made_here_bears_what_it_was_made_for(tmp_path: Path) -> None:
    write_json(tmp_path / MANIFEST, manifest("release").to_json())
    base = foreign_base(adapted(tmp_path), "adapt", recipe(), GATE)
    assert base is not None
    assert base.license == "CC-BY-SA-4.0"


def test_a_manifest_of_something_else_beside_a_model_is_passed_over(tmp_path: Path) -> None:
    write_front_matter(tmp_path, "license: mit")
    (tmp_path / MANIFEST).write_text('{"name": "an app"}', encoding="utf-8")
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    base = foreign_base(adapted(tmp_path), "adapt", recipe(), GATE)
    assert base is not None
    assert base.license == "MIT"


def test_a_broken_manifest_without_a_model_is_an_error(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text("{", encoding="utf-8")
    with pytest.raises(ArtifactError, match="a manifest that cannot be read"):
        foreign_base(adapted(tmp_path), "adapt", recipe(), GATE)


@pytest.mark.parametrize("kept", ["models--tiiuae--falcon-7b/snapshots/0", "tiiuae/falcon-7b"])
def test_a_base_is_from_the_hub_where_its_cache_holds_it(tmp_path: Path, kept: str) -> None:
    base = foreign_base(adapted(tmp_path / kept), "adapt", recipe(base_license="MIT"), GATE)
    assert base is not None
    assert base.is_from_hub == kept.startswith("models--")


@pytest.mark.parametrize("line", ["", "license: other"])
def test_a_base_without_license_stops_the_release(tmp_path: Path, line: str) -> None:
    write_front_matter(tmp_path, line)
    with pytest.raises(ReleaseError, match="the license of the base model `tiiuae/falcon-7b` is not known") as caught:
        foreign_base(adapted(tmp_path), "adapt", recipe(), GATE)
    assert 'set base_license = "…" (an SPDX id) in the [model] table' in str(caught.value)


def test_a_base_whose_license_is_unknown_stops_the_release(tmp_path: Path) -> None:
    with pytest.raises(LicenseError, match="unknown license `free as in beer`"):
        foreign_base(adapted(tmp_path), "adapt", recipe(base_license="free as in beer"), GATE)


@pytest.mark.parametrize(
    ("gate", "license_id"),
    [(GATE, "CC-BY-NC-4.0"), (Gate.make("Apache-2.0", "cc-conservative"), "CC-BY-SA-4.0")],
)
def test_a_base_that_does_not_allow_the_license_stops_the_release(tmp_path: Path, gate: Gate, license_id: str) -> None:
    with pytest.raises(ReleaseError, match=r"`tiiuae/falcon-7b` does not allow the release: CC-BY-") as caught:
        foreign_base(adapted(tmp_path), "adapt", recipe(base_license=license_id), gate)
    assert "start from another base" in str(caught.value)
