"""Turns a scenario back into TOML: everything explicit, always the same text, which reads back as the same scenario."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import tomli_w

from simulator.scenario.rule_sets import RULE_SETS, without_fixed
from simulator.scenario.tables import Scenario, Table
from simulator.uncertainty.quantity import Quantity

HASH_DIGITS = 12


def resolved(scenario: Scenario) -> dict[str, Any]:
    """The scenario as plain data with every default filled in; what is not there is left out.

    Args:
        scenario: the scenario.

    >>> from simulator.scenario.tables import Horizon
    >>> written(Horizon())
    {'years': 10, 'warm_up_years': 0.0, 'funding_years': 5.0, 'window_days': 365.0}
    """
    data = written(scenario)
    assert isinstance(data, dict)
    return {**data, "economics": _economics(data["economics"])}


def _economics(table: dict[str, Any]) -> dict[str, Any]:
    """Rules by name without what they fix, or what is the file's own without saying so."""
    own = table["rules"] not in RULE_SETS
    return {key: value for key, value in without_fixed(table, table["rules"]).items() if not (own and key == "rules")}


def written(value: Any) -> Any:
    """A value of a scenario as TOML data: a fixed number without a source is a bare number.

    Args:
        value: a table, quantity, dict, list, number or text; numbers of numpy become plain ones.

    >>> from simulator.uncertainty.quantity import Ratio
    >>> written({"a": Ratio(value=0.9), "b": Ratio(value=0.9, ci95=(0.8, 1.0), grade=1)})
    {'a': 0.9, 'b': {'value': 0.9, 'ci95': [0.8, 1.0], 'dist': 'lognormal', 'grade': 1}}
    """
    if isinstance(value, Quantity):
        return _number(value)
    if isinstance(value, Table):
        table = dict(_keys(value))
        return table[value.AS_LIST] if table.keys() == {value.AS_LIST} else table
    if isinstance(value, Mapping):
        return {key: written(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [written(inner) for inner in value]
    return value.item() if hasattr(value, "item") else value


def _number(quantity: Quantity) -> Any:
    table = {key: _plain(value) for key, value in quantity.model_dump(exclude_none=True).items()}
    if quantity.claimed is not None:
        table["claimed"] = _number(quantity.claimed)
    return table["value"] if table.keys() == {"value", "dist"} and table["dist"] == "fixed" else table


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _keys(table: Table) -> Iterator[tuple[str, Any]]:
    """The keys of a table; what may be left out is left out when it is nothing."""
    for name, field in type(table).model_fields.items():
        value = getattr(table, name)
        nothing = value is None or (isinstance(value, dict | tuple | str) and len(value) == 0)
        if field.is_required() or not nothing:
            yield field.alias or name, written(value)


def write(scenario: Scenario) -> str:
    """The resolved scenario as TOML.

    Args:
        scenario: the scenario.

    Returns:
        Text that :func:`simulator.scenario.read.read_text` turns back into an equal scenario.

    >>> from simulator.scenario.read import EXAMPLE, read_text
    >>> read_text(write(read_text(EXAMPLE))) == read_text(EXAMPLE)
    True
    """
    return tomli_w.dumps(resolved(scenario))


def scenario_hash(scenario: Scenario) -> str:
    """The first 12 hexadecimal digits of the SHA-256 of the resolved text: another scenario, another hash.

    The order of tables counts, because it is the order of the results.

    Args:
        scenario: the scenario.

    >>> from simulator.scenario.read import EXAMPLE, read_text
    >>> len(scenario_hash(read_text(EXAMPLE)))
    12
    """
    return hashlib.sha256(write(scenario).encode()).hexdigest()[:HASH_DIGITS]
