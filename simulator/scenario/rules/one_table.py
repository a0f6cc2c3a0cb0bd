"""Turns the sound tables of a scenario into the faults that a single value cannot show: lengths, orders, sums, pairs.

Each rule belongs to one class of table and is given that table and the :class:`Setting`, the few facts about the rest
of the scenario that rules need. Rules between several tables are in :mod:`simulator.scenario.rules.between`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

from simulator.scenario import tables as types
from simulator.scenario.addresses import Path
from simulator.scenario.names import Names, known, table_in
from simulator.scenario.tables import Table
from simulator.scenario.toml.tree import Issue
from simulator.uncertainty.quantity import Cost, Days, Quantity, Rate, Shares
from simulator.uncertainty.spread import plain
from simulator.units import DAYS_PER_YEAR

SUM_TOLERANCE = 1e-9
GRADES = tuple("123456")
MOST_KINDS = 4096
"""Combinations of values of groups: each has a ratio of its own on every clock."""
MOST_CELLS = 1024
"""Combinations of parts that are counted apart: each has a ledger of its own in memory."""

T = TypeVar("T", bound=Table)
Rule = Callable[[Path, T, "Setting"], Iterator[Issue]]
_RULES: list[tuple[type[Table], Rule[Any]]] = []


@dataclass(frozen=True)
class Setting:
    """What rules need to know of the rest of the scenario; None where it cannot be read."""

    states: Names
    bands: Names
    lowest_band: float | None
    clusters: int
    warm_up_days: float
    window_days: float


def setting(data: Mapping[str, Any]) -> Setting:
    """The setting of some data.

    Args:
        data: a resolved tree, sound or not.

    >>> setting({"population": {"age_bands": [65]}, "horizon": {"warm_up_years": 2}}).warm_up_days
    730.5
    """
    names = known(data).names
    population, horizon = table_in(data, "population"), table_in(data, "horizon")
    bands = names["age band"]
    clusters, warm_up = population.get("clusters", 1), horizon.get("warm_up_years", 0.0)
    window = horizon.get("window_days", types.Horizon().window_days)
    return Setting(
        names["health state"],
        bands,
        float(bands[0]) if bands else None,
        clusters if isinstance(clusters, int) else 1,
        DAYS_PER_YEAR * warm_up if isinstance(warm_up, int | float) else 0.0,
        window if isinstance(window, int | float) else 0.0,
    )


def incoherent(found: Iterable[tuple[Path, Table | Quantity]], facts: Setting) -> Iterator[Issue]:
    """Every fault of the rules in this module.

    Args:
        found: sound tables and quantities with their paths.
        facts: the setting they stand in.
    """
    for path, item in found:
        if isinstance(item, Quantity):
            yield from _unit(path, item)
            yield from _provenance(path, item)
            yield from _claim(path, item)
            continue
        for cls, rule in _RULES:
            if isinstance(item, cls):
                yield from rule(path, item, facts)


def _rule(cls: type[T]) -> Callable[[Rule[T]], Rule[T]]:
    def keep(rule: Rule[T]) -> Rule[T]:
        _RULES.append((cls, rule))
        return rule

    return keep


# ------------------------------------------------------------------------------------------ quantities


def _provenance(path: Path, quantity: Quantity) -> Iterator[Issue]:
    for fault in quantity.provenance_faults():
        yield Issue(path, fault.found, fault.allowed)


def _claim(path: Path, quantity: Quantity) -> Iterator[Issue]:
    """A claim stands beside one number of a programme; effects and benefits have keys of their own for it."""
    if quantity.grade_direction is not None and "effects" not in path:
        yield Issue((*path, "grade_direction"), "a grade of a direction", "it on an effect", "say grade alone")
    claimed = quantity.claimed
    if claimed is None:
        return
    own_key = path[-1] in types.EVIDENCE_MODES
    if path[0] != "programmes" or own_key or claimed.claimed is not None:
        hint = "an effect or benefit says `claimed` beside `calibrated`" if own_key else ""
        yield Issue((*path, "claimed"), "a claim", "one beside a number of a programme", hint)
    yield from _provenance((*path, "claimed"), claimed)


def _unit(path: Path, quantity: Quantity) -> Iterator[Issue]:
    unit = (quantity.unit or "").lower()
    if isinstance(quantity, Rate) and (period := re.search(r"\b(day|week|month|quarter)\b", unit)):
        hint = f"multiply by the number of {period[1]}s in a year"
        yield Issue(path, f'a rate "{quantity.unit}"', "per person-year", hint)
    if isinstance(quantity, Days) and (period := re.search(r"\b(minute|hour|week|month|year)s?\b", unit)):
        yield Issue(path, f'a time in "{quantity.unit}"', "days", f"turn {period[1]}s into days")
    if isinstance(quantity, Cost) and re.search(r"\b(pence|thousands?|millions?)\b", unit):
        yield Issue(path, f'money in "{quantity.unit}"', "pounds", "write the amount in pounds")


# --------------------------------------------------------------------------------- people and durations

PARAMETERS = {
    "fixed": ("mean",),
    "exponential": ("mean",),
    "lognormal": ("mean", "cv"),
    "weibull": ("mean", "cv"),
    "uniform": ("low", "high"),
    "table": ("days",),
}


@_rule(types.Duration)
def _duration(path: Path, duration: types.Duration, facts: Setting) -> Iterator[Issue]:
    wanted = PARAMETERS[duration.dist]
    given = [key for key in ("mean", "cv", "low", "high", "days") if getattr(duration, key) not in (None, ())]
    if sorted(given) != sorted(wanted):
        found = f"{duration.dist} with {' and '.join(given) or 'nothing'}"
        yield Issue(path, found, f"{duration.dist} with {' and '.join(wanted)}")
        return
    yield from _possible_duration(path, duration)


def _possible_duration(path: Path, duration: types.Duration) -> Iterator[Issue]:
    for key in ("mean", "cv"):
        value = getattr(duration, key)
        if value is not None and duration.dist in ("lognormal", "weibull") and (share := _share_at(0.0, value)):
            hint = 'for a time that is always the same use dist = "fixed"'
            words = "0" if share == 1 else f"a sample with {100 * share:.2g} % of its values at 0"
            yield Issue((*path, key), words, "above 0", hint if share == 1 else 'leave 0 out, or try dist = "gamma"')
    if duration.low and duration.high and float(duration.low) >= float(duration.high):
        yield Issue((*path, "low"), plain(float(duration.low)), f"below high, {plain(float(duration.high))}")
    if any(day < 0 for day in duration.days):
        yield Issue((*path, "days"), f"{plain(min(duration.days))} days", "0 days or more")
    if duration.zero_share and _share_at(1.0, duration.zero_share):
        yield Issue((*path, "zero_share"), "1", "below 1", 'for no time at all use dist = "fixed" with mean = 0')


def _share_at(x: float, quantity: Quantity) -> float:
    """The probability of exactly this value: of a number alone, or of the values of a sample."""
    values = quantity.sample or (quantity.central if not quantity.is_uncertain else ())
    return sum(value == x for value in values) / max(len(values), 1)


@_rule(types.AgeSpread)
def _ages(path: Path, ages: types.AgeSpread, facts: Setting) -> Iterator[Issue]:
    yield from _rising((*path, "edges"), ages.edges, "ages")
    intervals = len(ages.edges) - 1
    yield from _as_many((*path, "share"), ages.share, intervals, f"one for each interval of edges, {intervals}")
    if ages.edges[0] < 0:
        yield Issue((*path, "edges", 0), plain(ages.edges[0]), "an age of 0 or more")
    if facts.lowest_band is not None and ages.edges[0] < facts.lowest_band:
        hint = "begin population.age_bands at the lowest age"
        yield Issue((*path, "edges", 0), plain(ages.edges[0]), f"{plain(facts.lowest_band)} or more", hint)


@_rule(types.Population)
def _population(path: Path, population: types.Population, facts: Setting) -> Iterator[Issue]:
    yield from _rising((*path, "age_bands"), population.age_bands, "age bands")
    for position, band in enumerate(population.age_bands):
        if band != int(band):
            yield Issue((*path, "age_bands", position), str(band), "a whole number of years")
    kinds = math.prod(len(group.values) for group in population.groups.values())
    if kinds > MOST_KINDS:
        hint = "let a group have fewer values: those with the same ratios may be one"
        yield Issue((*path, "groups"), f"{kinds:,} combinations of values", f"at most {MOST_KINDS:,}", hint)
    if (cells := _cells(population, facts)) > MOST_CELLS:
        hint = "count fewer of them apart in one file"
        yield Issue((*path, "subgroups"), f"{cells:,} combinations counted apart", f"at most {MOST_CELLS:,}", hint)


def _cells(population: types.Population, facts: Setting) -> int:
    """Into how many combinations people are parted by what is counted apart; clusters always are."""
    sizes = {"cluster": population.clusters, "age": len(population.age_bands), "health": len(facts.states or ())}
    sizes |= {name: len(values) for name, values in population.group_values.items()}
    return math.prod(sizes.get(name, 1) for name in {"cluster", *population.subgroups})


@_rule(types.Group)
def _group(path: Path, group: types.Group, facts: Setting) -> Iterator[Issue]:
    if len(group.values) != len(set(group.values)):
        yield Issue((*path, "values"), "a value twice", "each value once")
    words = f"one for each of {len(group.values)} values, {', '.join(group.values)}"
    yield from _as_many((*path, "share"), group.share, len(group.values), words)
    for band, shares in group.share_by_age.items():
        yield from _as_many((*path, "share_by_age", band), shares, len(group.values), words)


@_rule(types.Entrants)
def _entrants(path: Path, entrants: types.Entrants, facts: Setting) -> Iterator[Issue]:
    yield from _one_per_state((*path, "health"), entrants.health, facts)


@_rule(types.Health)
def _health(path: Path, health: types.Health, facts: Setting) -> Iterator[Issue]:
    for band, mix in health.initial.items():
        yield from _one_per_state((*path, "initial", band), mix, facts)
    yield from _moves_twice((*path, "moves"), health.moves)


@_rule(types.HealthMove)
def _move(path: Path, move: types.HealthMove, facts: Setting) -> Iterator[Issue]:
    if move.from_ == move.to:
        yield Issue(path, f"a move from {move.to} to {move.to}", "two different health states")


def _moves_twice(path: Path, moves: Mapping[str, types.HealthMove]) -> Iterator[Issue]:
    first: dict[tuple[str, str], str] = {}
    for name, move in moves.items():
        other = first.setdefault((move.from_, move.to), name)
        if other != name:
            found = f"the move from {move.from_} to {move.to} twice, as {other} too"
            yield Issue((*path, name), found, "one rate for each pair of states", "add the two rates")


# ------------------------------------------------------------------------------------------- pathway


@_rule(types.Place)
def _place(path: Path, place: types.Place, facts: Setting) -> Iterator[Issue]:
    yield from _in_time((*path, "changes"), place.changes)
    for key, value in (("changes", place.changes), ("wait_limit", place.wait_limit), ("per_people", place.per_people)):
        if value and place.slots is None:
            hint = "a place without slots is never full"
            yield Issue((*path, key), f"{key} without slots", "a place with slots", hint)
    yield from _route_shares(path, place.routes, facts.states or ())


def _route_shares(path: Path, routes: Mapping[str, types.Route], states: Sequence[str]) -> Iterator[Issue]:
    """Stated shares after their ratios may not add to more than 1 in any health state; the worst state is named."""
    totals = {state: sum(_share_in(state, route) for route in routes.values()) for state in ("", *states)}
    worst = max(totals, key=lambda state: totals[state])
    if totals[worst] > 1 + SUM_TOLERANCE:
        whom = f" in health state {worst}" if worst else ""
        yield Issue((*path, "routes"), f"shares with sum {totals[worst]:.6g}{whom}", "a sum of at most 1")


def _share_in(state: str, route: types.Route) -> float:
    ratio = route.by_health.get(state)
    return float(route.share) * (1.0 if ratio is None else float(ratio))


# --------------------------------------------------------------------------------------------- supports


@_rule(types.Eligibility)
def _eligibility(path: Path, eligible: types.Eligibility, facts: Setting) -> Iterator[Issue]:
    if eligible.min_age >= eligible.max_age:
        yield Issue((*path, "min_age"), plain(eligible.min_age), f"below max_age, {plain(eligible.max_age)}")
    if eligible.recent is None or path[0] != "programmes":
        return
    wanted = eligible.recent.days + facts.window_days
    if facts.warm_up_days < wanted:
        found = f"{plain(eligible.recent.days)} days of recent use after {facts.warm_up_days:g} days of warm-up"
        hint = f"write horizon.warm_up_years = {_rounded_up(wanted / DAYS_PER_YEAR):g}"
        allowed = f"a warm-up of the look-back and the {facts.window_days:g} days before a start"
        yield Issue((*path, "recent"), found, allowed, hint)


def _rounded_up(years: float) -> float:
    return -(-years * 10 // 1) / 10


@_rule(types.Offer)
def _offer(path: Path, offer: types.Offer, facts: Setting) -> Iterator[Issue]:
    if (offer.rate is None) == (offer.on == ""):
        found = "an offer with neither rate nor on" if offer.rate is None else "an offer with both rate and on"
        yield Issue(path, found, "one of them", "make two offers of it" if offer.rate else "")
    elif offer.rate is not None and offer.share is not None:
        yield Issue((*path, "share"), "a share beside a rate", "a share beside on", "uptake says how many accept")
    elif offer.on and offer.share is None:
        yield Issue(path, "an event without a share", "on with share", "write share = 1 to offer it every time")


@_rule(types.Staff)
def _staff(path: Path, staff: types.Staff, facts: Setting) -> Iterator[Issue]:
    if staff.lapse_days is not None and staff.when_full == "refuse":
        hint = 'there is no list with "refuse"'
        yield Issue((*path, "lapse_days"), 'lapse_days beside when_full = "refuse"', "one of them", hint)
    yield from _in_time((*path, "changes"), staff.changes)


@_rule(types.Support)
def _support(path: Path, support: types.Support, facts: Setting) -> Iterator[Issue]:
    days = [support.opens_day, support.closes_day, support.ends_day]
    stated = [day for day in days if day is not None]
    if stated != sorted(stated):
        found = f"opens, closes and ends on days {', '.join(plain(day) for day in stated)}"
        yield Issue(path, found, "these days in order", "")
    yield from _cluster_days(path, support)
    opens = len(support.cluster_opens_days)
    if opens not in (0, facts.clusters):
        yield Issue((*path, "cluster_opens_days"), f"a list of {opens}", f"one for each of {facts.clusters} clusters")
    if support.volunteers and not support.length:
        found = "volunteers in a programme without length"
        yield Issue((*path, "volunteers"), found, "volunteers beside length", "only people who complete it volunteer")
    yield from _payable(path, support)


def _cluster_days(path: Path, support: types.Support) -> Iterator[Issue]:
    """A cluster opens when the whole is open: what is paid runs from ``opens_day`` until it closes."""
    closes = min((day for day in (support.closes_day, support.ends_day) if day is not None), default=math.inf)
    for position, day in enumerate(support.cluster_opens_days):
        where = (*path, "cluster_opens_days", position)
        if day < support.opens_day:
            hint = f"write opens_day = {min(support.cluster_opens_days):g}, from when it is paid for"
            yield Issue(where, f"day {day:,g}", f"opens_day, {support.opens_day:,g}, or later", hint)
        if day >= closes:
            hint = "nobody could start there"
            yield Issue(where, f"day {plain(day)}", f"before it closes on day {plain(closes)}", hint)


def _payable(path: Path, support: types.Support) -> Iterator[Issue]:
    for name, cost in support.costs.items():
        for kind, key in (("per_worker_year", "staff"), ("per_volunteer_year", "volunteers")):
            if cost.kind == kind and getattr(support, key) is None:
                found = f"a cost {kind} without {key}"
                yield Issue((*path, "costs", name), found, f"{kind} beside {key}", f"write the table {key}")


@_rule(types.Programme)
def _programme(path: Path, programme: types.Programme, facts: Setting) -> Iterator[Issue]:
    yield from _paced(path, programme)
    if programme.starting_share and (opens := min(programme.cluster_opens_days, default=programme.opens_day)) > 0:
        hint = "nobody is on it before it opens; what exists before year 0 is usual care: make it a support"
        found = f"a starting share in a programme that opens on day {plain(opens)}"
        yield Issue((*path, "starting_share"), found, "a programme that opens on day 0", hint)
    if programme.after_funding == "stop" and programme.ends_day is not None:
        found = f'"stop" beside ends_day, {plain(programme.ends_day)}'
        hint = "with stop everyone leaves when recruitment closes; ends_day says another day"
        yield Issue((*path, "after_funding"), found, "one of them", hint)
    if programme.between_sites is not None:
        yield from _between_sites((*path, "between_sites"), programme, float(programme.between_sites))


def _paced(path: Path, programme: types.Programme) -> Iterator[Issue]:
    """Starts a year can be solved for what the starting population shows: age, health, risk, visits."""
    ways = {("eligible",): programme.eligible} | {
        ("offers", name, "eligible"): offer.eligible for name, offer in programme.offers.items()
    }
    for where, eligible in ways.items():
        if programme.starts_per_year is not None and (eligible.recent or eligible.on):
            hint = "leave starts_per_year out; simulator calibrate finds the offers for a check of starts"
            key = "recent" if eligible.recent else "on"
            yield Issue((*path, *where, key), f"{key} beside starts_per_year", "age and health beside it", hint)


def _between_sites(path: Path, programme: types.Programme, middle: float) -> Iterator[Issue]:
    if middle != 1:
        hint = "it is the spread about the effects, which say themselves how large they are"
        yield Issue(path, plain(middle), "1, with ci95 or another spread", hint)
    if all(effect.target == "utility" for effect in programme.effects.values()):
        yield Issue(path, "a spread between places of no ratio", "a programme with an effect other than on utility")


@_rule(types.Effect)
def _effect(path: Path, effect: types.Effect, facts: Setting) -> Iterator[Issue]:
    if effect.profile and (effect.delay_days is not None or effect.ramp_days is not None):
        yield Issue((*path, "profile"), "a profile beside delay_days or ramp_days", "one of them")
    if effect.window_days is not None:
        yield from _window((*path, "window_days"), effect, float(effect.window_days))
    yield from _rising((*path, "profile"), [step.until_days for step in effect.profile], "until_days")


def _window(path: Path, effect: types.Effect, window: float) -> Iterator[Issue]:
    delay = float(effect.delay_days) if effect.delay_days is not None else 0.0
    if window <= delay:
        hint = "the time over which the figure was measured, from the start"
        yield Issue(path, f"{plain(window)} days", f"more than {plain(delay)}, when the effect begins", hint)


@_rule(types.ProgrammeCost)
def _cost(path: Path, cost: types.ProgrammeCost, facts: Setting) -> Iterator[Issue]:
    if (cost.hours is None) == (cost.kind == "per_start_hours"):
        found = f"{cost.kind} {'without' if cost.hours is None else 'with'} hours"
        hint = "hours times amount is paid at each start"
        yield Issue(path, found, "hours with per_start_hours, and only there", hint)
    if len(cost.includes) != len(set(cost.includes)):
        yield Issue((*path, "includes"), "a part of the cost twice", "each part once")
    if cost.per_people is not None:
        yield Issue((*path, "per_people"), f"per_people for a cost {cost.kind}", "per_people with one_off or per_year")
    if cost.day != 0 and cost.kind != "one_off":
        yield Issue((*path, "day"), f"a day for a cost {cost.kind}", "a day with one_off")
    yield from _shared((*path, "payer"), types.shares_of(cost.payer))


def _shared(path: Path, shares: Mapping[str, float]) -> Iterator[Issue]:
    """Several payers, who bear all of it together and each a part of it."""
    for payer, share in shares.items():
        if not 0 < share <= 1:
            yield Issue((*path, payer), plain(share), "above 0, up to 1")
    if abs((total := math.fsum(shares.values())) - 1) > SUM_TOLERANCE:
        yield Issue(path, f"shares that add to {plain(total)}", "shares that add to 1")


@_rule(types.Benefit)
def _benefit(path: Path, benefit: types.Benefit, facts: Setting) -> Iterator[Issue]:
    if benefit.calibrated is None and benefit.claimed is None:
        yield Issue(path, "a benefit without an amount", "calibrated, claimed or both")
    yield from _shared((*path, "payer"), types.shares_of(benefit.payer))


# ----------------------------------------------------------------------------------------------- money


@_rule(types.CashRule)
def _cash(path: Path, rule: types.CashRule, facts: Setting) -> Iterator[Issue]:
    yield from _rising((*path, "from_year"), rule.from_year, "years")
    if len(rule.share) != len(rule.from_year):
        words = f"one for each of {len(rule.from_year)} years in from_year"
        yield Issue((*path, "share"), f"a list of {len(rule.share)}", words)
    if rule.from_year[:1] != (0.0,):
        yield Issue((*path, "from_year"), "a list that does not begin with 0", "0 first", "year 0 is the first year")


@_rule(types.Economics)
def _economics(path: Path, economics: types.Economics, facts: Setting) -> Iterator[Issue]:
    yield from _grades((*path, "optimism_by_grade"), economics.optimism_by_grade)
    if economics.optimism == "grade" and not economics.optimism_by_grade:
        yield Issue((*path, "optimism"), '"grade" without optimism_by_grade', "a correction for each grade")
    for year, level in economics.index.items():
        if level <= 0:
            yield Issue((*path, "index", year), plain(level), "above 0")


@_rule(types.Evidence)
def _evidence(path: Path, evidence: types.Evidence, facts: Setting) -> Iterator[Issue]:
    yield from _grades((*path, "bias_sd_by_grade"), evidence.bias_sd_by_grade)


def _grades(path: Path, table: Mapping[str, float]) -> Iterator[Issue]:
    for grade, value in table.items():
        if grade not in GRADES:
            yield Issue((*path, grade), f'the grade "{grade}"', '"1" to "6"')
        if value < 0:
            yield Issue((*path, grade), plain(value), "0 or more")


@_rule(types.Alternative)
def _alternative(path: Path, alternative: types.Alternative, facts: Setting) -> Iterator[Issue]:
    if not alternative.set:
        yield Issue((*path, "set"), "nothing to set", '"path" = value', "as with --set")


@_rule(types.Check)
def _check(path: Path, check: types.Check, facts: Setting) -> Iterator[Issue]:
    if check.low > check.high:
        yield Issue((*path, "low"), plain(check.low), f"high or less, {plain(check.high)}")
    if not 0 <= check.years[0] < check.years[1]:
        yield Issue((*path, "years"), str(list(check.years)), "two years that rise", "[0, 7] is the first seven years")
    if check.years != (0, 1) and (kept := _of_the_first_year(check)):
        yield Issue((*path, "years"), str(list(check.years)), "nothing", f"{kept} is of years of its own")


def _of_the_first_year(check: types.Check) -> str:
    """What a check is of that other years cannot be asked for; empty if they can."""
    kind = check.measure.partition(":")[0]
    of_persons = kind in ("extra_cost", "cost_ratio", "concentration") or kind.startswith("repeat_share")
    return f"a comparison {check.comparison}" if check.comparison != "usual care" else kind if of_persons else ""


# ------------------------------------------------------------------------------------ lists and lengths


def _rising(path: Path, numbers: Sequence[float], what: str) -> Iterator[Issue]:
    for position, (before, after) in enumerate(pairwise(numbers), start=1):
        if after <= before:
            yield Issue((*path, position), f"{plain(after)} after {plain(before)}", f"{what} that rise")


def _in_time(path: Path, changes: Sequence[types.CapacityChange]) -> Iterator[Issue]:
    yield from _rising(path, [change.day for change in changes], "days")


def _as_many(path: Path, shares: Shares, wanted: int, words: str) -> Iterator[Issue]:
    if len(shares.central) != wanted:
        yield Issue(path, f"a list of {len(shares.central)}", words)


def _one_per_state(path: Path, shares: Shares, facts: Setting) -> Iterator[Issue]:
    if facts.states is not None:
        words = f"one for each of {len(facts.states)} health states, {', '.join(facts.states)}"
        yield from _as_many(path, shares, len(facts.states), words)
