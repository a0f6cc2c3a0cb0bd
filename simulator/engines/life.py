"""One person in one arm as a SimPy process: an agenda, clocks, and a book of what happened.

The parts of a life are in three files: being alive (here), going to places of care
(:mod:`~simulator.engines.journeys`) and being on supports (:mod:`~simulator.engines.enrolment`).
"""

from __future__ import annotations

from collections.abc import Generator
from heapq import heappop
from math import inf

import numpy as np
import simpy
from numpy.typing import NDArray

from simulator.engines import hazards
from simulator.engines.journeys import Journeys
from simulator.engines.order import DATE
from simulator.engines.people import Person
from simulator.engines.records import Layout
from simulator.engines.world import Journey, Moment, World
from simulator.model import NONE, Basis, ClockKind


class Life(Journeys):
    """One person in one arm, from the start of the warm-up (or their arrival) to death or the horizon."""

    def __init__(self, world: World, layout: Layout, person: Person, start: float) -> None:
        super().__init__(world, layout, person, start)
        self.running = self._first_running(start)
        self.flare_since, self.flare_until = inf, -inf
        self.health_since = start
        self._begin(start)
        self.process = world.env.process(self._live())

    def _first_running(self, start: float) -> NDArray[np.uint8]:
        """Clocks that run at first: in the warm-up only needs, flares and usual care."""
        clocks = self.model.clocks
        running = np.ones(len(clocks), dtype=np.uint8) if start >= 0 else clocks["in_warm_up"].astype(np.uint8)
        for support, present in enumerate(self.world.present):
            if not present:
                self._set_offers(support, 0, running)
            if (clock := self.world.support[support].drop_out_clock) != NONE:
                running[clock] = 0
        return running

    def _begin(self, start: float) -> None:
        """Effects on whole populations, supports someone is already on, and the end of the warm-up."""
        model = self.model
        for e in range(len(model.effects)):
            support = int(model.effects["support"][e])
            if model.effects["basis"][e] == Basis.POPULATION and self.world.present[support]:
                opens = float(model.opens[support, self.person.cluster])
                row = self.world.support[support]
                ends = min(row.closes_day, row.ends_day)
                self._start_effect(e, opens, ends)
        if start < 0:
            self._note(0.0, DATE, "first_day", None)
        if start == -model.warm_up_days:
            self._start_prevalent(start)

    def _on_first_day(self, _: None, t: float) -> None:
        """The warm-up is over: death, health moves, leaving and programmes run from now on."""
        for clock, row in enumerate(self.world.clock):
            absent = row.kind == ClockKind.OFFER and not self.world.present[self.world.offer[row.subject].support]
            if not row.in_warm_up and not absent:
                self.running[clock] = 1

    def _live(self) -> Generator[Moment, None, None]:
        """Sleep until the next thing, let it happen, again."""
        model, env = self.model, self.world.env
        fixed = (
            model.layers, model.words.clocks, model.clocks, model.by_health, model.by_band, model.bands,
            model.boost_ratio, self.boost_until, model.effects, self.spells, model.step_until,
            model.step_weight, model.effects_on_clock, model.effect_order, model.synergies,
        )  # fmt: skip
        next_event, seed, number = hazards.next_event, np.uint64(model.seed), self.person.number
        kinds = self.world.clock_kinds
        while self.alive:
            until = self.agenda[0][0] if self.agenda else model.horizon
            time, clock, layer, candidate, length, outcome = next_event(
                env.now, until, self.stay is not None, seed, self.state, self.running, self.cursors, *fixed
            )
            if clock < 0 and not self.agenda:
                time = model.horizon
            kind = kinds[clock] if clock >= 0 else self.agenda[0][1] if self.agenda else DATE
            try:
                yield Moment(env, time, kind, number)
            except simpy.Interrupt as turn:
                assert turn.cause is not None
                turn.cause(env.now)
                continue
            if clock >= 0:
                self._strike(clock, time, layer, candidate, length, outcome)
            else:
                _, _, _, what, which = heappop(self.agenda)
                getattr(self, f"_on_{what}")(which, time)

    def _strike(self, clock: int, t: float, layer: int, candidate: int, length: float, outcome: float) -> None:
        """A clock has struck."""
        kind, subject = self.world.clock[clock].kind, self.world.clock[clock].subject
        if kind == ClockKind.NEED:
            emergency = bool(self.world.need[subject].emergency)
            self._need(Journey(subject, layer, candidate, length, outcome, emergency), t)
        elif kind == ClockKind.FLARE:
            self._flare(length, t)
        elif kind == ClockKind.HEALTH:
            self._change_health(subject, t)
        elif kind == ClockKind.OFFER:
            self._offer(subject, length, t)
        elif kind == ClockKind.DROP_OUT:
            self._end_support(subject, "drop_outs", t)
        elif kind == ClockKind.LEAVING:
            self.book.count("leavers", t)
            self._say(t, "moves away")
            self._end_life(t)
        else:
            self._die(t)

    def _change_health(self, state: int, t: float) -> None:
        self._close_health(t)
        self._say(t, "health", state)
        self.health = state
        self.state["health"] = state

    def _close_health(self, t: float) -> None:
        self.book.person_days(self.health, self.health_since, t)
        self.health_since = t

    def _flare(self, mark: float, t: float) -> None:
        self._close_flare(t)
        self.book.count("flares", t)
        self.flare_since = t
        self.flare_until = t + self._length(self.model.flare_length, mark)
        self.state["flare_until"] = self.flare_until
        self._say(t, "flare", self.flare_until)

    def _close_flare(self, t: float) -> None:
        if self.flare_since < inf:
            self.book.days("flare_days", self.flare_since, min(t, self.flare_until))
        self.flare_since = inf

    def _die(self, t: float) -> None:
        self.book.count("deaths", t)
        self._say(t, "dies")
        self._end_life(t)
        self.book.days("dead_days", t, self.model.horizon)

    def _end_life(self, t: float) -> None:
        """Death or moving away: supports, waits and stay end at once; freed slots are handed on deepest first."""
        self.alive, self.ended_day = False, t
        self._close_health(t)
        self._close_flare(t)
        self._leave_supports(t)
        self._leave_places(t)

    def reach_horizon(self) -> None:
        """Cut and count what is unfinished."""
        if self.alive:
            t = self.model.horizon
            self._close_health(t)
            self._close_flare(t)
            self._cut_places(t)
            self._cut_supports(t)
