"""Turns the starts a year that a programme plans into the factor on all its offers that brings them.

With f the factor, a person of age a, state h, personal risk R and kind g is offered the programme at the rate

    f L = f sum over offers of rate x ratio[h] x ratio[g] x R^power              offers at a rate
        + f sum over offers of share x ratio[h] x ratio[g] x R^power x events    offers on a visit or a discharge

while eligible. Events are the visits that needs and routes bring in a year. Of those who would say yes, a person starts
within the year as a renewal process with a fixed length D of the support says (D = 1 year or more, or ``once``: at most
one start):

    starts(x) = sum over n of P(gamma(n) < x (1 - (n - 1) D))            x = f L; Cox 1962, Renewal Theory, 3.2

and f is where the place's mean over its starting population is what is planned. People who die, move or are in hospital
in that year, delays and waiting lists are left out, so some fewer start; a check of ``starts`` shows how many.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import count

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc, roots_hermitenorm

from simulator.errors import RunError
from simulator.model.pathway import Clocks, flow_shares, mean_flare_ratio, place_number, route_names
from simulator.model.values import Values
from simulator.scenario.tables import Eligibility, Offer, Programme, Scenario
from simulator.units import DAYS_PER_YEAR

RISK_NODES = 15
MOST = 1e6  # a factor beyond which nobody else would start
NEGLIGIBLE = 1e-12  # starts of a person

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Reach:
    """The starting population by age, state, personal risk and kind, and what takes them to places of care."""

    clocks: Clocks  # with those of needs
    route_share: Array  # [route, state]

    @property
    def scenario(self) -> Scenario:
        """The scenario that the clocks are of."""
        return self.clocks.scenario

    @cached_property
    def cuts(self) -> Array:
        """Ages between which people do not differ in their rates and in what they may have: [age + 1]."""
        them, programmes = self.scenario.population, self.scenario.programmes.values()
        rules = [rule for p in programmes for rule in (p.eligible, *(offer.eligible for offer in p.offers.values()))]
        limits = [age for rule in rules for age in (rule.min_age, rule.max_age)]
        edges = them.ages.edges
        return np.unique(np.clip([*edges, *them.age_bands, *limits], edges[0], edges[-1]))

    @cached_property
    def ages(self) -> Array:
        """Ages in the middle between two cuts: [age]."""
        return np.asarray((self.cuts[:-1] + self.cuts[1:]) / 2)

    @cached_property
    def risk(self) -> tuple[Array, Array]:
        """Personal risks and how many people have each, by Gauss-Hermite quadrature: [node] each."""
        nodes, weights = roots_hermitenorm(RISK_NODES)
        them = self.scenario.population.risk
        sd = self.clocks.values.of("population.risk.log_sd", them.log_sd) if them else 0.0
        return np.exp(sd * nodes - sd**2 / 2), weights / weights.sum()

    @cached_property
    def band(self) -> NDArray[np.int64]:
        """The age band of each age: [age]."""
        lower = np.asarray(self.scenario.population.age_bands)
        return np.asarray(np.maximum(np.searchsorted(lower, self.ages, side="right") - 1, 0))

    @cached_property
    def people(self) -> Array:
        """Share of the starting population: [age, state, node, kind]."""
        spread = self.scenario.population.ages
        edges, share = np.asarray(spread.edges), self.clocks.values.shares("population.ages.share", spread.share)
        step = np.searchsorted(edges, self.ages, side="right") - 1
        each = (share / np.diff(edges))[step] * np.diff(self.cuts)
        mix = self.clocks.mix[self.band]
        kinds = self.clocks.kinds.mix()[self.band]
        return np.asarray(np.einsum("a,as,n,ak->asnk", each, mix, self.risk[1], kinds))

    @cached_property
    def visits(self) -> Array:
        """Visits a year to each place: [place, age, state, node, kind]."""
        places = tuple(self.scenario.places)
        into = np.zeros((len(places), *self.people.shape))
        for name, need in self.scenario.needs.items():
            into[places.index(need.goes_to)] += self._rate(name)
        flow = np.moveaxis(flow_shares(self.scenario, self.route_share), -1, 0)  # [state, from, to]
        through = np.linalg.inv(np.eye(len(places)) - flow)  # [state, where a need goes, visits to]
        return np.asarray(np.einsum("sqp,qasnk->pasnk", through, into))

    def _rate(self, need: str) -> Array:
        """Needs a year: [age, state, node, kind]."""
        clocks, number = self.clocks, self.clocks.names.index(f"need:{need}")
        base, by_band = clocks.rows[number]["base"], clocks.by_band[number][self.band]
        in_state = clocks.by_health[number] * mean_flare_ratio(clocks, need)  # [kind, state]
        return np.asarray(base * np.einsum("a,ks,n,k->asnk", by_band, in_state, self.risk[0], clocks.by_kind[number]))


def pace(reach: Reach, name: str, programme: Programme) -> float:
    """The factor on all offers of a programme that brings the starts a year which it plans; 1 where it plans none.

    Args:
        reach: the starting population of the row.
        name: of the programme.
        programme: what it offers to whom.

    Raises:
        RunError: more starts than there are people who would ever say yes, or more than events that bring offers.
    """
    if programme.starts_per_year is None:
        return 1.0
    from scipy.optimize import brentq  # only where it is asked for: it takes as long to load as a file to read

    values, path = reach.clocks.values, f"programmes.{name}"
    wanted = values.of(f"{path}.starts_per_year", programme.starts_per_year) / reach.scenario.population.place_size
    willing = values.of(f"{path}.uptake", programme.uptake, 1.0)
    rate = sum(_offered(reach, f"{path}.offers.{label}", programme, offer) for label, offer in programme.offers.items())
    years = _years_on(values, path, programme)

    def beyond(factor: float) -> float:
        return float((reach.people * starts_in_a_year(factor * np.asarray(rate), years)).sum()) * willing - wanted

    if wanted <= 0:
        return 0.0
    if beyond(MOST) <= 0:
        most = (beyond(MOST) + wanted) * reach.scenario.population.place_size
        found = f"{wanted * reach.scenario.population.place_size:,.0f} starts a year"
        raise RunError(f"{path}.starts_per_year: found {found}; allowed below {most:,.0f}, all who would say yes")
    factor = float(brentq(beyond, 0.0, MOST, xtol=1e-12))
    for label, offer in programme.offers.items():
        if (share := factor * values.of(f"{path}.offers.{label}.share", offer.share)) > 1:
            found = f"so many starts that {share:.2g} of each {offer.on} would have to be offered it"
            raise RunError(f"{path}.starts_per_year: {found}; allowed at most 1; lower it, or add another offer")
    return factor


def starts_in_a_year(offers: Array, years_on: float) -> Array:
    """Expected starts within a year of people who say yes to the first offer and are not offered more while on it.

    Args:
        offers: a year; any shape.
        years_on: how long they are on the support; infinity where they start once.

    >>> starts_in_a_year(np.array([2.0]), np.inf).round(6), starts_in_a_year(np.array([2.0]), 0.25).round(4)
    (array([0.864665]), array([1.3889]))
    """
    offers, total = np.asarray(offers), np.zeros(np.shape(offers))
    for number in count(1):
        left = 1.0 - (number - 1) * years_on if number > 1 else 1.0
        more = gammainc(number, offers * max(left, 0.0))
        total = total + more
        if np.max(more, initial=0.0) < NEGLIGIBLE:
            return total
    raise AssertionError("a count without end")


def _offered(reach: Reach, path: str, programme: Programme, offer: Offer) -> Array:
    """Offers a year by one way in while eligible, at a factor of 1: [age, state, node, kind]."""
    values, clocks = reach.clocks.values, reach.clocks
    by_health = clocks.health_ratios(f"{path}.by_health", offer.by_health)
    by_kind = clocks.kinds.ratios(f"{path}.by_group", offer.by_group)
    ratio = np.einsum("s,n,k->snk", by_health, reach.risk[0] ** offer.risk_power, by_kind)
    who = _may(reach, programme.eligible) * _may(reach, offer.eligible)
    if offer.rate is not None:
        return np.asarray(values.of(f"{path}.rate", offer.rate) * ratio * who)
    event, _, place = offer.on.partition(":")
    events = reach.visits[place_number(reach.scenario, place)]
    if event == "discharge":
        events = events * (1.0 - _dying(reach, place))[None, :, None, None]
    return np.asarray(values.of(f"{path}.share", offer.share) * ratio * who * events)


def _dying(reach: Reach, place: str) -> Array:
    """Share of those who leave a place that die there: [state]."""
    places = reach.scenario.places
    dies = [name == place and places[name].routes[label].to == "dead" for name, label in route_names(reach.scenario)]
    return np.asarray(reach.route_share[dies].sum(axis=0))


def _may(reach: Reach, eligible: Eligibility) -> Array:
    """Whether people are eligible by age, state and kind: [age, state, 1, kind]."""
    states = reach.scenario.health.states
    by_health = np.array([not eligible.health or state in eligible.health for state in states], dtype=np.float64)
    by_age = (reach.ages >= eligible.min_age) & (reach.ages < eligible.max_age)
    by_kind = reach.clocks.kinds.among(eligible.groups)
    return np.asarray(np.einsum("a,s,k->ask", by_age, by_health, by_kind)[:, :, None, :])


def _years_on(values: Values, path: str, programme: Programme) -> float:
    """How long people are on it, dropping out included; infinity where they start once."""
    if programme.once:
        return math.inf
    length = programme.length
    days = values.of(f"{path}.length.mean", length.mean, math.inf) if length else math.inf
    leave = values.of(f"{path}.drop_out_rate", programme.drop_out_rate) / DAYS_PER_YEAR
    return (-math.expm1(-leave * days) / leave if leave else days) / DAYS_PER_YEAR
