"""Turns parameter values into a design: named rows, one for each simulation to be done, and the stream of each row.

One type serves every kind of design: probabilistic rows (each with a stream of its own), and one-way, grid, table and
central rows, which are compared with each other and therefore share stream 0.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator import parquet
from simulator.errors import NotAllowed

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = "design 1"
ROW_COLUMNS = ("stream", "batch")


@dataclass(frozen=True, eq=False)
class Design:
    """Named parameter rows with their streams; the arrays are copied and cannot be written to.

    Args:
        names: dotted path of each parameter; K shares hold the K names `path.0` ... `path.K-1`.
        values: values[row, name], each in the unit of its parameter.
        streams: streams[row], 0 or more: the identity of the row's random numbers.
        batch: batch[row], 0 or more: rows of different batches are independent replicates.
        kind: what the rows are for: "probabilistic", "central", "one-way", "grid" or "table".
        seed: the seed the rows were drawn with, and the seed of the people.

    Raises:
        NotAllowed: shapes that do not fit, a name twice, or a value that is not finite.

    >>> design = Design(("uptake",), [[0.5], [0.7]], [0, 0], [0, 0], "table", 1)
    >>> design.row(1)
    {'uptake': 0.7}
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]  # [row, name]
    streams: NDArray[np.int64]  # [row]
    batch: NDArray[np.int64]  # [row]
    kind: str
    seed: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(self.names))
        object.__setattr__(self, "streams", _frozen(self.streams, np.int64))
        object.__setattr__(self, "batch", _frozen(self.batch, np.int64))
        values = _frozen(self.values, np.float64)
        object.__setattr__(self, "values", values.reshape(len(self.streams), 0) if values.size == 0 else values)
        self._check()

    def __len__(self) -> int:
        """How many rows."""
        return len(self.streams)

    def row(self, i: int) -> dict[str, float]:
        """The parameters of one row by name.

        Args:
            i: the row, counted from 0; negative counts from the end.

        Raises:
            IndexError: no such row.
        """
        return dict(zip(self.names, self.values[i].tolist(), strict=True))

    def to_frame(self) -> pd.DataFrame:
        """A table with the columns stream, batch and one for each name; the index is the row.

        >>> Design(("uptake",), [[0.5]], [3], [0], "table", 1).to_frame().to_dict("records")
        [{'stream': 3, 'batch': 0, 'uptake': 0.5}]
        """
        import pandas as pd

        frame = pd.DataFrame(self._columns())
        return frame.rename_axis(index="row")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the design as Parquet: the same design gives the same bytes, and a half-written file is never seen.

        Args:
            path: the file; its folder exists.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Design(("uptake",), [[0.5]], [0], [0], "table", 1).save(f"{folder}/design.parquet")
        ...     Design.load(f"{folder}/design.parquet").row(0)
        {'uptake': 0.5}
        """
        parquet.save(self._columns(), path, {"schema": SCHEMA, "kind": self.kind, "seed": str(self.seed)})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Design:
        """Read a design written by `save`.

        Args:
            path: the file.

        Raises:
            RunError: the file is not a design of this version.
            FileNotFoundError: there is no such file.
        """
        table, about = parquet.load(path, SCHEMA)
        names = tuple(name for name in table.column_names if name not in ROW_COLUMNS)
        columns = {name: table.column(name).to_numpy() for name in table.column_names}
        values = np.column_stack([columns[name] for name in names]) if names else np.empty((table.num_rows, 0))
        return cls(names, values, columns["stream"], columns["batch"], about["kind"], int(about["seed"]))

    def _columns(self) -> dict[str, NDArray[Any]]:
        values = {name: self.values[:, k] for k, name in enumerate(self.names)}
        return {"stream": self.streams, "batch": self.batch, **values}

    def _check(self) -> None:
        rows, columns = len(self.streams), len(self.names)
        if self.values.shape != (rows, columns) or self.batch.shape != (rows,):
            shapes = f"values {self.values.shape}, streams {self.streams.shape}, batch {self.batch.shape}"
            raise NotAllowed(shapes, f"values ({rows}, {columns}), streams ({rows},), batch ({rows},)")
        repeated = {name for name in self.names if self.names.count(name) > 1 or name in ROW_COLUMNS}
        if repeated:
            raise NotAllowed(f"the name {min(repeated)} twice", "every name once, and neither stream nor batch")
        if not np.all(np.isfinite(self.values)):
            row, column = np.argwhere(~np.isfinite(self.values))[0]
            raise NotAllowed(f"{self.values[row, column]} for {self.names[column]} in row {row}", "finite numbers")


def _frozen(array: ArrayLike, dtype: type[np.float64] | type[np.int64]) -> NDArray[Any]:
    own = np.array(array, dtype=dtype, order="C")
    own.setflags(write=False)
    return own
