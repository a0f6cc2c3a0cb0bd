"""What true effect would show here as a figure that was reported?

The programme's effects on what is counted are set to one ratio, the same in every place, and everybody is lived again
with the same luck. With t the log of the true ratio and y that of the reported one, at the ratio 1 and at one near the
answer, the true effect is where the line through both meets the figure,

    y(t) = ln(1 + reported)

In closed form, where whom the study looks at does not depend on the effect, it is (1 + reported) / rho - 1 with rho the
ratio that shows without an effect. Its range adds, on the log scale, what repeated studies of the stated size vary by,
what the numbers of the scenario leave open (the variance of y - t over sampled rows, less that of their people) and the
Monte Carlo error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import copysign, exp, expm1, log1p, sqrt

import numpy as np
from scipy.optimize import brentq

from simulator.analysis.studies.selection import true_change
from simulator.checks.imitation.designs import left_out_error, of_participants
from simulator.checks.imitation.imitate import PEOPLE, in_words
from simulator.checks.imitation.people import as_many_as_start, who_takes_part
from simulator.checks.imitation.sought import Progress, Sought, Work, sought
from simulator.errors import RunError, no_such
from simulator.running.job import design_of
from simulator.scenario.evidence import SITES
from simulator.scenario.read import with_changes
from simulator.scenario.tables import Effect, EvidenceMode, Scenario
from simulator.uncertainty.words import check_seed

__all__ = ["Deflation", "deflate"]

DESIGNS = ("before-after", "matched", "randomised")
KINDS = ("emergency", "visits", "days", "need")  # of target, that change how often people come
NORMAL_95 = 1.959964
ROWS, PART = 16, 4  # few rows of many people: what parameters do is what is left when chance is taken away
APART = 0.1  # log of the second ratio, at the least
FURTHEST = 10.0  # log of a ratio: a line that meets the figure beyond it says nothing


@dataclass(frozen=True)
class Deflation:
    """The true effect that shows as a reported figure, as changes: -0.26 is 26 % less.

    ``closed_form`` divides the reported ratio by ``rho``, what shows without an effect. The three standard deviations
    are those of the log of the true ratio.
    """

    wanted: Sought
    design: str
    reported: float
    people_in_study: int
    true: float
    low: float
    high: float
    rho: float
    closed_form: float
    of_the_study: float  # standard deviation: chance in so many people
    of_the_scenario: float  # what its numbers leave open
    mcse: float  # people simulated

    def sentences(self) -> list[str]:
        """The answer, and what its range is made of, in plain sentences."""
        left_open = (
            f"± {100 * self.of_the_scenario:.0f} %" if self.of_the_scenario else "less than these people can tell"
        )
        figure = in_words(self.reported, self.wanted.words)
        return [
            f"A figure of {figure}, as a {self.design} study of {self.people_in_study:,} "
            f"people reported, is what a true effect of {in_words(self.true)} would show as here; 95 % range from "
            f"{in_words(self.low)} to {in_words(self.high)}.",
            f"Without any effect such a study would report {in_words(self.rho - 1)}; in closed form (1 + reported) / "
            f"{self.rho:.3f} - 1 is {in_words(self.closed_form)}.",
            f"Standard deviations of the true ratio: chance in so many people ± {100 * self.of_the_study:.0f} %, what "
            f"the scenario leaves open {left_open}, people simulated ± {100 * self.mcse:.0f} %.",
        ]


def deflate(
    scenario: Scenario,
    reported: float,
    *,
    design: str = "before-after",
    programme: str | None = None,
    evidence: EvidenceMode = "calibrated",
    measure: str = "emergency:inpatient",
    people_in_study: int | None = None,
    months: float | None = None,
    people: int = PEOPLE,
    rows: int = ROWS,
    seed: int = 1,
    workers: int | None = None,
    progress: Progress = lambda done, total: None,
) -> Deflation:
    """The true effect that would show as a reported change in a study of this programme.

    Args:
        scenario: resolved scenario.
        reported: the change, above -1: -0.31 is 31 % less.
        design: of the study: before-after, matched or randomised.
        programme: which one; may be left out where there is but one.
        evidence: the mode whose other numbers hold.
        measure: what is counted; several are joined by ``+``.
        people_in_study: who take part; as many as start in the place if left out.
        months: how long the study looks back and forward; the scenario's own windows if left out.
        people: how many are lived at each ratio, and a quarter of that in each row.
        rows: sampled sets of parameters.
        seed: key of every draw.
        workers: threads; as many as there are cores if left out.
        progress: called with simulations done and simulations in all.

    Raises:
        RunError: a figure that no ratio can show as, no effect on what is counted, or as in `imitate`.

    Example:
        >>> import simulator as sim
        >>> sim.deflate(sim.read("age_uk"), -0.31, people_in_study=325).sentences()  # doctest: +SKIP
    """
    if not reported > -1.0:
        raise RunError(f"--reported: found {reported:g}; allowed a change above -1; write -0.31 for 31 % fewer")
    if design not in DESIGNS:
        raise RunError(no_such("design", design, DESIGNS))
    done = iter(range(1, rows + 3))

    def told(asked: _Asked, **at: float) -> _Seen:
        seen = asked.seen(**at)
        progress(next(done), rows + 2)
        return seen

    wanted = sought(scenario, programme, measure, evidence, months)
    asked = _Asked(wanted, design, people_in_study, Work(people, check_seed(seed), workers=workers))
    none = told(asked)
    nearer = log1p(reported) - none.apart
    near = told(asked, log_ratio=nearer if abs(nearer) > APART else copysign(APART, nearer))
    root = _meets(none, near, log1p(reported))
    apart = [told(asked.of_row(row, rows), log_ratio=nearer) for row in range(rows)]
    between = float(np.var([seen.apart for seen in apart], ddof=1)) if rows > 1 else 0.0
    open_ = sqrt(max(0.0, between - float(np.mean([seen.apart_mcse**2 for seen in apart]))))
    away = NORMAL_95 * sqrt(near.spread**2 + open_**2 + near.apart_mcse**2)
    return Deflation(
        wanted=wanted,
        design=design,
        reported=reported,
        people_in_study=near.people,
        true=expm1(root),
        low=expm1(root - away),
        high=expm1(root + away),
        rho=exp(none.apart),
        closed_form=true_change(reported, exp(none.apart)),
        of_the_study=near.spread,
        of_the_scenario=open_,
        mcse=near.apart_mcse,
    )


@dataclass(frozen=True)
class _Seen:
    """What all who are simulated show at one ratio, as logs."""

    reported: float
    true: float
    apart_mcse: float
    spread: float  # of repeated studies
    people: int  # in a study

    @property
    def apart(self) -> float:
        return self.reported - self.true


@dataclass(frozen=True)
class _Asked:
    """A design, and the people it is tried on."""

    wanted: Sought
    design: str
    people_in_study: int | None
    work: Work
    row: Mapping[str, float] = field(default_factory=dict)

    def seen(self, log_ratio: float = 0.0) -> _Seen:
        """With every effect of the programme on what is counted at one ratio."""
        wanted = replace(self.wanted, scenario=with_ratio(self.wanted, exp(log_ratio)))
        participants, others = who_takes_part(wanted, self.work, self.row, others=self.design == "matched")
        count = self.people_in_study or as_many_as_start(wanted, participants, self.work)
        designs = of_participants(participants, others, count)
        design = next(one for one in designs if one.name == self.design.replace("-", " and "))
        reported, true = design.of_all(self.work.seed)
        spread = design.reported(self.work.seed).spread
        return _Seen(float(reported[0]), float(true[0]), left_out_error(reported - true), spread, count)

    def of_row(self, row: int, rows: int) -> _Asked:
        """The same with sampled numbers, and people of its own."""
        scenario = with_ratio(self.wanted, 1.0)
        values = design_of(scenario, self.wanted.evidence, rows, self.work.seed).row(row)
        people = max(self.work.people // PART, 2)
        samples = max(1, round(people / scenario.population.place_size))
        return replace(self, work=replace(self.work, people=people, first=row * samples), row=values)


def with_ratio(wanted: Sought, ratio: float) -> Scenario:
    """The scenario with every effect of the programme on what is counted at one ratio, the same in every place.

    Args:
        wanted: the programme, and what is counted.
        ratio: 1 for no effect.

    Raises:
        RunError: the programme has no effect on it.
    """
    root, programme = f"programmes.{wanted.programme}", wanted.scenario.programmes[wanted.programme]
    places = {part.partition(":")[2] for part in wanted.parts}
    exact = [name for name, effect in programme.effects.items() if effect.target in wanted.parts]
    near = [name for name, effect in programme.effects.items() if _acts_on(effect, places, wanted.scenario)]
    if not (chosen := exact or near):
        known = ", ".join(effect.target for effect in programme.effects.values()) or "none"
        raise RunError(
            f"{root}: found no effect on {wanted.measure}; it has effects on {known}; choose one with --measure"
        )
    site = {f"{root}.{SITES}": 1.0} if programme.between_sites is not None else {}
    return with_changes(
        wanted.scenario, {**site, **{f"{root}.effects.{name}.{wanted.evidence}": ratio for name in chosen}}
    )


def _acts_on(effect: Effect, places: set[str], scenario: Scenario) -> bool:
    kind, _, subject = effect.target.partition(":")
    place = scenario.needs[subject].goes_to if kind == "need" else subject
    return kind in KINDS and place in places


def _meets(one: _Seen, other: _Seen, target: float) -> float:
    """The log of the true ratio at which the line through two points shows as the target."""
    slope = (other.reported - one.reported) / (other.true - one.true) if other.true != one.true else 0.0

    def above(true: float) -> float:
        return one.reported + slope * (true - one.true) - target

    if above(-FURTHEST) > 0.0 or above(FURTHEST) < 0.0:
        raise RunError(
            "found that what is reported does not grow with the true effect here; allowed an effect that shows"
        )
    return float(brentq(above, -FURTHEST, FURTHEST))
