"""The bench pathway in salabim: one component a person, two resources, the random numbers of the SimPy model.

Written for speed as its manual advises: no trace, no monitors, ``yield`` in processes (the greenlets of the yieldless
form are slower). It says the same as :mod:`bare_simpy`, line by line; a person's mode and the length of queues, which
salabim would also write down, are switched off.

    python tests/benchmarks/bare_salabim.py
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import salabim
from bare_simpy import in_blocks
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
    slots,
)


class Town:
    """What people share: the clock, the random numbers, the places."""

    def __init__(self, people: int, years: float, seed: int, *, shared: bool) -> None:
        salabim.yieldless(False)
        self.env = salabim.Environment(trace=False, yieldless=False)
        self.horizon = years * DAYS_PER_YEAR
        random = np.random.default_rng(seed)
        self.exponential, self.uniform = in_blocks(random.standard_exponential), in_blocks(random.random)
        self.days_at_home, (self.to_gp, self.to_ae, self.to_inpatient) = leaving_home()
        self.cubicles = self.beds = None
        if shared:
            names = ("cubicles", "beds")
            self.cubicles, self.beds = (
                salabim.Resource(name, capacity=number, monitor=False, env=self.env)
                for name, number in zip(names, slots(people), strict=True)
            )
        self.books = [[0, 0, 0, 0.0] for _ in range(people)]
        self.deaths = self.waits = 0

    def run(self) -> Lived:
        """Everybody, to the horizon."""
        for book in self.books:
            person = Person(env=self.env, town=self, book=book)
            person.mode.monitor(False)
            person.status.monitor(False)
        self.env.run(till=self.horizon)
        table = np.array(self.books)
        return Lived(table[:, :3].astype(np.int64), table[:, 3], self.deaths, self.waits)


class Person(salabim.Component):  # type: ignore[misc]
    """One life."""

    def setup(self, town: Town, book: list[Any]) -> None:
        """Called by salabim with what the person was made with."""
        self.town, self.book = town, book

    def process(self) -> Generator[Any, None, None]:
        """Called by salabim when the run starts."""
        town, book = self.town, self.book
        exponential, uniform = town.exponential, town.uniform
        gp_days, ae_days, inpatient_days = STAY_DAYS["gp"], STAY_DAYS["ae"], STAY_DAYS["inpatient"]
        while True:
            yield self.hold(exponential() * town.days_at_home)
            u = uniform()
            if u >= town.to_inpatient:
                break
            if u < town.to_gp:
                book[GP] += 1
                yield self.hold(exponential() * gp_days)
                if uniform() >= GP_TO_AE:
                    continue
            if u < town.to_ae:
                if town.cubicles:
                    town.waits += not town.cubicles.available_quantity() and u >= town.to_gp
                    yield self.request(town.cubicles)
                book[AE] += 1
                yield self.hold(exponential() * ae_days)
                if uniform() >= AE_TO_INPATIENT:
                    if town.cubicles:
                        self.release(town.cubicles)
                    continue
            if town.beds:
                town.waits += not town.beds.available_quantity() and u >= town.to_ae
                yield self.request(town.beds)
                if u < town.to_ae:
                    self.release(town.cubicles)
            book[INPATIENT] += 1
            stay = exponential() * inpatient_days
            book[3] += min(stay, town.horizon - town.env.now())
            yield self.hold(stay)
            if town.beds:
                self.release(town.beds)
            if uniform() < INPATIENT_TO_DEATH:
                break
        town.deaths += 1


def simulate(people: int, years: float, seed: int, *, shared: bool = False) -> Lived:
    """One arm; see :func:`bare_simpy.simulate`."""
    return Town(people, years, seed, shared=shared).run()


if __name__ == "__main__":
    must_be_exact("salabim", simulate(2_000, 3, seed=1), 3)
    print("salabim runs the bench pathway")
