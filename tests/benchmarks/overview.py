"""What a further programme on one population costs: usual care shared in memory, beside each programme lived alone.

`python tests/benchmarks/overview.py` lives befriending, then befriending and POPP together, then all three for older
people, in turn, and prints processor seconds of their lives in each mode of evidence.
"""

from __future__ import annotations

import argparse
from statistics import median

from stopwatch import cpu_seconds

from simulator.engines.compiled.usual_care import USUAL_CARE_CACHE
from simulator.running.modes import ORDER
from simulator.running.run import engine_named
from simulator.running.together import lived_together
from simulator.scenario.read import read
from simulator.scenario.tables import Scenario

NAMES = ("befriending", "popp", "age_uk")


def seconds(company: list[Scenario], rows: int, people: int) -> float:
    """Processor seconds of the lives of a company in all modes of evidence, from nothing."""
    USUAL_CARE_CACHE.clear()
    return sum(cpu_seconds(lived_together, company, mode, rows=rows, people=people, workers=1)[0] for mode in ORDER)


def main() -> None:
    """Print a line for each number of programmes: seconds, and what the last one added as a share of the first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=32)
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    engine_named("compiled")
    scenarios = [read(name) for name in NAMES]
    rounds = [[seconds(scenarios[:n], asked.rows, asked.people) for n in (1, 2, 3)] for _ in range(asked.rounds)]
    for n, name in enumerate(NAMES):
        added = [each[n] - (each[n - 1] if n else 0.0) for each in rounds]
        share = median(more / each[0] for more, each in zip(added, rounds, strict=True))
        print(f"{name:12} {median(added):6.2f} s more: {share:4.2f} of the first")


if __name__ == "__main__":
    main()
