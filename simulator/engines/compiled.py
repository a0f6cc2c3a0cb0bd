"""The same model compiled: the same keyed draws, the same events, the same integers, many times faster.

The kernels release the interpreter lock, so threads scale; compiled code is cached on disk, so only the first
run ever compiles.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiling import mark_ready
from simulator.engines import kernel
from simulator.engines.memory import Memory, memory
from simulator.engines.people import entrants
from simulator.engines.records import WINDOW_DAYS, Layout
from simulator.lives import Lives
from simulator.model import NONE, Model

__all__ = ["simulate"]


class Crowd(NamedTuple):
    """Everyone who is simulated, in the order of their ids, those who join last."""

    numbers: NDArray[np.int64]  # [person] ids
    ages: NDArray[np.float64]  # [person] at t = 0
    healths: NDArray[np.int64]  # [person]
    risks: NDArray[np.float64]  # [person]
    clusters: NDArray[np.int64]  # [person]
    starts: NDArray[np.float64]  # [person] first day


def simulate(
    model: Model, stream: int, people: NDArray[np.int64] | None = None, *, entering: slice = slice(None)
) -> Lives:
    """Every arm's lives of these people on one stream; the twin of the reference engine's.

    Args:
        model: one design row.
        stream: which luck they have; arms share it.
        people: ids of those who are there at the start; all of the model's if left out.  # [person]
        entering: which of those who join an open population live too, in order of arrival.

    Returns:
        Activity by arm, person and year, and the windows around each first programme start.

    Raises:
        ValueError: if a journey runs in a loop, or a hazard is above the top layer.
    """
    layout = Layout.of(model)
    crowd = _everyone(model, stream, people, entering)
    arms, n = len(model.arms), len(crowd.numbers)
    counts = np.zeros((arms * n, layout.years, layout.counts_size), dtype=np.int64)
    days = np.zeros((arms * n, layout.years, layout.days_size))
    index_day = np.full((arms, n), np.nan)
    completed = np.zeros((arms, n), dtype=np.uint8)
    windows = np.full((arms - 1, n, 2, 2, 4 * layout.places + 2), np.nan)
    if model.shares_anything:
        _together(model, stream, crowd, counts, days, index_day, completed, windows)
    else:
        m = memory(model, arms, counts, days)
        kernel.live_apart(
            m.table, arms, stream, crowd.numbers, crowd.ages, crowd.healths, crowd.risks, crowd.clusters, crowd.starts,
            index_day, completed, windows,
        )  # fmt: skip
    mark_ready()
    back = slice(None) if people is None else _as_asked(people, n)
    return Lives(
        person=crowd.numbers[back],
        counts=counts.reshape(arms, n, layout.years, -1)[:, back],
        days=days.reshape(arms, n, layout.years, -1)[:, back],
        index_day=index_day[:, back],
        completed=completed.astype(np.bool_)[:, back],
        windows=windows[:, back],
    )


def _as_asked(people: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Where each person asked for stands among those simulated, who are in the order of their ids; entrants last."""
    places = np.argsort(np.argsort(people, kind="stable"), kind="stable")
    return np.concatenate([places, np.arange(len(people), n)])


def _everyone(model: Model, stream: int, people: NDArray[np.int64] | None, entering: slice) -> Crowd:
    """Ids, traits and first days of those there at the start and of those who join."""
    first = np.arange(model.population.people) if people is None else np.sort(np.asarray(people, dtype=np.int64))
    joining = entrants(model, stream, entering)
    n, late = len(first), len(joining)
    ages, risks, starts = np.zeros(n + late), np.zeros(n + late), np.full(n + late, -float(model.warm_up_days))
    healths, clusters = np.zeros(n + late, dtype=np.int64), np.zeros(n + late, dtype=np.int64)
    m = memory(model, 0, np.zeros((0, 0, 0), dtype=np.int64), np.zeros((0, 0, 0)))
    kernel.draw_traits(m.table, stream, first, ages, healths, risks, clusters)
    for i, (day, person) in enumerate(joining, start=n):
        ages[i], healths[i], risks[i], clusters[i] = person.age, person.health, person.risk, person.cluster
        starts[i] = day
    numbers = np.concatenate([first, [person.number for _, person in joining]]).astype(np.int64)
    return Crowd(numbers, ages, healths, risks, clusters, starts)


def _together(
    model: Model,
    stream: int,
    crowd: Crowd,
    counts: NDArray[np.int64],
    days: NDArray[np.float64],
    index_day: NDArray[np.float64],
    completed: NDArray[np.uint8],
    windows: NDArray[np.float64],
) -> None:
    """Arm by arm with everyone in hand."""
    n, arms = len(crowd.numbers), len(model.arms)
    nobody = np.full(n, NONE)
    for arm in range(arms):
        m = _one_arm(model, arm, stream, crowd, counts, days, np.arange(arm * n, (arm + 1) * n), nobody, None)
        index_day[arm], completed[arm] = m.arrays["body"]["index_day"], m.arrays["body"]["completed"]
    looked_at, rows, index = _index_days(model, index_day[1:], crowd.starts)
    for arm in range(arms if len(looked_at) else 0):
        m = _one_arm(model, arm, stream, crowd, counts, days, nobody, rows, index)
        seen = m.arrays["windows"]
        for k in range(arms - 1):
            world = int(arm == 0)
            if arm in (0, k + 1):
                inside = ~np.isnan(index[:, k])
                windows[k, looked_at[inside], world] = seen[inside, k, world]


def _index_days(
    model: Model, index_day: NDArray[np.float64], starts: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Who is looked at, the row of each life (NONE: not), and their index days: [looked at, programme arm]."""
    first, last = index_day - WINDOW_DAYS, index_day + WINDOW_DAYS
    inside = (first >= starts) & (last <= model.horizon)
    looked_at = np.flatnonzero(inside.any(axis=0))
    rows = np.full(index_day.shape[1], NONE)
    rows[looked_at] = np.arange(len(looked_at))
    return looked_at, rows, np.where(inside, index_day, np.nan)[:, looked_at].T


def _one_arm(
    model: Model,
    arm: int,
    stream: int,
    crowd: Crowd,
    counts: NDArray[np.int64],
    days: NDArray[np.float64],
    slots: NDArray[np.int64],
    rows: NDArray[np.int64],
    index: NDArray[np.float64] | None,
) -> Memory:
    """One arm with everyone in hand, written into these slots and rows of windows."""
    n = len(crowd.numbers)
    m = memory(model, n, counts, days, rows=0 if index is None else len(index))
    if index is not None:
        m.arrays["window_index"][:] = index
    kernel.live_together(
        m.table, arm, stream, crowd.numbers, crowd.ages, crowd.healths, crowd.risks, crowd.clusters, crowd.starts,
        slots, rows, np.zeros(n, dtype=kernel.STOP),
    )  # fmt: skip
    return m
