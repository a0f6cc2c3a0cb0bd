"""The oracles themselves: against the printed reference values, and against formulas that they do not use."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log, sqrt

import numpy as np
import pytest
from oracles import (
    DISCOUNT,
    Chain,
    Law,
    both_worlds,
    by_year,
    days_in,
    entries,
    erlang_wait,
    finite_source,
    finite_source_formula,
    gamma_people,
    in_steps,
    law,
    law_over,
    lognormal_people,
    pathway,
    select,
)
from scipy.integrate import quad

CONTINUOUS = log(1 + DISCOUNT)
PRINTED = {
    5: (0.8708023400, 4586.62992271, 4321.283395, 4983.70232466, 7.74599947),
    10: (0.7581529614, 7959.08939134, 5757.739605, 9334.84128821, 14.52381296),
}
PRINTED_COUNTS = {
    (5, "gp"): (22.6169156578, 44.9217681457),
    (5, "ae"): (2.4871678735, 2.6746790326),
    (5, "inpatient"): (0.9722242606, 0.9678553942),
    (10, "gp"): (42.3069934507, 204.5547986086),
    (10, "ae"): (4.6531660595, 6.3283952404),
    (10, "inpatient"): (1.8189368172, 1.9644362572),
}


@pytest.mark.parametrize("years", PRINTED)
def test_the_chain_gives_the_printed_survival_costs_and_bed_days(years: int) -> None:
    alive, discounted, sd, plain, bed_days = PRINTED[years]
    chain = pathway()
    dead = chain.states.index("dead")
    assert 1 - chain.probabilities(years, "home")[dead] == pytest.approx(alive, abs=1e-10)
    cost = law(chain, years, "home", discount=CONTINUOUS)
    assert (cost.mean, cost.sd) == pytest.approx((discounted, sd), rel=1e-9)
    assert law(chain, years, "home").mean == pytest.approx(plain, rel=1e-11)
    assert law(chain.timing(days_in("inpatient")), years, "home").mean == pytest.approx(bed_days, abs=1e-8)


@pytest.mark.parametrize(("years", "place"), PRINTED_COUNTS)
def test_the_chain_gives_the_printed_means_and_variances_of_counts(years: int, place: str) -> None:
    counted = law(pathway().counting(entries(place)), years, "home")
    assert (counted.mean, counted.variance) == pytest.approx(PRINTED_COUNTS[years, place], abs=1e-9)


TOGETHER = ("home", "home", True)


def test_the_split_coupling_gives_the_printed_spread_of_a_difference() -> None:
    usual, fewer = pathway(), pathway(0.8)
    coupled = law(both_worlds(usual, fewer, anywhere=True), 10, TOGETHER, discount=CONTINUOUS)
    alone = [law(chain, 10, "home", discount=CONTINUOUS) for chain in (usual, fewer)]
    assert coupled.mean == pytest.approx(-964.2915, abs=5e-5)
    assert coupled.mean == pytest.approx(alone[1].mean - alone[0].mean, rel=1e-9)
    assert coupled.sd == pytest.approx(2201.796, abs=5e-4)
    assert sqrt(alone[0].variance + alone[1].variance) == pytest.approx(7806.340, abs=5e-4)


def test_luck_that_belongs_to_the_need_spreads_a_difference_by_no_more_than_a_fifth_of_a_percent() -> None:
    keyed, split = (both_worlds(pathway(), pathway(0.8), anywhere=anywhere) for anywhere in (False, True))
    ours, printed = (law(chain, 10, TOGETHER, discount=CONTINUOUS) for chain in (keyed, split))
    assert ours.mean == pytest.approx(printed.mean, rel=1e-9)
    assert ours.sd == pytest.approx(2205.3400, abs=5e-4)
    assert 1 < ours.sd / printed.sd < 1.002


def test_two_worlds_without_a_difference_never_part() -> None:
    same = law(both_worlds(pathway(), pathway()), 10, TOGETHER)
    assert (same.mean, same.variance, same.fourth) == (0.0, 0.0, 0.0)


def test_rates_that_change_on_the_log_scale_give_the_printed_cost() -> None:
    edges = [*np.linspace(0, 2, 201).tolist(), 10.0]
    cost = law_over(in_steps(lambda t: pathway(0.8 ** min(t / 2, 1)), edges), "home", discount=CONTINUOUS, order=2)
    assert cost.mean == pytest.approx(7111.797060, abs=2e-3)


def test_chained_years_without_discount_are_one_long_piece() -> None:
    whole, chained = law(pathway(), 5, "home"), law_over(by_year(pathway(), 5, lambda year: 1.0), "home")
    assert (chained.mean, chained.variance, chained.fourth) == pytest.approx((whole.mean, whole.variance, whole.fourth))


def test_the_moments_of_a_poisson_count_are_its_own() -> None:
    counted = law(Chain.of({("a", "b"): 2.0, ("b", "a"): 2.0}, impulse=lambda a, b: 1.0), 3, "a")
    assert (counted.mean, counted.variance, counted.fourth) == pytest.approx((6.0, 6.0, 6.0 + 3 * 36.0))


def test_the_spread_of_a_sample_variance_is_the_textbook_one_for_normal_figures() -> None:
    assert Law(0.0, 1.0, 3.0).sd_of_variance(101) == pytest.approx(sqrt(2 / 100), rel=1e-2)


def test_the_effect_profile_integrates_to_the_printed_numbers() -> None:
    def weight(t: float) -> float:
        return min(max((t - 0.5) / 1.5, 0.0), 1.0)

    def faded(t: float) -> float:
        return weight(t) if t <= 2 else weight(2) * 2 ** (-(t - 2) / 3)

    def averted(w: Callable[[float], float], discounted: bool) -> float:
        def density(t: float) -> float:
            return 0.2 * (1 - float(0.75 ** w(t))) * (exp(-CONTINUOUS * t) if discounted else 1.0)

        return float(quad(density, 0, 10, points=(0.5, 2.0), epsabs=1e-12)[0])

    assert averted(weight, False) == pytest.approx(0.4392955, abs=5e-8)
    assert averted(weight, True) == pytest.approx(0.3637653, abs=5e-8)
    assert averted(faded, True) == pytest.approx(0.2011707, abs=5e-8)


@pytest.mark.parametrize(
    ("slots", "load", "printed"),
    [(1, 0.5, 1.0), (5, 4.0, 0.5541125541), (10, 8.0, 0.2045900754), (25, 22.0, 0.1445308103)],
)
def test_the_wait_in_a_queue_is_the_printed_one_and_the_limit_of_many_people(
    slots: int, load: float, printed: float
) -> None:
    assert erlang_wait(slots, load) == pytest.approx(printed, abs=1e-10)
    people = 200_000
    share = finite_source_formula(people, slots, load / people, 1.0)
    waiting = share @ np.maximum(np.arange(people + 1) - slots, 0)
    arriving = share @ (people - np.arange(people + 1)) * load / people
    assert waiting / arriving == pytest.approx(printed, rel=5e-3)


def test_the_birth_death_product_solves_the_chain_of_a_finite_source() -> None:
    settled = finite_source(12, 3, 0.7, 1.9).settled()
    assert settled == pytest.approx(finite_source_formula(12, 3, 0.7, 1.9), abs=1e-12)


def test_arrivals_without_limit_from_empty_reach_the_printed_mean() -> None:
    assert 10 / 0.2 * (1 - exp(-0.2 * 5)) == pytest.approx(31.606028, abs=5e-7)


@pytest.mark.parametrize(
    ("mean", "shape", "printed"),
    [(0.25, 0.8, (0.042274, 2.288967, 0.735468, -0.678690)), (0.60, 1.0, (0.140625, 2.6, 1.35, -0.480769))],
)
def test_selecting_people_of_gamma_risk_gives_the_printed_regression_to_the_mean(
    mean: float, shape: float, printed: tuple[float, ...]
) -> None:
    found = select(*gamma_people(shape, mean), 2)
    assert (found.chosen, found.before.mean, found.after.mean, found.change) == pytest.approx(printed, abs=6e-7)


def test_a_tenth_fewer_looks_like_half_fewer_among_the_selected() -> None:
    assert select(*gamma_people(1.0, 0.6), 2, ratio=0.9).change == pytest.approx(-0.533, abs=5e-4)


def test_lognormal_people_have_the_mean_and_spread_of_their_law() -> None:
    rates, weights = lognormal_people(0.9, 0.6)
    assert weights @ rates == pytest.approx(0.6, rel=1e-12)
    assert weights @ rates**2 == pytest.approx(0.36 * exp(0.81), rel=1e-10)


def test_health_states_give_the_printed_costs_and_years() -> None:
    def ill(out: float) -> Chain:
        moves = {("h", "s"): 0.15 * out, ("h", "d"): 0.02 * out, ("s", "h"): 0.30, ("s", "d"): 0.10}
        return Chain.of(moves)

    costs, utility = {"h": 2000.0, "s": 8000.0, "d": 0.0}, {"h": 1.0, "s": 0.7, "d": 0.0}
    for out, printed in ((1.0, (50_210.0375, 13.0406126)), (0.7, (52_095.5455, 15.4311058))):
        found = [law(ill(out).timing(worth.__getitem__), 100, "h", discount=0.03).mean for worth in (costs, utility)]
        assert found == pytest.approx(printed, rel=1e-8)


def test_the_stepped_wedge_has_the_printed_variance() -> None:
    """Hussey and Hughes (2007), equation 8, from the design matrix: clusters cross over 4, 4 and 3 at a time."""
    treated = np.array([[period > step for period in range(4)] for step in [0] * 4 + [1] * 4 + [2] * 3], dtype=float)
    clusters, periods = treated.shape
    within, between = 0.04, 0.02
    u, w, v = treated.sum(), (treated.sum(axis=0) ** 2).sum(), (treated.sum(axis=1) ** 2).sum()
    above = clusters * within * (within + periods * between)
    below = (clusters * u - w) * within + (u**2 + clusters * periods * u - periods * w - clusters * v) * between
    assert above / below == pytest.approx(0.01118644067797, abs=1e-13)
