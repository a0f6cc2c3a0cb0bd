"""What would make every budget whole, in cash: a gain that is only capacity cannot be handed over.

With G the sum of what gainers gain and L of what losers lose, in cash, discounted, a gainer of g hands to a loser of l

    min(G, L) (g / G) (l / L)

so gainers give in proportion to what they gain, and losers receive in proportion to what they lose.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.findings.finding import POUNDS, Finding, Row, Table, kinds_of, mean_of
from simulator.money.account import Account

if TYPE_CHECKING:
    from simulator.findings.arm import ArmFindings


@dataclass(frozen=True)
class Transfer:
    """What a payer who gains would hand to one who loses, in cash, in present value, to make every budget whole."""

    giver: str
    taker: str
    pounds: float


def transfers(account: Account, arm: str) -> tuple[Transfer, ...]:
    """What would make every budget of an account whole; none where nobody gains or nobody loses.

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
        payer: float(mean_of(account.discounted(account.saving(arm, (payer,), cash=True)), account).value)
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


TRANSFERS = Finding(tables=(Table("transfers", rows, kinds_of(POUNDS, "pounds")),))
