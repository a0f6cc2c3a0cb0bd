"""The compiled functions that both engines call: hazards, effect weights, lengths, routes, and candidates ahead.

A candidate of :mod:`simulator.engines.shared.candidates` is an event when its level on the rate axis is below the
hazard at that moment. Most hazards do not change from day to day: bounding them also finds which are steady and
until when, so that they need not be computed again for each candidate. No fast-math: the order of operations
is part of the meaning. Arguments are the memory and the number of a life in it; see
:mod:`simulator.engines.shared.memory`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simulator.compiling import compiled, compiled_for_types, inlined
from simulator.engines.shared import memory as of
from simulator.engines.shared.candidates import (
    BLOCK_SHIFT,
    CLOCK_SHIFT,
    COUNT,
    GROUP,
    INDEX,
    LAYER_MASK,
    LAYER_SHIFT,
    LAYERS,
    ORIGIN_DAY,
    PARTS,
    WIDTHS,
    draw_candidates,
    draw_marks,
)
from simulator.engines.shared.memory import Addresses
from simulator.model.model import NONE, ClockKind, Length, Table, Target
from simulator.uncertainty.draws import open_unit, uniform4
from simulator.units import DAYS_PER_YEAR

_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(5)
_FLARE, _HEALTH = int(ClockKind.FLARE), int(ClockKind.HEALTH)
_FIXED, _EXPONENTIAL, _LOGNORMAL = int(Length.FIXED), int(Length.EXPONENTIAL), int(Length.LOGNORMAL)
_WEIBULL, _UNIFORM = int(Length.WEIBULL), int(Length.UNIFORM)
_CLOCK_TARGET, _ROUTE = int(Target.CLOCK), int(Target.ROUTE)
ROUNDING = 1.0 + 1e-12  # a bound computed in another order must not be below the hazard by rounding


@compiled_for_types
def ndtri(p: float) -> float:
    """Quantile of the standard normal: Wichura (1988), algorithm AS 241 (PPND16)."""
    q = p - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        top = 2.5090809287301226727e3 * r + 3.3430575583588128105e4
        top = (top * r + 6.7265770927008700853e4) * r + 4.5921953931549871457e4
        top = (top * r + 1.3731693765509461125e4) * r + 1.9715909503065514427e3
        top = (top * r + 1.3314166789178437745e2) * r + 3.3871328727963666080e0
        low = 5.2264952788528545610e3 * r + 2.8729085735721942674e4
        low = (low * r + 3.9307895800092710610e4) * r + 2.1213794301586595867e4
        low = (low * r + 5.3941960214247511077e3) * r + 6.8718700749205790830e2
        low = (low * r + 4.2313330701600911252e1) * r + 1.0
        return q * top / low
    r = math.sqrt(-math.log(p if q < 0.0 else 1.0 - p))
    if r <= 5.0:
        r -= 1.6
        top = 7.74545014278341407640e-4 * r + 2.27238449892691845833e-2
        top = (top * r + 2.41780725177450611770e-1) * r + 1.27045825245236838258e0
        top = (top * r + 3.64784832476320460504e0) * r + 5.76949722146069140550e0
        top = (top * r + 4.63033784615654529590e0) * r + 1.42343711074968357734e0
        low = 1.05075007164441684324e-9 * r + 5.47593808499534494600e-4
        low = (low * r + 1.51986665636164571966e-2) * r + 1.48103976427480074590e-1
        low = (low * r + 6.89767334985100004550e-1) * r + 1.67638483018380384940e0
        low = (low * r + 2.05319162663775882187e0) * r + 1.0
    else:
        r -= 5.0
        top = 2.01033439929228813265e-7 * r + 2.71155556874348757815e-5
        top = (top * r + 1.24266094738807843860e-3) * r + 2.65321895265761230930e-2
        top = (top * r + 2.96560571828504891230e-1) * r + 1.78482653991729133580e0
        top = (top * r + 5.46378491116411436990e0) * r + 6.65790464350110377720e0
        low = 2.04426310338993978564e-15 * r + 1.42151175831644588870e-7
        low = (low * r + 1.84631831751005468180e-5) * r + 7.86869131145613259100e-4
        low = (low * r + 1.48753612908506148525e-2) * r + 1.36929880922735805310e-1
        low = (low * r + 5.99832206555887937690e-1) * r + 1.0
    return -top / low if q < 0.0 else top / low


@compiled_for_types
def power(x: float, y: float) -> float:
    """Raise x to the power y, the one way both engines compute it."""
    return x**y


@compiled()
def band_at(age: float, bands: NDArray[np.float64]) -> int:
    """Age band: the last whose lower end has been reached, the first below that."""
    band = 0
    while band + 1 < len(bands) and age >= bands[band + 1]:
        band += 1
    return band


@compiled_for_types
def draw(m: Addresses, life: int, word: int, number: int) -> tuple[float, float, float, float]:
    """The four uniforms of one of this person's decisions."""
    one = of.life(m)[life]
    return uniform4(of.seed(m), one["stream"], one["person"], word, number)


@compiled_for_types
def quantile_days(m: Addresses, which: int, u: float) -> float:
    """Quantile of a duration at the first state of health."""
    d, v = of.durations(m)[which], u
    if d["zero_share"] > 0.0:
        if u < d["zero_share"]:
            return 0.0
        v = (u - d["zero_share"]) / (1.0 - d["zero_share"])
    dist = d["dist"]
    if dist == _FIXED:
        days = d["a"]
    elif dist == _EXPONENTIAL:
        days = -d["a"] * math.log(1.0 - v)
    elif dist == _LOGNORMAL:
        days = math.exp(d["a"] + d["b"] * ndtri(v))
    elif dist == _WEIBULL:
        days = d["a"] * (-math.log(1.0 - v)) ** (1.0 / d["b"])
    elif dist == _UNIFORM:
        days = d["a"] + v * (d["b"] - d["a"])
    else:
        days = of.floats(m, of.DURATION_DAYS)[d["first"] + int(v * d["count"])]
    return days


@inlined
def length_days(m: Addresses, life: int, which: int, u: float) -> float:
    """Quantile of a duration at this person's health: the zero-day atom first, then the positive part."""
    d = of.durations(m)[which]
    days = d["a"] if d["zero_share"] == 0.0 and d["dist"] == _FIXED else quantile_days(m, which, u)
    return days * of.floats2(m, of.DURATION_BY_HEALTH)[which, of.life(m)[life]["health"]]


@compiled_for_types
def spell_weight(m: Addresses, e: int, start: float, end: float, t: float) -> float:
    """Weight of one spell of effect e at time t: delay, ramp (or profile), then halving after the end."""
    f, w = of.effects(m)[e], 0.0
    if t < start:
        return 0.0
    since = min(t, end) - start
    if f["steps"] > 0:
        last = f["first_step"] + f["steps"] - 1
        i = f["first_step"]
        while i < last and since >= of.floats(m, of.STEP_UNTIL)[i]:
            i += 1
        w = of.floats(m, of.STEP_WEIGHT)[i]
    elif f["ramp"] > 0.0:
        w = min(max((since - f["delay"]) / f["ramp"], 0.0), 1.0)
    elif since >= f["delay"]:
        w = 1.0
    if t > end:
        w = w * 0.5 ** ((t - end) / f["half_life"]) if f["half_life"] > 0.0 else 0.0
    return w


@compiled_for_types
def effect_weight(m: Addresses, life: int, e: int, t: float) -> float:
    """Weight of effect e at time t: that of its last spell, or the larger one of what an earlier spell still does."""
    s = of.spells(m)[life, e]
    w = spell_weight(m, e, s["start"], s["end"], t)
    if s["before_start"] < s["before_end"]:
        before = spell_weight(m, e, s["before_start"], s["before_end"], t)
        if t < s["before_end"] or before > 0.0:
            w = max(w, before)
    if s["old_weight"] > 0.0:
        w = max(w, s["old_weight"] * 0.5 ** ((t - s["old_end"]) / of.effects(m)[e]["half_life"]))
    return w


@compiled_for_types
def is_settled(m: Addresses, life: int, e: int, t: float, until: float) -> bool:
    """Whether the weight of effect e is the same at every moment after t and before ``until``."""
    s, f = of.spells(m)[life, e], of.effects(m)[e]
    if s["old_weight"] > 0.0 or s["before_start"] < s["before_end"]:
        return False
    if until <= s["start"]:
        return True
    if t < s["start"] or (t < s["end"] < until):
        return False
    if t >= s["end"]:
        return bool(f["half_life"] == 0.0)
    since, last = t - s["start"], until - s["start"]
    for i in range(f["first_step"], f["first_step"] + f["steps"] - 1):
        if since < of.floats(m, of.STEP_UNTIL)[i] < last:
            return False
    return bool(f["steps"] > 0 or since >= f["delay"] + f["ramp"] or last < f["delay"])


@compiled_for_types
def start_effect(m: Addresses, life: int, e: int, start: float, end: float) -> None:
    """Begin a spell of effect e that lasts to ``end``, or as long as it was measured.

    A spell that is still on is prolonged, but a profile begins anew and runs beside the one before, of several the one
    with the larger weight now. What is left of an ended spell fades beside it.
    """
    s, f = of.spells(m)[life, e], of.effects(m)[e]
    end = min(max(end, start + f["at_least"]), start + f["at_most"])
    if s["start"] <= start < s["end"]:
        if f["steps"] == 0:
            s["end"] = max(s["end"], end)
            return
        last = spell_weight(m, e, s["start"], s["end"], start)
        if not s["before_start"] <= start < s["before_end"] or last >= spell_weight(
            m, e, s["before_start"], s["before_end"], start
        ):
            s["before_start"], s["before_end"] = s["start"], s["end"]
    else:
        left = effect_weight(m, life, e, start)
        s["old_weight"], s["old_end"] = left if f["half_life"] > 0.0 else 0.0, start
        s["before_start"], s["before_end"] = np.inf, 0.0
    s["start"], s["end"] = start, end


@compiled_for_types
def end_effect(m: Addresses, life: int, e: int, t: float) -> None:
    """The support is over: an effect measured on those who are active ends with it, unless it has ended already."""
    s = of.spells(m)[life, e]
    s["end"] = min(s["end"], t)


@compiled_for_types
def _kink(low: float, high: float, at: float) -> float:
    """The end of a piece: ``at`` when it lies inside."""
    return at if low < at < high else high


@compiled_for_types
def weight_days(m: Addresses, life: int, e: int, start: float, end: float) -> float:
    """Integral of an effect's weight over [start, end] days while its spell stays as it is.

    Five-point Gauss-Legendre on each piece between the kinks of the weight; exact for ramps and steps,
    to about 1e-10 for a fading tail.
    """
    s, f = of.spells(m)[life, e], of.effects(m)[e]
    total, low = 0.0, start
    while low < end:
        high = min(end, low + DAYS_PER_YEAR)
        for i in range(f["first_step"], f["first_step"] + f["steps"]):
            high = _kink(low, high, s["start"] + of.floats(m, of.STEP_UNTIL)[i])
            high = _kink(low, high, s["before_start"] + of.floats(m, of.STEP_UNTIL)[i])
        high = _kink(low, high, s["before_end"])
        high = _kink(low, high, s["start"])
        high = _kink(low, high, s["start"] + f["delay"])
        high = _kink(low, high, s["start"] + f["delay"] + f["ramp"])
        high = _kink(low, high, s["end"])
        middle, half = (low + high) / 2.0, (high - low) / 2.0
        for i in range(len(_NODES)):
            total += half * _NODE_WEIGHTS[i] * effect_weight(m, life, e, middle + half * _NODES[i])
        low = high
    return total


@compiled_for_types
def with_pairs(m: Addresses, life: int, total: float, target: int, subject: int, t: float) -> float:
    """A log ratio plus g w1 w2 for each pair of effects on the target that work together."""
    pairs = of.synergies(m)
    for p in range(len(pairs)):
        g = pairs[p]
        if g["target"] == target and g["subject"] == subject:
            total += g["ln_ratio"] * effect_weight(m, life, g["first"], t) * effect_weight(m, life, g["second"], t)
    return total


@compiled_for_types
def ratio_now(m: Addresses, life: int, target: int, subject: int, emergency: int, t: float) -> float:
    """Ratio of all effects on a route, a stay or a take-up: exp of the sum of w ln RR, pairs included."""
    if not of.life(m)[life]["affected"] >> target & 1:
        return 1.0
    total, effects = 0.0, of.effects(m)
    for e in range(len(effects)):
        f = effects[e]
        if f["target"] == target and f["subject"] == subject and (emergency or not f["emergency_only"]):
            total += f["ln_ratio"] * effect_weight(m, life, e, t)
    return math.exp(with_pairs(m, life, total, target, subject, t))


@inlined
def hazard(m: Addresses, life: int, k: int, t: float) -> float:
    """Hazard of clock k just before t, per year: every factor of the model in turn."""
    c, one, bands = of.clocks(m)[k], of.life(m)[life], of.floats(m, of.BANDS)
    age = one["age"] + t / DAYS_PER_YEAR
    h = c["base"] * of.floats2(m, of.BY_HEALTH)[k, one["health"]] * of.floats2(m, of.BY_BAND)[k, band_at(age, bands)]
    h *= of.floats2(m, of.BY_KIND)[k, one["kind"]]
    if c["growth"] != 0.0:
        h *= math.exp(c["growth"] * (age - c["reference_age"]))
    if c["risk_power"] == 1.0:
        h *= one["risk"]
    elif c["risk_power"] > 0.0:
        h *= power(one["risk"], c["risk_power"])
    if t < one["flare_until"]:
        if c["kind"] == _FLARE:
            return 0.0
        h *= c["flare_ratio"]
    if c["amplitude"] > 0.0:
        h *= 1.0 + c["amplitude"] * math.cos(2.0 * math.pi * (t - c["peak_day"]) / DAYS_PER_YEAR)
    if c["trend"] != 0.0 and t > 0.0:
        h *= math.exp(c["trend"] * t / DAYS_PER_YEAR)
    until = of.floats2(m, of.BOOST_UNTIL)
    for b in range(until.shape[1]):
        if t < until[life, b]:
            h *= of.floats2(m, of.BOOST_RATIO)[b, k]
    if one["affected"] & 1:
        x = 0.0
        for i in range(of.ints(m, of.EFFECTS_ON_CLOCK)[k], of.ints(m, of.EFFECTS_ON_CLOCK)[k + 1]):
            e = of.ints(m, of.EFFECT_ORDER)[i]
            x += of.effects(m)[e]["ln_ratio"] * effect_weight(m, life, e, t)
        x = with_pairs(m, life, x, _CLOCK_TARGET, k, t)
        if x != 0.0:
            h *= math.exp(x)
    return h


@inlined
def is_steady(m: Addresses, life: int, k: int, t: float, until: float) -> bool:
    """Whether the hazard of clock k is the same at every moment after t and before ``until``."""
    c = of.clocks(m)[k]
    if c["growth"] != 0.0 or c["amplitude"] > 0.0 or c["trend"] != 0.0:
        return False
    if of.life(m)[life]["affected"] & 1:
        for i in range(of.ints(m, of.EFFECTS_ON_CLOCK)[k], of.ints(m, of.EFFECTS_ON_CLOCK)[k + 1]):
            if not is_settled(m, life, of.ints(m, of.EFFECT_ORDER)[i], t, until):
                return False
    return True


@compiled()
def _largest_product(ln_ratio: float, first: Table, second: Table) -> float:
    """Largest g w1 w2 that two effects can reach between their smallest and largest weights."""
    one = max(ln_ratio * first["least"], ln_ratio * first["peak"])
    other = min(ln_ratio * first["least"], ln_ratio * first["peak"])
    most: float = max(one * second["peak"], one * second["least"], other * second["peak"], other * second["least"])
    return most


@inlined
def hazard_bound(m: Addresses, life: int, k: int, t: float, until: float) -> float:
    """A bound on the hazard of clock k from t to ``until`` while nothing happens and no age band ends."""
    c, one = of.clocks(m)[k], of.life(m)[life]
    age, last_age = one["age"] + t / DAYS_PER_YEAR, one["age"] + until / DAYS_PER_YEAR
    h = c["base"] * of.floats2(m, of.BY_HEALTH)[k, one["health"]] * (1.0 + c["amplitude"])
    h *= of.floats2(m, of.BY_BAND)[k, band_at(age, of.floats(m, of.BANDS))] * of.floats2(m, of.BY_KIND)[k, one["kind"]]
    if c["growth"] != 0.0:
        h *= math.exp(c["growth"] * ((last_age if c["growth"] > 0.0 else age) - c["reference_age"]))
    if c["trend"] != 0.0:
        h *= math.exp(c["trend"] * max(until if c["trend"] > 0.0 else t, 0.0) / DAYS_PER_YEAR)
    if c["risk_power"] > 0.0:
        h *= power(one["risk"], c["risk_power"])
    if t < one["flare_until"]:
        h *= c["flare_ratio"]
    for b in range(len(of.boosts(m))):
        if t < of.floats2(m, of.BOOST_UNTIL)[life, b]:
            h *= of.floats2(m, of.BOOST_RATIO)[b, k]
    if one["affected"] & 1:
        x, effects, pairs = 0.0, of.effects(m), of.synergies(m)
        for i in range(of.ints(m, of.EFFECTS_ON_CLOCK)[k], of.ints(m, of.EFFECTS_ON_CLOCK)[k + 1]):
            e = of.ints(m, of.EFFECT_ORDER)[i]
            if of.spells(m)[life, e]["start"] < until:
                ln = effects[e]["ln_ratio"]
                x += max(ln * effects[e]["least"], ln * effects[e]["peak"])
        for p in range(len(pairs)):
            g = pairs[p]
            if g["target"] == _CLOCK_TARGET and g["subject"] == k:
                x += _largest_product(g["ln_ratio"], effects[g["first"]], effects[g["second"]])
        h *= math.exp(x)
    return h * ROUNDING


# --- candidates ahead ---------------------------------------------------------------------------------


@inlined
def next_birthday(m: Addresses, life: int, t: float) -> float:
    """The day when this life reaches the next age band."""
    age, bands = of.life(m)[life]["age"], of.floats(m, of.BANDS)
    for band in range(1, len(bands)):
        birthday = (bands[band] - age) * DAYS_PER_YEAR
        if t < birthday:
            return birthday
    return np.inf


@inlined
def next_turn(m: Addresses, life: int, t: float) -> float:
    """The day when a flare or an age band ends: hazards may then be far from what they were."""
    birthday, flare_until = next_birthday(m, life, t), of.life(m)[life]["flare_until"]
    return min(birthday, flare_until) if t < flare_until else birthday


@inlined
def next_jump(m: Addresses, life: int, t: float, turn: float) -> float:
    """The day when a hazard of this life jumps by itself: its next turn, or a boost ends."""
    day, boosts = turn, of.floats2(m, of.BOOST_UNTIL)
    for b in range(boosts.shape[1]):
        if t < boosts[life, b]:
            day = min(day, boosts[life, b])
    return day


@inlined
def year_end(m: Addresses, t: float) -> float:
    """The last day that candidates are drawn for: the end of the year."""
    return min(of.number(m, of.HORIZON), (math.floor(t / DAYS_PER_YEAR) + 1.0) * DAYS_PER_YEAR)


@inlined
def look_at_clock(m: Addresses, life: int, k: int, t: float, jump: float, until: float) -> float:
    """Bound on the hazard of a clock from t to ``until``, while none of its factors but age rises.

    The hazard itself is kept when it is steady up to the next jump, else nan.
    """
    c, one = of.clocks(m)[k], of.life(m)[life]
    if (c["kind"] == _HEALTH and c["from_state"] != one["health"]) or (c["kind"] == _FLARE and t < one["flare_until"]):
        of.floats2(m, of.STEADY)[life, k] = 0.0
        return 0.0
    if is_steady(m, life, k, t, min(jump, until)):
        h = hazard(m, life, k, t + (min(jump, until) - t) / 2.0)  # not at t itself, where something may just be ending
        of.floats2(m, of.STEADY)[life, k] = h
        return h
    of.floats2(m, of.STEADY)[life, k] = np.nan
    return hazard_bound(m, life, k, t, until)


@inlined
def is_event(m: Addresses, life: int, k: int, level: float, t: float) -> bool:
    """Whether a candidate at this level of the rate axis is below the hazard, for a life whose hazards were bounded."""
    steady = of.floats2(m, of.STEADY)[life, k]
    if math.isnan(steady):
        return level < hazard(m, life, k, t)
    return level < steady


@inlined
def foresee(m: Addresses, life: int, t: float, until: float) -> None:
    """Draw the heads of the first group of layers for each year, from that of t to that of ``until``."""
    one, clocks = of.life(m)[life], len(of.clocks(m))
    first = int((t - of.number(m, of.FIRST_YEAR)) / DAYS_PER_YEAR)
    end = math.ceil((until - of.number(m, of.FIRST_YEAR)) / DAYS_PER_YEAR)
    draw_marks(
        first * clocks, end * clocks, of.seed(m), one["stream"], one["person"], of.words(m, of.FORESEEN_WORDS),
        of.words(m, of.FORESEEN_NUMBERS), of.words2(m, of.FORESEEN),
    )  # fmt: skip


@inlined
def draw_ahead(m: Addresses, life: int, t: float, until: float) -> tuple[int, float]:
    """Candidates of this person after t, below the bounds in ``DRAWN``: how many, and up to which day.

    The heads of the year must be drawn for this person before: see :func:`foresee`.
    """
    one, clocks = of.life(m)[life], len(of.clocks(m))
    first = int((t - of.number(m, of.FIRST_YEAR)) / DAYS_PER_YEAR) * clocks
    return draw_candidates(
        t, until, of.seed(m), one["stream"], one["person"], of.floats(m, of.DRAWN), of.words(m, of.CLOCK_WORDS),
        of.words2(m, of.FORESEEN), first, of.words2(m, of.LABELS), of.words2(m, of.LUCK),
        of.ints(m, of.COMING), of.floats(m, of.TIMES),
    )  # fmt: skip


@inlined
def clock_of(label: int) -> int:
    """The clock of a candidate."""
    return label >> CLOCK_SHIFT


@inlined
def layer_of(label: int) -> int:
    """The layer of a candidate."""
    return label >> LAYER_SHIFT & LAYER_MASK


@compiled_for_types
def number_of(label: int, t: float) -> int:
    """The number of a candidate at t, in its block, and that of the block."""
    block = int((t - ORIGIN_DAY) / DAYS_PER_YEAR * PARTS[layer_of(label) // GROUP])
    return label & COUNT | block << BLOCK_SHIFT


@inlined
def level_of(label: int, mark: int) -> float:
    """The place of a candidate on the rate axis."""
    layer = layer_of(label)
    return LAYERS[layer] + open_unit(mark) * WIDTHS[layer]


@compiled_for_types
def candidates_ahead(m: Addresses, life: int, t: float) -> tuple[int, float]:
    """Fill ``soon`` with the candidates ahead of one life in the order of time: how many, and up to which day."""
    jump = next_jump(m, life, t, next_turn(m, life, t))
    until = min(year_end(m, t), jump)
    for k in range(len(of.clocks(m))):
        running = of.flags2(m, of.RUNNING)[life, k]
        of.floats(m, of.DRAWN)[k] = look_at_clock(m, life, k, t, jump, until) if running else 0.0
    foresee(m, life, t, until)
    count, end = draw_ahead(m, life, t, until)
    luck = of.words2(m, of.LUCK)
    for i in range(count):
        soon, which = of.soon(m)[i], of.ints(m, of.COMING)[i] & INDEX
        label = int(of.words2(m, of.LABELS)[0, which])
        soon["time"], soon["clock"], soon["layer"] = of.floats(m, of.TIMES)[i], clock_of(label), layer_of(label)
        soon["number"], soon["level"] = number_of(label, soon["time"]), level_of(label, luck[1, which])
        soon["length"], soon["outcome"] = open_unit(luck[2, which]), open_unit(luck[3, which])
    return count, end


@compiled_for_types
def strikes_ahead(m: Addresses, life: int, t: float) -> tuple[int, float]:
    """As `candidates_ahead`, but only the candidates that strike if nothing about this life changes before they do."""
    count, end = candidates_ahead(m, life, t)
    kept = 0
    for i in range(count):
        soon = of.soon(m)[i]
        if is_event(m, life, soon["clock"], soon["level"], soon["time"]):
            of.soon(m)[kept] = soon
            kept += 1
    return kept, end


@compiled_for_types
def next_route(m: Addresses, life: int, place: int, emergency: int, u: float, t: float) -> int:
    """Which route a mark takes at today's ratios, NONE for `otherwise`.

    Intervals stay in file order; a lowered route gives its upper end to `otherwise`, a raised one
    takes from it. Raises ValueError when the raised routes take more than `otherwise` has.
    """
    first, count = of.places(m)[place]["first_route"], of.places(m)[place]["routes"]
    share, ratio, health = of.floats2(m, of.ROUTE_SHARE), of.floats(m, of.RATIOS), of.life(m)[life]["health"]
    low = 0.0
    if not of.life(m)[life]["affected"] >> _ROUTE & 1:
        for i in range(first, first + count):
            low += share[i, health]
            if u < low:
                return i
        return NONE
    total = 0.0
    for i in range(first, first + count):
        ratio[i] = ratio_now(m, life, _ROUTE, i, emergency, t)
        total += share[i, health] * max(ratio[i], 1.0)
    if total > 1.0 + 1e-9:
        raise ValueError("raised route shares exceed 1")
    for i in range(first, first + count):
        p = share[i, health]
        if u < low + p:
            return i if u < low + p * min(ratio[i], 1.0) else NONE
        low += p
    for i in range(first, first + count):
        extra = share[i, health] * max(ratio[i] - 1.0, 0.0)
        if u < low + extra:
            return i
        low += extra
    return NONE
