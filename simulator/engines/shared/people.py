"""Who is there: people drawn from the population of a model, each by their own keys."""

from __future__ import annotations

from math import exp, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiling import compiled
from simulator.engines.shared.hazards import band_at, ndtri
from simulator.engines.shared.memory import trait_words
from simulator.model.model import Model
from simulator.uncertainty.draws import Word, uniform4
from simulator.units import DAYS_PER_YEAR, ENTRANT_IDS_FROM


class Person(NamedTuple):
    """Traits that no arm changes; ``age`` is the age at t = 0, also of those who join later."""

    number: int
    age: float
    health: int
    risk: float
    cluster: int
    kind: int


@compiled()
def traits(
    seed: Word,
    stream: int,
    number: int,
    words: NDArray[np.int64],
    edges: NDArray[np.float64],
    share: NDArray[np.float64],
    mix: NDArray[np.float64],
    bands: NDArray[np.float64],
    log_sd: float,
    clusters: int,
    sizes: NDArray[np.int64],
    group_share: NDArray[np.float64],
) -> tuple[float, int, float, int, int]:
    """Age (even within each interval), health given the age band, personal risk (mean 1), cluster, kind.

    ``words`` are the decision words of age, health, risk, cluster and the groups; ``mix`` holds cumulative shares by
    band and state, ``group_share`` by group, band and value, of which a group has so many as ``sizes`` say.
    """
    u = uniform4(seed, stream, number, words[0], 0)[0]
    i = 0
    while i + 1 < len(share) and u >= share[i]:
        i += 1
    low = share[i - 1] if i > 0 else 0.0
    age = edges[i] + (u - low) / (share[i] - low) * (edges[i + 1] - edges[i])
    band = band_at(age, bands) if len(mix) > 1 else 0
    health, risk, cluster = 0, 1.0, 0
    if mix.shape[1] > 1:
        u = uniform4(seed, stream, number, words[1], 0)[0]
        while health + 1 < mix.shape[1] and u >= mix[band, health]:
            health += 1
    if log_sd > 0.0:
        risk = exp(log_sd * ndtri(uniform4(seed, stream, number, words[2], 0)[0]) - log_sd * log_sd / 2.0)
    if clusters > 1:
        cluster = int(uniform4(seed, stream, number, words[3], 0)[0] * clusters)
    kind = 0
    for group in range(len(sizes)):
        u, value, shares = uniform4(seed, stream, number, words[4 + group], 0)[0], 0, group_share[group]
        while value + 1 < sizes[group] and u >= shares[band_at(age, bands), value]:
            value += 1
        kind = kind * sizes[group] + value
    return age, health, risk, cluster, kind


def cells_of(model: Model, stream: int, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """The cell of the population that each person begins in: [person].

    Args:
        model: one design row.
        stream: which luck they have.
        numbers: ids.  # [person]
    """
    parts = model.population.parts
    if parts.cells == 1:
        return np.zeros(len(numbers), dtype=np.int64)
    age, health, _, cluster, kind = _traits_of(model, stream, numbers)
    band = np.searchsorted(model.bands[1:], age, side="right").astype(np.int64)
    return parts.cell(cluster.astype(np.int64), band, health.astype(np.int64), *_values(model, kind))


def values_of(model: Model, stream: int, numbers: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The value of each group that each person has, by its number: [group][person].

    Args:
        model: one design row.
        stream: which luck they have.
        numbers: ids.  # [person]
    """
    return _values(model, _traits_of(model, stream, numbers)[4])


def _values(model: Model, kind: NDArray[np.float64]) -> list[NDArray[np.int64]]:
    sizes = model.population.group_sizes.tolist()
    return list(np.unravel_index(kind.astype(np.int64), sizes)) if sizes else []


def _traits_of(model: Model, stream: int, numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    """Age on their first day, health, risk, cluster and kind of people, whenever they join: [trait, person]."""
    joined, found = numbers >= ENTRANT_IDS_FROM, np.zeros((5, len(numbers)))
    for some, late in ((~joined, False), (joined, True)):
        drawn = _drawn(model, stream, np.ascontiguousarray(numbers[some]), late=late)
        found[:, some] = np.array(drawn, dtype=np.float64).reshape(-1, 5).T
    return found


@compiled()
def _arrivals(seed: Word, stream: int, word: int, rate: float, horizon: float, days: NDArray[np.float64]) -> int:
    """Write days of arrival before the horizon as far as there is room; how many there are."""
    day, count = 0.0, 0
    while rate > 0.0:
        gap = -log(uniform4(seed, stream, ENTRANT_IDS_FROM + count, word, 0)[0])
        day += gap * DAYS_PER_YEAR / rate
        if day >= horizon:
            break
        if count < len(days):
            days[count] = day
        count += 1
    return count


def arrival_days(model: Model, stream: int) -> NDArray[np.float64]:
    """When people join an open population, in order; entrant i has the id 2**31 + i: [entrant]."""
    rate, word = float(model.population.entrants_per_year), model.words.arrival
    rest = (np.uint64(model.seed), stream, word, rate, model.horizon)
    days = np.zeros(_arrivals(*rest, np.zeros(0)))
    _arrivals(*rest, days)
    return days


@compiled()
def _all_traits(
    seed: Word,
    stream: int,
    numbers: NDArray[np.int64],
    words: NDArray[np.int64],
    edges: NDArray[np.float64],
    share: NDArray[np.float64],
    mix: NDArray[np.float64],
    bands: NDArray[np.float64],
    log_sd: float,
    clusters: int,
    sizes: NDArray[np.int64],
    group_share: NDArray[np.float64],
) -> list[tuple[float, int, float, int, int]]:
    """`traits` of many people."""
    return [
        traits(seed, stream, n, words, edges, share, mix, bands, log_sd, clusters, sizes, group_share) for n in numbers
    ]


def _drawn(
    model: Model, stream: int, numbers: NDArray[np.int64], *, late: bool
) -> list[tuple[float, int, float, int, int]]:
    """`traits` of people who are there at the start, or who join later; their age is that of the day they join."""
    them, seed, words = model.population, np.uint64(model.seed), trait_words(model)
    edges, share = (them.entrant_age_edges, them.entrant_age_share) if late else (them.age_edges, them.age_share)
    return _all_traits(
        seed, stream, numbers, words, edges, share, them.entrant_health[None, :] if late else them.initial_health,
        model.bands, them.risk_log_sd, them.clusters, them.group_sizes, them.group_share,
    )  # fmt: skip


def draw_people(model: Model, stream: int, numbers: NDArray[np.int64]) -> list[Person]:
    """The people with these ids: age, health given age, personal risk, cluster, kind."""
    drawn = _drawn(model, stream, numbers, late=False)
    return [Person(number, *values) for number, values in zip(numbers.tolist(), drawn, strict=True)]


def entrants(model: Model, stream: int, which: slice = slice(None)) -> list[tuple[float, Person]]:
    """People who join an open population with their day of arrival, in that order; ``which`` takes some of them."""
    arrivals = arrival_days(model, stream)
    numbers, days = np.ascontiguousarray(ENTRANT_IDS_FROM + np.arange(len(arrivals))[which]), arrivals[which].tolist()
    return [
        (day, Person(number, age - day / DAYS_PER_YEAR, health, risk, cluster, kind))
        for number, day, (age, health, risk, cluster, kind) in zip(
            numbers.tolist(), days, _drawn(model, stream, numbers, late=True), strict=True
        )
    ]
