"""The payback curve: the share of futures that have paid back, for good, by the end of each year."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from simulator.figures.style import (
    BLUE,
    GREY,
    ORANGE,
    PALE,
    HasFindings,
    chosen,
    explain,
    legend,
    percent_axis,
    sampled,
    setting,
    styled,
    year_axis,
)
from simulator.findings import ArmFindings, Findings, survivors
from simulator.findings.finding import in_futures, of_100, per_cent
from simulator.findings.payback import Payback

ERRORS = 1.96
THIN, EDGE, ASIDE = 0.08, 0.02, 0.04


def payback_curve(source: Findings | HasFindings, arm: str | None = None, *, ax: Axes | None = None) -> Axes:
    """P(paid back by the end of year t), at full value and in cash only, with P(never) beside it.

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
    value, cash = arm_findings.view().payback, arm_findings.view(money="cash").payback
    with styled(ax) as axes:
        _curve(axes, value, -ASIDE, BLUE, "-", "o", "at full value")
        _curve(axes, cash, ASIDE, ORANGE, "--", "D", "in cash only")
        _never(axes, value, findings.years)
        year_axis(axes, findings.years)
        axes.set_ylim(0, 1)
        percent_axis(axes)
        axes.set_ylabel("Share of futures paid back")
        legend(axes)
        explain(
            axes, _title(arm_findings, findings.years), _subtitle(findings), _note(arm_findings, findings), _alt(value)
        )
        return axes


def _curve(axes: Axes, payback: Payback, aside: float, colour: str, dash: str, marker: str, label: str) -> None:
    share, error = payback.by_year.value, ERRORS * np.nan_to_num(payback.by_year.mcse)
    ends = np.arange(1, len(share) + 1) + aside
    within = np.minimum(error, share), np.minimum(error, 1 - share)
    axes.errorbar(
        ends, share, within, color=colour, linestyle=dash, marker=marker, label=label, elinewidth=1, capsize=3,
        clip_on=False,
    )  # fmt: skip


def _never(axes: Axes, payback: Payback, years: int) -> None:
    """The part of the scale above the last point: those that never pay back."""
    never = float(payback.p_never.value)
    axes.axhspan(1 - never, 1, color=PALE, zorder=0, linewidth=0)
    if never >= THIN:
        label = f"not paid back within {years} years: {per_cent(never)}"
        axes.text(years * EDGE, 1 - never / 2, label, va="center", color=GREY, fontsize=11)


def _title(arm_findings: ArmFindings, years: int) -> str:
    if arm_findings.survivors.is_harm:
        return f"{arm_findings.title}: {survivors.HEADLINE}"
    payback = arm_findings.view().payback
    if payback.status == "no investment":
        return f"{arm_findings.title}: no investment, the programme changes no spending"
    never = in_futures(float(payback.p_never.value), float(payback.p_never.mcse))
    return f"{arm_findings.title}: in {never} it has not paid back by year {years}"


def _subtitle(findings: Findings) -> str:
    return (
        f"Share of futures whose cumulative discounted saving stays at or above zero from then on; {setting(findings)}"
    )


def _note(arm_findings: ArmFindings, findings: Findings) -> str:
    value, cash = arm_findings.view().payback, arm_findings.view(money="cash").payback
    median = "not reached" if value.median_year is None else f"{value.median_year:.1f} years"
    never = " and ".join(
        f"{per_cent(float(payback.p_never.value))}{of_100(float(payback.p_never.mcse))} {name}"
        for payback, name in ((value, "at full value"), (cash, "in cash"))
    )
    return (
        f"Not paid back within {findings.years} years: {never}. Median payback {median}; mean, counting the others as "
        f"{findings.years} years, {float(value.restricted_mean_years.value):.1f} years. "
        f"Bars: 95 % Monte Carlo error. {sampled(findings)}."
    )


def _alt(payback: Payback) -> str:
    shares = ", ".join(f"{float(share):.0%} by year {year}" for year, share in enumerate(payback.by_year.value, 1))
    return f"Curve of the share of futures that have paid back at full value: {shares}."
