"""The bench pathway as a Ciw network: home, GP, A&E and ward are nodes, needs are routing, death is the exit.

The chain can be said exactly: home is a node with as many servers as people, whose service time is the time until the
next need and whose routing says which; everybody arrives there in one batch at time 0. In the shared variant the ward
has no queue of its own, so that Ciw's blocking keeps people in their cubicle (or at home) until a bed is free; people
wait for a cubicle in the A&E node, where the other models let them wait at home, and are counted there on arrival.

What differs: the random numbers are Ciw's own (Python's ``random``); visits and bed days are taken from Ciw's records
after the clock has stopped; and its search for the next event looks at everybody at a node, so that the time per event
grows with the number of people: the benchmark gives Ciw the number at which it is fastest.

    python tests/benchmarks/bare_ciw.py
"""

from __future__ import annotations

import math
from typing import Any

import ciw
import numpy as np
from pathway import (
    AE_TO_INPATIENT,
    DAYS_PER_YEAR,
    DEATHS_PER_YEAR,
    GP_TO_AE,
    INPATIENT,
    INPATIENT_TO_DEATH,
    NEEDS_PER_YEAR,
    PLACES,
    STAY_DAYS,
    Lived,
    must_be_exact,
    slots,
)

HOME = 1  # Ciw counts nodes from 1; home, then PLACES in order


def network(people: int, *, shared: bool) -> Any:
    """Nodes, servers, times and routes."""
    rates = list(NEEDS_PER_YEAR.values())
    total = sum(rates) + DEATHS_PER_YEAR
    cubicles, beds = slots(people) if shared else (math.inf, math.inf)
    stays = [DAYS_PER_YEAR / total, *STAY_DAYS.values()]
    return ciw.create_network(
        arrival_distributions=[ciw.dists.Sequential([0.0, math.inf]), None, None, None],
        batching_distributions=[ciw.dists.Deterministic(people), *[ciw.dists.Deterministic(1)] * 3],
        service_distributions=[ciw.dists.Exponential(1 / days) for days in stays],
        number_of_servers=[math.inf, math.inf, cubicles, beds],
        queue_capacities=[math.inf, math.inf, math.inf, 0 if shared else math.inf],
        routing=[
            [0.0, *(rate / total for rate in rates)],
            [1 - GP_TO_AE, 0.0, GP_TO_AE, 0.0],
            [1 - AE_TO_INPATIENT, 0.0, 0.0, AE_TO_INPATIENT],
            [1 - INPATIENT_TO_DEATH, 0.0, 0.0, 0.0],
        ],
    )


def run(people: int, years: float, seed: int, *, shared: bool = False) -> Any:
    """Simulate to the horizon: what is timed."""
    ciw.seed(seed)
    simulation = ciw.Simulation(network(people, shared=shared))
    simulation.simulate_until_max_time(years * DAYS_PER_YEAR)
    return simulation


def lived(simulation: Any, people: int, years: float) -> Lived:
    """Visits, bed days and deaths from the records, with the stays that the horizon cut."""
    horizon = years * DAYS_PER_YEAR
    visits, bed_days = np.zeros((people, len(PLACES)), dtype=np.int64), np.zeros(people)
    waits = 0
    for one in simulation.get_all_individuals():
        stays = [(r.node, r.arrival_date, r.exit_date) for r in one.data_records]
        if one.node > HOME:
            stays.append((one.node, one.arrival_date, horizon))
        for node, start, end in stays:
            if node > HOME:
                visits[one.id_number - 1, node - 1 - HOME] += 1
            if node == 1 + HOME + INPATIENT:
                bed_days[one.id_number - 1] += end - start
        waits += sum(r.waiting_time > 0 for r in one.data_records) + sum(
            r.time_blocked > 0 for r in one.data_records if r.node == HOME
        )
    return Lived(visits, bed_days, len(simulation.nodes[-1].all_individuals), waits)


def simulate(people: int, years: float, seed: int, *, shared: bool = False) -> Lived:
    """One arm; see :func:`bare_simpy.simulate`."""
    return lived(run(people, years, seed, shared=shared), people, years)


if __name__ == "__main__":
    must_be_exact("Ciw", simulate(500, 3, seed=1), 3)
    print("Ciw runs the bench pathway")
