"""`clairiere corpus RECIPE --fetch`: from a card alone to documents."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.flow.conftest import clairiere
from tests.flow.test_errors import CARD, OPEN, RECIPE

REFUSED = 'license.work = "CC0-1.0"\nlicense.edition = "CC-BY-NC-4.0"'


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=A", "-c", "user.email=a@b.c", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def write_recipe(folder: Path) -> Path:
    """A recipe whose sources lie in a git repository: one that is admitted, one that is refused."""
    repository = folder / "repository"
    (repository / "talks").mkdir(parents=True)
    (repository / "talks/a.txt").write_text("[A:] Bonjour.\n[B:] Bonsoir.\n")
    git(repository, "init", "--quiet")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "Talks")
    place = f'[[fetch]]\ngit = "file://{repository}"\ncommit = "{git(repository, "rev-parse", "HEAD")}"\n'
    for name, licenses in (("open", OPEN), ("bound", REFUSED)):
        card = CARD.format(name=name, licenses=licenses, path=f"data/{name}", reader="claire_text")
        (folder / f"{name}.card.toml").write_text(f'{card}\n{place}subfolder = "talks"\n')
    (folder / "recipe.toml").write_text(RECIPE.replace("card.toml", "*.card.toml"))
    return folder / "recipe.toml"


def test_the_admitted_sources_come_and_are_read(tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path)
    arguments = ("corpus", recipe, "--workspace", tmp_path / "w", "--json")
    missing = clairiere(*arguments)
    assert missing.returncode == 1
    assert f"`clairiere corpus {recipe} --fetch` brings them" in missing.stderr
    fetched = clairiere(*arguments, "--fetch")
    assert fetched.returncode == 0, fetched.stderr
    assert json.loads(fetched.stdout) == {"workspace": str(tmp_path / "w"), "fetched": ["open"], "ran": ["corpus"]}
    assert (tmp_path / "data/open/a.txt").is_file()
    assert not (tmp_path / "data/bound").exists()
    again = clairiere(*arguments, "--fetch")
    assert json.loads(again.stdout) == {"workspace": str(tmp_path / "w"), "fetched": [], "ran": []}


def test_a_place_that_is_gone_says_what_to_put_where(tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path)
    (tmp_path / "repository").rename(tmp_path / "elsewhere")
    result = clairiere("corpus", recipe, "--workspace", tmp_path / "w", "--fetch")
    assert result.returncode == 1
    assert "git fetch failed" in result.stderr
    assert "without a network, put the files of the folder `talks` of file://" in result.stderr
    assert f"into {tmp_path / 'data/open'}" in result.stderr
    assert "Traceback" not in result.stderr
