"""The license gate as a truth table: which source may reach a model under which target, by which policy."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from clairiere.corpus.licenses.gate import Gate, parse
from clairiere.corpus.licenses.policies import POLICIES, Policy, load_policy
from clairiere.corpus.options import Override
from clairiere.errors import LicenseError
from clairiere.record import License, Terms

TARGETS = ("Apache-2.0", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "ODbL-1.0")
NC_TARGETS = {"CC-BY-NC-4.0", "CC-BY-NC-SA-4.0"}
EVERY = set(TARGETS)
NONE: set[str] = set()

CLAIRE = {
    "CC0-1.0": EVERY,
    "CC-PDM-1.0": EVERY,
    "CC-BY-4.0": EVERY,
    "MIT": EVERY,
    "etalab-2.0": EVERY,
    "CC-BY-SA-3.0": EVERY,
    "CC-BY-SA-4.0": EVERY,
    "ODbL-1.0": EVERY,
    "GPL-3.0-only": EVERY,
    "AGPL-3.0-only": EVERY,
    "CC-BY-NC-4.0": NC_TARGETS,
    "CC-BY-NC-SA-3.0": NC_TARGETS,
    "CC-BY-NC-SA-4.0": NC_TARGETS,
    "CC-BY-ND-4.0": NONE,
    "CC-BY-NC-ND-4.0": NONE,
    "CC-PDM-1.0 AND CC-BY-NC-SA-4.0": NC_TARGETS,
    "CC-BY-SA-4.0 AND CC-BY-NC-4.0": NC_TARGETS,
    "MIT AND CC-BY-ND-4.0": NONE,
}
CONSERVATIVE = CLAIRE | {
    "CC-BY-SA-3.0": {"CC-BY-SA-3.0", "CC-BY-SA-4.0"},
    "CC-BY-SA-4.0": {"CC-BY-SA-4.0"},
    "ODbL-1.0": {"ODbL-1.0"},
    "GPL-3.0-only": NONE,
    "AGPL-3.0-only": NONE,
    "CC-BY-NC-SA-3.0": {"CC-BY-NC-SA-4.0"},
    "CC-BY-NC-SA-4.0": {"CC-BY-NC-SA-4.0"},
    "CC-PDM-1.0 AND CC-BY-NC-SA-4.0": {"CC-BY-NC-SA-4.0"},
    "CC-BY-SA-4.0 AND CC-BY-NC-4.0": NONE,
}
TABLE = [
    (policy, license_id, target, target in admitting)
    for policy, table in (("claire", CLAIRE), ("cc-conservative", CONSERVATIVE))
    for license_id, admitting in table.items()
    for target in TARGETS
]
DECISION = Override(source="plays", name="A. Lawyer", reason="permission by letter of 2024-01-02")


@pytest.mark.parametrize(("policy", "license_id", "target", "admitted"), TABLE)
def test_truth_table(policy: str, license_id: str, target: str, *, admitted: bool) -> None:
    judgment = Gate.make(target, policy).judge(parse(license_id))
    assert judgment.admitted is admitted, judgment.reason
    assert judgment.reason
    assert judgment.override is None


@pytest.mark.parametrize(("license_id", "target"), list(itertools.product(CLAIRE, TARGETS)))
def test_the_conservative_policy_admits_no_more_than_the_other(license_id: str, target: str) -> None:
    by_policy = {policy: Gate.make(target, policy).judge(parse(license_id)).admitted for policy in POLICIES}
    assert by_policy["claire"] or not by_policy["cc-conservative"]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(CLAIRE, 2)))
def test_an_expression_is_admitted_only_if_each_member_is(policy: str, one: str, other: str) -> None:
    for target in TARGETS:
        gate = Gate.make(target, policy)
        each = gate.judge(parse(one)).admitted and gate.judge(parse(other)).admitted
        assert gate.judge(parse(one) & parse(other)).admitted is each


def test_no_two_share_alike_licenses_fit_one_target() -> None:
    both = parse("CC-BY-SA-4.0 AND CC-BY-NC-SA-4.0")
    assert not any(Gate.make(target, "cc-conservative").judge(both).admitted for target in TARGETS)


def test_reasons_are_readable() -> None:
    gate = Gate.make("CC-BY-SA-4.0", "claire")
    assert gate.judge(parse("CC0-1.0")).reason == "CC0-1.0 sets no term"
    assert gate.judge(parse("MIT")).reason == "MIT fits a model under CC-BY-SA-4.0 by the policy claire"
    assert gate.judge(parse("CC-PDM-1.0 AND CC-BY-NC-SA-4.0")).reason == (
        "CC-BY-NC-SA-4.0 is non-commercial, and a model under CC-BY-SA-4.0 may be used commercially"
    )
    assert gate.judge(parse("CC-BY-ND-4.0")).reason == "CC-BY-ND-4.0 allows no derivatives"
    conservative = Gate.make("CC-BY-4.0", "cc-conservative")
    assert "must bear it or a later version, not CC-BY-4.0" in conservative.judge(parse("CC-BY-SA-4.0")).reason
    assert "copyleft license for software" in conservative.judge(parse("GPL-3.0-only")).reason


def test_a_missing_license_is_refused() -> None:
    gate = Gate.make("CC-BY-NC-SA-4.0", "claire")
    assert gate.judge(None).reason == "its license is missing"
    assert gate.judge(None, fault="unknown license `X`").reason == "unknown license `X`"
    assert not gate.judge(None).admitted


def test_a_license_of_ones_own_counts_by_its_terms() -> None:
    own = License(id="LicenseRef-X", terms=Terms(share_alike=True))
    assert Gate.make("MIT", "claire").judge(own).admitted
    assert not Gate.make("MIT", "cc-conservative").judge(own).admitted


def test_an_override_admits_what_is_refused_and_says_so() -> None:
    gate = Gate.make("CC-BY-SA-4.0", "claire", [DECISION])
    judgment = gate.judge(parse("CC-BY-NC-4.0"), "plays")
    assert judgment.admitted
    assert judgment.override == DECISION
    assert "A. Lawyer" in judgment.reason
    assert "permission by letter" in judgment.reason
    assert "is non-commercial" in judgment.reason
    assert gate.judge(None, "plays").admitted
    assert not gate.judge(parse("CC-BY-NC-4.0"), "novels").admitted


def test_an_override_that_is_not_needed_is_not_used() -> None:
    judgment = Gate.make("CC-BY-SA-4.0", "claire", [DECISION]).judge(parse("MIT"), "plays")
    assert judgment.override is None


def message(license_id: str, policy: str, *overrides: Override) -> str:
    with pytest.raises(LicenseError) as caught:
        Gate.make(license_id, policy, overrides)
    assert caught.value.next_step
    return str(caught.value)


def test_a_gate_that_cannot_be_made() -> None:
    assert "unknown policy `clare`" in message("MIT", "clare")
    assert "did you mean `claire`?" in message("MIT", "clare")
    assert "unknown license `CC-BY-SA`" in message("CC-BY-SA", "claire")
    assert "under several licenses: MIT AND ISC" in message("MIT AND ISC", "claire")


@pytest.mark.parametrize("key", ["source", "name", "reason"])
def test_an_override_without_source_name_or_reason(key: str) -> None:
    override = DECISION.model_copy(update={key: "  "})
    assert f"without a {key}" in message("MIT", "claire", override)


POLICY = """
name = "ours"
reasoning = "What our lawyer said."
reaches = ["share-alike"]
refused = ["CC-BY-SA-3.0*", "software-copyleft"]
admitted = ["CC-BY-NC-SA-*", "GPL-3.0-only"]
compatible."CC-BY-SA-4.0" = ["LAL-1.3"]
"""


def own_policy(tmp_path: Path, text: str = POLICY) -> Policy:
    (tmp_path / "policy.toml").write_text(text)
    return load_policy("policy.toml", tmp_path)


@pytest.mark.parametrize(
    ("license_id", "target", "reason"),
    [
        ("CC-BY-NC-4.0", "MIT", "CC-BY-NC-4.0 fits a model under MIT by the policy ours"),
        ("CC-BY-ND-4.0", "MIT", "CC-BY-ND-4.0 fits a model under MIT by the policy ours"),
        ("CC-BY-NC-SA-4.0", "MIT", "CC-BY-NC-SA-4.0 fits a model under MIT by the policy ours"),
        ("CC-BY-SA-4.0", "LAL-1.3", "CC-BY-SA-4.0 fits a model under LAL-1.3 by the policy ours"),
        ("LAL-1.3", "CC-BY-SA-4.0", None),
        ("CC-BY-SA-4.0", "MIT", None),
        ("CC-BY-SA-3.0-DE", "CC-BY-SA-4.0", "CC-BY-SA-3.0-DE is one that the policy ours refuses"),
        ("GPL-3.0-only", "MIT", "GPL-3.0-only is a copyleft license for software, which the policy ours refuses"),
    ],
)
def test_a_policy_of_ones_own(tmp_path: Path, license_id: str, target: str, reason: str | None) -> None:
    judgment = Gate.make(target, own_policy(tmp_path)).judge(parse(license_id))
    assert judgment.admitted == (reason is not None and "fits" in reason)
    assert judgment.reason == (
        reason
        or f"{license_id} is share-alike: by the policy ours the model must bear it or a later version, not {target}"
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (POLICY.replace("ours", "claire"), "a policy of one's own called `claire`"),
        (POLICY.replace("share-alike", "sharealike"), "`reaches.0`: Input should be 'non-commercial'"),
        (POLICY + "refuses = []", "`refuses`: Extra inputs are not permitted"),
        ("name = ", "a policy file that is not TOML"),
    ],
)
def test_a_policy_file_that_is_wrong(tmp_path: Path, text: str, found: str) -> None:
    with pytest.raises(LicenseError) as caught:
        own_policy(tmp_path, text)
    assert found in str(caught.value)
    assert "policy.toml" in str(caught.value)
    assert "the keys of a policy: name, reasoning, reaches" in str(caught.value)


def test_a_policy_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(LicenseError, match="a policy file that cannot be opened: No such file"):
        load_policy("policy.toml", tmp_path)
    with pytest.raises(LicenseError, match="unknown policy `cc-conservativ`") as caught:
        load_policy("cc-conservativ", tmp_path)
    assert "did you mean `cc-conservative`?" in str(caught.value)


def test_the_first_version_of_creative_commons_allows_no_later_one() -> None:
    assert not Gate.make("CC-BY-SA-4.0", "cc-conservative").judge(parse("CC-BY-SA-1.0")).admitted
    assert Gate.make("CC-BY-SA-1.0", "cc-conservative").judge(parse("CC-BY-SA-1.0")).admitted
    assert Gate.make("CC-BY-SA-4.0", "cc-conservative").judge(parse("CC-BY-SA-2.0-FR")).admitted
