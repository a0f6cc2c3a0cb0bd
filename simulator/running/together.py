"""Programmes of several scenarios on one population: usual care is lived once for all of them, in memory.

Scenarios that differ in their programmes and prices alone, and limit nothing, become one scenario with all their arms.
Draws are keyed by person, occasion and programme and never by the arm, so each ledger taken out of the common one is,
to the last bit, what a run of that scenario alone would have counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from simulator.activity.ledger import Ledger, group_names
from simulator.activity.parts import counted_by_part
from simulator.model.build import items
from simulator.model.pathway import people_lived
from simulator.model.possible import refuse_impossible
from simulator.running.job import Job, design_of
from simulator.running.run import lived
from simulator.scenario.tables import Arm, EvidenceMode, Scenario
from simulator.uncertainty.design import Design

__all__ = ["companies", "joined", "lived_together"]

OF_PROGRAMMES = ("programmes", "synergies", "arms", "correlations")
MOST_ARMS = 8  # a ledger holds arms x groups, so its size grows with their square
Progress = Callable[[int, int], None]


def companies(scenarios: Sequence[Scenario]) -> list[list[Scenario]]:
    """Which scenarios can be lived together: the same people, pathway, horizon and windows, and nothing limited.

    Args:
        scenarios: each with a programme.

    Returns:
        Every scenario once, in order; the names of arms and programmes of a company differ.
    """
    found: list[list[Scenario]] = []
    for scenario in scenarios:
        place = next((company for company in found if _fits(scenario, company)), None)
        if place is None:
            found.append([scenario])
        else:
            place.append(scenario)
    return found


def _fits(scenario: Scenario, company: Sequence[Scenario]) -> bool:
    if scenario.limited() or company[0].limited() or _around(scenario) != _around(company[0]):
        return False
    taken = {name for other in company for name in (*other.all_arms(), *other.programmes)} - {_usual(scenario)}
    return (
        taken.isdisjoint({*scenario.all_arms(), *scenario.programmes} - {_usual(scenario)})
        and sum(len(other.all_arms()) - 1 for other in (*company, scenario)) <= MOST_ARMS
    )


def _around(scenario: Scenario) -> dict[str, Any]:
    """All that the simulation depends on but the programmes."""
    return {name: part for name, part in scenario.simulated_part().items() if name not in OF_PROGRAMMES}


def _usual(scenario: Scenario) -> str:
    return next(iter(scenario.all_arms()))


def joined(company: Sequence[Scenario]) -> Scenario:
    """One scenario with the programmes and arms of all; it is lived, and never priced.

    Args:
        company: from :func:`companies`.
    """
    return company[0].model_copy(
        update={
            "programmes": {name: each for scenario in company for name, each in scenario.programmes.items()},
            "synergies": {name: each for scenario in company for name, each in scenario.synergies.items()},
            "arms": {name: arm for scenario in company for name, arm in _arms(scenario)},
            "alternatives": {},
            "checks": {},
        }
    )


def _arms(scenario: Scenario) -> Iterator[tuple[str, Arm]]:
    for name, programmes in list(scenario.all_arms().items())[1:]:
        yield name, scenario.arms.get(name) or Arm(programmes=programmes)


def lived_together(
    company: Sequence[Scenario],
    evidence: EvidenceMode,
    *,
    rows: int,
    people: int | None = None,
    seed: int = 1,
    workers: int | None = None,
    progress: Progress | None = None,
) -> dict[str, tuple[Ledger, Design]]:
    """What happened with and without the programmes of each scenario, in one mode of evidence.

    Args:
        company: from :func:`companies`.
        evidence: which value of each effect is used.
        rows: sampled sets of parameters.
        people: as in a run.
        seed: as in a run.
        workers: as in a run.
        progress: called with rows done and rows in all.

    Returns:
        A ledger and its design by the name of the scenario: those of a run of it alone.

    Raises:
        ScenarioError: if a sampled row breaks a rule of one of the scenarios; nothing has been simulated then.
        RunError: a mode without what it needs, or a row that cannot be lived.

    Example:
        >>> from simulator.scenario.read import read
        >>> both = lived_together([read("befriending"), read("popp")], "calibrated", rows=2, people=40, workers=1)
        >>> {name: ledger.arms for name, (ledger, _) in both.items()}
        {'befriending': ('usual care', 'befriending'), 'popp': ('usual care', 'popp')}
    """
    count = people_lived(company[0], people)
    designs = {scenario.name: design_of(scenario, evidence, rows, seed) for scenario in company}
    whole = company[0] if len(company) == 1 else joined(company)
    job = Job(whole, _side_by_side(list(designs.values())), evidence, seed, count, "compiled")
    refuse_impossible(whole, job.design, evidence, count)
    ledger = lived(job, workers=workers, progress=progress)
    return {scenario.name: (own(ledger, scenario), designs[scenario.name]) for scenario in company}


def _side_by_side(designs: Sequence[Design]) -> Design:
    """Every column of the designs: those of the people are the same in each."""
    columns: Mapping[str, Any] = {
        name: design.values[:, k] for design in reversed(designs) for k, name in enumerate(design.names)
    }
    names = tuple(sorted(columns))
    values = np.column_stack([columns[name] for name in names]) if names else np.empty((len(designs[0]), 0))
    return replace(designs[0], names=names, values=values)


def own(ledger: Ledger, scenario: Scenario) -> Ledger:
    """What a ledger of a company counts for one scenario; ``events`` stay those of all.

    Args:
        ledger: of all of them.
        scenario: one of them.
    """
    arms, names = scenario.all_arms(), items(scenario)
    counted = (*names.counts, *names.days)
    arm, after = [ledger.arms.index(name) for name in arms], [ledger.arms.index(name) - 1 for name in list(arms)[1:]]
    item = [ledger.items.index(name) for name in counted]
    measure = [ledger.measures.index(name) for name in names.measures]
    mine = replace(
        ledger,
        arms=tuple(arms),
        groups=group_names(arms),
        items=counted,
        measures=names.measures,
        activity=ledger.activity[:, :, arm][:, :, :, arm][..., item],
        windows=ledger.windows[:, :, after][..., measure],
    )
    if not ledger.parts:
        return mine
    part_items = tuple(counted[k] for k in counted_by_part(counted))
    part_item = [ledger.part_items.index(name) for name in part_items]
    by_part, moments = ledger.by_part[:, :, arm][..., part_item], ledger.moments[:, :, :, after][..., measure]
    return replace(mine, part_items=part_items, by_part=by_part, moments=moments)
