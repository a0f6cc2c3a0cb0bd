"""Turns what a QALY is worth by the rules of a scenario into pounds of its price year.

    green book    stated in prices of a year, so brought to that of the scenario:   value x economics.index[year]
    nice          a threshold in the pounds of each day, and never indexed
    own           as the file states them, taken to be in its own price year

The Green Book brings its value on by the GDP deflator; the index of a scenario may be another one, so a note says what
was done. Sources as in :mod:`simulator.scenario.rule_sets`; the threshold: NICE (2025), manual PMG36.
"""

from __future__ import annotations

from simulator.scenario.rule_sets import RULE_SETS
from simulator.scenario.tables import Scenario


def worth_of_a_qaly(scenario: Scenario) -> tuple[float, ...]:
    """Pounds a QALY, in the price year of the scenario.

    Args:
        scenario: its rules, values and index.

    Example:
        >>> from simulator.scenario.read import read
        >>> treasury = read("befriending", sets=['economics.rules="green book 2022"'])
        >>> treasury.economics.qaly_values, [round(value) for value in worth_of_a_qaly(treasury)]
        ((70000.0,), [78960])
        >>> worth_of_a_qaly(read("befriending", sets=['economics.rules="nice 2025"']))
        (20000.0, 30000.0)
    """
    return tuple(value * _factor(scenario) for value in scenario.economics.qaly_values)


def _factor(scenario: Scenario) -> float:
    """From the prices in which the values are stated; 1 where they need not be brought on, or cannot."""
    stated = _stated_in(scenario)
    return 1.0 if stated == scenario.price_year else scenario.economics.index.get(stated, 1.0)


def _stated_in(scenario: Scenario) -> str:
    """The price year of the values, by the rules; empty where they are of no year."""
    rules = RULE_SETS.get(scenario.economics.rules)
    return rules.qaly_price_year if rules else ""


def qaly_note(scenario: Scenario) -> str:
    """How the values of a QALY were brought to the price year; empty where they are the file's own.

    Args:
        scenario: its rules and index.

    Example:
        >>> from simulator.scenario.read import read
        >>> qaly_note(read("befriending", sets=['economics.rules="nice 2025"']))
        'a QALY at £20,000 and £30,000: thresholds in the pounds of each day, which are not brought to other prices'
    """
    rules, stated, year = scenario.economics.rules, _stated_in(scenario), scenario.price_year
    if rules not in RULE_SETS:
        return ""
    values = " and ".join(f"£{value:,.0f}" for value in scenario.economics.qaly_values)
    if not stated:
        return f"a QALY at {values}: thresholds in the pounds of each day, which are not brought to other prices"
    if stated != year and stated not in scenario.economics.index:
        missing = f'economics.index has no "{stated}"; add it'
        return f"a QALY at {values} of {stated}, which could not be brought to {year}: {missing}"
    brought = " and ".join(f"£{value:,.0f}" for value in worth_of_a_qaly(scenario))
    how = "by economics.index; the Green Book brings it on by the GDP deflator, so look whether they differ"
    return "" if stated == year else f"a QALY at {values} of {stated}, {brought} in prices of {year} {how}"
