"""Turns rows into the errors of whatever is computed from them: rows are drawn again, with their replicates.

What is drawn is a whole batch, since rows of a batch are stratified together and batches are independent (Owen 1992);
with fewer than four batches it is a row, which overstates the error where stratification helps. With C clusters and
weights w[s, c], how often cluster c is drawn in resample s (Efron 1979, Annals of Statistics 7: 1-26),

    error = standard deviation over s of f(sums of clusters weighted by w[s]) x sqrt(C / (C - 1))

the root restoring what a small number of clusters takes away. The draws are keyed bits: the same each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ENOUGH_BATCHES = 4
RESAMPLES = 200
MOST_CLUSTERS = 512
KEY = 15_001


@dataclass(frozen=True)
class Clusters:
    """Which rows are drawn together."""

    of_row: NDArray[np.int64]  # [row]
    count: int

    def sums(self, values: Array) -> Array:
        """Sums over the rows of each cluster: [row, ...] -> [cluster, ...]."""
        if self.count == len(values):
            return values
        order = np.argsort(self.of_row, kind="stable")
        firsts = np.flatnonzero(np.diff(self.of_row[order], prepend=-1))
        return np.asarray(np.add.reduceat(values[order], firsts))

    def means(self, values: Array) -> Array:
        """The mean of a figure over the rows of every resample: [row, ...] -> [resample, ...]."""
        drawn, rows = weights(self.count), self.sums(np.ones(len(values)))
        flat = self.sums(values.astype(np.float64)).reshape(self.count, -1)
        return np.asarray((drawn @ flat / (drawn @ rows)[:, None]).reshape(len(drawn), *values.shape[1:]))

    def error(self, resampled: Array) -> Array:
        """Standard error of what was computed in every resample, nan with a single cluster: [...]."""
        if self.count < 2:
            return np.full(resampled.shape[1:], np.nan)
        return np.asarray(resampled.std(axis=0) * np.sqrt(self.count / (self.count - 1)))


def clusters(batch: NDArray[np.int64], most: int | None = MOST_CLUSTERS) -> Clusters:
    """Batches where there are at least four, else rows; of a great many several together.

    Args:
        batch: [row] the batch of each row.
        most: clusters; None is any number.

    Example:
        >>> clusters(np.array([0, 0, 1, 1])).count, clusters(np.array([0, 0, 1, 2, 3])).count
        (4, 4)
    """
    found, of_row = np.unique(batch, return_inverse=True)
    if len(found) < ENOUGH_BATCHES:
        of_row = np.arange(len(batch))
    count = int(of_row.max()) + 1
    if most is not None and count > most:
        of_row, count = shuffled(count)[of_row] % most, most
    return Clusters(of_row.astype(np.int64), count)


@lru_cache(maxsize=64)
def weights(count: int) -> Array:
    """How often each of so many clusters is drawn in each resample: [resample, cluster], the same each time.

    Args:
        count: of clusters.

    Example:
        >>> weights(3).sum(axis=1)[:4].tolist()
        [3.0, 3.0, 3.0, 3.0]
    """
    bits = np.random.Philox(key=KEY).random_raw(RESAMPLES * count).reshape(RESAMPLES, count)
    drawn = (bits >> np.uint64(32)) * np.uint64(count) >> np.uint64(32)
    places = drawn.astype(np.int64) + count * np.arange(RESAMPLES)[:, None]
    times = np.bincount(places.ravel(), minlength=RESAMPLES * count).reshape(RESAMPLES, count).astype(np.float64)
    times.flags.writeable = False
    return times


def shuffled(count: int) -> NDArray[np.int64]:
    """So many numbers from 0 on in an order of no meaning, the same each time.

    Example:
        >>> sorted(shuffled(3).tolist())
        [0, 1, 2]
    """
    return np.argsort(np.random.Philox(key=KEY + 2).random_raw(count), kind="stable")


@lru_cache(maxsize=64)
def mixing(rows: int, times: int) -> tuple[NDArray[np.int64], Array]:
    """Which rows are added up, so many for each row, each with a sign: shifts [time] and signs [time, row].

    Args:
        rows: to take from.
        times: how many to add up; a row is never added to itself.

    Example:
        >>> shifts, signs = mixing(8, 3)
        >>> len(set(shifts.tolist())), signs.shape
        (3, (3, 8))
    """
    bits = np.random.Philox(key=KEY + 1).random_raw(rows + times * rows)
    shifts = np.argsort(bits[:rows], kind="stable")[:times]
    return shifts, np.where(bits[rows:].reshape(times, rows) >> np.uint64(63), 1.0, -1.0)


def standard_error(values: Array, batch: NDArray[np.int64]) -> Array:
    """Monte Carlo standard error of a mean over rows: what endless resampling would give.

    Args:
        values: [row, ...] one figure per row.
        batch: [row] the batch of each row.

    Returns:
        [...] from the spread between batches when there are at least four (rows within a batch are stratified, so their
        own spread overstates the error), else the plain standard error; nan for a single row.

    Source:
        Owen (1992), replicated Latin hypercube sampling; the variance of a ratio of batch totals when sizes differ.

    Example:
        >>> round(float(standard_error(np.array([1.0, 2.0, 3.0]), np.array([0, 0, 0]))), 6)
        0.57735
    """
    drawn = clusters(batch, most=None)
    if drawn.count < 2:
        return np.full(values.shape[1:], np.nan)
    sums = drawn.sums(values - values.mean(axis=0))
    return np.asarray(np.sqrt((sums**2).sum(axis=0) * drawn.count / (drawn.count - 1)) / len(values))
