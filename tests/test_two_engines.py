"""Both engines live the same lives: identical integers, identical days, whatever the scenario says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from corpus import VALID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.activity.results import Lives
from simulator.engines.compiled import engine as compiled
from simulator.engines.simpy import engine as reference
from simulator.engines.totals import replicates
from simulator.model.build import build
from simulator.scenario.library import packaged
from simulator.scenario.read import read
from simulator.scenario.tables import Scenario

DAYS_TOLERANCE = 1e-9


def assert_same_lives(one: Lives, other: Lives) -> None:
    """Counts to the integer, days to 1e-9 relative, per person and year."""
    np.testing.assert_array_equal(one.person, other.person)
    np.testing.assert_array_equal(one.counts, other.counts)
    np.testing.assert_allclose(one.days, other.days, rtol=DAYS_TOLERANCE, atol=DAYS_TOLERANCE)
    np.testing.assert_array_equal(one.index_day, other.index_day)
    np.testing.assert_array_equal(one.completed, other.completed)
    np.testing.assert_allclose(one.windows, other.windows, rtol=DAYS_TOLERANCE, atol=DAYS_TOLERANCE)


def both(scenario: Scenario, people: int, seed: int, stream: int) -> tuple[Lives, Lives]:
    """The same row in both engines."""
    model = build(scenario, {}, people=people, seed=seed)
    return reference.simulate(model, stream), compiled.simulate(model, stream)


def assert_same_lives_or_fault(scenario: Scenario, seed: int, stream: int) -> None:
    """What one engine finds fault with while people live it, the other does in the same words."""
    try:
        assert_same_lives(*both(scenario, scenario.population.people, seed, stream))
    except ValueError as fault:
        model = build(scenario, {}, people=scenario.population.people, seed=seed)
        for simulate in (reference.simulate, compiled.simulate):
            with pytest.raises(ValueError, match=str(fault)):
                simulate(model, stream)


def one_of_many(scenario: Scenario, people: int) -> Scenario:
    """Where anything is limited: identical places of so many people each, capacities rounded."""
    them = scenario.population
    if not scenario.limited():
        return scenario
    count = int(them.place_size / people)
    changed = {"place_size": float(count * people), "people": people, "identical_places": count}
    return scenario.model_copy(update={"population": them.model_copy(update=changed)})


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_every_valid_scenario_gives_the_same_lives(path: Any) -> None:
    scenario = one_of_many(read(path), 300)
    assert_same_lives(*both(scenario, min(300, scenario.population.people), seed=5, stream=0))


@pytest.mark.parametrize("name", sorted(packaged()))
def test_every_shipped_scenario_gives_the_same_lives(name: str) -> None:
    scenario = read(name).with_({"horizon.years": 2})
    people = 3500 if scenario.limited() else 100
    assert_same_lives(*both(one_of_many(scenario, people), people, seed=7, stream=3))


def lengths() -> st.SearchStrategy[dict[str, Any]]:
    """Stays from no time at all to weeks."""
    mean = st.floats(0.05, 20.0)
    return st.one_of(
        mean.map(lambda x: {"dist": "exponential", "mean": x}),
        mean.map(lambda x: {"dist": "fixed", "mean": x}),
        st.tuples(mean, st.floats(0.2, 2.0), st.floats(0.0, 0.5)).map(
            lambda x: {"dist": "lognormal", "mean": x[0], "cv": x[1], "zero_share": x[2]}
        ),
        st.tuples(mean, st.floats(0.3, 2.0)).map(lambda x: {"dist": "weibull", "mean": x[0], "cv": x[1]}),
    )


@st.composite
def places(draw: st.DrawFn) -> dict[str, Any]:
    """GP, A&E and a ward, any of them limited, with routes down the line and perhaps a package on the way home."""
    slots = st.none() | st.integers(1, 4)
    gp: dict[str, Any] = {"stay": draw(lengths()), "routes": {"on": {"to": "ae", "share": draw(st.floats(0, 0.6))}}}
    ae: dict[str, Any] = {
        "stay": draw(lengths()),
        "emergency": draw(st.booleans()),
        "routes": {"admit": {"to": "ward", "share": draw(st.floats(0, 0.8)), "by_health": {"frail": 1.2}}},
    }
    ward: dict[str, Any] = {"stay": draw(lengths()), "planned_stay": draw(lengths()), "readmission_days": 30.0}
    ward["routes"] = {"dies": {"to": "dead", "share": draw(st.floats(0, 0.2))}}
    if draw(st.booleans()):
        ward["routes"]["package"] = {"to": "home", "share": draw(st.floats(0, 0.7)), "needs_support": "package"}
    for place in (gp, ae, ward):
        if (count := draw(slots)) is not None:
            place["slots"] = count
            if draw(st.booleans()):
                place["changes"] = [{"day": draw(st.floats(0, 700)), "slots": draw(st.integers(0, 5))}]
    if "slots" in gp and draw(st.booleans()):
        gp["wait_limit"] = {"days": draw(st.floats(0.5, 30)), "goes_to": "ae"}
    return {"gp": gp, "ae": ae, "ward": ward}


RATIO = st.floats(0.2, 3.0)
GROUPS = {
    "illness": {"values": ["copd", "none"], "share": [0.4, 0.6], "share_by_age": {"75": [0.7, 0.3]}},
    "alone": {"values": ["yes", "no", "unknown"], "share": [0.3, 0.5, 0.2]},
}
WHO = st.sampled_from([{"illness": ["copd"]}, {"alone": ["yes", "unknown"]}, {"illness": ["none"], "alone": ["no"]}])
BY_GROUP = st.fixed_dictionaries({"illness": st.fixed_dictionaries({"copd": RATIO})}) | st.fixed_dictionaries(
    {"illness": st.fixed_dictionaries({"none": RATIO}), "alone": st.fixed_dictionaries({"yes": RATIO, "no": RATIO})}
)


def by_group(draw: st.DrawFn, data: dict[str, Any]) -> None:
    """Groups of people, and some of all that may name them."""
    data["population"]["groups"] = GROUPS
    data["population"]["subgroups"] += draw(st.sampled_from([[], ["alone"], ["illness", "alone"]]))
    programmes = (*data["supports"].values(), *data["programmes"].values())
    offers = [offer for one in programmes for offer in one.get("offers", {}).values()]
    rated = (*data["needs"].values(), *data["health"]["moves"].values(), data["death"], data["flares"], *offers)
    for table in rated:
        if draw(st.booleans()):
            table["by_group"] = draw(BY_GROUP)
    for need in data["needs"].values():
        need["rate_is"] = draw(st.sampled_from(["mean", "reference"]))
    for one in programmes:
        for table in (one.setdefault("eligible", {}), *one.get("effects", {}).values()):
            if draw(st.booleans()):
                table["groups"] = draw(WHO)


@st.composite
def supports(draw: st.DrawFn, programme: bool) -> dict[str, Any]:
    """A support with any mix of offers, staff, length, drop-out, volunteers and effects."""
    one: dict[str, Any] = {"uptake": draw(st.floats(0.2, 1.0)), "once": draw(st.booleans())}
    one["offers"] = {"rate": {"rate": draw(st.floats(0.1, 6.0)), "risk_power": draw(st.sampled_from([0, 1, 0.5]))}}
    if draw(st.booleans()):
        one["offers"]["event"] = {
            "on": draw(st.sampled_from(["visit:gp", "discharge:ward", "discharge:ae"])),
            "share": draw(st.floats(0.1, 1.0)),
            "delay": draw(lengths()),
        }
    if draw(st.booleans()):
        one["eligible"] = {"recent": {"place": "ae", "at_least": draw(st.integers(1, 3)), "days": 300.0}}
    if draw(st.booleans()):
        one["staff"] = {
            "workers": draw(st.integers(1, 3)),
            "caseload": draw(st.integers(1, 6)),
            "when_full": draw(st.sampled_from(["wait", "refuse"])),
            "changes": [{"day": 400.0, "slots": draw(st.integers(0, 4))}],
        }
        if one["staff"]["when_full"] == "wait" and draw(st.booleans()):
            one["staff"]["lapse_days"] = draw(st.floats(5, 200))
        one["keep_days"] = draw(st.none() | st.just(0.0) | st.just(5.0))
        one = {key: value for key, value in one.items() if value is not None}
    if draw(st.booleans()):
        one["drop_out_rate"] = draw(st.floats(0.1, 3.0))
    if draw(st.booleans()):
        one["reoffer_after_days"] = draw(st.floats(1, 200))
    if draw(st.booleans()):
        one["pause_in_hospital"] = True
    if programme:
        one |= draw(programme_only())
    return one


@st.composite
def programme_only(draw: st.DrawFn) -> dict[str, Any]:
    """Length, volunteers, effects of every target and timing, early uplift, redirect."""
    one: dict[str, Any] = {"opens_day": draw(st.floats(0, 300))}
    if draw(st.booleans()):
        one = {"opens_day": 0.0, "starting_share": {draw(st.sampled_from(["all", "frail"])): draw(st.floats(0.1, 1.0))}}
    if draw(st.booleans()):
        one["length"] = draw(lengths()) | {"mean": draw(st.floats(20, 300))}
        if draw(st.booleans()):
            one["volunteers"] = {"share": 0.5, "training_days": 20.0, "supports": 2, "tenure": draw(lengths())}
    if draw(st.booleans()):
        one["ends_day"] = 650.0
    elif draw(st.booleans()):
        one["after_funding"] = "stop"
    timing = {
        "delay_days": draw(st.floats(0, 60)),
        "ramp_days": draw(st.floats(0, 200)),
        "half_life_days": draw(st.sampled_from([0.0, 90.0])),
    }
    targets = ["need:gp", "visits:ae", "emergency:ward", "days:ward", "stay:ward", "stay:gp", "route:gp.on"]
    targets += ["death", "flares", "health:decline"]
    chosen = draw(st.lists(st.sampled_from(targets), min_size=1, max_size=4, unique=True))
    who = st.sampled_from(["active", "starters", "offered", "population"])
    if draw(st.booleans()):
        timing["window_days"] = draw(st.floats(61, 500))
    steps = [{"until_days": 40.0, "weight": draw(st.floats(-1, 1))}, {"until_days": 250.0, "weight": 0.6}]
    profile = {"half_life_days": timing["half_life_days"], "profile": steps}
    when = st.sampled_from([timing, profile])
    one["effects"] = {
        f"e{i}": {"target": target, "calibrated": draw(st.floats(0.5, 1.2)), "measured_on": draw(who), **draw(when)}
        for i, target in enumerate(chosen)
    }
    one["effects"]["q"] = {"target": "utility", "calibrated": 0.02, "measured_on": draw(who), **draw(when)}
    if draw(st.booleans()) and not any("profile" in effect for effect in one["effects"].values()):
        one["early_uplift"] = {"uplift": 0.3, "days": 60.0, "needs": ["gp"]}
    if draw(st.booleans()):
        one["redirect"] = {"place": "gp", "share": draw(st.floats(0, 1))}
    return one


def others(supports: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Supports whose place one takes, and an unlimited one that begins with it or at its end."""
    small = st.sampled_from([[], ["small"]])
    some = st.lists(st.sampled_from([*supports, "small"]), max_size=2, unique=True)
    return st.fixed_dictionaries({"ends": some, "starts": small, "on_end": small})


@st.composite
def own_capacity(draw: st.DrawFn, data: dict[str, Any]) -> list[dict[str, Any]]:
    """Other numbers of slots and workers in one arm, wherever there is a limit."""
    here = [{"place": name, "slots": draw(st.integers(0, 6))} for name, p in data["places"].items() if "slots" in p]
    some = {"package": data["supports"]["package"], "p": data["programmes"]["p"]}
    here += [{"support": name, "workers": draw(st.integers(0, 4))} for name, s in some.items() if "staff" in s]
    return [{**one, "day": draw(st.sampled_from([0.0, 200.0, 400.0]))} for one in here]


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Any small place for two years after a half-year of warm-up; in half of them people share nothing."""
    people = draw(st.integers(5, 25))
    emergency, planned = draw(st.floats(0.1, 3.0)), draw(st.floats(0.1, 2.0))
    trend = draw(st.sampled_from([0.0, -0.4, 0.8]))
    data: dict[str, Any] = {
        "name": "any",
        "title": "any place",
        "price_year": "2023/24",
        "horizon": {
            "years": 2,
            "warm_up_years": draw(st.sampled_from([0.0, 0.5, 1.5])),
            "funding_years": draw(st.sampled_from([0.7, 1.5, 5.0])),
            "window_days": draw(st.sampled_from([30.0, 100.0, 365.0])),
        },
        "population": {
            "place_size": people,
            "people": people,
            "ages": {"edges": [65, 80, 95], "share": [0.6, 0.4]},
            "age_bands": [65, 75],
            "risk": {"log_sd": draw(st.floats(0, 1.2))},
            "clusters": draw(st.sampled_from([1, 3])),
            "subgroups": draw(st.lists(st.sampled_from(["cluster", "age", "health"]), max_size=3, unique=True)),
        },
        "health": {
            "states": ["fit", "frail"],
            "initial": {"65": [0.8, 0.2], "75": [0.5, 0.5]},
            "moves": {"decline": {"from": "fit", "to": "frail", "rate": 0.5, "by_age": {"75": 2.0}, "trend": -trend}},
        },
        "death": {"rate": draw(st.floats(0.01, 0.3)), "reference_age": 75, "growth": 0.1, "by_health": {"frail": 2}},
        "flares": {"rate": draw(st.floats(0.1, 3)), "length": draw(lengths()), "ratio": {"ae": 4.0, "gp": 0.5}},
        "boosts": {"after": {"after": "ward", "days": 30, "ratio": {"ae": 3.0}}} if draw(st.booleans()) else {},
        "needs": {
            "gp": {"goes_to": "gp", "rate": draw(st.floats(0.5, 12)), "season": {"amplitude": 0.3}, "trend": trend},
            "ae": {"goes_to": "ae", "rate": emergency, "by_health": {"frail": 2.0}},
            "planned": {"goes_to": "ward", "rate": planned, "priority": 1},
        },
        "places": draw(places()),
        "supports": {
            "package": draw(supports(programme=False)) | draw(others([])) | {"starting_share": {"frail": 0.3}},
            "small": {"drop_out_rate": 2.0, "effects": {"fewer": {"target": "need:ae", "calibrated": 0.7}}},
        },
        "programmes": {
            "p": draw(supports(programme=True)) | draw(others(["package", "q"])),
            "q": draw(supports(programme=True)) | draw(others(["package"])),
        },
        "arms": {"one": ["p"], "both": ["p", "q"], "more": {"programmes": ["p"]}},
        "economics": {"discount_rate": 0.035, "discount_rate_later": 0.03, "health_discount_rate": 0.015},
    }
    if draw(st.booleans()):
        entrants = {"per_year": draw(st.floats(1, 10)), "ages": {"edges": [65, 66], "share": [1.0]}, "health": [1, 0]}
        data["population"] |= {"entrants": entrants, "leaving_rate": 0.1}
    if draw(st.booleans()):
        for one in (*data["places"].values(), *data["supports"].values(), *data["programmes"].values()):
            for key in ("slots", "changes", "wait_limit", "staff", "keep_days"):
                one.pop(key, None)
    if draw(st.booleans()):
        by_group(draw, data)
    data["arms"]["more"]["capacity"] = draw(own_capacity(data))
    return Scenario.model_validate(data)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(scenarios(), st.integers(0, 2**64 - 1), st.integers(0, 9))
def test_any_generated_scenario_gives_the_same_lives(scenario: Scenario, seed: int, stream: int) -> None:
    assert_same_lives_or_fault(scenario, seed, stream)


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(scenarios(), st.integers(0, 2**64 - 1))
def test_any_generated_scenario_adds_up_to_the_same_totals(scenario: Scenario, seed: int) -> None:
    """Replicates, participants, windows, and the parts of the population with their sums of squares."""
    model = build(scenario, {}, people=scenario.population.people, seed=seed)
    try:
        one, other = replicates(reference.simulate, model, 0), compiled.replicates(model, 0)
    except ValueError:
        return  # what one engine finds fault with, the other does: see above
    for mine, theirs in zip(one, other, strict=True):
        for name in ("people", "activity", "windows", "by_part", "moments"):
            np.testing.assert_allclose(getattr(mine, name), getattr(theirs, name), rtol=1e-9, atol=1e-9)


@pytest.mark.slow
@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenarios(), st.integers(0, 2**64 - 1), st.integers(0, 9))
def test_hundreds_of_generated_scenarios_give_the_same_lives(scenario: Scenario, seed: int, stream: int) -> None:
    assert_same_lives_or_fault(scenario, seed, stream)
