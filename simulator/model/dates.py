"""When a support recruits, when everyone leaves it, and until when it is paid for: dates that lives and money share.

    recruitment ends   on closes_day if stated, else with the funding of a programme, never after everyone has left
    everyone leaves    on ends_day if stated, or when recruitment ends with ``after_funding = "stop"``, else never
    paid in full       until everyone leaves if that has a day, else until recruitment ends; then run-off

Days are counted from the start of year 0.
"""

from __future__ import annotations

from math import inf

from simulator.scenario.tables import Programme, Scenario, Support
from simulator.units import DAYS_PER_YEAR


def closing_day(scenario: Scenario, support: Support) -> float:
    """The day from which nobody is offered the support, joins or leaves its list for it, or starts it.

    Args:
        scenario: its funding years.
        support: the support or programme; a usual support without a date recruits for ever.

    Returns:
        Days, infinite where recruitment never ends.
    """
    stated = inf if support.closes_day is None else support.closes_day
    if isinstance(support, Programme) and support.closes_day is None:
        stated = support.opens_day + scenario.horizon.funding_years * DAYS_PER_YEAR
    return stated if support.ends_day is None else min(stated, support.ends_day)


def ending_day(scenario: Scenario, support: Support) -> float:
    """The day on which everyone leaves the support, infinite where people stay to their own end.

    Args:
        scenario: its funding years.
        support: the support or programme.
    """
    if isinstance(support, Programme) and support.after_funding == "stop":
        return closing_day(scenario, support)
    return inf if support.ends_day is None else support.ends_day


def paid_days(scenario: Scenario, support: Support) -> tuple[float, float]:
    """First and last day on which the fixed costs of a support are paid in full.

    Args:
        scenario: its funding years.
        support: the support or programme.

    Returns:
        Days, the first 0 or later, the last possibly infinite.
    """
    ends = ending_day(scenario, support)
    return max(support.opens_day, 0.0), closing_day(scenario, support) if ends == inf else ends


def run_off_day(scenario: Scenario, support: Support) -> float:
    """The day from which those still on the support are paid for by what they need, infinite where there is none.

    Args:
        scenario: its funding years.
        support: the support or programme.
    """
    return closing_day(scenario, support) if ending_day(scenario, support) == inf else inf
