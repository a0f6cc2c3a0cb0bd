"""Money: what the activity of a ledger costs, by line, payer and year; a saving is positive, a cost negative.

    saving of an arm   = spending under usual care - spending in the arm          (value)
                       = release x the same, by whoever holds the money           (cash)

Spending is what leaves a payer's budget, in real pounds of the price year for the whole place; a stated benefit is
negative spending. ``release`` is the share of a line's saving that becomes money which can be spent elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from simulator.scenario.tables import EvidenceMode
from simulator.uncertainty.design import Design

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Kind = Literal["care", "programme", "benefit"]
LAST_DIGITS = 1e-11  # of the QALYs of a place: what the order of a sum can change, and less than a day of anybody


@dataclass(frozen=True)
class Line:
    """One line of spending: a price, a programme cost or a stated benefit.

    ``payer`` spends; ``cash_payer`` is who keeps what is released (the bearer under a block contract, nobody when there
    is none). ``social`` marks a benefit that is worth something to society and is nobody's money.
    """

    name: str  # dotted path in the scenario
    payer: str
    kind: Kind
    cash: str = ""  # name of the cash rule; empty: all of it is cash
    contract: Literal["activity", "block"] = "activity"
    cash_payer: str = ""
    social: bool = False
    upfront: bool = False  # a one-off on the day the clock starts

    def counts(self, payers: Collection[str] | None, kinds: Collection[str] | None, cash: bool, social: bool) -> bool:
        """Whether the line belongs to a saving of these payers and kinds."""
        payer = self.cash_payer if cash else self.payer
        wanted = (payers is None or payer in payers) and (kinds is None or self.kind in kinds)
        return wanted and not (self.social and (cash or not social)) and not (cash and not payer)


@dataclass(frozen=True)
class Account:
    """Money and QALYs of a run, ready for any view; made by :func:`simulator.money.price.price`."""

    arms: tuple[str, ...]
    groups: tuple[str, ...]
    lines: tuple[Line, ...]
    payers: tuple[str, ...]
    public_payers: tuple[str, ...]
    spending: Array  # [row, replicate, arm, group, year, line] pounds of the whole place
    release: Array  # [row, arm, year, line] share of a saving that is cash
    qaly: Array  # [row, replicate, arm, group, year]
    starts: Array  # [row, replicate, arm, year] programme starts in the whole place
    people: Array  # [row, replicate] simulated people
    place_size: float
    batch: NDArray[np.int64]  # [row]
    streams: NDArray[np.int64]  # [row]
    money_factor: Array  # [year] discount factors
    health_factor: Array  # [year]
    price_year: str
    evidence: EvidenceMode
    design: Design | None = None  # the rows it was priced with: which parameter moves the money

    def saving(
        self,
        arm: str,
        payers: Collection[str] | None = None,
        kinds: Collection[str] | None = None,
        *,
        cash: bool = False,
        social: bool = False,
        group: int = 0,
    ) -> Array:
        """What an arm saves against usual care, undiscounted.

        Args:
            arm: the arm.
            payers: whose money; None is everyone's.
            kinds: of care, programme and benefit; None is all.
            cash: cash-releasing only, else at full value (capacity included).
            social: add stated benefits that are nobody's money.
            group: 0 for everyone, k for the participants of arm k.

        Returns:
            [row, replicate, year] pounds of the whole place; costs are negative.

        Raises:
            ValueError: for an unknown arm.

        Example:
            >>> account_of({"usual care": {"care nhs": [30]}, "walks": {"care nhs": [20]}}).saving("walks").tolist()
            [[[10.0]]]
        """
        return np.asarray(self._kept(arm, cash, group) @ self.chosen(payers, kinds, cash, social))

    def public_saving(self, arm: str, kinds: Collection[str] | None = None, *, cash: bool = False) -> Array:
        """What the public purse saves, as :meth:`saving`: [row, replicate, year]."""
        return self.saving(arm, self.public_payers, kinds, cash=cash)

    def discounted(self, pounds: Array) -> Array:
        """Present value of the pounds of each year: [row, replicate, year] -> [row, replicate]."""
        return np.asarray(pounds @ self.money_factor)

    def by_line(self, arm: str, *, cash: bool = False) -> Array:
        """What an arm saves by line: [row, replicate, year, line]."""
        return self._kept(arm, cash, 0)

    def spent(self, arm: str, kinds: Collection[str] | None = None, *, group: int = 0) -> Array:
        """What an arm spends, undiscounted: [row, replicate, year] pounds of the whole place."""
        chosen = self.chosen(None, kinds, cash=False, social=False)
        return np.asarray(self.spending[:, :, self.arms.index(arm), group] @ chosen)

    def upfront(self, arm: str, payers: Collection[str] | None = None) -> Array:
        """What an arm saves at the instant the clock starts (one-off costs, so 0 or less): [row, replicate]."""
        first = np.array([line.upfront for line in self.lines], dtype=np.float64)
        chosen = first * self.chosen(payers, None, cash=False, social=False)
        return np.asarray(self._kept(arm, cash=False, group=0)[:, :, 0] @ chosen)

    def chosen(self, payers: Collection[str] | None, kinds: Collection[str] | None, cash: bool, social: bool) -> Array:
        """1 for the lines of these payers and kinds, 0 for others: [line]."""
        wanted = [line.counts(payers, kinds, cash, social) for line in self.lines]
        return np.array(wanted, dtype=np.float64)

    def qaly_gain(self, arm: str, *, group: int = 0) -> Array:
        """QALYs an arm adds to usual care, undiscounted: [row, replicate, year] for the whole place.

        The same days added up in another order differ in their last digits, which is no gain.
        """
        with_it, without = self.qaly[:, :, self.arms.index(arm), group], self.qaly[:, :, 0, group]
        return np.where(np.isclose(with_it, without, rtol=LAST_DIGITS, atol=0.0), 0.0, with_it - without)

    def investors(self, arm: str) -> tuple[str, ...]:
        """Payers of the arm's programme costs, in the order of the scenario."""
        spending = self.spending[:, :, self.arms.index(arm), 0] - self.spending[:, :, 0, 0]
        paid = {
            line.payer
            for k, line in enumerate(self.lines)
            if line.kind == "programme" and bool(np.any(spending[..., k] > 0))
        }
        return tuple(payer for payer in self.payers if payer in paid)

    def to_frame(self) -> pd.DataFrame:
        """Mean spending, saving and cash saving by arm, line and year as a pandas frame."""
        import pandas as pd

        return pd.DataFrame([row for arm in self.arms for row in self._line_rows(arm)])

    def _kept(self, arm: str, cash: bool, group: int) -> Array:
        k = self.arms.index(arm)
        saved: Array = self.spending[:, :, 0, group] - self.spending[:, :, k, group]
        return saved * self.release[:, None, k] if cash else saved

    def _line_rows(self, arm: str) -> list[dict[str, object]]:
        k = self.arms.index(arm)
        parts = {
            "spending": self.spending[:, :, k, 0].mean(axis=(0, 1)),
            "saving": self.by_line(arm).mean(axis=(0, 1)),
            "cash_saving": self.by_line(arm, cash=True).mean(axis=(0, 1)),
        }
        return [
            {
                "arm": arm,
                "line": line.name,
                "payer": line.payer,
                "kind": line.kind,
                "cash_rule": line.cash,
                "year": year,
            }
            | {name: float(part[year, i]) for name, part in parts.items()}
            for i, line in enumerate(self.lines)
            for year in range(self.spending.shape[4])
        ]


def account_of(
    spending: Mapping[str, Mapping[str, Sequence[float]]], *, starts: float = 0.0, qaly: float = 0.0
) -> Account:
    """A small account from sums done by hand, for examples: one row, nothing discounted, all of a saving is cash.

    Args:
        spending: pounds of each year by arm, usual care first, and by line, named by its kind and payer.
        starts: programme starts of each programme arm, in year 0.
        qaly: QALYs that each programme arm adds, in year 0.

    Example:
        >>> account = account_of({
        ...     "usual care": {"care nhs": [100, 100], "programme council": [0, 0]},
        ...     "walks": {"care nhs": [90, 70], "programme council": [25, 0]},
        ... })
        >>> account.saving("walks").tolist()
        [[[-15.0, 30.0]]]
    """
    arms, names = tuple(spending), tuple(next(iter(spending.values())))
    pounds = np.array([[spending[arm][name] for name in names] for arm in arms], dtype=np.float64)
    shape = (1, 1, len(arms), 1, pounds.shape[2])
    first = np.zeros(shape)
    first[:, :, 1:, :, 0] = 1.0
    kinds: dict[str, Kind] = {"care": "care", "programme": "programme", "benefit": "benefit"}
    lines = [(kinds[name.partition(" ")[0]], name.partition(" ")[2]) for name in names]
    payers = tuple(dict.fromkeys(payer for _, payer in lines))
    return Account(
        arms=arms,
        groups=("everyone",),
        lines=tuple(Line(f"{kind} {payer}", payer, kind, cash_payer=payer) for kind, payer in lines),
        payers=payers,
        public_payers=payers,
        spending=np.moveaxis(pounds, 1, 2)[None, None, :, None],
        release=np.ones((1, len(arms), shape[4], len(lines))),
        qaly=qaly * first,
        starts=starts * first[:, :, :, 0],
        people=np.ones((1, 1)),
        place_size=1.0,
        batch=np.zeros(1, dtype=np.int64),
        streams=np.zeros(1, dtype=np.int64),
        money_factor=np.ones(shape[4]),
        health_factor=np.ones(shape[4]),
        price_year="2023/24",
        evidence="calibrated",
    )


def discount_factors(
    years: int, rate: float, later_rate: float, later_from_year: int, *, continuous: bool = False
) -> Array:
    """What a pound of each year is worth today.

    Args:
        years: how many years; year 0 is the first.
        rate: yearly rate up to the year before ``later_from_year``.
        later_rate: yearly rate from then on.
        later_from_year: first year at the later rate.
        continuous: discount within the year, spending being even over it; else year 0 is undiscounted.

    Returns:
        [year] factors.

    Source:
        HM Treasury, The Green Book (2022), annex 6: 3.5 %, and 3.0 % from year 31.

    Example:
        >>> discount_factors(32, 0.035, 0.03, 31)[[0, 5, 10, 30, 31]].round(8).tolist()
        [1.0, 0.84197317, 0.70891881, 0.35627841, 0.34590137]
    """
    year = np.arange(years)
    early = np.minimum(year, later_from_year - 1)
    factors = (1 + rate) ** -early.astype(np.float64) * (1 + later_rate) ** -(year - early).astype(np.float64)
    if not continuous:
        return np.asarray(factors)
    force = np.log1p(np.where(year < later_from_year - 1, rate, later_rate))
    within = np.where(force > 0, -np.expm1(-force) / np.where(force > 0, force, 1.0), 1.0)
    return np.asarray(factors * within)
