"""How the license follows from the sources."""

from __future__ import annotations

from typing import Any

import pytest
from release_world import GATE, RECIPE, SOURCES, judged, source

from clairiere.corpus.licenses.gate import Gate
from clairiere.corpus.licenses.policies import POLICIES, Policy
from clairiere.errors import ReleaseError
from clairiere.release.license_report import derive


def test_admitted_refused_and_the_other_reading() -> None:
    report = derive(SOURCES, RECIPE["sources"], GATE)
    assert [source.name for source in report.admitted] == ["plays", "talks"]
    assert [(source.name, source.reason) for source in report.refused] == [("sold", "CC-BY-NC-4.0 is non-commercial")]
    assert report.share_alike == ("plays",)
    assert "none is non-commercial and 1 is share-alike (`plays`)" in report.conclusion
    assert "may bear CC-BY-SA-4.0" in report.conclusion
    assert report.other_reading == "Under the policy `cc-conservative` the same sources would be admitted."
    assert report.to_json()["policy_text"] == POLICIES["claire"].reasoning


def test_a_stricter_policy_names_what_it_would_refuse() -> None:
    gate = Gate.make("Apache-2.0", "claire")
    report = derive({"plays": source("CC-BY-SA-4.0")}, [judged("plays", "CC-BY-SA-4.0")], gate)
    assert report.other_reading.startswith(
        "Under the policy `cc-conservative` these would be refused: `plays` (CC-BY-SA"
    )


def test_licenses_file_by_file_are_all_counted() -> None:
    mixed: dict[str, Any] = source(None, licenses={"CC0-1.0": 3, "CC-BY-NC-SA-4.0": 2})
    report = derive({"mixed": mixed}, [judged("mixed", None)], Gate.make("CC-BY-NC-SA-4.0", "cc-conservative"))
    assert report.admitted[0].licenses == ("CC0-1.0", "CC-BY-NC-SA-4.0")
    assert report.non_commercial == ("mixed",)
    assert "non-commercial and share-alike terms reach the weights" in report.conclusion


def test_a_license_of_its_own_is_said_to_be_one() -> None:
    own = source("LicenseRef-Village")
    report = derive({"own": own}, [judged("own", "LicenseRef-Village")], GATE)
    assert "The terms of `own` stand in texts of their own." in report.conclusion


def test_a_license_of_its_own_hides_no_term_beside_it() -> None:
    both = "LicenseRef-Village AND CC-BY-NC-SA-4.0"
    report = derive({"own": source(both)}, [judged("own", both)], Gate.make("CC-BY-NC-4.0", "claire"))
    assert (report.own_terms, report.non_commercial, report.share_alike) == (("own",), ("own",), ("own",))
    assert "CC-BY-NC-SA-4.0 is share-alike" in report.other_reading


def test_a_license_that_cannot_be_read_was_admitted_by_a_person() -> None:
    override = {"source": "found", "name": "Ada", "reason": "The holder wrote to us."}
    report = derive({"found": source("free as in beer")}, [judged("found", None, override=override)], GATE)
    assert (report.admitted[0].licenses, report.own_terms) == (("free as in beer",), ("found",))


def test_an_override_stands_with_name_and_reason() -> None:
    override = {"source": "found", "name": "Ada", "reason": "The holder wrote to us."}
    report = derive({"found": source(None)}, [judged("found", None, override=override)], GATE)
    (admitted,) = report.overrides
    assert admitted.override == {"name": "Ada", "reason": "The holder wrote to us."}
    assert admitted.licenses == ()


def test_a_source_without_license_or_override_stops_the_release() -> None:
    with pytest.raises(ReleaseError, match=r"missing: `sources.found.license`") as caught:
        derive({"found": source(None, licenses={"unknown": 2})}, [judged("found", None)], GATE)
    assert "facts of corpus/manifest.json" in str(caught.value)


def test_a_source_that_was_never_judged_stops_the_release() -> None:
    with pytest.raises(ReleaseError, match=r"missing: `sources.plays`"):
        derive(SOURCES, [], GATE)


@pytest.mark.parametrize(
    ("reaches", "said"),
    [((), "none of their terms reach"), (("share-alike",), "only share-alike terms reach")],
)
def test_a_policy_of_the_recipes_own_is_told_in_its_own_words(reaches: tuple[str, ...], said: str) -> None:
    policy = Policy.model_validate({"name": "ours", "reasoning": "What our lawyer said.", "reaches": reaches})
    report = derive({"talks": source("CC-BY-NC-4.0")}, [judged("talks", "CC-BY-NC-4.0")], Gate.make("MIT", policy))
    assert (report.policy, report.policy_text) == ("ours", "What our lawyer said.")
    assert said in report.conclusion
    assert "Under the policy `cc-conservative` these would be refused: `talks`" in report.other_reading
