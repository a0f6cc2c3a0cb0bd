"""Turns usual care of one year into figures: activity, waits, costs and quality of life."""

from __future__ import annotations

import numpy as np

from simulator.checks.measures.sums import Measure, Parts, days_alive, ratio, unknown
from simulator.checks.samples import Array, Simulated, in_blocks
from simulator.errors import RunError
from simulator.money.price import counted
from simulator.scenario.tables import Check
from simulator.units import DAYS_PER_YEAR


def item(name: str, stated: Check, simulated: Simulated) -> Parts:
    """So many of an item of the ledger, or of several, for ``per`` people; ``ITEM/ITEM`` for each of the second."""
    top, _, bottom = name.partition("/")
    if bottom:
        return ratio(_sum(top, simulated), _sum(bottom, simulated))
    return ratio(_sum(top, simulated), simulated.people, stated.per)


def _sum(names: str, simulated: Simulated) -> Array:
    return np.asarray(sum((simulated.total(name) for name in names.split("+")), np.zeros(1)))


def _days(stated: Check) -> float:
    """Days that a check is taken over."""
    return DAYS_PER_YEAR * (stated.years[1] - stated.years[0])


def _average_on(support: str, stated: Check, simulated: Simulated) -> Parts:
    return ratio(simulated.total(f"active_days:{support}"), simulated.people, stated.per / _days(stated))


def _through(place: str, stated: Check, simulated: Simulated) -> Parts:
    return ratio(simulated.total(f"through:{place}"), simulated.total(f"emergency:{place}"))


def _readmitted(place: str, stated: Check, simulated: Simulated) -> Parts:
    return ratio(simulated.total(f"readmissions:{place}"), simulated.total(f"emergency:{place}"))


def _delayed(place: str, stated: Check, simulated: Simulated) -> Parts:
    return ratio(simulated.total(f"delay_days:{place}"), simulated.total(f"days:{place}"))


def _occupied(place: str, stated: Check, simulated: Simulated) -> Parts:
    slots = simulated.model.places["slots"][list(simulated.scenario.places).index(place)]
    full = simulated.people * (float(slots) * _days(stated) / simulated.model.population.people)
    return ratio(simulated.total(f"days:{place}"), full)


def _cost(payers: str, stated: Check, simulated: Simulated) -> Parts:
    chosen = simulated.account.chosen(payers.split("+"), ("care",), cash=False, social=False)
    return ratio(simulated.spent(chosen), simulated.people, stated.per)


def _price(name: str, stated: Check, simulated: Simulated) -> Parts:
    chosen = np.array([float(line.name == f"prices.{name}") for line in simulated.account.lines])
    return ratio(simulated.spent(chosen), simulated.people, stated.per)


def _unit_cost(name: str, stated: Check, simulated: Simulated) -> Parts:
    prices = simulated.scenario.prices
    if name not in prices:
        raise unknown("price", name, prices)
    units = sum(
        (simulated.total(item) * each for item, each in counted(prices[name], simulated.ledger, name)), np.zeros(1)
    )
    return ratio(_price(name, stated, simulated)[0][:, 0], units)


def _mean_utility(subject: str, stated: Check, simulated: Simulated) -> Parts:
    qalys = simulated.account.qaly[:, :, 0, 0] / simulated.ledger.weight()[:, :, None]
    return ratio(in_blocks(qalys, 0), days_alive(simulated, 0), DAYS_PER_YEAR)


def _utility_norm(subject: str, stated: Check, simulated: Simulated) -> Parts:
    utility, people = simulated.scenario.health.utility, simulated.people
    if utility is None or not utility.norm_by_age:
        raise RunError(f'found the measure "{stated.measure}" without norms; allowed beside health.utility.norm_by_age')
    norms = [float(norm) for norm in utility.norm_by_age.values()]
    return ratio(people * np.mean(norms), people)


MEASURES: dict[str, Measure] = {
    "average_on": _average_on,
    "through_share": _through,
    "readmission_share": _readmitted,
    "delayed_share": _delayed,
    "occupancy": _occupied,
    "cost": _cost,
    "price": _price,
    "unit_cost": _unit_cost,
    "mean_utility": _mean_utility,
    "utility_norm": _utility_norm,
}
