"""A randomised study: of those who are willing a random half takes part, and the two halves are compared after it.

    estimate = ln r[takes part, after] - ln r[does not, after]

Nothing but chance is between them.
"""

from __future__ import annotations

from simulator.analysis.studies.estimate import Counts, Estimate, error_of


def randomised(takes_part: Counts, does_not: Counts) -> Estimate:
    """What a study of two independent groups reports.

    Args:
        takes_part: of the people of one half.  # [..., person]
        does_not: of those of the other.  # [..., person]

    Example:
        >>> import numpy as np
        >>> year = np.ones(2)
        >>> trial = randomised(Counts(np.array([1.0, 1.0]), year), Counts(np.array([2.0, 2.0]), year))
        >>> float(trial.change), float(trial.error)
        (-0.5, 0.0)
    """
    return Estimate(takes_part.log_rate - does_not.log_rate, error_of(takes_part.share, does_not.share))
