"""Tells chance from parameters in the spread of rows, where the run is large enough for it.

With x[r, i] the figure of row r and replicate i, scaled to the whole place, m[r] the row's mean weighted by its people
n[r, i], M the mean of m, and z[r] the log of the site factors of the K programmes compared, about their mean:

    chance     V = mean of (x[r, 0] - x[r, 1])^2 n0 n1 / (n0 + n1)^2         individual chance in m
    new place  p[r] = M + (m[r] - M) sqrt(1 - V / var(m))                    what parameters and the place do
    expected   e[r] = M + (l[r] - M) sqrt(1 - V / var(l))                    what the parameters alone do, with
               l[r] = M + (m[r] - M - b z[r]) sqrt((R - 1) / (R - 1 - K))    b by least squares over the R rows

so the spread of e is that of the expected effect (O'Hagan, Stevenson & Madan 2007, Health Economics 16: 1009-1023). A
site factor is sampled apart from everything else, so b z is the part of a figure that differs between places, and b is
known to a standard error of sd(l) / sqrt(R var(z)). The root restores the spread that K fitted slopes take away. Where
the slopes explain no more than slopes of chance would, l is m.

This is done only where the upper 95 % limit of V / T is below 1, T being var(m) or var(l). Else the rows stay as they
are, with the chance of the simulated people inside, and are said to be so. The limit is that of a log ratio, with the
error found by resampling, or that of two independent chi-squares where this is larger. With fewer than 256 rows the
limit is three errors away: where chance is four times the parameters a fifth of the runs of 64 rows would pass 95 % by
luck, those in which T came out large, and their ranges would be too wide without a word.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simulator.uncertainty.resampling import Array, Clusters, clusters

SURE, SURE_OF_FEW = 1.6449, 3.0  # standard errors below which 95 %, and 99.9 %, of a normal law lie
FEW_ROWS = 256
"""Below this many rows chance is parted only beyond three standard errors."""
SPARE_ROWS = 8
"""Rows beyond one for the mean and one for each slope, below which places are not parted from parameters."""


@dataclass(frozen=True)
class Sample:
    """Where the rows of an account come from: what two-level estimation needs to know."""

    people: Array  # [row, replicate] simulated people
    place_size: float
    batch: NDArray[np.int64]  # [row] rows of one batch are stratified together, batches are independent
    one_stream: bool  # rows share their random numbers, so that chance does not differ between them
    sites: Array | None = None  # [row, site] log of the site factors that differ; None: no spread is stated
    is_certain: bool = False  # no parameter is uncertain, so that rows differ by chance alone

    @property
    def parts_sites(self) -> bool:
        """Whether places can be told from parameters: a spread is stated, and there are rows enough."""
        return self.sites is not None and not self.one_stream and len(self.sites) > self.sites.shape[1] + SPARE_ROWS


# ------------------------------------------------------------------------------------- what rows are made of


def row_means(values: Array, people: Array) -> Array:
    """Mean of the replicates of each row, weighted by their people: [row, replicate, ...] -> [row, ...]."""
    share = people / people.sum(axis=1, keepdims=True)
    return np.asarray(np.einsum("ri...,ri->r...", values, share))


def chance_paths(values: Array, people: Array) -> Array:
    """Individual chance of each row for a sample of one person, mean 0: [row, replicate, ...] -> [row, ...].

    Divide by the square root of a number of people to have the chance of their mean (or of the total of a place, when
    ``values`` are totals of the place). Zeros when there are no two replicates to compare.
    """
    if values.shape[1] != 2:
        return np.zeros((len(values), *values.shape[2:]))
    scale = np.sqrt((1 / people).sum(axis=1))
    return np.asarray(np.einsum("r...,r->r...", values[:, 0] - values[:, 1], 1 / scale))


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
    slope, rank = np.linalg.pinv(apart) @ away.reshape(rows, -1), np.linalg.matrix_rank(apart)
    left = (away - (apart @ slope).reshape(away.shape)) * np.sqrt((rows - 1) / (rows - 1 - rank))
    return np.asarray(middle + np.where(left.var(axis=0) < away.var(axis=0), left, away))


# ---------------------------------------------------------------------------- chance told from parameters


@dataclass(frozen=True)
class Spread:
    """What the spread of rows is made of, once or in every resample: leading axes [...] or [resample, ...]."""

    middle: Array  # away from the mean of all rows
    total: Array  # variance of the row means
    chance: Array  # the part of it that is chance
    alone: Array  # variance of chance for a single person

    def at(self, index: int) -> Spread:
        """One element of the last axis."""
        return Spread(self.middle[..., index], self.total[..., index], self.chance[..., index], self.alone[..., index])

    @property
    def share(self) -> Array:
        """Chance over total, 0 where nothing differs."""
        return np.asarray(np.divide(self.chance, self.total, out=np.zeros_like(self.total), where=self.total > 0))


@dataclass(frozen=True)
class Parted:
    """Rows with their chance taken away where it can be told from the rest, and how they move under resampling."""

    means: Array  # [row, ...] as simulated
    rows: Array  # [row, ...] shrunk about their mean where chance is parted
    is_parted: NDArray[np.bool_]  # [...]
    kept: Array  # [...] factor on the distance of a row from the mean
    spread: Spread  # [...]
    again: Spread  # [resample, ...]
    kept_again: Array  # [resample, ...]
    limit: Array  # [...] upper limit of chance over total, divided by its estimate
    drawn: Clusters

    def at(self, index: int) -> Parted:
        """One element of the last axis (a year; -1 is the last)."""
        of_rows = {
            name: getattr(self, name)[..., index]
            for name in ("means", "rows", "is_parted", "kept", "kept_again", "limit")
        }
        return replace(self, spread=self.spread.at(index), again=self.again.at(index), **of_rows)

    def moved(self, at: Array, added: Array | None = None) -> Array:
        """How far a future that lies at ``at`` is moved in every resample.

        Args:
            at: [level, ...] futures.
            added: [...] chance that was added to the rows, as a factor on that of one person.

        Returns:
            [resample, level, ...].
        """
        extra = np.zeros(()) if added is None else added
        wide = self.kept**2 * self.spread.total + extra**2 * self.spread.alone
        wide_again = self.kept_again**2 * self.spread.total + extra**2 * self.again.alone
        ratio = np.sqrt(np.divide(wide_again, wide, out=np.ones_like(wide_again), where=wide > 0))
        shifted = (1 - self.kept_again) * self.again.middle
        return np.asarray(shifted[:, None] + (at - self.rows.mean(axis=0)) * (ratio[:, None] - 1))


def parted_rows(means: Array, values: Array, sample: Sample) -> Parted:
    """Rows with chance taken out of their spread, where it can be told from the rest.

    Args:
        means: [row, ...] from :func:`row_means`, or without the part of the places.
        values: [row, replicate, ...] the figure as simulated.
        sample: people, batches and streams of the rows.

    Source:
        O'Hagan, Stevenson & Madan (2007). Rows that share their random numbers have no chance between them, and are
        left as they are.

    Example:
        >>> sample = Sample(np.ones((2, 2)), 2.0, np.array([0, 0]), one_stream=False)
        >>> parted_rows(np.array([1.0, 3.0]), np.array([[1.0, 1.0], [3.0, 3.0]]), sample).rows.tolist()
        [1.0, 3.0]
    """
    drawn, middle = clusters(sample.batch), means.mean(axis=0)
    spread, again = _spreads(means - middle, chance_paths(values, sample.people), sample, drawn)
    limit = np.exp(_sure(len(means)) * _log_error(spread, again, len(means), drawn))
    is_parted = (spread.share * limit < 1) & (values.shape[1] == 2) | sample.one_stream | sample.is_certain
    kept, again_kept = (_kept(part.share, is_parted, sample) for part in (spread, again))
    rows = middle + (means - middle) * kept
    return Parted(means, rows, is_parted, kept, spread, again, again_kept, limit, drawn)


def _spreads(away: Array, paths: Array, sample: Sample, drawn: Clusters) -> tuple[Spread, Spread]:
    """The spread of rows about their mean, and of the rows of every resample."""
    rows = len(away)
    chance = np.einsum("r...,r->r...", paths**2, 1 / sample.people.sum(axis=1))
    sums = np.stack([away, away**2, chance, paths**2], axis=1)
    unbiased = rows / max(rows - 1, 1)
    again = drawn.means(sums)
    total = np.maximum(again[:, 1] - again[:, 0] ** 2, 0) * unbiased
    all_rows = sums.mean(axis=0)
    return (
        Spread(all_rows[0], all_rows[1] * unbiased, all_rows[2], all_rows[3]),
        Spread(again[:, 0], total, again[:, 2], again[:, 3]),
    )


def _log_error(spread: Spread, again: Spread, rows: int, drawn: Clusters) -> Array:
    """Standard error of the log of chance over total: by resampling, and no less than that of two chi-squares."""
    share = np.where(again.share > 0, again.share, np.where(spread.share > 0, spread.share, 1.0))
    normal = math.sqrt(2 / rows + 2 / max(rows - 1, 1))
    return np.fmax(drawn.error(np.log(share)), normal)


def _sure(rows: int) -> float:
    """How many standard errors away the limit is."""
    return SURE if rows >= FEW_ROWS else SURE_OF_FEW


def _kept(share: Array, is_parted: NDArray[np.bool_], sample: Sample) -> Array:
    """The factor on the distance from the mean, with the same decision in every resample: ranges are named after it."""
    if sample.one_stream or sample.is_certain:
        return np.full(share.shape, 0.0 if sample.is_certain else 1.0)
    return np.sqrt(np.where(is_parted, np.maximum(1 - share, 0), 1.0))


def rows_needed(parted: Parted) -> Array:
    """How many rows of as many people would let chance be told from parameters, nineteen times in twenty: [...].

    With E the error of log(V / T), which falls with the square root of the rows, and c errors to the limit,
    rows x ((c + 1.645) E / log(T / V))^2; P = T - V is taken as no less than its own standard error.
    """
    rows, spread = len(parted.rows), parted.spread
    others = _others(spread, rows)
    apart = np.log1p(np.divide(others, spread.chance, out=np.full_like(others, np.inf), where=spread.chance > 0))
    error = np.log(parted.limit) / _sure(rows)
    few, many = (rows * ((sure + SURE) * error / np.maximum(apart, 1e-9)) ** 2 for sure in (SURE_OF_FEW, SURE))
    return np.asarray(np.minimum(few, np.maximum(many, FEW_ROWS)))


def _others(spread: Spread, rows: int) -> Array:
    """The variance that is not chance, no less than its own standard error."""
    error = np.sqrt(2 * spread.total**2 / max(rows - 1, 1) + 2 * spread.chance**2 / rows)
    return np.asarray(np.maximum(spread.total - spread.chance, error))


def people_needed(parted: Parted, sample: Sample) -> Array:
    """How many people a row would let chance be told from parameters, nineteen times in twenty: [...].

    Chance falls with the people, so with P = T - V, no less than its own standard error, and F the limit over the
    estimate, V may be P x / (1 - x) with x = F^-(1 + 1.645 / c), c being the errors that the limit is away.
    """
    rows, spread = len(parted.rows), parted.spread
    further = 1 + SURE / _sure(rows)
    allowed = _others(spread, rows) / np.maximum(parted.limit**further - 1, 1e-9)
    times = np.divide(spread.chance, allowed, out=np.zeros_like(allowed), where=allowed > 0)
    return np.asarray(times * float(sample.people.sum(axis=1).mean()))


def expected_rows(values: Array, sample: Sample) -> Parted:
    """Row means with individual chance, and differences between places, removed from their spread where they can be.

    Args:
        values: [row, replicate, ...] a figure of the whole place.
        sample: people, streams and site factors of the rows.

    Example:
        >>> sample = Sample(np.ones((2, 2)), 2.0, np.array([0, 0]), one_stream=False)
        >>> expected_rows(np.array([[1.0, 1.0], [3.0, 3.0]]), sample).rows.tolist()
        [1.0, 3.0]
    """
    return parted_rows(without_sites(row_means(values, sample.people), sample), values, sample)


def new_place_rows(values: Array, sample: Sample) -> Parted:
    """As :func:`expected_rows`, differences between places left in: what a place that is not yet known may expect."""
    return parted_rows(row_means(values, sample.people), values, sample)
