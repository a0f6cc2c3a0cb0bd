"""Turns the checks of a scenario into results: the figure on record beside the simulated one, with its error.

Which figures a check can name is said in :mod:`simulator.checks.measures`. All are functions f of sums S over people.
Groups of people who share nothing (whole samples, where something is shared) are independent, so with S_j the sums of
group j the Monte Carlo error is that of a jackknife over the J groups (Efron & Stein 1981, Annals of Statistics 9:
586-596):

    mcse^2 = (J - 1) / J x sum over j of (f(S - S_j) - mean of these)^2
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from os import cpu_count
from time import perf_counter

import numpy as np

from simulator.checks.measures import figure, unit
from simulator.checks.samples import Array, Simulated, simulated
from simulator.checks.simulations import simulations
from simulator.errors import RunError, nearest
from simulator.model.pathway import people_lived
from simulator.money.price import price
from simulator.running.run import Engine, engine_named
from simulator.scenario.evidence import active_quantities
from simulator.scenario.tables import Check, EvidenceMode, Scenario
from simulator.uncertainty.sample import central

__all__ = ["CheckResult", "check"]

PRECISE = 8  # standard errors in the width of a range: an end is four of them from the middle
PILOT = 500  # people
LAST_DIGITS = 1e-12  # of a figure: what the order of a sum can change
SURE = 2  # standard errors from an end


@dataclass(frozen=True)
class CheckResult:
    """One figure on record beside the simulated one.

    ``passed`` says whether ``simulated`` lies from ``low`` to ``high``; None when the check is only reported, or when
    too few people were simulated to tell: the error is above an eighth of the range and an end within two errors.
    ``mcse`` is the Monte Carlo standard error of ``simulated``. For ``measure`` and ``unit`` see
    :mod:`simulator.checks.measures`.
    """

    name: str
    measure: str
    comparison: str
    evidence: EvidenceMode
    programme: str
    target: float | None
    low: float
    high: float
    simulated: float
    mcse: float
    passed: bool | None
    note: str
    unit: str = ""
    judged: bool = True


def check(
    scenario: Scenario,
    *,
    people: int | None = None,
    rows: int | None = None,
    seed: int = 1,
    names: Sequence[str] = (),
    engine: Engine = "auto",
    progress: Callable[[float], None] = lambda person_years: None,
) -> list[CheckResult]:
    """What the simulator gives for the checks of a scenario, every quantity where sampled rows are centred.

    Args:
        scenario: resolved scenario.
        people: simulated in each sample; as many as live in the place if left out.
        rows: samples of people; left out, 8, or what a check says it needs.
        seed: key of every draw.
        names: which checks; all if left out.
        engine: "simpy" or "compiled"; "auto" is compiled.
        progress: called with the person-years of each simulation when it is done.

    Returns:
        A result for each check, in the order of the file.

    Raises:
        RunError: a check or a measure that does not exist.

    Example:
        >>> import simulator as sim
        >>> check(sim.read("england_65_plus"), people=200, rows=1)  # doctest: +SKIP
    """
    chosen, count = chosen_checks(scenario, names), people_checked(scenario, people)
    simulate = engine_named("compiled" if engine == "auto" else engine).simulate
    results: dict[str, CheckResult] = {}
    for one in simulations(scenario, chosen):
        lived = simulated(one.part(scenario), one.evidence, count, rows or one.rows, seed, simulate, one.whom)
        results |= {label: result(label, chosen[label], lived) for label in one.checks}
        progress(one.person_years(scenario, count, rows))
    return [results[label] for label in chosen]


def person_years(
    scenario: Scenario, *, people: int | None = None, rows: int | None = None, names: Sequence[str] = ()
) -> float:
    """How much is lived for the checks of a scenario.

    Args:
        scenario: resolved scenario.
        people: as in :func:`check`.
        rows: as in :func:`check`.
        names: as in :func:`check`.
    """
    count = people_checked(scenario, people)
    parts = simulations(scenario, chosen_checks(scenario, names))
    return sum(one.person_years(scenario, count, rows) for one in parts)


def seconds_of_a_person_year(scenario: Scenario, *, seed: int = 1) -> float:
    """Seconds that this machine takes for a person-year of checks, by a quick measurement; compiling is left out.

    Args:
        scenario: one that has checks.
        seed: key of every draw.
    """
    simulate, rows = engine_named("compiled").simulate, cpu_count() or 1
    first = simulations(scenario, scenario.checks)[0]
    count = people_checked(scenario, min(PILOT, scenario.population.people))
    simulated(first.part(scenario), first.evidence, count, 1, seed, simulate, first.whom)
    start = perf_counter()
    simulated(first.part(scenario), first.evidence, count, rows, seed, simulate, first.whom)
    return (perf_counter() - start) / first.person_years(scenario, count, rows)


def people_checked(scenario: Scenario, people: int | None) -> int:
    """How many people are lived in each sample: all of the place if left out, or where anything is limited.

    Args:
        scenario: resolved scenario.
        people: as asked.
    """
    if people or scenario.limited():
        return people_lived(scenario, people)
    return int(scenario.population.place_size)


def simulated_for(
    scenario: Scenario, names: Sequence[str], *, people: int | None = None, seed: int = 1
) -> list[tuple[Simulated, tuple[str, ...]]]:
    """What is simulated for some checks, and which of them each part answers: to be priced again in other ways.

    Args:
        scenario: resolved scenario.
        names: which checks; all if there are none.
        people: as in :func:`check`; one sample of them.
        seed: key of every draw.
    """
    chosen, simulate = chosen_checks(scenario, names), engine_named("compiled").simulate
    count = int(people or scenario.population.place_size)
    return [
        (simulated(one.whole(scenario), one.evidence, count, 1, seed, simulate, one.whom), one.checks)
        for one in simulations(scenario, chosen)
    ]


def repriced(lived: Simulated, scenario: Scenario) -> Simulated:
    """The same lives with the prices, costs and benefits of another scenario.

    Args:
        lived: what was simulated.
        scenario: with the same programmes and places.
    """
    kept = {name: scenario.programmes[name] for name in lived.scenario.programmes}
    arms = {arm: stated for name in kept for arm, stated in scenario.arm_alone(name).items()}
    changed = scenario.model_copy(update={"programmes": kept, "arms": arms, "horizon": lived.scenario.horizon})
    evidence = lived.account.evidence
    design = central(active_quantities(changed, evidence))
    return replace(lived, scenario=changed, account=price(lived.ledger, changed, design, evidence))


def chosen_checks(scenario: Scenario, names: Sequence[str]) -> dict[str, Check]:
    """Some checks of a scenario by name, in the order of the file; all if there are no names.

    Args:
        scenario: resolved scenario.
        names: of checks.

    Raises:
        RunError: a check that does not exist.
    """
    for name in names:
        if name not in scenario.checks:
            close = nearest(name, scenario.checks)
            hint = f"; did you mean {close}?" if close else ""
            raise RunError(f'found no check "{name}"; allowed {", ".join(scenario.checks)}{hint}')
    return {name: stated for name, stated in scenario.checks.items() if name in names or not names}


def result(name: str, stated: Check, lived: Simulated) -> CheckResult:
    """One check beside what was simulated for it.

    Args:
        name: of the check.
        stated: the check.
        lived: the lives and the money.
    """
    value, mcse = jackknife(*figure(stated, lived))
    return CheckResult(
        name=name,
        measure=stated.measure,
        comparison=stated.comparison,
        evidence=stated.evidence,
        programme=stated.programme,
        target=stated.target,
        low=stated.low,
        high=stated.high,
        simulated=value,
        mcse=mcse if mcse > LAST_DIGITS * abs(value) else 0.0,
        passed=verdict(stated, value, mcse) if stated.judged else None,
        note=stated.note,
        unit=unit(stated),
        judged=stated.judged,
    )


def verdict(stated: Check, simulated: float, mcse: float) -> bool | None:
    """Whether a figure lies in the range of a check; None when too few people were simulated to tell.

    Args:
        stated: the check.
        simulated: the figure.
        mcse: its Monte Carlo standard error.

    >>> deaths = Check(measure="deaths", low=430, high=507)
    >>> verdict(deaths, 420.0, 5.0), verdict(deaths, 420.0, 55.0), verdict(deaths, 200.0, 55.0)
    (False, None, False)
    """
    near = min(abs(simulated - stated.low), abs(simulated - stated.high)) < SURE * mcse
    if near and mcse > (stated.high - stated.low) / PRECISE:
        return None
    return stated.low <= simulated <= stated.high


def jackknife(parts: Array, formula: Callable[[Array], float]) -> tuple[float, float]:
    """A function of sums and its standard error.

    Args:
        parts: [block, part] sums of independent blocks.
        formula: the figure from the totals [part].

    Returns:
        The figure and its standard error; nan for a single block.

    >>> mean, mcse = jackknife(np.array([[1.0, 1.0], [2.0, 1.0], [3.0, 1.0]]), lambda s: float(s[0] / s[1]))
    >>> mean, round(mcse, 6)
    (2.0, 0.57735)
    """
    total, blocks = parts.sum(axis=0), len(parts)
    if blocks < 2:
        return formula(total), float("nan")
    left_out = np.array([formula(total - part) for part in parts])
    return formula(total), float(np.sqrt((blocks - 1) * left_out.var()))
