"""Turns dates, where a day is meant, into days from the start of the first year.

    day = date - first day of horizon.first_year

A year written "2026/27" is a financial year and begins on 1 April; one written "2026" begins on 1 January.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from simulator.scenario.addresses import Path, Shape, inside, is_table
from simulator.scenario.tables import DATED, FIRST_YEAR, Scenario
from simulator.scenario.toml.tree import Issue


def first_day(year: str) -> date:
    """When a year begins.

    Args:
        year: as in ``horizon.first_year``.

    >>> first_day("2026/27"), first_day("2026")
    (datetime.date(2026, 4, 1), datetime.date(2026, 1, 1))
    """
    return date(int(year[:4]), 4 if "/" in year else 1, 1)


def with_days(data: dict[str, Any]) -> tuple[dict[str, Any], list[Issue]]:
    """The same data with days for dates, and what is wrong with dates that cannot be days.

    Args:
        data: a resolved tree.

    >>> data = {"horizon": {"first_year": "2026/27"}, "programmes": {"walks": {"opens_day": date(2026, 4, 11)}}}
    >>> with_days(data)[0]["programmes"]
    {'walks': {'opens_day': 10}}
    """
    horizon = data.get("horizon")
    year = horizon.get("first_year") if isinstance(horizon, dict) else None
    if not isinstance(year, str) or not FIRST_YEAR.fullmatch(year):
        hint = 'state horizon.first_year = "2026/27", or the year it is, and dates will do'
        return data, [
            Issue(path, f"the date {day}", "a number", hint) for path, day in _dates(Scenario, data, (), False)
        ]
    start = first_day(year)
    for path, day in _dates(Scenario, data, (), False):
        data = _put(data, path, (day - start).days)
    return data, []


def _dates(shape: Shape, value: Any, path: Path, dated: bool) -> Iterator[tuple[Path, date]]:
    """Every date that stands where a day is meant."""
    if dated and type(value) is date:
        yield path, value
    elif isinstance(value, list | tuple):
        for position, inner in enumerate(value):
            yield from _dates(inside(shape, position), inner, (*path, position), dated)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _dates(inside(shape, key), inner, (*path, key), _is_dated(shape, key))


def _is_dated(shape: Shape, key: str) -> bool:
    field = shape.model_fields.get(key) if is_table(shape) else None
    return field is not None and DATED in field.metadata


def _put(value: Any, path: Path, day: int) -> Any:
    """A copy of some data with a day at a path."""
    if not path:
        return day
    if isinstance(value, dict):
        return value | {path[0]: _put(value[path[0]], path[1:], day)}
    return [_put(inner, path[1:], day) if position == path[0] else inner for position, inner in enumerate(value)]
