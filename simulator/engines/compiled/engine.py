"""The same model compiled: the same keyed draws, the same events, the same integers, many times faster.

The kernels release the interpreter lock, so threads scale; compiled code is cached on disk, so only the first
run ever compiles. What people do is added up as it happens, so memory does not grow with their number when they
share nothing; when they do, everyone is in memory at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from simulator.activity.ledger import WHO
from simulator.activity.parts import Parts
from simulator.activity.results import Lives, Totals, halves
from simulator.compiling import compile_now
from simulator.engines.compiled import kernel
from simulator.engines.compiled.usual_care import USUAL_CARE_CACHE, Crowd, UsualCare, name_of
from simulator.engines.shared.memory import Memory, memory
from simulator.engines.shared.people import arrival_days, cells_of
from simulator.model.model import NONE, Model
from simulator.units import ENTRANT_IDS_FROM

__all__ = ["prepare", "replicates", "simulate"]

AT_ONCE = 2**16  # ids simulated at a time


@cache
def prepare() -> None:
    """Compile the engine, or load it from the cache."""
    compile_now(kernel.live_apart, kernel.live_together)


def simulate(
    model: Model, stream: int, people: NDArray[np.int64] | None = None, *, entering: slice = slice(None)
) -> Lives:
    """Every arm's lives of these people on one stream; the twin of the reference engine's.

    Args:
        model: one design row.
        stream: number of their random numbers, which all arms share.
        people: ids of those who are there at the start; all of the model's if left out.  # [person]
        entering: which of those who join an open population live too, in order of arrival.

    Returns:
        Activity by arm, person and year, and the windows around each first programme start.

    Raises:
        ValueError: if a journey runs in a loop, or a hazard is above the top layer.
    """
    layout = model.layout
    asked = np.arange(model.population.people) if people is None else np.asarray(people, dtype=np.int64)
    days = arrival_days(model, stream)
    late = np.arange(len(days))[entering]
    crowd = Crowd(
        np.concatenate([np.sort(asked), ENTRANT_IDS_FROM + late]),
        np.concatenate([np.full(len(asked), -float(model.warm_up_days)), days[late]]),
    )
    arms, n = len(model.arms), len(crowd.numbers)
    index_day, completed = np.full((arms, n), np.nan), np.zeros((arms, n), dtype=np.uint8)
    windows = np.zeros((n, arms - 1, 2, 2, layout.measures_size))
    if model.shares_anything:
        book = np.zeros((arms * n, layout.years, layout.size))
        for arm in range(arms):
            m = memory(model, n, book=book, together=True)
            _one_arm(model, arm, stream, crowd, m, rows=np.arange(arm * n, (arm + 1) * n))
            index_day[arm], completed[arm] = m.arrays["body"]["index_day"], m.arrays["body"]["completed"]
        index, member = _index_days(model, index_day[1:], completed[1:], crowd.starts)
        for arm in range(arms if n else 0):
            m = memory(model, n, index=index, member=np.zeros_like(member), windows=windows, together=True)
            _one_arm(model, arm, stream, crowd, m, looked_at=np.arange(n), window_rows=np.arange(n))
        sums = book.reshape(arms, n, layout.years, layout.size)
    else:
        m = memory(model, arms, book=np.zeros((arms, layout.years, layout.size)), windows=windows, forks=True)
        by_person = np.zeros((n, arms, 1, layout.years, layout.size))
        kernel.live_apart(
            m.table, stream, crowd.numbers, crowd.starts, np.arange(n), by_person, index_day, completed,
            windows[:0], np.zeros(n, dtype=np.bool_), False,
        )  # fmt: skip
        index, _ = _index_days(model, index_day[1:], completed[1:], crowd.starts)
        sums = by_person[:, :, 0].swapaxes(0, 1)
    windows[np.isnan(index)] = np.nan
    back = np.concatenate([np.argsort(np.argsort(asked, kind="stable"), kind="stable"), np.arange(len(asked), n)])
    return Lives(
        person=crowd.numbers[back],
        counts=np.rint(sums[:, back, :, : layout.counts_size]).astype(np.int64),
        days=sums[:, back, :, layout.counts_size :],
        index_day=index_day[:, back],
        completed=completed.astype(np.bool_)[:, back],
        windows=windows.swapaxes(0, 1)[:, back],
    )


def replicates(model: Model, stream: int) -> tuple[Totals, Totals]:
    """Two replicates of everyone's lives, added up.

    Nothing shared: the two halves of the people. Something shared: two whole runs, on this stream and the next.

    Args:
        model: one design row.
        stream: number of their random numbers, which all arms share.

    Raises:
        ValueError: if a journey runs in a loop, or a hazard is above the top layer.
    """
    return (_together(model, stream), _together(model, stream + 1)) if model.shares_anything else _apart(model, stream)


def _apart(model: Model, stream: int) -> tuple[Totals, Totals]:
    """Everyone, one after the other, in two halves (of those who join: even and odd ids).

    The totals of an arm are those of usual care plus the differences of those who differ, so that the result is the
    same whether usual care is simulated now or taken from the cache.
    """
    layout, arms, people = model.layout, len(model.arms), model.population.people
    parts, who = model.population.parts, len(WHO)
    into = 2 * parts.cells
    sums = np.zeros((into, arms, arms, layout.years, layout.size))
    around = (arms - 1, 2, 2, layout.measures_size)
    squares = np.zeros((who * into if parts.count else 0, *around))
    windows = np.zeros((who * (into + (parts.count > 0)), *around))  # with squares, two rows for one person at a time
    m = memory(model, arms, book=np.zeros((arms, layout.years, layout.size)), windows=windows, forks=True)
    name = name_of(model, stream) if arms > 1 else None  # with one arm nothing can be reused
    before = USUAL_CARE_CACHE.get(name) if name else None
    reached = []
    for crowd in before.reached if before else _crowds(model, stream):
        _, second = halves(crowd.numbers, people)
        differs = np.zeros(len(crowd.numbers), dtype=np.bool_)
        kernel.live_apart(
            m.table, stream, crowd.numbers, crowd.starts,
            second * parts.cells + cells_of(model, stream, crowd.numbers), sums, np.zeros((0, 0)),
            np.zeros((0, 0), dtype=np.uint8), squares, differs, before is not None,
        )  # fmt: skip
        reached.append(crowd[differs])
    if before:
        sums[:, 0, 0] = before.activity
    elif name and 2 * sum(len(crowd.numbers) for crowd in reached) < people:
        USUAL_CARE_CACHE.put(name, UsualCare(sums[:, 0, 0].copy(), tuple(reached)))
    sums[:, 1:, 0] += sums[:, :1, 0]
    first = (people + 1) // 2
    lived = np.stack([windows[: who * into], squares]) if parts.count else windows[None, : who * into]
    by_half = lived.reshape(len(lived), 2, parts.cells, who, *around)
    return tuple(  # type: ignore[return-value]
        _totals(float(n), sums.reshape(2, parts.cells, *sums.shape[1:])[k], by_half[:, k], parts)
        for k, n in enumerate((first, people - first))
    )


def _totals(people: float, sums: NDArray[np.float64], windows: NDArray[np.float64], parts: Parts) -> Totals:
    """The totals of a replicate from those of its cells.

    Args:
        people: how many were there at the start.
        sums: activity.  # [cell, arm, group, year, item]
        windows: the windows, and with parts their squares.  # [sum or square, cell, who, programme arm, ...]
        parts: which parts are counted apart.
    """
    starters = windows[:, :, WHO.index("starters")]  # [sum or square, cell, programme arm, ...]
    return Totals(
        people,
        sums.sum(axis=0),
        windows[0].sum(axis=0).swapaxes(0, 1),
        parts.added_up(sums[:, :, 0]).swapaxes(0, 1),
        np.stack([parts.added_up(starters[k if parts.count else 0]).swapaxes(0, 1) for k in (0, 1)]),
    )


def _crowds(model: Model, stream: int) -> Iterator[Crowd]:
    """Everyone, some at a time; those who join come last."""
    for first in range(0, model.population.people, AT_ONCE):
        numbers = np.arange(first, min(first + AT_ONCE, model.population.people))
        yield Crowd(numbers, np.full(len(numbers), -float(model.warm_up_days)))
    days = arrival_days(model, stream)
    yield Crowd(ENTRANT_IDS_FROM + np.arange(len(days)), days)


def _together(model: Model, stream: int) -> Totals:
    """Everyone at once, arm by arm: programme arms first, for who takes part in them."""
    layout, arms, parts = model.layout, len(model.arms), model.population.parts
    crowd = _everyone(model, stream)
    n, cells = len(crowd.numbers), cells_of(model, stream, crowd.numbers)
    groups = arms * arms  # rows of the book; below them, where there are several cells, those of each arm
    book = np.zeros((groups + (arms * parts.cells if parts.cells > 1 else 0), layout.years, layout.size))
    index_day, completed = np.full((arms - 1, n), np.nan), np.zeros((arms - 1, n), dtype=np.uint8)
    rows = [np.full(n, arm * arms) if parts.cells == 1 else groups + arm * parts.cells + cells for arm in range(arms)]
    for arm in range(1, arms):
        m = _one_arm(model, arm, stream, crowd, memory(model, n, book=book, together=True), rows=rows[arm])
        index_day[arm - 1], completed[arm - 1] = m.arrays["body"]["index_day"], m.arrays["body"]["completed"]
        del m
    index, member = _index_days(model, index_day, completed, crowd.starts)
    takes_part = np.flatnonzero(member.any(axis=1))
    looked_at, window_rows = np.full(n, NONE), np.zeros(n, dtype=np.int64)
    looked_at[takes_part] = np.arange(len(takes_part))
    index, member = index[takes_part], member[takes_part]
    if parts.count:  # each has windows of their own, for their squares
        window_rows[takes_part] = len(WHO) * np.arange(len(takes_part))
    own = len(takes_part) if parts.count else 1
    windows = np.zeros((len(WHO) * own, arms - 1, 2, 2, layout.measures_size))
    for arm in range(arms if len(takes_part) else 1):
        m = memory(model, n, book=book, index=index, member=member, windows=windows, together=True)
        lived = np.full(n, NONE) if arm else rows[0]
        _one_arm(model, arm, stream, crowd, m, rows=lived, looked_at=looked_at, window_rows=window_rows)
        del m
    sums = book[:groups].reshape(1, arms, arms, layout.years, layout.size)
    if parts.cells > 1:
        by_cell = book[groups:].reshape(arms, parts.cells, layout.years, layout.size).swapaxes(0, 1)
        sums = np.concatenate([sums, np.zeros((parts.cells - 1, *sums.shape[1:]))])  # participants in the first
        sums[:, :, 0] = by_cell
    by_person = windows.reshape(own, len(WHO), *windows.shape[1:])
    return _totals(float(model.population.people), sums, _by_cell(by_person, cells[takes_part], parts), parts)


def _by_cell(windows: NDArray[np.float64], cells: NDArray[np.int64], parts: Parts) -> NDArray[np.float64]:
    """Windows of people added up by cell, and their squares: [sum or square, cell, who, programme arm, ...]."""
    if not parts.count:
        return windows[None]
    table = np.zeros((2, parts.cells, *windows.shape[1:]))
    for k, amount in enumerate((windows, windows**2)):
        np.add.at(table[k], cells, amount)
    return table


def _everyone(model: Model, stream: int) -> Crowd:
    """All crowds in one."""
    crowds = list(_crowds(model, stream))
    return Crowd(np.concatenate([c.numbers for c in crowds]), np.concatenate([c.starts for c in crowds]))


def _index_days(
    model: Model, index_day: NDArray[np.float64], completed: NDArray[np.uint8], starts: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Index days whose windows lie in the simulated time (else nan), and who takes part: [person, programme arm]."""
    window = model.window_days
    inside = (index_day - window >= starts) & (index_day + window <= model.horizon)
    member = (~np.isnan(index_day)).astype(np.uint8) * (1 + completed)
    return np.where(inside, index_day, np.nan).T.copy(), member.astype(np.uint8).T.copy()


def _one_arm(
    model: Model,
    arm: int,
    stream: int,
    crowd: Crowd,
    m: Memory,
    *,
    rows: NDArray[np.int64] | None = None,
    looked_at: NDArray[np.int64] | None = None,
    window_rows: NDArray[np.int64] | None = None,
) -> Memory:
    """One arm with everyone in memory, written into these rows of the book and of the windows."""
    n = len(crowd.numbers)
    nobody = np.full(n, NONE)
    kernel.live_together(
        m.table, arm, stream, crowd.numbers, crowd.starts, nobody if rows is None else rows,
        nobody if looked_at is None else looked_at, np.zeros(n, dtype=np.int64) if window_rows is None else window_rows,
    )  # fmt: skip
    return m
