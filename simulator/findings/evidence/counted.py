"""What a case counts beside what can be lived, where claims are taken: benefits as stated, less the programme's cost.

A business case multiplies: everyone who starts brings the stated pounds for whole years. In lives people die or
move away, some start late, and the horizon ends. For each payer, with b its stated benefits from programmes of the arm:

    lived years of b    days of b lived / (365.25 x years of b x starts)
    as counted          sum of b's pounds / lived years of b - programme spending       nothing discounted
    as lived            sum of b's pounds - programme spending                          present value
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulator.activity.ledger import Ledger
from simulator.findings.finding import (
    POUNDS,
    SHARE,
    Finding,
    Row,
    Table,
    kinds_of,
    mean_of,
    per_cent,
    signed,
    value_row,
    whole,
)
from simulator.money.account import Account, Line
from simulator.scenario.tables import Scenario
from simulator.uncertainty.ranges import Array, Value
from simulator.units import DAYS_PER_YEAR

if TYPE_CHECKING:
    from simulator.findings.arm import ArmFindings


@dataclass(frozen=True)
class Counted:
    """Benefits as stated less programme spending of one payer, in the whole place."""

    payer: str
    as_counted: Value  # undiscounted, with whole years for all who start
    as_lived: Value  # present value
    lived_years: float  # share of the years counted, the least of the payer's benefits


def counted(account: Account, ledger: Ledger, scenario: Scenario, arm: str) -> tuple[Counted, ...]:
    """What each payer with a stated benefit is said to save, as the case counts it and as it can be lived.

    Args:
        account: the money.
        ledger: the days and starts behind it.
        scenario: how many years each benefit is stated for.
        arm: a programme arm.

    Returns:
        One entry a payer; none where claims are not taken, or nothing is stated.
    """
    if account.evidence != "claimed":
        return ()
    lines = [line for line in account.lines if line.name.startswith("programmes.") and line.kind == "benefit"]
    lines = [line for line in lines if not line.social]
    years = {line: _lived_years(ledger, scenario, arm, line) for line in lines}
    payers = [payer for payer in account.payers if any(line.payer == payer and years[line] > 0 for line in lines)]
    return tuple(_of_payer(account, arm, payer, years) for payer in payers)


def _lived_years(ledger: Ledger, scenario: Scenario, arm: str, line: Line) -> float:
    """The share of the years that a case counts for a benefit which is lived; 0 where nobody starts."""
    _, programme, _, label, _ = line.name.split(".")
    stated = scenario.programmes[programme].benefits[label].years * DAYS_PER_YEAR
    k = ledger.arms.index(arm)
    days, starts = (
        float(ledger.item(name)[:, :, k, 0].sum())
        for name in (f"benefit_days:{programme}.{label}", f"starts:{programme}")
    )
    return days / (stated * starts) if starts > 0 else 0.0


def _of_payer(account: Account, arm: str, payer: str, years: dict[Line, float]) -> Counted:
    own = {line: share for line, share in years.items() if line.payer == payer and share > 0}
    scale = np.array([1 / own[line] if line in own else 0.0 for line in account.lines])
    paid = account.saving(arm, (payer,), ("programme",))
    whole: Array = account.by_line(arm) @ scale + paid
    lived = account.discounted(account.saving(arm, (payer,), ("programme", "benefit")))
    return Counted(payer, mean_of(whole.sum(axis=-1), account), mean_of(lived, account), min(own.values()))


def sentences(arm: ArmFindings) -> Sequence[str]:
    """What the case says beside what can be lived; none where claims are not taken or no benefit is stated."""
    if not arm.counted:
        return ()
    counts, lives = (
        ", ".join(f"{arm.payer_title(one.payer)} {signed(value)}" for one, value in pairs)
        for pairs in (
            [(one, one.as_counted) for one in arm.counted],
            [(one, one.as_lived) for one in arm.counted],
        )
    )
    least = per_cent(min(one.lived_years for one in arm.counted))
    return (
        f"Benefits as stated less the programme's cost: as a case counts it, whole years for each start and nothing "
        f"discounted, {counts}; as it can be lived in {arm.horizon_words}, when people die or start late ({least} of "
        f"the years counted), present value, {lives}.",
    )


def rows(arm: ArmFindings) -> Iterator[Row]:
    """Both for each payer."""
    for one in arm.counted:
        for how, value in (("as the case counts it", one.as_counted), ("as lived", one.as_lived)):
            yield {"payer": one.payer, "how": how, "lived_years": one.lived_years, **value_row(value)}


def facts(arm: ArmFindings) -> Row:
    """Both by payer."""
    return {
        "counted": {
            one.payer: {"as_counted": value_row(one.as_counted), "as_lived": value_row(one.as_lived)}
            for one in arm.counted
        }
    }


COUNTED = Finding(
    tables=(Table("counted", rows, {**kinds_of(POUNDS, "mean", "mcse"), "lived_years": SHARE}),),
    sentences=sentences,
    facts=facts,
    brief=whole("counted"),
)
