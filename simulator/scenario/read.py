"""Turns a scenario file into a Scenario, or into all its faults at once.

    file -locate-> data and places -inherit-> one tree -validate-> tables -references, coherence, flows-> Scenario

Every fault names the file and line that wrote the value, the dotted path, what was found, what is allowed and what to
do. Poor fits of uncertain numbers are warnings: :func:`examine` returns them beside the scenario.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import Any

from simulator.errors import Fault, NotAllowed, ScenarioError
from simulator.scenario.addresses import Path, dotted, keys_of, quantities, walk
from simulator.scenario.dates import with_days
from simulator.scenario.inherit import load, load_text, parse_set, put, with_value
from simulator.scenario.inherited.sizes import fitted, inherited_sizes
from simulator.scenario.library import find, packaged
from simulator.scenario.names import dangling
from simulator.scenario.rules.between import at_odds, lonely_groups
from simulator.scenario.rules.one_table import incoherent, setting
from simulator.scenario.rules.plausible import odd
from simulator.scenario.tables import Scenario
from simulator.scenario.toml.tree import Issue, Tree
from simulator.scenario.types import sound, typed
from simulator.scenario.write import resolved, scenario_hash, write, written
from simulator.uncertainty.quantity import Quantity
from simulator.uncertainty.spread import beyond

__all__ = [
    "EXAMPLE",
    "Reading",
    "examine",
    "find",
    "packaged",
    "quantities",
    "read",
    "read_text",
    "scenario_hash",
    "schema",
    "warnings",
    "with_changes",
    "write",
]

ALTERNATIVES = "alternatives"
TOLD_OUTSIDE = 1e-7
"""Less of a law than this outside its limits is not worth a word: 1 in 10 million."""
KEPT = ("name", "title", "arms", "checks", "calibration", ALTERNATIVES)
"""What an alternative may not set, since its result must stand beside that of the scenario."""
EXAMPLE = """
title = "A village"
price_year = "2023/24"
[population]
place_size = 1000
people = 1000
age_bands = [65]
ages = { edges = [65, 80, 95], share = [0.7, 0.3] }
[health]
states = ["fit"]
[needs.gp]
goes_to = "gp"
rate = 5.0
[places.gp]
stay = { dist = "fixed", mean = 0.02 }
[economics]
discount_rate = 0.035
discount_rate_later = 0.03
health_discount_rate = 0.015
"""
"""The smallest scenario there is, for examples."""


@dataclass(frozen=True)
class Reading:
    """A scenario and what its author should look at again.

    Args:
        scenario: the scenario.
        notes: what was changed on reading, with file and line.
        tree: who wrote what.
    """

    scenario: Scenario
    notes: tuple[Fault, ...]
    tree: Tree

    @property
    def warnings(self) -> tuple[Fault, ...]:
        """The notes, and what is possible but odd, such as a law that fits badly what was asked."""
        return (*self.notes, *_warnings(self.scenario, self.tree))


def read(path: str | FilePath, *, sets: Sequence[str] = ()) -> Scenario:
    """The scenario in a file.

    Args:
        path: a file, or the name of a packaged scenario.
        sets: changes as ``path=value``, the value in TOML, applied in order.

    Raises:
        ScenarioError: with every fault of the file, of the files it extends and of the changes.

    >>> read("no such scenario")
    Traceback (most recent call last):
    simulator.errors.ScenarioError: 1 fault:
    no such scenario: found no such scenario; allowed a file or the name of a scenario; `simulator list` shows them
    """
    return examine(path, sets=sets).scenario


def examine(path: str | FilePath, *, sets: Sequence[str] = ()) -> Reading:
    """The scenario in a file with its warnings.

    Args:
        path: a file, or the name of a packaged scenario.
        sets: changes as ``path=value``, the value in TOML, applied in order.

    Raises:
        ScenarioError: as for :func:`read`.
    """
    return _reading(*_with_sets(load(find(path)), sets))


def read_text(text: str, *, name: str = "scenario", base: str | FilePath = ".", sets: Sequence[str] = ()) -> Scenario:
    """The scenario in a text.

    Args:
        text: the scenario in TOML.
        name: its name when the text gives none; faults name the file ``NAME.toml``.
        base: the folder where files that the text extends are looked for.
        sets: changes as ``path=value``.

    Raises:
        ScenarioError: as for :func:`read`.

    >>> read_text(EXAMPLE, sets=["needs.gp.rate=6"]).needs["gp"].rate.value
    6.0
    """
    return _reading(*_with_sets(load_text(text, f"{name}.toml", FilePath(base)), sets)).scenario


def with_changes(scenario: Scenario, changes: Mapping[str, object]) -> Scenario:
    """The scenario with some values replaced; nothing else changes.

    Alternatives are checked only when one of them is changed: they were when the scenario was read, and are again when
    they are run.

    Args:
        scenario: the scenario.
        changes: numbers, text, lists, tables or quantities by dotted path.

    Raises:
        ScenarioError: with every fault that the changes bring, a path that the scenario cannot have among them.

    >>> with_changes(read_text(EXAMPLE), {"needs.gp.rate": 6.5}).needs["gp"].rate.value
    6.5
    """
    tree = Tree(resolved(scenario), {}, scenario.name)
    pairs = [(path, written(value)) for path, value in changes.items()]
    among_them = any(path.split(".")[0] == ALTERNATIVES for path, _ in pairs)
    return _reading(*_changed(tree, pairs, "change"), alternatives=among_them).scenario


def warnings(scenario: Scenario) -> tuple[Fault, ...]:
    """The uncertain numbers of a scenario whose law fits badly what was asked; without lines, which only a file has.

    Args:
        scenario: the scenario.

    >>> warnings(read_text(EXAMPLE))
    ()
    """
    return _warnings(scenario, Tree({}, {}, scenario.name))


def schema() -> dict[str, Any]:
    """The JSON Schema of scenario files, for editors that complete and check them (``#:schema`` in the first line).

    A quantity may be a number or a table. No key is required, since a file may extend another.

    >>> sorted(schema()["properties"]["extends"])
    ['description', 'type']
    """
    made = _optional(Scenario.model_json_schema(by_alias=True))
    made["properties"] |= {
        "extends": {"type": "string", "description": "the scenario file that this one changes"},
        "remove": {"type": "array", "items": {"type": "string"}, "description": "dotted paths not to inherit"},
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


# ------------------------------------------------------------------------------------------- the steps


def _with_sets(tree: Tree, sets: Sequence[str]) -> tuple[Tree, list[Fault]]:
    pairs, faults = list[tuple[str, object]](), list[Fault]()
    for text in sets:
        try:
            pairs.append(parse_set(text))
        except NotAllowed as fault:
            faults.append(_fault_of_change("--set", text.partition("=")[0], fault))
    changed, more = _changed(tree, pairs, "--set")
    return changed, faults + more


def _changed(tree: Tree, pairs: Iterable[tuple[str, object]], by: str) -> tuple[Tree, list[Fault]]:
    faults, changed = [], tree
    for path, value in pairs:
        try:
            changed = with_value(changed, path, value, by)
        except NotAllowed as fault:
            faults.append(_fault_of_change(by, path, fault))

    def restated(path: Path) -> bool:
        return changed.at(path).file == by

    return replace(changed, sizes=inherited_sizes(tree, changed.data, restated)), faults


def _fault_of_change(by: str, path: str, fault: NotAllowed) -> Fault:
    return Fault(by, path, None, fault.found, fault.allowed, fault.hint)


def _reading(tree: Tree, faults: Sequence[Fault] = (), *, alternatives: bool = True) -> Reading:
    """The scenario of a tree; faults of the changes that led to it are reported with its own.

    Checking its ``alternatives`` too takes as long as reading the scenario once for each.
    """
    tree, issues, notes = fitted(tree)
    scenario, more = _checked(tree.data)
    issues += more
    if alternatives and not issues:
        issues = list(_in_alternatives(tree))
    if scenario is None or issues or faults:
        raise ScenarioError([*faults, *tree.faults(issues)])
    whole = _with_everybody(scenario)
    notes = [*notes, *_not_everybody(scenario, whole)]
    return Reading(whole, tuple(tree.faults(notes)), tree)


def _with_everybody(scenario: Scenario) -> Scenario:
    """The scenario with everybody of one place, where anything is limited."""
    them = scenario.population
    people = int(them.place_size / them.places) if scenario.limited() else them.people
    if people == them.people:
        return scenario
    return scenario.model_copy(update={"population": them.model_copy(update={"people": people})})


def _not_everybody(scenario: Scenario, whole: Scenario) -> Iterator[Issue]:
    stated, lived = scenario.population.people, whole.population.people
    if stated != lived:
        hint = f"all {lived:,} of the place are lived: a part of a place does not queue as the whole does"
        yield Issue(("population", "people"), f"{stated:,} people where {scenario.limited()[0]} is limited", "", hint)


def _checked(data: dict[str, Any]) -> tuple[Scenario | None, list[Issue]]:
    """The scenario of some data and everything that is wrong with it."""
    data, undated = with_days(data)
    scenario, issues = typed(data)
    issues = [*undated, *(issue for issue in issues if issue.path not in {each.path for each in undated})]
    found = dict(walk(scenario) if scenario else sound(data))
    issues += dangling(data)
    issues += incoherent(found.items(), setting(data))
    issues += at_odds(found, data)
    return scenario, issues


def _in_alternatives(tree: Tree) -> Iterator[Issue]:
    """What is wrong with a sound scenario when the values of one of its alternatives are set."""
    alone = {key: value for key, value in tree.data.items() if key != ALTERNATIVES}
    for name, alternative in tree.data.get(ALTERNATIVES, {}).items():
        changed, at = alone, (ALTERNATIVES, name, "set")
        for path, value in alternative["set"].items():
            try:
                changed = _set_in_alternative(changed, path, value)
            except NotAllowed as fault:
                yield Issue((*at, path), fault.found, fault.allowed, fault.hint)
        yield from (_in_alternative(issue, at, alternative["set"]) for issue in _checked(changed)[1])


def _in_alternative(issue: Issue, at: tuple[str, ...], values: Mapping[str, object]) -> Issue:
    """The same fault at the value of an alternative that brought it, else at the alternative."""
    place = dotted(issue.path)
    setter = next((path for path in values if f"{place}.".startswith(f"{path}.")), None)
    where = "" if place == setter else f" at {place}"
    return Issue(at if setter is None else (*at, setter), f"{issue.found}{where}", issue.allowed, issue.hint)


def _set_in_alternative(data: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    if keys_of(path)[0] in KEPT:
        raise NotAllowed(path, "what the model is built of: people, pathway, effects, prices")
    return put(data, path, value)[0]


def _warnings(scenario: Scenario, tree: Tree) -> tuple[Fault, ...]:
    items = list(walk(scenario))
    return tuple(tree.faults([*_poor_fits(items), *_cut_off(items), *lonely_groups(scenario), *odd(scenario)]))


def _cut_off(items: Iterable[tuple[Any, object]]) -> Iterable[Issue]:
    """Laws that reach a little beyond their limits and are cut off there."""
    for path, item in items:
        if isinstance(item, Quantity) and item.is_uncertain and (share := item.outside()) > TOLD_OUTSIDE:
            words = f"a {item.dist} with {100 * share:.1g} % of its probability {beyond(item.limits)}"
            yield Issue(path, words, "", "it is cut off there, and the rest stands for the whole")


def _poor_fits(items: Iterable[tuple[Any, object]]) -> Iterable[Issue]:
    for path, item in items:
        if isinstance(item, Quantity) and item.is_uncertain and (fit := item.fit()).poor:
            yield Issue(path, f"a poor fit, {fit.message}", "", f"try {fit.better}")


def _optional(part: Any) -> Any:
    if isinstance(part, dict):
        kept = {key: inner for key, inner in part.items() if key != "required" or not isinstance(inner, list)}
        return {key: _optional(inner) for key, inner in kept.items()}
    return [_optional(inner) for inner in part] if isinstance(part, list) else part
