"""Capacity: what is freed at a place or a support, in its own unit, and what it would be worth beyond the cash.

freed    = days (where the place is paid by the day, else visits) under usual care - in the arm, over the horizon
worth    = discounted saving of the place's care lines at full value - the part of it that is cash

It belongs to the place and to who runs it, never to a budget: nobody can spend an empty bed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulator.activity.ledger import Ledger
from simulator.findings.activity import in_the_field, place_titles
from simulator.findings.finding import (
    COUNT,
    POUNDS,
    Finding,
    Row,
    Table,
    counted,
    is_clear,
    kinds_of,
    mean_of,
    signed,
    whole,
)
from simulator.money.account import Account, Line
from simulator.scenario.tables import Price, Scenario
from simulator.uncertainty.ranges import Array, Value, plain

if TYPE_CHECKING:
    from simulator.findings.arm import ArmFindings

BY_THE_DAY = {"day": "days", "emergency_day": "emergency_days", "active_day": "active_days"}
BY_THE_VISIT = {"visit": "visits", "emergency": "emergency", "planned": "visits"}
MOST_NAMED = 3


@dataclass(frozen=True)
class Freed:
    """What is freed at one place or support over the horizon, in the whole place; negative is taken up."""

    subject: str  # place or support
    title: str
    holder: str  # the payer who runs it: the bearer, where one is named
    unit: str  # days or visits
    words: str  # the unit at this place, as the field calls it
    amount: Value
    worth: Value  # pounds beyond the cash, present value


def freed_capacity(account: Account, ledger: Ledger, scenario: Scenario, arm: str) -> tuple[Freed, ...]:
    """What an arm frees at each place that is not all cash.

    Args:
        account: the money.
        ledger: the activity it was priced from.
        scenario: what prices count, who runs what, and titles.
        arm: a programme arm.
    """
    worth = _beyond_cash(account, arm)
    found: dict[tuple[str, str], list[int]] = {}
    for k, line in enumerate(account.lines):
        if line.kind == "care" and line.name.startswith("prices.") and np.any(worth[..., k]):
            found.setdefault((_subject(_price_of(line, scenario)), _runs(_price_of(line, scenario))), []).append(k)
    return tuple(_freed(account, ledger, scenario, arm, key, lines) for key, lines in found.items())


def _beyond_cash(account: Account, arm: str) -> Array:
    """Discounted saving of each line that is not cash: [row, replicate, line]."""
    beyond = account.by_line(arm) - account.by_line(arm, cash=True)
    return np.asarray(np.einsum("riyl,y->ril", beyond, account.money_factor))


def _price_of(line: Line, scenario: Scenario) -> Price:
    return scenario.prices[line.name.partition(".")[2]]


def _subject(price: Price) -> str:
    return price.per.partition(":")[2]


def _runs(price: Price) -> str:
    """Who runs what a price pays for."""
    return price.bearer or price.payer


def _freed(
    account: Account, ledger: Ledger, scenario: Scenario, arm: str, key: tuple[str, str], lines: list[int]
) -> Freed:
    subject, holder = key
    unit, item = _unit([_price_of(account.lines[k], scenario) for k in lines], subject)
    k = account.arms.index(arm)
    used = sum((ledger.item(name)[:, :, :, 0] for name in _items(ledger, item)), np.zeros(1))
    amount = (used[:, :, 0] - used[:, :, k]).sum(axis=-1) * ledger.weight()
    return Freed(
        subject=subject,
        title=_title(scenario, subject),
        holder=holder,
        unit=unit,
        words=_words(scenario, subject, unit),
        amount=mean_of(amount, account),
        worth=mean_of(_beyond_cash(account, arm)[..., lines].sum(axis=-1), account),
    )


def _words(scenario: Scenario, subject: str, unit: str) -> str:
    if subject in scenario.places:
        return in_the_field(f"{unit}:{subject}", place_titles(scenario))
    return f"{unit} of {_title(scenario, subject)}"


def _unit(prices: Sequence[Price], subject: str) -> tuple[str, str]:
    """The unit in words and the start of the item that counts it."""
    kinds = [price.per.partition(":")[0] for price in prices]
    for names, words in ((BY_THE_DAY, "days"), (BY_THE_VISIT, "visits")):
        if named := [names[kind] for kind in kinds if kind in names]:
            return words, f"{named[0]}:{subject}"
    return "days", f"person_days:{subject}:" if subject else "person_days:"


def _items(ledger: Ledger, item: str) -> list[str]:
    return [name for name in ledger.items if name == item or (item.endswith(":") and name.startswith(item))]


def _title(scenario: Scenario, subject: str) -> str:
    supports = {**scenario.supports, **scenario.programmes}
    titles = {name: table.title for name, table in supports.items()}
    titles |= {name: place.title for name, place in scenario.places.items()}
    return titles.get(subject) or subject.replace("_", " ") or "all people"


def rows(arm: ArmFindings) -> Iterator[Row]:
    """What is freed at each place."""
    for entry in arm.capacity:
        about = {"place": entry.subject, "title": entry.title, "runs_it": entry.holder, "unit": entry.unit}
        amount = plain({"freed": entry.amount.value, "freed_mcse": entry.amount.mcse})
        yield {**about, **amount, **plain({"worth": entry.worth.value, "worth_mcse": entry.worth.mcse})}


def sentences(arm: ArmFindings) -> Sequence[str]:
    """The largest capacities that are known to be freed or taken up, each with its value; none without any."""
    clear = [entry for entry in arm.capacity if is_clear(entry.worth) and is_clear(entry.amount)]
    largest = sorted(clear, key=lambda entry: -abs(float(entry.worth.value)))[:MOST_NAMED]
    said = "; ".join(_each(entry, arm) for entry in largest)
    return (f"Capacity, nobody's cash: {said}.",) if largest else ()


def _each(entry: Freed, arm: ArmFindings) -> str:
    number = counted(float(entry.amount.value), float(entry.amount.mcse))
    change = "freed" if float(entry.amount.value) > 0 else "taken up"
    worth = signed(Value(np.abs(entry.worth.value), entry.worth.mcse))
    return f"{number} {entry.words} {change} ({arm.payer_title(entry.holder)}), worth {worth} beyond the cash"


def facts(arm: ArmFindings) -> Row:
    """The same rows."""
    return {"capacity": list(rows(arm))}


CAPACITY = Finding(
    tables=(
        Table(
            "capacity",
            rows,
            {**kinds_of(COUNT, "freed", "freed_mcse"), **kinds_of(POUNDS, "worth", "worth_mcse")},
        ),
    ),
    sentences=sentences,
    facts=facts,
    brief=whole("capacity"),
)
