"""How many workers a support has, by date and by year, and how many people it has room for.

worker-years of a year = workers x the time they are paid for in it
room                   = worker-years x caseload + volunteers x whom each supports
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.activity.delivery import delivery
from simulator.activity.ledger import Ledger
from simulator.model.dates import paid_days
from simulator.scenario.tables import Scenario, Staff
from simulator.uncertainty.design import Design
from simulator.uncertainty.sampled import value_at
from simulator.units import DAYS_PER_YEAR

Array = NDArray[np.float64]
Steps = list[tuple[float, Array]]
"""What holds from each date until the next: [(day, [row])]."""


def workers_by_date(
    design: Design, path: str, staff: Staff, first: float, own: tuple[tuple[float, float], ...] = ()
) -> Steps:
    """Workers from each date on.

    Args:
        design: the rows.
        path: dotted path of the staff.
        staff: workers, and their changes.
        first: the first day.
        own: days and workers of one arm alone.
    """
    start = value_at(design, f"{path}.workers", staff.workers)
    changes = sorted([*((change.day, change.slots) for change in staff.changes), *own], key=lambda change: change[0])
    return [(first, start), *((max(day, first), np.full(len(start), workers)) for day, workers in changes)]


def through_years(steps: Steps, last: float, years: int) -> Array:
    """Unit-years in each year of what holds from each date until the next, or the last day: [row, year].

    Args:
        steps: what holds from each date.
        last: the last day.
        years: how many.

    Example:
        >>> steps = [(0.0, np.array([2.0])), (DAYS_PER_YEAR / 2, np.array([4.0]))]
        >>> through_years(steps, DAYS_PER_YEAR * 1.5, 2).tolist()
        [[3.0, 2.0]]
    """
    starts = np.arange(years) * DAYS_PER_YEAR
    total = np.zeros((len(steps[0][1]), years))
    ends = [day for day, _ in steps[1:]] + [last]
    for (first, units), end in zip(steps, ends, strict=True):
        days = np.clip(np.minimum(min(end, last), starts + DAYS_PER_YEAR) - np.maximum(first, starts), 0, None)
        total += units[:, None] * days / DAYS_PER_YEAR
    return total


def room(ledger: Ledger, scenario: Scenario, design: Design, arm: str, name: str) -> Array | None:
    """How many people a support has room for at a time, while its posts are paid in full: [row, year].

    Args:
        ledger: activity by row, for its volunteers.
        scenario: its staff and dates.
        design: the rows of the ledger.
        arm: the arm.
        name: the support or programme.

    Returns:
        People of the whole place; None where there is no limit.
    """
    path, support = scenario.all_supports()[name]
    if support.staff is None:
        return None
    first, last = paid_days(scenario, support)
    own = scenario.own_workers(name)[ledger.arms.index(arm)]
    steps = workers_by_date(design, f"{path}.staff", support.staff, first, own)
    workers = through_years(steps, last, ledger.activity.shape[4])
    caseload = value_at(design, f"{path}.staff.caseload", support.staff.caseload)
    each = value_at(design, f"{path}.volunteers.supports", support.volunteers.supports if support.volunteers else None)
    return workers * caseload[:, None] + delivery(ledger, arm, name).volunteers[..., 0] * each[:, None]
