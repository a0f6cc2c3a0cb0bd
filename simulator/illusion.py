"""Turns the windows of a ledger into the before-after illusion: what an uncontrolled evaluation would have reported.

With r the sum of a measure over rows divided by that of the person-years alive (or of the people),

    naive = r[with, after] / r[with, before] - 1,   true = r[with, after] / r[without, after] - 1,
    rho = r[without, after] / r[without, before],   so that  1 + naive = rho (1 + true)

when both worlds share their history. The errors are those of ratios of means (delta method); the ranges are those of
the rows' own ratios, so they hold the chance of the people simulated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simulator.activity.ledger import SIDES, WHO, WORLDS, Ledger
from simulator.outcomes import BeforeAfter
from simulator.uncertainty.ranges import Array, Band, quantiles, standard_error
from simulator.units import DAYS_PER_YEAR

Per = Literal["person-year alive", "starter"]
EXPOSURES = ("alive_days", "people")


def before_after(ledger: Ledger, arm: str, batch: NDArray[np.int64]) -> Iterator[BeforeAfter]:
    """The illusion of one programme arm, for starters and completers, per person-year alive and per starter.

    Args:
        ledger: windows of 12 months on either side of the start.
        arm: a programme arm.
        batch: [row] for the errors.

    Returns:
        One entry for each measure that happened before or after; none when nobody's windows fit.
    """
    windows = ledger.windows[:, :, ledger.arms.index(arm) - 1].sum(axis=1)
    weight = ledger.place_size / ledger.people.sum(axis=1)
    per: tuple[Per, ...] = ("person-year alive", "starter")
    for w, who in enumerate(WHO):
        people = windows[:, w, 0, 0, ledger.measures.index("people")]
        if not np.any(people):
            continue
        for k, measure in enumerate(ledger.measures):
            if measure in EXPOSURES or not np.any(windows[:, w, ..., k]):
                continue
            for each in per:
                rates = _Rates(windows[:, w, ..., k], _exposure(ledger, windows[:, w], each))
                yield _entry(who, measure, each, float((people * weight).mean()), rates, batch)


def _exposure(ledger: Ledger, windows: Array, per: Per) -> Array:
    if per == "starter":
        return windows[..., ledger.measures.index("people")]
    return windows[..., ledger.measures.index("alive_days")] / DAYS_PER_YEAR


@dataclass(frozen=True)
class _Rates:
    """Counts and exposure of one measure in each world and side."""

    counts: Array  # [row, world, side]
    exposure: Array  # [row, world, side] person-years alive, or people

    def rate(self, world: str, side: str) -> float:
        counts, exposure = self._of(world, side)
        return float(counts.sum() / exposure.sum()) if exposure.sum() > 0 else 0.0

    def ratio(self, top: tuple[str, str], bottom: tuple[str, str], batch: NDArray[np.int64]) -> Band | None:
        """Ratio of two rates; None when either is undefined or the lower one is 0."""
        if self.rate(*bottom) <= 0 or self._of(*top)[1].sum() <= 0:
            return None
        mean = self.rate(*top) / self.rate(*bottom)
        parts = [*self._of(*top), *self._of(*bottom)]
        away = [np.zeros(len(part)) if part.sum() == 0 else part / part.mean() for part in parts]
        error = mean * standard_error(away[0] - away[1] - away[2] + away[3], batch)
        return Band(np.asarray(mean), np.asarray(error), *_row_range(*parts))

    def _of(self, world: str, side: str) -> tuple[Array, Array]:
        at = (slice(None), WORLDS.index(world), SIDES.index(side))
        return self.counts[at], self.exposure[at]


def _row_range(top: Array, top_exposure: Array, bottom: Array, bottom_exposure: Array) -> tuple[Array, Array]:
    fit = (top_exposure > 0) & (bottom > 0)
    ratios = top[fit] / top_exposure[fit] * bottom_exposure[fit] / bottom[fit]
    return quantiles(ratios if len(ratios) else np.full(1, np.nan), max(len(ratios), 1))


def _entry(who: str, measure: str, per: Per, people: float, rates: _Rates, batch: NDArray[np.int64]) -> BeforeAfter:
    naive = rates.ratio(("with", "after"), ("with", "before"), batch)
    true = rates.ratio(("with", "after"), ("without", "after"), batch)
    return BeforeAfter(
        who="starters" if who == "starters" else "completers",
        measure=measure,
        per=per,
        people=people,
        before=rates.rate("with", "before"),
        after=rates.rate("with", "after"),
        after_without=rates.rate("without", "after"),
        naive=None if naive is None else _change(naive),
        true=None if true is None else _change(true),
        rho=rates.ratio(("without", "after"), ("without", "before"), batch),
    )


def _change(ratio: Band) -> Band:
    """A ratio as a change: 0.8 is -0.2."""
    return Band(ratio.mean - 1, ratio.mcse, ratio.quantiles - 1, ratio.quantile_mcse)
