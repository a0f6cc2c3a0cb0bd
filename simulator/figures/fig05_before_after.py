"""The before-after illusion: what an uncontrolled evaluation would report beside what the programme does."""

from __future__ import annotations

import textwrap

import numpy as np
from matplotlib.axes import Axes

from simulator.figures.style import (
    BLUE,
    GREY,
    ORANGE,
    HasFindings,
    chosen,
    explain,
    legend,
    percent,
    percent_axis,
    sampled,
    say_instead,
    setting,
    styled,
)
from simulator.findings import ArmFindings, Findings
from simulator.findings.activity import in_the_field
from simulator.findings.before_after import BeforeAfter
from simulator.uncertainty.ranges import Band

MOST = 6
LABEL_CHARACTERS = 24
FURTHEST, ROOM, OFFSET = 1.0, 0.12, 0.16
PER = "person-year alive"
NOTHING = "nobody's {window} before and after the start lie within the run"


def before_after(source: Findings | HasFindings, arm: str | None = None, *, ax: Axes | None = None) -> Axes:
    """For each measure: the change of participants, and the change against the same people without the programme.

    Args:
        source: findings, or a run.
        arm: the programme arm; the first when none is named.
        ax: axes to draw on; new ones when none are given.

    Returns:
        The axes.

    Raises:
        KeyError: when no arm has that name.
    """
    findings, arm_findings = chosen(source, arm)
    entries = measures(arm_findings)
    with styled(ax) as axes:
        if entries:
            _draw(axes, entries, findings)
        else:
            say_instead(axes, NOTHING.format(window=findings.window))
        explain(
            axes,
            _title(arm_findings, entries, findings),
            _subtitle(findings),
            _note(entries, findings),
            _alt(entries, findings),
        )
        return axes


def _draw(axes: Axes, entries: list[BeforeAfter], findings: Findings) -> None:
    """Two points for each measure, the first measure on top."""
    for place, entry in enumerate(reversed(entries)):
        _mark(axes, place + OFFSET, entry.naive, ORANGE, "D", "" if place else "before and after")
        _mark(axes, place - OFFSET, entry.true, BLUE, "o", "" if place else "against the same people without it")
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axes.axvline(0, color=GREY, linewidth=1.5, zorder=1)
    named = [textwrap.fill(in_the_field(e.measure, findings.place_titles), LABEL_CHARACTERS) for e in reversed(entries)]
    axes.set_yticks(np.arange(len(entries)), named)
    axes.set_ylim(-0.6, len(entries) - 0.4)
    axes.set_xlim(right=min(axes.get_xlim()[1], FURTHEST) + ROOM)
    percent_axis(axes, "x")
    axes.set_xlabel(f"Change in the {findings.window} after the start")
    legend(axes)


def measures(arm_findings: ArmFindings) -> list[BeforeAfter]:
    """What is drawn: starters' rates by person-year alive, each journey once (all visits, or emergencies alone)."""
    entries = {
        e.measure: e for e in arm_findings.before_after if (e.who, e.per) == ("starters", PER) and e.naive and e.true
    }
    journeys = [e for name, e in entries.items() if name.startswith(("emergency:", "visits:", "days:"))]
    return [e for e in journeys if not _repeats_visits(e, entries)][:MOST]


def _repeats_visits(entry: BeforeAfter, entries: dict[str, BeforeAfter]) -> bool:
    """Days of visits shorter than a day, and emergencies where every visit is one."""
    kind, _, place = entry.measure.partition(":")
    visits = entries.get(f"visits:{place}")
    if visits is None or kind == "visits":
        return False
    return entry.before < visits.before if kind == "days" else entry.before == visits.before


def _mark(axes: Axes, at: float, change: Band | None, colour: str, marker: str, label: str) -> None:
    if change is None:
        return
    middle = float(change.mean)
    axes.plot([float(change.low), float(change.high)], [at, at], color=colour, linewidth=1.5)
    axes.plot([middle], [at], color=colour, marker=marker, markersize=9, linewidth=0, label=label or None)
    end = min(float(change.high), FURTHEST)
    axes.annotate(
        percent(middle), (end, at), (8, 0), textcoords="offset points", va="center", color=colour, fontsize=10,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
    )  # fmt: skip


def _title(arm_findings: ArmFindings, entries: list[BeforeAfter], findings: Findings) -> str:
    if not entries:
        return f"{arm_findings.title}: {NOTHING.format(window=findings.window)} (before and after)"
    widest = max(entries, key=_gap)
    naive, true = (0.0 if band is None else float(band.mean) for band in (widest.naive, widest.true))
    measure = in_the_field(widest.measure, findings.place_titles)
    return (
        f"{arm_findings.title}: {percent(naive)} before and after, "
        f"{percent(true)} against the same people without it ({measure})"
    )


def _gap(entry: BeforeAfter) -> float:
    assert entry.naive is not None and entry.true is not None
    return abs(float(entry.naive.mean) - float(entry.true.mean))


def _subtitle(findings: Findings) -> str:
    return f"People who started, rates per person-year alive, {findings.window} before and after; {setting(findings)}"


def _note(entries: list[BeforeAfter], findings: Findings) -> str:
    people = f"{entries[0].people:,.0f} people of the place have both windows in the run. " if entries else ""
    lines = "Lines: 95 % range over sampled sets of parameters, the chance of the simulated people included."
    return f"{lines} {people}{sampled(findings)}."


def _alt(entries: list[BeforeAfter], findings: Findings) -> str:
    changes = [
        f"{in_the_field(e.measure, findings.place_titles)}: {percent(float(e.naive.mean))} before and after, "
        f"{percent(float(e.true.mean))} against the same people without it"
        for e in entries
        if e.naive and e.true
    ]
    return f"Two points for each measure. {'; '.join(changes)}."
