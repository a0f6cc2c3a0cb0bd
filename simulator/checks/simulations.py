"""Turns the checks of a scenario into the simulations that answer them: one for each programme, mode and length."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from simulator.checks.measures import LATER, WITH_COSTS
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
            years = min(ceil(scenario.horizon.funding_years) + 1, scenario.horizon.years)
            answered[stated.programme, stated.evidence, years, rows].append(name)
    return [Simulation(*setting, tuple(names)) for setting, names in answered.items()]
