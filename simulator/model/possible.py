"""Turns the rows of a design into what is wrong with them, before anybody lives in one: rules hold in every row.

A value that is possible as stated may not be as sampled, and two values may be possible apart and not together:

    each number      inside the limits of its kind
    lengths          a mean above 0 where the law asks for one, low below high, fewer than all stays of no days
    routes           shares x ratios of health add up to 1 at most
    routes raised    shares x the largest ratio that effects can reach, arm by arm, too
    the model        can be built

The largest ratio of a route is exp(sum over timings of max(w ln R)): effects of one timing rise and fall together,
those of different timings need not.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from simulator.errors import RunError
from simulator.model.build import build
from simulator.model.model import Model, Target
from simulator.scenario.addresses import Path, dotted, keys_of, walk
from simulator.scenario.evidence import active_groups, active_quantities, mode_quantities
from simulator.scenario.tables import EVIDENCE_MODES, Duration, EvidenceMode, Place, Scenario
from simulator.scenario.toml.tree import Issue, Tree
from simulator.uncertainty.design import Design
from simulator.uncertainty.quantity import Quantity
from simulator.uncertainty.sample import central, sample
from simulator.uncertainty.sampled import value_at
from simulator.uncertainty.spread import plain

Array = NDArray[np.float64]
TIMING = ("support", "basis", "delay", "ramp", "half_life", "first_step", "steps", "least", "peak")
TOLERANCE = 1e-9  # as the engines have it
ROWS, SEED = 1024, 1  # the rows that a file is examined on, and the seed that a run has when none is given
LAW = 'lower it, or give it a law that ends sooner, such as dist = "triangular" with range'


def impossible(scenario: Scenario, design: Design, evidence: EvidenceMode, people: int | None = None) -> list[Issue]:
    """What is wrong with the rows of a design; each fault once, with the first row that has it.

    Args:
        scenario: resolved scenario.
        design: the rows.
        evidence: which value of each programme effect they are for.
        people: how many are simulated; the whole place if left out.

    Returns:
        Issues at the paths of the quantities; empty where every row can be lived.

    Example:
        >>> from simulator.scenario.read import EXAMPLE, read_text
        >>> impossible(read_text(EXAMPLE), Design((), [[]], [0], [0], "central", 1), "calibrated")
        []
    """
    count = int(people or scenario.population.place_size)
    apart = [*_outside_limits(scenario, design, evidence), *_lengths(scenario, design), *_routes(scenario, design)]
    return apart or list(_together(scenario, design, evidence, count))


def refuse_impossible(scenario: Scenario, design: Design, evidence: EvidenceMode, people: int) -> None:
    """Raise a ScenarioError with every fault of the rows of a design; see :func:`impossible`."""
    if issues := impossible(scenario, design, evidence, people):
        raise Tree({}, {}, scenario.name).refuse(*issues)


def examined(scenario: Scenario, rows: int = ROWS) -> list[Issue]:
    """What is wrong with the stated values and with some sampled rows, in the first mode of evidence that has faults.

    Args:
        scenario: resolved scenario.
        rows: how many rows.
    """
    for mode in EVIDENCE_MODES:
        try:
            quantities, groups = active_quantities(scenario, mode), active_groups(scenario, mode)
        except RunError:  # nothing stated for this mode
            continue
        drawn = sample(quantities, rows if quantities else 1, SEED, groups=groups)
        for design in (central(quantities), drawn):
            if issues := impossible(scenario, design, mode):
                return issues
    return []


def _values(design: Design, path: Path, quantity: Quantity | None, default: float = 1.0) -> Array:
    """[row] values of a quantity; ``default`` where the file leaves it out."""
    return value_at(design, dotted(path), quantity, default)


def _first(bad: NDArray[np.bool_], design: Design) -> str:
    """Where a fault is, in words: in which row first, and in how many more."""
    if design.kind == "central":
        return "as stated"
    row, more = int(np.argmax(bad)), int(bad.sum()) - 1
    return f"in row {row} and {more} more of {len(bad)}" if more else f"in row {row} of {len(bad)}"


# ----------------------------------------------------------------------------------- numbers and lengths


def _outside_limits(scenario: Scenario, design: Design, evidence: EvidenceMode) -> Iterator[Issue]:
    for name, quantity in mode_quantities(scenario, evidence).items():
        if name not in design.names:
            continue
        values = design.values[:, design.names.index(name)]
        bad = np.array([value not in quantity.limits for value in values.tolist()])
        if bad.any():
            words = f"{plain(values[bad][0])} {_first(bad, design)}"
            yield Issue(keys_of(name), words, str(quantity.limits), "give it a law that stays inside")


def _lengths(scenario: Scenario, design: Design) -> Iterator[Issue]:
    for path, length in walk(scenario):
        if isinstance(length, Duration):
            yield from _length(path, length, design)


def _length(path: Path, length: Duration, design: Design) -> Iterator[Issue]:
    if length.dist in ("lognormal", "weibull"):
        for key in ("mean", "cv"):
            values = _values(design, (*path, key), getattr(length, key))
            if (bad := values <= 0).any():
                yield Issue((*path, key), f"0 {_first(bad, design)}", "above 0", 'try dist = "gamma" or "lognormal"')
    if length.dist == "uniform":
        low, high = (_values(design, (*path, key), getattr(length, key)) for key in ("low", "high"))
        if (bad := low >= high).any():
            words = f"{plain(low[bad][0])} {_first(bad, design)}"
            yield Issue((*path, "low"), words, f"below high, there {plain(high[bad][0])}", LAW)
    if (bad := _values(design, (*path, "zero_share"), length.zero_share, 0.0) >= 1).any():
        yield Issue((*path, "zero_share"), f"1 {_first(bad, design)}", "below 1", LAW)


# ------------------------------------------------------------------------------------------------ routes


def _routes(scenario: Scenario, design: Design) -> Iterator[Issue]:
    for name, place in scenario.places.items():
        totals = np.zeros((len(design), len(scenario.health.states)))
        for label, route in place.routes.items():
            path: Path = ("places", name, "routes", label)
            share = _values(design, (*path, "share"), route.share)
            for k, state in enumerate(scenario.health.states):
                totals[:, k] += share * _values(design, (*path, "by_health", state), route.by_health.get(state))
        if (bad := totals.max(axis=1) > 1 + TOLERANCE).any():
            row = int(np.argmax(bad))
            state = scenario.health.states[int(np.argmax(totals[row]))]
            words = f"shares with sum {totals[row].max():.4g} in health state {state} {_first(bad, design)}"
            yield Issue(("places", name, "routes"), words, "a sum of at most 1", LAW)


def _together(scenario: Scenario, design: Design, evidence: EvidenceMode, people: int) -> Iterator[Issue]:
    """Faults of whole rows: models that cannot be built, and routes that effects overfill."""
    over = np.zeros((len(design), len(scenario.places)))
    for row in range(len(design)):
        try:
            model = build(scenario, design.row(row), people=people, evidence=evidence)
        except RunError:
            raise
        except (ArithmeticError, ValueError) as fault:
            yield Issue((), f"row {row} of {len(design)}, which cannot be built ({fault})", "", "look at its laws")
            return
        over[row] = _fullest(model)
    for number, (name, place) in enumerate(scenario.places.items()):
        if (bad := over[:, number] > 1 + TOLERANCE).any():
            words = f"{over[bad, number][0]:.4g} {_first(bad, design)}"
            yield from _overfilled(scenario, name, place, words, design.row(int(np.argmax(bad))), evidence)


def _fullest(model: Model) -> Array:
    """The largest sum of raised shares that each place can have, in any arm, state of health and journey: [place]."""
    raised = model.effects["target"] == Target.ROUTE
    out = np.zeros(len(model.places))
    if not raised.any():
        return out
    unlike = {acts.tobytes(): kind for kind, acts in enumerate(model.effect_kinds[raised].T)}  # others act on each
    for arm, emergency, kind in product(model.arms, (False, True), unlike.values()):
        on = model.effect_kinds[:, kind] & arm[model.effects["support"]]
        share = model.route_share * np.maximum(_largest(model, on & raised, on, emergency), 1.0)[:, None]
        for number, place in enumerate(model.places):
            own = share[place["first_route"] : place["first_route"] + place["routes"]]
            out[number] = max(out[number], own.sum(axis=0).max(initial=0.0))
    return out


def _largest(model: Model, raised: NDArray[np.bool_], on: NDArray[np.bool_], emergency: bool) -> Array:
    """The largest ratio that effects can give each route: those on routes, and all that act together: [route]."""
    by_timing: dict[tuple[float, ...], float] = {}
    for effect in model.effects[raised]:
        if emergency or not effect["emergency_only"]:
            key = (float(effect["subject"]), *(float(effect[name]) for name in TIMING))
            by_timing[key] = by_timing.get(key, 0.0) + float(effect["ln_ratio"])
    log_ratio = np.zeros(len(model.routes))
    for (route, *_, least, peak), ln in by_timing.items():
        log_ratio[int(route)] += max(least * ln, peak * ln)
    for pair in model.synergies[model.synergies["target"] == Target.ROUTE]:
        if on[pair["first"]] and on[pair["second"]]:
            both = [model.effects[pair[end]] for end in ("first", "second")]
            ends = product(*((effect["least"], effect["peak"]) for effect in both))
            log_ratio[pair["subject"]] += max(pair["ln_ratio"] * a * b for a, b in ends)
    return np.exp(log_ratio)


def _overfilled(
    scenario: Scenario, name: str, place: Place, words: str, row: dict[str, float], evidence: EvidenceMode
) -> Iterator[Issue]:
    """The fault of a place whose routes are overfilled, at the effects that can raise them, with their value there."""
    routes, said = ", ".join(f"{name}.{label}" for label in place.routes), mode_quantities(scenario, evidence)
    for path in _raising(scenario, name, place):
        value = f"{dotted(path)}.{evidence}"
        if value in said:
            ratio = plain(row.get(value, float(said[value])))
            found = f"an effect of {ratio} with which the shares of {routes} have a sum of {words}"
            yield Issue((*path, evidence), found, "a sum of at most 1", LAW)


def _raising(scenario: Scenario, name: str, place: Place) -> list[Path]:
    """Effects on the routes of a place: stated on them, or on the visits that they lead to or come from."""
    targets = {f"route:{name}.{label}" for label in place.routes}
    for kind in ("visits", "emergency"):
        targets |= {f"{kind}:{where}" for where in (name, *(route.to for route in place.routes.values()))}
    return [
        (*root.split("."), "effects", label)
        for root, support in scenario.all_supports(in_arms=True).values()
        for label, effect in support.effects.items()
        if effect.target in targets
    ]
