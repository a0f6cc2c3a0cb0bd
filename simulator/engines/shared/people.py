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
) -> tuple[float, int, float, int]:
    """Age (even within each interval), health given the age band, personal risk (mean 1), cluster.

    ``words`` are the decision words of age, health, risk and cluster; ``mix`` holds cumulative shares by band and
    state.
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
    return age, health, risk, cluster


def cells_of(model: Model, stream: int, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """The cell of the population that each person begins in: [person].

    Args:
        model: one design row.
        stream: which luck they have.
        numbers: ids.  # [person]
    """
    them, cells = model.population, np.zeros(len(numbers), dtype=np.int64)
    if them.parts.cells == 1:
        return cells
    late, fixed = numbers >= ENTRANT_IDS_FROM, (model.bands, them.risk_log_sd, them.clusters)
    first = (them.age_edges, them.age_share, them.initial_health)
    later = (them.entrant_age_edges, them.entrant_age_share, them.entrant_health[None, :])
    for some, laws in ((~late, first), (late, later)):
        here = np.ascontiguousarray(numbers[some])
        drawn = _all_traits(np.uint64(model.seed), stream, here, trait_words(model), *laws, *fixed)
        age, health, _, cluster = np.array(drawn, dtype=np.float64).reshape(-1, 4).T
        band = np.searchsorted(model.bands[1:], age, side="right")
        cells[some] = them.parts.cell(cluster.astype(np.int64), band.astype(np.int64), health.astype(np.int64))
    return cells


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
) -> list[tuple[float, int, float, int]]:
    """`traits` of many people."""
    return [traits(seed, stream, n, words, edges, share, mix, bands, log_sd, clusters) for n in numbers]


def draw_people(model: Model, stream: int, numbers: NDArray[np.int64]) -> list[Person]:
    """The people with these ids: age, health given age, personal risk, cluster."""
    population = model.population
    traits_of_each = _all_traits(
        np.uint64(model.seed), stream, numbers, trait_words(model), population.age_edges, population.age_share,
        population.initial_health, model.bands, population.risk_log_sd, population.clusters,
    )  # fmt: skip
    return [Person(number, *values) for number, values in zip(numbers.tolist(), traits_of_each, strict=True)]


def entrants(model: Model, stream: int, which: slice = slice(None)) -> list[tuple[float, Person]]:
    """People who join an open population with their day of arrival, in that order; ``which`` takes some of them."""
    population, arrivals = model.population, arrival_days(model, stream)
    numbers, days = np.ascontiguousarray(ENTRANT_IDS_FROM + np.arange(len(arrivals))[which]), arrivals[which].tolist()
    traits_of_each = _all_traits(
        np.uint64(model.seed), stream, numbers, trait_words(model), population.entrant_age_edges,
        population.entrant_age_share, population.entrant_health[None, :], model.bands, population.risk_log_sd,
        population.clusters,
    )  # fmt: skip
    return [
        (day, Person(number, age - day / DAYS_PER_YEAR, health, risk, cluster))
        for number, day, (age, health, risk, cluster) in zip(numbers.tolist(), days, traits_of_each, strict=True)
    ]
