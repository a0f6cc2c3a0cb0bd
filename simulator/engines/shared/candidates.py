"""Draws the points at which something may happen to a person, a stretch of time at a time.

A clock's candidates are the points of a Poisson process on (time, rate). The rate axis is cut at fixed bounds
into layers, a layer's time axis into fixed blocks that nest in the year, so that no block expects more than 64. A
block holds

    N = Poisson quantile at a mark of its own, mean = (width of the layer) x (length of the block)

candidates, each at a uniform place in it (given N, the points of a Poisson process are just that: Kingman 1993,
Poisson Processes, section 2.4), with three more marks: acceptance, length, outcome. Four layers make a group: their
blocks are of one length, and the four marks of one draw, the *head* of the block, say how many candidates each of
the four holds. Candidate n of block m of a layer is keyed by (clock, layer, m, n, person, stream) and by nothing else,
so every arm sees the same points, and no point depends on when drawing began. A candidate with mark u in layer k
strikes when b[k] + u (b[k+1] - b[k]) < h(t-): exact for any hazard that varies in time (Lewis & Shedler 1979;
coupling: Anderson, arXiv 1109.2890).

Places are whole numbers of 2**-41 years, so that place and index can be sorted together as one number. Arrays are
filled eight at a time, a little beyond what is needed: with vector instructions that is faster than a remainder loop.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simulator.compiling import compiled
from simulator.engines.shared.eight import AT_ONCE, below, put
from simulator.uncertainty.draws import WORD_BITS, WORD_MASK, Word, philox, scramble
from simulator.units import DAYS_PER_YEAR

LAYERS = np.array([0.0, 1 / 16, 1.0, *(2.0**k for k in range(2, 16))])  # [layer + 1] bounds, per year
WIDTHS = np.diff(LAYERS)  # [layer]
GROUP = 4  # layers with one head
PARTS = np.array([1, 1, 16, 256])  # [group] blocks a year
ORIGIN_DAY = -150 * DAYS_PER_YEAR
COUNT = 255  # in place of a candidate's number: the head
BLOCK_SHIFT, PASS_SHIFT = 8, 28  # of a candidate: its number, its block, how often a journey passed
LAYER_SHIFT, GROUP_SHIFT, LAYER_MASK, CLOCK_SHIFT = 8, 10, 15, 12  # of a label: number, layer, clock
MOST = 128  # more than Poisson(64) reaches at any 32-bit mark
ROOM = 1024  # for the candidates of a clock
STEPS = 256  # of the first guess of a quantile
PLACE_SHIFT = 20  # of what is put in order: index, place
INDEX = 2**PLACE_SHIFT - 1
PLACES = 2.0**-41  # of a year
NOT_COMING = 2**63 - 1
HIGHEST = 2.0**32 - 1.0
PER_WIDTH = (1.0 + 1e-9) * 2.0**32 / WIDTHS  # none may be left out by rounding: the hazard is compared again later


def _more_than() -> NDArray[np.int64]:
    """The first 32-bit word whose quantile is more than a number: [layer, number]."""
    table = np.full((len(WIDTHS), MOST), 2**32)
    for layer, width in enumerate(WIDTHS):
        mean = width / PARTS[layer // GROUP]
        chance, total = math.exp(-mean), 0.0
        for number in range(MOST - 1):
            total += chance
            chance *= mean / (number + 1)
            table[layer, number] = min(math.ceil(total * 2.0**32 - 0.5), 2**32)
    return table


MORE_THAN = _more_than()
GUESS = np.array(  # [layer, step] the quantile at the beginning of each step
    [np.searchsorted(row, np.arange(STEPS) * (2**32 // STEPS), side="right") for row in MORE_THAN], dtype=np.uint8
)


@compiled("int64(int64, uint32)")
def number_in_block(layer: int, word: Word) -> int:
    """Quantile of the number of candidates in a block of this layer at a 32-bit mark.

    >>> number_in_block(0, 2**31), number_in_block(1, 2**31), number_in_block(6, 2**31)
    (0, 1, 32)
    """
    number = int(GUESS[layer, np.uint64(word) >> np.uint64(24)])
    while word >= MORE_THAN[layer, number]:
        number += 1
    return number


@compiled("void(int64, int64, uint64, uint32, uint32, uint32[::1], uint32[::1], uint32[:, ::1])")
def draw_marks(
    first: int,
    end: int,
    seed: Word,
    stream: Word,
    person: Word,
    words: NDArray[np.uint32],
    numbers: NDArray[np.uint32],
    marks: NDArray[np.uint32],
) -> None:
    """Draw the marks of many decisions of one person, heads or candidates, in a loop that is vectorised.

    Args:
        first: where the first of them stands.
        end: one more than where the last stands.
        seed: key of every draw.
        stream: replicate of the whole population.
        person: whose.
        words: decision word of each.  # [draw]
        numbers: number and block of each.  # [draw]
        marks: filled with 32-bit words.  # [4, draw]
    """
    key = np.uint64(seed)
    low, high = key & WORD_MASK, key >> WORD_BITS
    word, number = words[first:end], numbers[first:end]
    u0, u1, u2, u3 = marks[0, first:end], marks[1, first:end], marks[2, first:end], marks[3, first:end]
    for i in range(len(word)):
        x0, x1, x2, x3 = scramble(number[i], word[i], person, stream, low, high)
        u0[i], u1[i], u2[i], u3[i] = np.uint32(x0), np.uint32(x1), np.uint32(x2), np.uint32(x3)


@compiled()
def _label_candidates(
    years: float,
    seed: Word,
    stream: Word,
    person: Word,
    bound: NDArray[np.float64],
    words: NDArray[np.uint32],
    heads: NDArray[np.uint32],
    first: int,
    labels: NDArray[np.uint32],
) -> tuple[int, int]:
    """Label the candidates of the blocks that hold this moment: how many there are, and the finest group in use."""
    key = np.uint64(seed)
    low, high = key & WORD_MASK, key >> WORD_BITS
    total, finest = 0, 0
    for k in range(len(bound)):
        most = bound[k]
        if most <= 0.0 or (most <= LAYERS[1] and heads[0, first + k] < MORE_THAN[0, 0]):
            continue
        x0, x1, x2, x3 = heads[0, first + k], heads[1, first + k], heads[2, first + k], heads[3, first + k]
        for group in range(len(PARTS)):
            if most <= LAYERS[group * GROUP]:
                break
            block = np.uint32(math.floor(years * PARTS[group]) << BLOCK_SHIFT)
            if group > 0:
                x0, x1, x2, x3 = philox(COUNT | block, words[k] | group * GROUP, person, stream, low, high)
                finest = max(finest, group)
            for layer in range(group * GROUP, group * GROUP + GROUP):
                if most <= LAYERS[layer]:
                    break
                count = number_in_block(layer, x0)
                x0, x1, x2 = x1, x2, x3
                label, word = np.uint32(k << CLOCK_SHIFT | layer << LAYER_SHIFT), words[k] | np.uint32(layer)
                up_to = np.uint32(min((most - LAYERS[layer]) * PER_WIDTH[layer], HIGHEST))
                for n in range(0, max(count, 1), AT_ONCE):
                    put(labels[0], total + n, label + np.uint32(n), 1)
                    put(labels[1], total + n, word, 0)
                    put(labels[2], total + n, up_to, 0)
                    put(labels[3], total + n, block + np.uint32(n), 1)
                total += count
        if most > LAYERS[-1]:
            raise ValueError("hazard above the top layer")
    return total, finest


@compiled()
def draw_candidates(
    t: float,
    until: float,
    seed: Word,
    stream: Word,
    person: Word,
    bound: NDArray[np.float64],
    words: NDArray[np.uint32],
    heads: NDArray[np.uint32],
    first: int,
    labels: NDArray[np.uint32],
    marks: NDArray[np.uint32],
    coming: NDArray[np.int64],
    times: NDArray[np.float64],
) -> tuple[int, float]:
    """Candidates after t, as far as one block of each group in use reaches, in the order of time.

    Args:
        t: candidates are later than this day.
        until: the last day of interest, in the year of t.
        seed: key of every draw.
        stream: replicate of the whole population.
        person: whose.
        bound: bound on each clock's hazard from t to ``until``, per year; candidates above it are left out.  # [clock]
        words: decision words of the clocks, low bits free for the layer.  # [clock]
        heads: heads of the first group.  # [layer, head]
        first: where those of this year begin, one for each clock.
        labels: work space; at the end of each candidate number, layer and clock in one, its decision word, the
            highest mark with which one like it is in_range, and number and block.  # [4, candidate]
        marks: work space; at the end the four 32-bit marks of each candidate.  # [4, candidate]
        coming: work space; at the end place in the year and index of each, rising.  # [rank]
        times: days, rising.  # [rank]

    Returns:
        How many there are, and up to which day.

    Raises:
        ValueError: if a bound is above the top layer.
    """
    years = (t - ORIGIN_DAY) / DAYS_PER_YEAR
    year, middle, fine = math.floor(years), math.floor(years * PARTS[2]), math.floor(years * PARTS[3])
    total, finest = _label_candidates(years, seed, stream, person, bound, words, heads, first, labels)
    parts, end = PARTS[finest], until
    if parts > 1:
        end = min(until, ORIGIN_DAY + (math.floor(years * parts) + 1) / parts * DAYS_PER_YEAR)
    wide = (total + AT_ONCE - 1) // AT_ONCE * AT_ONCE
    label, up_to, place = labels[0, :wide], labels[2, :wide], coming[:wide]
    draw_marks(0, wide, seed, stream, person, labels[1], labels[3], marks)
    u0, u1 = marks[0, :wide], marks[1, :wide]
    for i in range(wide):
        group = label[i] >> np.uint32(GROUP_SHIFT) & np.uint32(3)
        before = 0 if group < 2 else middle - year * PARTS[2] if group == 2 else fine - year * PARTS[3]
        shift = 8 if group < 2 else 4 if group == 2 else 0
        at = (before << 33 | np.int64(u0[i]) << 1 | 1) << shift
        day = ORIGIN_DAY + (year + at * PLACES) * DAYS_PER_YEAR
        in_range = (i < total) & (u1[i] <= up_to[i]) & (t < day) & (day < end)
        place[i] = at << PLACE_SHIFT | i if in_range else NOT_COMING
    return _sorted_by_time(year, coming, wide, times), end


@compiled("int64(int64, int64[::1], int64, float64[::1])")
def _sorted_by_time(year: int, coming: NDArray[np.int64], count: int, times: NDArray[np.float64]) -> int:
    """Sort the candidates that are in range, and fill in their days; how many there are."""
    size = 0
    for i in range(count):
        entry = coming[i]
        coming[size] = entry
        size += entry != NOT_COMING
    wide = (size + AT_ONCE - 1) // AT_ONCE * AT_ONCE
    coming[size:wide] = NOT_COMING
    mixed, ranked, day = coming[:wide], coming[wide : wide + size], times[:size]
    for i in range(size):
        rank, entry = 0, mixed[i]
        for j in range(0, wide, AT_ONCE):  # for so few, counting the smaller ones is faster than sorting
            rank += below(mixed, j, entry)
        ranked[rank] = entry
    for i in range(size):
        coming[i] = ranked[i]
        day[i] = ORIGIN_DAY + (year + (ranked[i] >> PLACE_SHIFT) * PLACES) * DAYS_PER_YEAR
    return size
