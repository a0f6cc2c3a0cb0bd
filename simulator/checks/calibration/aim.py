"""Turns a scenario and values of its unknowns into the figures of its targets, on the same people and luck each time.

Draws are keyed, so another value moves only the lives that it moves: a figure is nearly smooth in the unknowns. What a
figure would be without one group of people is kept beside it: the spread of these is its Monte Carlo error (jackknife).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from simulator.checks.calibration.unknown import WIDTH_95, Unknown
from simulator.checks.measures import figure
from simulator.checks.samples import Array, Simulate, simulated
from simulator.checks.simulations import Simulation
from simulator.errors import RunError
from simulator.scenario.addresses import quantities
from simulator.scenario.tables import Check, Scenario


@dataclass(frozen=True)
class Figures:
    """The figures of the targets, and the covariance of their Monte Carlo errors."""

    values: Array  # [target]
    covariance: Array  # [target, target]; 0 between targets of different simulations, nan where one sample tells none


@dataclass(frozen=True)
class Aim:
    """The targets to be met, and with which people."""

    scenario: Scenario
    targets: Mapping[str, Check]
    simulations: Sequence[Simulation]
    people: int
    seed: int
    simulate: Simulate

    @property
    def wanted(self) -> Array:
        """[target] the figures on record; the middle of the range where none is."""
        middles = [(one.low + one.high) / 2 for one in self.targets.values()]
        stated = [one.target for one in self.targets.values()]
        return np.array([m if t is None else t for t, m in zip(stated, middles, strict=True)])

    @property
    def errors(self) -> Array:
        """[target] how sure they are: the stated range is read as a 95 % interval."""
        return np.array([(one.high - one.low) / WIDTH_95 for one in self.targets.values()])

    def figures(self, unknowns: Sequence[Unknown], values: Sequence[float]) -> Figures:
        """The targets' figures with these values.

        Args:
            unknowns: the numbers that are varied.
            values: one of each.

        Raises:
            RunError: a target that has no figure, because nothing of its kind happened.
            ScenarioError: values that break a rule of the scenario.
        """
        changed = with_values(self.scenario, unknowns, values)
        names = list(self.targets)
        out, covariance = np.zeros(len(names)), np.zeros((len(names), len(names)))
        for one in self.simulations:
            lived = simulated(
                one.part(changed), one.evidence, self.people, one.rows, self.seed, self.simulate, one.whom
            )
            told = [_left_out(*figure(self.targets[name], lived)) for name in one.checks]
            at = [names.index(name) for name in one.checks]
            out[at] = [value for value, _ in told]
            covariance[np.ix_(at, at)] = _jackknife(np.array([without for _, without in told]))
        for name, value in zip(names, out, strict=True):
            if not np.isfinite(value):
                raise RunError(f"checks.{name}: found no figure, nothing of its kind happened; take more --people")
        return Figures(out, covariance)


def with_values(scenario: Scenario, unknowns: Sequence[Unknown], values: Sequence[float]) -> Scenario:
    """The scenario with each unknown at one value, and no uncertainty of it.

    Args:
        scenario: resolved scenario.
        unknowns: the numbers that are varied.
        values: one of each.
    """
    stated = quantities(scenario)
    changes: dict[str, object] = {}
    for one, value in zip(unknowns, values, strict=True):
        for path in one.paths:
            claimed = stated[path].claimed if path in stated else None
            changes[path] = float(value) if claimed is None else {"value": float(value), "claimed": claimed}
    return scenario.with_(changes)


def _left_out(parts: Array, formula: Callable[[Array], float]) -> tuple[float, Array]:
    """A figure, and what it would be without each block."""
    total = parts.sum(axis=0)
    return formula(total), np.array([formula(total - part) for part in parts])


def _jackknife(without: Array) -> Array:
    """[target, target] covariance from the figures without each block [target, block]."""
    blocks = without.shape[1]
    if blocks < 2:
        return np.full((len(without), len(without)), np.nan)
    away = without - without.mean(axis=1, keepdims=True)
    return np.asarray((blocks - 1) / blocks * away @ away.T)
