"""Writing down what happened, and adding it up: counts, days split by year, and the windows before and after a start.

A diary is written while people live: who, what, when. It is added up for everybody at once when all is over.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.activity.items import (
    EffectDays,
    HealthDays,
    Item,
    Layout,
    LifeMeasure,
    PlaceCount,
    PlaceDays,
    PlaceMeasure,
)
from simulator.units import DAYS_PER_YEAR


class Diary:
    """What happened to everybody in one arm, line after line; people are numbered from 0.

    Lists of plain floats: the garbage collector has nothing to scan, and they become arrays quickly.
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
        stays = _columns(diary.stays, 6)
        who, place, emergency, start, over, end = stays
        visits, crises = np.array([who, place, start]), emergency > 0.0
        moments = [
            _columns(diary.moments, 3),
            _as_items(visits, layout, PlaceCount.VISITS),
            _as_items(visits[:, crises], layout, PlaceCount.EMERGENCY),
        ]
        days, held = np.array([who, place, start, end]), np.array([who, place, over, end])
        spans = [
            _columns(diary.spans, 4),
            _as_items(days, layout, PlaceDays.DAYS),
            _as_items(days[:, crises], layout, PlaceDays.EMERGENCY_DAYS),
            _as_items(held[:, over < end], layout, PlaceDays.DELAY_DAYS),
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
        cells = [_cell(who, year.astype(np.int64), self.layout.first[EffectDays] + utility, years, size)]
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
        self,
        window_days: float,
        index_day: NDArray[np.float64],
        ended_day: NDArray[np.float64],
        arrived_day: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """So many days before and after each person's index day: [person, side, measure].

        nan where there is none, or where a window crosses the person's arrival (or the start of the warm-up) or the
        horizon. Someone who died stays in, with the days they were alive as exposure.
        """
        table = np.full((len(index_day), 2, self.layout.measures_size), np.nan)
        first, last = index_day - window_days, index_day + window_days
        inside = (first >= arrived_day) & (last <= self.layout.years * DAYS_PER_YEAR)
        table[inside] = 0.0
        theirs = self.stays[:, inside[self.stays[0].astype(np.int64)]]
        who, visits = theirs[0].astype(np.int64), theirs[1].astype(np.int64) * len(PlaceMeasure)
        _, _, emergency, start, _, end = theirs
        alive_days, people = self.layout.at(LifeMeasure.ALIVE_DAYS), self.layout.at(LifeMeasure.PEOPLE)
        for side, low in enumerate((first, index_day)):
            days = np.minimum(end, low[who] + window_days) - np.maximum(start, low[who])
            starts = (low[who] <= start) & (start < low[who] + window_days)
            amounts = {
                PlaceMeasure.VISITS: starts,
                PlaceMeasure.EMERGENCY: starts * emergency,
                PlaceMeasure.DAYS: days,
                PlaceMeasure.EMERGENCY_DAYS: days * emergency,
            }
            for kind, amount in amounts.items():
                some = amount > 0.0
                np.add.at(table, (who[some], side, visits[some] + kind), amount[some])
            alive = np.maximum(0.0, np.minimum(low + window_days, ended_day) - low)
            table[inside, side, alive_days], table[inside, side, people] = alive[inside], 1.0
        return table


def _columns(lines: list[float], width: int) -> NDArray[np.float64]:
    """Lines of a diary as columns: [column, line]."""
    return np.ascontiguousarray(np.fromiter(lines, np.float64, len(lines)).reshape(-1, width).T)


def _as_items(lines: NDArray[np.float64], layout: Layout, item: Item) -> NDArray[np.float64]:
    """Lines about places as lines about an item of these places."""
    who, place, *rest = lines
    return np.array([who, np.array(layout.all_at(item), dtype=np.float64)[place.astype(np.int64)], *rest])


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
        item = layout.first[HealthDays] + state * layout.bands + band
        parts.append(np.array([who, item, start, stop])[:, start < stop])
        start = np.maximum(start, stop)
    return np.concatenate(parts, axis=1)
