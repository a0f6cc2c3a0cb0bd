"""Turns a scenario into its numbers by dotted path, and a dotted path into the type that the scenario gives it.

A path is a tuple of table keys and list positions, ``("places", "inpatient", "changes", 0, "day")``; in words it is
dotted, ``places.inpatient.changes.0.day``. A *shape* is the type at a path: a table class, a kind of quantity, a
``dict``, a ``tuple`` or a plain type.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import date, time
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

from simulator.errors import NotAllowed
from simulator.scenario.tables import Scenario, Table
from simulator.uncertainty.quantity import Quantity, Shares

Path: TypeAlias = tuple[str | int, ...]
Shape: TypeAlias = Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_IN_WORDS = {float: "a number", int: "a whole number", str: "text in quotes", bool: "true or false"}


def dotted(path: Path) -> str:
    """A path as it is written: keys joined by dots, in quotes where TOML needs them.

    Args:
        path: table keys and list positions.

    >>> dotted(("economics", "index", "2023/24")), dotted(("cash", "beds", "share", 0))
    ('economics.index."2023/24"', 'cash.beds.share.0')
    """
    return ".".join(_quoted(str(key)) for key in path)


def _quoted(key: str) -> str:
    return key if _BARE.fullmatch(key) else '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'


def keys_of(text: str) -> tuple[str, ...]:
    """The keys of a dotted path, read by TOML's grammar.

    Args:
        text: dotted path, with quotes where a key has a dot or a space.

    Raises:
        NotAllowed: the text is no dotted path.

    >>> keys_of('needs.gp.by_age."65"')
    ('needs', 'gp', 'by_age', '65')
    """
    try:
        inner: Any = tomllib.loads(f"{text} = 0")
    except tomllib.TOMLDecodeError:
        raise NotAllowed(f'"{text}"', "a dotted path such as needs.gp.rate") from None
    keys: list[str] = []
    while isinstance(inner, dict):
        (key, inner), *rest = inner.items()
        if rest:
            raise NotAllowed(f'"{text}"', "one dotted path")
        keys.append(key)
    return tuple(keys)


def quantities(scenario: Scenario) -> dict[str, Quantity]:
    """Every quantity of a scenario by its dotted path, in the order of the types and then of the file.

    Args:
        scenario: the scenario.

    >>> from simulator.uncertainty.quantity import Number
    >>> from simulator.scenario.tables import PersonalRisk
    >>> [dotted(path) for path, q in walk(PersonalRisk(log_sd=Number(value=1.1))) if isinstance(q, Quantity)]
    ['log_sd']
    """
    return {dotted(path): item for path, item in walk(scenario) if isinstance(item, Quantity)}


def walk(item: object, path: Path = ()) -> Iterator[tuple[Path, Table | Quantity]]:
    """Every table and quantity in a value, with its path.

    Args:
        item: a table, a quantity, or a dict or tuple of them.
        path: where the item is.
    """
    if isinstance(item, Table | Quantity):
        yield path, item
    for key, inner in _inner(item):
        if isinstance(inner, Table | Quantity | dict | tuple):
            yield from walk(inner, (*path, key))


def _inner(item: object) -> Iterator[tuple[str | int, object]]:
    if isinstance(item, Table):
        for name, field in type(item).model_fields.items():
            yield field.alias or name, getattr(item, name)
    elif isinstance(item, dict):
        yield from item.items()
    elif isinstance(item, tuple):
        yield from enumerate(item)


def as_written(shape: Shape, value: Any, path: Path = ()) -> Iterator[tuple[Path, Shape, dict[str, Any]]]:
    """Every table in data as it was written, sound or not, with its path and shape.

    Args:
        shape: the shape of the data.
        value: the data.
        path: where the data is.

    >>> [(path, shape.__name__) for path, shape, _ in as_written(Scenario, {"needs": {"gp": {"rate": {"value": 3}}}})]
    [((), 'Scenario'), (('needs', 'gp'), 'Need'), (('needs', 'gp', 'rate'), 'Rate')]
    """
    if isinstance(value, dict) and is_model(shape):
        yield path, shape, value
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        if isinstance(inner, dict | list):
            yield from as_written(inside(shape, key), inner, (*path, key))


@cache
def field_shapes(table: type[Table] | type[Quantity]) -> dict[str, Shape]:
    """The shape of every key of a table, by the name it has in a file.

    Args:
        table: a table class, or a kind of quantity.

    >>> from simulator.scenario.tables import Horizon
    >>> field_shapes(Horizon)["years"]
    <class 'int'>
    """
    return {field.alias or name: bare(field.annotation) for name, field in table.model_fields.items()}  # type: ignore[arg-type]


@cache
def origin(shape: Shape) -> Any:
    """``dict``, ``tuple``, ``Literal``, ... for a type with parameters, else None.

    >>> origin(tuple[float, ...])
    <class 'tuple'>
    """
    return get_origin(shape)


@cache
def bare(shape: Shape) -> Shape:
    """A type without ``None`` and without annotations.

    >>> bare(float | None)
    <class 'float'>
    """
    if origin(shape) is Annotated:
        return bare(get_args(shape)[0])
    if origin(shape) in (Union, UnionType):
        (first, *_) = [part for part in get_args(shape) if part is not type(None)]
        return bare(first)
    return shape


@cache
def inside(shape: Shape, key: str | int) -> Shape | None:
    """The shape one step further, or None when the types know no such key.

    Args:
        shape: where we are.
        key: the next key or list position.

    >>> inside(Scenario, "death").__name__, inside(Scenario, "deaths")
    ('Death', None)
    """
    if is_table(shape) and shape.AS_LIST and isinstance(key, int):
        return inside(field_shapes(shape)[shape.AS_LIST], key)
    if is_model(shape):
        return field_shapes(shape).get(str(key))
    parts = get_args(shape)
    if origin(shape) is dict:
        return bare(parts[1])
    if origin(shape) is tuple and isinstance(key, int):
        return bare(parts[0] if parts[-1] is Ellipsis else parts[min(key, len(parts) - 1)])
    return None


def shape_at(path: Path) -> Shape | None:
    """The shape of a scenario at a path, or None when the types know no such path.

    Args:
        path: table keys and list positions.

    >>> shape_at(("needs", "gp", "rate")).__name__
    'Rate'
    """
    shape: Shape = Scenario
    for key in path:
        shape = inside(shape, key)
    return shape


def is_model(shape: Shape) -> bool:
    """Whether a shape is a table class or a kind of quantity."""
    return isinstance(shape, type) and issubclass(shape, Table | Quantity)


def is_quantity(shape: Shape) -> bool:
    """Whether a shape is a kind of quantity."""
    return isinstance(shape, type) and issubclass(shape, Quantity)


def is_table(shape: Shape) -> bool:
    """Whether a shape is a table class."""
    return isinstance(shape, type) and issubclass(shape, Table)


def in_words(shape: Shape) -> str:
    """What a file may hold at a shape.

    >>> in_words(bool), in_words(tuple[float, ...]), in_words(Literal["wait", "refuse"])
    ('true or false', 'a list', '"wait", "refuse"')
    """
    if origin(shape) is Literal:
        return ", ".join(f'"{word}"' for word in get_args(shape))
    if origin(shape) is tuple:
        return "a list"
    if is_table(shape) and shape.AS_LIST:
        return f"a list of {shape.AS_LIST}, or a table"
    if is_quantity(shape):
        return f"{'a list of shares' if issubclass(shape, Shares) else 'a number'}, or a table with value"
    return _IN_WORDS.get(shape, "a table")


def shown(value: object) -> str:
    """A value as it stands in a file.

    >>> shown(True), shown("a"), shown((1, 2)), shown(65)
    ('true', '"a"', 'a list', '65')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, date | time):
        return f"the date {value}"
    return f'"{value}"' if isinstance(value, str) else str(value)
