"""Usual care is lived once: what is lived again when a programme changes is the same to the last bit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from test_two_engines import scenarios

from simulator.activity.results import Totals
from simulator.engines.compiled import engine as compiled
from simulator.engines.compiled import usual_care as kept
from simulator.model.build import build
from simulator.model.model import NONE, Basis, ClockKind, Model
from simulator.scenario.read import read
from simulator.scenario.tables import Scenario


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch) -> Iterator[kept.UsualCareCache]:
    """A cache with nothing on it."""
    empty = kept.UsualCareCache(kept.AT_MOST_BYTES)
    monkeypatch.setattr(compiled, "USUAL_CARE_CACHE", empty)
    yield empty


def same(one: tuple[Totals, Totals], other: tuple[Totals, Totals]) -> bool:
    """Whether both replicates are the same to the last bit."""
    return all(
        np.array_equal(a.activity, b.activity) and np.array_equal(a.windows, b.windows)
        for a, b in zip(one, other, strict=True)
    )


def unlimited(model: Model) -> Model:
    """The same place without limits."""
    places, supports = model.places.copy(), model.supports.copy()
    places["slots"], supports["places"] = NONE, np.inf
    return replace(model, places=places, supports=supports, changes=model.changes[:0])


def with_other_programmes(model: Model) -> Model:
    """Everything a programme does to those who are offered it, otherwise."""
    added = ~model.arms[0]
    supports, clocks, effects = model.supports.copy(), model.clocks.copy(), model.effects.copy()
    supports["uptake"][added] *= 0.7
    supports["redirect_share"][added] = 0.9
    supports["reoffer_days"][added] = 77.0
    supports["ends_day"][added] = 500.0
    drop_outs = np.flatnonzero(clocks["kind"] == ClockKind.DROP_OUT)
    clocks["base"][drop_outs[added[clocks["subject"][drop_outs]]]] *= 3.0
    theirs = added[effects["support"]]
    effects["ln_ratio"][theirs] -= 0.3
    effects["delay"][theirs] += 20.0
    return replace(model, supports=supports, clocks=clocks, effects=effects)


def lived_again(model: Model, before: Model, stream: int, cache: kept.UsualCareCache) -> bool:
    """Live a model with and without having lived another before; whether usual care was there already."""
    cold = compiled.replicates(model, stream)
    cache.clear()
    compiled.replicates(before, stream)
    known = cache.get(kept.name_of(model, stream)) is not None
    assert same(compiled.replicates(model, stream), cold)
    return known


def can_be_lived(model: Model, stream: int) -> bool:
    """Whether no effect overfills a route, which an engine finds fault with."""
    try:
        compiled.replicates(model, stream)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("name", ["age_uk", "befriending", "popp"])
def test_a_changed_programme_lives_the_same_lives_again(name: str, cache: kept.UsualCareCache) -> None:
    model = build(read(name).with_({"horizon.years": 3}), {}, people=1500, seed=3)
    assert lived_again(with_other_programmes(model), model, 4, cache)


def test_an_open_population_is_lived_again_too(cache: kept.UsualCareCache) -> None:
    changes = {
        "horizon.years": 3,
        "population.entrants": {
            "per_year": 40_000,
            "ages": {"edges": [65, 70], "share": [1]},
            "health": [0.7, 0.2, 0.07, 0.03],
        },
    }
    model = build(read("age_uk").with_(changes), {}, people=1500, seed=3)
    assert model.population.entrants_per_year > 0
    assert lived_again(with_other_programmes(model), model, 4, cache)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(scenarios(), st.integers(0, 2**64 - 1), st.integers(0, 9))
def test_any_generated_scenario_is_lived_again_the_same(scenario: Scenario, seed: int, stream: int) -> None:
    model = unlimited(build(scenario, {}, people=scenario.population.people, seed=seed))
    other, cache = with_other_programmes(model), kept.UsualCareCache(kept.AT_MOST_BYTES)
    compiled.USUAL_CARE_CACHE = cache
    assume(can_be_lived(model, stream) and can_be_lived(other, stream))
    cache.clear()
    if lived_again(other, model, stream, cache):
        assert (model.effects["basis"][~model.arms[0][model.effects["support"]]] != Basis.POPULATION).all()


def test_what_changes_usual_care_or_who_is_reached_has_another_name() -> None:
    scenario = read("age_uk")
    name = lambda model, stream=0: kept.name_of(model, stream)  # noqa: E731
    model = build(scenario, {}, people=100, seed=3)
    assert name(with_other_programmes(model)) == name(model)
    assert name(model, 1) != name(model)
    others = [
        build(scenario, {}, people=101, seed=3),
        build(scenario, {}, people=100, seed=4),
        build(scenario.with_({"needs.gp.adjust": 1.5}), {}, people=100, seed=3),
        replace(model, opens=model.opens + 1.0),
        replace(model, offer_by_health=model.offer_by_health * 0.5),
        replace(model, arms=np.ones_like(model.arms)),
    ]
    for field in ("closes_day", "once", "criteria"):
        supports = model.supports.copy()
        supports[field][~model.arms[0]] = 2
        others.append(replace(model, supports=supports))
    assert len({name(model), *map(name, others)}) == 1 + len(others)


def test_effects_of_usual_care_are_part_of_it() -> None:
    model = build(read("age_uk"), {}, people=100, seed=3)
    effects = model.effects.copy()
    effects["support"] = np.flatnonzero(model.arms[0])[0]
    mine = replace(model, effects=effects)
    stronger = effects.copy()
    stronger["ln_ratio"] -= 0.1
    assert kept.name_of(replace(mine, effects=stronger), 0) != kept.name_of(mine, 0)
