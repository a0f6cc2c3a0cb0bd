"""Turns the findings of one programme arm into the five plain lines that a run ends with."""

from __future__ import annotations

import textwrap

from simulator.outcomes import ArmFindings, BreakEven, Money, OtherModel, View
from simulator.scenario.tables import MODE_WORDS

GRADE_WORDS = {
    1: "UK randomised trial",
    2: "other trial or matched control",
    3: "independent before and after, or older national statistics",
    4: "practitioner monitoring",
    5: "secondary evidence",
    6: "expert guess",
}
RANGE_WORDS = {
    "expected": "the expected effect (parameters alone)",
    "new_place": "a new place (with differences between places)",
    "place": "your place (with chance)",
}
HOPELESS = 0.99
RARE = 0.05
RARELY_PAID = 0.5
SOURCE_CHARACTERS = 100
ENOUGH_ROWS = 40
"""Below this a row in 40, the end of a 95 % range, is the lowest or highest row of all."""
TOO_FEW_ROWS = "{rows} sets of parameters are too few for a 95 % range: its ends are the lowest and highest of them"


def pounds(amount: float) -> str:
    """An amount to three significant digits, without a sign.

    Args:
        amount: pounds.

    Example:
        >>> pounds(-1234567.0), pounds(45678.0), pounds(12.3)
        ('£1.23 million', '£45,700', '£12')
    """
    size = abs(amount)
    if size >= 999_500:
        return f"£{float(f'{size / 1e6:.3g}'):,g} million"
    return f"£{float(f'{size:.3g}'):,.0f}"


def net(amount: float) -> str:
    """A saving or a cost in words.

    Args:
        amount: pounds, a saving positive.

    Example:
        >>> net(-2000.0), net(0.0)
        ('a net cost of £2,000', 'no net saving or cost')
    """
    if amount == 0:
        return "no net saving or cost"
    return f"a net {'saving' if amount > 0 else 'cost'} of {pounds(amount)}"


def per_cent(share: float) -> str:
    """A probability in per cent that never rounds to all or nothing what is neither.

    Args:
        share: 0 to 1.

    Example:
        >>> per_cent(0.71), per_cent(0.004), per_cent(0.9988), per_cent(1.0)
        ('71 %', 'under 1 %', 'over 99 %', '100 %')
    """
    if 0 < share < RARE / 5:
        return "under 1 %"
    return "over 99 %" if 1 - RARE / 5 < share < 1 else f"{share * 100:.0f} %"


def futures(share: float) -> str:
    """A probability as a count of futures.

    Args:
        share: 0 to 1.

    Example:
        >>> futures(0.71), futures(0.004), futures(0.0)
        ('7 of 10', 'fewer than 1 of 100', 'none')
    """
    if share in (0.0, 1.0):
        return "none" if share == 0 else "all"
    if RARE <= share <= 1 - RARE:
        return f"{share * 10:.0f} of 10"
    if share < RARE / 5:
        return "fewer than 1 of 100"
    return f"{share * 100:.0f} of 100" if share < 1 - RARE / 5 else "more than 99 of 100"


def in_futures(share: float) -> str:
    """A probability as the simulated futures in which something happens.

    Args:
        share: 0 to 1.

    Example:
        >>> in_futures(0.71), in_futures(0.0), in_futures(1.0)
        ('7 of 10 simulated futures', 'no simulated future', 'every simulated future')
    """
    words = {"none": "no simulated future", "all": "every simulated future"}
    return words.get(futures(share), f"{futures(share)} simulated futures")


def end(amount: float) -> str:
    """One end of a range.

    Args:
        amount: pounds, a saving positive.

    Example:
        >>> end(2000.0), end(-30.0), end(0.0)
        ('saving £2,000', 'cost £30', '£0')
    """
    return f"{'saving ' if amount > 0 else 'cost ' if amount < 0 else ''}{pounds(amount)}"


def sentences(arm: ArmFindings, evidence: str, years: int, titles: dict[str, str]) -> list[str]:
    """The five lines: net saving, share of futures that save, payback, who pays and gains, weakest evidence.

    And a sixth where other ways to build the model were worked out.

    Args:
        arm: its findings.
        evidence: the evidence mode of the run.
        years: the horizon.
        titles: what payers are called.
    """
    return [
        f"{arm.title}, {MODE_WORDS.get(evidence, evidence)}: {_headline(arm, years)}",
        _saving(arm, years),
        _payback(arm, years),
        _payers(arm, titles),
        _weakest(arm),
        *([_others(arm)] if arm.alternatives else []),
    ]


def _headline(arm: ArmFindings, years: int) -> str:
    value, cash, starter = arm.view(), arm.view(money="cash"), arm.per_starter()
    each = "nobody starts" if starter is None else f"{net(float(starter.mean))} per start"
    total, money = f"{_ranged(value)} for the public purse over {years} years", f"in cash {_ranged(cash)}"
    if float(value.payback.p_never.value) > HOPELESS:
        return f"{each}, and {_qalys(arm)}; {_break_even(arm)}in total {total}; {money}."
    return f"{total} ({each}); {money}."


def _qalys(arm: ArmFindings) -> str:
    gained = float(arm.health.qaly.mean)
    return f"{gained:+.3g} QALYs in all" if gained else "no QALYs counted"


def _break_even(arm: ArmFindings) -> str:
    """The effect at which it would break even, as value and in cash; empty when it was not worked out."""
    if not arm.break_even:
        return ""
    value, cash = arm.break_even
    if value.ratio is None:
        return f"{_not_even(value)} would it break even; "
    told = "not even by averting nearly all" if cash.ratio is None else f"{change(cash.ratio)}"
    return (
        f"to break even those who take part would need {change(value.ratio)} {value.what} than without it"
        f"{_give_or_take(value)}, in cash {told}, where this run has {change(value.now)}; "
    )


def _give_or_take(point: BreakEven) -> str:
    known = point.mcse is not None and point.mcse == point.mcse
    return f" (Monte Carlo error {point.mcse * 100:.0f} points)" if known and point.mcse is not None else ""


def _not_even(point: BreakEven) -> str:
    averted = round((1 - float(point.ratios[0])) * 100)
    return f"not even by averting {averted} of every 100 {point.what} of those who take part"


def change(ratio: float) -> str:
    """A ratio of two counts as a change in words.

    Args:
        ratio: with the programme over without.

    Example:
        >>> change(0.7), change(1.1), change(1.0)
        ('30 % fewer', '10 % more', 'no change')
    """
    percent = round((ratio - 1) * 100)
    return f"{abs(percent)} % {'more' if percent > 0 else 'fewer'}" if percent else "no change"


def _ranged(view: View) -> str:
    band = view.npv.place
    low, high = float(band.low), float(band.high)
    return f"{net(float(band.mean))} (95 % range: {end(low)} to {end(high)})"


def three_ranges(arm: ArmFindings) -> str:
    """The 95 % ranges of the discounted net saving to the public purse, one in the other, with what is in each.

    Args:
        arm: its findings.
    """
    told = [
        f"{RANGE_WORDS[name]} {end(float(band.low))} to {end(float(band.high))}"
        for name, band in arm.view().npv.named().items()
    ]
    return f"95 % ranges: {'; '.join(told)}."


def _saving(arm: ArmFindings, years: int) -> str:
    value, cash = (arm.view(money=money).p_saving.at(-1) for money in ("value", "cash"))
    return (
        f"It saves in {in_futures(float(value.value))} within {years} years "
        f"(probability {float(value.value):.2f}, Monte Carlo error {float(value.mcse):.3f}); "
        f"in cash in {futures(float(cash.value))}."
    )


def _payback(arm: ArmFindings, years: int) -> str:
    value, cash = arm.view().payback, arm.view(money="cash").payback
    if value.status == "no investment":
        return "Payback: no investment, the programme changes no spending."
    when = "not reached" if value.median_year is None else f"{value.median_year:.1f} years"
    waits = float(value.p_never.value) >= RARELY_PAID
    shares = [float(each.p_never.value) if waits else 1 - float(each.p_never.value) for each in (value, cash)]
    return (
        f"In {in_futures(shares[0])} this programme has {'not ' if waits else ''}paid back by year {years} "
        f"(in cash: {futures(shares[1])}); median payback {when}."
    )


def _payers(arm: ArmFindings, titles: dict[str, str]) -> str:
    paid = {v.payer: float(v.npv.mean) for v in arm.payer_views()}
    gains = [f"{titles.get(name, name)} {pounds(x)}" for name, x in paid.items() if x > 0]
    costs = [f"{titles.get(name, name)} {pounds(x)}" for name, x in paid.items() if x < 0]
    return f"Who pays, on balance: {', '.join(costs) or 'nobody'}. Who gains: {', '.join(gains) or 'nobody'}."


def _weakest(arm: ArmFindings) -> str:
    if arm.weakest is None:
        return "Weakest evidence: the programme states no effect and no cost."
    if arm.weakest.grade is None:
        return f"Weakest evidence: no figure of the programme states a grade (first: {arm.weakest.words})."
    grade, told = arm.weakest.grade, GRADE_WORDS[arm.weakest.grade]
    said = textwrap.shorten(arm.weakest.source.removeprefix(told).lstrip(",:; "), SOURCE_CHARACTERS, placeholder=" ...")
    because = f": {said}" if said else ""
    return f"Weakest evidence that matters most: {arm.weakest.words}, grade {grade} of 6 ({told}{because})."


def _others(arm: ArmFindings) -> str:
    """The span of the headline over other ways to build the model."""
    low, high = _ends(arm, "value")
    cash = [end(other.per_start) for other in _ends(arm, "cash")]
    return (
        f"Other ways to build the model give {_each(low)} to {_each(high)} for each person who starts, "
        f"in cash {cash[0]} to {cash[1]}; not part of any probability above."
    )


def _each(other: OtherModel) -> str:
    error = float(other.difference.mcse)
    return f"{net(other.per_start)} (“{other.title}”{f', Monte Carlo error {pounds(error)}' if error == error else ''})"


def _ends(arm: ArmFindings, money: Money) -> tuple[OtherModel, OtherModel]:
    found = sorted((other for other in arm.alternatives if other.money == money), key=lambda other: other.per_start)
    return found[0], found[-1]
