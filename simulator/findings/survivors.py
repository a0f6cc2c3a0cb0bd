"""How much of a net saving comes from people living longer or shorter.

With D the person-days alive and C the care of a year, in the arm and (0) under usual care, both of the public purse,

    from survival         sum over years of (C / D) (D0 - D), discounted: the care of those who live longer costs
    as if as many lived   the net saving less that
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulator.activity.ledger import Ledger
from simulator.findings.finding import BAND, WHOLE, Finding, Row, Table, kinds_of, mean_of, value_row
from simulator.money.account import Account
from simulator.uncertainty.ranges import Array, Value, row_means

if TYPE_CHECKING:
    from simulator.findings.arm import ArmFindings


@dataclass(frozen=True)
class Survivors:
    """Discounted net saving to the public purse parted by survival."""

    fixed_survival: Value  # as if as many were alive as under usual care, at the arm's care per person-day
    survival: Value  # the rest: the care of those who live longer (negative) or die earlier (positive)
    by_earlier_death: bool  # the saving rests on earlier death: never headline it


def survivors(account: Account, ledger: Ledger, arm: str) -> Survivors:
    """The net saving of an arm, parted by survival.

    Args:
        account: the money.
        ledger: the activity it was priced from.
        arm: a programme arm.

    Example:
        >>> from simulator.money.account import account_of
        >>> account = account_of({"usual care": {"care nhs": [100]}, "walks": {"care nhs": [200]}})
        >>> days = np.array([100.0, 200.0]).reshape(1, 1, 2, 1, 1, 1)
        >>> one, windows, items = np.ones((1, 1)), np.zeros((1, 1, 1, 2, 2, 2, 0)), ("person_days:fit:65",)
        >>> ledger = Ledger(account.arms, account.groups, items, (), np.arange(1), one, 1.0, days, windows)
        >>> float(survivors(account, ledger, "walks").survival.value)
        -100.0
    """
    k = account.arms.index(arm)
    care = account.spending[:, :, k, 0] @ account.chosen(account.public_payers, ("care",), cash=False, social=False)
    alive = days_alive(ledger)
    return parted(account, arm, account.discounted(care * _longer(alive[:, 0], alive[:, k])[:, None, :]))


def _longer(usual: Array, there: Array) -> Array:
    """Days alive that are missing in the arm, as a share of those there."""
    return np.divide(usual, there, out=np.ones_like(usual), where=there > 0) - 1


def days_alive(ledger: Ledger) -> Array:
    """Person-days alive in the whole place: [row, arm, year]."""
    days = np.zeros(ledger.activity.shape[:3] + ledger.activity.shape[4:5])
    for item in ledger.items:
        if item.startswith("person_days:"):
            days += ledger.item(item)[:, :, :, 0]
    return row_means(days * ledger.weight()[:, :, None, None], ledger.people)


def parted(account: Account, arm: str, survival: Array) -> Survivors:
    """The net saving of an arm and what of it is left without the part that comes from survival.

    Args:
        account: the money.
        arm: a programme arm.
        survival: [row, replicate] discounted saving on those who live shorter; a cost where they live longer.

    Example:
        >>> from simulator.money.account import account_of
        >>> account = account_of({"usual care": {"care nhs": [100]}, "walks": {"care nhs": [60]}})
        >>> saved = parted(account, "walks", np.full((1, 1), 50.0))
        >>> float(saved.fixed_survival.value), saved.by_earlier_death
        (-10.0, True)
    """
    total = account.discounted(account.public_saving(arm))
    fixed = mean_of(total - survival, account)
    earlier = float(fixed.value) <= 0 < float(mean_of(total, account).value)
    return Survivors(fixed, mean_of(survival, account), earlier)


def rows(arm: ArmFindings) -> Iterator[Row]:
    """The two parts of the net saving."""
    parts = {
        "net saving as if as many were alive": arm.survivors.fixed_survival,
        "net saving from people living longer (a cost) or dying earlier": arm.survivors.survival,
    }
    for figure, part in parts.items():
        yield {"figure": figure, "year": None, **value_row(part)}


def notes(arm: ArmFindings) -> Sequence[str]:
    """A warning where the saving would not be there if as many were alive."""
    warning = f"{arm.title}: the saving rests on earlier death, so it must not be the headline"
    return (warning,) if arm.survivors.by_earlier_death else ()


SURVIVORS = Finding(tables=(Table("programme", rows, kinds_of(WHOLE, *BAND)),), notes=notes)
