"""One person in one arm as a SimPy process: an agenda, clocks, and what the person writes into the diary.

The parts of a life are in three files: being alive (here), going to places of care
(:mod:`~simulator.engines.journeys`) and being on supports (:mod:`~simulator.engines.enrolment`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from heapq import heappop
from math import inf

import simpy

from simulator.engines import hazards
from simulator.engines.journeys import Journeys
from simulator.engines.order import DATE, KINDS
from simulator.engines.people import Person
from simulator.engines.state import Ahead
from simulator.engines.world import Moment, World, in_order
from simulator.model import ClockKind


class Life(Journeys):
    """One person in one arm, from the start of the warm-up (or their arrival) to death or the horizon."""

    __slots__ = ("flare_since", "flare_until", "health_since")

    def __init__(self, world: World, row: int, person: Person, start: float) -> None:
        super().__init__(world, row, person, start)
        self.flare_since, self.flare_until = inf, -inf
        self.health_since = start
        self._begin(start)
        self.process = world.env.process(self._live())

    def _begin(self, start: float) -> None:
        """Effects on whole populations, supports someone is already on, and the end of the warm-up."""
        world = self.world
        for e, support in world.for_everyone:
            row = world.support[support]
            opens = float(world.model.opens[support, self.person.cluster])
            self._start_effect(e, opens, min(row.closes_day, row.ends_day))
        if start < 0:
            self._note(0.0, DATE, self._on_first_day, None)
        if start == -world.model.warm_up_days:
            self._start_prevalent(start)

    def _on_first_day(self, _: None, t: float) -> None:
        """The warm-up is over: death, health moves, leaving and programmes run from now on."""
        for clock, row in enumerate(self.world.clock):
            absent = row.kind == ClockKind.OFFER and not self.world.present[self.world.offer[row.subject].support]
            if not row.in_warm_up and not absent:
                self._set_clock(clock, 1)

    def _live(self) -> Generator[Moment, float, None]:
        """Sleep until the next thing, let it happen, again.

        The next thing is the next clock that will strike if nothing changes, or what the agenda says. Whatever
        changes a hazard, and being woken by others, makes the person look ahead again.
        """
        env, agenda, number = self.env, self.agenda, self.person.number
        kind_of_clock, orders = self.world.clock_kinds, [in_order(kind, number) for kind in range(len(KINDS))]
        while self.alive:
            if self.stale:
                self._look_ahead(env.now)
            due, until = None, self.seen_until
            if agenda and agenda[0][0] <= until:
                due, until = agenda[0], agenda[0][0]
            strike = self._next_strike(until)
            try:
                if strike:
                    t = yield Moment(env, strike[0], orders[kind_of_clock[strike[1]]])
                    self._strike(strike, t)
                elif due:
                    t = yield Moment(env, until, orders[due[1]])
                    heappop(agenda)
                    due[3](due[4], t)
                else:
                    yield Moment(env, until, orders[DATE])
                    self.stale = True
            except simpy.Interrupt as turn:
                self.stale = True
                turn.cause(env.now)

    def _look_ahead(self, t: float) -> None:
        """See which clocks will strike if nothing changes, and until when that can be said."""
        count, self.seen_until = hazards.strikes_ahead(self.memory, self.row, t)
        self.ahead = self.world.soon[:count].tolist()
        self.ahead.reverse()
        self.stale = False

    def _next_strike(self, until: float) -> Ahead | None:
        """Take the next strike before ``until`` of a clock that runs where this person is; others are nothing."""
        ahead = self.ahead
        while ahead and ahead[-1][0] < until:
            strike = ahead.pop()
            if self.stay is None or self.world.runs_away[strike[1]]:
                return strike
        return None

    def _strike(self, strike: Ahead, t: float) -> None:
        """A clock has struck."""
        clock = self.world.clock[strike[1]]
        WHAT_A_CLOCK_DOES[clock.kind](self, clock.subject, strike, t)

    def _offered(self, offer: int, strike: Ahead, t: float) -> None:
        self._offer(offer, strike[5], t)

    def _drop_out(self, support: int, _: Ahead, t: float) -> None:
        self._end_support(support, "drop_outs", t)

    def _change_health(self, state: int, _: Ahead, t: float) -> None:
        self._close_health(t)
        self._say(t, "health", state)
        self.health = self.world.health[self.row] = state
        self.stale = True

    def _close_health(self, t: float) -> None:
        self.world.diary.health.extend((self.row, self.health, self.health_since, t))
        self.health_since = t

    def _flare(self, _: int, strike: Ahead, t: float) -> None:
        self._close_flare(t)
        self.count(self.world.item.flares, t)
        self.flare_since = t
        self.flare_until = t + self._length(self.world.model.flare_length, strike[5])
        self.world.flare_until[self.row] = self.flare_until
        self.stale = True
        self._say(t, "flare", self.flare_until)

    def _close_flare(self, t: float) -> None:
        if self.flare_since < inf:
            self._spend(self.world.item.flare_days, self.flare_since, min(t, self.flare_until))
        self.flare_since = inf

    def _move_away(self, _: int, __: Ahead, t: float) -> None:
        self.count(self.world.item.leavers, t)
        self._say(t, "moves away")
        self._end_life(t)

    def _death(self, _: int, __: Ahead, t: float) -> None:
        self._die(t)

    def _die(self, t: float) -> None:
        self.count(self.world.item.deaths, t)
        self._say(t, "dies")
        self._end_life(t)
        self._spend(self.world.item.dead_days, t, self.world.model.horizon)

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
            t = self.world.model.horizon
            self._close_health(t)
            self._close_flare(t)
            self._cut_places(t)
            self._cut_supports(t)


WHAT_A_CLOCK_DOES: dict[int, Callable[[Life, int, Ahead, float], None]] = {
    ClockKind.NEED: Life._need,
    ClockKind.FLARE: Life._flare,
    ClockKind.HEALTH: Life._change_health,
    ClockKind.OFFER: Life._offered,
    ClockKind.DROP_OUT: Life._drop_out,
    ClockKind.LEAVING: Life._move_away,
    ClockKind.DEATH: Life._death,
}
