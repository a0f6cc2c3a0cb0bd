"""One design row of a scenario as arrays, all arms in it: no names, no money, no uncertainty.

Everything an engine needs to move people, and nothing else. A person's life is driven by *clocks*
(needs, health moves, flares, offers, drop-out, leaving, death); each has a row in :attr:`Model.clocks`.
Tables are numpy structured arrays, so compiled and plain Python code read the same fields. Times are
days since the start of year 0, rates are per person-year.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from simulator.activity.items import Layout
from simulator.activity.parts import Parts
from simulator.model import moments
from simulator.units import DAYS_PER_YEAR

HOME, DEAD = -1, -2
NONE = -1
LAYER_BITS = 4  # of the decision word of a clock

Table = NDArray[np.void]


class ClockKind(IntEnum):
    """What a clock does when it strikes, and the kind of this among the things that happen at one moment."""

    turn: int

    def __new__(cls, number: int, turn: int) -> ClockKind:
        """A member: its number in the tables, and its kind in :mod:`simulator.model.moments`."""
        member = int.__new__(cls, number)
        member._value_, member.turn = number, turn
        return member

    DEATH = 0, moments.DYING
    LEAVING = 1, moments.ENDING
    FLARE = 2, moments.FLARE
    HEALTH = 3, moments.HEALTH
    NEED = 4, moments.NEED
    OFFER = 5, moments.OFFER
    DROP_OUT = 6, moments.ENDING


class Basis(IntEnum):
    """Whom an effect was measured on, which is to whom and from when it applies."""

    ACTIVE = 0
    STARTERS = 1
    OFFERED = 2
    POPULATION = 3


class Target(IntEnum):
    """What an effect multiplies (utility: what it adds to)."""

    CLOCK = 0
    ROUTE = 1
    STAY = 2
    UPTAKE = 3
    UTILITY = 4


class Length(IntEnum):
    """Family of a duration."""

    FIXED = 0
    EXPONENTIAL = 1
    LOGNORMAL = 2
    WEIBULL = 3
    UNIFORM = 4
    TABLE = 5


CLOCK = np.dtype(
    [
        ("kind", "i8"),
        ("subject", "i8"),  # need, offer, support, or the health state moved to
        ("from_state", "i8"),  # health state a move starts from, else NONE
        ("base", "f8"),  # rate a year with every ratio 1
        ("growth", "f8"),  # Gompertz, per year of age
        ("trend", "f8"),  # log of the ratio from one year to the next, from t = 0
        ("reference_age", "f8"),
        ("amplitude", "f8"),
        ("peak_day", "f8"),
        ("flare_ratio", "f8"),
        ("risk_power", "f8"),
        ("runs_away", "i8"),  # 1: also while away from home
        ("in_warm_up", "i8"),  # 1: also before t = 0
    ]
)
DURATION = np.dtype([("dist", "i8"), ("a", "f8"), ("b", "f8"), ("zero_share", "f8"), ("first", "i8"), ("count", "i8")])
PLACE = np.dtype(
    [
        ("stay", "i8"),
        ("planned_stay", "i8"),
        ("first_route", "i8"),
        ("routes", "i8"),
        ("otherwise", "i8"),
        ("emergency", "i8"),
        ("slots", "i8"),  # NONE: no limit
        ("limit_days", "f8"),  # inf: wait for ever
        ("limit_to", "i8"),
        ("readmission_days", "f8"),
        ("depth", "i8"),  # steps downstream of the needs
    ]
)
ROUTE = np.dtype([("to", "i8"), ("support", "i8")])
NEED = np.dtype([("goes_to", "i8"), ("emergency", "i8"), ("priority", "i8")])
SUPPORT = np.dtype(
    [
        ("programme", "i8"),
        ("uptake", "f8"),
        ("reoffer_days", "f8"),
        ("closes_day", "f8"),
        ("ends_day", "f8"),
        ("places", "f8"),  # workers x caseload in this sample; inf: no limit
        ("refuse_when_full", "i8"),
        ("lapse_days", "f8"),  # on the waiting list; inf: never
        ("length", "i8"),
        ("pause", "i8"),
        ("keep_days", "f8"),
        ("once", "i8"),
        ("volunteer_share", "f8"),
        ("training_days", "f8"),
        ("volunteer_supports", "f8"),
        ("tenure", "i8"),
        ("redirect_place", "i8"),
        ("redirect_share", "f8"),
        ("criteria", "i8"),
        ("drop_out_clock", "i8"),
        ("has_offers", "i8"),
        ("ends", "i8"),  # bit set of supports that whoever starts it leaves
        ("starts", "i8"),  # that begin with it
        ("on_end", "i8"),  # that begin when it ends
    ]
)
OFFER = np.dtype(
    [
        ("support", "i8"),
        ("on_visit", "i8"),  # place whose visits make it, or NONE
        ("on_discharge", "i8"),
        ("share", "f8"),
        ("risk_power", "f8"),
        ("delay", "i8"),
        ("criteria", "i8"),
        ("clock", "i8"),  # NONE for offers on an event
    ]
)
CRITERIA = np.dtype(
    [
        ("min_age", "f8"),
        ("max_age", "f8"),
        ("health", "i8"),  # bit set of states, 0: any
        ("on", "i8"),  # bit set of supports
        ("off", "i8"),
        ("recent_place", "i8"),
        ("at_least", "i8"),
        ("days", "f8"),
    ]
)
EFFECT = np.dtype(
    [
        ("support", "i8"),
        ("basis", "i8"),
        ("target", "i8"),
        ("subject", "i8"),
        ("emergency_only", "i8"),
        ("ln_ratio", "f8"),
        ("delay", "f8"),
        ("ramp", "f8"),
        ("half_life", "f8"),  # 0: stops at once
        ("at_least", "f8"),  # days from its start that it lasts whatever happens
        ("at_most", "f8"),
        ("first_step", "i8"),
        ("steps", "i8"),
        ("least", "f8"),  # smallest and largest weight it can reach
        ("peak", "f8"),
    ]
)
SYNERGY = np.dtype([("first", "i8"), ("second", "i8"), ("target", "i8"), ("subject", "i8"), ("ln_ratio", "f8")])
BOOST = np.dtype([("after", "i8"), ("days", "f8"), ("emergency_only", "i8")])
CHANGE = np.dtype([("day", "f8"), ("subject", "i8"), ("slots", "f8"), ("is_place", "i8"), ("arm", "i8")])  # NONE: all


@dataclass(frozen=True)
class Population:
    """How the people are drawn: traits as inverse distribution functions."""

    people: int
    age_edges: NDArray[np.float64]  # [edge]
    age_share: NDArray[np.float64]  # [interval] cumulative
    initial_health: NDArray[np.float64]  # [band, state] cumulative
    risk_log_sd: float
    clusters: int
    group_sizes: NDArray[np.int64]  # [group] how many values
    group_share: NDArray[np.float64]  # [group, band, value] cumulative
    kinds: NDArray[np.float64]  # [band, kind] shares: see simulator.model.groups
    parts: Parts
    entrants_per_year: float
    entrant_age_edges: NDArray[np.float64]  # [edge]
    entrant_age_share: NDArray[np.float64]  # [interval] cumulative
    entrant_health: NDArray[np.float64]  # [state] cumulative


@dataclass(frozen=True)
class Words:
    """Decision words of the keyed draws (see :mod:`simulator.uncertainty.draws`)."""

    clocks: NDArray[np.int64]  # [clock] low LAYER_BITS bits free for the layer
    stay: NDArray[np.int64]  # [need, place]
    event_offer: NDArray[np.int64]  # [need, offer]
    redirect: NDArray[np.int64]  # [need, support]
    willing: NDArray[np.int64]  # [support]
    length: NDArray[np.int64]  # [support]
    starting: NDArray[np.int64]  # [support]
    volunteer: NDArray[np.int64]  # [support]
    age: int
    health: int
    risk: int
    cluster: int
    arrival: int
    groups: NDArray[np.int64]  # [group]


@dataclass(frozen=True)
class Model:
    """One design row, all arms."""

    seed: int
    years: int
    warm_up_days: float
    window_days: float  # of what is looked at before and after a first start
    population: Population
    words: Words
    bands: NDArray[np.float64]  # [band] lower ages
    clocks: Table  # [clock] CLOCK
    by_health: NDArray[np.float64]  # [clock, state]
    by_band: NDArray[np.float64]  # [clock, band]
    by_kind: NDArray[np.float64]  # [clock, kind]
    boost_ratio: NDArray[np.float64]  # [boost, clock]
    boosts: Table  # [boost] BOOST
    flare_length: int
    durations: Table  # [duration] DURATION
    duration_by_health: NDArray[np.float64]  # [duration, state]
    duration_days: NDArray[np.float64]  # [entry] of empirical lengths, sorted within each
    needs: Table  # [need] NEED
    places: Table  # [place] PLACE
    routes: Table  # [route] ROUTE
    route_share: NDArray[np.float64]  # [route, state]
    supports: Table  # [support] SUPPORT
    starting_share: NDArray[np.float64]  # [support, state]
    opens: NDArray[np.float64]  # [support, cluster] first day
    offers: Table  # [offer] OFFER
    offer_by_health: NDArray[np.float64]  # [offer, state]
    offer_by_kind: NDArray[np.float64]  # [offer, kind]
    criteria: Table  # [criterion] CRITERIA
    criterion_kinds: NDArray[np.bool_]  # [criterion, kind] who is meant
    effects: Table  # [effect] EFFECT
    effect_kinds: NDArray[np.bool_]  # [effect, kind] on whom it acts
    step_until: NDArray[np.float64]  # [step] of effect profiles
    step_weight: NDArray[np.float64]  # [step]
    effects_on_clock: NDArray[np.int64]  # [clock + 1] where each clock's effects start in effect_order
    effect_order: NDArray[np.int64]  # [effect] effect numbers sorted by clock
    synergies: Table  # [pair] SYNERGY
    changes: Table  # [change] CHANGE, by day
    arms: NDArray[np.bool_]  # [arm, support] supports present in each arm
    utility_effects: NDArray[np.int64]  # [utility effect] effect numbers
    benefit_support: NDArray[np.int64]  # [benefit]
    benefit_days: NDArray[np.float64]  # [benefit] days after the first start

    @property
    def horizon(self) -> float:
        """Last day."""
        return self.years * DAYS_PER_YEAR

    @property
    def layout(self) -> Layout:
        """Where each item that is counted stands."""
        return Layout(
            years=self.years,
            places=len(self.places),
            needs=len(self.needs),
            supports=len(self.supports),
            states=self.by_health.shape[1],
            bands=len(self.bands),
            utilities=len(self.utility_effects),
            benefits=len(self.benefit_support),
        )

    @property
    def shares_anything(self) -> bool:
        """Whether people compete for a limited place or support, in any arm."""
        offered = self.supports["places"][self.arms.any(axis=0)]
        return bool((self.places["slots"] != NONE).any() or np.isfinite(offered).any())
