"""Writing down what happened to one person: counts, days split by year, and the year before and after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import floor

import numpy as np
from numpy.typing import NDArray

from simulator.ledger import (
    LIFE_COUNTS,
    LIFE_DAYS,
    PLACE_COUNTS,
    PLACE_DAYS,
    SUPPORT_COUNTS,
    SUPPORT_DAYS,
    WINDOW_KINDS,
)
from simulator.model import DAYS_PER_YEAR, Model

WINDOW_DAYS = 365.0


@dataclass(frozen=True)
class Layout:
    """Where each kind of item starts in the arrays of counts and days."""

    years: int
    places: int
    needs: int
    supports: int
    states: int
    bands: int
    utilities: int
    benefits: int

    @classmethod
    def of(cls, model: Model) -> Layout:
        """The layout of a model."""
        states = model.by_health.shape[1]
        return cls(
            model.years, len(model.places), len(model.needs), len(model.supports), states, len(model.bands),
            len(model.utility_effects), len(model.benefit_support),
        )  # fmt: skip

    @cached_property
    def need_counts(self) -> int:
        """First need item."""
        return self.places * len(PLACE_COUNTS)

    @cached_property
    def support_counts(self) -> int:
        """First support count."""
        return self.need_counts + 2 * self.needs

    @cached_property
    def life_counts(self) -> int:
        """First count of lives."""
        return self.support_counts + self.supports * len(SUPPORT_COUNTS)

    @cached_property
    def support_days(self) -> int:
        """First item of support days."""
        return self.places * len(PLACE_DAYS)

    @cached_property
    def life_days(self) -> int:
        """First item of days of lives."""
        return self.support_days + self.supports * len(SUPPORT_DAYS)

    @cached_property
    def health_days(self) -> int:
        """First item of days by health and band."""
        return self.life_days + len(LIFE_DAYS)

    @cached_property
    def utility_days(self) -> int:
        """First item of utility effect days."""
        return self.health_days + self.states * self.bands

    @cached_property
    def benefit_days(self) -> int:
        """First item of benefit days."""
        return self.utility_days + self.utilities

    @cached_property
    def counts_size(self) -> int:
        """Number of counted items."""
        return self.life_counts + len(LIFE_COUNTS)

    @cached_property
    def days_size(self) -> int:
        """Number of items in days."""
        return self.benefit_days + self.benefits

    @cached_property
    def size(self) -> int:
        """Number of items."""
        return self.counts_size + self.days_size


_PLACE_COUNT = {kind: i for i, kind in enumerate(PLACE_COUNTS)}
_PLACE_DAY = {kind: i for i, kind in enumerate(PLACE_DAYS)}
_SUPPORT_COUNT = {kind: i for i, kind in enumerate(SUPPORT_COUNTS)}
_SUPPORT_DAY = {kind: i for i, kind in enumerate(SUPPORT_DAYS)}
_LIFE_COUNT = {kind: i for i, kind in enumerate(LIFE_COUNTS)}
_LIFE_DAY = {kind: i for i, kind in enumerate(LIFE_DAYS)}


class Book:
    """Everything that is counted about one person in one arm; what lies before t = 0 is left out."""

    def __init__(self, model: Model, layout: Layout, age: float) -> None:
        self.layout, self.age, self.bands = layout, age, model.bands
        self.horizon = model.horizon
        self.counts = [0] * (layout.years * layout.counts_size)
        self.spent = [0.0] * (layout.years * layout.days_size)
        self.entries: list[tuple[float, int, bool]] = []
        self.stays: list[tuple[float, float, int, bool]] = []

    def count(self, kind: str, t: float) -> None:
        """One more death, entrant, leaver or flare at time t."""
        self._count(self.layout.life_counts + _LIFE_COUNT[kind], t)

    def count_place(self, kind: str, place: int, t: float) -> None:
        """One more of a place's counts."""
        self._count(place * len(PLACE_COUNTS) + _PLACE_COUNT[kind], t)

    def count_need(self, need: int, t: float, *, met_elsewhere: bool = False) -> None:
        """One more need, or one of them met elsewhere."""
        self._count(self.layout.need_counts + 2 * need + met_elsewhere, t)

    def count_support(self, kind: str, support: int, t: float) -> None:
        """One more of a support's counts."""
        self._count(self.layout.support_counts + support * len(SUPPORT_COUNTS) + _SUPPORT_COUNT[kind], t)

    def count_unfinished(self, place: int) -> None:
        """A stay or wait cut by the horizon, in the last year."""
        item = place * len(PLACE_COUNTS) + _PLACE_COUNT["unfinished"]
        self.counts[(self.layout.years - 1) * self.layout.counts_size + item] += 1

    def _count(self, item: int, t: float) -> None:
        if t >= 0.0:
            self.counts[int(t / DAYS_PER_YEAR) * self.layout.counts_size + item] += 1

    def days(self, kind: str, start: float, end: float) -> None:
        """Days of life: at home alone, in community support, dead, in a flare."""
        self._days(self.layout.life_days + _LIFE_DAY[kind], start, end)

    def place_days(self, kind: str, place: int, start: float, end: float) -> None:
        """Days in, held in or waiting for a place."""
        self._days(place * len(PLACE_DAYS) + _PLACE_DAY[kind], start, end)

    def support_days(self, kind: str, support: int, start: float, end: float) -> None:
        """Days on a support, on its list, or as its volunteer."""
        self._days(self.layout.support_days + support * len(SUPPORT_DAYS) + _SUPPORT_DAY[kind], start, end)

    def benefit_days(self, benefit: int, start: float, end: float) -> None:
        """Days within the years of a stated benefit."""
        self._days(self.layout.benefit_days + benefit, start, end)

    def _days(self, item: int, start: float, end: float) -> None:
        """Add a span of days, split at the years."""
        start = max(start, 0.0)
        end = min(end, self.horizon)
        size = self.layout.days_size
        while start < end:
            year = int(start / DAYS_PER_YEAR)
            stop = min(end, (year + 1) * DAYS_PER_YEAR)
            self.spent[year * size + item] += stop - start
            start = stop

    def person_days(self, health: int, start: float, end: float) -> None:
        """Days alive by health state, split at the age bands."""
        start = max(start, 0.0)
        first = self.layout.health_days + health * self.layout.bands
        for band in range(self.layout.bands):
            upper = self.bands[band + 1] if band + 1 < self.layout.bands else np.inf
            stop = min(end, (upper - self.age) * DAYS_PER_YEAR)
            if start < stop:
                self._days(first + band, start, stop)
                start = stop

    def integral(self, utility: int, start: float, end: float, weight_days: Callable[[float, float], float]) -> None:
        """Weight times days of a utility effect, year by year; ``weight_days(a, b)`` integrates the weight."""
        start, end = max(start, 0.0), min(end, self.horizon)
        for year in range(floor(start / DAYS_PER_YEAR), self.layout.years):
            a, b = max(start, year * DAYS_PER_YEAR), min(end, (year + 1) * DAYS_PER_YEAR)
            if a < b:
                self.spent[year * self.layout.days_size + self.layout.utility_days + utility] += weight_days(a, b)


def windows(book: Book, index_day: float, ended_day: float, start: float) -> NDArray[np.float64] | None:
    """The 365 days before and after an index date: [side, measure].

    Returns None when a window crosses the person's ``start`` (of the warm-up, or their arrival) or the horizon.
    Someone who died stays in, with the days they were alive as exposure.
    """
    first, last = index_day - WINDOW_DAYS, index_day + WINDOW_DAYS
    if first < start or last > book.horizon:
        return None
    kinds = len(WINDOW_KINDS)
    table = np.zeros((2, book.layout.places * kinds + 2))
    for t, place, emergency in book.entries:
        if first <= t < last:
            side = int(t >= index_day)
            table[side, place * kinds] += 1
            table[side, place * kinds + 1] += emergency
    for side, (low, high) in enumerate(((first, index_day), (index_day, last))):
        _stay_days(table[side], book.stays, low, high)
        table[side, -2] = max(0.0, min(high, ended_day) - low)
        table[side, -1] = 1.0
    return table


def _stay_days(
    row: NDArray[np.float64], stays: Sequence[tuple[float, float, int, bool]], low: float, high: float
) -> None:
    for start, end, place, emergency in stays:
        days = min(end, high) - max(start, low)
        if days > 0:
            row[place * len(WINDOW_KINDS) + 2] += days
            row[place * len(WINDOW_KINDS) + 3] += days * emergency
