"""Turns paths of the cumulative saving into payback: the first time after which it stays at or above zero.

The path is straight between the ends of years, from what is spent on day 0. With k the last end of a year below zero,

    payback = k + (0 - c[k]) / (c[k + 1] - c[k]),   infinite when k is the horizon, 0 when no end is below zero.

The mean of a payback time does not exist when some futures never pay back; the restricted mean counts those as the
horizon (Royston & Parmar 2013, BMC Medical Research Methodology 13: 152).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.outcomes import Payback
from simulator.uncertainty.ranges import Array, Value, share_of, standard_error

WORST = 0.1


def payback_times(paths: Array, start: Array) -> Array:
    """When each path comes to stay at or above zero.

    Args:
        paths: [..., year] cumulative saving at the end of each year.
        start: [...] cumulative saving on day 0, 0 or less.

    Returns:
        [...] years from the start; infinite when never within the horizon.

    Example:
        >>> payback_times(np.array([[-50.0, 50.0], [-50.0, -1.0], [5.0, -1.0]]), np.zeros(3)).tolist()
        [1.5, inf, inf]
    """
    nodes = _nodes(paths, start)
    last = _last(nodes < 0)
    return np.where(last < 0, 0.0, _crossing(nodes, np.maximum(last, 0)))


def first_crossings(paths: Array, start: Array) -> Array:
    """When each path first comes back to zero or above, whether or not it stays there; as :func:`payback_times`.

    Example:
        >>> first_crossings(np.array([[-1.0, 1.0, -1.0]]), np.zeros(1)).tolist()
        [1.5]
    """
    nodes = _nodes(paths, start)
    below = nodes < 0
    falls = below & np.concatenate([~below[..., 1:], np.ones_like(below[..., :1])], axis=-1)
    first = np.argmax(falls, axis=-1)
    return np.where(below.any(axis=-1), _crossing(nodes, first), 0.0)


def payback(paths: Array, start: Array, batch: NDArray[np.int64]) -> Payback:
    """Payback over the futures of a place.

    Args:
        paths: [row, draw, year] cumulative discounted saving at the end of each year.
        start: [row] the same on day 0.
        batch: [row] for the errors.

    Returns:
        The distribution of the payback time.

    Example:
        >>> paths = np.array([[[-50.0, 50.0]], [[-50.0, -1.0]]])
        >>> payback(paths, np.zeros(2), np.zeros(2, int)).restricted_mean_years.value.tolist()
        1.75
    """
    years = paths.shape[2]
    first = np.broadcast_to(start[:, None], paths.shape[:2])
    times, crossed = payback_times(paths, first), first_crossings(paths, first)
    ends = np.arange(1, years + 1)
    capped = np.minimum(times, years).mean(axis=1)
    median = float(np.sort(times, axis=None)[(times.size - 1) // 2])
    return Payback(
        status="measured" if np.any(paths) or np.any(start) else "no investment",
        times=times.ravel(),
        p_never=share_of(~np.isfinite(times), batch),
        by_year=share_of(times[..., None] <= ends, batch),
        crossed_by_year=share_of(crossed[..., None] <= ends, batch),
        p_relapse=share_of(crossed < times, batch),
        median_year=median if np.isfinite(median) else None,
        restricted_mean_years=Value(np.asarray(capped.mean()), standard_error(capped, batch)),
    )


def shortfall(totals: Array, batch: NDArray[np.int64], worst: float = WORST) -> Value:
    """Expected shortfall: the mean of the worst futures.

    Args:
        totals: [row, draw] savings.
        batch: [row] for the error.
        worst: the share of futures that counts as worst.

    Returns:
        The mean of the lowest share and its error over rows.

    Source:
        Rockafellar & Uryasev (2000), Journal of Risk 2: 21-41: with q the quantile, the mean of q - (q - x)+ / share.

    Example:
        >>> shortfall(np.arange(10.0)[:, None], np.zeros(10, int), 0.2).value.round(6).tolist()
        0.5
    """
    ordered = np.sort(totals, axis=None)
    border = ordered[max(int(np.ceil(worst * len(ordered) - 1e-9)) - 1, 0)]
    by_row = border - np.maximum(border - totals, 0).mean(axis=1) / worst
    return Value(np.asarray(by_row.mean()), standard_error(by_row, batch))


def _nodes(paths: Array, start: Array) -> Array:
    return np.concatenate([start[..., None], paths], axis=-1)


def _last(below: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number of the last node below zero, -1 for none: [..., node] -> [...]."""
    last = below.shape[-1] - 1 - np.argmax(below[..., ::-1], axis=-1)
    return np.where(below.any(axis=-1), last, -1)


def _crossing(nodes: Array, k: NDArray[np.int64]) -> Array:
    """Where the line from node k, below zero, to the next meets zero; infinite after the last node."""
    after = np.minimum(k + 1, nodes.shape[-1] - 1)
    low, high = (np.take_along_axis(nodes, at[..., None], axis=-1)[..., 0] for at in (k, after))
    rise = np.where(high > low, high - low, 1.0)
    return np.where(after > k, k - low / rise, np.inf)
