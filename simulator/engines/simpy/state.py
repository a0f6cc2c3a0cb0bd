"""The state of a life: traits, the strikes ahead, the agenda, and how it writes into the diary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappush
from math import inf
from typing import Any

import simpy

from simulator.activity.items import Item
from simulator.engines.shared import hazards
from simulator.engines.shared.people import Person
from simulator.engines.simpy.world import Journey, Slots, World
from simulator.model.model import NONE

Strike = tuple[float, int, int, int, float, float, float, float, int]
"""A clock strikes: day, clock, layer, number, level, marks of length and outcome; day and clock of the next strike."""
Note = tuple[float, int, int, Callable[[Any, Any, float], None], Any]
"""Something that will happen: day, kind, order of writing, what, and about what."""
NOTHING_NOTED: list[Note] = []


@dataclass(slots=True, eq=False)
class Spell:
    """One enrolment: since when, active days booked up to when (inf: paused), and the slot held."""

    since: float
    active_since: float
    slot: Any
    number: int


class Awake:
    """The fields that are read whenever a life wakes: slots of one object, for cache locality."""

    __slots__ = (
        "agenda",
        "ahead",
        "alive",
        "any_effect",
        "home_since",
        "journey",
        "next_clock",
        "next_day",
        "nth",
        "on",
        "row",
        "seen_until",
        "stale",
        "stay_ends",
        "stay_noted",
        "waiting",
        "world",
    )  # fmt: skip


class State(Awake):
    """The state that the parts of a life share."""

    __slots__ = ("arrived_day", "emergencies", "ended_day", "enrolled", "health", "noted", "person", "process")
    process: simpy.Process

    def __init__(self, world: World, row: int, person: Person, start: float) -> None:
        self.world, self.row = world, row
        self.person, self.health = person, person.health
        self.any_effect = False
        self.stale = True  # the strikes ahead no longer hold
        self.ahead = b""  # which clocks strike when if nothing changes: rows of `memory.SOON`
        self.nth, self.next_day, self.next_clock = 0, inf, NONE  # the next of them
        self.seen_until = start
        self.agenda = NOTHING_NOTED
        self.noted = 0
        self.stay_ends, self.stay_noted = inf, 0  # as if in the agenda, which is empty for most people
        self.journey: Journey | None = None  # None: at home
        self.enrolled: dict[int, Spell] = {}
        self.on = 0  # bit set of the supports that the person is on
        self.waiting = 0  # how many places the person waits for at home
        self.emergencies: dict[int, list[float]] = {}
        self.arrived_day = self.home_since = start
        self.alive, self.ended_day = True, inf

    def _note(self, time: float, kind: int, what: Callable[[Any, Any, float], None], which: Any) -> None:
        """Write something into the agenda."""
        self.noted += 1
        if not self.agenda:
            self.agenda = []
        heappush(self.agenda, (time, kind, self.noted, what, which))

    def count(self, item: Item, t: float, subject: int = 0) -> None:
        """Write into the diary that something happened, and to which place, need or support."""
        self.world.moments.extend((self.row, self.world.layout.at(item, subject), t))

    def _spend(self, item: Item, since: float, t: float, subject: int = 0) -> None:
        """Write into the diary how long something lasted, and what it belongs to."""
        self.world.spans.extend((self.row, self.world.layout.at(item, subject), since, t))

    def _say(self, t: float, what: str, which: Any = None) -> None:
        """Add a line to the trace, if there is one."""
        if self.world.log is not None:
            self.world.log.append((t, self.person.number, what, which))

    def _call(self, then: Callable[[float], None]) -> None:
        """Wake this person, who was waiting, at this very moment."""
        self.process.interrupt(then)

    def _die(self, t: float) -> None:
        """Die at this moment; defined by `Life`."""
        raise NotImplementedError

    def _draw(self, word: int, number: int) -> tuple[float, float, float, float]:
        """The four uniforms of one of this person's decisions."""
        return hazards.draw(self.world.table, self.row, int(word), number)

    def _length(self, duration: int, mark: float) -> float:
        return hazards.length_days(self.world.table, self.row, duration, mark)

    def _ratio(self, target: int, subject: int, emergency: int, t: float) -> float:
        """Ratio of all effects on a stay or a take-up now."""
        return hazards.ratio_now(self.world.table, self.row, target, subject, emergency, t) if self.any_effect else 1.0

    def _close_home(self, t: float) -> None:
        """Book the days at home so far, alone or in community support."""
        self.world.spans.extend((self.row, self.world.home_at[self.on != 0], self.home_since, t))
        self.home_since = t

    @staticmethod
    def _withdraw(slots: Slots | None, request: Any) -> None:
        """Give a slot back, or leave the queue."""
        assert slots is not None
        slots.give_back(request)
