"""Draws the points at which something may happen to a person, a stretch of time at a time.

A clock's candidates are the points of a Poisson process on (time, rate). The rate axis is cut at fixed bounds
into layers, a layer's time axis into fixed blocks that nest in the year: of a whole year up to 64 a year, of a
quarter up to 256, and so on, so that no block expects more than 48. A block holds

    N = Poisson quantile at a mark of its own, mean = (width of the layer) x (length of the block)

candidates, each at a uniform place in it (given N, the points of a Poisson process are just that: Kingman 1993,
Poisson Processes, section 2.4), with three more marks: acceptance, length, outcome. Candidate n of block m of a
layer is keyed by (clock, layer, m, n, person, stream) and by nothing else, so every arm sees the same points,
and no point depends on when one began to look. A candidate with mark u in layer k strikes when
b[k] + u (b[k+1] - b[k]) < h(t-): exact for any hazard that varies in time (Lewis & Shedler 1979; coupling:
Anderson, arXiv 1109.2890).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simulator.compiling import compiled
from simulator.model import DAYS_PER_YEAR
from simulator.streams import Word, marks

LAYERS = np.array([0.0, 1.0, *(2.0**k for k in range(2, 11)), 4096.0, 16384.0])  # [layer + 1] bounds, per year
WIDTHS = np.diff(LAYERS)  # [layer]
BLOCK_DAYS = DAYS_PER_YEAR / np.maximum(1.0, LAYERS[1:] / 64.0)  # [layer]
YEARLY = int(np.flatnonzero(BLOCK_DAYS == DAYS_PER_YEAR)[-1])  # the last layer whose blocks are years
ORIGIN_DAY = -150 * DAYS_PER_YEAR
BLOCK_SHIFT, PASS_SHIFT = 8, 28
HEAD_SHIFT = 32
COUNT = 2**BLOCK_SHIFT - 1  # the candidate number of the mark that says how many there are
MOST = 128  # more than Poisson(48) reaches at any 32-bit mark
STEPS = 1024  # of the first guess of a quantile, so fine that it is nearly always right


def _cumulative() -> NDArray[np.float64]:
    """Distribution functions of the number of candidates in a block: [layer, number]."""
    table = np.zeros((len(WIDTHS), MOST))
    for layer, mean in enumerate(WIDTHS * BLOCK_DAYS / DAYS_PER_YEAR):
        chance, total = math.exp(-mean), 0.0
        for number in range(MOST):
            total += chance
            chance *= mean / (number + 1)
            table[layer, number] = total
        table[layer, MOST - 1] = 1.0
    return table


CUMULATIVE = _cumulative()
GUESS = np.array(  # [layer, step]
    [np.searchsorted(row, np.arange(STEPS) / STEPS, side="right") for row in CUMULATIVE], dtype=np.int16
)


@compiled("int64(int64, float64)")
def number_in_block(layer: int, mark: float) -> int:
    """Quantile of the number of candidates in a block of this layer.

    >>> number_in_block(0, 0.5), number_in_block(4, 0.5)
    (0, 12)
    """
    number = int(GUESS[layer, int(mark * STEPS)])
    while mark >= CUMULATIVE[layer, number]:
        number += 1
    return number


@compiled("float64(float64, int64)")
def block_start(t: float, layer: int) -> float:
    """First day of the block of a layer that holds t."""
    return float(ORIGIN_DAY + math.floor((t - ORIGIN_DAY) / BLOCK_DAYS[layer]) * BLOCK_DAYS[layer])


@compiled()
def draw_candidates(
    t: float,
    until: float,
    seed: Word,
    stream: int,
    person: int,
    bound: NDArray[np.float64],
    words: NDArray[np.int64],
    keys: NDArray[np.uint32],
    owner: NDArray[np.int64],
    four: NDArray[np.float64],
    times: NDArray[np.float64],
    order: NDArray[np.int64],
) -> tuple[int, float]:
    """Candidates after t, as far as one block of each layer in use reaches, in the order of time.

    Args:
        t: candidates are later than this day.
        until: the last day of interest.
        seed: key of every draw.
        stream: replicate of the whole population.
        person: whose.
        bound: bound on each clock's hazard from t to ``until``, per year; candidates above it are left out.  # [clock]
        words: decision words of the clocks, low bits free for the layer.  # [clock]
        keys: work space; at the end the word and number of each candidate.  # [2, candidate]
        owner: work space; at the end clock and layer of each candidate.  # [2, candidate]
        four: work space; at the end the four marks of each candidate.  # [4, candidate]
        times: days, rising.  # [rank]
        order: which candidate comes at each rank.  # [rank]

    Returns:
        How many there are, and up to which day.

    Raises:
        ValueError: if a bound is above the top layer.
    """
    finest, heads = 0, 0
    for k in range(len(bound)):
        layer = 0
        while LAYERS[layer] < bound[k]:
            if layer == len(WIDTHS):
                raise ValueError("hazard above the top layer")
            keys[0, heads], owner[0, heads], owner[1, heads] = words[k] | layer, k, layer
            layer, heads = layer + 1, heads + 1
        finest = max(finest, layer - 1)
    end = min(until, block_start(t, finest) + BLOCK_DAYS[finest])
    year = math.floor((t - ORIGIN_DAY) / DAYS_PER_YEAR)
    for i in range(heads):
        block = year if owner[1, i] <= YEARLY else math.floor((t - ORIGIN_DAY) / BLOCK_DAYS[owner[1, i]])
        keys[1, i] = COUNT | (block << BLOCK_SHIFT)
    marks(0, heads, seed, stream, person, keys, four)
    drawn = heads
    for i in range(heads):
        owner[2, i] = drawn
        word, first = keys[0, i], keys[1, i] - COUNT
        count = number_in_block(owner[1, i], four[0, i])
        for number in range(count):
            keys[0, drawn + number], keys[1, drawn + number] = word, first + number
        drawn += count
    owner[2, heads] = drawn
    marks(heads, drawn, seed, stream, person, keys, four)
    kept, spare = 0, len(times) // 2  # the far half of the work space holds them before they are in order
    for i in range(heads):
        layer, most = owner[1, i], bound[owner[0, i]]
        low, width, days = LAYERS[layer], WIDTHS[layer], BLOCK_DAYS[layer]
        start = ORIGIN_DAY + (keys[1, i] >> BLOCK_SHIFT) * days
        for which in range(owner[2, i], owner[2, i + 1]):
            at = start + four[0, which] * days
            times[spare + kept], order[spare + kept] = at, i << HEAD_SHIFT | which
            kept += (low + four[1, which] * width < most) & (t < at) & (at < end)
    unordered = times[spare : spare + kept]
    for i in range(kept):
        rank, at = 0, unordered[i]
        for j in range(kept):  # counting who comes first is faster here than sorting: processors compare many at once
            rank += (unordered[j] < at) | ((unordered[j] == at) & (j < i))
        times[rank], order[rank] = at, order[spare + i]
    return kept, end
