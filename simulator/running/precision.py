"""Rows are added to a run until its mean net saving is as precise as asked.

The half-width of the 95 % confidence interval of the mean discounted net saving, in pounds a person of the place,

    half = 1.96 x Monte Carlo standard error of the mean      the largest of the programme arms

falls with the square root of the rows, so rows x (half / asked)^2 are needed: after the first 32 rows that is the V and
the formula of `running.size`. No more than four times the rows are taken at once, since an error from few batches is
itself uncertain. The aim is in pounds and never a share of the saving, which may be nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from simulator.running.run import Run, run
from simulator.running.size import PILOT, whole_batches
from simulator.scenario.tables import Scenario
from simulator.uncertainty.sample import BATCH_ROWS

__all__ = ["half_width", "until_precise"]

CONFIDENCE = 1.96  # standard errors on each side of a mean: 95 %
AT_ONCE = 4
MOST_ROWS = 2**16


def half_width(done: Run) -> float:
    """Half-width of the mean discounted net saving, in pounds for each person of the place.

    The widest arm counts; without a programme it is 0.

    Args:
        done: the run.
    """
    findings = done.findings()
    return max((CONFIDENCE * float(findings.per_head(arm.arm).expected.mcse) for arm in findings.arms), default=0.0)


def until_precise(
    scenario: Scenario,
    pounds: float,
    *,
    rows: int | None = None,
    out: Path | None = None,
    resume: bool = False,
    told: Callable[[int, float], None] = lambda rows, half: None,
    **asked: Any,
) -> Run:
    """Simulate rows, and more rows, until the half-width of the mean net saving is below so many pounds.

    Args:
        scenario: resolved scenario.
        pounds: half-width asked for, for each person of the place.
        rows: how many to begin with; 32, or as many as there are on resuming, if left out.
        out: results folder; rows are kept elsewhere meanwhile if left out.
        resume: as in `run`.
        told: called with the rows done and the half-width reached, each time.
        asked: anything else that `run` takes.

    Returns:
        The run; less precise than asked only where 65,536 rows did not do.

    Raises:
        ValueError: if pounds are not above 0.

    Example:
        >>> import simulator as sim
        >>> sim.until_precise(sim.read("befriending"), 5.0, people=2000)  # doctest: +SKIP
    """
    if not pounds > 0.0:
        raise ValueError(f"pounds: {pounds!r} is not above 0; write the half-width that is precise enough, such as 5")
    if out is None:
        with TemporaryDirectory() as folder:
            return until_precise(scenario, pounds, rows=rows, out=Path(folder), told=told, **asked)
    begun = PILOT if rows is None and not (resume and (out / "inputs.json").exists()) else rows
    done = run(scenario, rows=begun, out=out, resume=resume, **asked)
    while True:
        half = half_width(done)
        told(done.rows, half)
        if half <= pounds or done.rows >= MOST_ROWS:
            return done
        done = run(scenario, rows=more_rows(done.rows, half / pounds), out=out, resume=True, **asked)


def more_rows(rows: int, times_too_wide: float) -> int:
    """How many rows to have next, in whole batches.

    >>> more_rows(64, 1.2), more_rows(64, 1.001), more_rows(64, 50.0)
    (96, 96, 256)
    """
    wanted = max(min(rows * times_too_wide**2, AT_ONCE * rows), rows + 1, BATCH_ROWS)
    return min(MOST_ROWS, whole_batches(wanted))
