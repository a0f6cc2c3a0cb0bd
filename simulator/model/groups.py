"""Turns the groups of a scenario and one row into kinds of people: shares, ratios and who is meant, by kind.

Everybody has one value of each group, drawn apart from everything else but the age band. A *kind* is one value of every
group, the digits of one number; without groups there is one kind:

    kind = (v[1] x n[2] + v[2]) x n[3] + v[3] ...       v values, n how many values a group has
    ratio of a kind = product over groups of the ratio of its value
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray

from simulator.model.values import Values
from simulator.scenario.tables import GroupRatios, Scenario


@dataclass(frozen=True)
class Kinds:
    """The groups of a scenario with the values of one row."""

    scenario: Scenario
    values: Values

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """How many values each group has."""
        return tuple(len(group.values) for group in self.scenario.population.groups.values())

    @cached_property
    def count(self) -> int:
        """How many kinds; one where there are no groups."""
        return prod(self.sizes)

    @cached_property
    def _digits(self) -> NDArray[np.int64]:
        """The value of every kind in each group: [group, kind]."""
        return np.indices(self.sizes).reshape(len(self.sizes), self.count)

    def ratios(self, path: str, by_group: GroupRatios) -> NDArray[np.float64]:
        """Ratio of each kind, 1 where a value has none: [kind].

        Args:
            path: of the table of ratios.
            by_group: ratios by group and value.
        """
        found = np.ones(self.count)
        for digits, (name, group) in zip(self._digits, self.scenario.population.groups.items(), strict=True):
            if name in by_group:
                found *= self.values.ratios(f"{path}.{name}", by_group[name], group.values)[digits]
        return found

    def among(self, groups: Mapping[str, Sequence[str]]) -> NDArray[np.bool_]:
        """Which kinds have one of the values that are named, in every group that is named: [kind].

        Args:
            groups: values by group.
        """
        found = np.ones(self.count, dtype=np.bool_)
        for digits, (name, group) in zip(self._digits, self.scenario.population.groups.items(), strict=True):
            if name in groups:
                found &= np.array([value in groups[name] for value in group.values])[digits]
        return found

    def shares(self) -> list[NDArray[np.float64]]:
        """Share of people with each value of each group, by the age band in which they begin: [group][band, value]."""
        return [self._shares(name) for name in self.scenario.population.groups]

    def _shares(self, name: str) -> NDArray[np.float64]:
        them, path = self.scenario.population, f"population.groups.{name}"
        group = them.groups[name]
        everywhere = self.values.shares(f"{path}.share", group.share)
        by_age = group.share_by_age
        return np.array(
            [
                self.values.shares(f"{path}.share_by_age.{band}", by_age[band]) if band in by_age else everywhere
                for band in them.band_names
            ]
        )

    def mix(self) -> NDArray[np.float64]:
        """Share of people of each kind, by the age band in which they begin: [band, kind]."""
        found = np.ones((len(self.scenario.population.age_bands), self.count))
        for digits, share in zip(self._digits, self.shares(), strict=True):
            found *= share[:, digits]
        return found

    def cumulative(self) -> NDArray[np.float64]:
        """Cumulative shares of the values of each group, 1 beyond its last: [group, band, value]."""
        table = np.ones((len(self.sizes), len(self.scenario.population.age_bands), max(self.sizes, default=1)))
        for row, share in zip(table, self.shares(), strict=True):
            row[:, : share.shape[1]] = np.cumsum(share, axis=1)
        return table
