"""What comes back for each pound that a programme spends.

    ratio = present value of all other changes / present value of programme spending          means over rows

*fiscal* counts what the public purse saves on care, at full value, over what it spends, so that it is above 1 where the
net present value is above 0; *cashable* the part of it that is cash; *public value* what everyone saves, stated
benefits and QALYs at their first value, over what everyone spends. The error is that of a ratio of means (delta
method).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from numpy.typing import NDArray

from simulator.findings.finding import POUNDS, Finding, Row, Table, kinds_of, whole
from simulator.findings.health import discounted_qalys
from simulator.money.account import Account, Array, Kind
from simulator.uncertainty.ranges import row_means, standard_error

if TYPE_CHECKING:
    import numpy as np

    from simulator.findings.arm import ArmFindings

Version = Literal["fiscal", "cashable", "public value"]
OTHERS: tuple[Kind, ...] = ("care", "benefit")
PROGRAMME: tuple[Kind, ...] = ("programme",)


@dataclass(frozen=True)
class ReturnRatio:
    """Present value of all other changes over that of programme spending: a ratio of means."""

    version: Version
    benefits: float
    spending: float
    ratio: float | None  # None: no return (benefits at or below 0) or nothing was spent
    mcse: float | None
    qaly_value: float | None = None  # pounds a QALY counted in public value: the first value of the scenario

    @property
    def words(self) -> str:
        """The ratio as it is printed."""
        if self.ratio is not None:
            return f"{self.ratio:.2f}"
        return "no return" if self.spending > 0 else "no spending"


def return_ratios(account: Account, arm: str, qaly_values: Sequence[float] = ()) -> tuple[ReturnRatio, ...]:
    """The benefit-cost ratios of an arm.

    Args:
        account: money and QALYs.
        arm: a programme arm.
        qaly_values: pounds that a QALY may be worth; the first is counted.

    Example:
        >>> from simulator.money.account import account_of
        >>> account = account_of({
        ...     "usual care": {"care nhs": [100], "programme council": [0]},
        ...     "walks": {"care nhs": [40], "programme council": [20]},
        ... })
        >>> [(ratio.version, ratio.words) for ratio in return_ratios(account, "walks")]
        [('fiscal', '3.00'), ('cashable', '3.00'), ('public value', '3.00')]
    """
    value = qaly_values[0] if qaly_values else None
    public = row_means(account.discounted(-account.public_saving(arm, PROGRAMME)), account.people)
    spent = row_means(account.discounted(-account.saving(arm, None, PROGRAMME)), account.people)
    fiscal = account.discounted(account.public_saving(arm, OTHERS))
    cashable = account.discounted(account.public_saving(arm, OTHERS, cash=True))
    public_value = account.discounted(account.saving(arm, None, OTHERS, social=True))
    public_value = public_value + (0.0 if value is None else discounted_qalys(account, arm) * value)
    return (
        return_ratio("fiscal", row_means(fiscal, account.people), public, account.batch),
        return_ratio("cashable", row_means(cashable, account.people), public, account.batch),
        return_ratio("public value", row_means(public_value, account.people), spent, account.batch, value),
    )


def return_ratio(
    version: Version, benefits: Array, spending: Array, batch: NDArray[np.int64], qaly_value: float | None = None
) -> ReturnRatio:
    """One ratio of means.

    Args:
        version: what is counted.
        benefits: [row] present value of all other changes.
        spending: [row] present value of programme spending.
        batch: [row] for the error.
        qaly_value: pounds a QALY that the benefits hold.

    Example:
        >>> import numpy as np
        >>> return_ratio("fiscal", np.array([2.0, 4.0]), np.array([1.0, 2.0]), np.zeros(2, int)).ratio
        2.0
    """
    gain, cost = float(benefits.mean()), float(spending.mean())
    if gain <= 0 or cost <= 0:
        return ReturnRatio(version, gain, cost, None, None, qaly_value)
    ratio = gain / cost
    error = float(standard_error((benefits - ratio * spending) / cost, batch))
    return ReturnRatio(version, gain, cost, ratio, error, qaly_value)


def rows(arm: ArmFindings) -> Iterator[Row]:
    """Each ratio, with its two parts."""
    for entry in arm.returns:
        parts = {"version": entry.version, "benefits": entry.benefits, "spending": entry.spending}
        yield {**parts, "ratio": entry.ratio, "mcse": entry.mcse, "words": entry.words}


def sentences(arm: ArmFindings) -> Sequence[str]:
    """What comes back to the public purse for each pound it spends, at full value and in cash, and to everyone."""
    fiscal, cashable, public = arm.returns
    if arm.survivors.is_harm or fiscal.spending <= 0:
        return ()
    worth = "" if public.qaly_value is None else f", a QALY at £{public.qaly_value:,.0f}"
    if fiscal.ratio is None and public.ratio is None:
        return ("No return on what the public purse spends, nor on what everyone spends.",)
    back = f"{_back(fiscal)} at full value, {_back(cashable)} in cash"
    if fiscal.ratio is None and cashable.ratio is None:
        back = "no return"
    return (
        f"For each £1 that the public purse spends: {back}. Public value for each £1 that anybody spends: "
        f"{_back(public)}{worth}.",
    )


def _back(entry: ReturnRatio) -> str:
    if entry.ratio is None:
        return "no return"
    error = 0.0 if entry.mcse is None else entry.mcse
    return f"£{entry.ratio:.2f}{f' ± {max(error, 0.01):.2f}' if error > 0 else ''}"


def facts(arm: ArmFindings) -> Row:
    """Each ratio by name."""
    return {"returns": {entry.version: {"ratio": entry.ratio, "mcse": entry.mcse} for entry in arm.returns}}


RETURNS = Finding(
    tables=(Table("returns", rows, kinds_of(POUNDS, "benefits", "spending")),),
    sentences=sentences,
    facts=facts,
    brief=whole("returns"),
)
