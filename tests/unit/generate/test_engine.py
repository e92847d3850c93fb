"""Completions: how they end, what streams, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from scripted_decoder import Scripted

from clairiere.errors import RequestError
from clairiere.generate.engine import Completion, complete
from clairiere.model.layers import Decoder
from clairiere.tokens.tokenizer import Tokenizer

Script = Callable[..., Scripted]


def run(decoder: Any, tokenizer: Tokenizer, prompt: str, **settings: Any) -> tuple[Completion, str]:
    """One completion and what was streamed of it."""
    pieces: list[str] = []
    (completion,) = complete(decoder, tokenizer, prompt, on_text=lambda _, text: pieces.append(text), **settings)
    return completion, "".join(pieces)


def test_the_end_token_ends(scripted: Script, tokenizer: Tokenizer) -> None:
    decoder = scripted(" Oui, très bien…")
    completion, streamed = run(decoder, tokenizer, "[Camille:]")
    tokens = len(tokenizer.encode(" Oui, très bien…"))
    assert completion == Completion("[Camille:]", " Oui, très bien…", tokens, "end")
    assert streamed == completion.completion
    assert decoder.prompts == [[tokenizer.bos_id, *tokenizer.encode("[Camille:]")]]


def test_any_of_several_end_tokens_ends(
    scripted: Script, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokenizer, "end_ids", frozenset({1, 2}))
    completion, _ = run(scripted([*tokenizer.encode(" Oui"), 2, *tokenizer.encode(" Non")]), tokenizer, "[Camille:]")
    assert (completion.completion, completion.stopped_by) == (" Oui", "end")


def test_the_length_ends_and_a_cut_character_is_shown(scripted: Script, tokenizer: Tokenizer) -> None:
    cut = len(tokenizer.encode("a🌳")) - 1
    completion, streamed = run(scripted("a🌳b"), tokenizer, "x", max_tokens=cut)
    assert (completion.completion, completion.tokens, completion.stopped_by) == ("a\ufffd", cut, "length")
    assert streamed == "a\ufffd"


def test_stop_texts_are_no_part_of_the_completion(scripted: Script, tokenizer: Tokenizer) -> None:
    completion, streamed = run(scripted("un deux troiFIN quatre"), tokenizer, "x", stops=["FINI", "FIN"])
    assert (completion.completion, completion.stopped_by) == ("un deux troi", "stop")
    assert streamed == "un deux troi"


def test_held_back_text_comes_when_it_is_no_stop(scripted: Script, tokenizer: Tokenizer) -> None:
    completion, streamed = run(scripted("la FI"), tokenizer, "x", stops=["FIN"])
    assert (completion.completion, completion.stopped_by, streamed) == ("la FI", "end", "la FI")


def test_turns_end_before_the_next_tag(scripted: Script, tokenizer: Tokenizer) -> None:
    script = " Oui.\n[Paul:] Bon.\n[Camille:] Encore."
    completion, streamed = run(scripted(script), tokenizer, "[Camille:]", turns=2)
    assert (completion.completion, completion.stopped_by) == (" Oui.\n[Paul:] Bon.", "turns")
    assert streamed == completion.completion


def test_a_tag_that_was_cut_off_is_no_part_of_a_turn(scripted: Script, tokenizer: Tokenizer) -> None:
    assert run(scripted(" Oui.\n[Pau"), tokenizer, "[Camille:]", turns=2)[0].completion == " Oui."
    assert run(scripted(" Oui.\n[Pau"), tokenizer, "[Camille:]")[0].completion == " Oui.\n[Pau"


def test_samples_end_each_on_its_own(scripted: Script, tokenizer: Tokenizer) -> None:
    streamed: dict[int, str] = {}
    decoder = scripted(" Oui.", " Non, non, non.", " Peut-FIN être")
    completions = complete(
        decoder,
        tokenizer,
        "x",
        samples=3,
        stops=["FIN"],
        on_text=lambda index, text: streamed.update({index: streamed.get(index, "") + text}),
    )
    assert [each.completion for each in completions] == [" Oui.", " Non, non, non.", " Peut-"]
    assert [each.stopped_by for each in completions] == ["end", "end", "stop"]
    assert streamed == dict(enumerate([" Oui.", " Non, non, non.", " Peut-"]))


def test_generation_stops_where_the_context_is_full(
    scripted: Script, tokenizer: Tokenizer, capsys: pytest.CaptureFixture[str]
) -> None:
    prompt = "Oui, non."
    length = 1 + len(tokenizer.encode(prompt))
    completion, _ = run(scripted("Là-bas. " * 90, context=40), tokenizer, prompt, max_tokens=1_000)
    assert completion.stopped_by == "length"
    assert completion.tokens == 40 - length
    assert capsys.readouterr().err == ""


def test_a_prompt_too_long_loses_its_beginning_with_a_note(
    scripted: Script, tokenizer: Tokenizer, capsys: pytest.CaptureFixture[str]
) -> None:
    decoder = scripted("Oui.", context=40)
    ids = tokenizer.encode("Il fait beau, là-bas. " * 9)
    completion, _ = run(decoder, tokenizer, "Il fait beau, là-bas. " * 9, max_tokens=10)
    assert decoder.prompts == [[tokenizer.bos_id, *ids[-29:]]]
    assert completion.completion == "Oui."
    note = capsys.readouterr().err
    assert f"the prompt has {len(ids) + 1} tokens and the model sees 40; its last 30 are used" in note


def test_the_same_seed_gives_the_same_text(tiny_decoder: Decoder, tokenizer: Tokenizer) -> None:
    def texts(seed: int, samples: int = 3) -> list[str]:
        settings = {"max_tokens": 12, "top_k": 0, "samples": samples, "seed": seed}
        return [each.completion for each in complete(tiny_decoder, tokenizer, "[Camille:]", **settings)]

    assert texts(1) == texts(1)
    assert texts(1) != texts(2)
    assert len(set(texts(1))) == 3
    assert texts(1, samples=1) == texts(1)[:1]


def test_an_empty_prompt_begins_with_the_start_token(
    scripted: Script, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = scripted("Bonjour.")
    assert run(decoder, tokenizer, "")[0].completion == "Bonjour."
    assert decoder.prompts == [[tokenizer.bos_id]]
    monkeypatch.setattr(tokenizer, "bos_id", None)
    with pytest.raises(RequestError, match="an empty prompt, and this model's tokenizer has no start token"):
        run(scripted(""), tokenizer, "")


def test_a_prompt_without_start_token_is_its_own_tokens(
    scripted: Script, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokenizer, "bos_id", None)
    decoder = scripted("!", context=20)
    run(decoder, tokenizer, "Oui, " * 20, max_tokens=5)
    assert decoder.prompts == [tokenizer.encode("Oui, " * 20)[-15:]]


def test_a_prompt_that_is_not_unicode_is_refused(scripted: Script, tokenizer: Tokenizer) -> None:
    with pytest.raises(RequestError, match="a prompt that is not UTF-8, at character 3") as caught:
        run(scripted(""), tokenizer, b"\xc3\xa9t\xe9".decode(errors="surrogateescape"))
    assert "iconv" in str(caught.value)


def test_special_tokens_in_a_prompt_are_text(scripted: Script, tokenizer: Tokenizer) -> None:
    decoder = scripted("!")
    run(decoder, tokenizer, "</s>")
    assert tokenizer.eos_id not in decoder.prompts[0]


@pytest.mark.parametrize("settings", [{"samples": 0}, {"max_tokens": 0}, {"turns": 0}, {"stops": [""]}, {"top_p": 2}])
def test_settings_out_of_range_are_refused(scripted: Script, tokenizer: Tokenizer, settings: dict[str, Any]) -> None:
    with pytest.raises(RequestError):
        complete(scripted(), tokenizer, "x", **settings)
