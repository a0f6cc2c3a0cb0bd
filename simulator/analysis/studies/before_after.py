"""A before-and-after study: those who take part, the time before their start beside the time after it.

    estimate = ln r[after] - ln r[before]

Nobody is there to compare them with, so it holds whatever would have happened anyway (Barnett, van der Pols & Dobson
2005, International Journal of Epidemiology 34: 215-220).
"""

from __future__ import annotations

from simulator.analysis.studies.estimate import Counts, Estimate, error_of


def before_after(before: Counts, after: Counts) -> Estimate:
    """What an uncontrolled study of these people reports.

    Args:
        before: of each participant, before the start.  # [..., person]
        after: of the same people, after it.  # [..., person]

    Example:
        >>> import numpy as np
        >>> year = np.ones(3)
        >>> seen = before_after(Counts(np.array([2.0, 3.0, 2.0]), year), Counts(np.array([1.0, 1.0, 2.0]), year))
        >>> round(float(seen.change), 3), round(float(seen.error), 3)
        (-0.429, 0.344)
    """
    return Estimate(after.log_rate - before.log_rate, error_of(after.share - before.share))
