"""Turn the claims made for keyed draws into checks: known answers first, then invariance, then statistics.

Every statistic is brought to a standard normal z and must stay within Z_LIMIT standard errors. The draws are fixed, so
a test passes or fails for good; at 4.9 a sound generator fails one z in a million, a broken one nearly all of them.
"""

import itertools
from collections.abc import Callable
from hashlib import blake2b
from typing import Any, cast

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray
from scipy import stats

from simulator.uncertainty import draws as streams
from simulator.uncertainty.draws import check_seed, decision_word, philox, register, uniform4, uniforms

Z_LIMIT = 4.9
ALL_ONES = 2**32 - 1
LAST_SEED = 2**64 - 1
FIRST_ENTRANT = 2**31
AXES = ["stream", "person", "decision", "number"]

KNOWN_ANSWERS = [
    ("00000000 00000000 00000000 00000000 00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]
DRAWS = [
    (0, 0, 0, 0, 0),
    (7, 1, 41, decision_word("need:gp"), 3),
    (2**32, 0, FIRST_ENTRANT, decision_word("need:gp"), 0),
    (2**63, 2, FIRST_ENTRANT + 5, decision_word("need:ae"), 17),
    (LAST_SEED, ALL_ONES, ALL_ONES, ALL_ONES, ALL_ONES),
]


@njit(nogil=True)
def blocks(words: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Philox of each row (c0, c1, c2, c3, k0, k1)."""
    out = np.empty((len(words), 4), np.uint32)
    for row in range(len(words)):
        c0, c1, c2, c3, k0, k1 = words[row]
        out[row] = philox(c0, c1, c2, c3, k0, k1)
    return out


@njit(nogil=True)
def draws(seed: np.uint64, words: NDArray[np.uint32]) -> NDArray[np.float64]:
    """Uniforms of each row (stream, person, decision, number)."""
    out = np.empty((len(words), 4))
    for row in range(len(words)):
        stream, person, decision, number = words[row]
        out[row] = uniform4(seed, stream, person, decision, number)
    return out


def hexadecimal(text: str) -> tuple[int, ...]:
    return tuple(int(word, 16) for word in text.split())


def run_along(axis: str, first: int, length: int, seed: int = 1) -> NDArray[np.float64]:
    """The draws of `length` neighbours along one axis, everything else 0."""
    words = np.zeros((length, 4), np.uint32)
    words[:, AXES.index(axis)] = first + np.arange(length)
    return draws(np.uint64(seed), words)


def run_of_decisions(length: int) -> NDArray[np.float64]:
    """The draws of one person at decisions whose names differ in the last figure only."""
    words = np.tile(np.array([0, 12, 0, 0], np.uint32), (length, 1))
    words[:, 2] = [decision_word("need:gp", f"layer {layer}") for layer in range(length)]
    return draws(np.uint64(1), words)


def run_of_seeds(length: int) -> NDArray[np.float64]:
    """The draws of one person at one decision under neighbouring seeds."""
    decision = decision_word("need:gp")
    return np.array([uniform4(seed, 0, 12, decision, 0) for seed in range(length)])


def z_of_serial_correlation(run: NDArray[np.float64]) -> NDArray[np.float64]:
    """z of the correlation of every uniform of a draw with every uniform of the next: r * sqrt(n) ~ N(0, 1)."""
    here, after = (np.sqrt(12) * (part - 0.5) for part in (run[:-1], run[1:]))
    return np.asarray(here.T @ after / np.sqrt(len(here)))


def z_of_correlation_within(run: NDArray[np.float64]) -> NDArray[np.float64]:
    """z of the correlation of each pair of the four uniforms of one draw."""
    scores = np.sqrt(12) * (run - 0.5)
    return np.asarray(scores.T @ scores / np.sqrt(len(run)))[np.triu_indices(4, k=1)]


def z_of_uneven_cells(run: NDArray[np.float64], cells: int = 16) -> list[float]:
    """z of chi-square over a grid of cells of (this draw, the next), in pairs without overlap, for each uniform."""
    indices = (run * cells).astype(int)
    pairs = indices[0 : len(run) // 2 * 2 : 2] * cells + indices[1::2]
    counts = [np.bincount(column, minlength=cells**2) for column in pairs.T]
    chi_squares = [stats.chisquare(count) for count in counts]
    return [float(stats.norm.isf(chi_square.pvalue)) for chi_square in chi_squares]


def assert_like_independent_uniforms(run: NDArray[np.float64]) -> None:
    assert np.abs(z_of_serial_correlation(run)).max() < Z_LIMIT
    assert np.abs(z_of_correlation_within(run)).max() < Z_LIMIT
    assert np.abs(z_of_uneven_cells(run)).max() < Z_LIMIT


def names_with_one_word() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The first two names of the form ("clock", "0"), ("clock", "1"), ... that hash alike: a birthday search."""
    seen: dict[int, tuple[str, ...]] = {}
    for number in itertools.count():
        name = ("clock", str(number))
        first = seen.setdefault(decision_word(*name), name)
        if first != name:
            return first, name
    raise AssertionError("unreachable")


def plain(function: Callable[..., Any]) -> Callable[..., Any]:
    """The Python function inside a compiled one."""
    inside: Callable[..., Any] = cast(Any, function).py_func
    return inside


# Known answers


@pytest.mark.parametrize(("words", "answer"), KNOWN_ANSWERS)
def test_philox_gives_the_known_answers(words: str, answer: str) -> None:
    assert philox(*hexadecimal(words)) == hexadecimal(answer)


@pytest.mark.parametrize(("words", "answer"), KNOWN_ANSWERS)
def test_plain_philox_gives_the_known_answers(words: str, answer: str) -> None:
    assert plain(philox)(*hexadecimal(words)) == hexadecimal(answer)


def test_each_word_of_a_draw_has_its_place_in_the_block() -> None:
    number, decision, person, stream, low, high = hexadecimal(KNOWN_ANSWERS[2][0])
    expected = [(word + 0.5) / 2**32 for word in hexadecimal(KNOWN_ANSWERS[2][1])]
    assert list(uniform4(high << 32 | low, stream, person, decision, number)) == expected


def test_a_decision_word_is_the_documented_hash() -> None:
    digest = blake2b(b"need:gp\0layer 3", digest_size=4).digest()
    assert decision_word("need:gp", "layer 3") == int.from_bytes(digest, "little") == 0xA37B0BAA


# One function, scalar and compiled


@pytest.mark.parametrize("draw", DRAWS)
def test_plain_and_compiled_draws_are_identical(draw: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = uniform4(*draw)
    monkeypatch.setattr(streams, "philox", plain(philox))
    monkeypatch.setattr(streams, "open_unit", plain(streams.open_unit))
    assert plain(uniform4)(*draw) == compiled


def test_plain_and_compiled_blocks_are_identical_for_random_words() -> None:
    words = np.random.default_rng(1).integers(0, 2**32, size=(200, 6), dtype=np.uint32)
    expected = [plain(philox)(*row) for row in words.tolist()]
    assert (blocks(words) == np.array(expected)).all()


@pytest.mark.parametrize("kind", [np.int64, np.uint64, np.uint32])
def test_the_type_of_a_word_does_not_change_the_draw(kind: Callable[[int], np.integer[Any]]) -> None:
    draw = (5, 1, FIRST_ENTRANT + 3, decision_word("need:gp"), 2)
    assert uniform4(*map(kind, draw)) == uniform4(*draw)


def test_a_row_of_uniforms_is_the_draw_of_that_person() -> None:
    people = np.array([0, 1, FIRST_ENTRANT, ALL_ONES])
    rows = uniforms(LAST_SEED, 1, people, 2, 3)
    assert [tuple(row) for row in rows] == [uniform4(LAST_SEED, 1, int(person), 2, 3) for person in people]


# The same person in every world


def test_population_size_does_not_change_a_person() -> None:
    assert (uniforms(1, 0, np.arange(1_000), 5, 0)[:10] == uniforms(1, 0, np.arange(10), 5, 0)).all()


def test_the_order_of_people_does_not_change_a_person() -> None:
    order = np.random.default_rng(1).permutation(1_000)
    assert (uniforms(1, 0, order, 5, 0) == uniforms(1, 0, np.arange(1_000), 5, 0)[order]).all()


def test_drawing_leaves_the_ids_and_the_global_generator_alone() -> None:
    people = np.arange(5)
    before = np.random.get_state(legacy=False)["state"]["key"].copy()
    uniforms(1, 0, people, 5, 0)
    assert (people == np.arange(5)).all() and (np.random.get_state(legacy=False)["state"]["key"] == before).all()


def test_nobody_is_no_draws() -> None:
    assert uniforms(1, 0, np.arange(0), 5, 0).shape == (0, 4)


def test_every_word_of_the_key_and_counter_changes_the_draw() -> None:
    base = (1, 2, 3, 4, 5)
    changed = [(*base[:place], base[place] + 1, *base[place + 1 :]) for place in range(5)]
    high = (1 + 2**32, *base[1:])
    assert len({uniform4(*draw) for draw in [base, high, *changed]}) == 7


def test_entrants_do_not_share_their_draws_with_those_there_at_the_start() -> None:
    start, entrants = (uniforms(1, 0, first + np.arange(1_000), 5, 0) for first in (0, FIRST_ENTRANT))
    assert np.intersect1d(start[:, 0], entrants[:, 0]).size < 2  # expected matches: 10**6 / 2**32


# Statistics


def test_one_flipped_input_bit_flips_half_of_the_output_bits() -> None:
    trials = 2_000
    words = np.random.default_rng(1).integers(0, 2**32, size=(trials, 6), dtype=np.uint32)
    standard_error = np.sqrt(32 / 4 / trials)  # each of 32 bits flips with chance 1/2
    for word, bit in itertools.product(range(6), range(32)):
        flipped = words.copy()
        flipped[:, word] ^= np.uint32(1 << bit)
        mean_flips = np.bitwise_count(blocks(words) ^ blocks(flipped)).mean(axis=0)  # [output word]
        assert np.abs(mean_flips - 16).max() < Z_LIMIT * standard_error, (word, bit)


def test_one_flipped_input_bit_flips_each_output_bit_half_of_the_time() -> None:
    trials = 4_000
    words = np.arange(trials, dtype=np.uint32)[:, None] * np.ones(6, np.uint32)
    for word in range(6):
        flipped = words.copy()
        flipped[:, word] ^= np.uint32(1)
        change = (blocks(words) ^ blocks(flipped))[:, :, None] >> np.arange(32, dtype=np.uint32) & 1
        assert np.abs(change.mean(axis=0) - 0.5).max() < Z_LIMIT * np.sqrt(1 / 4 / trials), word


@pytest.mark.parametrize("first", [0, FIRST_ENTRANT - 100_000])
def test_neighbouring_people_are_uncorrelated(first: int) -> None:
    assert_like_independent_uniforms(run_along("person", first, 200_000))


def test_neighbouring_streams_are_uncorrelated() -> None:
    assert_like_independent_uniforms(run_along("stream", 0, 200_000))


def test_neighbouring_decision_words_are_uncorrelated() -> None:
    assert_like_independent_uniforms(run_along("decision", 0, 200_000))


def test_decisions_with_like_names_are_uncorrelated() -> None:
    assert_like_independent_uniforms(run_of_decisions(50_000))


def test_neighbouring_candidate_numbers_are_uncorrelated() -> None:
    assert_like_independent_uniforms(run_along("number", 0, 200_000))


def test_neighbouring_seeds_are_uncorrelated() -> None:
    assert_like_independent_uniforms(run_of_seeds(50_000))


@pytest.mark.parametrize("axis", AXES)
def test_neighbours_swapped_between_two_axes_are_uncorrelated(axis: str) -> None:
    """Person 1 at number 0 is not person 0 at number 1: no two axes run into each other."""
    for other in AXES[: AXES.index(axis)]:
        scores = [np.sqrt(12) * (run_along(name, 100, 50_000) - 0.5) for name in (axis, other)]
        assert np.abs(scores[0].T @ scores[1] / np.sqrt(50_000)).max() < Z_LIMIT


# The open interval


def test_the_lowest_and_highest_words_stay_inside_the_open_interval() -> None:
    lowest, highest = streams.open_unit(0), streams.open_unit(ALL_ONES)
    assert 0 < lowest == 2.0**-33 and highest == 1 - 2.0**-33 < 1


def test_uniforms_have_finite_inverses() -> None:
    sample = uniforms(0, 0, np.arange(200_000), 0, 0)
    assert np.isfinite(np.log(sample)).all() and np.isfinite(np.log1p(-sample)).all()


# Names


def test_names_with_one_word_are_refused_by_name() -> None:
    first, second = names_with_one_word()
    assert decision_word(*first) == decision_word(*second)
    with pytest.raises(ValueError) as fault:
        register([("need:gp",), first, ("need:ae",), second])
    assert repr(first) in str(fault.value) and repr(second) in str(fault.value)


def test_a_name_given_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="need:gp"):
        register([("need:gp",), ("need:gp",)])


def test_a_name_that_is_not_cut_into_parts_is_refused() -> None:
    with pytest.raises(ValueError, match="tuple of parts"):
        register(["need:gp"])  # type: ignore[list-item]


def test_register_gives_every_name_its_word_in_order() -> None:
    names = [("need:gp", f"layer {layer}") for layer in range(20)]
    words = register(iter(names))
    assert list(words) == names and list(words.values()) == [decision_word(*name) for name in names]


def test_the_cut_of_a_name_matters() -> None:
    assert len({decision_word("a", "b"), decision_word("ab"), decision_word("a/b"), decision_word("b", "a")}) == 4


@pytest.mark.parametrize("parts", [(), ("",), ("need", ""), ("a\0b",), (3,)])
def test_a_name_without_clear_parts_is_refused(parts: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="decision name"):
        decision_word(*parts)


# Seeds and ids


def test_seed_zero_is_a_seed_like_any_other() -> None:
    assert check_seed(0) == 0
    zero, one = (uniforms(seed, 0, np.arange(100), 1, 1) for seed in (0, 1))
    assert (zero == uniforms(0, 0, np.arange(100), 1, 1)).all() and (zero != one).any()


def test_both_halves_of_the_seed_count() -> None:
    seeds = [0, 1, 2**32, 2**32 + 1, 2**63, LAST_SEED]
    assert len({uniform4(check_seed(seed), 0, 0, 0, 0) for seed in seeds}) == len(seeds)


@pytest.mark.parametrize("seed", [3, np.int64(3), np.uint32(3), np.uint64(3)])
def test_a_whole_seed_becomes_a_plain_int(seed: int) -> None:
    assert check_seed(seed) == 3 and type(check_seed(seed)) is int


@pytest.mark.parametrize("seed", [None, -1, 2**64, 1.0, "1", True, np.True_])
def test_an_unusable_seed_is_refused(seed: Any) -> None:
    with pytest.raises(ValueError, match=r"seed: .* 18446744073709551615"):
        check_seed(seed)


@pytest.mark.parametrize("people", [np.array([-1]), np.array([2**32]), np.array([1.0]), np.array([[1]]), np.array(1)])
def test_unusable_ids_are_refused(people: NDArray[np.int64]) -> None:
    with pytest.raises(ValueError, match="people"):
        uniforms(1, 0, people, 1, 1)


@pytest.mark.parametrize("words", [(2**32, 0, 0), (0, 2**32, 0), (0, 0, -1), (0, None, 0)])
def test_words_that_do_not_fit_are_refused(words: tuple[int, int, int]) -> None:
    stream, decision, number = words
    with pytest.raises(ValueError, match=r"stream|decision|number"):
        uniforms(1, stream, np.arange(3), decision, number)
