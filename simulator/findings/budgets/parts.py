"""The parts of a net saving that are never added up in silence: cash, capacity, benefits as stated; partners' money.

net saving to the public purse = simulated cash + simulated capacity + benefits as stated

    simulated cash        care and programme spending, by the public holders of budgets
    simulated capacity    care at full value to public payers less its cash
    benefits as stated    pounds that no pathway produced, as somebody reported them

Partners outside the public purse (charities, families) pay or gain besides; benefits that are nobody's money stand
beside everything. All are present values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulator.findings.finding import (
    POUNDS,
    Finding,
    Row,
    Table,
    kinds_of,
    mean_of,
    net,
    pounds,
    signed,
    value_row,
    whole,
)
from simulator.money.account import Account, Kind
from simulator.scenario.evidence import mode_quantities
from simulator.scenario.tables import Scenario
from simulator.uncertainty.ranges import Array, Value

if TYPE_CHECKING:
    from simulator.findings.arm import ArmFindings

SIMULATED: tuple[Kind, ...] = ("care", "programme")
STATED: tuple[Kind, ...] = ("benefit",)


@dataclass(frozen=True)
class Parts:
    """What a net saving to the public purse is made of, and what stands beside it: present values of the place."""

    cash: Value  # simulated
    capacity: Value  # simulated
    stated: Value  # benefits as stated, at full value
    stated_cash: Value  # of these, cash
    grade: int | None  # the worst grade of the benefits stated to public payers; None without any
    partners: Mapping[str, Value]  # cash of each payer outside the public purse
    nobodys: Value  # benefits as stated that are nobody's money
    nobodys_grade: int | None


def parts_of(account: Account, scenario: Scenario, arm: str) -> Parts:
    """The parts of an arm's net saving.

    Args:
        account: the money.
        scenario: the evidence behind benefits as stated.
        arm: a programme arm.

    Example:
        >>> from simulator.money.account import account_of
        >>> from simulator.scenario.read import read
        >>> account = account_of({
        ...     "usual care": {"care nhs": [100], "programme nhs": [0], "benefit nhs": [0]},
        ...     "befriending": {"care nhs": [90], "programme nhs": [30], "benefit nhs": [-50]},
        ... })
        >>> parts = parts_of(account, read("befriending"), "befriending")
        >>> float(parts.cash.value), float(parts.capacity.value), float(parts.stated.value)
        (-20.0, 0.0, 50.0)
    """

    def present(pounds: Array) -> Value:
        return mean_of(account.discounted(pounds), account)

    cash = account.public_saving(arm, SIMULATED, cash=True)
    value, stated = account.public_saving(arm, SIMULATED), account.public_saving(arm, STATED)
    others = [payer for payer in account.payers if payer not in account.public_payers]
    partners = {payer: present(account.saving(arm, (payer,), cash=True)) for payer in others}
    apart = account.saving(arm, None, STATED, social=True) - account.saving(arm, None, STATED)
    return Parts(
        cash=present(cash),
        capacity=present(value - cash),
        stated=present(stated),
        stated_cash=present(account.public_saving(arm, STATED, cash=True)),
        grade=_grade(account, scenario, arm, social=False),
        partners={payer: money for payer, money in partners.items() if float(money.value) != 0},
        nobodys=present(apart),
        nobodys_grade=_grade(account, scenario, arm, social=True),
    )


def _grade(account: Account, scenario: Scenario, arm: str, *, social: bool) -> int | None:
    """The worst grade of the benefits that the arm changes; one without a grade counts as a guess."""
    known = mode_quantities(scenario, account.evidence)
    changed = np.any(account.by_line(arm), axis=(0, 1, 2))
    wanted = [line for line, moves in zip(account.lines, changed, strict=True) if line.kind == "benefit" and moves]
    named = [line.name for line in wanted if line.social == social and (social or line.payer in account.public_payers)]
    return max((known[path].evidence_grade for path in named if path in known), default=None)


def sentences(arm: ArmFindings) -> Sequence[str]:
    """What a net saving at full value is made of, and what partners pay besides; none where it is all cash."""
    parts = arm.parts
    named = {"simulated cash": parts.cash, "simulated capacity": parts.capacity}
    made = [f"{words} {signed(part)}" for words, part in named.items() if float(part.value) != 0]
    if float(parts.stated.value) != 0:
        made.append(f"benefits as stated (grade {parts.grade}) {signed(parts.stated)}")
    besides = [f"{arm.payer_title(payer)} {signed(money)}" for payer, money in parts.partners.items()]
    if float(parts.nobodys.value) != 0:
        besides.append(
            f"benefits as stated that are nobody's money (grade {parts.nobodys_grade}) {signed(parts.nobodys)}"
        )
    within = f"made of {', '.join(made)}" if len(made) > 1 or float(parts.stated.value) != 0 else ""
    said = "; ".join(
        part for part in (within, f"besides, not counted, {', '.join(besides)}" if besides else "") if part
    )
    return () if not said or arm.survivors.is_harm else (f"{said[0].upper()}{said[1:]} (a cost is negative).",)


def stated_in_words(arm: ArmFindings) -> str:
    """How much of a net saving at full value is only stated, for the headline; empty where none is."""
    return _as_stated(arm.parts.stated, float(arm.view().npv.mean), arm.parts.grade, "are benefits as stated")


def stated_in_cash(arm: ArmFindings) -> str:
    """How much of the cash is only stated; empty where none is."""
    return _as_stated(arm.parts.stated_cash, float(arm.view(money="cash").npv.mean), arm.parts.grade, "as stated")


def _as_stated(stated: Value, net_saving: float, grade: int | None, words: str) -> str:
    """What of an amount is only stated: a part of a saving that is larger, set against the rest where it is not.

    >>> _as_stated(Value(np.array(300.0), np.array(0.0)), 700.0, 6, "are benefits as stated")
    ', of this £300 are benefits as stated, grade 6'
    >>> _as_stated(Value(np.array(300.0), np.array(0.0)), -700.0, 6, "are benefits as stated")
    ', after £300 of benefits as stated, grade 6, without which it would be a net cost of £1,000'
    """
    amount, error = float(stated.value), float(stated.mcse)
    if amount == 0:
        return ""
    if 0 < amount <= net_saving:
        return f", of this {pounds(amount, error)} {words}, grade {grade}"
    kind = "benefits" if amount > 0 else "harms"
    rest = f"without which it would be {net(net_saving - amount)}"
    return f", after {pounds(amount, error)} of {kind} as stated, grade {grade}, {rest}"


def rows(arm: ArmFindings) -> Iterator[Row]:
    """Each part."""
    parts = arm.parts
    named = {
        "simulated cash": parts.cash,
        "simulated capacity": parts.capacity,
        "benefits as stated": parts.stated,
        "of these in cash": parts.stated_cash,
    }
    for part, value in named.items():
        yield {"part": part, "whose": "public purse", **value_row(value)}
    for payer, value in parts.partners.items():
        yield {"part": "cash of a partner", "whose": payer, **value_row(value)}
    yield {"part": "benefits as stated", "whose": "nobody's money", **value_row(parts.nobodys)}


def facts(arm: ArmFindings) -> Row:
    """The parts by name."""
    parts = arm.parts
    named = {"cash": parts.cash, "capacity": parts.capacity, "stated": parts.stated, "nobodys": parts.nobodys}
    partners = {payer: value_row(value) for payer, value in parts.partners.items()}
    return {"parts": {**{name: value_row(v) for name, v in named.items()}, "partners": partners, "grade": parts.grade}}


PARTS = Finding(
    tables=(Table("parts", rows, kinds_of(POUNDS, "mean", "mcse")),),
    sentences=sentences,
    facts=facts,
    brief=whole("parts"),
)
