"""Supports and programmes: who starts, how long, at what capacity, with what effect, in closed form.

Weights of effects are read off exactly from an effect on utility: its days are the integral of the weight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
    bernoulli,
    check,
    check_mean,
    dead_time_counter,
    finite_source,
    law,
    law_of_counts,
    law_over,
    poisson_law,
    reachable,
)
from scenes import AT_ONCE, DAYS_PER_YEAR, LONG_AFTER, VISIT, Seen, for_all, scene, watch
from scipy.integrate import quad

from simulator.engines.shared.people import draw_people

YEAR = DAYS_PER_YEAR
AN_HOUR = 0.5  # days in which somebody offered a place at once surely starts


def club(**programme: Any) -> dict[str, Any]:
    """One programme, open for good, with an offer at once unless it says otherwise."""
    return {"programmes": {"club": {"closes_day": LONG_AFTER, "offers": {"all": {"rate": AT_ONCE}}, **programme}}}


def falls(rate: float, stay: dict[str, Any] | None = None, **place: Any) -> dict[str, Any]:
    """Emergencies that take people to a ward, for no time unless it says otherwise."""
    return {
        "needs": {"fall": {"goes_to": "ward", "rate": rate, "emergency": True}},
        "places": {"ward": {"stay": stay or VISIT, **place}},
    }


def per_person(seen: Seen, item: str, arm: int | str = 1) -> NDArray[np.float64]:
    """A total over the years by person."""
    table = seen.count(item, arm) if item in seen.names.counts else seen.days(item, arm)
    return table.sum(axis=1)


def sampled_mean(sample: NDArray[Any], expected: float) -> None:
    """Fail when the mean is more than 4.9 standard errors, by the sample's own spread, from what is expected."""
    error = np.std(sample, ddof=1) / np.sqrt(np.size(sample))
    assert abs(np.mean(sample) - expected) < LIMIT * error, f"{np.mean(sample):.5g} against {expected:.5g}"


# --- offers -------------------------------------------------------------------------------------------


def test_offers_come_at_their_rate_and_a_refusal_is_final(simulate: Simulate) -> None:
    rate, uptake, years = 0.3, 0.6, 4
    seen = watch(simulate, scene(club(offers={"all": {"rate": rate}}, uptake=uptake), people=800, years=years))
    moves = {("new", "on"): rate * uptake, ("new", "refused"): rate * (1 - uptake)}
    offered = Chain.of(moves, impulse=lambda a, b: 1.0)
    started = Chain.of(moves, running=lambda state: YEAR * (state == "on"))
    check(per_person(seen, "offers:club"), law(offered, years, "new"))
    check(per_person(seen, "active_days:club"), law(started, years, "new"))
    refused = per_person(seen, "refusals:club")
    check(refused, bernoulli((1 - uptake) * (1 - exp(-rate * years))))
    np.testing.assert_array_equal(per_person(seen, "offers:club"), refused + per_person(seen, "starts:club"))


def test_people_who_refused_are_asked_again_after_a_while_and_are_as_willing_as_before(simulate: Simulate) -> None:
    rate, uptake, pause, years = 2.0, 0.5, 200.0, 5
    made = scene(club(offers={"all": {"rate": rate}}, uptake=uptake, reoffer_after_days=pause), people=500, years=years)
    seen = watch(simulate, made)
    starts, offers = per_person(seen, "starts:club"), per_person(seen, "offers:club")
    unwilling = (starts == 0) & (offers > 1)
    assert (offers[starts == 1] == 1).all()
    check(offers[starts == 0], dead_time_counter(rate, pause / YEAR, years))
    check_mean(unwilling, bernoulli(1 - uptake))


def test_people_are_offered_a_share_of_visits_and_discharges(simulate: Simulate) -> None:
    """Nobody takes it up and everybody may be asked at once again, so offers are a thinned stream of events."""
    need, on_visit, on_leaving, dies, years = 2.0, 0.3, 0.4, 0.4, 3
    asked = {"uptake": 0.0, "reoffer_after_days": 0.0}
    tables = falls(need, routes={"dies": {"to": "dead", "share": dies}})
    programmes = {
        "greeter": {"closes_day": LONG_AFTER, "offers": {"o": {"on": "visit:ward", "share": on_visit}}, **asked},
        "porter": {"closes_day": LONG_AFTER, "offers": {"o": {"on": "discharge:ward", "share": on_leaving}}, **asked},
    }
    arms = {"arms": {"both": ["greeter", "porter"]}}
    seen = watch(simulate, scene(tables, {"programmes": programmes}, arms, people=400, years=years))
    left = (1 - exp(-need * dies * years)) / dies  # entries before death or the horizon
    alive = Chain.of(
        {("a", "b"): need * (1 - dies), ("b", "a"): need * (1 - dies), ("a", "d"): need * dies, ("b", "d"): need * dies}
    )
    entered = law(alive.counting(lambda a, b: 1.0), years, "a")
    assert entered.mean == pytest.approx(left, rel=1e-9)
    check(per_person(seen, "visits:ward", "both"), entered)
    for name, share, counted in (("greeter", on_visit, 1.0), ("porter", on_leaving, 1 - dies)):
        sampled_mean(per_person(seen, f"offers:{name}", "both"), left * counted * share)
        assert (per_person(seen, f"offers:{name}", "both") <= per_person(seen, "visits:ward", "both")).all()


def test_offers_follow_personal_risk_and_health(simulate: Simulate) -> None:
    """With power 2 the mean rate is the mean square of risk: exp(variance on the log scale)."""
    log_sd, rate, power, years, ratio = 0.5, 0.5, 2.0, 2, 3.0
    tables = {
        "population": {"risk": {"log_sd": log_sd}},
        "health": {"states": ["fit", "frail"], "initial": {"65": [0.5, 0.5]}},
    }
    offers = {"all": {"rate": rate, "risk_power": power, "by_health": {"frail": ratio}}}
    asked = club(offers=offers, uptake=0.0, reoffer_after_days=0.0)
    seen = watch(simulate, scene(tables, asked, people=1500, years=years))
    frail = per_person(seen, "person_days:frail:65", 0) > 0
    check_mean(frail, bernoulli(0.5))
    for who, factor in ((frail, ratio), (~frail, 1.0)):
        sampled_mean(per_person(seen, "offers:club")[who], rate * factor * exp(log_sd**2) * years)


def test_offers_on_an_event_follow_personal_risk_and_health(simulate: Simulate) -> None:
    """Visits go with risk, and so does the share of them that brings an offer: the mean square of risk counts."""
    log_sd, need, share, years, ratio = 0.3, 3.0, 0.1, 2, 3.0
    tables = {
        "population": {"risk": {"log_sd": log_sd}},
        "health": {"states": ["fit", "frail"], "initial": {"65": [0.5, 0.5]}},
    }
    offers = {"o": {"on": "visit:ward", "share": share, "risk_power": 1.0, "by_health": {"frail": ratio}}}
    asked = club(offers=offers, uptake=0.0, reoffer_after_days=0.0)
    seen = watch(simulate, scene(falls(need), tables, asked, people=800, years=years))
    frail = per_person(seen, "person_days:frail:65", 0) > 0
    for who, factor in ((frail, ratio), (~frail, 1.0)):
        sampled_mean(per_person(seen, "offers:club")[who], need * share * factor * exp(log_sd**2) * years)


def test_offers_are_made_at_home_only(simulate: Simulate) -> None:
    need, stay, rate, years = 8.0, 30.0, 2.0, 3
    asked = club(offers={"all": {"rate": rate}}, uptake=0.0, reoffer_after_days=0.0)
    seen = watch(simulate, scene(falls(need, {"mean": stay}), asked, people=200, years=years))
    at_home = (per_person(seen, "home_alone_days") + per_person(seen, "community_days")) / YEAR
    assert at_home.mean() < 0.7 * years
    offers = per_person(seen, "offers:club")
    assert abs(offers.sum() - rate * at_home.sum()) / np.sqrt(rate * at_home.sum()) < LIMIT


def test_a_delay_passes_between_the_offer_and_the_start(simulate: Simulate) -> None:
    delay = 40.0
    offers = {"all": {"rate": AT_ONCE, "delay": {"dist": "fixed", "mean": delay}}}
    seen = watch(simulate, scene(club(offers=offers), people=20, years=1))
    assert ((seen.started() > delay) & (seen.started() < delay + AN_HOUR)).all()
    assert (per_person(seen, "offers:club") == 1).all()


@pytest.mark.parametrize(
    ("eligible", "who"),
    [
        ({"min_age": 70}, lambda age, frail: age >= 70),
        ({"max_age": 70}, lambda age, frail: age < 70),
        ({"health": ["frail"]}, lambda age, frail: frail),
        ({"off": ["home_care"]}, lambda age, frail: ~frail),
        ({"on": ["home_care"], "min_age": 70}, lambda age, frail: frail & (age >= 70)),
    ],
)
def test_only_eligible_people_start(
    simulate: Simulate, eligible: dict[str, Any], who: Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]
) -> None:
    """Frail people have home care from the start; ages are read from the days spent below 70."""
    tables = {
        "population": {"ages": {"edges": [65, 75], "share": [1.0]}, "age_bands": [65, 70]},
        "health": {"states": ["fit", "frail"], "initial": {"65": [0.5, 0.5], "70": [0.5, 0.5]}},
        "supports": {"home_care": {"starting_share": {"frail": 1.0}}},
    }
    soon = {"offers": {"all": {"rate": 500.0}}, "closes_day": 30.0}
    seen = watch(simulate, scene(tables, club(eligible=eligible, **soon), people=60, years=1))
    frail = (per_person(seen, "person_days:frail:65") + per_person(seen, "person_days:frail:70")) > 0
    young = per_person(seen, "person_days:fit:65") + per_person(seen, "person_days:frail:65")
    clear = (young > 30) | (young == 0)  # whoever turns 70 in the first month is either
    age = np.where(young > 0, 69, 71)
    started = ~np.isnan(seen.started())
    np.testing.assert_array_equal(started[clear], who(age, frail)[clear])
    assert 3 < started.sum() < 57


def test_somebody_who_has_had_it_once_is_not_offered_it_again(simulate: Simulate) -> None:
    spell = {"length": {"dist": "fixed", "mean": 30}}
    for once, starts in ((True, 1), (False, 13)):
        seen = watch(simulate, scene(club(once=once, **spell), people=10, years=1))
        assert (per_person(seen, "starts:club") == starts).all()


def test_an_effect_on_take_up_makes_more_people_willing(simulate: Simulate) -> None:
    tables = {
        "programmes": {
            "letter": for_all({"target": "uptake:club", "calibrated": 1.4}),
            **club(uptake=0.5)["programmes"],
        },
        "arms": {"plain": ["club"], "letter": ["letter", "club"]},
    }
    seen = watch(simulate, scene(tables, people=600, years=1))
    plain, more = (per_person(seen, "starts:club", arm) for arm in ("plain", "letter"))
    check_mean(plain, bernoulli(0.5))
    check_mean(more, bernoulli(0.7))
    assert (more >= plain).all()


# --- how long -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("pause", [False, True])
def test_time_on_a_programme_runs_on_in_hospital_and_active_days_may_pause(simulate: Simulate, pause: bool) -> None:
    """Exponential length and drop-out, hospital stays meanwhile: active days are all days on it, or those at home."""
    need, stay, length, leaving, years = 8.0, 40.0, 1500.0, 1.5, 2
    spell = {"length": {"dist": "exponential", "mean": length}, "drop_out_rate": leaving, "once": True}
    made = scene(falls(need, {"mean": stay}), club(pause_in_hospital=pause, **spell), people=400, years=years)
    seen = watch(simulate, made)
    moves: dict[Any, float] = {}
    for on in ("on", "off"):
        moves[(on, "home"), (on, "ward")] = need
        moves[(on, "ward"), (on, "home")] = YEAR / stay
    for where in ("home", "ward"):
        moves[("on", where), ("off", where)] = YEAR / length + leaving
    chain = Chain.of(moves, running=lambda state: YEAR * (state[0] == "on" and not (pause and state[1] == "ward")))
    check(per_person(seen, "active_days:club"), law(chain, years, ("on", "home")))
    done = chain.counting(lambda a, b: float(a[0] != b[0]) * leaving / (YEAR / length + leaving))
    sampled_mean(per_person(seen, "drop_outs:club"), law(done, years, ("on", "home")).mean)
    np.testing.assert_allclose(per_person(seen, "community_days"), law_free_home_days(seen, pause), rtol=0, atol=1e-6)


def law_free_home_days(seen: Seen, pause: bool) -> NDArray[np.float64]:
    """Days on the programme at home: with a pause these are its active days."""
    if pause:
        return per_person(seen, "active_days:club")
    away = seen.days("days:ward", 1).sum(axis=1)
    alone = per_person(seen, "home_alone_days")
    return seen.lives.counts.shape[2] * YEAR - away - alone


def test_coming_and_going_is_an_alternating_process(simulate: Simulate) -> None:
    rate, leaving, years = 1.5, 2.5, 3
    made = scene(club(offers={"all": {"rate": rate}}, drop_out_rate=leaving), people=500, years=years)
    seen = watch(simulate, made)
    chain = Chain.of({("off", "on"): rate, ("on", "off"): leaving})
    check(per_person(seen, "active_days:club"), law(chain.timing(lambda s: YEAR * (s == "on")), years, "off"))
    check(per_person(seen, "starts:club"), law(chain.counting(lambda a, b: float(b == "on")), years, "off"))
    np.testing.assert_allclose(per_person(seen, "community_days"), per_person(seen, "active_days:club"), atol=1e-8)


def test_lengths_follow_their_law(simulate: Simulate) -> None:
    """One spell each, of every family; the share of no time is an atom of its own."""
    families: dict[str, tuple[dict[str, Any], Law]] = {
        "fixed": ({"mean": 50.0}, Law(50.0, 0.0, 0.0)),
        "exponential": ({"mean": 50.0}, Law(50.0, 2500.0, 9 * 50.0**4)),
        "uniform": ({"low": 20.0, "high": 80.0}, Law(50.0, 300.0, 60.0**4 / 80)),
        "lognormal": ({"mean": 50.0, "cv": 0.5}, Law(50.0, 625.0, 625.0**2 * _lognormal_kurtosis(0.5))),
        "weibull": ({"mean": 50.0, "cv": 1.0}, Law(50.0, 2500.0, 9 * 50.0**4)),
        "table": ({"days": [10, 30, 30, 130]}, law_of_counts([10, 30, 30, 130], [0.25] * 4)),
    }
    for dist, (numbers, expected) in families.items():
        made = scene(club(once=True, length={"dist": dist, **numbers}), people=400, years=4)
        days = per_person(watch(simulate, made), "active_days:club")
        if expected.variance:
            check(days, expected)
        else:
            np.testing.assert_allclose(days, expected.mean, rtol=1e-12)
    shorter = {"dist": "exponential", "mean": 50.0, "zero_share": 0.4}
    days = per_person(watch(simulate, scene(club(once=True, length=shorter), people=800, years=4)), "active_days:club")
    check_mean(days == 0, bernoulli(0.4))
    sampled_mean(days, 50.0)


def _lognormal_kurtosis(cv: float) -> float:
    w = 1 + cv**2
    return w**4 + 2 * w**3 + 3 * w**2 - 3


def test_a_programme_that_ends_sends_everyone_home_and_starts_nobody_more(simulate: Simulate) -> None:
    """Two places and a long list; on the last day those on it lapse and those on the list go without."""
    ends = 200.0
    two = {"staff": {"workers": 2, "caseload": 1}, "ends_day": ends}
    seen = watch(simulate, scene(club(**two), people=12, years=1))
    assert per_person(seen, "starts:club").sum() == 2
    assert per_person(seen, "lapses:club").sum() == 2
    assert per_person(seen, "active_days:club").sum() == pytest.approx(2 * ends, abs=1)
    assert per_person(seen, "listed_days:club").sum() == pytest.approx(10 * ends, abs=5)
    assert (~np.isnan(seen.started())).sum() == 2


def test_nobody_is_offered_a_programme_that_has_ended(simulate: Simulate) -> None:
    late = {"opens_day": 0.0, "ends_day": 100.0, "closes_day": 300.0, "offers": {"all": {"rate": 5.0}}}
    seen = watch(simulate, scene(club(**late, length={"dist": "fixed", "mean": 1000}), people=60, years=1))
    started = seen.started()
    assert np.nanmax(started) < 100
    check_mean(~np.isnan(started), bernoulli(1 - exp(-5.0 * 100 / YEAR)))


# --- capacity -----------------------------------------------------------------------------------------


def test_a_waiting_list_is_a_finite_source_queue_that_death_shortens(simulate: Simulate) -> None:
    """State: on the programme, on the list, neither; three places of one worker."""
    people, rate, length, death, places, years = 8, 3.0, 120.0, 0.2, 3, 2
    tables = {"death": {"rate": death, "growth": 0.0, "reference_age": 65}}
    programme = club(
        offers={"all": {"rate": rate}},
        staff={"workers": 1, "caseload": places},
        length={"dist": "exponential", "mean": length},
    )
    made = scene(tables, programme, people=people, years=years)

    def moves(state: tuple[int, int, int]) -> Iterator[tuple[Any, float]]:
        on, listed, idle = state
        free = on < places
        yield (on + free, listed + (not free), idle - 1), idle * rate
        after = (on - 1 + (listed > 0), listed - (listed > 0))
        yield (*after, idle + 1), on * YEAR / length
        yield (*after, idle), on * death
        yield (on, listed - 1, idle), listed * death
        yield (on, listed, idle - 1), idle * death

    start = (0, 0, people)
    chain = Chain.of(reachable(start, moves))
    runs = [watch(simulate, made, stream=stream) for stream in range(25)]
    for item, place in (("active_days:club", 0), ("listed_days:club", 1)):
        timed = chain.timing(lambda state, place=place: YEAR * state[place])
        check([per_person(one, item).sum() for one in runs], law(timed, years, start))


def test_a_programme_that_refuses_when_full_is_a_loss_system(simulate: Simulate) -> None:
    """With one place, then two from the second year on."""
    people, rate, length = 6, 4.0, 60.0
    staff = {"workers": 1, "caseload": 1, "when_full": "refuse", "changes": [{"day": YEAR, "slots": 2}]}
    programme = club(offers={"all": {"rate": rate}}, staff=staff, length={"dist": "exponential", "mean": length})
    runs = [watch(simulate, scene(programme, people=people, years=2), stream=stream) for stream in range(25)]

    def chain(places: int) -> Chain:
        births = {(n, n + 1): (people - n) * rate for n in range(places)}
        return Chain.of(births | {(n + 1, n): (n + 1) * YEAR / length for n in range(2)}, states=(0, 1, 2))

    def pieces(worth: Callable[[Chain, int], Chain]) -> list[tuple[float, Chain]]:
        return [(1.0, worth(_in_order(chain(places)), places)) for places in (1, 2)]

    active = law_over(pieces(lambda c, _: c.timing(lambda n: YEAR * n)), 0)
    check([per_person(one, "active_days:club").sum() for one in runs], active)
    turned_away = pieces(lambda c, places: c.timing(lambda n: rate * (people - n) * (n >= places)))
    expected = law_over(turned_away, 0)
    refused = np.array([per_person(one, "refusals:club").sum() for one in runs])
    chance = Law(expected.mean, expected.variance + expected.mean)  # Poisson given the path, and more free than on it
    check_mean(refused, chance)


def _in_order(chain: Chain) -> Chain:
    assert chain.states == (0, 1, 2)
    return chain


def test_a_programme_without_any_place_in_each_place_is_refused_and_not_run_empty(simulate: Simulate) -> None:
    """One worker with ten people for fifty places of twenty people: each has a fifth of a slot."""
    from simulator.errors import RunError

    fifty = {"population": {"place_size": 1000, "identical_places": 50}}
    few = scene(club(staff={"workers": 1, "caseload": 10}), fifty, people=20)
    with pytest.raises(RunError, match="no whole slot in a place"):
        watch(simulate, few)


def test_a_referral_lapses_after_its_days_on_the_list_and_may_be_made_again(simulate: Simulate) -> None:
    """One place, taken for good: the others are listed for 90 days, offered again within the hour, listed again."""
    lapse, people = 90.0, 12
    staff = {"workers": 1, "caseload": 1, "lapse_days": lapse}
    seen = watch(simulate, scene(club(staff=staff), people=people, years=2))
    waiting = per_person(seen, "starts:club") == 0
    assert waiting.sum() == people - 1
    lapses, days = per_person(seen, "lapsed_referrals:club"), per_person(seen, "listed_days:club")
    assert (lapses[waiting] == int(2 * YEAR / lapse)).all() and lapses[~waiting].sum() == 0
    last = days[waiting] - lapse * lapses[waiting]
    assert (last > 2 * YEAR % lapse - 9 * AN_HOUR).all() and (last < 2 * YEAR % lapse).all()


def test_as_many_referrals_lapse_as_the_memoryless_place_keeps_waiting(simulate: Simulate) -> None:
    """Two people, one place held for an exponential time, asked on the first day alone: exp(-L / m) lapse."""
    lapse, mean = 90.0, 100.0
    staff = {"workers": 1, "caseload": 1, "lapse_days": lapse}
    first_day = {"all": {"rate": AT_ONCE, "eligible": {"max_age": 65.01}}}
    programme = club(staff=staff, length={"mean": mean}, offers=first_day, once=True)
    made = scene(programme, {"population": {"ages": {"edges": [65, 65.001]}}}, people=2, years=3)
    runs = [watch(simulate, made, stream=stream) for stream in range(300)]
    lapsed = np.array([per_person(one, "lapsed_referrals:club").sum() for one in runs])
    listed = np.array([per_person(one, "listed_days:club").sum() for one in runs])
    assert lapsed.max() == 1
    check_mean(lapsed, bernoulli(exp(-lapse / mean)))
    np.testing.assert_allclose(listed[lapsed == 1], lapse)
    assert (listed[lapsed == 0] < lapse).all()
    sampled_mean(listed, mean * (1 - exp(-lapse / mean)))


def test_eligibility_is_looked_at_again_when_a_place_is_free(simulate: Simulate) -> None:
    """Everyone is listed at 65 and too old by the time that the first worker comes."""
    comes = 600.0
    staff = {"workers": 0, "caseload": 50, "changes": [{"day": comes, "slots": 1}]}
    young = club(eligible={"max_age": 66.5}, staff=staff)
    seen = watch(simulate, scene(young, people=30, years=2))
    listed = per_person(seen, "listed_days:club")
    assert np.isclose(listed, comes, atol=AN_HOUR).all()
    turned = comes / YEAR > 1.5  # even the youngest
    assert turned
    assert per_person(seen, "starts:club").sum() == 0
    assert (per_person(seen, "offers:club") == 1).all()


def test_volunteers_carry_the_programme_further(simulate: Simulate) -> None:
    """Clients stay d, a share p of those who complete volunteer for D (d < D < 2d) and support s others each.

    In generations of length d:  C_k = c + s (B_k + B_(k-1)),  B_k ~ Binomial(C_(k-1), p); mean capacity tends to
    c / (1 - R) with R = s p D' / d, D' = 2 d being the whole generations a volunteer serves.
    """
    stay, share, supports, paid, years = 40.0, 0.15, 2, 4, 2
    programme = club(
        staff={"workers": 1, "caseload": paid},
        length={"dist": "fixed", "mean": stay},
        volunteers={"share": share, "supports": supports, "tenure": {"dist": "fixed", "mean": 2 * stay - 5}},
    )
    made = scene(programme, people=45, years=years)
    runs = [watch(simulate, made, stream=stream) for stream in range(16)]
    generations = int(years * YEAR / stay) + 1
    mean = [0.0, float(paid)]
    for _ in range(generations - 1):
        mean.append(paid + supports * share * (mean[-1] + mean[-2]))
    starts = np.array([per_person(one, "starts:club").sum() for one in runs])
    sampled_mean(starts, sum(mean))
    amplified = paid / (1 - supports * share * 2)
    assert mean[-1] == pytest.approx(amplified, rel=2e-2)
    volunteers = np.array([per_person(one, "new_volunteers:club").sum() for one in runs])
    completed = np.array([per_person(one, "completions:club").sum() for one in runs])
    assert (volunteers <= completed).all()
    assert volunteers.sum() > 50
    days = np.array([per_person(one, "volunteer_days:club").sum() for one in runs])
    assert (days <= volunteers * (2 * stay - 5) + 1e-6).all()


def test_who_frees_a_place_for_themselves_lives_on_once(simulate: Simulate) -> None:
    """Places that volunteers add may go to themselves when they wait for one; a visit soon after is still one visit."""
    programme = club(
        staff={"workers": 1, "caseload": 1},
        length={"dist": "fixed", "mean": 5.0},
        volunteers={"share": 1.0, "training_days": 7.0, "supports": 2, "tenure": {"dist": "fixed", "mean": 30.0}},
    )
    gp = {"needs": {"gp": {"goes_to": "gp", "rate": 50.0}}, "places": {"gp": {"stay": VISIT}}}
    seen = watch(simulate, scene(gp, programme, people=2, years=2))
    assert per_person(seen, "new_volunteers:club").sum() > 20
    np.testing.assert_array_equal(seen.count("visits:gp", "club"), seen.count("visits:gp"))


def test_only_people_who_complete_volunteer_and_death_ends_it(simulate: Simulate) -> None:
    tenure, death = 200.0, 0.8
    programme = club(
        once=True,
        length={"dist": "fixed", "mean": 1.0},
        volunteers={"share": 1.0, "training_days": 10.0, "supports": 1, "tenure": {"dist": "fixed", "mean": tenure}},
    )
    tables = {"death": {"rate": death, "growth": 0.0, "reference_age": 65}}
    seen = watch(simulate, scene(tables, programme, people=400, years=2))
    lived = 2 * YEAR - per_person(seen, "dead_days")
    served = np.clip(lived - (seen.started() + 11.0), 0, tenure)
    np.testing.assert_allclose(per_person(seen, "volunteer_days:club"), served, atol=1e-6)
    quitting = watch(
        simulate, scene(club(**programme["programmes"]["club"] | {"drop_out_rate": AT_ONCE}), people=60, years=1)
    )
    new = per_person(quitting, "new_volunteers:club")
    np.testing.assert_array_equal(new, per_person(quitting, "completions:club"))
    assert new.sum() < 10


@pytest.mark.parametrize(("slots", "keep", "lapses"), [(None, None, 0), (5, None, 1), (5, 3.0, 1), (5, 30.0, 0)])
def test_a_limited_place_on_a_programme_is_given_up_in_a_limited_ward_unless_it_is_kept(
    simulate: Simulate, slots: int | None, keep: float | None, lapses: int
) -> None:
    """One stay of ten days, half a year in: the ward takes the people who wait for it on one day."""
    stay, day = 10.0, 180.0
    door = {"slots": 0, "changes": [{"day": day, "slots": 5}, {"day": day + 0.5, "slots": 0}]}
    tables = falls(400.0, {"dist": "fixed", "mean": stay}, **door)
    if slots is None:
        tables["places"]["ward"] = {"stay": VISIT, "slots": 0, "wait_limit": {"days": day, "goes_to": "open_ward"}}
        tables["places"]["open_ward"] = {"stay": {"dist": "fixed", "mean": stay}}
    programme = club(once=True, staff={"workers": 5, "caseload": 1}, **({} if keep is None else {"keep_days": keep}))
    seen = watch(simulate, scene(tables, programme, people=5, years=1))
    assert (per_person(seen, "lapses:club") == lapses).all()
    if slots is None:
        return
    on = per_person(seen, "active_days:club") + seen.started()
    assert on == pytest.approx([YEAR if not lapses else day + (keep or 0.0)] * 5, abs=1e-6)


# --- clusters and times -----------------------------------------------------------------------------------


def test_clusters_start_on_their_own_days(simulate: Simulate) -> None:
    opens = [0.0, 273.0, 546.0, 273.0]
    rate = 60.0
    wedge = club(cluster_opens_days=opens, offers={"all": {"rate": rate}})
    started = watch(simulate, scene({"population": {"clusters": 4}}, wedge, people=400, years=2)).started()
    step = np.searchsorted([0.0, 273.0, 546.0], started, side="right") - 1
    gap = (started - np.array([0.0, 273.0, 546.0])[step]) / YEAR
    check(gap, Law(1 / rate, rate**-2, 9 * rate**-4))
    for day, share in ((0, 0.25), (1, 0.5), (2, 0.25)):
        check_mean(step == day, bernoulli(share))


def test_in_the_warm_up_people_queue_and_flare_but_do_not_die_change_or_start(simulate: Simulate) -> None:
    warm_up, years, people = 1.5, 1, 400
    tables = {
        "health": {"states": ["fit", "frail"], "moves": {"worse": {"from": "fit", "to": "frail", "rate": 1.0}}},
        "death": {"rate": 0.5, "growth": 0.0, "reference_age": 65},
        "population": {"leaving_rate": 0.3},
        "flares": {"rate": 3.0, "length": {"mean": 60}, "ratio": {"fall": 2.0}},
    }
    seen = watch(simulate, scene(falls(2.0), tables, club(), people=people, years=years, warm_up_years=warm_up))
    chain = Chain.of(
        {
            ("fit", "frail"): 1.0,
            ("fit", "dead"): 0.5,
            ("frail", "dead"): 0.5,
            ("fit", "left"): 0.3,
            ("frail", "left"): 0.3,
        }
    )
    end = dict(zip(chain.states, chain.probabilities(years, "fit"), strict=True))
    check_mean(per_person(seen, "deaths"), bernoulli(end["dead"]))
    check_mean(per_person(seen, "leavers"), bernoulli(end["left"]))
    fit = chain.timing(lambda state: YEAR * (state == "fit"))
    check(per_person(seen, "person_days:fit:65", 0), law(fit, years, "fit"))
    started = seen.started()
    assert (started[~np.isnan(started)] >= 0).all()
    in_flare = 3.0 * 60 / (YEAR + 3.0 * 60)
    assert 0.5 * in_flare < (seen.days("flare_days") / YEAR).mean() / 0.75 < 1.5 * in_flare


@pytest.mark.parametrize("opens", [{"opens_day": -200.0}, {"cluster_opens_days": [-200.0]}])
def test_a_programme_that_opens_before_the_first_day_starts_nobody_before_it(
    simulate: Simulate, opens: dict[str, Any]
) -> None:
    programme = club(offers={"all": {"on": "visit:ward", "share": 1.0}}, **opens)
    tables = programme["programmes"] | {"all": for_all({"target": "utility", "calibrated": 1.0}, **opens)}
    arms = {"arms": {"both": ["club", "all"]}}
    made = scene(falls(6.0), {"programmes": tables}, arms, people=60, years=1, warm_up_years=1)
    seen = watch(simulate, made)
    assert np.nanmin(seen.started()) >= 0
    assert per_person(seen, "starts:club").sum() == (~np.isnan(seen.started())).sum()
    np.testing.assert_allclose(per_person(seen, "effect_days:all.e0"), YEAR)


def test_queues_are_as_full_on_the_first_day_as_the_warm_up_left_them(simulate: Simulate) -> None:
    people, slots, need, stay, warm_up = 8, 2, 15.0, 20.0, 0.2
    made = scene(falls(need, {"mean": stay}, slots=slots), people=people, years=1, warm_up_years=warm_up)
    chain = finite_source(people, slots, need, YEAR / stay)
    there = dict(zip(chain.states, chain.probabilities(warm_up, 0), strict=True))
    runs = [watch(simulate, made, stream=stream) for stream in range(30)]
    waiting = chain.timing(lambda n: YEAR * max(0, n - slots))
    check([per_person(one, "wait_days:ward", 0).sum() for one in runs], law(waiting, 1, there))


def test_usual_supports_run_in_the_warm_up_and_may_be_there_from_its_start(simulate: Simulate) -> None:
    share, rate, length, warm_up = 0.3, 0.8, 200.0, 1.0
    support = {
        "starting_share": {"well": share},
        "offers": {"all": {"rate": rate}},
        "length": {"dist": "exponential", "mean": length},
    }
    seen = watch(simulate, scene({"supports": {"care": support}}, people=500, years=1, warm_up_years=warm_up))
    chain = Chain.of({("off", "on"): rate, ("on", "off"): YEAR / length}, running=lambda s: YEAR * (s == "on"))
    start = (1 - share) * chain.probabilities(warm_up, "off") + share * chain.probabilities(warm_up, "on")
    check(per_person(seen, "active_days:care", 0), law(chain, 1, dict(zip(chain.states, start, strict=True))))


def test_people_on_a_programme_from_the_start_are_so_in_its_own_arm_only(simulate: Simulate) -> None:
    seen = watch(simulate, scene(club(offers={}, starting_share={"well": 0.4}), people=300, years=1))
    assert per_person(seen, "starts:club", 0).sum() == 0
    assert per_person(seen, "active_days:club", 0).sum() == 0
    check_mean(per_person(seen, "active_days:club", 1) > 0, bernoulli(0.4))


def test_a_cohort_that_is_on_a_programme_from_the_first_day_declines_as_it_drops_out(simulate: Simulate) -> None:
    """All on it on day 0 after a warm-up: exp(-d t) are left, and nobody starts later."""
    rate, years, people = 0.8, 3, 500
    made = scene(
        club(offers={}, starting_share={"all": 1}, drop_out_rate=rate), people=people, years=years, warm_up_years=1.5
    )
    seen = watch(simulate, made)
    np.testing.assert_array_equal(seen.started(), np.zeros(people))
    assert (per_person(seen, "starts:club") == 1).all() and (seen.count("starts:club")[:, 1:] == 0).all()
    chain = Chain.of({("on", "off"): rate}, running=lambda s: YEAR * (s == "on"))
    for year in range(years):
        on = chain.probabilities(year, "on")
        check(seen.days("active_days:club", 1)[:, year], law(chain, 1, dict(zip(chain.states, on, strict=True))))
    np.testing.assert_allclose(seen.window("alive_days"), 365.0)
    assert per_person(seen, "active_days:club", 0).sum() == 0


def test_a_share_of_those_who_may_have_a_programme_is_on_it_from_the_first_day(simulate: Simulate) -> None:
    """By health, `all` for the others; too young, or in a cluster that opens later: nobody."""
    shares = {"all": 0.7, "frail": 0.2}
    population = {"ages": {"edges": [65, 75, 85], "share": [0.5, 0.5]}, "age_bands": [65, 75], "clusters": 2}
    mix = {"states": ["fit", "frail"], "initial": {"65": [0.5, 0.5], "75": [0.5, 0.5]}}
    scheme = club(
        offers={}, starting_share=shares, eligible={"min_age": 75}, cluster_opens_days=[0, 50], length={"mean": 1e6}
    )
    made = scene(scheme, {"population": population, "health": mix}, people=2000, years=1, warm_up_years=0.5)
    seen = watch(simulate, made)
    on, model = seen.started() == 0.0, seen.model
    drawn = draw_people(model, 0, np.arange(2000))
    for state, share in ((0, 0.7), (1, 0.2)):
        may = np.array([p.age >= 75 and p.cluster == 0 and p.health == state for p in drawn])
        check_mean(on[may], bernoulli(share))
        assert may.sum() > 150
    assert not on[[p.age < 75 or p.cluster == 1 for p in drawn]].any()


@pytest.mark.parametrize("measured_on", ["active", "starters", "offered"])
def test_the_effect_on_people_who_are_on_it_from_the_first_day_grows_from_then(
    simulate: Simulate, measured_on: str
) -> None:
    mood = {"target": "utility", "calibrated": 0.1, "ramp_days": 100.0, "measured_on": measured_on}
    made = scene(club(offers={}, starting_share={"all": 1}, effects={"mood": mood}), people=3, years=1, warm_up_years=1)
    np.testing.assert_allclose(per_person(watch(simulate, made), "effect_days:club.mood"), YEAR - 50.0)


def test_a_limited_programme_has_as_many_from_the_first_day_as_it_has_room_for(simulate: Simulate) -> None:
    staff = {"workers": 1, "caseload": 7}
    made = scene(club(offers={}, starting_share={"all": 1}, staff=staff), people=30, years=1, warm_up_years=0.5)
    seen = watch(simulate, made)
    assert np.flatnonzero(seen.started() == 0.0).tolist() == list(range(7))
    np.testing.assert_allclose(per_person(seen, "active_days:club").sum(), 7 * YEAR)


def test_people_who_join_age_and_leave(simulate: Simulate) -> None:
    """They are 65 to 66 when they come, spread evenly, whenever that is."""
    population = {
        "age_bands": [60, 66, 67, 68],
        "entrants": {"per_year": 60, "ages": {"edges": [65, 66], "share": [1.0]}, "health": [1.0]},
        "ages": {"edges": [60, 61], "share": [1.0]},
    }
    seen = watch(simulate, scene({"population": population}, people=1, years=6))
    joined = seen.lives.person >= 2**31
    check_mean([joined.sum()], poisson_law(360.0))
    assert (seen.count("entrants").sum(axis=1)[joined] == 1).all()
    home = seen.days("home_alone_days").sum(axis=1)
    arrived = 6 * YEAR - home
    np.testing.assert_allclose(arrived[joined], np.sort(arrived[joined]))
    young = seen.days("person_days:well:60").sum(axis=1)
    long_there = joined & (home > YEAR)
    assert (young[long_there] <= YEAR).all()
    check_mean(young[long_there] / YEAR, Law(0.5, 1 / 12))
    next_year = seen.days("person_days:well:66").sum(axis=1)
    np.testing.assert_allclose(next_year[joined & (home > 2 * YEAR)], YEAR, atol=1e-6)


# --- supports in place of others ------------------------------------------------------------------------------


def in_place_of_care(**programme: Any) -> dict[str, Any]:
    """Everyone is on care; whoever starts the club leaves it, is on calls, and has care again afterwards."""
    supports = {"care": {"starting_share": {"well": 1.0}}, "calls": {}}
    return club(ends=["care"], starts=["calls"], on_end=["care"], once=True, **programme) | {"supports": supports}


def test_a_programme_takes_the_place_of_a_support_and_gives_it_back_at_its_end(simulate: Simulate) -> None:
    """Care until the start, calls from then, care again when the planned hundred days are over: to the hour."""
    made = scene(in_place_of_care(length={"dist": "fixed", "mean": 100.0}), people=40, years=1, warm_up_years=0.5)
    seen = watch(simulate, made)
    started = seen.started()
    np.testing.assert_allclose(per_person(seen, "active_days:club"), 100.0)
    np.testing.assert_allclose(per_person(seen, "active_days:care"), YEAR - 100.0)
    np.testing.assert_allclose(per_person(seen, "active_days:calls"), YEAR - started)
    np.testing.assert_allclose(per_person(seen, "active_days:care", 0), YEAR)
    assert per_person(seen, "active_days:calls", 0).sum() == 0
    assert (per_person(seen, "lapses:care") == 1).all() and (per_person(seen, "starts:care") == 1).all()
    np.testing.assert_allclose(per_person(seen, "community_days"), YEAR)


def test_coming_and_going_between_two_supports_is_an_alternating_process(simulate: Simulate) -> None:
    """Nobody waits for anything: care -> club at a rate, club -> care after an exponential time, one of them always."""
    rate, length, years = 1.5, 120.0, 2
    programme = club(
        offers={"all": {"rate": rate}}, length={"mean": length}, ends=["care"], on_end=["care"], closes_day=LONG_AFTER
    )
    care = {"supports": {"care": {"starting_share": {"well": 1.0}}}}
    seen = watch(simulate, scene(programme, care, people=500, years=years))
    chain = Chain.of({("care", "club"): rate, ("club", "care"): YEAR / length}, running=lambda s: YEAR * (s == "club"))
    check(per_person(seen, "active_days:club"), law(chain, years, "care"))
    both_days = per_person(seen, "active_days:club") + per_person(seen, "active_days:care")
    np.testing.assert_allclose(both_days, years * YEAR)


def test_a_place_that_is_given_up_for_a_programme_goes_to_the_next_on_the_list(simulate: Simulate) -> None:
    """Three places, always a list: as many start as leave, at the same moment, and no place is ever free."""
    care = {"offers": {"all": {"rate": AT_ONCE}}, "staff": {"workers": 1, "caseload": 3}}
    programme = club(offers={"all": {"rate": 2.0}}, eligible={"on": ["care"]}, ends=["care"], once=True)
    seen = watch(simulate, scene(programme, {"supports": {"care": care}}, people=40, years=3))
    left = per_person(seen, "lapses:care").sum()
    assert left > 8
    assert left == per_person(seen, "starts:club").sum() == per_person(seen, "starts:care").sum() - 3
    np.testing.assert_allclose(per_person(seen, "active_days:care").sum(), 9 * YEAR, atol=3 * AN_HOUR)


def test_death_ends_a_support_and_what_would_begin_at_its_end_does_not(simulate: Simulate) -> None:
    death = {"death": {"rate": 1.0, "growth": 0.0, "reference_age": 65}}
    seen = watch(simulate, scene(in_place_of_care(), death, people=100, years=5))
    assert (per_person(seen, "starts:care") == 1).all()
    assert per_person(seen, "deaths").sum() > 90
    assert per_person(seen, "completions:club").sum() == 0


# --- effects: whom they were measured on --------------------------------------------------------------------

RATIO, NEED, PLANNED, LEAVING, UPTAKE = 0.5, 4.0, 2.0, 0.6, 0.5


@pytest.mark.parametrize("measured_on", ["population", "offered", "starters", "active"])
def test_an_effect_applies_to_those_it_was_measured_on_and_while_it_was(simulate: Simulate, measured_on: str) -> None:
    """Everyone is offered at once, half refuse; planned for two years of four, drop-out at .6 a year."""
    years = 4
    effect = {"target": "need:fall", "calibrated": RATIO, "measured_on": measured_on}
    programme = club(
        once=True, uptake=UPTAKE, drop_out_rate=LEAVING, length={"dist": "fixed", "mean": PLANNED * YEAR},
        closes_day=LONG_AFTER, effects={"fewer": effect},
    )  # fmt: skip
    seen = watch(simulate, scene(falls(NEED), programme, people=400, years=years))
    averted = per_person(seen, "visits:ward", 0) - per_person(seen, "visits:ward", 1)
    assert averted.min() >= 0
    started = per_person(seen, "starts:club") == 1
    rate = NEED * (1 - RATIO)
    match measured_on:
        case "population":
            check(averted, poisson_law(rate * years))
        case "offered":
            check(averted, poisson_law(rate * PLANNED))
        case "starters":
            assert averted[~started].sum() == 0
            check(averted[started], poisson_law(rate * PLANNED))
        case _:
            assert averted[~started].sum() == 0
            stayed = law(Chain.of({("on", "off"): LEAVING}, running=lambda s: rate * (s == "on")), PLANNED, "on")
            check_mean(averted[started], Law(stayed.mean, stayed.variance + stayed.mean))


def test_an_early_uplift_lasts_for_the_first_months_of_enrolment(simulate: Simulate) -> None:
    uplift, days, years = 0.4, 120.0, 2
    early = {"early_uplift": {"uplift": uplift, "days": days, "needs": ["fall"]}}
    seen = watch(simulate, scene(falls(NEED), club(**early), people=400, years=years))
    added = seen.count("visits:ward", 1) - seen.count("visits:ward", 0)
    assert added.min() >= 0
    check(added[:, 0], poisson_law(NEED * uplift * days / YEAR))
    assert added[:, 1].sum() == 0


def test_a_redirected_need_is_met_by_the_programme_and_nothing_follows(simulate: Simulate) -> None:
    share, years = 0.35, 3
    tables = falls(NEED, routes={"on": {"to": "clinic", "share": 0.5}})
    tables["places"]["clinic"] = {"stay": VISIT}
    tables["needs"]["other"] = {"goes_to": "clinic", "rate": 1.0}
    programme = club(redirect={"place": "ward", "share": share}, uptake=UPTAKE)
    seen = watch(simulate, scene(tables, programme, people=500, years=years))
    on = ~np.isnan(seen.started())
    met, clinic = per_person(seen, "met_elsewhere:fall"), per_person(seen, "visits:clinic")
    check(met[on], poisson_law(NEED * share * years))
    check(per_person(seen, "visits:ward")[on], poisson_law(NEED * (1 - share) * years))
    check(clinic[on], poisson_law((1.0 + NEED * (1 - share) * 0.5) * years))
    np.testing.assert_array_equal(per_person(seen, "needs:fall"), met + per_person(seen, "visits:ward"))
    np.testing.assert_array_equal(per_person(seen, "needs:fall"), per_person(seen, "needs:fall", 0))
    assert met[~on].sum() == 0
    assert per_person(seen, "met_elsewhere:other").sum() == per_person(seen, "met_elsewhere:fall", 0).sum() == 0


def test_routes_give_way_at_their_upper_end_and_take_from_what_is_left_over(simulate: Simulate) -> None:
    """Shares .3 and .2: the first times .5, the second times 1.5; the same need goes the same way where it can."""
    tables = {
        "needs": {"fall": {"goes_to": "ward", "rate": NEED}},
        "places": {
            "ward": {
                "stay": VISIT,
                "routes": {"a": {"to": "first", "share": 0.3}, "b": {"to": "second", "share": 0.2}},
            },
            "first": {"stay": VISIT},
            "second": {"stay": VISIT},
        },
        "programmes": {
            "p": for_all({"target": "route:ward.a", "calibrated": 0.5}, {"target": "route:ward.b", "calibrated": 1.5})
        },
    }
    years = 3
    seen = watch(simulate, scene(tables, people=300, years=years))
    np.testing.assert_array_equal(seen.count("visits:ward", 0), seen.count("visits:ward", 1))
    fewer = per_person(seen, "visits:first", 0) - per_person(seen, "visits:first", 1)
    more = per_person(seen, "visits:second", 1) - per_person(seen, "visits:second", 0)
    assert fewer.min() >= 0
    assert more.min() >= 0
    check(fewer, poisson_law(NEED * 0.15 * years))
    check(more, poisson_law(NEED * 0.10 * years))


def test_an_effect_on_the_stay_shortens_each_stay_by_its_ratio(simulate: Simulate) -> None:
    """Somebody with one whole stay in both worlds: the same luck, half as long."""
    tables = falls(0.5, {"dist": "lognormal", "mean": 12.0, "cv": 1.0, "zero_share": 0.1})
    effect = for_all({"target": "stay:ward", "calibrated": 0.5})
    seen = watch(simulate, scene(tables, {"programmes": {"p": effect}}, people=200, years=2))
    usual, other = (per_person(seen, "days:ward", arm) for arm in (0, 1))
    single = [(per_person(seen, "visits:ward", arm) == 1) for arm in (0, 1)]
    once = single[0] & single[1] & (per_person(seen, "unfinished:ward", 0) == 0)
    assert once.sum() > 40
    np.testing.assert_allclose(other[once], 0.5 * usual[once], rtol=1e-9)
    check_mean(usual[once] == 0, bernoulli(0.1))


def test_an_effect_grows_between_entries_and_not_within_a_stay(simulate: Simulate) -> None:
    """Stays begin on known days; the ratio is that of the weight on the day of entry."""
    stay, days = 30.0, (100.0, 200.0, 300.0)
    door = [change for day in days for change in ({"day": day, "slots": 4}, {"day": day + 1, "slots": 0})]
    tables = falls(400.0, {"dist": "fixed", "mean": stay}, slots=0, changes=door)
    effect = for_all({"target": "stay:ward", "calibrated": 0.5, "ramp_days": YEAR})
    seen = watch(simulate, scene(tables, {"programmes": {"p": effect}}, people=3, years=1))
    expected = sum(stay * 0.5 ** (day / YEAR) for day in days)
    np.testing.assert_allclose(per_person(seen, "days:ward", 1), expected, rtol=1e-9)


def test_stays_depend_on_health_on_entry_and_on_how_the_entry_came_about(simulate: Simulate) -> None:
    tables = {
        "health": {"states": ["fit", "frail"], "initial": {"65": [0.5, 0.5]}},
        "needs": {
            "fall": {"goes_to": "ward", "rate": 2.0, "emergency": True}, "hip": {"goes_to": "ward", "rate": 2.0}
        },
        "places": {
            "ward": {"stay": {"mean": 6.0, "by_health": {"frail": 2.0}}, "planned_stay": {"dist": "fixed", "mean": 2.0}}
        },
    }  # fmt: skip
    seen = watch(simulate, scene(tables, people=400, years=2))
    whole = per_person(seen, "unfinished:ward", 0) == 0
    urgent = per_person(seen, "emergency:ward", 0)
    planned = per_person(seen, "visits:ward", 0) - urgent
    days = per_person(seen, "days:ward", 0) - per_person(seen, "emergency_days:ward", 0)
    np.testing.assert_allclose(days[whole], 2.0 * planned[whole], atol=1e-8)
    frail = per_person(seen, "person_days:frail:65", 0) > 0
    for who, mean in ((frail & whole, 12.0), (~frail & whole, 6.0)):
        n = urgent[who].sum()
        assert abs(per_person(seen, "emergency_days:ward", 0)[who].sum() - mean * n) < LIMIT * mean * np.sqrt(n)


def test_entries_are_counted_by_how_they_came_about(simulate: Simulate) -> None:
    """A&E makes an emergency of any journey; only entries from another place came through one."""
    need, share, years, back = 3.0, 0.5, 2, 40.0
    tables = {
        "needs": {
            "ae": {"goes_to": "ae", "rate": need},
            "direct": {"goes_to": "ward", "rate": 1.0, "emergency": True},
            "hip": {"goes_to": "ward", "rate": 1.5},
        },
        "places": {
            "ae": {"stay": VISIT, "emergency": True, "routes": {"in": {"to": "ward", "share": share}}},
            "ward": {"stay": VISIT, "readmission_days": back},
        },
    }
    seen = watch(simulate, scene(tables, people=400, years=years))
    np.testing.assert_array_equal(per_person(seen, "emergency:ae", 0), per_person(seen, "visits:ae", 0))
    assert per_person(seen, "through:ae", 0).sum() == 0
    check(per_person(seen, "through:ward", 0), poisson_law(need * share * years))
    urgent = need * share + 1.0
    check(per_person(seen, "emergency:ward", 0), poisson_law(urgent * years))
    check(per_person(seen, "visits:ward", 0), poisson_law((urgent + 1.5) * years))
    again = quad(lambda t: urgent * (1 - exp(-urgent * min(t, back / YEAR))), 0, years, points=[back / YEAR])[0]
    sampled_mean(per_person(seen, "readmissions:ward", 0), again)
    assert per_person(seen, "readmissions:ae", 0).sum() == 0


# --- effects: their weight over time --------------------------------------------------------------------


def weighed(simulate: Simulate, effect: dict[str, Any], years: int, **programme: Any) -> Seen:
    effects = {"mood": {"target": "utility", "calibrated": 1.0, **effect}}
    return watch(simulate, scene(club(**{"once": True, **programme}, effects=effects), people=12, years=years))


def weights(seen: Seen, weight: Callable[[float], float], kinks: list[float]) -> NDArray[np.float64]:
    """Integral by person and year of a weight of years since the start, from each person's own start."""
    years = seen.lives.counts.shape[2]
    table = np.zeros((len(seen.lives.person), years))
    for person, start in enumerate(seen.started() / YEAR):
        for year in range(years):
            low, high = max(year, start), year + 1
            inside = [start + k for k in kinks if low < start + k < high]
            table[person, year] = YEAR * quad(lambda t, s=start: weight(t - s), low, high, points=inside or None)[0]
    return table


DELAY, RAMP, HALF_LIFE, LENGTH = 0.25, 0.75, 1.5, 1.75  # years
SHAPE = {"delay_days": DELAY * YEAR, "ramp_days": RAMP * YEAR, "half_life_days": HALF_LIFE * YEAR}


def grown(since: float) -> float:
    return min(max((since - DELAY) / RAMP, 0.0), 1.0)


def test_a_weight_waits_ramps_up_and_fades_after_the_end(simulate: Simulate) -> None:
    seen = weighed(simulate, SHAPE, 5, length={"dist": "fixed", "mean": LENGTH * YEAR})

    def weight(since: float) -> float:
        return grown(min(since, LENGTH)) * 0.5 ** (max(0.0, since - LENGTH) / HALF_LIFE)

    expected = weights(seen, weight, [DELAY, DELAY + RAMP, LENGTH])
    np.testing.assert_allclose(seen.days("effect_days:club.mood", 1), expected, rtol=0, atol=1e-5)
    assert seen.days("effect_days:club.mood", 0).sum() == 0


def test_a_weight_without_half_life_stops_at_the_end(simulate: Simulate) -> None:
    effect = {key: value for key, value in SHAPE.items() if key != "half_life_days"}
    seen = weighed(simulate, effect, 4, length={"dist": "fixed", "mean": LENGTH * YEAR})
    expected = weights(seen, lambda since: grown(since) * (since <= LENGTH), [DELAY, DELAY + RAMP, LENGTH])
    np.testing.assert_allclose(seen.days("effect_days:club.mood", 1), expected, rtol=0, atol=1e-5)


def test_a_profile_takes_the_place_of_delay_and_ramp_and_its_last_step_stays(simulate: Simulate) -> None:
    steps = [(0.5, 1.3), (1.0, -0.4), (2.0, 0.6)]
    profile = [{"until_days": until * YEAR, "weight": w} for until, w in steps]
    seen = weighed(simulate, {"profile": profile}, 4)

    def weight(since: float) -> float:
        return next((w for until, w in steps if since < until), steps[-1][1])

    expected = weights(seen, weight, [0.5, 1.0, 2.0])
    np.testing.assert_allclose(seen.days("effect_days:club.mood", 1), expected, rtol=0, atol=1e-5)


def test_on_a_restart_the_larger_of_the_old_weight_and_the_new_one_counts(simulate: Simulate) -> None:
    """A spell of a year, at once followed by another one: the old weight fades while the new one grows."""
    seen = weighed(simulate, SHAPE, 3, once=False, length={"dist": "fixed", "mean": 1.2 * YEAR})
    assert (per_person(seen, "starts:club") == 3).all()

    def weight(since: float) -> float:
        spell = int(since / 1.2)
        own = grown(since - 1.2 * spell)
        old = max((0.5 ** ((since - 1.2 * end) / HALF_LIFE) for end in range(1, spell + 1)), default=0.0)
        return max(own, old)

    crossing = [1.2 * spell + k for spell in range(3) for k in (0.0, DELAY, 0.7, 0.75, DELAY + RAMP)]
    expected = weights(seen, weight, crossing)
    gap = 2 * AN_HOUR  # days lost between the spells, and a kink inside a piece of the engine's quadrature
    np.testing.assert_allclose(seen.days("effect_days:club.mood", 1), expected, rtol=0, atol=gap)


def test_being_offered_again_does_not_take_away_what_an_offer_has_done(simulate: Simulate) -> None:
    """Refusers are asked again twice a year; the effect of having been offered grows over a year and lasts two."""
    seen = weighed(
        simulate, {"ramp_days": YEAR, "measured_on": "offered"}, 3, uptake=0.0, reoffer_after_days=YEAR / 2,
        length={"dist": "fixed", "mean": 2 * YEAR}, offers={"all": {"rate": 500.0}},
    )  # fmt: skip
    assert (per_person(seen, "offers:club") >= 5).all()
    expected = [YEAR / 2, YEAR, YEAR]
    np.testing.assert_allclose(seen.days("effect_days:club.mood", 1), np.tile(expected, (12, 1)), rtol=0, atol=10)


def test_an_effect_on_everyone_is_as_far_grown_for_those_who_join_later(simulate: Simulate) -> None:
    entrants = {"per_year": 20, "ages": {"edges": [65, 66], "share": [1.0]}, "health": [1.0]}
    effect = {"target": "utility", "calibrated": 1.0, "ramp_days": YEAR}
    made = scene({"population": {"entrants": entrants}, "programmes": {"all": for_all(effect)}}, people=3, years=4)
    seen = watch(simulate, made)
    late = per_person(seen, "home_alone_days") < 3 * YEAR
    assert late.sum() > 20
    held, there = per_person(seen, "effect_days:all.e0"), per_person(seen, "home_alone_days")
    np.testing.assert_allclose(held[late], there[late], atol=1e-5)


def test_a_day_of_effect_is_a_day_alive(simulate: Simulate) -> None:
    tables = {
        "death": {"rate": 0.6, "growth": 0.0, "reference_age": 65},
        "programmes": {"all": for_all({"target": "utility", "calibrated": 1.0})},
    }
    seen = watch(simulate, scene(tables, people=80, years=2))
    alive = 2 * YEAR - per_person(seen, "dead_days")
    np.testing.assert_allclose(per_person(seen, "effect_days:all.e0"), alive, atol=1e-5)


@pytest.mark.parametrize("evidence", ["calibrated", "claimed"])
def test_an_effect_nobody_has_claimed_leaves_the_other_items_where_they_belong(
    simulate: Simulate, evidence: Any
) -> None:
    effects = {
        "mood": {"target": "utility", "calibrated": 1.0},
        "hope": {"target": "utility", "calibrated": 1.0, "claimed": 1.0, "delay_days": YEAR},
    }
    benefit = {"calibrated": 100, "claimed": 100, "payer": "nhs", "years": 1.5}
    tables = club(once=True, effects=effects, benefits={"work": benefit}) | {"payers": {"nhs": {"title": "NHS"}}}
    seen = watch(simulate, scene(tables, people=5, years=2), evidence=evidence)
    assert len(seen.names.days) == seen.lives.days.shape[-1]
    assert per_person(seen, "effect_days:club.hope") == pytest.approx([YEAR] * 5, abs=AN_HOUR)
    assert per_person(seen, "benefit_days:club.work") == pytest.approx([1.5 * YEAR] * 5, abs=AN_HOUR)
    assert per_person(seen, "effect_days:club.mood") == pytest.approx([2 * YEAR] * 5, abs=AN_HOUR)


# --- effects declared on observed totals ------------------------------------------------------------------


def hospital(**effects: dict[str, Any]) -> dict[str, Any]:
    """GP, A&E and ward with short stays, so that time away from home hardly matters."""
    declared = {name: {"measured_on": "population", **effect} for name, effect in effects.items()}
    return {
        "needs": {
            "gp": {"goes_to": "gp", "rate": 5.0},
            "ae": {"goes_to": "ae", "rate": 2.0},
            "direct": {"goes_to": "ward", "rate": 0.5, "emergency": True},
            "planned": {"goes_to": "ward", "rate": 0.5},
        },
        "places": {
            "gp": {"stay": VISIT, "routes": {"on": {"to": "ae", "share": 0.2}}},
            "ae": {"stay": VISIT, "emergency": True, "routes": {"in": {"to": "ward", "share": 0.4}}},
            "ward": {"stay": {"mean": 0.5}},
        },
        "programmes": {"p": {"closes_day": LONG_AFTER, "effects": declared}},
    }


@pytest.mark.parametrize(
    "declared",
    [
        {"visits:ae": 0.71, "days:ward": 0.53},
        {"visits:ae": 0.71, "visits:ward": 0.8, "days:ward": 0.53},
        {"visits:gp": 0.5, "visits:ae": 0.71, "days:ward": 0.9},
        {"visits:gp": 0.5, "visits:ward": 0.8},
        {"visits:gp": 0.5, "days:ward": 0.8},
        {"emergency:ward": 0.7},
        {"visits:gp": 0.6, "emergency:ward": 0.7, "days:ward": 0.6},
    ],
    ids=lambda declared: " ".join(f"{k} {v}" for k, v in declared.items()),
)
def test_declared_totals_are_the_totals_that_are_seen(simulate: Simulate, declared: dict[str, float]) -> None:
    """Paired by person: the arm's total less the declared ratio times usual care's is 0 on average.

    Beside a ratio for emergency entries a ratio for days is one of emergency days.
    """
    effects = {f"e{i}": {"target": target, "calibrated": ratio} for i, (target, ratio) in enumerate(declared.items())}
    seen = watch(simulate, scene(hospital(**effects), people=250, years=3))
    for target, ratio in declared.items():
        item = "emergency_days:ward" if "emergency:ward" in declared and target == "days:ward" else target
        usual, other = per_person(seen, item, 0), per_person(seen, item, 1)
        sampled_mean(other - ratio * usual, 0.0)
        power = abs(1 - ratio) * usual.mean() / (np.std(other - ratio * usual) / np.sqrt(usual.size))
        assert power > LIMIT
    if not any(target.startswith("visits:gp") for target in declared):
        np.testing.assert_array_equal(per_person(seen, "needs:gp", 1) >= 0, True)
        sampled_mean(per_person(seen, "visits:gp", 1) - per_person(seen, "visits:gp", 0), 0.0)


def test_synergy_on_a_total_reaches_those_who_come_through_another_place_and_counts_once(simulate: Simulate) -> None:
    """A third of A&E visits come through the GP; one programme acts on A&E twice."""
    tables, pair = hospital(), -0.4
    close = {"closes_day": LONG_AFTER}
    total = {"target": "visits:ae", "measured_on": "population", "calibrated": 0.9}
    direct = {"target": "need:ae", "measured_on": "population", "calibrated": 1.0}
    tables["programmes"] = {"p": close | {"effects": {"a": total, "b": direct}}, "q": close | {"effects": {"a": total}}}
    tables["synergies"] = {"pq": {"between": ["p", "q"], "target": "visits:ae", "log_ratio": pair}}
    tables["arms"] = {"both": ["p", "q"]}
    seen = watch(simulate, scene(tables, people=150, years=3))
    usual, both = (per_person(seen, "visits:ae", arm) for arm in (0, 1))
    sampled_mean(both - 0.9**2 * exp(pair) * usual, 0.0)


def test_an_effect_on_emergencies_leaves_planned_stays_alone(simulate: Simulate) -> None:
    """Stays take no time, so that nobody's other needs are missed."""
    tables = hospital(e={"target": "emergency:ward", "calibrated": 0.4})
    tables["places"]["ward"]["stay"] = VISIT
    seen = watch(simulate, scene(tables, people=60, years=3))
    planned = [seen.count("visits:ward", arm) - seen.count("emergency:ward", arm) for arm in (0, 1)]
    np.testing.assert_array_equal(*planned)
    for need in ("gp", "ae", "planned"):
        np.testing.assert_array_equal(seen.count(f"needs:{need}", 0), seen.count(f"needs:{need}", 1))
    assert per_person(seen, "emergency:ward", 1).sum() < 0.6 * per_person(seen, "emergency:ward", 0).sum()
