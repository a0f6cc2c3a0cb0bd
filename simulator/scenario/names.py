"""Turns the data of a scenario into its dangling names: references to a state, place, need, ... that is not there.

It works on the data as written, before or beside the types, so that names are checked even in a table with other
faults. Where the list of known names cannot be read, what refers to it is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from simulator.errors import suggestion
from simulator.scenario import tables as types
from simulator.scenario.addresses import Path, Shape, as_written
from simulator.scenario.tables import EVERY_STATE, PART_KINDS, USUAL_CARE, Scenario, Table
from simulator.scenario.toml.tree import Issue

RESERVED = ("home", "dead")
ALWAYS_THERE = ("home or dead", "every state")
"""Kinds of names that every scenario has."""
Names: TypeAlias = tuple[str, ...] | None

# What each key refers to. A table of ratios refers by its keys.
REFERENCES: dict[type[Table], dict[str, tuple[str, ...]]] = {
    types.Duration: {"by_health": ("health state",)},
    types.Group: {"share_by_age": ("age band",)},
    types.Population: {"subgroups": ("part", "group of people")},
    types.HealthMove: {
        "from": ("health state",),
        "to": ("health state",),
        "by_age": ("age band",),
        "by_group": ("group of people",),
    },
    types.Utility: {"norm_by_age": ("age band",), "change": ("health state",)},
    types.Health: {"initial": ("age band",)},
    types.Death: {"by_health": ("health state",), "by_group": ("group of people",)},
    types.Flares: {"ratio": ("need",), "by_health": ("health state",), "by_group": ("group of people",)},
    types.Boost: {"after": ("place",), "ratio": ("need",)},
    types.Need: {
        "goes_to": ("place",),
        "by_health": ("health state",),
        "by_age": ("age band",),
        "by_group": ("group of people",),
    },
    types.Route: {"to": ("place", "home or dead"), "by_health": ("health state",), "needs_support": ("support",)},
    types.WaitLimit: {"goes_to": ("place",)},
    types.Place: {"otherwise": ("place", "home or dead")},
    types.RecentUse: {"place": ("place",)},
    types.Eligibility: {
        "health": ("health state",),
        "groups": ("group of people",),
        "on": ("support", "programme"),
        "off": ("support", "programme"),
    },
    types.Offer: {"by_health": ("health state",), "by_group": ("group of people",)},
    types.Effect: {"groups": ("group of people",)},
    types.EarlyUplift: {"needs": ("need",)},
    types.Redirect: {"place": ("place",)},
    types.ProgrammeCost: {"payer": ("payer",)},
    types.Benefit: {"payer": ("payer",)},
    types.Support: {
        "starting_share": ("health state", "every state"),
        "ends": ("support", "programme"),
        "starts": ("support", "programme"),
        "on_end": ("support", "programme"),
    },
    types.Synergy: {"between": ("programme",)},
    types.ArmCapacity: {"place": ("place",), "support": ("support", "programme")},
    types.Price: {"payer": ("payer",), "bearer": ("payer",), "cash": ("cash rule",)},
    types.Check: {"programme": ("programme",)},
    types.Calibration: {"targets": ("check",)},
}

# What follows the colon in a target, an event or a unit of activity; None: nothing follows.
TARGETS: dict[str, tuple[str, ...] | None] = {
    "need": ("need",),
    "visits": ("place",),
    "emergency": ("place",),
    "days": ("place",),
    "stay": ("place",),
    "route": ("route",),
    "health": ("health move",),
    "uptake": ("support", "programme"),
    "death": None,
    "flares": None,
    "utility": None,
}
PAIRED = {key: TARGETS[key] for key in ("need", "visits", "emergency")}
EVENTS: dict[str, tuple[str, ...] | None] = {"visit": ("place",), "discharge": ("place",)}
UNITS: dict[str, tuple[str, ...] | None] = {
    "visit": ("place",),
    "emergency": ("place",),
    "planned": ("place",),
    "day": ("place",),
    "emergency_day": ("place",),
    "active_day": ("support", "programme"),
    "person_day": ("health state",),
}
GRAMMARS: dict[tuple[type[Table], str], dict[str, tuple[str, ...] | None]] = {
    (types.Effect, "target"): TARGETS,
    (types.Synergy, "target"): PAIRED,
    (types.Offer, "on"): EVENTS,
    (types.Price, "per"): UNITS,
}
ALONE_TOO = ("person_day",)
NEEDS_TABLE = ("death", "flares")
TITLE: Path = ("title",)
"""Of the scenario, which may have none: its name stands for it."""


@dataclass(frozen=True)
class Known:
    """The names a scenario defines, by kind; a kind is None when its list cannot be read."""

    names: Mapping[str, Names]

    def of(self, kinds: Sequence[str]) -> Names:
        """All names of some kinds, or None when one of them cannot be read."""
        lists = [self.names[kind] for kind in kinds]
        return None if None in lists else tuple(name for some in lists for name in some or ())


def known(data: Mapping[str, Any]) -> Known:
    """The names that some data defines.

    Args:
        data: a resolved tree, sound or not.

    >>> data = {"places": {"gp": {"routes": {"on": {}}}}, "population": {"age_bands": [65, 75]}}
    >>> known(data).of(["route", "age band"])
    ('gp.on', '65', '75')
    """
    return Known(
        {
            "health state": _texts(table_in(data, "health").get("states")),
            "part": PART_KINDS,
            "group of people": _keys(table_in(data, "population"), "groups"),
            "value of a group": tuple(_values(data)),
            "age band": _bands(table_in(data, "population").get("age_bands")),
            "health move": _keys(table_in(data, "health"), "moves"),
            "place": _keys(data, "places"),
            "home or dead": RESERVED,
            "every state": (EVERY_STATE,),
            "route": tuple(f"{place}.{route}" for place, route in _routes(data)),
            "need": _keys(data, "needs"),
            "support": _keys(data, "supports"),
            "programme": _keys(data, "programmes"),
            "payer": _keys(data, "payers"),
            "cash rule": _keys(data, "cash"),
            "check": _keys(data, "checks"),
        }
    )


def table_in(data: Any, key: str) -> dict[str, Any]:
    """The table under a key; empty when there is none, or something else.

    >>> table_in({"needs": 3}, "needs")
    {}
    """
    inner = data.get(key) if isinstance(data, dict) else None
    return inner if isinstance(inner, dict) else {}


def _keys(data: Mapping[str, Any], key: str) -> Names:
    return tuple(table_in(data, key)) if isinstance(data.get(key, {}), dict) else None


def _texts(value: object) -> Names:
    return tuple(value) if isinstance(value, list) and all(isinstance(x, str) for x in value) else None


def _bands(value: object) -> Names:
    readable = isinstance(value, list) and all(isinstance(x, int | float) for x in value)
    return tuple(f"{x:g}" for x in value) if readable else None  # type: ignore[attr-defined]


def _routes(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, place in table_in(data, "places").items():
        for route in table_in(place, "routes"):
            yield name, route


def _values(data: Mapping[str, Any]) -> Iterator[str]:
    for name, group in table_in(table_in(data, "population"), "groups").items():
        yield from (
            f"{name}.{value}" for value in _texts(group.get("values") if isinstance(group, dict) else None) or ()
        )


# ----------------------------------------------------------------------------------------- the check


def dangling(data: Mapping[str, Any]) -> list[Issue]:
    """Every name in some data that refers to nothing.

    Args:
        data: a resolved tree, sound or not.

    >>> dangling({"needs": {"gp": {"goes_to": "gpp"}}, "places": {"gp": {}}})[0][1:]
    ('the unknown place "gpp"', 'gp', 'did you mean gp?')
    """
    names = known(data)
    tables = (_in_table(*written, names, data) for written in as_written(Scenario, data))
    own = (_in_arms(data, names), _in_measures(data, names), _clashing(data), _bandless(data, names))
    return [issue for some in (*tables, *own) for issue in some]


def _in_table(
    path: Path, shape: Shape, table: dict[str, Any], names: Known, data: Mapping[str, Any]
) -> Iterator[Issue]:
    for cls in shape.__mro__:
        for key, kinds in REFERENCES.get(cls, {}).items():
            if key in table and not _left_out(shape, key, table[key]):
                yield from _unknown((*path, key), table[key], kinds, names)
                if kinds == ("group of people",):
                    yield from _values_of_groups((*path, key), table[key], data)
    for (cls, key), grammar in GRAMMARS.items():
        if cls is shape and isinstance(table.get(key), str) and not _left_out(shape, key, table[key]):
            yield from _in_grammar((*path, key), table[key], grammar, names, data)
    for key, value in table.items():
        if _is_blank(value) and not (_left_out(shape, key, value) or _refers(shape, key) or (*path, key) == TITLE):
            yield Issue((*path, key), "nothing", "a few words")


def _is_blank(value: object) -> bool:
    """Whether a value is text in which nothing stands."""
    return isinstance(value, str) and not value.strip()


def _left_out(shape: Shape, key: str, value: object) -> bool:
    """Whether a value is the empty text of a key that may be left out and is then just that."""
    fields = {field.alias or name: field for name, field in shape.model_fields.items()}
    return value == "" and (key not in fields or fields[key].default == "")


def _refers(shape: Shape, key: str) -> bool:
    return (shape, key) in GRAMMARS or any(key in REFERENCES.get(cls, {}) for cls in shape.__mro__)


def _unknown(path: Path, value: object, kinds: tuple[str, ...], names: Known) -> Iterator[Issue]:
    allowed = names.of(kinds)
    for step, name in _referred(value):
        if allowed is not None and name not in allowed:
            yield _no_such(path + step, kinds, name, allowed)


def _values_of_groups(path: Path, table: object, data: Mapping[str, Any]) -> Iterator[Issue]:
    """Values that a group does not have: in lists of values by group, or as the keys of ratios by group."""
    groups = table_in(table_in(data, "population"), "groups")
    for name, some in table.items() if isinstance(table, dict) else ():
        values = _texts(table_in(groups, name).get("values"))
        known_here = Known({f"value of {name}": values})
        yield from _unknown((*path, name), some, (f"value of {name}",), known_here)


def _referred(value: object) -> Iterator[tuple[Path, str]]:
    """The names in a text, a list of texts or the keys of a table, each with its step from there."""
    if isinstance(value, str):
        yield (), value
    elif isinstance(value, dict):
        yield from (((key,), key) for key in value)
    elif isinstance(value, list):
        yield from (((i,), name) for i, name in enumerate(value) if isinstance(name, str))


def _no_such(path: Path, kinds: tuple[str, ...], name: str, allowed: tuple[str, ...]) -> Issue:
    kind = " or ".join(kind for kind in kinds if kind not in ALWAYS_THERE)
    names = ", ".join(allowed) if allowed else f"none: the scenario defines no {kind}"
    return Issue(path, f'the unknown {kind} "{name}"', names, suggestion(name, allowed))


def _in_grammar(
    path: Path, text: str, grammar: Mapping[str, tuple[str, ...] | None], names: Known, data: Mapping[str, Any]
) -> Iterator[Issue]:
    word, colon, name = text.partition(":")
    if word not in grammar:
        yield Issue(path, f'"{text}"', ", ".join(_forms(grammar)), suggestion(word, grammar))
    elif (kinds := grammar[word]) is None:
        if colon:
            yield Issue(path, f'"{text}"', f'"{word}" alone', "leave out the colon and what follows")
        elif word in NEEDS_TABLE and word not in data:
            yield Issue(path, f'"{word}" in a scenario without [{word}]', f"[{word}]", f"write the table [{word}]")
    elif name or colon or word not in ALONE_TOO:
        yield from _named(path, text, name, kinds, names)


def _named(path: Path, text: str, name: str, kinds: tuple[str, ...], names: Known) -> Iterator[Issue]:
    if not name:
        yield Issue(path, f'"{text}"', f'"{text.rstrip(":")}:" and the name of a {" or ".join(kinds)}')
    else:
        yield from _unknown(path, name, kinds, names)


def _forms(grammar: Mapping[str, tuple[str, ...] | None]) -> Iterator[str]:
    for word, kinds in grammar.items():
        if kinds is None or word in ALONE_TOO:
            yield word
        if kinds is not None:
            yield f"{word}:{'PLACE.ROUTE' if kinds == ('route',) else kinds[0].split()[-1].upper()}"


# ----------------------------------------------------------------------------------- names of their own


def _in_arms(data: Mapping[str, Any], names: Known) -> Iterator[Issue]:
    for arm, stated in table_in(data, "arms").items():
        path: Path = ("arms", arm)
        if _is_blank(arm):
            yield Issue(path, "an arm without a name", "a name", "it stands beside every result")
        if arm == USUAL_CARE:
            yield Issue(path, f'an arm called "{USUAL_CARE}"', "another name", "usual care is always an arm")
        members, at = (stated.get("programmes"), (*path, "programmes")) if isinstance(stated, dict) else (stated, path)
        yield from _unknown(at, members if isinstance(members, list) else None, ("programme",), names)
        if isinstance(members, list) and len(members) != len({str(name) for name in members}):
            yield Issue(at, "a programme twice in one arm", "each programme once")


def _in_measures(data: Mapping[str, Any], names: Known) -> Iterator[Issue]:
    """Checks of one value of a group, ``group:NAME.VALUE:`` before what is measured."""
    for name, stated in table_in(data, "checks").items():
        measure = stated.get("measure") if isinstance(stated, dict) else None
        if isinstance(measure, str) and measure.startswith("group:"):
            yield from _unknown(("checks", name, "measure"), measure.split(":")[1], ("value of a group",), names)


def _clashing(data: Mapping[str, Any]) -> Iterator[Issue]:
    for name in PART_KINDS:
        if name in table_in(table_in(data, "population"), "groups"):
            problem = f'a group called "{name}", which is counted apart by that name'
            yield Issue(("population", "groups", name), problem, "another name")
    for name in RESERVED:
        if name in table_in(data, "places"):
            yield Issue(("places", name), f'a place called "{name}"', "another name", f"{name} always exists")
    for name in table_in(data, "programmes"):
        if name in table_in(data, "supports"):
            problem = f'a programme called "{name}", as a support is'
            yield Issue(("programmes", name), problem, "a name of its own")
    states = _texts(table_in(data, "health").get("states")) or ()
    if EVERY_STATE in states:
        problem = f'a health state called "{EVERY_STATE}"'
        yield Issue(("health", "states"), problem, "another name", f"{EVERY_STATE} stands for every state")
    if len(states) != len(set(states)):
        yield Issue(("health", "states"), "a health state twice", "each name once")


def _bandless(data: Mapping[str, Any], names: Known) -> Iterator[Issue]:
    """Age bands without a starting mix of health, or without a norm where there are norms."""
    health = table_in(data, "health")
    initial, norms = table_in(health, "initial"), table_in(table_in(health, "utility"), "norm_by_age")
    states, bands = names.of(["health state"]) or (), names.of(["age band"]) or ()
    for path, stated, required in (
        (("health", "initial"), initial, bool(initial) or len(states) > 1),
        (("health", "utility", "norm_by_age"), norms, bool(norms)),
    ):
        for band in (band for band in bands if required and band not in stated):
            yield Issue(path, f'nothing for age band "{band}"', "one for each age band", f'write "{band}" = ...')
