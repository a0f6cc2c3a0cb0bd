"""Turns cash rules into the share of each line's saving that becomes money: its release.

    release = share by year x (1 - back-fill)                                    without steps
            = share by year x whole steps of what stays free / what is freed     with steps

What is freed is an average number in use (beds: days / 365.25) in the whole place. It stays free when it was free in
the year before too, whichever is the smaller, less what others refill; a step counts at ``hospital_scale`` times the
place's own numbers. More use than in usual care is treated the same way. Under a block contract the funder's share is
0, and the bearer, where one is named, keeps the release.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simulator.activity.ledger import Ledger
from simulator.errors import RunError
from simulator.money.account import Array, Line
from simulator.scenario.tables import CashRule, Scenario
from simulator.uncertainty.design import Design
from simulator.uncertainty.sampled import value_at
from simulator.units import DAYS_PER_YEAR

IN_USE = {
    "visit": (("days", 1.0),),
    "day": (("days", 1.0),),
    "emergency": (("emergency_days", 1.0),),
    "emergency_day": (("emergency_days", 1.0),),
    "planned": (("days", 1.0), ("emergency_days", -1.0)),
    "active_day": (("active_days", 1.0),),
}


def release(lines: Sequence[Line], ledger: Ledger, scenario: Scenario, design: Design) -> Array:
    """The share of each line's saving that becomes cash.

    Args:
        lines: the lines of the account.
        ledger: activity, for what is freed.
        scenario: cash rules and prices.
        design: the rows of the ledger.

    Returns:
        [row, arm, year, line] shares; programme costs and cash benefits are all cash, other benefits none.

    Raises:
        RunError: a cash rule that does not exist, has not one share for each year it names, or counts steps of what
            has no number in use.
    """
    rows, years = len(design), ledger.activity.shape[4]
    shares = np.zeros((rows, len(ledger.arms), years, len(lines)))
    for k, line in enumerate(lines):
        if line.cash:
            shares[..., k] = _by_rule(line, ledger, scenario, design)
        elif line.cash_payer:
            shares[..., k] = 1.0
    return shares


def _by_rule(line: Line, ledger: Ledger, scenario: Scenario, design: Design) -> Array:
    """[row, arm, year] or what broadcasts to it."""
    if line.cash not in scenario.cash:
        raise RunError(f"{line.name}.cash: found {line.cash!r}; allowed {', '.join(scenario.cash)}")
    rule, path = scenario.cash[line.cash], f"cash.{line.cash}"
    kept = 1 - value_at(design, f"{path}.back_fill", rule.back_fill)[:, None, None]
    share = _share_by_year(rule, path, design, ledger.activity.shape[4])[:, None, :]
    if rule.step is None:
        return np.asarray(share * kept)
    freed = _freed(line, ledger, scenario)
    return np.asarray(share * whole_steps(freed * kept * rule.hospital_scale, rule.step, freed * rule.hospital_scale))


def _share_by_year(rule: CashRule, path: str, design: Design, years: int) -> Array:
    """[row, year]; 0 before the first year the rule names."""
    if len(rule.share) != len(rule.from_year):
        raise RunError(f"{path}.share: found {len(rule.share)} shares; allowed one for each of from_year")
    by_year = np.zeros((len(design), years))
    for k in np.argsort(rule.from_year, kind="stable"):
        later = np.arange(years) >= rule.from_year[k]
        by_year[:, later] = value_at(design, f"{path}.share.{k}", rule.share[k])[:, None]
    return by_year


def _freed(line: Line, ledger: Ledger, scenario: Scenario) -> Array:
    """Average number in use under usual care less that of each arm, in the place: [row, arm, year]."""
    counts = {f"prices.{name}": price.per for name, price in scenario.prices.items()}
    kind, _, subject = counts[line.name].partition(":")
    if kind not in IN_USE:
        raise RunError(f"cash.{line.cash}.step: found {line.name}, per {kind}; allowed lines of a place or a support")
    used = sum(ledger.item(f"{item}:{subject}")[:, :, :, 0] * sign for item, sign in IN_USE[kind])
    people = ledger.people.sum(axis=1)[:, None, None]
    in_use = np.asarray(used).sum(axis=1) * ledger.place_size / people / DAYS_PER_YEAR
    return np.asarray(in_use[:, :1] - in_use)


def whole_steps(free: Array, step: float, freed: Array) -> Array:
    """The part of what is freed that whole steps of sustained release make up.

    Args:
        free: [..., year] freed and not refilled, negative for more use.
        step: how much one step holds.
        freed: [..., year] all that is freed.

    Returns:
        [..., year] shares; 0 in year 0, when nothing has lasted yet.

    Example:
        >>> beds = np.array([30.0, 50.0, 50.0, 20.0])
        >>> whole_steps(beds, 24.0, beds).round(2).tolist()
        [0.0, 0.48, 0.96, 0.0]
    """
    before = np.concatenate([np.zeros_like(free[..., :1]), free[..., :-1]], axis=-1)
    lasting = np.where(before * free > 0, np.sign(free) * np.minimum(np.abs(before), np.abs(free)), 0.0)
    whole = np.trunc(lasting / step) * step
    return np.divide(whole, freed, out=np.zeros_like(whole), where=freed != 0)
