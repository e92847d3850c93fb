"""A character n-gram model in one hash table: interpolated by Witten and Bell, of fixed size, with integer scores.

p(c | h) = (count(hc) + types(h) p(c | h')) / (total(h) + types(h)), where h' is h without its first character, types(h)
counts the different characters seen after h and total(h) all of them (Witten and Bell 1991,
doi.org/10.1109/18.87000). As in a back-off model, each n-gram keeps its cost, -log2 p, and its weight as a context,
-log2(types / (total + types)), both in 1/1024 bit: scoring adds integers, so that it gives the same on every machine.

The key of an n-gram is a polynomial of its characters and its order; a slot keeps 32 bits of it. N-grams that find the
table four fifths full are left out. A settled table has one integer a slot, so that a look-up waits for memory once: 32
bits of key, 16 of cost, 16 of weight.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from clairiere.curate.kernels import kernel
from clairiere.curate.quality.characters import BAD, DIGIT, SPACE, TABLE_SIZE
from clairiere.curate.quality.passes import Bytes, Hashes, Int, Int32s, Int64s, Points, class_of, decode, lower_of
from clairiere.curate.quality.repeats import table_size

Tags = npt.NDArray[np.uint32]
Costs = npt.NDArray[np.uint16]
Table = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int32]

BIT = 1024
"""Units of a cost in a bit."""
UNSEEN_BITS = 12
"""What a character costs that was never seen: one of 4,096."""
MAX_COST = np.uint16(65535)
_BASE = np.uint64(0x9E3779B97F4A7C15)
_SPREAD = np.uint64(0xD6E8FEB86659FD93)


@kernel
def simplify(text: Bytes, begin: Int, end: Int, begins: Int64s, tables: tuple[Bytes, Points]) -> Points:
    """Characters as the model sees them: lower case, digits as 0, runs of spaces as one, a space before each turn.

    Args:
        text: UTF-8 of all turns, one after the other.
        begin: where to begin in it, in bytes.
        end: where to end.
        begins: int64 [turns + 1], where each turn begins in the text.
        tables: `class_table()` and `lower_table()`.
    """
    classes, lowers = tables
    turn = np.searchsorted(begins, begin)
    simple = np.empty(2 * (end - begin), np.uint16)
    found, after_space = 0, False
    at: Int = begin
    while at < end:
        starts_turn = at >= begins[turn]
        while at >= begins[turn]:  # empty turns begin where the next one does
            turn += 1
        point, at = decode(text, at)
        kind = class_of(point, classes)
        if (starts_turn or kind == SPACE) and not after_space:
            simple[found], found = 0x20, found + 1
        after_space = kind == SPACE
        if kind == SPACE:
            continue
        if kind == DIGIT:
            point = 0x30
        elif kind == BAD or point >= TABLE_SIZE:
            point = 0xFFFD
        simple[found], found = lower_of(point, lowers), found + 1
    return simple[:found]


@kernel
def keys_at(simple: Points, at: Int, begin: Int, keys: Hashes) -> Int:
    """Fill the keys of the n-grams that end at a character, those of order n at n - 1; how many there are."""
    value, power = np.uint64(0), np.uint64(1)
    orders = min(len(keys), at - begin + 1)
    for order in range(orders):
        value += (np.uint64(simple[at - order]) + np.uint64(1)) * power
        power *= _BASE
        keys[order] = (value ^ (value >> np.uint64(29))) * _SPREAD + np.uint64(order)
    return orders


@kernel
def slot_of(key: np.uint64, tags: Tags) -> Int:
    """The slot that holds a key, or the empty one where it belongs."""
    mask = np.int64(len(tags) - 1)
    tag = tag_of(key)
    slot = np.int64((key ^ (key >> np.uint64(32))) & np.uint64(mask))
    while tags[slot] and tags[slot] != tag:
        slot = (slot + 1) & mask
    return slot


@kernel
def tag_of(key: np.uint64) -> np.uint32:
    """What a slot keeps of its key; never 0, which marks an empty slot."""
    return np.uint32(key >> np.uint64(32)) | np.uint32(1)


@kernel
def count(simple: Points, order: int, tags: Tags, counts: Counts, totals: Counts, types: Counts) -> None:
    """Count the n-grams of a text, and for each context what follows it, up to an order."""
    room = len(tags) * 4 // 5
    used = 0
    for tag in tags:
        used += tag != 0
    now, before = np.zeros(order, np.uint64), np.zeros(order, np.uint64)
    slots, slots_before = np.zeros(order, np.int64), np.zeros(order, np.int64)
    found_before: Int = 0
    for at in range(len(simple)):
        orders = keys_at(simple, at, 0, now)
        found: Int = 0
        for index in range(orders):
            slot = slot_of(now[index], tags)
            is_new = tags[slot] == 0
            if is_new and used >= room:
                break
            tags[slot] = tag_of(now[index])
            used += is_new
            counts[slot] += 1
            slots[index], found = slot, index + 1
            if index:  # the context was looked up one character before, but where a tag stands for two n-grams
                context = slots_before[index - 1] if index <= found_before else slot_of(before[index - 1], tags)
                totals[context] += 1
                types[context] += is_new
        now, before = before, now
        slots, slots_before, found_before = slots_before, slots, found


@kernel
def settle(
    simple: Points, order: int, tags: Tags, counted: tuple[Counts, Counts, Counts], seen: Int32s, costs: Costs
) -> None:
    """Turn counts into costs, along the text that was counted, from its end: each n-gram's is computed once.

    Args:
        simple: the text.
        order: of the longest n-grams.
        tags: the table.
        counted: counts, totals and types of each slot.
        seen: int32 [2], characters counted and different characters among them.
        costs: uint16 [slots, 2], filled: each n-gram's cost and its weight as a context.
    """
    counts, totals, types = counted
    for slot in range(len(tags)):
        if totals[slot]:
            costs[slot, 1] = units(types[slot] / (float(totals[slot]) + types[slot]))
    is_settled = np.zeros(len(tags), np.bool_)
    now, before = np.zeros(order, np.uint64), np.zeros(order, np.uint64)
    slots = np.zeros(order, np.int64)
    for at in range(len(simple) - 1, -1, -1):
        found = slots_at(keys_at(simple, at, 0, now), now, tags, slots)
        if is_settled[slots[:found]].all():
            continue
        keys_at(simple, at - 1, 0, before)
        likely = 0.5**UNSEEN_BITS
        for index in range(found):
            slot = slots[index]
            total, kinds = float(seen[0]), float(seen[1])
            if index:
                context = slot_of(before[index - 1], tags)
                total, kinds = float(totals[context]), float(types[context])
            likely = (counts[slot] + kinds * likely) / (total + kinds)
            if not is_settled[slot]:
                costs[slot, 0] = units(likely)
                is_settled[slot] = True


@kernel
def slots_at(orders: Int, keys: Hashes, tags: Tags, slots: Int64s) -> Int:
    """Fill the slots of n-grams that end at a character, until one is not in the table; how many there are."""
    for index in range(orders):
        slots[index] = slot_of(keys[index], tags)
        if tags[slots[index]] == 0:
            return index
    return orders


@kernel
def units(likely: float) -> np.uint16:
    """A probability as a cost."""
    return np.uint16(min(np.rint(-np.log2(likely) * BIT), MAX_COST))


@kernel
def pack(tags: Tags, costs: Costs) -> Table:
    """Tags, costs and weights in one integer a slot."""
    table = np.empty(len(tags), np.uint64)
    for slot in range(len(tags)):
        value = np.uint64(tags[slot]) << np.uint64(32)
        table[slot] = value | np.uint64(costs[slot, 0]) << np.uint64(16) | np.uint64(costs[slot, 1])
    return table


@kernel
def look_up(key: np.uint64, table: Table) -> np.uint64:
    """What a settled table holds for a key; 0 where it holds nothing."""
    mask = np.int64(len(table) - 1)
    tag = np.uint64(tag_of(key))
    slot = np.int64((key ^ (key >> np.uint64(32))) & np.uint64(mask))
    while table[slot] and table[slot] >> np.uint64(32) != tag:
        slot = (slot + 1) & mask
    found: np.uint64 = table[slot]
    return found


@kernel
def cost(simple: Points, order: int, table: Table) -> Int:
    """What the characters of a text cost, in units of 1/1024 bit."""
    low, short = np.uint64(0xFFFF), np.uint64(16)
    now, before = np.zeros(order, np.uint64), np.zeros(order, np.uint64)
    total: Int = 0
    orders_before: Int = 0
    for at in range(len(simple)):
        orders = keys_at(simple, at, 0, now)
        index = min(orders, orders_before + 1) - 1
        entry = look_up(now[index], table)
        while index > 0 and entry == 0:
            total += np.int64(look_up(before[index - 1], table) & low)
            index -= 1
            entry = look_up(now[index], table)
        total += np.int64((entry >> short) & low) if entry else UNSEEN_BITS * BIT
        now, before, orders_before = before, now, orders
    return total


@kernel
def spread_cost(
    text: Bytes,
    bounds: tuple[Int, Int],
    begins: Int64s,
    tables: tuple[Bytes, Points],
    stretches: tuple[int, int],
    model: tuple[int, Table],
) -> tuple[Int, Int]:
    """The cost of a document, or of some stretches of a long one, spread evenly, and how many characters they have.

    Args:
        text: UTF-8 of all turns.
        bounds: where the document begins and ends in it.
        begins: int64 [turns + 1], where each turn begins.
        tables: `class_table()` and `lower_table()`.
        stretches: how many, at most, and their bytes.
        model: the order and the settled table.
    """
    begin, end = bounds
    count, size = stretches
    order, table = model
    if end - begin <= count * size:
        simple = simplify(text, begin, end, begins, tables)
        return cost(simple, order, table), len(simple)
    total: Int = 0
    characters: Int = 0
    for number in range(count):
        start = character_start(text, begin + number * (end - begin - size) // (count - 1), end)
        simple = simplify(text, start, character_start(text, start + size, end), begins, tables)
        total += cost(simple, order, table)
        characters += len(simple)
    return total, characters


@kernel
def character_start(text: Bytes, at: Int, end: Int) -> Int:
    """The first byte from here on that begins a character, or the end."""
    while at < end and text[at] & 0xC0 == 0x80:
        at += 1
    return min(at, end)


@kernel
def word_table(words: Hashes) -> Hashes:
    """A table of words, by their hashes; 0 is an empty place."""
    table = np.zeros(table_size(len(words)), np.uint64)
    for word in words:
        table[word_place(word, table)] = word
    return table


@kernel
def word_place(word: np.uint64, table: Hashes) -> Int:
    """The place that holds a word, or the empty one where it belongs."""
    mask = np.int64(len(table) - 1)
    slot = np.int64(((word * _SPREAD) >> np.uint64(32)) & np.uint64(mask))
    while table[slot] and table[slot] != word:
        slot = (slot + 1) & mask
    return slot


@kernel
def count_known(tokens: Hashes, letters: Int32s, table: Hashes, least: int) -> tuple[int, int]:
    """How many words have at least so many letters, and how many of these are in a table."""
    words, known = 0, 0
    for index in range(len(tokens)):
        if letters[index] >= least:
            words += 1
            known += table[word_place(tokens[index], table)] != 0
    return words, known
