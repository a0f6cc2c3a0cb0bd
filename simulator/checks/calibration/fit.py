"""Turns targets and unknowns into the values that meet them best, with what they leave open.

With z the unknowns in standard deviations of what was known of them, f(z) the figures, t the targets and s their
errors, the values are those of the least

    sum over targets of ((f(z) - t) / s)^2  +  sum over unknowns that have an interval of their own of z^2

by trust-region least squares (scipy.optimize.least_squares). With J the slopes of f / s there, F the Monte Carlo
covariance of f / s, P = 1 (an unknown with an interval), 0 (a free one), and G = (J'J + P)^-1 J' (pseudo-inverse),

    posterior      C = (J'J + I)^-1         Gauss-Newton; a free unknown counts as even between its ends
    Monte Carlo    M = G F G'
    spread         sqrt(diagonal of C + M)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import least_squares

from simulator.checks.calibration.aim import Aim, Figures
from simulator.checks.calibration.unknown import Unknown
from simulator.checks.samples import Array

MOST_STEPS = 15
CLOSE = 0.01  # of the step, of the sum of squares and of its slope: far below what the targets can tell
NOTHING = 1e-6  # of the largest: a direction that no target sees
AT_AN_END = 0.01  # standard deviations

Told = Callable[[int, int], None]


@dataclass(frozen=True)
class Fit:
    """What came of it: z, slopes and covariances in standard deviations of what was known before."""

    z: Array  # [unknown]
    before: Figures
    after: Figures
    slopes: Array  # [target, unknown] of figures in their errors
    posterior: Array  # [unknown, unknown]
    monte_carlo: Array  # [unknown, unknown]
    at_end: tuple[bool, ...]  # [unknown] it stopped at an end of where to look


@dataclass
class _Figures:
    """Figures at points, each simulated once."""

    aim: Aim
    unknowns: Sequence[Unknown]
    told: Told
    known: dict[bytes, Figures] = field(default_factory=dict)

    def __call__(self, z: Array) -> Figures:
        key = np.asarray(z, dtype=np.float64).tobytes()
        if key not in self.known:
            values = [one.value(x) for one, x in zip(self.unknowns, z, strict=True)]
            self.known[key] = self.aim.figures(self.unknowns, values)
            self.told(len(self.known), max(len(self.known), 4 * (len(self.unknowns) + 1)))
        return self.known[key]


def fitted(aim: Aim, unknowns: Sequence[Unknown], told: Told) -> Fit:
    """The values that meet the targets best.

    Args:
        aim: the targets, and with which people.
        unknowns: the numbers that are varied.
        told: called with simulations done, and about how many there will be.

    Raises:
        RunError: as :meth:`Aim.figures`.
    """
    at, prior = _Figures(aim, unknowns, told), np.array([0.0 if one.free else 1.0 for one in unknowns])

    def away(z: Array) -> Array:
        return np.concatenate([(at(z).values - aim.wanted) / aim.errors, prior * z])

    def slopes(z: Array) -> Array:
        return np.vstack([_slopes(at, z), np.diag(prior)])

    ends = np.array([one.ends for one in unknowns]).T
    start = np.zeros(len(unknowns))
    solved = least_squares(
        away, start, jac=slopes, bounds=(ends[0], ends[1]), max_nfev=MOST_STEPS, xtol=CLOSE, ftol=CLOSE, gtol=CLOSE
    )
    return _fit(at, solved.x, start, ends, prior)


def _slopes(at: _Figures, z: Array) -> Array:
    """[target, unknown] by a step towards the middle of where to look."""
    columns = []
    for k, one in enumerate(at.unknowns):
        step = -one.step if z[k] > 0 else one.step
        moved = z + step * np.eye(len(z))[k]
        columns.append((at(moved).values - at(z).values) / step / at.aim.errors)
    return np.stack(columns, axis=1)


def _slopes_both_ways(at: _Figures, z: Array) -> Array:
    """[target, unknown] by a step up and a step down: straighter, and from twice as many people's lives."""
    columns = []
    for one, direction in zip(at.unknowns, np.eye(len(z)), strict=True):
        moved = [at(z + sign * one.step * direction).values for sign in (1, -1)]
        columns.append((moved[0] - moved[1]) / (2 * one.step) / at.aim.errors)
    return np.stack(columns, axis=1)


def _fit(at: _Figures, z: Array, start: Array, ends: Array, prior: Array) -> Fit:
    after, slopes = at(z), _slopes_both_ways(at, z)
    both = slopes.T @ slopes
    gain = np.linalg.pinv(both + np.diag(prior), rcond=NOTHING, hermitian=True) @ slopes.T
    chance = after.covariance / np.outer(at.aim.errors, at.aim.errors)
    stopped = np.abs(z - ends).min(axis=0) < AT_AN_END
    return Fit(
        z=z,
        before=at(start),
        after=after,
        slopes=slopes,
        posterior=np.asarray(np.linalg.inv(both + np.eye(len(z))), dtype=np.float64),
        monte_carlo=gain @ chance @ gain.T,
        at_end=tuple(map(bool, stopped)),
    )
