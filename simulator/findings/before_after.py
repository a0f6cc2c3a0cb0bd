"""What an uncontrolled before-and-after evaluation would have reported, beside the true change.

With r the sum of a measure over rows divided by that of the person-years alive (or of the people),

    naive = r[with, after] / r[with, before] - 1,   true = r[with, after] / r[without, after] - 1,
    rho = r[without, after] / r[without, before],   so that  1 + naive = rho (1 + true)

when both worlds share their history. The errors are those of ratios of means (delta method); the ranges are those of
the rows' own ratios, so they hold the chance of the people simulated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from simulator.activity.ledger import SIDES, WHO, WORLDS, Ledger
from simulator.findings.finding import SHARE, Finding, Row, Table, kinds_of, only
from simulator.uncertainty.ranges import LEVELS, Array, Band, futures_of, standard_error
from simulator.units import DAYS_PER_YEAR

if TYPE_CHECKING:
    from simulator.findings.arm import ArmFindings

Who = Literal["starters", "completers"]
Per = Literal["person-year alive", "starter"]
EXPOSURES = ("alive_days", "people")


# --------------------------------------------------------------------------------------------- what it is


@dataclass(frozen=True)
class BeforeAfter:
    """The before-after illusion for one measure: the time before the start beside as long after.

    Rates are a year, per person alive or per starter. ``naive`` is the change of participants; ``true`` the change
    against the same people and dates without the programme; ``rho`` what happens without it, after over before.
    """

    who: Who
    measure: str
    per: Per
    people: float  # whose windows fit, in the whole place, mean of the rows
    before: float
    after: float
    after_without: float
    naive: Band | None  # -0.2 is 20 % less; None when nothing happened before
    true: Band | None
    rho: Band | None


# -------------------------------------------------------------------------------------- how it is computed


def before_after(ledger: Ledger, arm: str, batch: NDArray[np.int64]) -> tuple[BeforeAfter, ...]:
    """The illusion of one programme arm, for starters and completers, per person-year alive and per starter.

    Args:
        ledger: windows on either side of the start.
        arm: a programme arm.
        batch: [row] for the errors.

    Returns:
        One entry for each measure that happened before or after; none when nobody's windows fit.

    Example:
        >>> visits = np.array([[40.0, 18.0], [40.0, 20.0]])  # [world, side]
        >>> windows = np.zeros((1, 1, 1, 2, 2, 2, 3))
        >>> windows[0, 0, 0, 0] = np.stack([visits, 0 * visits + 3652.5, 0 * visits + 10], axis=-1)
        >>> arms, measures, one = ("usual care", "walks"), ("visits:ae", "alive_days", "people"), np.ones((1, 1))
        >>> ledger = Ledger(arms, (), (), measures, np.arange(1), one, 1.0, np.zeros((1, 1, 2, 0, 1, 0)), windows)
        >>> entry, _ = before_after(ledger, "walks", np.zeros(1, int))
        >>> entry.before, entry.after, entry.after_without
        (4.0, 1.8, 2.0)
        >>> round(float(entry.naive.mean), 6), round(float(entry.true.mean), 6)
        (-0.55, -0.1)
    """
    return tuple(_entries(ledger, ledger.windows[:, :, ledger.arms.index(arm) - 1].sum(axis=1), batch))


def _entries(ledger: Ledger, windows: Array, batch: NDArray[np.int64]) -> Iterator[BeforeAfter]:
    """Of windows by [row, who, world, side, measure]."""
    starters_and_completers: tuple[Who, ...] = get_args(Who)
    both: tuple[Per, ...] = get_args(Per)
    weight = ledger.place_size / ledger.people.sum(axis=1)
    for who in starters_and_completers:
        their = windows[:, WHO.index(who)]
        people = float((their[:, 0, 0, ledger.measures.index("people")] * weight).mean())
        for k, measure in enumerate(ledger.measures):
            if people > 0 and measure not in EXPOSURES and np.any(their[..., k]):
                for per in both:
                    rates = _Rates(their[..., k], _exposure(ledger, their, per), batch)
                    yield _entry(who, measure, per, people, rates)


def _exposure(ledger: Ledger, windows: Array, per: Per) -> Array:
    if per == "starter":
        return windows[..., ledger.measures.index("people")]
    return windows[..., ledger.measures.index("alive_days")] / DAYS_PER_YEAR


@dataclass(frozen=True)
class _Rates:
    """Counts and exposure of one measure in each world and side."""

    counts: Array  # [row, world, side]
    exposure: Array  # [row, world, side] person-years alive, or people
    batch: NDArray[np.int64]  # [row]

    def rate(self, world: str, side: str) -> float:
        counts, exposure = self._of(world, side)
        return float(counts.sum() / exposure.sum()) if exposure.sum() > 0 else 0.0

    def ratio(self, top: tuple[str, str], bottom: tuple[str, str]) -> Band | None:
        """Ratio of two rates; None when either is undefined or the lower one is 0."""
        if self.rate(*bottom) <= 0 or self._of(*top)[1].sum() <= 0:
            return None
        mean = self.rate(*top) / self.rate(*bottom)
        parts = [*self._of(*top), *self._of(*bottom)]
        away = [np.zeros(len(part)) if part.sum() == 0 else part / part.mean() for part in parts]
        error = mean * standard_error(away[0] - away[1] - away[2] + away[3], self.batch)
        return Band(np.asarray(mean), np.asarray(error), *_row_range(self.batch, *parts))

    def change(self, top: tuple[str, str], bottom: tuple[str, str]) -> Band | None:
        """The same as a change: a ratio of 0.8 is -0.2."""
        ratio = self.ratio(top, bottom)
        return ratio and Band(ratio.mean - 1, ratio.mcse, ratio.quantiles - 1, ratio.quantile_mcse)

    def _of(self, world: str, side: str) -> tuple[Array, Array]:
        at = (slice(None), WORLDS.index(world), SIDES.index(side))
        return self.counts[at], self.exposure[at]


def _row_range(
    batch: NDArray[np.int64], top: Array, top_exposure: Array, bottom: Array, bottom_exposure: Array
) -> tuple[Array, Array]:
    defined = (top_exposure > 0) & (bottom > 0)
    ratios = top[defined] / top_exposure[defined] * bottom_exposure[defined] / bottom[defined]
    if not len(ratios):
        return np.full(len(LEVELS), np.nan), np.full(len(LEVELS), np.nan)
    return futures_of(ratios[:, None], batch[defined]).quantiles()


def _entry(who: Who, measure: str, per: Per, people: float, rates: _Rates) -> BeforeAfter:
    return BeforeAfter(
        who=who,
        measure=measure,
        per=per,
        people=people,
        before=rates.rate("with", "before"),
        after=rates.rate("with", "after"),
        after_without=rates.rate("without", "after"),
        naive=rates.change(("with", "after"), ("with", "before")),
        true=rates.change(("with", "after"), ("without", "after")),
        rho=rates.ratio(("without", "after"), ("without", "before")),
    )


# ------------------------------------------------------------------------------------------ how it is shown


def rows(arm: ArmFindings) -> Iterator[Row]:
    """Each measure, with the two changes."""
    for entry in arm.before_after:
        about = {name: getattr(entry, name) for name in ("who", "measure", "per", "people", "before", "after")}
        bands = {"naive": entry.naive, "true": entry.true, "rho": entry.rho}
        means = {name: None if band is None else float(band.mean) for name, band in bands.items()}
        errors = {f"{name}_mcse": None if band is None else float(band.mcse) for name, band in bands.items()}
        yield {**about, "after_without": entry.after_without, **means, **errors}


def facts(arm: ArmFindings) -> Row:
    """The same rows."""
    return {"before_after": list(rows(arm))}


def brief(facts: Row) -> Row:
    """Of those who start, by person-year alive."""
    shown = [entry for entry in facts["before_after"] if (entry["who"], entry["per"]) == ("starters", get_args(Per)[0])]
    return {"before_after": [only(entry, ("measure", "naive", "true", "rho")) for entry in shown]}


CHANGES = kinds_of(SHARE, "naive", "true", "naive_mcse", "true_mcse")
BEFORE_AFTER = Finding(tables=(Table("before_after", rows, CHANGES),), facts=facts, brief=brief)
