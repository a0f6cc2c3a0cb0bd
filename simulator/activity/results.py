"""What an engine returns: the activity of every person in every arm, by year.

Both engines fill the same arrays, so that they can be compared to the last integer; a run adds them up into a ledger
and discards them. Item orders are those of :mod:`simulator.activity.items`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.units import ENTRANT_IDS_FROM

TraceEntry = tuple[float, int, str, Any]
"""One event of a life, for a trace: day, person, what happens, about what."""


@dataclass(frozen=True)
class Lives:
    """Activity by arm, person and year of one stream.

    ``index_day`` is the first start of any of the arm's programmes (nan: none); ``windows`` hold the
    year before and after it, in the programme arm and for the same person in usual care, for people
    whose windows lie inside the simulated time.
    """

    person: NDArray[np.int64]  # [person] ids
    counts: NDArray[np.int64]  # [arm, person, year, count item]
    days: NDArray[np.float64]  # [arm, person, year, day item]
    index_day: NDArray[np.float64]  # [arm, person]
    completed: NDArray[np.bool_]  # [arm, person]
    windows: NDArray[np.float64]  # [programme arm, person, world, side, measure]


@dataclass(frozen=True)
class Totals:
    """Activity of one replicate, added up over people.

    Groups are everyone, then the participants of each programme arm; those who complete are among those who start.
    """

    people: float  # at t = 0
    activity: NDArray[np.float64]  # [arm, group, year, item] counts, then days
    windows: NDArray[np.float64]  # [programme arm, who, world, side, measure]
    by_part: NDArray[np.float64]  # [arm, part, year, item] everyone
    moments: NDArray[np.float64]  # [sum or square, programme arm, part, world, side, measure] of starters' windows


def halves(person: NDArray[np.int64], people: int) -> list[NDArray[np.bool_]]:
    """Who belongs to each of two replicates: [replicate][person].

    Args:
        person: ids.  # [person]
        people: how many were there at the start, with ids from 0.

    >>> [half.tolist() for half in halves(np.array([0, 1, 2, 3]), 4)]
    [[True, True, False, False], [False, False, True, True]]
    """
    first = np.where(person < ENTRANT_IDS_FROM, 2 * person < people, person % 2 == 0)
    return [first, ~first]
