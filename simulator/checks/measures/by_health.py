"""Turns lives into what care costs in one state of health beside another, at the same ages."""

from __future__ import annotations

import numpy as np

from simulator.checks.measures.sums import Measure, Parts, over
from simulator.checks.samples import Array, Simulated
from simulator.money.price import COUNTED, uplift
from simulator.scenario.tables import Check
from simulator.units import DAYS_PER_YEAR


def _extra_cost(subject: str, stated: Check, simulated: Simulated) -> Parts:
    parts, bands = _cost_by_health(subject, simulated)
    return parts, lambda s: _at_same_ages(s, 1, bands) - _at_same_ages(s, 0, bands)


def _cost_ratio(subject: str, stated: Check, simulated: Simulated) -> Parts:
    parts, bands = _cost_by_health(subject, simulated)
    return parts, lambda s: over(_at_same_ages(s, 1, bands), _at_same_ages(s, 0, bands))


def _cost_by_health(subject: str, simulated: Simulated) -> tuple[Array, int]:
    """[block, part]: pounds and days by band in the first state, then in the other, then everyone's days by band.

    People are counted whose whole first year is spent in one state, in the band they spend most of it in.
    """
    payers, _, state = subject.partition(":")
    pounds = pounds_by_item(payers.split("+"), simulated)
    states, bands = simulated.scenario.health.states, len(simulated.model.bands)
    first = simulated.ledger.items.index(f"person_days:{states[0]}:{simulated.model.bands[0]:g}")
    rows = []
    for _, lives, who in simulated.groups():
        activity = np.concatenate([lives.counts[0, who, 0], lives.days[0, who, 0]], axis=1)
        days = activity[:, first : first + len(states) * bands].reshape(-1, len(states), bands)
        spent, in_state, in_band = activity @ pounds, days.sum(axis=2), days.sum(axis=1)
        row: list[float] = []
        for chosen in (0, states.index(state)):
            only = (in_state[:, chosen] > 0) & (in_state[:, chosen] == in_state.sum(axis=1))
            for band in range(bands):
                there = only & (in_band.argmax(axis=1) == band)
                row += [spent[there].sum(), in_state[there].sum()]
        rows.append([*row, *in_band.sum(axis=0)])
    return np.array(rows, dtype=np.float64), bands


def _at_same_ages(sums: Array, state: int, bands: int) -> float:
    """Pounds a person-year in a state, each band weighted by everyone's days in it."""
    own = sums[2 * bands * state : 2 * bands * (state + 1)].reshape(bands, 2)
    rates = np.array([over(pounds, days) for pounds, days in own]) * DAYS_PER_YEAR
    return float(np.average(rates, weights=sums[4 * bands :]))


def pounds_by_item(payers: list[str], simulated: Simulated) -> Array:
    """[item] pounds for one of an item, at the stated prices of these payers."""
    scenario, names = simulated.scenario, simulated.ledger.items
    pounds = np.zeros(len(names))
    for name, price in scenario.prices.items():
        kind, _, subject = price.per.partition(":")
        if price.payer not in payers or kind == "person_day":
            continue
        year = uplift(price.amount, scenario.price_year, scenario.economics, f"prices.{name}")
        for item, units in COUNTED[kind]:
            pounds[names.index(f"{item}:{subject}")] += float(price.amount) * year * units
    return pounds


MEASURES: dict[str, Measure] = {"extra_cost": _extra_cost, "cost_ratio": _cost_ratio}
