"""Working memory of the engines: a table of addresses, and small functions that read it.

Compiled functions take one argument for everything they know: an int64 table whose rows say where each array
lies and how large it is. Passing a hundred arrays from function to function would make compilation take minutes
and each call from Python microseconds; this way a signature is one pointer. The arrays themselves are owned by
:class:`Memory`, which must outlive the call. A *life* is one person in one arm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numba.extending import intrinsic
from numpy.typing import NDArray

from simulator.compiling import compiled, fixed
from simulator.engines.records import Layout
from simulator.model import (
    BOOST,
    CHANGE,
    CLOCK,
    CRITERIA,
    DURATION,
    EFFECT,
    NEED,
    NONE,
    OFFER,
    PLACE,
    ROUTE,
    SUPPORT,
    SYNERGY,
    Model,
    Table,
)

LIFE = np.dtype(
    [
        ("person", "i8"),
        ("stream", "i8"),
        ("age", "f8"),  # at t = 0
        ("risk", "f8"),
        ("cluster", "i8"),
        ("health", "i8"),
        ("flare_until", "f8"),
        ("any_effect", "i8"),
    ]
)
SPELL = np.dtype([("start", "f8"), ("end", "f8"), ("old_end", "f8"), ("old_weight", "f8")])
SOON = np.dtype(
    [
        ("time", "f8"),
        ("clock", "i8"),
        ("layer", "i8"),
        ("number", "i8"),  # block and candidate
        ("level", "f8"),  # on the rate axis: an event when below the hazard
        ("length", "f8"),
        ("outcome", "f8"),
    ]
)
JOURNEY = np.dtype(
    [
        ("need", "i8"),
        ("layer", "i8"),
        ("candidate", "i8"),
        ("length_mark", "f8"),
        ("route_mark", "f8"),
        ("emergency", "i8"),
    ]
)
BODY = np.dtype(
    [
        ("arm", "i8"),
        ("alive", "i8"),
        ("asleep", "i8"),  # 1: an arm in which all is as in usual care so far
        ("stale", "i8"),  # 1: hazards have changed since they were looked at
        ("next_note", "f8"),  # when something that was noted happens, the end of a stay included
        ("stay_end", "f8"),
        ("stay_noted", "i8"),
        ("place", "i8"),  # NONE: at home
        ("since", "f8"),
        ("stay_emergency", "i8"),
        ("stay_number", "i8"),
        ("route_mark", "f8"),
        ("to", "i8"),
        ("support", "i8"),
        ("over_since", "f8"),
        ("has_slot", "i8"),
        ("next_slot", "i8"),
        ("support_slot", "i8"),
        ("on", "i8"),  # bit set of supports
        ("home_since", "f8"),
        ("health_since", "f8"),
        ("flare_since", "f8"),
        ("arrived", "f8"),
        ("ended_day", "f8"),
        ("index_day", "f8"),
        ("completed", "i8"),
        ("notes", "i8"),
        ("noted", "i8"),
        ("waiting", "i8"),  # how many places this life waits for at home
        ("queued", "i8"),  # how many queues this life stands in
        ("stays", "i8"),  # how many stays are written down
        ("row", "i8"),  # of the book that is written, NONE: none
        ("window", "i8"),  # row of the windows it writes, NONE: none
    ]
)
ENROL = np.dtype(
    [
        ("number", "i8"),
        ("active_since", "f8"),
        ("has_slot", "i8"),
        ("starts", "i8"),
        ("first_start", "f8"),
        ("refused_until", "f8"),
        ("listed", "i8"),
        ("listed_since", "f8"),
        ("later", "i8"),
        ("volunteering", "i8"),
        ("volunteer_since", "f8"),
    ]
)
WAIT = np.dtype([("active", "i8"), ("number", "i8"), ("since", "f8")])
NOTE = np.dtype(
    [("time", "f8"), ("kind", "i8"), ("number", "i8"), ("what", "i8"), ("a", "i8"), ("b", "i8"), ("x", "f8")]
)
STAY = np.dtype([("start", "f8"), ("end", "f8"), ("place", "i8"), ("emergency", "i8")])
NODE = np.dtype([("state", "i8"), ("resource", "i8"), ("since", "f8"), ("level", "i8"), ("next", "i8"), ("prev", "i8")])
RESOURCE = np.dtype([("users", "i8"), ("capacity", "f8"), ("base", "f8"), ("volunteers", "i8")])
IDLE, QUEUED, GRANTED = 0, 1, 2

SUPPORT_END, PROGRAMME_END, KEEP_END, VOLUNTEER_START, VOLUNTEER_END, WAIT_LIMIT, START_DUE, FIRST_DAY = range(8)
NOTES = 32
STAYS_PER_YEAR = 1024
MOST_CANDIDATES_PER_CLOCK = 768  # 64 a year below the layers whose blocks are shorter, 48 in each of those, and chance
AXES = 5

# rows of the table: one an array, then one for the numbers and one for the whole numbers
FIELDS = (
    "life", "body", "journey", "nodes", "resources", "clocks", "boosts", "durations", "needs", "places",
    "routes", "supports", "offers", "criteria", "effects", "synergies", "changes", "soon", "spells", "waits",
    "wait_journey", "enrol", "notes", "stays", "bands", "duration_days", "step_until", "step_weight",
    "benefit_days", "age_edges", "age_share", "entrant_age_edges", "entrant_age_share", "bound", "times",
    "ratios", "by_health", "by_band", "boost_ratio", "duration_by_health", "route_share", "starting_share",
    "opens", "offer_by_health", "initial_health", "entrant_health", "boost_until", "discharged",
    "weighed_until", "steady", "four", "window_index", "recents", "book", "windows", "keys", "clock_words",
    "need_level", "effects_on_clock", "effect_order", "benefit_support", "willing_words", "length_words",
    "starting_words", "volunteer_words", "trait_words", "place_resource", "support_resource", "grants", "ring",
    "order", "stay_words", "event_offer_words", "redirect_words", "passes", "heads", "tails", "owner",
    "visit_offers", "discharge_offers", "visit_offers_shared", "discharge_offers_shared", "arms", "running",
)  # fmt: skip
NUMBERS = ("start", "horizon", "risk_log_sd")
WHOLES = (
    "seed", "flare_length", "zero_level", "levels", "clusters", "recent", "years", "forks", "need_counts",
    "support_counts", "life_counts", "days", "support_days", "life_days", "health_days", "utility_days",
    "benefit_items",
)  # fmt: skip
(
    _LIFE, _BODY, _JOURNEY, _NODES, _RESOURCES, _CLOCKS, _BOOSTS, _DURATIONS, _NEEDS, _PLACES, _ROUTES,
    _SUPPORTS, _OFFERS, _CRITERIA, _EFFECTS, _SYNERGIES, _CHANGES, _SOON, _SPELLS, _WAITS, _WAIT_JOURNEY,
    _ENROL, _NOTES, _STAYS, BANDS, DURATION_DAYS, STEP_UNTIL, STEP_WEIGHT, BENEFIT_DAYS, AGE_EDGES, AGE_SHARE,
    ENTRANT_AGE_EDGES, ENTRANT_AGE_SHARE, BOUND, TIMES, RATIOS, BY_HEALTH, BY_BAND, BOOST_RATIO,
    DURATION_BY_HEALTH, ROUTE_SHARE, STARTING_SHARE, OPENS, OFFER_BY_HEALTH, INITIAL_HEALTH, ENTRANT_HEALTH,
    BOOST_UNTIL, DISCHARGED, WEIGHED_UNTIL, STEADY, FOUR, WINDOW_INDEX, RECENTS, BOOK, WINDOWS, KEYS,
    CLOCK_WORDS, NEED_LEVEL, EFFECTS_ON_CLOCK, EFFECT_ORDER, BENEFIT_SUPPORT, WILLING_WORDS, LENGTH_WORDS,
    STARTING_WORDS, VOLUNTEER_WORDS, TRAIT_WORDS, PLACE_RESOURCE, SUPPORT_RESOURCE, GRANTS, RING, ORDER,
    STAY_WORDS, EVENT_OFFER_WORDS, REDIRECT_WORDS, PASSES, HEADS, TAILS, OWNER, VISIT_OFFERS, DISCHARGE_OFFERS,
    VISIT_OFFERS_SHARED, DISCHARGE_OFFERS_SHARED, ARMS, RUNNING,
) = range(len(FIELDS))  # fmt: skip
_NUMBERS, _WHOLES = len(FIELDS), len(FIELDS) + 1
START, HORIZON, RISK_LOG_SD = range(len(NUMBERS))
(
    SEED, FLARE_LENGTH, ZERO_LEVEL, LEVELS, CLUSTERS, RECENT, YEARS, FORKS, NEED_COUNTS, SUPPORT_COUNTS,
    LIFE_COUNTS, DAYS, SUPPORT_DAYS, LIFE_DAYS, HEALTH_DAYS, UTILITY_DAYS, BENEFIT_ITEMS,
) = range(len(WHOLES))  # fmt: skip

carray: Any = vars(numba)["carray"]
types: Any = numba.types
Addresses = NDArray[np.int64]  # [field, (address, length along each axis)]


@intrinsic
def _as_pointer(typing_context: Any, address: Any) -> Any:
    """An address as a pointer."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(types.voidptr))

    return types.voidptr(types.int64), generate


_pointer: Any = _as_pointer


@compiled()
def floats(m: Addresses, which: int) -> NDArray[np.float64]:
    """An array of the memory, 1 axis."""
    return carray(_pointer(m[which, 0]), (m[which, 1],), np.float64)


@compiled()
def floats2(m: Addresses, which: int) -> NDArray[np.float64]:
    """An array of the memory, 2 axes."""
    return carray(_pointer(m[which, 0]), (m[which, 1], m[which, 2]), np.float64)


@compiled()
def floats3(m: Addresses, which: int) -> NDArray[np.float64]:
    """An array of the memory, 3 axes."""
    return carray(_pointer(m[which, 0]), (m[which, 1], m[which, 2], m[which, 3]), np.float64)


@compiled()
def floats5(m: Addresses, which: int) -> NDArray[np.float64]:
    """An array of the memory, 5 axes."""
    return carray(_pointer(m[which, 0]), (m[which, 1], m[which, 2], m[which, 3], m[which, 4], m[which, 5]), np.float64)


@compiled()
def words2(m: Addresses, which: int) -> NDArray[np.uint32]:
    """An array of the memory, 2 axes."""
    return carray(_pointer(m[which, 0]), (m[which, 1], m[which, 2]), np.uint32)


@compiled()
def ints(m: Addresses, which: int) -> NDArray[np.int64]:
    """An array of the memory, 1 axis."""
    return carray(_pointer(m[which, 0]), (m[which, 1],), np.int64)


@compiled()
def ints2(m: Addresses, which: int) -> NDArray[np.int64]:
    """An array of the memory, 2 axes."""
    return carray(_pointer(m[which, 0]), (m[which, 1], m[which, 2]), np.int64)


@compiled()
def flags(m: Addresses, which: int) -> NDArray[np.uint8]:
    """An array of the memory, 1 axis."""
    return carray(_pointer(m[which, 0]), (m[which, 1],), np.uint8)


@compiled()
def flags2(m: Addresses, which: int) -> NDArray[np.uint8]:
    """An array of the memory, 2 axes."""
    return carray(_pointer(m[which, 0]), (m[which, 1], m[which, 2]), np.uint8)


@compiled()
def life(m: Addresses) -> Table:
    """Life."""
    return carray(_pointer(m[_LIFE, 0]), (m[_LIFE, 1],), LIFE)


@compiled()
def body(m: Addresses) -> Table:
    """Body."""
    return carray(_pointer(m[_BODY, 0]), (m[_BODY, 1],), BODY)


@compiled()
def journey(m: Addresses) -> Table:
    """Journey."""
    return carray(_pointer(m[_JOURNEY, 0]), (m[_JOURNEY, 1],), JOURNEY)


@compiled()
def nodes(m: Addresses) -> Table:
    """Nodes."""
    return carray(_pointer(m[_NODES, 0]), (m[_NODES, 1],), NODE)


@compiled()
def resources(m: Addresses) -> Table:
    """Resources."""
    return carray(_pointer(m[_RESOURCES, 0]), (m[_RESOURCES, 1],), RESOURCE)


@compiled()
def clocks(m: Addresses) -> Table:
    """Clocks."""
    return carray(_pointer(m[_CLOCKS, 0]), (m[_CLOCKS, 1],), CLOCK)


@compiled()
def boosts(m: Addresses) -> Table:
    """Boosts."""
    return carray(_pointer(m[_BOOSTS, 0]), (m[_BOOSTS, 1],), BOOST)


@compiled()
def durations(m: Addresses) -> Table:
    """Durations."""
    return carray(_pointer(m[_DURATIONS, 0]), (m[_DURATIONS, 1],), DURATION)


@compiled()
def needs(m: Addresses) -> Table:
    """Needs."""
    return carray(_pointer(m[_NEEDS, 0]), (m[_NEEDS, 1],), NEED)


@compiled()
def places(m: Addresses) -> Table:
    """Places."""
    return carray(_pointer(m[_PLACES, 0]), (m[_PLACES, 1],), PLACE)


@compiled()
def routes(m: Addresses) -> Table:
    """Routes."""
    return carray(_pointer(m[_ROUTES, 0]), (m[_ROUTES, 1],), ROUTE)


@compiled()
def supports(m: Addresses) -> Table:
    """Supports."""
    return carray(_pointer(m[_SUPPORTS, 0]), (m[_SUPPORTS, 1],), SUPPORT)


@compiled()
def offers(m: Addresses) -> Table:
    """Offers."""
    return carray(_pointer(m[_OFFERS, 0]), (m[_OFFERS, 1],), OFFER)


@compiled()
def criteria(m: Addresses) -> Table:
    """Criteria."""
    return carray(_pointer(m[_CRITERIA, 0]), (m[_CRITERIA, 1],), CRITERIA)


@compiled()
def effects(m: Addresses) -> Table:
    """Effects."""
    return carray(_pointer(m[_EFFECTS, 0]), (m[_EFFECTS, 1],), EFFECT)


@compiled()
def synergies(m: Addresses) -> Table:
    """Synergies."""
    return carray(_pointer(m[_SYNERGIES, 0]), (m[_SYNERGIES, 1],), SYNERGY)


@compiled()
def changes(m: Addresses) -> Table:
    """Changes."""
    return carray(_pointer(m[_CHANGES, 0]), (m[_CHANGES, 1],), CHANGE)


@compiled()
def soon(m: Addresses) -> Table:
    """Soon."""
    return carray(_pointer(m[_SOON, 0]), (m[_SOON, 1],), SOON)


@compiled()
def spells(m: Addresses) -> Table:
    """Spells: [life, one of them]."""
    return carray(_pointer(m[_SPELLS, 0]), (m[_SPELLS, 1], m[_SPELLS, 2]), SPELL)


@compiled()
def waits(m: Addresses) -> Table:
    """Waits: [life, one of them]."""
    return carray(_pointer(m[_WAITS, 0]), (m[_WAITS, 1], m[_WAITS, 2]), WAIT)


@compiled()
def wait_journey(m: Addresses) -> Table:
    """Wait journey: [life, one of them]."""
    return carray(_pointer(m[_WAIT_JOURNEY, 0]), (m[_WAIT_JOURNEY, 1], m[_WAIT_JOURNEY, 2]), JOURNEY)


@compiled()
def enrol(m: Addresses) -> Table:
    """Enrol: [life, one of them]."""
    return carray(_pointer(m[_ENROL, 0]), (m[_ENROL, 1], m[_ENROL, 2]), ENROL)


@compiled()
def notes(m: Addresses) -> Table:
    """Notes: [life, one of them]."""
    return carray(_pointer(m[_NOTES, 0]), (m[_NOTES, 1], m[_NOTES, 2]), NOTE)


@compiled()
def stays(m: Addresses) -> Table:
    """Stays: [life, one of them]."""
    return carray(_pointer(m[_STAYS, 0]), (m[_STAYS, 1], m[_STAYS, 2]), STAY)


@fixed
def number(m: Addresses, which: int) -> float:
    """One of the numbers."""
    return floats(m, _NUMBERS)[which]


@fixed
def whole(m: Addresses, which: int) -> int:
    """One of the whole numbers."""
    return ints(m, _WHOLES)[which]


@compiled()
def seed(m: Addresses) -> int:
    """The key of every draw."""
    return np.uint64(whole(m, SEED))  # type: ignore[return-value]


@dataclass(frozen=True)
class Memory:
    """The arrays of one engine call and the table of their addresses."""

    arrays: dict[str, NDArray[Any]]
    table: Addresses

    @classmethod
    def of(cls, arrays: dict[str, NDArray[Any]], numbers: dict[str, float], wholes: dict[str, int]) -> Memory:
        """Lay the arrays out; every field is needed once."""
        kept = {name: np.ascontiguousarray(arrays[name]) for name in FIELDS}
        kept["numbers"] = np.array([numbers[name] for name in NUMBERS], dtype=np.float64)
        kept["wholes"] = np.array([wholes[name] for name in WHOLES], dtype=np.int64)
        table = np.zeros((len(kept), 1 + AXES), dtype=np.int64)
        for row, array in enumerate(kept.values()):
            table[row, 0] = array.ctypes.data
            table[row, 1 : 1 + array.ndim] = array.shape
        return cls(kept, table)


def memory(
    model: Model,
    lives: int,
    *,
    book: NDArray[np.float64] | None = None,
    windows: NDArray[np.float64] | None = None,
    forks: bool = False,
) -> Memory:
    """Memory for so many lives.

    Args:
        model: the rules.
        lives: how many lives are in hand at a time.
        book: what is counted, and days, are added to it; without one nothing is written down.  # [row, year, item]
        windows: years before and after known index days.  # [row, programme arm, world, side, measure]
        forks: the lives are the arms of one person, which part when something differs.
    """
    shared, numbers, wholes = _rules(model)
    places, supports, clocks = len(model.places), len(model.supports), len(model.clocks)
    resources = _resources(model, shared["place_resource"], shared["support_resource"])
    nodes = lives * (places + supports + 2) if len(resources) else 0
    room = clocks * MOST_CANDIDATES_PER_CLOCK
    nothing = np.zeros((0, len(model.arms) - 1, 2, 2, 4 * places + 2))
    wholes["forks"] = int(forks)
    empty: dict[str, NDArray[Any]] = {
        "life": np.zeros(lives, dtype=LIFE),
        "body": np.zeros(lives, dtype=BODY),
        "journey": np.zeros(lives, dtype=JOURNEY),
        "nodes": np.zeros(nodes, dtype=NODE),
        "resources": resources,
        "soon": np.zeros(room, dtype=SOON),
        "spells": np.zeros((lives, len(model.effects)), dtype=SPELL),
        "waits": np.zeros((lives, places), dtype=WAIT),
        "wait_journey": np.zeros((lives, places), dtype=JOURNEY),
        "enrol": np.zeros((lives, supports), dtype=ENROL),
        "notes": np.zeros((lives, NOTES), dtype=NOTE),
        "stays": np.zeros((lives, STAYS_PER_YEAR * _years(model) if forks else 0), dtype=STAY),
        "bound": np.zeros(clocks),
        "times": np.zeros(room),
        "ratios": np.zeros(len(model.routes)),
        "window_index": np.full((0 if windows is None else len(windows), len(model.arms) - 1), np.nan),
        "boost_until": np.zeros((lives, len(model.boosts))),
        "discharged": np.zeros((lives, places)),
        "weighed_until": np.zeros((lives, len(model.utility_effects))),
        "steady": np.zeros((lives, clocks)),
        "four": np.zeros((4, room)),
        "recents": np.zeros((lives, places, wholes["recent"])),
        "book": np.zeros((0, model.years, 0)) if book is None else book,
        "windows": nothing if windows is None else windows,
        "keys": np.zeros((2, room), dtype=np.uint32),
        "grants": np.zeros(nodes + 1, dtype=np.int64),
        "ring": np.zeros(2, dtype=np.int64),
        "order": np.zeros(room, dtype=np.int64),
        "passes": np.zeros((lives, places), dtype=np.int64),
        "heads": np.full((len(resources), wholes["levels"]), NONE, dtype=np.int64),
        "tails": np.full((len(resources), wholes["levels"]), NONE, dtype=np.int64),
        "owner": np.zeros((3, room), dtype=np.int64),
        "running": np.zeros((lives, clocks), dtype=np.uint8),
    }
    return Memory.of(shared | empty, numbers, wholes)


def _years(model: Model) -> int:
    """Years lived through, the warm-up included."""
    return model.years + int(model.warm_up_days // 365) + 1


def _rules(model: Model) -> tuple[dict[str, NDArray[Any]], dict[str, float], dict[str, int]]:
    """What every life of a model shares: arrays, numbers and whole numbers by field."""
    layout = Layout.of(model)
    levels = {p: i for i, p in enumerate(sorted({*model.needs["priority"].tolist(), 0}))}
    place_resource = _numbered(model.places["slots"] != NONE, 0)
    support_resource = _numbered(np.isfinite(model.supports["places"]), int((place_resource >= 0).sum()))
    words, them = model.words, model.population
    tables = (
        "clocks", "boosts", "durations", "needs", "places", "routes", "supports", "offers", "criteria", "effects",
        "synergies", "changes", "by_health", "by_band", "bands", "boost_ratio", "duration_by_health",
        "duration_days", "route_share", "starting_share", "opens", "offer_by_health", "step_until", "step_weight",
        "effects_on_clock", "effect_order", "benefit_support", "benefit_days",
    )  # fmt: skip
    arrays = {name: getattr(model, name) for name in tables}
    arrays |= {
        "clock_words": words.clocks,
        "stay_words": words.stay,
        "event_offer_words": words.event_offer,
        "redirect_words": words.redirect,
        "willing_words": words.willing,
        "length_words": words.length,
        "starting_words": words.starting,
        "volunteer_words": words.volunteer,
        "trait_words": np.array([words.age, words.health, words.risk, words.cluster], dtype=np.int64),
        "age_edges": them.age_edges,
        "age_share": them.age_share,
        "initial_health": them.initial_health,
        "entrant_age_edges": them.entrant_age_edges,
        "entrant_age_share": them.entrant_age_share,
        "entrant_health": them.entrant_health[None, :],
        "arms": model.arms.astype(np.uint8),
        "need_level": np.array([levels[p] for p in model.needs["priority"].tolist()], dtype=np.int64),
        "place_resource": place_resource,
        "support_resource": support_resource,
        "visit_offers": _offers_at(model, "on_visit", support_resource >= NONE),
        "discharge_offers": _offers_at(model, "on_discharge", support_resource >= NONE),
        "visit_offers_shared": _offers_at(model, "on_visit", support_resource >= 0),
        "discharge_offers_shared": _offers_at(model, "on_discharge", support_resource >= 0),
    }
    numbers = {"start": -model.warm_up_days, "horizon": model.horizon, "risk_log_sd": them.risk_log_sd}
    wholes = {
        "seed": int(np.uint64(model.seed).astype(np.int64)),
        "flare_length": model.flare_length,
        "zero_level": levels[0],
        "levels": len(levels),
        "clusters": them.clusters,
        "recent": max([1, *model.criteria["at_least"].tolist()]),
        "years": model.years,
        "need_counts": layout.need_counts,
        "support_counts": layout.support_counts,
        "life_counts": layout.life_counts,
        "days": layout.counts_size,
    }
    days = {
        "support_days": layout.support_days,
        "life_days": layout.life_days,
        "health_days": layout.health_days,
        "utility_days": layout.utility_days,
        "benefit_items": layout.benefit_days,
    }
    return arrays, numbers, wholes | {name: layout.counts_size + first for name, first in days.items()}


def _numbered(limited: NDArray[np.bool_], first: int) -> NDArray[np.int64]:
    """Number of the queue of each limited place or support, NONE for the others."""
    return np.where(limited, first + np.cumsum(limited) - 1, NONE).astype(np.int64)


def _offers_at(model: Model, event: str, among: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Places where this event may offer one of these supports: [place]."""
    touched = np.zeros(len(model.places), dtype=np.uint8)
    for offer in model.offers:
        if offer[event] != NONE and among[offer["support"]]:
            touched[offer[event]] = 1
    return touched


def _resources(model: Model, places: NDArray[np.int64], supports: NDArray[np.int64]) -> Table:
    """Limited places, then limited supports, with their capacity."""
    table = np.zeros(int((places >= 0).sum() + (supports >= 0).sum()), dtype=RESOURCE)
    for place, which in enumerate(places):
        if which >= 0:
            table[which]["capacity"] = model.places[place]["slots"]
    for support, which in enumerate(supports):
        if which >= 0:
            table[which]["base"] = model.supports[support]["places"]
            table[which]["capacity"] = int(float(model.supports[support]["places"]) + 1e-9)
    return table
