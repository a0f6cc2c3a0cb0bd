"""The payback curve: the share of futures that have paid back, for good, by the end of each year."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from simulator.figures.style import (
    BLUE,
    GREY,
    NO_CHANGE,
    ORANGE,
    PALE,
    HasFindings,
    chosen,
    explain,
    legend,
    percent_axis,
    sampled,
    say_instead,
    setting,
    styled,
    year_axis,
)
from simulator.findings import ArmFindings, Findings, survivors
from simulator.findings.finding import chance, complement, of_100, per_cent
from simulator.findings.payback import SAYS_NOTHING, Payback

ERRORS = 1.96
THIN, EDGE, ASIDE = 0.08, 0.02, 0.04
RARELY = 0.5


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
        if value.status == "no investment":
            say_instead(axes, NO_CHANGE)
        else:
            _draw(axes, value, cash, findings)
        explain(
            axes,
            _title(arm_findings),
            _subtitle(findings),
            _note(arm_findings, findings),
            _alt(value, findings),
        )
        return axes


def _draw(axes: Axes, value: Payback, cash: Payback, findings: Findings) -> None:
    _curve(axes, value, -ASIDE, BLUE, "-", "o", "at full value")
    _curve(axes, cash, ASIDE, ORANGE, "--", "D", "in cash only")
    _never(axes, value, findings.years)
    year_axis(axes, findings.year_names)
    axes.set_ylim(0, 1)
    percent_axis(axes)
    axes.set_ylabel("Share of futures paid back")
    legend(axes)


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


def _title(arm_findings: ArmFindings) -> str:
    if arm_findings.survivors.is_harm:
        return f"{arm_findings.title}: {survivors.HEADLINE} (payback)"
    payback = arm_findings.view().payback
    if payback.status == "no investment":
        return f"{arm_findings.title}: no investment, {NO_CHANGE} (payback)"
    last = arm_findings.year_names[-1]
    if float(payback.p_never.value) < RARELY:
        return f"{arm_findings.title}: in {chance(complement(payback.p_never))} it has paid back by the end of {last}"
    return f"{arm_findings.title}: in {chance(payback.p_never)} it has not paid back by the end of {last}"


def _subtitle(findings: Findings) -> str:
    what = "Share of futures whose cumulative saving (present value) stays at or above zero from the end of the year on"
    return f"{what}; {setting(findings)}"


def _note(arm_findings: ArmFindings, findings: Findings) -> str:
    value, cash = arm_findings.view().payback, arm_findings.view(money="cash").payback
    median = "" if value.median_year is None else f" Median payback {value.median_year:.1f} years."
    never = " and ".join(
        f"{per_cent(float(payback.p_never.value))}{of_100(float(payback.p_never.mcse))} {name}"
        for payback, name in ((value, "at full value"), (cash, "in cash"))
    )
    return (
        f"Not paid back within {findings.years} years: {never}.{median}{_mean(value, findings.years)} "
        f"Bars: 95 % Monte Carlo error. {sampled(findings)}."
    )


def _mean(value: Payback, years: int) -> str:
    """The restricted mean, where it says more than that nearly none pay back."""
    if float(value.p_never.value) >= SAYS_NOTHING:
        return ""
    return f" Mean, counting the others as {years} years: {float(value.restricted_mean_years.value):.1f} years."


def _alt(payback: Payback, findings: Findings) -> str:
    by_year = zip(findings.year_names, payback.by_year.value, strict=True)
    shares = ", ".join(f"{float(share):.0%} by the end of {year}" for year, share in by_year)
    return f"Curve of the share of futures that have paid back at full value: {shares}."
