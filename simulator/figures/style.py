"""One palette, one style sheet, one way of writing pounds and of saving: what all figures share.

Colours and style are those of the UK Government Analysis Function (afcharts); no colour speaks alone, lines differ in
dash and bars in hatch too. The same findings give the same bytes, on any machine with the same matplotlib.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Protocol

import matplotlib as mpl
import matplotlib.style
import numpy as np
from afcharts.af_colours import get_af_colours
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter
from matplotlib.transforms import offset_copy

from simulator.errors import RunError
from simulator.findings import ArmFindings, Findings
from simulator.findings.finding import pounds
from simulator.money.account import Array
from simulator.scenario.tables import MODE_WORDS

BLUE, TEAL, PLUM, ORANGE, GREY = get_af_colours("categorical", number_of_colours=5)
PALE, MIDDLE, BRIGHT, SHADE, SILVER = "#D3DEE8", "#8FA9C0", "#2073BC", "#F0F0F0", "#BFBFBF"
HATCHES = ("", "///", "...", "xx", "")
SIZE_INCHES, DOTS_PER_INCH = (9.0, 5.6), 150
POINTS_PER_INCH = 72
CHARACTERS = (74, 124, 138)  # in a line of title, subtitle, note
LABEL_CHARACTERS = 34
LEFT = 0.012
MOST_YEARS = 12
SALT = "simulator"
ALT = "alt text"
NO_CHANGE = "the programme changes no spending of the public purse"
STYLE = {
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 11,
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "axes.labelsize": 11,
    "legend.fontsize": 10,
    "axes.grid.axis": "y",
    "hatch.linewidth": 0.6,
    "svg.hashsalt": SALT,
    "axes.unicode_minus": True,
}


class HasFindings(Protocol):
    """A run, or anything else that has findings."""

    def findings(self) -> Findings:
        """The decision tables."""
        ...


class Picture(Figure):
    """A figure that notebooks display by themselves."""

    def _repr_png_(self) -> bytes:
        return as_bytes(self, "png")


def findings_in(source: Findings | HasFindings) -> Findings:
    """Findings as they are, or those of a run."""
    return source if isinstance(source, Findings) else source.findings()


def chosen(source: Findings | HasFindings, arm: str | None) -> tuple[Findings, ArmFindings]:
    """Findings and the arm to draw: the first programme arm unless one is named.

    Raises:
        KeyError: when no arm has that name.
        RunError: when there is no programme arm at all.
    """
    findings = findings_in(source)
    if not findings.arms:
        raise RunError("this run has no programme arm, so there is nothing to draw")
    return findings, findings.arms[0] if arm is None else findings.arm(arm)


@contextmanager
def styled(ax: Axes | None) -> Iterator[Axes]:
    """The axes to draw on, made when none are given, in the house style."""
    with mpl.style.context(["afcharts.afcharts", STYLE]):
        yield Picture(figsize=SIZE_INCHES, layout="constrained").add_subplot() if ax is None else ax


def explain(ax: Axes, title: str, subtitle: str, note: str, alt: str) -> None:
    """Title (the finding), subtitle (what is shown), note (under the axes) and alt text of a figure.

    On the analyst's own axes only the title is written; the alt text holds all of it.

    Args:
        ax: the axes.
        title: what this run found.
        subtitle: what is drawn, in which prices.
        note: how it was simulated, and how sure the numbers are.
        alt: what the picture shows, for those who cannot see it.
    """
    ax.text(0, 0, f"{title}. {subtitle}. {alt} {note}", visible=False, gid=ALT)
    if isinstance(ax.figure, Picture):
        _around(ax.figure, *(textwrap.fill(*text) for text in zip((title, subtitle, note), CHARACTERS, strict=True)))
    else:
        ax.set_title(textwrap.fill(title, 60), loc="left")


def _around(figure: Picture, title: str, subtitle: str, note: str) -> None:
    """Title and subtitle above the axes, the note below, and the axes in what is left."""
    height = figure.get_figheight() * POINTS_PER_INCH
    below_title = 8 + title.count("\n") * 17 + 22
    top = below_title + (subtitle.count("\n") + 1) * 13.5 + 4
    bottom = (note.count("\n") + 1) * 12 + 10
    figure.suptitle(title, x=LEFT, y=1 - 8 / height, ha="left", va="top", fontsize=13.5, fontweight="bold")
    figure.text(LEFT, 1 - below_title / height, subtitle, va="top", fontsize=9.5, color=GREY)
    figure.text(LEFT, 6 / height, note, va="bottom", fontsize=8.5, color=GREY)
    figure.set_layout_engine("constrained", rect=(LEFT / 2, bottom / height, 1 - LEFT, 1 - (top + bottom) / height))


def legend(ax: Axes, columns: int = 4) -> None:
    """The legend in a row under the axes, where it covers nothing."""
    below = offset_copy(ax.transAxes, fig=ax.get_figure(root=True), y=-44, units="points")
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(
        handles,
        [textwrap.fill(label, LABEL_CHARACTERS) for label in labels],
        loc="upper left",
        bbox_to_anchor=(0, 0),
        bbox_transform=below,
        ncols=columns,
        borderaxespad=0,
        handlelength=1.8,
    )


def setting(findings: Findings) -> str:
    """Prices, place and evidence of a run, for subtitles.

    Args:
        findings: of the run.
    """
    return (
        f"{findings.price_year} prices, a place of {findings.place_size:,.0f} people, "
        f"effects: {MODE_WORDS.get(findings.evidence, findings.evidence)}"
    )


def sampled(findings: Findings) -> str:
    """How many futures a figure rests on, for notes."""
    return findings.simulated()


def error_words(mcse: Array) -> str:
    """A Monte Carlo error as it is printed; a single set of parameters has none.

    >>> import numpy as np
    >>> error_words(np.array(1234.0)), error_words(np.array(np.nan))
    ('± £1,230', 'unknown')
    """
    return f"± {pounds(float(mcse))}" if np.isfinite(mcse) else "unknown"


def money_axis(ax: Axes, which: str = "y") -> None:
    """Pounds along an axis."""
    axis = ax.yaxis if which == "y" else ax.xaxis
    axis.set_major_formatter(FuncFormatter(lambda amount, _: short_pounds(amount)))


def percent_axis(ax: Axes, which: str = "y") -> None:
    """Shares along an axis, as per cent."""
    axis = ax.yaxis if which == "y" else ax.xaxis
    axis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))


def year_axis(ax: Axes, names: Sequence[str]) -> None:
    """Ends of years along the horizontal axis, from the start; at most twelve are named.

    Args:
        ax: the axes.
        names: what each year is called.
    """
    every = -(-len(names) // MOST_YEARS)
    ends = range(every, len(names) + 1, every)
    ax.set_xlim(0, len(names))
    ax.set_xticks(list(ends), [short_year(names[end - 1]) for end in ends])
    ax.set_xlabel(f"End of the {year_words(names)}")


def year_words(names: Sequence[str]) -> str:
    """What the names under an axis are: years by number, or by date.

    >>> year_words(["year 0", "year 1"]), year_words(["2026/27", "2027/28"]), year_words(["2026"])
    ('year (0 is the first)', 'financial year', 'year')
    """
    if names[0].startswith("year "):
        return "year (0 is the first)"
    return "financial year" if "/" in names[0] else "year"


def short_year(name: str) -> str:
    """A year as it stands under an axis that says what it is.

    >>> short_year("year 3"), short_year("2026/27")
    ('3', '2026/27')
    """
    return name.removeprefix("year ")


def say_instead(ax: Axes, words: str) -> None:
    """Words in the place of a picture that has nothing to show.

    Args:
        ax: the axes.
        words: why there is nothing.
    """
    ax.set_axis_off()
    ax.text(
        0.5, 0.5, textwrap.fill(words, LABEL_CHARACTERS), transform=ax.transAxes, ha="center", color=GREY, fontsize=14
    )


def short_pounds(amount: float, digits: int = 4) -> str:
    """Pounds as on an axis.

    Args:
        amount: pounds.
        digits: significant digits.

    >>> short_pounds(-1_500_000.0), short_pounds(250_000.0), short_pounds(0.0), short_pounds(81.6, 2)
    ('−£1.5m', '£250k', '£0', '£82')
    """
    sign, size = "−" if amount < 0 else "", abs(float(f"{amount:.{digits}g}"))
    unit, name = next(((unit, name) for unit, name in ((1e6, "m"), (1e3, "k")) if size >= unit), (1, ""))
    return f"{sign}£{size / unit:,.{digits}g}{name}"


def percent(share: float) -> str:
    """A change as it is printed, with its sign.

    >>> percent(-0.26), percent(0.104), percent(0.0)
    ('−26 %', '+10 %', '0 %')
    """
    digits = f"{share * 100:+.0f}".replace("-", "−")
    return "0 %" if digits in ("+0", "−0") else f"{digits} %"


# ---------------------------------------------------------------------------------------------- saving


def alt_text(figure: Figure) -> str:
    """What a figure shows, for those who cannot see it: computed from the findings when it was drawn.

    Args:
        figure: a figure with axes of this package.
    """
    return "\n".join(text.get_text() for ax in figure.axes for text in ax.texts if text.get_gid() == ALT)


def save(figure: Figure, path: str | Path) -> tuple[Path, Path]:
    """Write a figure as png and svg; the same figure gives the same bytes.

    Args:
        figure: the figure.
        path: where to, without ending.

    Returns:
        The two files.
    """
    stem = Path(path)
    stem.parent.mkdir(parents=True, exist_ok=True)
    written = stem.with_name(f"{stem.name}.png"), stem.with_name(f"{stem.name}.svg")
    with _laid_out(figure):
        for file, kind in zip(written, ("png", "svg"), strict=True):
            file.write_bytes(as_bytes(figure, kind))
    return written


@contextmanager
def _laid_out(figure: Figure) -> Iterator[None]:
    """Place everything once, not again for each file: that takes as long as drawing."""
    layout = figure.get_layout_engine()
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    try:
        yield
    finally:
        figure.set_layout_engine(layout)


def as_bytes(figure: Figure, kind: str) -> bytes:
    """A figure as png or svg, its alt text inside, without date or version.

    Args:
        figure: the figure.
        kind: "png" or "svg".
    """
    about: dict[str, str | None] = {"Title": alt_text(figure).partition(". ")[0], "Description": alt_text(figure)}
    about |= {"Software": None} if kind == "png" else {"Date": None, "Creator": None}
    buffer = BytesIO()
    with mpl.rc_context({"svg.hashsalt": SALT}):
        figure.savefig(buffer, format=kind, dpi=DOTS_PER_INCH, metadata=about)
    return buffer.getvalue()
