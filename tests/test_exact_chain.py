"""Engines against the exact chain of the reference values: means, variances and the coupled variance.

One scenario, ten years, no capacity: usual care; A&E and direct admissions a fifth lower from the start; the same
reached on the log scale over two years. Money is worked out here from activity by person and year, discounted by whole
years.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
import pytest
from engines import Simulate
from numpy.typing import NDArray
from oracles import (
    BED_DAY_GBP,
    DISCOUNT,
    LIMIT,
    VISIT_GBP,
    Chain,
    Law,
    bernoulli,
    both_worlds,
    by_year,
    check,
    check_mean,
    days_in,
    entries,
    in_steps,
    law,
    law_over,
    pathway,
    poisson_law,
)
from scenes import DAYS_PER_YEAR, LONG_AFTER, VISIT, Seen, for_all, scene, watch
from scipy.integrate import quad

TOGETHER = ("home", "home", True)
YEARS = 10


def factor(year: int) -> float:
    return (1 + DISCOUNT) ** -year


def chain_scene(people: int) -> Any:
    fifth = [{"target": f"need:{need}", "calibrated": 0.8} for need in ("ae", "direct")]
    slowly = [effect | {"ramp_days": 2 * DAYS_PER_YEAR} for effect in fifth]
    return scene(
        {
            "death": {"rate": 0.02, "growth": 0.0, "reference_age": 65, "at_risk": "home"},
            "needs": {
                "gp": {"goes_to": "gp", "rate": 5},
                "ae": {"goes_to": "ae", "rate": 0.4},
                "direct": {"goes_to": "inpatient", "rate": 0.05, "emergency": True},
            },
            "places": {
                "gp": {"stay": {"mean": 2}, "routes": {"on": {"to": "ae", "share": 0.03}}},
                "ae": {
                    "stay": {"mean": 0.25},
                    "emergency": True,
                    "routes": {"admitted": {"to": "inpatient", "share": 0.3}},
                },
                "inpatient": {"stay": {"mean": 8}, "routes": {"dies": {"to": "dead", "share": 0.04}}},
            },
            "programmes": {"fifth": for_all(*fifth), "slowly": for_all(*slowly)},
        },
        people=people,
        years=YEARS,
    )


@pytest.fixture(scope="module", params=[300, pytest.param(10_000, marks=pytest.mark.slow)])
def seen(simulate: Simulate, request: pytest.FixtureRequest) -> Seen:
    return watch(simulate, chain_scene(request.param))


def pounds(seen: Seen, arm: int | str) -> NDArray[np.float64]:
    """Undiscounted cost by person and year."""
    visits = sum(price * seen.count(f"visits:{place}", arm) for place, price in VISIT_GBP.items())
    return visits + BED_DAY_GBP * seen.days("days:inpatient", arm)


def discounted(costs: NDArray[np.float64]) -> NDArray[np.float64]:
    return costs @ np.array([factor(year) for year in range(costs.shape[1])])


@pytest.mark.parametrize("years", [5, 10])
def test_as_many_people_live_as_the_chain_says(seen: Seen, years: int) -> None:
    chain = pathway()
    dead = chain.probabilities(years, "home")[chain.states.index("dead")]
    check_mean(seen.count("deaths")[:, :years].sum(axis=1), bernoulli(dead))


@pytest.mark.parametrize("years", [5, 10])
@pytest.mark.parametrize("place", ["gp", "ae", "inpatient"])
def test_visits_have_the_mean_and_variance_of_the_chain(seen: Seen, place: str, years: int) -> None:
    check(seen.count(f"visits:{place}")[:, :years].sum(axis=1), law(pathway().counting(entries(place)), years, "home"))


@pytest.mark.parametrize("years", [5, 10])
def test_bed_days_have_the_mean_and_variance_of_the_chain(seen: Seen, years: int) -> None:
    law_of_days = law(pathway().timing(days_in("inpatient")), years, "home")
    check(seen.days("days:inpatient")[:, :years].sum(axis=1), law_of_days)


@pytest.mark.parametrize("years", [5, 10])
def test_discounted_costs_have_the_mean_and_variance_of_the_chain(seen: Seen, years: int) -> None:
    check(discounted(pounds(seen, 0)[:, :years]), law_over(by_year(pathway(), years, factor), "home"))


def test_each_years_costs_have_the_mean_of_the_chain(seen: Seen) -> None:
    for year in range(YEARS):
        this_year = [(1.0, pathway().scaled(float(y == year))) for y in range(YEARS)]
        check_mean(pounds(seen, 0)[:, year], law_over(this_year, "home"))


def test_the_difference_between_arms_has_the_coupled_spread(seen: Seen) -> None:
    pair = both_worlds(pathway(), pathway(0.8))
    check(discounted(pounds(seen, "fifth") - pounds(seen, 0)), law_over(by_year(pair, YEARS, factor), TOGETHER))


def test_arms_with_luck_of_their_own_would_be_noticed(seen: Seen) -> None:
    coupled = law_over(by_year(both_worlds(pathway(), pathway(0.8)), YEARS, factor), TOGETHER)
    alone = [law_over(by_year(chain, YEARS, factor), "home") for chain in (pathway(), pathway(0.8))]
    independent = sum(one.variance for one in alone)
    people = len(seen.lives.person)
    assert independent - coupled.variance > 2 * LIMIT * coupled.sd_of_variance(people)


def test_the_last_years_admissions_keep_the_coupled_spread(seen: Seen) -> None:
    pair = both_worlds(pathway(), pathway(0.8))
    admitted = pair.counting(lambda a, b: entered(a, b, 1) - entered(a, b, 0))
    last = [(YEARS - 1.0, admitted.scaled(0.0)), (1.0, admitted)]
    check((seen.count("visits:inpatient", "fifth") - seen.count("visits:inpatient"))[:, -1], law_over(last, TOGETHER))


def entered(before: Any, after: Any, world: int) -> float:
    return float(after[world] == "inpatient" != before[world])


def test_an_effect_that_grows_on_the_log_scale_gives_the_difference_of_the_chain(seen: Seen) -> None:
    def pair(years: float) -> Chain:
        return both_worlds(pathway(), pathway(0.8 ** min(years / 2, 1.0)))

    growing = in_steps(pair, np.linspace(0, 2, 41).tolist())
    yearly = [(years, chain.scaled(factor(int(i / 20)))) for i, (years, chain) in enumerate(growing)]
    full = [(1.0, pair(2).scaled(factor(year))) for year in range(2, YEARS)]
    saved = discounted(pounds(seen, "slowly") - pounds(seen, 0))
    check_mean(saved, law_over([*yearly, *full], TOGETHER, order=2))


# --- the profile of one effect ------------------------------------------------------------------------

RATE, RATIO = 0.2, 0.75
ENDS = 2.0  # years
HALF_LIFE = 3.0  # years
PROFILE = [(1.0, 1.0), (3.0, 0.4), (4.0, 0.0), (6.0, 0.7)]  # weight until so many years, the last for good


def weight(t: float) -> float:
    return min(max((t - 0.5) / 1.5, 0.0), 1.0)


def faded(t: float) -> float:
    return weight(t) if t <= ENDS else weight(ENDS) * 2 ** (-(t - ENDS) / HALF_LIFE)


def stepped(t: float) -> float:
    return next((w for until, w in PROFILE if t < until), PROFILE[-1][1])


def harm_first(t: float) -> float:
    return -1.0 if t < 1 else 1.0


SHAPES = {"grows": weight, "ends": faded, "steps": stepped, "harm_first": harm_first}


@pytest.fixture(scope="module", params=[1200, pytest.param(60_000, marks=pytest.mark.slow)])
def shaped(simulate: Simulate, request: pytest.FixtureRequest) -> Seen:
    effect = {"target": "need:clinic", "calibrated": RATIO}
    slow = {"delay_days": 0.5 * DAYS_PER_YEAR, "ramp_days": 1.5 * DAYS_PER_YEAR}
    steps = [{"until_days": until * DAYS_PER_YEAR, "weight": w} for until, w in PROFILE]
    worse = [{"until_days": DAYS_PER_YEAR, "weight": -1.0}, {"until_days": LONG_AFTER, "weight": 1.0}]
    fading = effect | slow | {"half_life_days": HALF_LIFE * DAYS_PER_YEAR}
    programmes = {
        "grows": for_all(effect | slow),
        "ends": for_all(fading) | {"closes_day": ENDS * DAYS_PER_YEAR},
        "steps": for_all(effect | {"profile": steps}),
        "harm_first": for_all(effect | {"profile": worse}),
    }
    clinic = {"needs": {"clinic": {"goes_to": "clinic", "rate": RATE}}, "places": {"clinic": {"stay": VISIT}}}
    return watch(simulate, scene(clinic, {"programmes": programmes}, people=request.param))


@pytest.mark.parametrize("shape", SHAPES)
def test_an_effect_averts_each_year_what_its_weight_integrates_to(shaped: Seen, shape: str) -> None:
    met = shaped.count("visits:clinic", shape)
    for year in range(YEARS):
        kinks = [k for k in (0.5, 1.0, 2.0, 3.0, 4.0) if year < k < year + 1]
        rate = RATE * quad(lambda t: RATIO ** SHAPES[shape](t), year, year + 1, points=kinks or None)[0]
        check_mean(met[:, year], poisson_law(rate))


@pytest.mark.parametrize(("shape", "printed"), [("grows", 0.4392955), ("ends", None), ("steps", None)])
def test_only_events_that_were_there_are_averted(shaped: Seen, shape: str, printed: float | None) -> None:
    averted = shaped.count("visits:clinic") - shaped.count("visits:clinic", shape)
    assert averted.min() >= 0
    kinks = [0.5, 1.0, 2.0, 3.0, 4.0]
    expected = RATE * quad(lambda t: 1 - RATIO ** SHAPES[shape](t), 0, YEARS, points=kinks)[0]
    if printed is not None:
        assert expected == pytest.approx(printed, rel=1e-3)
    check(averted.sum(axis=1), poisson_law(expected))


def test_a_ratio_above_one_only_adds_events(shaped: Seen) -> None:
    added = (shaped.count("visits:clinic", "harm_first") - shaped.count("visits:clinic"))[:, 0]
    assert added.min() >= 0
    check(added, poisson_law(RATE * (1 / RATIO - 1)))


def test_a_strong_effect_grows_on_the_log_scale_and_not_in_a_straight_line(simulate: Simulate) -> None:
    """Half-way to a ratio of .04 needs are a fifth, not half."""
    rate, ratio, years, people = 4.0, 0.04, 2, 150
    effect = for_all({"target": "need:clinic", "calibrated": ratio, "ramp_days": years * DAYS_PER_YEAR})
    clinic = {"needs": {"clinic": {"goes_to": "clinic", "rate": rate}}, "places": {"clinic": {"stay": VISIT}}}
    seen = watch(simulate, scene(clinic, {"programmes": {"strong": effect}}, people=people, years=years))
    for year in range(years):
        expected = rate * quad(lambda t: ratio ** (t / years), year, year + 1)[0]
        check(seen.count("visits:clinic", "strong")[:, year], poisson_law(expected))


# --- parts that work together -----------------------------------------------------------------------

PARTS, EACH, PAIR = 5, 0.985591, -0.015057


@pytest.mark.parametrize("people", [300, pytest.param(20_000, marks=pytest.mark.slow)])
def test_five_parts_save_seven_in_a_hundred_apart_and_twenty_together(simulate: Simulate, people: int) -> None:
    parts = {f"part{i}": for_all({"target": "need:clinic", "calibrated": EACH}) for i in range(PARTS)}
    pairs = [(a, b) for a in parts for b in parts if a < b]
    rate = 2.0
    tables = {
        "needs": {"clinic": {"goes_to": "clinic", "rate": rate}},
        "places": {"clinic": {"stay": VISIT}},
        "programmes": parts,
        "arms": {"together": list(parts)},
    }
    synergies = {f"{a}_{b}": {"between": [a, b], "target": "need:clinic", "log_ratio": PAIR} for a, b in pairs}
    for extra, ratio, printed in (({}, EACH**PARTS, 0.93), ({"synergies": synergies}, None, 0.80)):
        ratio = ratio or EACH**PARTS * np.exp(PAIR * len(pairs))
        assert ratio == pytest.approx(printed, abs=5e-5)
        seen = watch(simulate, scene(tables, extra, people=people))
        averted = seen.count("visits:clinic") - seen.count("visits:clinic", "together")
        assert averted.min() >= 0
        check(averted.sum(axis=1), poisson_law(rate * YEARS * (1 - ratio)))


# --- health states ----------------------------------------------------------------------------------


@pytest.mark.parametrize("people", [400, pytest.param(10_000, marks=pytest.mark.slow)])
def test_health_states_hold_the_years_of_their_chain(simulate: Simulate, people: int) -> None:
    years = 60
    tables = {
        "health": {
            "states": ["healthy", "sick"],
            "moves": {
                "worse": {"from": "healthy", "to": "sick", "rate": 0.15},
                "better": {"from": "sick", "to": "healthy", "rate": 0.30},
            },
        },
        "death": {
            "rate": 0.02, "growth": 0.0, "reference_age": 65, "by_health": {"sick": 5.0}, "recentre": False,
        },
        "programmes": {"tonic": for_all({"target": "health:worse", "calibrated": 0.7})},
    }  # fmt: skip
    seen = watch(simulate, scene(tables, people=people, years=years))
    for arm, ratio in ((0, 1.0), (1, 0.7)):
        moves = {("h", "s"): 0.15 * ratio, ("h", "d"): 0.02, ("s", "h"): 0.30, ("s", "d"): 0.10}
        for state, item in (("h", "person_days:healthy:65"), ("s", "person_days:sick:65")):
            held = Chain.of(moves, running=lambda s, state=state: DAYS_PER_YEAR * (s == state))
            spent = seen.days(item, arm)
            check(spent.sum(axis=1), law(held, years, "h"))
            check(discounted(spent), law_over(by_year(held, years, factor), "h"))


@pytest.mark.parametrize("at_risk", ["home", "anywhere"])
def test_death_strikes_where_people_are_at_risk(simulate: Simulate, at_risk: str) -> None:
    """Half the time is spent in a place of care, which spares people from death or does not."""
    need, stay, rate, years = 4.0, 90.0, 0.4, 4
    tables = {
        "death": {"rate": rate, "growth": 0.0, "reference_age": 65, "at_risk": at_risk},
        "needs": {"fall": {"goes_to": "ward", "rate": need}},
        "places": {"ward": {"stay": {"mean": stay}}},
    }
    seen = watch(simulate, scene(tables, people=500, years=years))
    moves = {("home", "ward"): need, ("ward", "home"): DAYS_PER_YEAR / stay, ("home", "dead"): rate}
    chain = Chain.of(moves | ({("ward", "dead"): rate} if at_risk == "anywhere" else {}))
    check(seen.count("deaths").sum(axis=1), law(chain.counting(lambda a, b: float(b == "dead")), years, "home"))
    check(seen.days("days:ward").sum(axis=1), law(chain.timing(days_in("ward")), years, "home"))


def test_deaths_follow_gompertz_in_exact_age(simulate: Simulate) -> None:
    rate, growth, years, people = 0.01, 0.11, 30, 1000
    tables = {"death": {"rate": rate, "growth": growth, "reference_age": 60}}
    seen = watch(simulate, scene(tables, people=people, years=years))
    deaths = seen.count("deaths")

    def dead_by(t: float) -> float:
        def alive(age: float) -> float:
            hazard = rate / growth * (np.exp(growth * (age + t - 60)) - np.exp(growth * (age - 60)))
            return float(np.exp(-hazard))

        return 1 - quad(alive, 65, 66)[0]

    for t in (1, 5, 10, 15, 20, 25, 30):
        check_mean(deaths[:, :t].sum(axis=1), bernoulli(dead_by(t)))
    lived = years * DAYS_PER_YEAR - seen.days("dead_days").sum(axis=1)
    mean = DAYS_PER_YEAR * (years - quad(dead_by, 0, years)[0])
    second = DAYS_PER_YEAR**2 * quad(lambda t: 2 * t * (1 - dead_by(t)), 0, years)[0]
    check_mean(lived, Law(mean, second - mean**2))
    assert sqrt(second - mean**2) < mean
