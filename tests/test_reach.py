"""Starts a year as a plan: the offers that bring them, in closed form and as they are lived."""

from __future__ import annotations

from math import exp
from typing import Any

import numpy as np
import pytest
from engines import Simulate
from oracles import LIMIT
from scenes import LONG_AFTER, VISIT, scene, watch

from simulator.errors import RunError
from simulator.model.build import build
from simulator.model.reach import starts_in_a_year
from simulator.scenario.tables import Scenario

TOWN: dict[str, Any] = {
    "population": {
        "ages": {"edges": [60, 70, 90], "share": [0.6, 0.4]},
        "age_bands": [60, 75],
        "risk": {"log_sd": 0.9},
        "groups": {"alone": {"values": ["yes", "no"], "share": [0.3, 0.7], "share_by_age": {"75": [0.6, 0.4]}}},
    },
    "health": {"states": ["fit", "frail"], "initial": {"60": [0.8, 0.2], "75": [0.4, 0.6]}},
    "flares": {"rate": 0.5, "length": {"dist": "exponential", "mean": 40}, "ratio": {"fall": 3.0}},
    "needs": {
        "fall": {
            "goes_to": "ae",
            "rate": 0.3,
            "rate_is": "mean",
            "by_health": {"frail": 2.0},
            "by_age": {"75": 1.5},
            "by_group": {"alone": {"yes": 1.8}},
        }
    },
    "places": {
        "ae": {"stay": VISIT, "routes": {"in": {"to": "ward", "share": 0.4, "by_health": {"frail": 1.5}}}},
        "ward": {"stay": VISIT, "routes": {"again": {"to": "ae", "share": 0.1}}},
    },
}


def planned(starts: float, people: int, **programme: Any) -> Scenario:
    club = {"closes_day": LONG_AFTER, "uptake": 0.7, "once": True, "starts_per_year": starts, **programme}
    return scene(TOWN, {"programmes": {"club": club}}, people=people, years=1, warm_up_years=1.0)


def test_a_renewal_process_with_a_dead_time_starts_as_often_as_its_law_says() -> None:
    rate, years_on = 3.0, 0.4
    one, two, three = rate, rate * 0.6, rate * 0.2
    first = 1 - exp(-one)
    second = 1 - exp(-two) * (1 + two)
    third = 1 - exp(-three) * (1 + three + three**2 / 2)
    assert starts_in_a_year(np.array(rate), years_on) == pytest.approx(first + second + third)
    assert starts_in_a_year(np.array(rate), np.inf) == pytest.approx(first)
    assert starts_in_a_year(np.array(rate), 0.0) == pytest.approx(rate)


WAYS = {
    "everybody": {},
    "by risk and health": {"offers": {"o": {"rate": 1.0, "risk_power": 1.0, "by_health": {"frail": 3.0}}}},
    "those alone": {"eligible": {"groups": {"alone": ["yes"]}}, "offers": {"o": {"on": "visit:ae", "share": 0.5}}},
    "by group": {"offers": {"o": {"rate": 1.0, "by_group": {"alone": {"yes": 4.0}}}}},
    "the old and frail": {"eligible": {"health": ["frail"], "min_age": 68}},
    "after a stay": {"offers": {"o": {"on": "discharge:ward", "share": 0.01}}},
    "two ways": {"offers": {"a": {"rate": 0.1}, "v": {"on": "visit:ae", "share": 0.3, "eligible": {"max_age": 80}}}},
    "again and again": {"once": False, "length": {"dist": "fixed", "mean": 60}},
}


@pytest.mark.parametrize("way", WAYS)
def test_so_many_start_in_the_first_year_as_are_planned(simulate: Simulate, way: str) -> None:
    people, wanted = 2000, 120.0
    seen = watch(simulate, planned(wanted, people, **WAYS[way]))
    starts = seen.count("starts:club", 1).sum(axis=1)
    error = np.std(starts, ddof=1) * np.sqrt(people)
    assert abs(starts.sum() - wanted) < LIMIT * error


def test_more_starts_than_people_who_would_say_yes_are_refused() -> None:
    with pytest.raises(RunError, match=r"starts_per_year: found 150 starts a year; allowed below 140, all who would"):
        build(planned(150, 200), {})
    with pytest.raises(RunError, match=r"that [1-9].* of each discharge:ward would have to be offered it"):
        build(planned(60, 200, **WAYS["after a stay"]), {})
