"""What is to be done: the rows of a scenario in one mode of evidence, in blocks of a few rows.

A block is a pure function of scenario, seed and block number, so who computes it, and when, changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from simulator.scenario.evidence import active_groups, active_quantities
from simulator.scenario.tables import EvidenceMode, Scenario
from simulator.scenario.write import scenario_hash
from simulator.uncertainty.design import Design
from simulator.uncertainty.sample import sample
from simulator.uncertainty.words import check_seed

BLOCK_ROWS = 4
DRAW_SCHEME = 3


def design_of(scenario: Scenario, evidence: EvidenceMode, rows: int, seed: int) -> Design:
    """Rows of every uncertain parameter; each column is keyed by its name, so one that is unchanged repeats."""
    groups = active_groups(scenario, evidence)
    return sample(active_quantities(scenario, evidence), rows, check_seed(seed), groups=groups)


@dataclass(frozen=True)
class Job:
    """Everything a block depends on."""

    scenario: Scenario
    design: Design
    evidence: EvidenceMode
    seed: int
    people: int
    engine: str
    size: Mapping[str, object] | None = None  # what the rows were chosen from, where they were; to be chosen: no rows

    @property
    def blocks(self) -> range:
        """Block numbers."""
        return range((len(self.design) + BLOCK_ROWS - 1) // BLOCK_ROWS)

    def rows_of(self, block: int) -> range:
        """Rows of a block."""
        return range(block * BLOCK_ROWS, min((block + 1) * BLOCK_ROWS, len(self.design)))

    def with_rows(self, rows: int) -> Job:
        """The same with another number of rows; those that both have are the same."""
        return replace(self, design=design_of(self.scenario, self.evidence, rows, self.seed))

    def inputs(self) -> dict[str, Any]:
        """What must be the same for a run to go on from another's blocks, but for rows and size."""
        return {
            "scenario_hash": scenario_hash(self.scenario),
            "evidence": self.evidence,
            "seed": self.seed,
            "people": self.people,
            "rows": len(self.design),
            "draw_scheme": DRAW_SCHEME,
            **({"size": dict(self.size)} if self.size else {}),
        }
