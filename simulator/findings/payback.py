"""When a programme has paid back: the first time after which its cumulative saving stays at or above zero.

The path is straight between the ends of years, from what is spent on day 0. With k the last end of a year below zero,

    payback = k + (0 - c[k]) / (c[k + 1] - c[k]),   infinite when k is the horizon, 0 when no end is below zero.

The mean of a payback time does not exist when some futures never pay back; the restricted mean counts those as the
horizon (Royston & Parmar 2013, BMC Medical Research Methodology 13: 152). Beside it what else the path says: how deep
the funding gap is, and the mean of the worst futures.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from simulator.findings.finding import (
    SHARE,
    Finding,
    Row,
    Table,
    chance,
    give_or_take,
    is_clear,
    kinds_of,
    only,
    pounds,
    value_of,
)
from simulator.uncertainty.ranges import (
    Array,
    Band,
    Futures,
    Sample,
    Value,
    futures_of,
    new_place_rows,
    place_futures,
    plain,
)

if TYPE_CHECKING:
    from simulator.findings.arm import ArmFindings
    from simulator.findings.saving import View

WORST = 0.1
HOPELESS = 0.99
SAYS_NOTHING = 0.95


# --------------------------------------------------------------------------------------------- what it is


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
    median_mcse: float | None  # None too where it may be that more than half never pay back
    restricted_mean_years: Value

    @property
    def is_hopeless(self) -> bool:
        """Whether there is an investment, and it fails to pay back in more than 99 of 100 futures."""
        return self.status == "measured" and float(self.p_never.value) > HOPELESS

    def to_dict(self) -> Row:
        """Plain values."""
        return {
            "status": self.status,
            **plain({"p_never": self.p_never.value, "p_never_mcse": self.p_never.mcse}),
            "median_year": self.median_year,
            "median_mcse": self.median_mcse,
            **plain({"restricted_mean_years": self.restricted_mean_years.value}),
            **plain({"restricted_mean_mcse": self.restricted_mean_years.mcse}),
            **plain({"p_relapse": self.p_relapse.value}),
        }


@dataclass(frozen=True)
class FundingGap:
    """How far below zero the cumulative discounted saving falls at its lowest, in a place of this size; 0 or more."""

    depth: Band  # pounds
    year: int | None  # the year at whose end the mean path is lowest; None when it is never below zero


# -------------------------------------------------------------------------------------- how it is computed


def payback_times(paths: Array, start: Array) -> Array:
    """When each path comes to stay at or above zero.

    Args:
        paths: [..., year] cumulative saving at the end of each year.
        start: [...] cumulative saving on day 0, 0 or less.

    Returns:
        [...] years from the start; infinite when never within the horizon.

    Example:
        >>> payback_times(np.array([[-50.0, 50.0], [-50.0, -1.0], [5.0, -1.0]]), np.zeros(3)).tolist()
        [1.5, inf, inf]
    """
    nodes = _nodes(paths, start)
    last = _last(nodes < 0)
    return np.where(last < 0, 0.0, _crossing(nodes, np.maximum(last, 0)))


def first_crossings(paths: Array, start: Array) -> Array:
    """When each path first comes back to zero or above, whether or not it stays there; as :func:`payback_times`.

    Example:
        >>> first_crossings(np.array([[-1.0, 1.0, -1.0]]), np.zeros(1)).tolist()
        [1.5]
    """
    nodes = _nodes(paths, start)
    below = nodes < 0
    falls = below & np.concatenate([~below[..., 1:], np.ones_like(below[..., :1])], axis=-1)
    first = np.argmax(falls, axis=-1)
    return np.where(below.any(axis=-1), _crossing(nodes, first), 0.0)


def payback(futures: Futures, start: Array) -> Payback:
    """Payback over the futures of a place.

    Args:
        futures: [row, draw, year] cumulative discounted saving at the end of each year.
        start: [row] the same on day 0.

    Returns:
        The distribution of the payback time.

    Example:
        >>> paths = np.array([[[-50.0, 50.0]], [[-50.0, -1.0]]])
        >>> payback(futures_of(paths, np.zeros(2, int)), np.zeros(2)).restricted_mean_years.value.tolist()
        1.75
    """
    paths = futures.draws
    times = payback_times(paths, np.broadcast_to(start[:, None], paths.shape[:2]))
    told, years = futures.mean(lambda draws, row: _told(draws, start[row])), paths.shape[2]
    return Payback(
        status="measured" if np.any(paths) or np.any(start) else "no investment",
        times=times.ravel(),
        p_never=told.at(0),
        by_year=Value(told.value[3 : years + 3], told.mcse[3 : years + 3]),
        crossed_by_year=Value(told.value[years + 3 :], told.mcse[years + 3 :]),
        p_relapse=told.at(1),
        **_median(times, futures, start),
        restricted_mean_years=told.at(2),
    )


def _told(draws: Array, start: Array) -> Array:
    """Of each path: never, relapsed, capped time, paid back by each year, crossed by each year: [..., 3 + 2 years]."""
    first, years = np.broadcast_to(start, draws.shape[:-1]), draws.shape[-1]
    times, crossed = payback_times(draws, first)[..., None], first_crossings(draws, first)[..., None]
    ends = np.arange(1, years + 1)
    parts = (~np.isfinite(times), crossed < times, np.minimum(times, years), times <= ends, crossed <= ends)
    return np.concatenate([np.asarray(part, dtype=np.float64) for part in parts], axis=-1)


def _median(times: Array, futures: Futures, start: Array) -> dict[str, float | None]:
    """The median payback time, and half the distance between the times an error of its share on each side."""
    ordered = np.sort(times, axis=None)
    median = float(ordered[(ordered.size - 1) // 2])
    if not np.isfinite(median):
        return {"median_year": None, "median_mcse": None}

    def paid_by_then(draws: Array, row: NDArray[np.int64]) -> NDArray[np.bool_]:
        return np.asarray(payback_times(draws, np.broadcast_to(start[row], draws.shape[:-1])) <= median)[..., None]

    share = float(np.nan_to_num(futures.mean(paid_by_then).mcse[0]))
    low, high = (
        float(ordered[int(np.clip(part * ordered.size, 0, ordered.size - 1))]) for part in (0.5 - share, 0.5 + share)
    )
    return {"median_year": median, "median_mcse": (high - low) / 2 if np.isfinite(high) else None}


def place_paths(cumulative: Array, sample: Sample) -> Futures:
    """Paths of the cumulative saving in a place of this size: [row, replicate, year] -> futures [row, draw, year]."""
    return place_futures(new_place_rows(cumulative, sample), cumulative, sample)


def funding_gap(cumulative: Array, start: Array, sample: Sample) -> FundingGap:
    """How deep the path goes below zero, on day 0 or at the end of a year.

    Args:
        cumulative: [row, replicate, year] discounted saving to the end of each year.
        start: [row] the same on day 0, 0 or less.
        sample: people, streams and batches of the rows.

    Example:
        >>> sample = Sample(np.ones((1, 1)), 1.0, np.zeros(1, int), one_stream=True)
        >>> gap = funding_gap(np.array([[[-100.0, -40.0, 20.0]]]), np.zeros(1), sample)
        >>> float(gap.depth.mean), gap.year
        (100.0, 0)
    """

    def depth(draws: Array, row: NDArray[np.int64]) -> Array:
        return np.asarray(np.maximum(-np.minimum(draws.min(axis=-1), start[row]), 0))[..., None]

    futures = place_paths(cumulative, sample)
    depths = depth(futures.draws.swapaxes(0, 1), np.arange(len(start)))[..., 0].T
    mean, path = futures.mean(depth).at(0), cumulative.mean(axis=(0, 1))
    ends = futures_of(depths, sample.batch).quantiles()
    return FundingGap(Band(mean.value, mean.mcse, *ends), int(np.argmin(path)) if path.min() < 0 else None)


def shortfall(futures: Futures, worst: float = WORST) -> Value:
    """Expected shortfall: the mean of the worst futures.

    Args:
        futures: [row, draw] savings.
        worst: the share of futures that counts as worst.

    Returns:
        The mean of the lowest share and its error; nan where that share is the lowest future alone.

    Source:
        Rockafellar & Uryasev (2000), Journal of Risk 2: 21-41: with q the quantile, the mean of q - (q - x)+ / share.

    Example:
        >>> shortfall(futures_of(np.arange(10.0)[:, None], np.zeros(10, int)), 0.2).value.round(6).tolist()
        0.5
    """
    ordered = np.sort(futures.draws, axis=None)
    border = ordered[max(int(np.ceil(worst * len(ordered) - 1e-9)) - 1, 0)]
    mean = futures.mean(lambda draws, _: (border - np.maximum(border - draws, 0) / worst)[..., None]).at(0)
    one_future = ordered[0] == border < ordered[-1]
    return replace(mean, mcse=np.asarray(np.nan)) if one_future else mean


def _nodes(paths: Array, start: Array) -> Array:
    return np.concatenate([start[..., None], paths], axis=-1)


def _last(below: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number of the last node below zero, -1 for none: [..., node] -> [...]."""
    last = below.shape[-1] - 1 - np.argmax(below[..., ::-1], axis=-1)
    return np.where(below.any(axis=-1), last, -1)


def _crossing(nodes: Array, k: NDArray[np.int64]) -> Array:
    """Where the line from node k, below zero, to the next meets zero; infinite after the last node."""
    after = np.minimum(k + 1, nodes.shape[-1] - 1)
    low, high = (np.take_along_axis(nodes, at[..., None], axis=-1)[..., 0] for at in (k, after))
    rise = np.where(high > low, high - low, 1.0)
    return np.where(after > k, k - low / rise, np.inf)


# ------------------------------------------------------------------------------------------ how it is shown


def probability_rows(arm: ArmFindings) -> Iterator[Row]:
    """Shares of the futures of a place of this size, by the end of each year."""
    for view in arm.views:
        shares = {
            "saves": view.p_saving,
            "paid_back": view.payback.by_year,
            "at_zero_once": view.payback.crossed_by_year,
        }
        for year in range(arm.years):
            row: Row = {"payer": view.payer, "money": view.money, "year": year}
            for name, share in shares.items():
                row |= plain({name: share.value[year], f"{name}_mcse": share.mcse[year]})
            yield row


def sentences(arm: ArmFindings) -> Iterator[str]:
    """How often it saves, when half the futures have paid back, and how much cash it needs first."""
    if arm.survivors.is_harm:
        yield "Payback is not told: care that nobody lives to need pays for nothing."
        return
    value, cash = arm.view(), arm.view(money="cash")
    if value.payback.status == "no investment":
        yield "Payback: no investment, the programme changes no spending."
        return
    counting = "Counting capacity at full cost it" if float(arm.parts.capacity.value) else "It"
    saves, in_cash = (chance(view.p_saving.at(-1)) for view in (value, cash))
    said = f"{counting} saves in {saves}; in cash in {in_cash}"
    if saves == in_cash:
        said = f"It saves in {saves}, at full value and in cash alike,"
    yield f"{said} by the end of {arm.year_names[-1]}.{_when(arm, value.payback)}"
    if is_clear(value_of(cash.gap.depth)) and cash.gap.year is not None:
        yield _needed(arm, cash)


def _when(arm: ArmFindings, value: Payback) -> str:
    """The median, where it is known whether there is one."""
    if value.median_year is None:
        return ""  # more than half never pay back: the share that saves has said so
    if value.median_mcse is None:
        return " Whether half the futures pay back is too close to call."
    if value.median_year == 0:
        return " In at least half the futures it is paid back from the start."
    error = f" ± {max(value.median_mcse, 0.1):.1f}" if value.median_mcse > 0 else ""
    year = arm.year_names[min(max(math.ceil(value.median_year) - 1, 0), arm.years - 1)]
    return (
        f" Half the futures have paid back by the end of {year} ({value.median_year:.1f}{error} years after the start)."
    )


def _needed(arm: ArmFindings, cash: View) -> str:
    """How deep the cash goes before it turns, and when."""
    depth, error = float(cash.gap.depth.mean), float(cash.gap.depth.mcse)
    known = f"{pounds(depth, error)}{give_or_take(error)}"
    assert cash.gap.year is not None
    when = f"at the end of {arm.year_names[cash.gap.year]}"
    return f"Cash to be found where the gap is deepest, {when}: {known} (present value)."


def facts(arm: ArmFindings) -> Row:
    """Payback of the public purse, as value and in cash."""
    return {"payback": arm.view().payback.to_dict(), "payback_cash": arm.view(money="cash").payback.to_dict()}


def brief(facts: Row) -> Row:
    """Payback as value and in cash."""
    return {name: only(facts[name], ("p_never", "median_year", "restricted_mean_years")) for name in PAYBACKS}


PAYBACKS = ("payback", "payback_cash")
SHARES = ("saves", "saves_mcse", "paid_back", "paid_back_mcse", "at_zero_once", "at_zero_once_mcse")
PAYBACK = Finding(
    tables=(Table("probabilities", probability_rows, kinds_of(SHARE, *SHARES)),),
    sentences=lambda arm: tuple(sentences(arm)),
    facts=facts,
    brief=brief,
)
