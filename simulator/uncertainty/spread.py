"""Turns a value with one spread into a law, or says why no law can have them.

A law is refused, never clipped: what cannot be is a `NotAllowed`. A normal or lognormal that puts up to 1 in 10,000 of
its probability outside the limits of the number is used on the condition that it lies inside.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from simulator.errors import NotAllowed
from simulator.uncertainty.law import Law, beta_variance_limit, from_error, from_interval, normal_score

COVERAGE = {"ci95": 0.95, "ci80": 0.80, "range": 0.95}
SPREAD_KEYS = (*COVERAGE, "se", "n", "sample")
SPREADS: dict[str, tuple[str, ...]] = {
    "fixed": (),
    "normal": (*COVERAGE, "se"),
    "lognormal": (*COVERAGE, "se"),
    "beta": (*COVERAGE, "se", "n"),
    "gamma": (*COVERAGE, "se"),
    "triangular": ("range",),
    "uniform": tuple(COVERAGE),
    "empirical": ("sample",),
    "dirichlet": ("n",),
}
MOST_OUTSIDE = 1e-4
STAYS_IN: dict[tuple[float, float], tuple[str, ...]] = {(0, math.inf): ("gamma", "lognormal"), (0, 1): ("beta",)}
"""Laws that lie between these limits whatever their spread, the usual one first."""
SUM_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Limits:
    """The values a number may take: from `low` to `high`, `low` itself left out when `open_low`.

    >>> print(Limits(0, 1), "|", Limits(0, open_low=True), "|", 1.3 in Limits(0, 1))
    0 to 1 | above 0 | False
    """

    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False

    def __contains__(self, x: float) -> bool:
        return (x > self.low if self.open_low else x >= self.low) and x <= self.high

    def __str__(self) -> str:
        if math.isfinite(self.high):
            return f"{plain(self.low)} to {plain(self.high)}"
        if math.isfinite(self.low):
            return f"above {plain(self.low)}" if self.open_low else f"{plain(self.low)} or more"
        return "any number"

    def check(self, x: float) -> None:
        """Refuse a value outside.

        >>> Limits(0, 1).check(1.3)
        Traceback (most recent call last):
        simulator.errors.NotAllowed: found 1.3; allowed 0 to 1; write 0.013 for 1.3 %
        """
        if x not in self:
            percent = (self.low, self.high) == (0, 1) and 1 < x <= 100
            raise NotAllowed(plain(x), str(self), f"write {plain(x / 100)} for {plain(x)} %" if percent else "")


@dataclass(frozen=True)
class Spread:
    """What is asked of a law.

    Args:
        dist: name of the law.
        value: the stated value, or the K shares.
        key: which spread was written: one of `SPREAD_KEYS`, or None for a fixed value.
        given: the numbers of that spread: two ends, one standard error, one count, or the sample.
        limits: the values the number may take.
    """

    dist: str
    value: tuple[float, ...]
    key: str | None
    given: tuple[float, ...]
    limits: Limits = Limits()

    @property
    def coverage(self) -> float:
        """The probability inside the interval asked for; 95 % where the spread is not an interval."""
        return COVERAGE.get(str(self.key), COVERAGE["ci95"])

    @property
    def interval(self) -> tuple[float, float] | None:
        """The ends asked for, or None where the spread is not an interval."""
        return (self.given[0], self.given[1]) if self.key in COVERAGE else None

    @property
    def ends_are_limits(self) -> bool:
        """Whether the ends asked for are the lowest and the highest value possible."""
        return self.key == "range" and self.dist in ("triangular", "uniform")


def check(spread: Spread) -> None:
    """Refuse a spread that no law of that name can have.

    Args:
        spread: what is asked.

    Raises:
        NotAllowed: the first rule broken.

    >>> check(Spread("normal", (5.0,), "ci95", (1.0, 3.0)))
    Traceback (most recent call last):
    simulator.errors.NotAllowed: found value 5; allowed inside its own spread, 1 to 3
    """
    _check_key(spread)
    if len(spread.value) > 1:
        _check_shares(spread)
    else:
        _check_number(spread)
        for rule in _LAW_CHECKS.get(spread.dist, ()):
            rule(spread)


@lru_cache(maxsize=4096)
def law_of(spread: Spread) -> Law:
    """The law that a possible spread asks for.

    Args:
        spread: what is asked; `check` has passed.

    Returns:
        The law; see `simulator.uncertainty.law` for what it keeps.

    >>> law_of(Spread("beta", (0.25,), "n", (40.0,))).parameters
    (10.0, 30.0)
    """
    if spread.dist in ("normal", "lognormal"):
        return _plain_law(spread).between(spread.limits.low, spread.limits.high)
    return _plain_law(spread)


def outside(spread: Spread) -> float:
    """The share of the plain law that lies outside the limits.

    >>> outside(Spread("normal", (0.0,), "se", (1.0,), Limits(0)))
    0.5
    """
    low, high = law_of(spread).inside
    return low + (1 - high)


def beyond(limits: Limits) -> str:
    """Where the limits are not, in words.

    >>> beyond(Limits(0, 1)), beyond(Limits(-1, open_low=True))
    ('outside 0 to 1', 'not above -1')
    """
    return f"{'not' if limits.open_low else 'outside'} {limits}"


def plain(x: float) -> str:
    """A number as people write it: three significant digits, thousands in full.

    >>> plain(0.13483), plain(26410.0), plain(3.0)
    ('0.135', '26,410', '3')
    """
    return f"{x:,.0f}" if abs(x) >= 1000 else f"{x:.3g}"


def check_sum(shares: Iterable[float], name: str = "shares", hint: str = "") -> None:
    """Refuse shares that do not add up to 1.

    >>> check_sum([0.5, 0.4])
    Traceback (most recent call last):
    simulator.errors.NotAllowed: found shares with sum 0.9; allowed sum 1
    """
    total = math.fsum(shares)
    if abs(total - 1) > SUM_TOLERANCE:
        raise NotAllowed(f"{name} with sum {total:.6g}", "sum 1", hint)


def _plain_law(spread: Spread) -> Law:
    dist, value, given = spread.dist, spread.value, spread.given
    if spread.key is None:
        return Law(dist, value)
    if spread.key == "sample":
        return Law(dist, tuple(sorted(given)))
    if spread.key == "n":
        parts = value if dist == "dirichlet" else (value[0], 1 - value[0])
        return Law(dist, tuple(given[0] * part for part in parts))
    if spread.key == "se":
        return from_error(dist, value[0], given[0])
    if spread.ends_are_limits:
        return Law(dist, (given[0], *(value if dist == "triangular" else ()), given[1]))
    return from_interval(dist, value[0], given[0], given[1], spread.coverage)


# -------------------------------------------------------------------------------- rules of every law


def _check_key(spread: Spread) -> None:
    dist, key, wanted = spread.dist, spread.key, SPREADS[spread.dist]
    if key is None and wanted:
        raise NotAllowed(f"{dist} without a spread", f"{dist} with {', '.join(wanted)}")
    if key is not None and key not in wanted:
        others = ", ".join(other for other, keys in SPREADS.items() if key in keys)
        allowed = f"{dist} with {', '.join(wanted) or 'a value alone'}"
        raise NotAllowed(f"{dist} with {key}", allowed, f"{key} goes with {others}")


def _check_shares(spread: Spread) -> None:
    if spread.dist not in ("fixed", "dirichlet"):
        raise NotAllowed(f"{spread.dist} for shares", "dirichlet with n, or a list alone")
    for x in spread.value:
        spread.limits.check(x)


def _check_number(spread: Spread) -> None:
    if spread.dist == "dirichlet":
        raise NotAllowed("dirichlet for one number", "dirichlet for shares", "try beta with n")
    reach = spread.given if spread.interval or spread.key == "sample" else ()
    for x in (*spread.value, *reach):
        spread.limits.check(x)
    if reach:
        low, high = spread.interval or (min(reach), max(reach))
        _check_order(spread.value[0], low, high)


def _check_order(value: float, low: float, high: float) -> None:
    if low >= high:
        raise NotAllowed(f"{plain(low)} to {plain(high)}", "the low end first, below the high end")
    if not low <= value <= high:
        raise NotAllowed(f"value {plain(value)}", f"inside its own spread, {plain(low)} to {plain(high)}")


# ---------------------------------------------------------------------------------- rules of each law


def _check_outside(spread: Spread) -> None:
    share = outside(spread)
    if share > MOST_OUTSIDE:
        found = f"a {spread.dist} with {100 * share:.2g} % of its probability {beyond(spread.limits)}"
        raise NotAllowed(found, f"at most {100 * MOST_OUTSIDE:g} %", f"try {_inside(spread)}")


def _inside(spread: Spread) -> str:
    """A law with the same value and spread that stays inside the limits, in words."""
    others = (replace(spread, dist=dist) for dist in STAYS_IN.get((spread.limits.low, spread.limits.high), ()))
    return next((f'dist = "{other.dist}"' for other in others if _is_possible(other)), "triangular with range")


def _is_possible(spread: Spread) -> bool:
    try:
        check(spread)
    except NotAllowed:
        return False
    return True


def _check_lognormal(spread: Spread) -> None:
    _require_above_zero(spread, spread.interval[0] if spread.interval else spread.value[0], "normal")


def _check_gamma(spread: Spread) -> None:
    _require_above_zero(spread, spread.value[0], "triangular with range")
    if spread.interval and spread.interval[0] < 0:
        raise NotAllowed(f"gamma from {plain(spread.interval[0])}", "gamma from 0 or more", "try normal")
    if math.isfinite(spread.limits.high):
        raise NotAllowed("gamma", f"a law that stays in {spread.limits}", "try beta")


def _check_beta(spread: Spread) -> None:
    mean, (low, high) = spread.value[0], spread.interval or (0.0, 1.0)
    if not 0 < mean < 1 or low < 0 or high > 1:
        raise NotAllowed(f"beta at {plain(mean)}", "a beta inside 0 to 1", "try triangular with range")
    limit = beta_variance_limit(mean)
    if _matched_error(spread) ** 2 >= limit:
        found, widest = plain(_matched_error(spread)), plain(math.sqrt(limit))
        raise NotAllowed(f"standard error {found}", f"below {widest} for a beta with mean {plain(mean)}", "try uniform")


def _matched_error(spread: Spread) -> float:
    """The standard error a beta has to match, or 0 where it matches a width or a count, which is always possible."""
    if spread.interval and (spread.interval[0] == 0 or spread.interval[1] == 1):
        return (spread.interval[1] - spread.interval[0]) / (2 * normal_score(spread.coverage))
    return spread.given[0] if spread.key == "se" else 0.0


def _check_uniform(spread: Spread) -> None:
    for end in law_of(spread).parameters:
        if end not in spread.limits:
            found = f"a uniform that reaches {plain(end)}"
            raise NotAllowed(found, str(spread.limits), "write its ends as range")


def _require_above_zero(spread: Spread, x: float, other: str) -> None:
    if x <= 0:
        raise NotAllowed(f"{spread.dist} from {plain(x)}", f"{spread.dist} from above 0", f"try {other}")


_LAW_CHECKS: dict[str, tuple[Callable[[Spread], None], ...]] = {
    "normal": (_check_outside,),
    "lognormal": (_check_lognormal, _check_outside),
    "gamma": (_check_gamma,),
    "beta": (_check_beta,),
    "uniform": (_check_uniform,),
}
