"""Who pays and who gains, and what would make every payer whole.

With G the sum of what gainers gain and L of what losers lose, discounted, a gainer of g hands to a loser of l

    min(G, L) (g / G) (l / L)

so gainers give in proportion to what they gain, and losers receive in proportion to what they lose.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.findings.finding import (
    POUNDS,
    Finding,
    Row,
    Table,
    beyond_error,
    give_or_take,
    kinds_of,
    mean_of,
    pounds,
)
from simulator.money.account import Account

if TYPE_CHECKING:
    from simulator.findings.arm import ArmFindings
    from simulator.uncertainty.ranges import Band


@dataclass(frozen=True)
class Transfer:
    """What a payer who gains would hand to one who loses, in present value, to make every payer whole."""

    giver: str
    taker: str
    pounds: float


def transfers(account: Account, arm: str) -> tuple[Transfer, ...]:
    """What would make every payer of an account whole; none where nobody gains or nobody loses.

    Args:
        account: the money.
        arm: a programme arm.

    Example:
        >>> from simulator.money.account import account_of
        >>> account = account_of({
        ...     "usual care": {"care nhs": [100, 100], "programme council": [0, 0]},
        ...     "walks": {"care nhs": [90, 70], "programme council": [25, 0]},
        ... })
        >>> transfers(account, "walks")
        (Transfer(giver='nhs', taker='council', pounds=25.0),)
    """
    net = {
        payer: float(mean_of(account.discounted(account.saving(arm, (payer,))), account).value)
        for payer in account.payers
    }
    return tuple(handed_over(net))


def handed_over(net: Mapping[str, float]) -> Iterator[Transfer]:
    """What each payer who gains hands to each who loses.

    Args:
        net: pounds that each payer gains, a loss negative.

    Example:
        >>> [transfer.pounds for transfer in handed_over({"nhs": 30.0, "council": -10.0, "charity": -50.0})]
        [5.0, 25.0]
    """
    gained, lost = sum(x for x in net.values() if x > 0), -sum(x for x in net.values() if x < 0)
    for giver, gain in net.items():
        for taker, loss in net.items():
            if gain > 0 > loss:
                yield Transfer(giver, taker, min(gained, lost) * gain / gained * -loss / lost)


def rows(arm: ArmFindings) -> Iterator[Row]:
    """Each transfer."""
    for transfer in arm.transfers:
        yield {"giver": transfer.giver, "taker": transfer.taker, "pounds": transfer.pounds}


def sentences(arm: ArmFindings) -> Sequence[str]:
    """Who pays and who gains, on balance."""
    paid = {arm.payer_title(view.payer): _with_error(view.npv.expected) for view in arm.payer_views()}
    sure = {payer: amount for payer, amount in paid.items() if beyond_error(*amount)}
    gains, costs = (", ".join(_amounts(sure, sign)) for sign in (1, -1))
    unsure = ", ".join(payer for payer, amount in paid.items() if payer not in sure and amount[0] != 0)
    open_ = f" Too close to nothing to say: {unsure}." if unsure else ""
    return (f"Who pays, on balance: {costs or 'nobody'}. Who gains: {gains or 'nobody'}.{open_}",)


def _with_error(band: Band) -> tuple[float, float]:
    return float(band.mean), float(band.mcse)


def _amounts(paid: Mapping[str, tuple[float, float]], sign: int) -> Iterator[str]:
    for payer, (amount, error) in paid.items():
        if amount * sign > 0:
            yield f"{payer} {pounds(amount, error)}{give_or_take(error)}"


TRANSFERS = Finding(tables=(Table("transfers", rows, kinds_of(POUNDS, "pounds")),), sentences=sentences)
