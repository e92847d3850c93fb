"""What the two commands write to standard output."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from scripted_decoder import Scripted

from clairiere.generate import commands
from clairiere.generate.commands import Sampling, chat_with, complete_prompt
from clairiere.tokens.tokenizer import Tokenizer


@pytest.fixture
def answers(
    scripted: Callable[..., Scripted], tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., None]:
    """Let every model be one that says these texts."""

    def set_answers(*texts: str) -> None:
        monkeypatch.setattr(commands, "resolve", lambda model: (scripted(*texts), tokenizer))

    return set_answers


def complete(capsys: pytest.CaptureFixture[str], **settings: Any) -> str:
    complete_prompt("model", "[Camille:]", Sampling(), **settings)
    return capsys.readouterr().out


def test_one_completion_streams(answers: Any, capsys: pytest.CaptureFixture[str]) -> None:
    answers(" Été.\n[Paul:] Oui.")
    assert complete(capsys, turns=1) == " Été.\n"


def test_several_are_set_apart(answers: Any, capsys: pytest.CaptureFixture[str]) -> None:
    answers(" Un.", " Deux.")
    assert complete(capsys, samples=2) == " Un.\n---\n Deux.\n"


def test_json_is_one_line_each(answers: Any, capsys: pytest.CaptureFixture[str]) -> None:
    answers(" Été.\nOui.", " Non.FIN")
    lines = complete(capsys, samples=2, stops=("FIN",), as_json=True).splitlines()
    first, second = map(json.loads, lines)
    assert "Été" in lines[0]
    assert first == {
        "prompt": "[Camille:]",
        "completion": " Été.\nOui.",
        "tokens": first["tokens"],
        "stopped_by": "end",
    }
    assert (second["completion"], second["stopped_by"]) == (" Non.", "stop")


def test_chat_reads_standard_input(
    answers: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(" Salut.")
    monkeypatch.setattr("sys.stdin", io.StringIO("Bonjour !\n"))
    chat_with("model", "[Camille:] Un.\n[Paul:] Deux.", Sampling())
    assert capsys.readouterr().out == "Salut.\n"
