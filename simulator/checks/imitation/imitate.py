"""What would each study design have reported of a programme, beside its true effect?

before and after     those who start, the window before their start beside the one after it
matched              the same change less that of people who had not started, alike at the same date on record
randomised           of those who start a random half does, and both halves are compared after it
stepped wedge        everybody in clusters in which the programme opens one group after the other
area                 everybody in a place where it opens, year before and years after, beside a place where it does not

A study of n people is one in which n take part; the last two look at everybody in as large a place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from simulator.analysis.studies.matched import NOBODY, Strata
from simulator.checks.imitation.designs import BEFORE, WITH, PerPound, Reported, of_participants, of_places, per_pound
from simulator.checks.imitation.people import as_many_as_start, who_takes_part
from simulator.checks.imitation.places import everybody
from simulator.checks.imitation.sought import Progress, Sought, Work, sought
from simulator.errors import RunError
from simulator.scenario.tables import EvidenceMode, Scenario
from simulator.uncertainty.words import check_seed

__all__ = ["Imitation", "imitate"]

PEOPLE = 200_000
SMALL = 0.02  # a change below this is told to a tenth of a per cent
SURE = 2  # standard errors


@dataclass(frozen=True)
class Imitation:
    """What each design would report of a programme."""

    wanted: Sought
    people_in_study: int
    starters: int  # simulated, with whole windows before and after
    matched: float  # the share of them for whom there was somebody alike
    designs: tuple[Reported, ...]
    per_pound: PerPound | None  # of the comparison of areas

    def design(self, name: str) -> Reported:
        """One of the designs.

        Args:
            name: of the design.
        """
        return next(one for one in self.designs if one.design == name)

    def sentences(self) -> list[str]:
        """One for each design."""
        return [*(_sentence(one, self.wanted.words) for one in self.designs), *self._of_pounds()]

    def _of_pounds(self) -> Iterator[str]:
        if (pounds := self.per_pound) is not None:
            yield (
                f"For each pound spent on the programme, comparisons of areas would report from {_pounds(pounds.low)} "
                f"to {_pounds(pounds.high)} on what is counted (95 of 100 studies); in truth {_pounds(pounds.true)}."
            )

    def notes(self) -> list[str]:
        """Whom the figures rest on."""
        window = self.wanted.scenario.horizon.window_words
        return [
            f"{self.starters:,} people who start were simulated with {window} before and after; for "
            f"{100 * self.matched:.0f} % of them there was somebody like them on record.",
            "Areas and clusters are simulated alike: what else sets places apart is in no figure here.",
        ]


def imitate(
    scenario: Scenario,
    *,
    programme: str | None = None,
    evidence: EvidenceMode = "calibrated",
    measure: str = "emergency:inpatient",
    people_in_study: int | None = None,
    months: float | None = None,
    people: int = PEOPLE,
    seed: int = 1,
    workers: int | None = None,
    progress: Progress = lambda done, total: None,
) -> Imitation:
    """What each study design would report of a programme, every number where sampled rows are centred.

    Args:
        scenario: resolved scenario.
        programme: which one; may be left out where there is but one.
        evidence: which value of its effects is true.
        measure: what is counted, such as ``emergency:inpatient``; several are joined by ``+``.
        people_in_study: who take part in a study; as many as start in the place if left out.
        months: how long a study looks back and forward; the scenario's own windows if left out. Places go by years.
        people: how many are lived, in samples of a place.
        seed: key of every draw.
        workers: threads; as many as there are cores if left out.
        progress: called with crowds done and crowds in all.

    Raises:
        RunError: no such programme or measure, or hardly anybody starts.

    Example:
        >>> import simulator as sim
        >>> sim.imitate(sim.read("age_uk"), people_in_study=325).sentences()  # doctest: +SKIP
    """
    wanted = sought(scenario, programme, measure, evidence, months)
    work = Work(people, check_seed(seed), workers=workers, progress=progress)
    participants, others = who_takes_part(wanted, work)
    lived = everybody(wanted, work)
    if not (participants.events[:, WITH, BEFORE].any() and lived.events[:, :, 0].any()):
        raise RunError(f"found no {measure} before anybody starts; allowed what happens; simulate more with --people")
    count = people_in_study or as_many_as_start(wanted, participants, work)
    designs = (*of_participants(participants, others, count), *of_places(lived, count))
    alike = Strata.of(others.stratum).one_like(participants.stratum, np.zeros(len(participants))) != NOBODY
    reported = tuple(design.reported(seed) for design in designs)
    return Imitation(wanted, count, len(participants), float(alike.mean()), reported, per_pound(lived, count, seed))


def in_words(change: float, what: str = "") -> str:
    """A change as people say it.

    Args:
        change: -0.26 is 26 % less.
        what: of what, if that is to be said.

    >>> in_words(-0.263), in_words(0.104), in_words(0.0043), in_words(-0.0001)
    ('26 % fewer', '10 % more', '0.4 % more', 'no change')
    >>> in_words(-0.263, "bed days"), in_words(0.0, "bed days")
    ('26 % fewer bed days', 'no change in bed days')
    """
    digits = 1 if abs(change) < SMALL else 0
    size = f"{100 * abs(change):.{digits}f}"
    if not float(size):
        return f"no change in {what}" if what else "no change"
    return f"{size} % {'fewer' if change < 0 else 'more'} {what}".rstrip()


def _pounds(saved: float) -> str:
    return f"£{abs(saved):.2f} {'more spent' if saved < 0 else 'saved'}"


def _sentence(one: Reported, what: str) -> str:
    reported = f"{one.design.capitalize()}: {in_words(one.reported, what)} among {one.whom} would be reported"
    spread = f"from {in_words(one.low)} to {in_words(one.high)} in 95 of 100 studies of {one.people:,} people"
    return f"{reported}, {spread}; in truth {in_words(one.true)}: {_bias(one)}."


def _bias(one: Reported) -> str:
    points, error = (f"{100 * abs(size):.{1 if abs(size) < SMALL else 0}f}" for size in (one.bias, one.bias_mcse))
    if not one.bias_mcse or not float(points):
        return "no bias"
    if not float(error):
        error = f"{100 * one.bias_mcse:.1g}"
    if abs(one.bias) < SURE * one.bias_mcse:
        return f"no bias that these people can tell ({'-' if one.bias < 0 else '+'}{points} points, ± {error})"
    return f"{points} points too {'low' if one.bias < 0 else 'high'} (± {error})"
