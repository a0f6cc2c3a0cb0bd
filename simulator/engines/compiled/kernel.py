"""Compiled drivers: who is next, and what happens to them.

With nothing shared, one person at a time lives all arms at once in one pass over their candidates; an arm sleeps
for as long as nothing in it differs from usual care. With something shared, one arm at a time holds everyone: each
life runs on by itself through whatever affects nobody else (most GP visits) and stops at the next thing that does;
a calendar of those stops, ordered by time, kind and person, says who is next. Someone in a queue stops at every event,
because others can wake them.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simulator.activity.items import LifeCount
from simulator.compiling import compiled, compiled_for_types, inlined
from simulator.engines.compiled import books as book
from simulator.engines.compiled import life as lives
from simulator.engines.compiled import queues as queue
from simulator.engines.shared import memory as of
from simulator.engines.shared.candidates import INDEX
from simulator.engines.shared.hazards import (
    clock_of,
    draw_ahead,
    foresee,
    is_event,
    layer_of,
    level_of,
    look_at_clock,
    next_jump,
    next_route,
    next_turn,
    number_of,
    year_end,
)
from simulator.engines.shared.memory import BOOSTED, CHANGED, FIRST_DAY, FRESH, Addresses
from simulator.engines.shared.people import traits
from simulator.model.model import NONE, Basis, ClockKind, Target
from simulator.model.moments import DATE, ENDING
from simulator.uncertainty.draws import open_unit
from simulator.units import DAYS_PER_YEAR, ENTRANT_IDS_FROM

INF = np.inf
_STAY = int(Target.STAY)
_POPULATION = int(Basis.POPULATION)
_OFFER, _NEED, _DROP_OUT, _LEAVING, _DEATH = (
    int(ClockKind.OFFER),
    int(ClockKind.NEED),
    int(ClockKind.DROP_OUT),
    int(ClockKind.LEAVING),
    int(ClockKind.DEATH),
)
EVENT_KIND = np.array([kind.turn for kind in ClockKind], dtype=np.int64)
FEW = 4.0  # candidates a year that are worth drawing for a boost that may begin
NOTED, JOINS, LIVES_ON = -1, -2, -3  # in place of a clock: the first note; joining the population; nothing
FIRST = -1  # kind of a stop that comes before all others at its moment

# --- a life begins -----------------------------------------------------------------------------------


@compiled_for_types
def _first_running(m: Addresses, life: int, start: float) -> None:
    """Clocks that run at first: in the warm-up only needs, flares and usual care."""
    clocks = of.clocks(m)
    for k in range(len(clocks)):
        run = clocks[k]["kind"] != _DROP_OUT and (start >= 0.0 or clocks[k]["in_warm_up"] == 1)
        of.flags2(m, of.RUNNING)[life, k] = lives.runs_in(m, life, k, start) if run else 0


@compiled_for_types
def _begin_effects(m: Addresses, life: int) -> None:
    """Effects on whole populations."""
    effects, arm = of.effects(m), of.body(m)[life]["arm"]
    for e in range(len(effects)):
        s = effects[e]["support"]
        if effects[e]["basis"] == _POPULATION and of.flags2(m, of.ARMS)[arm, s]:
            opens = of.floats2(m, of.OPENS)[s, of.life(m)[life]["cluster"]]
            lives.begin_effect(m, life, e, opens, min(of.supports(m)[s]["closes_day"], of.supports(m)[s]["ends_day"]))


@compiled_for_types
def begin(m: Addresses, life: int, arm: int, row: int, stream: int, person: int, start: float) -> None:
    """A life at its start: traits, clocks, effects on whole populations, supports already on."""
    one, body = of.life(m)[life], of.body(m)[life]
    joined = person >= ENTRANT_IDS_FROM
    age, health, risk, cluster, kind = traits(
        of.seed(m), stream, person, of.ints(m, of.TRAIT_WORDS),
        of.floats(m, of.ENTRANT_AGE_EDGES if joined else of.AGE_EDGES),
        of.floats(m, of.ENTRANT_AGE_SHARE if joined else of.AGE_SHARE),
        of.floats2(m, of.ENTRANT_HEALTH if joined else of.INITIAL_HEALTH),
        of.floats(m, of.BANDS), of.number(m, of.RISK_LOG_SD), of.whole(m, of.CLUSTERS),
        of.ints(m, of.GROUP_SIZES), of.floats3(m, of.GROUP_SHARE),
    )  # fmt: skip
    one["person"], one["stream"], one["risk"], one["cluster"], one["health"] = person, stream, risk, cluster, health
    one["kind"], one["age"] = kind, age - start / DAYS_PER_YEAR if joined else age
    one["flare_until"], one["affected"] = -INF, 0
    body["arm"], body["row"], body["alive"], body["asleep"], body["stale"] = arm, row, 1, 0, CHANGED
    body["next_note"], body["stay_end"], body["notes"], body["noted"], body["stays"] = INF, INF, 0, 0, 0
    body["home_since"], body["health_since"], body["flare_since"], body["arrived"] = start, start, INF, start
    body["place"], body["stay_number"], body["on"], body["waiting"], body["queued"] = NONE, 0, 0, 0, 0
    body["next_slot"], body["support_slot"], body["has_slot"], body["support"] = 0, 0, 0, NONE
    body["ended_day"], body["index_day"], body["completed"] = INF, np.nan, 0
    for e in range(len(of.effects(m))):
        spell = of.spells(m)[life, e]
        spell["start"], spell["end"], spell["old_end"], spell["old_weight"] = INF, 0.0, 0.0, 0.0
        spell["before_start"], spell["before_end"] = INF, 0.0
    of.floats2(m, of.BOOST_UNTIL)[life, :] = -INF
    of.floats2(m, of.DISCHARGED)[life, :] = -INF
    of.floats3(m, of.RECENTS)[life, :, :] = -INF
    of.floats2(m, of.WEIGHED_UNTIL)[life, :] = -INF
    for which in range(of.waits(m).shape[1]):
        of.waits(m)[life, which]["active"], of.waits(m)[life, which]["number"] = 0, 0
    for s in range(len(of.supports(m))):
        e = of.enrol(m)[life, s]
        e["starts"], e["first_start"], e["refused_until"], e["has_slot"] = 0, INF, -INF, 0
        e["listed"], e["later"], e["volunteering"], e["number"] = 0, 0, 0, 0
    _first_running(m, life, start)
    _begin_effects(m, life)
    if start < 0.0:
        lives.note(m, life, 0.0, DATE, FIRST_DAY, 0, 0, 0.0)
    if start == of.number(m, of.START):
        lives.start_prevalent(m, life, start)
    if joined:
        book.count_life(m, life, LifeCount.ENTRANTS, start)


# --- candidates ahead ---------------------------------------------------------------------------------


@inlined
def _look(m: Addresses, life: int, t: float, until: float, here: bool) -> None:
    """Bound the hazard of every clock of a life; hazards known to be steady are kept unless something happened.

    With ``here`` only clocks that run where the person is get a bound: the others are bounded on return home.
    """
    body, running, steady = of.body(m)[life], of.flags2(m, of.RUNNING), of.floats2(m, of.STEADY)
    away, clocks, bound = here and body["place"] != NONE, of.clocks(m), of.floats(m, of.BOUND)
    known, boosted = body["stale"] != CHANGED and not of.life(m)[life]["affected"] & 1, body["stale"] == BOOSTED
    for k in range(len(bound)):
        if running[life, k]:
            reach = steady[life, k]
            if not known or math.isnan(reach) or (boosted and of.flags(m, of.BOOSTED_CLOCKS)[k]):
                reach = look_at_clock(m, life, k, t, body["jump"], until)
            if not away or clocks[k]["runs_away"]:
                bound[k] = max(bound[k], reach)
    body["stale"] = FRESH


@compiled("boolean(float64[::1], float64[::1])")
def _covers(drawn: NDArray[np.float64], bound: NDArray[np.float64]) -> bool:
    """Whether no bound is above what candidates were drawn with."""
    for k in range(len(bound)):  # noqa: SIM110
        if bound[k] > drawn[k]:
            return False
    return True


@inlined
def next_candidates(
    m: Addresses, first: int, last: int, t: float, here: bool, count: int, end: float, rank: int
) -> tuple[int, float, int]:
    """Candidates that could be an event for any of these lives: how many, up to which day, the next one's rank.

    Those drawn before are reused for as long as no bound is above the one they were drawn with.
    """
    body, bound, drawn, until = of.body(m), of.floats(m, of.BOUND), of.floats(m, of.DRAWN), year_end(m, t)
    for life in range(first, last):
        one = body[life]
        if one["alive"] and not one["asleep"]:
            if not one["looked"] <= t < one["turn"]:  # another's event may come before the last bounds
                one["stale"] = CHANGED
            elif one["jump"] <= t:
                one["stale"] = max(one["stale"], BOOSTED)
            if one["stale"] != FRESH:
                one["looked"], one["turn"] = t, next_turn(m, life, t)
                one["jump"] = next_jump(m, life, t, one["turn"])
            until = min(until, one["turn"])
    bound[:] = 0.0
    for life in range(first, last):
        if body[life]["alive"] and not body[life]["asleep"]:
            _look(m, life, t, until, here)
    if t < end and _covers(drawn, bound):
        return count, min(end, until), rank
    for k in range(len(bound)):
        drawn[k] = max(bound[k], min(bound[k] * of.floats(m, of.BOOST_MOST)[k], FEW))
    count, end = draw_ahead(m, first, t, until)
    return count, end, 0


@inlined
def strikes(m: Addresses, life: int, k: int, level: float, t: float) -> bool:
    """Whether a candidate is an event for a life: its clock runs where the person is, its level is below the hazard."""
    if of.flags2(m, of.RUNNING)[life, k] != 1:
        return False
    if of.body(m)[life]["place"] != NONE and not of.clocks(m)[k]["runs_away"]:
        return False
    return is_event(m, life, k, level, t)


@compiled_for_types
def _wake_arms(m: Addresses, arms: int, k: int, level: float, t: float) -> None:
    """Arms that sleep wake when an offer is made in them alone."""
    body, o = of.body(m), of.clocks(m)[k]["subject"]
    if body[0]["place"] != NONE:
        return
    row = of.offers(m)[o]
    if is_event(m, 0, k, level, t) and lives.may_be_offered(m, 0, row["support"], row["criteria"], t):
        for life in range(1, arms):
            if body[life]["asleep"] and lives.runs_in_arm_only(m, life, k, t):
                lives.wake(m, life, t)
                of.floats2(m, of.STEADY)[life, k] = of.floats2(m, of.STEADY)[0, k]


# --- nothing shared: person by person ----------------------------------------------------------------


@compiled_for_types
def live_alone(m: Addresses, arms: int, start: float) -> None:
    """All arms' lives of one person, from start to horizon, in one pass over the candidates."""
    bodies, people, clocks, horizon = of.body(m), of.life(m), of.clocks(m), of.number(m, of.HORIZON)
    times, coming = of.floats(m, of.TIMES), of.ints(m, of.COMING)
    labels, luck = of.words2(m, of.LABELS), of.words2(m, of.LUCK)
    t, end, count, rank, year = start, -INF, 0, 0, 0
    foresee(m, 0, start, horizon)
    while True:
        note_at, who, last, look, jump = INF, 0, 0, t >= end, INF
        for life in range(arms):
            body = bodies[life]
            if body["alive"] and not body["asleep"]:
                last, look = life + 1, look or body["stale"] != FRESH
                jump = min(jump, body["jump"])
                if body["next_note"] < note_at:
                    note_at, who = body["next_note"], life
        if last == 0:
            return
        if look or jump <= t:
            count, end, rank = next_candidates(m, 0, arms, t, False, count, end, rank)
            year = math.floor(t / DAYS_PER_YEAR)
            continue
        until, nothing_else = min(note_at, jump, end), True
        while nothing_else and rank < count and times[rank] < until:
            t, which = times[rank], coming[rank] & INDEX
            rank += 1
            label = int(labels[0, which])
            k, level = clock_of(label), level_of(label, luck[1, which])
            length, outcome = open_unit(luck[2, which]), open_unit(luck[3, which])
            if clocks[k]["kind"] == _OFFER:
                nothing_else, last = False, arms
                _wake_arms(m, arms, k, level, t)
            free = min(until, times[rank]) if rank < count else until
            days, of_health = 0.0, NONE
            for life in range(last - 1, -1, -1):  # usual care last: arms that it wakes have had this event with it
                body = bodies[life]
                if not body["alive"] or body["asleep"] or not strikes(m, life, k, level, t):
                    continue
                if lives.may_pass_by(m, life, k):
                    one = people[life]
                    changed = one["affected"] >> _STAY & 1  # by an effect of its own: no other arm has this length
                    if changed or one["health"] != of_health:
                        days, of_health = lives.visit_days(m, life, k, length, t), NONE if changed else one["health"]
                    if lives.passes_by(m, life, k, days, outcome, t, free, year):
                        continue
                nothing_else = False
                lives.strike(m, life, k, layer_of(label), number_of(label, t), length, outcome, t)
        if nothing_else:
            t = until
            if t >= horizon:
                return
            if t == note_at:
                lives.on_note(m, who, lives.first_note(m, who))


@compiled_for_types
def _must_be_awake(m: Addresses, arm: int) -> bool:
    """Whether an arm differs without an offer: effects on its whole population, or people on its programmes already."""
    effects, arms, share = of.effects(m), of.flags2(m, of.ARMS), of.floats2(m, of.STARTING_SHARE)
    for e in range(len(effects)):
        s = effects[e]["support"]
        if effects[e]["basis"] == _POPULATION and arms[arm, s] and not arms[0, s]:
            return True
    most = 0.0
    for s in range(share.shape[0]):
        if arms[arm, s] and not arms[0, s]:
            for health in range(share.shape[1]):
                most = max(most, share[s, health])
    return most > 0.0


@compiled_for_types
def one_person(m: Addresses, arms: int, stream: int, person: int, start: float) -> None:
    """One person's lives in every arm, written into one row of the book for each arm that is awake."""
    for life in range(arms):
        body = of.body(m)[life]
        body["window"], body["asleep"] = NONE, int(life > 0 and not _must_be_awake(m, life))
        body["alive"], body["index_day"], body["completed"] = 1, np.nan, 0
    for life in range(arms):
        if not of.body(m)[life]["asleep"]:
            begin(m, life, life, life, stream, person, start)
    live_alone(m, arms, start)
    for life in range(arms):
        if not of.body(m)[life]["asleep"]:
            lives.reach_horizon(m, life)


@compiled_for_types
def look_around(m: Addresses, arms: int, start: float, window_row: int, completers: bool) -> bool:
    """Windows of a participant, from the stays written down; false when there are none inside the simulated time."""
    any_index, bodies, stays, window = False, of.body(m), of.stays(m), of.number(m, of.WINDOW_DAYS)
    for k in range(arms - 1):
        index = bodies[k + 1]["index_day"]
        inside = index - window >= start and index + window <= of.number(m, of.HORIZON)
        of.floats2(m, of.WINDOW_INDEX)[0, k] = index if inside else np.nan
        of.flags2(m, of.MEMBER)[0, k] = book.COMPLETER if completers and bodies[k + 1]["completed"] else 1
        any_index = any_index or inside
    if any_index:
        for life in range(arms):
            body = bodies[life]
            if not body["asleep"]:
                body["window"], body["window_row"] = 0, window_row
                for i in range(body["stays"]):
                    one = stays[life, i]
                    book.window_stay(m, life, one["place"], one["emergency"], one["start"], one["end"])
                book.window_life(m, life, body["ended_day"])
    return any_index


@compiled()
def _add_squares(m: Addresses, row: int, squares: NDArray[np.float64]) -> None:
    """Add one person's windows, and their squares, to what they belong to, and empty them."""
    windows, own = of.floats5(m, of.WINDOWS), squares.shape[0]
    for who in range(2):
        windows[row + who] += windows[own + who]
        squares[row + who] += windows[own + who] * windows[own + who]
        windows[own + who] = 0.0


@compiled()
def _add_book(m: Addresses, life: int, total: NDArray[np.float64]) -> None:
    """Add a life's row of the book to a total."""
    row = of.floats3(m, of.BOOK)[life]
    for year in range(total.shape[0]):
        for item in range(total.shape[1]):
            total[year, item] += row[year, item]


@compiled()
def _hand_in(m: Addresses, life: int, total: NDArray[np.float64]) -> None:
    """Add a life's row of the book to a total, and empty it."""
    row = of.floats3(m, of.BOOK)[life]
    for year in range(total.shape[0]):
        for item in range(total.shape[1]):
            total[year, item] += row[year, item]
            row[year, item] = 0.0


@compiled()
def _add_difference(m: Addresses, life: int, total: NDArray[np.float64]) -> None:
    """Add by how much a life's row of the book differs from usual care to a total."""
    row, usual = of.floats3(m, of.BOOK)[life], of.floats3(m, of.BOOK)[0]
    for year in range(total.shape[0]):
        for item in range(total.shape[1]):
            total[year, item] += row[year, item] - usual[year, item]


@compiled(
    "void(int64, int64, int64[::1], float64[::1], int64[::1], float64[:, :, :, :, ::1], float64[:, ::1], uint8[:, ::1],"
    " float64[:, :, :, :, ::1], boolean[::1], boolean)"
)
def live_apart(
    m: Addresses,
    stream: int,
    numbers: NDArray[np.int64],
    starts: NDArray[np.float64],
    into: NDArray[np.int64],
    sums: NDArray[np.float64],
    index_day: NDArray[np.float64],
    completed: NDArray[np.uint8],
    squares: NDArray[np.float64],
    differs: NDArray[np.bool_],
    usual_is_known: bool,
) -> None:
    """Everyone's lives when nothing is shared.

    Args:
        m: memory for one life an arm.
        stream: number of their random numbers.
        numbers: ids.  # [person]
        starts: first days.  # [person]
        into: which totals each person is added to.  # [person]
        sums: totals; with room for participants: of usual care, of each arm's difference from it, and of the
            participants of both.  # [into, arm, group, year, item]
        index_day: first programme starts, if there is room.  # [arm, person]
        completed: who completed, if there is room.  # [arm, person]
        squares: sums of squares over people of the windows, if there is room; then the windows have two rows more than
            these, for one person at a time.  # [row, programme arm, world, side, measure]
        differs: filled with whose life may differ from usual care in some arm.  # [person]
        usual_is_known: everyone's total of usual care is cached and left out.
    """
    arms, bodies, by_person = sums.shape[1], of.body(m), index_day.shape[1] > 0
    for p in range(len(numbers)):
        one_person(m, arms, stream, numbers[p], starts[p])
        total = sums[into[p]]
        for life in range(1, arms):
            differs[p] = differs[p] or not bodies[life]["asleep"]
        if not differs[p] and not by_person and not usual_is_known:
            _hand_in(m, 0, total[0, 0])
            continue
        if by_person:
            for life in range(arms):
                _add_book(m, 0 if bodies[life]["asleep"] else life, total[life, 0])
                index_day[life, p], completed[life, p] = bodies[life]["index_day"], bodies[life]["completed"]
        else:
            if not usual_is_known:
                _add_book(m, 0, total[0, 0])
            for life in range(1, arms):
                if not bodies[life]["asleep"]:
                    _add_difference(m, life, total[life, 0])
                    if not np.isnan(bodies[life]["index_day"]):
                        _add_book(m, life, total[life, life])
                        _add_book(m, 0, total[0, life])
        if squares.shape[0]:
            if look_around(m, arms, starts[p], squares.shape[0], True):
                _add_squares(m, 2 * into[p], squares)
        else:
            look_around(m, arms, starts[p], into[p] if by_person else 2 * into[p], not by_person)
        for life in range(arms):
            if not bodies[life]["asleep"]:
                of.floats3(m, of.BOOK)[life] = 0.0


# --- something shared: everyone at once --------------------------------------------------------------


@compiled_for_types
def holds_anything(m: Addresses, life: int) -> bool:
    """Whether this life holds a slot or is a volunteer."""
    if of.body(m)[life]["place"] != NONE and of.body(m)[life]["has_slot"]:
        return True
    for s in range(len(of.supports(m))):
        if of.enrol(m)[life, s]["has_slot"] or of.enrol(m)[life, s]["volunteering"]:
            return True
    return False


@inlined
def note_is_shared(m: Addresses, life: int, i: int) -> bool:
    """Whether what was noted can affect anyone else."""
    body = of.body(m)[life]
    if i != lives.STAY_ENDS:
        return of.notes(m)[life, i]["what"] != FIRST_DAY or of.whole(m, of.FIRST_DAY_SHARED) == 1
    if body["has_slot"] or of.flags(m, of.DISCHARGE_OFFERS_SHARED)[body["place"]]:
        return True
    route = next_route(m, life, body["place"], body["stay_emergency"], body["route_mark"], body["stay_end"])
    to = of.places(m)[body["place"]]["otherwise"] if route == NONE else of.routes(m)[route]["to"]
    support = NONE if route == NONE else of.routes(m)[route]["support"]
    if support != NONE and of.flags(m, of.SUPPORT_SHARED)[support]:
        return True
    if to >= 0:
        return of.ints(m, of.PLACE_RESOURCE)[to] >= 0 or of.flags(m, of.VISIT_OFFERS_SHARED)[to] == 1
    return to == -2 and holds_anything(m, life)


@inlined
def strike_is_shared(m: Addresses, life: int, k: int, t: float) -> bool:
    """Whether this event can affect anyone else."""
    kind, subject = of.clocks(m)[k]["kind"], of.clocks(m)[k]["subject"]
    if kind == _NEED:
        place = of.needs(m)[subject]["goes_to"]
        return of.ints(m, of.PLACE_RESOURCE)[place] >= 0 or of.flags(m, of.VISIT_OFFERS_SHARED)[place] == 1
    if kind == _OFFER:
        s = of.offers(m)[subject]["support"]
        return of.flags(m, of.SUPPORT_SHARED)[s] == 1 and lives.may_be_offered(
            m, life, s, of.offers(m)[subject]["criteria"], t
        )
    if kind == _DROP_OUT:
        return of.enrol(m)[life, subject]["has_slot"] == 1
    if kind in (_LEAVING, _DEATH):
        return holds_anything(m, life)
    return False


@compiled_for_types
def run_on(m: Addresses, life: int, start: float) -> None:
    """Live on through what affects nobody else; write down the next thing that does."""
    body, horizon, one, clocks = of.body(m)[life], of.number(m, of.HORIZON), of.stops(m)[life], of.clocks(m)
    times, coming = of.floats(m, of.TIMES), of.ints(m, of.COMING)
    labels, luck = of.words2(m, of.LABELS), of.words2(m, of.LUCK)
    t, end, count, rank, away = start, -INF, 0, 0, False
    while body["alive"]:
        if t >= end or body["stale"] or t >= body["jump"] or (away and body["place"] == NONE):
            away = body["place"] != NONE
            foresee(m, life, t, min(horizon, t + 1.0))
            count, end, rank = next_candidates(m, life, life + 1, t, True, count, end, rank)
        until = min(body["next_note"], body["jump"], end)
        if rank == count or times[rank] >= until:
            t = until
            if t >= horizon:
                break
            if t == body["next_note"]:
                first = lives.first_note(m, life)
                if body["queued"] or note_is_shared(m, life, first):
                    one["time"], one["clock"] = t, NOTED
                    one["kind"] = ENDING if first == lives.STAY_ENDS else of.notes(m)[life, first]["kind"]
                    return
                lives.on_note(m, life, first)
            continue
        t, which = times[rank], coming[rank] & INDEX
        rank += 1
        label = int(labels[0, which])
        k = clock_of(label)
        if strikes(m, life, k, level_of(label, luck[1, which]), t):
            length, outcome = open_unit(luck[2, which]), open_unit(luck[3, which])
            if not body["queued"] and lives.may_pass_by(m, life, k):
                days = lives.visit_days(m, life, k, length, t)
                free = min(until, times[rank]) if rank < count else until
                if lives.passes_by(m, life, k, days, outcome, t, free, int(t / DAYS_PER_YEAR)):
                    continue
            if body["queued"] or strike_is_shared(m, life, k, t):
                one["time"], one["kind"], one["clock"] = t, EVENT_KIND[clocks[k]["kind"]], k
                one["layer"], one["candidate"] = layer_of(label), number_of(label, t)
                one["length"], one["outcome"] = luck[2, which], luck[3, which]
                return
            lives.strike(m, life, k, layer_of(label), number_of(label, t), length, outcome, t)
    one["time"] = INF


@inlined
def _before(m: Addresses, time: float, life: int, other_time: float, other: int) -> bool:
    """Whether a life's stop comes before another's: by time, kind, person."""
    if time != other_time:
        return bool(time < other_time)
    mine, theirs = of.stops(m)[life]["kind"], of.stops(m)[other]["kind"]
    if mine != theirs:
        return bool(mine < theirs)
    return bool(of.life(m)[life]["person"] < of.life(m)[other]["person"])


@inlined
def sift(m: Addresses, life: int, size: int) -> None:
    """Put a life whose stop has changed back into its place in the calendar: a heap, four to a parent."""
    heap, at, time = of.calendar(m), of.small(m, of.PLACE_IN_CALENDAR), of.stops(m)[life]["time"]
    i = at[life]
    while i > 0 and _before(m, time, life, heap[(i - 1) // 4]["time"], heap[(i - 1) // 4]["life"]):
        heap[i] = heap[(i - 1) // 4]
        at[heap[i]["life"]] = i
        i = (i - 1) // 4
    while 4 * i + 1 < size:
        first = 4 * i + 1
        for child in range(4 * i + 2, min(4 * i + 5, size)):
            if _before(m, heap[child]["time"], heap[child]["life"], heap[first]["time"], heap[first]["life"]):
                first = child
        if _before(m, time, life, heap[first]["time"], heap[first]["life"]):
            break
        heap[i] = heap[first]
        at[heap[i]["life"]] = i
        i = first
    heap[i]["time"], heap[i]["life"], at[life] = time, life, i


@inlined
def hand_on(m: Addresses, t: float) -> None:
    """Empty the ring of promised slots: each is taken up, and may free others.

    Those who take them live on next, once: they may be promised several, or have freed what they are promised.
    """
    ring, grants = of.ints(m, of.RING), of.small(m, of.GRANTS)
    while ring[1] > 0:
        node = grants[ring[0]]
        ring[0] = (ring[0] + 1) % len(grants)
        ring[1] -= 1
        lives.on_grant(m, node, t)
        life = node // queue.nodes_each(m)
        one = of.stops(m)[life]
        one["time"], one["kind"], one["clock"] = t, FIRST, LIVES_ON
        sift(m, life, len(of.calendar(m)))


@compiled_for_types
def _change(m: Addresses, arm: int, which: int) -> None:
    """A place or a support changes its capacity, if it does so in this arm."""
    row = of.changes(m)[which]
    if row["arm"] not in (NONE, arm):
        return
    if row["is_place"]:
        resource = of.ints(m, of.PLACE_RESOURCE)[row["subject"]]
        if resource >= 0:
            queue.resize(m, resource, row["slots"])
    else:
        resource = of.ints(m, of.SUPPORT_RESOURCE)[row["subject"]]
        if resource >= 0:
            of.resources(m)[resource]["base"] = row["slots"]
            queue.resize_support(m, row["subject"])


@compiled("void(int64, int64, int64, int64[::1], float64[::1], int64[::1], int64[::1], int64[::1])")
def live_together(
    m: Addresses,
    arm: int,
    stream: int,
    numbers: NDArray[np.int64],
    starts: NDArray[np.float64],
    rows: NDArray[np.int64],
    looked_at: NDArray[np.int64],
    window_rows: NDArray[np.int64],
) -> None:
    """Everyone's lives in one arm where something is shared.

    Args:
        m: memory for everyone.
        arm: which arm.
        stream: number of their random numbers.
        numbers: ids.  # [person]
        starts: first days.  # [person]
        rows: which row of the book each writes, NONE: none.  # [person]
        looked_at: row of each one's index days, around which windows are filled, NONE: none.  # [person]
        window_rows: row of the windows each writes.  # [person]
    """
    people, first_day, horizon = len(numbers), of.number(m, of.START), of.number(m, of.HORIZON)
    changes, change, stop, at = of.changes(m), 0, of.stops(m), of.small(m, of.PLACE_IN_CALENDAR)
    for life in range(people):
        one, body = stop[life], of.body(m)[life]
        one["time"], one["kind"], one["clock"] = starts[life], ENDING, JOINS
        body["window"], body["window_row"] = looked_at[life], window_rows[life]
        of.life(m)[life]["person"] = numbers[life]
        if starts[life] <= first_day:
            begin(m, life, arm, rows[life], stream, numbers[life], first_day)
    for life in range(people):
        if starts[life] <= first_day:
            run_on(m, life, first_day)
    for life in range(people):
        at[life] = life
        sift(m, life, life + 1)
    while True:
        life = of.calendar(m)[0]["life"]
        t = stop[life]["time"]
        if change < len(changes) and changes[change]["day"] <= t and changes[change]["day"] < horizon:
            _change(m, arm, change)
            hand_on(m, max(changes[change]["day"], first_day))
            change += 1
            continue
        if t >= horizon:
            break
        one = stop[life]
        if one["clock"] == JOINS:
            begin(m, life, arm, rows[life], stream, numbers[life], t)
        elif one["clock"] == NOTED:
            lives.on_note(m, life, lives.first_note(m, life))
        elif one["clock"] != LIVES_ON:
            length, outcome = open_unit(one["length"]), open_unit(one["outcome"])
            lives.strike(m, life, one["clock"], one["layer"], one["candidate"], length, outcome, t)
        hand_on(m, t)
        run_on(m, life, t)
        sift(m, life, people)
    for life in range(people):
        if starts[life] < horizon:
            lives.reach_horizon(m, life)
