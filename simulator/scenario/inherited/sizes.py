"""Keeps a place of another size itself: what belongs to a place of a size follows it, or is asked for.

    per_people = N beside a number    the number is for N people; x place_size / N
    entrants.per_year                 x place_size / the size it was written for, with a note
    slots, workers, fixed costs,      written for one size and inherited by a place of another: a fault, until they are
    starts_per_year, hospital_scale   written again or say ``per_people``

Everything is done when a file is read, so that the scenario itself holds the numbers of its own place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from simulator.scenario.addresses import Path, dotted
from simulator.scenario.names import table_in
from simulator.scenario.toml.tree import Issue, Tree
from simulator.uncertainty.spread import plain

Data: TypeAlias = dict[str, Any]

SIZE: Path = ("population", "place_size")
ENTRANTS: Path = ("population", "entrants", "per_year")
STARTS = "starts_per_year"
PER = "per_people"
FIXED = ("one_off", "per_year")
SCALED_KEYS = ("value", "ci95", "ci80", "range", "se", "sample", "slots")


def size_of(data: Mapping[str, Any]) -> float | None:
    """The size of the place in some data; None where it cannot be read.

    >>> size_of({"population": {"place_size": 2000}})
    2000
    """
    size = table_in(data, "population").get("place_size")
    return size if isinstance(size, int | float) and not isinstance(size, bool) and size > 0 else None


def inherited_sizes(base: Tree, data: Data, restated: Callable[[Path], bool]) -> dict[Path, float]:
    """For each number that belongs to a place of a size and was inherited: the size it was written for.

    Args:
        base: what is inherited.
        data: what has become of it.
        restated: whether what is at a path was written anew.
    """
    before = size_of(base.data)
    known = {path: size for path, size in base.sizes.items() if not restated(path)}
    if before is None or before == size_of(data):
        return known
    there = {path: before for path in _sized(base.data) if not restated(path)}
    return there | known


def fitted(tree: Tree) -> tuple[Tree, list[Issue], list[Issue]]:
    """The tree with the numbers of its own place, what is missing for that, and what should be known of it."""
    size = size_of(tree.data)
    if size is None:
        return tree, [], []
    other = {path: own for path, own in tree.sizes.items() if own != size and path in set(_sized(tree.data))}
    issues = [_asked(path, own, size, tree.data) for path, own in other.items() if path != ENTRANTS]
    notes, data = list[Issue](), tree.data
    if ENTRANTS in other:
        entrants = table_in(data["population"], "entrants")["per_year"]
        data = _put(data, ENTRANTS, times(entrants, size / other[ENTRANTS]))
        notes.append(_followed(entrants, other[ENTRANTS], size))
    for path, per in list(_stated_per(data)):
        data = _for_this_place(data, path, size / per)
    return replace(tree, data=data), issues, notes


def times(value: Any, factor: float) -> Any:
    """A number as it is written, alone or with its spread, times a factor; what is no number stays.

    >>> times({"value": 3, "ci95": [2, 4], "grade": 6}, 5.0)
    {'value': 15.0, 'ci95': [10.0, 20.0], 'grade': 6}
    """
    if factor == 1 or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value * factor
    if isinstance(value, list):
        return [times(inner, factor) for inner in value]
    if isinstance(value, dict):
        return {key: times(inner, factor) if key in SCALED_KEYS else inner for key, inner in value.items()}
    return value


# ------------------------------------------------------------------------- what belongs to a place of a size


def _sized(data: Mapping[str, Any]) -> Iterator[Path]:
    """Paths of the numbers that belong to a place of a size and do not say themselves to how many people."""
    if "per_year" in table_in(table_in(data, "population"), "entrants"):
        yield ENTRANTS
    for path, keys in _owners(data):
        table = _at(data, path)
        yield from ((*path, key) for key in keys if key in table and PER not in table)
    programmes = table_in(data, "programmes")
    yield from (("programmes", name, STARTS) for name in programmes if STARTS in table_in(programmes, name))
    for name, rule in table_in(data, "cash").items():
        if isinstance(rule, dict) and "step" in rule:
            yield ("cash", name, "hospital_scale")


def _owners(data: Mapping[str, Any]) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Tables that may say ``per_people``, with the keys that it is about."""
    for name, place in table_in(data, "places").items():
        if isinstance(place, dict) and "slots" in place:
            yield ("places", name), ("slots", "changes")
    for kind in ("supports", "programmes"):
        for name, support in table_in(data, kind).items():
            if table_in(support, "staff"):
                yield (kind, name, "staff"), ("workers", "changes")
            for label, cost in table_in(support, "costs").items():
                if isinstance(cost, dict) and cost.get("kind") in FIXED:
                    yield (kind, name, "costs", label), ("amount",)
    yield from _capacity_of_arms(data)


def _capacity_of_arms(data: Mapping[str, Any]) -> Iterator[tuple[Path, tuple[str, ...]]]:
    for name, arm in table_in(data, "arms").items():
        rows = arm.get("capacity") if isinstance(arm, dict) else None
        for number, row in enumerate(rows if isinstance(rows, list) else ()):
            if isinstance(row, dict):
                yield ("arms", name, "capacity", number), ("slots", "workers")


def _stated_per(data: Mapping[str, Any]) -> Iterator[tuple[Path, float]]:
    for path, _ in _owners(data):
        per = _at(data, path).get(PER)
        if isinstance(per, int | float) and not isinstance(per, bool) and per > 0:
            yield path, per


def _for_this_place(data: Data, path: Path, factor: float) -> Data:
    """A table that says ``per_people`` with the numbers of this place, which need not say it any more."""
    keys = next(keys for owner, keys in _owners(data) if owner == path)
    table = {key: inner for key, inner in _at(data, path).items() if key != PER}
    put: Data = _put(data, path, {key: times(inner, factor) if key in keys else inner for key, inner in table.items()})
    return put


def _at(data: Any, path: Path) -> Any:
    for key in path:
        data = data[key]
    return data


def _put(data: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    first, *rest = path
    if isinstance(data, list):
        return [_put(inner, tuple(rest), value) if n == first else inner for n, inner in enumerate(data)]
    return {**data, first: _put(data[first], tuple(rest), value)}


# ------------------------------------------------------------------------------------------------- in words


def _asked(path: Path, own: float, size: float, data: Mapping[str, Any]) -> Issue:
    found = f"a number for a place of {plain(own)} people in one of {plain(size)}"
    if path[-1] == "hospital_scale":
        return Issue(path, found, "a number for this place", "write it again: the hospital's size over the place's")
    if path[-1] == STARTS:
        return Issue(path, found, "a number for this place", "write it again: so many start there")
    return Issue(path, found, "a number for this place", f"write it again, or {PER} = {own:g} beside it")


def _followed(entrants: Any, own: float, size: float) -> Issue:
    number = entrants.get("value") if isinstance(entrants, dict) else entrants
    words = f"{plain(size)} people, where {dotted(ENTRANTS)} is for {plain(own)}"
    many = times(number, size / own)
    hint = f"taken as {plain(many)} a year" if isinstance(many, int | float) else "taken in proportion"
    return Issue(SIZE, words, "", f"{hint}; write it to have another number")
