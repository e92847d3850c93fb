"""How many words a run of UTF-8 holds, without a string for each of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_LAST_SPACE = 0x3000
_SPACES = [character for character in map(chr, range(_LAST_SPACE + 1)) if character.isspace()]
"""What `str.split` splits at; all of Unicode would take a tenth of a second of each worker's start."""
_LONGER: dict[int, list[bytes]] = {
    size: [space.encode() for space in _SPACES if len(space.encode()) == size] for size in (2, 3)
}


def count_words(data: npt.NDArray[np.uint8], begins: npt.NDArray[np.integer]) -> int:
    """The whitespace-separated words of some texts: `sum(len(text.split()) for text in texts)`.

    Args:
        data: uint8 [bytes], the texts one after the other in UTF-8.
        begins: [texts], where each of them begins.
    """
    if len(data) == 0:
        return 0
    spaces = (data == 0x20) | (data - np.uint8(0x09) < 5) | (data - np.uint8(0x1C) < 4)  # as unsigned, all else is more
    for size, encoded in _LONGER.items():
        _mark(spaces, data, size, encoded)
    words = ~spaces
    words[1:] &= spaces[:-1]
    firsts = begins[begins < len(data)]
    words[firsts] = ~spaces[firsts]
    return int(np.count_nonzero(words))


def _mark(spaces: npt.NDArray[np.bool_], data: npt.NDArray[np.uint8], size: int, encoded: list[bytes]) -> None:
    """Mark the bytes of spaces that take `size` bytes each."""
    leads = {space[0] for space in encoded}
    places = np.flatnonzero((data >= min(leads)) & (data <= max(leads)))
    places = places[places + size <= len(data)]
    found = sum(data[places + byte].astype(np.uint32) << np.uint32(8 * byte) for byte in range(size))
    places = places[np.isin(found, [int.from_bytes(space, "little") for space in encoded])]
    for byte in range(size):
        spaces[places + byte] = True
