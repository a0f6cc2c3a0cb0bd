"""When a programme has paid back: the first time after which its cumulative saving stays at or above zero.

The path is straight between the ends of years, from what is spent on day 0. With k the last end of a year below zero,

    payback = k + (0 - c[k]) / (c[k + 1] - c[k]),   infinite when k is the horizon, 0 when no end is below zero.

The mean of a payback time does not exist when some futures never pay back; the restricted mean counts those as the
horizon (Royston & Parmar 2013, BMC Medical Research Methodology 13: 152). Beside it what else the path says: how deep
the funding gap is, and the mean of the worst futures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from simulator.findings.finding import SHARE, Finding, Row, Table, futures, in_futures, kinds_of, only
from simulator.uncertainty.ranges import (
    Array,
    Band,
    Sample,
    Value,
    band,
    flat,
    new_place_rows,
    place_draws,
    plain,
    share_of,
    standard_error,
)

if TYPE_CHECKING:
    from simulator.findings.arm import ArmFindings

WORST = 0.1
HOPELESS = 0.99
RARELY_PAID = 0.5


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
            **plain({"restricted_mean_years": self.restricted_mean_years.value}),
            **plain({"restricted_mean_mcse": self.restricted_mean_years.mcse}),
            **plain({"p_relapse": self.p_relapse.value}),
        }


@dataclass(frozen=True)
class FundingGap:
    """How far below zero the cumulative undiscounted saving falls at its lowest, in a place of this size; 0 or more."""

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


def payback(paths: Array, start: Array, batch: NDArray[np.int64]) -> Payback:
    """Payback over the futures of a place.

    Args:
        paths: [row, draw, year] cumulative discounted saving at the end of each year.
        start: [row] the same on day 0.
        batch: [row] for the errors.

    Returns:
        The distribution of the payback time.

    Example:
        >>> paths = np.array([[[-50.0, 50.0]], [[-50.0, -1.0]]])
        >>> payback(paths, np.zeros(2), np.zeros(2, int)).restricted_mean_years.value.tolist()
        1.75
    """
    years = paths.shape[2]
    first = np.broadcast_to(start[:, None], paths.shape[:2])
    times, crossed = payback_times(paths, first), first_crossings(paths, first)
    ends = np.arange(1, years + 1)
    capped = np.minimum(times, years).mean(axis=1)
    median = float(np.sort(times, axis=None)[(times.size - 1) // 2])
    return Payback(
        status="measured" if np.any(paths) or np.any(start) else "no investment",
        times=times.ravel(),
        p_never=share_of(~np.isfinite(times), batch),
        by_year=share_of(times[..., None] <= ends, batch),
        crossed_by_year=share_of(crossed[..., None] <= ends, batch),
        p_relapse=share_of(crossed < times, batch),
        median_year=median if np.isfinite(median) else None,
        restricted_mean_years=Value(np.asarray(capped.mean()), standard_error(capped, batch)),
    )


def place_paths(cumulative: Array, sample: Sample) -> Array:
    """Paths of the cumulative saving in a place of this size: [row, replicate, year] -> [row, draw, year]."""
    return place_draws(new_place_rows(cumulative, sample)[0], cumulative, sample)


def funding_gap(cumulative: Array, start: Array, sample: Sample) -> FundingGap:
    """How deep the path goes below zero, on day 0 or at the end of a year.

    Args:
        cumulative: [row, replicate, year] undiscounted saving to the end of each year.
        start: [row] the same on day 0, 0 or less.
        sample: people, streams and batches of the rows.

    Example:
        >>> sample = Sample(np.ones((1, 1)), 1.0, np.zeros(1, int), one_stream=True)
        >>> gap = funding_gap(np.array([[[-100.0, -40.0, 20.0]]]), np.zeros(1), sample)
        >>> float(gap.depth.mean), gap.year
        (100.0, 0)
    """
    lowest = np.minimum(place_paths(cumulative, sample).min(axis=-1), start[:, None])
    depth = np.maximum(-lowest, 0)
    mean = cumulative.mean(axis=(0, 1))
    by_row = depth.mean(axis=1, keepdims=True)
    of_rows = Sample(np.ones(by_row.shape), 1.0, sample.batch, sample.one_stream)
    return FundingGap(band(flat(depth), by_row, of_rows), int(np.argmin(mean)) if mean.min() < 0 else None)


def shortfall(totals: Array, batch: NDArray[np.int64], worst: float = WORST) -> Value:
    """Expected shortfall: the mean of the worst futures.

    Args:
        totals: [row, draw] savings.
        batch: [row] for the error.
        worst: the share of futures that counts as worst.

    Returns:
        The mean of the lowest share and its error over rows.

    Source:
        Rockafellar & Uryasev (2000), Journal of Risk 2: 21-41: with q the quantile, the mean of q - (q - x)+ / share.

    Example:
        >>> shortfall(np.arange(10.0)[:, None], np.zeros(10, int), 0.2).value.round(6).tolist()
        0.5
    """
    ordered = np.sort(totals, axis=None)
    border = ordered[max(int(np.ceil(worst * len(ordered) - 1e-9)) - 1, 0)]
    by_row = border - np.maximum(border - totals, 0).mean(axis=1) / worst
    return Value(np.asarray(by_row.mean()), standard_error(by_row, batch))


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


def sentences(arm: ArmFindings) -> Sequence[str]:
    """How often it has paid back by the horizon, or how often not where that is more than half of the futures."""
    if arm.survivors.is_harm:
        return ("Payback is not told: care that nobody lives to need pays for nothing.",)
    value, cash = arm.view().payback, arm.view(money="cash").payback
    if value.status == "no investment":
        return ("Payback: no investment, the programme changes no spending.",)
    when = "not reached" if value.median_year is None else f"{value.median_year:.1f} years"
    rarely = float(value.p_never.value) >= RARELY_PAID
    never = float(value.p_never.value), float(cash.p_never.value)
    shares = never if rarely else (1 - never[0], 1 - never[1])
    return (
        f"In {in_futures(shares[0])} this programme has {'not ' if rarely else ''}paid back by year {arm.years} "
        f"(in cash: {futures(shares[1])}); median payback {when}.",
    )


def facts(arm: ArmFindings) -> Row:
    """Payback of the public purse, as value and in cash."""
    return {"payback": arm.view().payback.to_dict(), "payback_cash": arm.view(money="cash").payback.to_dict()}


def brief(facts: Row) -> Row:
    """Payback as value."""
    return {"payback": only(facts["payback"], ("p_never", "median_year", "restricted_mean_years"))}


SHARES = ("saves", "saves_mcse", "paid_back", "paid_back_mcse", "at_zero_once", "at_zero_once_mcse")
PAYBACK = Finding(
    tables=(Table("probabilities", probability_rows, kinds_of(SHARE, *SHARES)),),
    sentences=sentences,
    facts=facts,
    brief=brief,
)
