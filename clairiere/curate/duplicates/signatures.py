"""What tells copies: an exact digest of a document's text, and a MinHash signature of its word sequences.

A signature estimates the Jaccard similarity of two documents' sets of shingles (five words in a row) by the share of
its places that are equal (Broder 1997; Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, chapter 3). Words are
runs of letters, marks and digits, by their case-folded characters; a document's words run on across its turns.
Not folded are the few letters whose folded form has several characters (ß, ŉ) and those beyond U+FFFF.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import unicodedata
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clairiere.curate.batch import Batch, Bytes, Int64s
from clairiere.curate.kernels import kernel
from clairiere.curate.options import PERMUTATIONS
from clairiere.curate.words import is_ascii_space, may_lead_space, space_width

Signatures = npt.NDArray[np.uint32]
UInt64s = npt.NDArray[np.uint64]
UInt16s = npt.NDArray[np.uint16]

SHINGLE_WORDS = 5
DIGEST_BYTES = 16

_BLOCK = 1024
"""Shingles hashed at a time: they and their permutations stay in the nearest cache."""
_PRIME = np.uint64(0x100000001B3)
_RADIX = np.uint64(0x9E3779B97F4A7C15)
_RADIX_5 = np.uint64(pow(0x9E3779B97F4A7C15, SHINGLE_WORDS, 2**64))


@dataclass(frozen=True)
class Measures:
    """Of each document of a batch.

    Args:
        words: int64 [documents], separated by whitespace as `str.split` sees it.
        bytes: int64 [documents], of UTF-8, of all turns' text.
        digests: uint64 [documents, 2], equal for equal words in order, whoever speaks.
    """

    words: Int64s
    bytes: Int64s
    digests: UInt64s


def measure(batch: Batch) -> Measures:
    """Words, bytes and exact digests of all documents."""
    return measure_text(*batch.utf8(), batch.starts)


def measure_text(utf8: Bytes, begins: Int64s, starts: Int64s) -> Measures:
    """The same of documents whose turns are one run of bytes; the arrays are those of `Batch`."""
    squeezed = np.empty(len(utf8) + len(begins), np.uint8)
    words, ends = _squeeze(utf8, begins, starts, _kinds(), squeezed)
    view = squeezed.data
    heads = [0, *ends.tolist()]
    run = b"".join(hashlib.sha256(view[start:end]).digest()[:DIGEST_BYTES] for start, end in itertools.pairwise(heads))
    bounds = begins[starts]
    return Measures(words, np.diff(bounds), np.frombuffer(run, "<u8").astype(np.uint64).reshape(-1, 2))


def sign(batch: Batch) -> tuple[Signatures, Int64s]:
    """MinHash signatures of all documents.

    Returns:
        uint32 [documents, PERMUTATIONS], and int64 [documents], how many shingles each document has; the signature of
        one without shingles says nothing.
    """
    utf8, begins = batch.utf8()
    return _sign(utf8, begins, batch.starts, _folding(), *_permutations())


def similarity(one: Signatures, other: Signatures) -> float:
    """The estimated Jaccard similarity of two signatures."""
    return equal_places(one, other) / PERMUTATIONS


@functools.cache
def _permutations() -> tuple[Signatures, Signatures]:
    """Odd factors and summands of `factor · x + summand mod 2³²`, each a permutation of the 32-bit numbers."""
    run = hashlib.shake_256(b"clairiere minhash").digest(8 * PERMUTATIONS)
    factors, summands = np.frombuffer(run, "<u4").astype(np.uint32).reshape(2, PERMUTATIONS)
    return factors | np.uint32(1), summands


@functools.cache
def _folding() -> UInt16s:
    """uint16 [65536]: the case-folded code of each character that belongs to a word, 0 for all others."""
    codes = np.zeros(0x10000, np.uint16)
    for code in range(0x10000):
        if unicodedata.category(chr(code))[0] in "LMN":
            folded = chr(code).casefold()
            codes[code] = ord(folded) if len(folded) == 1 else code
    return codes


@kernel
def equal_places(one: Signatures, other: Signatures) -> int:
    """In how many places two signatures agree."""
    equal = 0
    for place in range(PERMUTATIONS):
        equal += one[place] == other[place]
    return equal


@functools.cache
def _kinds() -> Bytes:
    """uint8 [256]: 1 for bytes that are whitespace, 2 for those that whitespace beyond ASCII may begin with."""
    return np.array([1 if is_ascii_space(byte) else 2 * may_lead_space(byte) for byte in range(256)], np.uint8)


@kernel
def _squeeze(utf8: Bytes, begins: Int64s, starts: Int64s, kinds: Bytes, out: Bytes) -> tuple[Int64s, Int64s]:
    """Write all words, with one space between those of a document, and tell words and ends by document.

    Without branches that depend on single bytes, and unsigned throughout, it is twice as fast.
    """
    documents = len(starts) - 1
    words = np.zeros(documents, np.int64)
    ends = np.zeros(documents, np.int64)
    one = np.uint64(1)
    size = np.uint64(0)
    for document in range(documents):
        head = size
        count = np.uint64(0)
        before = one  # whether a space was written, or would have been, just before
        for turn in range(starts[document], starts[document + 1]):
            at, end = np.uint64(begins[turn]), np.uint64(begins[turn + 1])
            while at < end:
                byte = utf8[at]
                width, space = one, np.uint64(kinds[byte] & 1)
                if kinds[byte] > 1:
                    beyond = np.uint64(space_width(utf8, int(at)))
                    width, space = max(one, beyond), np.uint64(beyond > 0)
                out[size] = np.uint8(0x20) if space else byte
                size += one - (space & before)
                count += before & (one - space)
                before = space
                at += width
            out[size] = 0x20  # a turn ends a word
            size += one - before
            before = one
        size -= np.uint64(size > head)
        words[document] = count
        ends[document] = size
    return words, ends


@kernel
def _sign(
    utf8: Bytes, begins: Int64s, starts: Int64s, folding: UInt16s, factors: Signatures, summands: Signatures
) -> tuple[Signatures, Int64s]:
    documents = len(starts) - 1
    signatures = np.full((documents, PERMUTATIONS), 0xFFFFFFFF, np.uint32)
    shingles = np.zeros(documents, np.int64)
    block = np.empty(_BLOCK, np.uint32)
    recent = np.empty(SHINGLE_WORDS, np.uint64)
    for document in range(documents):
        words = 0
        waiting = 0
        rolling = np.uint64(0)
        for turn in range(starts[document], starts[document + 1]):
            at, end = begins[turn], begins[turn + 1]
            while at < end:
                at, word = _next_word(utf8, at, end, folding)
                if word == 0:
                    break
                place = words % SHINGLE_WORDS
                rolling = rolling * _RADIX + word
                if words >= SHINGLE_WORDS:
                    rolling -= recent[place] * _RADIX_5
                recent[place] = word
                words += 1
                if words >= SHINGLE_WORDS:
                    block[waiting] = np.uint32(mix(rolling) >> np.uint64(32))
                    waiting += 1
                    if waiting == _BLOCK:
                        _permute(block, waiting, factors, summands, signatures[document])
                        waiting = 0
        _permute(block, waiting, factors, summands, signatures[document])
        shingles[document] = max(0, words - SHINGLE_WORDS + 1)
    return signatures, shingles


@kernel
def _permute(block: Signatures, waiting: int, factors: Signatures, summands: Signatures, signature: Signatures) -> None:
    """Take the least value of each permutation over some shingles into a signature."""
    for place in range(PERMUTATIONS):
        factor, summand, least = factors[place], summands[place], signature[place]
        for shingle in range(waiting):
            least = min(least, np.uint32(factor * block[shingle] + summand))
        signature[place] = least


@kernel
def _next_word(utf8: Bytes, at: int, end: int, folding: UInt16s) -> tuple[int, np.uint64]:
    """The end of the next word of a turn and its hash; 0 as the hash where there is none."""
    word = np.uint64(0)
    while at < end:
        byte = np.int64(utf8[at])
        if byte < 0x80:
            code, width = int(folding[byte]), 1
        elif byte < 0xE0:
            code, width = int(folding[((byte & 0x1F) << 6) | (utf8[at + 1] & 0x3F)]), 2
        elif byte < 0xF0:
            wide = ((byte & 0x0F) << 12) | ((np.int64(utf8[at + 1]) & 0x3F) << 6) | (np.int64(utf8[at + 2]) & 0x3F)
            code, width = int(folding[wide]), 3
        else:
            code, width = _astral(utf8, at), 4
        if code == 0:
            if word:
                return at, word
        else:
            word = ((word or np.uint64(0xCBF29CE484222325)) ^ np.uint64(code)) * _PRIME
        at += width
    return at, word


@kernel
def _astral(utf8: Bytes, at: int) -> int:
    """The code of a character of four bytes; 0 for emoji and other pictures."""
    code = (np.int64(utf8[at] & 0x07) << 18) | (np.int64(utf8[at + 1] & 0x3F) << 12)
    code |= (np.int64(utf8[at + 2] & 0x3F) << 6) | np.int64(utf8[at + 3] & 0x3F)
    return 0 if 0x1F000 <= code <= 0x1FFFF else int(code)


@kernel
def mix(value: np.uint64) -> np.uint64:
    """A bijection of the 64-bit numbers in which every bit depends on all others (Steele et al. 2014, SplitMix64)."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))
