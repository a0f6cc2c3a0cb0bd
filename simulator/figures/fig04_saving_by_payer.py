"""Cash by budget and year: who pays and who gains."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from simulator.figures.style import (
    BLUE,
    GREY,
    HATCHES,
    MOST_YEARS,
    ORANGE,
    PLUM,
    SILVER,
    TEAL,
    HasFindings,
    chosen,
    explain,
    legend,
    money_axis,
    sampled,
    say_instead,
    setting,
    short_year,
    styled,
    year_words,
)
from simulator.findings import ArmFindings, Findings, survivors
from simulator.findings.finding import SOCIETY, end, pounds
from simulator.findings.saving import View
from simulator.money.account import Array

COLOURS = (BLUE, ORANGE, TEAL, PLUM, SILVER)
MOST, OTHER = 4, "other"
NOTHING = "no budget changes in cash"


def saving_by_payer(source: Findings | HasFindings, arm: str | None = None, *, ax: Axes | None = None) -> Axes:
    """Mean cash of each year by holder of a budget, costs below zero; the four largest and the others together.

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
    bars = _bars(arm_findings, findings)
    with styled(ax) as axes:
        if bars:
            _draw(axes, bars, arm_findings.view(SOCIETY, "cash").discounted_by_year.mean, findings.year_names)
        else:
            say_instead(axes, NOTHING)
        explain(axes, _title(arm_findings, findings), _subtitle(findings), _note(findings), _alt(bars))
        return axes


def _draw(axes: Axes, bars: dict[str, Array], total: Array, names: Sequence[str]) -> None:
    """Bars of each year, the net of all on them."""
    _stack(axes, bars)
    axes.plot(
        np.arange(len(total)), total, color="black", marker="D", markeredgecolor="white", markersize=9, linewidth=0,
        label="net of all", zorder=3,
    )  # fmt: skip
    axes.axhline(0, color=GREY, linewidth=1)
    axes.use_sticky_edges = False
    axes.margins(y=0.08)
    shown = range(0, len(names), -(-len(names) // MOST_YEARS))
    axes.set_xticks(list(shown), [short_year(names[year]) for year in shown])
    words = year_words(names)
    axes.set_xlabel(f"{words[0].upper()}{words[1:]}")
    money_axis(axes)
    axes.set_ylabel("Cash of the year, present value")
    legend(axes, columns=2)


def _bars(arm_findings: ArmFindings, findings: Findings) -> dict[str, Array]:
    """Yearly means by payer title, the largest first, what is left over as one."""
    views = sorted(_moved(arm_findings), key=lambda view: -float(np.abs(view.discounted_by_year.mean).sum()))
    bars = {findings.payer_titles.get(view.payer, view.payer): view.discounted_by_year.mean for view in views[:MOST]}
    rest = [view.discounted_by_year.mean for view in views[MOST:]]
    return {**bars, OTHER: np.sum(rest, axis=0)} if rest else bars


def _moved(arm_findings: ArmFindings) -> list[View]:
    return [view for view in arm_findings.payer_views() if np.any(view.discounted_by_year.mean)]


def _stack(axes: Axes, bars: dict[str, Array]) -> None:
    years = len(next(iter(bars.values()), []))
    up, down = np.zeros(years), np.zeros(years)
    for (label, heights), colour, hatch in zip(bars.items(), COLOURS, HATCHES, strict=False):
        base = np.where(heights >= 0, up, down)
        axes.bar(np.arange(years), heights, 0.7, base, color=colour, hatch=hatch, edgecolor="white", label=label)
        up, down = up + np.maximum(heights, 0), down + np.minimum(heights, 0)


def _title(arm_findings: ArmFindings, findings: Findings) -> str:
    if arm_findings.survivors.is_harm:
        return f"{arm_findings.title}: {survivors.HEADLINE} (cash by budget)"
    totals = {findings.payer_titles.get(v.payer, v.payer): float(v.npv.mean) for v in _moved(arm_findings)}
    if not totals:
        return f"{arm_findings.title}: {NOTHING} (cash by budget)"
    loser, gainer = min(totals, key=lambda name: totals[name]), max(totals, key=lambda name: totals[name])
    cost, saving = (f"{name} ({pounds(totals[name])})" for name in (loser, gainer))
    if totals[loser] >= 0:
        return f"{arm_findings.title}: the largest saving falls to {saving}, and nobody pays more"
    gain = f"the largest saving on {saving}" if totals[gainer] > 0 else "and nobody saves"
    return f"{arm_findings.title}: the largest cost falls on {cost}, {gain}"


def _subtitle(findings: Findings) -> str:
    return f"Mean cash by budget and year, present value, costs below zero; {setting(findings)}"


def _note(findings: Findings) -> str:
    said = f"Totals in the title are over {findings.years} years. Capacity that is freed or taken up is in no budget."
    return f"{said} {sampled(findings)}."


def _alt(bars: dict[str, Array]) -> str:
    totals = ", ".join(f"{name}: {end(float(bar.sum()))}" for name, bar in bars.items())
    return f"Stacked bars by year. Over all years: {totals}."
