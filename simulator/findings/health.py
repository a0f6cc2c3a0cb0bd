"""What health a programme brings: QALYs gained, and what they are worth beside the money.

    net monetary benefit    discounted net saving to the public purse + value of a QALY x discounted QALYs gained
    cost per QALY           - net saving / QALYs gained, where more health is had at more cost, and nowhere else
    net health benefit      net monetary benefit / value of a QALY, in QALYs
    net present social      discounted net saving of everyone, stated values that are nobody's money included,
    value                   + value of a QALY x discounted QALYs gained

P(net benefit above 0) holds the uncertainty of parameters alone: drawn over values of a QALY it is the
cost-effectiveness acceptability curve (Briggs, Claxton & Sculpher 2006).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulator.findings.finding import (
    Finding,
    Row,
    Table,
    counted,
    give_or_take,
    held,
    is_clear,
    mean_of,
    only,
    pounds,
    rounded,
    signed,
    value_of,
    value_row,
)
from simulator.money.account import Account
from simulator.uncertainty.ranges import Array, Ranges, Sample, Value, expected_rows, ranges, rows_alone

if TYPE_CHECKING:
    from simulator.findings.arm import ArmFindings

CURVE_POINTS = 41


@dataclass(frozen=True)
class Worth:
    """Discounted saving plus QALYs at one value of a QALY (net monetary benefit to the public purse)."""

    qaly_value: float
    net_benefit: Ranges
    p_worth_it: Value  # P(net benefit above 0) with parameters only: one point of the CEAC


@dataclass(frozen=True)
class Health:
    """QALYs gained in the whole place, discounted, and what they cost."""

    qaly_by_year: Ranges  # [year] undiscounted
    qaly: Ranges  # discounted total
    qaly_rows: Array  # [row] discounted total, parameters only; pairs with npv_rows on the plane
    npv_rows: Array  # [row] discounted net saving to the public purse, parameters only
    worth: tuple[Worth, ...]  # at the scenario's values of a QALY
    curve: tuple[Array, Array]  # [point] value of a QALY, [point] P(worth it): the CEAC
    cost_per_qaly: float | None  # pounds; None where it means nothing
    cost_per_qaly_words: str
    social_value: Ranges  # pounds of everyone and health at the first value of a QALY


def health(account: Account, arm: str, qaly_values: Sequence[float], sample: Sample) -> Health:
    """QALYs that an arm adds to usual care, and what they cost.

    Args:
        account: money and QALYs.
        arm: a programme arm.
        qaly_values: pounds that a QALY may be worth.
        sample: where the rows of the account come from.

    Example:
        >>> from simulator.money.account import account_of
        >>> from simulator.findings.finding import sample_of
        >>> account = account_of({"usual care": {"care nhs": [0]}, "walks": {"care nhs": [5000]}}, qaly=0.5)
        >>> gained = health(account, "walks", (20_000,), sample_of(account))
        >>> gained.cost_per_qaly, float(gained.worth[0].net_benefit.mean)
        (10000.0, 5000.0)
    """
    gained, saved = discounted_qalys(account, arm), account.discounted(account.public_saving(arm))
    values = np.array(qaly_values, dtype=np.float64)
    points = np.linspace(0, values.max(), CURVE_POINTS) if len(values) else np.zeros(0)
    cost, words = cost_per_qaly(-float(mean_of(saved, account).value), float(mean_of(gained, account).value))
    return Health(
        qaly_by_year=ranges(account.qaly_gain(arm), sample),
        qaly=ranges(gained, sample),
        qaly_rows=expected_rows(gained, sample).rows,
        npv_rows=expected_rows(saved, sample).rows,
        worth=tuple(_worth(float(value), saved + value * gained, sample) for value in values),
        curve=(points, _p_worth_it(saved[..., None] + points * gained[..., None], sample).value),
        cost_per_qaly=cost,
        cost_per_qaly_words=words,
        social_value=ranges(_social(account, arm) + (values[0] if len(values) else 0.0) * gained, sample),
    )


def _social(account: Account, arm: str) -> Array:
    """[row, replicate] discounted net saving of everyone, with stated values that are nobody's money."""
    return np.asarray(account.discounted(account.saving(arm, None, social=True)))


def discounted_qalys(account: Account, arm: str) -> Array:
    """Present value of the QALYs gained: [row, replicate]."""
    return np.asarray(account.qaly_gain(arm) @ account.health_factor)


def _worth(value: float, net_benefit: Array, sample: Sample) -> Worth:
    return Worth(value, ranges(net_benefit, sample), _p_worth_it(net_benefit[..., None], sample).at(0))


def _p_worth_it(net_benefit: Array, sample: Sample) -> Value:
    """At each point: [row, replicate, point] -> [point]."""
    return rows_alone(expected_rows(net_benefit, sample)).mean(lambda futures, _: futures > 0)


def cost_per_qaly(cost: float, qaly: float) -> tuple[float | None, str]:
    """Cost per QALY where it means something, and the case in words.

    Args:
        cost: pounds, a saving negative.
        qaly: QALYs gained.

    Example:
        >>> cost_per_qaly(6000.0, 0.5)
        (12000.0, 'more health at more cost')
        >>> cost_per_qaly(-6000.0, 0.5)
        (None, 'no worse and saves: a cost per QALY has no meaning')
    """
    if qaly > 0 and cost > 0:
        return cost / qaly, "more health at more cost"
    if qaly == 0 and cost == 0:
        return None, "no difference"
    if qaly >= 0 and cost <= 0:
        return None, "no worse and saves: a cost per QALY has no meaning"
    if qaly <= 0 and cost >= 0:
        return None, "no better and costs more: a cost per QALY has no meaning"
    return None, "less health and saves: the ratio would be a price for health given up"


def rows(arm: ArmFindings) -> Iterator[Row]:
    """QALYs gained, and the net benefit at each value of a QALY."""
    about: Row = {"figure": "QALYs gained, discounted", "qaly_value": None, "p_above_0": None, "p_above_0_mcse": None}
    yield {**about, **arm.health.qaly.place.to_dict()}
    for worth in arm.health.worth:
        at: Row = {"qaly_value": worth.qaly_value, **value_row(worth.p_worth_it, "p_above_0")}
        at["p_above_0_mcse"] = at.pop("mcse")
        yield {"figure": "net monetary benefit", **at, **worth.net_benefit.place.to_dict()}
    first = arm.health.worth[0].qaly_value if arm.health.worth else None
    yield {
        **about,
        "qaly_value": first,
        "figure": "net present social value",
        **arm.health.social_value.place.to_dict(),
    }


def in_words(health: Health) -> str:
    """QALYs gained or lost in the whole place, with their error."""
    gained, error = float(health.qaly.mean), float(health.qaly.expected.mcse)
    if gained == 0:
        return "no QALYs counted"
    return f"{counted(gained, error)} QALYs {'gained' if gained > 0 else 'lost'}"


def sentences(arm: ArmFindings) -> Iterator[str]:
    """QALYs with their range, what each costs where that means something and is known, and net benefit."""
    gained = arm.health.qaly
    if arm.survivors.is_harm or float(gained.mean) == 0:
        return
    ends = " to ".join(f"{float(f'{x:.2g}'):,g}" for x in (float(gained.place.low), float(gained.place.high)))
    yield f"Health: {in_words(arm.health)} ({held(arm.rows)} in a place like yours: {ends}){_price(arm)}."
    if arm.health.worth:
        yield f"With health valued at {'; at '.join(map(_benefit, arm.health.worth))}."


def _price(arm: ArmFindings) -> str:
    """Pounds a QALY, where both are known; empty elsewhere."""
    cost = known_cost_per_qaly(arm)
    if cost is None:
        return ""
    error = float(cost.mcse)
    return f", about {pounds(float(cost.value), error)}{give_or_take(error)} a QALY to the public purse"


def known_cost_per_qaly(arm: ArmFindings) -> Value | None:
    """Pounds a QALY with their error (of a ratio of independent parts); None where either is not clear of nothing."""
    cost, parts = arm.health.cost_per_qaly, (value_of(arm.view().npv.expected), value_of(arm.health.qaly.expected))
    if cost is None or not all(map(is_clear, parts)):
        return None
    apart = sum((float(np.nan_to_num(part.mcse)) / float(part.value)) ** 2 for part in parts)
    return Value(np.asarray(cost), np.asarray(cost * apart**0.5))


def first_cost_per_qaly(arm: ArmFindings) -> str:
    """What a result by the rules of NICE begins with: pounds a QALY, and the net health benefit at each threshold."""
    cost, worth = known_cost_per_qaly(arm), arm.health.worth
    told = f"; net health benefit {', '.join(map(_health_benefit, worth))}" if worth else ""
    if cost is not None:
        error = float(cost.mcse)
        known = f" (Monte Carlo error{give_or_take(error)})" if error > 0 else ""
        amount = f"{pounds(float(cost.value), error)} a QALY{known}"
        return f"{amount} to the public purse over {arm.horizon_words}, {in_words(arm.health)}{told}."
    why = arm.health.cost_per_qaly_words
    if arm.health.cost_per_qaly is not None:
        why = "this run can't tell the cost or the QALYs from nothing, so no cost per QALY is told"
    return f"{why}; {in_words(arm.health)} over {arm.horizon_words}{told}."


def _health_benefit(worth: Worth) -> str:
    """QALYs gained less those that the money would buy at one value of a QALY."""
    band = worth.net_benefit.scaled(1 / worth.qaly_value).expected
    sign = "-" if rounded(float(band.mean), float(band.mcse)) < 0 else ""
    return f"{sign}{counted(float(band.mean), float(band.mcse))} QALYs at £{worth.qaly_value:,.0f} a QALY"


def first_social_value(arm: ArmFindings) -> str:
    """What a result by the Green Book begins with: the net present social value."""
    band = arm.health.social_value.expected
    at = f", health at £{arm.health.worth[0].qaly_value:,.0f} a QALY" if arm.health.worth else ""
    doubt = "" if is_clear(value_of(band)) else "; this run can't tell it from nothing"
    return f"net present social value {signed(value_of(band))} over {arm.horizon_words}{at}{doubt}."


def _benefit(worth: Worth) -> str:
    band = worth.net_benefit.expected
    mean, error = float(band.mean), float(band.mcse)
    amount = f"{pounds(mean, error)}{give_or_take(error)}"
    return f"£{worth.qaly_value:,.0f} a QALY: a net {'benefit' if rounded(mean, error) >= 0 else 'loss'} of {amount}"


def facts(arm: ArmFindings) -> Row:
    """QALYs gained, what each costs where that is known, and net benefit."""
    cost = known_cost_per_qaly(arm)
    return {
        "headline": arm.headline,
        "qaly": arm.health.qaly.place.to_dict(),
        "cost_per_qaly": None if cost is None else value_row(cost),
        "net_benefit": [{"qaly_value": w.qaly_value, **w.net_benefit.place.to_dict()} for w in arm.health.worth],
        "social_value": arm.health.social_value.place.to_dict(),
    }


def brief(facts: Row) -> Row:
    """With the 95 % range alone."""
    shown = ("mean", "low", "high", "mcse")
    return {
        **only(facts, ("headline", "cost_per_qaly")),
        "qaly": only(facts["qaly"], shown),
        "net_benefit": [only(each, ("qaly_value", *shown)) for each in facts["net_benefit"]],
        "social_value": only(facts["social_value"], shown),
    }


HEALTH = Finding(tables=(Table("health", rows),), sentences=lambda arm: tuple(sentences(arm)), facts=facts, brief=brief)
