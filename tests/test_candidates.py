"""The points at which something may happen: their law, and that they do not depend on who looks, when, or how far."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from oracles import Law, check
from scipy.stats import poisson

from simulator.engines.shared.candidates import (
    BLOCK_SHIFT,
    CLOCK_SHIFT,
    COUNT,
    GROUP,
    INDEX,
    LAYER_MASK,
    LAYER_SHIFT,
    LAYERS,
    ORIGIN_DAY,
    PARTS,
    ROOM,
    WIDTHS,
    draw_candidates,
    draw_marks,
    number_in_block,
)
from simulator.uncertainty.draws import decision_word, uniform4

YEAR = 365.25
WORDS = np.array([decision_word("need:gp") >> 4 << 4, decision_word("death") >> 4 << 4], dtype=np.uint32)
SEED, STREAM = np.uint64(2**63 + 9), 5


class Seen(NamedTuple):
    """What one look at a person's clocks shows."""

    days: NDArray[np.float64]
    clocks: NDArray[np.int64]
    layers: NDArray[np.int64]
    numbers: NDArray[np.int64]
    marks: NDArray[np.float64]  # [mark, candidate]
    end: float

    @property
    def levels(self) -> NDArray[np.float64]:
        """Where they lie on the rate axis."""
        return LAYERS[self.layers] + self.marks[1] * WIDTHS[self.layers]


def look(t: float, until: float, bound: tuple[float, float], person: int = 3) -> Seen:
    """Candidates of two clocks after t, as far as one look reaches."""
    words = lambda *shape: np.zeros(shape, dtype=np.uint32)  # noqa: E731
    year = int((t - ORIGIN_DAY) / YEAR)
    heads, labels, luck = words(4, 2), words(4, 2 * ROOM), words(4, 2 * ROOM)
    coming, times = np.zeros(4 * ROOM, dtype=np.int64), np.zeros(2 * ROOM)
    block = np.full(2, year << BLOCK_SHIFT | COUNT, dtype=np.uint32)
    draw_marks(0, 2, SEED, STREAM, person, WORDS, block, heads)
    count, end = draw_candidates(
        t, min(until, ORIGIN_DAY + (year + 1) * YEAR), SEED, STREAM, person, np.array(bound), WORDS, heads, 0,
        labels, luck, coming, times,
    )  # fmt: skip
    which = coming[:count] & INDEX
    label = labels[0, which].astype(np.int64)
    layers = label >> LAYER_SHIFT & LAYER_MASK
    blocks = ((times[:count] - ORIGIN_DAY) / YEAR * PARTS[layers // GROUP]).astype(np.int64)
    return Seen(
        times[:count].copy(), label >> CLOCK_SHIFT, layers, label & COUNT | blocks << BLOCK_SHIFT,
        (luck[:, which] + 0.5) / 2**32, end,
    )  # fmt: skip


def look_on(start: float, until: float, bound: tuple[float, float], person: int = 3) -> Seen:
    """Look after look, from a day to another."""
    t, parts = start, []
    while t < until:
        parts.append(look(t, until, bound, person))
        t = parts[-1].end
    columns = [np.concatenate([getattr(part, name) for part in parts], axis=-1) for name in Seen._fields[:-1]]
    return Seen(*columns, t)


def same(one: Seen, other: Seen, among: NDArray[np.bool_]) -> None:
    """All of one are what these are of the other."""
    for name in Seen._fields[:-1]:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name)[..., among])


@pytest.mark.parametrize("layer", range(len(WIDTHS)))
def test_the_number_in_a_block_is_the_quantile_of_a_poisson_number(layer: int) -> None:
    given = np.concatenate([np.linspace(0, 2**32 - 1, 4000).astype(np.int64), np.arange(256) << 24, [1, 2**32 - 2]])
    found = [number_in_block(layer, np.uint32(word)) for word in given]
    assert found == poisson.ppf((given + 0.5) / 2**32, WIDTHS[layer] / PARTS[layer // GROUP]).tolist()
    assert max(found) < COUNT


def test_blocks_nest_in_the_year_and_none_expects_more_than_64() -> None:
    assert len(WIDTHS) == GROUP * len(PARTS) and (np.diff(PARTS) >= 0).all()
    assert (WIDTHS / np.repeat(PARTS, GROUP) <= 64).all() and WIDTHS.sum() == LAYERS[-1]
    assert (np.log2(PARTS) == np.rint(np.log2(PARTS))).all()
    assert ORIGIN_DAY % YEAR == 0


@pytest.mark.parametrize("bound", [(30.0, 0.5), (900.0, 300.0), (20_000.0, 3000.0)])
def test_candidates_have_the_place_and_marks_of_their_key(bound: tuple[float, float]) -> None:
    """Each candidate by itself, from its clock, layer, block and number."""
    seen = look(5.3 * YEAR, 6 * YEAR, bound)
    assert LAYERS[max(seen.layers) // GROUP * GROUP] < max(bound) <= LAYERS[max(seen.layers) // GROUP * GROUP + GROUP]
    for i, day in enumerate(seen.days):
        word, number, parts = (
            int(WORDS[seen.clocks[i]] | seen.layers[i]),
            int(seen.numbers[i]),
            PARTS[seen.layers[i] // GROUP],
        )
        mine = uniform4(SEED, STREAM, 3, word, number)
        assert tuple(seen.marks[:, i]) == mine
        assert day == pytest.approx(ORIGIN_DAY + ((number >> BLOCK_SHIFT) + mine[0]) / parts * YEAR, abs=1e-7)
        head = uniform4(SEED, STREAM, 3, word // GROUP * GROUP, number | COUNT)
        count = poisson.ppf(head[seen.layers[i] % GROUP], WIDTHS[seen.layers[i]] / parts)
        assert number & COUNT < count


@pytest.mark.parametrize("rate", [0.3, 2.5, 40.0, 90.0, 700.0])
def test_candidates_below_a_bound_are_a_poisson_process(rate: float) -> None:
    """The counts of two spans of one person, one of them beginning in the middle of a block, and their places."""
    people, spans = 400, ((-100.0, 33.3), (33.3, 250.0))
    seen = [look_on(spans[0][0], spans[1][1], (rate, 0.0), person) for person in range(people)]
    counts = np.array([[((low < one.days) & (one.days < high)).sum() for low, high in spans] for one in seen])
    for column, (low, high) in zip(counts.T, spans, strict=True):
        mean = rate * (high - low) / YEAR
        check(column, Law(mean, mean, 3 * mean**2 + mean))
    both = np.corrcoef(counts.T)[0, 1] * np.sqrt(people)
    assert abs(both) < 4.9
    places = np.concatenate([one.days for one in seen])
    check((places - spans[0][0]) / (spans[1][1] - spans[0][0]), Law(1 / 2, 1 / 12, 1 / 80))


def test_candidates_come_in_order_and_within_what_was_asked() -> None:
    seen = look(10.0, 200.0, (30.0, 0.5))
    assert seen.end == 200.0 and len(seen.days) > 5
    assert (np.diff(seen.days) > 0).all() and seen.days[0] > 10.0 and seen.days[-1] < 200.0
    assert (seen.levels < np.array([30.0, 0.5])[seen.clocks]).all()


def test_when_one_began_to_look_changes_no_candidate() -> None:
    whole = look_on(-400.0, 900.0, (25.0, 1.5))
    later = look_on(123.4, 900.0, (25.0, 1.5))
    after = whole.days > 123.4
    same(later, whole, after)


@pytest.mark.parametrize("high", [31.0, 500.0])
def test_a_higher_bound_only_adds_candidates_and_another_clock_changes_none(high: float) -> None:
    few, many = look_on(0.0, YEAR, (20.0, 0.0)), look_on(0.0, YEAR, (high, 3.0))
    same(few, many, (many.clocks == 0) & (many.levels < 20.0))


def test_a_look_reaches_as_far_as_the_shortest_block_in_use() -> None:
    assert look(0.0, 1e6, (128.0, 0.0)).end == YEAR
    assert look(0.0, 1e6, (129.0, 0.0)).end == YEAR / 16
    assert look(1.0, 1e6, (0.1, 3000.0)).end == YEAR / 256
    block = look(5 * YEAR, 1e6, (9.0, 0.0)).numbers >> BLOCK_SHIFT
    assert (block == 155).all()


def test_a_hazard_above_the_top_layer_is_a_fault() -> None:
    with pytest.raises(ValueError, match="above the top layer"):
        look(0.0, YEAR, (float(LAYERS[-1]) * 1.001, 0.0))
