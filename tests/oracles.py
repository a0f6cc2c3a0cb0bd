"""Exact answers to small models, worked out without random numbers, and the z-scores that compare engines with them.

A model here is a Markov chain with rewards: an *impulse* at a move from state i to state j, a *running* reward for
each year in state i. With U_k(t) the k-th moment over k! of the rewards still to come with t years left,

    dU_k/dt = (Q - k d I) U_k + sum over j = 1..k of (M_j / j!) U_(k-j)
    M_j[i, j'] = rate x impulse^j,  plus the running reward on the diagonal of M_1

so that one matrix exponential of blocks gives every moment (d: continuous discount rate). Rates that change in time and
yearly discounting follow by chaining pieces. Rates are per year.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product
from math import comb, factorial, sqrt
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import expm
from scipy.stats import gamma, poisson

Floats: TypeAlias = NDArray[np.float64]
Moves: TypeAlias = Mapping[tuple[Any, Any], float]

LIMIT = 4.9  # a true statement fails once in a million
DAYS_PER_YEAR = 365.25


# --- laws and z-scores ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Law:
    """Mean, variance and fourth central moment of one person's (or one run's) figure."""

    mean: float
    variance: float
    fourth: float = np.nan

    @property
    def sd(self) -> float:
        """Standard deviation."""
        return sqrt(self.variance)

    def sd_of_variance(self, n: int) -> float:
        """Standard deviation of the sample variance of n independent figures."""
        return sqrt((self.fourth - self.variance**2 * (n - 3) / (n - 1)) / n)


def law_of(raw: Sequence[float]) -> Law:
    """The law with these raw moments, the zeroth first.

    >>> law_of([1, 1, 2, 5, 15])
    Law(mean=1.0, variance=1.0, fourth=4.0)
    """
    mean = float(raw[1])
    central = [sum(comb(k, i) * raw[i] * (-mean) ** (k - i) for i in range(k + 1)) for k in range(len(raw))]
    return Law(mean, float(central[2]), float(central[4]) if len(raw) > 4 else np.nan)


def check_sum(figures: ArrayLike, laws: Sequence[Law]) -> None:
    """Fail when the sum of figures, each with a law of its own, is more than 4.9 standard deviations away."""
    gap = np.sum(figures) - sum(law.mean for law in laws)
    z = gap / sqrt(sum(law.variance for law in laws))
    assert abs(z) < LIMIT, f"sum {np.sum(figures):.6g}, {gap:+.3g} off: z = {z:.1f}"


def bernoulli(p: float) -> Law:
    """The law of something that happens with probability p."""
    return Law(p, p * (1 - p), p * (1 - p) * (1 - 3 * p * (1 - p)))


def z_of_mean(sample: ArrayLike, law: Law) -> float:
    """How many standard errors the mean of independent figures is from the law's, by the law's own spread."""
    figures = np.asarray(sample, dtype=np.float64).ravel()
    return float((figures.mean() - law.mean) / sqrt(law.variance / figures.size))


def z_of_variance(sample: ArrayLike, law: Law) -> float:
    """How many standard deviations the sample variance is from the law's."""
    figures = np.asarray(sample, dtype=np.float64).ravel()
    return float((figures.var(ddof=1) - law.variance) / law.sd_of_variance(figures.size))


def check_mean(sample: ArrayLike, law: Law) -> None:
    """Fail when the mean is more than 4.9 of the law's own standard errors away."""
    z = z_of_mean(sample, law)
    assert abs(z) < LIMIT, f"mean {np.mean(sample):.6g} against {law.mean:.6g}: z = {z:.1f}"


def check(sample: ArrayLike, law: Law) -> None:
    """Fail when the mean or the variance is more than 4.9 of the law's own standard errors away."""
    check_mean(sample, law)
    z = z_of_variance(sample, law)
    assert abs(z) < LIMIT, f"variance {np.var(sample, ddof=1):.6g} against {law.variance:.6g}: z = {z:.1f}"


# --- chains with rewards ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Chain:
    """A Markov chain: rates a year, what each move and each year in a state is worth."""

    states: tuple[Hashable, ...]
    rates: Floats  # [from, to], the diagonal 0
    impulse: Floats  # [from, to]
    running: Floats  # [state] per year

    @classmethod
    def of(
        cls,
        moves: Moves,
        *,
        impulse: Callable[[Any, Any], float] = lambda a, b: 0.0,
        running: Callable[[Any], float] = lambda a: 0.0,
        states: tuple[Hashable, ...] = (),
    ) -> Chain:
        """The chain with these moves; rewards as functions of the states; ``states`` those that must be among them."""
        states = tuple(dict.fromkeys((*states, *(state for move in moves for state in move))))
        rates, worth = np.zeros((2, len(states), len(states)))
        for (a, b), rate in moves.items():
            rates[states.index(a), states.index(b)] = rate
            worth[states.index(a), states.index(b)] = impulse(a, b)
        return cls(states, rates, worth, np.array([float(running(a)) for a in states]))

    @property
    def generator(self) -> Floats:
        """Q: rates with minus the row sums on the diagonal."""
        return self.rates - np.diag(self.rates.sum(axis=1))

    def counting(self, impulse: Callable[[Any, Any], float]) -> Chain:
        """The same chain with another worth of its moves and none of its states."""
        worth = np.array([[impulse(a, b) for b in self.states] for a in self.states], dtype=np.float64)
        return replace(self, impulse=worth, running=np.zeros(len(self.states)))

    def timing(self, running: Callable[[Any], float]) -> Chain:
        """The same chain with another worth of its states and none of its moves."""
        worth = np.array([float(running(a)) for a in self.states])
        return replace(self, impulse=np.zeros_like(self.impulse), running=worth)

    def scaled(self, factor: float) -> Chain:
        """All rewards times a factor."""
        return replace(self, impulse=self.impulse * factor, running=self.running * factor)

    def probabilities(self, years: float, start: Hashable) -> Floats:
        """Chance of each state after some years."""
        row: Floats = expm(self.generator * years)[self.states.index(start)]
        return row

    def settled(self) -> Floats:
        """Chance of each state in the long run."""
        n = len(self.states)
        system = np.vstack([self.generator.T, np.ones(n)])
        long_run: Floats = np.linalg.lstsq(system, np.append(np.zeros(n), 1.0), rcond=None)[0]
        return long_run


def _step(chain: Chain, years: float, discount: float, order: int) -> Floats:
    """Exponential of the blocks: moments with some years left from those with none, the highest first."""
    n, identity = len(chain.states), np.eye(len(chain.states))
    worth = [chain.rates * chain.impulse**j for j in range(order + 1)]
    worth[1] = worth[1] + np.diag(chain.running)
    blocks = np.zeros((order + 1, n, order + 1, n))
    for row, k in enumerate(range(order, -1, -1)):
        blocks[row, :, row, :] = chain.generator - k * discount * identity
        for j in range(1, k + 1):
            blocks[row, :, row + j, :] = worth[j] / factorial(j)
    step: Floats = expm(blocks.reshape((order + 1) * n, (order + 1) * n) * years)
    return step


def law_over(
    pieces: Iterable[tuple[float, Chain]],
    start: Hashable | Mapping[Hashable, float],
    *,
    discount: float = 0.0,
    order: int = 4,
) -> Law:
    """The law of all rewards over some pieces of time, each (years, chain), discounted continuously within."""
    pieces, whence = list(pieces), start if isinstance(start, Mapping) else {start: 1.0}
    sizes = [(years, replace(chain, impulse=abs(chain.impulse), running=abs(chain.running))) for years, chain in pieces]
    rough = max(abs(chain.impulse).max() + abs(chain.running).max() for _, chain in pieces) or 1.0
    unit = rough * _raw(sizes, whence, discount, 1, rough)[1] or 1.0
    return law_of([moment * unit**k for k, moment in enumerate(_raw(pieces, whence, discount, order, unit))])


def _raw(
    pieces: Sequence[tuple[float, Chain]], start: Mapping[Hashable, float], discount: float, order: int, unit: float
) -> list[float]:
    """Raw moments of all rewards in this unit; moments near 1 are what a matrix exponential can hold."""
    states = pieces[0][1].states
    moments = np.concatenate([np.zeros(order * len(states)), np.ones(len(states))])
    for years, piece in reversed(pieces):
        moments = _step(piece.scaled(1 / unit), years, discount, order) @ moments
    by_order = moments.reshape(order + 1, len(states))[::-1]
    whence = np.array([start.get(state, 0.0) for state in states])
    return [float(factorial(k) * whence @ by_order[k]) for k in range(order + 1)]


def law(chain: Chain, years: float, start: Hashable | Mapping[Hashable, float], **options: Any) -> Law:
    """The law of all rewards of a chain over some years."""
    return law_over([(years, chain)], start, **options)


def by_year(chain: Chain, years: int, factor: Callable[[int], float]) -> list[tuple[float, Chain]]:
    """Pieces of a year, the rewards of year y times ``factor(y)``."""
    return [(1.0, chain.scaled(factor(year))) for year in range(years)]


def in_steps(chain_at: Callable[[float], Chain], edges: Sequence[float]) -> list[tuple[float, Chain]]:
    """Pieces with the rates of their middle, for rates that change in time."""
    return [(high - low, chain_at((low + high) / 2)) for low, high in pairwise(edges)]


# --- the chain of the reference values --------------------------------------------------------------

VISIT_GBP = {"gp": 42.0, "ae": 180.0, "inpatient": 900.0}
BED_DAY_GBP = 350.0
DISCOUNT = 0.035


def pathway(factor: float = 1.0) -> Chain:
    """Home, GP, A&E, ward and death; A&E and direct admissions times a factor; rewards are pounds."""
    moves = {
        ("home", "gp"): 5.0,
        ("home", "ae"): 0.40 * factor,
        ("home", "inpatient"): 0.05 * factor,
        ("home", "dead"): 0.02,
        ("gp", "home"): DAYS_PER_YEAR / 2 * 0.97,
        ("gp", "ae"): DAYS_PER_YEAR / 2 * 0.03,
        ("ae", "home"): DAYS_PER_YEAR * 4 * 0.7,
        ("ae", "inpatient"): DAYS_PER_YEAR * 4 * 0.3,
        ("inpatient", "home"): DAYS_PER_YEAR / 8 * 0.96,
        ("inpatient", "dead"): DAYS_PER_YEAR / 8 * 0.04,
    }
    return Chain.of(
        moves,
        impulse=lambda a, b: VISIT_GBP.get(b, 0.0),
        running=lambda a: BED_DAY_GBP * DAYS_PER_YEAR * (a == "inpatient"),
    )


def entries(place: str) -> Callable[[Any, Any], float]:
    """The impulse that counts entries to a place."""
    return lambda a, b: float(b == place)


def days_in(place: str) -> Callable[[Any], float]:
    """The running reward that counts days in a place."""
    return lambda a: DAYS_PER_YEAR * (a == place)


def both_worlds(usual: Chain, other: Chain, home: str = "home", *, anywhere: bool = False) -> Chain:
    """The same person in two worlds: a chain of pairs whose rewards are the other world's less the usual one's.

    At home in both worlds a person has one set of candidates: the lower rate moves both, what is left moves one. People
    who went somewhere on one candidate stay *tied*, with the same length of stay and route; those who did not move
    independently until both are at home again, or dead. With ``anywhere`` two worlds in the same place are tied however
    they got there: the split coupling of Anderson, whose spread is printed in the reference values.
    """
    moves: dict[tuple[Any, Any], float] = {}
    together = [(s, s, True) for s in usual.states]
    apart = [(a, b, False) for a, b in product(usual.states, repeat=2)]
    for state in (*together, *apart):
        for (a, b, tied), rate in _moves_of(state, usual, other, home, anywhere):
            target = (a, b, tied or (a == b and (anywhere or a == home)))
            if rate > 0:
                moves[state, target] = moves.get((state, target), 0.0) + rate

    def impulse(before: Any, after: Any) -> float:
        return _worth(other, before[1], after[1]) - _worth(usual, before[0], after[0])

    def running(state: Any) -> float:
        index = usual.states.index
        return float(other.running[index(state[1])] - usual.running[index(state[0])])

    return Chain.of(moves, impulse=impulse, running=running)


def _worth(chain: Chain, a: Hashable, b: Hashable) -> float:
    return float(chain.impulse[chain.states.index(a), chain.states.index(b)]) if a != b else 0.0


def _moves_of(state: Any, usual: Chain, other: Chain, home: str, anywhere: bool) -> Iterable[tuple[Any, float]]:
    a, b, tied = state
    i, j = usual.states.index(a), other.states.index(b)
    for k, c in enumerate(usual.states):
        if not tied:
            yield (c, b, False), usual.rates[i, k]
            yield (a, c, False), other.rates[j, k]
            continue
        both = min(usual.rates[i, k], other.rates[i, k])
        yield (c, c, True), both
        if a == home or anywhere:
            yield (c, b, False), usual.rates[i, k] - both
            yield (a, c, False), other.rates[i, k] - both


# --- queues -----------------------------------------------------------------------------------------


def reachable(start: Hashable, moves: Callable[[Any], Iterable[tuple[Any, float]]]) -> Moves:
    """All moves among the states that can be reached from here."""
    found: dict[tuple[Any, Any], float] = {}
    seen, ahead = {start}, [start]
    while ahead:
        state = ahead.pop()
        for target, rate in moves(state):
            if rate > 0:
                found[state, target] = found.get((state, target), 0.0) + rate
                ahead += [target] * (target not in seen)
                seen.add(target)
    return found


def finite_source(people: int, slots: int, need: float, service: float) -> Chain:
    """How many of a finite population are in or waiting for a place with some slots; nobody queues twice."""
    births = {(n, n + 1): (people - n) * need for n in range(people)}
    deaths = {(n + 1, n): min(n + 1, slots) * service for n in range(people)}
    return Chain.of(births | deaths)


def finite_source_formula(people: int, slots: int, need: float, service: float) -> Floats:
    """The long-run chance of n people in or waiting: the birth-death product."""
    logs = [0.0]
    for n in range(people):
        logs.append(logs[-1] + np.log((people - n) * need / (min(n + 1, slots) * service)))
    weights = np.exp(np.array(logs) - max(logs))
    return weights / weights.sum()


def dead_time_counter(rate: float, dead_time: float, years: float) -> Law:
    """How many events when each is followed by a fixed time in which none can begin (a type I counter).

    The n-th event comes after n exponential gaps and n - 1 dead times.
    """
    counts = np.arange(int(years / dead_time) + 2)
    left = np.maximum(years - (counts - 1) * dead_time, 0.0)
    at_least = np.where(counts == 0, 1.0, gamma.cdf(left, np.maximum(counts, 1), scale=1 / rate))
    return law_of_counts(counts, at_least - np.append(at_least[1:], 0.0))


def law_of_counts(counts: ArrayLike, chance: ArrayLike) -> Law:
    """The law of a figure that takes these values with these chances."""
    values, p = np.asarray(counts, dtype=np.float64), np.asarray(chance, dtype=np.float64)
    mean = float(values @ p)
    return Law(mean, float((values - mean) ** 2 @ p), float((values - mean) ** 4 @ p))


def poisson_law(mean: float) -> Law:
    """The law of a Poisson count."""
    return Law(mean, mean, mean + 3 * mean**2)


def erlang_wait(slots: int, load: float) -> float:
    """Mean wait over mean service time in M/M/c with offered load ``load``."""
    blocked = 1.0
    for n in range(1, slots + 1):
        blocked = load * blocked / (n + load * blocked)
    delayed = blocked / (1 - load / slots * (1 - blocked))
    return delayed / (slots - load)


# --- selection --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Selected:
    """People chosen for m or more events in a year: their share, and their events in that year and the next."""

    chosen: float
    before: Law
    after: Law

    @property
    def change(self) -> float:
        """The naive change from one year to the next."""
        return self.after.mean / self.before.mean - 1


def select(rates: Floats, weights: Floats, at_least: int, ratio: float = 1.0) -> Selected:
    """Selection among Poisson people with these yearly rates and weights; next year's rate is times ``ratio``."""
    counts = np.arange(at_least, int(rates.max() + 40 * sqrt(rates.max()) + 60))
    seen = weights[:, None] * poisson.pmf(counts[None, :], rates[:, None])
    who = seen.sum(axis=1)
    chosen = who.sum()
    before = [(seen.sum(axis=0) @ counts**k) / chosen for k in range(3)]
    later = rates * ratio
    after = [1.0, (who @ later) / chosen, (who @ (later + later**2)) / chosen]
    return Selected(float(chosen), law_of(before), law_of(after))


def gamma_people(shape: float, mean: float, nodes: int = 160) -> tuple[Floats, Floats]:
    """Rates and weights of gamma-distributed people (Gauss-Laguerre)."""
    from scipy.special import roots_genlaguerre

    points, weights = roots_genlaguerre(nodes, shape - 1)
    return points * mean / shape, weights / weights.sum()


def lognormal_people(log_sd: float, mean: float, nodes: int = 160) -> tuple[Floats, Floats]:
    """Rates and weights of lognormal people (Gauss-Hermite)."""
    points, weights = np.polynomial.hermite_e.hermegauss(nodes)
    kept = weights > 1e-17 * weights.sum()
    return mean * np.exp(log_sd * points[kept] - log_sd**2 / 2), weights[kept] / weights[kept].sum()
