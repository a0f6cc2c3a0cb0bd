"""Turn a scenario and one design row into a model: arrays that hold every arm.

``rate_is = "mean"`` needs are divided by the mean of their ratios over the starting population, death
hazards by the mean ratio of their age band, capacities are those of one whole place, and effects declared on
observed totals become need, route and stay factors (:mod:`simulator.model.effects`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from simulator.activity.items import Items
from simulator.model.effects import Effects, Flow, Names, flow_ratios
from simulator.model.model import BOOST, LAYER_BITS, NONE, Model, Table, Words
from simulator.model.pathway import (
    Clocks,
    Durations,
    add_life_clocks,
    add_need_clocks,
    flow_shares,
    needs,
    people_lived,
    places,
    population,
    route_names,
    routes,
)
from simulator.model.reach import Reach
from simulator.model.supports import Supports
from simulator.model.values import Values
from simulator.scenario.evidence import in_mode
from simulator.scenario.tables import EvidenceMode, Scenario
from simulator.uncertainty.words import check_seed, register
from simulator.units import DAYS_PER_YEAR

__all__ = ["build", "items"]


def items(scenario: Scenario) -> Items:
    """Names of the ledger items of a scenario.

    Args:
        scenario: resolved scenario.

    Returns:
        The counted items, those in days, and the measures of the before-after windows.
    """
    supports = scenario.all_supports()
    utility = [f"{n}.{e}" for n, (_, s) in supports.items() for e, f in s.effects.items() if f.target == "utility"]
    benefits = [f"{n}.{b}" for n, (_, s) in supports.items() for b in s.benefits]
    return Items.of(
        places=tuple(scenario.places),
        needs=tuple(scenario.needs),
        supports=tuple(supports),
        states=scenario.health.states,
        bands=scenario.population.band_names,
        utility_effects=tuple(utility),
        benefits=tuple(benefits),
    )


def build(
    scenario: Scenario,
    row: Mapping[str, float],
    *,
    people: int | None = None,
    seed: int = 0,
    evidence: EvidenceMode = "calibrated",
) -> Model:
    """The model of one design row, all arms.

    Args:
        scenario: resolved scenario.
        row: sampled values by path; a quantity that is missing has the value that rows are centred on.
        people: how many to simulate; the scenario's own number if left out. Where anything is limited it is everybody.
        seed: key of every draw, 0 to 2**64 - 1.
        evidence: which value of each programme effect to use.

    Returns:
        Arrays for the engines.

    Raises:
        RunError: for some of the people of a place where anything is limited, or a capacity below one.
    """
    scenario, values = in_mode(scenario, evidence), Values(row)
    count = people_lived(scenario, people)
    durations = Durations(values, scenario.health.states)
    clocks = Clocks(scenario, values)
    add_life_clocks(clocks)
    add_need_clocks(clocks)
    route_table, route_share = routes(scenario, values)
    supports = Supports(scenario, values, durations, clocks, Reach(clocks, route_share))
    support_table = supports.table()
    place_table = places(scenario, values, durations)
    flare_length = durations.add("flares.length", scenario.flares.length) if scenario.flares else NONE
    offers, offer_by_health = supports.offer_table()
    names = Names(
        clocks={name: i for i, name in enumerate(clocks.names)},
        places=tuple(scenario.places),
        routes={route: i for i, route in enumerate(route_names(scenario))},
        supports=supports.names,
    )
    effects = Effects(scenario, values, names, evidence, _flows(clocks, route_share), clocks.kinds)
    effects.add_all()
    on_clock, order = effects.by_clock(len(clocks.rows))
    benefits = [(i, b.years) for i, (_, s) in enumerate(scenario.all_supports().values()) for b in s.benefits.values()]
    return Model(
        seed=check_seed(seed),
        years=scenario.horizon.years,
        warm_up_days=scenario.horizon.warm_up_years * DAYS_PER_YEAR,
        window_days=scenario.horizon.window_days,
        population=population(clocks, count),
        words=_words(
            tuple(clocks.names),
            tuple(scenario.needs),
            tuple(scenario.places),
            supports.names,
            tuple(supports.offer_names),
            tuple(scenario.population.groups),
        ),
        bands=np.asarray(scenario.population.age_bands, dtype=np.float64),
        clocks=clocks.table(),
        by_health=np.array(clocks.by_health).reshape(-1, len(scenario.health.states)),
        by_band=np.array(clocks.by_band).reshape(-1, len(scenario.population.age_bands)),
        by_kind=np.array(clocks.by_kind).reshape(-1, clocks.kinds.count),
        boost_ratio=_boost_ratio(scenario, values, clocks.names),
        boosts=_boosts(scenario),
        flare_length=flare_length,
        durations=durations.table(),
        duration_by_health=np.array(durations.by_health).reshape(-1, len(scenario.health.states)),
        duration_days=np.asarray(durations.days, dtype=np.float64),
        needs=needs(scenario),
        places=place_table,
        routes=route_table,
        route_share=route_share,
        supports=support_table,
        starting_share=supports.starting_share(),
        opens=supports.opens(),
        offers=offers,
        offer_by_health=offer_by_health,
        offer_by_kind=np.array(supports.offer_by_kind).reshape(-1, clocks.kinds.count),
        criteria=supports.criteria_table(),
        criterion_kinds=np.array(supports.criterion_kinds, dtype=np.bool_).reshape(-1, clocks.kinds.count),
        effects=effects.table(),
        effect_kinds=np.array(effects.kinds_of, dtype=np.bool_).reshape(-1, clocks.kinds.count),
        step_until=np.asarray(effects.step_until, dtype=np.float64),
        step_weight=np.asarray(effects.step_weight, dtype=np.float64),
        effects_on_clock=on_clock,
        effect_order=order,
        synergies=effects.synergies(),
        changes=supports.all_changes(),
        arms=_arms(scenario),
        utility_effects=np.asarray(effects.utility, dtype=np.int64),
        benefit_support=np.array([i for i, _ in benefits], dtype=np.int64),
        benefit_days=np.array([years * DAYS_PER_YEAR for _, years in benefits], dtype=np.float64),
    )


def _flows(clocks: Clocks, route_share: NDArray[np.float64]) -> Flow:
    """Flow balance of the mean person, for effects on days that sit on top of effects on entries."""
    scenario, values, mix = clocks.scenario, clocks.values, clocks.bands @ clocks.mix
    where = tuple(scenario.places)
    into = np.zeros(len(where))
    for name, need in scenario.needs.items():
        into[where.index(need.goes_to)] += values.of(f"needs.{name}.rate", need.rate)
    taken = np.array([share @ mix for share in route_share], dtype=np.float64)
    return flow_ratios(into, flow_shares(scenario, taken), where)


def _boost_ratio(scenario: Scenario, values: Values, clocks: list[str]) -> NDArray[np.float64]:
    ratio = np.ones((len(scenario.boosts), len(clocks)))
    for b, (name, boost) in enumerate(scenario.boosts.items()):
        for need, quantity in boost.ratio.items():
            ratio[b, clocks.index(f"need:{need}")] = values.of(f"boosts.{name}.ratio.{need}", quantity)
    return ratio


def _boosts(scenario: Scenario) -> Table:
    where = tuple(scenario.places)
    rows = [(where.index(b.after), b.days, b.emergency_only) for b in scenario.boosts.values()]
    return np.array(rows, dtype=BOOST)


def _arms(scenario: Scenario) -> NDArray[np.bool_]:
    usual = [True] * len(scenario.supports)
    rows = [[*usual, *(p in arm for p in scenario.programmes)] for arm in scenario.all_arms().values()]
    return np.array(rows, dtype=np.bool_).reshape(len(rows), len(scenario.all_supports()))


Several: TypeAlias = tuple[str, ...]


@lru_cache
def _words(
    clocks: Several, needs: Several, places: Several, supports: Several, offers: Several, groups: Several
) -> Words:
    """Decision words of every draw, the same in all rows; two that collide are a fault at build time."""
    need_clocks = [f"need:{name}" for name in needs]
    purposes: dict[str, list[list[tuple[str, ...]]]] = {
        "clocks": [[(name, "candidate") for name in clocks]],
        "stay": [[(need, f"stay:{place}") for place in places] for need in need_clocks],
        "event_offer": [[(need, f"offer:{offer}") for offer in offers] for need in need_clocks],
        "redirect": [[(need, f"redirect:{name}") for name in supports] for need in need_clocks],
        **{kind: [[(kind, name) for name in supports]] for kind in ("willing", "length", "starting", "volunteer")},
        "traits": [[("trait", kind) for kind in ("age", "health", "risk", "cluster", "arrival")]],
        "groups": [[("trait", f"group:{name}") for name in groups]],
    }
    word = register((name for table in purposes.values() for row in table for name in row), spare_bits=LAYER_BITS)

    def array(kind: str) -> NDArray[np.int64]:
        rows = [[word[name] for name in row] for row in purposes[kind]]
        return np.array(rows, dtype=np.int64).reshape(len(rows), len(rows[0]) if rows else 0)

    traits = dict(zip(("age", "health", "risk", "cluster", "arrival"), array("traits")[0].tolist(), strict=True))
    return Words(
        clocks=array("clocks")[0],
        stay=array("stay"),
        event_offer=array("event_offer"),
        redirect=array("redirect"),
        willing=array("willing")[0],
        length=array("length")[0],
        starting=array("starting")[0],
        volunteer=array("volunteer")[0],
        groups=array("groups")[0],
        **traits,
    )
