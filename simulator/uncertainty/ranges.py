"""Turns rows of two replicates into means, ranges and their Monte Carlo errors: parameters, places and chance apart.

    expected   what the parameters alone do                      chance told apart by uncertainty.parting
    new place  plus what differs between places
    place      plus the chance of a place of N people            uncertainty.futures

The three share their mean, whose error is that between batches (:mod:`simulator.uncertainty.resampling`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.uncertainty.futures import LEVELS, Futures, Value, futures_of, place_futures, rows_alone
from simulator.uncertainty.parting import (
    Parted,
    Sample,
    expected_rows,
    new_place_rows,
    people_needed,
    row_means,
    rows_needed,
)
from simulator.uncertainty.resampling import Array, standard_error

__all__ = [
    "LEVELS",
    "Array",
    "Band",
    "Futures",
    "Ranges",
    "Sample",
    "Value",
    "band",
    "expected_rows",
    "futures_of",
    "new_place_rows",
    "place_futures",
    "plain",
    "ranges",
    "row_means",
    "rows_alone",
    "standard_error",
]


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
    ``chance_share``: the share of the variance between rows that is chance. Where ``is_parted`` it was removed; else
    this run is too small to tell chance from parameters, and ``expected`` and ``new_place`` hold the chance of the
    simulated people too.
    """

    expected: Band
    place: Band
    chance_share: Array  # [...]
    new_place: Band | None = None
    chance_share_mcse: Array = field(default_factory=lambda: np.zeros(()))  # [...]
    is_parted: NDArray[np.bool_] = field(default_factory=lambda: np.ones((), dtype=np.bool_))  # [...]
    people_needed: Array = field(
        default_factory=lambda: np.zeros(())
    )  # [...] a row, to part them; inf: more than live in the place
    rows_needed: Array = field(default_factory=lambda: np.zeros(()))  # [...] with as many people, to part them

    @property
    def mean(self) -> Array:
        """The mean, the same in every range: [...]."""
        return self.expected.mean

    def at(self, index: int) -> Ranges:
        """One element of the last axis (a year; -1 is the last)."""
        return Ranges(
            self.expected.at(index),
            self.place.at(index),
            self.chance_share[..., index],
            None if self.new_place is None else self.new_place.at(index),
            self.chance_share_mcse[..., index],
            self.is_parted[..., index],
            self.people_needed[..., index],
            self.rows_needed[..., index],
        )

    def scaled(self, factor: float) -> Ranges:
        """The same figure in another unit (per head: 1 / people); ``factor`` is above 0."""
        new_place = None if self.new_place is None else self.new_place.scaled(factor)
        return replace(
            self, expected=self.expected.scaled(factor), place=self.place.scaled(factor), new_place=new_place
        )

    def named(self) -> dict[str, Band]:
        """The ranges by name, from the narrowest on: expected, new_place where there is one, place."""
        between = {} if self.new_place is None else {"new_place": self.new_place}
        return {"expected": self.expected, **between, "place": self.place}


def plain(values: dict[str, Any]) -> dict[str, float]:
    """The same names with Python floats.

    >>> plain({"mean": np.float64(2.0)})
    {'mean': 2.0}
    """
    return {name: float(value) for name, value in values.items()}


def band(futures: Futures, values: Array, sample: Sample) -> Band:
    """Mean and error from the rows themselves, quantiles from the futures.

    Args:
        futures: equally likely figures.
        values: [row, replicate, ...] the figure as simulated.
        sample: people and batches of the rows.
    """
    means = row_means(values, sample.people)
    return Band(means.mean(axis=0), standard_error(means, sample.batch), *futures.quantiles())


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
    there = new_place_rows(values, sample)
    place, alone = band(place_futures(there, values, sample), values, sample), rows_alone(there)
    if sample.sites is None or not sample.parts_sites:
        return _ranges(there, band(alone, values, sample), place, None, sample)
    here = expected_rows(values, sample)
    narrow = band(rows_alone(here, sample.sites.shape[1]), values, sample)
    return _ranges(here, narrow, place, band(alone, values, sample), sample)


def _ranges(parted: Parted, expected: Band, place: Band, new_place: Band | None, sample: Sample) -> Ranges:
    share = np.minimum(parted.spread.share, 1.0) * (not sample.one_stream)
    error = parted.drawn.error(np.minimum(parted.again.share, 1.0)) * (not sample.one_stream)
    people = people_needed(parted, sample)
    people = np.where(people > sample.place_size, np.inf, people)  # there is nobody else to simulate
    return Ranges(expected, place, share, new_place, error, parted.is_parted, people, rows_needed(parted))
