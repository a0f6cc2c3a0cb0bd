"""Compiled lives: the same steps as life.py, journeys.py and enrolment.py, on arrays.

Function by function the twin of the SimPy engine; the wording of each step is there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.activity.items import LifeCount, LifeDays, NeedCount, PlaceCount, PlaceDays, SupportCount, SupportDays
from simulator.compiling import compiled, compiled_for_types, inlined
from simulator.engines.compiled import books as book
from simulator.engines.compiled import queues as queue
from simulator.engines.shared import memory as of
from simulator.engines.shared.candidates import PASS_SHIFT
from simulator.engines.shared.hazards import draw, end_effect, length_days, next_route, power, ratio_now, start_effect
from simulator.engines.shared.memory import (
    BOOSTED,
    CHANGED,
    GRANTED,
    IDLE,
    KEEP_END,
    LIST_END,
    LIST_LAPSE,
    PROGRAMME_END,
    START_DUE,
    SUPPORT_END,
    VOLUNTEER_END,
    VOLUNTEER_START,
    WAIT_LIMIT,
    Addresses,
)
from simulator.model.model import DEAD, HOME, NONE, Basis, ClockKind, Target
from simulator.model.moments import DATE, ENDING, LIMIT, MOST_PASSES, OFFER
from simulator.units import DAYS_PER_YEAR

_STAY, _UPTAKE, _UTILITY = int(Target.STAY), int(Target.UPTAKE), int(Target.UTILITY)
_ACTIVE, _STARTERS, _OFFERED = int(Basis.ACTIVE), int(Basis.STARTERS), int(Basis.OFFERED)
_NEED, _FLARE, _HEALTH = int(ClockKind.NEED), int(ClockKind.FLARE), int(ClockKind.HEALTH)
_OFFER, _DROP_OUT, _LEAVING = int(ClockKind.OFFER), int(ClockKind.DROP_OUT), int(ClockKind.LEAVING)
STAY_ENDS = -1  # in place of a note's number
INF = np.inf

# --- the agenda --------------------------------------------------------------------------------------


@compiled_for_types
def note(m: Addresses, life: int, time: float, kind: int, what: int, a: int, b: int, x: float) -> None:
    """Write something into a life's agenda."""
    body, notes = of.body(m)[life], of.notes(m)
    n = body["notes"]
    if n == notes.shape[1]:
        raise ValueError("agenda full")
    one = notes[life, n]
    one["time"], one["kind"], one["number"], one["what"] = time, kind, body["noted"], what
    one["a"], one["b"], one["x"] = a, b, x
    body["notes"] = n + 1
    body["noted"] += 1
    body["next_note"] = min(body["next_note"], time)


@compiled_for_types
def first_note(m: Addresses, life: int) -> int:
    """What comes first: by time, kind, then the order of writing; the end of the stay has no note of its own."""
    body, notes = of.body(m)[life], of.notes(m)
    best, time, kind, number = STAY_ENDS, body["stay_end"], ENDING, body["stay_noted"]
    for i in range(body["notes"]):
        one = notes[life, i]
        if one["time"] < time or (
            one["time"] == time and (one["kind"] < kind or (one["kind"] == kind and one["number"] < number))
        ):
            best, time, kind, number = i, one["time"], one["kind"], one["number"]
    return best


@compiled_for_types
def find_next_note(m: Addresses, life: int) -> None:
    """When the first thing of the agenda happens."""
    body, notes = of.body(m)[life], of.notes(m)
    earliest = body["stay_end"]
    for i in range(body["notes"]):
        earliest = min(earliest, notes[life, i]["time"])
    body["next_note"] = earliest


@compiled_for_types
def strike_out(m: Addresses, life: int, i: int) -> None:
    """Remove a note."""
    body, notes = of.body(m)[life], of.notes(m)
    body["notes"] -= 1
    notes[life, i] = notes[life, body["notes"]]
    find_next_note(m, life)


@compiled_for_types
def drop_notes(m: Addresses, life: int, what: int, about: int) -> None:
    """Remove notes of one kind that have lost their meaning, about one thing or (NONE) about any."""
    body, notes, i = of.body(m)[life], of.notes(m), 0
    while i < body["notes"]:
        one = notes[life, i]
        if one["what"] == what and (about == NONE or one["a"] == about):
            strike_out(m, life, i)
        else:
            i += 1


@compiled_for_types
def forget(m: Addresses, life: int, support: int, number: int) -> None:
    """Remove the notes of an enrolment that is over."""
    body, notes, i = of.body(m)[life], of.notes(m), 0
    while i < body["notes"]:
        one = notes[life, i]
        if one["what"] <= KEEP_END and one["a"] == support and one["b"] == number:
            strike_out(m, life, i)
        else:
            i += 1


# --- days --------------------------------------------------------------------------------------------


@compiled_for_types
def settle_home(m: Addresses, life: int, t: float) -> None:
    """Write the days at home so far, in or without community support, stays not yet taken out."""
    body = of.body(m)[life]
    book.add_days(m, life, book.home_item(m, life), body["home_since"], t)
    body["home_since"] = t


@compiled_for_types
def before_support_changes(m: Addresses, life: int, t: float) -> None:
    """Write the days at home before the person goes on or off a support; someone away was last at home before."""
    body = of.body(m)[life]
    settle_home(m, life, t if body["place"] == NONE else body["since"])


@compiled_for_types
def close_health(m: Addresses, life: int, t: float) -> None:
    """Write the days in the present health state."""
    body = of.body(m)[life]
    book.person_days(m, life, of.life(m)[life]["health"], body["health_since"], t)
    body["health_since"] = t


@compiled_for_types
def close_flare(m: Addresses, life: int, t: float) -> None:
    """Write the days of the last flare."""
    body = of.body(m)[life]
    if body["flare_since"] < INF:
        book.life_days(m, life, LifeDays.FLARE_DAYS, body["flare_since"], min(t, of.life(m)[life]["flare_until"]))
    body["flare_since"] = INF


@inlined
def write_stay(m: Addresses, life: int, place: int, emergency: int, start: float, end: float) -> None:
    """Write a stay down for the windows around index days that are known, or will be."""
    stays, body = of.stays(m), of.body(m)[life]
    if body["window"] >= 0:
        book.window_stay(m, life, place, emergency, start, end)
    elif stays.shape[1]:
        if body["stays"] == stays.shape[1]:
            raise ValueError("more stays in a life than can be written down")
        one = stays[life, body["stays"]]
        one["start"], one["end"], one["place"], one["emergency"] = start, end, place, emergency
        body["stays"] += 1


@compiled_for_types
def close_stay(m: Addresses, life: int, t: float) -> None:
    """Write the days of a stay, those of delay apart, and the stay itself."""
    body = of.body(m)[life]
    place, emergency, since = body["place"], body["stay_emergency"], body["since"]
    book.stay_days(m, life, place, emergency, since, t)
    if body["over_since"] < t:
        book.place_days(m, life, PlaceDays.DELAY_DAYS, place, body["over_since"], t)
    write_stay(m, life, place, emergency, since, t)


# --- effects -----------------------------------------------------------------------------------------


@compiled_for_types
def begin_effect(m: Addresses, life: int, e: int, start: float, end: float) -> None:
    """Begin one effect on someone whom it acts on; what is left of an earlier spell goes on fading."""
    if not of.flags2(m, of.EFFECT_KINDS)[e, of.life(m)[life]["kind"]]:
        return
    body = of.body(m)[life]
    book.weigh(m, life, e, max(start, body["arrived"]))
    start_effect(m, life, e, start, end)
    of.life(m)[life]["affected"] |= 1 << of.effects(m)[e]["target"]
    body["stale"] = CHANGED


@compiled_for_types
def start_effects(m: Addresses, life: int, support: int, basis: int, start: float, end: float) -> None:
    """Begin the effects of a support that were measured on these people."""
    effects = of.effects(m)
    for e in range(len(effects)):
        if effects[e]["support"] == support and effects[e]["basis"] == basis:
            begin_effect(m, life, e, start, end)


@compiled_for_types
def close_effects(m: Addresses, life: int, t: float) -> None:
    """Write utility effects and stated benefits up to the end."""
    effects, supports = of.effects(m), of.ints(m, of.BENEFIT_SUPPORT)
    for e in range(len(effects)):
        if effects[e]["target"] == _UTILITY and of.floats2(m, of.WEIGHED_UNTIL)[life, effects[e]["subject"]] > -INF:
            book.weigh(m, life, e, t)
    for b in range(len(supports)):
        first = of.enrol(m)[life, supports[b]]["first_start"]
        if first < INF:
            last = min(t, first + of.floats(m, of.BENEFIT_DAYS)[b])
            book.add_days(m, life, of.whole(m, of.BENEFIT_ITEMS) + b, first, last)


# --- being on supports -------------------------------------------------------------------------------


@inlined
def is_on(m: Addresses, life: int, support: int) -> bool:
    """Whether the person is on a support."""
    return bool(of.body(m)[life]["on"] >> support & 1)


@compiled_for_types
def eligible(m: Addresses, life: int, criteria: int, t: float) -> bool:
    """Whether every condition holds now; recent use counts emergency starts in (t - window, t]."""
    c, one, on = of.criteria(m)[criteria], of.life(m)[life], of.body(m)[life]["on"]
    age = one["age"] + t / DAYS_PER_YEAR
    if not c["min_age"] <= age < c["max_age"]:
        return False
    if c["health"] and not c["health"] >> one["health"] & 1:
        return False
    if not of.flags2(m, of.CRITERION_KINDS)[criteria, one["kind"]]:
        return False
    if c["on"] & ~on or c["off"] & on:
        return False
    if c["recent_place"] == NONE:
        return True
    return bool(of.floats3(m, of.RECENTS)[life, c["recent_place"], c["at_least"] - 1] > t - c["days"])


@compiled_for_types
def may_be_offered(m: Addresses, life: int, s: int, criteria: int, t: float) -> bool:
    """Open, not on it, not listed, not refused, and eligible."""
    e, row = of.enrol(m)[life, s], of.supports(m)[s]
    if not of.floats2(m, of.OPENS)[s, of.life(m)[life]["cluster"]] <= t < row["closes_day"]:
        return False
    if is_on(m, life, s) or e["listed"] or e["later"] or t < e["refused_until"] or (row["once"] and e["starts"]):
        return False
    return eligible(m, life, row["criteria"], t) and eligible(m, life, criteria, t)


@compiled_for_types
def set_clock(m: Addresses, life: int, k: int, run: int) -> None:
    """Let a clock run or rest."""
    of.flags2(m, of.RUNNING)[life, k] = run
    of.body(m)[life]["stale"] = CHANGED


@compiled_for_types
def set_offers(m: Addresses, life: int, support: int, run: int) -> None:
    """Let the offer clocks of a support run or rest."""
    offers = of.offers(m)
    for o in range(len(offers)):
        if offers[o]["support"] == support and offers[o]["clock"] != NONE:
            set_clock(m, life, offers[o]["clock"], run)


@compiled_for_types
def refuse(m: Addresses, life: int, s: int, t: float) -> None:
    """The person says no, for good or for a time."""
    book.count_support(m, life, SupportCount.REFUSALS, s, t)
    until = t + of.supports(m)[s]["reoffer_days"]
    of.enrol(m)[life, s]["refused_until"] = until
    if until == INF:
        set_offers(m, life, s, 0)


@compiled_for_types
def planned_days(m: Addresses, life: int, s: int, number: int) -> float:
    """Length of the enrolment with this number."""
    duration = of.supports(m)[s]["length"]
    if duration == NONE:
        return INF
    return length_days(m, life, duration, draw(m, life, of.ints(m, of.LENGTH_WORDS)[s], number)[2])


@compiled_for_types
def begin_support(m: Addresses, life: int, s: int, has_slot: int, t: float) -> None:
    """Enrol: effects begin, drop-out runs, the end is noted."""
    body, e, row = of.body(m)[life], of.enrol(m)[life, s], of.supports(m)[s]
    before_support_changes(m, life, t)
    e["starts"] += 1
    number = e["starts"]
    e["number"], e["has_slot"] = number, has_slot
    e["active_since"] = INF if row["pause"] and body["place"] != NONE else t
    e["first_start"] = min(e["first_start"], t)
    body["on"] |= 1 << s
    book.count_support(m, life, SupportCount.STARTS, s, t)
    if row["programme"] and not body["index_day"] <= t:
        body["index_day"] = t
    set_offers(m, life, s, 0)
    if row["drop_out_clock"] != NONE:
        set_clock(m, life, row["drop_out_clock"], 1)
    planned = t + planned_days(m, life, s, number)
    if planned < INF:
        note(m, life, planned, ENDING, SUPPORT_END, s, number, 0.0)
    if row["ends_day"] < INF:
        note(m, life, max(row["ends_day"], t), DATE, PROGRAMME_END, s, number, 0.0)
    start_effects(m, life, s, _ACTIVE, t, INF)
    start_effects(m, life, s, _STARTERS, t, min(planned, row["ends_day"]))


@compiled_for_types
def stop_support(m: Addresses, life: int, s: int, t: float) -> None:
    """Write the days, let effects fade, give the slot back."""
    body, e, effects = of.body(m)[life], of.enrol(m)[life, s], of.effects(m)
    body["on"] &= ~(1 << s)
    book.active_days(m, life, s, e["active_since"], t)
    forget(m, life, s, e["number"])
    if of.supports(m)[s]["drop_out_clock"] != NONE:
        set_clock(m, life, of.supports(m)[s]["drop_out_clock"], 0)
    for f in range(len(effects)):
        if effects[f]["support"] == s and effects[f]["basis"] == _ACTIVE:
            book.weigh(m, life, f, t)
            end_effect(m, life, f, t)
    body["stale"] = CHANGED
    if e["has_slot"]:
        e["has_slot"] = 0
        queue.free(m, of.ints(m, of.SUPPORT_RESOURCE)[s])


@compiled_for_types
def maybe_volunteer(m: Addresses, life: int, s: int, number: int, t: float) -> None:
    """Some of those who complete become volunteers after training."""
    row = of.supports(m)[s]
    if row["tenure"] == NONE or of.enrol(m)[life, s]["volunteering"]:
        return
    u = draw(m, life, of.ints(m, of.VOLUNTEER_WORDS)[s], number)
    if u[1] < row["volunteer_share"]:
        note(m, life, t + row["training_days"], ENDING, VOLUNTEER_START, s, 0, u[2])


@compiled_for_types
def begin_others(m: Addresses, life: int, which: int, t: float) -> None:
    """Supports without a limit that begin with another, or at its end, in the order of their numbers."""
    if which:
        for s in range(len(of.supports(m))):
            if which >> s & 1 and of.flags2(m, of.ARMS)[of.body(m)[life]["arm"], s] and not is_on(m, life, s):
                begin_support(m, life, s, 0, t)


@compiled_for_types
def end_support(m: Addresses, life: int, s: int, how: int, t: float) -> None:
    """Completion, drop-out or lapse: effects fade, the slot is free, offers may run again, others may begin."""
    e, row = of.enrol(m)[life, s], of.supports(m)[s]
    number = e["number"]
    before_support_changes(m, life, t)
    book.count_support(m, life, how, s, t)
    stop_support(m, life, s, t)
    if not row["once"] and t >= e["refused_until"]:
        set_offers(m, life, s, 1)
    begin_others(m, life, row["on_end"], t)
    if how == SupportCount.COMPLETIONS:
        if row["programme"]:
            of.body(m)[life]["completed"] = 1
        maybe_volunteer(m, life, s, number, t)


@compiled_for_types
def start_support(m: Addresses, life: int, s: int, has_slot: int, t: float) -> None:
    """Enrol; the supports whose place it takes end, and then those begin that come with it."""
    row = of.supports(m)[s]
    begin_support(m, life, s, has_slot, t)
    if row["ends"] & of.body(m)[life]["on"]:
        for other in range(len(of.supports(m))):
            if row["ends"] >> other & 1 and is_on(m, life, other):
                end_support(m, life, other, SupportCount.LAPSES, t)
    begin_others(m, life, row["starts"], t)


@compiled_for_types
def seek_support(m: Addresses, life: int, s: int, t: float) -> None:
    """Start, or join the waiting list, or be turned away when full."""
    which, body, row = of.ints(m, of.SUPPORT_RESOURCE)[s], of.body(m)[life], of.supports(m)[s]
    if body["place"] != NONE and body["support"] == s and body["support_slot"]:
        return  # already held for it
    if which < 0:
        start_support(m, life, s, 0, t)
        return
    resource = of.resources(m)[which]
    if resource["users"] >= resource["capacity"] and row["refuse_when_full"]:
        book.count_support(m, life, SupportCount.REFUSALS, s, t)
        set_offers(m, life, s, 1)
        return
    node, e = queue.node_of(m, life, which), of.enrol(m)[life, s]
    if queue.ask(m, which, node, of.whole(m, of.ZERO_LEVEL), t):
        of.nodes(m)[node]["state"] = IDLE
        start_support(m, life, s, 1, t)
        return
    e["listed"], e["listed_since"] = 1, t
    if row["closes_day"] < INF:
        note(m, life, row["closes_day"], DATE, LIST_END, s, e["starts"] + 1, 0.0)
    if row["lapse_days"] < INF:
        note(m, life, t + row["lapse_days"], LIMIT, LIST_LAPSE, s, e["starts"] + 1, 0.0)
    set_offers(m, life, s, 0)


@compiled_for_types
def offer(m: Addresses, life: int, o: int, mark: float, t: float) -> None:
    """An offer to someone who may have one; willing people take it up, perhaps after a delay."""
    row = of.offers(m)[o]
    s = row["support"]
    if not may_be_offered(m, life, s, row["criteria"], t):
        return
    book.count_support(m, life, SupportCount.OFFERS, s, t)
    start_effects(m, life, s, _OFFERED, t, t + planned_days(m, life, s, 1))
    willing = draw(m, life, of.ints(m, of.WILLING_WORDS)[s], 0)[1]
    if willing >= of.supports(m)[s]["uptake"] * ratio_now(m, life, _UPTAKE, s, 0, t):
        refuse(m, life, s, t)
    elif row["delay"] == NONE:
        seek_support(m, life, s, t)
    else:
        of.enrol(m)[life, s]["later"] = 1
        set_offers(m, life, s, 0)
        note(m, life, t + length_days(m, life, row["delay"], mark), OFFER, START_DUE, s, 0, 0.0)


@compiled_for_types
def event_mark(m: Addresses, life: int, o: int, visit: int, place: int, t: float) -> float:
    """The mark of the delay when a visit or discharge brings this offer, else a negative number."""
    row, one, j = of.offers(m)[o], of.life(m)[life], of.journey(m)[life]
    if (row["on_visit"] if visit else row["on_discharge"]) != place:
        return -1.0
    word = of.ints2(m, of.EVENT_OFFER_WORDS)[j["need"], o] | j["layer"]
    u = draw(m, life, word, j["candidate"] | (of.flags2(m, of.PASSES)[life, place] << PASS_SHIFT))
    share = row["share"] * of.floats2(m, of.OFFER_BY_HEALTH)[o, one["health"]]
    share *= of.floats2(m, of.OFFER_BY_KIND)[o, one["kind"]]
    return u[2] if u[1] < share * power(one["risk"], row["risk_power"]) else -1.0


@compiled_for_types
def own_event_offers(m: Addresses, life: int, visit: int, place: int, t: float) -> None:
    """Offers made to one life on a visit or a discharge, each with a mark of its own."""
    arms, offers = of.flags2(m, of.ARMS), of.offers(m)
    for o in range(len(offers)):
        if arms[of.body(m)[life]["arm"], offers[o]["support"]]:
            mark = event_mark(m, life, o, visit, place, t)
            if mark >= 0.0:
                offer(m, life, o, mark, t)


@compiled_for_types
def runs_in_arm_only(m: Addresses, arm: int, k: int, t: float) -> bool:
    """Whether this is the clock of an offer that the arm has and usual care has not, after the warm-up."""
    clock, arms = of.clocks(m)[k], of.flags2(m, of.ARMS)
    if clock["kind"] != _OFFER or (t < 0.0 and not clock["in_warm_up"]):
        return False
    support = of.offers(m)[clock["subject"]]["support"]
    return bool(arms[arm, support] and not arms[0, support])


@compiled_for_types
def runs_asleep(m: Addresses, k: int, t: float) -> bool:
    """Whether a clock runs in an arm that sleeps, but not in usual care."""
    for arm in range(1, len(of.body(m))):  # noqa: SIM110
        if of.body(m)[arm]["asleep"] and runs_in_arm_only(m, arm, k, t):
            return True
    return False


@compiled_for_types
def runs_in(m: Addresses, life: int, k: int, t: float) -> int:
    """Whether a clock runs in the arm of a life: 0 or 1; 2 in usual care if only in an arm that sleeps."""
    clock, arms = of.clocks(m)[k], of.flags2(m, of.ARMS)
    if clock["kind"] != _OFFER:
        return 1
    if arms[of.body(m)[life]["arm"], of.offers(m)[clock["subject"]]["support"]]:
        return 1
    return 2 if life == 0 and of.whole(m, of.FORKS) and runs_asleep(m, k, t) else 0


@compiled()
def _repeat(table: NDArray[Any], life: int) -> None:
    """Copy the first row of a table to a life's."""
    for i in range(table.shape[1]):
        table[life, i] = table[0, i]


@compiled_for_types
def wake(m: Addresses, life: int, t: float) -> None:
    """From now on an arm differs from usual care: everything so far is the same, its programmes may be offered."""
    places, effects, supports = len(of.places(m)), len(of.effects(m)), len(of.supports(m))
    of.life(m)[life] = of.life(m)[0]
    of.body(m)[life] = of.body(m)[0]
    of.journey(m)[life] = of.journey(m)[0]
    body = of.body(m)[life]
    body["arm"], body["row"], body["asleep"], body["stale"] = life, life, 0, CHANGED
    for e in range(effects):
        of.spells(m)[life, e] = of.spells(m)[0, e]
    for s in range(supports):
        of.enrol(m)[life, s] = of.enrol(m)[0, s]
    for i in range(body["notes"]):
        of.notes(m)[life, i] = of.notes(m)[0, i]
    for i in range(body["stays"]):
        of.stays(m)[life, i] = of.stays(m)[0, i]
    _repeat(of.floats2(m, of.BOOST_UNTIL), life)
    _repeat(of.floats2(m, of.DISCHARGED), life)
    _repeat(of.floats2(m, of.WEIGHED_UNTIL), life)
    _repeat(of.flags2(m, of.PASSES), life)
    _repeat(of.flags2(m, of.RUNNING), life)
    for place in range(places):
        for i in range(of.whole(m, of.RECENT)):
            of.floats3(m, of.RECENTS)[life, place, i] = of.floats3(m, of.RECENTS)[0, place, i]
    for k in range(len(of.clocks(m))):
        running = of.flags2(m, of.RUNNING)
        if running[0, k] == 2:
            running[life, k] = runs_in_arm_only(m, life, k, t)
            running[0, k] = 2 if runs_asleep(m, k, t) else 0
    book_rows = of.floats3(m, of.BOOK)
    for year in range(book_rows.shape[1]):
        for item in range(book_rows.shape[2]):
            book_rows[life, year, item] = book_rows[0, year, item]


@compiled_for_types
def event_offers(m: Addresses, life: int, visit: int, place: int, t: float) -> None:
    """Offers made on a visit or a discharge; an arm that sleeps wakes when one is made in it alone."""
    if not of.flags(m, of.VISIT_OFFERS if visit else of.DISCHARGE_OFFERS)[place]:
        return
    if life > 0 or not of.whole(m, of.FORKS):
        own_event_offers(m, life, visit, place, t)
        return
    arms, offers = of.flags2(m, of.ARMS), of.offers(m)
    woken = 0
    for arm in range(1, len(of.body(m))):
        if of.body(m)[arm]["asleep"]:
            for o in range(len(offers)):
                s = offers[o]["support"]
                if (
                    arms[arm, s]
                    and not arms[0, s]
                    and of.body(m)[arm]["asleep"]
                    and event_mark(m, 0, o, visit, place, t) >= 0.0
                    and may_be_offered(m, 0, s, offers[o]["criteria"], t)
                ):
                    wake(m, arm, t)
                    woken |= 1 << arm
    own_event_offers(m, 0, visit, place, t)
    for arm in range(1, len(of.body(m))):
        if woken >> arm & 1:
            own_event_offers(m, arm, visit, place, t)


@compiled_for_types
def pause_supports(m: Addresses, life: int, t: float) -> None:
    """Supports that pause count no active days while away."""
    for s in range(len(of.supports(m))):
        if is_on(m, life, s) and of.supports(m)[s]["pause"]:
            book.active_days(m, life, s, of.enrol(m)[life, s]["active_since"], t)
            of.enrol(m)[life, s]["active_since"] = INF


@compiled_for_types
def give_up_slots(m: Addresses, life: int, t: float) -> None:
    """Entering a limited place: limited supports lapse at once, or after their keep days."""
    for s in range(len(of.supports(m))):
        e = of.enrol(m)[life, s]
        if is_on(m, life, s) and e["has_slot"]:
            keep = of.supports(m)[s]["keep_days"]
            if keep == 0.0:
                end_support(m, life, s, SupportCount.LAPSES, t)
            elif keep < INF:
                note(m, life, t + keep, ENDING, KEEP_END, s, e["number"], float(of.body(m)[life]["stay_number"]))


@compiled_for_types
def unlist(m: Addresses, life: int, s: int, t: float) -> None:
    """Off the waiting list."""
    e = of.enrol(m)[life, s]
    e["listed"] = 0
    forget(m, life, s, e["starts"] + 1)
    queue.give_back(m, queue.node_of(m, life, of.ints(m, of.SUPPORT_RESOURCE)[s]))
    book.support_days(m, life, SupportDays.LISTED_DAYS, s, e["listed_since"], t)


@compiled_for_types
def list_lapse(m: Addresses, life: int, s: int, number: int, t: float) -> None:
    """Too long on the list: the referral lapses, unless it has just come to its turn."""
    e, node = of.enrol(m)[life, s], queue.node_of(m, life, of.ints(m, of.SUPPORT_RESOURCE)[s])
    if not e["listed"] or e["starts"] >= number or of.nodes(m)[node]["state"] == GRANTED:
        return
    unlist(m, life, s, t)
    book.count_support(m, life, SupportCount.LAPSED_REFERRALS, s, t)
    set_offers(m, life, s, 1)


@compiled_for_types
def change_volunteers(m: Addresses, s: int, by: int) -> None:
    """Volunteers add to the capacity of a limited support."""
    which = of.ints(m, of.SUPPORT_RESOURCE)[s]
    if which >= 0:
        of.resources(m)[which]["volunteers"] += by
        queue.resize_support(m, s)


@compiled_for_types
def volunteer_start(m: Addresses, life: int, s: int, mark: float, t: float) -> None:
    """Training is over: one more active volunteer."""
    e = of.enrol(m)[life, s]
    if e["volunteering"]:
        return
    book.count_support(m, life, SupportCount.NEW_VOLUNTEERS, s, t)
    e["volunteering"], e["volunteer_since"] = 1, t
    change_volunteers(m, s, 1)
    note(m, life, t + length_days(m, life, of.supports(m)[s]["tenure"], mark), ENDING, VOLUNTEER_END, s, 0, 0.0)


@compiled_for_types
def volunteer_end(m: Addresses, life: int, s: int, t: float) -> None:
    """One active volunteer less."""
    e = of.enrol(m)[life, s]
    e["volunteering"] = 0
    book.support_days(m, life, SupportDays.VOLUNTEER_DAYS, s, e["volunteer_since"], t)
    change_volunteers(m, s, -1)


@compiled_for_types
def start_due(m: Addresses, life: int, s: int, t: float) -> None:
    """The delay between accepting and starting is over."""
    of.enrol(m)[life, s]["later"] = 0
    if t < of.supports(m)[s]["closes_day"] and not is_on(m, life, s):
        seek_support(m, life, s, t)


@compiled_for_types
def turn_on(m: Addresses, life: int, s: int, t: float) -> None:
    """A place on the support is free: eligibility is checked again now."""
    e, row = of.enrol(m)[life, s], of.supports(m)[s]
    if not e["listed"]:
        return
    if t < row["closes_day"] and eligible(m, life, row["criteria"], t):
        e["listed"] = 0
        of.nodes(m)[queue.node_of(m, life, of.ints(m, of.SUPPORT_RESOURCE)[s])]["state"] = IDLE
        book.support_days(m, life, SupportDays.LISTED_DAYS, s, e["listed_since"], t)
        start_support(m, life, s, 1, t)
    else:
        unlist(m, life, s, t)
        set_offers(m, life, s, 1)


# --- going to places of care -------------------------------------------------------------------------


@compiled_for_types
def lose_waits(m: Addresses, life: int, t: float) -> None:
    """Every wait at home is cancelled and counted as lost."""
    body = of.body(m)[life]
    if body["waiting"] == 0:
        return
    for which in range(of.waits(m).shape[1]):
        wait, place = of.waits(m)[life, which], of.resources(m)[which]["place"]
        if wait["active"]:
            wait["active"] = 0
            body["waiting"] -= 1
            drop_notes(m, life, WAIT_LIMIT, place)
            queue.give_back(m, queue.node_of(m, life, which))
            book.place_days(m, life, PlaceDays.WAIT_DAYS, place, wait["since"], t)
            book.count_place(m, life, PlaceCount.LOST, place, t)


@compiled_for_types
def count_entry(m: Addresses, life: int, place: int, emergency: int, source: int, t: float) -> None:
    """Count an entry by its origin, and remember emergencies for recent use."""
    book.count_place(m, life, PlaceCount.VISITS, place, t)
    if not emergency:
        return
    book.count_place(m, life, PlaceCount.EMERGENCY, place, t)
    if source != HOME:
        book.count_place(m, life, PlaceCount.THROUGH, place, t)
    if t <= of.floats2(m, of.DISCHARGED)[life, place] + of.places(m)[place]["readmission_days"]:
        book.count_place(m, life, PlaceCount.READMISSIONS, place, t)
    recent = of.floats3(m, of.RECENTS)
    for i in range(recent.shape[2] - 1, 0, -1):
        recent[life, place, i] = recent[life, place, i - 1]
    if recent.shape[2]:
        recent[life, place, 0] = t


@compiled_for_types
def enter(m: Addresses, life: int, place: int, source: int, has_slot: int, t: float) -> None:
    """Start a stay; other waits are lost; its length is fixed now."""
    body, j, row, passes = of.body(m)[life], of.journey(m)[life], of.places(m)[place], of.flags2(m, of.PASSES)
    lose_waits(m, life, t)
    if source == HOME and body["on"]:
        pause_supports(m, life, t)
    if row["emergency"]:
        j["emergency"] = 1
    emergency = j["emergency"]
    passes[life, place] += 1
    passed = passes[life, place]
    if passed > MOST_PASSES:
        raise ValueError("a journey enters one place too often: check the routes for a loop")
    u, v = j["length_mark"], j["route_mark"]
    if passed > 1 or place != of.needs(m)[j["need"]]["goes_to"]:
        word = of.ints2(m, of.STAY_WORDS)[j["need"], place] | j["layer"]
        four = draw(m, life, word, j["candidate"] | (passed << PASS_SHIFT))
        u, v = four[2], four[3]
    count_entry(m, life, place, emergency, source, t)
    duration = row["stay"] if emergency else row["planned_stay"]
    days = length_days(m, life, duration, u) * ratio_now(m, life, _STAY, place, emergency, t)
    body["place"], body["since"], body["stay_emergency"], body["has_slot"] = place, t, emergency, has_slot
    body["route_mark"], body["to"], body["support"], body["over_since"] = v, HOME, NONE, INF
    body["next_slot"], body["support_slot"] = 0, 0
    body["stay_number"] += 1
    if has_slot:
        give_up_slots(m, life, t)
    body["stay_end"], body["stay_noted"] = t + days, body["noted"]
    body["noted"] += 1
    body["next_note"] = min(body["next_note"], t + days)
    event_offers(m, life, 1, place, t)


@compiled_for_types
def enter_from_home(m: Addresses, life: int, place: int, has_slot: int, t: float) -> None:
    """Begin a journey in its first place."""
    if has_slot:
        of.nodes(m)[queue.node_of(m, life, of.ints(m, of.PLACE_RESOURCE)[place])]["state"] = IDLE
    passes = of.flags2(m, of.PASSES)
    for p in range(passes.shape[1]):
        passes[life, p] = 0
    enter(m, life, place, HOME, has_slot, t)


@compiled_for_types
def seek(m: Addresses, life: int, place: int, t: float) -> None:
    """Enter a place from home on this life's journey, or join its queue (once: a repeated need merges)."""
    which = of.ints(m, of.PLACE_RESOURCE)[place]
    if which < 0:
        enter_from_home(m, life, place, 0, t)
        return
    wait = of.waits(m)[life, which]
    if wait["active"]:
        return
    level = of.ints(m, of.NEED_LEVEL)[of.journey(m)[life]["need"]]
    if queue.ask(m, which, queue.node_of(m, life, which), level, t):
        enter_from_home(m, life, place, 1, t)
        return
    of.wait_journey(m)[life, which] = of.journey(m)[life]
    wait["active"], wait["since"] = 1, t
    wait["number"] += 1
    of.body(m)[life]["waiting"] += 1
    book.count_place(m, life, PlaceCount.WAITS, place, t)
    limit = of.places(m)[place]["limit_days"]
    if limit < INF:
        note(m, life, t + limit, LIMIT, WAIT_LIMIT, place, wait["number"], 0.0)


@inlined
def need(m: Addresses, life: int, which: int, layer: int, candidate: int, u: float, v: float, t: float) -> None:
    """A need arises at home: met by a programme instead, or the person seeks the place."""
    book.count_need(m, life, NeedCount.NEEDS, which, t)
    row, j = of.needs(m)[which], of.journey(m)[life]
    place = row["goes_to"]
    if of.body(m)[life]["on"]:
        for s in range(len(of.supports(m))):
            if is_on(m, life, s) and of.supports(m)[s]["redirect_place"] == place:
                mark = draw(m, life, of.ints2(m, of.REDIRECT_WORDS)[which, s] | layer, candidate)[1]
                if mark < of.supports(m)[s]["redirect_share"]:
                    book.count_need(m, life, NeedCount.MET_ELSEWHERE, which, t)
                    return
    j["need"], j["layer"], j["candidate"] = which, layer, candidate
    j["length_mark"], j["route_mark"], j["emergency"] = u, v, row["emergency"]
    seek(m, life, place, t)


@inlined
def may_pass_by(m: Addresses, life: int, k: int) -> bool:
    """Whether a clock leads to a visit that affects nothing else, if it is over before anything else happens."""
    body = of.body(m)[life]
    return bool(of.visits(m)[k]["plain"] and not body["waiting"] and not body["on"] & of.whole(m, of.MINDED))


@inlined
def visit_days(m: Addresses, life: int, k: int, u: float, t: float) -> float:
    """How long a planned visit takes that this clock leads to."""
    visit = of.visits(m)[k]
    days = length_days(m, life, visit["duration"], u)
    return days * ratio_now(m, life, _STAY, visit["place"], 0, t) if of.life(m)[life]["affected"] >> _STAY & 1 else days


@inlined
def passes_by(m: Addresses, life: int, k: int, days: float, v: float, t: float, until: float, year: int) -> bool:
    """Live through a visit at once, when nothing happens before it is over; t and ``until`` lie in the year.

    Most visits are such. The outcome is that of `need`, `enter` and `leave`; false when those have to do it.
    """
    visit = of.visits(m)[k]
    if t + days >= until:
        return False
    if visit["routes"] and next_route(m, life, visit["place"], 0, v, t + days) != NONE:
        return False
    book.visit(m, life, k, t, t + days, year)
    write_stay(m, life, visit["place"], 0, t, t + days)
    return True


@compiled_for_types
def end_wait(m: Addresses, life: int, place: int, t: float) -> None:
    """No longer waiting at home for a place; the journey of that wait becomes this life's journey."""
    which = of.ints(m, of.PLACE_RESOURCE)[place]
    wait = of.waits(m)[life, which]
    wait["active"] = 0
    of.body(m)[life]["waiting"] -= 1
    of.journey(m)[life] = of.wait_journey(m)[life, which]
    book.place_days(m, life, PlaceDays.WAIT_DAYS, place, wait["since"], t)


@compiled_for_types
def turn_at(m: Addresses, life: int, place: int, t: float) -> None:
    """A slot is free for someone who waited at home, unless another place was free first."""
    if of.waits(m)[life, of.ints(m, of.PLACE_RESOURCE)[place]]["active"]:
        drop_notes(m, life, WAIT_LIMIT, place)
        end_wait(m, life, place, t)
        enter_from_home(m, life, place, 1, t)


@compiled_for_types
def wait_limit(m: Addresses, life: int, place: int, number: int, t: float) -> None:
    """Waited long enough: go elsewhere on the same need, unless the slot has just come free."""
    which = of.ints(m, of.PLACE_RESOURCE)[place]
    wait, node = of.waits(m)[life, which], queue.node_of(m, life, which)
    if not wait["active"] or wait["number"] != number or of.nodes(m)[node]["state"] == GRANTED:
        return
    queue.give_back(m, node)
    end_wait(m, life, place, t)
    book.count_place(m, life, PlaceCount.GAVE_UP, place, t)
    seek(m, life, of.places(m)[place]["limit_to"], t)


@compiled_for_types
def end_life(m: Addresses, life: int, t: float) -> None:
    """Death or moving away: supports, waits and stay end at once; freed slots are handed on deepest first."""
    body = of.body(m)[life]
    body["alive"], body["ended_day"] = 0, t
    close_health(m, life, t)
    close_flare(m, life, t)
    settle_home(m, life, t)
    if body["place"] != NONE:
        close_stay(m, life, t)
    for s in range(len(of.supports(m))):
        if is_on(m, life, s):
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
        if body["next_slot"]:
            queue.give_back(m, queue.node_of_next(m, life))
        if body["support_slot"]:
            queue.give_back(m, queue.node_of_way(m, life))
        if body["has_slot"]:
            queue.free(m, of.ints(m, of.PLACE_RESOURCE)[body["place"]])
        body["place"] = NONE
    book.window_life(m, life, t)
    body["notes"], body["stay_end"], body["next_note"] = 0, INF, INF


@compiled_for_types
def die(m: Addresses, life: int, t: float) -> None:
    """Death: counted, everything ends, dead days run to the horizon."""
    book.count_life(m, life, LifeCount.DEATHS, t)
    end_life(m, life, t)
    book.life_days(m, life, LifeDays.DEAD_DAYS, t, of.number(m, of.HORIZON))


@compiled_for_types
def go_home(m: Addresses, life: int, place: int, t: float) -> None:
    """Home again, with the support that the way home needed."""
    body = of.body(m)[life]
    body["place"] = NONE
    if body["on"]:
        for s in range(len(of.supports(m))):
            if is_on(m, life, s) and of.enrol(m)[life, s]["active_since"] == INF:
                of.enrol(m)[life, s]["active_since"] = t
    support, took = body["support"], body["support_slot"]
    if support != NONE and not is_on(m, life, support):
        if of.enrol(m)[life, support]["listed"]:
            unlist(m, life, support, t)
        if took:
            of.nodes(m)[queue.node_of_way(m, life)]["state"] = IDLE
        start_support(m, life, support, took, t)
    elif took:
        queue.give_back(m, queue.node_of_way(m, life))
    event_offers(m, life, 0, place, t)


@compiled_for_types
def leave(m: Addresses, life: int, t: float) -> None:
    """Leave alive (or die on the way out) and go where the route leads."""
    body, boosts = of.body(m)[life], of.boosts(m)
    if body["to"] == DEAD:
        die(m, life, t)
        return
    close_stay(m, life, t)
    place, has_slot = body["place"], body["has_slot"]
    if has_slot:
        drop_notes(m, life, KEEP_END, NONE)
    for b in range(len(boosts)):
        if boosts[b]["after"] == place and (body["stay_emergency"] or not boosts[b]["emergency_only"]):
            of.floats2(m, of.BOOST_UNTIL)[life, b] = t + boosts[b]["days"]
            body["stale"] = max(body["stale"], BOOSTED)
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


@compiled_for_types
def move_on(m: Addresses, life: int, t: float) -> None:
    """Take what the way on needs: first the support, then the place; held until both are there."""
    body = of.body(m)[life]
    level = of.ints(m, of.NEED_LEVEL)[of.journey(m)[life]["need"]]
    support = body["support"]
    if support != NONE and not is_on(m, life, support) and not body["support_slot"]:
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


@inlined
def stay_end(m: Addresses, life: int, t: float) -> None:
    """The stay is over: choose the route, and hold the place until the way is free."""
    body = of.body(m)[life]
    place = of.places(m)[body["place"]]
    body["stay_end"], body["over_since"] = INF, t
    find_next_note(m, life)
    body["to"], body["support"] = place["otherwise"], NONE
    if place["routes"]:
        route = next_route(m, life, body["place"], body["stay_emergency"], body["route_mark"], t)
        if route != NONE:
            body["to"], body["support"] = of.routes(m)[route]["to"], of.routes(m)[route]["support"]
    move_on(m, life, t)


@compiled_for_types
def reach_horizon(m: Addresses, life: int) -> None:
    """Cut and count what is unfinished."""
    body, t = of.body(m)[life], of.number(m, of.HORIZON)
    if not body["alive"]:
        return
    close_health(m, life, t)
    close_flare(m, life, t)
    settle_home(m, life, t)
    if body["waiting"]:
        for which in range(of.waits(m).shape[1]):
            wait, place = of.waits(m)[life, which], of.resources(m)[which]["place"]
            if wait["active"]:
                book.count_unfinished(m, life, place)
                book.place_days(m, life, PlaceDays.WAIT_DAYS, place, wait["since"], t)
    if body["place"] != NONE:
        book.count_unfinished(m, life, body["place"])
        close_stay(m, life, t)
    for s in range(len(of.supports(m))):
        e = of.enrol(m)[life, s]
        if is_on(m, life, s):
            book.active_days(m, life, s, e["active_since"], t)
        if e["listed"]:
            book.support_days(m, life, SupportDays.LISTED_DAYS, s, e["listed_since"], t)
        if e["volunteering"]:
            book.support_days(m, life, SupportDays.VOLUNTEER_DAYS, s, e["volunteer_since"], t)
    close_effects(m, life, t)
    book.window_life(m, life, INF)


# --- what happens ------------------------------------------------------------------------------------


@compiled_for_types
def may_be_on(m: Addresses, life: int, s: int, t: float) -> bool:
    """Whether a programme has people like this one from day 0."""
    row = of.supports(m)[s]
    if not of.floats2(m, of.OPENS)[s, of.life(m)[life]["cluster"]] <= t < row["closes_day"]:
        return False
    return eligible(m, life, row["criteria"], t)


@compiled_for_types
def start_prevalent(m: Addresses, life: int, t: float) -> None:
    """Supports that someone is on when the simulated time starts; programmes that they are on at day 0."""
    for s in range(len(of.supports(m))):
        share = of.floats2(m, of.STARTING_SHARE)[s, of.life(m)[life]["health"]]
        programme = of.supports(m)[s]["programme"]
        if share == 0.0 or not of.flags2(m, of.ARMS)[of.body(m)[life]["arm"], s]:
            continue
        if programme != (t >= 0.0) and of.number(m, of.START) < 0.0:
            continue
        if draw(m, life, of.ints(m, of.STARTING_WORDS)[s], 0)[1] >= share:
            continue
        if programme and not may_be_on(m, life, s, t):
            continue
        which = of.ints(m, of.SUPPORT_RESOURCE)[s]
        if which >= 0 and of.resources(m)[which]["users"] >= of.resources(m)[which]["capacity"]:
            continue
        if programme:
            start_effects(m, life, s, _OFFERED, t, t + planned_days(m, life, s, 1))
        if which >= 0:
            of.resources(m)[which]["users"] += 1
        start_support(m, life, s, int(which >= 0), t)


@compiled_for_types
def first_day(m: Addresses, life: int) -> None:
    """The warm-up is over: death, health moves, leaving and programmes run from now on, some people are on one."""
    clocks = of.clocks(m)
    for k in range(len(clocks)):
        if not clocks[k]["in_warm_up"]:
            of.flags2(m, of.RUNNING)[life, k] = runs_in(m, life, k, 0.0)
    of.body(m)[life]["stale"] = CHANGED
    start_prevalent(m, life, 0.0)


@inlined
def on_note(m: Addresses, life: int, i: int) -> None:
    """What was noted happens now."""
    body = of.body(m)[life]
    if i == STAY_ENDS:
        stay_end(m, life, body["stay_end"])
        return
    one = of.notes(m)[life, i]
    t, what, a, b, x = one["time"], one["what"], one["a"], one["b"], one["x"]
    strike_out(m, life, i)
    if what == WAIT_LIMIT:
        wait_limit(m, life, a, b, t)
    elif what == START_DUE:
        start_due(m, life, a, t)
    elif what == VOLUNTEER_START:
        volunteer_start(m, life, a, x, t)
    elif what == VOLUNTEER_END:
        volunteer_end(m, life, a, t)
    elif what in (SUPPORT_END, PROGRAMME_END):
        if is_on(m, life, a) and of.enrol(m)[life, a]["number"] == b:
            end_support(m, life, a, SupportCount.COMPLETIONS if what == SUPPORT_END else SupportCount.LAPSES, t)
    elif what == LIST_END:
        if of.enrol(m)[life, a]["listed"] and of.enrol(m)[life, a]["starts"] < b:
            unlist(m, life, a, t)
    elif what == LIST_LAPSE:
        list_lapse(m, life, a, b, t)
    elif what == KEEP_END:
        here = body["place"] != NONE and float(body["stay_number"]) == x
        if here and is_on(m, life, a) and of.enrol(m)[life, a]["number"] == b:
            end_support(m, life, a, SupportCount.LAPSES, t)
    else:
        first_day(m, life)


@compiled_for_types
def strike(m: Addresses, life: int, k: int, layer: int, candidate: int, u: float, v: float, t: float) -> None:
    """A clock has struck."""
    kind, subject, one = of.clocks(m)[k]["kind"], of.clocks(m)[k]["subject"], of.life(m)[life]
    if kind == _NEED:
        need(m, life, subject, layer, candidate, u, v, t)
    elif kind == _FLARE:
        close_flare(m, life, t)
        book.count_life(m, life, LifeCount.FLARES, t)
        of.body(m)[life]["flare_since"] = t
        one["flare_until"] = t + length_days(m, life, of.whole(m, of.FLARE_LENGTH), u)
        of.body(m)[life]["stale"] = CHANGED
    elif kind == _HEALTH:
        close_health(m, life, t)
        one["health"] = subject
        of.body(m)[life]["stale"] = CHANGED
    elif kind == _OFFER:
        offer(m, life, subject, u, t)
    elif kind == _DROP_OUT:
        end_support(m, life, subject, SupportCount.DROP_OUTS, t)
    elif kind == _LEAVING:
        book.count_life(m, life, LifeCount.LEAVERS, t)
        end_life(m, life, t)
    else:
        die(m, life, t)


@compiled_for_types
def on_grant(m: Addresses, node: int, t: float) -> None:
    """A promised slot is taken up, unless the node has been given back meanwhile."""
    if of.nodes(m)[node]["state"] != GRANTED:
        return
    resources, size = of.resources(m), queue.nodes_each(m)
    life, which = node // size, node % size
    if which >= len(resources):
        move_on(m, life, t)
    elif resources[which]["place"] != NONE:
        turn_at(m, life, resources[which]["place"], t)
    else:
        turn_on(m, life, resources[which]["support"], t)
