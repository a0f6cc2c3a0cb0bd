"""Turns a scenario into a smaller one, without places that no check needs and nothing depends on: the same answers.

A place is left out when no journey goes on from it or to it, it has no queue, and no offer, boost, redirect or
eligibility refers to it. Draws are keyed by name, so all lives stay as they were but for the time not spent there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from simulator.scenario.tables import Effect, Place, Scenario, Support

T = TypeVar("T")
S = TypeVar("S", bound=Support)


def without_unused_places(scenario: Scenario, needed: Collection[str]) -> Scenario:
    """The scenario without the places that nothing depends on, the needs that go there and the effects on them.

    Args:
        scenario: resolved scenario.
        needed: names of places to keep in any case.
    """
    unused = set(scenario.places) - set(needed) - depended_on(scenario)
    needs = {name for name, need in scenario.needs.items() if need.goes_to in unused}
    changes: dict[str, Any] = {
        "places": _without(scenario.places, unused),
        "needs": _without(scenario.needs, needs),
        "supports": {name: _without_effects(support, unused, needs) for name, support in scenario.supports.items()},
        "programmes": {name: _without_effects(support, unused, needs) for name, support in scenario.programmes.items()},
        "boosts": {
            name: boost.model_copy(update={"ratio": _without(boost.ratio, needs)})
            for name, boost in scenario.boosts.items()
        },
    }
    if scenario.flares is not None:
        changes["flares"] = scenario.flares.model_copy(update={"ratio": _without(scenario.flares.ratio, needs)})
    return scenario.model_copy(update=changes)


def depended_on(scenario: Scenario) -> set[str]:
    """Places on a journey, with a queue, or that something else in the scenario refers to.

    Args:
        scenario: resolved scenario.
    """
    names = {boost.after for boost in scenario.boosts.values()}
    for name, place in scenario.places.items():
        names |= _on_a_journey(name, place)
    for support in (*scenario.supports.values(), *scenario.programmes.values()):
        names |= _referred_to(support)
    return names


def _on_a_journey(name: str, place: Place) -> set[str]:
    ways = {route.to for route in place.routes.values()} | {place.otherwise}
    ways |= {place.wait_limit.goes_to} if place.wait_limit else set()
    alone = ways == {"home"} and not place.routes and place.slots is None and not place.emergency
    return set() if alone else ways | {name}


def _referred_to(support: Support) -> set[str]:
    recents = [support.eligible.recent, *(offer.eligible.recent for offer in support.offers.values())]
    names = {recent.place for recent in recents if recent is not None}
    names |= {offer.on.partition(":")[2] for offer in support.offers.values()}
    return names | ({support.redirect.place} if support.redirect else set())


def _without_effects(support: S, places: set[str], needs: set[str]) -> S:
    effects = {name: effect for name, effect in support.effects.items() if not _acts_on(effect, places, needs)}
    early = support.early_uplift
    needs_left = tuple(need for need in early.needs if need not in needs) if early else ()
    uplift = early.model_copy(update={"needs": needs_left}) if early and needs_left else None
    return support.model_copy(update={"effects": effects, "early_uplift": uplift})


def _acts_on(effect: Effect, places: set[str], needs: set[str]) -> bool:
    kind, _, subject = effect.target.partition(":")
    return subject in needs if kind == "need" else subject.partition(".")[0] in places


def _without(table: Mapping[str, T], names: set[str]) -> dict[str, T]:
    return {name: value for name, value in table.items() if name not in names}
