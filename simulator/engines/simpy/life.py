"""One person in one arm as a SimPy process: an agenda, clocks, and what the person writes into the diary.

The parts of a life are in three files: being alive (here), going to places of care
(:mod:`~simulator.engines.simpy.journeys`) and being on supports (:mod:`~simulator.engines.simpy.enrolment`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from heapq import heappop
from math import inf
from struct import Struct

import simpy

from simulator.activity.items import LifeCount, LifeDays, SupportCount
from simulator.engines.shared import hazards
from simulator.engines.shared.people import Person
from simulator.engines.simpy.journeys import Journeys
from simulator.engines.simpy.state import Note, Strike
from simulator.engines.simpy.world import Moment, World
from simulator.model.model import NONE, ClockKind
from simulator.model.moments import DATE, ENDING

STRIKE, DAY_AND_CLOCK = Struct("=dqqqddd"), Struct("=dq")  # a row of `memory.SOON` as it lies there, and its beginning
STRIKE_AND_NEXT = Struct("=dqqqddddq")
NEVER = STRIKE.pack(inf, NONE, 0, 0, 0.0, 0.0, 0.0)


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
            self._note(0.0, DATE, Life._on_first_day, None)
        if start == -world.model.warm_up_days:
            self._start_prevalent(start)

    def _on_first_day(self, _: None, t: float) -> None:
        """The warm-up is over: death, health moves, leaving and programmes run from now on."""
        for clock, row in enumerate(self.world.clock):
            absent = row.kind == ClockKind.OFFER and not self.world.present[self.world.offer[row.subject].support]
            if not row.in_warm_up and not absent:
                self._set_clock(clock, 1)
        self._start_prevalent(t)

    def _live(self) -> Generator[Moment, float, None]:
        """Sleep until the next thing, let it happen, again.

        The next thing is the next clock that will strike if nothing changes, or what the agenda says. Whatever
        changes a hazard, and being woken by others, makes that clock be found again.
        """
        world = self.world
        while self.alive:
            if self.stale:
                self._find_strikes(world.env.now)
            note: Note | None = None
            until, kind = self.stay_ends, ENDING
            if self.agenda and self.agenda[0] < (until, kind, self.stay_noted):
                note = self.agenda[0]
                until, kind = note[0], note[1]
            if until > self.seen_until:
                until, kind, note = self.seen_until, DATE, None
                if self.next_day >= until and self.journey is None and until < world.model.horizon:
                    self._find_strikes(until)
                    continue
            while self.next_day < until and self.journey is not None and not world.runs_away[self.next_clock]:
                self._see_next()  # a clock that runs at home only: nothing happens
            try:
                if self.next_day < until:
                    t = yield Moment(world.env, self.next_day, world.kind_of_clock[self.next_clock], self.row)
                    self._strike(STRIKE_AND_NEXT.unpack_from(self.ahead, STRIKE.size * self.nth), t)
                    continue
                t = yield Moment(world.env, until, kind, self.row)
                if note is not None:
                    heappop(self.agenda)
                    note[3](self, note[4], t)
                elif kind == ENDING:
                    self._on_stay_end(t)
                else:
                    self.stale = True
            except simpy.Interrupt as turn:
                self._see_from(world.env.now)
                assert turn.cause is not None
                turn.cause(world.env.now)

    def _find_strikes(self, t: float) -> None:
        """Find which clocks will strike if nothing changes, and until when that holds."""
        count, self.seen_until = hazards.strikes_ahead(self.world.table, self.row, t)
        self.ahead, self.nth, self.stale = self.world.soon[:count].tobytes() + NEVER, 0, False
        self.next_day, self.next_clock = DAY_AND_CLOCK.unpack_from(self.ahead)

    def _see_from(self, t: float) -> None:
        """Go back to the first strike after t: those that were passed over may count now."""
        self.nth = -1
        self._see_next()
        while self.next_day <= t:
            self._see_next()

    def _see_next(self) -> None:
        """Go on to the following strike."""
        self.nth += 1
        self.next_day, self.next_clock = DAY_AND_CLOCK.unpack_from(self.ahead, STRIKE.size * self.nth)

    def _strike(self, strike: Strike, t: float) -> None:
        """A clock has struck; the beginning of the row after it says which strikes next."""
        self.nth += 1
        self.next_day, self.next_clock = strike[7], strike[8]
        clock = self.world.clock[strike[1]]
        WHAT_A_CLOCK_DOES[clock.kind](self, clock.subject, strike, t)

    def _offered(self, offer: int, strike: Strike, t: float) -> None:
        self._offer(offer, strike[5], t)

    def _drop_out(self, support: int, _: Strike, t: float) -> None:
        self._end_support(support, SupportCount.DROP_OUTS, t)

    def _change_health(self, state: int, _: Strike, t: float) -> None:
        self._close_health(t)
        self._say(t, "health", state)
        self.health = self.world.health[self.row] = state
        self.stale = True

    def _close_health(self, t: float) -> None:
        self.world.diary.health.extend((self.row, self.health, self.health_since, t))
        self.health_since = t

    def _flare(self, _: int, strike: Strike, t: float) -> None:
        self._close_flare(t)
        self.count(LifeCount.FLARES, t)
        self.flare_since = t
        self.flare_until = t + self._length(self.world.model.flare_length, strike[5])
        self.world.flare_until[self.row] = self.flare_until
        self.stale = True
        self._say(t, "flare", self.flare_until)

    def _close_flare(self, t: float) -> None:
        if self.flare_since < inf:
            self._spend(LifeDays.FLARE_DAYS, self.flare_since, min(t, self.flare_until))
        self.flare_since = inf

    def _move_away(self, _: int, __: Strike, t: float) -> None:
        self.count(LifeCount.LEAVERS, t)
        self._say(t, "moves away")
        self._end_life(t)

    def _death(self, _: int, __: Strike, t: float) -> None:
        self._die(t)

    def _die(self, t: float) -> None:
        self.count(LifeCount.DEATHS, t)
        self._say(t, "dies")
        self._end_life(t)
        self._spend(LifeDays.DEAD_DAYS, t, self.world.model.horizon)

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


WHAT_A_CLOCK_DOES: dict[int, Callable[[Life, int, Strike, float], None]] = {
    ClockKind.NEED: Life._need,
    ClockKind.FLARE: Life._flare,
    ClockKind.HEALTH: Life._change_health,
    ClockKind.OFFER: Life._offered,
    ClockKind.DROP_OUT: Life._drop_out,
    ClockKind.LEAVING: Life._move_away,
    ClockKind.DEATH: Life._death,
}
