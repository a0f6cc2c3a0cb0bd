"""Being on supports: offers, take-up, waiting lists, effects, leaving, volunteering."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.engines import hazards
from simulator.engines.order import DATE, ENDING, OFFER
from simulator.engines.people import Person
from simulator.engines.records import Layout
from simulator.engines.state import Spell, State
from simulator.engines.world import Journey, Wait, World
from simulator.model import DAYS_PER_YEAR, NONE, Basis, Target

_UPTAKE = int(Target.UPTAKE)


class Enrolment(State):
    """The part of a life that is spent on supports."""

    def __init__(self, world: World, layout: Layout, person: Person, start: float) -> None:
        super().__init__(world, layout, person, start)
        supports = len(self.world.support)
        self.listed: dict[int, Wait] = {}
        self.starting_later: set[int] = set()
        self.starts = [0] * supports
        self.first_start = [inf] * supports
        self.refused_until = [-inf] * supports
        self.volunteering: dict[int, float] = {}
        self.weighed_until: dict[int, float] = {}
        self.index_day, self.completed = np.nan, False

    # --- offers --------------------------------------------------------------------------------

    def _set_offers(self, support: int, run: int, running: NDArray[np.uint8]) -> None:
        for clock in self.world.rate_offers[support]:
            running[clock] = run

    def _event_offers(self, event: str, place: int, journey: Journey, t: float) -> None:
        """Offers made on a visit or a discharge, each with a mark of its own."""
        for offer, row in self.world.event_offers:
            if getattr(row, event) != place:
                continue
            word = int(self.model.words.event_offer[journey.need, offer]) | journey.layer
            passed = journey.passes[place] << hazards.PASS_SHIFT
            _, mark, length, _ = self._draw(word, journey.candidate | passed)
            share = row.share * self.model.offer_by_health[offer, self.health]
            if mark < share * hazards.power(self.person.risk, row.risk_power):
                self._offer(offer, length, t)

    def _offer(self, offer: int, length_mark: float, t: float) -> None:
        """An offer is made to someone who may have one; willing people take it up, perhaps after a delay."""
        row = self.world.offer[offer]
        support = row.support
        if not self._may_be_offered(support, row.criteria, t):
            return
        self.book.count_support("offers", support, t)
        self._start_effects(support, Basis.OFFERED, t, t + self._planned_days(support, 1))
        uptake = self.world.support[support].uptake
        willing = self._draw(self.model.words.willing[support], 0)[1]
        if willing >= uptake * self._ratio(_UPTAKE, support, False, t):
            self._refuse(support, t)
        elif row.delay == NONE:
            self._seek_support(support, t)
        else:
            self.starting_later.add(support)
            self._set_offers(support, 0, self.running)
            self._note(t + self._length(row.delay, length_mark), OFFER, "start_due", support)

    def _may_be_offered(self, support: int, criteria: int, t: float) -> bool:
        row = self.world.support[support]
        return bool(
            self.world.open_for(support, self.person.cluster, t)
            and support not in self.enrolled
            and support not in self.listed
            and support not in self.starting_later
            and t >= self.refused_until[support]
            and not (row.once and self.starts[support])
            and self._eligible(row.criteria, t)
            and self._eligible(criteria, t)
        )

    def _refuse(self, support: int, t: float) -> None:
        self.book.count_support("refusals", support, t)
        self._say(t, "refuses", support)
        self.refused_until[support] = t + self.world.support[support].reoffer_days
        if self.refused_until[support] == inf:
            self._set_offers(support, 0, self.running)

    def _eligible(self, criteria: int, t: float) -> bool:
        """Whether every condition holds now; recent use counts emergency starts in (t - window, t]."""
        c = self.world.criterion[criteria]
        age = self.person.age + t / DAYS_PER_YEAR
        on = sum(1 << support for support in self.enrolled)
        if not c.min_age <= age < c.max_age:
            return False
        if c.health and not c.health >> self.health & 1:
            return False
        if c.on & ~on or c.off & on:
            return False
        if c.recent_place == NONE:
            return True
        recent = sum(t - c.days < at <= t for at in self.emergencies[c.recent_place])
        return bool(recent >= c.at_least)

    def _on_start_due(self, support: int, t: float) -> None:
        """The delay between accepting and starting is over."""
        self.starting_later.discard(support)
        if t < self.world.support[support].ends_day and support not in self.enrolled:
            self._seek_support(support, t)

    def _seek_support(self, support: int, t: float) -> None:
        """Start, or join the waiting list, or be turned away when full."""
        slots = self.world.supports[support]
        if self.stay is not None and self.stay.support == support and self.stay.support_slot is not None:
            return  # already held for it
        if slots is None:
            self._start_support(support, None, t)
            return
        if len(slots.users) >= slots.capacity and self.world.support[support].refuse_when_full:
            self.book.count_support("refusals", support, t)
            self._set_offers(support, 1, self.running)
            return
        request = slots.ask(0, t, self.person.number)
        if request.triggered:
            self._start_support(support, request, t)
            return
        wait = self.listed[support] = Wait(request, t)
        ends = self.world.support[support].ends_day
        if ends < inf:
            self._note(max(ends, t), DATE, "programme_end", (support, self.starts[support] + 1))
        self._set_offers(support, 0, self.running)
        self._say(t, "listed", support)
        request.callbacks.append(lambda _: self._call(lambda now: self._turn_on(support, wait, now)))

    def _turn_on(self, support: int, wait: Wait, t: float) -> None:
        """A place on the support is free: eligibility is looked at again now."""
        if self.listed.get(support) is not wait:
            return
        row = self.world.support[support]
        if t < row.ends_day and self._eligible(row.criteria, t):
            del self.listed[support]
            self.book.support_days("listed_days", support, wait.since, t)
            self._start_support(support, wait.request, t)
        else:
            self._unlist(support, t)
            self._set_offers(support, 1, self.running)

    def _unlist(self, support: int, t: float) -> None:
        wait = self.listed.pop(support)
        self._withdraw(self.world.supports[support], wait.request)
        self.book.support_days("listed_days", support, wait.since, t)

    # --- on a support --------------------------------------------------------------------------

    def _planned_days(self, support: int, number: int) -> float:
        duration = self.world.support[support].length
        if duration == NONE:
            return inf
        return self._length(duration, self._draw(self.model.words.length[support], number)[2])

    def _start_support(self, support: int, slot: Any, t: float) -> None:
        """Enrol: effects begin, drop-out runs, the end is noted."""
        if not self.stay:
            self._close_home(t)
        self.starts[support] += 1
        number = self.starts[support]
        row = self.world.support[support]
        paused = bool(row.pause) and self.stay is not None
        self.enrolled[support] = Spell(t, inf if paused else t, slot, number)
        self.book.count_support("starts", support, t)
        self._say(t, "starts", support)
        self._mark_first_start(support, t)
        self._set_offers(support, 0, self.running)
        if row.drop_out_clock != NONE:
            self.running[row.drop_out_clock] = 1
        planned = t + self._planned_days(support, number)
        if planned < inf:
            self._note(planned, ENDING, "support_end", (support, number))
        if row.ends_day < inf:
            self._note(max(row.ends_day, t), DATE, "programme_end", (support, number))
        self._start_effects(support, Basis.ACTIVE, t, inf)
        self._start_effects(support, Basis.STARTERS, t, min(planned, row.ends_day))

    def _mark_first_start(self, support: int, t: float) -> None:
        self.first_start[support] = min(self.first_start[support], t)
        if self.world.support[support].programme and not self.index_day <= t:
            self.index_day = t

    def _start_prevalent(self, start: float) -> None:
        """Supports that some people are on when the simulated time starts."""
        for support, shares in enumerate(self.model.starting_share):
            if not self.world.present[support]:
                continue
            if self._draw(self.model.words.starting[support], 0)[1] >= shares[self.health]:
                continue
            slots = self.world.supports[support]
            if slots is None:
                self._start_support(support, None, start)
            elif len(slots.users) < slots.capacity:
                self._start_support(support, slots.ask(0, start, self.person.number), start)

    def _on_support_end(self, which: tuple[int, int], t: float) -> None:
        """The planned length is over: the support is completed."""
        support, number = which
        if support in self.enrolled and self.enrolled[support].number == number:
            self._end_support(support, "completions", t)

    def _on_programme_end(self, which: tuple[int, int], t: float) -> None:
        """The programme closes: whoever is on it leaves, and so does whoever is on the list."""
        support, number = which
        if support in self.enrolled and self.enrolled[support].number == number:
            self._end_support(support, "lapses", t)
        elif support in self.listed and self.starts[support] < number:
            self._unlist(support, t)

    def _end_support(self, support: int, how: str, t: float) -> None:
        """Completion, drop-out or lapse: effects begin to fade, the slot is free, offers may run again."""
        number = self.enrolled[support].number
        if self.stay is None:
            self._close_home(t)
        self.book.count_support(how, support, t)
        self._say(t, how, support)
        self._stop_support(support, t)
        if not self.world.support[support].once and t >= self.refused_until[support]:
            self._set_offers(support, 1, self.running)
        if how == "completions":
            self.completed = self.completed or bool(self.world.support[support].programme)
            self._maybe_volunteer(support, number, t)

    def _stop_support(self, support: int, t: float) -> None:
        """Book the days, let effects fade, give the slot back."""
        spell = self.enrolled.pop(support)
        self.book.support_days("active_days", support, spell.active_since, t)
        if (clock := self.world.support[support].drop_out_clock) != NONE:
            self.running[clock] = 0
        for e in self.world.effects_of(support, Basis.ACTIVE):
            self._weigh(e, t)
            self.spells["end"][e] = t
        if spell.slot is not None:
            self._withdraw(self.world.supports[support], spell.slot)

    def _give_up_slots(self, t: float) -> None:
        """Entering a limited place: limited supports lapse at once, or after their keep days."""
        for support in sorted(self.enrolled):
            if self.enrolled[support].slot is None:
                continue
            keep = self.world.support[support].keep_days
            if keep == 0.0:
                self._end_support(support, "lapses", t)
            elif keep < inf:
                which = (support, self.enrolled[support].number, self.stay)
                self._note(t + keep, ENDING, "keep_end", which)

    def _pause_supports(self, t: float) -> None:
        for support, spell in self.enrolled.items():
            if self.world.support[support].pause:
                self.book.support_days("active_days", support, spell.active_since, t)
                spell.active_since = inf

    def _resume_supports(self, t: float) -> None:
        for spell in self.enrolled.values():
            if spell.active_since == inf:
                spell.active_since = t

    # --- effects -------------------------------------------------------------------------------

    def _start_effects(self, support: int, basis: Basis, start: float, end: float) -> None:
        for e in self.world.effects_of(support, basis):
            self._start_effect(e, start, end)

    def _start_effect(self, e: int, start: float, end: float) -> None:
        self._weigh(e, max(start, self.arrived_day))
        model = self.model
        hazards.start_effect(e, start, end, model.effects, self.spells, model.step_until, model.step_weight)
        self.state["any_effect"] = 1
        self.any_effect = True

    def _weigh(self, e: int, t: float) -> None:
        """Book a utility effect's weight times days up to now, before its spell changes."""
        if self.model.effects["target"][e] != Target.UTILITY:
            return
        model, since = self.model, self.weighed_until.get(e, -inf)
        utility = int(model.effects["subject"][e])
        if since > -inf:

            def integral(a: float, b: float) -> float:
                return hazards.weight_days(e, a, b, model.effects, self.spells, model.step_until, model.step_weight)

            self.book.integral(utility, since, t, integral)
        self.weighed_until[e] = max(t, since)

    # --- volunteers ----------------------------------------------------------------------------

    def _maybe_volunteer(self, support: int, number: int, t: float) -> None:
        row = self.world.support[support]
        if row.tenure == NONE or support in self.volunteering:
            return
        _, mark, tenure, _ = self._draw(self.model.words.volunteer[support], number)
        if mark < row.volunteer_share:
            self._note(t + row.training_days, ENDING, "volunteer_start", (support, tenure))

    def _on_volunteer_start(self, which: tuple[int, float], t: float) -> None:
        support, mark = which
        if support in self.volunteering:
            return
        self.book.count_support("new_volunteers", support, t)
        self._say(t, "volunteers", support)
        self.volunteering[support] = t
        self.world.volunteers[support] += 1
        self.world.resize_support(support)
        tenure = self._length(self.world.support[support].tenure, mark)
        self._note(t + tenure, ENDING, "volunteer_end", support)

    def _on_volunteer_end(self, support: int, t: float) -> None:
        self.book.support_days("volunteer_days", support, self.volunteering.pop(support), t)
        self.world.volunteers[support] -= 1
        self.world.resize_support(support)

    # --- the end -------------------------------------------------------------------------------

    def _on_keep_end(self, which: tuple[int, int, Any], t: float) -> None:
        """Away too long: the kept slot is given up."""
        support, number, stay = which
        spell = self.enrolled.get(support)
        if self.stay is stay and spell is not None and spell.number == number:
            self._end_support(support, "lapses", t)

    def _leave_supports(self, t: float) -> None:
        """Death or moving away: everything ends, nothing is offered any more."""
        if self.stay is None:
            self._close_home(t)
        for support in sorted(self.enrolled):
            self._stop_support(support, t)
        for support in sorted(self.listed):
            self._unlist(support, t)
        for support in sorted(self.volunteering):
            self._on_volunteer_end(support, t)
        self._close_effects(t)

    def _cut_supports(self, t: float) -> None:
        """The horizon cuts enrolments, waiting lists and volunteering."""
        for support, spell in self.enrolled.items():
            self.book.support_days("active_days", support, spell.active_since, t)
        for support, wait in self.listed.items():
            self.book.support_days("listed_days", support, wait.since, t)
        for support, since in self.volunteering.items():
            self.book.support_days("volunteer_days", support, since, t)
        self._close_effects(t)

    def _close_effects(self, t: float) -> None:
        """Book utility effects and stated benefits up to the end."""
        for e in list(self.weighed_until):
            self._weigh(e, t)
        for benefit, support in enumerate(self.model.benefit_support.tolist()):
            first = self.first_start[support]
            if first < inf:
                self.book.benefit_days(benefit, first, min(t, first + float(self.model.benefit_days[benefit])))
