"""The file name is the registry."""

from __future__ import annotations

import pytest

from clairiere import plugins
from clairiere.errors import UnknownNameError


def test_names_are_the_public_modules() -> None:
    assert {"falcon", "llama", "mistral"} <= set(plugins.names("clairiere.model.families"))


def test_a_name_and_a_dotted_path_load() -> None:
    assert plugins.load("clairiere.model.families", "llama", "family").__name__ == "clairiere.model.families.llama"
    assert plugins.load("clairiere.model.families", "json.decoder", "family").__name__ == "json.decoder"


def test_an_unknown_name_answers_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="no family `lama`") as caught:
        plugins.load("clairiere.model.families", "lama", "family")
    assert "did you mean `llama`?" in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_name_near_nothing_lists_all() -> None:
    assert plugins.nearest("zzz", ["one", "two"]) == "known: `one`, `two`"


def test_a_dotted_path_that_is_not_there_says_so() -> None:
    with pytest.raises(UnknownNameError, match=r"no family `my\.own\.reader`") as caught:
        plugins.load("clairiere.model.families", "my.own.reader", "family")
    assert "PYTHONPATH" in str(caught.value)
