"""Parameters and chance kept apart, and the Monte Carlo errors, against laws whose answers are known."""

from __future__ import annotations

import numpy as np
from hand_made import FAR, normal_scores
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from simulator.estimates import Sample, expected_rows, flat, place_draws, ranges, share_of, standard_error


def two_levels(rows: int, seed: int) -> tuple[NDArray[np.float64], Sample]:
    """Mean 1, sd 1 between rows, sd 6 within, 20 people a row in two halves."""
    rng = np.random.default_rng(seed)
    values = (1 + rng.permutation(normal_scores(rows)))[:, None] + 6 / np.sqrt(10) * rng.standard_normal((rows, 2))
    return values, Sample(np.full((rows, 2), 10.0), 20.0, np.zeros(rows, dtype=np.int64), one_stream=False)


def test_chance_is_removed_from_the_range_of_the_expected_effect() -> None:
    rows = 20_000
    values, sample = two_levels(rows, 1)
    found = ranges(values, sample)
    for end, sign in ((found.expected.low, -1), (found.expected.high, 1)):
        error = np.hypot(1.9 / np.sqrt(rows), 2.7 / np.sqrt(rows) * 1.96)
        assert abs(float(end) - (1 + sign * 1.96)) < FAR * error
    expected, _ = expected_rows(values, sample)
    share = float((expected > 0).mean())
    assert abs(share - ndtr(1)) < FAR * np.sqrt(0.25 / rows) * 2
    assert abs(float(found.chance_share) - 1.8 / 2.8) < FAR * 2 / np.sqrt(rows)


def test_five_hundred_rows_give_the_reference_ranges() -> None:
    """Reference: naive (-2.25, 4.25), P .726; corrected (-.93, 2.94), P .8435; truth (-.96, 2.96), .8413."""
    ends = []
    for seed in range(40):
        values, sample = two_levels(500, seed)
        naive, (corrected, _) = values.mean(axis=1), expected_rows(values, sample)
        ends.append([*_range(naive), (naive > 0).mean(), *_range(corrected), (corrected > 0).mean()])
    reach = 1.959964 * np.sqrt(2.8)
    truth = [1 - reach, 1 + reach, ndtr(1 / np.sqrt(2.8)), 1 - 1.959964, 1 + 1.959964, ndtr(1)]
    mean, error = np.mean(ends, axis=0), np.std(ends, axis=0, ddof=1) / np.sqrt(40)
    bias_of_a_quantile = 5 / 500  # of order 1 / rows
    assert np.all(np.abs(mean - truth) < FAR * error + bias_of_a_quantile)
    one = np.std(ends, axis=0, ddof=1)
    assert np.all(np.abs(np.array([-2.25, 4.25, 0.726, -0.93, 2.94, 0.8435]) - truth) < FAR * one)


def _range(values: NDArray[np.float64]) -> list[float]:
    return [float(x) for x in np.quantile(values, [0.025, 0.975])]


def test_a_place_as_large_as_the_sample_has_the_naive_normal_scores() -> None:
    values, sample = two_levels(4000, 2)
    draws = flat(place_draws(expected_rows(values, sample)[0], values, sample))
    naive = values.mean(axis=1)
    assert abs(draws.std() / naive.std() - 1) < FAR / np.sqrt(4000)
    assert abs(draws.mean() - naive.mean()) < 1e-12


def test_a_larger_place_has_less_chance_and_a_smaller_one_more() -> None:
    values, sample = two_levels(4000, 2)
    for place, variance in ((5.0, 1 + 36 / 5), (80.0, 1 + 36 / 80), (1e9, 1.0)):
        there = Sample(sample.people, place, sample.batch, one_stream=False)
        draws = flat(place_draws(expected_rows(values, there)[0], values, there))
        assert abs(draws.var() / variance - 1) < FAR * np.sqrt(2 / 4000) * 2


def test_halves_of_unequal_size_are_weighted_by_their_people() -> None:
    rng = np.random.default_rng(5)
    people = np.array([5.0, 15.0])
    values = 6 / np.sqrt(people) * rng.standard_normal((20_000, 2))
    sample = Sample(np.tile(people, (20_000, 1)), 20.0, np.zeros(20_000, dtype=np.int64), one_stream=False)
    expected, share = expected_rows(values, sample)
    assert abs(float(share) - 1) < FAR * 2 * np.sqrt(2 / 20_000)
    draws = flat(place_draws(np.zeros(20_000), values, sample))
    assert abs(draws.var() / (36 / 20) - 1) < FAR * np.sqrt(2 / 20_000)
    assert expected.std() < 0.3


def test_rows_that_share_their_random_numbers_are_not_shrunk() -> None:
    values, sample = two_levels(50, 3)
    shared = Sample(sample.people, sample.place_size, sample.batch, one_stream=True)
    expected, share = expected_rows(values, shared)
    assert np.allclose(expected, values.mean(axis=1), rtol=1e-12)
    assert float(share) == 0


def test_batches_see_the_gain_of_stratified_rows() -> None:
    rng = np.random.default_rng(7)
    batch = np.repeat(np.arange(50), 32)
    values = np.concatenate([rng.permutation(ndtri((np.arange(32) + rng.random(32)) / 32)) for _ in range(50)])
    plain, honest = standard_error(values, np.zeros(1600, dtype=np.int64)), standard_error(values, batch)
    truth = values.reshape(50, 32).mean(axis=1).std(ddof=1) / np.sqrt(50)
    assert abs(float(honest) / truth - 1) < 1e-9
    assert honest < plain / 3


def test_a_probability_has_the_error_of_its_rows() -> None:
    happens = np.array([[True, True], [True, False], [False, False], [False, False]])
    found = share_of(happens, np.zeros(4, dtype=np.int64))
    assert float(found.value) == 0.375
    assert np.isclose(float(found.mcse), np.std([1, 0.5, 0, 0], ddof=1) / 2)
