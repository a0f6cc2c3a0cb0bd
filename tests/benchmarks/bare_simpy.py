"""The bench pathway as the plainest sensible SimPy model: one process a person, two resources, numpy's random numbers.

What a competent analyst would write. The competing exponentials of the needs at home are one draw for when and one for
which (their sum is exponential too, and ``AnyOf`` of four timeouts would cost fifteen times as much). The numbers come
from one ``numpy.random.Generator`` in blocks, handed out one by one; ``scalar=True`` asks the generator for each number
instead, as most models found in practice do.

What it leaves out, against our engines: it writes down visits, bed days and deaths by person and nothing by year, has
one arm, and somebody who waits at home for a place has no other needs meanwhile.

    python tests/benchmarks/bare_simpy.py
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any

import numpy as np
import simpy
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

BLOCK = 10_000
Draw = Callable[[], float]


def in_blocks(draw: Callable[[int], Any]) -> Draw:
    """Numbers one by one from blocks of numpy's: a Python call each, no numpy call each."""

    def numbers() -> Iterator[float]:
        while True:
            yield from draw(BLOCK).tolist()

    return numbers().__next__


class Town:
    """People, what happens to them, and the places they share."""

    def __init__(self, people: int, years: float, seed: int, *, shared: bool, reduced: float, scalar: bool) -> None:
        self.env = simpy.Environment()
        self.horizon = years * DAYS_PER_YEAR
        random = np.random.default_rng(seed)
        self.exponential: Draw = random.standard_exponential if scalar else in_blocks(random.standard_exponential)
        self.uniform: Draw = random.random if scalar else in_blocks(random.random)
        self.days_at_home, (self.to_gp, self.to_ae, self.to_inpatient) = leaving_home(reduced)
        self.cubicles = self.beds = None
        if shared:
            self.cubicles, self.beds = (simpy.Resource(self.env, number) for number in slots(people))
        self.books = [[0, 0, 0, 0.0] for _ in range(people)]
        self.deaths = self.waits = 0

    def person(self, book: list[Any]) -> Generator[simpy.Event, None, None]:
        """One life."""
        env, exponential, uniform = self.env, self.exponential, self.uniform
        gp_days, ae_days, inpatient_days = STAY_DAYS["gp"], STAY_DAYS["ae"], STAY_DAYS["inpatient"]
        while True:
            yield env.timeout(exponential() * self.days_at_home)
            u = uniform()
            cubicle = bed = None
            if u >= self.to_inpatient:
                break
            if u < self.to_gp:
                book[GP] += 1
                yield env.timeout(exponential() * gp_days)
                if uniform() >= GP_TO_AE:
                    continue
            if u < self.to_ae:
                if self.cubicles:
                    cubicle = self.cubicles.request()
                    self.waits += not cubicle.triggered and u >= self.to_gp
                    yield cubicle
                book[AE] += 1
                yield env.timeout(exponential() * ae_days)
                if uniform() >= AE_TO_INPATIENT:
                    if cubicle:
                        cubicle.resource.release(cubicle)
                    continue
            if self.beds:
                bed = self.beds.request()
                self.waits += not bed.triggered and u >= self.to_ae
                yield bed
                if cubicle:
                    cubicle.resource.release(cubicle)
            book[INPATIENT] += 1
            stay = exponential() * inpatient_days
            book[3] += min(stay, self.horizon - env.now)
            yield env.timeout(stay)
            if bed:
                bed.resource.release(bed)
            if uniform() < INPATIENT_TO_DEATH:
                break
        self.deaths += 1

    def run(self) -> Lived:
        """Everybody, to the horizon."""
        for book in self.books:
            self.env.process(self.person(book))
        self.env.run(until=self.horizon)
        table = np.array(self.books)
        return Lived(table[:, :3].astype(np.int64), table[:, 3], self.deaths, self.waits)


def simulate(
    people: int, years: float, seed: int, *, shared: bool = False, reduced: float = 1.0, scalar: bool = False
) -> Lived:
    """One arm.

    Args:
        people: how many.
        years: how long.
        seed: of numpy's generator.
        shared: with A&E cubicles and beds.
        reduced: ratio on A&E needs and direct admissions.
        scalar: numpy calls for single numbers instead of blocks.
    """
    return Town(people, years, seed, shared=shared, reduced=reduced, scalar=scalar).run()


if __name__ == "__main__":
    for scalar in (False, True):
        must_be_exact("bare SimPy", simulate(4_000, 3, seed=1, scalar=scalar), 3)
    print("bare SimPy runs the bench pathway")
