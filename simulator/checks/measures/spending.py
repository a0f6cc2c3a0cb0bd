"""Turns an account into what a programme spends, and the benefits that are stated for it."""

from __future__ import annotations

import math

import numpy as np

from simulator.checks.measures.sums import Measure, Parts, days_alive, over, ratio, unknown
from simulator.checks.samples import Array, Simulated, in_blocks
from simulator.model.dates import paid_days
from simulator.money.price import CHARGED
from simulator.scenario.tables import Check
from simulator.units import DAYS_PER_YEAR


def programme_lines(kind: str, simulated: Simulated) -> Array:
    """[line] 1 for spending on the programme, or for its benefits; costs before the first day are left out."""
    lines = simulated.account.lines
    return np.array([float(line.kind == kind and not line.upfront) for line in lines])


def _labelled(kind: str, label: str, stated: Check, simulated: Simulated) -> Array:
    """[line] 1 for the line of one cost or benefit of the programme."""
    root, programme = f"programmes.{stated.programme}.{kind}", simulated.scenario.programmes[stated.programme]
    known = getattr(programme, kind)
    if label not in known:
        raise unknown(kind.removesuffix("s"), label, known)
    path = f"{root}.{label}"
    return np.array([float(f"{line.name}.".startswith(f"{path}.")) for line in simulated.account.lines])


def _spent(subject: str, stated: Check, simulated: Simulated, year: int | None = None) -> Array:
    """[block] programme spending: of the costs that are named, else of all but what is paid once on day 0."""
    if not subject:
        return simulated.spent(programme_lines("programme", simulated), 1, year)
    chosen = sum((_labelled("costs", label, stated, simulated) for label in subject.split("+")), np.zeros(1))
    return simulated.spent(np.asarray(chosen), 1, year)


def _cost_per(item: str, units: float) -> Measure:
    def measure(subject: str, stated: Check, simulated: Simulated) -> Parts:
        spent = _spent(subject, stated, simulated)
        return ratio(spent, simulated.total(f"{item}:{stated.programme}", 1, None), units)

    return measure


def _cost_per_year(subject: str, stated: Check, simulated: Simulated) -> Parts:
    """Of the whole years that are funded: what runs on after them falls with those who are left."""
    years = _funded_years(stated, simulated)
    spent = sum((_spent(subject, stated, simulated, year) for year in years), np.zeros(1))
    return ratio(np.asarray(spent), _share_of_place(simulated) * len(years))


def _share_of_place(simulated: Simulated) -> Array:
    """[block] the share of the place that its people are, and so of what the place pays once."""
    return simulated.people / simulated.ledger.place_size


def _funded_years(stated: Check, simulated: Simulated) -> range:
    """Whole years in which the fixed costs of the programme are paid in full, as far as it was followed."""
    first, last = paid_days(simulated.scenario, simulated.scenario.programmes[stated.programme])
    end = min(last / DAYS_PER_YEAR, simulated.ledger.activity.shape[4])
    return range(math.ceil(first / DAYS_PER_YEAR), math.floor(end + 1e-9))


def _unit_cost_of(label: str, stated: Check, simulated: Simulated) -> Parts:
    """Pounds of one cost for each unit of what it is paid for."""
    spent, name = _spent(label, stated, simulated), stated.programme
    cost = simulated.scenario.programmes[name].costs[label]
    if cost.kind in CHARGED:
        counts = (simulated.total(f"{item}:{name}", 1, None) * units for item, units in CHARGED[cost.kind])
        return ratio(spent, np.asarray(sum(counts, np.zeros(1))))
    if cost.kind == "one_off":
        return ratio(spent, _share_of_place(simulated))
    sums, years = _cost_per_year(label, stated, simulated)
    staff = simulated.scenario.programmes[name].staff
    posts = float(staff.workers) if cost.kind == "per_worker_year" and staff is not None else 1.0
    return sums, lambda s: years(s) / posts


def _benefit(subject: str, stated: Check, simulated: Simulated) -> Parts:
    """Pounds a starter-year of the benefits that are named, else of all: each over its own term."""
    labels = subject.split("+") if subject else list(simulated.scenario.programmes[stated.programme].benefits)
    parts = [part for label in labels for part in _worth_and_days(label, stated, simulated)]
    pairs = range(0, len(parts), 2)
    return np.stack(parts, axis=1), lambda s: float(DAYS_PER_YEAR * sum(over(s[k], s[k + 1]) for k in pairs))


def _worth_and_days(label: str, stated: Check, simulated: Simulated) -> tuple[Array, Array]:
    """[block] pounds of a stated benefit, and days within its term."""
    worth = -simulated.spent(_labelled("benefits", label, stated, simulated), 1, None)
    return worth, simulated.total(f"benefit_days:{stated.programme}.{label}", 1, None)


def _benefit_share(subject: str, stated: Check, simulated: Simulated) -> Parts:
    label, _, name = subject.partition(":")
    if name not in simulated.scenario.prices:
        raise unknown("price", name, simulated.scenario.prices)
    line = [f"prices.{name}" == each.name for each in simulated.account.lines].index(True)
    spent = simulated.account.spending[:, :, 0, 1, :, line] / simulated.ledger.weight()[:, :, None]
    sums = (*_worth_and_days(label, stated, simulated), in_blocks(spent, None), days_alive(simulated, None, group=1))
    return np.stack(sums, axis=1), lambda s: over(over(s[0], s[1]), over(s[2], s[3]))


MEASURES: dict[str, Measure] = {
    "cost_per_start": _cost_per("starts", 1.0),
    "cost_per_participant_year": _cost_per("active_days", DAYS_PER_YEAR),
    "unit_cost": _unit_cost_of,
    "cost_per_year": _cost_per_year,
    "benefit_per_start_year": _benefit,
    "benefit_share": _benefit_share,
}
