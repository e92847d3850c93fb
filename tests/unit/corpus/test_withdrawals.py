"""The ledger of what is left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from clairiere.corpus.cards import Card
from clairiere.corpus.licenses.gate import Gate
from clairiere.corpus.options import Override
from clairiere.corpus.sources import judge_sources
from clairiere.corpus.withdrawals import LEDGER, documents_of, read_ledger, record, withdrawn_from
from clairiere.errors import UnreadableError


def test_a_ledger_keeps_what_it_was_told(tmp_path: Path) -> None:
    ledger = tmp_path / LEDGER
    assert read_ledger(ledger) == {}
    record(ledger, "talks", "l’éditeur l’a demandé")
    record(ledger, "plays/a.xml#3", "a letter")
    assert read_ledger(ledger) == {"talks": "l’éditeur l’a demandé", "plays/a.xml#3": "a letter"}
    assert json.loads(ledger.read_text(encoding="utf-8").splitlines()[0])["time"].endswith("Z")


def test_a_workspace_heeds_its_own_ledger_and_the_one_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(tmp_path / LEDGER, "talks", "for all")
    record(tmp_path / "one" / LEDGER, "plays", "for one")
    monkeypatch.chdir(tmp_path)
    assert withdrawn_from(Path("one")) == {"talks": "for all", "plays": "for one"}
    assert withdrawn_from(tmp_path / "other") == {"talks": "for all"}
    monkeypatch.chdir(tmp_path / "one")
    assert withdrawn_from(Path()) == {"talks": "for all", "plays": "for one"}


def test_a_workspace_elsewhere_heeds_the_ledger_of_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(tmp_path / "workspaces" / LEDGER, "talks", "for all")
    record(tmp_path / "elsewhere" / LEDGER, "plays", "for those beside it")
    monkeypatch.chdir(tmp_path)
    assert withdrawn_from(tmp_path / "elsewhere" / "one") == {"plays": "for those beside it", "talks": "for all"}
    assert withdrawn_from(Path("workspaces") / "one") == {"talks": "for all"}


def test_only_documents_of_the_sources_concern_them() -> None:
    withdrawn = {"talks": "x", "talks/b": "2", "talks/a": "1", "talks-2/a": "3", "plays/a": "4"}
    assert list(documents_of(withdrawn, ["talks"]).items()) == [("talks/a", "1"), ("talks/b", "2")]


@pytest.mark.parametrize("line", ["{", "[]", '{"withdrawn": "a"}', '{"withdrawn": [], "reason": "b"}', "\udce9"])
def test_a_broken_ledger_stops_everything(tmp_path: Path, line: str) -> None:
    record(tmp_path / LEDGER, "talks", "x")
    with (tmp_path / LEDGER).open("a", encoding="utf-8", errors="surrogateescape") as stream:
        stream.write(line + "\n")
    with pytest.raises(UnreadableError, match="a line that records no withdrawal") as caught:
        withdrawn_from(tmp_path)
    assert f"{LEDGER}:2" in str(caught.value)
    assert "nothing is built until it can be read" in str(caught.value)


def test_no_override_admits_what_is_withdrawn(make_card: Callable[..., Card]) -> None:
    gate = Gate.make("CC-BY-SA-4.0", "claire", [Override(source="talks", name="A", reason="b")])
    (judged,) = judge_sources([make_card()], gate, {"talks": "the publisher asked"})
    assert (judged.judgment.admitted, judged.judgment.reason) == (False, "withdrawn: the publisher asked")
    assert judge_sources([make_card()], gate, {"other": "x"})[0].judgment.admitted
