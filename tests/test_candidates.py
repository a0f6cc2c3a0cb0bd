"""The points at which something may happen: their law, and that they do not depend on who looks, when, or how far."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from oracles import Law, check
from scipy.stats import poisson

from simulator.engines.candidates import (
    BLOCK_DAYS,
    BLOCK_SHIFT,
    COUNT,
    HEAD_SHIFT,
    LAYERS,
    ORIGIN_DAY,
    WIDTHS,
    draw_candidates,
    number_in_block,
)
from simulator.streams import decision_word, marks, uniform4

YEAR = 365.25
ROOM = 20_000
WORDS = np.array([decision_word("need:gp") >> 4 << 4, decision_word("death") >> 4 << 4])


class Seen(NamedTuple):
    """What one look at a person's clocks shows."""

    days: NDArray[np.float64]
    clocks: NDArray[np.int64]
    numbers: NDArray[np.uint32]
    levels: NDArray[np.float64]
    end: float


def look(t: float, until: float, bound: tuple[float, float], person: int = 3) -> Seen:
    """Candidates of two clocks after t, as far as one look reaches."""
    keys, owner = np.zeros((2, ROOM), dtype=np.uint32), np.zeros((3, ROOM), dtype=np.int64)
    four, times, order = np.zeros((4, ROOM)), np.zeros(ROOM), np.zeros(ROOM, dtype=np.int64)
    count, end = draw_candidates(
        t, until, np.uint64(9), 0, person, np.array(bound), WORDS, keys, owner, four, times, order
    )
    head, which = order[:count] >> HEAD_SHIFT, order[:count] & (2**HEAD_SHIFT - 1)
    layer = owner[1, head]
    levels = LAYERS[layer] + four[1, which] * WIDTHS[layer]
    return Seen(times[:count].copy(), owner[0, head], keys[1, which], levels, end)


def look_on(start: float, until: float, bound: tuple[float, float], person: int = 3) -> Seen:
    """Look after look, from a day to another."""
    t, parts = start, []
    while t < until:
        parts.append(look(t, until, bound, person))
        t = parts[-1].end
    columns = [np.concatenate([getattr(part, name) for part in parts]) for name in Seen._fields[:-1]]
    return Seen(*columns, t)


@pytest.mark.parametrize("layer", range(len(WIDTHS)))
def test_the_number_in_a_block_is_the_quantile_of_a_poisson_number(layer: int) -> None:
    given = (np.arange(4000) + 0.5) / 4000
    ends = np.array([0.5 * 2.0**-32, 1 - 0.5 * 2.0**-32])
    found = [number_in_block(layer, mark) for mark in (*given, *ends)]
    assert found == poisson.ppf([*given, *ends], WIDTHS[layer] * BLOCK_DAYS[layer] / YEAR).tolist()
    assert max(found) < COUNT


def test_blocks_nest_in_the_year_and_none_expects_more_than_48() -> None:
    assert (WIDTHS * BLOCK_DAYS / YEAR <= 48).all()
    halvings = np.log2(YEAR / BLOCK_DAYS)
    assert (halvings == np.rint(halvings)).all() and (np.diff(BLOCK_DAYS) <= 0).all()
    assert ORIGIN_DAY % YEAR == 0


def test_marks_of_many_draws_are_those_of_each() -> None:
    keys, four = np.array([[5, 5, 6], [1, 2, 1]], dtype=np.uint32), np.zeros((4, 3))
    marks(0, 3, np.uint64(2**63 + 5), 7, 11, keys, four)
    for i in range(3):
        assert tuple(four[:, i]) == uniform4(2**63 + 5, 7, 11, int(keys[0, i]), int(keys[1, i]))


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
    for name in Seen._fields[:-1]:
        np.testing.assert_array_equal(getattr(later, name), getattr(whole, name)[after])


@pytest.mark.parametrize("high", [31.0, 500.0])
def test_a_higher_bound_only_adds_candidates_and_another_clock_changes_none(high: float) -> None:
    few, many = look_on(0.0, YEAR, (20.0, 0.0)), look_on(0.0, YEAR, (high, 3.0))
    same = (many.clocks == 0) & (many.levels < 20.0)
    for name in Seen._fields[:-1]:
        np.testing.assert_array_equal(getattr(few, name), getattr(many, name)[same])


def test_a_look_reaches_as_far_as_the_shortest_block_in_use() -> None:
    assert look(0.0, 1e6, (64.0, 0.0)).end == YEAR
    assert look(0.0, 1e6, (65.0, 0.0)).end == YEAR / 2
    assert look(1.0, 1e6, (0.1, 1000.0)).end == YEAR / 16
    block = look(5 * YEAR, 1e6, (9.0, 0.0)).numbers >> BLOCK_SHIFT
    assert (block == 155).all()


def test_a_hazard_above_the_top_layer_is_a_fault() -> None:
    with pytest.raises(ValueError, match="above the top layer"):
        look(0.0, YEAR, (float(LAYERS[-1]) * 1.001, 0.0))
