"""What a terminal shows of a calibration: the targets before and after, the numbers with their spread, plain words."""

from __future__ import annotations

import dataclasses
import math
import textwrap
from typing import TYPE_CHECKING, Any

import click

from simulator.faces.screen import console, in_unit

if TYPE_CHECKING:
    from simulator.checks.calibration.calibrate import FoundNumber, FoundValues

HOW = (
    "How: least squares on the same people and luck, each target in units of its error (its range is read as a 95 % "
    "interval), each number that has an interval of its own in units of that; a free number is held by nothing but its "
    "ends. The interval now is linearised at the values found (Gauss-Newton) and holds the Monte Carlo error."
)


def show_found(found: FoundValues) -> None:
    """Tables and words on standard output.

    Args:
        found: what a calibration found.
    """
    _show_targets(found)
    _show_numbers(found)
    width = console().width
    for note in found.notes:
        click.echo(textwrap.fill(note, width, subsequent_indent="  "))
    click.echo(textwrap.fill(HOW, width))


def _show_targets(found: FoundValues) -> None:
    from rich import box
    from rich.table import Table

    table = Table(title=f"{found.scenario.title}: targets", box=box.SIMPLE, title_justify="left")
    table.add_column("Target", overflow="fold")
    for heading in ("On record", "Range", "Before", "After", "Error", ""):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in found.targets:
        wanted, low, high, before, after, error = (
            in_unit(value, one.unit) for value in (one.wanted, one.low, one.high, one.before, one.after, one.mcse)
        )
        verdict = "met" if one.met else "not met"
        table.add_row(one.name.replace("_", " "), wanted, f"{low} to {high}", before, after, f"± {error}", verdict)
    console().print(table)


def _show_numbers(found: FoundValues) -> None:
    from rich import box
    from rich.table import Table

    table = Table(title="Numbers", box=box.SIMPLE, title_justify="left")
    table.add_column("Number", overflow="fold")
    for heading in ("Before", "Found", "Error", "Interval before", "95 % interval now", "Left open"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in found.numbers:
        before = f"{_short(one.prior[0])} to {_short(one.prior[1])}{' (free)' if one.free else ''}"
        now = f"{_short(one.interval[0])} to {_short(one.interval[1])}"
        table.add_row(
            one.path, _short(one.before), _short(one.found), _error(one), before, now, f"{100 * one.kept:.0f} %"
        )
    console().print(table)


def _short(value: float) -> str:
    return f"{value:.4g}"


def _error(one: FoundNumber) -> str:
    return f"± {one.mcse:.2g}" if math.isfinite(one.mcse) else "?"


def found_as_json(found: FoundValues) -> dict[str, Any]:
    """What a calibration found as one object for scripts.

    Args:
        found: what a calibration found.
    """
    told = {
        "scenario": found.scenario.name,
        "people": found.people,
        "seed": found.seed,
        "met": found.met,
        "numbers": [dataclasses.asdict(one) for one in found.numbers],
        "targets": [dataclasses.asdict(one) for one in found.targets],
        "correlation": found.correlation,
        "notes": found.notes,
    }
    return _plain(told)  # type: ignore[no-any-return]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
