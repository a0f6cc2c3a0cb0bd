"""One design row read by path: the sampled value where there is one, else what rows are centred on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.scenario.tables import AgeSpread, Scenario
from simulator.uncertainty.quantity import Quantity


@dataclass(frozen=True)
class Values:
    """The numbers of one design row."""

    row: Mapping[str, float]

    def of(self, path: str, quantity: Quantity | None, default: float = 0.0) -> float:
        """The value of the quantity at ``path``; ``default`` where the file leaves it out."""
        if quantity is None:
            return default
        sampled = self.row.get(path)
        return quantity.centre[0] if sampled is None else float(sampled)

    def shares(self, path: str, quantity: Quantity) -> NDArray[np.float64]:
        """Shares that add to 1."""
        stated = quantity.central
        sampled = np.array([self.row.get(f"{path}.{i}", stated[i]) for i in range(len(stated))])
        return np.asarray(sampled / sampled.sum())

    def ratios(self, path: str, table: Mapping[str, Quantity], names: Sequence[str]) -> NDArray[np.float64]:
        """Ratios in the order of ``names``; 1 where the table has none."""
        found = [1.0] * len(names)
        for name, quantity in table.items():
            if name in names:
                found[names.index(name)] = self.of(f"{path}.{name}", quantity)
        return np.array(found)


def band_weights(scenario: Scenario, spread: AgeSpread, share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of people in each age band, ages being even within each interval: [band]."""
    edges = np.asarray(spread.edges)
    lower = np.asarray(scenario.population.age_bands, dtype=np.float64)
    lower[0] = min(lower[0], edges[0])
    upper = np.append(lower[1:], np.inf)
    low = np.maximum(edges[:-1, None], lower[None, :])
    high = np.minimum(edges[1:, None], upper[None, :])
    overlap = np.clip(high - low, 0.0, None) / np.diff(edges)[:, None]
    return np.asarray(share @ overlap)
