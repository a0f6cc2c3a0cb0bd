"""Regression to the mean in closed form: what becomes of people who are chosen after a bad year, without any programme.

With rates over people of a gamma law (shape k, mean mu) and events Poisson given the rate, events N of a year are
negative binomial with p = k / (k + mu), and someone's expected rate after n of them is (k + n) mu / (k + mu). Of those
with m events or more

    before = E[N | N >= m],   after = (k + before) mu / (k + mu),   rho = after / before

and a true change of t shows as rho (1 + t) - 1, so a reported change r was in truth (1 + r) / rho - 1.
"""

from __future__ import annotations

from dataclasses import dataclass

from scipy.stats import nbinom


@dataclass(frozen=True)
class Chosen:
    """People chosen for a bad year."""

    share: float  # of all
    before: float  # events each in the year they are chosen for
    after: float  # in the year after it, without any programme

    @property
    def rho(self) -> float:
        """After over before, without any programme."""
        return self.after / self.before


def chosen(mean: float, shape: float, at_least: int) -> Chosen:
    """Those with so many events or more, where rates have a gamma law.

    Args:
        mean: events a person-year.
        shape: of the gamma law, above 0.
        at_least: events for which people are chosen.

    >>> people = chosen(0.6, 1.0, 2)
    >>> round(people.share, 6), round(people.before, 6), round(people.after, 6), round(shown_as(0.0, people.rho), 6)
    (0.140625, 2.6, 1.35, -0.480769)
    """
    p = shape / (shape + mean)
    share = float(nbinom.sf(at_least - 1, shape, p))
    fewer = sum(n * float(nbinom.pmf(n, shape, p)) for n in range(at_least))
    before = (mean - fewer) / share
    return Chosen(share, before, (shape + before) * mean / (shape + mean))


def shown_as(true: float, rho: float) -> float:
    """What a true change shows as before and after.

    Args:
        true: -0.1 is 10 % less.
        rho: what happens to the same people without the programme, after over before.

    >>> round(shown_as(-0.1, chosen(0.6, 1.0, 2).rho), 3)
    -0.533
    """
    return rho * (1.0 + true) - 1.0


def true_change(reported: float, rho: float) -> float:
    """The true change that shows as this before and after.

    Args:
        reported: -0.31 is 31 % less.
        rho: what happens to the same people without the programme, after over before.

    >>> round(true_change(-0.26, 0.673), 2)
    0.1
    """
    return (1.0 + reported) / rho - 1.0
