"""What an exported folder has to pass."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from clairiere.errors import ReleaseError
from clairiere.release import check
from clairiere.release.check import Comparison, compare, require_equal, run_snippet, transformers_logits
from clairiere.release.snippet import greeting, snippet


def write_card(folder: Path, code: str) -> Path:
    (folder / "README.md").write_text(f"# A\n\n```python\n{code}\n```\n", encoding="utf-8")
    return folder


def test_compare_takes_the_largest_over_all_texts() -> None:
    ours = [torch.tensor([[1.0, -4.0]]), torch.tensor([[2.0, 0.0], [1.0, 1.0]])]
    theirs = [torch.tensor([[1.0, -4.0]]), torch.tensor([[2.0, 0.5], [1.0, 1.0]])]
    assert compare(ours, theirs) == Comparison(tokens=3, largest_logit=4.0, largest_difference=0.5)


@pytest.mark.parametrize("difference", [0.5, float("nan")])
def test_logits_that_differ_stop_the_release(tmp_path: Path, difference: float) -> None:
    with pytest.raises(ReleaseError, match=r"logits here and there differ by (5.00e-01|nan)") as caught:
        require_equal(Comparison(3, 4.0, difference), "logits here and there", tmp_path)
    assert "at most 4.00e-04" in str(caught.value)


def test_rounding_does_not(tmp_path: Path) -> None:
    require_equal(Comparison(3, 4.0, 1e-6), "logits", tmp_path)


def test_a_folder_that_transformers_cannot_load_stops_the_release(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="does not load in transformers"):
        transformers_logits(tmp_path, [[1]])


def test_a_snippet_runs_beside_its_folder_and_without_a_network(tmp_path: Path) -> None:
    code = 'import os, pathlib\nprint(pathlib.Path("m/README.md").is_file(), os.environ["HF_HUB_OFFLINE"])'
    assert run_snippet(write_card(tmp_path, code), "m") == "True 1"


@pytest.mark.parametrize(
    ("code", "found"),
    [("1 / 0", "snippet fails: .*ZeroDivisionError"), ("pass", "snippet prints nothing")],
)
def test_a_snippet_that_fails_stops_the_release(tmp_path: Path, code: str, found: str) -> None:
    with pytest.raises(ReleaseError, match=f"(?s){found}"):
        run_snippet(write_card(tmp_path, code), "m")


def test_a_snippet_that_does_not_end_stops_the_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "SNIPPET_SECONDS", 1)
    with pytest.raises(ReleaseError, match="does not end within 1 s"):
        run_snippet(write_card(tmp_path, "import time\ntime.sleep(60)"), "m")


def test_the_greeting_is_in_the_models_language() -> None:
    assert greeting("en-GB").startswith("- Hello")
    assert greeting("wo") == greeting("fr")


def test_quotes_and_lines_survive_in_the_snippet() -> None:
    code = snippet('a "name"', "l'été\n\"- \\", context=10)
    assert r'path = "a \"name\""' in code
    assert r'tokenizer("l' in code
    assert "max_new_tokens=5" in code
    compile(code, "card", "exec")
