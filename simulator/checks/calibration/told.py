"""Turns a fit into plain words: what the targets cannot tell, which of them cannot be had together, what stopped early.

A direction of the unknowns (a singular vector of the slopes) is told when its slope is above 1: a standard deviation of
what was known before moves the targets by more than their error.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from simulator.checks.calibration.aim import Aim
from simulator.checks.calibration.fit import Fit
from simulator.checks.calibration.unknown import WIDTH_95, Unknown
from simulator.checks.samples import Array

AS_WIDE = 0.9  # of the spread before: the targets say next to nothing
OPEN, TOGETHER = 0.5, 0.9  # half of the spread left and a correlation of .9: only a combination is known
PULLS = 0.05  # of the sum of squares' slope: smaller pulls are not told


def notes(aim: Aim, unknowns: Sequence[Unknown], fit: Fit) -> Iterator[str]:
    """What a reader of the values must know.

    Args:
        aim: the targets.
        unknowns: the numbers that were varied.
        fit: what came of it.
    """
    yield from _unseen(unknowns, fit)
    yield from _pairs(unknowns, fit)
    yield from _directions(unknowns, fit)
    yield from _stopped(unknowns, fit)
    yield from _conflicts(aim, unknowns, fit)
    if np.isnan(fit.after.covariance).any():
        yield "One sample of people cannot tell the Monte Carlo error: take --rows 2 or more."


def _spread(fit: Fit) -> Array:
    return np.sqrt(np.diag(fit.posterior))


def _unseen(unknowns: Sequence[Unknown], fit: Fit) -> Iterator[str]:
    for one, left in zip(unknowns, _spread(fit), strict=True):
        if left > AS_WIDE:
            yield (
                f"The targets cannot tell {one.path}: what is left open is {100 * left:.0f} % of what was open before. "
                "Leave it out, or add a target that it moves."
            )


def _pairs(unknowns: Sequence[Unknown], fit: Fit) -> Iterator[str]:
    left = _spread(fit)
    correlation = fit.posterior / np.outer(left, left)
    for i, j in combinations(range(len(unknowns)), 2):
        if min(left[i], left[j]) > OPEN and abs(correlation[i, j]) > TOGETHER:
            way = "lower" if correlation[i, j] < 0 else "higher"
            yield (
                f"The targets cannot tell {unknowns[i].path} and {unknowns[j].path} apart: with one higher and the "
                f"other {way} they are met as well. Vary one of them, or add a target that only one moves."
            )


def _directions(unknowns: Sequence[Unknown], fit: Fit) -> Iterator[str]:
    told = int((np.linalg.svd(fit.slopes, compute_uv=False) > 1).sum())
    if told < len(unknowns):
        yield (
            f"{len(unknowns)} numbers are varied and the targets tell {told} combination{'s' if told != 1 else ''} of "
            "them: the rest stays as it was."
        )


def _stopped(unknowns: Sequence[Unknown], fit: Fit) -> Iterator[str]:
    for one, z, stopped in zip(unknowns, fit.z, fit.at_end, strict=True):
        if stopped:
            yield (
                f"{one.path} stopped at {one.value(z):.4g}, an end of where it was looked for: the targets want it "
                f"beyond. Write {one.path}:LOW:HIGH with wider ends, or ask what else is wrong."
            )


def _conflicts(aim: Aim, unknowns: Sequence[Unknown], fit: Fit) -> Iterator[str]:
    away = (fit.after.values - aim.wanted) / aim.errors
    names = list(aim.targets)
    unmet = [k for k, one in enumerate(aim.targets.values()) if not one.low <= fit.after.values[k] <= one.high]
    if not unmet:
        return
    sides = (f"{names[k]} stays {'above' if away[k] > 0 else 'below'} its range" for k in unmet)
    yield f"The targets cannot all be met: {', '.join(sides)}."
    for k, one in enumerate(unknowns):
        pulls = {name: -away[i] * fit.slopes[i, k] for i, name in enumerate(names)}
        if not one.free:
            pulls["its own interval"] = -float(fit.z[k])
        yield from _pulled(one, pulls)


def _pulled(one: Unknown, pulls: dict[str, float]) -> Iterator[str]:
    least = PULLS * max(map(abs, pulls.values()))
    up = [name for name, pull in pulls.items() if pull > least]
    down = [name for name, pull in pulls.items() if pull < -least]
    if up and down and max(map(abs, pulls.values())) > 1 / WIDTH_95:
        yield f"  {one.path}: {', '.join(up)} would have it higher, {', '.join(down)} lower."
