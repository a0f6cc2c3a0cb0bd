"""Study designs as functions: data of a study become what it reports, with an error that is the spread of studies."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.analysis.studies.area import area_trend, averted
from simulator.analysis.studies.before_after import before_after
from simulator.analysis.studies.estimate import Counts, Estimate
from simulator.analysis.studies.matched import NOBODY, Strata, difference_in_differences
from simulator.analysis.studies.randomised import randomised
from simulator.analysis.studies.selection import chosen, shown_as, true_change
from simulator.analysis.studies.stepped_wedge import stepped_wedge, variances

MOST = 4.9  # standard errors
STUDIES, PEOPLE = 2000, 400
Array = NDArray[np.float64]


# ---------------------------------------------------------------------------------------- closed forms


@pytest.mark.parametrize(
    ("mean", "shape", "share", "before", "after", "change"),
    [(0.25, 0.8, 0.042274, 2.288967, 0.735468, -0.678690), (0.60, 1.0, 0.140625, 2.6, 1.35, -0.480769)],
)
def test_people_chosen_for_two_events_fall_as_a_gamma_law_of_rates_says(
    mean: float, shape: float, share: float, before: float, after: float, change: float
) -> None:
    people = chosen(mean, shape, 2)
    assert (people.share, people.before, people.after) == pytest.approx((share, before, after), abs=1e-6)
    assert shown_as(0.0, people.rho) == pytest.approx(change, abs=1e-6)


def test_a_true_fall_of_ten_per_cent_shows_as_one_of_53() -> None:
    rho = chosen(0.60, 1.0, 2).rho
    assert shown_as(-0.10, rho) == pytest.approx(-0.533, abs=5e-4)
    assert true_change(shown_as(-0.10, rho), rho) == pytest.approx(-0.10)


def test_a_stepped_wedge_has_the_variance_of_hussey_and_hughes() -> None:
    """Eleven clusters, four periods, crossing over four, four and three."""
    opens = np.array([1] * 4 + [2] * 4 + [3] * 3)
    is_open = (np.arange(4) >= opens[:, None]).astype(float)
    seen = stepped_wedge(np.zeros((11, 4)), is_open, within=0.04, between=0.02)
    assert float(seen.error) ** 2 == pytest.approx(0.01118644067797, rel=1e-10)


# ------------------------------------------------------------------------ the error is the spread of studies


def gamma_people(seed: int, rate: float, ratio: float = 1.0, *, people: int = PEOPLE) -> tuple[Counts, Counts]:
    """Studies of people whose rates have a gamma law: a year, and the next with a ratio."""
    luck = np.random.default_rng(seed)
    rates, years = luck.gamma(1.0, rate, (STUDIES, people)), np.ones((STUDIES, people))
    return Counts(luck.poisson(rates).astype(float), years), Counts(luck.poisson(ratio * rates).astype(float), years)


def agrees(seen: Estimate, truth: float) -> None:
    """Estimates about the truth, spread as their own errors say; the log of a mean is off by half its variance."""
    spread = seen.log_ratio.std(ddof=1)
    assert abs(seen.log_ratio.mean() - truth) < MOST * spread / STUDIES**0.5 + spread**2
    errors_of_sd = (spread / seen.error.mean() - 1) * (2 * STUDIES) ** 0.5
    assert abs(errors_of_sd) < MOST


def test_before_and_after_of_people_who_were_not_chosen_is_the_ratio() -> None:
    agrees(before_after(*gamma_people(1, 1.5, 0.8)), np.log(0.8))


def test_two_halves_by_lot_tell_the_ratio() -> None:
    agrees(randomised(gamma_people(1, 1.5, 0.8)[1], gamma_people(2, 1.5)[1]), np.log(0.8))


def test_difference_in_differences_takes_out_a_trend_that_both_share() -> None:
    agrees(difference_in_differences(*gamma_people(1, 1.5, 0.8 * 1.2), *gamma_people(2, 1.5, 1.2)), np.log(0.8))


def test_a_comparison_of_areas_takes_out_a_trend_and_another_level() -> None:
    seen = (*gamma_people(1, 1.5, 0.8 * 1.2), *gamma_people(2, 2.5, 1.2, people=300))
    agrees(area_trend(*seen), np.log(0.8))
    spared = averted(*seen)
    assert abs(spared.mean() - PEOPLE * 1.5 * 1.2 * 0.2) < MOST * spared.std() / STUDIES**0.5


def test_a_stepped_wedge_finds_its_effect_and_its_two_variances() -> None:
    within, between, theta = 0.04, 0.09, -0.2
    luck, is_open = np.random.default_rng(4), (np.arange(5) >= 1 + np.arange(12)[:, None] // 3).astype(float)

    def study() -> Array:
        clusters = luck.normal(0, between**0.5, (12, 1))
        return theta * is_open + clusters + np.arange(5) / 7 + luck.normal(0, within**0.5, is_open.shape)

    tables = [study() for _ in range(500)]
    seen = np.array([float(stepped_wedge(table, is_open).log_ratio) for table in tables])
    assert abs(seen.mean() - theta) < MOST * seen.std() / 500**0.5
    exact = float(stepped_wedge(tables[0], is_open, within=within, between=between).error)
    assert seen.std() == pytest.approx(exact, rel=MOST / 1000**0.5)
    found = np.array([variances(table, is_open) for table in tables])
    errors = found.std(axis=0) / 500**0.5
    assert abs(found[:, 0].mean() - within) < MOST * errors[0]
    assert abs(found[:, 1].mean() - between) < MOST * errors[1]


# ------------------------------------------------------------------------------------------- matching


def test_somebody_is_matched_to_one_of_their_own_stratum_or_to_nobody() -> None:
    luck = np.random.default_rng(5)
    of, sought = luck.integers(0, 30, 500) * 3, luck.integers(0, 100, (4, 200))
    found = Strata.of(of).one_like(sought, luck.random(sought.shape))
    there = np.isin(sought, of)
    np.testing.assert_array_equal(found != NOBODY, there)
    np.testing.assert_array_equal(of[found[there]], sought[there])


def test_everybody_of_a_stratum_is_chosen_alike() -> None:
    drawn = Strata.of(np.array([1, 0, 1, 1])).one_like(np.ones(3000, dtype=np.int64), (np.arange(3000) + 0.5) / 3000)
    assert np.bincount(drawn).tolist() == [1000, 0, 1000, 1000]
