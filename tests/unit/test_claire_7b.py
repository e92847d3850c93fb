"""The published recipe of Claire-7B and its thirty-five source cards, without weights or data."""

from __future__ import annotations

from pathlib import Path

import pytest

from clairiere.corpus.licenses.gate import Gate
from clairiere.corpus.sources import Judged, judge_sources, load_cards
from clairiere.model.sizes import lora_parameters, parameters, shape_from_options
from clairiere.recipe import RecipeFile, load

RECIPE = Path(__file__).parents[2] / "recipes" / "claire-7b.toml"
OPEN = {
    *(f"claire-assemblee-nationale-{legislature}" for legislature in (13, 14, 15, 16)),
    *("claire-acsynt", "claire-fredsum", "claire-paris-stories", "claire-summ-re", "claire-otg", "claire-ubs"),
    *("claire-linto-discourse", "claire-linto-free", "claire-linto-meetings"),
}


@pytest.fixture(autouse=True)
def _no_dataset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLAIRE_DATASET", raising=False)


def judge(file: RecipeFile) -> dict[str, Judged]:
    gate = Gate.make(file.recipe.license, file.recipe.policy, file.recipe.corpus.overrides)
    cards = load_cards(file.recipe.corpus.sources, file.path.parent)
    return {judged.card.name: judged for judged in judge_sources(cards, gate)}


def admitted(*settings: str) -> set[str]:
    return {name for name, judged in judge(load(RECIPE, settings)).items() if judged.judgment.admitted}


def test_the_shape_is_that_of_falcon_7b() -> None:
    recipe = load(RECIPE).recipe
    shape = shape_from_options(recipe.model, vocabulary_size=65_024, sequence_length=recipe.tokens.sequence_length)
    lora = recipe.train[0].lora
    width, fused, mlp, vocabulary = 4_544, 4_544 + 2 * 64, 4 * 4_544, 65_024
    layer = (width + fused) + (width + width) + 2 * (width + mlp)
    assert parameters(shape) == 6_921_720_704
    assert lora_parameters(shape, lora.rank, lora.targets) == 16 * (32 * layer + width + vocabulary)


def test_the_run_is_as_long_and_as_wide_as_the_published_one() -> None:
    phase = load(RECIPE).recipe.train[0]
    assert phase.batch_tokens == 132 * 2_048
    assert phase.micro_batch_tokens == 12 * 2_048
    assert phase.tokens == 340_000_000


def test_every_card_has_a_weight_and_every_weight_a_card() -> None:
    file = load(RECIPE)
    weights = file.recipe.train[0].weights
    assert set(weights) == set(judge(file))
    assert sum(weights.values()) == pytest.approx(100, abs=0.05)


@pytest.mark.parametrize(
    ("category", "share"),
    [
        ("parliament", 35),
        ("interview", 29),
        ("theatre", 18),
        ("free-conversation", 10),
        ("meeting", 5),
        ("debate", 2),
        ("assistance", 1),
        ("lecture", 0.5),
    ],
)
def test_the_weights_add_up_to_the_shares_on_the_published_card(category: str, share: float) -> None:
    file = load(RECIPE)
    weights = file.recipe.train[0].weights
    names = [name for name, judged in judge(file).items() if judged.card.source.category == category]
    assert sum(weights[name] for name in names) == pytest.approx(share, abs=0.5)


def test_only_what_has_no_license_is_refused() -> None:
    refused = {name: judged for name, judged in judge(load(RECIPE)).items() if not judged.judgment.admitted}
    assert list(refused) == ["claire-theatre-gratuit"]
    assert "no license of the work" in refused["claire-theatre-gratuit"].judgment.reason


@pytest.mark.parametrize("target", ["CC-BY-SA-4.0", "Apache-2.0"])
def test_under_an_open_license_nothing_non_commercial_gets_through(target: str) -> None:
    assert admitted(f"license={target}") == OPEN


def test_cards_bear_their_files_name_and_read_only_the_published_training_part() -> None:
    for judged in judge(load(RECIPE)).values():
        source = judged.card.source
        assert judged.card.file.stem == source.name
        assert judged.card.spelled_path.startswith("${CLAIRE_DATASET}/FR/")
        assert (source.reader, source.include) == ("claire_text", ("train.txt",))
