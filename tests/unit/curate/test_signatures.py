"""Exact digests and MinHash signatures."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clairiere.curate.batch import Batch
from clairiere.curate.duplicates.signatures import DIGEST_BYTES, measure, sign, similarity
from clairiere.curate.options import PERMUTATIONS
from clairiere.record import Document

Make = Callable[..., Document]
SPACES = " \t\n\x0b\x0c\r\x1c\x1f\x85\xa0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000"
TEXT = st.text(alphabet=st.one_of(st.sampled_from("aé’" + SPACES), st.characters(exclude_categories=["Cs"])))


def batch_of(texts: Sequence[Sequence[str]]) -> Batch:
    """Documents of turns' texts, with nothing else."""
    starts = np.cumsum([0, *(len(turns) for turns in texts)])
    return Batch({}, [], [turn for turns in texts for turn in turns], starts)


def signatures(*texts: str) -> list[np.ndarray]:
    return list(sign(batch_of([[text] for text in texts]))[0])


@given(st.lists(st.lists(TEXT, max_size=4), max_size=4))
def test_measures_are_those_of_plain_python(texts: list[list[str]]) -> None:
    batch = batch_of(texts)
    found = measure(batch)
    words = [[word for turn in turns for word in turn.split()] for turns in texts]
    digests = [hashlib.sha256(" ".join(some).encode()).digest()[:DIGEST_BYTES] for some in words]
    assert found.words.tolist() == batch.words.tolist() == [len(some) for some in words]
    assert found.bytes.tolist() == [sum(len(turn.encode()) for turn in turns) for turns in texts]
    assert found.digests.astype("<u8").tobytes() == b"".join(digests)


def test_speakers_turns_and_spacing_do_not_matter_to_a_digest(make_document: Make) -> None:
    one = make_document(("A", "Oui\u00a0! Non."), ("B", "Ah."))
    other = make_document((None, "Oui !\nNon. Ah."), id="other")
    digests = measure(Batch.from_documents([one, other])).digests
    assert digests[0].tolist() == digests[1].tolist()


def test_words_case_and_punctuation_do() -> None:
    texts = ("Oui non.", "Oui nom.", "oui non.", "Oui non", "Ouinon.")
    assert len({tuple(each) for each in measure(batch_of([[text] for text in texts])).digests.tolist()}) == len(texts)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Un deux trois quatre cinq six", "un, deux ; trois – QUATRE « cinq » six !"),
        ("ÉTÉ ŒUVRE ça straße l'été 12", "été œuvre ÇA straße l’été… 12"),
        ("МИР ВАМ один два три четыре", "мир вам, один два три четыре"),
        ("un deux trois quatre cinq 😀 six", "un deux trois quatre cinq six"),
    ],
)
def test_case_and_punctuation_do_not_matter_to_a_signature(one: str, other: str) -> None:
    first, second = signatures(one, other)
    assert similarity(first, second) == 1


def test_words_run_on_across_turns_but_not_across_documents() -> None:
    whole, shingles = sign(
        batch_of([["un deux trois quatre cinq six sept"], ["un deux trois", "quatre", "cinq six sept"]])
    )
    assert shingles.tolist() == [3, 3]
    assert whole[0].tolist() == whole[1].tolist()
    assert sign(batch_of([["un deux trois quatre"], ["cinq"], [""], []]))[1].tolist() == [0, 0, 0, 0]


def test_words_end_where_turns_end() -> None:
    joined, apart = sign(batch_of([["un deux trois quatre cinqsix"], ["un deux trois quatre cinq", "six"]]))[1]
    assert (joined, apart) == (1, 2)


def test_other_letters_are_words_too() -> None:
    assert sign(batch_of([["나는 학교에 갑니다 그리고 또한 𐌰𐌱𐌲 가"]]))[1].tolist() == [3]


@pytest.mark.parametrize("share", [0.2, 0.5, 0.7, 0.9])
def test_similarity_estimates_jaccard(share: float) -> None:
    generator = random.Random(0)
    errors = []
    for _ in range(30):
        words = [str(generator.randrange(10**9)) for _ in range(3_000)]
        common = round(2 * share / (1 + share) * 1_500)
        one, other = words[:1_500], words[1_500 - common : 3_000 - common]
        shared = common - 4
        truth = shared / (2 * 1_496 - shared)
        errors.append(similarity(*signatures(" ".join(one), " ".join(other))) - truth)
    deviation = (share * (1 - share) / PERMUTATIONS) ** 0.5
    assert abs(np.mean(errors)) < 4 * deviation / 30**0.5
    assert np.std(errors) < 1.6 * deviation


def test_signatures_are_those_of_this_version() -> None:
    """Another signature for the same text would need another FORMAT_VERSION."""
    first = signatures("Longtemps, je me suis couché de bonne heure.")[0]
    assert hashlib.sha256(first.astype("<u4").tobytes()).hexdigest()[:16] == "ebdb16dff13d2d4c"
