"""The fan chart of the cumulative net saving: first the cost, then perhaps the saving (the J-curve)."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from simulator.figures.style import (
    BLUE,
    GREY,
    MIDDLE,
    NO_CHANGE,
    ORANGE,
    PALE,
    SHADE,
    HasFindings,
    chosen,
    error_words,
    explain,
    legend,
    money_axis,
    sampled,
    say_instead,
    setting,
    short_pounds,
    styled,
    year_axis,
)
from simulator.findings import ArmFindings, Findings, survivors
from simulator.findings.finding import is_clear, low_to_high, net, net_give_or_take, value_of
from simulator.money.account import Array


def savings_fan(source: Findings | HasFindings, arm: str | None = None, *, ax: Axes | None = None) -> Axes:
    """Cumulative discounted net saving to the public purse, with the bands of a place of this size.

    Args:
        source: findings, or a run.
        arm: the programme arm; the first when none is named.
        ax: axes to draw on; new ones when none are given.

    Returns:
        The axes.

    Raises:
        KeyError: when no arm has that name.

    Example:
        >>> import simulator as sim
        >>> run = sim.run(sim.read("befriending"), rows=4, people=200)  # doctest: +SKIP
        >>> sim.figures.savings_fan(run).figure.savefig("fan.png")  # doctest: +SKIP
    """
    findings, arm_findings = chosen(source, arm)
    with styled(ax) as axes:
        if arm_findings.view().payback.status == "no investment":
            say_instead(axes, NO_CHANGE)
        else:
            _draw(axes, arm_findings, findings)
        explain(
            axes,
            _title(arm_findings, findings.years),
            _subtitle(findings),
            _note(arm_findings, findings),
            _alt(arm_findings),
        )
        return axes


def _draw(axes: Axes, arm_findings: ArmFindings, findings: Findings) -> None:
    _bands(axes, arm_findings, findings.years)
    _funding(axes, findings)
    _ends(axes, arm_findings, findings.years)
    axes.axhline(0, color=GREY, linewidth=1)
    year_axis(axes, findings.year_names)
    money_axis(axes)
    axes.set_ylabel("Cumulative net saving, present value")
    legend(axes, columns=5)


def _bands(axes: Axes, arm_findings: ArmFindings, years: int) -> None:
    band, cash = arm_findings.view().discounted.place, arm_findings.view(money="cash").discounted.place
    at = np.arange(years + 1)
    axes.fill_between(at, _from_zero(band.low), _from_zero(band.high), color=PALE, label="95 % of futures", linewidth=0)
    axes.fill_between(
        at, _from_zero(band.p10), _from_zero(band.p90), color=MIDDLE, label="80 % of futures", linewidth=0
    )
    axes.plot(at, _from_zero(band.mean), color=BLUE, linewidth=2.5, label="mean")
    axes.plot(at, _from_zero(cash.mean), color=ORANGE, linestyle="--", label="mean, cash only")


def _from_zero(path: Array) -> Array:
    return np.concatenate([[0.0], path])


def _funding(axes: Axes, findings: Findings) -> None:
    axes.axvspan(
        0, min(findings.funding_years, findings.years), color=SHADE, linewidth=0, zorder=0, label="funding period"
    )


def _ends(axes: Axes, arm_findings: ArmFindings, years: int) -> None:
    """Where the two means end, in pounds beside the axes; the higher one above the lower."""
    value, cash = (float(arm_findings.view(money=money).npv.mean) for money in ("value", "cash"))
    ends = ((value, cash, BLUE), (cash, value, ORANGE)) if value != cash else ((value, cash, BLUE),)
    for amount, other, colour in ends:
        axes.annotate(
            short_pounds(amount, 3), (years, amount), (6, 0), textcoords="offset points", color=colour,
            va="bottom" if amount >= other else "top", annotation_clip=False,
        )  # fmt: skip


def _title(arm_findings: ArmFindings, years: int) -> str:
    if arm_findings.survivors.is_harm:
        return f"{arm_findings.title}: {survivors.HEADLINE} (net saving to date)"
    if arm_findings.view().payback.status == "no investment":
        return f"{arm_findings.title}: {NO_CHANGE} (net saving to date)"
    band = arm_findings.view().npv.place
    total = f"{net_give_or_take(band)} on average over {years} years"
    if not is_clear(value_of(band)):
        total = f"about break-even, {total}, which this run can't tell from nothing"
    return f"{arm_findings.title}: {total} (95 %: {low_to_high(band)})"


def _subtitle(findings: Findings) -> str:
    what = "Cumulative net saving to the public purse after programme cost, present value, at the ends of years"
    return f"{what}; {setting(findings)}"


def _note(arm_findings: ArmFindings, findings: Findings) -> str:
    return (
        f"Bands: your place, {_inside(arm_findings)} together. {sampled(findings)}; Monte Carlo error of "
        f"the final mean {error_words(arm_findings.view().npv.place.mcse)}. Cash only: money that can be spent "
        "elsewhere; the rest is the value of capacity."
    )


def _inside(arm_findings: ArmFindings) -> str:
    between = "" if arm_findings.view().npv.new_place is None else ", differences between places"
    return f"parameters{between} and individual chance"


def _alt(arm_findings: ArmFindings) -> str:
    path = arm_findings.view().discounted.place.mean
    means = ", ".join(
        f"{net(float(x))} at the end of {year}" for year, x in zip(arm_findings.year_names, path, strict=True)
    )
    cash = net(float(arm_findings.view(money="cash").npv.place.mean))
    return f"Fan chart. The mean goes from 0 to {means}. In cash the mean ends at {cash}."
