"""Adds up lives into one row of a ledger: people -> replicates, groups, years, items.

When nothing is shared the two replicates are the people below and above half of the ids (entrants: even and odd
ids); when something is, they are two independent runs of the whole sample.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.ledger import WHO, Ledger, group_names
from simulator.lives import Lives
from simulator.model import ENTRANT_IDS_FROM


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


def tally(
    lives: Sequence[Lives],
    members: Sequence[NDArray[np.bool_]],
    *,
    row: int,
    place_size: float,
    arms: dict[str, tuple[str, ...]],
    items: tuple[str, ...],
    measures: tuple[str, ...],
) -> Ledger:
    """One row of a ledger from two replicates.

    Args:
        lives: the lives that each replicate is taken from.  # [replicate]
        members: which people of those lives belong to it.  # [replicate][person]
        row: design row number.
        place_size: people in the place.
        arms: programmes by arm, usual care first.
        items: names of counts, then of days.
        measures: names of what the windows hold.

    Returns:
        A ledger of one row.
    """
    activity = np.stack([_activity(one, who) for one, who in zip(lives, members, strict=True)])
    windows = np.stack([_windows(one, who) for one, who in zip(lives, members, strict=True)])
    there = [float((who & (one.person < ENTRANT_IDS_FROM)).sum()) for one, who in zip(lives, members, strict=True)]
    return Ledger(
        arms=tuple(arms),
        groups=group_names(arms),
        items=items,
        measures=measures,
        rows=np.array([row]),
        people=np.array([there]),
        place_size=place_size,
        activity=activity[None],
        windows=windows[None],
        events=happened(activity, items),
    )


def happened(activity: NDArray[np.float64], items: tuple[str, ...]) -> int:
    """How many things happened to people: needs, stays, starts and ends of supports, flares, lives begun and ended."""
    kinds = {"needs", "visits", "offers", "starts", "completions", "drop_outs", "lapses", "flares", "deaths"}
    kinds |= {"entrants", "leavers", "new_volunteers"}
    chosen = [i for i, name in enumerate(items) if name.split(":")[0] in kinds]
    return int(activity[:, :, 0][..., chosen].sum())


def _activity(lives: Lives, who: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Sums over people: [arm, group, year, item]."""
    arms, _, years, counts = lives.counts.shape
    table = np.zeros((arms, arms, years, counts + lives.days.shape[-1]))
    for arm in range(arms):
        for group in range(arms):
            if group and arm not in (0, group):
                continue
            chosen = who & ~np.isnan(lives.index_day[group]) if group else who
            table[arm, group, :, :counts] = lives.counts[arm, chosen].sum(axis=0)
            table[arm, group, :, counts:] = lives.days[arm, chosen].sum(axis=0)
    return table


def _windows(lives: Lives, who: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Sums over starters and over completers: [programme arm, who, world, side, measure]."""
    arms = lives.windows.shape[0]
    table = np.zeros((arms, len(WHO), *lives.windows.shape[2:]))
    for k in range(arms):
        inside = who & ~np.isnan(lives.windows[k, :, 0, 0, 0])
        for group, chosen in enumerate((inside, inside & lives.completed[k + 1])):
            table[k, group] = lives.windows[k, chosen].sum(axis=0)
    return table
