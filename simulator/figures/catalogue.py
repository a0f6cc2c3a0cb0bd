"""All figures by name, and all of a run at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.errors import RunError, no_such
from simulator.figures.distribution import npv_distribution
from simulator.figures.fan import savings_fan
from simulator.figures.illusion import before_after
from simulator.figures.payback import payback_curve
from simulator.figures.payers import saving_by_payer
from simulator.figures.style import HasFindings, save
from simulator.findings import Findings

FIGURES: dict[str, Callable[..., Axes]] = {
    "savings_fan": savings_fan,
    "npv_distribution": npv_distribution,
    "payback_curve": payback_curve,
    "saving_by_payer": saving_by_payer,
    "before_after": before_after,
}


def draw(name: str, source: Findings | HasFindings, arm: str | None = None) -> Figure:
    """One figure by name.

    Args:
        name: one of FIGURES.
        source: findings, or a run.
        arm: the programme arm; the first when none is named.

    Raises:
        RunError: when no figure has that name.
    """
    if name not in FIGURES:
        raise RunError(no_such("figure", name, FIGURES))
    figure = FIGURES[name](source, arm).figure
    assert isinstance(figure, Figure)
    return figure


def save_all(source: Findings | HasFindings, folder: str | Path, names: Iterable[str] = FIGURES) -> list[Path]:
    """Every figure of every programme arm, as png and svg.

    Args:
        source: findings, or a run.
        folder: where to; made if it is not there.
        names: which figures.

    Returns:
        The files. With several arms each name ends with the arm's.

    Raises:
        RunError: when no figure has one of the names.
    """
    findings = source if isinstance(source, Findings) else source.findings()
    files: list[Path] = []
    for arm in findings.arms:
        ending = "" if len(findings.arms) == 1 else f"_{_file_name(arm.arm)}"
        for name in names:
            files += save(draw(name, findings, arm.arm), Path(folder) / f"{name}{ending}")
    return files


def _file_name(arm: str) -> str:
    return re.sub(r"\W+", "_", arm).strip("_").lower()
