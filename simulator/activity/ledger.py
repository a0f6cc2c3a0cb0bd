"""Activity: what happened, by row, replicate, arm, group, year and item. Never money.

The items and their names are those of `activity.items`. Counts are whole numbers, days are person-days of the simulated
sample; :attr:`Ledger.people` says how many people each replicate holds, so that money can be weighted to the place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator import parquet
from simulator.activity.parts import counted_by_part
from simulator.errors import RunError, suggestion

EVERYONE = "everyone"
SIDES = ("before", "after")
WORLDS = ("with", "without")
WHO = ("starters", "completers")


def _nothing() -> NDArray[np.float64]:
    return np.zeros(0)


@dataclass(frozen=True)
class Ledger:
    """Activity of a run.

    ``groups[0]`` is everyone; ``groups[1 + k]`` the participants of programme arm ``arms[1 + k]``,
    filled for that arm and for usual care (the same people without it). Parts of the population that are counted apart
    (:mod:`simulator.activity.parts`) hold everyone in them, some items only; ``moments`` are sums over people of what
    the windows of starters hold, and of its squares. There are none where the scenario asks for none.
    """

    arms: tuple[str, ...]
    groups: tuple[str, ...]
    items: tuple[str, ...]
    measures: tuple[str, ...]
    rows: NDArray[np.int64]  # [row] design row numbers
    people: NDArray[np.float64]  # [row, replicate] simulated people at t = 0
    place_size: float
    activity: NDArray[np.float64]  # [row, replicate, arm, group, year, item]
    windows: NDArray[np.float64]  # [row, replicate, programme arm, who, world, side, measure]
    events: int = 0
    parts: tuple[str, ...] = ()
    part_items: tuple[str, ...] = ()
    by_part: NDArray[np.float64] = field(default_factory=_nothing)  # [row, replicate, arm, part, year, part item]
    moments: NDArray[np.float64] = field(default_factory=_nothing)  # [row, replicate, moment, programme arm, part, ...]

    def item(self, name: str) -> NDArray[np.float64]:
        """Activity of one item: [row, replicate, arm, group, year].

        Args:
            name: one of ``items``, such as ``visits:gp``.

        Raises:
            RunError: for a name that is not counted.
        """
        if name not in self.items:
            hint = suggestion(name, self.items)
            raise RunError(f"found no item {name}; allowed one of the {len(self.items)} in items; {hint}".rstrip("; "))
        return self.activity[..., self.items.index(name)]

    def weight(self) -> NDArray[np.float64]:
        """What one simulated person stands for in the place: [row, replicate]."""
        return self.place_size / self.people

    def append(self, later: Ledger) -> Ledger:
        """This ledger with the rows of another below its own.

        Raises ValueError when the two count other items.
        """
        if (self.arms, self.items, self.measures, self.parts) != (later.arms, later.items, later.measures, later.parts):
            raise ValueError("ledgers of different scenarios cannot be joined")
        both = replace(
            self,
            rows=np.concatenate([self.rows, later.rows]),
            people=np.concatenate([self.people, later.people]),
            activity=np.concatenate([self.activity, later.activity]),
            windows=np.concatenate([self.windows, later.windows]),
            events=self.events + later.events,
        )
        if not self.parts:
            return both
        by_part = np.concatenate([self.by_part, later.by_part])
        return replace(both, by_part=by_part, moments=np.concatenate([self.moments, later.moments]))


def group_names(arms: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Everyone, then the participants of each programme arm."""
    return (EVERYONE, *(f"participants of {arm}" for arm in list(arms)[1:]))


SCHEMA = "ledger 2"
CELL = ("row", "replicate", "arm", "group", "year")
WINDOW_CELL = ("row", "replicate", "arm", "who", "world", "side")
MOMENTS = ("sum", "square")
Cells = list[tuple[Any, ...]]


def save(ledger: Ledger, path: Path) -> None:
    """Write a ledger as one Parquet file: cells below each other, an item a column.

    What is counted by part, where anything is, stands below everyone and participants; items that are not counted by
    part are nan there. The same ledger gives the same bytes, and a half-written file is never seen under its name.

    Args:
        ledger: what to write.
        path: the file; the windows, and below them the moments by part, go beside it as ``NAME.windows.parquet``.
    """
    about = {
        "schema": SCHEMA,
        "place_size": repr(ledger.place_size),
        "events": str(ledger.events),
        "shape": ",".join(map(str, ledger.activity.shape)),
        **({"parts": ",".join(ledger.parts)} if ledger.parts else {}),
    }
    rows, years = (ledger.rows.tolist(), (0, 1)), range(ledger.activity.shape[4])
    cells: Cells = list(product(*rows, ledger.arms[1:], WHO, WORLDS, SIDES))
    cells += [
        (row, replicate, arm, f"{moment} {part}", world, side)
        for row, replicate, moment, arm, part, world, side in product(
            *rows, MOMENTS if ledger.parts else (), ledger.arms[1:], ledger.parts, WORLDS, SIDES
        )
    ]
    _write(_windows_path(path), WINDOW_CELL, cells, ledger.measures, (ledger.windows, ledger.moments), about)
    cells = [*product(*rows, ledger.arms, ledger.groups, years), *product(*rows, ledger.arms, ledger.parts, years)]
    each = len(ledger.arms) * len(years)
    people = [np.repeat(ledger.people.ravel(), each * len(of)) for of in (ledger.groups, ledger.parts)]
    tables = (ledger.activity, _in_columns(ledger))
    _write(path, CELL, cells, ledger.items, tables, about, people=np.concatenate(people))  # last: it stands for both


def load(path: Path) -> Ledger:
    """Read a ledger written by :func:`save`.

    Args:
        path: the file; its windows lie beside it.

    Raises:
        RunError: if the file is not a ledger of this version.
        FileNotFoundError: if there is no such file.
    """
    table, about = parquet.load(path, SCHEMA)
    shape = tuple(int(n) for n in about["shape"].split(","))
    items = tuple(name for name in table.column_names if name not in (*CELL, "people"))
    size, around = int(np.prod(shape[:5])), (len(WHO), len(WORLDS), len(SIDES))
    cells = table.select(CELL).slice(0, size).to_pydict()
    values = _values(table, items)
    windows_table, _ = parquet.load(_windows_path(path), SCHEMA)
    measures = tuple(name for name in windows_table.column_names if name not in WINDOW_CELL)
    windows = _values(windows_table, measures)
    arms, groups = tuple(dict.fromkeys(cells["arm"])), tuple(dict.fromkeys(cells["group"]))
    whole = int(np.prod((*shape[:2], len(arms) - 1, *around)))
    ledger = Ledger(
        arms=arms,
        groups=groups,
        items=items,
        measures=measures,
        rows=np.array(list(dict.fromkeys(cells["row"])), dtype=np.int64),
        people=table.column("people").to_numpy()[:size].reshape(shape[:-1])[:, :, 0, 0, 0],
        place_size=float(about["place_size"]),
        activity=values[:size].reshape(shape),
        windows=windows[:whole].reshape(*shape[:2], len(arms) - 1, *around, len(measures)),
        events=int(about["events"]),
    )
    parts = tuple(about["parts"].split(",")) if "parts" in about else ()
    return _with_parts(ledger, parts, values[size:], windows[whole:]) if parts else ledger


def _with_parts(
    ledger: Ledger, parts: tuple[str, ...], values: NDArray[np.float64], moments: NDArray[np.float64]
) -> Ledger:
    rows, arms, years = ledger.people.shape, len(ledger.arms), ledger.activity.shape[4]
    kept = counted_by_part(ledger.items)
    around = (len(MOMENTS), arms - 1, len(parts), len(WORLDS), len(SIDES), len(ledger.measures))
    return replace(
        ledger,
        parts=parts,
        part_items=tuple(ledger.items[i] for i in kept),
        by_part=values.reshape(*rows, arms, len(parts), years, len(ledger.items))[..., kept],
        moments=moments.reshape(*rows, *around),
    )


def _in_columns(ledger: Ledger) -> NDArray[np.float64]:
    """What is counted by part, each item in its column of the ledger: [row, replicate, arm, part, year, item]."""
    if not ledger.parts:
        return np.zeros((0, len(ledger.items)))
    table = np.full((*ledger.by_part.shape[:-1], len(ledger.items)), np.nan)
    table[..., [ledger.items.index(item) for item in ledger.part_items]] = ledger.by_part
    return table


def _windows_path(path: Path) -> Path:
    return path.with_name(f"{path.stem}.windows.parquet")


def _write(
    path: Path,
    names: tuple[str, ...],
    cells: Cells,
    columns: tuple[str, ...],
    values: tuple[NDArray[np.float64], ...],
    about: dict[str, str],
    **more: NDArray[np.float64],
) -> None:
    labels = list(zip(*cells, strict=True)) or [()] * len(names)
    flat = np.concatenate([table.reshape(-1, len(columns)) for table in values])
    data = dict(zip(names, labels, strict=True)) | more | {c: flat[:, i] for i, c in enumerate(columns)}
    parquet.save(data, path, about)


def _values(table: Any, names: tuple[str, ...]) -> NDArray[np.float64]:
    columns = [table.column(name).to_numpy() for name in names]
    return np.stack(columns, axis=-1).astype(np.float64)
