"""Fetching what cards name, from servers and repositories of this machine."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from range_server import Site, serving

from clairiere.corpus.cards import Card
from clairiere.corpus.fetch import download, git, hub
from clairiere.corpus.fetch.run import RECORD, fetch_cards, folder_of
from clairiere.errors import CardError, FetchError

MakeCard = Callable[..., Card]
TALK = b"[A:] Bonjour.\n" * 1000
SHA256 = hashlib.sha256(TALK).hexdigest()


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the downloads would have waited."""
    waited: list[float] = []
    monkeypatch.setattr(download.time, "sleep", waited.append)
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    return waited


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site({"/data/talk.txt": TALK})) as served:
        yield served


def card_of(make_card: MakeCard, *places: str, **changes: str) -> Card:
    return make_card("".join(f"\n[[fetch]]\n{place}\n" for place in places), **changes)


def card_for(make_card: MakeCard, site: Site, extra: str = f'sha256 = "{SHA256}"', **changes: str) -> Card:
    return card_of(make_card, f'url = "{site.url}/data/talk.txt"\n{extra}', **changes)


def failure(card: Card) -> str:
    with pytest.raises(FetchError) as caught:
        fetch_cards([card])
    return str(caught.value)


def test_a_file_comes_once(make_card: MakeCard, site: Site, tmp_path: Path) -> None:
    card = card_for(make_card, site, f'sha256 = "{SHA256}"\nsize_bytes = {len(TALK)}\npath = "deep/one.txt"')
    assert fetch_cards([card]) == ["talks"]
    assert (tmp_path / "files/deep/one.txt").read_bytes() == TALK
    assert fetch_cards([card]) == []
    assert len(site.asked) == 1
    assert site.asked[0]["User-Agent"].startswith("clairiere/")
    assert sorted(path.name for path in (tmp_path / "files").rglob("*")) == [RECORD, "deep", "one.txt"]


def test_what_is_gone_or_changed_comes_again(make_card: MakeCard, site: Site, tmp_path: Path) -> None:
    card = card_for(make_card, site)
    fetch_cards([card])
    (tmp_path / "files/talk.txt").write_text("cut")
    assert fetch_cards([card]) == ["talks"]
    assert (tmp_path / "files/talk.txt").read_bytes() == TALK


@pytest.mark.parametrize("extra", [f'sha256 = "{SHA256}"', ""])
def test_a_transfer_that_breaks_off_goes_on(
    make_card: MakeCard, site: Site, tmp_path: Path, pauses: list[float], extra: str
) -> None:
    site.break_after = [5_000, 4_000]
    fetch_cards([card_for(make_card, site, extra)])
    assert (tmp_path / "files/talk.txt").read_bytes() == TALK
    assert [asked.get("Range") for asked in site.asked] == [None, "bytes=5000-", "bytes=9000-"]
    assert site.asked[1]["If-Range"] == '"1"'
    assert pauses == [1.0, 2.0]


def test_a_file_that_changed_meanwhile_is_not_patched_together(make_card: MakeCard, site: Site, tmp_path: Path) -> None:
    site.break_after = [5_000]
    partial = tmp_path / "files/.talk.txt.part"
    partial.parent.mkdir()
    partial.write_bytes(b"of another version")
    partial.with_name(".talk.txt.part.validator").write_text('"0"')
    fetch_cards([card_for(make_card, site, "")])
    assert (tmp_path / "files/talk.txt").read_bytes() == TALK


@pytest.mark.parametrize("etag", [None, 'W/"weak"'])
def test_without_digest_and_mark_an_attempt_starts_anew(
    make_card: MakeCard, site: Site, tmp_path: Path, etag: str | None
) -> None:
    site.etag, site.break_after = etag, [5_000]
    fetch_cards([card_for(make_card, site, "")])
    assert (tmp_path / "files/talk.txt").read_bytes() == TALK
    assert not any("Range" in asked for asked in site.asked)


def test_more_than_there_is_starts_anew(make_card: MakeCard, site: Site, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files/.talk.txt.part").write_bytes(TALK + b"more")
    fetch_cards([card_for(make_card, site)])
    assert (tmp_path / "files/talk.txt").read_bytes() == TALK


def test_a_killed_run_that_had_everything_asks_nobody(make_card: MakeCard, site: Site, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files/.talk.txt.part").write_bytes(TALK)
    fetch_cards([card_for(make_card, site)])
    assert (tmp_path / "files/talk.txt").read_bytes() == TALK
    assert site.asked == []


def test_a_server_that_asks_for_patience_gets_it(make_card: MakeCard, site: Site, pauses: list[float]) -> None:
    site.answers = [
        (429, {"Retry-After": "7"}),
        (503, {"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}),
        (503, {"Retry-After": "soon"}),
        (500, {"Retry-After": "99999"}),
    ]
    assert fetch_cards([card_for(make_card, site)]) == ["talks"]
    assert pauses == [7.0, 2.0, 4.0, 300.0]


def test_a_wrong_digest_or_size_is_thrown_away(make_card: MakeCard, site: Site, tmp_path: Path) -> None:
    message = failure(card_for(make_card, site, f'sha256 = "{"0" * 64}"'))
    assert f"a file whose sha256 is {SHA256} instead of 000" in message
    assert f"{site.url}/data/talk.txt" in message
    assert "what came was thrown away" in message
    assert "a file of 14,000 bytes instead of 3" in failure(card_for(make_card, site, "size_bytes = 3"))
    assert [path.name for path in (tmp_path / "files").iterdir()] == [RECORD]


def test_a_digest_that_the_card_lacks_is_told(
    make_card: MakeCard, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    fetch_cards([card_for(make_card, site, "")])
    assert f'sha256 = "{SHA256}" (the card has none' in capsys.readouterr().err


def test_a_file_that_is_not_there(make_card: MakeCard, site: Site, tmp_path: Path) -> None:
    message = failure(card_of(make_card, f'url = "{site.url}/data/gone.txt"'))
    assert "the server answers 404" in message
    assert f"put {site.url}/data/gone.txt, as `gone.txt`, into {tmp_path / 'files'}" in message
    assert len(site.asked) == 1


def test_no_network(make_card: MakeCard, tmp_path: Path, pauses: list[float]) -> None:
    message = failure(card_of(make_card, 'url = "http://127.0.0.1:9/talk.txt"'))
    assert "the transfer broke off: [Errno 111] Connection refused" in message
    assert f"without a network, put http://127.0.0.1:9/talk.txt, as `talk.txt`, into {tmp_path / 'files'}" in message
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0]


def test_a_redirect_leads_to_http_alone(make_card: MakeCard, site: Site, tmp_path: Path) -> None:
    site.redirects = {"/a.txt": "/data/talk.txt", "/b.txt": "file:///etc/hostname", "/c.txt": "ftp://example.org/x"}
    fetch_cards([card_of(make_card, f'url = "{site.url}/a.txt"')])
    assert (tmp_path / "files/a.txt").read_bytes() == TALK
    assert "the server answers 302" in failure(card_of(make_card, f'url = "{site.url}/b.txt"'))
    assert "unknown url type: ftp" in failure(card_of(make_card, f'url = "{site.url}/c.txt"'))


def test_files_that_somebody_else_put_there(make_card: MakeCard, site: Site, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files/talk.txt").write_bytes(TALK)
    assert fetch_cards([card_for(make_card, site)]) == []
    assert site.asked == []
    (tmp_path / "files/talk.txt").write_text("Mine.")
    message = failure(card_for(make_card, site))
    assert "instead of" in message
    assert "move it away" in message
    assert (tmp_path / "files/talk.txt").read_text() == "Mine."


def test_where_the_files_go(make_card: MakeCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert folder_of(make_card(path='"a/talks.zip"')) == tmp_path / "a"
    assert folder_of(make_card(path='"a/v1.2"')) == tmp_path / "a/v1.2"
    (tmp_path / "corpus.d").mkdir()
    assert folder_of(make_card(path='"corpus.d"')) == tmp_path / "corpus.d"
    (tmp_path / "plain").write_text("")
    assert folder_of(make_card(path='"plain"')) == tmp_path
    monkeypatch.delenv("TALKS", raising=False)
    with pytest.raises(FetchError, match="the variable TALKS is not set") as caught:
        folder_of(make_card(path='"${TALKS}/a"'))
    assert "export TALKS=FOLDER" in str(caught.value)


def test_a_card_without_a_place(make_card: MakeCard, capsys: pytest.CaptureFixture[str]) -> None:
    assert fetch_cards([make_card()]) == []
    assert "talks: its card names no place to fetch from" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("", "exactly one of url, huggingface and git is needed, found none"),
        ('url = "https://a.org/b"\ngit = "https://a.org/c"', "found url and git"),
        ('url = "file:///etc/passwd"', "should match pattern"),
        ('url = "https://a.org/b"\ncommit = "' + "0" * 40 + '"', "`commit` says nothing of a place by `url`"),
        ('url = "https://a.org/b"\npath = "../c"', "`path` must name a file or folder inside the card's, found `../c`"),
        ('url = "https://a.org/b"\npath = "/c"', "found `/c`"),
        ('url = "https://a.org/"', "`url` must name a file"),
        ('url = "https://a.org/.x"', "found `.x`"),
        ('url = "https://a.org/%2e%2e%2fx"', "found `../x`"),
        ('git = "https://a.org/b"', "a place by `git` needs its `commit`"),
        ('git = "ssh://a.org/b"\ncommit = "' + "0" * 40 + '"', "should match pattern"),
        ('git = "https://a.org/b"\ncommit = "main"', "should match pattern"),
        ('huggingface = "a/b"', "a place by `huggingface` needs its `revision`"),
        ('url = "https://a.org/b"\nsha265 = "x"', "unknown key `fetch.0.sha265`: did you mean `sha256`?"),
    ],
)
def test_a_place_that_cannot_be_followed(make_card: MakeCard, place: str, found: str) -> None:
    with pytest.raises(CardError) as caught:
        card_of(make_card, place)
    assert found in str(caught.value)


@pytest.fixture
def repository(tmp_path: Path) -> SimpleNamespace:
    """A git repository with plays, a link, a hook and a submodule's settings; its URL and commit."""
    folder = tmp_path / "repository"
    (folder / "plays/deep").mkdir(parents=True)
    (folder / "plays/one.txt").write_text("[A:] Un.\n")
    (folder / "plays/deep/two.txt").write_text("[A:] Deux.\n")
    (folder / "plays/link.txt").symlink_to("/etc/hostname")
    (folder / "outside").symlink_to("/etc")
    (folder / ".gitmodules").write_text('[submodule "x"]\n\tpath = x\n\turl = https://127.0.0.1:9/x\n')

    def run(*arguments: str) -> str:
        command = ["git", "-C", str(folder), "-c", "user.name=A", "-c", "user.email=a@b.c", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    run("init", "--quiet")
    run("add", ".")
    run("commit", "--quiet", "-m", "Plays")
    return SimpleNamespace(url=f"file://{folder}", commit=run("rev-parse", "HEAD"))


def place_of(repository: SimpleNamespace, extra: str = 'subfolder = "plays"') -> str:
    return f'git = "{repository.url}"\ncommit = "{repository.commit}"\n{extra}'


def test_a_commit_comes_once_without_links_and_history(
    make_card: MakeCard, repository: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nonsense"))
    card = card_of(make_card, place_of(repository))
    assert fetch_cards([card]) == ["talks"]
    found = sorted(path.relative_to(tmp_path / "files").as_posix() for path in (tmp_path / "files").rglob("*"))
    assert found == [RECORD, "deep", "deep/two.txt", "one.txt"]
    assert fetch_cards([card]) == []


def test_a_whole_repository(make_card: MakeCard, repository: SimpleNamespace, tmp_path: Path) -> None:
    fetch_cards([card_of(make_card, place_of(repository, ""))])
    assert (tmp_path / "files/plays/one.txt").read_text() == "[A:] Un.\n"
    assert not (tmp_path / "files/outside").exists()
    assert not (tmp_path / "files/.gitmodules").exists()


@pytest.mark.parametrize("subfolder", ["prose", "outside"])
def test_a_folder_that_the_repository_lacks(make_card: MakeCard, repository: SimpleNamespace, subfolder: str) -> None:
    message = failure(card_of(make_card, place_of(repository, f'subfolder = "{subfolder}"')))
    assert f"no folder `{subfolder}` in the repository" in message


def test_a_commit_that_the_repository_lacks(make_card: MakeCard, repository: SimpleNamespace, tmp_path: Path) -> None:
    repository.commit = "0" * 40
    message = failure(card_of(make_card, place_of(repository)))
    assert "git fetch failed: fatal:" in message
    assert not (tmp_path / "files" / git.SCRATCH).exists()


def test_files_of_another_are_left_alone_by_git_and_hub(
    make_card: MakeCard, repository: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files/one.txt").write_text("Mine.")
    assert fetch_cards([card_of(make_card, place_of(repository))]) == []
    assert (tmp_path / "files/one.txt").read_text() == "Mine."
    assert "holds files that were not fetched here" in capsys.readouterr().err


def test_no_git(
    make_card: MakeCard, repository: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "no `git` on this machine" in failure(card_of(make_card, place_of(repository)))


HUB = 'huggingface = "owner/name"\nrevision = "abc"\nsubfolder = "FR"\nfiles = ["*.txt"]'


def test_a_dataset_comes_by_the_hubs_own_client(
    make_card: MakeCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = pytest.importorskip("huggingface_hub", reason="needs the extra `fetch`")
    asked: list[dict[str, object]] = []

    def bring(**arguments: object) -> None:
        asked.append(arguments)
        scratch = Path(str(arguments["local_dir"]))
        (scratch / "FR/deep").mkdir(parents=True)
        (scratch / "FR/deep/a.txt").write_bytes(TALK)
        (scratch / ".cache").mkdir()

    monkeypatch.setattr(client, "snapshot_download", bring)
    card = card_of(make_card, HUB)
    assert fetch_cards([card]) == ["talks"]
    assert asked == [
        {
            "repo_id": "owner/name",
            "repo_type": "dataset",
            "revision": "abc",
            "allow_patterns": ["FR/*.txt"],
            "local_dir": tmp_path / "files" / hub.SCRATCH,
        }
    ]
    (files,) = json.loads((tmp_path / "files" / RECORD).read_text()).values()
    assert files == {"deep/a.txt": len(TALK)}
    assert (tmp_path / "files/deep/a.txt").read_bytes() == TALK
    assert not (tmp_path / "files" / hub.SCRATCH).exists()
    assert fetch_cards([card]) == []
    assert "no file of the dataset matches EN/*.txt" in failure_of_nothing(make_card, monkeypatch, client)


def failure_of_nothing(make_card: MakeCard, monkeypatch: pytest.MonkeyPatch, client: object) -> str:
    monkeypatch.setattr(client, "snapshot_download", lambda **_: None)
    return failure(card_of(make_card, HUB.replace("FR", "EN")))


def test_a_hub_that_does_not_answer(make_card: MakeCard, monkeypatch: pytest.MonkeyPatch) -> None:
    client = pytest.importorskip("huggingface_hub", reason="needs the extra `fetch`")

    def refuse(**_: object) -> None:
        raise client.errors.LocalEntryNotFoundError("nobody there\nat all")

    monkeypatch.setattr(client, "snapshot_download", refuse)
    message = failure(card_of(make_card, HUB))
    assert "the Hub did not give it: nobody there\n" in message
    assert "without a network, put the files `*.txt` of the folder `FR` of the dataset owner/name at abc" in message


def test_the_extra_is_named_by_the_package_that_is_missing(
    make_card: MakeCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(name: str) -> None:
        raise ModuleNotFoundError(f"No module named '{name}'", name=name)

    monkeypatch.setattr(hub, "importlib", SimpleNamespace(import_module=absent))
    with pytest.raises(ModuleNotFoundError, match="huggingface_hub"):
        fetch_cards([card_of(make_card, HUB)])
