"""The bench pathway as a bare compiled loop: what remains when there is no simulator at all.

One person after the other, nothing shared, the same steps and numpy generator as the bare SimPy model, compiled by
numba. No keyed draws, so that another arm would have other luck; no years, hazards, effects or queues. It shows
how much of 100 times bare SimPy is there to be had on a machine.

    python tests/benchmarks/bare_loop.py
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray
from pathway import (
    AE,
    AE_TO_INPATIENT,
    DAYS_PER_YEAR,
    GP,
    GP_TO_AE,
    INPATIENT,
    INPATIENT_TO_DEATH,
    STAY_DAYS,
    Lived,
    leaving_home,
    must_be_exact,
)

GP_DAYS, AE_DAYS, INPATIENT_DAYS = STAY_DAYS["gp"], STAY_DAYS["ae"], STAY_DAYS["inpatient"]
DAYS_AT_HOME, (TO_GP, TO_AE, TO_INPATIENT) = leaving_home()


@numba.njit(nogil=True)
def live(random: np.random.Generator, horizon: float, visits: NDArray[np.int64], bed_days: NDArray[np.float64]) -> int:
    """Everybody, to the horizon: how many died."""
    deaths = 0
    for person in range(len(visits)):
        t = random.standard_exponential() * DAYS_AT_HOME
        while t < horizon:
            u = random.random()
            if u >= TO_INPATIENT:
                deaths += 1
                break
            moves_on = u >= TO_GP
            if not moves_on:
                visits[person, GP] += 1
                t += random.standard_exponential() * GP_DAYS
                moves_on = t < horizon and random.random() < GP_TO_AE
            if moves_on and u < TO_AE:
                visits[person, AE] += 1
                t += random.standard_exponential() * AE_DAYS
                moves_on = t < horizon and random.random() < AE_TO_INPATIENT
            if moves_on:
                visits[person, INPATIENT] += 1
                days = random.standard_exponential() * INPATIENT_DAYS
                bed_days[person] += min(days, horizon - t)
                t += days
                if t < horizon and random.random() < INPATIENT_TO_DEATH:
                    deaths += 1
                    break
            t += random.standard_exponential() * DAYS_AT_HOME
    return deaths


def simulate(people: int, years: float, seed: int) -> Lived:
    """One arm.

    Args:
        people: how many.
        years: how long.
        seed: of numpy's generator.
    """
    visits, bed_days = np.zeros((people, 3), dtype=np.int64), np.zeros(people)
    deaths = live(np.random.default_rng(seed), years * DAYS_PER_YEAR, visits, bed_days)
    return Lived(visits, bed_days, int(deaths))


if __name__ == "__main__":
    must_be_exact("the bare loop", simulate(100_000, 3, seed=1), 3)
    print("the bare loop runs the bench pathway")
