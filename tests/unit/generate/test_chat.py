"""The chat loop over two streams, and in a terminal."""

from __future__ import annotations

import builtins
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from scripted_decoder import Scripted

from clairiere.errors import RequestError
from clairiere.generate import chat as chat_module
from clairiere.generate.chat import Chat
from clairiere.generate.sampling import Sampling
from clairiere.tokens.tokenizer import Tokenizer

Script = Callable[..., Scripted]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def talk(decoder: Any, tokenizer: Tokenizer, said: str, **settings: Any) -> str:
    """What the model answers on standard output to what is said on standard input."""
    out = io.StringIO()
    Chat(decoder, tokenizer, stdin=io.StringIO(said), stdout=out, **settings).run()
    return out.getvalue()


def test_each_line_gets_an_answer_up_to_the_next_speaker(scripted: Script, tokenizer: Tokenizer) -> None:
    decoder = scripted(" Salut.\n[Intervenant 1:] Non", " Oui,\ntrès bien.", "\n[Intervenant 1:] Et ?")
    assert talk(decoder, tokenizer, "Bonjour !\n\n  Ça va ?\r\nAh ?") == "Salut.\nOui,\ntrès bien.\n\n"
    assert decoder.prompt_text(0) == "[Intervenant 1:] Bonjour !\n[Intervenant 2:]"
    assert decoder.prompt_text(1).endswith("[Intervenant 2:] Salut.\n[Intervenant 1:] Ça va ?\n[Intervenant 2:]")
    assert decoder.prompt_text(2).endswith("Oui,\ntrès bien.\n[Intervenant 1:] Ah ?\n[Intervenant 2:]")


@pytest.mark.parametrize(
    ("opening", "script", "prompt"),
    [
        (
            "[Camille:] Un.\n[Paul:] Deux.",
            " Oui.\n[Camille:] X",
            "[Camille:] Un.\n[Paul:] Deux.\n[Camille:] Et ?\n[Paul:]",
        ),
        ("- Un.\n- Deux.", " Oui.\n- X", "- Un.\n- Deux.\n- Et ?\n-"),
        ("Un, deux.", "Oui.\n\nX", "Un, deux.\nEt ?\n"),
    ],
)
def test_it_stops_in_the_openings_format(
    scripted: Script, tokenizer: Tokenizer, opening: str, script: str, prompt: str
) -> None:
    decoder = scripted(script)
    assert talk(decoder, tokenizer, "Et ?\n", opening=opening) == "Oui.\n"
    assert decoder.prompt_text() == prompt


def test_the_model_speaks_first_where_the_opening_asks_it(scripted: Script, tokenizer: Tokenizer) -> None:
    decoder = scripted(" Un.", " Deux.", " Trois.")
    assert talk(decoder, tokenizer, "Et ?\n/new\n", opening="[Camille:] Alors ?\n[Paul:]") == "Un.\nDeux.\nTrois.\n"
    assert decoder.prompt_text(2) == decoder.prompt_text(0) == "[Camille:] Alors ?\n[Paul:]"


def test_commands(scripted: Script, tokenizer: Tokenizer, capsys: pytest.CaptureFixture[str]) -> None:
    decoder = scripted(" Un.", " Deux.")
    assert talk(decoder, tokenizer, "a\n/new\n/aide\nb\n/quit\nc\n") == "Un.\nDeux.\n"
    assert decoder.prompt_text() == "[Intervenant 1:] b\n[Intervenant 2:]"
    assert "no command `/aide`; commands: /new starts again, /quit ends" in capsys.readouterr().err


def test_seeds_differ_from_answer_to_answer(
    scripted: Script, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds: list[int] = []
    original = chat_module.complete
    monkeypatch.setattr(
        chat_module, "complete", lambda *args, **settings: seeds.append(settings["seed"]) or original(*args, **settings)
    )
    talk(scripted(" Un.", " Deux."), tokenizer, "a\nb\n", sampling=Sampling(seed=5))
    assert seeds == [5, 6]


def test_old_turns_make_room(scripted: Script, tokenizer: Tokenizer) -> None:
    decoder = scripted(*[" Oui, très bien, merci !"] * 6, context=64)
    talk(decoder, tokenizer, "Bonjour, ça va ?\n" * 6, sampling=Sampling(max_tokens=30))
    assert max(map(len, decoder.prompts)) <= 34
    assert decoder.prompt_text().endswith("Bonjour, ça va ?\n[Intervenant 2:]")


def test_input_that_is_not_utf8_is_an_error(scripted: Script, tokenizer: Tokenizer) -> None:
    stdin = io.TextIOWrapper(io.BytesIO("é\n".encode("latin1")), encoding="utf-8")
    with pytest.raises(RequestError, match="a line that is not UTF-8") as caught:
        Chat(scripted(), tokenizer, stdin=stdin, stdout=io.StringIO()).run()
    assert "standard input" in str(caught.value)


def in_terminal(monkeypatch: pytest.MonkeyPatch, lines: list[str]) -> list[str]:
    """Let `input` return the lines, then end; the prompts it was given."""
    asked: list[str] = []
    left: Iterator[str] = iter(lines)

    def answer(prompt: str) -> str:
        asked.append(prompt)
        try:
            return next(left)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr(builtins, "input", answer)
    return asked


def test_a_terminal_shows_who_speaks(
    scripted: Script, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = in_terminal(monkeypatch, ["Bonjour !"])
    out = io.StringIO()
    Chat(scripted(" Salut."), tokenizer, stdin=Terminal(), stdout=out).run()
    assert asked == ["Intervenant 1 › "] * 2
    assert out.getvalue() == "Intervenant 2 › Salut.\n"
    assert "/quit ends" in capsys.readouterr().err


def test_an_interrupt_ends_the_answer_but_not_the_chat(
    scripted: Script, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    decoder = scripted(" Salut.", " Bien.")
    original, calls = chat_module.complete, []

    def interrupted(*args: Any, **settings: Any) -> Any:
        calls.append(args)
        if len(calls) > 1:
            return original(*args, **settings)
        settings["on_text"](0, " Sal")
        raise KeyboardInterrupt

    monkeypatch.setattr(chat_module, "complete", interrupted)
    assert talk(decoder, tokenizer, "Bonjour !\nÇa va ?\n") == "Sal\nSalut.\n"
    assert "[Intervenant 2:] Sal\n" in decoder.prompt_text()
    assert "(interrupted)" in capsys.readouterr().err
