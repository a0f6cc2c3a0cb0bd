"""An effect as it was lived: what participants did with the programme, over what they did without it.

A ratio is declared for a time and for some people; what comes of it depends on how long they take part, on who dies and
on what else changes. Per person-day alive, for those who start,

    year  = with it / without it, in the window after the start      (of those who are followed for it)
    whole = with it / without it, over all years                     (their part of the ledger)

to be read beside the ratio that the scenario declares. Both worlds hold the same people, so selection cancels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.activity.items import LifeCount, LifeMeasure
from simulator.activity.ledger import SIDES, WHO, WORLDS, Ledger

COUNTED_BY = {"visits": "visits", "emergency": "emergency", "days": "days", "need": "needs"}
"""Kinds of targets of an effect whose activity is counted, and the item that counts it."""
DEATHS = LifeCount.DEATHS.label


@dataclass(frozen=True)
class Lived:
    """Ratios of a target in each row; nan where without the programme there was nothing."""

    year: NDArray[np.float64]  # [row] nan where the target is not counted in windows
    whole: NDArray[np.float64]  # [row]


def lived(ledger: Ledger, arm: str, target: str) -> Lived | None:
    """What an effect of a programme arm came to.

    Args:
        ledger: activity by row.
        arm: a programme arm.
        target: of the effect, such as ``visits:ae``, ``emergency:inpatient``, ``days:inpatient``, ``need:gp``.

    Returns:
        Ratios by row; None for a target that no item counts (a route, a move of health, quality of life).

    Example:
        >>> windows = np.zeros((1, 1, 1, 2, 2, 2, 2))
        >>> windows[0, 0, 0, 0, :, 1] = [[8.0, 3650.0], [10.0, 3650.0]]  # visits and days alive, with and without
        >>> activity = np.array([[30.0, 9000.0], [27.0, 9000.0]]).reshape(1, 1, 2, 1, 1, 2).repeat(2, axis=3)
        >>> ledger = Ledger(
        ...     ("usual care", "walks"), ("everyone", "participants of walks"), ("visits:ae", "person_days:well:65"),
        ...     ("visits:ae", "alive_days"), np.array([0]), np.array([[50.0]]), 100.0, activity, windows,
        ... )
        >>> told = lived(ledger, "walks", "visits:ae")
        >>> told.year.tolist(), told.whole.tolist()
        ([0.8], [0.9])
    """
    kind, _, subject = target.partition(":")
    item = DEATHS if target == "death" else f"{COUNTED_BY.get(kind, '')}:{subject}"
    if item not in ledger.items:
        return None
    return Lived(_in_windows(ledger, arm, item), _in_all_years(ledger, arm, item))


def _in_windows(ledger: Ledger, arm: str, item: str) -> NDArray[np.float64]:
    if item not in ledger.measures:
        return np.full(len(ledger.rows), np.nan)
    starters, after = WHO.index("starters"), SIDES.index("after")
    worlds = ledger.windows[:, :, ledger.arms.index(arm) - 1, starters, :, after].sum(axis=1)  # [row, world, measure]
    alive = worlds[..., ledger.measures.index(LifeMeasure.ALIVE_DAYS.label)]
    return _ratio(worlds[..., ledger.measures.index(item)], alive, WORLDS.index("with"), WORLDS.index("without"))


def _in_all_years(ledger: Ledger, arm: str, item: str) -> NDArray[np.float64]:
    number = ledger.arms.index(arm)
    worlds = np.stack([ledger.activity[:, :, k, number].sum(axis=(1, 2)) for k in (number, 0)], axis=1)
    living = [k for k, name in enumerate(ledger.items) if name.startswith("person_days:")]
    return _ratio(worlds[..., ledger.items.index(item)], worlds[..., living].sum(axis=-1), 0, 1)


def _ratio(used: NDArray[np.float64], alive: NDArray[np.float64], one: int, other: int) -> NDArray[np.float64]:
    """Rate per person-day alive in one world over that in the other: [row]."""
    above, below = used[:, one] * alive[:, other], used[:, other] * alive[:, one]
    return np.asarray(np.divide(above, below, out=np.full(len(used), np.nan), where=below > 0.0))
