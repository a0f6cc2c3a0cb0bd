"""How a support was delivered, by year and cluster; how full places were; and whether a queue still grows at the end.

    people on it, on the list, volunteering = person-days of the year / 365.25
    days waited                             = person-days on the list / starts
    caseload use                            = people on it / how many it has room for

All of the whole place, the mean of a row's replicates. A queue that still grows at the end of what is looked at has
given no answer that lasts: its last year is compared with the one before, and told where the rise is beyond two errors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.activity.ledger import EVERYONE, Ledger
from simulator.units import DAYS_PER_YEAR

Array = NDArray[np.float64]
ERRORS = 2.0  # beyond so many standard errors a rise is not luck


@dataclass(frozen=True)
class Delivery:
    """What became of a support in one arm, for everyone and then by cluster."""

    support: str
    parts: tuple[str, ...]  # everyone, then each cluster that is counted apart
    offers: Array  # [row, year, part]
    refusals: Array  # [row, year, part]
    starts: Array  # [row, year, part]
    completions: Array  # [row, year, part]
    drop_outs: Array  # [row, year, part]
    lapses: Array  # [row, year, part]
    lapsed_referrals: Array  # [row, year, part] off the list after too many days
    on_it: Array  # [row, year, part] people at a time
    run_off: Array  # [row, year, part] of these, people at a time after recruitment has ended
    waiting: Array  # [row, year, part] people at a time
    days_waited: Array  # [row, year, part] for each start, nan without one
    volunteers: Array  # [row, year, part] people at a time
    caseload_use: Array | None  # [row, year] of everyone; None where there is no limit
    still_grows: bool  # whether the list was longer in the last year of recruitment than in the one before


@dataclass(frozen=True)
class Occupancy:
    """How much a place was used in one arm."""

    place: str
    in_use: Array  # [row, year] people at a time
    waiting: Array  # [row, year] people at a time, at home
    waits: Array  # [row, year] entries that had to queue
    days_waited: Array  # [row, year] for each of them, nan without one
    held: Array  # [row, year] people at a time who could not move on
    still_grows: bool


def delivery(ledger: Ledger, arm: str, support: str, room: Array | None = None) -> Delivery:
    """The delivery of a support.

    Args:
        ledger: activity by row.
        arm: the arm.
        support: a support or programme.
        room: how many people it has room for at a time, in the whole place.  # [row, year]

    Example:
        >>> some = ("offers", "starts", "active_days", "listed_days")
        >>> others = ("refusals", "completions", "drop_outs", "lapses", "lapsed_referrals")
        >>> items = tuple(f"{item}:walks" for item in (*some, *others, "run_off_days", "volunteer_days"))
        >>> activity = np.zeros((2, 1, 2, 1, 2, len(items)))
        >>> activity[:, 0, 1, 0, :, :4] = [[20, 10, 3652.5, 100.0], [20, 5, 3652.5, 365.25]]
        >>> ledger = Ledger(
        ...     ("usual care", "walks"), ("everyone",), items, (), np.arange(2), np.full((2, 1), 50.0), 100.0, activity,
        ...     np.zeros((2, 1, 1, 2, 2, 2, 0)),
        ... )
        >>> told = delivery(ledger, "walks", "walks", room=np.full((2, 2), 25.0))
        >>> told.starts[0, :, 0].tolist(), told.on_it[0, :, 0].tolist(), told.days_waited[0, :, 0].tolist()
        ([20.0, 10.0], [20.0, 20.0], [10.0, 73.05])
        >>> told.caseload_use[0].tolist(), told.still_grows
        ([0.8, 0.8], True)
    """
    parts = (EVERYONE, *(name for name in ledger.parts if name.startswith("cluster:")))

    def of(item: str, per: float = 1.0) -> Array:
        return np.stack([_of_part(ledger, arm, f"{item}:{support}", part) for part in parts], axis=-1) / per

    on_it, waiting, starts = of("active_days", DAYS_PER_YEAR), of("listed_days", DAYS_PER_YEAR), of("starts")
    offers = of("offers")
    recruiting = offers[..., 0].sum(axis=0) > 0
    return Delivery(
        support=support,
        parts=parts,
        offers=offers,
        refusals=of("refusals"),
        starts=starts,
        completions=of("completions"),
        drop_outs=of("drop_outs"),
        lapses=of("lapses"),
        lapsed_referrals=of("lapsed_referrals"),
        on_it=on_it,
        run_off=of("run_off_days", DAYS_PER_YEAR),
        waiting=waiting,
        days_waited=_each(waiting * DAYS_PER_YEAR, starts),
        volunteers=of("volunteer_days", DAYS_PER_YEAR),
        caseload_use=None if room is None else _each(on_it[..., 0], room),
        still_grows=grows(waiting[:, recruiting, 0]),
    )


def occupancy(ledger: Ledger, arm: str, place: str) -> Occupancy:
    """How much a place was used.

    Args:
        ledger: activity by row.
        arm: the arm.
        place: a place of care.

    Example:
        >>> activity = np.array([[730.5, 10.0, 73.05, 0.0], [730.5, 20.0, 365.25, 0.0]]).reshape(1, 1, 1, 1, 2, 4)
        >>> items = ("days:ward", "waits:ward", "wait_days:ward", "delay_days:ward")
        >>> ledger = Ledger(
        ...     ("usual care",), ("everyone",), items, (), np.arange(1),
        ...     np.full((1, 1), 50.0), 100.0, activity, np.zeros((1, 1, 0, 2, 2, 2, 0)),
        ... )
        >>> told = occupancy(ledger, "usual care", "ward")
        >>> told.in_use.tolist(), told.waits.tolist(), told.still_grows
        ([[4.0, 4.0]], [[20.0, 40.0]], True)
    """

    def of(item: str) -> Array:
        return _of_part(ledger, arm, f"{item}:{place}", EVERYONE)

    waits, waited = of("waits"), of("wait_days")
    return Occupancy(
        place=place,
        in_use=of("days") / DAYS_PER_YEAR,
        waiting=waited / DAYS_PER_YEAR,
        waits=waits,
        days_waited=_each(waited, waits),
        held=of("delay_days") / DAYS_PER_YEAR,
        still_grows=grows(waited / DAYS_PER_YEAR),
    )


def grows(waiting: Array) -> bool:
    """Whether a queue is longer in the last year than in the one before, beyond two errors of the rise.

    Args:
        waiting: people in it at a time.  # [row, year]

    Example:
        >>> grows(np.array([[1.0, 4.0], [2.0, 5.5]])), grows(np.array([[1.0, 4.0], [5.0, 2.5]]))
        (True, False)
    """
    rows, years = waiting.shape
    if years < 2:
        return False
    rise = waiting[:, -1] - waiting[:, -2]
    error = rise.std(ddof=1) / np.sqrt(rows) if rows > 1 else 0.0
    return bool(rise.mean() > ERRORS * error and rise.mean() > 0.0)


def _of_part(ledger: Ledger, arm: str, item: str, part: str) -> Array:
    """An item of a part in the whole place, the mean of the replicates: [row, year]."""
    number, weight = ledger.arms.index(arm), ledger.weight()[:, :, None]
    if part == EVERYONE:
        counted = ledger.item(item)[:, :, number, 0]
    elif item in ledger.part_items:
        counted = ledger.by_part[:, :, number, ledger.parts.index(part), :, ledger.part_items.index(item)]
    else:
        counted = np.zeros((*ledger.people.shape, ledger.activity.shape[4]))
    return np.asarray((counted * weight).mean(axis=1))


def _each(amount: Array, of: Array) -> Array:
    """An amount for each of something, nan where there is none."""
    return np.asarray(np.divide(amount, of, out=np.full(amount.shape, np.nan), where=of > 0.0))
