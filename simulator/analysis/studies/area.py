"""A comparison of areas: what became of everybody in a place with the programme, beside a place without it.

    estimate = (ln r[with, after] - ln r[with, before]) - (ln r[without, after] - ln r[without, before])
    averted  = years[with, after] x (r[without, after] / r[without, before] x r[with, before] - r[with, after])

The second is the difference in differences of totals: events that the place with the programme is spared, if its trend
was else that of the other. Both hold the chance of people and nothing else in which two places may part.
"""

from __future__ import annotations

import numpy as np

from simulator.analysis.studies.estimate import Array, Counts, Estimate, error_of


def area_trend(before: Counts, after: Counts, other_before: Counts, other_after: Counts) -> Estimate:
    """What a comparison of two areas reports.

    Args:
        before: of everybody in the place, before the programme opens.  # [..., person]
        after: of the same place, after it.  # [..., person]
        other_before: of everybody in the place without it, in the same years.  # [..., other person]
        other_after: of the same place.  # [..., other person]
    """
    change, other = after.log_rate - before.log_rate, other_after.log_rate - other_before.log_rate
    error = error_of(after.share - before.share, other_after.share - other_before.share)
    return Estimate(change - other, error)


def averted(before: Counts, after: Counts, other_before: Counts, other_after: Counts) -> Array:
    """Events that the place is spared, by the trend of the other: [...].

    Args:
        before: as in :func:`area_trend`, like all others.  # [..., person]
        after: of the same place.  # [..., person]
        other_before: of the place without the programme.  # [..., other person]
        other_after: of the same place.  # [..., other person]

    Example:
        >>> from numpy import array
        >>> two, year = array([1.0, 1.0]), array([1.0, 1.0])
        >>> seen = (Counts(two, year), Counts(0.7 * two, year), Counts(two, year), Counts(0.9 * two, year))
        >>> round(float(averted(*seen)), 6)
        0.4
    """
    expected = other_after.rate / other_before.rate * before.rate
    return np.asarray(after.years.sum(axis=-1) * (expected - after.rate))
