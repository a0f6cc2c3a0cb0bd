"""The tables that findings are made of: how one arm differs from usual care, seen from one side at a time.

A saving is positive, a cost negative; pounds are real pounds of the whole place. Years are counted 0, 1, 2 ...; an
entry "by year" looks at the end of that year. Every figure carries its Monte Carlo error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from simulator.uncertainty.ranges import Array, Band, Ranges, Value, plain

PUBLIC_PURSE = "public purse"
SOCIETY = "everyone"
Money = Literal["value", "cash"]
MONEY_WORDS = {"value": "value of capacity, not money", "cash": "cash that can be spent elsewhere"}
Version = Literal["fiscal", "cashable", "public value"]
Row = dict[str, Any]


@dataclass(frozen=True)
class Payback:
    """When the cumulative discounted saving comes to stay at or above zero, over futures of a place of this size.

    ``status`` is ``"no investment"`` when the difference is exactly zero in every future, else ``"measured"``. There is
    no mean: it does not exist when some futures never pay back; ``restricted_mean_years`` counts those as the horizon.
    """

    status: Literal["measured", "no investment"]
    times: Array  # [draw] years from the start; infinite when never within the horizon
    p_never: Value
    by_year: Value  # [year] share paid back, for good, by the end of the year
    crossed_by_year: Value  # [year] share that was at or above zero once by then
    p_relapse: Value  # crossed, and was below zero again later
    median_year: float | None  # years from the start; None when more than half never pay back
    restricted_mean_years: Value

    def to_dict(self) -> Row:
        """Plain values."""
        return {
            "status": self.status,
            **plain({"p_never": self.p_never.value, "p_never_mcse": self.p_never.mcse}),
            "median_year": self.median_year,
            **plain({"restricted_mean_years": self.restricted_mean_years.value}),
            **plain({"restricted_mean_mcse": self.restricted_mean_years.mcse}),
            **plain({"p_relapse": self.p_relapse.value}),
        }


@dataclass(frozen=True)
class FundingGap:
    """How deep the cumulative undiscounted saving goes before it turns, in a place of this size; 0 or more."""

    depth: Band  # pounds
    year: int | None  # the year at whose end the mean path is lowest; None when it is never below zero


@dataclass(frozen=True)
class View:
    """Net saving as one payer (or the public purse, or everyone) sees it, as value or as cash."""

    payer: str
    money: Money
    invests: bool  # pays for part of the programme
    by_year: Ranges  # [year] pounds, undiscounted
    cumulative: Ranges  # [year] to the end of the year, undiscounted
    discounted_by_year: Ranges  # [year]
    discounted: Ranges  # [year] cumulative
    expected_paths: Array  # [row, year] cumulative discounted, parameters only
    place_paths: Array  # [draw, year] cumulative discounted, a place of this size
    p_saving: Value  # [year] P(cumulative discounted saving above 0), a place of this size
    payback: Payback
    gap: FundingGap
    shortfall: Value  # mean of the worst tenth of the discounted totals, a place of this size

    @property
    def total(self) -> Ranges:
        """Net saving over the horizon, undiscounted: alone."""
        return self.cumulative.at(-1)

    @property
    def npv(self) -> Ranges:
        """Net present value: the discounted net saving over the horizon, alone."""
        return self.discounted.at(-1)


@dataclass(frozen=True)
class LineSaving:
    """Discounted net saving of one line of spending over the horizon: the bars of a money waterfall."""

    name: str
    payer: str
    kind: str  # care, programme or benefit
    value: Ranges
    cash: Ranges


@dataclass(frozen=True)
class Averted:
    """One activity in the whole place over the horizon: usual care, with the programme, and the difference.

    ``averted`` is usual care minus the arm. For a combination of programmes that also have arms of their own,
    ``interaction`` is what the parts do not add up to.
    """

    item: str
    usual_care: float
    with_programme: float
    averted: Ranges
    by_year: Ranges  # [year]
    interaction: Value | None = None


@dataclass(frozen=True)
class Worth:
    """Discounted saving plus QALYs at one value of a QALY (net monetary benefit to the public purse)."""

    qaly_value: float
    net_benefit: Ranges
    p_worth_it: Value  # P(net benefit above 0) with parameters only: one point of the CEAC


@dataclass(frozen=True)
class Health:
    """QALYs gained in the whole place, discounted, and what they cost."""

    qaly_by_year: Ranges  # [year] undiscounted
    qaly: Ranges  # discounted total
    qaly_rows: Array  # [row] discounted total, parameters only; pairs with npv_rows on the plane
    npv_rows: Array  # [row] discounted net saving to the public purse, parameters only
    worth: tuple[Worth, ...]  # at the scenario's values of a QALY
    curve: tuple[Array, Array]  # [point] value of a QALY, [point] P(worth it): the CEAC
    cost_per_qaly: float | None  # pounds; None where it means nothing
    cost_per_qaly_words: str


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


@dataclass(frozen=True)
class Survivors:
    """Discounted net saving to the public purse parted by survival."""

    fixed_survival: Value  # as if as many were alive as under usual care, at the arm's care per person-day
    survival: Value  # the rest: the care of those who live longer (negative) or die earlier (positive)
    by_earlier_death: bool  # the saving rests on earlier death: never headline it


@dataclass(frozen=True)
class BeforeAfter:
    """The before-after illusion for one measure: 12 months before the start beside 12 months after.

    Rates are a year, per person alive or per starter. ``naive`` is the change of participants; ``true`` the change
    against the same people and dates without the programme; ``rho`` what happens without it, after over before.
    """

    who: Literal["starters", "completers"]
    measure: str
    per: Literal["person-year alive", "starter"]
    people: float  # whose windows fit, in the whole place, mean of the rows
    before: float
    after: float
    after_without: float
    naive: Band | None  # -0.2 is 20 % less; None when nothing happened before
    true: Band | None
    rho: Band | None


@dataclass(frozen=True)
class Transfer:
    """What a payer who gains would hand to one who loses, in present value, to make every payer whole."""

    giver: str
    taker: str
    pounds: float


@dataclass(frozen=True)
class WeakEvidence:
    """The weakest quantity behind a programme's figures: grade None is a number without a stated grade.

    Of several with the lowest grade it is the one whose rank correlation with the net saving is largest.
    """

    path: str
    grade: int | None
    source: str  # or why this value, where there is no source
    words: str = ""  # what it is, without a path


@dataclass(frozen=True)
class BreakEven:
    """The effect on hospital use at which the mean discounted net saving to the public purse would be zero.

    ``ratio`` is against the same people without the programme: 0.7 is 30 % fewer. None: not even the lowest ratio
    tried would do. ``now`` is the stated ratio of the run.
    """

    money: Money
    what: str  # what the ratio is of, in words
    now: float
    ratio: float | None
    mcse: float | None  # Monte Carlo error of the ratio
    ratios: Array  # [tried]
    saving: Value  # [tried] discounted net saving in the whole place at each, mean of the rows simulated again
    starts: float  # programme starts in the whole place
    rows: int  # sets of parameters simulated again


@dataclass(frozen=True)
class OtherModel:
    """The discounted net saving to the public purse for each start when a part of the model is built another way.

    It stands outside every range and probability.
    """

    name: str
    title: str
    why: str
    money: Money
    per_start: float  # pounds: that of the whole run plus the difference
    difference: Value  # from the model as it is, with the same people and luck
    rows: int  # rows it rests on
    simulated: bool  # at stated values; False: only priced again, in all rows of the run


@dataclass(frozen=True)
class ArmFindings:
    """Everything about one programme arm against usual care."""

    arm: str
    title: str  # what the arm is called
    programmes: tuple[str, ...]
    starts: Ranges  # programme starts in the whole place over the horizon
    spending_by_year: Ranges  # [year] programme spending in pounds (positive), undiscounted
    spending: Ranges  # discounted total
    views: tuple[View, ...]
    lines: tuple[LineSaving, ...]
    averted: tuple[Averted, ...]
    interaction: Value | None  # discounted net saving of a combination beyond that of its parts
    health: Health
    returns: tuple[ReturnRatio, ...]
    survivors: Survivors
    before_after: tuple[BeforeAfter, ...]
    transfers: tuple[Transfer, ...]
    unclaimed: tuple[str, ...]  # effects without a usable claim, absent in claimed mode
    weakest: WeakEvidence | None
    break_even: tuple[BreakEven, ...] = ()  # as value and as cash, for an arm that never pays back
    alternatives: tuple[OtherModel, ...] = ()  # as value and as cash, where they were worked out

    def view(self, payer: str = PUBLIC_PURSE, money: Money = "value") -> View:
        """The view of a payer.

        Raises:
            KeyError: for a payer without a line in this run.
        """
        for view in self.views:
            if (view.payer, view.money) == (payer, money):
                return view
        raise KeyError(f"{payer} ({money}): allowed {', '.join(dict.fromkeys(v.payer for v in self.views))}")

    def payer_views(self, money: Money = "value") -> tuple[View, ...]:
        """The views of single payers, in the order of the scenario."""
        return tuple(v for v in self.views if v.money == money and v.payer not in (PUBLIC_PURSE, SOCIETY))

    def per_starter(self, money: Money = "value", payer: str = PUBLIC_PURSE) -> Ranges | None:
        """Discounted net saving over the mean number of starts (a ratio of means); None when nobody starts."""
        starts = float(self.starts.mean)
        return self.view(payer, money).npv.scaled(1 / starts) if starts > 0 else None
