"""Simulates places in which a programme opens in one group of clusters after another: everybody in them, year by year.

In the first year it is open nowhere. At the start of each later year it opens in a further group of clusters, and goes
on recruiting in them. Years are those of the ledger, so that all that happens in the clusters is counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.activity.items import HealthDays
from simulator.activity.results import Lives, Totals
from simulator.analysis.studies.estimate import Array
from simulator.checks.imitation.sought import Crowd, Sought, Work, each_crowd, lived_in_a_sample
from simulator.engines.shared.people import cells_of
from simulator.engines.totals import tally, totals
from simulator.model.build import build, items
from simulator.money.price import price
from simulator.scenario.evidence import active_quantities
from simulator.scenario.tables import Scenario
from simulator.uncertainty.sample import central
from simulator.units import DAYS_PER_YEAR

STEPS = 3  # groups of clusters
CLUSTERS_OF_A_STEP = 4
USUAL_CARE, OPENED = 0, 1  # arms


@dataclass(frozen=True)
class Everybody:
    """What each year of some people held, in usual care and where the programme opens."""

    events: Array  # [person, arm, year]
    years: Array  # [person, arm, year] alive
    cluster: NDArray[np.int64]  # [person]
    starts: NDArray[np.int64]  # [person] of the programme
    pounds_per_event: float = 0.0  # at the scenario's prices of what is counted; 0 where it has none
    pounds_per_start: float = 0.0  # of programme spending, once it is open

    def __len__(self) -> int:
        return len(self.cluster)

    @property
    def step(self) -> NDArray[np.int64]:
        """The year from which the programme is open to each: [person]."""
        return np.asarray(opening_year(self.cluster))


def opening_year(cluster: NDArray[np.int64]) -> NDArray[np.int64]:
    """The year from which the programme is open in a cluster: [...].

    >>> opening_year(np.array([0, 3, 4, 11])).tolist()
    [1, 1, 2, 3]
    """
    return np.asarray(1 + cluster // CLUSTERS_OF_A_STEP)


def everybody(wanted: Sought, work: Work) -> Everybody:
    """All the people of places in which the programme opens step by step.

    Args:
        wanted: the programme, and what is counted.
        work: how many people are lived.
    """
    scenario = wanted.without_other_places(_in_steps(wanted.only(STEPS + 1, ("cluster",)), wanted.programme))
    size = lived_in_a_sample(scenario, work.people)
    model = build(scenario, {}, people=size, seed=work.seed, evidence=wanted.evidence)
    names = items(scenario)
    counts = [names.counts.index(part) for part in wanted.parts if part in names.counts]
    days = [names.days.index(part) for part in wanted.parts if part in names.days]
    starts = names.counts.index(f"starts:{wanted.programme}")

    def of(crowd: Crowd, lives: Lives) -> tuple[Everybody, Totals]:
        happened = lives.counts[..., counts].sum(axis=-1) + lives.days[..., days].sum(axis=-1)
        alive = lives.days[..., model.layout.block(HealthDays)].sum(axis=-1) / DAYS_PER_YEAR
        cluster = cells_of(model, crowd.stream, lives.person)
        begun = lives.counts[1, :, :, starts].sum(axis=-1)
        them = Everybody(happened.swapaxes(0, 1), alive.swapaxes(0, 1), cluster, begun)
        return them, totals(lives, np.ones(len(cluster), dtype=np.bool_))

    made = list(each_crowd(model, work, of))
    per_event, per_start = _pounds(wanted, scenario, [sums for _, sums in made], work.seed)
    return Everybody(
        events=np.concatenate([one.events for one, _ in made]),
        years=np.concatenate([one.years for one, _ in made]),
        cluster=np.concatenate([one.cluster for one, _ in made]),
        starts=np.concatenate([one.starts for one, _ in made]),
        pounds_per_event=per_event,
        pounds_per_start=per_start,
    )


def _pounds(wanted: Sought, scenario: Scenario, made: list[Totals], seed: int) -> tuple[float, float]:
    """Pounds for each event that is counted, and of programme spending for each start."""
    names, arms = items(scenario), scenario.all_arms()
    place, both = scenario.population.place_size, (*names.counts, *names.days)
    ledger = tally(made, row=0, place_size=place, arms=arms, items=both, measures=names.measures)
    design = central(active_quantities(scenario, wanted.evidence), seed=seed)
    account = price(ledger, scenario, design, wanted.evidence)
    spent = account.spending[0, :, :, 0].sum(axis=0)  # [arm, year, line]
    bought = {f"prices.{name}" for name, one in scenario.prices.items() if one.per in map(_priced_per, wanted.parts)}
    on_care = [line.name in bought for line in account.lines]
    on_programme = [line.kind == "programme" for line in account.lines]
    events, starts = (
        sum(float((ledger.item(name)[0, :, arm, 0].sum(axis=-1) * ledger.weight()[0]).sum()) for name in those)
        for arm, those in ((USUAL_CARE, wanted.parts), (OPENED, [f"starts:{wanted.programme}"]))
    )
    per_event = float(spent[USUAL_CARE][:, on_care].sum()) / events if events else 0.0
    return per_event, float(spent[OPENED, 1:][:, on_programme].sum()) / starts if starts else 0.0


def _priced_per(part: str) -> str:
    """What a price says it is per, for what the windows count.

    >>> _priced_per("visits:ae"), _priced_per("emergency:inpatient"), _priced_per("days:inpatient")
    ('visit:ae', 'emergency:inpatient', 'day:inpatient')
    """
    kind, _, place = part.partition(":")
    return f"{kind.removesuffix('s')}:{place}"


def _in_steps(scenario: Scenario, programme: str) -> Scenario:
    clusters = STEPS * CLUSTERS_OF_A_STEP
    days = tuple(float(year) * DAYS_PER_YEAR for year in opening_year(np.arange(clusters)))
    opened = {"opens_day": 0.0, "closes_day": None, "ends_day": None, "cluster_opens_days": days}
    changes = {
        "population": scenario.population.model_copy(update={"clusters": clusters}),
        "horizon": scenario.horizon.model_copy(update={"funding_years": float(STEPS + 1)}),
        "programmes": {programme: scenario.programmes[programme].model_copy(update=opened)},
    }
    return scenario.model_copy(update=changes)
