"""The distribution of the net present value over simulated futures of a place of this size."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from simulator.figures.style import (
    BRIGHT,
    GREY,
    NO_CHANGE,
    ORANGE,
    HasFindings,
    chosen,
    explain,
    legend,
    money_axis,
    percent_axis,
    sampled,
    say_instead,
    setting,
    short_pounds,
    styled,
)
from simulator.findings import ArmFindings, Findings, survivors
from simulator.findings.finding import chance, give_or_take, low_to_high, net, net_give_or_take, per_cent
from simulator.money.account import Array

BINS = 40


def npv_distribution(source: Findings | HasFindings, arm: str | None = None, *, ax: Axes | None = None) -> Axes:
    """How many simulated futures end with which net saving, those that cost apart from those that save.

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
    with styled(ax) as axes:
        if arm_findings.view().payback.status == "no investment":
            say_instead(axes, NO_CHANGE)
        else:
            _draw(axes, arm_findings, findings.years)
        explain(
            axes,
            _title(arm_findings, findings.years),
            _subtitle(findings),
            _note(arm_findings, findings),
            _alt(arm_findings),
        )
        return axes


def _draw(axes: Axes, arm_findings: ArmFindings, years: int) -> None:
    _bars(axes, arm_findings)
    money_axis(axes, "x")
    percent_axis(axes)
    axes.set_xlabel(f"Net present value over {years} years")
    axes.set_ylabel("Share of futures")
    legend(axes)


def _bars(axes: Axes, arm_findings: ArmFindings) -> None:
    draws = arm_findings.view().place_paths[:, -1]
    edges = _edges(draws)
    heights, _ = np.histogram(draws, edges, weights=np.full(len(draws), 1 / len(draws)))
    saves = float(arm_findings.view().p_saving.value[-1])
    cost, saving = (f"net {what} ({per_cent(p)} of futures)" for what, p in (("cost", 1 - saves), ("saving", saves)))
    for side, colour, hatch, label in ((edges[:-1] < 0, ORANGE, "///", cost), (edges[:-1] >= 0, BRIGHT, "", saving)):
        drawn_bins = side & (heights > 0)
        if drawn_bins.any():
            left_edges, width = edges[:-1][drawn_bins], np.diff(edges)[drawn_bins]
            axes.bar(
                left_edges,
                heights[drawn_bins],
                width,
                align="edge",
                color=colour,
                hatch=hatch,
                edgecolor="white",
                label=label,
            )
    mean = float(arm_findings.view().npv.mean)
    axes.axvline(0, color=GREY, linewidth=1.5)
    axes.axvline(mean, color="black", linestyle="--", label=f"mean, {short_pounds(mean, 3)}")


def _edges(draws: Array) -> Array:
    """Bins of one width with an edge at zero."""
    low, high = min(float(draws.min()), 0.0), max(float(draws.max()), 0.0)
    width = (high - low) / BINS or 1.0
    first, last = np.floor(low / width), np.ceil(high / width)
    return np.arange(first, max(last, first + 1) + 1) * width


def _title(arm_findings: ArmFindings, years: int) -> str:
    if arm_findings.survivors.is_harm:
        return f"{arm_findings.title}: {survivors.HEADLINE} (futures by net saving)"
    if arm_findings.view().payback.status == "no investment":
        return f"{arm_findings.title}: {NO_CHANGE} (futures by net saving)"
    return f"{arm_findings.title}: it saves in {chance(arm_findings.view().p_saving.at(-1))} within {years} years"


def _subtitle(findings: Findings) -> str:
    return f"Net saving to the public purse after programme cost, present value; {setting(findings)}"


def _note(arm_findings: ArmFindings, findings: Findings) -> str:
    npv, worst = arm_findings.view().npv.place, arm_findings.view().shortfall
    tenth = f"{net(float(worst.value), float(worst.mcse))}{give_or_take(float(worst.mcse))}"
    return f"Mean: {net_give_or_take(npv)}; mean of the worst tenth: {tenth}. {sampled(findings)}."


def _alt(arm_findings: ArmFindings) -> str:
    band = arm_findings.view().npv.place
    return f"Histogram. 95 % of futures: {low_to_high(band)}; half lie below {net(float(band.median))}."
