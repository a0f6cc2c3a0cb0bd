"""Queues against exact chains of counts, and what must hold in every queue whatever the numbers.

The population is finite and nobody queues twice for one place, so the number in or waiting for it is a chain of its own
(the finite-source queue); so are beds held by people who wait for home care, and A&E cubicles held by people who wait
for a bed. Time integrals over a run have exact means and variances; runs on different streams are independent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from engines import Simulate
from numpy.typing import NDArray
from oracles import (
    LIMIT,
    Chain,
    Law,
    bernoulli,
    by_year,
    check,
    check_mean,
    check_sum,
    dead_time_counter,
    finite_source,
    law,
    law_over,
    poisson_law,
    reachable,
)
from scenes import AT_ONCE, CROWD, DAYS_PER_YEAR, VISIT, Seen, assert_same, scene, town, watch

from simulator.engines.simpy import engine as reference
from simulator.model.build import build
from simulator.scenario.tables import Scenario

Runs = list[Seen]


def clinic(
    slots: float | None, *, need: float, stay_days: float, dist: str = "exponential", **place: Any
) -> dict[str, Any]:
    """One place that one need takes people to."""
    stay = {"dist": dist, "mean": stay_days, **({"cv": 1.5} if dist == "lognormal" else {})}
    return {
        "needs": {"clinic": {"goes_to": "clinic", "rate": need}},
        "places": {"clinic": {"stay": stay, "slots": slots, **place}},
    }


def streams(simulate: Simulate, scenario: Scenario, runs: int) -> Runs:
    return [watch(simulate, scenario, stream=stream) for stream in range(runs)]


def totals(runs: Runs, item: str, *, years: slice = slice(None)) -> NDArray[np.float64]:
    """A total of each run."""
    return np.array([(one.count(item) if item in one.names.counts else one.days(item))[:, years].sum() for one in runs])


# --- one place ----------------------------------------------------------------------------------------

PEOPLE, NEED, STAY = 8, 30.0, 15.0


@pytest.fixture(scope="module", params=[1, 3])
def finite(simulate: Simulate, request: pytest.FixtureRequest) -> tuple[int, Runs]:
    made = scene(clinic(request.param, need=NEED, stay_days=STAY), people=PEOPLE, years=2)
    return request.param, streams(simulate, made, 20)


def finite_chain(slots: int) -> Chain:
    return finite_source(PEOPLE, slots, NEED, DAYS_PER_YEAR / STAY)


@pytest.mark.parametrize("year", [0, 1])
def test_waiting_and_using_a_place_follow_the_finite_source_queue(finite: tuple[int, Runs], year: int) -> None:
    slots, runs = finite
    chain = finite_chain(slots)
    waiting = chain.timing(lambda n: DAYS_PER_YEAR * max(0, n - slots))
    using = chain.timing(lambda n: DAYS_PER_YEAR * min(n, slots))
    for item, timed in (("wait_days:clinic", waiting), ("days:clinic", using)):
        expected = law_over(by_year(timed, 2, lambda y: float(y == year)), 0)
        check(totals(runs, item, years=slice(year, year + 1)), expected)


def test_as_many_join_the_queue_and_enter_as_the_finite_source_queue_says(finite: tuple[int, Runs]) -> None:
    slots, runs = finite
    chain = finite_chain(slots)
    joining = chain.counting(lambda n, m: float(m > n >= slots))
    entering = chain.counting(lambda n, m: float(m > n < slots or m < n > slots))
    check(totals(runs, "waits:clinic"), law(joining, 2, 0))
    check(totals(runs, "visits:clinic"), law(entering, 2, 0))


def test_needs_that_arise_while_waiting_merge(finite: tuple[int, Runs]) -> None:
    _, runs = finite
    needs, waits = totals(runs, "needs:clinic"), totals(runs, "waits:clinic")
    entered_at_once = totals(runs, "visits:clinic") - (waits - still_waiting(runs))
    merged = needs - waits - entered_at_once
    expected = NEED * totals(runs, "wait_days:clinic").sum() / DAYS_PER_YEAR
    assert abs(merged.sum() - expected) / np.sqrt(expected) < LIMIT


def still_waiting(runs: Runs) -> NDArray[np.float64]:
    """People in the queue at the horizon: those cut who are not in the place.

    A need enters the place at once, or waits and enters later, or waits still.
    """
    cut = [(one.count("unfinished:clinic"), one.model.places["slots"][0]) for one in runs]
    return np.array([max(0, found.sum() - slots) for found, slots in cut])


@pytest.mark.parametrize("dist", ["fixed", "exponential", "lognormal"])
def test_without_limit_the_census_is_that_of_independent_people_whatever_the_stay(
    simulate: Simulate, dist: str
) -> None:
    people, need, stay = 400, 2.0, 10.0
    made = scene(clinic(None, need=need, stay_days=stay, dist=dist), people=people, years=1, warm_up_years=4)
    runs = streams(simulate, made, 2)
    present = need * stay / (DAYS_PER_YEAR + need * stay)
    census = np.concatenate([one.count("unfinished:clinic").sum(axis=1) for one in runs])
    check_mean(census, bernoulli(present))
    days = np.concatenate([one.days("days:clinic")[:, 0] for one in runs])
    assert days.mean() / DAYS_PER_YEAR == pytest.approx(
        present, abs=LIMIT * days.std() / DAYS_PER_YEAR / np.sqrt(days.size)
    )


def test_arrivals_from_empty_follow_the_infinite_server(simulate: Simulate) -> None:
    arrivals, leaving, years = 10.0, 0.2, 5
    entrants = {"per_year": arrivals, "ages": {"edges": [65, 66], "share": [1.0]}, "health": [1.0]}
    made = scene({"population": {"entrants": entrants, "leaving_rate": leaving}}, people=1, years=years)
    counted = []
    for one in streams(simulate, made, 60):
        joined = slice(1, None)
        counted.append((one.count("entrants")[joined].sum(), one.count("leavers")[joined].sum()))
    there = np.array([joined - left for joined, left in counted])
    mean = arrivals / leaving * (1 - np.exp(-leaving * years))
    assert mean == pytest.approx(31.606028, abs=5e-7)
    check(there, poisson_law(mean))
    check([joined for joined, _ in counted], poisson_law(arrivals * years))


def test_whoever_has_the_smaller_priority_number_is_served_first(simulate: Simulate) -> None:
    """One slot, two kinds of people: urgent ones in one health state, others in another; both chains are exact."""
    people, need, stay, years = 6, 20.0, 20.0, 2
    tables = {
        "health": {"states": ["urgent", "other"], "initial": {"65": [0.5, 0.5]}},
        "needs": {
            "urgent": {"goes_to": "clinic", "rate": need, "by_health": {"other": 1e-9}, "priority": 1},
            "other": {"goes_to": "clinic", "rate": need, "by_health": {"urgent": 1e-9}, "priority": 2},
        },
        "places": {"clinic": {"stay": {"mean": stay}, "slots": 1}},
    }
    runs = streams(simulate, scene(tables, people=people, years=years), 25)
    waited: dict[str, list[float]] = {"urgent": [], "other": []}
    laws: dict[str, list[Law]] = {"urgent": [], "other": []}
    for one in runs:
        urgent = one.days("person_days:urgent:65").sum(axis=1) > 0
        for kind, who in (("urgent", urgent), ("other", ~urgent)):
            waited[kind].append(one.days("wait_days:clinic")[who].sum())
            laws[kind].append(_priority_law(int(urgent.sum()), people, need, DAYS_PER_YEAR / stay, years, kind))
    check_sum(waited["urgent"], laws["urgent"])
    check_sum(waited["other"], laws["other"])


def _priority_law(urgent: int, people: int, need: float, service: float, years: int, kind: str) -> Law:
    """State: urgent waiting, others waiting, who is served."""
    others = people - urgent

    def moves(state: tuple[int, int, str]) -> Iterator[tuple[Any, float]]:
        u, o, served = state
        idle_u, idle_o = urgent - u - (served == "u"), others - o - (served == "o")
        if not served:
            yield (0, 0, "u"), idle_u * need
            yield (0, 0, "o"), idle_o * need
            return
        yield (u + 1, o, served), idle_u * need
        yield (u, o + 1, served), idle_o * need
        yield (u - 1, o, "u") if u else (0, o - 1, "o") if o else (0, 0, ""), service

    place = 0 if kind == "urgent" else 1
    chain = Chain.of(reachable((0, 0, ""), moves), running=lambda state: DAYS_PER_YEAR * state[place])
    return law(chain, years, (0, 0, ""))


def test_capacity_that_rises_and_falls_follows_its_chain_and_evicts_nobody(simulate: Simulate) -> None:
    """Slots 3, then 1 from half a year on, then 2 in the second year; state: in the place, waiting."""
    people, need, stay = 7, 25.0, 20.0
    changes = [{"day": DAYS_PER_YEAR / 2, "slots": 1}, {"day": DAYS_PER_YEAR, "slots": 2}]
    made = scene(clinic(3, need=need, stay_days=stay, changes=changes), people=people, years=2)
    runs = streams(simulate, made, 25)
    every = tuple((i, w) for i in range(people + 1) for w in range(people + 1 - i))

    def chain(slots: int) -> Chain:
        def moves(state: tuple[int, int]) -> Iterator[tuple[Any, float]]:
            inside, waiting = state
            joined = (inside + 1, waiting) if inside < slots else (inside, waiting + 1)
            yield joined, (people - inside - waiting) * need
            yield _filled((inside - 1, waiting), slots), inside * DAYS_PER_YEAR / stay

        rates = {(state, target): rate for state in every for target, rate in moves(state) if rate > 0}
        return Chain.of(rates, states=every)

    for place, item in enumerate(("days:clinic", "wait_days:clinic")):
        chains = [chain(slots).timing(lambda state, place=place: DAYS_PER_YEAR * state[place]) for slots in (3, 1, 2)]
        expected = _across_changes([(0.5, chains[0], 3), (0.5, chains[1], 1), (1.0, chains[2], 2)], (0, 0))
        check_mean(totals(runs, item), expected)


def _across_changes(pieces: list[tuple[float, Chain, int]], start: Any) -> Law:
    """Mean and variance over (years, chain, slots): as each piece begins, people start until its slots are taken."""
    from oracles import _step

    states = pieces[0][1].states
    n = len(states)
    moments = np.concatenate([np.zeros(2 * n), np.ones(n)])
    unit = 100.0
    for years, chain, slots in reversed(pieces):
        moments = _step(chain.scaled(1 / unit), years, 0.0, 2) @ moments
        moved = np.array([states.index(_filled(state, slots)) for state in states])
        moments = np.concatenate([moments[k * n : (k + 1) * n][moved] for k in range(3)])
    second, first, _ = moments.reshape(3, n)[:, states.index(start)]
    mean = first * unit
    return Law(mean, 2 * second * unit**2 - mean**2)


def _filled(state: tuple[int, int], slots: int) -> tuple[int, int]:
    inside, waiting = state
    starting = min(waiting, max(0, slots - inside))
    return inside + starting, waiting - starting


def test_a_place_that_everyone_needs_is_always_full_and_never_more(simulate: Simulate) -> None:
    slots = 3
    made = scene(clinic(slots, need=500, stay_days=7, dist="fixed"), people=9, years=2, warm_up_years=0.5)
    seen = watch(simulate, made)
    assert seen.days("days:clinic").sum(axis=0) == pytest.approx([slots * DAYS_PER_YEAR] * 2, rel=1e-12)
    assert seen.count("visits:clinic").sum() == pytest.approx(slots * 2 * DAYS_PER_YEAR / 7, abs=slots)
    served = seen.count("visits:clinic").sum(axis=1)
    assert served.max() - served.min() <= 2  # first come, first served: in turn


def test_a_stay_of_one_length_makes_days_of_visits(simulate: Simulate) -> None:
    stay = 3.0
    seen = watch(simulate, scene(clinic(2, need=40, stay_days=stay, dist="fixed"), people=10, years=3))
    visits, days = seen.count("visits:clinic").sum(), seen.days("days:clinic").sum()
    assert stay * (visits - 2) <= days <= stay * visits + 1e-9


# --- wait limits, lost waits ------------------------------------------------------------------------


def limited(slots: float, *, goes_to: str = "walk_in", limit: float = 10.0, **more: Any) -> dict[str, Any]:
    """A clinic with a wait limit; those who give up go to a walk-in centre, where a programme notes the day."""
    place = {"stay": {"mean": 5}, "slots": slots, "wait_limit": {"days": limit, "goes_to": goes_to}, **more}
    return {
        "needs": {"clinic": {"goes_to": "clinic", "rate": 1.0}},
        "places": {"clinic": place, "walk_in": {"stay": VISIT}},
        "programmes": {"diary": {"closes_day": 1e5, "offers": {"o": {"on": "visit:walk_in", "share": 1.0}}}},
    }


def test_nobody_waits_longer_than_the_limit_and_then_they_go_elsewhere(simulate: Simulate) -> None:
    limit, need, people, years = 10.0, 1.0, 150, 4
    seen = watch(simulate, scene(limited(0, limit=limit), people=people, years=years))
    gave_up, waits = seen.count("gave_up:clinic"), seen.count("waits:clinic")
    np.testing.assert_array_equal(gave_up, seen.count("visits:walk_in"))
    assert seen.count("visits:clinic").sum() == 0
    cut = seen.count("unfinished:clinic").sum(axis=1)
    np.testing.assert_array_equal(waits.sum(axis=1), gave_up.sum(axis=1) + cut)
    waited = seen.days("wait_days:clinic").sum(axis=1)
    full = limit * gave_up.sum(axis=1)
    assert (waited >= full - 1e-9).all()
    assert (waited <= full + limit * cut + 1e-9).all()
    assert waited[cut == 0] == pytest.approx(full[cut == 0], abs=1e-9)
    check(waits.sum(axis=1), dead_time_counter(need, limit / DAYS_PER_YEAR, years))


def test_a_slot_that_comes_free_at_the_very_end_of_the_wait_wins(simulate: Simulate) -> None:
    shut = watch(simulate, scene(limited(0), people=1, years=4))
    day = float(shut.started()[0])
    assert 10 < day < 3 * DAYS_PER_YEAR
    for opens, visits in ((day, 1), (np.nextafter(day, np.inf), 0)):
        changes = [{"day": opens, "slots": 1}, {"day": opens + 0.01, "slots": 0}]
        seen = watch(simulate, scene(limited(0, changes=changes), people=1, years=4))
        until = int(opens / DAYS_PER_YEAR) + 1
        first = seen.count("visits:clinic")[:, :until].sum(), seen.count("gave_up:clinic").sum()
        assert first[0] == visits
        assert first[1] == shut.count("gave_up:clinic").sum() - visits or visits


def test_going_elsewhere_loses_the_wait_and_so_does_death(simulate: Simulate) -> None:
    """One person: home, waiting for a clinic that never opens, at another place, dead."""
    need, other, death, stay, years = 3.0, 2.0, 0.15, 20.0, 5
    tables = {
        "death": {"rate": death, "growth": 0.0, "reference_age": 65},
        "needs": {"clinic": {"goes_to": "clinic", "rate": need}, "other": {"goes_to": "other", "rate": other}},
        "places": {"clinic": {"stay": VISIT, "slots": 0}, "other": {"stay": {"mean": stay}}},
    }
    seen = watch(simulate, scene(tables, people=250, years=years))
    moves = {
        ("home", "waiting"): need, ("home", "other"): other, ("waiting", "other"): other,
        ("other", "home"): DAYS_PER_YEAR / stay,
        **{(state, "dead"): death for state in ("home", "waiting", "other")},
    }  # fmt: skip
    chain = Chain.of(moves)
    lost = chain.counting(lambda a, b: float(a == "waiting" and b in ("other", "dead")))
    check(seen.count("lost:clinic").sum(axis=1), law(lost, years, "home"))
    waiting = chain.timing(lambda state: DAYS_PER_YEAR * (state == "waiting"))
    check(seen.days("wait_days:clinic").sum(axis=1), law(waiting, years, "home"))
    check(seen.count("visits:other").sum(axis=1), law(chain.counting(lambda a, b: float(b == "other")), years, "home"))


# --- held places ------------------------------------------------------------------------------------


def test_beds_stay_occupied_until_home_care_is_free(simulate: Simulate) -> None:
    """People: at home, in a bed, held there, at home with care, in a bed with care; one or two places of care."""
    people, need, stay, care, years = 5, 6.0, 20.0, 60.0, 2
    for places in (1, 2):
        tables = {
            "needs": {"fall": {"goes_to": "ward", "rate": need, "emergency": True}},
            "places": {
                "ward": {
                    "stay": {"mean": stay},
                    "routes": {"care": {"to": "home", "share": 1.0, "needs_support": "care"}},
                }
            },
            "supports": {
                "care": {"staff": {"workers": places, "caseload": 1}, "length": {"dist": "exponential", "mean": care}}
            },
        }
        runs = streams(simulate, scene(tables, people=people, years=years), 20)
        chain = Chain.of(reachable((people, 0, 0, 0, 0), _care_moves(places, need, stay, care)))
        start = (people, 0, 0, 0, 0)
        for item, running in {
            "delay_days:ward": lambda s: s[2],
            "days:ward": lambda s: s[1] + s[2] + s[4],
            "active_days:care": lambda s: s[3] + s[4],
            "community_days": lambda s: s[3],
            "home_alone_days": lambda s: s[0],
        }.items():
            timed = chain.timing(lambda state, running=running: DAYS_PER_YEAR * running(state))
            check(totals(runs, item), law(timed, years, start))


def _care_moves(places: int, need: float, stay: float, care: float) -> Any:
    def moves(state: tuple[int, int, int, int, int]) -> Iterator[tuple[Any, float]]:
        home, bed, held, cared, away = state
        leave, end = DAYS_PER_YEAR / stay, DAYS_PER_YEAR / care
        yield (home - 1, bed + 1, held, cared, away), home * need
        free = cared + away < places
        yield (home, bed - 1, held + (not free), cared + free, away), bed * leave
        yield (home, bed, held, cared - 1, away + 1), cared * need
        yield (home, bed, held, cared + 1, away - 1), away * leave
        passed = held > 0
        yield (home + 1, bed, held - passed, cared - 1 + passed, away), cared * end
        yield (home, bed + 1, held - passed, cared + passed, away - 1), away * end

    return moves


def test_a_bed_held_for_home_care_is_nobody_elses(simulate: Simulate) -> None:
    """One bed, one place of care. State: at home without and with care, the bed (free, used, held), the queue for it.

    Whoever enters the ward gives up care (a limited place); people waiting at home have it (k) or not (n).
    """
    people, need, stay, care, years = 4, 5.0, 15.0, 50.0, 2
    tables = {
        "needs": {"fall": {"goes_to": "ward", "rate": need, "emergency": True}},
        "places": {
            "ward": {
                "slots": 1,
                "stay": {"mean": stay},
                "routes": {"care": {"to": "home", "share": 1.0, "needs_support": "care"}},
            }
        },
        "supports": {"care": {"staff": {"workers": 1, "caseload": 1}, "length": {"dist": "exponential", "mean": care}}},
    }
    runs = streams(simulate, scene(tables, people=people, years=years), 25)

    def settled(alone: int, cared: int, bed: str, queue: str) -> tuple[int, int, str, str]:
        if bed == "held" and cared + queue.count("k") == 0:
            return settled(alone, cared + 1, "free", queue)
        return settled(alone, cared, "used", queue[1:]) if bed == "free" and queue else (alone, cared, bed, queue)

    def moves(state: tuple[int, int, str, str]) -> Iterator[tuple[Any, float]]:
        alone, cared, bed, queue = state
        yield settled(alone - 1, cared, bed, queue + "n"), alone * need
        yield settled(alone, cared - 1, bed, queue + "k"), cared * need
        yield settled(alone, cared, "held", queue), (bed == "used") * DAYS_PER_YEAR / stay
        yield settled(alone + 1, cared - 1, bed, queue), cared * DAYS_PER_YEAR / care
        yield settled(alone, cared, bed, queue.replace("k", "n")), queue.count("k") * DAYS_PER_YEAR / care

    start = (people, 0, "free", "")
    chain = Chain.of(reachable(start, moves))
    for item, running in {
        "delay_days:ward": lambda s: s[2] == "held",
        "days:ward": lambda s: s[2] != "free",
        "wait_days:ward": lambda s: len(s[3]),
        "active_days:care": lambda s: s[1] + s[3].count("k"),
    }.items():
        timed = chain.timing(lambda state, running=running: DAYS_PER_YEAR * running(state))
        check(totals(runs, item), law(timed, years, start))


def test_cubicles_stay_occupied_until_a_bed_is_free(simulate: Simulate) -> None:
    """A&E with two cubicles, a ward with one or two beds: waiting at home, in A&E, held there, in a bed."""
    people, need, hours, stay, share, years = 7, 15.0, 4.0, 9.0, 0.6, 2
    cubicles = 2
    for beds in (1, 2):
        tables = {
            "needs": {"crisis": {"goes_to": "ae", "rate": need}},
            "places": {
                "ae": {"stay": {"mean": hours}, "slots": cubicles, "routes": {"in": {"to": "ward", "share": share}}},
                "ward": {"stay": {"mean": stay}, "slots": beds},
            },
        }
        runs = streams(simulate, scene(tables, people=people, years=years), 20)
        start = (0, 0, 0, 0)

        def moves(state: tuple[int, int, int, int], beds: int = beds) -> Iterator[tuple[Any, float]]:
            waiting, seen, held, bedded = state
            home = people - sum(state)
            yield _entered(waiting + 1, seen, held, bedded), home * need
            done = DAYS_PER_YEAR / hours * seen
            yield _entered(waiting, seen - 1, held, bedded), done * (1 - share)
            free = bedded < beds
            yield _entered(waiting, seen - 1, held + (not free), bedded + free), done * share
            passed = held > 0
            yield _entered(waiting, seen, held - passed, bedded - 1 + passed), bedded * DAYS_PER_YEAR / stay

        def _entered(waiting: int, seen: int, held: int, bedded: int) -> tuple[int, int, int, int]:
            more = waiting > 0 and seen + held < cubicles
            return waiting - more, seen + more, held, bedded

        chain = Chain.of(reachable(start, moves))
        for item, running in {
            "wait_days:ae": lambda s: s[0],
            "delay_days:ae": lambda s: s[2],
            "days:ae": lambda s: s[1] + s[2],
            "days:ward": lambda s: s[3],
        }.items():
            timed = chain.timing(lambda state, running=running: DAYS_PER_YEAR * running(state))
            check(totals(runs, item), law(timed, years, start))


def test_held_people_and_people_at_home_share_one_queue_and_death_leaves_it(simulate: Simulate) -> None:
    """State: alive, in A&E, the ward's queue in order (h held in A&E, w waiting at home), in the ward."""
    people, crisis, direct, death, ae, stay, share, beds, years = 4, 8.0, 6.0, 0.25, 10.0, 30.0, 0.7, 1, 2
    tables = {
        "death": {"rate": death, "growth": 0.0, "reference_age": 65},
        "needs": {"crisis": {"goes_to": "ae", "rate": crisis}, "direct": {"goes_to": "ward", "rate": direct}},
        "places": {
            "ae": {"stay": {"mean": ae}, "routes": {"in": {"to": "ward", "share": share}}},
            "ward": {"stay": {"mean": stay}, "slots": beds},
        },
    }
    runs = streams(simulate, scene(tables, people=people, years=years), 40)
    State = tuple[int, int, str, int]

    def served(alive: int, seen: int, queue: str, bedded: int) -> State:
        return (alive, seen, queue[1:], bedded + 1) if queue and bedded < beds else (alive, seen, queue, bedded)

    def moves(state: State) -> Iterator[tuple[State, float]]:
        alive, seen, queue, bedded = state
        home = alive - seen - len(queue) - bedded
        leaves, ends = DAYS_PER_YEAR / ae, DAYS_PER_YEAR / stay
        yield (alive, seen + 1, queue, bedded), home * crisis
        yield served(alive, seen, queue + "w", bedded), home * direct
        yield served(alive, seen - 1, queue + "h", bedded), seen * leaves * share
        yield (alive, seen - 1, queue, bedded), seen * leaves * (1 - share)
        yield served(alive, seen, queue, bedded - 1), bedded * ends
        yield (alive - 1, seen, queue, bedded), home * death
        yield (alive - 1, seen - 1, queue, bedded), seen * death
        yield served(alive - 1, seen, queue, bedded - 1), bedded * death
        for i, who in enumerate(queue):
            without = queue[:i] + queue[i + 1 :]
            yield (alive - 1, seen, without, bedded), death
            if who == "w":
                yield (alive, seen + 1, without, bedded), crisis

    start = (people, 0, "", 0)
    chain = Chain.of(reachable(start, moves))
    for item, running in {
        "wait_days:ward": lambda s: s[2].count("w"),
        "delay_days:ae": lambda s: s[2].count("h"),
        "days:ward": lambda s: s[3],
        "days:ae": lambda s: s[1] + s[2].count("h"),
        "dead_days": lambda s: people - s[0],
    }.items():
        timed = chain.timing(lambda state, running=running: DAYS_PER_YEAR * running(state))
        check(totals(runs, item), law(timed, years, start, order=4))
    lost = chain.timing(lambda s: s[2].count("w") * (crisis + death))
    expected = law(lost, years, start, order=2)
    check_mean(totals(runs, "lost:ward"), Law(expected.mean, expected.mean + expected.variance))


# --- in order -------------------------------------------------------------------------------------------


def one_by_one(**needs: dict[str, Any]) -> dict[str, Any]:
    """Everyone waits until a day, then is seen one at a time; a programme notes the day each is seen."""
    return {
        "needs": needs,
        "places": {
            "clinic": {"stay": {"dist": "fixed", "mean": 1.0}, "slots": 0, "changes": [{"day": 300, "slots": 1}]}
        },
        "programmes": {"diary": {"closes_day": 1e5, "offers": {"o": {"on": "visit:clinic", "share": 1.0}}}},
    }


def test_first_come_is_first_served(simulate: Simulate) -> None:
    seen = watch(simulate, scene(one_by_one(ill={"goes_to": "clinic", "rate": 4.0}), people=30, years=1))
    waited = seen.days("wait_days:clinic", 1)[:, 0]
    once = (seen.count("visits:clinic", 1)[:, 0] == 1) & (seen.started() >= 300) & (seen.started() < 330)
    joined = (seen.started() - waited)[once & (waited > 0)]
    assert joined.size > 5
    order = np.argsort(seen.started()[once & (waited > 0)])
    assert (np.diff(joined[order]) > 0).all()


def test_people_of_one_moment_are_served_by_priority_and_then_by_number(simulate: Simulate) -> None:
    """Five enter a clinic together, leave it together, and queue for one bed at that very moment."""
    stay, bed, day = 5.0, 10.0, 200.0
    door = [{"day": day, "slots": 9}, {"day": day + 0.5, "slots": 0}]
    tables = {
        "needs": {"ill": {"goes_to": "clinic", "rate": 60.0}},
        "places": {
            "clinic": {
                "stay": {"dist": "fixed", "mean": stay}, "slots": 0, "changes": door,
                "routes": {"in": {"to": "ward", "share": 1.0}},
            },
            "ward": {"stay": {"dist": "fixed", "mean": bed}, "slots": 1},
        },
    }  # fmt: skip
    seen = watch(simulate, scene(tables, people=5, years=1))
    np.testing.assert_allclose(seen.days("delay_days:clinic")[:, 0], bed * np.arange(5), atol=1e-9)
    np.testing.assert_allclose(seen.days("days:clinic")[:, 0], stay + bed * np.arange(5), atol=1e-9)


def test_someone_on_the_list_for_care_is_not_held_for_a_second_place_of_it(simulate: Simulate) -> None:
    """The waiting list gives a place of care to someone who is held in a bed for it: one place is enough to go home."""
    care = {
        "staff": {"workers": 0, "caseload": 1, "changes": [{"day": 100.0, "slots": 1}]},
        "offers": {"list": {"rate": AT_ONCE}},
    }
    tables = {
        "needs": {"fall": {"goes_to": "ward", "rate": 20.0, "emergency": True}},
        "places": {
            "ward": {
                "stay": {"dist": "fixed", "mean": 50.0},
                "routes": {"care": {"to": "home", "share": 1.0, "needs_support": "care"}},
            }
        },
        "supports": {"care": care},
    }
    seen = watch(simulate, scene(tables, people=1, years=1), seed=2)
    assert seen.count("starts:care").sum() == 1
    listed, held = seen.days("listed_days:care").sum(), seen.days("delay_days:ward").sum()
    assert listed + held == pytest.approx(100, abs=0.5)
    assert 0 < held <= 50
    assert seen.count("visits:ward").sum() > 1


# --- what always holds --------------------------------------------------------------------------------


def test_capacity_beyond_need_is_no_capacity(simulate: Simulate) -> None:
    people = 60
    plenty = {
        "places": {place: {"slots": people} for place in ("gp", "ae", "inpatient")},
        "supports": {"home_care": {"staff": {"workers": people, "caseload": 1}, "keep_days": 1e6}},
        "programmes": {"visits": {"staff": {"workers": people, "caseload": 1}, "keep_days": 1e6}},
    }
    free, roomy = (watch(simulate, town(more, people=people)) for more in ({}, plenty))
    assert not free.model.shares_anything
    assert roomy.model.shares_anything
    assert_same(free.lives, roomy.lives)
    np.testing.assert_array_equal(free.lives.windows, roomy.lives.windows)


@pytest.mark.parametrize("crowded", [False, True])
def test_everyone_is_somewhere_once_on_every_day(simulate: Simulate, crowded: bool) -> None:
    seen = watch(simulate, town(crowded=crowded, people=80))
    for arm in range(len(seen.arms)):
        places = sum(seen.days(f"days:{place}", arm) for place in ("gp", "ae", "inpatient"))
        alive = seen.days("home_alone_days", arm) + seen.days("community_days", arm) + places
        states = [item for item in seen.names.days if item.startswith("person_days:")]
        np.testing.assert_allclose(alive, sum(seen.days(item, arm) for item in states), rtol=0, atol=1e-7)
        stayed = (seen.count("leavers", arm) + seen.count("entrants", arm)).sum(axis=1) == 0
        whole = (alive + seen.days("dead_days", arm))[stayed]
        np.testing.assert_allclose(whole, DAYS_PER_YEAR, rtol=0, atol=1e-7)
        assert stayed.sum() > 40
        gone = ~stayed
        assert ((alive + seen.days("dead_days", arm))[gone] <= DAYS_PER_YEAR + 1e-7).all()


def test_held_days_and_emergency_days_are_part_of_days(simulate: Simulate) -> None:
    seen = watch(simulate, town(crowded=True, people=80))
    for place in ("gp", "ae", "inpatient"):
        days = seen.days(f"days:{place}")
        assert (seen.days(f"delay_days:{place}") <= days + 1e-9).all()
        assert (seen.days(f"emergency_days:{place}") <= days + 1e-9).all()
        assert (seen.count(f"emergency:{place}") <= seen.count(f"visits:{place}")).all()
        assert (seen.count(f"through:{place}") <= seen.count(f"emergency:{place}")).all()


def test_no_place_ever_holds_more_people_than_it_has_slots_and_days_add_up() -> None:
    """Occupancy rebuilt from every person's trace (only the readable engine keeps one)."""
    arm = 1
    made = town(crowded=True, people=CROWD, years=1, warm_up=0.25)
    model = build(made, {}, seed=1)
    seen = watch(reference.simulate, made)
    names = tuple(made.places)
    told = [reference.trace(model, 0, person, arm) for person in range(CROWD)]
    for number, name in enumerate(names):
        stays = [stay for story in told for stay in _stays(story, number, model.horizon)]
        days = sum(max(0.0, min(end, model.horizon) - max(start, 0.0)) for start, end in stays)
        assert days == pytest.approx(seen.days(f"days:{name}", arm)[:CROWD].sum(), rel=1e-9)
        assert stays
        for day, present in _after_each_entry(stays):
            assert present <= _slots_at(made, name, day)


def _slots_at(made: Scenario, place: str, day: float) -> float:
    """Slots of a place on a day, in a town of its own size."""
    now = float(made.places[place].slots or 0)
    for change in made.places[place].changes:
        now = change.slots if change.day <= day else now
    return now


def _stays(story: list[reference.TraceEntry], place: int, horizon: float) -> Iterator[tuple[float, float]]:
    since = None
    for day, _, what, which in story:
        moved = what in ("goes home", "dies", "moves away", "enters")
        if since is not None and moved:
            yield since, day
            since = None
        if what == "enters" and which[0] == place:
            since = day
    if since is not None:
        yield since, horizon


def _after_each_entry(stays: list[tuple[float, float]]) -> Iterator[tuple[float, int]]:
    """How many are there just after each entry; those who leave at the same moment have left."""
    present = 0
    for day, step in sorted([(start, 1) for start, _ in stays] + [(end, -1) for _, end in stays]):
        present += step
        if step == 1:
            yield day, present


# --- capacity of one arm alone ---------------------------------------------------------------------------------


def with_capacity(programmes: list[str], *capacity: dict[str, Any]) -> dict[str, Any]:
    return {"arms": {"other": {"programmes": programmes, "capacity": list(capacity)}}}


def test_arms_that_differ_in_slots_alone_are_the_queues_of_their_slots(simulate: Simulate) -> None:
    """Both by the chain of a finite source: four slots in usual care, two in the arm."""
    people, need, stay, years = 8, 15.0, 20.0, 1
    tables = (
        {"needs": {"ill": {"goes_to": "ward", "rate": need}}, "places": {"ward": {"stay": {"mean": stay}, "slots": 4}}},
        {"programmes": {"nothing": {}}},
        with_capacity(["nothing"], {"place": "ward", "day": 0, "slots": 2}),
    )
    runs = [watch(simulate, scene(*tables, people=people, years=years), stream=stream) for stream in range(40)]
    for arm, slots in ((0, 4), (1, 2)):
        chain = finite_source(people, slots, need, DAYS_PER_YEAR / stay)
        waiting = chain.timing(lambda n, slots=slots: DAYS_PER_YEAR * max(0, n - slots))
        check([one.days("wait_days:ward", arm).sum() for one in runs], law(waiting, years, 0))


def test_a_change_of_one_arm_is_the_same_change_of_the_place_there_and_none_elsewhere(simulate: Simulate) -> None:
    made, one = town(crowded=True, people=40), {"arms": {"other": ["visits"]}}
    ward, care = ({"place": "gp", "day": 500, "slots": 1}, {"support": "home_care", "day": 450, "workers": 1})
    own = watch(simulate, town(with_capacity(["visits"], ward, care), crowded=True, people=40)).lives
    changes = [
        *({"day": each.day, "slots": each.slots} for each in made.places["gp"].changes),
        {"day": 500, "slots": 1},
    ]
    everywhere = {
        "places": {"gp": {"changes": changes}},
        "supports": {"home_care": {"staff": {"changes": [{"day": 450, "slots": 1}]}}},
    }
    before = watch(simulate, town(one, crowded=True, people=40)).lives
    assert_same(own, before, arms=(0, 0))
    assert_same(own, watch(simulate, town(one, everywhere, crowded=True, people=40)).lives, arms=(1, 1))
    assert (own.counts[1] != before.counts[1]).any()
