"""Turns the checks of a scenario into the simulations that answer them: one for each programme, mode and length."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from simulator.checks.measures import WITH_COSTS
from simulator.checks.measures.who_uses import LATER
from simulator.checks.measures.whole_run import MEASURES as OVER_THE_HORIZON
from simulator.checks.smaller import without_unused_places
from simulator.scenario.tables import Check, EvidenceMode, Scenario

ROWS = 8


@dataclass(frozen=True)
class Simulation:
    """A simulation of usual care, or of one programme, and the names of the checks that it answers.

    ``years`` are followed after the warm-up; ``rows``: samples of people that the checks need.
    """

    programme: str
    evidence: EvidenceMode
    years: int
    rows: int
    checks: tuple[str, ...]

    def whole(self, scenario: Scenario) -> Scenario:
        """The scenario with at most the one programme, followed as long as the checks look.

        Args:
            scenario: with the checks.
        """
        kept = {self.programme: scenario.programmes[self.programme]} if self.programme else {}
        horizon = scenario.horizon.model_copy(update={"years": self.years})
        return scenario.model_copy(update={"programmes": kept, "arms": {}, "synergies": {}, "horizon": horizon})

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
        if any(each.measure.partition(":")[0] in WITH_COSTS for each in stated):
            return only
        words = {word for each in stated for part in each.measure.split("+") for word in part.split(":")}
        return without_unused_places(only, words)


def simulations(scenario: Scenario, checks: Mapping[str, Check]) -> list[Simulation]:
    """What has to be simulated to answer some checks.

    Args:
        scenario: resolved scenario.
        checks: some of its checks, by name.
    """
    answered: dict[tuple[str, EvidenceMode, int, int], list[str]] = defaultdict(list)
    for name, stated in checks.items():
        rows = stated.rows or ROWS
        if stated.comparison == "usual care":
            answered["", "calibrated", 1 + LATER.get(stated.measure.partition(":")[0], 0), rows].append(name)
        else:
            answered[stated.programme, stated.evidence, _years(scenario, stated), rows].append(name)
    return [Simulation(*setting, tuple(names)) for setting, names in answered.items()]


def _years(scenario: Scenario, stated: Check) -> int:
    """How long a programme is followed: to the horizon for what a run finds, else until a year after its funding."""
    if stated.measure.partition(":")[0] in OVER_THE_HORIZON:
        return scenario.horizon.years
    return min(ceil(scenario.horizon.funding_years) + 1, scenario.horizon.years)
