"""Events and years alive of the people of a study become a rate, and contrasts of rates an estimate with its error.

    r = sum of events / sum of years                              of some people in a period
    u[i] = events[i] / sum of events - years[i] / sum of years    how far person i moves ln r

A design is a sum of ln r with signs; its error is the root of the sum over people of the squares of their share in it
(the linearised variance of a ratio of means: Cochran 1977, Sampling Techniques, section 6.3). The last axis is people,
so that many studies of one size may be stacked in front of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """What a study reports: the log of a ratio of rates, and its standard error.

    >>> fall = Estimate(np.log(0.74), np.float64(0.1))
    >>> round(float(fall.change), 2), [round(float(end), 2) for end in fall.interval()]
    (-0.26, [-0.39, -0.1])
    """

    log_ratio: Array  # [...] one for each study
    error: Array  # [...] standard error of the log ratio

    @property
    def change(self) -> Array:
        """The ratio as a change: -0.26 is 26 % less."""
        return np.asarray(np.expm1(self.log_ratio))

    def interval(self, errors: float = 1.959964) -> tuple[Array, Array]:
        """The change so many standard errors below and above; 95 % if left out."""
        away = errors * self.error
        return np.asarray(np.expm1(self.log_ratio - away)), np.asarray(np.expm1(self.log_ratio + away))


@dataclass(frozen=True)
class Counts:
    """What happened to some people in one period.

    >>> counts = Counts(np.array([2.0, 0.0]), np.array([1.0, 1.0]))
    >>> float(counts.rate), counts.share.tolist()
    (1.0, [0.5, -0.5])
    """

    events: Array  # [..., person]
    years: Array  # [..., person] alive in the period

    @property
    def rate(self) -> Array:
        """Events for each person-year alive: [...]; nan without any."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.events.sum(axis=-1) / self.years.sum(axis=-1))

    @property
    def log_rate(self) -> Array:
        """Its log: [...]; minus infinity where nothing happened."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.rate))

    @property
    def share(self) -> Array:
        """How far each person moves the log of the rate: [..., person]."""
        with np.errstate(divide="ignore", invalid="ignore"):
            moved = self.events / self.events.sum(axis=-1, keepdims=True)
            return np.asarray(moved - self.years / self.years.sum(axis=-1, keepdims=True))


def error_of(*shares: Array) -> Array:
    """The standard error of a contrast: [...].

    Args:
        shares: for each group of people who are independent of the others, how far each of them moves the contrast.
            # [..., person]

    >>> float(error_of(np.array([3.0, -3.0]), np.array([4.0, -4.0]))) == (2 * (9 + 16) * 2) ** 0.5
    True
    """
    variances = [people.shape[-1] / (people.shape[-1] - 1) * (people**2).sum(axis=-1) for people in shares]
    return np.asarray(np.sqrt(sum(variances)))
