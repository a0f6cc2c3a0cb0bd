"""The model as SimPy processes and resources: the readable statement, and the oracle of the other engine.

A person is one process that sleeps until the next thing that will happen to them: what their own agenda says
(a stay or a support that ends, a wait that reaches its limit) or a clock of theirs that strikes. Which clocks
strike when, if nothing changes, is known some time ahead (:func:`simulator.engines.shared.hazards.strikes_ahead`);
whatever changes a hazard makes this be worked out again. Places and supports with limited capacity are priority
resources; someone who was waiting is interrupted when their turn comes. Moments are scheduled at absolute times
and ordered by kind, then person, so that ties never depend on the heap. What happened is written into a diary,
line after line, and added up for everybody at the end (:mod:`simulator.engines.shared.records`).

People who share something live in one environment for each arm; otherwise a few at a time do, which is faster.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

from simulator.activity.items import LifeCount
from simulator.activity.results import Lives, TraceEntry
from simulator.engines.shared.people import Person, draw_people, entrants
from simulator.engines.shared.records import Record
from simulator.engines.simpy.life import Life
from simulator.engines.simpy.world import Moment, World
from simulator.model.model import Model
from simulator.model.moments import ENDING, HORIZON
from simulator.units import ENTRANT_IDS_FROM

__all__ = ["simulate", "trace"]

AT_A_TIME = 16  # people in one environment when nothing is shared
Joining = tuple[float, Person]
"""From which day a person is there, and who it is."""


def simulate(
    model: Model, stream: int, people: NDArray[np.int64] | None = None, *, entering: slice = slice(None)
) -> Lives:
    """Every arm's lives of these people on one stream.

    Args:
        model: one design row.
        stream: number of their random numbers, which all arms share.
        people: ids of those who are there at the start; 0 to the model's number less one if left out.  # [person]
        entering: which of those who join an open population live too, in order of arrival.

    Returns:
        Activity by arm, person and year, and the windows around each first programme start.

    Raises:
        RunError: if a journey runs in a loop.
    """
    numbers = np.arange(model.population.people) if people is None else people
    everyone = _everyone(model, stream, numbers, entering)
    lives = _collect(model, everyone, [_run(model, arm, stream, everyone, None) for arm in range(len(model.arms))])
    asked = np.concatenate([np.argsort(np.argsort(numbers)), np.arange(len(numbers), len(everyone))])
    return lives if (asked[1:] >= asked[:-1]).all() else _in_order(lives, asked)


def trace(model: Model, stream: int, person: int, arm: int) -> list[TraceEntry]:
    """What happens to one person in one arm, as (day, person, what, about what), in order.

    Everyone else is simulated too when people share something.
    """
    log: list[TraceEntry] = []
    numbers, entering = np.arange(model.population.people), slice(None)
    if not model.shares_anything:
        joined = person - ENTRANT_IDS_FROM
        numbers = np.array([person] if joined < 0 else [], dtype=np.int64)
        entering = slice(max(0, joined), max(0, joined + 1))
    _run(model, arm, stream, _everyone(model, stream, numbers, entering), log)
    return [said for said in log if said[1] == person]


def _everyone(model: Model, stream: int, numbers: NDArray[np.int64], entering: slice) -> list[Joining]:
    """Who lives, and from when: those there at the start in the order of their ids, then those who join."""
    there = draw_people(model, stream, np.sort(numbers))
    return [(-model.warm_up_days, person) for person in there] + entrants(model, stream, entering)


def _run(
    model: Model, arm: int, stream: int, everyone: list[Joining], log: list[TraceEntry] | None
) -> tuple[World, list[Life]]:
    """One arm, from the start of the warm-up to the horizon.

    People who share something live side by side in one environment. Else it makes no difference to them, and a few
    at a time are faster: SimPy's queue of events stays short.
    """
    world = World(model, arm, stream, everyone, log)
    together = len(everyone) if model.shares_anything else AT_A_TIME
    lives: list[Life] = []
    for first in range(0, len(everyone), max(1, together)):
        world.open()
        lives += _live(world, first, everyone[first : first + together])
    return world, lives


def _live(world: World, first: int, people: list[Joining]) -> list[Life]:
    """Some people side by side, to the horizon; the first has the given row of the memory.

    A process of your own starts here: ``world.env.process(...)``.
    """
    env, lives = world.env, []
    for row, (day, person) in enumerate(people, first):
        if person.number < ENTRANT_IDS_FROM:
            lives.append(Life(world, row, person, day))
    if len(lives) < len(people):
        env.process(_arrivals(world, first + len(lives), people[len(lives) :], lives))
    env.run(until=Moment(env, world.model.horizon, HORIZON, 0))  # SimPy's own time is a sum and may round
    for life in lives:
        life.reach_horizon()
    return lives


def _arrivals(world: World, first: int, joining: list[Joining], lives: list[Life]) -> Generator[Moment, float, None]:
    """People join an open population."""
    for row, (day, person) in enumerate(joining, first):
        yield Moment(world.env, day, ENDING, row)
        lives.append(Life(world, row, person, day))
        lives[-1].count(LifeCount.ENTRANTS, day)


def _in_order(lives: Lives, which: NDArray[np.int64]) -> Lives:
    """The same lives, those of these rows."""
    return Lives(
        person=lives.person[which],
        counts=lives.counts[:, which],
        days=lives.days[:, which],
        index_day=lives.index_day[:, which],
        completed=lives.completed[:, which],
        windows=lives.windows[:, which],
    )


def _collect(model: Model, everyone: list[Joining], arms: list[tuple[World, list[Life]]]) -> Lives:
    """All arms' diaries, added up."""
    people, measures = len(everyone), model.layout.measures_size
    ages = np.array([person.age for _, person in everyone])
    records = [Record.of(world.diary, world.layout, ages, model.bands) for world, _ in arms]
    index_day, ended_day, arrived_day = (
        np.array([[getattr(life, name) for life in lives] for _, lives in arms], dtype=np.float64)
        for name in ("index_day", "ended_day", "arrived_day")
    )
    around = [
        [records[arm].windows(model.window_days, index_day[k], ended_day[arm], arrived_day[arm]) for arm in (k, 0)]
        for k in range(1, len(arms))
    ]
    return Lives(
        person=np.array([person.number for _, person in everyone], dtype=np.int64),
        counts=np.stack([record.counts(people) for record in records]),
        days=np.stack([record.days(people) for record in records]),
        index_day=index_day,
        completed=np.array([[life.completed for life in lives] for _, lives in arms], dtype=np.bool_),
        windows=np.array(around).reshape(len(arms) - 1, 2, people, 2, measures).swapaxes(1, 2),
    )
