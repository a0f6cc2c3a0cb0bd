"""Turns a spread into the account of what was asked of its law and what the law gives.

A fit is poor when an end of the interval, or the middle, is off by more than a fifth of the width asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from simulator.errors import NotAllowed
from simulator.uncertainty.law import Law
from simulator.uncertainty.spread import Spread, check, law_of, plain

POOR_SHARE_OF_WIDTH = 0.2
SUGGESTED = ("lognormal", "gamma", "beta", "normal")


@dataclass(frozen=True)
class Fit:
    """What was asked of a law and what it gives.

    Args:
        dist, parameters: the law, see `simulator.uncertainty.law`.
        coverage: the probability inside the interval.
        asked_low, asked_high: the interval asked for; None where the spread is not an interval.
        gives_low, gives_high: the interval the law gives, in the unit of the value; None for shares.
        mean, median: of the law; None for shares.
        poor: worth a warning.
        message: the same in words.
        better: a law that would fit well; empty where this one does.
    """

    dist: str
    parameters: tuple[float, ...]
    coverage: float
    asked_low: float | None
    asked_high: float | None
    gives_low: float | None = None
    gives_high: float | None = None
    mean: float | None = None
    median: float | None = None
    poor: bool = False
    message: str = ""
    better: str = ""


@lru_cache(maxsize=4096)
def fit(spread: Spread) -> Fit:
    """What the law of a possible spread gives beside what was asked.

    Args:
        spread: what is asked; `check` has passed.

    >>> fit(Spread("normal", (5.0,), "ci95", (1.0, 9.0))).message
    '5 (1 to 9): normal with mean 5 and median 5'
    """
    law = law_of(spread)
    asked_low, asked_high = spread.interval or (None, None)
    account = Fit(law.dist, law.parameters, spread.coverage, asked_low, asked_high, message=_shares_message(spread))
    return account if len(spread.value) > 1 else _filled(account, spread, law)


def _filled(account: Fit, spread: Spread, law: Law) -> Fit:
    low, high = _interval(spread, law)
    poor = _is_poor(spread, law)
    message = _poor_message(spread, law) if poor else _good_message(spread, law)
    told = replace(account, poor=poor, message=message, better=_better(spread) if poor else "")
    return replace(told, gives_low=low, gives_high=high, mean=law.mean(), median=_median(law))


def _interval(spread: Spread, law: Law) -> tuple[float, float]:
    if spread.ends_are_limits:
        return law.parameters[0], law.parameters[-1]
    return law.quantile((1 - spread.coverage) / 2), law.quantile((1 + spread.coverage) / 2)


def _median(law: Law) -> float:
    return law.quantile(0.5)


def _is_poor(spread: Spread, law: Law) -> bool:
    if spread.interval is None:
        return False
    (low, high), gives = spread.interval, _interval(spread, law)
    off = max(abs(gives[0] - low), abs(gives[1] - high), _off_centre(spread.value[0], law))
    return off > POOR_SHARE_OF_WIDTH * (high - low)


def _off_centre(value: float, law: Law) -> float:
    """How far the stated value is from mean and median; a triangular has it as its mode."""
    return 0.0 if law.dist == "triangular" else min(abs(value - law.mean()), abs(value - _median(law)))


def _good_message(spread: Spread, law: Law) -> str:
    if law.dist == "fixed":
        return f"{plain(spread.value[0])}, fixed"
    middle = f"mean {plain(law.mean())} and median {plain(_median(law))}"
    return f"{plain(spread.value[0])} ({_in_words(*_interval(spread, law))}): {law.dist} with {middle}"


def _poor_message(spread: Spread, law: Law) -> str:
    asked = _in_words(*spread.given)
    if law.dist in ("lognormal", "uniform"):
        asked = f"{plain(spread.value[0])} ({asked})"
        told = f"a {law.dist} with that interval has mean {plain(law.mean())} and median {plain(_median(law))}"
    else:
        told = f"a {law.dist} with that mean gives {_in_words(*_interval(spread, law))}"
    return f"asked {asked}, {told}"


def _better(spread: Spread) -> str:
    others = (replace(spread, dist=dist) for dist in SUGGESTED if dist != spread.dist)
    return next((other.dist for other in others if _fits_well(other)), "triangular with range")


def _fits_well(spread: Spread) -> bool:
    try:
        check(spread)
    except NotAllowed:
        return False
    return not _is_poor(spread, law_of(spread))


def _shares_message(spread: Spread) -> str:
    weight = f": dirichlet worth {plain(spread.given[0])} observations" if spread.key else ", fixed"
    return ", ".join(map(plain, spread.value)) + weight


def _in_words(low: float, high: float) -> str:
    return f"{plain(low)} to {plain(high)}"
