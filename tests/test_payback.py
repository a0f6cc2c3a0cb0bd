"""Payback, relapse and shortfall against laws whose answers are known."""

from __future__ import annotations

import numpy as np
from hand_made import FAR, normal_scores
from numpy.typing import NDArray
from scipy.special import ndtr

from simulator.findings.payback import first_crossings, payback, payback_times, shortfall
from simulator.uncertainty.ranges import futures_of


def steady(n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cost 100 on day 0, the same saving N(18, 15) in each of ten years: [row, draw, year], [row]."""
    yearly = 18 + 15 * normal_scores(n)
    return (-100 + yearly[:, None] * np.arange(1, 11))[:, None], np.full(n, -100.0)


def test_payback_meets_the_reference_probabilities() -> None:
    n = 100_000
    paths, start = steady(n)
    found = payback(futures_of(paths, np.zeros(n, dtype=np.int64)), start)
    exact = {"never": ndtr(-8 / 15), 4: ndtr(-2 / 15), 9: 1 - ndtr(-8 / 15)}
    assert abs(float(found.p_never.value) - exact["never"]) <= 1 / n
    assert [round(float(found.by_year.value[y]), 4) for y in (4, 9)] == [0.4470, 0.7031]
    assert round(float(found.p_never.value), 3) == 0.297


def test_the_restricted_mean_is_the_integral_of_the_payback_law() -> None:
    """The exact mean of min(100 / S, 10) is 6.2595; the reference 6.24 is within the error of a thousand rows."""
    n = 100_000
    paths, start = steady(n)
    found = payback(futures_of(paths, np.zeros(n, dtype=np.int64)), start)
    years = np.linspace(0, 10, 200_001)[1:]
    still_waiting = ndtr((100 / years - 18) / 15)
    exact = float(np.mean(still_waiting) * 10)
    assert abs(float(found.restricted_mean_years.value) - exact) < 10 / n + 1e-3
    assert abs(exact - 6.24) < FAR * float(found.restricted_mean_years.mcse) * np.sqrt(n / 1000)


def test_the_mean_of_finite_payback_years_is_never_printed() -> None:
    n = 1000
    paths, start = steady(n)
    found = payback(futures_of(paths, np.zeros(n, dtype=np.int64)), start)
    told = [x for x in found.to_dict().values() if isinstance(x, float)]
    finite = float(found.times[np.isfinite(found.times)].mean())
    assert abs(finite - 4.68) < 0.05
    assert min(abs(x - finite) for x in told) > 0.1


def test_payback_is_for_good_and_the_first_crossing_is_not() -> None:
    path = np.array([[-1.0, 1.0, -1.0, 3.0], [-1.0, 1.0, 1.0, -1.0], [1.0, 1.0, 1.0, 1.0], [1.0, -2.0, -2.0, 2.0]])
    start = np.array([-1.0, 0.0, -1.0, 0.0])
    assert payback_times(path, start).tolist() == [3.25, np.inf, 0.5, 3.5]
    assert first_crossings(path, start).tolist() == [1.5, 1.5, 0.5, 3.5]
    found = payback(futures_of(path[:, None], np.zeros(4, dtype=np.int64)), start)
    assert (float(found.p_relapse.value), float(found.p_never.value)) == (0.5, 0.25)
    assert found.by_year.value.tolist() == [0.25, 0.25, 0.25, 0.75]
    assert found.median_year == 3.25


def test_reaching_zero_and_staying_there_is_payback_and_never_going_below_is_payback_at_once() -> None:
    path = np.array([[-1.0, 0.0, 0.0], [1.0, 0.0, 2.0]])
    assert payback_times(path, np.zeros(2)).tolist() == [2.0, 0.0]


def test_a_median_that_is_not_reached_is_null() -> None:
    paths = np.array([-1.0, -1.0, 1.0])[:, None, None]
    found = payback(futures_of(paths, np.zeros(3, dtype=np.int64)), np.zeros(3))
    assert found.median_year is None
    assert found.to_dict()["median_year"] is None


def test_no_difference_is_no_investment() -> None:
    found = payback(futures_of(np.zeros((3, 1, 5)), np.zeros(3, dtype=np.int64)), np.zeros(3))
    assert found.status == "no investment"


def test_the_shortfall_of_a_normal_law_is_the_reference() -> None:
    n = 100_000
    by_row = normal_scores(n)[:, None]
    batch = np.zeros(n, dtype=np.int64)
    for worst, expected in ((0.05, -2.06271281), (0.1, -1.75498332)):
        assert abs(float(shortfall(futures_of(by_row, batch), worst).value) - expected) < 1 / np.sqrt(n) / 10


def test_the_worst_of_a_handful_has_no_error() -> None:
    futures = futures_of(np.array([1.0, 2.0, 4.0, 7.0])[:, None], np.zeros(4, dtype=np.int64))
    assert float(shortfall(futures).value) == 1 and np.isnan(shortfall(futures).mcse)
