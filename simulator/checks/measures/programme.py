"""Turns lives with and without a programme into changes of those who start, in windows of a year around it."""

from __future__ import annotations

import numpy as np

from simulator.activity.ledger import SIDES, WORLDS
from simulator.checks.measures.by_health import pounds_by_item
from simulator.checks.measures.spending import programme_lines
from simulator.checks.measures.sums import Measure, Parts, of_the_people, over, ratio, unknown
from simulator.checks.samples import Array, Simulated
from simulator.scenario.tables import Check
from simulator.units import DAYS_PER_YEAR

BEFORE = (WORLDS.index("with"), SIDES.index("before"))
AFTER = (WORLDS.index("with"), SIDES.index("after"))
WITHOUT = (WORLDS.index("without"), SIDES.index("after"))
WITHOUT_BEFORE = (WORLDS.index("without"), SIDES.index("before"))


def _window(measure: str, at: tuple[int, int], simulated: Simulated) -> Array:
    """[block] a measure of those who started, in one world and on one side of the start."""
    names, (world, side) = simulated.ledger.measures, at
    if strange := [part for part in measure.split("+") if part not in names]:
        raise unknown("measure", strange[0], names)
    chosen = simulated.ledger.windows[:, :, 0, 0, world, side]
    return np.asarray(chosen[..., [names.index(part) for part in measure.split("+")]].sum(axis=-1).ravel())


def change(measure: str, stated: Check, simulated: Simulated) -> Parts:
    """Change of a measure of those who started, by the comparison that the check names."""
    return _between(measure, AFTER, BEFORE if stated.comparison == "before and after" else WITHOUT, simulated)


def _unselected(measure: str, stated: Check, simulated: Simulated) -> Parts:
    return _between(measure, WITHOUT, WITHOUT_BEFORE, simulated)


def _between(measure: str, new: tuple[int, int], old: tuple[int, int], simulated: Simulated) -> Parts:
    """Change of a measure per person-year alive from one side to another."""
    sums = [_window(name, at, simulated) for at in (new, old) for name in (measure, "alive_days")]
    return np.stack(sums, axis=1), lambda s: over(over(s[0], s[1]), over(s[2], s[3])) - 1.0


def _starts(subject: str, stated: Check, simulated: Simulated) -> Parts:
    return ratio(simulated.total(f"starts:{stated.programme}", 1, None), simulated.people, stated.per)


def _volunteer_share(subject: str, stated: Check, simulated: Simulated) -> Parts:
    new, done = (simulated.total(f"{item}:{stated.programme}", 1, None) for item in ("new_volunteers", "completions"))
    return ratio(new, done)


def _care_saving(payers: str, stated: Check, simulated: Simulated) -> Parts:
    """Pounds of care per person-year alive that those who started need less, at stated prices."""
    names, items = simulated.ledger.measures, simulated.ledger.items
    chosen = payers.split("+") if payers else list(simulated.account.public_payers)
    by_item = pounds_by_item(chosen, simulated)
    pounds = np.array([by_item[items.index(name)] if name in items else 0.0 for name in names])
    old = BEFORE if stated.comparison == "before and after" else WITHOUT
    sums = []
    for side in (old, AFTER):
        windows = simulated.ledger.windows[:, :, 0, 0, side[0], side[1]]
        sums += [(windows @ pounds).ravel(), _window("alive_days", side, simulated)]
    return np.stack(sums, axis=1), lambda s: DAYS_PER_YEAR * (over(s[0], s[1]) - over(s[2], s[3]))


def _qaly_per_start(subject: str, stated: Check, simulated: Simulated) -> Parts:
    return ratio(_qalys_gained(simulated), simulated.total(f"starts:{stated.programme}", 1, None))


def _qaly_per_effect_year(label: str, stated: Check, simulated: Simulated) -> Parts:
    item, effects = f"effect_days:{stated.programme}.{label}", simulated.scenario.programmes[stated.programme].effects
    if item not in simulated.ledger.items:
        raise unknown("effect", label, (name for name, effect in effects.items() if effect.target == "utility"))
    return ratio(_qalys_gained(simulated), simulated.total(item, 1, None), DAYS_PER_YEAR)


def _qalys_gained(simulated: Simulated) -> Array:
    """[block] QALYs gained over all years, not discounted."""
    account = simulated.account
    return of_the_people(account.qaly_gain(account.arms[1]).sum(axis=-1), simulated)


def _averted(place: str, stated: Check, simulated: Simulated) -> Parts:
    days = simulated.total(f"days:{place}", 0, None) - simulated.total(f"days:{place}", 1, None)
    return ratio(days, simulated.spent(programme_lines("programme", simulated), 1, None), stated.per)


MEASURES: dict[str, Measure] = {
    "unselected": _unselected,
    "starts": _starts,
    "volunteer_share": _volunteer_share,
    "care_saving_per_start": _care_saving,
    "qaly_per_start": _qaly_per_start,
    "qaly_per_effect_year": _qaly_per_effect_year,
    "days_averted_per_pound": _averted,
}
