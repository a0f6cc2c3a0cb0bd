"""The compiled functions that both engines call: layers, hazards, effect weights, lengths, routes.

A clock's candidates are the points of a Poisson process on (time, rate): the rate axis is cut at
fixed bounds b[0] = 0 < b[1] < ... into layers, each layer's time axis into blocks of about eight
expected candidates. The candidate number n of block m of a layer is keyed by (clock, layer, m, n, person,
stream) and by nothing else, so every arm sees the same points. A candidate with mark u in layer k
is an event when  b[k] + u (b[k+1] - b[k]) < h(t-).  Exact for any hazard that varies in time (Lewis &
Shedler 1979; coupling: Anderson, arXiv 1109.2890). No fast-math: the order of operations is part of
the meaning.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import from_dtype
from numpy.typing import NDArray

from simulator.compiling import compiled
from simulator.model import DAYS_PER_YEAR as DAYS_PER_YEAR
from simulator.model import ClockKind, Length, Table, Target
from simulator.streams import Word, uniform4

ORIGIN_DAY = -150 * DAYS_PER_YEAR
BLOCK_CANDIDATES = 8.0
BLOCK_SHIFT, PASS_SHIFT = 8, 28

LIFE = np.dtype(
    [
        ("person", "i8"),
        ("stream", "i8"),
        ("age", "f8"),  # at t = 0
        ("risk", "f8"),
        ("cluster", "i8"),
        ("health", "i8"),
        ("flare_until", "f8"),
        ("horizon", "f8"),
        ("any_effect", "i8"),
    ]
)
SPELL = np.dtype([("start", "f8"), ("end", "f8"), ("old_end", "f8"), ("old_weight", "f8")])
CURSOR = np.dtype(
    [("time", "f8"), ("mark", "f8"), ("length", "f8"), ("outcome", "f8"), ("block", "i8"), ("number", "i8")]
)
UNSET = -np.inf
_CURSOR: Any = from_dtype(CURSOR)

_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(5)

_DEATH, _FLARE, _HEALTH = int(ClockKind.DEATH), int(ClockKind.FLARE), int(ClockKind.HEALTH)
_FIXED, _EXPONENTIAL, _LOGNORMAL = int(Length.FIXED), int(Length.EXPONENTIAL), int(Length.LOGNORMAL)
_WEIBULL, _UNIFORM = int(Length.WEIBULL), int(Length.UNIFORM)
_CLOCK_TARGET = int(Target.CLOCK)


@compiled()
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


@compiled()
def length_days(
    durations: Table,
    by_health: NDArray[np.float64],
    table: NDArray[np.float64],
    which: int,
    health: int,
    u: float,
) -> float:
    """Quantile of a duration: the zero-day atom first, then the positive part."""
    d = durations[which]
    if u < d["zero_share"]:
        return 0.0
    v: float = (u - d["zero_share"]) / (1.0 - d["zero_share"])
    days: float
    if d["dist"] == _FIXED:
        days = d["a"]
    elif d["dist"] == _EXPONENTIAL:
        days = -d["a"] * math.log(1.0 - v)
    elif d["dist"] == _LOGNORMAL:
        days = math.exp(d["a"] + d["b"] * ndtri(v))
    elif d["dist"] == _WEIBULL:
        days = d["a"] * (-math.log(1.0 - v)) ** (1.0 / d["b"])
    elif d["dist"] == _UNIFORM:
        days = d["a"] + v * (d["b"] - d["a"])
    else:
        days = table[d["first"] + int(v * d["count"])]
    return days * float(by_health[which, health])


@compiled()
def effect_weight(
    e: int,
    t: float,
    effects: Table,
    spells: Table,
    step_until: NDArray[np.float64],
    step_weight: NDArray[np.float64],
) -> float:
    """Weight of effect e at time t: delay, ramp (or profile), then halving after the end."""
    s = spells[e]
    f = effects[e]
    w = 0.0
    if t >= s["start"]:
        since = min(t, s["end"]) - s["start"]
        if f["steps"] > 0:
            w = step_weight[f["first_step"] + f["steps"] - 1]
            for i in range(f["first_step"], f["first_step"] + f["steps"]):
                if since < step_until[i]:
                    w = step_weight[i]
                    break
        elif f["ramp"] > 0.0:
            w = min(max((since - f["delay"]) / f["ramp"], 0.0), 1.0)
        elif since >= f["delay"]:
            w = 1.0
        if t > s["end"]:
            w = w * 0.5 ** ((t - s["end"]) / f["half_life"]) if f["half_life"] > 0.0 else 0.0
    if s["old_weight"] > 0.0:
        w = max(w, s["old_weight"] * 0.5 ** ((t - s["old_end"]) / f["half_life"]))
    return w


@compiled()
def start_effect(
    e: int,
    start: float,
    end: float,
    effects: Table,
    spells: Table,
    step_until: NDArray[np.float64],
    step_weight: NDArray[np.float64],
) -> None:
    """Begin a spell of effect e, or prolong the one that is still on; what is left of an ended one fades beside it."""
    if spells[e]["start"] <= start < spells[e]["end"]:
        spells[e]["end"] = max(spells[e]["end"], end)
        return
    left = effect_weight(e, start, effects, spells, step_until, step_weight)
    spells[e]["old_weight"] = left if effects[e]["half_life"] > 0.0 else 0.0
    spells[e]["old_end"] = start
    spells[e]["start"] = start
    spells[e]["end"] = end


@compiled()
def weight_days(
    e: int,
    start: float,
    end: float,
    effects: Table,
    spells: Table,
    step_until: NDArray[np.float64],
    step_weight: NDArray[np.float64],
) -> float:
    """Integral of an effect's weight over [start, end] days while its spell stays as it is.

    Five-point Gauss-Legendre on each piece between the kinks of the weight; exact for ramps and steps,
    to about 1e-10 for a fading tail.
    """
    s, f = spells[e], effects[e]
    total, low = 0.0, start
    while low < end:
        high = min(end, low + DAYS_PER_YEAR)
        for i in range(f["first_step"], f["first_step"] + f["steps"]):
            high = _kink(low, high, s["start"] + step_until[i])
        high = _kink(low, high, s["start"])
        high = _kink(low, high, s["start"] + f["delay"])
        high = _kink(low, high, s["start"] + f["delay"] + f["ramp"])
        high = _kink(low, high, s["end"])
        middle, half = (low + high) / 2.0, (high - low) / 2.0
        for i in range(len(_NODES)):
            at = middle + half * _NODES[i]
            total += half * _NODE_WEIGHTS[i] * effect_weight(e, at, effects, spells, step_until, step_weight)
        low = high
    return total


@compiled()
def _kink(low: float, high: float, at: float) -> float:
    """The end of a piece: ``at`` when it lies inside."""
    return at if low < at < high else high


@compiled()
def log_ratio(
    target: int,
    subject: int,
    emergency: int,
    t: float,
    effects: Table,
    spells: Table,
    step_until: NDArray[np.float64],
    step_weight: NDArray[np.float64],
    synergies: Table,
) -> float:
    """Sum of w ln RR over the effects on a target, plus g w1 w2 over its synergies."""
    total = 0.0
    for e in range(len(effects)):
        f = effects[e]
        if f["target"] == target and f["subject"] == subject and (emergency or not f["emergency_only"]):
            total += f["ln_ratio"] * effect_weight(e, t, effects, spells, step_until, step_weight)
    return with_pairs(total, target, subject, t, effects, spells, step_until, step_weight, synergies)


@compiled()
def with_pairs(
    total: float,
    target: int,
    subject: int,
    t: float,
    effects: Table,
    spells: Table,
    step_until: NDArray[np.float64],
    step_weight: NDArray[np.float64],
    synergies: Table,
) -> float:
    """A log ratio plus g w1 w2 for each pair of effects on the target that work together."""
    for p in range(len(synergies)):
        g = synergies[p]
        if g["target"] == target and g["subject"] == subject:
            total += (
                g["ln_ratio"]
                * effect_weight(g["first"], t, effects, spells, step_until, step_weight)
                * effect_weight(g["second"], t, effects, spells, step_until, step_weight)
            )
    return total


@compiled()
def ratio_now(
    target: int,
    subject: int,
    emergency: int,
    t: float,
    effects: Table,
    spells: Table,
    step_until: NDArray[np.float64],
    step_weight: NDArray[np.float64],
    synergies: Table,
) -> float:
    """The ratio itself, exp of :func:`log_ratio`."""
    return math.exp(log_ratio(target, subject, emergency, t, effects, spells, step_until, step_weight, synergies))


@compiled()
def power(x: float, y: float) -> float:
    """Raise x to the power y, the one way both engines compute it."""
    raised: float = x**y
    return raised


@compiled()
def band_at(age: float, bands: NDArray[np.float64]) -> int:
    """Age band: the last whose lower end has been reached, the first below that."""
    band = 0
    while band + 1 < len(bands) and age >= bands[band + 1]:
        band += 1
    return band


@compiled()
def hazard(
    k: int,
    t: float,
    life: Table,
    clocks: Table,
    by_health: NDArray[np.float64],
    by_band: NDArray[np.float64],
    bands: NDArray[np.float64],
    boost_ratio: NDArray[np.float64],
    boost_until: NDArray[np.float64],
    effects: Table,
    spells: Table,
    step_until: NDArray[np.float64],
    step_weight: NDArray[np.float64],
    effects_on_clock: NDArray[np.int64],
    effect_order: NDArray[np.int64],
    synergies: Table,
) -> float:
    """Hazard of clock k just before t, per year: every factor of the model in turn."""
    c = clocks[k]
    one = life[0]
    age = one["age"] + t / DAYS_PER_YEAR
    h: float = c["base"] * by_health[k, one["health"]] * by_band[k, band_at(age, bands)]
    if c["growth"] != 0.0:
        h *= math.exp(c["growth"] * (age - c["reference_age"]))
    if c["risk_power"] == 1.0:
        h *= one["risk"]
    elif c["risk_power"] > 0.0:
        h *= one["risk"] ** c["risk_power"]
    if t < one["flare_until"]:
        if c["kind"] == _FLARE:
            return 0.0
        h *= c["flare_ratio"]
    if c["amplitude"] > 0.0:
        h *= 1.0 + c["amplitude"] * math.cos(2.0 * math.pi * (t - c["peak_day"]) / DAYS_PER_YEAR)
    for b in range(len(boost_until)):
        if t < boost_until[b]:
            h *= boost_ratio[b, k]
    if one["any_effect"]:
        x = 0.0
        for i in range(effects_on_clock[k], effects_on_clock[k + 1]):
            e = effect_order[i]
            x += effects[e]["ln_ratio"] * effect_weight(e, t, effects, spells, step_until, step_weight)
        x = with_pairs(x, _CLOCK_TARGET, k, t, effects, spells, step_until, step_weight, synergies)
        if x != 0.0:
            h *= math.exp(x)
    return h


@compiled()
def hazard_bound(
    k: int,
    t: float,
    life: Table,
    clocks: Table,
    by_health: NDArray[np.float64],
    by_band: NDArray[np.float64],
    bands: NDArray[np.float64],
    boost_ratio: NDArray[np.float64],
    boost_until: NDArray[np.float64],
    effects: Table,
    spells: Table,
    effects_on_clock: NDArray[np.int64],
    effect_order: NDArray[np.int64],
    synergies: Table,
) -> float:
    """A bound on the hazard of clock k from t to the horizon while the person's state stays as it is."""
    c = clocks[k]
    one = life[0]
    if c["kind"] == _HEALTH and c["from_state"] != one["health"]:
        return 0.0
    last_age = one["age"] + one["horizon"] / DAYS_PER_YEAR
    band = band_at(one["age"] + t / DAYS_PER_YEAR, bands)
    worst = by_band[k, band]
    while band + 1 < len(bands) and bands[band + 1] <= last_age:
        band += 1
        worst = max(worst, by_band[k, band])
    h: float = c["base"] * by_health[k, one["health"]] * worst * (1.0 + c["amplitude"])
    if c["growth"] != 0.0:
        age = last_age if c["growth"] > 0.0 else one["age"] + t / DAYS_PER_YEAR
        h *= math.exp(c["growth"] * (age - c["reference_age"]))
    if c["risk_power"] > 0.0:
        h *= one["risk"] ** c["risk_power"]
    if t < one["flare_until"]:
        h *= max(1.0, c["flare_ratio"])
    for b in range(len(boost_until)):
        if t < boost_until[b]:
            h *= max(1.0, boost_ratio[b, k])
    if one["any_effect"]:
        x = 0.0
        for i in range(effects_on_clock[k], effects_on_clock[k + 1]):
            e = effect_order[i]
            if spells[e]["start"] < np.inf:
                ln = effects[e]["ln_ratio"]
                x += max(ln * effects[e]["least"], ln * effects[e]["peak"])
        for p in range(len(synergies)):
            g = synergies[p]
            if g["target"] == _CLOCK_TARGET and g["subject"] == k:
                x += _largest_product(g["ln_ratio"], effects[g["first"]], effects[g["second"]])
        h *= math.exp(x)
    return h


@compiled()
def _largest_product(ln_ratio: float, first: np.void, second: np.void) -> float:
    """The most that a pair of effects can add to a log ratio, at the corners of their weights."""
    one: float = max(ln_ratio * first["least"], ln_ratio * first["peak"])
    other: float = min(ln_ratio * first["least"], ln_ratio * first["peak"])
    most: float = max(one * second["peak"], one * second["least"], other * second["peak"], other * second["least"])
    return most


@compiled()
def step(cursors: Table, i: int, t: float, rate: float, word: int, seed: Word, life: Table) -> None:
    """Move cursor i of one layer on by one candidate; from an unset cursor, to the block that holds t."""
    c = cursors[i]
    days = DAYS_PER_YEAR / rate
    block_days = BLOCK_CANDIDATES * days
    block, number = c["block"], c["number"]
    at = c["time"]
    home = np.int64(math.floor((t - ORIGIN_DAY) / block_days))
    if at == UNSET or block < home:
        block, number = home, -1
        at = ORIGIN_DAY + block * block_days
    while True:
        number += 1
        u = uniform4(seed, one_stream(life), one_person(life), word, number | (block << BLOCK_SHIFT))
        at += -math.log(u[0]) * days
        if at < ORIGIN_DAY + (block + 1) * block_days:
            break
        block, number = block + 1, -1
        at = ORIGIN_DAY + block * block_days
    c["time"], c["mark"], c["length"], c["outcome"] = at, u[1], u[2], u[3]
    c["block"], c["number"] = block, number


@compiled()
def one_person(life: Table) -> int:
    """The person's id."""
    return int(life[0]["person"])


@compiled()
def one_stream(life: Table) -> int:
    """The stream the person lives in."""
    return int(life[0]["stream"])


@compiled()
def next_event(
    t: float,
    until: float,
    away: bool,
    seed: Word,
    life: Table,
    running: NDArray[np.uint8],
    cursors: Table,
    layers: NDArray[np.float64],
    words: NDArray[np.int64],
    clocks: Table,
    by_health: NDArray[np.float64],
    by_band: NDArray[np.float64],
    bands: NDArray[np.float64],
    boost_ratio: NDArray[np.float64],
    boost_until: NDArray[np.float64],
    effects: Table,
    spells: Table,
    step_until: NDArray[np.float64],
    step_weight: NDArray[np.float64],
    effects_on_clock: NDArray[np.int64],
    effect_order: NDArray[np.int64],
    synergies: Table,
) -> tuple[float, int, int, int, float, float]:
    """The first event after t and before ``until`` if the person's state stays as it is.

    Returns (time, clock, layer, candidate, length mark, outcome mark); the clock is -1 when none
    comes before ``until``. Cursors keep each layer's first candidate after t and are only ever a
    cache: the answer does not depend on where they stood.

    Raises ValueError when a hazard is above the top layer.
    """
    best, found, layer, candidate, length, outcome = until, -1, 0, 0, 0.0, 0.0
    ahead = np.empty(1, _CURSOR)
    for k in range(len(clocks)):
        if not running[k] or (away and not clocks[k]["runs_away"]):
            continue
        bound = hazard_bound(
            k, t, life, clocks, by_health, by_band, bands, boost_ratio, boost_until,
            effects, spells, effects_on_clock, effect_order, synergies,
        )  # fmt: skip
        if bound > layers[-1]:
            raise ValueError("hazard above the top layer")
        for j in range(len(layers) - 1):
            if layers[j] >= bound:
                break
            i = k * (len(layers) - 1) + j
            width = layers[j + 1] - layers[j]
            word = words[k] | j
            while cursors[i]["time"] <= t:
                step(cursors, i, t, width, word, seed, life)
            if cursors[i]["time"] >= best:
                continue
            ahead[0] = cursors[i]
            while ahead[0]["time"] < best:
                level = layers[j] + ahead[0]["mark"] * width
                at = ahead[0]["time"]
                if level < bound and level < hazard(
                    k, at, life, clocks, by_health, by_band, bands, boost_ratio, boost_until,
                    effects, spells, step_until, step_weight, effects_on_clock, effect_order, synergies,
                ):  # fmt: skip
                    best, found, layer = at, k, j
                    candidate = ahead[0]["number"] | (ahead[0]["block"] << BLOCK_SHIFT)
                    length, outcome = ahead[0]["length"], ahead[0]["outcome"]
                    break
                step(ahead, 0, at, width, word, seed, life)
    return best, found, layer, candidate, length, outcome


@compiled()
def choose_route(
    first: int,
    count: int,
    health: int,
    u: float,
    share: NDArray[np.float64],
    ratio: NDArray[np.float64],
) -> int:
    """Which route a mark takes, -1 for `otherwise`.

    Intervals stay in file order; a lowered route gives its upper end to `otherwise`, a raised one
    takes from it. Raises ValueError when the raised routes take more than `otherwise` has.
    """
    total = 0.0
    for i in range(count):
        total += share[first + i, health] * max(ratio[i], 1.0)
    if total > 1.0 + 1e-9:
        raise ValueError("raised route shares exceed 1")
    low = 0.0
    for i in range(count):
        p = share[first + i, health]
        if u < low + p:
            return first + i if u < low + p * min(ratio[i], 1.0) else -1
        low += p
    for i in range(count):
        extra = share[first + i, health] * max(ratio[i] - 1.0, 0.0)
        if u < low + extra:
            return first + i
        low += extra
    return -1
