"""Turns rows of two replicates into means, ranges and their Monte Carlo errors: parameters, places and chance apart.

With x[r, i] the figure of row r and replicate i, scaled to the whole place, m[r] the row's mean weighted by its people
n[r, i], M the mean of m, and z[r] the log of the site factors of the K programmes compared, about their mean:

    chance     V = mean of (x[r, 0] - x[r, 1])^2 n0 n1 / (n0 + n1)^2         individual chance in m
    new place  p[r] = M + (m[r] - M) sqrt(max(0, 1 - V / var(m)))            what parameters and the place do
    expected   e[r] = M + (l[r] - M) sqrt(max(0, 1 - V / var(l)))            what the parameters alone do, with
               l[r] = M + (m[r] - M - b z[r]) sqrt((R - 1) / (R - 1 - K))    b by least squares over the R rows
    place      p[r] +- (x[q, 0] - x[q, 1]) / sqrt((1 / n0 + 1 / n1) N)       plus the chance of a place of N people

so the spread of e is that of the expected effect (O'Hagan, Stevenson & Madan 2007, Health Economics 16: 1009-1023), and
whole yearly paths of chance are met with each row, both signs, rows q = r + shift: no random number is needed. A site
factor is sampled apart from everything else, so b z is the part of a figure that differs between places, and b is known
to a standard error of sd(l) / sqrt(R var(z)). The root restores the spread that K fitted slopes take away. Where the
slopes explain no more than slopes of chance would, l is m.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)
ENOUGH_BATCHES = 4
DRAWS = 4000
SPARE_ROWS = 8
"""Rows beyond one for the mean and one for each slope, below which places are not parted from parameters."""


@dataclass(frozen=True)
class Value:
    """A number (or one per year) and its Monte Carlo standard error."""

    value: Array  # [...]
    mcse: Array  # [...]

    def at(self, index: int) -> Value:
        """One element of the last axis (a year)."""
        return Value(self.value[..., index], self.mcse[..., index])


@dataclass(frozen=True)
class Band:
    """A mean and its range, alone or one per year; 0-d arrays when alone.

    ``low`` to ``high`` is the 95 % range, ``p10`` to ``p90`` the 80 % range.
    """

    mean: Array  # [...]
    mcse: Array  # [...] Monte Carlo standard error of the mean
    quantiles: Array  # [level, ...]
    quantile_mcse: Array  # [level, ...]

    @property
    def low(self) -> Array:
        """2.5 % quantile: [...]."""
        return np.asarray(self.quantiles[0])

    @property
    def p10(self) -> Array:
        """10 % quantile: [...]."""
        return np.asarray(self.quantiles[1])

    @property
    def median(self) -> Array:
        """50 % quantile: [...]."""
        return np.asarray(self.quantiles[2])

    @property
    def p90(self) -> Array:
        """90 % quantile: [...]."""
        return np.asarray(self.quantiles[3])

    @property
    def high(self) -> Array:
        """97.5 % quantile: [...]."""
        return np.asarray(self.quantiles[4])

    def at(self, index: int) -> Band:
        """One element of the last axis (a year; -1 is the last)."""
        return Band(*(part[..., index] for part in self._parts()))

    def scaled(self, factor: float) -> Band:
        """The same figure in another unit (per head: 1 / people); ``factor`` is above 0."""
        return Band(*(part * factor for part in self._parts()))

    def to_dict(self) -> dict[str, float]:
        """Plain numbers of a band without years."""
        named = zip(("low", "p10", "median", "p90", "high"), self.quantiles, strict=True)
        errors = {"low_mcse": self.quantile_mcse[0], "high_mcse": self.quantile_mcse[-1]}
        return plain({"mean": self.mean, "mcse": self.mcse, **dict(named), **errors})

    def _parts(self) -> tuple[Array, Array, Array, Array]:
        return self.mean, self.mcse, self.quantiles, self.quantile_mcse


@dataclass(frozen=True)
class Ranges:
    """One figure in the three named ranges: they share their mean.

    ``expected``: parameters only. ``new_place``: plus differences between places; None where no programme of the arm
    states a spread between sites, or there are too few rows. ``place``: plus individual chance in a place of this size.
    ``chance_share``: the share of the variance between rows that was chance, and was removed.
    """

    expected: Band
    place: Band
    chance_share: Array  # [...]
    new_place: Band | None = None

    @property
    def mean(self) -> Array:
        """The mean, the same in every range: [...]."""
        return self.expected.mean

    def at(self, index: int) -> Ranges:
        """One element of the last axis (a year; -1 is the last)."""
        new_place = None if self.new_place is None else self.new_place.at(index)
        return Ranges(self.expected.at(index), self.place.at(index), self.chance_share[..., index], new_place)

    def scaled(self, factor: float) -> Ranges:
        """The same figure in another unit (per head: 1 / people); ``factor`` is above 0."""
        new_place = None if self.new_place is None else self.new_place.scaled(factor)
        return Ranges(self.expected.scaled(factor), self.place.scaled(factor), self.chance_share, new_place)

    def named(self) -> dict[str, Band]:
        """The ranges by name, from the narrowest on: expected, new_place where there is one, place."""
        between = {} if self.new_place is None else {"new_place": self.new_place}
        return {"expected": self.expected, **between, "place": self.place}


@dataclass(frozen=True)
class Sample:
    """Where the rows of an account come from: what two-level estimation needs to know."""

    people: Array  # [row, replicate] simulated people
    place_size: float
    batch: NDArray[np.int64]  # [row] rows of one batch are stratified together, batches are independent
    one_stream: bool  # rows share their random numbers, so that chance does not differ between them
    sites: Array | None = None  # [row, site] log of the site factors that differ; None: no spread is stated

    @property
    def parts_sites(self) -> bool:
        """Whether places can be told from parameters: a spread is stated, and there are rows enough."""
        return self.sites is not None and not self.one_stream and len(self.sites) > self.sites.shape[1] + SPARE_ROWS


def plain(values: dict[str, Any]) -> dict[str, float]:
    """The same names with Python floats.

    >>> plain({"mean": np.float64(2.0)})
    {'mean': 2.0}
    """
    return {name: float(value) for name, value in values.items()}


def standard_error(values: Array, batch: NDArray[np.int64]) -> Array:
    """Monte Carlo standard error of a mean over rows.

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
    rows = len(values)
    order = np.argsort(batch, kind="stable")
    firsts = np.flatnonzero(np.diff(batch[order], prepend=batch[order[0]] - 1))
    away = values - values.mean(axis=0)
    if len(firsts) < ENOUGH_BATCHES:
        spread: Array = (away**2).sum(axis=0) / max(rows - 1, 1) / rows
        return np.sqrt(spread) if rows > 1 else np.full(spread.shape, np.nan)
    sums = np.add.reduceat(away[order], firsts)
    return np.asarray(np.sqrt((sums**2).sum(axis=0) * len(firsts) / (len(firsts) - 1)) / rows)


def quantiles(draws: Array, rows: int) -> tuple[Array, Array]:
    """Quantiles at LEVELS and their Monte Carlo standard errors.

    Args:
        draws: [draw, ...] equally likely figures.
        rows: how many independent rows the draws come from.

    Returns:
        Two arrays [level, ...]. The error is half the distance between the quantiles one binomial standard error of the
        level either side (Woodruff 1952, JASA 47: 635-646).

    Example:
        >>> quantiles(np.linspace(0.0, 1.0, 101), 101)[0].round(3).tolist()
        [0.025, 0.1, 0.5, 0.9, 0.975]
    """
    levels = np.array(LEVELS)
    aside = np.sqrt(levels * (1 - levels) / rows)
    wanted = np.clip(np.concatenate([levels, levels - aside, levels + aside]), 0, 1)
    found, below, above = np.split(np.quantile(draws, wanted, axis=0), 3)
    return found, (above - below) / 2


def row_means(values: Array, people: Array) -> Array:
    """Mean of the replicates of each row, weighted by their people: [row, replicate, ...] -> [row, ...]."""
    share = people / people.sum(axis=1, keepdims=True)
    return np.asarray(np.einsum("ri...,ri->r...", values, share))


def chance_paths(values: Array, people: Array) -> Array:
    """Individual chance of each row for a sample of one person, mean 0: [row, replicate, ...] -> [row, ...].

    Divide by the square root of a place's people to have the chance of its mean (or of its total, when ``values`` are
    totals of the place). Zeros when there are no two replicates to compare.
    """
    if values.shape[1] != 2:
        return np.zeros((len(values), *values.shape[2:]))
    scale = np.sqrt((1 / people).sum(axis=1))
    return np.asarray(np.einsum("r...,r->r...", values[:, 0] - values[:, 1], 1 / scale))


def expected_rows(values: Array, sample: Sample) -> tuple[Array, Array]:
    """Row means with individual chance, and differences between places, removed from their spread.

    Args:
        values: [row, replicate, ...] a figure of the whole place.
        sample: people, streams and site factors of the rows.

    Returns:
        [row, ...] means shrunk about the grand mean, and [...] the share of their variance that was chance.

    Source:
        O'Hagan, Stevenson & Madan (2007), the analysis of variance split. Rows that share their random numbers have no
        chance between them, and are returned as they are.

    Example:
        >>> sample = Sample(np.ones((2, 2)), 2.0, np.array([0, 0]), one_stream=False)
        >>> expected_rows(np.array([[1.0, 1.0], [3.0, 3.0]]), sample)[0].tolist()
        [1.0, 3.0]
    """
    return _without_chance(without_sites(row_means(values, sample.people), sample), values, sample)


def new_place_rows(values: Array, sample: Sample) -> tuple[Array, Array]:
    """As :func:`expected_rows`, differences between places left in: what a place that is not yet known may expect."""
    return _without_chance(row_means(values, sample.people), values, sample)


def without_sites(means: Array, sample: Sample) -> Array:
    """Row means without the part that goes with the site factors, the rest as wide as it would be in one place.

    Args:
        means: [row, ...] a figure of each row.
        sample: the site factors of the rows.

    Returns:
        [row, ...] with the same mean; the figures as they are where places cannot be told from parameters.

    Source:
        Least squares; its residuals have R - 1 - K degrees of freedom.

    Example:
        >>> sites = np.linspace(-1.0, 1.0, 11)[:, None]
        >>> sample = Sample(np.ones((11, 1)), 1.0, np.zeros(11, dtype=np.int64), False, sites)
        >>> without_sites(5.0 + 3.0 * sites[:, 0], sample).round(9).tolist() == [5.0] * 11
        True
    """
    if sample.sites is None or not sample.parts_sites:
        return means
    rows, middle = len(means), means.mean(axis=0)
    away, apart = means - middle, sample.sites - sample.sites.mean(axis=0)
    slope, _, rank, _ = np.linalg.lstsq(apart, away.reshape(rows, -1), rcond=None)
    left = (away - (apart @ slope).reshape(away.shape)) * np.sqrt((rows - 1) / (rows - 1 - rank))
    return np.asarray(middle + np.where(left.var(axis=0) < away.var(axis=0), left, away))


def _without_chance(means: Array, values: Array, sample: Sample) -> tuple[Array, Array]:
    """[row, ...] means shrunk about the grand mean, and [...] the share of their variance that was chance."""
    total = means.var(axis=0, ddof=1) if len(means) > 1 else np.zeros(means.shape[1:])
    paths = np.einsum("r...,r->r...", chance_paths(values, sample.people), sample.people.sum(axis=1) ** -0.5)
    chance = (paths**2).mean(axis=0)
    kept = np.clip(1 - chance / np.where(total > 0, total, 1), 0, 1)
    kept = np.where((total > 0) & (not sample.one_stream), kept, 1.0)
    middle = means.mean(axis=0)
    return middle + (means - middle) * np.sqrt(kept), 1 - kept


def place_draws(expected: Array, values: Array, sample: Sample) -> Array:
    """Futures of one place: each row's figure with the chance of other rows, both signs.

    Args:
        expected: [row, ...] from :func:`new_place_rows`.
        values: [row, replicate, ...] the same figure before.
        sample: people of the rows and of the place.

    Returns:
        [row, draw, ...]; the mean over all draws is the mean of ``expected``.
    """
    rows = len(expected)
    chance = chance_paths(values, sample.people) / np.sqrt(sample.place_size)
    pairs = min(rows, -(-DRAWS // (2 * rows)))
    shifts = np.arange(pairs) * rows // pairs
    met = chance[(np.arange(rows)[:, None] + shifts) % rows]
    return np.concatenate([expected[:, None] + met, expected[:, None] - met], axis=1)


def band(draws: Array, values: Array, sample: Sample, fitted: int = 0) -> Band:
    """Mean and error from the rows themselves, quantiles from the draws.

    Args:
        draws: [draw, ...] equally likely figures.
        values: [row, replicate, ...] the figure as simulated.
        sample: people and batches of the rows.
        fitted: degrees of freedom used by the fitted slopes.
    """
    means = row_means(values, sample.people)
    return Band(means.mean(axis=0), standard_error(means, sample.batch), *quantiles(draws, len(means) - fitted))


def ranges(values: Array, sample: Sample) -> Ranges:
    """A figure in its named ranges.

    Args:
        values: [row, replicate, ...] a figure of the whole place.
        sample: people, batches and streams of the rows.

    Example:
        >>> sample = Sample(np.ones((2, 2)), 2.0, np.array([0, 0]), one_stream=False)
        >>> float(ranges(np.array([[1.0, 1.0], [3.0, 3.0]]), sample).mean)
        2.0
    """
    there, share = new_place_rows(values, sample)
    draws = band(flat(place_draws(there, values, sample)), values, sample)
    if sample.sites is None or not sample.parts_sites:
        return Ranges(band(there, values, sample), draws, np.asarray(share))
    expected, _ = expected_rows(values, sample)
    narrow = band(expected, values, sample, sample.sites.shape[1])
    return Ranges(narrow, draws, np.asarray(share), band(there, values, sample))


def flat(draws: Array) -> Array:
    """[row, draw, ...] -> [row x draw, ...]."""
    return draws.reshape(-1, *draws.shape[2:])


def share_of(happens: NDArray[np.bool_], batch: NDArray[np.int64]) -> Value:
    """Share of draws in which something happens, with its error over rows: [row, draw, ...] -> [...]."""
    by_row = happens.mean(axis=1)
    return Value(by_row.mean(axis=0), standard_error(by_row, batch))
