"""Turns a scenario, named targets and named numbers into the values that meet the targets, and what they leave open."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from simulator.checks.calibration.aim import Aim
from simulator.checks.calibration.fit import Fit, Told, fitted
from simulator.checks.calibration.told import notes
from simulator.checks.calibration.unknown import WIDTH_95, Unknown, unknown
from simulator.checks.check import chosen_checks, people_checked
from simulator.checks.measures import unit
from simulator.checks.simulations import simulations
from simulator.errors import RunError
from simulator.running.run import Engine, engine_named
from simulator.scenario.tables import Calibration, Check, Scenario

__all__ = ["FoundNumber", "FoundTarget", "FoundValues", "calibrate"]


@dataclass(frozen=True)
class FoundNumber:
    """A number that was varied: what it was, what it is, and how sure that is.

    ``prior``: its own 95 % interval, or the ends between which a ``free`` number was looked for. ``interval``: the 95 %
    interval that the targets leave it, the Monte Carlo error ``mcse`` of ``found`` included. ``kept``: the spread of
    what was known that is left, 1 when the targets say nothing.
    """

    path: str
    before: float
    found: float
    mcse: float
    prior: tuple[float, float]
    interval: tuple[float, float]
    free: bool
    kept: float


@dataclass(frozen=True)
class FoundTarget:
    """A target: the figure that was wanted beside those before and after; ``met`` when it lies in its range."""

    name: str
    wanted: float
    low: float
    high: float
    before: float
    after: float
    mcse: float
    met: bool
    unit: str


@dataclass(frozen=True)
class FoundValues:
    """What a calibration found, and in ``notes`` in plain words what the targets cannot tell or cannot all have."""

    scenario: Scenario
    numbers: tuple[FoundNumber, ...]
    targets: tuple[FoundTarget, ...]
    notes: tuple[str, ...]
    correlation: tuple[tuple[float, ...], ...]  # [number, number] of what is left open
    people: int
    seed: int

    @property
    def values(self) -> dict[str, float]:
        """The values by path, as :meth:`Scenario.with_` takes them."""
        return {path: one.found for one in self.numbers for path in one.path.split("+")}

    @property
    def met(self) -> bool:
        """Whether every target lies in its range."""
        return all(target.met for target in self.targets)


def calibrate(
    scenario: Scenario,
    *,
    vary: Sequence[str] = (),
    targets: Sequence[str] = (),
    people: int | None = None,
    rows: int | None = None,
    seed: int = 1,
    engine: Engine = "auto",
    progress: Told = lambda done, about: None,
) -> FoundValues:
    """The values of some numbers that meet some checks of a scenario, on the same people and luck throughout.

    Args:
        scenario: resolved scenario.
        vary: dotted paths, joined by ``+`` where numbers stay equal; with ``:LOW:HIGH`` behind it a number is free
            between these. Left out, those of the scenario's ``[calibration]``.
        targets: names of checks of any kind; left out, those of ``[calibration]``, or all that are judged.
        people: simulated in each sample; as many as live in the place if left out.
        rows: samples of people; left out, what ``[calibration]`` or the targets need.
        seed: key of every draw.
        engine: "simpy" or "compiled"; "auto" is compiled.
        progress: called with simulations done, and about how many there will be.

    Returns:
        The values found. Every other number stays where sampled rows are centred.

    Raises:
        RunError: nothing to vary or to meet, a check or a number that is not there, a target without a range.

    Source:
        Gauss-Newton covariance: Seber & Wild (2003), Nonlinear Regression, 2.1.2; see :mod:`.fit` for the formulas.

    Example:
        >>> import simulator as sim
        >>> found = sim.calibrate(sim.read("my_town.toml"))  # doctest: +SKIP
        >>> sim.run(found.scenario.with_(found.values))  # doctest: +SKIP
    """
    script = scenario.calibration or Calibration(vary=())
    unknowns = _unknowns(scenario, vary or script.vary)
    aimed = _targets(scenario, targets or script.targets)
    count, simulate = (
        people_checked(scenario, people),
        engine_named("compiled" if engine == "auto" else engine).simulate,
    )
    needed = [replace(one, rows=rows or script.rows or one.rows) for one in simulations(scenario, aimed)]
    aim = Aim(scenario, aimed, needed, count, seed, simulate)
    return _found(aim, unknowns, fitted(aim, unknowns, progress))


def _unknowns(scenario: Scenario, paths: Sequence[str]) -> list[Unknown]:
    if not paths:
        raise RunError(f"{scenario.name}: found nothing to vary; allowed --vary PATH, or `vary` in [calibration]")
    return [unknown(scenario, path) for path in paths]


def _targets(scenario: Scenario, names: Sequence[str]) -> dict[str, Check]:
    named = {n: c for n, c in chosen_checks(scenario, names).items() if names or c.judged}
    if not named:
        raise RunError(f"{scenario.name}: found no check to meet; allowed --target CHECK, for a check of the file")
    for name, stated in named.items():
        if not stated.low < stated.high:
            raise RunError(
                f"checks.{name}: found a range from {stated.low:g} to {stated.high:g}; allowed one with a width"
            )
    return named


def _found(aim: Aim, unknowns: Sequence[Unknown], fit: Fit) -> FoundValues:
    numbers, targets = tuple(_numbers(unknowns, fit)), tuple(_figures(aim, fit))
    spread = np.sqrt(np.diag(fit.posterior))
    return FoundValues(
        scenario=aim.scenario,
        numbers=numbers,
        targets=targets,
        notes=tuple(notes(aim, unknowns, fit)),
        correlation=tuple(tuple(map(float, row)) for row in fit.posterior / np.outer(spread, spread)),
        people=aim.people,
        seed=aim.seed,
    )


def _numbers(unknowns: Sequence[Unknown], fit: Fit) -> Iterator[FoundNumber]:
    chance = np.nan_to_num(np.diag(fit.monte_carlo))
    for k, (one, z) in enumerate(zip(unknowns, fit.z, strict=True)):
        sd, mcse = math.sqrt(fit.posterior[k, k] + chance[k]), math.sqrt(fit.monte_carlo[k, k])
        low, high = (one.value(z + sign * WIDTH_95 / 2 * sd) for sign in (-1, 1))
        yield FoundNumber(
            path=one.path,
            before=one.start,
            found=one.value(z),
            mcse=(one.value(z + mcse) - one.value(z - mcse)) / 2,
            prior=(one.low, one.high),
            interval=(max(low, one.low), min(high, one.high)) if one.free else (low, high),
            free=one.free,
            kept=math.sqrt(fit.posterior[k, k]),
        )


def _figures(aim: Aim, fit: Fit) -> Iterator[FoundTarget]:
    errors = np.sqrt(np.diag(fit.after.covariance))
    for k, (name, stated) in enumerate(aim.targets.items()):
        after = float(fit.after.values[k])
        yield FoundTarget(
            name=name,
            wanted=float(aim.wanted[k]),
            low=stated.low,
            high=stated.high,
            before=float(fit.before.values[k]),
            after=after,
            mcse=float(errors[k]),
            met=stated.low <= after <= stated.high,
            unit=unit(stated),
        )
