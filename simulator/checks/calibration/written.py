"""Turns the values that a calibration found into lines of a scenario file, which say how they were found."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import tomli_w

from simulator.checks.calibration.calibrate import FoundNumber, FoundValues
from simulator.errors import RunError
from simulator.scenario.addresses import quantities
from simulator.scenario.library import find, packaged
from simulator.scenario.starters.extension import on_one_line
from simulator.scenario.write import written

DIGITS = 4
KEPT = ("unit", "price_year", "group", "claimed")


def lines(found: FoundValues) -> list[str]:
    """One line for each number: a bare one where it had no spread, else a table with the spread that is left.

    Args:
        found: what a calibration found.
    """
    pairs = [(path, one) for one in found.numbers for path in one.path.split("+")]
    return [f"{path} = {on_one_line(_value(path, one, found))}" for path, one in pairs]


def _value(path: str, one: FoundNumber, found: FoundValues) -> Any:
    before = quantities(found.scenario).get(path)
    if before is None or not before.is_uncertain:
        return _rounded(one.found)
    kept = {key: value for key, value in written(before).items() if key in KEPT}
    low, high = before.limits.low, before.limits.high
    interval = [_rounded(min(max(end, low), high)) for end in one.interval]
    targets = ", ".join(target.name for target in found.targets)
    was = f"{before.central[0]:g} ({one.prior[0]:.4g} to {one.prior[1]:.4g})"
    why = f"meets {targets} by `simulator calibrate`; {was} before"
    return {"value": _rounded(one.found), "ci95": interval, **kept, "grade": 6, "why": why}


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def write_found(found: FoundValues, file: str | Path, scenario: str) -> Path:
    """Write a file that extends the calibrated scenario and holds the values found.

    Args:
        found: what a calibration found.
        file: where to.
        scenario: the scenario as it was named: its file, or a name that `simulator list` shows.

    Returns:
        The file.

    Raises:
        RunError: the file is there already.
    """
    path = Path(file)
    if path.exists():
        raise RunError(f"{path} is already there; choose another name")
    head = f"# Values that `simulator calibrate {scenario}` found with {found.people:,} people, seed {found.seed}.\n"
    extends = tomli_w.dumps({"extends": _parent(scenario, path)})
    path.write_text(f"{head}{extends}\n" + "\n".join(lines(found)) + "\n", encoding="utf-8", newline="\n")
    return path


def _parent(scenario: str, path: Path) -> str:
    """How a file names the scenario that it extends."""
    if scenario in packaged():
        return scenario
    return Path(os.path.relpath(find(scenario), path.parent)).as_posix()
