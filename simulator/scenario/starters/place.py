"""Turns what a place knows of itself into a short file that extends a population, with its figures as checks.

Each local figure is a check in the place's own number of people; ``[calibration]`` names the number that meets it:

    visits:PLACE       `adjust` of the needs that lead there
    emergency:PLACE    the share of a route that leads there, or `adjust` of the emergency needs where there is none
    days:PLACE         the mean stay there
    deaths             the rate of dying
    starts             the rate, or the share, of the programme's first offer
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from simulator.errors import RunError, no_such
from simulator.scenario.read import read
from simulator.scenario.starters.extension import on_one_line
from simulator.scenario.tables import Check, ProgrammeCost, Scenario

NEAR = 0.05  # of a local figure: near enough, until someone writes what is
FEW = 100
COUNTED = ("visits", "emergency", "days", "deaths")
WIDER = 3.0  # times more or less than the population's: where a place's number is looked for
HEAD = """\
# {name}: a place of its own, from {parent}.
#
#   meet the figures below        simulator calibrate {name}.toml --write {name}_met.toml
#   where it departs from there   simulator check {name}_met.toml
#
# A figure is met when it lies from `low` to `high`: {near:.0%} around it, until you write how sure you are. What
# {parent} has on record for the same thing is only reported here.
"""


@dataclass(frozen=True)
class Local:
    """What a place knows of itself.

    ``people`` by the lower end of their ages; ``figures``: how many a year in the whole place, by measure
    (``visits:ae``); ``prices`` in pounds by name; ``starts`` a year and pounds ``per_start`` of the programme.
    """

    people: Mapping[int, float]
    figures: Mapping[str, float] = field(default_factory=dict)
    prices: Mapping[str, float] = field(default_factory=dict)
    starts: float | None = None
    per_start: float | None = None

    @property
    def size(self) -> float:
        """Everybody in the place."""
        return sum(self.people.values())


def place(name: str, parent: str, local: Local) -> str:
    """The text of a file for a place.

    Args:
        name: of the new scenario.
        parent: a file or the name of a scenario that it extends: a population, or a programme where starts are told.
        local: what the place knows of itself.

    Raises:
        RunError: a figure, a price or a programme that the parent does not have.

    Example:
        >>> text = place("my_town", "england_65_plus", Local({65: 9000, 75: 6500, 85: 2300}, {"visits:ae": 9400}))
        >>> [line for line in text.splitlines() if line.startswith("vary")]
        ['vary = ["needs.ae.adjust"]']
    """
    scenario = read(parent)
    head = HEAD.format(name=name, parent=parent, near=NEAR)
    title = name.replace("_", " ").capitalize()
    top = [f"extends = {on_one_line(parent)}", *_without_costs(scenario, local), f"title = {on_one_line(title)}", ""]
    return head + "\n".join([*top, *_people(scenario, local), *_prices(scenario, local), *_met(scenario, local)]) + "\n"


def asked_for(scenario: Scenario) -> dict[str, float]:
    """What a place may know: the measures that the population's checks count in its people, and its own figure a head.

    Args:
        scenario: the population.
    """
    return {check.measure: _on_record(check) / check.per for check in scenario.checks.values() if _is_local(check)}


def _is_local(check: Check) -> bool:
    kind = check.measure.partition(":")[0]
    return check.comparison == "usual care" and kind in COUNTED and check.judged


def _on_record(check: Check) -> float:
    return (check.low + check.high) / 2 if check.target is None else check.target


def _without_costs(scenario: Scenario, local: Local) -> Iterator[str]:
    if local.per_start is not None:
        yield f"remove = {on_one_line([f'programmes.{_programme(scenario)}.costs', *_cost_checks(scenario)])}"


def _cost_checks(scenario: Scenario) -> list[str]:
    kinds = ("cost_per", "unit_cost", "days_averted_per_pound")
    named = scenario.checks.items()
    return [f"checks.{name}" for name, check in named if check.programme and check.measure.startswith(kinds)]


def _people(scenario: Scenario, local: Local) -> Iterator[str]:
    ages = sorted(local.people)
    last = scenario.population.ages.edges[-1]
    if not ages or last <= ages[-1]:
        raise RunError(f"found people from {ages}; allowed lower ends of ages below {last:g}, such as 65:9000")
    shares = [round(local.people[age] / local.size, 4) for age in ages]
    shares[-1] = round(1 - sum(shares[:-1]), 4)
    yield f"population.place_size = {local.size:g}"
    yield f"population.ages = {on_one_line({'edges': [*ages, _whole(last)], 'share': shares})}"


def _prices(scenario: Scenario, local: Local) -> Iterator[str]:
    for name, pounds in known_prices(scenario, local.prices).items():
        yield f"prices.{name}.amount = {pounds:g}"
    if local.per_start is not None:
        root, costs = f"programmes.{_programme(scenario)}.costs", _programme_costs(scenario)
        payer = next(iter(costs.values())).payer if costs else next(iter(scenario.payers))
        cost = {
            "kind": "per_start",
            "amount": _whole(local.per_start),
            "payer": payer,
            "covers": "all of it, as the place says",
        }
        yield f"{root}.each = {on_one_line(cost)}"


def known_prices(scenario: Scenario, prices: Mapping[str, float]) -> Mapping[str, float]:
    """Pounds by price, all of which the population has.

    Args:
        scenario: the population.
        prices: pounds by name.

    Raises:
        RunError: a price that it does not have.
    """
    for name in prices:
        if name not in scenario.prices:
            raise RunError(no_such("price", name, tuple(scenario.prices)))
    return prices


def _programme_costs(scenario: Scenario) -> Mapping[str, ProgrammeCost]:
    return scenario.programmes[_programme(scenario)].costs


def _programme(scenario: Scenario) -> str:
    if len(scenario.programmes) != 1:
        known = ", ".join(scenario.programmes) or "none"
        raise RunError(f"found starts or costs where the programmes are {known}; allowed --from one with one programme")
    return next(iter(scenario.programmes))


# ------------------------------------------------------------------------------------------------ what is met


def _met(scenario: Scenario, local: Local) -> Iterator[str]:
    vary, targets = list[str](), list[str]()
    for measure, count in local.figures.items():
        label = f"local_{measure.replace(':', '_')}"
        vary.append(_knob(scenario, measure))
        targets.append(label)
        yield _check(label, {"measure": measure, "per": _whole(local.size)}, count, f"{count:,.10g} a year")
    if local.starts is not None:
        programme = _programme(scenario)
        years = scenario.horizon.funding_years
        about = {"measure": "starts", "per": _whole(local.size), "programme": programme}
        about |= {"comparison": "with and without"}
        vary.append(_offer(scenario, programme))
        targets.append("local_starts")
        yield _check("local_starts", about, local.starts * years, f"{local.starts:g} a year for {years:g} years")
    yield from (f"checks.{name}.judged = false" for name in _departing(scenario, local))
    if targets:
        yield f"\n[calibration]\nvary = {on_one_line(vary)}\ntargets = {on_one_line(targets)}"


def _departing(scenario: Scenario, local: Local) -> Iterator[str]:
    """Checks on what the place has figures of its own for: with other starts fixed costs fall on other numbers, too."""
    for name, check in scenario.checks.items():
        follows = check.programme and check.measure.startswith(("starts", "cost_per")) and local.starts is not None
        removed = local.per_start is not None and f"checks.{name}" in _cost_checks(scenario)
        if (follows and not removed) or (check.measure in local.figures and _is_local(check)):
            yield name


def _check(label: str, about: Mapping[str, object], count: float, supports: str) -> str:
    width = {"target": _whole(count), "low": _whole(count * (1 - NEAR)), "high": _whole(count * (1 + NEAR))}
    words = {"source": "the place's own figure", "supports": supports}
    return f"checks.{label} = {on_one_line({**about, **width, **words})}"


def _whole(count: float) -> float:
    """A count as a whole number where it is large enough to be one."""
    return round(count) if count >= FEW else count


def _knob(scenario: Scenario, measure: str) -> str:
    kind, _, name = measure.partition(":")
    if measure not in _countable(scenario):
        raise RunError(no_such("figure", measure, _countable(scenario)))
    if kind == "deaths" and scenario.death is not None:
        return _free(scenario, "death.rate", float(scenario.death.rate))
    if kind == "days":
        return _free(scenario, f"places.{name}.stay.mean", _mean_stay(scenario, name))
    ways = [(f"places.{p}.routes.{r}.share", route.share) for p, at in scenario.places.items()
            for r, route in at.routes.items() if route.to == name]  # fmt: skip
    if kind == "emergency" and ways:
        return _free(scenario, ways[0][0], float(ways[0][1]))
    needs = [n for n, need in scenario.needs.items() if need.goes_to == name]
    if not needs:
        raise RunError(f"{measure}: found no need that leads to {name}; leave the figure out, or write what meets it")
    return f"needs.{needs[0]}.adjust"


def _countable(scenario: Scenario) -> tuple[str, ...]:
    """Figures that a place may have: what is counted at each place, and deaths where people die."""
    at_places = tuple(f"{kind}:{name}" for name in scenario.places for kind in COUNTED[:-1])
    return (*at_places, *(("deaths",) if scenario.death else ()))


def _mean_stay(scenario: Scenario, name: str) -> float:
    mean = scenario.places[name].stay.mean
    if mean is None:
        raise RunError(f"days:{name}: found a stay without a mean; leave the figure out, or write what meets it")
    return float(mean)


def _offer(scenario: Scenario, programme: str) -> str:
    label, offer = next(iter(scenario.programmes[programme].offers.items()))
    root = f"programmes.{programme}.offers.{label}"
    if offer.rate is not None:
        return _free(scenario, f"{root}.rate", float(offer.rate))
    return _free(scenario, f"{root}.share", float(offer.share or 0.5))


def _free(scenario: Scenario, path: str, value: float) -> str:
    """The path with where to look: a place may lie far outside what is known of the population."""
    most = value * WIDER
    if path.endswith(".share"):
        most = min(most, (1 + value) / 2)
    return f"{path}:{value / WIDER:.4g}:{most:.4g}"


def parsed(texts: Sequence[str], separator: str, example: str) -> dict[str, float]:
    """Names and numbers from texts such as ``65:9000`` or ``bed_day=380``.

    Args:
        texts: what was typed.
        separator: between name and number.
        example: what to show where it cannot be read.

    Raises:
        RunError: a text that is not so.

    >>> parsed(["visits:ae=9400", "days:inpatient = 30,000"], "=", "")
    {'visits:ae': 9400.0, 'days:inpatient': 30000.0}
    """
    out = {}
    for text in texts:
        name, found, number = text.rpartition(separator)
        try:
            out[name.strip()] = float(number.replace(",", ""))
        except ValueError:
            found = ""
        if not found or out.get(name.strip(), -1) < 0:
            raise RunError(f'found "{text}"; allowed such as {example}')
    return out
