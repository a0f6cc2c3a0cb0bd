"""Who is chosen, and what the year before and after shows: regression to the mean, flares, the windows.

People are Poisson given their personal risk, which is lognormal here; the same quadrature with gamma risk gives the
printed reference values (see the tests of the oracles).
"""

from __future__ import annotations

from collections.abc import Iterator
from math import exp
from typing import Any

import numpy as np
import pytest
from engines import Simulate
from numpy.typing import NDArray
from oracles import (
    LIMIT,
    Chain,
    Law,
    Selected,
    bernoulli,
    check,
    check_mean,
    in_steps,
    law,
    law_of_counts,
    law_over,
    lognormal_people,
    poisson_law,
    select,
)
from scenes import AT_ONCE, DAYS_PER_YEAR, LONG_AFTER, VISIT, Seen, scene, watch

WINDOW = 365.0  # days
LOG_SD, MEAN = 1.0, 0.6
WITH, WITHOUT = 0, 1
BEFORE, AFTER = 0, 1


def ward(rate_per_year: float, **more: Any) -> dict[str, Any]:
    """Emergencies that take no time."""
    return {
        "needs": {"crisis": {"goes_to": "ward", "rate": rate_per_year, "emergency": True}},
        "places": {"ward": {"stay": VISIT}},
        **more,
    }


RISKY = {"population": {"risk": {"log_sd": LOG_SD}}}

# --- regression to the mean ----------------------------------------------------------------------------


@pytest.fixture(scope="module", params=[3000, pytest.param(100_000, marks=pytest.mark.slow)])
def two_years(simulate: Simulate, request: pytest.FixtureRequest) -> NDArray[np.int64]:
    """Events by person in two years without any programme."""
    seen = watch(simulate, scene(ward(MEAN), RISKY, people=request.param, years=2))
    return seen.count("visits:ward")


@pytest.mark.parametrize("at_least", [1, 2, 3])
def test_people_chosen_for_a_bad_year_have_the_better_next_year_of_their_risk(
    two_years: NDArray[np.int64], at_least: int
) -> None:
    expected = select(*lognormal_people(LOG_SD, MEAN), at_least)
    chosen = two_years[:, 0] >= at_least
    check_mean(chosen, bernoulli(expected.chosen))
    check_mean(two_years[chosen, 0], expected.before)
    check_mean(two_years[chosen, 1], expected.after)
    assert expected.change < -0.3


def test_personal_risk_has_mean_one_and_its_lognormal_spread(two_years: NDArray[np.int64]) -> None:
    rates, weights = lognormal_people(LOG_SD, MEAN)
    for counts in two_years.T:
        raw = [weights @ moment for moment in _poisson_raw(rates)]
        mean = raw[1]
        fourth = raw[4] - 4 * mean * raw[3] + 6 * mean**2 * raw[2] - 3 * mean**4
        check(counts, Law(mean, raw[2] - mean**2, fourth))
    between = MEAN**2 * (exp(LOG_SD**2) - 1)
    cross = (two_years[:, 0] - MEAN) * (two_years[:, 1] - MEAN)
    assert abs(cross.mean() - between) / (cross.std() / np.sqrt(cross.size)) < LIMIT


def _poisson_raw(rates: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    r = rates
    return [np.ones_like(r), r, r + r**2, r + 3 * r**2 + r**3, r + 7 * r**2 + 6 * r**3 + r**4]


RATIO = 0.9


SEEN_RATE = 1000.0


@pytest.fixture(scope="module", params=[2000, pytest.param(60_000, marks=pytest.mark.slow)])
def chosen(simulate: Simulate, request: pytest.FixtureRequest) -> Seen:
    """A programme that on the first day takes those with two emergencies or more in the last 365 days.

    Offers come every hour to people who have not been looked at yet (a health state, so that they end soon).
    """
    looked_at = {"done": {"from": "new", "to": "seen", "rate": SEEN_RATE}}
    programme = {
        "closes_day": 0.5,
        "eligible": {"recent": {"place": "ward", "at_least": 2, "days": WINDOW}},
        "offers": {"list": {"rate": AT_ONCE, "by_health": {"seen": 1e-9}}},
        "effects": {"fewer": {"target": "need:crisis", "calibrated": RATIO}},
    }
    tables = ward(MEAN * DAYS_PER_YEAR / WINDOW, programmes={"care": programme})
    health = {"health": {"states": ["new", "seen"], "moves": looked_at}}
    return watch(simulate, scene(tables, health, RISKY, people=request.param, years=2, warm_up_years=2.1))


def expected_choice() -> Selected:
    return select(*lognormal_people(LOG_SD, MEAN), 2, ratio=RATIO)


def test_those_with_recent_emergencies_are_the_ones_who_start(chosen: Seen) -> None:
    started = ~np.isnan(chosen.started())
    both = (AT_ONCE + SEEN_RATE) * 0.5 / DAYS_PER_YEAR
    in_time = AT_ONCE / (AT_ONCE + SEEN_RATE) * (1 - exp(-both))
    check_mean(started, bernoulli(expected_choice().chosen * in_time))
    assert np.nanmax(chosen.started()) < 0.5
    assert chosen.count("offers:care").sum() == 0
    assert (chosen.count("starts:care", 1).sum(axis=1) == started).all()


def test_before_and_after_shows_a_fall_that_the_same_people_have_without_the_programme(chosen: Seen) -> None:
    there = ~np.isnan(chosen.started())
    visits = chosen.window("visits:ward")[there]
    true, none = expected_choice(), select(*lognormal_people(LOG_SD, MEAN), 2)
    check_mean(visits[:, WITH, BEFORE], true.before)
    np.testing.assert_array_equal(visits[:, WITH, BEFORE], visits[:, WITHOUT, BEFORE])
    check_mean(visits[:, WITH, AFTER], true.after)
    check_mean(visits[:, WITHOUT, AFTER], none.after)
    averted = visits[:, WITHOUT, AFTER] - visits[:, WITH, AFTER]
    assert averted.min() >= 0
    few = (1 - RATIO) * none.after.mean
    check_mean(averted, Law(few, few + (1 - RATIO) ** 2 * (none.after.variance - none.after.mean)))
    assert true.change < none.change < -0.3


# --- the windows ---------------------------------------------------------------------------------------

INDEX = 1000.0
OPENINGS = (INDEX - WINDOW - 3, INDEX - WINDOW, INDEX - 200, INDEX, INDEX + 50, INDEX + WINDOW - 3, INDEX + WINDOW)


def surgery(stay: float = 1.0, **more: Any) -> dict[str, Any]:
    """A surgery that opens for a moment on given days: everyone is waiting and enters at exactly that time."""
    changes = [change for day in OPENINGS for change in ({"day": day, "slots": 1}, {"day": day + 0.5, "slots": 0})]
    programme = {
        "opens_day": INDEX,
        "closes_day": INDEX + 1,
        "offers": {"there": {"on": "visit:surgery", "share": 1.0}},
        "effects": {"none": {"target": "need:ill", "calibrated": 1.0}},
    }
    return {
        "needs": {"ill": {"goes_to": "surgery", "rate": 3000.0}},
        "places": {
            "surgery": {"stay": {"dist": "fixed", "mean": stay}, "slots": 0, "changes": changes},
        },
        "programmes": {"care": programme | more},
    }


def test_a_window_holds_starts_from_its_first_moment_up_to_but_not_on_its_end(simulate: Simulate) -> None:
    seen = watch(simulate, scene(surgery(), people=1, years=4))
    assert seen.started()[0] == INDEX
    assert seen.count("visits:surgery").sum() == len(OPENINGS)
    inside = [sum(-WINDOW <= day - INDEX < 0 for day in OPENINGS), sum(0 <= day - INDEX < WINDOW for day in OPENINGS)]
    assert inside == [2, 3]
    for world in (WITH, WITHOUT):
        assert seen.window("visits:surgery")[0, world].tolist() == inside
        assert seen.window("emergency:surgery")[0, world].tolist() == [0, 0]
        assert seen.window("alive_days")[0, world].tolist() == [WINDOW, WINDOW]
        assert seen.window("people")[0, world].tolist() == [1, 1]


def test_days_in_a_window_are_cut_at_its_ends(simulate: Simulate) -> None:
    """Stays of four days begin three days before each end: one day of each lies inside, or three."""
    seen = watch(simulate, scene(surgery(stay=4.0), people=1, years=4))
    days = seen.window("days:surgery")[0, WITH]
    assert seen.count("visits:surgery").sum() == len(OPENINGS) - 2  # still in when it opens next
    assert days == pytest.approx([1 + 4, 4 + 4 + 3], abs=1e-9)


@pytest.mark.parametrize(
    ("warm_up_years", "years", "opens", "kept"),
    [(1.0, 2, 0.0, True), (0.99, 2, 0.0, False), (1.0, 1, 0.0, True), (1.0, 1, 0.3, False)],
)
def test_people_whose_windows_leave_the_simulated_time_are_left_out(
    simulate: Simulate, warm_up_years: float, years: int, opens: float, kept: bool
) -> None:
    programme = {"opens_day": opens, "closes_day": opens + 0.5, "offers": {"all": {"rate": AT_ONCE}}}
    made = scene(ward(1.0, programmes={"care": programme}), people=3, years=years, warm_up_years=warm_up_years)
    seen = watch(simulate, made)
    assert (seen.started() < opens + 0.2).all()
    assert (~np.isnan(seen.window("people")[:, WITH, BEFORE])).tolist() == [kept] * 3


@pytest.mark.parametrize(("warm_up_years", "years", "kept"), [(2.0, 3, True), (1.9, 3, False), (2.0, 1, False)])
def test_windows_may_be_shorter_or_longer_than_a_year(
    simulate: Simulate, warm_up_years: float, years: int, kept: bool
) -> None:
    """Counts are Poisson over the window; people whose windows leave the simulated time are left out."""
    need, window = 3.0, 730.0
    programme = {"closes_day": 0.5, "offers": {"all": {"rate": AT_ONCE}}}
    tables = (ward(need, programmes={"care": programme}), {"horizon": {"window_days": window}})
    seen = watch(simulate, scene(*tables, people=300, years=years, warm_up_years=warm_up_years))
    people = seen.window("people")[:, WITH]
    assert (~np.isnan(people)).all() == kept
    if kept:
        np.testing.assert_array_equal(seen.window("alive_days")[:, WITH], np.full((300, 2), window))
        for side in (BEFORE, AFTER):
            check(seen.window("visits:ward")[:, WITH, side], poisson_law(need * window / DAYS_PER_YEAR))


def test_the_dead_stay_in_with_the_days_they_were_alive(simulate: Simulate) -> None:
    programme = {"closes_day": 0.5, "offers": {"all": {"rate": AT_ONCE}}}
    tables = ward(2.0, programmes={"care": programme}, death={"rate": 0.7, "growth": 0.0, "reference_age": 65})
    seen = watch(simulate, scene(tables, people=200, years=3, warm_up_years=1.5))
    died = (seen.started() + WINDOW) > 3 * DAYS_PER_YEAR - seen.days("dead_days", 1).sum(axis=1)
    lived = 3 * DAYS_PER_YEAR - seen.days("dead_days", 1).sum(axis=1) - seen.started()
    alive = seen.window("alive_days")[:, WITH]
    assert 60 < died.sum() < 140
    np.testing.assert_allclose(alive[:, BEFORE], WINDOW)
    np.testing.assert_allclose(alive[:, AFTER], np.minimum(WINDOW, lived), atol=1e-9)
    np.testing.assert_array_equal(seen.window("people")[:, WITH], np.ones((200, 2)))
    np.testing.assert_array_equal(seen.window("alive_days")[:, WITHOUT], alive)


def test_someone_who_joins_has_no_window_before_they_were_there(simulate: Simulate) -> None:
    entrants = {"per_year": 15, "ages": {"edges": [65, 66], "share": [1.0]}, "health": [1.0]}
    programme = {"opens_day": 365.0, "closes_day": 800.0, "offers": {"all": {"rate": 100.0}}}
    tables = {"population": {"entrants": entrants}, "programmes": {"care": programme}}
    seen = watch(simulate, scene(ward(1.0), tables, people=2, years=5, warm_up_years=1))
    joined = 5 * DAYS_PER_YEAR - seen.days("home_alone_days").sum(axis=1)
    known = ~np.isnan(seen.started())
    long_there = joined + WINDOW <= seen.started()
    has_window = ~np.isnan(seen.window("people")[:, WITH, BEFORE])
    assert (known & long_there).any()
    assert (known & ~long_there).any()
    np.testing.assert_array_equal(has_window[known], long_there[known])


def test_completers_are_those_who_stayed_the_planned_time(simulate: Simulate) -> None:
    """Planned for a year; drop-out at 0.7 a year."""
    rate, planned = 0.7, DAYS_PER_YEAR
    programme = {
        "closes_day": 0.5, "once": True, "drop_out_rate": rate, "offers": {"all": {"rate": AT_ONCE}},
        "length": {"dist": "fixed", "mean": planned},
    }  # fmt: skip
    seen = watch(simulate, scene({"programmes": {"care": programme}}, people=500, years=2))
    check_mean(seen.lives.completed[1], bernoulli(exp(-rate)))
    np.testing.assert_array_equal(seen.lives.completed[1], seen.count("completions:care", 1).sum(axis=1) == 1)
    np.testing.assert_array_equal(~seen.lives.completed[1], seen.count("drop_outs:care", 1).sum(axis=1) == 1)
    assert not seen.lives.completed[0].any()
    stayed = Chain.of({("on", "off"): rate}, running=lambda state: DAYS_PER_YEAR * (state == "on"))
    check(seen.days("active_days:care", 1).sum(axis=1), law(stayed, 1, "on"))


# --- flares --------------------------------------------------------------------------------------------

BEGIN, SPELL, WORSE, NEED = 3.0, 40.0, 6.0, 2.0


def flares(length: dict[str, Any]) -> dict[str, Any]:
    return ward(NEED, flares={"rate": BEGIN, "length": length, "ratio": {"crisis": WORSE}})


@pytest.mark.parametrize("people", [400, pytest.param(20_000, marks=pytest.mark.slow)])
def test_flares_alternate_and_multiply_needs(simulate: Simulate, people: int) -> None:
    """Calm and flare in turn from the start of a warm-up of half a year; needs are a Poisson process in both."""
    moves = {("calm", "flare"): BEGIN, ("flare", "calm"): DAYS_PER_YEAR / SPELL}
    chain = Chain.of(moves)
    seen = watch(simulate, scene(flares({"mean": SPELL}), people=people, years=2, warm_up_years=0.5))
    settled = dict(zip(chain.states, chain.probabilities(0.5, "calm"), strict=True))
    in_flare = chain.timing(lambda state: DAYS_PER_YEAR * (state == "flare"))
    check(seen.days("flare_days").sum(axis=1), law(in_flare, 2, settled))
    begun = chain.counting(lambda a, b: float(b == "flare"))
    check(seen.count("flares").sum(axis=1), law(begun, 2, settled))
    needs = Chain.of({**_doubled(moves), **_strikes()}, impulse=lambda a, b: float(a[0] == b[0]))
    check(seen.count("visits:ward").sum(axis=1), law(needs, 2, {(s, 0): p for s, p in settled.items()}))


def _doubled(moves: dict[tuple[str, str], float]) -> dict[Any, float]:
    """Each state twice, so that a need can be a move between the two."""
    return {((a, i), (b, i)): rate for (a, b), rate in moves.items() for i in (0, 1)}


def _strikes() -> dict[Any, float]:
    return {((s, i), (s, 1 - i)): NEED * (WORSE if s == "flare" else 1.0) for s in ("calm", "flare") for i in (0, 1)}


@pytest.mark.parametrize("length", [{"dist": "fixed", "mean": SPELL}, {"dist": "lognormal", "mean": SPELL, "cv": 1.0}])
def test_the_share_of_time_in_a_flare_is_that_of_an_alternating_renewal_process(
    simulate: Simulate, length: dict[str, Any]
) -> None:
    people, years = 300, 4
    seen = watch(simulate, scene(flares(length), people=people, years=years, warm_up_years=4))
    share = BEGIN * SPELL / (DAYS_PER_YEAR + BEGIN * SPELL)
    held = seen.days("flare_days").sum(axis=1)
    assert abs(held.mean() - share * years * DAYS_PER_YEAR) / (held.std() / np.sqrt(people)) < LIMIT
    visits = seen.count("visits:ward").sum(axis=1)
    expected = NEED * years * (1 + share * (WORSE - 1))
    assert abs(visits.mean() - expected) / (visits.std() / np.sqrt(people)) < LIMIT


def test_a_mean_rate_is_met_with_flares_risk_and_a_mix_of_ages_and_health(simulate: Simulate) -> None:
    tables: dict[str, Any] = {
        "population": {
            "ages": {"edges": [65, 75, 95], "share": [0.6, 0.4]}, "age_bands": [65, 80], "risk": {"log_sd": 0.7},
        },
        "health": {"states": ["fit", "frail"], "initial": {"65": [0.7, 0.3], "80": [0.4, 0.6]}},
    }  # fmt: skip
    made = scene(flares({"mean": SPELL}), tables, people=1500, years=1, warm_up_years=2)
    crisis = made.needs["crisis"].model_dump() | {"rate_is": "mean", "by_health": {"frail": 2.5}, "by_age": {"80": 1.6}}
    seen = watch(simulate, made.model_validate(made.model_dump(by_alias=True) | {"needs": {"crisis": crisis}}))
    visits = seen.count("visits:ward").sum(axis=1)
    assert abs(visits.mean() - NEED) / (visits.std() / np.sqrt(visits.size)) < LIMIT


# --- boosts and seasons ---------------------------------------------------------------------------------


def test_needs_are_boosted_for_some_days_after_leaving_and_never_twice(simulate: Simulate) -> None:
    """With a boost that is renewed at each exit, the time since the last exit decides; state: boosted or not."""
    days, ratio, need, people, years = 30.0, 4.0, 1.5, 600, 3
    boost = {"boosts": {"b": {"after": "ward", "days": days, "ratio": {"crisis": ratio}}}}
    seen = watch(simulate, scene(ward(need), boost, people=people, years=years))
    counts = seen.count("visits:ward").sum(axis=1)
    expected = _renewal_law(need, ratio, days / DAYS_PER_YEAR, years)
    check(counts, expected)
    planned = {"needs": {"crisis": {"emergency": False}}}
    calm = watch(simulate, scene(ward(need), boost, planned, people=people, years=years))
    mean = need * years
    check(calm.count("visits:ward").sum(axis=1), poisson_law(mean))


def _renewal_law(need: float, ratio: float, boosted: float, years: float, cells: int = 3000) -> Law:
    """Counts when the hazard is need x ratio up to ``boosted`` years after the last event, need later and at first.

    Density of the k-th event by convolution on a grid; all the mass of events beyond the horizon is dropped.
    """
    step = years / cells
    edges = np.linspace(0, years, cells + 1)
    gone = np.exp(-need * (ratio * np.minimum(edges, boosted) + np.maximum(edges - boosted, 0)))
    gap = -np.diff(gone)
    first = -np.diff(np.exp(-need * edges))
    reached, at = [1.0], first
    while at.sum() > 1e-12 and len(reached) < 200:
        reached.append(float(at.sum()))
        shifted = np.convolve(at, gap)[:cells]
        at = np.concatenate([[0.0], shifted[:-1]]) / 2 + shifted / 2  # middles of cells add up half a cell short
    assert step < boosted / 10
    return law_of_counts(np.arange(len(reached)), np.array(reached) - np.append(reached[1:], 0.0))


def test_a_season_moves_needs_within_the_year_and_not_between_years(simulate: Simulate) -> None:
    """With a peak at the first day, the windows around half a year hold what the wave integrates to."""
    amplitude, need, people = 0.8, 4.0, 400
    season = {"needs": {"crisis": {"season": {"amplitude": amplitude, "peak_day": 100.0}}}}
    seen = watch(simulate, scene(ward(need), season, people=people, years=3))
    for year in range(3):
        check(seen.count("visits:ward")[:, year], poisson_law(need))
    half = DAYS_PER_YEAR / 2
    shut = {"places": {"ward": {"slots": 1e6, "changes": [{"day": half, "slots": 0}]}}}
    first = watch(simulate, scene(ward(need), season, shut, people=people, years=1)).count("visits:ward").sum(axis=1)

    def wave() -> Iterator[tuple[float, Chain]]:
        def at(t: float) -> Chain:
            rate = need * (1 + amplitude * np.cos(2 * np.pi * (t - 100.0 / DAYS_PER_YEAR)))
            return Chain.of({("a", "b"): rate, ("b", "a"): rate}, impulse=lambda a, b: 1.0)

        yield from in_steps(at, np.linspace(0, 0.5, 101).tolist())

    check(first, law_over(list(wave()), "a"))


@pytest.mark.parametrize("trend", [-0.3, 0.5])
def test_a_trend_grows_from_the_first_day_and_counts_are_its_integral(simulate: Simulate, trend: float) -> None:
    """rate x ((1 + g)^(y + 1) - (1 + g)^y) / ln(1 + g) in year y, in every arm; the rate itself before day 0."""
    need, years = 4.0, 3
    scheme = {"closes_day": LONG_AFTER, "offers": {"all": {"rate": AT_ONCE}}}
    tables = (ward(need), {"needs": {"crisis": {"trend": trend}}, "programmes": {"nothing": scheme}})
    seen = watch(simulate, scene(*tables, people=400, years=years, warm_up_years=1.5))
    for arm in range(2):
        for year in range(years):
            grown = ((1 + trend) ** (year + 1) - (1 + trend) ** year) / np.log1p(trend)
            check(seen.count("visits:ward", arm)[:, year], poisson_law(need * grown))
    check(seen.window("visits:ward")[:, 0, 0], poisson_law(need * 365 / DAYS_PER_YEAR))


def test_a_change_of_health_may_have_a_trend(simulate: Simulate) -> None:
    rate, trend, years = 0.3, 0.6, 2
    health = {
        "states": ["fit", "frail"],
        "initial": {"65": [1.0, 0.0]},
        "moves": {"decline": {"from": "fit", "to": "frail", "rate": rate, "trend": trend}},
    }
    seen = watch(simulate, scene({"health": health}, people=600, years=years))
    frail = seen.days("person_days:frail:65") > 0
    still_fit = np.exp(-rate * ((1 + trend) ** years - 1) / np.log1p(trend))
    check_mean(frail.any(axis=1), bernoulli(1 - still_fit))
