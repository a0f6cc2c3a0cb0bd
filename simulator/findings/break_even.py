"""The effect at which a programme that never pays back would break even.

The effect on hospital use of an arm's programmes is set to a few ratios R: 1 (no effect), nearly 0 (nearly everything
averted), and perhaps one between them, in the first n of the N rows of a run, with the same parameters, people and
random numbers. With s[r, k] the discounted net saving of row r at the k-th ratio, t[r] the starts and w[r] the hospital
use of those who start in the window after, without the programme, both known in all N rows, the mean saving is the
ratio estimate

    S[k] = mean_N(t) sum_n(s[r, 1]) / sum_n(t)  +  mean_N(w) sum_n(s[r, k] - s[r, 1]) / sum_n(w)

since cost goes with starts, and what is averted with what there is to avert (Cochran 1977, Sampling Techniques, ch. 6).
The break-even ratio is where the line through the S[k] meets zero,

    R* = R[a] + (R[b] - R[a]) S[a] / (S[a] - S[b])          a, b the two ratios around it, or the nearest two

Expected use is proportional to R while an effect is at its full weight, so the line is then exact but for people who
live longer. The Monte Carlo error is that of S at R* divided by the slope. R* is about the mean, not every future.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulator.activity.ledger import SIDES, WHO, WORLDS, Ledger
from simulator.findings.activity import in_the_field, place_titles
from simulator.findings.finding import MONEYS, POUNDS, Finding, Money, Row, Table, kinds_of, only, whole
from simulator.money.account import Account, Array
from simulator.scenario.evidence import effect_quantity
from simulator.scenario.tables import Effect, EvidenceMode, Scenario
from simulator.uncertainty.ranges import Value, plain, row_means, standard_error

if TYPE_CHECKING:
    from simulator.findings.arm import ArmFindings

LEVERS = (("emergency", "days"), ("visits",), ("need",))
"""Kinds of target that stand for hospital use: the first of these groups that a programme has an effect on."""
EVIDENCE_WORDS = {
    "calibrated": "best independent evidence",
    "claimed": "effect as reported",
    "sceptical": "track record of similar programmes",
}
"""Where the effect of a run comes from, by mode."""


# --------------------------------------------------------------------------------------------- what it is


@dataclass(frozen=True)
class BreakEven:
    """The effect on hospital use at which the mean discounted net saving to the public purse would be zero.

    ``ratio`` is against the same people without the programme: 0.7 is 30 % fewer. None: not even the lowest ratio
    tried would do. ``now`` is the stated ratio of the run.
    """

    money: Money
    what: str  # what the ratio is of, in words
    now: float
    ratio: float | None
    mcse: float | None  # Monte Carlo error of the ratio
    ratios: Array  # [tried]
    saving: Value  # [tried] discounted net saving in the whole place at each, mean of the rows simulated again
    starts: float  # programme starts in the whole place
    rows: int  # sets of parameters simulated again
    evidence: EvidenceMode


# --------------------------------------------------------------------------------------------- what is varied


def levers(scenario: Scenario, arm: str, evidence: EvidenceMode) -> dict[str, Effect]:
    """The effects of an arm on hospital use by path: admissions and days, else visits, else needs.

    None where claims are corrected for optimism, since a ratio that is set would be corrected too.

    Args:
        scenario: where the effects stand.
        arm: a programme arm.
        evidence: the mode of the run.

    Example:
        >>> from simulator.scenario.read import read
        >>> list(levers(read("befriending"), "befriending", "calibrated"))
        ['programmes.befriending.effects.emergency']
    """
    if evidence == "claimed" and scenario.economics.optimism != "none":
        return {}
    effects = {
        f"programmes.{name}.effects.{label}": effect
        for name in scenario.all_arms()[arm]
        for label, effect in scenario.programmes[name].effects.items()
    }
    for kinds in LEVERS:
        if chosen := {path: effect for path, effect in effects.items() if _kind(effect) in kinds}:
            return chosen
    return {}


def _kind(effect: Effect) -> str:
    return effect.target.partition(":")[0]


def _place(scenario: Scenario, effect: Effect) -> str:
    kind, _, name = effect.target.partition(":")
    return scenario.needs[name].goes_to if kind == "need" else name


def _what_is_varied(scenario: Scenario, effects: Sequence[Effect]) -> str:
    """In the words of the field: emergency admissions and emergency bed days."""
    titles = place_titles(scenario)
    counted = (f"{_kind(effect).replace('need', 'visits')}:{_place(scenario, effect)}" for effect in effects)
    return " and ".join(dict.fromkeys(in_the_field(item, titles) for item in counted))


# -------------------------------------------------------------------------------------- how it is computed


def break_even_points(
    account: Account, ledger: Ledger, scenario: Scenario, arm: str, by_ratio: Mapping[float, Account]
) -> tuple[BreakEven, ...]:
    """The effect at which an arm would break even, as value and as cash.

    Args:
        account: the money of the whole run.
        ledger: the activity it was priced from.
        scenario: of the run.
        arm: a programme arm.
        by_ratio: the money of its first rows with the effect on hospital use set to a ratio, from low to high; the last
            ratio is 1.

    Returns:
        None with fewer than two ratios.
    """
    if len(by_ratio) < 2:
        return ()
    effects = list(levers(scenario, arm, account.evidence).values())
    what, now = _what_is_varied(scenario, effects), _stated_ratio(scenario, effects, account.evidence)
    starts, use = _starts(account, arm), _hospital_use(ledger, scenario, arm, effects)
    tried = np.array(list(by_ratio))
    saved = {money: _savings(by_ratio.values(), arm, money) for money in MONEYS}
    return tuple(
        break_even_point(money, tried, saved[money], starts, use, what=what, now=now, evidence=account.evidence)
        for money in MONEYS
    )


def _stated_ratio(scenario: Scenario, effects: Sequence[Effect], evidence: EvidenceMode) -> float:
    stated = [effect_quantity(effect, scenario, evidence) for effect in effects]
    return next((quantity.centre[0] for quantity in stated if quantity is not None), 1.0)


def _savings(accounts: Iterable[Account], arm: str, money: Money) -> Array:
    """Discounted net saving to the public purse: [account, row]."""
    return np.array([
        row_means(account.discounted(account.public_saving(arm, cash=money == "cash")), account.people)
        for account in accounts
    ])  # fmt: skip


def _starts(account: Account, arm: str) -> Array:
    """Starts in every row: [row]."""
    return row_means(account.starts[:, :, account.arms.index(arm)].sum(axis=-1), account.people)


def _hospital_use(ledger: Ledger, scenario: Scenario, arm: str, effects: Sequence[Effect]) -> Array:
    """Of those who start, in the window after without the programme: [row]."""
    at = WHO.index("starters"), WORLDS.index("without"), SIDES.index("after")
    windows = ledger.windows[:, :, ledger.arms.index(arm) - 1, *at].sum(axis=1)
    measures = {f"{_measured_in(effect)}:{_place(scenario, effect)}" for effect in effects}
    return np.asarray(np.sum([windows[:, ledger.measures.index(name)] for name in sorted(measures)], axis=0))


def _measured_in(effect: Effect) -> str:
    """What stands for the hospital use that an effect acts on: days, where people stay, else visits."""
    return "days" if _kind(effect) in LEVERS[0] else "visits"


def break_even_point(
    money: Money,
    tried: Array,
    saved: Array,
    starts: Array,
    use: Array,
    *,
    what: str = "",
    now: float = 1.0,
    evidence: EvidenceMode = "calibrated",
) -> BreakEven:
    """The ratio at which the mean saving is zero.

    Args:
        money: value or cash.
        tried: [k] the ratios, from low to high; the last is 1.
        saved: [k, few] discounted net saving at each ratio in the rows simulated again.
        starts: [row] starts in every row of the run; the first rows are those simulated again.
        use: [row] hospital use in every row of the run.
        what: what the ratio is of, in words.
        now: the stated ratio of the run.
        evidence: the mode of the run.

    Example:
        >>> one_row = np.array([1.0])
        >>> break_even_point("value", np.array([0.0, 1.0]), np.array([[300.0], [-100.0]]), one_row, one_row).ratio
        0.75
    """
    few, many = estimates(saved, starts, use)
    zero = where_zero(tried, few, many)
    return BreakEven(
        money=money,
        what=what,
        now=now,
        ratio=None if zero is None else float(zero.value),
        mcse=None if zero is None else float(zero.mcse),
        ratios=tried,
        saving=Value(few.mean(axis=1), _error(few.T, many.T)),
        starts=float(starts.mean()),
        rows=saved.shape[1],
        evidence=evidence,
    )


def estimates(saved: Array, starts: Array, use: Array) -> tuple[Array, Array]:
    """The mean saving at each ratio by the ratio estimate, as rows whose means are the estimates.

    Args:
        saved: [k, few] the saving at each ratio in the rows simulated again; the last ratio is 1.
        starts: [row] starts in every row of the run; the first rows are those simulated again.
        use: [row] hospital use in every row of the run.

    Returns:
        [k, few] with what the proportions leave unexplained, and [k, row] the proportions in all rows. The estimates
        are the means of either, their variance is the sum of both.

    Example:
        >>> few, many = estimates(np.array([[1.0], [-2.0]]), np.array([2.0, 4.0]), np.array([1.0, 5.0]))
        >>> few.tolist(), many.tolist()
        ([[6.0], [-3.0]], [[1.0, 11.0], [-2.0, -4.0]])
    """
    n = saved.shape[1]
    cost, averted = saved[-1], saved - saved[-1]
    if starts[:n].sum() <= 0 or use[:n].sum() <= 0:
        return saved, np.broadcast_to(saved.mean(axis=1, keepdims=True), (len(saved), len(starts)))
    each = cost.sum() / starts[:n].sum()
    share = averted.sum(axis=1, keepdims=True) / use[:n].sum()
    many = each * starts + share * use
    residual = (cost - each * starts[:n]) * starts.mean() / starts[:n].mean()
    residual = residual + (averted - share * use[:n]) * use.mean() / use[:n].mean()
    return many.mean(axis=1, keepdims=True) + residual, many


def where_zero(tried: Array, few: Array, many: Array) -> Value | None:
    """The ratio at which the mean saving is zero, by the line through the two ratios around it.

    Args:
        tried: [k] the ratios, from low to high.
        few: [k, row] from :func:`estimates`.
        many: [k, row] likewise.

    Returns:
        The ratio and its Monte Carlo error; None when not even the lowest ratio saves, or a lower ratio saves no more.
        Above the highest ratio the last line is drawn on.

    Example:
        >>> saved = np.array([[300.0, 300.0], [100.0, 100.0], [-100.0, -100.0]])
        >>> where_zero(np.array([0.0, 0.5, 1.0]), saved, saved).value
        array(0.75)
    """
    means = few.mean(axis=1)
    if means[0] < 0:
        return None
    below = np.flatnonzero(means < 0)
    k = int(below[0]) if len(below) else len(means) - 1
    slope = (means[k] - means[k - 1]) / (tried[k] - tried[k - 1])
    if slope >= 0:
        return None
    zero = tried[k] - means[k] / slope
    along = (zero - tried[k - 1]) / (tried[k] - tried[k - 1])
    at_zero = (part[k - 1] + along * (part[k] - part[k - 1]) for part in (few, many))
    return Value(np.asarray(zero), _error(*at_zero) / abs(slope))


def _error(few: Array, many: Array) -> Array:
    """Standard error of an estimate from both sets of rows: [row, ...] each -> [...]."""
    parts = [standard_error(part, np.zeros(len(part), dtype=np.int64)) for part in (few, many)]
    return np.asarray(np.sqrt(parts[0] ** 2 + parts[1] ** 2))


# ------------------------------------------------------------------------------------------ how it is shown


def rows(arm: ArmFindings) -> Iterator[Row]:
    """The net saving at each ratio tried, and the ratio at which it would be zero."""
    for point in arm.break_even:
        about = {"money": point.money, "what": point.what}
        for row in _tried(point):
            yield {**about, "figure": "net saving at this ratio", **row, "ratio_mcse": None}
        zero = {"ratio": point.ratio, "mean": None, "mcse": None, "per_start": None, "ratio_mcse": point.mcse}
        yield {**about, "figure": "break-even", **zero}


def _tried(point: BreakEven) -> Iterator[Row]:
    for k in range(len(point.ratios)):
        saved = plain({"ratio": point.ratios[k], "mean": point.saving.value[k], "mcse": point.saving.mcse[k]})
        yield {**saved, "per_start": saved["mean"] / point.starts if point.starts > 0 else None}


def sentences(arm: ArmFindings) -> Sequence[str]:
    """The effect at which it would break even, beside the one of the run; none where it was not worked out."""
    if not arm.break_even or arm.survivors.is_harm:
        return ()
    value, cash = arm.break_even
    now = f"The {EVIDENCE_WORDS[value.evidence]} is {in_ten(value.now)}."
    if value.ratio is None:
        nearly = _nearly_all(value)
        return (f"Preventing {nearly} of the {value.what} of those who start would not cover its cost. {now}",)
    if cash.ratio is None:
        in_cash = "In cash, preventing nearly all would not be enough."
    else:
        in_cash = f"In cash it would take {in_ten(cash.ratio)}{_give_or_take(cash)}."
    return (f"To cover its cost it would have to {_would(value)} the {value.what} of those who start. {now} {in_cash}",)


def _would(point: BreakEven) -> str:
    assert point.ratio is not None
    number = in_ten(point.ratio).removesuffix(" fewer").removesuffix(" more")
    if number == "no change":
        return "change nothing in"
    verb = "prevent" if point.ratio < 1 else "add no more than"
    return f"{verb} {number}{_give_or_take(point)} of"


def _give_or_take(point: BreakEven) -> str:
    """The error of a ratio in tenths, or in hundredths where the ratio is told in these."""
    if point.ratio is None or point.mcse is None or not point.mcse > 0:
        return ""
    parts = 10 if "in 10 " in in_ten(point.ratio) else 100
    return f" (± {float(f'{point.mcse * parts:.1g}'):g})"


def _nearly_all(point: BreakEven) -> str:
    return f"{round((1 - float(point.ratios[0])) * 100)} in 100"


def in_ten(ratio: float) -> str:
    """A ratio of two counts as a change in words, in tenths or, where these are too coarse, in hundredths.

    Args:
        ratio: with the programme over without.

    Example:
        >>> in_ten(0.6), in_ten(1.1), in_ten(0.96), in_ten(1.0), in_ten(0.77)
        ('4 in 10 fewer', '1 in 10 more', '4 in 100 fewer', 'no change', '23 in 100 fewer')
    """
    hundredths = round(abs(ratio - 1) * 100)
    if hundredths == 0:
        return "no change"
    share = f"{hundredths // 10} in 10" if hundredths % 10 == 0 and hundredths < 100 else f"{hundredths} in 100"
    return f"{share} {'more' if ratio > 1 else 'fewer'}"


def how(arm: ArmFindings, has_levers: bool) -> str:
    """How the break-even was worked out, or why it was not, as a note."""
    if not arm.break_even:
        why = "simulate the scenario again for it" if has_levers else "no effect on hospital use can be varied"
        return f"{arm.title}: the effect at which it would break even was not worked out; {why}"
    point = arm.break_even[0]
    tried = ", ".join(f"{ratio:g}" for ratio in point.ratios)
    return (
        f"{arm.title}: break-even was found by simulating {point.rows} of the sets of parameters again, with the same "
        f"people and luck, and the ratio of {point.what} set to {tried}, scaled to the starts and the hospital use of "
        "the whole run; mean net saving is a line between them"
    )


def facts(arm: ArmFindings) -> Row:
    """The break-even ratio, and the net saving at each ratio tried; null for a ratio that no effect reaches."""
    return {"break_even": [_point_facts(point) for point in arm.break_even]}


def _point_facts(point: BreakEven) -> Row:
    about = {name: getattr(point, name) for name in ("money", "what", "now", "ratio", "mcse", "rows")}
    return {**about, "tried": [only(row, ("ratio", "mean", "mcse")) for row in _tried(point)]}


BREAK_EVEN = Finding(
    tables=(Table("break_even", rows, kinds_of(POUNDS, "mean", "mcse", "per_start")),),
    sentences=sentences,
    facts=facts,
    brief=whole("break_even"),
)
