"""What people share in one arm of the SimPy engine: the clock, moments in order, queues, capacity, and the rules."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from functools import cache
from heapq import heappush
from math import inf
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray
from simpy.events import NORMAL

from simulator.activity.items import LifeDays, NeedCount
from simulator.activity.results import TraceEntry
from simulator.engines.shared.memory import MINDED, memory, plain_needs
from simulator.engines.shared.people import Person
from simulator.engines.shared.records import Diary
from simulator.model.model import NONE, Basis, ClockKind, Model, Table, Target
from simulator.model.moments import DATE

BEFORE_EVERYBODY = -1  # in place of the number of a person


class Moment(simpy.Event):
    """An event at an absolute time, which is its value; ties run by kind, then person.

    It enters the queue of the environment when it is made: `Environment.schedule` takes a delay, and a sum of days may
    round. The kind stands in the place of SimPy's priority, above those that it uses itself, and the number of the
    person in the place of its event counter.
    """

    def __init__(self, env: simpy.Environment, time: float, kind: int, person: int) -> None:
        self.env = env
        self.callbacks = []
        self._value = time
        self._ok = True
        heappush(env._queue, (time, NORMAL + kind, person, self))  # type: ignore[misc]

    def __lt__(self, other: object) -> bool:
        """Of two moments of one person only the later made is still waited for: either may come first."""
        return False


class Request(simpy.resources.resource.PriorityRequest):
    """Someone's request for a slot, which queues by priority, then joining time, then person.

    One that is met at once is no event that anybody waits for, and never enters the queue of the environment.
    """

    def __init__(self, slots: Slots, priority: int, since: float, person: int) -> None:
        self.env, self.resource = slots._env, slots
        self.callbacks = []
        self.key = (priority, since, person)  # type: ignore[assignment]
        if not slots.put_queue and len(slots.users) < slots.capacity:
            self._ok, self._value = True, None
            slots.users.append(self)
        else:
            slots.put_queue.append(self)


class Slots(simpy.PriorityResource):
    """Capacity that may change.

    A slot that is given back is promised to the next in the queue at once, so nobody who asks later at the
    same moment can overtake.
    """

    def __init__(self, env: simpy.Environment, capacity: float) -> None:
        super().__init__(env, capacity=1)
        self._capacity = capacity

    def give_back(self, request: Request) -> None:
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


@dataclass(slots=True, eq=False)
class Journey:
    """One need on its way through places: its key and marks, and where it is since when and goes next."""

    need: int
    layer: int
    candidate: int
    length_mark: float  # of the need, in the place that it goes to
    route_mark: float
    emergency: int  # 1: has become one
    entered: tuple[int, ...] = ()  # places, in order
    place: int = field(init=False)
    since: float = field(init=False)
    slot: Any = field(init=False)  # held in the place, None: it has no limit
    way_mark: float = field(init=False)  # which route out of the place
    to: int = field(init=False)
    support: int = field(init=False)  # that the way out needs
    over_since: float = field(init=False)  # inf: not over
    next_slot: Any = field(init=False)
    support_slot: Any = field(init=False)


@dataclass(slots=True, eq=False)
class Wait:
    """A place in a queue: from home, or held in another place until the next is free."""

    request: Any
    since: float
    journey: Journey | None = None


@cache
def _row(fields: tuple[str, ...]) -> Any:
    return namedtuple("row", fields)


def plain_rows(table: Table) -> list[Any]:
    """A table as named tuples, which plain Python code reads faster than structured arrays."""
    row = _row(table.dtype.names or ())
    return [row(*values) for values in table.tolist()]


class World:
    """One arm: its rules as plain rows, the memory and the diary of its people, its clock and its limited places.

    What cannot happen in this arm is computed once and not for each life: lists by place are empty where no offer,
    redirect, boost or effect can apply.
    """

    def __init__(
        self, model: Model, arm: int, stream: int, people: Sequence[tuple[float, Person]], log: list[TraceEntry] | None
    ) -> None:
        self.model, self.arm, self.log = model, arm, log
        self.present: list[bool] = model.arms[arm].tolist()
        self._read_rules(model)
        self._read_offers(model)
        self._read_effects(model)
        self.layout, self.diary = model.layout, Diary()
        self.needs_at = list(self.layout.all_at(NeedCount.NEEDS))  # these two are used most often
        self.home_at = [self.layout.at(item) for item in (LifeDays.HOME_ALONE_DAYS, LifeDays.COMMUNITY_DAYS)]
        self.benefits = list(zip(model.benefit_support.tolist(), model.benefit_days.tolist(), strict=True))
        self.moments, self.spans, self.stays = self.diary.moments, self.diary.spans, self.diary.stays
        self.memory = memory(model, len(people))
        self.table = self.memory.table
        self._lay_out(stream, people)

    def open(self) -> None:
        """A clock that has not begun to run, and every limited place and support empty."""
        self.env = simpy.Environment(initial_time=-self.model.warm_up_days)
        self.places = [None if row.slots == NONE else Slots(self.env, row.slots) for row in self.place]
        self.base_places = [row.places for row in self.support]
        self.volunteers = [0] * len(self.support)
        self.supports = [None if n == inf else Slots(self.env, int(n + 1e-9)) for n in self.base_places]
        if len(self.model.changes):
            self.env.process(self.dates())

    def _read_rules(self, model: Model) -> None:
        """The tables as plain rows."""
        self.clock, self.place, self.need = plain_rows(model.clocks), plain_rows(model.places), plain_rows(model.needs)
        self.support, self.route = plain_rows(model.supports), plain_rows(model.routes)
        self.offer, self.criterion = plain_rows(model.offers), plain_rows(model.criteria)
        turn = [kind.turn for kind in ClockKind]
        self.kind_of_clock = [turn[c.kind] for c in self.clock]
        self.runs_away = [bool(c.runs_away) for c in self.clock]
        self.routed = [
            np.add.accumulate(model.route_share[p.first_route : p.first_route + p.routes])[-1].tolist()
            if p.routes
            else [0.0] * model.route_share.shape[1]
            for p in self.place
        ]  # the share of people who take any route, by place and health
        boosts = list(enumerate(plain_rows(model.boosts)))
        self.boosts_after = [[(b, boost) for b, boost in boosts if boost.after == p] for p in range(len(self.place))]
        self.recent_counts = {c.recent_place for c in self.criterion}

    def _read_offers(self, model: Model) -> None:
        """Which offers and redirects may come about where, and who may be on a support from the start."""
        places, supports = range(len(self.place)), list(enumerate(self.support))
        offers = [(i, o) for i, o in enumerate(self.offer) if self.present[o.support]]
        self.offers_on_visit = [[(i, o) for i, o in offers if o.on_visit == p] for p in places]
        self.offers_on_discharge = [[(i, o) for i, o in offers if o.on_discharge == p] for p in places]
        self.rate_offers = [[o.clock for o in self.offer if o.support == s and o.clock != NONE] for s, _ in supports]
        self.redirecting = [[s for s, row in supports if self.present[s] and row.redirect_place == p] for p in places]
        self.ends, self.comes_with, self.begun_after = (
            [[s for s, _ in supports if self.present[s] and getattr(row, key) >> s & 1] for _, row in supports]
            for key in ("ends", "starts", "on_end")
        )
        shares = model.starting_share.tolist()
        self.starting = [(s, shares[s]) for s, _ in supports if self.present[s] and any(shares[s])]

    def _read_effects(self, model: Model) -> None:
        """Effects by support and basis, and which stays any effect acts on."""
        effects = list(enumerate(plain_rows(model.effects)))
        self.effect = [row for _, row in effects]
        self.effects_of = [
            [[e for e, row in effects if (row.support, row.basis) == (s, basis)] for basis in Basis]
            for s in range(len(self.support))
        ]
        self.for_everyone = [
            (e, row.support) for e, row in effects if row.basis == Basis.POPULATION and self.present[row.support]
        ]
        acted_on = {(row.target, row.subject) for row in (*self.effect, *plain_rows(model.synergies))}
        self.stay_changes = [(Target.STAY, place) in acted_on for place in range(len(self.place))]

    def _lay_out(self, stream: int, people: Sequence[tuple[float, Person]]) -> None:
        """Everybody's row in the memory, as they are on their first day."""
        arrays = self.memory.arrays
        life = arrays["life"]
        for row, (_, person) in zip(life, people, strict=True):
            row["person"], row["age"], row["health"], row["risk"], row["cluster"], row["kind"] = person
        life["stream"], life["flare_until"] = stream, -inf
        arrays["spells"]["start"] = arrays["spells"]["before_start"] = inf
        arrays["boost_until"][:] = -inf
        for late in (False, True):
            joined = np.array([day >= 0.0 for day, _ in people], dtype=np.bool_) == late
            arrays["running"][joined] = self._first_running(late)
        self.health, self.flare_until, self.affected = life["health"], life["flare_until"], life["affected"]
        self.boost_until = arrays["boost_until"]
        self.running, self.soon = arrays["running"], arrays["soon"]
        self.plain, self.minded = plain_needs(self.model).tolist(), int(arrays["wholes"][MINDED])

    def _first_running(self, late: bool) -> NDArray[np.uint8]:
        """Clocks that run at first: in the warm-up only needs, flares and usual care."""
        running = np.array([late or c.in_warm_up for c in self.clock], dtype=np.uint8)
        for support, row in enumerate(self.support):
            if not self.present[support]:
                running[self.rate_offers[support]] = 0
            if row.drop_out_clock != NONE:
                running[row.drop_out_clock] = 0
        return running

    def dates(self) -> Generator[Moment, None, None]:
        """Change capacities at their dates."""
        for day, subject, slots, is_place, arm in self.model.changes.tolist():
            if arm not in (NONE, self.arm):
                continue
            if day >= self.env.now:
                yield Moment(self.env, day, DATE, BEFORE_EVERYBODY)
            if is_place:
                place = self.places[subject]
                assert place is not None
                place.resize(slots)
            else:
                self.base_places[subject] = slots
                self.resize_support(subject)

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
