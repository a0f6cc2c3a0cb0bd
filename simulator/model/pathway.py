"""People and pathway of one row: population, clocks of usual life, durations, places and routes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from simulator.activity.parts import Parts
from simulator.errors import RunError
from simulator.model.groups import Kinds
from simulator.model.model import (
    CLOCK,
    DEAD,
    DURATION,
    HOME,
    NEED,
    NONE,
    PLACE,
    ROUTE,
    ClockKind,
    Length,
    Population,
    Table,
)
from simulator.model.values import Values, band_weights
from simulator.scenario.tables import PART_KINDS, Duration, Entrants, Need, Scenario
from simulator.uncertainty.quantity import Quantity
from simulator.units import DAYS_PER_YEAR

PLAIN_CLOCK = dict.fromkeys(CLOCK.names or (), 0.0) | {"flare_ratio": 1.0, "from_state": NONE}


@dataclass
class Durations:
    """Collects the durations of a row; each gets a number."""

    values: Values
    states: tuple[str, ...]
    rows: list[tuple[float, ...]] = field(default_factory=list)
    by_health: list[NDArray[np.float64]] = field(default_factory=list)
    days: list[float] = field(default_factory=list)

    def add(self, path: str, duration: Duration | None) -> int:
        """Number of the duration, NONE if there is none."""
        if duration is None:
            return NONE
        zero = self.values.of(f"{path}.zero_share", duration.zero_share)
        a, b = self._parameters(path, duration, zero)
        first = len(self.days)
        self.days.extend(sorted(duration.days))
        self.rows.append((Length[duration.dist.upper()], a, b, zero, first, len(duration.days)))
        self.by_health.append(self.values.ratios(f"{path}.by_health", duration.by_health, self.states))
        return len(self.rows) - 1

    def _parameters(self, path: str, duration: Duration, zero: float) -> tuple[float, float]:
        """The two parameters of the positive part; ``mean`` includes the zero-day share."""
        mean = self.values.of(f"{path}.mean", duration.mean) / (1.0 - zero)
        cv = self.values.of(f"{path}.cv", duration.cv)
        match duration.dist:
            case "lognormal":
                variance = math.log1p(cv * cv)
                return math.log(mean) - variance / 2, math.sqrt(variance)
            case "weibull":
                shape = weibull_shape(cv)
                return mean / math.gamma(1 + 1 / shape), shape
            case "uniform":
                return self.values.of(f"{path}.low", duration.low), self.values.of(f"{path}.high", duration.high)
            case _:
                return mean, 0.0

    def table(self) -> Table:
        """All durations as one table."""
        return np.array(self.rows, dtype=DURATION)


def weibull_shape(cv: float) -> float:
    """Shape of the Weibull distribution with this coefficient of variation.

    >>> round(weibull_shape(1.0), 6)
    1.0
    """
    from scipy.optimize import brentq

    def gap(log_shape: float) -> float:
        k = math.exp(log_shape)
        return math.lgamma(1 + 2 / k) - 2 * math.lgamma(1 + 1 / k) - math.log1p(cv * cv)

    return math.exp(brentq(gap, math.log(0.1), math.log(1e4), xtol=1e-14))


def mean_duration_days(scenario: Scenario, values: Values) -> float:
    """Mean length of a flare in days, before health ratios."""
    assert scenario.flares is not None
    length = scenario.flares.length
    match length.dist:
        case "uniform":
            low = values.of("flares.length.low", length.low)
            return (low + values.of("flares.length.high", length.high)) / 2
        case "table":
            return float(np.mean(length.days))
        case _:
            return values.of("flares.length.mean", length.mean)


def initial_mix(scenario: Scenario, values: Values) -> NDArray[np.float64]:
    """Shares of health states in each age band at the start: [band, state]."""
    states = scenario.health.states
    if not scenario.health.initial:
        mix = np.zeros((len(scenario.population.age_bands), len(states)))
        mix[:, 0] = 1.0
        return mix
    initial = scenario.health.initial
    return np.array([values.shares(f"health.initial.{b}", initial[b]) for b in scenario.population.band_names])


def parts_of(scenario: Scenario) -> Parts:
    """Which parts of the population are counted apart: clusters where there are several, and what is asked for."""
    them = scenario.population
    asked = {*them.subgroups, *(("cluster",) if them.clusters > 1 else ())}
    sizes = dict(zip(PART_KINDS, (them.clusters, len(them.age_bands), len(scenario.health.states)), strict=True))
    clusters, bands, states = (size if kind in asked else 0 for kind, size in sizes.items())
    groups = tuple(len(values) if name in asked else 0 for name, values in them.group_values.items())
    return Parts(clusters, bands, states, groups)


def population(clocks: Clocks, people: int) -> Population:
    """How people, and those who join them, are drawn."""
    scenario, values, kinds = clocks.scenario, clocks.values, clocks.kinds
    them = scenario.population
    entrants: Entrants | None = them.entrants
    states = len(scenario.health.states)
    return Population(
        people=people,
        age_edges=np.asarray(them.ages.edges, dtype=np.float64),
        age_share=np.cumsum(values.shares("population.ages.share", them.ages.share)),
        initial_health=np.cumsum(clocks.mix, axis=1),
        risk_log_sd=values.of("population.risk.log_sd", them.risk.log_sd) if them.risk else 0.0,
        clusters=them.clusters,
        group_sizes=np.array(kinds.sizes, dtype=np.int64),
        group_share=kinds.cumulative(),
        kinds=kinds.mix(),
        parts=parts_of(scenario),
        entrants_per_year=(
            values.of("population.entrants.per_year", entrants.per_year) * people / them.place_size if entrants else 0.0
        ),
        entrant_age_edges=np.asarray(entrants.ages.edges if entrants else (0.0, 1.0), dtype=np.float64),
        entrant_age_share=(
            np.cumsum(values.shares("population.entrants.ages.share", entrants.ages.share)) if entrants else np.ones(1)
        ),
        entrant_health=(
            np.cumsum(values.shares("population.entrants.health", entrants.health)) if entrants else np.ones(states)
        ),
    )


@dataclass
class Clocks:
    """Collects the clocks of a row with their names (for the keys) and factor tables."""

    scenario: Scenario
    values: Values
    names: list[str] = field(default_factory=list)
    rows: list[dict[str, float]] = field(default_factory=list)  # fields of CLOCK
    by_health: list[NDArray[np.float64]] = field(default_factory=list)
    by_band: list[NDArray[np.float64]] = field(default_factory=list)
    by_kind: list[NDArray[np.float64]] = field(default_factory=list)

    @cached_property
    def kinds(self) -> Kinds:
        """The kinds of people of the row."""
        return Kinds(self.scenario, self.values)

    @cached_property
    def mix(self) -> NDArray[np.float64]:
        """Shares of health states in each age band at the start: [band, state]."""
        return initial_mix(self.scenario, self.values)

    @cached_property
    def bands(self) -> NDArray[np.float64]:
        """Share of the starting population in each age band: [band]."""
        ages = self.scenario.population.ages
        return band_weights(self.scenario, ages, self.values.shares("population.ages.share", ages.share))

    @cached_property
    def in_flare(self) -> NDArray[np.float64]:
        """Share of the time that people spend in a flare: [kind, state]."""
        return _share_in_flare(self)

    def add(
        self,
        name: str,
        kind: ClockKind,
        subject: int,
        base: float,
        *,
        by_health: NDArray[np.float64] | None = None,
        by_band: NDArray[np.float64] | None = None,
        by_kind: NDArray[np.float64] | None = None,
        **fields: float,
    ) -> int:
        """Number of the clock."""
        self.names.append(name)
        self.rows.append({**PLAIN_CLOCK, "kind": kind, "subject": subject, "base": base, **fields})
        self.by_health.append(np.ones(len(self.scenario.health.states)) if by_health is None else by_health)
        self.by_band.append(np.ones(len(self.scenario.population.age_bands)) if by_band is None else by_band)
        self.by_kind.append(np.ones(self.kinds.count) if by_kind is None else by_kind)
        return len(self.rows) - 1

    def table(self) -> Table:
        """All clocks as one table."""
        return np.array([tuple(row.values()) for row in self.rows], dtype=CLOCK)

    def health_ratios(self, path: str, table: Mapping[str, Quantity]) -> NDArray[np.float64]:
        """Ratios by health state."""
        return self.values.ratios(path, table, self.scenario.health.states)

    def band_ratios(self, path: str, table: Mapping[str, Quantity]) -> NDArray[np.float64]:
        """Ratios by age band."""
        return self.values.ratios(path, table, self.scenario.population.band_names)


def add_life_clocks(clocks: Clocks) -> None:
    """Death, leaving, flares and health moves."""
    scenario, values = clocks.scenario, clocks.values
    if (death := scenario.death) is not None:
        ratios = clocks.health_ratios("death.by_health", death.by_health)
        of_kind = clocks.kinds.ratios("death.by_group", death.by_group)
        mean = (clocks.mix @ ratios) * (clocks.kinds.mix() @ of_kind)
        clocks.add(
            "death",
            ClockKind.DEATH,
            0,
            values.of("death.rate", death.rate),
            by_health=ratios,
            by_band=1.0 / mean if death.recentre else None,
            by_kind=of_kind,
            growth=values.of("death.growth", death.growth),
            reference_age=death.reference_age,
            runs_away=death.at_risk == "anywhere",
        )
    if (leaving := scenario.population.leaving_rate) is not None:
        clocks.add("leaving", ClockKind.LEAVING, 0, values.of("population.leaving_rate", leaving), runs_away=1)
    if (flares := scenario.flares) is not None:
        clocks.add(
            "flare",
            ClockKind.FLARE,
            0,
            values.of("flares.rate", flares.rate),
            by_health=clocks.health_ratios("flares.by_health", flares.by_health),
            by_kind=clocks.kinds.ratios("flares.by_group", flares.by_group),
            runs_away=1,
            in_warm_up=1,
        )
    _add_health_moves(clocks)


def _add_health_moves(clocks: Clocks) -> None:
    health, values = clocks.scenario.health, clocks.values
    pace = values.of("health.pace", health.pace, 1.0)
    for name, move in health.moves.items():
        clocks.add(
            f"health:{name}",
            ClockKind.HEALTH,
            health.states.index(move.to),
            pace * values.of(f"health.moves.{name}.rate", move.rate),
            by_band=clocks.band_ratios(f"health.moves.{name}.by_age", move.by_age),
            by_kind=clocks.kinds.ratios(f"health.moves.{name}.by_group", move.by_group),
            from_state=health.states.index(move.from_),
            trend=_trend(values, f"health.moves.{name}", move.trend),
            runs_away=1,
        )


def add_need_clocks(clocks: Clocks) -> None:
    """One clock a need, its reference rate derived from the population mean where that is stated."""
    cells, mix = clocks.bands[:, None] * clocks.mix, clocks.kinds.mix()  # [band, health], [band, kind]
    for number, (name, need) in enumerate(clocks.scenario.needs.items()):
        path = f"needs.{name}"
        by_health = clocks.health_ratios(f"{path}.by_health", need.by_health)
        by_band = clocks.band_ratios(f"{path}.by_age", need.by_age)
        by_kind = clocks.kinds.ratios(f"{path}.by_group", need.by_group)
        flare_ratio = _flare_ratio(clocks, name)
        rate = clocks.values.of(f"{path}.rate", need.rate) * need.adjust
        if need.rate_is == "mean":
            in_state = by_health * mean_flare_ratio(clocks, name)  # [kind, health]
            in_cells = (by_band * mix.T) @ cells
            rate /= float((in_cells[:, None, :] @ in_state[:, :, None])[:, 0, 0] @ by_kind)
        clocks.add(
            f"need:{name}",
            ClockKind.NEED,
            number,
            rate,
            by_health=by_health,
            by_band=by_band,
            by_kind=by_kind,
            flare_ratio=flare_ratio,
            risk_power=1.0 if clocks.scenario.population.risk else 0.0,
            amplitude=need.season.amplitude if need.season else 0.0,
            peak_day=need.season.peak_day if need.season else 0.0,
            trend=_trend(clocks.values, path, need.trend),
            in_warm_up=1,
        )


def mean_flare_ratio(clocks: Clocks, need: str) -> NDArray[np.float64]:
    """What flares do to a need over time: [kind, state]."""
    return 1.0 + clocks.in_flare * (_flare_ratio(clocks, need) - 1.0)


def _trend(values: Values, path: str, trend: Quantity | None) -> float:
    """Log of the ratio of a rate from one year to the next."""
    return math.log1p(values.of(f"{path}.trend", trend))


def _flare_ratio(clocks: Clocks, need: str) -> float:
    flares = clocks.scenario.flares
    return clocks.values.of(f"flares.ratio.{need}", flares.ratio.get(need), 1.0) if flares else 1.0


def _share_in_flare(clocks: Clocks) -> NDArray[np.float64]:
    """Share of the time that people spend in a flare, by kind and state of health: [kind, health]."""
    scenario, values, flares = clocks.scenario, clocks.values, clocks.scenario.flares
    if flares is None:
        return np.zeros((clocks.kinds.count, len(scenario.health.states)))
    length_ratio = clocks.health_ratios("flares.length.by_health", flares.length.by_health)
    onset = values.of("flares.rate", flares.rate) * clocks.health_ratios("flares.by_health", flares.by_health)
    of_kind = clocks.kinds.ratios("flares.by_group", flares.by_group)
    busy = onset * length_ratio * mean_duration_days(scenario, values) / DAYS_PER_YEAR * of_kind[:, None]
    return busy / (1.0 + busy)


def needs(scenario: Scenario) -> Table:
    """Where needs go and in which order they queue."""
    places = tuple(scenario.places)

    def row(need: Need) -> tuple[int, bool, int]:
        emergency = need.emergency or scenario.places[need.goes_to].emergency
        return places.index(need.goes_to), emergency, need.priority

    return np.array([row(need) for need in scenario.needs.values()], dtype=NEED)


def place_number(scenario: Scenario, name: str) -> int:
    """Number of a place; home and dead have their own."""
    return {"home": HOME, "dead": DEAD}.get(name) or tuple(scenario.places).index(name)


def places(scenario: Scenario, values: Values, durations: Durations) -> Table:
    """Stays, capacity, wait limits, and where each place's routes start."""
    table = np.zeros(len(scenario.places), dtype=PLACE)
    depths = place_depths(scenario)
    first = 0
    for row, (name, place) in zip(table, scenario.places.items(), strict=True):
        path = f"places.{name}"
        row["stay"] = durations.add(f"{path}.stay", place.stay)
        planned = durations.add(f"{path}.planned_stay", place.planned_stay)
        row["planned_stay"] = row["stay"] if planned == NONE else planned
        row["first_route"], row["routes"] = first, len(place.routes)
        row["otherwise"] = place_number(scenario, place.otherwise)
        row["emergency"] = place.emergency
        if place.slots is None:
            row["slots"] = NONE
        else:
            row["slots"] = whole_slots(scenario, f"{path}.slots", values.of(f"{path}.slots", place.slots))
        limit = place.wait_limit
        row["limit_days"] = limit.days if limit else np.inf
        row["limit_to"] = place_number(scenario, limit.goes_to) if limit else NONE
        row["readmission_days"] = place.readmission_days or 0.0
        row["depth"] = depths[name]
        first += len(place.routes)
    return table


def people_lived(scenario: Scenario, asked: int | None = None) -> int:
    """How many people are lived in a row: as many as asked, or, where anything is limited, everybody of one place.

    Args:
        scenario: resolved scenario.
        asked: how many are asked for; the scenario's own number if left out.

    Raises:
        RunError: for another number where anything is limited: a part of a place does not queue as the place does.
    """
    limited, size = scenario.limited(), scenario.population.place_size / scenario.population.places
    if not limited:
        return scenario.population.people if asked is None else asked
    if size != int(size):
        raise RunError(f"population.place_size: found {size:g} people in one place; allowed a whole number")
    if asked not in (None, size):
        raise RunError(
            f"people: found {asked:,}; allowed {size:,.0f}, everybody in the place, since {limited[0]} is limited and "
            "a part of a place does not queue as the whole does; leave --people out (fewer --rows make a run shorter), "
            "state a smaller place, or population.identical_places"
        )
    return int(size)


def whole_slots(scenario: Scenario, path: str, slots: float) -> int:
    """Slots of one place, to the nearest whole number.

    Args:
        scenario: resolved scenario; its identical places have equal shares.
        path: of the slots.
        slots: of all places together.

    Raises:
        RunError: when there are some, and too few for one.

    >>> from simulator.scenario.read import EXAMPLE, read_text
    >>> whole_slots(read_text(EXAMPLE), "places.ward.slots", 62.5)
    63
    """
    whole = int(slots / scenario.population.places + 0.5)
    if slots > 0 and whole == 0:
        raise RunError(f"{path}: found {slots:g}, which is no whole slot in a place; allowed 0, or enough for one")
    return whole


def place_depths(scenario: Scenario) -> dict[str, int]:
    """Steps downstream of the needs, following routes; freed slots are handed on deepest first."""
    depth = dict.fromkeys(scenario.places, 0)
    for _ in scenario.places:
        for name, place in scenario.places.items():
            for route in place.routes.values():
                if route.to in depth:
                    depth[route.to] = min(max(depth[route.to], depth[name] + 1), len(depth))
    return depth


def routes(scenario: Scenario, values: Values) -> tuple[Table, NDArray[np.float64]]:
    """Route table and shares by health state: [route], [route, state]."""
    rows, share = [], []
    supports = tuple(scenario.all_supports())
    for name, place in scenario.places.items():
        for label, route in place.routes.items():
            path = f"places.{name}.routes.{label}"
            support = NONE if route.needs_support is None else supports.index(route.needs_support)
            rows.append((place_number(scenario, route.to), support))
            share.append(
                values.of(f"{path}.share", route.share)
                * values.ratios(f"{path}.by_health", route.by_health, scenario.health.states)
            )
    shape = (len(rows), len(scenario.health.states))
    return np.array(rows, dtype=ROUTE), np.array(share, dtype=np.float64).reshape(shape)


def route_names(scenario: Scenario) -> list[tuple[str, str]]:
    """Place and label of each route, in the order of the route table."""
    return [(name, label) for name, place in scenario.places.items() for label in place.routes]


def flow_shares(scenario: Scenario, route_share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of those who leave a place that go to another: [from place, to place, ...].

    Args:
        scenario: with the places.
        route_share: share of each route, [route, ...]; what they leave over goes to ``otherwise``.
    """
    where, among = tuple(scenario.places), route_share.shape[1:]
    flow, left_over = np.zeros((len(where), len(where), *among)), np.ones((len(where), *among))
    for (source, label), share in zip(route_names(scenario), route_share, strict=True):
        to = scenario.places[source].routes[label].to
        left_over[where.index(source)] -= share
        if to in where:
            flow[where.index(source), where.index(to)] += share
    for i, place in enumerate(scenario.places.values()):
        if place.otherwise in where:
            flow[i, where.index(place.otherwise)] += left_over[i]
    return flow
