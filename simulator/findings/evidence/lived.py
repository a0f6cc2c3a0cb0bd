"""Effects as they were lived beside those declared: a ratio over the window and over all years, among those who start.

    ratio  = rate with the programme / rate without it, all rows together    (simulator.activity.lived)
    error  = jackknife over groups of rows                                   Quenouille (1956); Tukey (1958)

A ratio is told where it is far from the one declared, on the log scale

    | ln lived - ln declared |  >  | ln declared | / 4  +  2 errors
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from simulator.activity.ledger import Ledger
from simulator.activity.lived import Lived, lived
from simulator.findings.activity import in_the_field, place_titles
from simulator.findings.finding import ERRORS, Finding, Row, Table, whole
from simulator.money.account import Array
from simulator.scenario.evidence import effect_quantity
from simulator.scenario.tables import EvidenceMode, Scenario
from simulator.uncertainty.ranges import Value

if TYPE_CHECKING:
    from simulator.findings.arm import ArmFindings

GROUPS = 20
FEWEST = 8  # groups: the error of fewer is itself a guess
TELLING = 0.25  # of the declared log ratio


@dataclass(frozen=True)
class LivedEffect:
    """A ratio as it was declared and as it was lived by those who start."""

    path: str
    words: str  # what it acts on, as the field calls it
    declared: float
    year: Value  # in the window from the start, as a rule a year
    whole: Value  # over all years
    window: str  # how long that is, in words
    comparable: bool  # whether it was declared for those who take part, and nothing else acts on the same target

    @property
    def is_far(self) -> bool:
        """Whether the ratio of the year is far from the one declared, beyond error."""
        lived_ratio, error = float(self.year.value), float(self.year.mcse)
        if not (self.comparable and lived_ratio > 0 and error == error):
            return False
        apart = abs(np.log(lived_ratio / self.declared))
        return bool(apart > TELLING * abs(np.log(self.declared)) + ERRORS * error / lived_ratio)


def lived_effects(ledger: Ledger, scenario: Scenario, evidence: EvidenceMode, arm: str) -> tuple[LivedEffect, ...]:
    """The effects of an arm whose target is counted, as they were lived.

    Args:
        ledger: activity by row.
        scenario: the effects, and titles of places.
        evidence: the mode of the run.
        arm: a programme arm.
    """
    effects = [
        (name, label, effect)
        for name in scenario.all_arms()[arm]
        for label, effect in scenario.programmes[name].effects.items()
    ]
    targets = [effect.target for _, _, effect in effects]
    counted = _left_out(ledger)
    ratios = {target: lived(counted, arm, target) for target in dict.fromkeys(targets)}
    told = []
    for name, label, effect in effects:
        quantity, ratio = effect_quantity(effect, scenario, evidence), ratios[effect.target]
        if quantity is None or ratio is None:
            continue
        alone = targets.count(effect.target) == 1 and effect.measured_on in ("active", "starters")
        path, words = f"programmes.{name}.effects.{label}", in_the_field(effect.target, place_titles(scenario))
        window = scenario.horizon.window_words
        told.append(LivedEffect(path, words, float(quantity), *_with_errors(ratio), window, comparable=alone))
    return tuple(told)


def _left_out(ledger: Ledger) -> Ledger:
    """All rows together, and below that all but each group of rows: a ledger that is summed over rows."""
    groups = min(GROUPS, len(ledger.rows))
    group = np.arange(len(ledger.rows)) % groups

    def together(values: Array) -> Array:
        of = np.stack([values[group == k].sum(axis=0) for k in range(groups)])
        return np.concatenate([of.sum(axis=0, keepdims=True), of.sum(axis=0) - of])

    rows = np.arange(groups + 1)
    return replace(ledger, rows=rows, activity=together(ledger.activity), windows=together(ledger.windows))


def _with_errors(ratio: Lived) -> tuple[Value, Value]:
    """The ratio of all rows with its jackknife error, of the year and of all years."""
    return _with_error(ratio.year), _with_error(ratio.whole)


def _with_error(ratios: Array) -> Value:
    """The first is of all rows, the others leave out a group each; no error of a few groups.

    >>> told = _with_error(np.array([0.8, *[0.79, 0.81] * 4]))
    >>> float(told.value), round(float(told.mcse), 4)
    (0.8, 0.0265)
    """
    left = ratios[1:]
    error = np.sqrt((len(left) - 1) * left.var()) if len(left) >= FEWEST else np.nan
    return Value(np.asarray(ratios[0]), np.asarray(error))


def rows(arm: ArmFindings) -> Iterator[Row]:
    """Each effect: declared, in the window from the start, and over all years."""
    for each in arm.lived:
        year = {"year": float(each.year.value), "year_mcse": float(each.year.mcse)}
        whole = {"whole": float(each.whole.value), "whole_mcse": float(each.whole.mcse)}
        yield {"effect": each.path, "words": each.words, "declared": each.declared, **year, **whole}


def sentences(arm: ArmFindings) -> Sequence[str]:
    """Each effect whose window after the start was far from what is declared; none where all are near."""
    return tuple(
        f"As lived among those who start, {each.words} over the first {each.window} were {float(each.year.value):.2f} "
        f"± {float(each.year.mcse):.1g} of those without it (declared {each.declared:.2f})."
        for each in arm.lived
        if each.is_far
    )


def facts(arm: ArmFindings) -> Row:
    """The same rows."""
    return {"lived": list(rows(arm))}


LIVED = Finding(tables=(Table("lived", rows),), sentences=sentences, facts=facts, brief=whole("lived"))
