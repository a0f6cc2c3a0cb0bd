"""A stepped wedge: clusters that open one after the other, the mean of each cluster in each period.

    y[i, j] = m + b[j] + theta x open[i, j] + a[i] + e[i, j]       a of variance t2, e of variance s2

theta is the generalised least squares estimate with a fixed effect of each period and a random one of each cluster
(Hussey & Hughes 2007, Contemporary Clinical Trials 28: 182-191); ``open`` may be the part of a period. Where the two
variances are not known they are those of the moments: s2 what is left after effects of clusters and periods, t2 what
the means of clusters vary by beyond s2 / periods.
"""

from __future__ import annotations

import numpy as np

from simulator.analysis.studies.estimate import Array, Estimate


def stepped_wedge(
    means: Array, is_open: Array, *, within: float | None = None, between: float | None = None
) -> Estimate:
    """What a stepped wedge reports.

    Args:
        means: of each cluster in each period, logs of rates for a log ratio.  # [cluster, period]
        is_open: the part of the period for which the cluster is open.  # [cluster, period]
        within: variance s2 of a mean about its cluster and period; estimated if left out, like the next.
        between: variance t2 of clusters.

    Returns:
        theta and its standard error.

    Example, eleven clusters in four periods of which four, four and three open:
        >>> opens = np.array([1] * 4 + [2] * 4 + [3] * 3)
        >>> is_open = (np.arange(4) >= opens[:, None]).astype(float)
        >>> seen = stepped_wedge(0.3 * is_open, is_open, within=0.04, between=0.02)
        >>> round(float(seen.log_ratio), 6), round(float(seen.error) ** 2, 14)
        (0.3, 0.01118644067797)
    """
    periods = means.shape[1]
    if within is None or between is None:
        within, between = variances(means, is_open)
    # periods taken out of both sides: with all clusters alike this is what their fixed effects do
    y, x = means - means.mean(axis=0), is_open - is_open.mean(axis=0)
    weight = (np.eye(periods) - between / (within + periods * between)) / within if within else np.eye(periods)
    info = float(np.einsum("ij,jk,ik->", x, weight, x))
    theta = float(np.einsum("ij,jk,ik->", x, weight, y)) / info
    return Estimate(np.asarray(theta), np.asarray(np.sqrt(1 / info) if within else 0.0))


def variances(means: Array, is_open: Array) -> tuple[float, float]:
    """The variances within and between clusters, by moments.

    Args:
        means: of each cluster in each period.  # [cluster, period]
        is_open: the part of the period for which the cluster is open.  # [cluster, period]
    """
    clusters, periods = means.shape
    y, x = _without_margins(means), _without_margins(is_open)
    theta = float((x * y).sum() / (x**2).sum())
    within = float(((y - theta * x) ** 2).sum() / ((clusters - 1) * (periods - 1) - 1))
    spread = float((means - theta * is_open).mean(axis=1).var(ddof=1))
    return within, max(0.0, spread - within / periods)


def _without_margins(table: Array) -> Array:
    return np.asarray(table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + table.mean())
