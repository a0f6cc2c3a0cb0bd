"""One table in one Parquet file: the same table gives the same bytes, and a half-written file is never seen."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulator.errors import RunError

UNFINISHED = ".unfinished"


def save(columns: Mapping[str, Any], path: str | os.PathLike[str], about: Mapping[str, str]) -> None:
    """Write a table.

    Args:
        columns: columns of one length by name, in order.
        path: the file; it appears only when all of it is on disk.
        about: what the reader must know besides, ``schema`` among it.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({name: pa.array(column) for name, column in columns.items()})
    unfinished = Path(path).with_name(f"{Path(path).name}{UNFINISHED}")
    with unfinished.open("wb") as file:
        pq.write_table(table.replace_schema_metadata(dict(about)), file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)


def load(path: str | os.PathLike[str], schema: str) -> tuple[Any, dict[str, str]]:
    """Read a table of one schema.

    Args:
        path: the file.
        schema: what the table must say it is, such as ``design 1``.

    Returns:
        The table, and what was written about it.

    Raises:
        RunError: the file is not such a table.
        FileNotFoundError: there is no such file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, partitioning=None)
    except pa.ArrowInvalid as problem:
        raise RunError(f"{path}: found a file that is not Parquet; allowed a saved {schema.split()[0]}") from problem
    about = {key.decode(): text.decode() for key, text in (table.schema.metadata or {}).items()}
    if about.get("schema") != schema:
        raise RunError(f"{path}: found {about.get('schema', 'no schema')!r}; allowed {schema!r}")
    return table, about
