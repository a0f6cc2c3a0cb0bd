"""Working memory of the engines: a table of addresses, and small functions that read it.

Compiled functions take one argument for everything they know: an int64 table whose rows say where each array
lies and how large it is. Passing a hundred arrays from function to function would make compilation take minutes
and each call from Python microseconds; this way a signature is one pointer. The arrays themselves are owned by
:class:`Memory`, which must outlive the call. A *life* is one person in one arm.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numba
import numpy as np
from numba.extending import intrinsic
from numba.np import arrayobj as numba_arrays
from numpy.typing import NDArray

from simulator.activity.items import (
    BenefitDays,
    EffectDays,
    HealthDays,
    Layout,
    LifeCount,
    LifeDays,
    NeedCount,
    PlaceCount,
    PlaceDays,
    SupportCount,
    SupportDays,
)
from simulator.compiling import compiled, inlined
from simulator.engines.shared.candidates import BLOCK_SHIFT, COUNT, ORIGIN_DAY, ROOM
from simulator.model.model import (
    BOOST,
    CHANGE,
    CLOCK,
    CRITERIA,
    DURATION,
    EFFECT,
    HOME,
    NEED,
    NONE,
    OFFER,
    PLACE,
    ROUTE,
    SUPPORT,
    SYNERGY,
    ClockKind,
    Model,
    Table,
)
from simulator.units import DAYS_PER_YEAR

LIFE = np.dtype(
    [
        ("person", "i8"),
        ("age", "f8"),  # at t = 0
        ("risk", "f8"),
        ("flare_until", "f8"),
        ("stream", "i4"),
        ("cluster", "i4"),
        ("health", "i4"),
        ("affected", "i4"),  # bit set of targets that some effect has begun on
        ("kind", "i8"),
    ]
)
SPELL = np.dtype(  # of an effect: the last, one before it whose profile still runs, and what is left of one that ended
    [
        ("start", "f8"),
        ("end", "f8"),
        ("before_start", "f8"),
        ("before_end", "f8"),  # not after before_start: there is none
        ("old_end", "f8"),
        ("old_weight", "f8"),
    ]
)
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
        ("length_mark", "f8"),
        ("route_mark", "f8"),
        ("candidate", "i4"),
        ("need", "i2"),
        ("layer", "i1"),
        ("emergency", "i1"),
    ]
)
BODY = np.dtype(
    [
        ("jump", "f8"),  # when the next hazard jumps by itself
        ("next_note", "f8"),  # when something that was noted happens, the end of a stay included
        ("looked", "f8"),  # when hazards were last bounded
        ("turn", "f8"),  # when a flare or an age band ends
        ("on", "i8"),  # bit set of supports
        ("place", "i2"),  # NONE: at home
        ("queued", "i2"),  # how many queues this life stands in
        ("waiting", "i2"),  # how many places this life waits for at home
        ("alive", "i1"),
        ("stale", "i1"),  # which hazards have changed since they were last bounded
        ("asleep", "i1"),  # 1: an arm in which all is as in usual care so far
        ("stay_emergency", "i1"),
        ("has_slot", "i1"),
        ("next_slot", "i1"),
        ("support_slot", "i1"),
        ("completed", "i1"),
        ("notes", "i2"),
        ("stay_end", "f8"),
        ("since", "f8"),
        ("over_since", "f8"),
        ("route_mark", "f8"),
        ("to", "i2"),
        ("support", "i2"),
        ("arm", "i2"),
        ("_", "i2"),
        ("row", "i4"),  # of the book that is written, NONE: none
        ("window", "i4"),  # row of its index days, around which windows are filled, NONE: none
        ("window_row", "i4"),  # row of the windows it writes
        ("noted", "i4"),
        ("stay_noted", "i4"),
        ("stay_number", "i4"),
        ("stays", "i8"),  # how many stays are written down
        ("home_since", "f8"),
        ("health_since", "f8"),
        ("flare_since", "f8"),
        ("arrived", "f8"),
        ("ended_day", "f8"),
        ("index_day", "f8"),
    ]
)
ENROL = np.dtype(
    [
        ("active_since", "f8"),
        ("first_start", "f8"),
        ("refused_until", "f8"),
        ("listed_since", "f8"),
        ("volunteer_since", "f8"),
        ("number", "i4"),
        ("starts", "i4"),
        ("has_slot", "i1"),
        ("listed", "i1"),
        ("later", "i1"),
        ("volunteering", "i1"),
        ("_", "i4"),
    ]
)
WAIT = np.dtype([("since", "f8"), ("active", "i4"), ("number", "i4")])
NOTE = np.dtype(
    [
        ("time", "f8"),
        ("x", "f8"),
        ("number", "i4"),
        ("a", "i4"),
        ("b", "i4"),
        ("kind", "i2"),
        ("what", "i2"),
    ]
)
STOP = np.dtype(
    [
        ("time", "f8"),
        ("length", "u4"),  # marks
        ("outcome", "u4"),
        ("candidate", "i4"),
        ("clock", "i2"),
        ("layer", "i1"),
        ("kind", "i1"),
    ]
)
ENTRY = np.dtype([("time", "f8"), ("life", "i8")])
STAY = np.dtype([("start", "f8"), ("end", "f8"), ("place", "i8"), ("emergency", "i8")])
NODE = np.dtype([("since", "f8"), ("next", "i4"), ("prev", "i4"), ("resource", "i2"), ("level", "i2"), ("state", "i4")])
RESOURCE = np.dtype(  # a limited place or a limited support
    [("users", "i8"), ("capacity", "f8"), ("base", "f8"), ("volunteers", "i8"), ("place", "i8"), ("support", "i8")]
)
VISIT = np.dtype(  # what a clock leads to that may be over at once; all 0 for other clocks
    [
        ("plain", "i8"),
        ("place", "i8"),
        ("duration", "i8"),
        ("routes", "i8"),
        ("need_item", "i8"),
        ("visit_item", "i8"),
        ("days_item", "i8"),
    ]
)
IDLE, QUEUED, GRANTED = 0, 1, 2
FRESH, BOOSTED, CHANGED = 0, 1, 2  # no hazard, those that some boost raises, any

(
    SUPPORT_END, PROGRAMME_END, LIST_END, LIST_LAPSE, KEEP_END, VOLUNTEER_START, VOLUNTEER_END, WAIT_LIMIT, START_DUE,
    FIRST_DAY,
) = range(10)  # fmt: skip
STAYS_PER_YEAR = 1024
AXES = 5


class Field(NamedTuple):
    """One array of the memory: what it is called, what it holds, and what its axes count."""

    name: str
    dtype: np.dtype[Any]
    axes: tuple[str, ...]


FIELDS: list[Field] = []
"""Every array of the memory, in the order of the rows of the table of addresses."""


def _field(name: str, dtype: Any, *axes: str) -> int:
    """One more array; the number of its row."""
    FIELDS.append(Field(name, np.dtype(dtype), axes))
    return len(FIELDS) - 1


_LIFE = _field("life", LIFE, "life")
_BODY = _field("body", BODY, "life")
_JOURNEY = _field("journey", JOURNEY, "life")
_NODES = _field("nodes", NODE, "node")
_RESOURCES = _field("resources", RESOURCE, "resource")
_CLOCKS = _field("clocks", CLOCK, "clock")
_BOOSTS = _field("boosts", BOOST, "boost")
_DURATIONS = _field("durations", DURATION, "duration")
_NEEDS = _field("needs", NEED, "need")
_PLACES = _field("places", PLACE, "place")
_ROUTES = _field("routes", ROUTE, "route")
_SUPPORTS = _field("supports", SUPPORT, "support")
_OFFERS = _field("offers", OFFER, "offer")
_CRITERIA = _field("criteria", CRITERIA, "criterion")
_EFFECTS = _field("effects", EFFECT, "effect")
_SYNERGIES = _field("synergies", SYNERGY, "synergy")
_CHANGES = _field("changes", CHANGE, "change")
_SOON = _field("soon", SOON, "candidate")
_SPELLS = _field("spells", SPELL, "life", "effect")
_WAITS = _field("waits", WAIT, "life", "limited place")
_WAIT_JOURNEY = _field("wait_journey", JOURNEY, "life", "limited place")
_ENROL = _field("enrol", ENROL, "life", "support")
_NOTES = _field("notes", NOTE, "life", "note")
_STAYS = _field("stays", STAY, "life", "stay")
_STOPS = _field("stops", STOP, "life")
_CALENDAR = _field("calendar", ENTRY, "entry")
PLACE_IN_CALENDAR = _field("place_in_calendar", np.int32, "life")
BANDS = _field("bands", np.float64, "band")
DURATION_DAYS = _field("duration_days", np.float64, "length")
STEP_UNTIL = _field("step_until", np.float64, "step")
STEP_WEIGHT = _field("step_weight", np.float64, "step")
BENEFIT_DAYS = _field("benefit_days", np.float64, "benefit")
AGE_EDGES = _field("age_edges", np.float64, "edge")
AGE_SHARE = _field("age_share", np.float64, "interval")
ENTRANT_AGE_EDGES = _field("entrant_age_edges", np.float64, "edge")
ENTRANT_AGE_SHARE = _field("entrant_age_share", np.float64, "interval")
BOUND = _field("bound", np.float64, "clock")
DRAWN = _field("drawn", np.float64, "clock")
BOOST_MOST = _field("boost_most", np.float64, "clock")
TIMES = _field("times", np.float64, "candidate")
RATIOS = _field("ratios", np.float64, "route")
BY_HEALTH = _field("by_health", np.float64, "clock", "state")
BY_BAND = _field("by_band", np.float64, "clock", "band")
BY_KIND = _field("by_kind", np.float64, "clock", "kind")
BOOST_RATIO = _field("boost_ratio", np.float64, "boost", "clock")
DURATION_BY_HEALTH = _field("duration_by_health", np.float64, "duration", "state")
ROUTE_SHARE = _field("route_share", np.float64, "route", "state")
STARTING_SHARE = _field("starting_share", np.float64, "support", "state")
OPENS = _field("opens", np.float64, "support", "cluster")
OFFER_BY_HEALTH = _field("offer_by_health", np.float64, "offer", "state")
OFFER_BY_KIND = _field("offer_by_kind", np.float64, "offer", "kind")
GROUP_SHARE = _field("group_share", np.float64, "group", "band", "value")
GROUP_SIZES = _field("group_sizes", np.int64, "group")
CRITERION_KINDS = _field("criterion_kinds", np.uint8, "criterion", "kind")
EFFECT_KINDS = _field("effect_kinds", np.uint8, "effect", "kind")
INITIAL_HEALTH = _field("initial_health", np.float64, "band", "state")
ENTRANT_HEALTH = _field("entrant_health", np.float64, "one", "state")
BOOST_UNTIL = _field("boost_until", np.float64, "life", "boost")
DISCHARGED = _field("discharged", np.float64, "life", "place")
WEIGHED_UNTIL = _field("weighed_until", np.float64, "life", "utility effect")
STEADY = _field("steady", np.float64, "life", "clock")
WINDOW_INDEX = _field("window_index", np.float64, "row", "programme arm")
RECENTS = _field("recents", np.float64, "life", "place", "one of the last")
BOOK = _field("book", np.float64, "row", "year", "item")
WINDOWS = _field("windows", np.float64, "row", "programme arm", "world", "side", "measure")
LUCK = _field("luck", np.uint32, "word", "candidate")
LABELS = _field("labels", np.uint32, "word", "candidate")
CLOCK_WORDS = _field("clock_words", np.uint32, "clock")
FORESEEN = _field("foreseen", np.uint32, "word", "year and clock")
FORESEEN_WORDS = _field("foreseen_words", np.uint32, "year and clock")
FORESEEN_NUMBERS = _field("foreseen_numbers", np.uint32, "year and clock")
NEED_LEVEL = _field("need_level", np.int64, "need")
EFFECTS_ON_CLOCK = _field("effects_on_clock", np.int64, "clock + 1")
EFFECT_ORDER = _field("effect_order", np.int64, "effect")
BENEFIT_SUPPORT = _field("benefit_support", np.int64, "benefit")
WILLING_WORDS = _field("willing_words", np.int64, "support")
LENGTH_WORDS = _field("length_words", np.int64, "support")
STARTING_WORDS = _field("starting_words", np.int64, "support")
VOLUNTEER_WORDS = _field("volunteer_words", np.int64, "support")
TRAIT_WORDS = _field("trait_words", np.int64, "trait")
PLACE_RESOURCE = _field("place_resource", np.int64, "place")
SUPPORT_RESOURCE = _field("support_resource", np.int64, "support")
GRANTS = _field("grants", np.int32, "granted")
RING = _field("ring", np.int64, "end")
COMING = _field("coming", np.int64, "place in the ring")
STAY_WORDS = _field("stay_words", np.int64, "need", "place")
EVENT_OFFER_WORDS = _field("event_offer_words", np.int64, "need", "offer")
REDIRECT_WORDS = _field("redirect_words", np.int64, "need", "support")
PASSES = _field("passes", np.uint8, "life", "place")
HEADS = _field("heads", np.int64, "resource", "level")
TAILS = _field("tails", np.int64, "resource", "level")
VISIT_OFFERS = _field("visit_offers", np.uint8, "place")
DISCHARGE_OFFERS = _field("discharge_offers", np.uint8, "place")
VISIT_OFFERS_SHARED = _field("visit_offers_shared", np.uint8, "place")
DISCHARGE_OFFERS_SHARED = _field("discharge_offers_shared", np.uint8, "place")
SUPPORT_SHARED = _field("support_shared", np.uint8, "support")
ARMS = _field("arms", np.uint8, "arm", "support")
RUNNING = _field("running", np.uint8, "life", "clock")
BOOSTED_CLOCKS = _field("boosted_clocks", np.uint8, "clock")
MEMBER = _field("member", np.uint8, "row", "programme arm")
_VISITS = _field("visits", VISIT, "clock")
_NUMBERS = _field("numbers", np.float64, "number")
_WHOLES = _field("wholes", np.int64, "whole number")

NUMBERS = ("start", "first_year", "horizon", "risk_log_sd", "window_days")
WHOLES = (
    "seed", "minded", "flare_length", "zero_level", "clusters", "recent", "years", "forks", "first_day_shared",
    "need_counts", "support_counts", "life_counts", "days", "support_days", "life_days", "health_days",
    "utility_days", "benefit_items",
)  # fmt: skip
START, FIRST_YEAR, HORIZON, RISK_LOG_SD, WINDOW_DAYS = range(len(NUMBERS))
(
    SEED, MINDED, FLARE_LENGTH, ZERO_LEVEL, CLUSTERS, RECENT, YEARS, FORKS, FIRST_DAY_SHARED, NEED_COUNTS,
    SUPPORT_COUNTS, LIFE_COUNTS, DAYS, SUPPORT_DAYS, LIFE_DAYS, HEALTH_DAYS, UTILITY_DAYS, BENEFIT_ITEMS,
) = range(len(WHOLES))  # fmt: skip

types: Any = numba.types
arrayobj: Any = numba_arrays
Addresses = int  # where the table of addresses lies: rows are fields, columns the address and the length of each axis


def _view(dtype: Any, axes: int, only: int = NONE) -> Any:
    """A function that gives an array of the memory, inlined into its callers.

    It takes the address of the table and the number of the field, or just the address where there is only one field.
    An array that a compiled function returns is reference-counted, which would cost more than the access.
    """
    kind = types.Array(numba.from_dtype(np.dtype(dtype)), axes, "C")

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word = context.get_value_type(types.intp)
        field = word(only) if only != NONE else arguments[1]
        first, row = builder.mul(field, word(1 + AXES)), builder.inttoptr(arguments[0], word.as_pointer())
        found = [builder.load(builder.gep(row, [builder.add(first, word(i))])) for i in range(1 + axes)]
        strides = [word(context.get_abi_sizeof(context.get_data_type(kind.dtype)))]
        for length in found[:1:-1]:
            strides.insert(0, builder.mul(strides[0], length))
        array = arrayobj.make_array(kind)(context, builder)
        data = builder.inttoptr(found[0], array.data.type)
        arrayobj.populate_array(array, data=data, shape=found[1:], strides=strides, itemsize=strides[-1], meminfo=None)
        return array._getvalue()

    def of_field(typing_context: Any, m: Any, field: Any) -> Any:
        return kind(types.int64, types.int64), generate

    def of_the_field(typing_context: Any, m: Any) -> Any:
        return kind(types.int64), generate

    return intrinsic(of_field if only == NONE else of_the_field)


def _only(field: int) -> Any:
    """A function that gives the array of one field."""
    return _view(FIELDS[field].dtype, len(FIELDS[field].axes), field)


floats = _view(np.float64, 1)
floats2 = _view(np.float64, 2)
floats3 = _view(np.float64, 3)
floats5 = _view(np.float64, 5)
words = _view(np.uint32, 1)
words2 = _view(np.uint32, 2)
ints = _view(np.int64, 1)
small = _view(np.int32, 1)
ints2 = _view(np.int64, 2)
flags = _view(np.uint8, 1)
flags2 = _view(np.uint8, 2)
life = _only(_LIFE)
body = _only(_BODY)
journey = _only(_JOURNEY)
nodes = _only(_NODES)
resources = _only(_RESOURCES)
clocks = _only(_CLOCKS)
boosts = _only(_BOOSTS)
durations = _only(_DURATIONS)
needs = _only(_NEEDS)
places = _only(_PLACES)
routes = _only(_ROUTES)
supports = _only(_SUPPORTS)
offers = _only(_OFFERS)
criteria = _only(_CRITERIA)
effects = _only(_EFFECTS)
synergies = _only(_SYNERGIES)
changes = _only(_CHANGES)
soon = _only(_SOON)
spells = _only(_SPELLS)
waits = _only(_WAITS)
wait_journey = _only(_WAIT_JOURNEY)
enrol = _only(_ENROL)
notes = _only(_NOTES)
stops = _only(_STOPS)
calendar = _only(_CALENDAR)
visits = _only(_VISITS)
stays = _only(_STAYS)


@inlined
def number(m: Addresses, which: int) -> float:
    """One of the numbers."""
    return floats(m, _NUMBERS)[which]


@inlined
def whole(m: Addresses, which: int) -> int:
    """One of the whole numbers."""
    return ints(m, _WHOLES)[which]


@compiled("uint64(int64)")
def seed(m: Addresses) -> int:
    """The key of every draw."""
    return np.uint64(ints(m, _WHOLES)[SEED])  # type: ignore[return-value]


@dataclass(frozen=True)
class Memory:
    """The arrays of one engine call and the table of their addresses."""

    arrays: dict[str, NDArray[Any]]
    table: Addresses  # valid for as long as the arrays live

    @classmethod
    def of(cls, arrays: dict[str, NDArray[Any]], numbers: dict[str, float], wholes: dict[str, int]) -> Memory:
        """The memory of these arrays.

        Raises:
            TypeError: an array that is not what its field says; the kernel would read other bits.
        """
        given = arrays | {
            "numbers": np.array([numbers[name] for name in NUMBERS], dtype=np.float64),
            "wholes": np.array([wholes[name] for name in WHOLES], dtype=np.int64),
        }
        kept = {field.name: _as_declared(field, given[field.name]) for field in FIELDS}
        table = np.zeros((len(kept), 1 + AXES), dtype=np.int64)
        for row, array in enumerate(kept.values()):
            table[row, 0] = array.ctypes.data
            table[row, 1 : 1 + array.ndim] = array.shape
        return cls(kept | {"table": table}, table.ctypes.data)


def _as_declared(field: Field, array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype != field.dtype or array.ndim != len(field.axes):
        found, allowed = f"{array.dtype} with {array.ndim} axes", f"{field.dtype} [{', '.join(field.axes)}]"
        raise TypeError(f"{field.name}: found {found}; allowed {allowed}")
    return np.ascontiguousarray(array)


def memory(
    model: Model,
    lives: int,
    *,
    book: NDArray[np.float64] | None = None,
    index: NDArray[np.float64] | None = None,
    member: NDArray[np.uint8] | None = None,
    windows: NDArray[np.float64] | None = None,
    forks: bool = False,
    together: bool = False,
) -> Memory:
    """Memory for so many lives.

    Args:
        model: the rules.
        lives: how many lives are simulated at a time.
        book: what is counted, and days, are added to it; without one nothing is written down.  # [row, year, item]
        index: index days around which windows are filled, nan: none.  # [row, programme arm]
        member: 1 for those who start, 2 for those who also complete, 0 for others.  # [row, programme arm]
        windows: the years before and after index days.  # [row, programme arm, world, side, measure]
        forks: the lives are the arms of one person, which part when something differs.
        together: everyone is in memory at once, each with a stop in a calendar.
    """
    shared, numbers, wholes = _rules(model)
    places, supports, clocks = len(model.places), len(model.supports), len(model.clocks)
    resources = _resources(model, shared["place_resource"], shared["support_resource"])
    nodes = lives * (len(resources) + 2) if len(resources) else 0
    limited = int((shared["place_resource"] != NONE).sum())
    room = clocks * ROOM + 80  # padding: rows a power of two apart would compete for the same cache lines
    levels = 1 + max([wholes["zero_level"], *shared["need_level"].tolist()])
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
        "waits": np.zeros((lives, limited), dtype=WAIT),
        "wait_journey": np.zeros((lives, limited), dtype=JOURNEY),
        "enrol": np.zeros((lives, supports), dtype=ENROL),
        "notes": np.zeros((lives, _most_notes(model)), dtype=NOTE),
        "stays": np.zeros((lives, STAYS_PER_YEAR * _years(model) if forks else 0), dtype=STAY),
        "stops": np.zeros(lives if together else 0, dtype=STOP),
        "calendar": np.zeros(lives if together else 0, dtype=ENTRY),
        "place_in_calendar": np.zeros(lives if together else 0, dtype=np.int32),
        "bound": np.zeros(clocks),
        "drawn": np.zeros(clocks),
        "times": np.zeros(room),
        "ratios": np.zeros(len(model.routes)),
        "window_index": np.full((1, len(model.arms) - 1), np.nan) if index is None else index,
        "member": np.zeros((1, len(model.arms) - 1), dtype=np.uint8) if member is None else member,
        "boost_until": np.zeros((lives, len(model.boosts))),
        "discharged": np.zeros((lives, places)),
        "weighed_until": np.zeros((lives, len(model.utility_effects))),
        "steady": np.zeros((lives, clocks)),
        "recents": np.zeros((lives, places, wholes["recent"])),
        "book": np.zeros((0, model.years, 0)) if book is None else book,
        "windows": nothing if windows is None else windows,
        "labels": np.zeros((4, room), dtype=np.uint32),
        "luck": np.zeros((4, room), dtype=np.uint32),
        "foreseen": np.zeros((4, len(shared["foreseen_words"])), dtype=np.uint32),
        "grants": np.zeros(nodes + 1, dtype=np.int32),
        "ring": np.zeros(2, dtype=np.int64),
        "coming": np.zeros(2 * room, dtype=np.int64),
        "passes": np.zeros((lives, places), dtype=np.uint8),
        "heads": np.full((len(resources), levels), NONE, dtype=np.int64),
        "tails": np.full((len(resources), levels), NONE, dtype=np.int64),
        "running": np.zeros((lives, clocks), dtype=np.uint8),
    }
    return Memory.of(shared | empty, numbers, wholes)


def _most_notes(model: Model) -> int:
    """How much one agenda may hold at a time: the first day, limits of waits, and what each support may note."""
    rows = model.supports
    delayed = {int(offer["support"]) for offer in model.offers if offer["delay"] != NONE}
    dates = ("ends_day", "closes_day", "keep_days", "lapse_days")
    ends = (rows["length"] != NONE).sum() + sum(np.isfinite(rows[name]).sum() for name in dates)
    volunteering = 4 * (rows["tenure"] != NONE).sum()  # trained again before the first training is over
    return int(1 + np.isfinite(model.places["limit_days"]).sum() + ends + volunteering + len(delayed))


def _years(model: Model) -> int:
    """Years lived through, the warm-up included."""
    return model.years + int(model.warm_up_days // 365) + 1


def _rules(model: Model) -> tuple[dict[str, NDArray[Any]], dict[str, float], dict[str, int]]:
    """What every life of a model shares: arrays, numbers and whole numbers by field."""
    layout = model.layout
    levels = {p: i for i, p in enumerate(sorted({*model.needs["priority"].tolist(), 0}))}
    place_resource = _numbered(model.places["slots"] != NONE, 0)
    support_resource = _numbered(np.isfinite(model.supports["places"]), int((place_resource >= 0).sum()))
    support_shared = _touching_others(model, support_resource >= 0)
    words, them = model.words, model.population
    first_year = math.floor(-model.warm_up_days / DAYS_PER_YEAR)
    years = np.arange(first_year, model.years) - int(ORIGIN_DAY / DAYS_PER_YEAR)
    tables = (
        "clocks", "boosts", "durations", "needs", "places", "routes", "supports", "offers", "criteria", "effects",
        "synergies", "changes", "by_health", "by_band", "by_kind", "bands", "boost_ratio", "duration_by_health",
        "duration_days", "route_share", "starting_share", "opens", "offer_by_health", "offer_by_kind", "step_until",
        "step_weight", "effects_on_clock", "effect_order", "benefit_support", "benefit_days",
    )  # fmt: skip
    arrays = {name: getattr(model, name) for name in tables}
    arrays |= {
        "boosted_clocks": (model.boost_ratio != 1.0).any(axis=0).astype(np.uint8),
        "boost_most": np.maximum(model.boost_ratio, 1.0).prod(axis=0),
        "clock_words": words.clocks.astype(np.uint32),
        "foreseen_words": np.tile(words.clocks.astype(np.uint32), len(years)),
        "foreseen_numbers": np.repeat(years << BLOCK_SHIFT | COUNT, len(words.clocks)).astype(np.uint32),
        "stay_words": words.stay,
        "event_offer_words": words.event_offer,
        "redirect_words": words.redirect,
        "willing_words": words.willing,
        "length_words": words.length,
        "starting_words": words.starting,
        "volunteer_words": words.volunteer,
        "trait_words": trait_words(model),
        "age_edges": them.age_edges,
        "age_share": them.age_share,
        "initial_health": them.initial_health,
        "entrant_age_edges": them.entrant_age_edges,
        "entrant_age_share": them.entrant_age_share,
        "entrant_health": them.entrant_health[None, :],
        "group_share": them.group_share,
        "group_sizes": them.group_sizes,
        "criterion_kinds": model.criterion_kinds.astype(np.uint8),
        "effect_kinds": model.effect_kinds.astype(np.uint8),
        "arms": model.arms.astype(np.uint8),
        "need_level": np.array([levels[p] for p in model.needs["priority"].tolist()], dtype=np.int64),
        "place_resource": place_resource,
        "support_resource": support_resource,
        "visits": _visits(model, layout),
        "visit_offers": _offers_at(model, "on_visit", support_resource >= NONE),
        "discharge_offers": _offers_at(model, "on_discharge", support_resource >= NONE),
        "visit_offers_shared": _offers_at(model, "on_visit", support_shared),
        "discharge_offers_shared": _offers_at(model, "on_discharge", support_shared),
        "support_shared": support_shared.astype(np.uint8),
    }
    numbers = {
        "start": -model.warm_up_days,
        "first_year": first_year * DAYS_PER_YEAR,
        "horizon": model.horizon,
        "risk_log_sd": them.risk_log_sd,
        "window_days": model.window_days,
    }
    wholes = {
        "seed": int(np.uint64(model.seed).astype(np.int64)),
        "minded": sum(1 << i for i, row in enumerate(model.supports) if row["pause"] or row["redirect_place"] != NONE),
        "flare_length": model.flare_length,
        "zero_level": levels[0],
        "clusters": them.clusters,
        "recent": max([0, *(int(row["at_least"]) for row in model.criteria if row["recent_place"] != NONE)]),
        "years": model.years,
        "first_day_shared": int(_starts_share(model, support_shared)),
        "need_counts": layout.first[NeedCount],
        "support_counts": layout.first[SupportCount],
        "life_counts": layout.first[LifeCount],
        "days": layout.counts_size,
    }
    days = {
        "support_days": layout.first[SupportDays],
        "life_days": layout.first[LifeDays],
        "health_days": layout.first[HealthDays],
        "utility_days": layout.first[EffectDays],
        "benefit_items": layout.first[BenefitDays],
    }
    return arrays, numbers, wholes | {name: layout.counts_size + first for name, first in days.items()}


def _numbered(limited: NDArray[np.bool_], first: int) -> NDArray[np.int64]:
    """Number of the queue of each limited place or support, NONE for the others."""
    return np.where(limited, first + np.cumsum(limited) - 1, NONE).astype(np.int64)


def trait_words(model: Model) -> NDArray[np.int64]:
    """Decision words of the traits: age, health, personal risk, cluster, then each group."""
    words = model.words
    return np.array([words.age, words.health, words.risk, words.cluster, *words.groups], dtype=np.int64)


def plain_needs(model: Model) -> NDArray[np.uint8]:
    """Needs that lead to a planned stay which affects nothing else, in a place from which people go home: [need]."""
    rows = model.places
    plain = (rows["slots"] == NONE) & (rows["emergency"] == 0) & (rows["otherwise"] == HOME)
    plain[
        [offer[event] for offer in model.offers for event in ("on_visit", "on_discharge") if offer[event] != NONE]
    ] = 0
    plain[model.boosts["after"]] = 0
    return (plain[model.needs["goes_to"]] & (model.needs["emergency"] == 0)).astype(np.uint8)


def _visits(model: Model, layout: Layout) -> Table:
    """Plain visits by the clock that brings them: where to, how long, and where they are written."""
    table, plain = np.zeros(len(model.clocks), dtype=VISIT), plain_needs(model)
    for row, clock in zip(table, model.clocks, strict=True):
        if clock["kind"] == ClockKind.NEED and plain[clock["subject"]]:
            place = int(model.needs[clock["subject"]]["goes_to"])
            row["plain"], row["place"], row["duration"] = 1, place, model.places[place]["planned_stay"]
            row["routes"] = model.places[place]["routes"]
            row["need_item"] = layout.at(NeedCount.NEEDS, clock["subject"])
            row["visit_item"] = layout.at(PlaceCount.VISITS, place)
            row["days_item"] = layout.counts_size + layout.at(PlaceDays.DAYS, place)
    return table


def _offers_at(model: Model, event: str, among: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Places where this event may offer one of these supports: [place]."""
    touched = np.zeros(len(model.places), dtype=np.uint8)
    for offer in model.offers:
        if offer[event] != NONE and among[offer["support"]]:
            touched[offer[event]] = 1
    return touched


def _touching_others(model: Model, limited: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Supports whose start may touch other people: limited ones, and those that end a limited one: [support]."""
    limited_set = sum(1 << i for i in np.flatnonzero(limited).tolist())
    return limited | (model.supports["ends"] & limited_set != 0)


def _starts_share(model: Model, shared: NDArray[np.bool_]) -> bool:
    """Whether people who are on a programme from day 0 are so at the expense of others."""
    return bool((model.starting_share[shared & (model.supports["programme"] == 1)] > 0.0).any())


def _resources(model: Model, places: NDArray[np.int64], supports: NDArray[np.int64]) -> Table:
    """Limited places, then limited supports, with their capacity."""
    table = np.zeros(int((places >= 0).sum() + (supports >= 0).sum()), dtype=RESOURCE)
    table["place"], table["support"] = NONE, NONE
    for place, which in enumerate(places):
        if which >= 0:
            table[which]["place"], table[which]["capacity"] = place, model.places[place]["slots"]
    for support, which in enumerate(supports):
        if which >= 0:
            table[which]["support"], table[which]["base"] = support, model.supports[support]["places"]
            table[which]["capacity"] = int(float(model.supports[support]["places"]) + 1e-9)
    return table
