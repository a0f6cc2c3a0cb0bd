"""Every programme of a library in one picture: net saving for each start, a row a programme and a mark a mode.

Rows are those of `running.overview`: the mark is the mean, the line the 95 % range of a place of this size. The
scale is even up to 100 pounds on either side of nothing and logarithmic beyond: small and large programmes can be read.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any, cast

from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from simulator.figures.style import (
    BLUE,
    GREY,
    MIDDLE,
    ORANGE,
    SHADE,
    SIZE_INCHES,
    explain,
    legend,
    money_axis,
    say_instead,
    short_pounds,
    styled,
)
from simulator.scenario.tables import MODE_WORDS, EvidenceMode

MARKS = {"claimed": (ORANGE, "^", -0.22), "calibrated": (BLUE, "o", 0.0), "sceptical": (MIDDLE, "s", 0.22)}
EVEN_TO_GBP = 100.0
ROW_INCHES, AROUND_INCHES, LEAST_INCHES = 0.52, 2.6, 4.5
LABEL_CHARACTERS = 38
NOTHING = "there is no programme to show"
NO_FIGURE = "no usable figure in circulation"
Lines = Sequence[dict[str, Any]]
Key = tuple[str, str, str]  # population, scenario, arm


def overview(lines: Lines, *, ax: Axes | None = None) -> Axes:
    """Net saving to the public purse for each start, of every programme in every mode of evidence.

    Args:
        lines: of an overview, the modes of one programme below each other.
        ax: axes to draw on; new ones when none are given.

    Returns:
        The axes.
    """
    with styled(ax) as axes:
        programmes = list(dict.fromkeys((line["population"], line["scenario"], line["arm"]) for line in lines))
        if ax is None:
            height = AROUND_INCHES + ROW_INCHES * (len(programmes) + len({key[0] for key in programmes}))
            figure = axes.get_figure(root=True)
            assert figure is not None
            figure.set_size_inches(SIZE_INCHES[0], max(height, LEAST_INCHES))
        if lines:
            _draw(axes, lines, programmes)
        else:
            say_instead(axes, NOTHING)
        explain(axes, _title(lines), _subtitle(), _note(), _alt(lines))
        return axes


def _draw(axes: Axes, lines: Lines, programmes: Sequence[Key]) -> None:
    places = _places(programmes)
    for at in list(places.values())[::2]:
        axes.axhspan(at - 0.5, at + 0.5, color=SHADE, zorder=0, linewidth=0)
    _name_populations(axes, places)
    for mode in MARKS:
        _mark(axes, mode, [line for line in lines if line["evidence"] == mode], places)
    axes.axvline(0, color="black", linewidth=1, zorder=1)
    axes.set_xscale("symlog", linthresh=EVEN_TO_GBP)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_yticks(list(places.values()), [_name(next(ln for ln in lines if _key(ln) == key)) for key in places])
    axes.set_ylim(max(places.values()) + 0.6, -0.6)
    axes.grid(axis="x")
    axes.grid(visible=False, axis="y")
    money_axis(axes, "x")
    axes.set_xlabel(f"Net saving for each start (logarithmic beyond £{EVEN_TO_GBP:.0f})")
    legend(axes, columns=2)


def _places(programmes: Sequence[Key]) -> dict[Key, float]:
    """How far down each programme stands: a row each, and one for the name of each population above its own."""
    places, population, at = dict[Key, float](), "", 0.0
    for key in programmes:
        at += key[0] != population
        population, places[key] = key[0], at
        at += 1
    return places


def _name_populations(axes: Axes, places: dict[Key, float]) -> None:
    behind = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    for population in dict.fromkeys(key[0] for key in places):
        above = min(at for key, at in places.items() if key[0] == population) - 1
        axes.text(
            0.0, above, population, transform=axes.get_yaxis_transform(), va="center", fontsize=10, color=GREY,
            bbox=behind,
        )  # fmt: skip


def _mark(axes: Axes, mode: str, lines: Lines, places: dict[Key, float]) -> None:
    """Means and ranges of one mode; where it has no figure that is said."""
    colour, marker, shift = MARKS[mode]
    told = [line for line in lines if _is_told(line)]
    rows = [places[_key(line)] + shift for line in told]
    low, mean, high = ([line[f"net_saving{end}"] for line in told] for end in ("_low", "", "_high"))
    axes.hlines(rows, low, high, color=colour, linewidth=1.4, zorder=2)
    axes.plot(
        mean, rows, color=colour, marker=marker, markersize=7, linewidth=0, markeredgecolor="white",
        label=MODE_WORDS[cast(EvidenceMode, mode)], zorder=3,
    )  # fmt: skip
    for line in lines:
        if not line["has_figure"]:
            axes.text(0, places[_key(line)] + shift, f"  {NO_FIGURE}", va="center", fontsize=7.5, color=GREY)


def _key(line: dict[str, Any]) -> Key:
    return line["population"], line["scenario"], line["arm"]


def _is_told(line: dict[str, Any]) -> bool:
    """Whether a mode has a figure, and anybody starts."""
    return bool(line["has_figure"]) and line["net_saving"] == line["net_saving"]


def _name(line: dict[str, Any]) -> str:
    return textwrap.fill(f"{line['title']} ({line['years']} years)", LABEL_CHARACTERS)


def _saves(line: dict[str, Any]) -> bool:
    """Whether the mean saving is more than two Monte Carlo errors above nothing."""
    return _is_told(line) and bool(line["net_saving"] > 2 * line["net_saving_mcse"])


def _title(lines: Lines) -> str:
    if not lines:
        return f"All programmes: {NOTHING}"
    told = {mode: [line for line in lines if line["evidence"] == mode and _is_told(line)] for mode in MARKS}
    counts = {mode: sum(map(_saves, of_mode)) for mode, of_mode in told.items()}
    best = "none does" if counts["calibrated"] == 0 else f"{counts['calibrated']} of {len(told['calibrated'])} do"
    return (
        f"{counts['claimed']} of {len(told['claimed'])} programmes save public money as reported; "
        f"on the best independent evidence {best}"
    )


def _subtitle() -> str:
    return (
        "Mean and 95 % range of a place of its size, discounted net saving to the public purse over all years, "
        "costs below zero"
    )


def _note() -> str:
    return (
        "A programme counts as saving where its mean is more than two Monte Carlo errors above nothing. Freed capacity "
        "is in the saving at its value; what of it is cash stands in the table beside this picture."
    )


def _alt(lines: Lines) -> str:
    said = [f"{line['title']}, {MODE_WORDS[line['evidence']]}: {_in_words(line)}" for line in lines]
    return f"One row for each programme. {'; '.join(said)}."


def _in_words(line: dict[str, Any]) -> str:
    if not line["has_figure"]:
        return NO_FIGURE
    return short_pounds(line["net_saving"], 3) if _is_told(line) else "nobody starts"
