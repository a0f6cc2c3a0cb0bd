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
from simulator.errors import RunError, suggestion

EVERYONE = "everyone"
SIDES = ("before", "after")
WORLDS = ("with", "without")
WHO = ("starters", "completers")


def _nothing() -> NDArray[np.float64]:
    return np.zeros((0, 2))


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
        return replace(
            self,
            rows=np.concatenate([self.rows, later.rows]),
            people=np.concatenate([self.people, later.people]),
            activity=np.concatenate([self.activity, later.activity]),
            windows=np.concatenate([self.windows, later.windows]),
            by_part=np.concatenate([self.by_part, later.by_part]) if self.parts else _nothing(),
            moments=np.concatenate([self.moments, later.moments]) if self.parts else _nothing(),
            events=self.events + later.events,
        )


def group_names(arms: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Everyone, then the participants of each programme arm."""
    return (EVERYONE, *(f"participants of {arm}" for arm in list(arms)[1:]))


SCHEMA = "ledger 2"
CELL = ("row", "replicate", "arm", "group", "year")
PART_CELL = ("row", "replicate", "arm", "part", "year")
MOMENTS = ("sum", "square")
MOMENT_CELL = ("row", "replicate", "moment", "arm", "part", "world", "side")
WINDOW_CELL = ("row", "replicate", "arm", "who", "world", "side")


def save(ledger: Ledger, path: Path) -> None:
    """Write a ledger as one Parquet file: cells below each other, an item a column.

    The same ledger gives the same bytes, and a half-written file is never seen under its name.

    Args:
        ledger: what to write.
        path: the file; the windows go beside it as ``NAME.windows.parquet``, and what is counted by part, where
            anything is, as ``NAME.parts.parquet`` and ``NAME.moments.parquet``.
    """
    about = {
        "schema": SCHEMA,
        "place_size": repr(ledger.place_size),
        "events": str(ledger.events),
        "shape": ",".join(map(str, ledger.activity.shape)),
    }
    if ledger.parts:
        about["parts"] = ",".join(ledger.parts)
    people = np.repeat(ledger.people.ravel(), int(np.prod(ledger.activity.shape[2:5])))
    labels = (ledger.rows.tolist(), (0, 1), ledger.arms, ledger.groups, range(ledger.activity.shape[4]))
    _write(path, labels, CELL, ledger.items, ledger.activity, about, people=people)
    worlds = (ledger.rows.tolist(), (0, 1), ledger.arms[1:], WHO, WORLDS, SIDES)
    _write(_beside(path, "windows"), worlds, WINDOW_CELL, ledger.measures, ledger.windows, about)
    if ledger.parts:
        _save_parts(ledger, path, about)


def load(path: Path) -> Ledger:
    """Read a ledger written by :func:`save`.

    Args:
        path: the file; its windows and parts lie beside it.

    Raises:
        RunError: if the file is not a ledger of this version.
        FileNotFoundError: if there is no such file.
    """
    table, about = parquet.load(path, SCHEMA)
    shape = tuple(int(n) for n in about["shape"].split(","))
    items = tuple(name for name in table.column_names if name not in (*CELL, "people"))
    cells = table.select(CELL).to_pydict()
    activity = _values(table, items).reshape(shape)
    windows_table, _ = parquet.load(_beside(path, "windows"), SCHEMA)
    measures = tuple(name for name in windows_table.column_names if name not in WINDOW_CELL)
    windows = _values(windows_table, measures)
    arms, groups = tuple(dict.fromkeys(cells["arm"])), tuple(dict.fromkeys(cells["group"]))
    people = table.column("people").to_numpy().reshape(shape[:-1])[:, :, 0, 0, 0]
    ledger = Ledger(
        arms=arms,
        groups=groups,
        items=items,
        measures=measures,
        rows=np.array(list(dict.fromkeys(cells["row"])), dtype=np.int64),
        people=people,
        place_size=float(about["place_size"]),
        activity=activity,
        windows=windows.reshape(*shape[:2], len(arms) - 1, len(WHO), len(WORLDS), len(SIDES), len(measures)),
        events=int(about["events"]),
    )
    parts = tuple(name for name in about.get("parts", "").split(",") if name)
    return _with_parts(ledger, parts, path) if parts else ledger


def _save_parts(ledger: Ledger, path: Path, about: dict[str, str]) -> None:
    rows = (ledger.rows.tolist(), (0, 1))
    cells = (*rows, ledger.arms, ledger.parts, range(ledger.activity.shape[4]))
    _write(_beside(path, "parts"), cells, PART_CELL, ledger.part_items, ledger.by_part, about)
    worlds = (*rows, MOMENTS, ledger.arms[1:], ledger.parts, WORLDS, SIDES)
    _write(_beside(path, "moments"), worlds, MOMENT_CELL, ledger.measures, ledger.moments, about)


def _with_parts(ledger: Ledger, parts: tuple[str, ...], path: Path) -> Ledger:
    table, _ = parquet.load(_beside(path, "parts"), SCHEMA)
    items = tuple(name for name in table.column_names if name not in PART_CELL)
    rows, years, arms = ledger.people.shape, ledger.activity.shape[4], len(ledger.arms)
    moments, _ = parquet.load(_beside(path, "moments"), SCHEMA)
    around = (len(MOMENTS), arms - 1, len(parts), len(WORLDS), len(SIDES), len(ledger.measures))
    return replace(
        ledger,
        parts=parts,
        part_items=items,
        by_part=_values(table, items).reshape(*rows, arms, len(parts), years, len(items)),
        moments=_values(moments, ledger.measures).reshape(*rows, *around),
    )


def _beside(path: Path, what: str) -> Path:
    return path.with_name(f"{path.stem}.{what}.parquet")


def _write(
    path: Path,
    labels: tuple[Any, ...],
    names: tuple[str, ...],
    columns: tuple[str, ...],
    values: NDArray[np.float64],
    about: dict[str, str],
    **more: NDArray[np.float64],
) -> None:
    cells = list(zip(*product(*labels), strict=True)) or [()] * len(names)
    flat = values.reshape(-1, len(columns))
    data = dict(zip(names, cells, strict=True)) | more | {c: flat[:, i] for i, c in enumerate(columns)}
    parquet.save(data, path, about)


def _values(table: Any, names: tuple[str, ...]) -> NDArray[np.float64]:
    columns = [table.column(name).to_numpy() for name in names]
    return np.stack(columns, axis=-1).astype(np.float64)
