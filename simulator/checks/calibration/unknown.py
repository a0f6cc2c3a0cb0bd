"""Turns the path of a number into an unknown: a scale on which it has no ends, what is known of it, where to look.

On the scale p the number x is

    p = log(x / (1 - x))     a share, 0 to 1
    p = log(x - low)         a number with a lower end (rates, ratios, costs, days, `adjust`)
    p = x                    any other

A number with an interval of its own is N(m, s^2) there, m its centre and s a 3.92th of the 95 % interval. A number
without one, or with LOW:HIGH written behind its path, is even between two ends, and its standard deviation is
(HIGH - LOW) / sqrt(12). Numbers that are to stay equal are one unknown, their paths joined by ``+``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from simulator.errors import RunError, no_such
from simulator.scenario.addresses import bare, dotted, field_shapes, keys_of, quantities, shape_at
from simulator.scenario.tables import Scenario, Table
from simulator.uncertainty.quantity import Quantity, Shares
from simulator.uncertainty.spread import Limits

__all__ = ["WIDTH_95", "Unknown", "unknown"]

WIDTH_95 = 2 * 1.959963984540054  # standard deviations in a 95 % interval
EACH_WAY = 10.0  # a number without an interval is looked for from a tenth to ten times its value (a share: its odds)
STEP = 0.25  # of a standard deviation, for slopes
MOST_STEP = 0.1  # and on a logarithmic scale never more than this


@dataclass(frozen=True)
class Unknown:
    """A number that is to be found, or several that stay equal: ``path`` then joins theirs by ``+``.

    ``start`` is its value in the file, ``low`` and ``high`` the ends of the prior 95 % interval, or of the search
    where the number is ``free``: then nothing but the targets speaks for one value rather than another.
    """

    path: str
    start: float
    low: float
    high: float
    free: bool
    limits: Limits

    @property
    def paths(self) -> tuple[str, ...]:
        """The path of each number that takes the value."""
        return tuple(self.path.split("+"))

    @property
    def centre(self) -> float:
        """The value in the file on the scale."""
        return self.on_scale(self.start)

    @property
    def sd(self) -> float:
        """Standard deviation of the prior on the scale."""
        return (self.on_scale(self.high) - self.on_scale(self.low)) / (math.sqrt(12) if self.free else WIDTH_95)

    @property
    def step(self) -> float:
        """A step for slopes, in standard deviations: large beside single people, small beside what bends."""
        endless = not math.isfinite(self.limits.low)
        return STEP if endless else min(STEP, MOST_STEP / self.sd)

    @property
    def ends(self) -> tuple[float, float]:
        """Where to look, in standard deviations from the start."""
        if not self.free:
            return -math.inf, math.inf
        low, high = ((self.on_scale(end) - self.centre) / self.sd for end in (self.low, self.high))
        return low, high

    def on_scale(self, value: float) -> float:
        """A value on the scale."""
        return _on_scale(value, self.limits)

    def value(self, z: float) -> float:
        """The value that lies so many standard deviations from the start."""
        return _from_scale(self.centre + z * self.sd, self.limits)


def _on_scale(value: float, limits: Limits) -> float:
    if not math.isfinite(limits.low):
        return value
    return math.log(value - limits.low) if not math.isfinite(limits.high) else math.log(value / (1 - value))


def _from_scale(point: float, limits: Limits) -> float:
    if not math.isfinite(limits.low):
        return point
    return limits.low + math.exp(point) if not math.isfinite(limits.high) else 1 / (1 + math.exp(-point))


def unknown(scenario: Scenario, asked: str) -> Unknown:
    """What is known of a number before any target is looked at.

    Args:
        scenario: resolved scenario.
        asked: its dotted path; with ``:LOW:HIGH`` behind it, it is free between these.

    Returns:
        The unknown.

    Raises:
        RunError: no number there, a start outside LOW and HIGH or on an end of its scale, or nowhere to look.

    Example:
        >>> from simulator.scenario.read import read
        >>> one = unknown(read("england_65_plus"), "needs.ae.adjust:0.8:1.25")
        >>> one.path, one.start, one.low, one.high, one.free
        ('needs.ae.adjust', 1.0, 0.8, 1.25, True)
    """
    path, ends = _parted(asked)
    (value, limits), *others = [_found(scenario, each) for each in path.split("+")]
    if apart := [each for each, _ in others if _start(each) != _start(value)]:
        raise RunError(f"{path}: found {_start(value):g} and {_start(apart[0]):g}; allowed equal numbers to stay equal")
    if isinstance(value, Quantity) and value.is_uncertain and ends is None:
        low, high = (float(end) for end in value.at([0.025, 0.975]))
        return Unknown(path, value.centre[0], low, high, False, limits)
    start = _start(value)
    return _checked(Unknown(path, start, *(ends or _each_way(path, start, limits)), True, limits))


def _start(value: Quantity | float) -> float:
    return value.centre[0] if isinstance(value, Quantity) else value


def _parted(asked: str) -> tuple[str, tuple[float, float] | None]:
    path, *ends = asked.rsplit(":", 2)
    try:
        low, high = map(float, ends)
    except ValueError:
        return asked, None
    return path, (low, high)


def _found(scenario: Scenario, path: str) -> tuple[Quantity | float, Limits]:
    keys = keys_of(path)
    found = quantities(scenario).get(dotted(keys))
    if found is not None and not isinstance(found, Shares):
        return found, found.limits
    inner: object = scenario
    for key in keys:
        known = _names(inner)
        if key not in known:
            raise RunError(f"{path}: {no_such('part', key, tuple(known))}")
        inner = known[key]
    if not isinstance(inner, float) or bare(shape_at(keys)) is not float:
        raise RunError(f"{path}: found no number of its own; allowed the path of one number, such as needs.gp.rate")
    return inner, Limits(0) if inner > 0 else Limits()


def _names(inner: object) -> dict[str, object]:
    if isinstance(inner, Table):
        fields = zip(field_shapes(type(inner)), type(inner).model_fields, strict=True)
        return {key: getattr(inner, name) for key, name in fields if getattr(inner, name) is not None}
    return dict(inner) if isinstance(inner, dict) else {}


def _each_way(path: str, start: float, limits: Limits) -> tuple[float, float]:
    if not math.isfinite(limits.low) or not limits.low < start < limits.high:
        raise RunError(f"{path}: found {start:g}, with no interval of its own; write where to look, {path}:LOW:HIGH")
    centre = _on_scale(start, limits)
    low, high = (_from_scale(centre + sign * math.log(EACH_WAY), limits) for sign in (-1, 1))
    return low, high


def _checked(one: Unknown) -> Unknown:
    inside = one.low < one.start < one.high and all(end in one.limits for end in (one.low, one.high))
    on_an_end = one.low in (one.limits.low, one.limits.high) or one.high in (one.limits.low, one.limits.high)
    if not inside or on_an_end:
        found = f"{one.start:g} looked for from {one.low:g} to {one.high:g}"
        raise RunError(f"{one.path}: found {found}; allowed ends around it that are {one.limits}, ends left out")
    return one
