"""Compiled lives: the same steps as life.py, journeys.py and enrolment.py, on arrays.

Function by function the twin of the SimPy engine; the wording of each step is there.
"""

from __future__ import annotations

import numpy as np

from simulator.compiling import fixed
from simulator.engines import kernel_books as book
from simulator.engines import kernel_queues as queue
from simulator.engines import memory as of
from simulator.engines.hazards import (
    DAYS_PER_YEAR,
    PASS_SHIFT,
    choose_route,
    length_days,
    power,
    ratio_now,
    start_effect,
)
from simulator.engines.memory import (
    GRANTED,
    IDLE,
    KEEP_END,
    PROGRAMME_END,
    START_DUE,
    STAY_END,
    SUPPORT_END,
    VOLUNTEER_END,
    VOLUNTEER_START,
    WAIT_LIMIT,
    Addresses,
)
from simulator.engines.order import DATE, ENDING, LIMIT, MOST_PASSES, OFFER
from simulator.model import DEAD, HOME, NONE, Basis, ClockKind, Target
from simulator.streams import uniform4

_STAY, _ROUTE, _UPTAKE = int(Target.STAY), int(Target.ROUTE), int(Target.UPTAKE)
_ACTIVE, _STARTERS, _OFFERED = int(Basis.ACTIVE), int(Basis.STARTERS), int(Basis.OFFERED)
_NEED, _FLARE, _HEALTH = int(ClockKind.NEED), int(ClockKind.FLARE), int(ClockKind.HEALTH)
_OFFER, _DROP_OUT, _LEAVING = int(ClockKind.OFFER), int(ClockKind.DROP_OUT), int(ClockKind.LEAVING)
INF = np.inf


@fixed
def note(m: Addresses, life: int, time: float, kind: int, what: int, a: int, b: int, x: float) -> None:
    """Write something into a life's agenda."""
    body = of.body(m)[life]
    n = body["notes"]
    if n == of.notes(m).shape[1]:
        raise ValueError("agenda full")
    one = of.notes(m)[life, n]
    one["time"], one["kind"], one["number"], one["what"] = time, kind, body["noted"], what
    one["a"], one["b"], one["x"] = a, b, x
    body["notes"] = n + 1
    body["noted"] += 1
    if time < body["next_note"]:
        body["next_note"] = time


@fixed
def first_note(m: Addresses, life: int) -> int:
    """Which note comes first: by time, kind, then the order of writing."""
    best = 0
    for i in range(1, of.body(m)[life]["notes"]):
        one, first = of.notes(m)[life, i], of.notes(m)[life, best]
        if one["time"] < first["time"] or (
            one["time"] == first["time"]
            and (one["kind"] < first["kind"] or (one["kind"] == first["kind"] and one["number"] < first["number"]))
        ):
            best = i
    return best


@fixed
def strike_out(m: Addresses, life: int, i: int) -> None:
    """Remove a note."""
    body = of.body(m)[life]
    body["notes"] -= 1
    of.notes(m)[life, i] = of.notes(m)[life, body["notes"]]
    earliest = INF
    for j in range(body["notes"]):
        earliest = min(earliest, of.notes(m)[life, j]["time"])
    body["next_note"] = earliest


@fixed
def drop_notes(m: Addresses, life: int, what: int, about: int) -> None:
    """Remove notes of one kind that have lost their meaning, about one thing or (NONE) about any."""
    i = 0
    while i < of.body(m)[life]["notes"]:
        one = of.notes(m)[life, i]
        if one["what"] == what and about in (NONE, one["a"]):
            strike_out(m, life, i)
        else:
            i += 1


@fixed
def forget(m: Addresses, life: int, support: int, number: int) -> None:
    """Remove the notes of an enrolment that is over."""
    i = 0
    while i < of.body(m)[life]["notes"]:
        one = of.notes(m)[life, i]
        ends = one["what"] == SUPPORT_END or one["what"] == PROGRAMME_END or one["what"] == KEEP_END
        if ends and one["a"] == support and one["b"] == number:
            strike_out(m, life, i)
        else:
            i += 1


@fixed
def length(m: Addresses, life: int, duration: int, mark: float) -> float:
    """Quantile of a duration for this person's health."""
    return length_days(
        of.durations(m),
        of.floats2(m, of.DURATION_BY_HEALTH),
        of.floats(m, of.DURATION_DAYS),
        duration,
        of.life(m)[life]["health"],
        mark,
    )


@fixed
def ratio(m: Addresses, life: int, target: int, subject: int, emergency: int, t: float) -> float:
    """Ratio of all effects on a route, a stay or a take-up now."""
    if not of.life(m)[life]["any_effect"]:
        return 1.0
    return ratio_now(
        target,
        subject,
        emergency,
        t,
        of.effects(m),
        of.spells(m)[life],
        of.floats(m, of.STEP_UNTIL),
        of.floats(m, of.STEP_WEIGHT),
        of.synergies(m),
    )


@fixed
def draw(m: Addresses, life: int, word: int, number: int) -> tuple[float, float, float, float]:
    """The four uniforms of one of this person's decisions."""
    return uniform4(of.seed(m), of.life(m)[life]["stream"], of.life(m)[life]["person"], word, number)


@fixed
def close_home(m: Addresses, life: int, t: float) -> None:
    """Book the days at home so far."""
    body = of.body(m)[life]
    book.life_days(m, life, book.COMMUNITY if body["on"] else book.HOME_ALONE, body["home_since"], t)
    body["home_since"] = t


@fixed
def close_health(m: Addresses, life: int, t: float) -> None:
    """Book the days in the present health state."""
    book.person_days(m, life, of.life(m)[life]["health"], of.body(m)[life]["health_since"], t)
    of.body(m)[life]["health_since"] = t


@fixed
def close_flare(m: Addresses, life: int, t: float) -> None:
    """Book the days of the last flare."""
    body = of.body(m)[life]
    if body["flare_since"] < INF:
        book.life_days(m, life, book.FLARE_DAYS, body["flare_since"], min(t, of.life(m)[life]["flare_until"]))
    body["flare_since"] = INF


@fixed
def lose_waits(m: Addresses, life: int, t: float) -> None:
    """Every wait at home is cancelled and counted as lost."""
    if len(of.nodes(m)) == 0:
        return
    for place in range(len(of.places(m))):
        wait = of.waits(m)[life, place]
        if wait["active"]:
            wait["active"] = 0
            drop_notes(m, life, WAIT_LIMIT, place)
            queue.give_back(m, queue.node_of_wait(m, life, place))
            book.place_days(m, life, book.WAITING, place, wait["since"], t)
            book.count_place(m, life, book.LOST, place, t)


@fixed
def count_entry(m: Addresses, life: int, place: int, emergency: int, source: int, t: float) -> None:
    """Count an entry by its origin, and remember emergencies for recent use."""
    book.count_place(m, life, book.VISITS, place, t)
    book.window_entry(m, life, place, emergency, t)
    if not emergency:
        return
    book.count_place(m, life, book.EMERGENCY, place, t)
    if source != HOME:
        book.count_place(m, life, book.THROUGH, place, t)
    if t <= of.floats2(m, of.DISCHARGED)[life, place] + of.places(m)[place]["readmission_days"]:
        book.count_place(m, life, book.READMISSIONS, place, t)
    for i in range(of.whole(m, of.RECENT) - 1, 0, -1):
        of.floats3(m, of.RECENTS)[life, place, i] = of.floats3(m, of.RECENTS)[life, place, i - 1]
    of.floats3(m, of.RECENTS)[life, place, 0] = t


@fixed
def begin_effect(m: Addresses, life: int, f: int, start: float, end: float) -> None:
    """Begin one effect; what is left of an earlier spell goes on fading."""
    book.weigh(m, life, f, max(start, of.body(m)[life]["arrived"]))
    start_effect(
        f, start, end, of.effects(m), of.spells(m)[life], of.floats(m, of.STEP_UNTIL), of.floats(m, of.STEP_WEIGHT)
    )
    of.life(m)[life]["any_effect"] = 1
    of.body(m)[life]["dirty"] = 1


@fixed
def start_effects(m: Addresses, life: int, s: int, basis: int, start: float, end: float) -> None:
    """Begin the effects of a support that were measured on these people."""
    for f in range(len(of.effects(m))):
        if of.effects(m)[f]["support"] == s and of.effects(m)[f]["basis"] == basis:
            begin_effect(m, life, f, start, end)


@fixed
def eligible(m: Addresses, life: int, criteria: int, t: float) -> bool:
    """Whether every condition holds now; recent use counts emergency starts in (t - window, t]."""
    c, on = of.criteria(m)[criteria], of.body(m)[life]["on"]
    age = of.life(m)[life]["age"] + t / DAYS_PER_YEAR
    if not c["min_age"] <= age < c["max_age"]:
        return False
    if c["health"] and not c["health"] >> of.life(m)[life]["health"] & 1:
        return False
    if c["on"] & ~on or c["off"] & on:
        return False
    if c["recent_place"] == NONE:
        return True
    return bool(of.floats3(m, of.RECENTS)[life, c["recent_place"], c["at_least"] - 1] > t - c["days"])


@fixed
def may_be_offered(m: Addresses, life: int, s: int, criteria: int, t: float) -> bool:
    """Open, not on it, not listed, not refused, and eligible."""
    e = of.enrol(m)[life, s]
    if not of.floats2(m, of.OPENS)[s, of.life(m)[life]["cluster"]] <= t < of.supports(m)[s]["closes_day"]:
        return False
    if of.body(m)[life]["on"] >> s & 1 or e["listed"] or e["later"] or t < e["refused_until"]:
        return False
    if of.supports(m)[s]["once"] and e["starts"]:
        return False
    return eligible(m, life, of.supports(m)[s]["criteria"], t) and eligible(m, life, criteria, t)


@fixed
def set_offers(m: Addresses, life: int, support: int, run: int) -> None:
    """Let the offer clocks of a support run or rest."""
    for o in range(len(of.offers(m))):
        if of.offers(m)[o]["support"] == support and of.offers(m)[o]["clock"] != NONE:
            of.flags2(m, of.RUNNING)[life, of.offers(m)[o]["clock"]] = run
            of.body(m)[life]["dirty"] = 1


@fixed
def refuse(m: Addresses, life: int, s: int, t: float) -> None:
    """The person says no, for good or for a time."""
    book.count_support(m, life, book.REFUSALS, s, t)
    of.enrol(m)[life, s]["refused_until"] = t + of.supports(m)[s]["reoffer_days"]
    if of.enrol(m)[life, s]["refused_until"] == INF:
        set_offers(m, life, s, 0)


@fixed
def planned_days(m: Addresses, life: int, s: int, number: int) -> float:
    """Length of the enrolment with this number."""
    duration = of.supports(m)[s]["length"]
    if duration == NONE:
        return INF
    return length(m, life, duration, draw(m, life, of.ints(m, of.LENGTH_WORDS)[s], number)[2])


@fixed
def start_support(m: Addresses, life: int, s: int, has_slot: int, t: float) -> None:
    """Enrol: effects begin, drop-out runs, the end is noted."""
    body, e, row = of.body(m)[life], of.enrol(m)[life, s], of.supports(m)[s]
    if body["place"] == NONE:
        close_home(m, life, t)
    e["starts"] += 1
    e["number"], e["since"], e["has_slot"] = e["starts"], t, has_slot
    e["active_since"] = INF if row["pause"] and body["place"] != NONE else t
    body["on"] |= 1 << s
    book.count_support(m, life, book.STARTS, s, t)
    e["first_start"] = min(e["first_start"], t)
    if row["programme"] and not body["index_day"] <= t:
        body["index_day"] = t
    set_offers(m, life, s, 0)
    if row["drop_out_clock"] != NONE:
        of.flags2(m, of.RUNNING)[life, row["drop_out_clock"]] = 1
        body["dirty"] = 1
    planned = t + planned_days(m, life, s, e["number"])
    if planned < INF:
        note(m, life, planned, ENDING, SUPPORT_END, s, e["number"], 0.0)
    if row["ends_day"] < INF:
        note(m, life, max(row["ends_day"], t), DATE, PROGRAMME_END, s, e["number"], 0.0)
    start_effects(m, life, s, _ACTIVE, t, INF)
    start_effects(m, life, s, _STARTERS, t, min(planned, row["ends_day"]))


@fixed
def seek_support(m: Addresses, life: int, s: int, t: float) -> None:
    """Start, or join the waiting list, or be turned away when full."""
    which, body = of.ints(m, of.SUPPORT_RESOURCE)[s], of.body(m)[life]
    if body["place"] != NONE and body["support"] == s and body["support_slot"]:
        return  # already held for it
    if which < 0:
        start_support(m, life, s, 0, t)
        return
    full = of.resources(m)[which]["users"] >= of.resources(m)[which]["capacity"]
    if full and of.supports(m)[s]["refuse_when_full"]:
        book.count_support(m, life, book.REFUSALS, s, t)
        set_offers(m, life, s, 1)
        return
    node = queue.node_of_list(m, life, s)
    if queue.ask(m, which, node, of.whole(m, of.ZERO_LEVEL), t):
        of.nodes(m)[node]["state"] = IDLE
        start_support(m, life, s, 1, t)
        return
    of.enrol(m)[life, s]["listed"], of.enrol(m)[life, s]["listed_since"] = 1, t
    ends = of.supports(m)[s]["ends_day"]
    if ends < INF:
        note(m, life, max(ends, t), DATE, PROGRAMME_END, s, of.enrol(m)[life, s]["starts"] + 1, 0.0)
    set_offers(m, life, s, 0)


@fixed
def offer(m: Addresses, life: int, o: int, mark: float, t: float) -> None:
    """An offer to someone who may have one; willing people take it up, perhaps after a delay."""
    row = of.offers(m)[o]
    s = row["support"]
    if not may_be_offered(m, life, s, row["criteria"], t):
        return
    book.count_support(m, life, book.OFFERS, s, t)
    start_effects(m, life, s, _OFFERED, t, t + planned_days(m, life, s, 1))
    willing = draw(m, life, of.ints(m, of.WILLING_WORDS)[s], 0)[1]
    if willing >= of.supports(m)[s]["uptake"] * ratio(m, life, _UPTAKE, s, 0, t):
        refuse(m, life, s, t)
    elif row["delay"] == NONE:
        seek_support(m, life, s, t)
    else:
        of.enrol(m)[life, s]["later"] = 1
        set_offers(m, life, s, 0)
        note(m, life, t + length(m, life, row["delay"], mark), OFFER, START_DUE, s, 0, 0.0)


@fixed
def event_offers(m: Addresses, life: int, visit: bool, place: int, t: float) -> None:
    """Offers made on a visit or a discharge, each with a mark of its own."""
    for o in range(len(of.offers(m))):
        row = of.offers(m)[o]
        at = row["on_visit"] if visit else row["on_discharge"]
        if at != place or not of.flags2(m, of.ARMS)[of.body(m)[life]["arm"], row["support"]]:
            continue
        j = of.journey(m)[life]
        word = of.ints2(m, of.EVENT_OFFER_WORDS)[j["need"], o] | j["layer"]
        u = draw(m, life, word, j["candidate"] | (of.ints2(m, of.PASSES)[life, place] << PASS_SHIFT))
        share = row["share"] * of.floats2(m, of.OFFER_BY_HEALTH)[o, of.life(m)[life]["health"]]
        if u[1] < share * power(of.life(m)[life]["risk"], row["risk_power"]):
            offer(m, life, o, u[2], t)


@fixed
def pause_supports(m: Addresses, life: int, t: float) -> None:
    """Supports that pause count no active days while away."""
    for s in range(len(of.supports(m))):
        if of.body(m)[life]["on"] >> s & 1 and of.supports(m)[s]["pause"]:
            book.support_days(m, life, book.ACTIVE, s, of.enrol(m)[life, s]["active_since"], t)
            of.enrol(m)[life, s]["active_since"] = INF


@fixed
def stop_support(m: Addresses, life: int, s: int, t: float) -> None:
    """Book the days, let effects fade, give the slot back."""
    body, e = of.body(m)[life], of.enrol(m)[life, s]
    body["on"] &= ~(1 << s)
    book.support_days(m, life, book.ACTIVE, s, e["active_since"], t)
    forget(m, life, s, e["number"])
    if of.supports(m)[s]["drop_out_clock"] != NONE:
        of.flags2(m, of.RUNNING)[life, of.supports(m)[s]["drop_out_clock"]] = 0
    for f in range(len(of.effects(m))):
        if of.effects(m)[f]["support"] == s and of.effects(m)[f]["basis"] == _ACTIVE:
            book.weigh(m, life, f, t)
            of.spells(m)[life, f]["end"] = t
    body["dirty"] = 1
    if e["has_slot"]:
        e["has_slot"] = 0
        queue.free(m, of.ints(m, of.SUPPORT_RESOURCE)[s])


@fixed
def maybe_volunteer(m: Addresses, life: int, s: int, number: int, t: float) -> None:
    """Some of those who complete become volunteers after training."""
    row = of.supports(m)[s]
    if row["tenure"] == NONE or of.enrol(m)[life, s]["volunteering"]:
        return
    u = draw(m, life, of.ints(m, of.VOLUNTEER_WORDS)[s], number)
    if u[1] < row["volunteer_share"]:
        note(m, life, t + row["training_days"], ENDING, VOLUNTEER_START, s, 0, u[2])


@fixed
def end_support(m: Addresses, life: int, s: int, how: int, t: float) -> None:
    """Completion, drop-out or lapse: effects begin to fade, the slot is free, offers may run again."""
    body, e = of.body(m)[life], of.enrol(m)[life, s]
    number = e["number"]
    if body["place"] == NONE:
        close_home(m, life, t)
    book.count_support(m, life, how, s, t)
    stop_support(m, life, s, t)
    if not of.supports(m)[s]["once"] and t >= e["refused_until"]:
        set_offers(m, life, s, 1)
    if how == book.COMPLETIONS:
        if of.supports(m)[s]["programme"]:
            body["completed"] = 1
        maybe_volunteer(m, life, s, number, t)


@fixed
def give_up_slots(m: Addresses, life: int, t: float) -> None:
    """Entering a limited place: limited supports lapse at once, or after their keep days."""
    for s in range(len(of.supports(m))):
        if of.body(m)[life]["on"] >> s & 1 and of.enrol(m)[life, s]["has_slot"]:
            keep = of.supports(m)[s]["keep_days"]
            if keep == 0.0:
                end_support(m, life, s, book.LAPSES, t)
            elif keep < INF:
                x = float(of.body(m)[life]["stay_number"])
                note(m, life, t + keep, ENDING, KEEP_END, s, of.enrol(m)[life, s]["number"], x)


@fixed
def enter(m: Addresses, life: int, place: int, source: int, has_slot: int, t: float) -> None:
    """Start a stay; other waits are lost; its length is fixed now."""
    body, j, row = of.body(m)[life], of.journey(m)[life], of.places(m)[place]
    lose_waits(m, life, t)
    if source == HOME:
        close_home(m, life, t)
        pause_supports(m, life, t)
    if row["emergency"]:
        j["emergency"] = 1
    emergency = j["emergency"]
    of.ints2(m, of.PASSES)[life, place] += 1
    passed = of.ints2(m, of.PASSES)[life, place]
    if passed > MOST_PASSES:
        raise ValueError("a journey enters one place too often: check the routes for a loop")
    u, v = j["length_mark"], j["route_mark"]
    if passed > 1 or place != of.needs(m)[j["need"]]["goes_to"]:
        word = of.ints2(m, of.STAY_WORDS)[j["need"], place] | j["layer"]
        four = draw(m, life, word, j["candidate"] | (passed << PASS_SHIFT))
        u, v = four[2], four[3]
    count_entry(m, life, place, emergency, source, t)
    duration = row["stay"] if emergency else row["planned_stay"]
    days = length(m, life, duration, u) * ratio(m, life, _STAY, place, emergency, t)
    body["place"], body["since"], body["stay_emergency"], body["has_slot"] = place, t, emergency, has_slot
    body["route_mark"], body["to"], body["support"], body["over_since"] = v, HOME, NONE, INF
    body["next_slot"], body["support_slot"] = 0, 0
    body["stay_number"] += 1
    if has_slot:
        give_up_slots(m, life, t)
    note(m, life, t + days, ENDING, STAY_END, body["stay_number"], 0, 0.0)
    event_offers(m, life, True, place, t)


@fixed
def enter_from_home(m: Addresses, life: int, place: int, has_slot: int, t: float) -> None:
    """Begin a journey in its first place."""
    of.journey(m)[life] = of.wait_journey(m)[life, place]
    if has_slot:
        of.nodes(m)[queue.node_of_wait(m, life, place)]["state"] = IDLE
    of.ints2(m, of.PASSES)[life, :] = 0
    enter(m, life, place, HOME, has_slot, t)


@fixed
def seek(m: Addresses, life: int, place: int, t: float) -> None:
    """Enter a place from home with the journey written for it, or join its queue."""
    which = of.ints(m, of.PLACE_RESOURCE)[place]
    if which < 0:
        enter_from_home(m, life, place, 0, t)
        return
    level = of.ints(m, of.NEED_LEVEL)[of.wait_journey(m)[life, place]["need"]]
    if queue.ask(m, which, queue.node_of_wait(m, life, place), level, t):
        enter_from_home(m, life, place, 1, t)
        return
    wait = of.waits(m)[life, place]
    wait["active"], wait["since"] = 1, t
    wait["number"] += 1
    book.count_place(m, life, book.WAITS, place, t)
    limit = of.places(m)[place]["limit_days"]
    if limit < INF:
        note(m, life, t + limit, LIMIT, WAIT_LIMIT, place, wait["number"], 0.0)


@fixed
def need(m: Addresses, life: int, which: int, layer: int, candidate: int, u: float, v: float, t: float) -> None:
    """A need arises at home: met by a programme instead, or the person seeks the place."""
    book.count_need(m, life, which, 0, t)
    place = of.needs(m)[which]["goes_to"]
    for s in range(len(of.supports(m))):
        if of.body(m)[life]["on"] >> s & 1 and of.supports(m)[s]["redirect_place"] == place:
            mark = draw(m, life, of.ints2(m, of.REDIRECT_WORDS)[which, s] | layer, candidate)[1]
            if mark < of.supports(m)[s]["redirect_share"]:
                book.count_need(m, life, which, 1, t)
                return
    if of.waits(m)[life, place]["active"]:
        return
    j = of.wait_journey(m)[life, place]
    j["need"], j["layer"], j["candidate"] = which, layer, candidate
    j["length_mark"], j["route_mark"], j["emergency"] = u, v, of.needs(m)[which]["emergency"]
    seek(m, life, place, t)


@fixed
def turn_at(m: Addresses, life: int, place: int, t: float) -> None:
    """A slot is free for someone who waited at home, unless another place was free first."""
    wait = of.waits(m)[life, place]
    if not wait["active"]:
        return
    wait["active"] = 0
    drop_notes(m, life, WAIT_LIMIT, place)
    book.place_days(m, life, book.WAITING, place, wait["since"], t)
    enter_from_home(m, life, place, 1, t)


@fixed
def wait_limit(m: Addresses, life: int, place: int, number: int, t: float) -> None:
    """Waited long enough: go elsewhere on the same need, unless the slot has just come free."""
    wait, node = of.waits(m)[life, place], queue.node_of_wait(m, life, place)
    if not wait["active"] or wait["number"] != number or of.nodes(m)[node]["state"] == GRANTED:
        return
    wait["active"] = 0
    queue.give_back(m, node)
    book.place_days(m, life, book.WAITING, place, wait["since"], t)
    book.count_place(m, life, book.GAVE_UP, place, t)
    other = of.places(m)[place]["limit_to"]
    if of.waits(m)[life, other]["active"]:
        return
    of.wait_journey(m)[life, other] = of.wait_journey(m)[life, place]
    seek(m, life, other, t)


@fixed
def next_route(m: Addresses, life: int, t: float) -> int:
    """The route that the mark takes at today's ratios, NONE for otherwise."""
    body = of.body(m)[life]
    place = of.places(m)[body["place"]]
    first, count = place["first_route"], place["routes"]
    if count == 0:
        return NONE
    ratios = np.empty(count)
    for i in range(count):
        ratios[i] = ratio(m, life, _ROUTE, first + i, body["stay_emergency"], t)
    return choose_route(
        first, count, of.life(m)[life]["health"], body["route_mark"], of.floats2(m, of.ROUTE_SHARE), ratios
    )


@fixed
def close_stay(m: Addresses, life: int, t: float) -> None:
    """Book the days of a stay, those of delay apart."""
    body = of.body(m)[life]
    place = body["place"]
    book.place_days(m, life, book.IN_PLACE, place, body["since"], t)
    if body["stay_emergency"]:
        book.place_days(m, life, book.IN_EMERGENCY, place, body["since"], t)
    if body["over_since"] < t:
        book.place_days(m, life, book.DELAYED, place, body["over_since"], t)
    book.window_stay(m, life, place, body["stay_emergency"], body["since"], t)


@fixed
def close_effects(m: Addresses, life: int, t: float) -> None:
    """Book utility effects and stated benefits up to the end."""
    for f in range(len(of.effects(m))):
        if (
            of.effects(m)[f]["target"] == of.UTILITY
            and of.floats2(m, of.WEIGHED_UNTIL)[life, of.effects(m)[f]["subject"]] > -INF
        ):
            book.weigh(m, life, f, t)
    for b in range(len(of.ints(m, of.BENEFIT_SUPPORT))):
        first = of.enrol(m)[life, of.ints(m, of.BENEFIT_SUPPORT)[b]]["first_start"]
        if first < INF:
            book.add_days(
                m, life, of.whole(m, of.BENEFIT_ITEMS) + b, first, min(t, first + of.floats(m, of.BENEFIT_DAYS)[b])
            )


@fixed
def unlist(m: Addresses, life: int, s: int, t: float) -> None:
    """Off the waiting list."""
    e = of.enrol(m)[life, s]
    e["listed"] = 0
    forget(m, life, s, e["starts"] + 1)
    queue.give_back(m, queue.node_of_list(m, life, s))
    book.support_days(m, life, book.LISTED, s, e["listed_since"], t)


@fixed
def change_volunteers(m: Addresses, s: int, by: int) -> None:
    """Volunteers add to the capacity of a limited support."""
    which = of.ints(m, of.SUPPORT_RESOURCE)[s]
    if which >= 0:
        of.resources(m)[which]["volunteers"] += by
        queue.resize_support(m, s)


@fixed
def volunteer_end(m: Addresses, life: int, s: int, t: float) -> None:
    """One active volunteer less."""
    e = of.enrol(m)[life, s]
    e["volunteering"] = 0
    book.support_days(m, life, book.VOLUNTEER, s, e["volunteer_since"], t)
    change_volunteers(m, s, -1)


@fixed
def end_life(m: Addresses, life: int, t: float) -> None:
    """Death or moving away: supports, waits and stay end at once; freed slots are handed on deepest first."""
    body = of.body(m)[life]
    body["alive"], body["ended_day"] = 0, t
    close_health(m, life, t)
    close_flare(m, life, t)
    if body["place"] == NONE:
        close_home(m, life, t)
    for s in range(len(of.supports(m))):
        if body["on"] >> s & 1:
            stop_support(m, life, s, t)
    for s in range(len(of.supports(m))):
        if of.enrol(m)[life, s]["listed"]:
            unlist(m, life, s, t)
    for s in range(len(of.supports(m))):
        if of.enrol(m)[life, s]["volunteering"]:
            volunteer_end(m, life, s, t)
    close_effects(m, life, t)
    lose_waits(m, life, t)
    if body["place"] != NONE:
        close_stay(m, life, t)
        if body["next_slot"]:
            queue.give_back(m, queue.node_of_next(m, life))
        if body["support_slot"]:
            queue.give_back(m, queue.node_of_way(m, life))
        if body["has_slot"]:
            queue.free(m, of.ints(m, of.PLACE_RESOURCE)[body["place"]])
        body["place"] = NONE
    book.window_life(m, life, t)
    body["notes"], body["next_note"] = 0, INF


@fixed
def die(m: Addresses, life: int, t: float) -> None:
    """Death: counted, everything ends, dead days run to the horizon."""
    book.count_life(m, life, book.DEATHS, t)
    end_life(m, life, t)
    book.life_days(m, life, book.DEAD_DAYS, t, of.number(m, of.HORIZON))


@fixed
def go_home(m: Addresses, life: int, place: int, t: float) -> None:
    """Home again, with the support that the way home needed."""
    body = of.body(m)[life]
    body["place"], body["home_since"] = NONE, t
    if body["partial"]:
        body["dirty"] = 1
    for s in range(len(of.supports(m))):
        if body["on"] >> s & 1 and of.enrol(m)[life, s]["active_since"] == INF:
            of.enrol(m)[life, s]["active_since"] = t
    support, took = body["support"], body["support_slot"]
    if support != NONE and not body["on"] >> support & 1:
        if of.enrol(m)[life, support]["listed"]:
            unlist(m, life, support, t)
        if took:
            of.nodes(m)[queue.node_of_way(m, life)]["state"] = IDLE
        start_support(m, life, support, took, t)
    elif took:
        queue.give_back(m, queue.node_of_way(m, life))
    event_offers(m, life, False, place, t)


@fixed
def leave(m: Addresses, life: int, t: float) -> None:
    """Leave alive (or die on the way out) and go where the route leads."""
    body = of.body(m)[life]
    if body["to"] == DEAD:
        die(m, life, t)
        return
    close_stay(m, life, t)
    place, has_slot = body["place"], body["has_slot"]
    if has_slot:
        drop_notes(m, life, KEEP_END, NONE)
    for b in range(len(of.boosts(m))):
        if of.boosts(m)[b]["after"] == place and (body["stay_emergency"] or not of.boosts(m)[b]["emergency_only"]):
            of.floats2(m, of.BOOST_UNTIL)[life, b] = t + of.boosts(m)[b]["days"]
            body["dirty"] = 1
    if body["stay_emergency"]:
        of.floats2(m, of.DISCHARGED)[life, place] = t
    if body["to"] >= 0:
        took = body["next_slot"]
        if took:
            of.nodes(m)[queue.node_of_next(m, life)]["state"] = IDLE
        enter(m, life, body["to"], place, took, t)
    else:
        go_home(m, life, place, t)
    if has_slot:
        queue.free(m, of.ints(m, of.PLACE_RESOURCE)[place])


@fixed
def move_on(m: Addresses, life: int, t: float) -> None:
    """Take what the way on needs: first the support, then the place; held until both are there."""
    body = of.body(m)[life]
    level = of.ints(m, of.NEED_LEVEL)[of.journey(m)[life]["need"]]
    support = body["support"]
    if support != NONE and not body["on"] >> support & 1 and not body["support_slot"]:
        which = of.ints(m, of.SUPPORT_RESOURCE)[support]
        if which >= 0:
            body["support_slot"] = 1
            ahead, since = level, t
            if of.enrol(m)[life, support]["listed"]:  # nobody queues twice: their place on the list counts
                ahead, since = min(level, of.whole(m, of.ZERO_LEVEL)), of.enrol(m)[life, support]["listed_since"]
                unlist(m, life, support, t)
            if not queue.ask(m, which, queue.node_of_way(m, life), ahead, since):
                return
    if body["to"] >= 0 and not body["next_slot"]:
        which = of.ints(m, of.PLACE_RESOURCE)[body["to"]]
        if which >= 0:
            body["next_slot"] = 1
            if not queue.ask(m, which, queue.node_of_next(m, life), level, t):
                return
    leave(m, life, t)


@fixed
def stay_end(m: Addresses, life: int, number: int, t: float) -> None:
    """The stay is over: choose the route, and hold the place until the way is free."""
    body = of.body(m)[life]
    if body["place"] == NONE or body["stay_number"] != number:
        return
    route = next_route(m, life, t)
    body["to"] = of.places(m)[body["place"]]["otherwise"] if route == NONE else of.routes(m)[route]["to"]
    body["support"] = NONE if route == NONE else of.routes(m)[route]["support"]
    body["over_since"] = t
    move_on(m, life, t)


@fixed
def start_due(m: Addresses, life: int, s: int, t: float) -> None:
    """The delay between accepting and starting is over."""
    of.enrol(m)[life, s]["later"] = 0
    if t < of.supports(m)[s]["ends_day"] and not of.body(m)[life]["on"] >> s & 1:
        seek_support(m, life, s, t)


@fixed
def turn_on(m: Addresses, life: int, s: int, t: float) -> None:
    """A place on the support is free: eligibility is looked at again now."""
    e = of.enrol(m)[life, s]
    if not e["listed"]:
        return
    if t < of.supports(m)[s]["ends_day"] and eligible(m, life, of.supports(m)[s]["criteria"], t):
        e["listed"] = 0
        of.nodes(m)[queue.node_of_list(m, life, s)]["state"] = IDLE
        book.support_days(m, life, book.LISTED, s, e["listed_since"], t)
        start_support(m, life, s, 1, t)
    else:
        unlist(m, life, s, t)
        set_offers(m, life, s, 1)


@fixed
def volunteer_start(m: Addresses, life: int, s: int, mark: float, t: float) -> None:
    """Training is over: one more active volunteer."""
    e = of.enrol(m)[life, s]
    if e["volunteering"]:
        return
    book.count_support(m, life, book.NEW_VOLUNTEERS, s, t)
    e["volunteering"], e["volunteer_since"] = 1, t
    change_volunteers(m, s, 1)
    note(m, life, t + length(m, life, of.supports(m)[s]["tenure"], mark), ENDING, VOLUNTEER_END, s, 0, 0.0)


@fixed
def reach_horizon(m: Addresses, life: int) -> None:
    """Cut and count what is unfinished."""
    body, t = of.body(m)[life], of.number(m, of.HORIZON)
    if not body["alive"]:
        return
    close_health(m, life, t)
    close_flare(m, life, t)
    for place in range(len(of.places(m))):
        wait = of.waits(m)[life, place]
        if wait["active"]:
            book.count_unfinished(m, life, place)
            book.place_days(m, life, book.WAITING, place, wait["since"], t)
    if body["place"] == NONE:
        close_home(m, life, t)
    else:
        book.count_unfinished(m, life, body["place"])
        close_stay(m, life, t)
    for s in range(len(of.supports(m))):
        e = of.enrol(m)[life, s]
        if body["on"] >> s & 1:
            book.support_days(m, life, book.ACTIVE, s, e["active_since"], t)
        if e["listed"]:
            book.support_days(m, life, book.LISTED, s, e["listed_since"], t)
        if e["volunteering"]:
            book.support_days(m, life, book.VOLUNTEER, s, e["volunteer_since"], t)
    close_effects(m, life, t)
    book.window_life(m, life, INF)


@fixed
def first_day(m: Addresses, life: int) -> None:
    """The warm-up is over: death, health moves, leaving and programmes run from now on."""
    for k in range(len(of.clocks(m))):
        row = of.clocks(m)[k]
        absent = (
            row["kind"] == _OFFER
            and not of.flags2(m, of.ARMS)[of.body(m)[life]["arm"], of.offers(m)[row["subject"]]["support"]]
        )
        if not row["in_warm_up"] and not absent:
            of.flags2(m, of.RUNNING)[life, k] = 1
    of.body(m)[life]["dirty"] = 1


@fixed
def on_note(m: Addresses, life: int, i: int) -> None:
    """What was noted happens now."""
    one = of.notes(m)[life, i]
    t, what, a, b, x = one["time"], one["what"], one["a"], one["b"], one["x"]
    strike_out(m, life, i)
    if what == STAY_END:
        stay_end(m, life, a, t)
    elif what == WAIT_LIMIT:
        wait_limit(m, life, a, b, t)
    elif what == START_DUE:
        start_due(m, life, a, t)
    elif what == VOLUNTEER_START:
        volunteer_start(m, life, a, x, t)
    elif what == VOLUNTEER_END:
        volunteer_end(m, life, a, t)
    elif what in (SUPPORT_END, PROGRAMME_END):
        if of.body(m)[life]["on"] >> a & 1 and of.enrol(m)[life, a]["number"] == b:
            end_support(m, life, a, book.COMPLETIONS if what == SUPPORT_END else book.LAPSES, t)
        elif what == PROGRAMME_END and of.enrol(m)[life, a]["listed"] and of.enrol(m)[life, a]["starts"] < b:
            unlist(m, life, a, t)
    elif what == KEEP_END:
        here = of.body(m)[life]["place"] != NONE and float(of.body(m)[life]["stay_number"]) == x
        if here and of.body(m)[life]["on"] >> a & 1 and of.enrol(m)[life, a]["number"] == b:
            end_support(m, life, a, book.LAPSES, t)
    else:
        first_day(m, life)


@fixed
def strike(m: Addresses, life: int, k: int, layer: int, candidate: int, u: float, v: float, t: float) -> None:
    """A clock has struck."""
    kind, subject = of.clocks(m)[k]["kind"], of.clocks(m)[k]["subject"]
    if kind == _NEED:
        need(m, life, subject, layer, candidate, u, v, t)
    elif kind == _FLARE:
        close_flare(m, life, t)
        book.count_life(m, life, book.FLARES, t)
        of.body(m)[life]["flare_since"] = t
        of.life(m)[life]["flare_until"] = t + length(m, life, of.whole(m, of.FLARE_LENGTH), u)
        of.body(m)[life]["dirty"] = 1
    elif kind == _HEALTH:
        close_health(m, life, t)
        of.life(m)[life]["health"] = subject
        of.body(m)[life]["dirty"] = 1
    elif kind == _OFFER:
        offer(m, life, subject, u, t)
    elif kind == _DROP_OUT:
        end_support(m, life, subject, book.DROP_OUTS, t)
    elif kind == _LEAVING:
        book.count_life(m, life, book.LEAVERS, t)
        end_life(m, life, t)
    else:
        die(m, life, t)


@fixed
def on_grant(m: Addresses, node: int, t: float) -> None:
    """A promised slot is taken up, unless the node has been given back meanwhile."""
    if of.nodes(m)[node]["state"] != GRANTED:
        return
    size = len(of.places(m)) + len(of.supports(m)) + 2
    life, which = node // size, node % size
    if which < len(of.places(m)):
        turn_at(m, life, which, t)
    elif which < len(of.places(m)) + 2:
        move_on(m, life, t)
    else:
        turn_on(m, life, which - len(of.places(m)) - 2, t)
