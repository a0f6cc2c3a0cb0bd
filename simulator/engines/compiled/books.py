"""Compiled bookkeeping: counts, days split by year, health days by band, and the windows of a known index day.

A life writes into one row of the book, and into the rows of the groups it is known to belong to.
"""

from __future__ import annotations

import math

import numpy as np

from simulator.activity.items import (
    LifeDays,
    LifeMeasure,
    NeedCount,
    PlaceCount,
    PlaceDays,
    PlaceMeasure,
    SupportCount,
    SupportDays,
)
from simulator.compiling import compiled_for_types, inlined
from simulator.engines.shared import memory as of
from simulator.engines.shared.hazards import weight_days
from simulator.engines.shared.memory import Addresses
from simulator.model.model import Target
from simulator.units import DAYS_PER_YEAR

N_PLACE_COUNTS, N_PLACE_DAYS, N_NEED_COUNTS = len(PlaceCount), len(PlaceDays), len(NeedCount)
N_SUPPORT_COUNTS, N_SUPPORT_DAYS = len(SupportCount), len(SupportDays)
N_PLACE_MEASURES, N_LIFE_MEASURES = len(PlaceMeasure), len(LifeMeasure)
COMPLETER = 2  # of flags MEMBER; 1 is a starter
_UTILITY = int(Target.UTILITY)


@compiled_for_types
def write(m: Addresses, life: int, year: int, item: int, amount: float) -> None:
    """Add to an item of a year, for everyone and for the groups this life is known to belong to."""
    body, book = of.body(m)[life], of.floats3(m, of.BOOK)
    row = body["row"]
    if row >= 0:
        book[row, year, item] += amount
    if body["window"] >= 0:
        member, arm = of.flags2(m, of.MEMBER), body["arm"]
        for k in range(member.shape[1]):
            if member[body["window"], k] and (arm == 0 or arm == k + 1):
                book[arm * (member.shape[1] + 1) + k + 1, year, item] += amount


@compiled_for_types
def count(m: Addresses, life: int, item: int, t: float) -> None:
    """One more of an item at time t; what lies before t = 0 is left out."""
    if t >= 0.0:
        write(m, life, int(t / DAYS_PER_YEAR), item, 1.0)


@compiled_for_types
def count_place(m: Addresses, life: int, kind: int, place: int, t: float) -> None:
    """One more of a place's counts."""
    count(m, life, place * N_PLACE_COUNTS + kind, t)


@compiled_for_types
def count_need(m: Addresses, life: int, kind: int, need: int, t: float) -> None:
    """One more of a need's counts."""
    count(m, life, of.whole(m, of.NEED_COUNTS) + need * N_NEED_COUNTS + kind, t)


@compiled_for_types
def count_support(m: Addresses, life: int, kind: int, support: int, t: float) -> None:
    """One more of a support's counts."""
    count(m, life, of.whole(m, of.SUPPORT_COUNTS) + support * N_SUPPORT_COUNTS + kind, t)


@compiled_for_types
def count_life(m: Addresses, life: int, kind: int, t: float) -> None:
    """One more death, entrant, leaver or flare."""
    count(m, life, of.whole(m, of.LIFE_COUNTS) + kind, t)


@compiled_for_types
def count_unfinished(m: Addresses, life: int, place: int) -> None:
    """A stay or wait cut by the horizon, in the last year."""
    write(m, life, of.whole(m, of.YEARS) - 1, place * N_PLACE_COUNTS + PlaceCount.UNFINISHED, 1.0)


@compiled_for_types
def add_days(m: Addresses, life: int, item: int, start: float, end: float) -> None:
    """Add a span of days, split at the years."""
    start, end = max(start, 0.0), min(end, of.number(m, of.HORIZON))
    while start < end:
        year = int(start / DAYS_PER_YEAR)
        stop = min(end, (year + 1) * DAYS_PER_YEAR)
        write(m, life, year, item, stop - start)
        start = stop


@inlined
def home_item(m: Addresses, life: int) -> int:
    """Where days at home are written: alone, or in community support."""
    return of.whole(m, of.LIFE_DAYS) + (LifeDays.COMMUNITY_DAYS if of.body(m)[life]["on"] else LifeDays.HOME_ALONE_DAYS)


@compiled_for_types
def stay_days(m: Addresses, life: int, place: int, emergency: int, start: float, end: float) -> None:
    """Days in a place, which are not days at home: those are written whole, stays taken out again here."""
    start, end = max(start, 0.0), min(end, of.number(m, of.HORIZON))
    item = of.whole(m, of.DAYS) + place * N_PLACE_DAYS
    while start < end:
        year = int(start / DAYS_PER_YEAR)
        stop = min(end, (year + 1) * DAYS_PER_YEAR)
        write(m, life, year, item + PlaceDays.DAYS, stop - start)
        if emergency:
            write(m, life, year, item + PlaceDays.EMERGENCY_DAYS, stop - start)
        write(m, life, year, home_item(m, life), start - stop)
        start = stop


@compiled_for_types
def place_days(m: Addresses, life: int, kind: int, place: int, start: float, end: float) -> None:
    """Days held in or waiting for a place."""
    add_days(m, life, of.whole(m, of.DAYS) + place * N_PLACE_DAYS + kind, start, end)


@compiled_for_types
def support_days(m: Addresses, life: int, kind: int, support: int, start: float, end: float) -> None:
    """Days on a support, on its list, or as its volunteer."""
    add_days(m, life, of.whole(m, of.SUPPORT_DAYS) + support * N_SUPPORT_DAYS + kind, start, end)


@compiled_for_types
def active_days(m: Addresses, life: int, support: int, start: float, end: float) -> None:
    """Days on a support, and of these the days after its recruitment has ended."""
    support_days(m, life, SupportDays.ACTIVE_DAYS, support, start, end)
    closes = of.supports(m)[support]["closes_day"]
    if closes < end:
        support_days(m, life, SupportDays.RUN_OFF_DAYS, support, max(start, closes), end)


@compiled_for_types
def life_days(m: Addresses, life: int, kind: int, start: float, end: float) -> None:
    """Days dead or in a flare."""
    add_days(m, life, of.whole(m, of.LIFE_DAYS) + kind, start, end)


@inlined
def visit(m: Addresses, life: int, k: int, start: float, end: float, year: int) -> None:
    """A need from home and the planned stay that it led to, all at once and within the year."""
    body, one = of.body(m)[life], of.visits(m)[k]
    if body["window"] >= 0:
        count(m, life, one["need_item"], start)
        count(m, life, one["visit_item"], start)
        stay_days(m, life, one["place"], 0, start, end)
    elif start >= 0.0 and body["row"] >= 0:
        book, row = of.floats3(m, of.BOOK), body["row"]
        book[row, year, one["need_item"]] += 1.0
        book[row, year, one["visit_item"]] += 1.0
        book[row, year, one["days_item"]] += end - start
        book[row, year, home_item(m, life)] -= end - start


@compiled_for_types
def person_days(m: Addresses, life: int, health: int, start: float, end: float) -> None:
    """Days alive by health state, split at the age bands."""
    start, edges, age = max(start, 0.0), of.floats(m, of.BANDS), of.life(m)[life]["age"]
    bands = len(edges)
    for band in range(bands):
        upper = edges[band + 1] if band + 1 < bands else np.inf
        stop = min(end, (upper - age) * DAYS_PER_YEAR)
        if start < stop:
            add_days(m, life, of.whole(m, of.HEALTH_DAYS) + health * bands + band, start, stop)
            start = stop


@compiled_for_types
def weigh(m: Addresses, life: int, e: int, t: float) -> None:
    """Write a utility effect's weight times days up to now, before its spell changes."""
    effect = of.effects(m)[e]
    if effect["target"] != _UTILITY:
        return
    until, utility = of.floats2(m, of.WEIGHED_UNTIL), effect["subject"]
    since = until[life, utility]
    if since > -np.inf:
        start, end = max(since, 0.0), min(t, of.number(m, of.HORIZON))
        for year in range(int(start / DAYS_PER_YEAR), of.whole(m, of.YEARS)):
            a, b = max(start, year * DAYS_PER_YEAR), min(end, (year + 1) * DAYS_PER_YEAR)
            if a < b:
                write(m, life, year, of.whole(m, of.UTILITY_DAYS) + utility, weight_days(m, life, e, a, b))
    until[life, utility] = max(t, since)


@compiled_for_types
def looks(m: Addresses, life: int, k: int) -> bool:
    """Whether the windows around the index day of programme arm k are filled for this life."""
    arm, row = of.body(m)[life]["arm"], of.body(m)[life]["window"]
    if row < 0 or (arm != 0 and arm != k + 1):
        return False
    return not math.isnan(of.floats2(m, of.WINDOW_INDEX)[row, k])


@compiled_for_types
def write_window(m: Addresses, life: int, k: int, side: int, measure: int, amount: float) -> None:
    """Add to a measure of a window, for those who start and for those who complete."""
    body, windows = of.body(m)[life], of.floats5(m, of.WINDOWS)
    world, row = int(body["arm"] == 0), body["window_row"]
    windows[row, k, world, side, measure] += amount
    if of.flags2(m, of.MEMBER)[body["window"], k] == COMPLETER:
        windows[row + 1, k, world, side, measure] += amount


@compiled_for_types
def window_stay(m: Addresses, life: int, place: int, emergency: int, start: float, end: float) -> None:
    """Add a stay to the windows around the index days of this life: its beginning, and its days."""
    if of.body(m)[life]["window"] < 0:
        return
    first, window = place * N_PLACE_MEASURES, of.number(m, of.WINDOW_DAYS)
    for k in range(of.floats2(m, of.WINDOW_INDEX).shape[1]):
        if not looks(m, life, k):
            continue
        index = of.floats2(m, of.WINDOW_INDEX)[of.body(m)[life]["window"], k]
        for side in range(2):
            low = index - window * (1 - side)
            high = low + window
            if low <= start < high:
                write_window(m, life, k, side, first + PlaceMeasure.VISITS, 1.0)
                write_window(m, life, k, side, first + PlaceMeasure.EMERGENCY, float(emergency))
            days = min(end, high) - max(start, low)
            if days > 0.0:
                write_window(m, life, k, side, first + PlaceMeasure.DAYS, days)
                write_window(m, life, k, side, first + PlaceMeasure.EMERGENCY_DAYS, days * emergency)


@compiled_for_types
def window_life(m: Addresses, life: int, ended: float) -> None:
    """Days alive and the person, once their life is over or the horizon is reached."""
    window = of.number(m, of.WINDOW_DAYS)
    for k in range(of.floats2(m, of.WINDOW_INDEX).shape[1]):
        if looks(m, life, k):
            for side in range(2):
                low = of.floats2(m, of.WINDOW_INDEX)[of.body(m)[life]["window"], k] - window * (1 - side)
                first = of.floats5(m, of.WINDOWS).shape[4] - N_LIFE_MEASURES
                alive = max(0.0, min(low + window, ended) - low)
                write_window(m, life, k, side, first + LifeMeasure.ALIVE_DAYS, alive)
                write_window(m, life, k, side, first + LifeMeasure.PEOPLE, 1.0)
