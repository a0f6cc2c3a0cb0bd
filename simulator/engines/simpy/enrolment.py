"""Being on supports: offers, take-up, waiting lists, effects, leaving, volunteering."""

from __future__ import annotations

from math import inf, nan
from typing import Any

from simulator.activity.items import BenefitDays, SupportCount, SupportDays
from simulator.engines.shared import hazards
from simulator.engines.shared.candidates import PASS_SHIFT
from simulator.engines.shared.people import Person
from simulator.engines.simpy.state import Spell, State
from simulator.engines.simpy.world import Journey, Request, Wait, World
from simulator.model.model import NONE, Basis, Target
from simulator.model.moments import DATE, ENDING, LIMIT, OFFER
from simulator.units import DAYS_PER_YEAR

_UPTAKE = int(Target.UPTAKE)


class Enrolment(State):
    """The part of a life that is spent on supports."""

    __slots__ = (
        "completed", "first_start", "index_day", "listed", "refused_until", "starting_later", "starts", "volunteering",
        "weighed_until",
    )  # fmt: skip

    def __init__(self, world: World, row: int, person: Person, start: float) -> None:
        super().__init__(world, row, person, start)
        self.listed: dict[int, Wait] = {}
        self.starting_later: set[int] = set()
        self.starts: dict[int, int] = {}
        self.first_start: dict[int, float] = {}
        self.refused_until: dict[int, float] = {}
        self.volunteering: dict[int, float] = {}
        self.weighed_until: dict[int, float] = {}
        self.index_day, self.completed = nan, False

    # --- offers --------------------------------------------------------------------------------

    def _set_clock(self, clock: int, run: int) -> None:
        """Let a clock run or rest."""
        self.world.running[self.row, clock] = run
        self.stale = True

    def _set_offers(self, support: int, run: int) -> None:
        for clock in self.world.rate_offers[support]:
            self._set_clock(clock, run)

    def _event_offers(self, offers: list[tuple[int, Any]], place: int, journey: Journey, t: float) -> None:
        """Offers made on a visit to a place or a discharge from it, each with a mark of its own."""
        model = self.world.model
        for offer, row in offers:
            word = int(model.words.event_offer[journey.need, offer]) | journey.layer
            _, mark, length, _ = self._draw(word, journey.candidate | journey.entered.count(place) << PASS_SHIFT)
            share = row.share * float(model.offer_by_health[offer, self.health])
            share *= float(model.offer_by_kind[offer, self.person.kind])
            if mark < share * hazards.power(self.person.risk, row.risk_power):
                self._offer(offer, length, t)

    def _offer(self, offer: int, length_mark: float, t: float) -> None:
        """An offer is made to someone who may have one; willing people take it up, perhaps after a delay."""
        row = self.world.offer[offer]
        support = row.support
        if not self._may_be_offered(support, row.criteria, t):
            return
        self.count(SupportCount.OFFERS, t, support)
        self._start_effects(support, Basis.OFFERED, t, t + self._planned_days(support, 1))
        uptake = self.world.support[support].uptake
        willing = self._draw(self.world.model.words.willing[support], 0)[1]
        if willing >= uptake * self._ratio(_UPTAKE, support, 0, t):
            self._refuse(support, t)
        elif row.delay == NONE:
            self._seek_support(support, t)
        else:
            self.starting_later.add(support)
            self._set_offers(support, 0)
            self._note(t + self._length(row.delay, length_mark), OFFER, Enrolment._on_start_due, support)

    def _may_be_offered(self, support: int, criteria: int, t: float) -> bool:
        row = self.world.support[support]
        return bool(
            self.world.open_for(support, self.person.cluster, t)
            and support not in self.enrolled
            and support not in self.listed
            and support not in self.starting_later
            and t >= self.refused_until.get(support, -inf)
            and not (row.once and support in self.starts)
            and self._eligible(row.criteria, t)
            and self._eligible(criteria, t)
        )

    def _refuse(self, support: int, t: float) -> None:
        self.count(SupportCount.REFUSALS, t, support)
        self._say(t, "refuses", support)
        self.refused_until[support] = t + self.world.support[support].reoffer_days
        if self.refused_until[support] == inf:
            self._set_offers(support, 0)

    def _eligible(self, criteria: int, t: float) -> bool:
        """Whether every condition holds now; recent use counts emergency starts in (t - window, t]."""
        c = self.world.criterion[criteria]
        age, on = self.person.age + t / DAYS_PER_YEAR, self.on
        if not c.min_age <= age < c.max_age:
            return False
        if c.health and not c.health >> self.health & 1:
            return False
        if not self.world.model.criterion_kinds[criteria, self.person.kind]:
            return False
        if c.on & ~on or c.off & on:
            return False
        if c.recent_place == NONE:
            return True
        recent = sum(t - c.days < at <= t for at in self.emergencies.get(c.recent_place, ()))
        return bool(recent >= c.at_least)

    def _on_start_due(self, support: int, t: float) -> None:
        """The delay between accepting and starting is over."""
        self.starting_later.discard(support)
        if t < self.world.support[support].closes_day and support not in self.enrolled:
            self._seek_support(support, t)

    def _seek_support(self, support: int, t: float) -> None:
        """Start, or join the waiting list, or be turned away when full."""
        slots = self.world.supports[support]
        if self.journey is not None and self.journey.support == support and self.journey.support_slot is not None:
            return  # already held for it
        if slots is None:
            self._start_support(support, None, t)
            return
        if len(slots.users) >= slots.capacity and self.world.support[support].refuse_when_full:
            self.count(SupportCount.REFUSALS, t, support)
            self._set_offers(support, 1)
            return
        request = Request(slots, 0, t, self.row)
        if request.triggered:
            self._start_support(support, request, t)
            return
        wait = self.listed[support] = Wait(request, t)
        closes = self.world.support[support].closes_day
        if closes < inf:
            self._note(closes, DATE, Enrolment._on_list_end, (support, self.starts.get(support, 0) + 1))
        if (lapses := self.world.support[support].lapse_days) < inf:
            self._note(t + lapses, LIMIT, Enrolment._on_list_lapse, (support, wait))
        self._set_offers(support, 0)
        self._say(t, "listed", support)
        request.callbacks.append(lambda _: self._call(lambda now: self._turn_on(support, wait, now)))

    def _turn_on(self, support: int, wait: Wait, t: float) -> None:
        """A place on the support is free: eligibility is checked again now."""
        if self.listed.get(support) is not wait:
            return
        row = self.world.support[support]
        if t < row.closes_day and self._eligible(row.criteria, t):
            del self.listed[support]
            self._spend(SupportDays.LISTED_DAYS, wait.since, t, support)
            self._start_support(support, wait.request, t)
        else:
            self._unlist(support, t)
            self._set_offers(support, 1)

    def _unlist(self, support: int, t: float) -> None:
        wait = self.listed.pop(support)
        self._withdraw(self.world.supports[support], wait.request)
        self._spend(SupportDays.LISTED_DAYS, wait.since, t, support)

    # --- on a support --------------------------------------------------------------------------

    def _planned_days(self, support: int, number: int) -> float:
        duration = self.world.support[support].length
        if duration == NONE:
            return inf
        return self._length(duration, self._draw(self.world.model.words.length[support], number)[2])

    def _start_support(self, support: int, slot: Any, t: float) -> None:
        """Enrol; the supports whose place it takes end, and then those begin that come with it."""
        self._begin_support(support, slot, t)
        for other in self.world.ends[support]:
            if other in self.enrolled:
                self._end_support(other, SupportCount.LAPSES, t)
        self._begin_others(self.world.comes_with[support], t)

    def _begin_others(self, supports: list[int], t: float) -> None:
        """Supports without a limit that begin with another, or at its end, in the order of their numbers."""
        for other in supports:
            if other not in self.enrolled:
                self._begin_support(other, None, t)

    def _begin_support(self, support: int, slot: Any, t: float) -> None:
        """Enrol: effects begin, drop-out runs, the end is noted."""
        if self.journey is None:
            self._close_home(t)
        number = self.starts[support] = self.starts.get(support, 0) + 1
        row = self.world.support[support]
        paused = bool(row.pause) and self.journey is not None
        self.enrolled[support] = Spell(t, inf if paused else t, slot, number)
        self.on |= 1 << support
        self.count(SupportCount.STARTS, t, support)
        self._say(t, "starts", support)
        self._mark_first_start(support, t)
        self._set_offers(support, 0)
        if row.drop_out_clock != NONE:
            self._set_clock(row.drop_out_clock, 1)
        planned = t + self._planned_days(support, number)
        if planned < inf:
            self._note(planned, ENDING, Enrolment._on_support_end, (support, number))
        if row.ends_day < inf:
            self._note(max(row.ends_day, t), DATE, Enrolment._on_programme_end, (support, number))
        self._start_effects(support, Basis.ACTIVE, t, inf)
        self._start_effects(support, Basis.STARTERS, t, min(planned, row.ends_day))

    def _mark_first_start(self, support: int, t: float) -> None:
        self.first_start.setdefault(support, t)
        if self.world.support[support].programme and not self.index_day <= t:
            self.index_day = t

    def _start_prevalent(self, t: float) -> None:
        """Supports that some people are on when the simulated time starts; programmes that they are on at day 0."""
        for support, shares in self.world.starting:
            programme = bool(self.world.support[support].programme)
            if programme != (t >= 0.0) and self.world.model.warm_up_days > 0.0:
                continue
            if self._draw(self.world.model.words.starting[support], 0)[1] >= shares[self.health]:
                continue
            if programme and not self._may_be_on(support, t):
                continue
            slots = self.world.supports[support]
            if slots is not None and len(slots.users) >= slots.capacity:
                continue
            if programme:
                self._start_effects(support, Basis.OFFERED, t, t + self._planned_days(support, 1))
            self._start_support(support, None if slots is None else Request(slots, 0, t, self.row), t)

    def _may_be_on(self, support: int, t: float) -> bool:
        """Whether a programme has people like this one from day 0."""
        return self.world.open_for(support, self.person.cluster, t) and self._eligible(
            self.world.support[support].criteria, t
        )

    def _on_support_end(self, which: tuple[int, int], t: float) -> None:
        """The planned length is over: the support is completed."""
        support, number = which
        if support in self.enrolled and self.enrolled[support].number == number:
            self._end_support(support, SupportCount.COMPLETIONS, t)
            self.completed = self.completed or bool(self.world.support[support].programme)
            self._maybe_volunteer(support, number, t)

    def _on_programme_end(self, which: tuple[int, int], t: float) -> None:
        """The support ends: whoever is on it leaves."""
        support, number = which
        if support in self.enrolled and self.enrolled[support].number == number:
            self._end_support(support, SupportCount.LAPSES, t)

    def _on_list_end(self, which: tuple[int, int], t: float) -> None:
        """Recruitment ends: whoever is on the list goes without."""
        support, number = which
        if support in self.listed and self.starts.get(support, 0) < number:
            self._unlist(support, t)

    def _on_list_lapse(self, which: tuple[int, Wait], t: float) -> None:
        """Too long on the list: the referral lapses, unless it has just come to its turn."""
        support, wait = which
        if self.listed.get(support) is not wait or wait.request.triggered:
            return
        self._unlist(support, t)
        self.count(SupportCount.LAPSED_REFERRALS, t, support)
        self._say(t, "referral lapses", support)
        self._set_offers(support, 1)

    def _end_support(self, support: int, how: SupportCount, t: float) -> None:
        """Completion, drop-out or lapse: effects fade, the slot is free, offers may run again, others may begin."""
        if self.journey is None:
            self._close_home(t)
        self.count(how, t, support)
        self._say(t, how.label, support)
        self._stop_support(support, t)
        if not self.world.support[support].once and t >= self.refused_until.get(support, -inf):
            self._set_offers(support, 1)
        self._begin_others(self.world.begun_after[support], t)

    def _stop_support(self, support: int, t: float) -> None:
        """Book the days, let effects fade, give the slot back."""
        spell = self.enrolled.pop(support)
        self.on &= ~(1 << support)
        self._spend_active(support, spell.active_since, t)
        if (clock := self.world.support[support].drop_out_clock) != NONE:
            self._set_clock(clock, 0)
        for e in self.world.effects_of[support][Basis.ACTIVE]:
            self._weigh(e, t)
            hazards.end_effect(self.world.table, self.row, e, t)
            self.stale = True
        if spell.slot is not None:
            self._withdraw(self.world.supports[support], spell.slot)

    def _spend_active(self, support: int, since: float, t: float) -> None:
        """Book days on a support, and of these the days after its recruitment has ended."""
        self._spend(SupportDays.ACTIVE_DAYS, since, t, support)
        closes = self.world.support[support].closes_day
        if closes < t:
            self._spend(SupportDays.RUN_OFF_DAYS, max(since, closes), t, support)

    def _give_up_slots(self, t: float) -> None:
        """Entering a limited place: limited supports lapse at once, or after their keep days."""
        journey = self.journey
        assert journey is not None
        for support in sorted(self.enrolled):
            if self.enrolled[support].slot is None:
                continue
            keep = self.world.support[support].keep_days
            if keep == 0.0:
                self._end_support(support, SupportCount.LAPSES, t)
            elif keep < inf:
                which = (support, self.enrolled[support].number, journey, journey.entered)
                self._note(t + keep, ENDING, Enrolment._on_keep_end, which)

    def _pause_supports(self, t: float) -> None:
        for support, spell in self.enrolled.items():
            if self.world.support[support].pause:
                self._spend_active(support, spell.active_since, t)
                spell.active_since = inf

    def _resume_supports(self, t: float) -> None:
        for spell in self.enrolled.values():
            if spell.active_since == inf:
                spell.active_since = t

    # --- effects -------------------------------------------------------------------------------

    def _start_effects(self, support: int, basis: Basis, start: float, end: float) -> None:
        for e in self.world.effects_of[support][basis]:
            self._start_effect(e, start, end)

    def _start_effect(self, e: int, start: float, end: float) -> None:
        """Begin one effect on someone whom it acts on."""
        if not self.world.model.effect_kinds[e, self.person.kind]:
            return
        self._weigh(e, max(start, self.arrived_day))
        hazards.start_effect(self.world.table, self.row, e, start, end)
        self.world.affected[self.row] |= 1 << self.world.effect[e].target
        self.any_effect = self.stale = True

    def _weigh(self, e: int, t: float) -> None:
        """Book a utility effect's weight times days up to now, year by year, before its spell changes."""
        effect = self.world.effect[e]
        if effect.target != Target.UTILITY:
            return
        since = self.weighed_until.get(e, inf)
        start, end = max(since, 0.0), min(t, self.world.model.horizon)
        while start < end:
            year = int(start / DAYS_PER_YEAR)
            stop = min(end, (year + 1) * DAYS_PER_YEAR)
            days = hazards.weight_days(self.world.table, self.row, e, start, stop)
            self.world.diary.weights.extend((self.row, effect.subject, year, days))
            start = stop
        self.weighed_until[e] = max(t, self.weighed_until.get(e, t))

    # --- volunteers ----------------------------------------------------------------------------

    def _maybe_volunteer(self, support: int, number: int, t: float) -> None:
        row = self.world.support[support]
        if row.tenure == NONE or support in self.volunteering:
            return
        _, mark, tenure, _ = self._draw(self.world.model.words.volunteer[support], number)
        if mark < row.volunteer_share:
            self._note(t + row.training_days, ENDING, Enrolment._on_volunteer_start, (support, tenure))

    def _on_volunteer_start(self, which: tuple[int, float], t: float) -> None:
        support, mark = which
        if support in self.volunteering:
            return
        self.count(SupportCount.NEW_VOLUNTEERS, t, support)
        self._say(t, "volunteers", support)
        self.volunteering[support] = t
        self.world.volunteers[support] += 1
        self.world.resize_support(support)
        tenure = self._length(self.world.support[support].tenure, mark)
        self._note(t + tenure, ENDING, Enrolment._on_volunteer_end, support)

    def _on_volunteer_end(self, support: int, t: float) -> None:
        self._spend(SupportDays.VOLUNTEER_DAYS, self.volunteering.pop(support), t, support)
        self.world.volunteers[support] -= 1
        self.world.resize_support(support)

    # --- the end -------------------------------------------------------------------------------

    def _on_keep_end(self, which: tuple[int, int, Journey, tuple[int, ...]], t: float) -> None:
        """Away too long: the kept slot is given up."""
        support, number, journey, entered = which
        spell, same_stay = self.enrolled.get(support), self.journey is journey and journey.entered == entered
        if same_stay and spell is not None and spell.number == number:
            self._end_support(support, SupportCount.LAPSES, t)

    def _leave_supports(self, t: float) -> None:
        """Death or moving away: everything ends, nothing is offered any more."""
        if self.journey is None:
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
            self._spend_active(support, spell.active_since, t)
        for support, wait in self.listed.items():
            self._spend(SupportDays.LISTED_DAYS, wait.since, t, support)
        for support, since in self.volunteering.items():
            self._spend(SupportDays.VOLUNTEER_DAYS, since, t, support)
        self._close_effects(t)

    def _close_effects(self, t: float) -> None:
        """Book utility effects and stated benefits up to the end."""
        for e in list(self.weighed_until):
            self._weigh(e, t)
        for benefit, (support, days) in enumerate(self.world.benefits):
            if support in self.first_start:
                first = self.first_start[support]
                self._spend(BenefitDays.BENEFIT_DAYS, first, min(t, first + days), benefit)
