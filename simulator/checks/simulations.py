"""Turns the checks of a scenario into the simulations that answer them: one for each programme, mode and length."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from simulator.checks.measures import WITH_COSTS, whom_and_what
from simulator.checks.measures.who_uses import LATER
from simulator.checks.measures.whole_run import MEASURES as OVER_THE_HORIZON
from simulator.checks.smaller import without_unused_places
from simulator.scenario.tables import Check, EvidenceMode, Scenario
from simulator.units import DAYS_PER_YEAR

ROWS = 8


@dataclass(frozen=True)
class Simulation:
    """A simulation of usual care, or of one programme, and the names of the checks that it answers.

    ``years`` are followed after the warm-up; ``rows``: samples of people that the checks need. ``whom``: the value of
    a group whose people are looked at alone; empty for everyone.
    """

    programme: str
    evidence: EvidenceMode
    years: int
    rows: int
    whom: str
    checks: tuple[str, ...]

    def whole(self, scenario: Scenario) -> Scenario:
        """The scenario with at most the one programme, followed as long as the checks look.

        Args:
            scenario: with the checks.
        """
        kept = {self.programme: scenario.programmes[self.programme]} if self.programme else {}
        horizon = scenario.horizon.model_copy(update={"years": self.years})
        arms = scenario.arm_alone(self.programme)
        return scenario.model_copy(update={"programmes": kept, "arms": arms, "synergies": {}, "horizon": horizon})

    def person_years(self, scenario: Scenario, people: int, rows: int | None) -> float:
        """How much is lived for it, warm-up included: with a programme each person lives twice.

        Args:
            scenario: with the checks.
            people: in each sample.
            rows: samples; what the checks need if left out.
        """
        years = self.years + scenario.horizon.warm_up_years
        return people * (rows or self.rows) * years * (2 if self.programme else 1)

    def part(self, scenario: Scenario) -> Scenario:
        """The scenario with at most the one programme, without the places that these checks do not need.

        Args:
            scenario: with the checks.
        """
        only = self.whole(scenario)
        stated = [scenario.checks[name] for name in self.checks]
        if any(whom_and_what(each.measure)[1].partition(":")[0] in WITH_COSTS for each in stated):
            return only
        words = {word for each in stated for word in re.split("[+/:]", each.measure)}
        return without_unused_places(only, words)


def simulations(scenario: Scenario, checks: Mapping[str, Check]) -> list[Simulation]:
    """What has to be simulated to answer some checks.

    Args:
        scenario: resolved scenario.
        checks: some of its checks, by name.
    """
    answered: dict[tuple[str, EvidenceMode, int, int, str], list[str]] = defaultdict(list)
    for name, stated in checks.items():
        rows, (whom, what) = stated.rows or ROWS, whom_and_what(stated.measure)
        if stated.comparison == "usual care":
            years = max(1 + LATER.get(what.partition(":")[0], 0), stated.years[1])
            answered["", "calibrated", years, rows, whom].append(name)
        else:
            answered[stated.programme, stated.evidence, _years(scenario, what), rows, whom].append(name)
    return [Simulation(*setting, tuple(names)) for setting, names in answered.items()]


def _years(scenario: Scenario, measure: str) -> int:
    """How long a programme is followed: to the horizon for what a run finds, else a window beyond its funding."""
    if measure.partition(":")[0] in OVER_THE_HORIZON:
        return scenario.horizon.years
    after = ceil(scenario.horizon.window_days / DAYS_PER_YEAR)
    return min(ceil(scenario.horizon.funding_years) + after, scenario.horizon.years)
