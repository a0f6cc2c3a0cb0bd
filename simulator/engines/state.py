"""What a life carries: traits, state of its clocks and effects, agenda and book."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappush
from math import inf
from typing import Any

import numpy as np
import simpy

from simulator.engines import hazards
from simulator.engines.people import Person
from simulator.engines.records import Book, Layout
from simulator.engines.world import Slots, Stay, World
from simulator.streams import uniform4


@dataclass
class Spell:
    """One enrolment: since when, active days booked up to when (inf: paused), and the slot held."""

    since: float
    active_since: float
    slot: Any
    number: int


class State:
    """The state that the parts of a life share."""

    process: simpy.Process

    def __init__(self, world: World, layout: Layout, person: Person, start: float) -> None:
        model = world.model
        self.world, self.model, self.person = world, model, person
        self.book = Book(model, layout, person.age)
        self.state = np.zeros(1, dtype=hazards.LIFE)
        self.state[0] = (
            person.number, world.stream, person.age, person.risk, person.cluster, person.health,
            -inf, model.horizon, 0,
        )  # fmt: skip
        self.health = person.health
        self.spells = np.zeros(len(model.effects), dtype=hazards.SPELL)
        self.spells["start"] = inf
        self.boost_until = np.full(len(model.boosts), -inf)
        self.cursors = np.zeros(len(model.clocks) * (len(model.layers) - 1), dtype=hazards.CURSOR)
        self.cursors["time"] = hazards.UNSET
        self.any_effect = False
        self.running = np.zeros(len(model.clocks), dtype=np.uint8)
        self.agenda: list[tuple[float, int, int, str, Any]] = []
        self.noted = 0
        self.stay: Stay | None = None
        self.enrolled: dict[int, Spell] = {}
        self.emergencies: list[list[float]] = [[] for _ in range(len(model.places))]
        self.arrived_day = self.home_since = start
        self.alive, self.ended_day = True, inf

    def _note(self, time: float, kind: int, what: str, which: Any) -> None:
        """Write something into the agenda."""
        self.noted += 1
        heappush(self.agenda, (time, kind, self.noted, what, which))

    def _say(self, t: float, what: str, which: Any = None) -> None:
        """Tell the trace, when one is kept."""
        if self.world.log is not None:
            self.world.log.append((t, self.person.number, what, which))

    def _call(self, then: Callable[[float], None]) -> None:
        """Wake this person, who was waiting, at this very moment."""
        self.process.interrupt(then)

    def _die(self, t: float) -> None:
        """Die at this moment; a whole life knows how."""
        raise NotImplementedError

    def _draw(self, word: int, number: int) -> tuple[float, float, float, float]:
        """The four uniforms of one of this person's decisions."""
        return uniform4(self.model.seed, self.world.stream, self.person.number, int(word), number)

    def _length(self, duration: int, mark: float) -> float:
        model = self.model
        return hazards.length_days(
            model.durations, model.duration_by_health, model.duration_days, duration, self.health, mark
        )

    def _ratio(self, target: int, subject: int, emergency: bool, t: float) -> float:
        """Ratio of all effects on a route, a stay or a take-up now."""
        if not self.any_effect:
            return 1.0
        model = self.model
        return hazards.ratio_now(
            target, subject, emergency, t, model.effects, self.spells, model.step_until, model.step_weight,
            model.synergies,
        )  # fmt: skip

    def _close_home(self, t: float) -> None:
        """Book the days at home so far, alone or in community support."""
        self.book.days("community_days" if self.enrolled else "home_alone_days", self.home_since, t)
        self.home_since = t

    @staticmethod
    def _withdraw(slots: Slots | None, request: Any) -> None:
        """Give a slot back, or leave the queue."""
        assert slots is not None
        slots.give_back(request)
