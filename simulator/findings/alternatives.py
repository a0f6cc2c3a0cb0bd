"""What the net saving for each start becomes when a part of the model is built another way.

With s[i] the discounted net saving to the public purse in replicate i, t[i] the starts, and a dash for the alternative,

    D = sum(s'[i]) / sum(t'[i]) - sum(s[i]) / sum(t[i])      over the same replicates
    saving for each start = that of the whole run + D

with the Monte Carlo error of D from the replicates' own differences, the ratios made linear (Cochran 1977, Sampling
Techniques, ch. 6). Nobody knows how likely an alternative is, so none is part of a probability.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulator.findings.finding import (
    POUNDS,
    Finding,
    Money,
    Row,
    Table,
    between,
    give_or_take,
    kinds_of,
    net,
    whole,
)
from simulator.money.account import Account, Array
from simulator.uncertainty.ranges import Value, plain, standard_error

if TYPE_CHECKING:
    from simulator.findings.arm import ArmFindings


@dataclass(frozen=True)
class OtherModel:
    """The discounted net saving to the public purse for each start when a part of the model is built another way.

    It stands outside every range and probability.
    """

    name: str
    title: str
    why: str
    money: Money
    per_start: float  # pounds: that of the whole run plus the difference
    difference: Value  # from the model as it is, with the same people and random numbers
    rows: int  # rows it rests on
    simulated: bool  # without uncertainty; False: only priced again, in all rows of the run


@dataclass(frozen=True)
class Untried:
    """Ways that the scenario states and this run did not try, since they would have to be simulated."""

    names: tuple[str, ...]
    rows: int | None  # sets of parameters of a run that tries them; None where claims are corrected for optimism

    def why(self) -> str:
        """What it would take."""
        if self.rows is None:
            return "it takes claims that are not corrected for optimism"
        return f"it takes a run of {self.rows:,} sets of parameters"


def difference_between(other: Account, model: Account, arm: str, money: Money, *, by_row: bool = False) -> Value | None:
    """How much more another model saves for each start than the model as it is; None where nobody starts in either.

    Args:
        other: the money of the other model.
        model: the money of the model as it is, with the same people and random numbers.
        arm: a programme arm.
        money: value or cash.
        by_row: the error is that between rows, not between replicates.

    Example:
        >>> from simulator.money.account import account_of
        >>> model = account_of({"usual care": {"care nhs": [100]}, "walks": {"care nhs": [80]}}, starts=2)
        >>> other = account_of({"usual care": {"care nhs": [150]}, "walks": {"care nhs": [120]}}, starts=2)
        >>> float(difference_between(other, model, "walks", "value").value)
        5.0
    """
    saved, starts = _saved_and_starts(other, arm, money, by_row)
    was, starts_were = _saved_and_starts(model, arm, money, by_row)
    if min(float(starts.sum()), float(starts_were.sum())) <= 0:
        return None
    return difference(saved, starts, was, starts_were)


def _saved_and_starts(account: Account, arm: str, money: Money, by_row: bool) -> tuple[Array, Array]:
    """Discounted net saving to the public purse and starts, weighted by people: two of [replicate], or of [row]."""
    saved = account.discounted(account.public_saving(arm, cash=money == "cash"))
    starts = account.starts[:, :, account.arms.index(arm)].sum(axis=-1)
    share = account.people / account.people.mean()
    both = saved * share, starts * share
    return (both[0].mean(axis=1), both[1].mean(axis=1)) if by_row else (both[0].ravel(), both[1].ravel())


def difference(saved: Array, starts: Array, was: Array, starts_were: Array) -> Value:
    """How much more is saved for each start than before, by replicate, with the same people and random numbers.

    Args:
        saved: [replicate] net saving.
        starts: [replicate] starts.
        was: [replicate] net saving before.
        starts_were: [replicate] starts before.

    Returns:
        The difference of the two ratios of sums, and its Monte Carlo error.

    Example:
        >>> difference(np.array([8.0, 4.0]), np.array([2.0, 1.0]), np.array([3.0, 1.5]), np.array([2.0, 1.0]))
        Value(value=array(2.5), mcse=array(0.))
    """
    new, old = saved.sum() / starts.sum(), was.sum() / starts_were.sum()
    unexplained = (saved - new * starts) / starts.mean() - (was - old * starts_were) / starts_were.mean()
    return Value(
        np.asarray(new - old), np.asarray(standard_error(unexplained, np.zeros(len(unexplained), dtype=np.int64)))
    )


# ------------------------------------------------------------------------------------------ how it is shown


def rows(arm: ArmFindings) -> Iterator[Row]:
    """The net saving for each start under each alternative."""
    for other in arm.alternatives:
        about = {"alternative": other.name, "title": other.title, "money": other.money, "per_start": other.per_start}
        apart = plain({"difference": other.difference.value, "difference_mcse": other.difference.mcse})
        yield {**about, **apart, "rows": other.rows, "simulated": other.simulated, "why": other.why}


def sentences(arm: ArmFindings) -> Sequence[str]:
    """The span of the headline over other ways to build the model, itself among them; none where no saving is told."""
    each, untried = arm.per_starter(), arm.untried
    if arm.survivors.is_harm or each is None:
        return ()
    if not arm.alternatives:
        return () if untried is None else (f"{_others(untried)} not tried ({untried.why()}).",)
    low, high = _ends(arm, "value")
    tried = sum(other.money == "value" for other in arm.alternatives)
    ways = f"{tried} way{'s' * (tried > 1)} tried"
    if untried is not None:
        ways = f"{tried} of {tried + len(untried.names)} ways tried (for the rest {untried.why()})"
    cash = between(*(other.per_start for other in _ends(arm, "cash")), *map(_error, _ends(arm, "cash")))
    return (
        f"Built otherwise, {net(float(each.mean), float(each.expected.mcse))} per person who starts would be "
        f"{_span(low, high)}; {ways}; not part of any probability above. In cash: {cash}.",
    )


def _others(untried: Untried) -> str:
    many = len(untried.names)
    return f"{many} other ways to build the model were" if many > 1 else "1 other way to build the model was"


def _span(low: OtherModel, high: OtherModel) -> str:
    """Both ends with the ways that give them, in the order of the two amounts, or the only one."""
    first, last = (high, low) if high.per_start < 0 else (low, high)
    if low is high:
        return f"{net(low.per_start, _error(low))} ({_way(low)})"
    ends = between(low.per_start, high.per_start, _error(low), _error(high))
    return f"{ends} ({_way(first)} to {_way(last)})"


def _way(other: OtherModel) -> str:
    return f"“{other.title}”{give_or_take(_error(other))}"


def _error(other: OtherModel) -> float:
    error = float(other.difference.mcse)
    return error if error == error else 0.0


def _ends(arm: ArmFindings, money: Money) -> tuple[OtherModel, OtherModel]:
    ordered = sorted((other for other in arm.alternatives if other.money == money), key=lambda other: other.per_start)
    return ordered[0], ordered[-1]


def facts(arm: ArmFindings) -> Row:
    """The same rows."""
    return {"alternatives": list(rows(arm))}


ALTERNATIVES = Finding(
    tables=(Table("alternatives", rows, kinds_of(POUNDS, "per_start", "difference", "difference_mcse")),),
    sentences=sentences,
    facts=facts,
    brief=whole("alternatives"),
)
