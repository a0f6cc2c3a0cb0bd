"""Adds up lives into one row of a ledger: people -> replicates, groups, years, items.

When nothing is shared the two replicates are the people below and above half of the ids (entrants: even and odd
ids); when something is, they are two independent runs of the whole sample.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from simulator.activity.items import EVENTS
from simulator.activity.ledger import WHO, Ledger, group_names
from simulator.activity.parts import Parts, counted_by_part
from simulator.activity.results import Lives, Totals, halves
from simulator.engines.shared.people import cells_of
from simulator.model.model import Model
from simulator.units import ENTRANT_IDS_FROM

CROWD = 2000


def replicates(simulate: Callable[..., Lives], model: Model, stream: int) -> tuple[Totals, Totals]:
    """Two replicates from an engine that returns the lives of people.

    Args:
        simulate: the engine.
        model: one design row.
        stream: number of the random numbers; with something shared the second replicate has the next.
    """
    if model.shares_anything:
        return _everyone(simulate, model, stream), _everyone(simulate, model, stream + 1)
    parts = model.population.parts
    made = [
        [totals(lives, who, parts, cells) for who in halves(lives.person, model.population.people)]
        for lives in _crowds(simulate, model, stream)
        for cells in (cells_of(model, stream, lives.person),)
    ]
    return reduce(_together, (one for one, _ in made)), reduce(_together, (other for _, other in made))


def _crowds(simulate: Callable[..., Lives], model: Model, stream: int) -> Iterator[Lives]:
    """Everyone, some at a time, so that memory does not grow with the population; those who join come last."""
    people = model.population.people
    for first in range(0, people, CROWD):
        yield simulate(model, stream, np.arange(first, min(first + CROWD, people)), entering=slice(0, 0))
    yield simulate(model, stream, np.arange(0), entering=slice(None))


NO_PARTS = Parts()


def totals(
    lives: Lives, who: NDArray[np.bool_], parts: Parts = NO_PARTS, cells: NDArray[np.int64] | None = None
) -> Totals:
    """Some people's lives added up.

    Args:
        lives: an engine's lives.
        who: which people belong to the replicate.  # [person]
        parts: which parts of the population are counted apart.
        cells: the cell of each person.  # [person]
    """
    there = float((who & (lives.person < ENTRANT_IDS_FROM)).sum())
    where = np.zeros(len(lives.person), dtype=np.int64) if cells is None else cells
    members = [who & line[where] for line in parts.within()]
    return Totals(
        there, _activity(lives, who), _windows(lives, who), _by_part(lives, members), _moments(lives, members)
    )


def _everyone(simulate: Callable[..., Lives], model: Model, stream: int) -> Totals:
    lives = simulate(model, stream)
    everyone = np.ones(len(lives.person), dtype=np.bool_)
    return totals(lives, everyone, model.population.parts, cells_of(model, stream, lives.person))


def _together(one: Totals, other: Totals) -> Totals:
    """Two crowds as one."""
    return Totals(*(getattr(one, field.name) + getattr(other, field.name) for field in fields(Totals)))


def tally(
    made: Sequence[Totals],
    *,
    row: int,
    place_size: float,
    arms: Mapping[str, tuple[str, ...]],
    items: tuple[str, ...],
    measures: tuple[str, ...],
    parts: tuple[str, ...] = (),
) -> Ledger:
    """One row of a ledger from its replicates.

    Args:
        made: its replicates.  # [replicate]
        row: design row number.
        place_size: people in the place.
        arms: programmes by arm, usual care first.
        items: names of counts, then of days.
        measures: names of what the windows hold.
        parts: names of the parts of the population that are counted apart.

    Returns:
        A ledger of one row.
    """
    activity = np.stack([one.activity for one in made])
    ledger = Ledger(
        arms=tuple(arms),
        groups=group_names(arms),
        items=items,
        measures=measures,
        rows=np.array([row]),
        people=np.array([[one.people for one in made]]),
        place_size=place_size,
        activity=activity[None],
        windows=np.stack([one.windows for one in made])[None],
        events=happened(activity, items),
    )
    if not parts:
        return ledger
    kept = counted_by_part(items)
    return replace(
        ledger,
        parts=parts,
        part_items=tuple(items[i] for i in kept),
        by_part=np.stack([one.by_part[..., kept] for one in made])[None],
        moments=np.stack([one.moments for one in made])[None],
    )


def happened(activity: NDArray[np.float64], items: tuple[str, ...]) -> int:
    """How many things happened to people: needs, stays, starts and ends of supports, flares, lives begun and ended."""
    kinds = {event.label for event in EVENTS}
    chosen = [i for i, name in enumerate(items) if name.split(":")[0] in kinds]
    return int(activity[:, :, 0][..., chosen].sum())


def _activity(lives: Lives, who: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Sums over people: [arm, group, year, item]."""
    arms, _, years, counts = lives.counts.shape
    table = np.zeros((arms, arms, years, counts + lives.days.shape[-1]))
    for arm in range(arms):
        for group in range(arms):
            if group and arm not in (0, group):
                continue
            chosen = who & ~np.isnan(lives.index_day[group]) if group else who
            table[arm, group, :, :counts] = lives.counts[arm, chosen].sum(axis=0)
            table[arm, group, :, counts:] = lives.days[arm, chosen].sum(axis=0)
    return table


def _windows(lives: Lives, who: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Sums over starters and over completers: [programme arm, who, world, side, measure]."""
    arms = lives.windows.shape[0]
    table = np.zeros((arms, len(WHO), *lives.windows.shape[2:]))
    for k in range(arms):
        inside = who & ~np.isnan(lives.windows[k, :, 0, 0, 0])
        for group, chosen in enumerate((inside, inside & lives.completed[k + 1])):
            table[k, group] = lives.windows[k, chosen].sum(axis=0)
    return table


def _by_part(lives: Lives, members: Sequence[NDArray[np.bool_]]) -> NDArray[np.float64]:
    """Sums over everyone in each part: [arm, part, year, item]."""
    arms, _, years, counts = lives.counts.shape
    table = np.zeros((arms, len(members), years, counts + lives.days.shape[-1]))
    for part, who in enumerate(members):
        table[:, part, :, :counts] = lives.counts[:, who].sum(axis=1)
        table[:, part, :, counts:] = lives.days[:, who].sum(axis=1)
    return table


def _moments(lives: Lives, members: Sequence[NDArray[np.bool_]]) -> NDArray[np.float64]:
    """Sums, and sums of squares, over the starters of each part: [sum or square, programme arm, part, ...]."""
    arms = lives.windows.shape[0]
    table = np.zeros((2, arms, len(members), *lives.windows.shape[2:]))
    for k in range(arms):
        inside = ~np.isnan(lives.windows[k, :, 0, 0, 0])
        for part, who in enumerate(members):
            theirs = lives.windows[k, who & inside]
            table[:, k, part] = theirs.sum(axis=0), (theirs**2).sum(axis=0)
    return table
