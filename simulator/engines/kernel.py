"""Compiled drivers: who is next, and what happens to them.

With nothing shared, one person at a time lives all arms at once in one pass over their candidates. With
something shared, one arm at a time holds everyone: each life runs on by itself through whatever touches
nobody else (most GP visits) and stops at the next thing that does; a calendar of those stops, ordered by
time, kind and person, says whose turn it is. Someone who stands in a queue stops at every event, because
others can wake them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.compiling import compiled, fixed
from simulator.engines import kernel_books as book
from simulator.engines import kernel_lives as lives
from simulator.engines import kernel_queues as queue
from simulator.engines import memory as of
from simulator.engines.hazards import BLOCK_SHIFT, UNSET, hazard, hazard_bound, step
from simulator.engines.memory import FIRST_DAY, STAY_END, Addresses
from simulator.engines.order import DATE, DYING, ENDING, FLARE, HEALTH, NEED, OFFER
from simulator.engines.people import traits
from simulator.engines.records import WINDOW_DAYS
from simulator.model import NONE, Basis, ClockKind

INF = np.inf
_POPULATION = int(Basis.POPULATION)
_OFFER, _NEED, _DROP_OUT, _LEAVING, _DEATH = (
    int(ClockKind.OFFER),
    int(ClockKind.NEED),
    int(ClockKind.DROP_OUT),
    int(ClockKind.LEAVING),
    int(ClockKind.DEATH),
)
EVENT_KIND = np.zeros(len(ClockKind), dtype=np.int64)
EVENT_KIND[[ClockKind.DEATH, ClockKind.LEAVING, ClockKind.FLARE, ClockKind.HEALTH]] = DYING, ENDING, FLARE, HEALTH
EVENT_KIND[[ClockKind.NEED, ClockKind.OFFER, ClockKind.DROP_OUT]] = NEED, OFFER, ENDING

STOP = np.dtype(
    [
        ("time", "f8"),
        ("kind", "i8"),
        ("clock", "i8"),  # NONE: the first note
        ("layer", "i8"),
        ("candidate", "i8"),
        ("length", "f8"),
        ("outcome", "f8"),
    ]
)


@fixed
def _first_running(m: Addresses, life: int, start: float) -> None:
    """Clocks that run at first: in the warm-up only needs, flares and usual care."""
    for k in range(len(of.clocks(m))):
        row = of.clocks(m)[k]
        run = start >= 0.0 or row["in_warm_up"] == 1
        if row["kind"] == _DROP_OUT:
            run = False
        elif row["kind"] == _OFFER:
            run = run and of.flags2(m, of.ARMS)[of.body(m)[life]["arm"], of.offers(m)[row["subject"]]["support"]] == 1
        of.flags2(m, of.RUNNING)[life, k] = run


@fixed
def _begin_effects(m: Addresses, life: int) -> None:
    for e in range(len(of.effects(m))):
        s = of.effects(m)[e]["support"]
        if of.effects(m)[e]["basis"] == _POPULATION and of.flags2(m, of.ARMS)[of.body(m)[life]["arm"], s]:
            opens = of.floats2(m, of.OPENS)[s, of.life(m)[life]["cluster"]]
            ends = min(of.supports(m)[s]["closes_day"], of.supports(m)[s]["ends_day"])
            lives.begin_effect(m, life, e, opens, ends)


@fixed
def _start_prevalent(m: Addresses, life: int, start: float) -> None:
    for s in range(len(of.supports(m))):
        if not of.flags2(m, of.ARMS)[of.body(m)[life]["arm"], s]:
            continue
        mark = lives.draw(m, life, of.ints(m, of.STARTING_WORDS)[s], 0)[1]
        if mark >= of.floats2(m, of.STARTING_SHARE)[s, of.life(m)[life]["health"]]:
            continue
        which = of.ints(m, of.SUPPORT_RESOURCE)[s]
        if which < 0:
            lives.start_support(m, life, s, 0, start)
        elif of.resources(m)[which]["users"] < of.resources(m)[which]["capacity"]:
            of.resources(m)[which]["users"] += 1
            lives.start_support(m, life, s, 1, start)


@fixed
def begin(
    m: Addresses,
    life: int,
    arm: int,
    slot: int,
    stream: int,
    person: int,
    age: float,
    health: int,
    risk: float,
    cluster: int,
    start: float,
) -> None:
    """A life at its start: traits, clocks, effects on whole populations, supports already on."""
    one, body = of.life(m)[life], of.body(m)[life]
    one["person"], one["stream"], one["age"], one["risk"], one["cluster"] = person, stream, age, risk, cluster
    one["health"], one["flare_until"], one["horizon"], one["any_effect"] = health, -INF, of.number(m, of.HORIZON), 0
    body["arm"], body["slot"], body["alive"], body["ended_day"] = arm, slot, 1, INF
    body["home_since"], body["health_since"], body["flare_since"], body["arrived"] = start, start, INF, start
    body["place"], body["stay_number"], body["on"], body["index_day"] = NONE, 0, 0, np.nan
    body["next_slot"], body["support_slot"], body["has_slot"] = 0, 0, 0
    body["completed"], body["notes"], body["noted"], body["queued"] = 0, 0, 0, 0
    body["dirty"], body["review"], body["next_note"] = 1, INF, INF
    for e in range(len(of.effects(m))):
        of.spells(m)[life, e]["start"], of.spells(m)[life, e]["end"] = INF, 0.0
        of.spells(m)[life, e]["old_end"], of.spells(m)[life, e]["old_weight"] = 0.0, 0.0
    of.floats2(m, of.BOOST_UNTIL)[life, :] = -INF
    of.floats2(m, of.DISCHARGED)[life, :] = -INF
    of.floats3(m, of.RECENTS)[life, :, :] = -INF
    of.floats2(m, of.WEIGHED_UNTIL)[life, :] = -INF
    for place in range(len(of.places(m))):
        of.waits(m)[life, place]["active"], of.waits(m)[life, place]["number"] = 0, 0
    for s in range(len(of.supports(m))):
        e = of.enrol(m)[life, s]
        e["starts"], e["first_start"], e["refused_until"], e["has_slot"] = 0, INF, -INF, 0
        e["listed"], e["later"], e["volunteering"], e["number"] = 0, 0, 0, 0
    _first_running(m, life, start)
    _begin_effects(m, life)
    if start < 0.0:
        lives.note(m, life, 0.0, DATE, FIRST_DAY, 0, 0, 0.0)
    if start == of.number(m, of.START):
        _start_prevalent(m, life, start)


@fixed
def _bounds(m: Addresses, life: int, t: float) -> None:
    """Bounds of one life's clocks while its state stays as it is."""
    body = of.body(m)[life]
    away = body["place"] != NONE
    body["partial"] = away
    for k in range(len(of.clocks(m))):
        if of.flags2(m, of.RUNNING)[life, k] and (of.clocks(m)[k]["runs_away"] or not away):
            of.floats2(m, of.BOUND)[life, k] = hazard_bound(
                k,
                t,
                of.life(m)[life : life + 1],
                of.clocks(m),
                of.floats2(m, of.BY_HEALTH),
                of.floats2(m, of.BY_BAND),
                of.floats(m, of.BANDS),
                of.floats2(m, of.BOOST_RATIO),
                of.floats2(m, of.BOOST_UNTIL)[life],
                of.effects(m),
                of.spells(m)[life],
                of.ints(m, of.EFFECTS_ON_CLOCK),
                of.ints(m, of.EFFECT_ORDER),
                of.synergies(m),
            )
        else:
            of.floats2(m, of.BOUND)[life, k] = 0.0
    review = of.life(m)[life]["flare_until"] if of.life(m)[life]["flare_until"] > t else INF
    for b in range(len(of.boosts(m))):
        if of.floats2(m, of.BOOST_UNTIL)[life, b] > t:
            review = min(review, of.floats2(m, of.BOOST_UNTIL)[life, b])
    body["dirty"], body["review"] = 0, review


@fixed
def refresh(m: Addresses, first: int, last: int, t: float) -> float:
    """Bounds of every clock, and the cursors that some life in hand can reach; when to look again."""
    review = INF
    for life in range(first, last):
        body = of.body(m)[life]
        if body["alive"] and (body["dirty"] or t >= body["review"]):
            _bounds(m, life, t)
        if body["alive"]:
            review = min(review, body["review"])
    used, layers = 0, len(of.floats(m, of.LAYERS)) - 1
    for k in range(len(of.clocks(m))):
        bound = 0.0
        for life in range(first, last):
            if of.body(m)[life]["alive"]:
                bound = max(bound, of.floats2(m, of.BOUND)[life, k])
        if bound > of.floats(m, of.LAYERS)[layers]:
            raise ValueError("hazard above the top layer")
        for j in range(layers):
            if of.floats(m, of.LAYERS)[j] >= bound:
                break
            i = k * layers + j
            while of.cursors(m)[i]["time"] <= t:
                step(
                    of.cursors(m),
                    i,
                    t,
                    of.floats(m, of.LAYERS)[j + 1] - of.floats(m, of.LAYERS)[j],
                    of.ints(m, of.CLOCK_WORDS)[k] | j,
                    of.seed(m),
                    of.life(m)[first : first + 1],
                )
            of.ints(m, of.ACTIVE)[used] = i
            of.floats(m, of.DUE)[used] = of.cursors(m)[i]["time"]
            used += 1
    of.ints(m, of.TALLIED)[0] = used
    return review


@fixed
def accepts(m: Addresses, life: int, k: int, level: float, t: float) -> bool:
    """Whether a candidate at this level of the rate axis is an event for this life."""
    if not of.flags2(m, of.RUNNING)[life, k] or level >= of.floats2(m, of.BOUND)[life, k]:
        return False
    if of.body(m)[life]["place"] != NONE and not of.clocks(m)[k]["runs_away"]:
        return False
    return level < hazard(
        k,
        t,
        of.life(m)[life : life + 1],
        of.clocks(m),
        of.floats2(m, of.BY_HEALTH),
        of.floats2(m, of.BY_BAND),
        of.floats(m, of.BANDS),
        of.floats2(m, of.BOOST_RATIO),
        of.floats2(m, of.BOOST_UNTIL)[life],
        of.effects(m),
        of.spells(m)[life],
        of.floats(m, of.STEP_UNTIL),
        of.floats(m, of.STEP_WEIGHT),
        of.ints(m, of.EFFECTS_ON_CLOCK),
        of.ints(m, of.EFFECT_ORDER),
        of.synergies(m),
    )


@fixed
def first_candidate(m: Addresses, horizon: float) -> tuple[float, int]:
    """The next candidate of the cursors in use and where it stands among them; -1: none before the horizon."""
    due = of.floats(m, of.DUE)
    best, which = horizon, -1
    for n in range(of.ints(m, of.TALLIED)[0]):
        if due[n] < best:
            best, which = due[n], n
    return best, which


@fixed
def live_alone(m: Addresses, arms: int, start: float) -> None:
    """All arms' lives of one person, from start to horizon, in one pass over the candidates."""
    bodies, cursors, due = of.body(m), of.cursors(m), of.floats(m, of.DUE)
    layers, bounds, horizon = len(of.floats(m, of.LAYERS)) - 1, of.floats(m, of.LAYERS), of.number(m, of.HORIZON)
    t, review, at, n = start, -INF, -INF, -1
    while True:
        dirty, note_at, who, anyone = t >= review, INF, 0, False
        for life in range(arms):
            if bodies[life]["alive"]:
                anyone = True
                dirty = dirty or bodies[life]["dirty"] == 1
                if bodies[life]["next_note"] < note_at:
                    note_at, who = bodies[life]["next_note"], life
        if not anyone:
            return
        if dirty:
            review = refresh(m, 0, arms, t)
            at = -INF
        if at == -INF:
            at, n = first_candidate(m, horizon)
        if note_at <= at and note_at < horizon:
            t = note_at
            lives.on_note(m, who, lives.first_note(m, who))
            continue
        if n < 0:
            return
        t = at
        i = of.ints(m, of.ACTIVE)[n]
        k, j = i // layers, i % layers
        width = bounds[j + 1] - bounds[j]
        c = cursors[i]
        level, length, outcome = bounds[j] + c["mark"] * width, c["length"], c["outcome"]
        candidate = c["number"] | (c["block"] << BLOCK_SHIFT)
        for life in range(arms):
            if bodies[life]["alive"] and accepts(m, life, k, level, t):
                lives.strike(m, life, k, j, candidate, length, outcome, t)
        step(cursors, i, t, width, of.ints(m, of.CLOCK_WORDS)[k] | j, of.seed(m), of.life(m)[0:1])
        due[n] = cursors[i]["time"]
        at = -INF


@fixed
def one_person(
    m: Addresses,
    arms: int,
    stream: int,
    person: int,
    age: float,
    health: int,
    risk: float,
    cluster: int,
    start: float,
    joined: bool,
) -> None:
    """One person's lives in every arm, books included."""
    for i in range(len(of.cursors(m))):
        of.cursors(m)[i]["time"] = UNSET
    for life in range(arms):
        begin(m, life, life, of.body(m)[life]["slot"], stream, person, age, health, risk, cluster, start)
        if joined:
            book.count_life(m, life, book.ENTRANTS, start)
    live_alone(m, arms, start)
    for life in range(arms):
        lives.reach_horizon(m, life)


@fixed
def look_around(
    m: Addresses,
    arms: int,
    stream: int,
    person: int,
    age: float,
    health: int,
    risk: float,
    cluster: int,
    start: float,
    joined: bool,
) -> None:
    """Windows of a participant: the same lives once more, with the index days known and no books."""
    any_index = False
    for k in range(arms - 1):
        index = of.body(m)[k + 1]["index_day"]
        inside = index - WINDOW_DAYS >= start and index + WINDOW_DAYS <= of.number(m, of.HORIZON)
        of.floats2(m, of.WINDOW_INDEX)[0, k] = index if inside else np.nan
        any_index = any_index or inside
    if not any_index:
        return
    of.floats5(m, of.WINDOWS)[:] = 0.0
    for life in range(arms):
        of.body(m)[life]["slot"], of.body(m)[life]["window"] = NONE, 0
    one_person(m, arms, stream, person, age, health, risk, cluster, start, joined)


@compiled()
def live_apart(
    m: Addresses,
    arms: int,
    stream: int,
    numbers: NDArray[np.int64],
    ages: NDArray[np.float64],
    healths: NDArray[np.int64],
    risks: NDArray[np.float64],
    clusters: NDArray[np.int64],
    starts: NDArray[np.float64],
    index_day: NDArray[np.float64],
    completed: NDArray[np.uint8],
    windows: NDArray[np.float64],
) -> None:
    """Everyone's lives when nothing is shared, each into books of their own (slot = arm x people + person).

    ``windows`` [programme arm, person, world, side, measure] stay nan for those without an index day or
    with a window outside the simulated time.
    """
    people = len(numbers)
    for p in range(people):
        for life in range(arms):
            of.body(m)[life]["slot"], of.body(m)[life]["window"] = life * people + p, NONE
        joined = starts[p] > of.number(m, of.START)
        one_person(m, arms, stream, numbers[p], ages[p], healths[p], risks[p], clusters[p], starts[p], joined)
        for life in range(arms):
            index_day[life, p] = of.body(m)[life]["index_day"]
            completed[life, p] = of.body(m)[life]["completed"]
        look_around(m, arms, stream, numbers[p], ages[p], healths[p], risks[p], clusters[p], starts[p], joined)
        for k in range(arms - 1):
            if of.body(m)[0]["window"] == 0 and not np.isnan(of.floats2(m, of.WINDOW_INDEX)[0, k]):
                windows[k, p] = of.floats5(m, of.WINDOWS)[0, k]


@fixed
def holds_anything(m: Addresses, life: int) -> bool:
    """Whether this life holds a slot or is a volunteer."""
    if of.body(m)[life]["place"] != NONE and of.body(m)[life]["has_slot"]:
        return True
    for s in range(len(of.supports(m))):
        if of.enrol(m)[life, s]["has_slot"] or of.enrol(m)[life, s]["volunteering"]:
            return True
    return False


@fixed
def note_is_shared(m: Addresses, life: int, i: int) -> bool:
    """Whether what was noted can touch anyone else."""
    one, body = of.notes(m)[life, i], of.body(m)[life]
    if one["what"] == FIRST_DAY:
        return False
    if one["what"] != STAY_END:
        return True
    if body["has_slot"] or of.flags(m, of.DISCHARGE_OFFERS_SHARED)[body["place"]]:
        return True
    route = lives.next_route(m, life, one["time"])
    to = of.places(m)[body["place"]]["otherwise"] if route == NONE else of.routes(m)[route]["to"]
    support = NONE if route == NONE else of.routes(m)[route]["support"]
    if support != NONE and of.ints(m, of.SUPPORT_RESOURCE)[support] >= 0:
        return True
    if to >= 0:
        return of.ints(m, of.PLACE_RESOURCE)[to] >= 0 or of.flags(m, of.VISIT_OFFERS_SHARED)[to] == 1
    return to == -2 and holds_anything(m, life)


@fixed
def strike_is_shared(m: Addresses, life: int, k: int, t: float) -> bool:
    """Whether this event can touch anyone else."""
    kind, subject = of.clocks(m)[k]["kind"], of.clocks(m)[k]["subject"]
    if kind == _NEED:
        place = of.needs(m)[subject]["goes_to"]
        return of.ints(m, of.PLACE_RESOURCE)[place] >= 0 or of.flags(m, of.VISIT_OFFERS_SHARED)[place] == 1
    if kind == _OFFER:
        s = of.offers(m)[subject]["support"]
        return of.ints(m, of.SUPPORT_RESOURCE)[s] >= 0 and lives.may_be_offered(
            m, life, s, of.offers(m)[subject]["criteria"], t
        )
    if kind == _DROP_OUT:
        return bool(of.enrol(m)[life, subject]["has_slot"])
    if kind in (_LEAVING, _DEATH):
        return holds_anything(m, life)
    return False


@compiled()
def run_on(m: Addresses, life: int, start: float, stop: NDArray[np.void]) -> None:
    """Live on through what touches nobody else; write the next thing that does into ``stop``."""
    layers, bounds, horizon = len(of.floats(m, of.LAYERS)) - 1, of.floats(m, of.LAYERS), of.number(m, of.HORIZON)
    body, cursors, due, one = of.body(m)[life], of.cursors(m), of.floats(m, of.DUE), stop[life]
    for i in range(len(cursors)):
        cursors[i]["time"] = UNSET
    body["dirty"] = 1
    t, review, at, n = start, -INF, -INF, -1
    while body["alive"]:
        if body["dirty"] or t >= review:
            review = refresh(m, life, life + 1, t)
            at = -INF
        if at == -INF:
            at, n = first_candidate(m, horizon)
        note_at = body["next_note"]
        if note_at <= at and note_at < horizon:
            first = lives.first_note(m, life)
            if body["queued"] or note_is_shared(m, life, first):
                one["time"], one["kind"], one["clock"] = note_at, of.notes(m)[life, first]["kind"], NONE
                return
            t = note_at
            lives.on_note(m, life, first)
            continue
        if n < 0:
            break
        t = at
        i = of.ints(m, of.ACTIVE)[n]
        k, j = i // layers, i % layers
        width = bounds[j + 1] - bounds[j]
        c = cursors[i]
        level, length, outcome = bounds[j] + c["mark"] * width, c["length"], c["outcome"]
        candidate = c["number"] | (c["block"] << BLOCK_SHIFT)
        if accepts(m, life, k, level, t):
            if body["queued"] or strike_is_shared(m, life, k, t):
                one["time"], one["kind"], one["clock"] = t, EVENT_KIND[of.clocks(m)[k]["kind"]], k
                one["layer"], one["candidate"], one["length"], one["outcome"] = j, candidate, length, outcome
                return
            lives.strike(m, life, k, j, candidate, length, outcome, t)
        step(cursors, i, t, width, of.ints(m, of.CLOCK_WORDS)[k] | j, of.seed(m), of.life(m)[life : life + 1])
        due[n] = cursors[i]["time"]
        at = -INF
    one["time"] = INF


@compiled()
def _before(stop: NDArray[np.void], m: Addresses, a: int, b: int) -> bool:
    """Calendar order: time, kind, person."""
    x, y = stop[a], stop[b]
    if x["time"] != y["time"]:
        return bool(x["time"] < y["time"])
    if x["kind"] != y["kind"]:
        return bool(x["kind"] < y["kind"])
    return bool(of.life(m)[a]["person"] < of.life(m)[b]["person"])


@compiled()
def _sift(heap: NDArray[np.int64], at: NDArray[np.int64], stop: NDArray[np.void], m: Addresses, life: int) -> None:
    """Put a life whose stop has changed back into calendar order."""
    i = at[life]
    while i > 0 and _before(stop, m, life, heap[(i - 1) // 2]):
        heap[i] = heap[(i - 1) // 2]
        at[heap[i]] = i
        i = (i - 1) // 2
    size = len(heap)
    while 2 * i + 1 < size:
        child = 2 * i + 1
        if child + 1 < size and _before(stop, m, heap[child + 1], heap[child]):
            child += 1
        if not _before(stop, m, heap[child], life):
            break
        heap[i] = heap[child]
        at[heap[i]] = i
        i = child
    heap[i] = life
    at[life] = i


@compiled()
def hand_on(m: Addresses, t: float, heap: NDArray[np.int64], at: NDArray[np.int64], stop: NDArray[np.void]) -> None:
    """Empty the ring of promised slots: each is taken up, and may free others."""
    while of.ints(m, of.RING)[1] > 0:
        node = of.ints(m, of.GRANTS)[of.ints(m, of.RING)[0]]
        of.ints(m, of.RING)[0] = (of.ints(m, of.RING)[0] + 1) % len(of.ints(m, of.GRANTS))
        of.ints(m, of.RING)[1] -= 1
        lives.on_grant(m, node, t)
        life = queue.life_of_node(m, node)
        run_on(m, life, t, stop)
        _sift(heap, at, stop, m, life)


@compiled()
def run_on_after(
    m: Addresses, life: int, t: float, heap: NDArray[np.int64], at: NDArray[np.int64], stop: NDArray[np.void]
) -> None:
    """After a life's own event: promised slots first, then this life goes on."""
    hand_on(m, t, heap, at, stop)
    run_on(m, life, t, stop)
    _sift(heap, at, stop, m, life)


@fixed
def _change(m: Addresses, which: int) -> None:
    """A place or a support changes its capacity."""
    row = of.changes(m)[which]
    if row["is_place"]:
        resource = of.ints(m, of.PLACE_RESOURCE)[row["subject"]]
        if resource >= 0:
            queue.resize(m, resource, row["slots"])
    else:
        resource = of.ints(m, of.SUPPORT_RESOURCE)[row["subject"]]
        if resource >= 0:
            of.resources(m)[resource]["base"] = row["slots"]
            queue.resize_support(m, row["subject"])


@compiled()
def live_together(
    m: Addresses,
    arm: int,
    stream: int,
    numbers: NDArray[np.int64],
    ages: NDArray[np.float64],
    healths: NDArray[np.int64],
    risks: NDArray[np.float64],
    clusters: NDArray[np.int64],
    starts: NDArray[np.float64],
    slots: NDArray[np.int64],
    rows: NDArray[np.int64],
    stop: NDArray[np.void],
) -> None:
    """Everyone's lives in one arm where something is shared.

    ``slots`` says which book each life writes, ``rows`` in which row of the windows it is looked at.
    """
    people = len(numbers)
    for life in range(people):
        one = stop[life]
        one["time"], one["kind"], one["clock"] = starts[life], ENDING, -2
        of.body(m)[life]["window"] = rows[life]
        if starts[life] <= of.number(m, of.START):
            begin(
                m,
                life,
                arm,
                slots[life],
                stream,
                numbers[life],
                ages[life],
                healths[life],
                risks[life],
                clusters[life],
                of.number(m, of.START),
            )
        else:
            of.life(m)[life]["person"] = numbers[life]
    for life in range(people):
        if starts[life] <= of.number(m, of.START):
            run_on(m, life, of.number(m, of.START), stop)
    heap, at = np.arange(people), np.arange(people)
    for life in range(people):
        _sift(heap[: life + 1], at, stop, m, life)
    change = 0
    while True:
        life = heap[0]
        t = stop[life]["time"]
        if (
            change < len(of.changes(m))
            and of.changes(m)[change]["day"] <= t
            and of.changes(m)[change]["day"] < of.number(m, of.HORIZON)
        ):
            t = of.changes(m)[change]["day"]
            _change(m, change)
            change += 1
            hand_on(m, max(t, of.number(m, of.START)), heap, at, stop)
            continue
        if t >= of.number(m, of.HORIZON):
            break
        one = stop[life]
        if one["clock"] == -2:
            begin(
                m,
                life,
                arm,
                slots[life],
                stream,
                numbers[life],
                ages[life],
                healths[life],
                risks[life],
                clusters[life],
                t,
            )
            book.count_life(m, life, book.ENTRANTS, t)
        elif one["clock"] == NONE:
            lives.on_note(m, life, lives.first_note(m, life))
        else:
            lives.strike(m, life, one["clock"], one["layer"], one["candidate"], one["length"], one["outcome"], t)
        run_on_after(m, life, t, heap, at, stop)
    for life in range(people):
        if starts[life] < of.number(m, of.HORIZON):
            lives.reach_horizon(m, life)


@compiled()
def draw_traits(
    m: Addresses,
    stream: int,
    numbers: NDArray[np.int64],
    ages: NDArray[np.float64],
    healths: NDArray[np.int64],
    risks: NDArray[np.float64],
    clusters: NDArray[np.int64],
) -> None:
    """Traits of the people with these ids."""
    for p in range(len(numbers)):
        ages[p], healths[p], risks[p], clusters[p] = traits(
            of.seed(m),
            stream,
            numbers[p],
            of.ints(m, of.TRAIT_WORDS),
            of.floats(m, of.AGE_EDGES),
            of.floats(m, of.AGE_SHARE),
            of.floats2(m, of.INITIAL_HEALTH),
            of.floats(m, of.BANDS),
            of.number(m, of.RISK_LOG_SD),
            of.whole(m, of.CLUSTERS),
        )
