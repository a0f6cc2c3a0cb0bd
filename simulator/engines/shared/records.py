"""Writing down what happened, and adding it up: counts, days split by year, and the year before and after.

A diary is written while people live: who, what, when. It is added up for everybody at once when all is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from simulator.activity.ledger import (
    LIFE_COUNTS,
    LIFE_DAYS,
    PLACE_COUNTS,
    PLACE_DAYS,
    SUPPORT_COUNTS,
    SUPPORT_DAYS,
    WINDOW_KINDS,
)
from simulator.model.model import Model
from simulator.units import DAYS_PER_YEAR

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


class Items:
    """Numbers of the items in the arrays of counts and days: by place, need, support, or plain."""

    def __init__(self, layout: Layout) -> None:
        def each(first: int, kinds: int, subjects: int) -> list[list[int]]:
            return [[first + subject * kinds + kind for subject in range(subjects)] for kind in range(kinds)]

        (
            self.visits, self.emergency, self.through, self.readmissions, self.waits, self.lost, self.gave_up,
            self.unfinished,
        ) = each(0, len(PLACE_COUNTS), layout.places)  # fmt: skip
        self.needs, self.met_elsewhere = each(layout.need_counts, 2, layout.needs)
        (
            self.offers, self.refusals, self.starts, self.completions, self.drop_outs, self.lapses,
            self.new_volunteers,
        ) = each(layout.support_counts, len(SUPPORT_COUNTS), layout.supports)  # fmt: skip
        (self.deaths,), (self.entrants,), (self.leavers,), (self.flares,) = each(
            layout.life_counts, len(LIFE_COUNTS), 1
        )
        self.days, self.emergency_days, self.wait_days, self.delay_days = each(0, len(PLACE_DAYS), layout.places)
        self.active_days, self.listed_days, self.volunteer_days = each(
            layout.support_days, len(SUPPORT_DAYS), layout.supports
        )
        (self.home_alone_days,), (self.community_days,), (self.dead_days,), (self.flare_days,) = each(
            layout.life_days, len(LIFE_DAYS), 1
        )


class Diary:
    """What happened to everybody in one arm, line after line; people are numbered from 0.

    Lists of plain numbers: nothing that has to be looked through for garbage, and an array in no time.
    """

    def __init__(self) -> None:
        self.moments: list[float] = []  # person, count item, day
        self.spans: list[float] = []  # person, day item, from, to
        self.stays: list[float] = []  # person, place, emergency, from, over (or when it was cut), to
        self.health: list[float] = []  # person, health state, from, to
        self.weights: list[float] = []  # person, utility effect, year, weight times days


@dataclass(frozen=True)
class Record:
    """A diary as columns."""

    layout: Layout
    moments: NDArray[np.float64]  # [column, line]
    spans: NDArray[np.float64]  # [column, line]
    stays: NDArray[np.float64]  # [column, line]
    weights: NDArray[np.float64]  # [column, line]

    @classmethod
    def of(cls, diary: Diary, layout: Layout, ages: NDArray[np.float64], bands: NDArray[np.float64]) -> Record:
        """Take a diary over; days in a health state are split at the age bands.

        Args:
            diary: one arm's.
            layout: of the items.
            ages: at t = 0.  # [person]
            bands: lower ages.  # [band]
        """
        items, stays = Items(layout), _columns(diary.stays, 6)
        who, place, emergency, start, over, end = stays
        visits, crises = np.array([who, place, start]), emergency > 0.0
        moments = [
            _columns(diary.moments, 3),
            _as_items(visits, items.visits),
            _as_items(visits[:, crises], items.emergency),
        ]
        days, held = np.array([who, place, start, end]), np.array([who, place, over, end])
        spans = [
            _columns(diary.spans, 4),
            _as_items(days, items.days),
            _as_items(days[:, crises], items.emergency_days),
            _as_items(held[:, over < end], items.delay_days),
            _split_at_bands(_columns(diary.health, 4), layout, ages, bands),
        ]
        return cls(
            layout, np.concatenate(moments, axis=1), np.concatenate(spans, axis=1), stays, _columns(diary.weights, 4)
        )

    def counts(self, people: int) -> NDArray[np.int64]:
        """How often each thing happened: [person, year, item]; what lies before t = 0 is left out.

        What is counted at the horizon (stays that it cuts) belongs to the last year.
        """
        years, size = self.layout.years, self.layout.counts_size
        who, item, day = self.moments[:, self.moments[2] >= 0.0]
        year = np.minimum((day / DAYS_PER_YEAR).astype(np.int64), years - 1)
        cell = _cell(who, year, item, years, size)
        counts: NDArray[np.int64] = np.bincount(cell, minlength=people * years * size).astype(np.int64, copy=False)
        return counts.reshape(people, years, size)

    def days(self, people: int) -> NDArray[np.float64]:
        """How long each thing lasted, split at the years, from t = 0 to the horizon: [person, year, item]."""
        years, size = self.layout.years, self.layout.days_size
        who, utility, year, weight = self.weights
        cells = [_cell(who, year.astype(np.int64), self.layout.utility_days + utility, years, size)]
        pieces = [weight]
        who, item, start, end = self.spans
        start, end = np.maximum(start, 0.0), np.minimum(end, years * DAYS_PER_YEAR)
        while len(who):
            some = start < end
            who, item, start, end = who[some], item[some], start[some], end[some]
            year = (start / DAYS_PER_YEAR).astype(np.int64)
            stop = np.minimum(end, (year + 1) * DAYS_PER_YEAR)
            cells.append(_cell(who, year, item, years, size))
            pieces.append(stop - start)
            start = stop
        cell, room = np.concatenate(cells), people * years * size
        total: NDArray[np.float64] = np.bincount(cell, np.concatenate(pieces), minlength=room).astype(np.float64)
        return total.reshape(people, years, size)

    def windows(
        self, index_day: NDArray[np.float64], ended_day: NDArray[np.float64], arrived_day: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """The 365 days before and after each person's index day: [person, side, measure].

        nan where there is none, or where a window crosses the person's arrival (or the start of the warm-up) or the
        horizon. Someone who died stays in, with the days they were alive as exposure.
        """
        table = np.full((len(index_day), 2, self.layout.places * len(WINDOW_KINDS) + 2), np.nan)
        first, last = index_day - WINDOW_DAYS, index_day + WINDOW_DAYS
        inside = (first >= arrived_day) & (last <= self.layout.years * DAYS_PER_YEAR)
        table[inside] = 0.0
        theirs = self.stays[:, inside[self.stays[0].astype(np.int64)]]
        who, visits = theirs[0].astype(np.int64), theirs[1].astype(np.int64) * len(WINDOW_KINDS)
        _, _, emergency, start, _, end = theirs
        for side, low in enumerate((first, index_day)):
            days = np.minimum(end, low[who] + WINDOW_DAYS) - np.maximum(start, low[who])
            starts = (low[who] <= start) & (start < low[who] + WINDOW_DAYS)
            for kind, amount in enumerate((starts, starts * emergency, days, days * emergency)):
                some = amount > 0.0
                np.add.at(table, (who[some], side, visits[some] + kind), amount[some])
            alive = np.maximum(0.0, np.minimum(low + WINDOW_DAYS, ended_day) - low)
            table[inside, side, -2], table[inside, side, -1] = alive[inside], 1.0
        return table


def _columns(lines: list[float], width: int) -> NDArray[np.float64]:
    """Lines of a diary as columns: [column, line]."""
    return np.ascontiguousarray(np.fromiter(lines, np.float64, len(lines)).reshape(-1, width).T)


def _as_items(lines: NDArray[np.float64], items: list[int]) -> NDArray[np.float64]:
    """Lines about places as lines about an item of these places."""
    who, place, *rest = lines
    return np.array([who, np.array(items, dtype=np.float64)[place.astype(np.int64)], *rest])


def _cell(
    who: NDArray[np.float64], year: NDArray[np.int64], item: NDArray[np.float64], years: int, size: int
) -> NDArray[np.int64]:
    """Where an item of a person in a year stands in [person, year, item]."""
    return (who.astype(np.int64) * years + year) * size + item.astype(np.int64)


def _split_at_bands(
    health: NDArray[np.float64], layout: Layout, ages: NDArray[np.float64], bands: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Spans of days alive by health state and age band: [column, line]."""
    who, state, start, end = health
    parts = []
    for band in range(layout.bands):
        upper = (bands[band + 1] - ages) * DAYS_PER_YEAR if band + 1 < layout.bands else np.full(len(ages), np.inf)
        stop = np.minimum(end, upper[who.astype(np.int64)])
        item = layout.health_days + state * layout.bands + band
        parts.append(np.array([who, item, start, stop])[:, start < stop])
        start = np.maximum(start, stop)
    return np.concatenate(parts, axis=1)
