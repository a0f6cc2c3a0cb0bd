"""Turns sums over groups of people into figures: what all measures share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

import numpy as np

from simulator.checks.samples import Array, Simulated, in_blocks
from simulator.errors import RunError, nearest
from simulator.scenario.tables import Check

Parts: TypeAlias = tuple[Array, Callable[[Array], float]]
"""Sums [block, part] and the figure as a function of their totals [part]."""
Measure: TypeAlias = Callable[[str, Check, Simulated], Parts]
"""A figure by what follows the colon in its name, the check, and what was simulated for it."""


def ratio(top: Array, bottom: Array, scale: float = 1.0) -> Parts:
    """One sum over another, times a scale: sums are [block]."""
    return np.stack([top, bottom], axis=1), lambda s: scale * over(s[0], s[1])


def over(top: float, bottom: float) -> float:
    """A ratio; nan where there is nothing below."""
    return float(top / bottom) if bottom else float("nan")


def of_the_people(of_the_place: Array, simulated: Simulated) -> Array:
    """[row, replicate] of the whole place -> [block] of the people of the block."""
    return np.asarray((of_the_place / simulated.ledger.weight()).ravel())


def days_alive(simulated: Simulated, year: int | None, group: int = 0) -> Array:
    """[block] person-days alive under usual care."""
    names = [item for item in simulated.ledger.items if item.startswith("person_days:")]
    days = sum((simulated.ledger.item(item)[:, :, 0, group] for item in names), np.zeros(1))
    return in_blocks(days, year)


def unknown(what: str, name: str, known: Iterable[str]) -> RunError:
    """The error for a name that is not there, with the nearest that is."""
    close = nearest(name, tuple(known))
    hint = f"; did you mean {close}?" if close else ""
    return RunError(f'found the {what} "{name}"; allowed {", ".join(known)}{hint}')
