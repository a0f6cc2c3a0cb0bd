"""Small scenarios for tests of what engines do, and a way to read what happened by item name."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
from engines import Simulate
from numpy.typing import NDArray

from simulator.activity.items import Items
from simulator.activity.results import Lives
from simulator.model.build import build, items
from simulator.model.model import Model
from simulator.scenario.tables import EvidenceMode, Scenario

DAYS_PER_YEAR = 365.25
LONG_AFTER = 1e5  # days
AT_ONCE = 10_000.0  # a year: within the hour
VISIT = {"dist": "fixed", "mean": 0.0}

BARE: dict[str, Any] = {
    "name": "bare",
    "title": "Bare",
    "price_year": "2023/24",
    "horizon": {"years": 10},
    "population": {"place_size": 100, "people": 100, "ages": {"edges": [65, 66], "share": [1.0]}, "age_bands": [65]},
    "health": {"states": ["well"]},
    "economics": {"discount_rate": 0.035, "discount_rate_later": 0.03, "health_discount_rate": 0.015},
}


def scene(*tables: dict[str, Any], people: int = 100, years: int = 10, warm_up_years: float = 0.0) -> Scenario:
    """A scenario of well people of 65 to whom nothing happens but what these tables add, later ones over earlier."""
    written = deepcopy(BARE)
    size = {"population": {"place_size": people, "people": people}}
    for table in (size, {"horizon": {"years": years, "warm_up_years": warm_up_years}}, *tables):
        _lay(written, table)
    return Scenario.model_validate(written)


def _lay(under: dict[str, Any], over: dict[str, Any]) -> None:
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(under.get(key), dict):
            _lay(under[key], value)
        else:
            under[key] = deepcopy(value)


def for_all(*effects: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A programme that acts on the whole population from day 0 to long after the horizon."""
    numbered = {f"e{i}": {"measured_on": "population", **effect} for i, effect in enumerate(effects)}
    return {"closes_day": LONG_AFTER, "effects": numbered, **more}


@dataclass(frozen=True)
class Seen:
    """What an engine returned, with the names of the items."""

    lives: Lives
    names: Items
    model: Model
    arms: tuple[str, ...]

    def count(self, item: str, arm: int | str = 0) -> NDArray[np.int64]:
        """A counted item by person and year."""
        return self.lives.counts[self._arm(arm), :, :, self.names.counts.index(item)]

    def days(self, item: str, arm: int | str = 0) -> NDArray[np.float64]:
        """An item in days by person and year."""
        return self.lives.days[self._arm(arm), :, :, self.names.days.index(item)]

    def window(self, measure: str, arm: int | str = 1) -> NDArray[np.float64]:
        """A measure of the before-after windows by person, world (with, without) and side (before, after)."""
        return self.lives.windows[self._arm(arm) - 1, :, :, :, self.names.measures.index(measure)]

    def started(self, arm: int | str = 1) -> NDArray[np.float64]:
        """Day of the first start of a programme by person, nan for those who never did."""
        return self.lives.index_day[self._arm(arm)]

    def _arm(self, arm: int | str) -> int:
        return self.arms.index(arm) if isinstance(arm, str) else arm


def watch(
    simulate: Simulate,
    scenario: Scenario,
    *,
    stream: int = 0,
    seed: int = 1,
    evidence: EvidenceMode = "calibrated",
    people: NDArray[np.int64] | None = None,
) -> Seen:
    """Build and simulate a scenario."""
    model = build(scenario, {}, seed=seed, evidence=evidence)
    return Seen(simulate(model, stream, people), items(scenario), model, tuple(scenario.all_arms()))


def assert_same(one: Lives, other: Lives, *, arms: tuple[int, int] | None = None) -> None:
    """Every count and every day of every person and year is the same to the last bit."""
    a, b = arms or (slice(None), slice(None))
    np.testing.assert_array_equal(one.person, other.person)
    np.testing.assert_array_equal(one.counts[a], other.counts[b])
    np.testing.assert_array_equal(one.days[a], other.days[b])


# --- a small town with everything in it ---------------------------------------------------------------

TOWN: dict[str, Any] = {
    "population": {
        "ages": {"edges": [65, 75, 95], "share": [0.6, 0.4]},
        "age_bands": [65, 75, 85],
        "risk": {"log_sd": 0.8},
        "clusters": 3,
        "entrants": {"per_year": 3, "ages": {"edges": [65, 66], "share": [1.0]}, "health": [0.8, 0.2]},
        "leaving_rate": 0.03,
    },
    "health": {
        "states": ["fit", "frail"],
        "initial": {"65": [0.7, 0.3], "75": [0.5, 0.5], "85": [0.2, 0.8]},
        "moves": {
            "worse": {"from": "fit", "to": "frail", "rate": 0.15, "by_age": {"85": 2.0}},
            "better": {"from": "frail", "to": "fit", "rate": 0.05},
        },
    },
    "death": {"rate": 0.02, "growth": 0.1, "reference_age": 70, "by_health": {"frail": 2.5}},
    "flares": {"rate": 0.8, "length": {"mean": 40}, "ratio": {"ae": 4.0, "gp": 2.0}, "by_health": {"frail": 2.0}},
    "boosts": {"after_ward": {"after": "inpatient", "days": 30, "ratio": {"ae": 3.0}}},
    "needs": {
        "gp": {"goes_to": "gp", "rate": 4.0, "season": {"amplitude": 0.2, "peak_day": 15}},
        "ae": {"goes_to": "ae", "rate": 0.8, "by_health": {"frail": 2.0}, "by_age": {"85": 1.5}, "priority": -1},
        "planned": {"goes_to": "inpatient", "rate": 0.2, "priority": 1},
    },
    "places": {
        "gp": {
            "stay": {"dist": "uniform", "low": 0.1, "high": 2.0},
            "routes": {"on": {"to": "ae", "share": 0.04}, "refer": {"to": "inpatient", "share": 0.02}},
        },
        "ae": {
            "stay": {"mean": 0.4},
            "emergency": True,
            "readmission_days": 30,
            "routes": {"admit": {"to": "inpatient", "share": 0.35, "by_health": {"frail": 1.3}}},
        },
        "inpatient": {
            "stay": {"dist": "lognormal", "mean": 9, "cv": 1.2, "zero_share": 0.2, "by_health": {"frail": 1.4}},
            "planned_stay": {"dist": "table", "days": [1, 2, 2, 5]},
            "readmission_days": 30,
            "routes": {
                "care": {"to": "home", "share": 0.3, "needs_support": "home_care"},
                "dies": {"to": "dead", "share": 0.03},
            },
        },
    },
    "supports": {
        "home_care": {
            "length": {"dist": "weibull", "mean": 60, "cv": 0.7},
            "starting_share": {"frail": 0.15},
            "drop_out_rate": 0.3,
            "offers": {"decline": {"rate": 0.2, "by_health": {"fit": 0.2}}},
            "effects": {"stay": {"target": "stay:inpatient", "calibrated": 0.9}},
        }
    },
    "programmes": {
        "visits": {
            "eligible": {"min_age": 66, "off": ["home_care"]},
            "uptake": 0.7,
            "reoffer_after_days": 200,
            "cluster_opens_days": [0, 200, 400],
            "closes_day": 1500,
            "length": {"dist": "exponential", "mean": 300},
            "drop_out_rate": 0.4,
            "pause_in_hospital": True,
            "volunteers": {"share": 0.3, "training_days": 30, "supports": 2, "tenure": {"mean": 300}},
            "offers": {
                "self": {"rate": 0.4, "risk_power": 0.5},
                "crisis": {"on": "discharge:inpatient", "share": 0.8, "delay": {"mean": 20}},
                "nurse": {"on": "visit:gp", "share": 0.05, "by_health": {"frail": 2.0}},
            },
            "effects": {
                "ae": {"target": "need:ae", "calibrated": 0.6, "ramp_days": 90, "half_life_days": 200},
                "gp": {"target": "need:gp", "calibrated": 1.3, "measured_on": "offered"},
                "stay": {"target": "stay:inpatient", "calibrated": 0.8, "measured_on": "starters"},
                "route": {"target": "route:ae.admit", "calibrated": 0.8},
                "health": {"target": "health:worse", "calibrated": 0.7, "measured_on": "population"},
                "death": {"target": "death", "calibrated": 0.95},
                "flares": {"target": "flares", "calibrated": 0.8},
                "uptake": {"target": "uptake:visits", "calibrated": 1.1, "measured_on": "population"},
                "mood": {"target": "utility", "calibrated": 0.05, "half_life_days": 100},
            },
        }
    },
}
CROWDED: dict[str, Any] = {
    "places": {
        "gp": {"slots": 1, "wait_limit": {"days": 4, "goes_to": "ae"}, "changes": [{"day": 300, "slots": 2}]},
        "ae": {"slots": 1},
        "inpatient": {"slots": 2, "changes": [{"day": 400, "slots": 1}, {"day": 600, "slots": 2}]},
    },
    "supports": {"home_care": {"staff": {"workers": 2, "caseload": 2}, "starting_share": {"fit": 0.3, "frail": 0.8}}},
    "programmes": {"visits": {"staff": {"workers": 1, "caseload": 3, "changes": [{"day": 500, "slots": 2}]}}},
}
CROWD = 40  # people for whom the town's slots are stated


def crowded_for(people: int) -> dict[str, Any]:
    """The town's limits for a place of so many people: slots and caseloads in proportion, whole."""
    limits = deepcopy(CROWDED)
    for place in limits["places"].values():
        for each in (place, *place.get("changes", ())):
            each["slots"] = each["slots"] * people // CROWD
    for support in (*limits["supports"].values(), *limits["programmes"].values()):
        support["staff"]["caseload"] = support["staff"]["caseload"] * people // CROWD
    return limits


def town(
    *more: dict[str, Any], crowded: bool = False, people: int = 60, years: int = 3, warm_up: float = 1.5
) -> Scenario:
    """The town, with its capacities (in proportion to the people) or without any."""
    tables = (TOWN, crowded_for(people) if crowded else {}, *more)
    return scene(*tables, people=people, years=years, warm_up_years=warm_up)
