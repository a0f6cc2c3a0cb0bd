"""Turns what a programme changes over the whole horizon into figures of a business case, for each start or head.

A figure is named ``FIGURE_per_BASE:SUBJECT``. With B the usual-care arm and P the programme's, f discount factors,

    net_saving, cash_saving   sum over years of f (spending in B - spending in P), of payers; cash: of what is released
    gross_saving              the same of care alone
    spending                  sum over years of f (programme spending in P)
    qaly_gain                 sum over years of f (QALYs in P - QALYs in B)
    averted                   an item of the ledger in B - in P

each over the starts, the completions or the people of the place at the start; without a base it is the whole place's.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from simulator.checks.measures.sums import Measure, Parts, of_the_people, ratio, unknown
from simulator.checks.samples import Array, Simulated
from simulator.errors import RunError
from simulator.scenario.tables import Check

Total: TypeAlias = Callable[[str, Simulated], Array]
"""[block] a total over the horizon, for the people of the block, by what follows the colon."""


def _saving(payers: str, simulated: Simulated, *, cash: bool = False, care: bool = False) -> Array:
    account = simulated.account
    saved = account.saving(account.arms[1], _payers(payers, simulated), ("care",) if care else None, cash=cash)
    return of_the_people(account.discounted(saved), simulated)


def _spent(payers: str, simulated: Simulated) -> Array:
    account = simulated.account
    saved = account.saving(account.arms[1], _payers(payers, simulated), ("programme",))
    return of_the_people(-account.discounted(saved), simulated)


def _qalys(subject: str, simulated: Simulated) -> Array:
    if subject:
        raise RunError(f'found "qaly_gain" with ":{subject}"; allowed it alone; it has no parts to name')
    account = simulated.account
    return of_the_people(account.qaly_gain(account.arms[1]) @ account.health_factor, simulated)


def _averted(item: str, simulated: Simulated) -> Array:
    return simulated.total(item, 0, None) - simulated.total(item, 1, None)


def _payers(named: str, simulated: Simulated) -> tuple[str, ...]:
    """Those that are named, joined by ``+``; the public purse without a name."""
    account = simulated.account
    chosen = tuple(named.split("+")) if named else account.public_payers
    for payer in chosen:
        if payer not in account.payers:
            raise unknown("payer", payer, account.payers)
    return chosen


TOTALS: dict[str, Total] = {
    "net_saving": _saving,
    "cash_saving": partial(_saving, cash=True),
    "gross_saving": partial(_saving, care=True),
    "spending": _spent,
    "qaly_gain": _qalys,
    "averted": _averted,
}
BASES = ("", "_per_start", "_per_completion", "_per_person")


def _measure(total: Total, base: str) -> Measure:
    def measure(subject: str, stated: Check, simulated: Simulated) -> Parts:
        top = total(subject, simulated)
        if base in ("_per_start", "_per_completion"):
            item = f"{base.removeprefix('_per_')}s:{stated.programme}"
            return ratio(top, simulated.total(item, 1, None), stated.per)
        scale = stated.per if base else simulated.ledger.place_size
        return ratio(top, simulated.people, scale)

    return measure


MEASURES: dict[str, Measure] = {
    f"{name}{base}": _measure(total, base) for name, total in TOTALS.items() for base in BASES
}


def unit_of(kind: str) -> str:
    """What a figure of the whole horizon is counted in.

    Args:
        kind: the name of a measure of this module.

    >>> unit_of("net_saving_per_start"), unit_of("averted"), unit_of("qaly_gain_per_person")
    ('pounds a start', 'number in the place', 'QALYs a person')
    """
    name, _, base = kind.partition("_per_")
    of = f"a {base}" if base else "in the place"
    return f"{'QALYs' if name == 'qaly_gain' else 'number' if name == 'averted' else 'pounds'} {of}"
