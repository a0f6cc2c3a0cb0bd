"""Turns a stated value and its spread into a probability law, and a law into its quantiles.

    law         parameters          quantile at u
    fixed       value               value
    normal      mean, sd            mean + sd ndtri(u)
    lognormal   mu, sigma           exp(mu + sigma ndtri(u))
    beta        a, b                inverse regularised incomplete beta
    gamma       shape, scale        scale x inverse regularised incomplete gamma
    uniform     low, high           low + u (high - low)
    triangular  low, mode, high     inverse of the piecewise square
    empirical   the sorted sample   the value at place floor(u n): the sample itself, nothing invented
    dirichlet   a[0] ... a[K-1]     K gamma quantiles, normalised

Where an interval is asked and the law cannot have both the stated value and the interval:
normal, beta and gamma keep the value as their mean; lognormal and uniform keep the interval.
The width that beta and gamma match is the one on their natural scale (log odds, log), so that a small probability
keeps its order of magnitude; an end of 0 or 1 is infinite on that scale, and then the standard error is matched.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Parameters = tuple[float, ...]


@dataclass(frozen=True)
class Law:
    """A probability law with its parameters in the order of the table above.

    Args:
        dist: name of the law.
        parameters: its parameters.
        inside: the probabilities of the law below the lowest and up to the highest allowed value; the law is used on
            the condition that it lies between them. (0, 1) is the plain law.

    >>> Law("lognormal", (0.0, 0.5)).mean()
    1.1331484530668263
    """

    dist: str
    parameters: Parameters
    inside: tuple[float, float] = (0.0, 1.0)

    def at(self, u: Floats) -> Floats:
        """The quantile at `u`.

        Args:
            u: probabilities in the open interval 0 to 1, any shape; [..., K] for a dirichlet of K shares.

        Returns:
            Values in the shape of `u`.

        >>> Law("uniform", (2.0, 4.0)).at(np.array([0.25, 0.5]))
        array([2.5, 3. ])
        """
        low, high = self.inside
        return _QUANTILES[self.dist](self.parameters, low + u * (high - low))

    def quantile(self, p: float) -> float:
        """One quantile of one number, as :meth:`at` to rounding; a normal one avoids importing scipy, which is slow.

        >>> round(Law("lognormal", (0.0, 0.5)).quantile(0.975), 6)
        2.664408
        """
        low, high = self.inside
        if self.dist not in ("normal", "lognormal"):
            return float(self.at(np.array(p)))
        mean, sd = self.parameters
        quantile = mean + sd * NormalDist().inv_cdf(low + p * (high - low))
        return math.exp(quantile) if self.dist == "lognormal" else quantile

    def mean(self) -> float:
        """The mean of one number (of the plain law, before any condition); not for shares."""
        return _MEANS[self.dist](*self.parameters)

    def between(self, low: float, high: float) -> Law:
        """The same law on the condition that it lies between two values; for a normal or a lognormal.

        >>> Law("normal", (0.0, 1.0)).between(0.0, math.inf).inside
        (0.5, 1.0)
        """
        bell = NormalDist(*self.parameters)
        if self.dist == "lognormal":
            low, high = (-math.inf if x <= 0 else math.log(x) for x in (low, high))
        return replace(self, inside=(_below(bell, low), _below(bell, high)))


def normal_score(coverage: float) -> float:
    """How many standard deviations a central interval reaches on either side.

    >>> round(normal_score(0.95), 4)
    1.96
    """
    return NormalDist().inv_cdf(0.5 + coverage / 2)


def from_interval(dist: str, value: float, low: float, high: float, coverage: float) -> Law:
    """The law of a value with a central interval.

    Args:
        dist: normal, lognormal, beta, gamma or uniform.
        value: the stated value.
        low: the lower end of the interval.
        high: the upper end, above `low`.
        coverage: the probability inside the interval.

    Returns:
        The law: see the head of this module for what it keeps.

    >>> mu, sigma = from_interval("lognormal", 0.69, 0.55, 0.86, 0.95).parameters
    >>> round(math.exp(mu), 4), round(sigma, 4)
    (0.6877, 0.114)
    """
    return Law(dist, _FROM_INTERVAL[dist](value, low, high, coverage))


def from_error(dist: str, mean: float, se: float) -> Law:
    """The law with this mean and standard error: normal, lognormal, beta or gamma, by the method of moments.

    >>> from_error("gamma", 40.0, 10.0).parameters
    (16.0, 2.5)
    """
    return Law(dist, _FROM_ERROR[dist](mean, se))


def beta_variance_limit(mean: float) -> float:
    """No law on 0 to 1 with this mean has a variance as large as this."""
    return mean * (1 - mean)


def _below(bell: NormalDist, x: float) -> float:
    return bell.cdf(x) if math.isfinite(x) else float(x > 0)


# ----------------------------------------------------------------------------------- parameters


def _normal_from_interval(value: float, low: float, high: float, coverage: float) -> Parameters:
    return value, (high - low) / (2 * normal_score(coverage))


def _lognormal_from_interval(value: float, low: float, high: float, coverage: float) -> Parameters:
    return _normal_from_interval((math.log(low) + math.log(high)) / 2, math.log(low), math.log(high), coverage)


def _uniform_from_interval(value: float, low: float, high: float, coverage: float) -> Parameters:
    beyond = (high - low) * (1 - coverage) / (2 * coverage)
    return low - beyond, high + beyond


def _beta_from_interval(value: float, low: float, high: float, coverage: float) -> Parameters:
    if low <= 0 or high >= 1:
        return _beta_from_error(value, *_normal_from_interval(value, low, high, coverage)[1:])
    from scipy.special import betaincinv

    width_asked, tail = _log_odds(high, 1 - high) - _log_odds(low, 1 - low), (1 - coverage) / 2

    def excess_width(log_size: float) -> float:
        a, b = value * math.exp(log_size), (1 - value) * math.exp(log_size)
        bottom, from_top = float(betaincinv(a, b, tail)), float(betaincinv(b, a, tail))
        return _log_odds(1 - from_top, from_top) - _log_odds(bottom, 1 - bottom) - width_asked

    variance = (width_asked / (2 * normal_score(coverage))) ** 2
    size = math.exp(_falling_root(excess_width, -math.log(variance * value * (1 - value))))
    return value * size, (1 - value) * size


def _gamma_from_interval(value: float, low: float, high: float, coverage: float) -> Parameters:
    if low <= 0:
        return _gamma_from_error(value, *_normal_from_interval(value, low, high, coverage)[1:])
    from scipy.special import gammaincinv

    width_asked, tail = math.log(high / low), (1 - coverage) / 2

    def excess_width(log_shape: float) -> float:
        bottom, top = gammaincinv(math.exp(log_shape), [tail, 1 - tail])
        return _log_odds(float(top), float(bottom)) - width_asked

    shape = math.exp(_falling_root(excess_width, -2 * math.log(width_asked / (2 * normal_score(coverage)))))
    return shape, value / shape


def _lognormal_from_error(mean: float, se: float) -> Parameters:
    variance = math.log1p((se / mean) ** 2)
    return math.log(mean) - variance / 2, math.sqrt(variance)


def _beta_from_error(mean: float, se: float) -> Parameters:
    size = beta_variance_limit(mean) / se**2 - 1
    return mean * size, (1 - mean) * size


def _gamma_from_error(mean: float, se: float) -> Parameters:
    return (mean / se) ** 2, se**2 / mean


def _log_odds(for_: float, against: float) -> float:
    return math.log(max(for_, _TINY)) - math.log(max(against, _TINY))


def _falling_root(f: Callable[[float], float], guess: float) -> float:
    """Where a falling function is zero: the Illinois rule (Dowell & Jarratt 1971, BIT 11: 168-174).

    SciPy has better ones, but importing them takes longer than reading a scenario file.

    >>> round(_falling_root(lambda x: 2 - x**3, 0.0), 12)
    1.259921049895
    """
    low, high = guess - 1, guess + 1
    while (above := f(low)) < 0:
        low -= 1
    while (below := f(high)) > 0:
        high += 1
    side = 0
    for _ in range(_STEPS):
        at = (low * below - high * above) / (below - above) if above > below else low
        value = f(at)
        if value == 0 or min(at - low, high - at) < _TOLERANCE:
            return at
        if value > 0:
            low, above, below, side = at, value, below / 2 if side > 0 else below, 1
        else:
            high, below, above, side = at, value, above / 2 if side < 0 else above, -1
    return at


_TINY = math.ulp(0.0)
_TOLERANCE, _STEPS = 1e-12, 200
_FROM_INTERVAL: dict[str, Callable[[float, float, float, float], Parameters]] = {
    "normal": _normal_from_interval,
    "lognormal": _lognormal_from_interval,
    "beta": _beta_from_interval,
    "gamma": _gamma_from_interval,
    "uniform": _uniform_from_interval,
}
_FROM_ERROR: dict[str, Callable[[float, float], Parameters]] = {
    "normal": lambda mean, se: (mean, se),
    "lognormal": _lognormal_from_error,
    "beta": _beta_from_error,
    "gamma": _gamma_from_error,
}
_MEANS: dict[str, Callable[..., float]] = {
    "fixed": lambda value: value,
    "normal": lambda mean, sd: mean,
    "lognormal": lambda mu, sigma: math.exp(mu + sigma**2 / 2),
    "beta": lambda a, b: a / (a + b),
    "gamma": lambda shape, scale: shape * scale,
    "uniform": lambda low, high: (low + high) / 2,
    "triangular": lambda low, mode, high: (low + mode + high) / 3,
    "empirical": lambda *sample: math.fsum(sample) / len(sample),
}


# ------------------------------------------------------------------------------------- quantiles


def _fixed_at(parameters: Parameters, u: Floats) -> Floats:
    return np.broadcast_to(np.array(parameters[0] if len(parameters) == 1 else parameters), u.shape).copy()


def _normal_at(parameters: Parameters, u: Floats) -> Floats:
    from scipy.special import ndtri

    mean, sd = parameters
    return np.asarray(mean + sd * ndtri(u))


def _lognormal_at(parameters: Parameters, u: Floats) -> Floats:
    return np.exp(_normal_at(parameters, u))


def _beta_at(parameters: Parameters, u: Floats) -> Floats:
    from scipy.special import betaincinv

    a, b = parameters
    return np.asarray(betaincinv(a, b, u))


def _gamma_at(parameters: Parameters, u: Floats) -> Floats:
    from scipy.special import gammaincinv

    shape, scale = parameters
    return np.asarray(scale * gammaincinv(shape, u))


def _uniform_at(parameters: Parameters, u: Floats) -> Floats:
    low, high = parameters
    return low + u * (high - low)


def _triangular_at(parameters: Parameters, u: Floats) -> Floats:
    low, mode, high = parameters
    rising = low + np.sqrt(u * (high - low) * (mode - low))
    falling = high - np.sqrt((1 - u) * (high - low) * (high - mode))
    return np.where(u * (high - low) < mode - low, rising, falling)


def _empirical_at(parameters: Parameters, u: Floats) -> Floats:
    return np.array(parameters)[np.floor(u * len(parameters)).astype(np.int64)]


def _dirichlet_at(parameters: Parameters, u: Floats) -> Floats:
    from scipy.special import gammaincinv

    parts = np.array(parameters)
    weights = np.zeros(u.shape)
    weights[..., parts > 0] = gammaincinv(parts[parts > 0], u[..., parts > 0])
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


_QUANTILES: dict[str, Callable[[Parameters, Floats], Floats]] = {
    "fixed": _fixed_at,
    "normal": _normal_at,
    "lognormal": _lognormal_at,
    "beta": _beta_at,
    "gamma": _gamma_at,
    "uniform": _uniform_at,
    "triangular": _triangular_at,
    "empirical": _empirical_at,
    "dirichlet": _dirichlet_at,
}
