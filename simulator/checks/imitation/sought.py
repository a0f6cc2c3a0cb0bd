"""What a study looks for, and the lives it looks at: a scenario with one programme becomes crowds of lived people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from simulator.activity.results import Lives
from simulator.checks.smaller import without_unused_places
from simulator.errors import RunError, no_such
from simulator.findings.activity import in_the_field, place_titles
from simulator.model.build import items
from simulator.model.model import Model
from simulator.model.pathway import people_lived
from simulator.running.run import engine_named
from simulator.scenario.read import with_changes
from simulator.scenario.tables import EvidenceMode, Scenario
from simulator.units import DAYS_PER_YEAR

MONTHS = 12  # of a year
AT_A_TIME = 2_500  # people whose lives are in memory at once, where nothing is shared
Progress = Callable[[int, int], None]
T = TypeVar("T")


@dataclass(frozen=True)
class Sought:
    """Which programme, in which mode of evidence, and what is counted."""

    scenario: Scenario
    programme: str
    measure: str
    evidence: EvidenceMode = "calibrated"

    @property
    def parts(self) -> list[str]:
        """Names of what is counted; several are added up."""
        return self.measure.split("+")

    @property
    def words(self) -> str:
        """What is counted, as the field calls it."""
        titles = place_titles(self.scenario)
        return " and ".join(in_the_field(part, titles) for part in self.parts)

    def only(self, years: int, subgroups: tuple[str, ...]) -> Scenario:
        """The scenario with the one programme, followed for some years.

        Args:
            years: how long.
            subgroups: by what people are told apart as they begin.
        """
        whole = self.scenario
        changes = {
            "programmes": {self.programme: whole.programmes[self.programme]},
            "arms": whole.arm_alone(self.programme),
            "synergies": {},
            "horizon": whole.horizon.model_copy(update={"years": years}),
            "population": whole.population.model_copy(update={"subgroups": subgroups}),
        }
        return whole.model_copy(update=changes)

    def without_other_places(self, scenario: Scenario) -> Scenario:
        """The scenario without places on which nothing of what is counted depends.

        Args:
            scenario: the whole one.
        """
        return without_unused_places(scenario, {part.split(":")[1] for part in self.parts})


def sought(
    scenario: Scenario, programme: str | None, measure: str, evidence: EvidenceMode, months: float | None = None
) -> Sought:
    """What is looked for, if it is there.

    Args:
        scenario: resolved scenario.
        programme: a programme of it; may be left out where there is but one.
        measure: what is counted, such as ``emergency:inpatient``; several are joined by ``+``.
        evidence: which value of each effect.
        months: how long a study looks back and forward; the scenario's own windows if left out.

    Raises:
        ScenarioError: windows that the warm-up does not hold.
        RunError: no such programme or measure, or several programmes and none named.
    """
    names = list(scenario.programmes)
    if not names:
        raise RunError(f"{scenario.name}: found no programme; allowed a scenario with one; a study is of a programme")
    if programme is None and len(names) > 1:
        raise RunError(f"found {len(names)} programmes; allowed one of {', '.join(names)}; name it with --programme")
    name = programme or names[0]
    if name not in names:
        raise RunError(no_such("programme", name, names))
    known = [measure for measure in items(scenario).measures if ":" in measure]
    for part in measure.split("+"):
        if part not in known:
            raise RunError(no_such("measure", part, known))
    if months is not None:
        scenario = with_changes(scenario, {"horizon.window_days": months * DAYS_PER_YEAR / MONTHS})
    return Sought(scenario, name, measure, evidence)


@dataclass(frozen=True)
class Crowd:
    """Some of the people of one sample, on one stream of luck."""

    stream: int
    people: NDArray[np.int64]
    entering: slice


@dataclass(frozen=True)
class Work:
    """How many people are lived, with which luck, and by how many threads."""

    people: int
    seed: int = 1
    first: int = 0  # number of the first sample
    workers: int | None = None
    progress: Progress = lambda done, total: None


def each_crowd(model: Model, work: Work, of: Callable[[Crowd, Lives], T]) -> Iterator[T]:
    """What is made of the lives of every crowd, in their order.

    Args:
        model: one row of parameters, of as many people as live in a place.
        work: how many are lived: whole samples, or a part of the only one.
        of: what is made of a crowd and its lives.
    """
    simulate = engine_named("compiled").simulate
    crowds = list(_crowds(model, work))

    def made(crowd: Crowd) -> T:
        return of(crowd, simulate(model, crowd.stream, crowd.people, entering=crowd.entering))

    with ThreadPoolExecutor(work.workers or cpu_count()) as threads:
        for done, one in enumerate(threads.map(made, crowds), start=1):
            work.progress(done, len(crowds))
            yield one


def lived_in_a_sample(scenario: Scenario, people: int) -> int:
    """How many people a sample holds: everybody in the place, or fewer where fewer are asked for.

    Args:
        scenario: resolved scenario.
        people: asked for.
    """
    limited = bool(scenario.limited())
    return people_lived(scenario) if limited else min(people, int(scenario.population.place_size))


def _crowds(model: Model, work: Work) -> Iterator[Crowd]:
    """Those who join an open population come with the first crowd of their sample."""
    size = model.population.people
    each = size if model.shares_anything else AT_A_TIME
    for stream in range(work.first, work.first + max(1, round(work.people / size))):
        for start in range(0, size, each):
            entering = slice(0, 0) if start else slice(None)
            yield Crowd(stream, np.arange(start, min(start + each, size)), entering)
