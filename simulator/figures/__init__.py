"""Turns findings into pictures for a business case: each title says what this run found. Nothing is calculated here.

Each file ``figNN_NAME.py`` is one picture, drawn by its function NAME; the numbers are the order they are shown in.
Every figure takes findings (or a run) and the arm it is about, and gives back its axes, so that it can be a picture of
its own or a part of the analyst's. Nothing that draws is imported before a picture is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.errors import RunError, no_such

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simulator.figures.style import HasFindings
    from simulator.findings import Findings

FILE = re.compile(r"fig\d\d_(?P<name>\w+)")
FROM_STYLE = ("alt_text", "save")
OVERVIEW = "overview"  # of many scenarios, and so not among the figures of a run


class Figures(Mapping[str, "Callable[..., Axes]"]):
    """The functions that draw, by name, as the files of this folder say; each is imported when it is asked for."""

    def __init__(self) -> None:
        stems = sorted(path.stem for path in Path(__file__).parent.glob("fig*.py"))
        self._modules = {match["name"]: match.string for stem in stems if (match := FILE.fullmatch(stem))}

    def __getitem__(self, name: str) -> Callable[..., Axes]:
        module = import_module(f"{__name__}.{self._modules[name]}")
        figure: Callable[..., Axes] = getattr(module, name)
        return figure

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)


FIGURES = Figures()


def draw(name: str, source: Findings | HasFindings, arm: str | None = None) -> Figure:
    """One figure by name.

    Args:
        name: one of FIGURES.
        source: findings, or a run.
        arm: the programme arm; the first when none is named.

    Raises:
        RunError: when no figure has that name.
    """
    from matplotlib.figure import Figure

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
    from simulator.figures.style import findings_in, save

    findings = findings_in(source)
    files: list[Path] = []
    for arm in findings.arms:
        ending = "" if len(findings.arms) == 1 else f"_{_file_name(arm.arm)}"
        for name in names:
            files += save(draw(name, findings, arm.arm), Path(folder) / f"{name}{ending}")
    return files


def _file_name(arm: str) -> str:
    return re.sub(r"\W+", "_", arm).strip("_").lower()


def __getattr__(name: str) -> Any:
    """A figure, or what all figures share, imported when first asked for."""
    if name in FIGURES:
        return FIGURES[name]
    if name == OVERVIEW:
        return getattr(import_module(f"{__name__}.all_programmes"), OVERVIEW)
    if name in FROM_STYLE:
        return getattr(import_module(f"{__name__}.style"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'; it offers {', '.join(__dir__())}")


def __dir__() -> list[str]:
    return sorted({*FIGURES, *FROM_STYLE, OVERVIEW, "FIGURES", "draw", "save_all"})
