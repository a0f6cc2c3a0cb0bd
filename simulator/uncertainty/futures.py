"""Turns parted rows into equally likely futures, and gives whatever is computed from futures its error.

*Ends* of a range lie where a further draw falls outside as often as is said: the k-th of R sorted rows has on average
k / (R + 1) of the law below it. *Errors* come from resampling rows with their replicates. In resample s a future moves
with the mean M, and with what is kept of the spread, while an end Q at level p also moves by what is drawn below it,
with f the density there (Bahadur 1966; Woodruff 1952, JASA 47: 635-646):

    Q[s] = Q + (1 - kept[s]) (M[s] - M) + (Q - M) (spread[s] / spread - 1) - (share drawn below Q - p) / f

Whether chance is parted stays as it was decided, since a range is named after it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from simulator.uncertainty.parting import Parted, Sample, chance_paths, parted_rows
from simulator.uncertainty.resampling import Array, mixing

LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)
DRAWS = 4000
MOVED = 128
"""Futures that are moved in every resample."""
MOST_ADDED = 32
"""Samples of people that are added up for a large place: their sum is as good as normal."""


What: TypeAlias = Callable[[Array, NDArray[np.int64]], NDArray[Any]]
"""Something of futures [..., draw, ...] and the rows they are from [draw]: [..., draw, figure]."""


@dataclass(frozen=True)
class Value:
    """A number (or one per year) and its Monte Carlo standard error."""

    value: Array  # [...]
    mcse: Array  # [...]

    def at(self, index: int) -> Value:
        """One element of the last axis (a year)."""
        return Value(self.value[..., index], self.mcse[..., index])


@dataclass(frozen=True)
class Futures:
    """Equally likely figures, and what is needed for the error of anything that is computed from them."""

    draws: Array  # [row, draw, ...]
    parted: Parted
    added: Array | None = None  # [...] chance of the place that was added: factor on that of one person
    fitted: int = 0  # slopes that were fitted to the rows

    def at(self, index: int) -> Futures:
        """One element of the last axis (a year; -1 is the last)."""
        added = self.added if self.added is None or self.added.ndim == 0 else self.added[..., index]
        return Futures(self.draws[..., index], self.parted.at(index), added, self.fitted)

    @property
    def all(self) -> Array:
        """Every future: [row x draw, ...]."""
        return flat(self.draws)

    def quantiles(self) -> tuple[Array, Array]:
        """Quantiles at LEVELS and their Monte Carlo errors: two of [level, ...]."""
        found, below, per_share = _quantiles(self.draws)
        drawn = self.parted.drawn.means(below) - below.mean(axis=0)
        resampled = self.parted.moved(found, self.added) - drawn * per_share
        return found, self._error(resampled)

    def mean(self, what: What) -> Value:
        """Mean over the futures of something in each (0 or 1 for a probability), with its error.

        Args:
            what: it is.
        """
        rows, each = self.draws.shape[:2]
        number = np.repeat(np.arange(rows), each)
        told = what(self.all, number)
        by_row = told.reshape(rows, each, told.shape[-1]).mean(axis=1)
        resampled = self.parted.drawn.means(by_row) + self._moved_on(what)
        return Value(by_row.mean(axis=0), self._error(resampled))

    def _moved_on(self, what: What) -> Array:
        """What the mean gains in every resample because futures move: [resample, figure]."""
        rows, each = self.draws.shape[:2]
        few = np.arange(min(MOVED, rows * each)) * (rows * each) // min(MOVED, rows * each)
        was, number = self.all[few], few // each
        if np.all(self.parted.kept_again == 1) and self.added is None:
            return np.zeros((1, what(was, number).shape[-1]))
        moved = was + self.parted.moved(was, self.added)
        return np.asarray(what(moved, number).mean(axis=1) - what(was, number).mean(axis=0))

    def _error(self, resampled: Array) -> Array:
        rows = len(self.draws)
        return self.parted.drawn.error(resampled) * math.sqrt((rows - 1) / max(rows - 1 - self.fitted, 1))


def _quantiles(draws: Array) -> tuple[Array, Array, Array]:
    """Of [row, draw, ...]: quantiles [level, ...], what of each row is below them, and pounds for each share of draws.

    The share of futures at the k-th of R rows is k / (R + 1), so the end of a range lies among the outermost rows. With
    very few rows an end is the outermost, whatever is drawn: its error is not known, nan.
    """
    rows, each = draws.shape[:2]
    ordered = np.sort(flat(draws), axis=0)
    levels = np.array(LEVELS)
    wide = np.maximum(np.sqrt(levels * (1 - levels) / rows), 0.5 / rows)
    places = [_place(level, rows, each) for level in (levels, levels - wide, levels + wide)]
    found, low, high = (_at(ordered, place) for place in places)
    scores = [ndtri(np.clip(((place - 0.5) / each + 0.5) / (rows + 1), 1e-6, 1 - 1e-6)) for place in places]
    apart = np.maximum(scores[2] - scores[1], 1e-9) * np.exp(-(ndtri(levels) ** 2) / 2) / math.sqrt(2 * math.pi)
    below = np.stack([_share_below(draws, ordered, place) for place in places[0]], axis=1)
    per_share = (high - low) / apart.reshape(-1, *(1,) * (found.ndim - 1))
    outermost = _place(levels - wide, rows, 1) == _place(levels + wide, rows, 1)
    unknown = outermost.reshape(-1, *(1,) * (found.ndim - 1)) & (high == low) & (ordered[0] < ordered[-1])
    return found, below, np.where(unknown, np.nan, per_share)


def _place(level: Array, rows: int, each: int) -> Array:
    """Where a level lies among so many sorted futures, counted from 1."""
    level = np.clip(level, 1e-9, 1 - 1e-9)
    nearest = np.clip((level * (rows + 1) - 0.5) / rows, level / 5, 1 - (1 - level) / 5)
    return np.clip(nearest * rows * each + 0.5, 1, rows * each)


def _at(ordered: Array, place: Array) -> Array:
    """Sorted futures at places between them: [draw, ...] -> [level, ...]."""
    first = np.minimum(place.astype(np.int64), len(ordered)) - 1
    after = np.minimum(first + 1, len(ordered) - 1)
    part = (place - 1 - first).reshape(-1, *(1,) * (ordered.ndim - 1))
    return np.asarray(ordered[first] + (ordered[after] - ordered[first]) * part)


def _share_below(draws: Array, ordered: Array, place: float) -> Array:
    """The share of each row's futures below a place among all of them: [row, draw, ...] -> [row, ...].

    The future that lies there counts half, so that both ends of a range are treated alike.
    """
    first = min(int(place - 0.5), len(ordered) - 1)
    part, before = place - 0.5 - first, ordered[max(first - 1, 0)]
    if draws.shape[1] > 1:
        return np.asarray((draws <= before).mean(axis=1))
    return np.asarray((1 - part) * (draws[:, 0] <= before) * (first > 0) + part * (draws[:, 0] <= ordered[first]))


def futures_of(draws: Array, batch: NDArray[np.int64]) -> Futures:
    """Futures that are given as they are, with no spread to be parted.

    Args:
        draws: [row, draw, ...].
        batch: [row] for the errors.

    Example:
        >>> futures = futures_of(np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 0.0], [0.0, 0.0]]), np.arange(4) * 0)
        >>> share = futures.mean(lambda draws, row: draws[..., None])
        >>> share.value.tolist()
        [0.375]
    """
    means, sample = draws.mean(axis=1), Sample(np.ones((len(draws), 1)), 1.0, batch, one_stream=True)
    return Futures(draws, parted_rows(means, means[:, None], sample))


def rows_alone(parted: Parted, fitted: int = 0) -> Futures:
    """The rows themselves as futures."""
    return Futures(parted.rows[:, None], parted, fitted=fitted)


def place_futures(parted: Parted, values: Array, sample: Sample) -> Futures:
    """Futures of one place: each row's figure with the chance of as many people as live there.

    A place about as large as the sample of n people has the law of the rows as they are, brought to N people; a smaller
    one has the chance of a row's own replicates beside it, so that two whole runs are two futures. A larger one is
    N / n samples: the chance of one is the difference of two replicates, that of the place a sum of so many, and its
    tails are those of the place. Where chance could not be told from parameters the rows hold it, and none is added.

    Args:
        parted: from :func:`new_place_rows`.
        values: [row, replicate, ...] the same figure as simulated.
        sample: people of the rows and of the place.

    Returns:
        Their mean over all draws is the mean of the rows.
    """
    paths = chance_paths(values, sample.people)
    if samples_in_place(sample) == 1 and not sample.one_stream:
        return _near_futures(parted, paths, sample)
    rows = len(paths)
    added = np.sqrt(parted.is_parted / sample.place_size)
    chance = chance_of_place(paths, sample) * added
    pairs = min(rows, -(-DRAWS // (2 * rows)))
    shifts = np.arange(pairs) * rows // pairs
    met = chance[(np.arange(rows)[:, None] + shifts) % rows]
    draws = np.concatenate([parted.rows[:, None] + met, parted.rows[:, None] - met], axis=1)
    return Futures(draws, parted, added)


def _near_futures(parted: Parted, paths: Array, sample: Sample) -> Futures:
    """Futures of a place not much larger than the sample: rows whose chance is made that of the place."""
    simulated, there = float((1 / sample.people.sum(axis=1)).mean()), 1 / sample.place_size
    excess, more = max(0.0, 1 - there / simulated), np.array(math.sqrt(max(0.0, there - simulated)))
    kept, again = (np.sqrt(1 - np.minimum(spread.share, 1) * excess) for spread in (parted.spread, parted.again))
    middle = parted.means.mean(axis=0)
    rows = middle + (parted.means - middle) * kept
    near = replace(parted, rows=rows, kept=kept, kept_again=again)
    draws = np.stack([rows + more * paths, rows - more * paths], axis=1) if more > 0 else rows[:, None]
    return Futures(draws, near, more)


def samples_in_place(sample: Sample) -> int:
    """How many samples of people make up the place, 1 or more."""
    return max(round(sample.place_size / float(sample.people.sum(axis=1).mean())), 1)


def chance_of_place(paths: Array, sample: Sample) -> Array:
    """Chance of samples added up to the size of the place, as wide as that of one person: [row, ...] -> [row, ...].

    Args:
        paths: from :func:`chance_paths`.
        sample: people of the rows and of the place.

    Example:
        >>> sample = Sample(np.ones((4, 2)), 8.0, np.zeros(4, dtype=np.int64), one_stream=False)
        >>> abs(chance_of_place(np.array([2.0, 0.0, 0.0, 0.0]), sample)).tolist()
        [1.0, 1.0, 1.0, 1.0]
    """
    rows = len(paths)
    shifts, signs = mixing(rows, min(samples_in_place(sample), rows, MOST_ADDED))
    pairs = zip(shifts, signs, strict=True)
    added = sum(np.einsum("r...,r->r...", np.roll(paths, shift, axis=0), sign) for shift, sign in pairs)
    return np.asarray(added / math.sqrt(len(shifts)))


def flat(draws: Array) -> Array:
    """[row, draw, ...] -> [row x draw, ...]."""
    return draws.reshape(draws.shape[0] * draws.shape[1], *draws.shape[2:])
