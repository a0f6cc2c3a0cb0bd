"""Turns the data of a scenario into its types, or into every fault that the types can find, in the words of the file.

The types are pydantic models; their error messages and locations are translated into those of the file (dotted TOML
path, what was found, what is allowed, what to do). Where some tables are faulty the sound ones are still returned, so
that the rules between tables can be checked in the same pass.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, time
from typing import Any, TypeAlias, get_args

from pydantic import ValidationError

from simulator.errors import NotAllowed, suggestion
from simulator.scenario.addresses import (
    Path,
    Shape,
    field_shapes,
    in_words,
    inside,
    is_model,
    is_quantity,
    origin,
    shape_at,
    shown,
    walk,
)
from simulator.scenario.inherit import DIRECTIVES
from simulator.scenario.tables import Scenario, Table
from simulator.scenario.toml.tree import Issue
from simulator.uncertainty.quantity import Quantity

Details: TypeAlias = Mapping[str, Any]
KEY_MARK = "[key]"


def typed(data: dict[str, Any]) -> tuple[Scenario | None, list[Issue]]:
    """The scenario of some data, or what the types have against it.

    Args:
        data: a resolved tree of tables, lists, numbers and text.

    Returns:
        The scenario and no faults, or None and every fault.
    """
    try:
        return Scenario.model_validate(frozen(data), strict=True, by_alias=True, by_name=False), []
    except ValidationError as error:
        return None, list(_issues(error, data, ()))


def frozen(value: Any) -> Any:
    """The same data with tuples for lists, as the types want them.

    >>> frozen({"edges": [65, 75]})
    {'edges': (65, 75)}
    """
    if isinstance(value, dict):
        return {key: frozen(inner) for key, inner in value.items()}
    return tuple(frozen(inner) for inner in value) if isinstance(value, list | tuple) else value


# ------------------------------------------------------------------------------- the words of the types


def _issues(error: ValidationError, data: object, start: Path) -> Iterator[Issue]:
    for details in error.errors(include_url=False):
        path = start + _in_file(details["loc"], data, details["type"])
        cause = details.get("ctx", {}).get("error")
        if isinstance(cause, ValidationError):
            yield from _issues(cause, _at(data, path[len(start) :]), path)
        else:
            yield _issue(path, details, cause)


def _in_file(loc: Path, data: object, kind: str) -> Path:
    """The keys of a pydantic error's location that are in the file; those that pydantic adds are left out."""
    path: list[str | int] = []
    here = data
    for position, key in enumerate(loc):
        last = position == len(loc) - 1
        if _has(here, key):
            here = here[key]  # type: ignore[index]
            path.append(key)
        elif last and kind == "missing" and key != KEY_MARK:
            path.append(key)
    return tuple(path)


def _has(here: object, key: str | int) -> bool:
    if isinstance(here, dict):
        return key in here
    return isinstance(here, list | tuple) and isinstance(key, int) and key < len(here)


def _at(data: Any, path: Path) -> Any:
    for key in path:
        data = data[key]
    return data


def _issue(path: Path, details: Details, cause: object) -> Issue:
    if isinstance(cause, NotAllowed):
        return _not_allowed(path, details["input"], cause)
    kind = str(details["type"])
    words = _WORDS.get(kind, _wrong_type if kind.endswith(("_type", "int_from_float")) else _as_said)
    cut = kind == "missing" and isinstance(path[-1], int)
    return Issue(path[:-1] if cut else path, *words(path, details))


def _not_allowed(path: Path, written: object, cause: NotAllowed) -> Issue:
    """What a quantity says; a value of the wrong type is shown as it stands in the file."""
    if cause.found == repr(written) and isinstance(written, str | bool | date | time):
        return Issue(path, shown(written), cause.allowed, _unquoted(written))
    return Issue(path, cause.found, cause.allowed, cause.hint)


def _unquoted(written: object) -> str:
    is_number = isinstance(written, str) and re.fullmatch(r"\s*[-+]?[\d.]+\s*", written)
    return "write it without quotes" if is_number else ""


def _wrong_type(path: Path, details: Details) -> tuple[str, str, str]:
    found, shape = details["input"], shape_at(path)
    wanted = in_words(float if shape is None and details["type"] == "float_type" else shape)
    if wanted == "text in quotes" and not isinstance(found, dict | tuple):
        return shown(found), wanted, f'write "{str(found).lower() if isinstance(found, bool) else found}"'
    return shown(found), wanted, _unquoted(found) if "number" in wanted else ""


def _unknown_key(path: Path, details: Details) -> tuple[str, str, str]:
    table: Any = shape_at(path[:-1])
    known = sorted(field_shapes(table)) if is_model(table) else []
    known += [] if path[:-1] else list(DIRECTIVES)
    return f'the unknown key "{path[-1]}"', ", ".join(known), suggestion(str(path[-1]), known)


def _missing(path: Path, details: Details) -> tuple[str, str, str]:
    if isinstance(path[-1], int):
        return f"a list of {path[-1]}", f"a list of {len(get_args(shape_at(path[:-1])))}", ""
    return "nothing", in_words(shape_at(path)), "it cannot be left out"


def _limit(words: str, key: str) -> Callable[[Path, Details], tuple[str, str, str]]:
    def limited(path: Path, details: Details) -> tuple[str, str, str]:
        found, limit = details["input"], details["ctx"][key]
        percent = limit == 1 and key in ("lt", "le") and 2 <= found <= 100
        return shown(found), words.format(f"{limit:g}"), f"write {found / 100:g} for {found:g} %" if percent else ""

    return limited


def _choice(path: Path, details: Details) -> tuple[str, str, str]:
    choices, found = shape_at(path), details["input"]
    return shown(found), in_words(choices), suggestion(str(found), get_args(choices))


def _name(path: Path, details: Details) -> tuple[str, str, str]:
    found = str(details["input"])
    if details["ctx"]["pattern"].startswith(r"^\d"):
        return shown(found), 'a year such as "2023/24" or "2023"', ""
    plain_name = re.sub(r"[^a-z0-9]+", "_", found.lower()).strip("_")
    return f'the name "{found}"', "small letters, digits and _", f"write {plain_name}" if plain_name else ""


def _length(path: Path, details: Details) -> tuple[str, str, str]:
    limits, found = details["ctx"], details["ctx"]["actual_length"] or 0
    if "min_length" in limits:
        return f"a list of {found}", f"at least {limits['min_length']}", ""
    return f"a list of {found}", f"at most {limits['max_length']}", ""


def _as_said(path: Path, details: Details) -> tuple[str, str, str]:
    return f"{shown(details['input'])} ({details['msg']})", in_words(shape_at(path)), ""


_WORDS: dict[str, Callable[[Path, Details], tuple[str, str, str]]] = {
    "extra_forbidden": _unknown_key,
    "missing": _missing,
    "greater_than_equal": _limit("{} or more", "ge"),
    "greater_than": _limit("above {}", "gt"),
    "less_than_equal": _limit("at most {}", "le"),
    "less_than": _limit("below {}", "lt"),
    "literal_error": _choice,
    "string_pattern_mismatch": _name,
    "too_short": _length,
    "too_long": _length,
    "finite_number": lambda path, details: (shown(details["input"]), "a finite number", ""),
}


# ------------------------------------------------------------------------------------- what is sound


def sound(data: Mapping[str, Any]) -> list[tuple[Path, Table | Quantity]]:
    """Every table and quantity of faulty data that is sound in itself.

    A table is sound when its keys are; a faulty table in a list or under a name of its own does not spoil the table
    around it, an unknown key is passed over.

    Args:
        data: a resolved tree.

    >>> [path for path, item in sound({"horizon": {"years": 5}, "death": {"rate": -1}})]
    [('horizon',)]
    """
    return list(_sound(Scenario, data, ()))


def _sound(shape: Shape, value: Any, path: Path) -> Iterator[tuple[Path, Table | Quantity]]:
    if is_model(shape) and (whole := _whole(shape, value)) is not None:
        yield from walk(whole, path)
    elif is_model(shape) and isinstance(value, dict):
        kept, broken = _without_broken(shape, value)
        if (partly := _whole(shape, kept)) is not None:
            yield from walk(partly, path)
            yield from _each(shape, broken, path)
        else:
            yield from _each(shape, value, path)
    else:
        yield from _each(shape, value, path)


def _each(shape: Shape, value: Any, path: Path) -> Iterator[tuple[Path, Table | Quantity]]:
    if is_quantity(shape):
        return
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from _sound(inside(shape, key), inner, (*path, key))


def _whole(shape: type[Table] | type[Quantity], value: object) -> Table | Quantity | None:
    try:
        return shape.model_validate(frozen(value), strict=True, by_alias=True, by_name=False)
    except ValidationError:
        return None


def _without_broken(shape: Shape, table: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A table without its unknown keys and without the faulty tables under names of their own; and those tables."""
    kept, broken = dict[str, Any](), dict[str, Any]()
    for key, value in table.items():
        inner = inside(shape, key)
        each: Any = inside(inner, "")
        if origin(inner) is dict and isinstance(value, dict) and is_model(each):
            bad = {name for name, item in value.items() if _whole(each, item) is None}
            kept[key] = {name: item for name, item in value.items() if name not in bad}
            broken[key] = {name: value[name] for name in bad}
        elif inner is not None:
            kept[key] = value
    return kept, broken
