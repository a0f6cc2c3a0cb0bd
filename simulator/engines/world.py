"""What people share in one arm of the SimPy engine: the clock, moments in order, queues, capacity."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Generator
from dataclasses import dataclass, field
from heapq import heappush
from math import inf
from typing import Any

import simpy
from simpy.events import EventPriority

from simulator.engines.order import DATE, KIND_OF_CLOCK
from simulator.lives import Said
from simulator.model import HOME, NONE, ClockKind, Model, Table

PERSON_BITS = 33


class Moment(simpy.Event):
    """An event at an absolute time; ties run by kind, then person."""

    def __init__(self, env: simpy.Environment, time: float, kind: int, person: int) -> None:
        self.env = env
        self.callbacks = []
        self._value = None
        self._ok = True
        heappush(env._queue, (time, EventPriority((kind << PERSON_BITS) + person), next(env._eid), self))


class Slots(simpy.PriorityResource):
    """Capacity that may change; requests are served by priority, joining time, person.

    A slot that is given back is promised to the next in the queue at once, so nobody who asks later at the
    same moment can overtake.
    """

    def __init__(self, env: simpy.Environment, capacity: float) -> None:
        super().__init__(env, capacity=1)
        self._capacity = capacity

    def ask(self, priority: int, since: float, person: int) -> simpy.resources.resource.PriorityRequest:
        """A request that queues by priority, then joining time, then person."""
        return self.request(priority=(priority, since, person))  # type: ignore[arg-type]

    def give_back(self, request: simpy.resources.resource.PriorityRequest) -> None:
        """Free a slot, or leave the queue."""
        if request.triggered:
            self.users.remove(request)
            self._fill()
        else:
            request.cancel()

    def resize(self, capacity: float) -> None:
        """A new capacity from now on: nobody is evicted, those who fit now start."""
        self._capacity = capacity
        self._fill()

    def _fill(self) -> None:
        while self.put_queue and len(self.users) < self._capacity:
            self._trigger_put(None)


@dataclass
class Journey:
    """One need on its way through places: its key, and whether it has become an emergency."""

    need: int
    layer: int
    candidate: int
    length_mark: float
    route_mark: float
    emergency: bool
    passes: dict[int, int] = field(default_factory=dict)


@dataclass
class Wait:
    """A place in a queue: from home, or held in another place until the next is free."""

    request: Any
    since: float
    journey: Journey | None = None


@dataclass
class Stay:
    """Where a person is, since when, the slot they hold there, and where they go next."""

    place: int
    since: float
    journey: Journey
    emergency: bool
    slot: Any
    route_mark: float
    to: int = HOME
    support: int = NONE
    over_since: float = inf
    next_slot: Any = None
    support_slot: Any = None


def plain_rows(table: Table) -> list[Any]:
    """A table as tuples with named fields: what plain Python code reads fastest."""
    row = namedtuple("row", table.dtype.names or ())  # type: ignore[misc]
    return [row(*values) for values in table.tolist()]


class World:
    """One arm: its clock, its limited places and supports, and the model's tables as plain rows."""

    def __init__(self, model: Model, arm: int, stream: int, log: list[Said] | None) -> None:
        self.model, self.arm, self.stream, self.log = model, arm, stream, log
        self.env = simpy.Environment(initial_time=-model.warm_up_days)
        self.present: list[bool] = model.arms[arm].tolist()
        self.clock, self.place, self.need = plain_rows(model.clocks), plain_rows(model.places), plain_rows(model.needs)
        self.support, self.route = plain_rows(model.supports), plain_rows(model.routes)
        self.offer, self.criterion, self.boost = (
            plain_rows(model.offers), plain_rows(model.criteria), plain_rows(model.boosts)
        )  # fmt: skip
        self.clock_kinds = [KIND_OF_CLOCK[ClockKind(c.kind)] for c in self.clock]
        self.rate_offers = [
            [o.clock for o in self.offer if o.support == i and o.clock != NONE] for i in range(len(self.support))
        ]
        self.redirecting = [i for i, s in enumerate(self.support) if self.present[i] and s.redirect_place != NONE]
        self.event_offers = [
            (i, o)
            for i, o in enumerate(self.offer)
            if self.present[o.support] and (o.on_visit != NONE or o.on_discharge != NONE)
        ]
        self.places: list[Slots | None] = [
            None if row.slots == NONE else Slots(self.env, row.slots) for row in self.place
        ]
        self.base_places = [row.places for row in self.support]
        self.volunteers = [0] * len(self.support)
        self.supports: list[Slots | None] = [
            None if n == inf else Slots(self.env, int(n + 1e-9)) for n in self.base_places
        ]
        self._effects: dict[tuple[int, int], list[int]] = {}
        for e, row in enumerate(model.effects):
            self._effects.setdefault((int(row["support"]), int(row["basis"])), []).append(e)

    def dates(self) -> Generator[Moment, None, None]:
        """Change capacities at their dates."""
        for day, subject, slots, is_place in self.model.changes.tolist():
            if day >= self.env.now:
                yield Moment(self.env, day, DATE, 0)
            if is_place:
                place = self.places[subject]
                assert place is not None
                place.resize(slots)
            else:
                self.base_places[subject] = slots
                self.resize_support(subject)

    def effects_of(self, support: int, basis: int) -> list[int]:
        """Effects of a support that were measured on these people."""
        return self._effects.get((support, int(basis)), [])

    def resize_support(self, support: int) -> None:
        """Capacity of a support: workers times caseload, plus what active volunteers add, whole people."""
        slots = self.supports[support]
        if slots is not None:
            extra = self.support[support].volunteer_supports * self.volunteers[support]
            slots.resize(int(self.base_places[support] + extra + 1e-9))

    def open_for(self, support: int, cluster: int, t: float) -> bool:
        """Whether the support takes people from this cluster now."""
        opens = float(self.model.opens[support, cluster])
        return bool(opens <= t < self.support[support].closes_day)
