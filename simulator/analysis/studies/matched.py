"""Difference in differences against matched people who do not take part, at a matched date.

    estimate = (ln r[theirs, after] - ln r[theirs, before]) - (ln r[matched, after] - ln r[matched, before])

with the person matched to each participant at the same place in the second group (Stuart 2010, Statistical Science 25:
1-21). Whom somebody is like is said by a stratum: people of one stratum can stand for each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.studies.estimate import Array, Counts, Estimate, error_of

NOBODY = -1


def difference_in_differences(before: Counts, after: Counts, matched_before: Counts, matched_after: Counts) -> Estimate:
    """What a study of these pairs reports.

    Args:
        before: of each participant, before the start.  # [..., pair]
        after: of the same people, after it.  # [..., pair]
        matched_before: of the person matched to each, before the same date.  # [..., pair]
        matched_after: of the same people, after it.  # [..., pair]
    """
    change = after.log_rate - before.log_rate
    error = error_of(after.share - before.share - (matched_after.share - matched_before.share))
    return Estimate(change - (matched_after.log_rate - matched_before.log_rate), error)


@dataclass(frozen=True)
class Strata:
    """People to choose from, sorted by stratum.

    >>> strata = Strata.of(np.array([7, 3, 7]))
    >>> strata.one_like(np.array([7, 3, 9]), np.array([0.9, 0.9, 0.9])).tolist()
    [2, 1, -1]
    """

    order: NDArray[np.int64]  # [person] their numbers, stratum by stratum
    codes: NDArray[np.int64]  # [stratum] in order
    first: NDArray[np.int64]  # [stratum] where each begins in the order
    size: NDArray[np.int64]  # [stratum]

    @classmethod
    def of(cls, stratum: NDArray[np.int64]) -> Strata:
        """Sort people by stratum.

        Args:
            stratum: of each person.  # [person]
        """
        codes, first, size = np.unique(np.sort(stratum), return_index=True, return_counts=True)
        return cls(np.argsort(stratum, kind="stable"), codes, first, size)

    def one_like(self, stratum: NDArray[np.int64], marks: Array) -> NDArray[np.int64]:
        """The number of somebody of the same stratum, NOBODY where there is none: [...].

        Args:
            stratum: whose like is sought.  # [...]
            marks: which of them is taken, from 0 to 1.  # [...]
        """
        if not len(self.codes):
            return np.full(stratum.shape, NOBODY)
        at = np.minimum(np.searchsorted(self.codes, stratum), len(self.codes) - 1)
        which = self.order[self.first[at] + (marks * self.size[at]).astype(np.int64)]
        return np.where(self.codes[at] == stratum, which, NOBODY)
