"""The results folder of a run: what was asked for, the finished blocks, and where they came from.

Inputs are written before the first block and the manifest after the last; a file is written under another name and
renamed when it is whole. So a folder without a manifest is not finished, and a run that was stopped resumes from the
blocks that lie there.
"""

from __future__ import annotations

import hashlib
import json
import logging
import platform
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from simulator.activity import ledger as ledgers
from simulator.activity.ledger import Ledger
from simulator.errors import RunError
from simulator.running.job import Job
from simulator.scenario.write import write

PACKAGES = ("numpy", "scipy", "numba", "simpy", "pandas", "pyarrow", "pydantic")
log = logging.getLogger("simulator")


def part(folder: Path, block: int) -> Path:
    """The file of a block; written last, so that its presence means the block is whole."""
    return folder / "ledger" / f"block-{block:05d}.parquet"


def open_folder(folder: Path, job: Job, resume: bool) -> Path:
    """Prepare the folder: scenario, design, inputs; old blocks stay only where the run resumes from them."""
    inputs = folder / "inputs.json"
    if resume and inputs.exists():
        before = json.loads(inputs.read_text())
        if _apart_from_rows(before) != _apart_from_rows(job.inputs()) or before["rows"] > len(job.design):
            raise RunError(
                f"{folder}: holds blocks of another run (see inputs.json); use another --out, or no --resume; "
                "only rows may be added"
            )
        _drop_changed_blocks(folder)
        (folder / "manifest.json").unlink(missing_ok=True)
    if not resume:
        shutil.rmtree(folder / "ledger", ignore_errors=True)
        (folder / "manifest.json").unlink(missing_ok=True)
    (folder / "ledger").mkdir(parents=True, exist_ok=True)
    for unfinished in folder.rglob("*.unfinished"):
        unfinished.unlink()
    (folder / "scenario.resolved.toml").write_text(write(job.scenario))
    write_inputs(folder, job)
    _log_to(folder / "run.log")
    log.info("%s: %d rows, %d people, seed %d", job.scenario.name, len(job.design), job.people, job.seed)
    return folder


def _drop_changed_blocks(folder: Path) -> None:
    """Remove blocks of a finished run that are not those its manifest lists, so that they are computed again."""
    manifest = folder / "manifest.json"
    digests = json.loads(manifest.read_text())["blocks"] if manifest.exists() else {}
    for name, digest in digests.items():
        path = folder / "ledger" / name
        if path.exists() and _digest(path) != digest:
            path.unlink()


def begun_in(folder: str | Path, budget: float | None) -> dict[str, Any] | None:
    """The inputs of the run that lies in a folder; None where its size has yet to be chosen.

    Raises:
        RunError: if its size was chosen within another budget than the one that is given.
    """
    inputs = Path(folder) / "inputs.json"
    if not inputs.exists():
        return None
    before: dict[str, Any] = json.loads(inputs.read_text())
    size = before.get("size", {})
    within = size.get("budget_person_years", budget)
    if budget is not None and within != budget:
        raise RunError(
            f"{folder}: found a run begun within {within:,.0f} person-years; allowed the same budget; leave --budget "
            "out, or give --rows to add rows"
        )
    return None if size and "rows" not in size else before


def _apart_from_rows(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in inputs.items() if name not in ("rows", "size")}


def write_inputs(folder: Path, job: Job) -> None:
    """The inputs and the design of a run, so that nothing later than this is needed to go on from it."""
    job.design.save(folder / "design.parquet")
    unfinished = folder / "inputs.json.unfinished"
    unfinished.write_text(json.dumps(job.inputs(), indent=2) + "\n")
    unfinished.replace(folder / "inputs.json")


def _log_to(path: Path) -> None:
    for old in list(log.handlers):
        log.removeHandler(old)
        old.close()
    to_file = logging.FileHandler(path, encoding="utf-8")
    to_file.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    log.addHandler(to_file)
    log.setLevel(logging.INFO)


def blocks_on_disk(folder: Path, job: Job, first: int = 0) -> Iterator[tuple[int, Ledger]]:
    """Blocks that are whole: the last of a run to which rows are added may have been shorter."""
    for block in job.blocks[first:]:
        if part(folder, block).exists():
            ledger = ledgers.load(part(folder, block))
            if ledger.rows.tolist() == list(job.rows_of(block)):
                yield block, ledger


def stored_blocks(folder: Path, digests: Mapping[str, str]) -> list[Path]:
    """The files of a finished run's blocks, in order.

    Args:
        folder: the results folder.
        digests: of its blocks, by file name, as its manifest lists them.

    Raises:
        RunError: if a block is missing, was changed, or belongs to another run.
    """
    paths = [folder / "ledger" / name for name in sorted(digests)]
    for path in paths:
        if not path.exists() or _digest(path) != digests[path.name]:
            state = "is not the one that manifest.json lists" if path.exists() else "is missing"
            raise RunError(f"{folder}: {path.name} {state}; run the scenario again with --out {folder} --resume")
    return paths


def write_manifest(folder: Path, job: Job, *, events: int, wall_s: float) -> None:
    """Provenance: what ran, on what, for how long, and a digest of every block."""
    about = {
        **job.inputs(),
        "scenario": job.scenario.name,
        "engine": job.engine,
        "events": events,
        "simulator": version("coproduction-simulator"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: version(name) for name in PACKAGES},
        "git_commit": _commit(),
        "wall_s": round(wall_s, 3),
        "blocks": {part(folder, block).name: _digest(part(folder, block)) for block in job.blocks},
    }
    (folder / "manifest.json").write_text(json.dumps(about, indent=2) + "\n")
    log.info("finished in %.1f s, %d events", wall_s, events)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _commit() -> str | None:
    """The commit of the code, where it runs from a checkout."""
    where = Path(__file__).parent
    try:
        asked = subprocess.run(
            ["git", "-C", str(where), "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=False
        )
    except OSError:
        return None
    return asked.stdout.strip() or None
