"""How a source is divided: by the bytes of its files, each file once, whatever the number of workers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from clairiere.corpus.files.walk import WHOLE, Entry, Share
from clairiere.corpus.parts import FILE_BYTES, PART_BYTES, SHARES_LIMIT, divide

MEBIBYTE = 1024**2


def test_small_files_share_a_part() -> None:
    entries = [Entry(f"{number}.txt", 9 * MEBIBYTE) for number in range(7)]
    assert [[entry.path for entry, _ in part.entries] for part in divide(entries)] == [
        ["0.txt", "1.txt", "2.txt"],
        ["3.txt", "4.txt", "5.txt"],
        ["6.txt"],
    ]


def test_a_huge_file_is_a_part() -> None:
    entries = [Entry("a.txt", 1), Entry("b.jsonl.gz", 9 * PART_BYTES), Entry("c.txt", 1)]
    assert [[entry.path for entry, _ in part.entries] for part in divide(entries)] == [
        ["a.txt"],
        ["b.jsonl.gz"],
        ["c.txt"],
    ]


def test_an_archive_is_divided_by_what_it_unpacks_to() -> None:
    def shares(name: str, size_bytes: int) -> list[Share]:
        return [share for part in divide([Entry(name, size_bytes)]) for _, share in part.entries]

    assert shares("a.tar", PART_BYTES // 2) == [WHOLE]
    assert shares("a.tar.zst", PART_BYTES // 2) == [Share(index, 4) for index in range(4)]
    assert shares("a.zip", 99 * PART_BYTES) == [Share(index, SHARES_LIMIT) for index in range(SHARES_LIMIT)]


def test_many_tiny_files_are_few_parts() -> None:
    parts = divide(Entry(str(number), 200) for number in range(100_000))
    assert len(parts) == -(-100_000 // (PART_BYTES // (FILE_BYTES + 200)))


def test_nothing_is_no_part() -> None:
    assert divide([]) == []


@given(st.lists(st.tuples(st.sampled_from(["a.txt", "b.zip", "c.tar", "d.gz"]), st.integers(0, 10 * PART_BYTES))))
def test_every_member_is_in_one_part(given_: list[tuple[str, int]]) -> None:
    entries = [Entry(f"{number}/{name}", size) for number, (name, size) in enumerate(given_)]
    parts = divide(entries)
    assert all(part.entries for part in parts)
    for entry in entries:
        shares = [share for part in parts for other, share in part.entries if other == entry]
        assert all(sum(share.holds(number) for share in shares) == 1 for number in range(20))
