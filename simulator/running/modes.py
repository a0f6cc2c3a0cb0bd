"""A scenario in every mode of evidence, side by side: the same people and the same luck, other figures believed.

Draws are keyed by seed, person and occasion and never by the mode, so what differs between the lines is the evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from simulator.errors import RunError
from simulator.findings import ArmFindings
from simulator.findings.finding import MONEYS
from simulator.running.run import Run, run
from simulator.scenario.tables import MODE_WORDS, EvidenceMode, Scenario
from simulator.uncertainty.ranges import Band, Value

__all__ = ["modes", "side_by_side"]

ORDER: tuple[EvidenceMode, ...] = ("claimed", "calibrated", "sceptical")
Progress = Callable[[int, int], None]


def modes(
    scenario: Scenario,
    *,
    rows: int | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
    **asked: Any,
) -> dict[str, Run]:
    """A run of a scenario in each mode of evidence, with the same people and luck.

    Args:
        scenario: resolved scenario.
        rows: sampled sets of parameters, the same in each mode; chosen if left out.
        out: results folder; each mode has one inside it. Nothing is written if left out.
        progress: called with modes done and modes in all.
        asked: as in a run: people, seed, engine, workers.

    Returns:
        Runs by mode: as reported, best independent evidence, track record of similar programmes.

    Raises:
        RunError: a mode without what it needs, such as a record of similar programmes.

    Example:
        >>> import simulator as sim
        >>> side_by_side(sim.modes(sim.read("befriending"), rows=64))  # doctest: +SKIP
    """
    if len(scenario.all_arms()) < 2:
        raise RunError(f"{scenario.name}: found no programme; allowed a scenario with one; modes differ in its effects")
    runs: dict[str, Run] = {}
    for number, mode in enumerate(ORDER, start=1):
        folder = None if out is None else Path(out) / mode
        runs[mode] = run(scenario, evidence=mode, out=folder, rows=rows, **asked)
        rows = runs[mode].rows  # the first chooses, where none are asked for
        if progress is not None:
            progress(number, len(ORDER))
    return runs


def side_by_side(runs: Mapping[str, Run]) -> list[dict[str, Any]]:
    """One row for each programme arm and mode: net saving as value and as cash, QALYs, and the chance of a saving.

    Args:
        runs: by mode, from :func:`modes`.

    Returns:
        Present values of the whole place with 95 % ranges and Monte Carlo errors; public purse. ``states_health`` is
        false where nothing in that mode of evidence moves quality of life or lives.
    """
    return [row for mode, each in runs.items() for arm in each.findings().arms for row in _rows(mode, arm)]


def _rows(mode: str, arm: ArmFindings) -> Iterator[dict[str, Any]]:
    row: dict[str, Any] = {"arm": arm.arm, "title": arm.title, "evidence": mode, "words": MODE_WORDS[mode]}
    row |= {"starts": float(arm.starts.mean)}
    for money in MONEYS:
        row |= _band(f"npv_{money}", arm.view(money=money).npv.place)
    row |= _band("qaly", arm.health.qaly.place)
    for money in MONEYS:
        row |= _share(f"p_saves_{money}", arm.view(money=money).p_saving.at(-1))
    yield row | {
        "stated_benefits": float(arm.parts.stated.value),
        "states_health": bool(np.any(arm.health.qaly_rows)),
        "harm": arm.survivors.is_harm,
    }


def _band(name: str, band: Band) -> dict[str, float]:
    ends = {name: band.mean, f"{name}_mcse": band.mcse, f"{name}_low": band.low, f"{name}_high": band.high}
    return {key: _plain(end) for key, end in ends.items()}


def _share(name: str, share: Value) -> dict[str, float]:
    return {name: _plain(share.value), f"{name}_mcse": _plain(share.mcse)}


def _plain(figure: Any) -> float:
    return float(np.asarray(figure))
