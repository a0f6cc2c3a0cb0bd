"""What a programme saves or costs: by year and line of spending, at full value and in cash, and by budget in cash.

With S[r, i, y] the spending of a year under usual care minus that in the arm, in row r and replicate i,

    net saving             S
    cumulative             sum of S up to the end of year y
    discounted             sum of S f[y] up to the end of year y,     f the discount factors of the account
    net present value      the discounted saving at the horizon

Means are over rows, errors between batches, ranges part parameters, places and chance (`uncertainty.ranges`).
Cumulative paths are shrunk year by year, so that each year's range is exact. Probabilities and payback are those of one
place: its own factor and chance are inside.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulator.findings import health, survivors
from simulator.findings.budgets import parts
from simulator.findings.finding import (
    BAND,
    MONEYS,
    POUNDS,
    PUBLIC_PURSE,
    SOCIETY,
    WHOLE,
    Finding,
    Money,
    Row,
    Table,
    band_by_year,
    counted,
    give_or_take,
    held,
    is_clear,
    kinds_of,
    low_to_high,
    mean_of,
    net,
    net_give_or_take,
    only,
    ranges_together,
    value_of,
    value_row,
)
from simulator.findings.payback import FundingGap, Payback, funding_gap, payback, place_paths, shortfall
from simulator.money.account import Account
from simulator.uncertainty.ranges import (
    Array,
    Band,
    Ranges,
    Sample,
    Value,
    expected_rows,
    plain,
    ranges,
    row_means,
)

if TYPE_CHECKING:
    from simulator.findings.arm import ArmFindings

AS_SIMULATED_WORDS = {
    "expected": "the sets of parameters as simulated (chance of the people simulated included)",
    "new_place": "the same in a new place (with differences between places)",
}
MOST_ROWS = 1e5  # sets of parameters beyond which no number is told
RANGE_WORDS = {
    "expected": "the expected effect (parameters alone)",
    "new_place": "a new place (with differences between places)",
}


# --------------------------------------------------------------------------------------------- what it is


@dataclass(frozen=True)
class View:
    """Net saving of the public purse or everyone, as value or as cash, or the cash of one budget."""

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


# -------------------------------------------------------------------------------------- how it is computed


def net_savings(account: Account, arm: str, sample: Sample) -> tuple[View, ...]:
    """Net saving as the public purse and everyone see it, as value and as cash, and the cash of each budget.

    A budget is cash: what is freed at full value is told by the place where it is freed (`budgets.capacity`).
    """
    named = {line.payer for line in account.lines} | {line.cash_payer for line in account.lines}
    wholes = [(whole, money) for whole in (PUBLIC_PURSE, SOCIETY) for money in MONEYS]
    budgets: list[tuple[str, Money]] = [(payer, "cash") for payer in account.payers if payer in named]
    return tuple(net_saving(account, arm, sample, payer, money) for payer, money in (*wholes, *budgets))


def net_saving(account: Account, arm: str, sample: Sample, payer: str = PUBLIC_PURSE, money: Money = "value") -> View:
    """Net saving of an arm against usual care, as one payer sees it.

    Args:
        account: the money.
        arm: a programme arm.
        sample: where the rows of the account come from.
        payer: a payer, the public purse, or everyone.
        money: at full value, or in cash.

    Source:
        O'Hagan, Stevenson & Madan (2007) for the ranges; Briggs, Claxton & Sculpher (2006) for the rest.

    Example:
        >>> from simulator.money.account import account_of
        >>> from simulator.findings.finding import sample_of
        >>> account = account_of({
        ...     "usual care": {"care nhs": [100, 100], "programme council": [0, 0]},
        ...     "walks": {"care nhs": [90, 70], "programme council": [25, 0]},
        ... })
        >>> view = net_saving(account, "walks", sample_of(account))
        >>> view.by_year.mean.tolist(), float(view.npv.mean), view.payback.median_year
        ([-15.0, 30.0], 15.0, 1.5)
    """
    whose = _whose(account, payer)
    saved = account.saving(arm, whose, cash=money == "cash")
    cumulative, discounted = saved.cumsum(axis=-1), saved * account.money_factor
    path = discounted.cumsum(axis=-1)
    futures = place_paths(path, sample)
    start = row_means(account.upfront(arm, whose), sample.people)
    ranged = ranges_together(
        sample, by_year=saved, cumulative=cumulative, discounted_by_year=discounted, discounted=path
    )
    return View(
        payer=payer,
        money=money,
        invests=bool(set(account.investors(arm)) & set(whose or account.payers)),
        by_year=ranged["by_year"],
        cumulative=ranged["cumulative"],
        discounted_by_year=ranged["discounted_by_year"],
        discounted=ranged["discounted"],
        expected_paths=expected_rows(path, sample).rows,
        place_paths=futures.all,
        p_saving=futures.mean(lambda draws, _: draws > 0),
        payback=payback(futures, start),
        gap=funding_gap(path, start, sample),
        shortfall=shortfall(futures.at(-1)),
    )


def _whose(account: Account, payer: str) -> tuple[str, ...] | None:
    """The payers behind a name; None for everyone."""
    if payer == SOCIETY:
        return None
    return account.public_payers if payer == PUBLIC_PURSE else (payer,)


def line_savings(account: Account, arm: str, sample: Sample) -> tuple[LineSaving, ...]:
    """Discounted net saving of each line that the arm changes.

    Example:
        >>> from simulator.money.account import account_of
        >>> from simulator.findings.finding import sample_of
        >>> account = account_of({"usual care": {"care nhs": [30, 30]}, "walks": {"care nhs": [20, 10]}})
        >>> [(line.name, float(line.value.mean)) for line in line_savings(account, "walks", sample_of(account))]
        [('care nhs', 30.0)]
    """
    value, cash = (
        np.einsum("riyl,y->ril", account.by_line(arm, cash=cash), account.money_factor) for cash in (False, True)
    )
    by_line, cash_by_line = ranges(value, sample), ranges(cash, sample)
    return tuple(
        LineSaving(line.name, line.payer, line.kind, by_line.at(k), cash_by_line.at(k))
        for k, line in enumerate(account.lines)
        if np.any(value[..., k])
    )


def interaction(account: Account, arm: str, parts: Sequence[str]) -> Value | None:
    """Discounted net saving of a combination to the public purse beyond the sum of its programmes.

    Args:
        account: the money.
        arm: the combination.
        parts: arms of its single programmes; None is given back where there are none.

    Example:
        >>> from simulator.money.account import account_of
        >>> pounds = {"usual care": 100, "walks": 90, "talks": 80, "both": 75}
        >>> account = account_of({arm: {"care nhs": [spent]} for arm, spent in pounds.items()})
        >>> float(interaction(account, "both", ("walks", "talks")).value)
        -5.0
    """
    if not parts:
        return None
    beyond = account.public_saving(arm) - sum(account.public_saving(part) for part in parts)
    return mean_of(account.discounted(beyond), account)


# ------------------------------------------------------------------------------------------ how it is shown


def by_year_rows(arm: ArmFindings) -> Iterator[Row]:
    """Net saving of each year and up to it, in each range."""
    for view in arm.views:
        for figure in ("by_year", "cumulative", "discounted_by_year", "discounted"):
            for name, band in getattr(view, figure).named().items():
                for row in band_by_year(band):
                    yield {"payer": view.payer, "money": view.money, "figure": figure, "range": name, **row}


def total_rows(arm: ArmFindings) -> Iterator[Row]:
    """Net present value, payback, funding gap and worst tenth as each payer sees them."""
    for view in arm.views:
        yield {
            **{"payer": view.payer, "money": view.money, "invests": view.invests},
            **view.npv.place.to_dict(),
            **plain({"undiscounted": view.total.mean, "undiscounted_mcse": view.total.expected.mcse}),
            **{f"payback_{name}": value for name, value in view.payback.to_dict().items()},
            **plain({"gap_depth": view.gap.depth.mean, "gap_depth_mcse": view.gap.depth.mcse}),
            **{"gap_year": view.gap.year, "chance_is_parted": bool(view.npv.is_parted)},
            **plain({"worst_tenth": view.shortfall.value, "worst_tenth_mcse": view.shortfall.mcse}),
        }


def line_rows(arm: ArmFindings) -> Iterator[Row]:
    """Each line of spending that changes."""
    for line in arm.lines:
        about = {"line": line.name, "payer": line.payer, "kind": line.kind}
        cash = plain({"cash": line.cash.mean, "cash_mcse": line.cash.expected.mcse})
        yield {**about, **cash, **line.value.place.to_dict()}


def interaction_rows(arm: ArmFindings) -> Iterator[Row]:
    """What a combination adds, where there is one."""
    if arm.interaction is not None:
        figure = "net saving beyond the sum of the programmes"
        yield {"figure": figure, "year": None, **value_row(arm.interaction)}


def headline(arm: ArmFindings) -> str:
    """Net saving for the public purse; of a programme that never pays back first what each person who starts costs."""
    view, each = arm.view(), arm.per_starter()
    where = f"present value over {arm.horizon_words}, to the public purse{parts.stated_in_words(arm)}"
    if view.payback.status == "no investment":
        return f"no net saving or cost to the public purse over {arm.horizon_words}."
    if view.payback.is_hopeless and each is not None:
        first = f"{_with_error(each)} per person who starts, and {health.in_words(arm.health)}"
        return f"{first}; {net_give_or_take(view.npv.expected)} in all, {where}."
    if is_clear(value_of(view.npv.expected)):
        return f"{_with_error(view.npv)}, {where}."
    total = _with_error(view.npv).removeprefix("a ")
    return f"about break-even; this run can't tell it from nothing. {total[0].upper()}{total[1:]}, {where}."


def _with_error(ranged: Ranges) -> str:
    """A mean with its error by its full name."""
    mean, error = float(ranged.mean), float(ranged.expected.mcse)
    known = f" (Monte Carlo error{give_or_take(error)})" if error > 0 else ""
    return f"{net(mean, error)}{known}"


def three_ranges(arm: ArmFindings) -> str:
    """The ranges without the chance of one place, what is in each, and the share of chance."""
    npv = arm.view().npv
    words = RANGE_WORDS if npv.is_parted else AS_SIMULATED_WORDS
    place = low_to_high(npv.place)
    others = {words[name]: band for name, band in npv.named().items() if name in words}
    named = {name: _wide(band) for name, band in others.items() if low_to_high(band) != place}
    said = "; ".join(f"{name}: {ends}" for name, ends in named.items())
    return f"{f'Other {held(arm.rows)} ranges, {said}.' if said else ''}{share_of_chance(npv)}".strip()


def _wide(band: Band) -> str:
    """A range in words; where it is a point, since no number is uncertain, that is said."""
    point = float(band.low) == float(band.high) and not math.isnan(float(band.mcse))
    return f"{low_to_high(band)}{', without width since no number is uncertain' if point else ''}"


def share_of_chance(ranged: Ranges) -> str:
    """How much of what differs between rows is chance, and whether the run can tell it apart; empty where none is."""
    share, error = float(ranged.chance_share), float(ranged.chance_share_mcse)
    if share <= 0:
        return ""
    points = f" ± {max(error * 100, 1):.0f}" if error > 0 else ""
    said = f" Chance is {share * 100:.0f} %{points} of what differs between sets of parameters"
    if ranged.is_parted:
        return f"{said}."
    return f"{said}; this run is too small to tell chance from what we don't know; {_enough(ranged)}."


def _enough(ranged: Ranges) -> str:
    """How many people a row would do, or rows where the place has not so many or everybody is lived already."""
    people, rows = float(ranged.people_needed), float(ranged.rows_needed)
    if math.isfinite(people):
        return f"{float(f'{people:.2g}'):,.0f} people would do"
    if rows < MOST_ROWS:
        return f"some {float(f'{rows:.2g}'):,.0f} sets of parameters may do"
    return "it takes far more sets of parameters"


def sentences(arm: ArmFindings) -> Sequence[str]:
    """What the rules of the scenario begin with; where lives or health are lost that, and no saving."""
    if arm.survivors.is_harm:
        return (survivors.headline(arm), survivors.care_in_words(arm))
    if arm.headline == "net present value":
        return (headline(arm),)
    first = health.first_social_value if arm.headline == "net present social value" else health.first_cost_per_qaly
    return (first(arm), f"Money: {headline(arm)}")


def range_sentences(arm: ArmFindings) -> Iterator[str]:
    """The range of a place like this, the same in cash, for each person who starts, and the other ranges."""
    view, cash = arm.view(), arm.view(money="cash")
    if arm.survivors.is_harm or view.payback.status == "no investment":
        return
    share = f" ({held(arm.rows)} of futures)" if arm.rows > 1 else ""
    yield f"In a place like yours: {low_to_high(view.npv.place)}{share}."
    stated = parts.stated_in_cash(arm)
    doubt = "" if is_clear(value_of(cash.npv.expected)) else ", which this run can't tell from nothing"
    said = f"{_with_error(cash.npv)}{doubt}{stated}"
    yield f"In cash: {said}; in a place like yours {low_to_high(cash.npv.place)} ({held(arm.rows)})."
    each, each_cash = arm.per_starter(), arm.per_starter("cash")
    if each is None or each_cash is None:
        yield "Nobody starts."
    else:
        value = "" if view.payback.is_hopeless else f"{net_give_or_take(each.expected)}; "  # the headline has it
        yield f"Per person who starts ({_people(arm)}): {value}in cash {net_give_or_take(each_cash.expected)}."
    if said := three_ranges(arm):
        yield said


def _people(arm: ArmFindings) -> str:
    return f"{counted(float(arm.starts.mean), float(arm.starts.expected.mcse))} people"


def facts(arm: ArmFindings) -> Row:
    """Net present value in its ranges, its parts by year, and the chance of a saving, to the public purse."""
    view, cash = arm.view(), arm.view(money="cash")
    return {
        "npv": view.npv.place.to_dict(),
        "npv_expected": view.npv.expected.to_dict(),
        "npv_new_place": None if view.npv.new_place is None else view.npv.new_place.to_dict(),
        "npv_cash": cash.npv.place.to_dict(),
        "chance_share": float(view.npv.chance_share),
        "chance_share_mcse": float(view.npv.chance_share_mcse),
        "chance_is_parted": bool(view.npv.is_parted),
        "people_needed": None if view.npv.is_parted else float(view.npv.people_needed),
        "rows_needed": None if view.npv.is_parted else float(view.npv.rows_needed),
        "net_saving_by_year": list(band_by_year(view.discounted_by_year.place)),
        "cash_saving_by_year": list(band_by_year(cash.discounted_by_year.place)),
        "p_saving_by_year": [{"year": year, **value_row(view.p_saving.at(year), "p")} for year in range(arm.years)],
    }


def brief(facts: Row) -> Row:
    """The same with 95 % ranges alone."""
    shown = ("mean", "low", "high", "mcse")
    return {
        **{name: facts[name] and only(facts[name], shown) for name in NPVS},
        "net_saving_by_year": [only(year, ("year", *shown)) for year in facts["net_saving_by_year"]],
        "p_saving_by_year": facts["p_saving_by_year"],
    }


NPVS = ("npv", "npv_expected", "npv_new_place", "npv_cash")
TOTALS = (*BAND, *(f"{name}{of}" for name in ("undiscounted", "gap_depth", "worst_tenth") for of in ("", "_mcse")))
NET_SAVING = Finding(
    tables=(
        Table("by_year", by_year_rows, kinds_of(POUNDS, *BAND)),
        Table("totals", total_rows, kinds_of(POUNDS, *TOTALS)),
    ),
    sentences=sentences,
    facts=facts,
    brief=brief,
)
RANGES = Finding(sentences=lambda arm: tuple(range_sentences(arm)))
LINES = Finding(tables=(Table("lines", line_rows, kinds_of(POUNDS, *BAND, "cash", "cash_mcse")),))
INTERACTION = Finding(tables=(Table("programme", interaction_rows, kinds_of(WHOLE, *BAND)),))
