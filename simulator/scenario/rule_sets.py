"""The rules by which public money is judged, each set whole: rates, what a QALY is worth, and what is told first.

    set                money   later        health   a QALY, pounds      first
    green book 2022    3.5 %   3.0 % (31)   1.5 %    70,000 of 2020/21   net present social value
    nice 2025          3.5 %   3.5 %        3.5 %    20,000 to 30,000    cost per QALY
    own                what the file says

Sources: HM Treasury (2022), The Green Book, annex A6, and its wellbeing guidance (2021) for the QALY; NICE health
technology evaluations: the manual (PMG36, as updated in 2025), reference case: costs and health at 3.5 %, 20,000 to
30,000 pounds a QALY. The 25,000 to 35,000 pounds of 2026 are for new medicines alone. A set is stated as it was on its
date, in the prices it names (`money.qaly` brings them to others); the lower rate of money after year 75 is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Rules = Literal["own", "green book 2022", "nice 2025"]
Headline = Literal["net present value", "net present social value", "cost per QALY"]


@dataclass(frozen=True)
class RuleSet:
    """One set; rates a year, values in pounds.

    Args:
        discount_rate: of money.
        discount_rate_later: of money from ``later_from_year`` on.
        later_from_year: counted from 0.
        health_discount_rate: of health.
        qaly_values: pounds a QALY.
        qaly_price_year: the prices these are in; empty for a threshold, which follows no prices.
        headline: what a result begins with.
    """

    discount_rate: float
    discount_rate_later: float
    later_from_year: int
    health_discount_rate: float
    qaly_values: tuple[float, ...]
    qaly_price_year: str
    headline: Headline


RULE_SETS: Mapping[str, RuleSet] = {
    "green book 2022": RuleSet(0.035, 0.03, 31, 0.015, (70_000.0,), "2020/21", "net present social value"),
    "nice 2025": RuleSet(0.035, 0.035, 31, 0.035, (20_000.0, 30_000.0), "", "cost per QALY"),
}
FIXED_KEYS = ("discount_rate", "discount_rate_later", "later_from_year", "health_discount_rate", "qaly_values")
"""The keys of ``[economics]`` that a set fixes."""


def fixed_by(rules: object) -> dict[str, Any]:
    """The keys that a set fixes, with their values; none for ``own``.

    >>> fixed_by("nice 2025")["health_discount_rate"], fixed_by("own")
    (0.035, {})
    """
    chosen = RULE_SETS.get(rules) if isinstance(rules, str) else None
    return {key: getattr(chosen, key) for key in FIXED_KEYS} if chosen else {}


def without_fixed(economics: Mapping[str, Any], rules: object) -> dict[str, Any]:
    """The keys of ``[economics]`` that a set leaves to the file.

    >>> without_fixed({"discount_rate": 0.02, "optimism": "none"}, "nice 2025")
    {'optimism': 'none'}
    """
    fixed = fixed_by(rules)
    return {key: value for key, value in economics.items() if key not in fixed}
