"""Going to places of care: needs, queues, stays, routes, delayed discharge.

A person at home seeks a place; if it is full they wait at home (and may still have other needs). A
person who must move on but cannot keeps the place they have. Luck belongs to the need: the stay and route
in a place are keyed by the need's candidate, the place and how often the journey has been there.
"""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from simulator.engines import hazards
from simulator.engines.enrolment import Enrolment
from simulator.engines.order import ENDING, LIMIT, MOST_PASSES
from simulator.engines.people import Person
from simulator.engines.records import Layout
from simulator.engines.world import Journey, Stay, Wait, World
from simulator.errors import RunError
from simulator.model import DEAD, HOME, NONE, Target

_STAY, _ROUTE = int(Target.STAY), int(Target.ROUTE)


class Journeys(Enrolment):
    """The part of a life that goes through places."""

    def __init__(self, world: World, layout: Layout, person: Person, start: float) -> None:
        super().__init__(world, layout, person, start)
        places = len(self.model.places)
        self.waits: dict[int, Wait] = {}
        self.discharged = [-inf] * places

    # --- from home -----------------------------------------------------------------------------

    def _need(self, journey: Journey, t: float) -> None:
        """A need arises at home: met by a programme instead, or the person seeks the place."""
        self.book.count_need(journey.need, t)
        place = self.world.need[journey.need].goes_to
        for support in self.world.redirecting:
            row = self.world.support[support]
            if support in self.enrolled and row.redirect_place == place:
                word = int(self.model.words.redirect[journey.need, support])
                if self._draw(word | journey.layer, journey.candidate)[1] < row.redirect_share:
                    self.book.count_need(journey.need, t, met_elsewhere=True)
                    self._say(t, "met elsewhere", (journey.need, support))
                    return
        self._seek(place, journey, t)

    def _seek(self, place: int, journey: Journey, t: float) -> None:
        """Enter a place from home, or join its queue (once: a repeated need merges)."""
        slots = self.world.places[place]
        if slots is None:
            self._enter(place, journey, None, HOME, t)
            return
        if place in self.waits:
            return
        request = slots.ask(self._priority(journey), t, self.person.number)
        if request.triggered:
            self._enter(place, journey, request, HOME, t)
            return
        wait = self.waits[place] = Wait(request, t, journey)
        self.book.count_place("waits", place, t)
        self._say(t, "waits", place)
        request.callbacks.append(lambda _: self._call(lambda now: self._turn_at(place, wait, now)))
        limit = self.world.place[place].limit_days
        if limit < inf:
            self._note(t + limit, LIMIT, "wait_limit", (place, wait))

    def _turn_at(self, place: int, wait: Wait, t: float) -> None:
        """A slot is free for someone who waited at home, unless another place was free first."""
        if self.waits.get(place) is not wait:
            return
        del self.waits[place]
        self.book.place_days("wait_days", place, wait.since, t)
        assert wait.journey is not None
        self._enter(place, wait.journey, wait.request, HOME, t)

    def _on_wait_limit(self, which: tuple[int, Wait], t: float) -> None:
        """Waited long enough: go elsewhere on the same need, unless the slot has just come free."""
        place, wait = which
        if self.waits.get(place) is not wait or wait.request.triggered:
            return
        del self.waits[place]
        wait.request.cancel()
        self.book.place_days("wait_days", place, wait.since, t)
        self.book.count_place("gave_up", place, t)
        self._say(t, "gives up waiting", place)
        assert wait.journey is not None
        self._seek(self.world.place[place].limit_to, wait.journey, t)

    def _lose_wait(self, place: int, t: float) -> None:
        wait = self.waits.pop(place)
        self._withdraw(self.world.places[place], wait.request)
        self.book.place_days("wait_days", place, wait.since, t)
        self.book.count_place("lost", place, t)

    def _priority(self, journey: Journey) -> int:
        return int(self.world.need[journey.need].priority)

    # --- in a place ----------------------------------------------------------------------------

    def _enter(self, place: int, journey: Journey, slot: Any, source: int, t: float) -> None:
        """Start a stay; other waits are lost; its length is fixed now."""
        for other in sorted(self.waits):
            self._lose_wait(other, t)
        if source == HOME:
            self._close_home(t)
            self._pause_supports(t)
        row = self.world.place[place]
        journey.emergency = journey.emergency or bool(row.emergency)
        length_mark, route_mark = self._place_marks(place, journey)
        self._count_entry(place, journey.emergency, source, t)
        duration = row.stay if journey.emergency else row.planned_stay
        days = self._length(duration, length_mark) * self._ratio(_STAY, place, journey.emergency, t)
        self.stay = Stay(place, t, journey, journey.emergency, slot, route_mark)
        if slot is not None:
            self._give_up_slots(t)
        self._note(t + days, ENDING, "stay_end", self.stay)
        self._say(t, "enters", (place, t + days))
        self._event_offers("on_visit", place, journey, t)

    def _place_marks(self, place: int, journey: Journey) -> tuple[float, float]:
        """Length and route marks: the need's own in the place it goes to, else keyed by place and pass."""
        passed = journey.passes[place] = journey.passes.get(place, 0) + 1
        if passed > MOST_PASSES:
            raise RunError(f"a journey enters one place more than {MOST_PASSES} times: check the routes for a loop")
        if passed == 1 and place == self.world.need[journey.need].goes_to:
            return journey.length_mark, journey.route_mark
        word = int(self.model.words.stay[journey.need, place]) | journey.layer
        u = self._draw(word, journey.candidate | passed << hazards.PASS_SHIFT)
        return u[2], u[3]

    def _count_entry(self, place: int, emergency: bool, source: int, t: float) -> None:
        book = self.book
        book.count_place("visits", place, t)
        book.entries.append((t, place, emergency))
        if not emergency:
            return
        book.count_place("emergency", place, t)
        if source != HOME:
            book.count_place("through", place, t)
        if t <= self.discharged[place] + self.world.place[place].readmission_days:
            book.count_place("readmissions", place, t)
        self.emergencies[place].append(t)

    def _on_stay_end(self, stay: Stay, t: float) -> None:
        """The stay is over: choose the route, and hold the place until the way is free."""
        if self.stay is not stay:
            return
        place = self.world.place[stay.place]
        route = NONE if place.routes == 0 else self._route(place.first_route, place.routes, stay, t)
        stay.to = place.otherwise if route == NONE else self.world.route[route].to
        stay.support = NONE if route == NONE else self.world.route[route].support
        stay.over_since = t
        self._move_on(stay, t)

    def _route(self, first: int, count: int, stay: Stay, t: float) -> int:
        """The route that the mark takes at today's ratios."""
        ratio = np.array([self._ratio(_ROUTE, first + i, stay.emergency, t) for i in range(count)])
        share = self.model.route_share
        return int(hazards.choose_route(first, count, self.health, stay.route_mark, share, ratio))

    def _move_on(self, stay: Stay, t: float) -> None:
        """Take what the way on needs: first the support, then the place; held until both are there."""
        if self.stay is not stay:
            return
        if stay.support != NONE and stay.support not in self.enrolled and stay.support_slot is None:
            slots = self.world.supports[stay.support]
            if slots is not None:
                priority, since = self._priority(stay.journey), t
                if stay.support in self.listed:  # nobody queues twice: their place on the list counts
                    priority, since = min(0, priority), self.listed[stay.support].since
                    self._unlist(stay.support, t)
                stay.support_slot = slots.ask(priority, since, self.person.number)
                if self._is_held(stay.support_slot, stay, t):
                    return
        if stay.to >= 0 and stay.next_slot is None:
            place = self.world.places[stay.to]
            if place is not None:
                stay.next_slot = place.ask(self._priority(stay.journey), t, self.person.number)
                if self._is_held(stay.next_slot, stay, t):
                    return
        self._leave(t)

    def _is_held(self, request: Any, stay: Stay, t: float) -> bool:
        if request.triggered:
            return False
        self._say(t, "held", stay.place)
        request.callbacks.append(lambda _: self._call(lambda now: self._move_on(stay, now)))
        return True

    def _leave(self, t: float) -> None:
        """Leave alive (or die on the way out) and go where the route leads."""
        stay = self.stay
        assert stay is not None
        if stay.to == DEAD:
            self._die(t)
            return
        self._close_stay(t)
        self._boost(stay, t)
        if stay.emergency:
            self.discharged[stay.place] = t
        if stay.to >= 0:
            self._enter(stay.to, stay.journey, stay.next_slot, stay.place, t)
        else:
            self._go_home(stay, t)
        self._free(stay.place, stay.slot)

    def _go_home(self, stay: Stay, t: float) -> None:
        self.stay = None
        self.home_since = t
        self._resume_supports(t)
        self._say(t, "goes home", stay.place)
        if stay.support != NONE and stay.support not in self.enrolled:
            if stay.support in self.listed:
                self._unlist(stay.support, t)
            self._start_support(stay.support, stay.support_slot, t)
        elif stay.support_slot is not None:
            self._withdraw(self.world.supports[stay.support], stay.support_slot)
        self._event_offers("on_discharge", stay.place, stay.journey, t)

    def _boost(self, stay: Stay, t: float) -> None:
        for b, boost in enumerate(self.world.boost):
            if boost.after == stay.place and (stay.emergency or not boost.emergency_only):
                self.boost_until[b] = t + boost.days

    def _close_stay(self, t: float) -> None:
        stay = self.stay
        assert stay is not None
        self.book.place_days("days", stay.place, stay.since, t)
        if stay.emergency:
            self.book.place_days("emergency_days", stay.place, stay.since, t)
        if stay.over_since < t:
            self.book.place_days("delay_days", stay.place, stay.over_since, t)
        self.book.stays.append((stay.since, t, stay.place, stay.emergency))

    # --- the end -------------------------------------------------------------------------------

    def _leave_places(self, t: float) -> None:
        """Death or moving away ends waits and the stay."""
        for place in sorted(self.waits):
            self._lose_wait(place, t)
        stay = self.stay
        if stay is None:
            self._close_home(t)
            return
        self._close_stay(t)
        if stay.next_slot is not None:
            self._withdraw(self.world.places[stay.to], stay.next_slot)
        if stay.support_slot is not None:
            self._withdraw(self.world.supports[stay.support], stay.support_slot)
        self._free(stay.place, stay.slot)
        self.stay = None

    def _cut_places(self, t: float) -> None:
        """The horizon cuts waits and the stay."""
        for place, wait in self.waits.items():
            self.book.count_unfinished(place)
            self.book.place_days("wait_days", place, wait.since, t)
        if self.stay is None:
            self._close_home(t)
        else:
            self.book.count_unfinished(self.stay.place)
            self._close_stay(t)

    def _free(self, place: int, slot: Any) -> None:
        if slot is not None:
            self._withdraw(self.world.places[place], slot)
