"""Budgets: the cash of whoever holds them, by year, undiscounted and discounted; capacity is told elsewhere.

A budget changes by the cash that is released to its holder, less what the holder pays for the programme. Under a block
contract the holder is the bearer, not the funder (`money.cash`). A holder is named as paying or gaining only where the
mean is more than two Monte Carlo errors from nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from simulator.findings.finding import BAND, POUNDS, Finding, Row, Table, is_clear, kinds_of, signed, value_row, whole
from simulator.uncertainty.ranges import Value

if TYPE_CHECKING:
    from simulator.findings.arm import ArmFindings
    from simulator.findings.saving import View


def cash_of(view: View) -> Value:
    """Present value of what a budget gains or pays."""
    return Value(view.npv.place.mean, view.npv.place.mcse)


def rows(arm: ArmFindings) -> Iterator[Row]:
    """Cash of each budget by year, and over all years as the last row of each."""
    for view in arm.payer_views("cash"):
        about = {"payer": view.payer, "title": arm.payer_title(view.payer), "public": view.payer in arm.public_payers}
        for year in range(arm.years):
            now = view.discounted_by_year.place.at(year)
            yield {**about, "year": year, **view.by_year.place.at(year).to_dict(), **_discounted(now.mean, now.mcse)}
        total = view.npv.place
        yield {**about, "year": None, **view.total.place.to_dict(), **_discounted(total.mean, total.mcse)}


def _discounted(mean: object, mcse: object) -> Row:
    return {"discounted": float(mean), "discounted_mcse": float(mcse)}  # type: ignore[arg-type]


def sentences(arm: ArmFindings) -> Sequence[str]:
    """What each budget gains or pays in cash, and which are not known to change."""
    cash = {arm.payer_title(view.payer): cash_of(view) for view in arm.payer_views("cash")}
    named = [f"{title} {signed(figure)}" for title, figure in cash.items() if is_clear(figure)]
    unclear = [title for title, figure in cash.items() if float(figure.value) != 0 and not is_clear(figure)]
    rest = f" Within the Monte Carlo error of no change: {', '.join(unclear)}." if unclear else ""
    changes = "; ".join(named) or "none is known to change"
    return (f"Budgets (cash, present value): {changes}.{rest}",)


def facts(arm: ArmFindings) -> Row:
    """Present value in cash by budget."""
    return {"budgets": {view.payer: value_row(cash_of(view)) for view in arm.payer_views("cash")}}


BUDGETS = Finding(
    tables=(Table("budgets", rows, kinds_of(POUNDS, *BAND, "discounted", "discounted_mcse")),),
    sentences=sentences,
    facts=facts,
    brief=whole("budgets"),
)
