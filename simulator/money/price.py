"""Turns a ledger into an account: activity x price x what one simulated person stands for, row by row.

    spending[line] = weight x amount[row] x sum of the items the line counts      (activity)
                   = amount[row] x units of the place in the year                 (fixed: workers, years, one-offs)
                   + amount[row] x what those still on it need                    (after its recruitment: run-off)
    QALYs          = weight x (person-days x utility by state and band + effect-days x change) / 365.25

No simulation is needed for another price, payer, cash rule or discount rate. Fixed costs belong to the place and are
not weighted. They run from ``opens_day`` until ``ends_day`` if there is one, else for as long as the programme is
open: until ``closes_day``, or for the funding years of the scenario; then they fall with those who are still on it
(:mod:`simulator.money.run_off`). Cash is average cost x cash share, never more (Drummond et al. 2015, Methods for the
Economic Evaluation of Health Care Programmes, chapter 4); see :mod:`simulator.money.cash`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from simulator.activity.ledger import Ledger
from simulator.errors import NotAllowed, RunError, suggestion
from simulator.model.dates import paid_days, run_off_day
from simulator.money.account import Account, Array, Line, discount_factors
from simulator.money.cash import release
from simulator.money.posts import Steps, through_years, workers_by_date
from simulator.money.run_off import posts_paid, shares_of_a_year
from simulator.scenario.addresses import dotted
from simulator.scenario.evidence import benefit_key, benefit_quantity, correction, effect_quantity, in_mode
from simulator.scenario.tables import (
    Economics,
    EvidenceMode,
    Price,
    ProgrammeCost,
    Scenario,
    Support,
    Utility,
    shares_of,
)
from simulator.uncertainty.design import Design
from simulator.uncertainty.quantity import Quantity
from simulator.uncertainty.sampled import shares_at, value_at
from simulator.units import DAYS_PER_YEAR

COUNTED = {
    "visit": (("visits", 1.0),),
    "emergency": (("emergency", 1.0),),
    "planned": (("visits", 1.0), ("emergency", -1.0)),
    "day": (("days", 1.0),),
    "emergency_day": (("emergency_days", 1.0),),
    "active_day": (("active_days", 1.0),),
    "person_day": (("person_days", 1.0),),
}
CHARGED = {
    "per_start": (("starts", 1.0),),
    "per_start_hours": (("starts", 1.0),),
    "per_active_day": (("active_days", 1.0),),
    "per_volunteer_year": (("volunteer_days", 1.0 / DAYS_PER_YEAR),),
}


@dataclass(frozen=True)
class Charge:
    """One line with what it costs a unit and what it counts: items of the ledger, or fixed units of the place."""

    line: Line
    amount: Array  # [row] pounds a unit, in prices of the scenario's year; negative for a benefit
    items: tuple[tuple[str, float], ...] = ()  # item and units each
    fixed: Array | None = None  # [row, replicate or 1, arm or 1, year] units of the place, in the arms of ``programme``
    programme: str = ""  # empty: in every arm


@dataclass(frozen=True)
class Pricing:
    """What every step of pricing reads."""

    ledger: Ledger
    scenario: Scenario
    design: Design  # the rows of the ledger
    evidence: EvidenceMode

    def value(self, path: str, quantity: Quantity | None, default: float = 0.0) -> Array:
        """[row] value of a quantity."""
        return value_at(self.design, path, quantity, default)

    def pounds(self, path: str, amount: Quantity) -> Array:
        """[row] pounds in prices of the scenario's year."""
        return self.value(path, amount) * uplift(amount, self.scenario.price_year, self.scenario.economics, path)


def price(ledger: Ledger, scenario: Scenario, design: Design, evidence: EvidenceMode = "calibrated") -> Account:
    """The account of a run.

    Args:
        ledger: activity by row.
        scenario: prices, payers, cash rules, programme costs, benefits, utility and discounting.
        design: sampled values; ``ledger.rows`` says which of its rows these are.
        evidence: the mode the ledger was simulated in; it chooses stated benefits and utility effects too.

    Returns:
        Spending, cash shares, QALYs and starts of every arm, in pounds of the whole place.

    Raises:
        RunError: a price year without an index, an unknown cash rule, or a cost that lacks what it counts.

    Source:
        HM Treasury, The Green Book (2022): real prices of one year, yearly discounting.

    Example:
        >>> ages = {"edges": [65, 75, 95], "share": [0.5, 0.5]}
        >>> people = {"place_size": 10, "people": 5, "ages": ages, "age_bands": [65]}
        >>> rates = {"discount_rate": 0.035, "discount_rate_later": 0.03, "health_discount_rate": 0.015}
        >>> visit = {"per": "visit:gp", "amount": 40, "payer": "nhs", "cash": "freed"}
        >>> scenario = Scenario.model_validate({
        ...     "name": "s", "title": "S", "price_year": "2023/24", "population": people, "health": {"states": ["fit"]},
        ...     "payers": {"nhs": {"title": "NHS"}}, "prices": {"visit": visit}, "cash": {"freed": {"share": [0.1]}},
        ...     "economics": rates,
        ... })
        >>> ledger = Ledger(
        ...     ("usual care",), ("everyone",), ("visits:gp",), (), np.array([0]), np.array([[5.0]]), 10.0,
        ...     np.full((1, 1, 1, 1, 1, 1), 3.0), np.zeros((1, 1, 0, 2, 2, 2, 0)),
        ... )
        >>> account = price(ledger, scenario, Design((), np.empty((1, 0)), [0], [0], "central", 1))
        >>> float(account.spent("usual care")[0, 0, 0])  # 3 visits x 40 pounds x 2 people for each simulated
        240.0
    """
    rows = replace(
        design,
        values=design.values[ledger.rows],
        streams=design.streams[ledger.rows],
        batch=design.batch[ledger.rows],
    )
    scenario = in_mode(scenario, evidence)
    pricing = Pricing(ledger, scenario, rows, evidence)
    charges = [*_care(pricing), *_costs(pricing), *_benefits(pricing)]
    economics = scenario.economics
    years, later = ledger.activity.shape[4], (economics.discount_rate_later, economics.later_from_year)
    continuous = economics.discounting == "continuous"
    health = economics.health_discount_rate
    return Account(
        arms=ledger.arms,
        groups=ledger.groups,
        lines=tuple(charge.line for charge in charges),
        payers=tuple(scenario.payers),
        public_payers=tuple(name for name, payer in scenario.payers.items() if payer.public),
        spending=_spending(pricing, charges),
        release=release([charge.line for charge in charges], ledger, scenario, rows),
        qaly=_qaly(pricing),
        starts=_starts(ledger, scenario),
        people=ledger.people,
        place_size=ledger.place_size,
        batch=rows.batch,
        streams=rows.streams,
        money_factor=discount_factors(years, economics.discount_rate, *later, continuous=continuous),
        health_factor=discount_factors(years, health, health, years, continuous=continuous),
        price_year=scenario.price_year,
        evidence=evidence,
        design=rows,
    )


def uplift(amount: Quantity, price_year: str, economics: Economics, path: str) -> float:
    """The factor from the price year of an amount to that of the scenario (1 when it states none).

    Args:
        amount: the amount.
        price_year: the price year of the scenario.
        economics: with the index of other years, and the year for which it is written.
        path: where the amount stands, for the error.

    Raises:
        RunError: a price year that is not in the index.

    Example:
        >>> rates = {"discount_rate": 0, "discount_rate_later": 0, "health_discount_rate": 0}
        >>> economics = Economics(**rates, index={"2013/14": 1.25, "2022/23": 1.025}, index_year="2023/24")
        >>> amount = Quantity(value=100.0, price_year="2022/23")
        >>> uplift(amount, "2023/24", economics, "a"), round(uplift(amount, "2013/14", economics, "a"), 3)
        (1.025, 0.82)
    """
    if amount.price_year is None or amount.price_year == price_year:
        return 1.0
    known = {economics.index_year or price_year: 1.0, **economics.index}
    for year in (amount.price_year, price_year):
        if year not in known:
            raise RunError(f"{path}: found price_year {year}; allowed {', '.join(known)}; add it to economics.index")
    return known[amount.price_year] / known[price_year]


# ------------------------------------------------------------------------------------------- charges


def _care(pricing: Pricing) -> Iterator[Charge]:
    for name, entry in pricing.scenario.prices.items():
        keeps = entry.bearer if entry.contract == "block" else entry.payer
        line = Line(f"prices.{name}", entry.payer, "care", entry.cash, entry.contract, keeps)
        amount = pricing.pounds(f"prices.{name}.amount", entry.amount)
        yield Charge(line, amount, counted(entry, pricing.ledger, name))


def counted(entry: Price, ledger: Ledger, name: str) -> tuple[tuple[str, float], ...]:
    """The items of a ledger that a price counts, and units of each.

    Args:
        entry: the price.
        ledger: what is counted.
        name: of the price, for the error.

    Raises:
        RunError: a price for each of something that is not counted.
    """
    kind, _, subject = entry.per.partition(":")
    if kind not in COUNTED:
        fault = NotAllowed(repr(entry.per), ", ".join(COUNTED), suggestion(kind, COUNTED))
        raise RunError(f"prices.{name}.per: {fault}")
    if kind == "person_day":
        start = f"person_days:{subject}:" if subject else "person_days:"
        return tuple((item, 1.0) for item in ledger.items if item.startswith(start))
    return tuple((f"{item}:{subject}", units) for item, units in COUNTED[kind])


def _costs(pricing: Pricing) -> Iterator[Charge]:
    for name, (root, support) in pricing.scenario.all_supports(in_arms=True).items():
        programme = name if name in pricing.scenario.programmes else ""
        for label, cost in support.costs.items():
            path = f"{root}.costs.{label}"
            amount = pricing.pounds(f"{path}.amount", cost.amount)
            if programme:
                amount = amount * (1 + correction(cost.amount, pricing.scenario, pricing.evidence, f"{path}.amount"))
            for payer, share in shares_of(cost.payer).items():
                line = Line(
                    path,
                    payer,
                    "programme" if programme else "care",
                    cash_payer=payer,
                    upfront=cost.kind == "one_off" and cost.day <= 0,
                )
                yield _cost(pricing, cost, Charge(line, amount * share, programme=programme), name, root, support)


def _cost(pricing: Pricing, cost: ProgrammeCost, charge: Charge, name: str, root: str, support: Support) -> Charge:
    if cost.kind in CHARGED:
        if cost.kind == "per_start_hours":
            charge = replace(charge, amount=charge.amount * _hours(pricing, cost, charge.line.name))
        return replace(charge, items=tuple((f"{item}:{name}", units) for item, units in CHARGED[cost.kind]))
    years = pricing.ledger.activity.shape[4]
    if cost.kind == "one_off":
        return replace(charge, fixed=_on_day(cost.day, years, len(pricing.design))[:, None, None])
    first, last = paid_days(pricing.scenario, support)
    yearly = cost.kind == "per_year"
    steps = [[(first, np.ones(len(pricing.design)))]] if yearly else _workers(pricing, support, root, name, first)
    fixed = _by_arm(steps, last, years)
    if run_off_day(pricing.scenario, support) == math.inf:
        return replace(charge, fixed=fixed)
    days, active = (_place_days(pricing.ledger, f"{item}:{name}") for item in ("run_off_days", "active_days"))
    if yearly:
        return replace(charge, fixed=fixed + shares_of_a_year(days, active, first, last))
    funded_on = _by_arm(steps, math.inf, years) - fixed
    return replace(charge, fixed=fixed + posts_paid(days, _caseload(pricing, support, root), funded_on))


def _by_arm(steps: list[Steps], last: float, years: int) -> Array:
    """Unit-years by arm, or the same in all: [row, 1, arm or 1, year]."""
    return np.stack([through_years(each, last, years) for each in steps], axis=1)[:, None]


def _place_days(ledger: Ledger, item: str) -> Array:
    """Everyone's days of an item in the whole place: [row, replicate, arm, year]."""
    return np.asarray(ledger.item(item)[:, :, :, 0] * ledger.weight()[:, :, None, None])


def _caseload(pricing: Pricing, support: Support, root: str) -> Array:
    return pricing.value(f"{root}.staff.caseload", support.staff.caseload if support.staff else None)


def _hours(pricing: Pricing, cost: ProgrammeCost, path: str) -> Array:
    if cost.hours is None:
        raise RunError(f"{path}.hours: found nothing; allowed hours per start; a per_start_hours cost counts them")
    return pricing.value(f"{path}.hours", cost.hours)


def _workers(pricing: Pricing, support: Support, root: str, name: str, first: float) -> list[Steps]:
    """Workers by date in each arm, or once where they are the same in all."""
    if support.staff is None:
        raise RunError(f"{root}.staff: found nothing; allowed workers and caseload; a per_worker_year cost counts them")
    own = pricing.scenario.own_workers(name)
    each = own if any(own) else own[:1]
    return [workers_by_date(pricing.design, f"{root}.staff", support.staff, first, of_arm) for of_arm in each]


def _on_day(day: float, years: int, rows: int) -> Array:
    """One unit in the year of the day (before the clock starts: year 0; beyond the horizon: none): [row, year]."""
    unit = np.zeros((rows, years))
    year = max(int(day // DAYS_PER_YEAR), 0)
    unit[:, year : year + 1] = 1.0
    return unit


def _benefits(pricing: Pricing) -> Iterator[Charge]:
    for name, (root, support) in pricing.scenario.all_supports(in_arms=True).items():
        for label, benefit in support.benefits.items():
            stated = benefit_quantity(benefit, pricing.evidence)
            if stated is None:
                continue
            path = f"{root}.benefits.{label}.{benefit_key(pricing.evidence)}"
            kept = 1 - correction(stated, pricing.scenario, pricing.evidence, path)
            pounds, social = -pricing.pounds(path, stated) * kept, benefit.kind == "social"
            items = ((f"benefit_days:{name}.{label}", 1.0 / DAYS_PER_YEAR),)
            for payer, share in shares_of(benefit.payer).items():
                line = Line(path, payer, "benefit", cash_payer=payer if benefit.kind == "cash" else "", social=social)
                yield Charge(line, pounds * share, items)


# ------------------------------------------------------------------------------------------ the account


def _spending(pricing: Pricing, charges: list[Charge]) -> Array:
    """[row, replicate, arm, group, year, line] pounds of the whole place."""
    activity, weight = pricing.ledger.activity, pricing.ledger.weight()
    index = {item: k for k, item in enumerate(pricing.ledger.items)}
    spending = np.zeros((*activity.shape[:-1], len(charges)))
    for k, charge in enumerate(charges):
        scale = (weight * charge.amount[:, None])[:, :, None, None, None]
        for item, units in charge.items:
            if item in index:
                spending[..., k] += activity[..., index[item]] * (scale * units)
        if charge.fixed is not None:
            pounds = charge.fixed * charge.amount[:, None, None, None]
            _add_fixed(spending[..., k], pounds, _holders(pricing, charge.programme))
    return spending


def _add_fixed(spending: Array, pounds: Array, arms: list[int]) -> None:
    """Adds pounds for everyone, and for the arm's own participants, to each arm in place."""
    everywhere = np.broadcast_to(pounds, spending[:, :, :, 0].shape)
    for arm in arms:
        for group in {0, arm} & set(range(spending.shape[3])):
            spending[:, :, arm, group] += everywhere[:, :, arm]


def _holders(pricing: Pricing, programme: str) -> list[int]:
    named = pricing.scenario.all_arms()
    return [k for k, arm in enumerate(pricing.ledger.arms) if not programme or programme in named[arm]]


def _starts(ledger: Ledger, scenario: Scenario) -> Array:
    """[row, replicate, arm, year] starts of the arm's programmes in the whole place."""
    starts = np.zeros(ledger.activity.shape[:3] + ledger.activity.shape[4:5])
    for programme in scenario.programmes:
        starts += ledger.item(f"starts:{programme}")[:, :, :, 0]
    return np.asarray(starts * ledger.weight()[:, :, None, None])


def _qaly(pricing: Pricing) -> Array:
    """[row, replicate, arm, group, year] QALYs of the whole place."""
    ledger = pricing.ledger
    lived = np.zeros(ledger.activity.shape[:-1])
    for item, value in (*_state_values(pricing), *_effect_values(pricing)):
        if item in ledger.items:
            lived += ledger.item(item) * value[:, None, None, None, None]
    return np.asarray(lived * ledger.weight()[:, :, None, None, None] / DAYS_PER_YEAR)


def _state_values(pricing: Pricing) -> Iterator[tuple[str, Array]]:
    """Utility of a person-day in each state and band: item, [row]."""
    health = pricing.scenario.health
    if health.utility is None:
        return
    path = "health.utility"
    change = {s: pricing.value(f"{path}.change.{s}", health.utility.change.get(s)) for s in health.states}
    for band in pricing.scenario.population.band_names:
        norm = pricing.value(_spelled(f"{path}.norm_by_age", band), _norm(health.utility, band), 1.0)
        middle = _mean_change(pricing, band, change) if health.utility.recentre else 0.0
        for state in health.states:
            yield f"person_days:{state}:{band}", norm + change[state] - middle


def _norm(utility: Utility, band: str) -> Quantity | None:
    """The norm of an age band; None, full health, when the file gives no norms at all."""
    if utility.norm_by_age and band not in utility.norm_by_age:
        known = ", ".join(utility.norm_by_age)
        raise RunError(f"health.utility.norm_by_age: found {known}; allowed every age band; add {band}")
    return utility.norm_by_age.get(band)


def _mean_change(pricing: Pricing, band: str, change: dict[str, Array]) -> Array:
    """The mean change of utility in the starting mix of a band (all in the first state where none is given): [row]."""
    states, initial = pricing.scenario.health.states, pricing.scenario.health.initial
    if not initial:
        return change[states[0]]
    mix = shares_at(pricing.design, _spelled("health.initial", band), initial[band])
    return np.asarray((mix * np.stack([change[state] for state in states], axis=1)).sum(axis=1))


def _spelled(path: str, band: str) -> str:
    return f"{path}.{dotted((band,))}"


def _effect_values(pricing: Pricing) -> Iterator[tuple[str, Array]]:
    """Change of utility at full weight of each effect on it: item, [row]."""
    for name, (root, support) in pricing.scenario.all_supports(in_arms=True).items():
        for label, effect in support.effects.items():
            stated = effect_quantity(effect, pricing.scenario, pricing.evidence)
            if effect.target == "utility" and stated is not None:
                path = f"{root}.effects.{label}.{pricing.evidence}"
                yield f"effect_days:{name}.{label}", pricing.value(path, stated)
