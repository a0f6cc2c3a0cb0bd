"""Turns lives into how unevenly emergency care is used: repeated entries, and those of the people at highest risk."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.activity.results import Lives
from simulator.checks.measures.sums import Measure, Parts, ratio
from simulator.checks.samples import Simulated
from simulator.engines.shared.hazards import band_at
from simulator.engines.shared.people import Person, draw_people
from simulator.model.model import ClockKind, Model
from simulator.scenario.tables import Check
from simulator.units import ENTRANT_IDS_FROM

LATER = {"repeat_share_same_year": 0, "repeat_share_next_year": 1, "repeat_share_year_five": 5}
"""Years after the first that a measure looks at."""


def _repeated(later: int) -> Measure:
    def measure(place: str, stated: Check, simulated: Simulated) -> Parts:
        item = simulated.ledger.items.index(f"emergency:{place}")
        top, bottom = [], []
        for _, lives, who in simulated.groups():
            entries = lives.counts[0, who, :, item]
            top.append(entries[entries[:, 0] >= 2, later].sum())
            bottom.append(entries[:, 0].sum())
        return ratio(np.array(top, dtype=np.float64), np.array(bottom, dtype=np.float64))

    return measure


def _concentration(subject: str, stated: Check, simulated: Simulated) -> Parts:
    place, _, share = subject.partition(":")
    item = simulated.ledger.items.index(f"emergency:{place}")
    highest = [_highest(k, lives, simulated, place, float(share)) for k, lives in enumerate(simulated.lives)]
    top, bottom = [], []
    for stream, lives, who in simulated.groups():
        entries = lives.counts[0, :, 0, item]
        top.append(entries[who & highest[stream]].sum())
        bottom.append(entries[who].sum())
    return ratio(np.array(top, dtype=np.float64), np.array(bottom, dtype=np.float64))


def _highest(stream: int, lives: Lives, simulated: Simulated, place: str, share: float) -> NDArray[np.bool_]:
    """Who is in the top share by their rate of emergency entries at the start: [person]."""
    there = np.flatnonzero(lives.person < ENTRANT_IDS_FROM)
    number = list(simulated.scenario.places).index(place)
    people = draw_people(simulated.model, stream, lives.person[there])
    rates = np.array([_emergency_rate(person, number, simulated.model) for person in people])
    first = np.zeros(len(lives.person), dtype=np.bool_)
    first[there[np.argsort(-rates, kind="stable")[: round(share * len(there))]]] = True
    return first


def _emergency_rate(person: Person, place: int, model: Model) -> float:
    """Yearly emergency entries to a place that age, health and personal risk give, outside flares."""
    band, total = band_at(person.age, model.bands), 0.0
    for k in np.flatnonzero(model.clocks["kind"] == ClockKind.NEED):
        clock, need = model.clocks[k], model.needs[model.clocks[k]["subject"]]
        rate = clock["base"] * model.by_health[k, person.health] * model.by_band[k, band]
        rate *= model.by_kind[k, person.kind] * person.risk ** clock["risk_power"]
        if need["emergency"]:
            total += rate * _arrives(need["goes_to"], place, person.health, model)
    return float(total)


def _arrives(start: int, place: int, health: int, model: Model) -> float:
    """The share of those who enter a place that go on to another one, straight or by one route."""
    if start == place:
        return 1.0
    first, count = model.places[start]["first_route"], model.places[start]["routes"]
    ways = range(first, first + count)
    return float(sum(model.route_share[r, health] for r in ways if model.routes[r]["to"] == place))


MEASURES: dict[str, Measure] = {
    "concentration": _concentration,
    **{name: _repeated(later) for name, later in LATER.items()},
}
