"""Small scenarios and ledgers made by hand, for tests that need no engine."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from simulator.activity.items import Items
from simulator.activity.ledger import Ledger, group_names
from simulator.money.price import price
from simulator.scenario.tables import Scenario
from simulator.uncertainty.design import Design

USUAL, WALKS = 0, 1
FAR = 4.9  # standard errors: beyond this a statistical test fails

WRITTEN: dict[str, Any] = {
    "name": "walks",
    "title": "Walks",
    "price_year": "2023/24",
    "horizon": {"years": 4, "funding_years": 2},
    "population": {
        "place_size": 1000,
        "people": 100,
        "ages": {"edges": [65, 75, 95], "share": [0.6, 0.4]},
        "age_bands": [65, 75],
    },
    "health": {
        "states": ["fit", "frail"],
        "initial": {"65": [0.75, 0.25], "75": [0.5, 0.5]},
        "utility": {
            "norm_by_age": {"65": 0.8, "75": 0.7},
            "change": {"fit": 0.0, "frail": -0.2},
            "recentre": False,
        },
    },
    "places": {"ae": {"stay": {"mean": 0.2}}, "inpatient": {"stay": {"mean": 8.0}}},
    "programmes": {
        "walks": {
            "effects": {"mood": {"target": "utility", "calibrated": 0.02, "claimed": 0.1}},
            "costs": {
                "set_up": {"kind": "one_off", "amount": 5000, "payer": "council"},
                "per_walk": {"kind": "per_start", "amount": 50, "payer": "council"},
            },
        }
    },
    "payers": {
        "nhs": {"title": "NHS acute"},
        "council": {"title": "Council"},
        "families": {"title": "People and families", "public": False},
    },
    "cash": {"beds": {"from_year": [0, 2], "share": [0.1, 0.5]}},
    "prices": {
        "ae_visit": {"per": "visit:ae", "amount": 200, "payer": "nhs", "cash": "beds"},
        "bed_day": {"per": "day:inpatient", "amount": 400, "payer": "nhs", "cash": "beds"},
    },
    "economics": {
        "discount_rate": 0.035,
        "discount_rate_later": 0.03,
        "health_discount_rate": 0.015,
        "qaly_values": [20000, 70000],
    },
}


def scenario(changes: dict[str, Any] | None = None) -> Scenario:
    """The scenario of walks, with values at dotted paths replaced (None takes a table out)."""
    written = deepcopy(WRITTEN)
    for path, value in (changes or {}).items():
        *above, last = path.split(".")
        table = written
        for key in above:
            table = table.setdefault(key, {})
        table.pop(last, None)
        if value is not None:
            table[last] = value
    return Scenario.model_validate(written)


def central(rows: int, names: tuple[str, ...] = (), values: NDArray[np.float64] | None = None) -> Design:
    """A design of a number of rows, each with its own stream, in one batch."""
    sampled = np.empty((rows, 0)) if values is None else values
    return Design(names, sampled, np.arange(rows), np.zeros(rows, dtype=np.int64), "table", 1)


def ledger(made: Scenario, activity: dict[str, Any], rows: int = 1, replicates: int = 2) -> Ledger:
    """A ledger of everyone's activity: item -> what broadcasts to [row, replicate, arm, year]; other items are 0."""
    places, supports = tuple(made.places), (*made.supports, *made.programmes)
    bands = tuple(f"{lower:g}" for lower in made.population.age_bands)
    effects = tuple(f"{p}.{e}" for p in supports for e in _effects(made, p))
    benefits = tuple(f"{p}.{b}" for p in made.programmes for b in made.programmes[p].benefits)
    names = Items.of(
        places=places,
        needs=tuple(made.needs),
        supports=supports,
        states=made.health.states,
        bands=bands,
        utility_effects=effects,
        benefits=benefits,
    )
    items = (*names.counts, *names.days)
    arms, groups = tuple(made.all_arms()), group_names(made.all_arms())
    counted = np.zeros((rows, replicates, len(arms), len(groups), made.horizon.years, len(items)))
    for item, amount in activity.items():
        counted[:, :, :, 0, :, items.index(item)] = amount
    return Ledger(
        arms=arms,
        groups=groups,
        items=items,
        measures=names.measures,
        rows=np.arange(rows),
        people=np.full((rows, replicates), made.population.people / replicates),
        place_size=made.population.place_size,
        activity=counted,
        windows=np.zeros((rows, replicates, len(arms) - 1, 2, 2, 2, len(names.measures))),
    )


def normal_scores(n: int) -> NDArray[np.float64]:
    """Standard normal scores in the middle of n equal strata."""
    return np.asarray(ndtri((np.arange(n) + 0.5) / n))


def arm_years(*arms: float | list[float]) -> NDArray[np.float64]:
    """[arm, year] from one number or list of years for each arm."""
    years = WRITTEN["horizon"]["years"]
    return np.array([np.broadcast_to(np.asarray(arm, dtype=np.float64), years) for arm in arms])


def _effects(made: Scenario, name: str) -> list[str]:
    support = made.programmes.get(name) or made.supports[name]
    return [label for label, effect in support.effects.items() if effect.target == "utility"]


def priced_walks(changes: dict[str, Any], activity: dict[str, Any], cost: str) -> list[float]:
    """What one cost of the walks comes to, by year."""
    made = scenario(changes)
    account = price(ledger(made, activity), made, central(1))
    line = [one.name for one in account.lines].index(f"programmes.walks.costs.{cost}")
    return account.spending[0, 0, WALKS, 0, :, line].tolist()
