"""Turns the checks of a scenario into results: the figure on record beside the simulated one, with its error.

Which figures a check can name is said in :mod:`simulator.checks.measures`. All are functions f of sums S over people.
Groups of people who share nothing (whole samples, where something is shared) are independent, so with S_j the sums of
group j the Monte Carlo error is that of a jackknife over the J groups (Efron & Stein 1981, Annals of Statistics 9:
586-596):

    mcse^2 = (J - 1) / J x sum over j of (f(S - S_j) - mean of these)^2
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import reduce
from math import ceil
from os import cpu_count

import numpy as np
from numpy.typing import NDArray

from simulator.activity.ledger import Ledger
from simulator.activity.results import Lives
from simulator.checks.measures import LATER, WITH_COSTS, Array, Simulated, figure, unit, whom_and_what
from simulator.checks.smaller import without_unused_places
from simulator.engines.shared.people import values_of
from simulator.engines.totals import tally, totals
from simulator.errors import RunError, nearest
from simulator.model.build import build, items
from simulator.model.model import Model
from simulator.model.pathway import people_lived
from simulator.money.price import price
from simulator.running.run import Engine, engine_named
from simulator.scenario.evidence import active_quantities
from simulator.scenario.tables import Check, EvidenceMode, Scenario
from simulator.uncertainty.sample import central
from simulator.units import DAYS_PER_YEAR

__all__ = ["CheckResult", "check"]

GROUPS = 10
PRECISE = 8  # standard errors in the width of a range: an end is four of them from the middle
SURE = 2  # standard errors from an end
ROWS = 8


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
) -> list[CheckResult]:
    """What the simulator gives for the checks of a scenario, every quantity where sampled rows are centred.

    Args:
        scenario: resolved scenario.
        people: simulated in each sample; as many as live in the place if left out.
        rows: samples of people; left out, 8, or what a check says it needs.
        seed: key of every draw.
        names: which checks; all if left out.
        engine: "simpy" or "compiled"; "auto" is compiled.

    Returns:
        A result for each check, in the order of the file.

    Raises:
        RunError: a check or a measure that does not exist.

    Example:
        >>> import simulator as sim
        >>> check(sim.read("england_65_plus"), people=200, rows=1)  # doctest: +SKIP
    """
    chosen = _chosen(scenario, names)
    count = people_lived(scenario, people) if people or scenario.limited() else int(scenario.population.place_size)
    simulate = engine_named("compiled" if engine == "auto" else engine).simulate
    results: dict[str, CheckResult] = {}
    for (programme, evidence, years, needed, whom), labels in _settings(scenario, chosen).items():
        part = _without_unneeded_places(_only(scenario, programme, years), [chosen[label] for label in labels])
        simulated = _simulated(part, evidence, count, rows or needed, seed, simulate, whom)
        results |= {label: result(label, chosen[label], simulated) for label in labels}
    return [results[label] for label in chosen]


def simulated_for(
    scenario: Scenario, names: Sequence[str], *, people: int | None = None, seed: int = 1
) -> list[tuple[Simulated, list[str]]]:
    """What is simulated for some checks, and which of them each part answers: to be priced again in other ways.

    Args:
        scenario: resolved scenario.
        names: which checks; all if there are none.
        people: as in :func:`check`; one sample of them.
        seed: key of every draw.
    """
    chosen, simulate = _chosen(scenario, names), engine_named("compiled").simulate
    count = int(people or scenario.population.place_size)
    return [
        (_simulated(_only(scenario, programme, years), evidence, count, 1, seed, simulate, whom), labels)
        for (programme, evidence, years, _, whom), labels in _settings(scenario, chosen).items()
    ]


def repriced(simulated: Simulated, scenario: Scenario) -> Simulated:
    """The same lives with the prices, costs and benefits of another scenario.

    Args:
        simulated: what was simulated.
        scenario: with the same programmes and places.
    """
    kept = {name: scenario.programmes[name] for name in simulated.scenario.programmes}
    arms = {arm: stated for name in kept for arm, stated in scenario.arm_alone(name).items()}
    changed = scenario.model_copy(update={"programmes": kept, "arms": arms, "horizon": simulated.scenario.horizon})
    evidence = simulated.account.evidence
    design = central(active_quantities(changed, evidence))
    return replace(simulated, scenario=changed, account=price(simulated.ledger, changed, design, evidence))


def _chosen(scenario: Scenario, names: Sequence[str]) -> dict[str, Check]:
    for name in names:
        if name not in scenario.checks:
            close = nearest(name, scenario.checks)
            hint = f"; did you mean {close}?" if close else ""
            raise RunError(f'found no check "{name}"; allowed {", ".join(scenario.checks)}{hint}')
    return {name: stated for name, stated in scenario.checks.items() if name in names or not names}


def result(name: str, stated: Check, simulated: Simulated) -> CheckResult:
    """One check beside what was simulated for it.

    Args:
        name: of the check.
        stated: the check.
        simulated: the lives and the money.
    """
    value, mcse = jackknife(*figure(stated, simulated))
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
        mcse=mcse,
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


# -------------------------------------------------------------------------------------------- simulating


def _settings(scenario: Scenario, checks: dict[str, Check]) -> dict[tuple[str, EvidenceMode, int, int, str], list[str]]:
    """Checks that one simulation answers: by programme, evidence mode, years, samples of people, and group of them."""
    settings: dict[tuple[str, EvidenceMode, int, int, str], list[str]] = defaultdict(list)
    for name, stated in checks.items():
        rows, (whom, what) = stated.rows or ROWS, whom_and_what(stated.measure)
        if stated.comparison == "usual care":
            later = 1 + LATER.get(what.partition(":")[0], 0)
            settings["", "calibrated", max(later, stated.years[1]), rows, whom].append(name)
        else:
            after = ceil(scenario.horizon.window_days / DAYS_PER_YEAR)
            years = min(ceil(scenario.horizon.funding_years) + after, scenario.horizon.years)
            settings[stated.programme, stated.evidence, years, rows, whom].append(name)
    return settings


def _only(scenario: Scenario, programme: str, years: int) -> Scenario:
    """The scenario with at most one programme, followed for some years."""
    kept = {programme: scenario.programmes[programme]} if programme else {}
    horizon = scenario.horizon.model_copy(update={"years": years})
    arms = scenario.arm_alone(programme)
    return scenario.model_copy(update={"programmes": kept, "arms": arms, "synergies": {}, "horizon": horizon})


def _without_unneeded_places(scenario: Scenario, checks: Sequence[Check]) -> Scenario:
    """Without the places that these checks do not need."""
    if any(whom_and_what(stated.measure)[1].partition(":")[0] in WITH_COSTS for stated in checks):
        return scenario
    words = {word for stated in checks for word in re.split("[+/:]", stated.measure)}
    return without_unused_places(scenario, words)


def _simulated(
    scenario: Scenario,
    evidence: EvidenceMode,
    people: int,
    rows: int,
    seed: int,
    simulate: Callable[[Model, int], Lives],
    whom: str,
) -> Simulated:
    model = build(scenario, {}, people=people, seed=seed, evidence=evidence)
    shared = model.shares_anything

    def sample_of(stream: int) -> tuple[Ledger, Lives | None, tuple[NDArray[np.bool_], ...]]:
        lives = simulate(model, stream)
        there = _among(scenario, model, stream, lives.person, whom)
        members = tuple(who & there for who in _members(lives, shared))
        return _tallied(scenario, lives, members), None if scenario.programmes else lives, members

    with ThreadPoolExecutor(cpu_count()) as threads:
        samples = list(threads.map(sample_of, range(rows)))
    ledger = reduce(Ledger.append, (part for part, _, _ in samples))
    account = price(ledger, scenario, central(active_quantities(scenario, evidence), seed=seed), evidence)
    lives = tuple(one for _, one, _ in samples if one is not None)
    return Simulated(scenario, model, ledger, account, lives, tuple(members for _, _, members in samples))


def _among(scenario: Scenario, model: Model, stream: int, people: NDArray[np.int64], whom: str) -> NDArray[np.bool_]:
    """Who has a value of a group, ``NAME.VALUE``; everyone where none is named: [person].

    Raises:
        RunError: there is no such group, or no such value of it.
    """
    if not whom:
        return np.ones(len(people), dtype=np.bool_)
    groups = scenario.population.group_values
    known = [f"{name}.{value}" for name, values in groups.items() for value in values]
    if whom not in known:
        close = nearest(whom, known)
        hint = f"; did you mean {close}?" if close else ""
        raise RunError(f'found a measure of the group "{whom}"; allowed {", ".join(known) or "none"}{hint}')
    name, _, value = whom.partition(".")
    return np.asarray(values_of(model, stream, people)[list(groups).index(name)] == groups[name].index(value))


def _members(lives: Lives, shared: bool) -> tuple[NDArray[np.bool_], ...]:
    """Groups of people who are independent of each other: everyone, when something is shared."""
    if shared:
        return (np.ones(len(lives.person), dtype=np.bool_),)
    return tuple(lives.person % GROUPS == group for group in range(GROUPS))


def _tallied(scenario: Scenario, lives: Lives, members: Sequence[NDArray[np.bool_]]) -> Ledger:
    names = items(scenario)
    return tally(
        [totals(lives, who) for who in members],
        row=0,
        place_size=scenario.population.place_size,
        arms=scenario.all_arms(),
        items=(*names.counts, *names.days),
        measures=names.measures,
    )
