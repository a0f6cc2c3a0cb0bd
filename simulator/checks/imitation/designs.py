"""The study designs over people who are simulated: each with what it reports, and the true effect on whom it looks at.

Many more people than a study has are lived with and without the programme. What a design reports is its estimator on
all of them; its range is that of repeated studies of the stated number of people, drawn from them with replacement
(Efron 1979, Annals of Statistics 7: 1-26). The true effect is that on the same people, against the same people and
dates without the programme. With b the bias that is found without one of J groups of people, its error is

    mcse^2 = (J - 1) / J x sum over groups of (b - mean of these)^2
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from simulator.activity.ledger import SIDES, WORLDS
from simulator.analysis.studies.area import area_trend, averted
from simulator.analysis.studies.before_after import before_after
from simulator.analysis.studies.estimate import Array, Counts, Estimate
from simulator.analysis.studies.matched import NOBODY, Strata, difference_in_differences
from simulator.analysis.studies.randomised import randomised
from simulator.analysis.studies.stepped_wedge import stepped_wedge
from simulator.checks.imitation.people import Studied
from simulator.checks.imitation.places import CLUSTERS_OF_A_STEP, OPENED, STEPS, USUAL_CARE, Everybody, opening_year

STUDIES = 400  # of one size: the ends of a 95 % range are then good to a twentieth of their distance
AT_A_TIME = 2_000_000  # people drawn
GROUPS = 20
DRAWS = 10  # of somebody alike for each participant, where all are looked at
LEAST = 0.5  # events and years in a cluster and year, so that logs are defined
LEVELS = (0.025, 0.975)
WITH, WITHOUT = WORLDS.index("with"), WORLDS.index("without")
BEFORE, AFTER = SIDES.index("before"), SIDES.index("after")
Chosen = NDArray[np.int64]
Look = Callable[[Chosen, Array], Estimate]
"""People [..., person] and a mark from 0 to 1 for each become what a study of them reports."""


@dataclass(frozen=True)
class Reported:
    """What one design would report, as a change: -0.26 is 26 % less.

    ``low`` and ``high`` are the 95 % range of repeated studies. ``true`` is the effect on ``whom`` the design looks at,
    ``bias`` what it reports less that, ``bias_mcse`` its Monte Carlo standard error.
    """

    design: str
    whom: str
    reported: float
    low: float
    high: float
    true: float
    bias: float
    bias_mcse: float
    spread: float  # standard deviation of repeated studies, of the log of the ratio
    people: int  # that a study looks at, each arm or place


@dataclass(frozen=True)
class Design:
    """A study design over some people who are simulated."""

    name: str
    whom: str
    size: int  # people who can be drawn
    drawn: int  # in a study
    report: Look
    truth: Look
    pooled: Look | None = None  # of all who are simulated; the same if left out

    def reported(self, seed: int) -> Reported:
        """What it would report.

        Args:
            seed: of which studies are drawn.
        """
        repeats = self._repeated(seed)
        low, high = np.expm1(np.quantile(repeats, LEVELS))
        logs = self.of_all(seed)
        reported, true = np.expm1(logs)
        return Reported(
            design=self.name,
            whom=self.whom,
            reported=float(reported[0]),
            low=float(low),
            high=float(high),
            true=float(true[0]),
            bias=float(reported[0] - true[0]),
            bias_mcse=left_out_error(reported - true),
            spread=float(repeats.std(ddof=1)),
            people=self.drawn,
        )

    def of_all(self, seed: int) -> Array:
        """Logs of the ratio that all who are simulated report, and of the true one: [reported or true, group left out].

        The first holds everybody, then each group is left out in turn.

        Args:
            seed: of who is taken for somebody alike.
        """
        everyone, look = np.arange(self.size), self.pooled or self.report
        marks = np.random.default_rng([seed, 0]).random(self.size)
        parts = [everyone, *(np.flatnonzero(everyone % GROUPS != group) for group in range(GROUPS))]
        pairs = [(look(part, marks[part]).log_ratio, self.truth(part, marks[part]).log_ratio) for part in parts]
        return np.array(pairs, dtype=np.float64).T

    def _repeated(self, seed: int) -> Array:
        """What studies of one size report, as logs of ratios: [study]."""
        luck = np.random.default_rng([seed, 1])
        some = max(1, AT_A_TIME // self.drawn)
        made = []
        for first in range(0, STUDIES, some):
            shape = (min(some, STUDIES - first), self.drawn)
            made.append(self.report(luck.integers(0, self.size, shape), luck.random(shape)).log_ratio)
        return np.concatenate(made)


# -------------------------------------------------------------------------------- those who take part


def left_out_error(figures: Array) -> float:
    """The Monte Carlo standard error of a figure, by the jackknife over groups of people.

    Args:
        figures: of everybody, then without each group.  # [1 + group]
    """
    return float(np.sqrt(GROUPS - 1) * np.std(figures[1:]))


def of_participants(participants: Studied, others: Studied, count: int) -> Iterator[Design]:
    """The designs that look at those who start.

    Args:
        participants: who are simulated.
        others: from whom people like them are taken.
        count: who take part in a study.
    """
    strata = Strata.of(others.stratum)

    def counts(people: Chosen, world: int, side: int) -> Counts:
        return Counts(participants.events[people, world, side], participants.years[people, world, side])

    def truth(people: Chosen, marks: Array) -> Estimate:
        return before_after(counts(people, WITHOUT, AFTER), counts(people, WITH, AFTER))

    def uncontrolled(people: Chosen, marks: Array) -> Estimate:
        return before_after(counts(people, WITH, BEFORE), counts(people, WITH, AFTER))

    def controlled(people: Chosen, marks: Array) -> Estimate:
        like = strata.one_like(participants.stratum[people], marks)
        found = like != NOBODY

        def of(studied: Studied, who: Chosen, world: int, side: int) -> Counts:
            return Counts(studied.events[who, world, side] * found, studied.years[who, world, side] * found)

        theirs = (of(participants, people, WITH, side) for side in (BEFORE, AFTER))
        return difference_in_differences(*theirs, *(of(others, like, WITHOUT, side) for side in (BEFORE, AFTER)))

    def with_all_alike(people: Chosen, marks: Array) -> Estimate:
        draws = [controlled(people, (marks + k / DRAWS) % 1.0) for k in range(DRAWS)]
        return Estimate(np.mean([draw.log_ratio for draw in draws], axis=0), draws[0].error)

    def by_lot(people: Chosen, marks: Array) -> Estimate:
        half = people.shape[-1] // 2
        return randomised(counts(people[..., :half], WITH, AFTER), counts(people[..., half:], WITHOUT, AFTER))

    about = ("those who start", len(participants), count)
    yield Design("before and after", *about, uncontrolled, truth)
    yield Design("matched", *about, controlled, truth, pooled=with_all_alike)
    yield Design("randomised", *about, by_lot, truth, pooled=truth)


# ------------------------------------------------------------------------------------ whole places


def of_places(lived: Everybody, count: int) -> Iterator[Design]:
    """The designs that look at everybody in places in which as many people start.

    Args:
        lived: everybody in places in which the programme opens step by step.
        count: who take part in a study.
    """
    yield _wedge(lived, _as_many(lived.starts, count))
    yield _areas(lived, count)


def _as_many(starts: Chosen, count: int) -> int:
    return max(2 * STEPS * CLUSTERS_OF_A_STEP, ceil(count / float(starts.mean())))


def _wedge(lived: Everybody, drawn: int) -> Design:
    """What the same people would show without the programme is chance, and is taken off."""
    clusters, years = STEPS * CLUSTERS_OF_A_STEP, np.arange(STEPS + 1)
    is_open = (years >= opening_year(np.arange(clusters))[:, None]).astype(np.float64)

    def table(values: Array, people: Chosen) -> Array:
        columns = [np.bincount(lived.cluster[people], values[people, year], clusters) for year in years]
        return np.stack(columns, axis=1)

    def wedge(people: Chosen, arm: int) -> Estimate:
        events, alive = (table(values[:, arm], people) for values in (lived.events, lived.years))
        return stepped_wedge(np.log(np.maximum(events, LEAST) / np.maximum(alive, LEAST)), is_open)

    def less(seen: Estimate, chance: Array) -> Estimate:
        return Estimate(seen.log_ratio - chance, seen.error)

    nothing = wedge(np.arange(len(lived)), USUAL_CARE).log_ratio

    def report(people: Chosen, marks: Array) -> Estimate:
        each = [less(wedge(study, OPENED), nothing) for study in people]
        return Estimate(np.array([seen.log_ratio for seen in each]), np.array([seen.error for seen in each]))

    def pooled(people: Chosen, marks: Array) -> Estimate:
        return less(wedge(people, OPENED), wedge(people, USUAL_CARE).log_ratio)

    def truth(people: Chosen, marks: Array) -> Estimate:
        opened = is_open[lived.cluster[people]]
        sides = (
            Counts(*((v[people, arm] * opened).sum(axis=-1) for v in (lived.events, lived.years))) for arm in (0, 1)
        )
        return before_after(*sides)

    return Design("stepped wedge", "everybody in the clusters", len(lived), drawn, report, truth, pooled)


@dataclass(frozen=True)
class _Areas:
    """Places where the programme opens after a year (the clusters that open first), and like places in usual care."""

    lived: Everybody

    @property
    def here(self) -> Chosen:
        return np.flatnonzero(self.lived.step == 1)

    def drawn(self, count: int) -> int:
        """How many people a place needs so that so many start."""
        return max(2, ceil(count / float(self.lived.starts[self.here].mean())))

    def sides(self, people: Chosen, arm: int) -> Iterator[Counts]:
        """Of these people, the year before it opens and those after."""
        for years in (slice(0, 1), slice(1, None)):
            events, alive = (table[people, arm, years].sum(axis=-1) for table in (self.lived.events, self.lived.years))
            yield Counts(events, alive)

    def others(self, marks: Array) -> Chosen:
        """People of another place, which has luck of its own."""
        return self.here[(marks * len(self.here)).astype(np.int64)]


def _areas(lived: Everybody, count: int) -> Design:
    """With all who are simulated the other place is the same one in usual care: what two places expect is the same."""
    places = _Areas(lived)
    here = places.here

    def report(people: Chosen, marks: Array) -> Estimate:
        return area_trend(*places.sides(here[people], OPENED), *places.sides(places.others(marks), USUAL_CARE))

    def truth(people: Chosen, marks: Array) -> Estimate:
        return area_trend(*places.sides(here[people], OPENED), *places.sides(here[people], USUAL_CARE))

    return Design("area", "everybody in the place", len(here), places.drawn(count), report, truth, pooled=truth)


@dataclass(frozen=True)
class PerPound:
    """What is saved for each pound of programme spending, and the 95 % range of what comparisons of areas report."""

    low: float
    high: float
    true: float


def per_pound(lived: Everybody, count: int, seed: int) -> PerPound | None:
    """What is averted by the trend of the other place, at the scenario's prices, over what is spent on the programme.

    Args:
        lived: everybody in places in which the programme opens step by step.
        count: who take part in a study.
        seed: of which studies are drawn.

    Returns:
        None where what is counted has no price, or the programme no cost.
    """
    if not (lived.pounds_per_event and lived.pounds_per_start):
        return None
    places, luck = _Areas(lived), np.random.default_rng([seed, 1])
    here, drawn, pounds = places.here, places.drawn(count), lived.pounds_per_event / lived.pounds_per_start

    def between(mine: Chosen, others: Chosen) -> float:
        spared = averted(*places.sides(mine, OPENED), *places.sides(others, USUAL_CARE))
        return float(spared / lived.starts[mine].sum()) * pounds

    def study() -> float:
        return between(here[luck.integers(0, len(here), drawn)], places.others(luck.random(drawn)))

    low, high = np.quantile([study() for _ in range(STUDIES)], LEVELS)
    return PerPound(float(low), float(high), between(here, here))
