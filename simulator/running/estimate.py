"""How long a run will take and how much memory, before it begins: from its size alone, so in no time.

    seconds = rows x (a + b x person-years of a row, newcomers' too) / workers
    bytes   = workers x people at once x c  +  rows x cells of ledger and account x 8 x copies

a, b and c were measured on two shared cores (AMD EPYC, 2026): an estimate is good to a factor of two, for machines and
pathways differ. A run that would not fit into the machine's memory is refused; one that takes more than an hour, or
more than half of the memory, is begun by a command only when somebody has agreed to it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from simulator.errors import RunError
from simulator.model.build import items
from simulator.running.size import PILOT, affordable, person_years
from simulator.scenario.tables import Scenario

__all__ = ["Estimate", "estimate", "memory_of_machine"]

ROW_S = 2e-3  # a
ALONE_S, SHARED_S, SIMPY_S = 1.5e-6, 6.5e-6, 2.5e-4  # b, seconds a person-year in two worlds
NEWCOMER_BYTES, SHARED_BYTES, SIMPY_BYTES = 40, 2_000, 10_000  # c
COPIES = 3
MOST_NEWCOMERS = 2**31
MUCH_OF_MEMORY = 0.5
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
UNITS = ((2 * DAY, DAY, "days"), (2 * HOUR, HOUR, "hours"), (2 * MINUTE, MINUTE, "minutes"), (0.0, 1.0, "s"))
GIGABYTE = 1e9


@dataclass(frozen=True)
class Estimate:
    """The size of a run and what it will take; ``seconds`` is None where others do the work."""

    rows: int
    people: int
    newcomers: float  # people who join, in a row
    seconds: float | None
    memory_bytes: float
    at_most: bool  # rows are chosen after the pilot

    def refuse_beyond(self, memory_bytes: float | None) -> None:
        """Refuse what the machine has no memory for.

        Args:
            memory_bytes: of the machine; None where it is not known.

        Raises:
            RunError: with what the run would take.
        """
        if self.newcomers >= MOST_NEWCOMERS:
            raise RunError(
                f"population.entrants: found {self.newcomers:,.0f} people who join; allowed fewer than "
                f"{MOST_NEWCOMERS:,}; state fewer, or simulate fewer people"
            )
        if memory_bytes is not None and self.memory_bytes > memory_bytes:
            raise RunError(
                f"found a run that takes about {gigabytes(self.memory_bytes)} of memory; allowed "
                f"{gigabytes(memory_bytes)}, what this machine has; use fewer rows, workers or people (people who join "
                "count too), or more machines (--cluster)"
            )

    def agree_beyond(self, memory_bytes: float | None, agree: Callable[[str], object]) -> None:
        """Have a run agreed to that takes more than an hour, or more than half of the machine's memory.

        Args:
            memory_bytes: of the machine; None where it is not known.
            agree: called with the size, time and memory in words; raises where nobody agrees.

        Example:
            >>> long = Estimate(64, 10_000, 0.0, 7_200.0, 1e8, at_most=False)
            >>> long.agree_beyond(16e9, print)
            64 sets of parameters x 10,000 people, about 2 hours
        """
        long = self.seconds is not None and self.seconds > HOUR
        large = memory_bytes is not None and self.memory_bytes > MUCH_OF_MEMORY * memory_bytes
        if long or large:
            agree(self.in_words())

    def in_words(self) -> str:
        """One line: how much, how long, and how much memory where that is a gigabyte or more.

        >>> Estimate(64, 10_000, 0.0, 41.0, 1e8, at_most=False).in_words()
        '64 sets of parameters x 10,000 people, about 40 s'
        >>> Estimate(864, 2_000, 0.0, 7300.0, 3e9, at_most=True).in_words()[38:]
        'then as many as needed, 864 at most: up to about 2 hours and 3 GB of memory'
        """
        size = f"{PILOT if self.at_most else self.rows:,} sets of parameters x {self.people:,} people"
        if self.newcomers > self.people:
            size += f" and {self.newcomers:,.0f} who join"
        parts = [] if self.seconds is None else [spoken_time(self.seconds)]
        parts += [f"{gigabytes(self.memory_bytes)} of memory"] if self.memory_bytes >= GIGABYTE else []
        about = " and ".join(parts)
        if self.at_most:
            size += f", then as many as needed, {self.rows:,} at most"
            return f"{size}: up to about {about}" if about else size
        return f"{size}, about {about}" if about else size


def estimate(
    scenario: Scenario,
    rows: int | None,
    people: int,
    engine: str,
    workers: int | None,
    budget: float,
    *,
    elsewhere: bool,
) -> Estimate:
    """What a run will take.

    Args:
        scenario: resolved scenario.
        rows: as asked; None where they are chosen within the budget.
        people: in a row.
        engine: "compiled" or "simpy".
        workers: as in a run.
        budget: person-years.
        elsewhere: other machines do the work.
    """
    most = affordable(scenario, people, budget) if rows is None else rows
    joining = newcomers(scenario, people)
    lived = person_years(scenario, people) * (1 + joining / people / 2)  # half the years each
    shared = bool(scenario.limited())
    each = SIMPY_S if engine == "simpy" else SHARED_S if shared else ALONE_S
    at_once = min(workers or os.cpu_count() or 1, ceil(most / 4))
    in_hand = joining * NEWCOMER_BYTES + shared * (people + joining) * SHARED_BYTES
    in_hand += (engine == "simpy") * (people + joining) * SIMPY_BYTES
    return Estimate(
        rows=most,
        people=people,
        newcomers=joining,
        seconds=None if elsewhere else most * (ROW_S + each * lived) / at_once,
        memory_bytes=(0 if elsewhere else at_once * in_hand) + most * cells(scenario) * 8 * COPIES,
        at_most=rows is None and most > PILOT,
    )


def newcomers(scenario: Scenario, people: int) -> float:
    """People who join in the years of a run, for so many people at the start."""
    them = scenario.population
    rate = float(them.entrants.per_year) if them.entrants else 0.0
    return rate * people / them.place_size * scenario.horizon.years


def cells(scenario: Scenario) -> int:
    """Numbers that a row leaves in its ledger and its account."""
    names, arms = items(scenario), len(scenario.all_arms())
    costs = sum(len(programme.costs) + len(programme.benefits) for programme in scenario.programmes.values())
    each = len(names.counts) + len(names.days) + len(scenario.prices) + costs
    return 2 * arms * arms * scenario.horizon.years * each


def spoken_time(seconds: float) -> str:
    """A time to one or two digits.

    >>> spoken_time(0.4), spoken_time(41.0), spoken_time(130.0), spoken_time(7500.0), spoken_time(1e7)
    ('1 s', '40 s', '2 minutes', '2 hours', '120 days')
    """
    _, unit, name = next(each for each in UNITS if seconds >= each[0])
    count = seconds / unit
    rounded = float(f"{count:.1g}") if count < 100 else float(f"{count:.2g}")
    return f"{max(1, round(rounded)):,} {name}"


def gigabytes(count: float) -> str:
    """Memory to two digits.

    >>> gigabytes(8.04e9), gigabytes(2.3e13)
    ('8 GB', '23,000 GB')
    """
    return f"{float(f'{count / GIGABYTE:.2g}'):,g} GB"


def memory_of_machine() -> float | None:
    """Bytes of memory of this machine; None where it does not say."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE")) * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
