"""Parts of the population that are counted apart: clusters, age bands and states of health as people begin, groups.

Everybody lies in one *cell*, a cluster with an age band, a state of health and a value of each group, of the kinds that
are asked for, and so in one part of each kind:

    cell = (cluster x bands + band) x states + state, and so on with the value of each group

Engines add up by cell; what a part comes to is the sum of its cells, and all cells together are everyone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from simulator.scenario.tables import PART_KINDS

COUNTED = (
    "visits", "emergency", "days", "emergency_days",
    "offers", "refusals", "starts", "completions", "drop_outs", "lapses", "new_volunteers", "lapsed_referrals",
    "active_days", "listed_days", "volunteer_days", "run_off_days",
    "deaths", "person_days", "effect_days", "benefit_days",
)  # fmt: skip
"""Items that are counted by part: what was delivered, what is paid for, and what health is made of."""


@dataclass(frozen=True)
class Parts:
    """How many parts of each kind are counted apart, then of each group; 0 of what is not asked for.

    >>> parts = Parts(clusters=2, states=3)
    >>> parts.cells, int(parts.cell(np.array(1), np.array(0), np.array(2)))
    (6, 5)
    >>> parts.within().astype(int).tolist()[:2]
    [[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]]
    """

    clusters: int = 0
    bands: int = 0
    states: int = 0
    groups: tuple[int, ...] = ()

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many of each kind."""
        return self.clusters, self.bands, self.states, *self.groups

    @property
    def count(self) -> int:
        """How many parts."""
        return sum(self.sizes)

    @property
    def cells(self) -> int:
        """How many cells; one where nothing is asked for."""
        return prod(max(size, 1) for size in self.sizes)

    def cell(
        self,
        cluster: NDArray[np.int64],
        band: NDArray[np.int64],
        state: NDArray[np.int64],
        *values: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        """The cell of each person: [person].

        Args:
            cluster: of each person.  # [person]
            band: of age, as they begin.  # [person]
            state: of health, as they begin.  # [person]
            values: of each group.  # [person]
        """
        at = np.zeros_like(np.asarray(cluster))
        for size, where in zip(self.sizes, (cluster, band, state, *values), strict=True):
            at = at * max(size, 1) + (np.asarray(where) if size else 0)
        return at

    def within(self) -> NDArray[np.bool_]:
        """Which cells lie in each part: [part, cell]."""
        of_cell = np.indices([max(size, 1) for size in self.sizes]).reshape(len(self.sizes), -1)
        lines = [of_cell[kind] == one for kind, size in enumerate(self.sizes) for one in range(size)]
        return np.array(lines, dtype=np.bool_).reshape(self.count, self.cells)

    def added_up(self, by_cell: NDArray[np.float64]) -> NDArray[np.float64]:
        """What each part comes to: [part, ...].

        Args:
            by_cell: what each cell comes to.  # [cell, ...]
        """
        lines = [by_cell[line].sum(axis=0) for line in self.within()]
        return np.array(lines, dtype=np.float64).reshape(self.count, *by_cell.shape[1:])


def part_names(
    parts: Parts, bands: tuple[str, ...], states: tuple[str, ...], groups: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """Names of the parts in their order.

    Args:
        parts: which are counted apart.
        bands: names of all age bands.
        states: names of all states of health.
        groups: values of all groups by name.

    >>> part_names(Parts(clusters=2, groups=(2,)), ("65",), ("well",), {"lives_alone": ("yes", "no")})
    ('cluster:1', 'cluster:2', 'lives_alone:yes', 'lives_alone:no')
    """
    clusters = tuple(str(number + 1) for number in range(parts.clusters))
    kinds = zip((*PART_KINDS, *groups), parts.sizes, (clusters, bands, states, *groups.values()), strict=True)
    return tuple(f"{kind}:{name}" for kind, size, names in kinds for name in names[:size])


def counted_by_part(items: tuple[str, ...]) -> list[int]:
    """Which items of a row are counted by part: where they stand in it.

    Args:
        items: names of counts, then of days.

    >>> counted_by_part(("visits:gp", "waits:gp", "deaths"))
    [0, 2]
    """
    return [i for i, name in enumerate(items) if name.partition(":")[0] in COUNTED]
