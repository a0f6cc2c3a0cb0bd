"""The model as SimPy processes and resources: the readable statement, and the oracle of the other engine.

Each arm is a SimPy environment of its own. A person is one process that sleeps until the next thing
that will happen to them: their own agenda (a stay or a support that ends, a wait that reaches its
limit) or the next accepted candidate of their clocks (:func:`simulator.engines.hazards.next_event`). Places
and supports with limited capacity are priority resources; someone who was waiting is interrupted when
their turn comes. Moments are scheduled at absolute times with the order of kinds, then person, as
SimPy's priority, so that ties never depend on the heap.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable

import numpy as np
from numpy.typing import NDArray

from simulator.engines.life import Life
from simulator.engines.order import ENDING
from simulator.engines.people import Person, draw_people, entrants
from simulator.engines.records import Layout, windows
from simulator.engines.world import Moment, World
from simulator.lives import Lives, Said
from simulator.model import Model

__all__ = ["simulate", "trace"]


def simulate(
    model: Model, stream: int, people: NDArray[np.int64] | None = None, *, entering: slice = slice(None)
) -> Lives:
    """Every arm's lives of these people on one stream.

    Args:
        model: one design row.
        stream: which luck they have; arms share it.
        people: ids of those who are there at the start; 0 to the model's number less one if left out.  # [person]
        entering: which of those who join an open population live too, in order of arrival.

    Returns:
        Activity by arm, person and year, and the windows around each first programme start.

    Raises:
        RunError: if a journey runs in a loop.
    """
    numbers = np.arange(model.population.people) if people is None else people
    layout = Layout.of(model)
    arms = [_run(model, layout, arm, stream, numbers, None, entering=entering) for arm in range(len(model.arms))]
    return _collect(model, layout, arms)


def trace(model: Model, stream: int, person: int, arm: int) -> list[Said]:
    """What happens to one person in one arm, as (day, person, what, about what), in order.

    Everyone else is simulated too when people share something.
    """
    log: list[Said] = []
    alone = np.array([person], dtype=np.int64)
    numbers = np.arange(model.population.people) if model.shares_anything else alone
    _run(model, Layout.of(model), arm, stream, numbers, log)
    return [said for said in log if said[1] == person]


def _run(
    model: Model,
    layout: Layout,
    arm: int,
    stream: int,
    numbers: NDArray[np.int64],
    log: list[Said] | None,
    *,
    entering: slice = slice(None),
) -> tuple[World, list[Life]]:
    """One arm, from the start of the warm-up to the horizon."""
    world = World(model, arm, stream, log)
    people = draw_people(model, stream, np.sort(numbers))
    by_number = {person.number: Life(world, layout, person, -model.warm_up_days) for person in people}
    everyone = [by_number[number] for number in numbers.tolist()]
    world.env.process(world.dates())
    world.env.process(_arrivals(world, layout, everyone, entrants(model, stream, entering)))
    world.env.run(until=Moment(world.env, model.horizon, 0, 0))  # an event, as SimPy's own time is a sum and may round
    for life in everyone:
        life.reach_horizon()
    return world, everyone


def _arrivals(
    world: World, layout: Layout, everyone: list[Life], joining: Iterable[tuple[float, Person]]
) -> Generator[Moment, None, None]:
    """People join an open population."""
    for day, person in joining:
        yield Moment(world.env, day, ENDING, person.number)
        life = Life(world, layout, person, day)
        life.book.count("entrants", day)
        everyone.append(life)


def _collect(model: Model, layout: Layout, arms: list[tuple[World, list[Life]]]) -> Lives:
    """All arms' books as arrays."""
    lives = [everyone for _, everyone in arms]
    people = len(lives[0])
    counts = np.array([[life.book.counts for life in everyone] for everyone in lives], dtype=np.int64)
    days = np.array([[life.book.spent for life in everyone] for everyone in lives], dtype=np.float64)
    both = np.full((len(arms) - 1, people, 2, 2, 4 * layout.places + 2), np.nan)
    for k, everyone in enumerate(lives[1:]):
        for i, life in enumerate(everyone):
            if np.isnan(life.index_day):
                continue
            for world, same in enumerate((life, lives[0][i])):
                table = windows(same.book, life.index_day, same.ended_day, same.arrived_day)
                if table is not None:
                    both[k, i, world] = table
    return Lives(
        person=np.array([life.person.number for life in lives[0]], dtype=np.int64),
        counts=counts.reshape(len(arms), people, layout.years, -1),
        days=days.reshape(len(arms), people, layout.years, -1),
        index_day=np.array([[life.index_day for life in everyone] for everyone in lives]),
        completed=np.array([[life.completed for life in everyone] for everyone in lives], dtype=np.bool_),
        windows=both,
    )
