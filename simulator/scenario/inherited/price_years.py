"""Keeps inherited amounts what they are when a file states another price year.

    pounds of the scenario's year = amount x index[year of the amount] / index[year of the scenario]

An index is written for one price year, ``economics.index_year`` (left out: the price year of the file that writes it),
where it is 1. An amount that states no price year is of the file's own; when a file that extends it states another,
both are written down, so that a case of 2013/14 has every inherited price in pounds of 2013/14.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

from simulator.errors import NotAllowed
from simulator.scenario.addresses import Shape, inside, is_quantity, keys_of, shape_at
from simulator.scenario.names import table_in
from simulator.scenario.tables import FIRST_YEAR, Scenario
from simulator.uncertainty.quantity import Cost

INDEX_YEAR = "index_year"


def dated(base: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """What is inherited, with its price year written to every amount and to the index where the file states another.

    Args:
        base: data that is inherited.
        own: data of the file.

    >>> base = {"price_year": "2023/24", "prices": {"gp": {"amount": 40}}, "economics": {"index": {"2013/14": 1.256}}}
    >>> dated(base, {"price_year": "2013/14"})["prices"]
    {'gp': {'amount': {'value': 40, 'price_year': '2023/24'}}}
    >>> dated(base, {}) == base
    True
    """
    year, stated = base.get("price_year"), own.get("price_year")
    if year == stated or not (_is_year(year) and _is_year(stated)):
        return base
    economics = table_in(base, "economics")
    written: dict[str, Any] = _of_year(base, Scenario, year)
    return {**written, "economics": {INDEX_YEAR: year, **economics}} if economics.get("index") else written


def _is_year(written: object) -> TypeGuard[str]:
    return isinstance(written, str) and FIRST_YEAR.fullmatch(written) is not None


def _of_year(value: Any, shape: Shape, year: str) -> Any:
    if is_quantity(shape) and issubclass(shape, Cost):
        return _amount_of(value, year)
    if isinstance(value, dict):
        return {key: _of_year(inner, inside(shape, key) or _set_at(key), year) for key, inner in value.items()}
    if isinstance(value, list):
        return [_of_year(inner, inside(shape, position), year) for position, inner in enumerate(value)]
    return value


def _amount_of(value: Any, year: str) -> Any:
    if not isinstance(value, dict):
        return {"value": value, "price_year": year}
    claimed = {"claimed": _amount_of(value["claimed"], year)} if "claimed" in value else {}
    return {"price_year": year, **value, **claimed}


def _set_at(path: str) -> Shape:
    """The shape of what an alternative sets at a dotted path; None where it is no path."""
    try:
        return shape_at(keys_of(path))
    except NotAllowed:
        return None
