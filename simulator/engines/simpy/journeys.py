"""Going to places of care: needs, queues, stays, routes, delayed discharge.

A person at home seeks a place; if it is full they wait at home (and may still have other needs). A
person who must move on but cannot keeps the place they have. Luck belongs to the need: the stay and route
in a place are keyed by the need's candidate, the place and how often the journey has been there.
"""

from __future__ import annotations

from math import inf
from typing import Any

from simulator.activity.items import NeedCount, PlaceCount, PlaceDays
from simulator.engines.shared import hazards
from simulator.engines.shared.candidates import PASS_SHIFT
from simulator.engines.shared.people import Person
from simulator.engines.simpy.enrolment import Enrolment
from simulator.engines.simpy.state import Strike
from simulator.engines.simpy.world import Journey, Request, Wait, World
from simulator.errors import RunError
from simulator.model.model import DEAD, HOME, NONE, Target
from simulator.model.moments import LIMIT, MOST_PASSES

_STAY = int(Target.STAY)


class Journeys(Enrolment):
    """The part of a life that goes through places."""

    __slots__ = ("discharged", "waits")

    def __init__(self, world: World, row: int, person: Person, start: float) -> None:
        super().__init__(world, row, person, start)
        self.waits: dict[int, Wait] = {}
        self.discharged: dict[int, float] = {}

    # --- from home -----------------------------------------------------------------------------

    def _need(self, need: int, strike: Strike, t: float) -> None:
        """A need arises at home: met by a programme instead, or the person seeks the place."""
        _, _, layer, candidate, _, length_mark, route_mark, _, _ = strike
        world = self.world
        world.moments.extend((self.row, world.needs_at[need], t))
        row = world.need[need]
        if self.on and world.redirecting[row.goes_to] and self._redirected(need, row.goes_to, strike, t):
            return
        if world.plain[need] and self._passes_by(row.goes_to, length_mark, route_mark, t):
            return
        self._seek(row.goes_to, Journey(need, layer, candidate, length_mark, route_mark, row.emergency), t)

    def _passes_by(self, place: int, length_mark: float, route_mark: float, t: float) -> bool:
        """Whether a visit is over, and leads nowhere, before anything else can happen: then no waking up for its end.

        What is written down is what entering and leaving would have. A life that is traced takes every step.
        """
        world = self.world
        if self.waiting or self.listed or self.on & world.minded or world.log is not None:
            return False
        days = hazards.length_days(world.table, self.row, world.place[place].planned_stay, length_mark)
        end = t + (days * self._ratio(_STAY, place, False, t) if world.stay_changes[place] else days)
        if end >= self.next_day or end >= self.seen_until or (self.agenda and end >= self.agenda[0][0]):
            return False
        led_on = self.any_effect or route_mark < world.routed[place][self.health]
        if led_on and hazards.next_route(world.table, self.row, place, False, route_mark, end) != NONE:
            return False
        self._close_home(t)
        world.stays.extend((self.row, place, False, t, inf, end))
        self.home_since = end
        return True

    def _redirected(self, need: int, place: int, strike: Strike, t: float) -> bool:
        """Whether a programme that the person is on meets the need instead of the place, by a mark of its own."""
        _, _, layer, candidate, *_ = strike
        for support in self.world.redirecting[place]:
            if support in self.enrolled:
                word = int(self.world.model.words.redirect[need, support])
                if self._draw(word | layer, candidate)[1] < self.world.support[support].redirect_share:
                    self.count(NeedCount.MET_ELSEWHERE, t, need)
                    self._say(t, "met elsewhere", (need, support))
                    return True
        return False

    def _seek(self, place: int, journey: Journey, t: float) -> None:
        """Enter a place from home, or join its queue (once: a repeated need merges)."""
        slots = self.world.places[place]
        if slots is None:
            self._enter(place, journey, None, HOME, t)
            return
        if place in self.waits:
            return
        request = Request(slots, self._priority(journey), t, self.row)
        if request.triggered:
            self._enter(place, journey, request, HOME, t)
            return
        wait = self.waits[place] = Wait(request, t, journey)
        self.waiting += 1
        self.count(PlaceCount.WAITS, t, place)
        self._say(t, "waits", place)
        request.callbacks.append(lambda _: self._call(lambda now: self._turn_at(place, wait, now)))
        limit = self.world.place[place].limit_days
        if limit < inf:
            self._note(t + limit, LIMIT, Journeys._on_wait_limit, (place, wait))

    def _turn_at(self, place: int, wait: Wait, t: float) -> None:
        """A slot is free for someone who waited at home, unless another place was free first."""
        if self.waits.get(place) is not wait:
            return
        del self.waits[place]
        self.waiting -= 1
        self._spend(PlaceDays.WAIT_DAYS, wait.since, t, place)
        assert wait.journey is not None
        self._enter(place, wait.journey, wait.request, HOME, t)

    def _on_wait_limit(self, which: tuple[int, Wait], t: float) -> None:
        """Waited long enough: go elsewhere on the same need, unless the slot has just come free."""
        place, wait = which
        if self.waits.get(place) is not wait or wait.request.triggered:
            return
        del self.waits[place]
        self.waiting -= 1
        wait.request.cancel()
        self._spend(PlaceDays.WAIT_DAYS, wait.since, t, place)
        self.count(PlaceCount.GAVE_UP, t, place)
        self._say(t, "gives up waiting", place)
        assert wait.journey is not None
        self._seek(self.world.place[place].limit_to, wait.journey, t)

    def _lose_waits(self, t: float) -> None:
        """Waits at home come to nothing when the person goes elsewhere or dies."""
        for place in sorted(self.waits):
            wait = self.waits.pop(place)
            self.waiting -= 1
            self._withdraw(self.world.places[place], wait.request)
            self._spend(PlaceDays.WAIT_DAYS, wait.since, t, place)
            self.count(PlaceCount.LOST, t, place)

    def _priority(self, journey: Journey) -> int:
        return int(self.world.need[journey.need].priority)

    # --- in a place ----------------------------------------------------------------------------

    def _enter(self, place: int, journey: Journey, slot: Any, source: int, t: float) -> None:
        """Start a stay; other waits are lost; its length is fixed now, by the need's own marks where the need goes."""
        world = self.world
        if self.waiting:
            self._lose_waits(t)
        if source == HOME:
            self._close_home(t)
            if self.on:
                self._pause_supports(t)
        row = world.place[place]
        emergency = journey.emergency = journey.emergency or row.emergency
        if not journey.entered and place == world.need[journey.need].goes_to:
            length_mark, journey.way_mark, journey.entered = journey.length_mark, journey.route_mark, (place,)
        else:
            length_mark, journey.way_mark = self._further_marks(place, journey)
        if emergency:
            self._count_emergency(place, source, t)
        duration = row.stay if emergency else row.planned_stay
        days = hazards.length_days(world.table, self.row, duration, length_mark)
        if world.stay_changes[place]:
            days *= self._ratio(_STAY, place, emergency, t)
        self.journey = journey
        journey.place, journey.since, journey.slot = place, t, slot
        journey.support, journey.over_since, journey.next_slot, journey.support_slot = NONE, inf, None, None
        if slot is not None and self.on:
            self._give_up_slots(t)
        self.noted += 1
        self.stay_ends, self.stay_noted = t + days, self.noted
        if world.log is not None:
            self._say(t, "enters", (place, t + days))
        if world.offers_on_visit[place]:
            self._event_offers(world.offers_on_visit[place], place, journey, t)

    def _further_marks(self, place: int, journey: Journey) -> tuple[float, float]:
        """Length and route marks in a place that the need did not go to: keyed by the place and how often entered."""
        journey.entered += (place,)
        passed = journey.entered.count(place)
        if passed > MOST_PASSES:
            raise RunError(f"a journey enters one place more than {MOST_PASSES} times: check the routes for a loop")
        word = int(self.world.model.words.stay[journey.need, place]) | journey.layer
        u = self._draw(word, journey.candidate | passed << PASS_SHIFT)
        return u[2], u[3]

    def _count_emergency(self, place: int, source: int, t: float) -> None:
        """Count an emergency by where it came from, and remember it where recent use is asked for."""
        if source != HOME:
            self.count(PlaceCount.THROUGH, t, place)
        if t <= self.discharged.get(place, -inf) + self.world.place[place].readmission_days:
            self.count(PlaceCount.READMISSIONS, t, place)
        if place in self.world.recent_counts:
            self.emergencies.setdefault(place, []).append(t)

    def _on_stay_end(self, t: float) -> None:
        """The stay is over: choose the route, and hold the place until the way is free."""
        journey = self.journey
        assert journey is not None
        self.stay_ends = inf
        world, place, mark = self.world, journey.place, journey.way_mark
        journey.to, journey.over_since = world.place[place].otherwise, t
        if self.any_effect or mark < world.routed[place][self.health]:  # else beyond the shares of all routes
            route = hazards.next_route(world.table, self.row, place, journey.emergency, mark, t)
            if route != NONE:
                journey.to, journey.support = world.route[route]
        self._move_on(journey, t)

    def _move_on(self, journey: Journey, t: float) -> None:
        """Take what the way on needs: first the support, then the place; held until both are there."""
        if self.journey is not journey:
            return
        if journey.support != NONE and journey.support not in self.enrolled and journey.support_slot is None:
            slots = self.world.supports[journey.support]
            if slots is not None:
                priority, since = self._priority(journey), t
                if journey.support in self.listed:  # nobody queues twice: their place on the list counts
                    priority, since = min(0, priority), self.listed[journey.support].since
                    self._unlist(journey.support, t)
                journey.support_slot = Request(slots, priority, since, self.row)
                if self._is_held(journey.support_slot, journey, t):
                    return
        if journey.to >= 0 and journey.next_slot is None:
            place = self.world.places[journey.to]
            if place is not None:
                journey.next_slot = Request(place, self._priority(journey), t, self.row)
                if self._is_held(journey.next_slot, journey, t):
                    return
        self._leave(t)

    def _is_held(self, request: Any, journey: Journey, t: float) -> bool:
        if request.triggered:
            return False
        self._say(t, "held", journey.place)
        request.callbacks.append(lambda _: self._call(lambda now: self._move_on(journey, now)))
        return True

    def _leave(self, t: float) -> None:
        """Leave alive (or die on the way out) and go where the route leads."""
        journey = self.journey
        assert journey is not None
        if journey.to == DEAD:
            self._die(t)
            return
        self._close_stay(journey, t)
        place, slot = journey.place, journey.slot
        for b, boost in self.world.boosts_after[place]:
            if journey.emergency or not boost.emergency_only:
                self.world.boost_until[self.row, b] = t + boost.days
                self.stale = True
        if journey.emergency:
            self.discharged[place] = t
        if journey.to >= 0:
            self._enter(journey.to, journey, journey.next_slot, place, t)
        else:
            self._go_home(journey, t)
        if slot is not None:
            self._withdraw(self.world.places[place], slot)

    def _go_home(self, journey: Journey, t: float) -> None:
        self.journey = None
        self.home_since = t
        if self.on:
            self._resume_supports(t)
        if self.world.log is not None:
            self._say(t, "goes home", journey.place)
        if journey.support != NONE and journey.support not in self.enrolled:
            if journey.support in self.listed:
                self._unlist(journey.support, t)
            self._start_support(journey.support, journey.support_slot, t)
        elif journey.support_slot is not None:
            self._withdraw(self.world.supports[journey.support], journey.support_slot)
        if self.world.offers_on_discharge[journey.place]:
            self._event_offers(self.world.offers_on_discharge[journey.place], journey.place, journey, t)

    def _close_stay(self, journey: Journey, t: float) -> None:
        self.world.stays.extend((self.row, journey.place, journey.emergency, journey.since, journey.over_since, t))

    # --- the end -------------------------------------------------------------------------------

    def _leave_places(self, t: float) -> None:
        """Death or moving away ends waits and the stay."""
        self._lose_waits(t)
        journey = self.journey
        if journey is None:
            self._close_home(t)
            return
        self._close_stay(journey, t)
        if journey.next_slot is not None:
            self._withdraw(self.world.places[journey.to], journey.next_slot)
        if journey.support_slot is not None:
            self._withdraw(self.world.supports[journey.support], journey.support_slot)
        if journey.slot is not None:
            self._withdraw(self.world.places[journey.place], journey.slot)
        self.journey = None

    def _cut_places(self, t: float) -> None:
        """The horizon cuts waits and the stay."""
        for place, wait in self.waits.items():
            self.count(PlaceCount.UNFINISHED, t, place)
            self._spend(PlaceDays.WAIT_DAYS, wait.since, t, place)
        if self.journey is None:
            self._close_home(t)
        else:
            self.count(PlaceCount.UNFINISHED, t, self.journey.place)
            self._close_stay(self.journey, t)
