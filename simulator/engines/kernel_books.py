"""Compiled bookkeeping: counts, days split by year, health days by band, and the windows of a known index day."""

from __future__ import annotations

import math

import numpy as np

from simulator.compiling import fixed
from simulator.engines import memory as of
from simulator.engines.hazards import DAYS_PER_YEAR, weight_days
from simulator.engines.memory import UTILITY, Addresses
from simulator.engines.records import WINDOW_DAYS
from simulator.ledger import (
    LIFE_COUNTS,
    LIFE_DAYS,
    PLACE_COUNTS,
    PLACE_DAYS,
    SUPPORT_COUNTS,
    SUPPORT_DAYS,
    WINDOW_KINDS,
)

VISITS, EMERGENCY, THROUGH, READMISSIONS, WAITS, LOST, GAVE_UP, UNFINISHED = range(len(PLACE_COUNTS))
IN_PLACE, IN_EMERGENCY, WAITING, DELAYED = range(len(PLACE_DAYS))
OFFERS, REFUSALS, STARTS, COMPLETIONS, DROP_OUTS, LAPSES, NEW_VOLUNTEERS = range(len(SUPPORT_COUNTS))
ACTIVE, LISTED, VOLUNTEER = range(len(SUPPORT_DAYS))
DEATHS, ENTRANTS, LEAVERS, FLARES = range(len(LIFE_COUNTS))
HOME_ALONE, COMMUNITY, DEAD_DAYS, FLARE_DAYS = range(len(LIFE_DAYS))
N_PLACE_COUNTS, N_PLACE_DAYS = len(PLACE_COUNTS), len(PLACE_DAYS)
N_SUPPORT_COUNTS, N_SUPPORT_DAYS = len(SUPPORT_COUNTS), len(SUPPORT_DAYS)
KINDS = len(WINDOW_KINDS)


@fixed
def count(m: Addresses, life: int, item: int, t: float) -> None:
    """One more of an item at time t."""
    slot = of.body(m)[life]["slot"]
    if t >= 0.0 and slot >= 0:
        of.ints3(m, of.COUNTS)[slot, int(t / DAYS_PER_YEAR), item] += 1


@fixed
def count_place(m: Addresses, life: int, kind: int, place: int, t: float) -> None:
    """One more of a place's counts."""
    count(m, life, place * N_PLACE_COUNTS + kind, t)


@fixed
def count_need(m: Addresses, life: int, need: int, met_elsewhere: int, t: float) -> None:
    """One more need, or one of them met elsewhere."""
    count(m, life, of.whole(m, of.NEED_COUNTS) + 2 * need + met_elsewhere, t)


@fixed
def count_support(m: Addresses, life: int, kind: int, support: int, t: float) -> None:
    """One more of a support's counts."""
    count(m, life, of.whole(m, of.SUPPORT_COUNTS) + support * N_SUPPORT_COUNTS + kind, t)


@fixed
def count_life(m: Addresses, life: int, kind: int, t: float) -> None:
    """One more death, entrant, leaver or flare."""
    count(m, life, of.whole(m, of.LIFE_COUNTS) + kind, t)


@fixed
def count_unfinished(m: Addresses, life: int, place: int) -> None:
    """A stay or wait cut by the horizon, in the last year."""
    slot = of.body(m)[life]["slot"]
    if slot >= 0:
        of.ints3(m, of.COUNTS)[slot, of.whole(m, of.YEARS) - 1, place * N_PLACE_COUNTS + UNFINISHED] += 1


@fixed
def add_days(m: Addresses, life: int, item: int, start: float, end: float) -> None:
    """Add a span of days, split at the years."""
    slot = of.body(m)[life]["slot"]
    if slot < 0:
        return
    start, end = max(start, 0.0), min(end, of.number(m, of.HORIZON))
    while start < end:
        year = int(start / DAYS_PER_YEAR)
        stop = min(end, (year + 1) * DAYS_PER_YEAR)
        of.floats3(m, of.DAYS)[slot, year, item] += stop - start
        start = stop


@fixed
def place_days(m: Addresses, life: int, kind: int, place: int, start: float, end: float) -> None:
    """Days in, held in or waiting for a place."""
    add_days(m, life, place * N_PLACE_DAYS + kind, start, end)


@fixed
def support_days(m: Addresses, life: int, kind: int, support: int, start: float, end: float) -> None:
    """Days on a support, on its list, or as its volunteer."""
    add_days(m, life, of.whole(m, of.SUPPORT_DAYS) + support * N_SUPPORT_DAYS + kind, start, end)


@fixed
def life_days(m: Addresses, life: int, kind: int, start: float, end: float) -> None:
    """Days at home alone, in community support, dead, in a flare."""
    add_days(m, life, of.whole(m, of.LIFE_DAYS) + kind, start, end)


@fixed
def person_days(m: Addresses, life: int, health: int, start: float, end: float) -> None:
    """Days alive by health state, split at the age bands."""
    start = max(start, 0.0)
    bands = len(of.floats(m, of.BANDS))
    for band in range(bands):
        upper = of.floats(m, of.BANDS)[band + 1] if band + 1 < bands else np.inf
        stop = min(end, (upper - of.life(m)[life]["age"]) * DAYS_PER_YEAR)
        if start < stop:
            add_days(m, life, of.whole(m, of.HEALTH_DAYS) + health * bands + band, start, stop)
            start = stop


@fixed
def weigh(m: Addresses, life: int, e: int, t: float) -> None:
    """Book a utility effect's weight times days up to now, before its spell changes."""
    if of.effects(m)[e]["target"] != UTILITY:
        return
    utility = of.effects(m)[e]["subject"]
    since, slot = of.floats2(m, of.WEIGHED_UNTIL)[life, utility], of.body(m)[life]["slot"]
    if since > -np.inf and slot >= 0:
        start, end = max(since, 0.0), min(t, of.number(m, of.HORIZON))
        for year in range(int(start / DAYS_PER_YEAR), of.whole(m, of.YEARS)):
            a, b = max(start, year * DAYS_PER_YEAR), min(end, (year + 1) * DAYS_PER_YEAR)
            if a < b:
                of.floats3(m, of.DAYS)[slot, year, of.whole(m, of.UTILITY_DAYS) + utility] += weight_days(
                    e,
                    a,
                    b,
                    of.effects(m),
                    of.spells(m)[life],
                    of.floats(m, of.STEP_UNTIL),
                    of.floats(m, of.STEP_WEIGHT),
                )
    of.floats2(m, of.WEIGHED_UNTIL)[life, utility] = max(t, since)


@fixed
def looks(m: Addresses, life: int, k: int) -> bool:
    """Whether this life is looked at around the index day of programme arm k."""
    arm, row = of.body(m)[life]["arm"], of.body(m)[life]["window"]
    if row < 0 or (arm != 0 and arm != k + 1):
        return False
    return not math.isnan(of.floats2(m, of.WINDOW_INDEX)[row, k])


@fixed
def window_entry(m: Addresses, life: int, place: int, emergency: int, t: float) -> None:
    """An entry to a place, in the windows of the index days looked at."""
    world, row = int(of.body(m)[life]["arm"] == 0), of.body(m)[life]["window"]
    for k in range(of.floats2(m, of.WINDOW_INDEX).shape[1]):
        if looks(m, life, k):
            index = of.floats2(m, of.WINDOW_INDEX)[row, k]
            if index - WINDOW_DAYS <= t < index + WINDOW_DAYS:
                side = int(t >= index)
                of.floats5(m, of.WINDOWS)[row, k, world, side, place * KINDS] += 1.0
                of.floats5(m, of.WINDOWS)[row, k, world, side, place * KINDS + 1] += emergency


@fixed
def window_stay(m: Addresses, life: int, place: int, emergency: int, start: float, end: float) -> None:
    """Days of a stay, in the windows of the index days looked at."""
    world, row = int(of.body(m)[life]["arm"] == 0), of.body(m)[life]["window"]
    for k in range(of.floats2(m, of.WINDOW_INDEX).shape[1]):
        if looks(m, life, k):
            for side in range(2):
                low = of.floats2(m, of.WINDOW_INDEX)[row, k] - WINDOW_DAYS * (1 - side)
                days = min(end, low + WINDOW_DAYS) - max(start, low)
                if days > 0.0:
                    of.floats5(m, of.WINDOWS)[row, k, world, side, place * KINDS + 2] += days
                    of.floats5(m, of.WINDOWS)[row, k, world, side, place * KINDS + 3] += days * emergency


@fixed
def window_life(m: Addresses, life: int, ended: float) -> None:
    """Days alive and the person, once their life is over or the horizon is reached."""
    world, row = int(of.body(m)[life]["arm"] == 0), of.body(m)[life]["window"]
    for k in range(of.floats2(m, of.WINDOW_INDEX).shape[1]):
        if looks(m, life, k):
            for side in range(2):
                low = of.floats2(m, of.WINDOW_INDEX)[row, k] - WINDOW_DAYS * (1 - side)
                last = of.floats5(m, of.WINDOWS).shape[4]
                alive = max(0.0, min(low + WINDOW_DAYS, ended) - low)
                of.floats5(m, of.WINDOWS)[row, k, world, side, last - 2] += alive
                of.floats5(m, of.WINDOWS)[row, k, world, side, last - 1] += 1.0
