"""Parameters and chance kept apart, and the Monte Carlo errors, against laws whose answers are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hand_made import FAR, normal_scores
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from simulator.uncertainty.futures import futures_of, place_futures, rows_alone
from simulator.uncertainty.parting import Sample, expected_rows, new_place_rows
from simulator.uncertainty.ranges import Ranges, ranges
from simulator.uncertainty.resampling import MOST_CLUSTERS, RESAMPLES, clusters, standard_error


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
    share = float((expected_rows(values, sample).rows > 0).mean())
    assert abs(share - ndtr(1)) < FAR * np.sqrt(0.25 / rows) * 2
    assert abs(float(found.chance_share) - 1.8 / 2.8) < FAR * 2 / np.sqrt(rows)


def test_five_hundred_rows_give_the_reference_ranges() -> None:
    """Reference: naive (-2.25, 4.25), P .726; corrected (-.93, 2.94), P .8435; truth (-.96, 2.96), .8413."""
    ends = []
    for seed in range(40):
        values, sample = two_levels(500, seed)
        naive, corrected = values.mean(axis=1), expected_rows(values, sample).rows
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
    draws = place_futures(new_place_rows(values, sample), values, sample).all
    naive = values.mean(axis=1)
    assert abs(draws.std() / naive.std() - 1) < FAR / np.sqrt(4000)
    assert abs(draws.mean() - naive.mean()) < 1e-12


def test_a_larger_place_has_less_chance_and_a_smaller_one_more() -> None:
    values, sample = two_levels(4000, 2)
    for place, variance in ((5.0, 1 + 36 / 5), (80.0, 1 + 36 / 80), (1e9, 1.0)):
        there = Sample(sample.people, place, sample.batch, one_stream=False)
        draws = place_futures(new_place_rows(values, there), values, there).all
        assert abs(draws.var() / variance - 1) < FAR * np.sqrt(2 / 4000) * 2


def test_halves_of_unequal_size_are_weighted_by_their_people() -> None:
    rng = np.random.default_rng(5)
    people = np.array([5.0, 15.0])
    values = 6 / np.sqrt(people) * rng.standard_normal((20_000, 2))
    sample = Sample(np.tile(people, (20_000, 1)), 20.0, np.zeros(20_000, dtype=np.int64), one_stream=False)
    parted = expected_rows(values, sample)
    assert abs(float(parted.spread.share) - 1) < FAR * 2 * np.sqrt(2 / 20_000)
    draws = place_futures(parted, values, sample).all
    assert abs(draws.var() / (36 / 20) - 1) < FAR * np.sqrt(2 / 20_000)


def three_levels(rows: int, seed: int, chance: float = 6.0) -> tuple[NDArray[np.float64], Sample]:
    """As two levels, with 10 times the log of a site factor whose log has the standard deviation 0.1."""
    rng = np.random.default_rng(seed)
    sites = 0.1 * rng.permutation(normal_scores(rows))
    rows_only = 1 + rng.permutation(normal_scores(rows)) + 10 * sites
    values = rows_only[:, None] + chance / np.sqrt(10) * rng.standard_normal((rows, 2))
    people, batch = np.full((rows, 2), 10.0), np.zeros(rows, dtype=np.int64)
    return values, Sample(people, 20.0, batch, one_stream=False, sites=sites[:, None])


def test_parameters_places_and_chance_add_up_from_range_to_range() -> None:
    """Variances by hand: 1 of parameters, (10 x 0.1)^2 = 1 of places, 6^2 / 20 = 1.8 of chance in a place of 20."""
    rows = 20_000
    found = ranges(*three_levels(rows, 1))
    assert found.new_place is not None
    for there, variance in ((found.expected, 1.0), (found.new_place, 2.0), (found.place, 3.8)):
        error = 2.7 * np.sqrt(3.8 / rows)
        for end, sign in ((there.low, -1), (there.high, 1)):
            assert abs(float(end) - (1 + sign * 1.959964 * np.sqrt(variance))) < FAR * error
        assert abs(float(there.mean) - float(found.mean)) < 1e-12


def test_few_rows_part_places_from_parameters_without_bias() -> None:
    rows, times = 16, 2000
    found = []
    for seed in range(times):
        values, sample = three_levels(rows, seed, chance=0.0)
        found.append([expected_rows(values, sample).rows.var(), new_place_rows(values, sample).rows.var()])
    mean, error = np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / np.sqrt(times)
    stated = float(np.var(normal_scores(rows)))
    assert np.all(np.abs(mean - [stated, 2 * stated]) < FAR * error)


def test_the_errors_of_an_end_grow_with_the_slopes_that_were_fitted() -> None:
    values, sample = three_levels(16, 3, chance=0.0)
    parted = expected_rows(values, sample)
    whole, less = (rows_alone(parted, fitted).quantiles()[1] for fitted in (0, 1))
    assert np.all(less >= whole) and less.sum() > whole.sum()


def test_a_figure_that_places_do_not_move_has_one_range_for_both() -> None:
    rng, (_, sample) = np.random.default_rng(1), three_levels(400, 1)
    for _ in range(20):
        figure = np.repeat(rng.normal(size=(400, 1)), 2, axis=1)
        assert expected_rows(figure, sample).rows.var() <= new_place_rows(figure, sample).rows.var()
    assert np.all(expected_rows(np.zeros((400, 2)), sample).rows == 0)


def test_two_sites_that_are_always_alike_count_once() -> None:
    values, sample = three_levels(400, 2)
    assert sample.sites is not None
    twice = replace(sample, sites=np.repeat(sample.sites, 2, axis=1))
    assert np.allclose(expected_rows(values, twice).rows, expected_rows(values, sample).rows, rtol=1e-9)


def test_rows_that_share_their_random_numbers_are_not_shrunk() -> None:
    values, sample = two_levels(50, 3)
    shared = Sample(sample.people, sample.place_size, sample.batch, one_stream=True)
    assert np.allclose(expected_rows(values, shared).rows, values.mean(axis=1), rtol=1e-12)
    assert float(ranges(values, shared).chance_share) == 0


def test_batches_see_the_gain_of_stratified_rows() -> None:
    rng = np.random.default_rng(7)
    batch = np.repeat(np.arange(50), 32)
    values = np.concatenate([rng.permutation(ndtri((np.arange(32) + rng.random(32)) / 32)) for _ in range(50)])
    plain, honest = standard_error(values, np.zeros(1600, dtype=np.int64)), standard_error(values, batch)
    truth = values.reshape(50, 32).mean(axis=1).std(ddof=1) / np.sqrt(50)
    assert abs(float(honest) / truth - 1) < 1e-9
    assert honest < plain / 3


def test_a_probability_has_the_error_of_its_rows() -> None:
    happens = np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    found = futures_of(happens, np.zeros(4, dtype=np.int64)).mean(lambda draws, _: draws[..., None])
    assert float(found.value[0]) == 0.375
    assert abs(float(found.mcse[0]) / (np.std([1, 0.5, 0, 0], ddof=1) / 2) - 1) < FAR / np.sqrt(2 * RESAMPLES)


def test_resampling_a_mean_gives_its_standard_error() -> None:
    batch = np.repeat(np.arange(20), 32)
    values = np.random.default_rng(4).normal(size=(640, 3))
    drawn = clusters(batch)
    found = drawn.error(drawn.means(values))
    assert np.all(np.abs(found / standard_error(values, batch) - 1) < FAR / np.sqrt(2 * RESAMPLES))


def test_rows_that_chance_alone_moves_are_never_a_point_by_luck() -> None:
    """Chance is all there is: half the runs find less spread than chance would make, and none may print a point."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        values, sample = rng.normal(size=(64, 2)), two_levels(64, 0)[1]
        found = ranges(values, sample)
        assert float(found.expected.high) > float(found.expected.low)
        if not found.is_parted:
            naive = np.sort(values.mean(axis=1))
            assert float(found.expected.low) <= naive[1] and float(found.expected.high) >= naive[-2]
            assert np.isinf(found.people_needed) and 64 < float(found.rows_needed) < np.inf


def test_the_rows_that_would_do_are_enough_in_about_nineteen_runs_of_twenty() -> None:
    """Chance four times the parameters: 4 ((1.645 + 1.645) / log 1.25)^2 = 870 rows for normal figures."""

    def made(rows: int, seed: int) -> Ranges:
        rng = np.random.default_rng(seed)
        values = rng.normal(size=(rows, 1)) + np.sqrt(8) * rng.normal(size=(rows, 2))
        return ranges(values, Sample(np.full((rows, 2), 10.0), 20.0, np.arange(rows) // 32, one_stream=False))

    needed = float(made(2**16, 1).rows_needed)
    assert abs(needed / 870 - 1) < FAR * 2 * np.sqrt(1 / (2 * RESAMPLES) + 1 / (2 * MOST_CLUSTERS))
    parts, tries = sum(bool(made(896, seed).is_parted) for seed in range(100)), 100
    assert abs(parts / tries - 0.95) < FAR * np.sqrt(0.05 * 0.95 / tries)


def test_the_error_of_an_end_that_is_the_outermost_row_whatever_is_drawn_is_not_known() -> None:
    values, sample = two_levels(8, 1)
    for people in (sample.place_size, 20 * sample.place_size):
        found = ranges(values, replace(sample, place_size=people))
        assert not found.is_parted and np.isnan(found.place.quantile_mcse[[0, -1]]).all()
    assert np.all(ranges(np.ones((8, 2)), sample).place.quantile_mcse == 0)


def test_people_are_not_asked_for_that_do_not_live_there() -> None:
    values, sample = two_levels(64, 1)
    crowded = ranges(values, replace(sample, place_size=1e9))
    assert np.isfinite(crowded.people_needed) and np.isinf(ranges(values, sample).people_needed)


def test_without_an_uncertain_parameter_the_expected_effect_is_a_point() -> None:
    values, sample = two_levels(64, 1)
    found = ranges(values, replace(sample, is_certain=True))
    assert np.ptp(found.expected.quantiles) < 1e-12
    assert float(found.place.high) > float(found.place.low)


def test_a_single_replicate_parts_nothing() -> None:
    values, sample = two_levels(64, 1)
    found = ranges(values[:, :1], replace(sample, people=sample.people[:, :1]))
    assert not found.is_parted and float(found.chance_share) == 0


def test_two_whole_runs_are_two_futures_of_the_place() -> None:
    values, sample = two_levels(30, 1)
    whole = replace(sample, people=np.full((30, 2), 20.0))
    draws = place_futures(new_place_rows(values, whole), values, whole).all
    assert np.allclose(np.sort(draws), np.sort(values, axis=None), rtol=1e-12)


def test_the_tails_of_a_large_place_are_its_own() -> None:
    """Counts of mean 1/2 in each half: chance has excess kurtosis 1 in one sample, and 1 / 20 in 20 of them."""
    rng = np.random.default_rng(1)
    rows, samples = 20_000, 20
    values = rng.poisson(0.5, (rows, 2)).astype(np.float64)
    people, batch = np.full((rows, 2), 10.0), np.zeros(rows, dtype=np.int64)
    place = Sample(people, 20.0 * samples, batch, one_stream=True)
    still = new_place_rows(np.zeros((rows, 2)), place)
    draws = place_futures(still, values, place).all
    assert abs(draws.var() / (0.25 / samples) - 1) < FAR * np.sqrt(3 / rows)
    assert abs(float((draws**4).mean() / draws.var() ** 2) - 3 - 1 / samples) < FAR * np.sqrt(24 / rows) * 2
