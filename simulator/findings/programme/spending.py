"""What a programme costs and whom it reaches: starts, spending by year, and the net saving for each start.

net saving for each start = mean discounted net saving / mean starts          a ratio of means
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.findings.finding import (
    BAND,
    WHOLE,
    Finding,
    Row,
    Table,
    band_by_year,
    give_or_take,
    kinds_of,
    per_cent,
    pounds,
    rounded,
)
from simulator.money.account import Account
from simulator.uncertainty.ranges import Ranges, Sample, ranges

if TYPE_CHECKING:
    from simulator.findings.arm import ArmFindings


@dataclass(frozen=True)
class Spending:
    """Whom the programmes of an arm reach and what they cost, all payers together."""

    starts: Ranges  # programme starts in the whole place over the horizon
    by_year: Ranges  # [year] programme spending in pounds (positive), undiscounted
    total: Ranges  # discounted


def spending(account: Account, arm: str, sample: Sample) -> Spending:
    """Starts and programme spending of an arm beyond usual care.

    Args:
        account: the money.
        arm: a programme arm.
        sample: where the rows of the account come from.

    Example:
        >>> from simulator.money.account import account_of
        >>> from simulator.findings.finding import sample_of
        >>> pounds = {"usual care": {"programme council": [0, 0]}, "walks": {"programme council": [25, 5]}}
        >>> account = account_of(pounds, starts=10)
        >>> spent = spending(account, "walks", sample_of(account))
        >>> float(spent.starts.mean), float(spent.total.mean)
        (10.0, 30.0)
    """
    spent = account.spent(arm, ("programme",)) - account.spent(account.arms[0], ("programme",))
    return Spending(
        starts=ranges(account.starts[:, :, account.arms.index(arm)].sum(axis=-1), sample),
        by_year=ranges(spent, sample),
        total=ranges(account.discounted(spent), sample),
    )


def rows(arm: ArmFindings) -> Iterator[Row]:
    """Starts, spending, and the net saving for each start."""
    yield {"figure": "starts", "year": None, **arm.starts.place.to_dict()}
    for row in band_by_year(arm.spending.by_year.place):
        yield {"figure": "programme spending", **row}
    yield {"figure": "programme spending, discounted", "year": None, **arm.spending.total.place.to_dict()}
    for words, each in (("at full value", arm.per_starter()), ("in cash", arm.per_starter("cash"))):
        if each is not None:
            yield {"figure": f"net saving per start, discounted, {words}", "year": None, **each.place.to_dict()}


def facts(arm: ArmFindings) -> Row:
    """The programmes of the arm, and how many people start."""
    return {"programmes": list(arm.programmes), "starts": float(arm.starts.mean)}


def sentences(arm: ArmFindings) -> Sequence[str]:
    """What the programme costs, and who bears it."""
    total, error = float(arm.spending.total.mean), float(arm.spending.total.expected.mcse)
    borne: dict[str, float] = {}
    for line in arm.lines:
        if line.kind == "programme":
            borne[line.payer] = borne.get(line.payer, 0.0) - float(line.value.mean)
    if rounded(total, error) <= 0:
        return ()
    shares = [_share(arm, payer, pay / total) for payer, pay in sorted(borne.items(), key=lambda b: -b[1]) if pay > 0]
    return (f"The programme costs {pounds(total, error)}{give_or_take(error)}: {'; '.join(shares)}.",)


def _share(arm: ArmFindings, payer: str, share: float) -> str:
    apart = "" if payer in arm.public_payers else ", not counted above"
    return f"{'all of it' if share > 1 - 1e-9 else per_cent(share)} from {arm.payer_title(payer)}{apart}"


REACH = Finding(facts=facts)
SPENDING = Finding(tables=(Table("programme", rows, kinds_of(WHOLE, *BAND)),), sentences=sentences)
