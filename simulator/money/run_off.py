"""What is paid for those who are still on a support after its recruitment has ended: posts and yearly costs by need.

Posts run on while somebody needs them, and what is paid once a year falls with what is left to do:

    posts paid       = person-days on it after that day / (365.25 x caseload), at most those funded
    share of a year  = person-days on it after that day / person-days in the last funded year, at most the time left

Neither is rounded: what a post no longer does here is done, and paid for, elsewhere. All other costs follow activity.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.units import DAYS_PER_YEAR

Array = NDArray[np.float64]


def posts_paid(days: Array, caseload: Array, funded: Array) -> Array:
    """Worker-years paid for after recruitment has ended.

    Args:
        days: person-days on the support after that day, of the place.  # [row, replicate, arm, year]
        caseload: people to a post.  # [row]
        funded: worker-years there would be if they were funded on.  # [row, 1, arm or 1, year]

    Returns:
        [row, replicate, arm, year].

    Example:
        >>> days = np.array([40.0, 10.0, 0.0]).reshape(1, 1, 1, 3) * DAYS_PER_YEAR
        >>> posts_paid(days, np.array([20.0]), np.full((1, 1, 1, 3), 1.5)).tolist()
        [[[[1.5, 0.5, 0.0]]]]
    """
    needed = _over(days, caseload[:, None, None, None] * DAYS_PER_YEAR)
    return np.asarray(np.minimum(needed, funded))


def shares_of_a_year(days: Array, active: Array, first: float, closes: float) -> Array:
    """By how much a yearly cost runs on after recruitment has ended.

    Args:
        days: person-days on the support after that day.  # [row, replicate, arm, year]
        active: all person-days on it.  # [row, replicate, arm, year]
        first: the first paid day.
        closes: the day.

    Returns:
        Years of the cost.  # [row, replicate, arm, year]

    Example:
        >>> active = np.array([60.0, 100.0, 50.0, 0.0]).reshape(1, 1, 1, 4)
        >>> after = np.array([0.0, 0.0, 50.0, 0.0]).reshape(1, 1, 1, 4)
        >>> shares_of_a_year(after, active, 0.0, 2 * DAYS_PER_YEAR).tolist()
        [[[[0.0, 0.0, 0.5, 0.0]]]]
    """
    starts = np.arange(active.shape[-1]) * DAYS_PER_YEAR
    ends = starts + DAYS_PER_YEAR
    before, last_year = np.clip(closes, starts, ends), max(first, closes - DAYS_PER_YEAR)
    funded = before - np.clip(max(first, 0.0), starts, ends)
    counted = np.clip(before - np.maximum(starts, last_year), 0.0, None)
    part = np.divide(counted, funded, out=np.zeros_like(counted), where=funded > 0.0)
    a_year = ((active - days) * part).sum(axis=-1, keepdims=True) * (DAYS_PER_YEAR / max(counted.sum(), 1.0))
    return np.asarray(np.minimum(_over(days, a_year), (ends - before) / DAYS_PER_YEAR))


def _over(days: Array, whole: Array) -> Array:
    """Days as a share of a whole; without bounds where there are days of no whole."""
    most = np.where(days > 0.0, np.inf, 0.0)
    some = np.broadcast_to(whole > 0.0, days.shape)
    return np.asarray(np.divide(days, np.broadcast_to(whole, days.shape), out=most, where=some))
