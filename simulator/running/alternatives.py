"""What the net saving for each start becomes when a part of the model is built another way.

A scenario lists `[alternatives.NAME]`: values to set, as with `--set`. An alternative that changes what happens is
simulated with every number at its stated value, and so is the model of the run, with the same people and luck; one that
changes money alone is priced again in all rows of the run. With s[i] the discounted net saving to the public purse in
replicate i, t[i] the starts, and a dash for the alternative,

    D = sum(s'[i]) / sum(t'[i]) - sum(s[i]) / sum(t[i])      over the same replicates
    saving for each start = that of the whole run + D

with the Monte Carlo error of D from the replicates' own differences, the ratios made linear (Cochran 1977, Sampling
Techniques, ch. 6). Stated values, since a handful of sampled ones differ by more than the alternatives do. Nobody knows
how likely an alternative is, so none is part of a probability.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from simulator.errors import ScenarioError
from simulator.findings import ArmFindings, Findings, Money, OtherModel
from simulator.money.account import Account, Array
from simulator.running.run import Progress, Run, open_again, run_again
from simulator.scenario.evidence import active_quantities
from simulator.scenario.read import with_changes
from simulator.scenario.tables import EvidenceMode, Scenario
from simulator.uncertainty.quantity import Quantity
from simulator.uncertainty.ranges import Value, standard_error

__all__ = ["Rebuilt", "alternatives", "at_stated_values", "difference", "rebuilt", "stored", "with_alternatives"]

PARTS = 3  # all alternatives together take a third of the run's time
FEWEST, MOST = 2, 32
FOLDER, STATED = "alternatives", "_stated"


@dataclass(frozen=True)
class Rebuilt:
    """A run with one part of the model built another way, and what it is to be compared with."""

    name: str
    run: Run
    beside: Run  # the model as it is: at stated values, or, for one that is only priced again, the run itself
    simulated: bool  # simulated at stated values, not only priced again


def alternatives(done: Run, *, workers: int | None = None) -> Findings:
    """The findings of a run, with the net saving for each start under every alternative of its scenario.

    Args:
        done: the run.
        workers: as in a run.

    Example:
        >>> import simulator as sim
        >>> sim.alternatives(sim.run(sim.read("age_uk"))).sentences()  # doctest: +SKIP
    """
    return with_alternatives(done, done.findings(), rebuilt(done, workers=workers))


def rebuilt(
    done: Run, *, workers: int | None = None, resume: bool = False, progress: Progress | None = None
) -> tuple[Rebuilt, ...]:
    """Every alternative of a run: simulated at stated values where it changes what happens, else priced again.

    Args:
        done: the run; where it has a results folder what is simulated is kept inside it.
        workers: as in a run.
        resume: keep what an interrupted run left in the folder.
        progress: called with alternatives done and alternatives in all.

    Returns:
        One for each alternative, in the order of the file; those to be simulated are left out where a third of the run
        is less than two rows for each, where claims are corrected for optimism by what they are sampled from, and
        where a row breaks a rule of the scenario with them.
    """
    if done.folder is not None and not resume:
        shutil.rmtree(done.folder / FOLDER, ignore_errors=True)
    scenarios = _scenarios(done)
    rows = _rows(done, scenarios)
    wanted = {name: scenario for name, scenario in scenarios.items() if rows or scenario is None}
    tell = progress or (lambda count, total: None)
    beside = _again(done, STATED, _alone(done.scenario), rows, workers, resume) if any(wanted.values()) else done
    made = []
    for count, (name, scenario) in enumerate(wanted.items(), start=1):
        if scenario is None:
            made.append(_priced(done, name))
        else:
            with suppress(ScenarioError):
                made.append(Rebuilt(name, _again(done, name, scenario, rows, workers, resume), beside, simulated=True))
        tell(count, len(wanted))
    return tuple(made)


def stored(done: Run) -> tuple[Rebuilt, ...]:
    """The alternatives of a finished run: simulated ones from its results folder, the others priced again.

    Args:
        done: the run, with the prices it was simulated with.
    """
    return tuple(_stored(done))


def with_alternatives(
    done: Run, findings: Findings, found: Sequence[Rebuilt], changes: Mapping[str, object] | None = None
) -> Findings:
    """Findings of a run with what its alternatives say.

    Args:
        done: the run, with its prices.
        findings: of it.
        found: its alternatives.
        changes: prices to put on the alternatives first, as they were put on the run.
    """
    if changes:
        found = tuple(_with_prices(done, found, changes))
    arms = tuple(replace(arm, alternatives=tuple(_others(done, arm, found))) for arm in findings.arms)
    return replace(findings, arms=arms, notes=(*findings.notes, *_method(done, found)))


# ---------------------------------------------------------------------------------------------- what is changed


def _scenarios(done: Run) -> dict[str, Scenario | None]:
    """Each alternative as a scenario of its own, None for one that changes money alone; empty without programmes."""
    if len(done.scenario.all_arms()) < 2:
        return {}
    alone, stated = _alone(done.scenario), done.scenario.alternatives
    changed = {name: with_changes(alone, alternative.set) for name, alternative in stated.items()}
    same = alone.simulated_part()
    return {name: None if scenario.simulated_part() == same else scenario for name, scenario in changed.items()}


def _alone(scenario: Scenario) -> Scenario:
    return scenario.model_copy(update={"alternatives": {}})


def _rows(done: Run, scenarios: Mapping[str, Scenario | None]) -> int:
    """Rows simulated for each alternative; 0 when a third of the run is too short for two."""
    if done.evidence == "claimed" and done.scenario.economics.optimism != "none":
        return 0
    rows = min(done.rows // (PARTS * (1 + _simulated(scenarios))), MOST)
    return rows if rows >= FEWEST else 0


def _simulated(scenarios: Mapping[str, Scenario | None]) -> int:
    return sum(scenario is not None for scenario in scenarios.values())


def _again(done: Run, name: str, scenario: Scenario, rows: int, workers: int | None, resume: bool) -> Run:
    stated = at_stated_values(scenario, done.evidence)
    return run_again(done, stated, rows, workers=workers, out=_folder(done, name), resume=resume)


def at_stated_values(scenario: Scenario, evidence: EvidenceMode) -> Scenario:
    """The scenario without uncertainty: every number of one mode of evidence at its stated value.

    Args:
        scenario: the scenario.
        evidence: the mode.
    """
    uncertain = active_quantities(scenario, evidence)
    return with_changes(scenario, {path: _without_spread(quantity) for path, quantity in uncertain.items()})


def _without_spread(quantity: Quantity) -> dict[str, object]:
    kept = {"price_year": quantity.price_year, "group": quantity.group}
    return {"value": quantity.value, **{key: value for key, value in kept.items() if value is not None}}


def _priced(done: Run, name: str) -> Rebuilt:
    alone = replace(done, scenario=_alone(done.scenario))
    return Rebuilt(name, alone.priced(done.scenario.alternatives[name].set), done, simulated=False)


def _with_prices(done: Run, found: Sequence[Rebuilt], changes: Mapping[str, object]) -> Iterator[Rebuilt]:
    """What an alternative that is only priced sets itself stands above the changes."""
    priced = {id(each.beside): each.beside.priced(changes) for each in found if each.simulated}
    for each in found:
        if each.simulated:
            yield replace(each, run=each.run.priced(changes), beside=priced[id(each.beside)])
        else:
            yield _priced(done, each.name)


def _folder(done: Run, name: str) -> Path | None:
    return None if done.folder is None else done.folder / FOLDER / name


def _stored(done: Run) -> Iterator[Rebuilt]:
    beside = _kept(done, STATED, _alone(done.scenario))
    for name, scenario in _scenarios(done).items():
        if scenario is None:
            yield _priced(done, name)
        elif beside is not None and (again := _kept(done, name, scenario)) is not None:
            yield Rebuilt(name, again, beside, simulated=True)


def _kept(done: Run, name: str, scenario: Scenario) -> Run | None:
    """What lies in the results folder, if it is of this scenario and seed."""
    return open_again(done, at_stated_values(scenario, done.evidence), _folder(done, name))


# --------------------------------------------------------------------------------------------------- what it says


def _others(done: Run, arm: ArmFindings, found: Sequence[Rebuilt]) -> Iterator[OtherModel]:
    moneys: tuple[Money, ...] = ("value", "cash")
    for each in found:
        for money in moneys:
            whole = arm.per_starter(money)
            there, here = (_saved(some.account(), arm.arm, money, each.simulated) for some in (each.run, each.beside))
            if whole is None or min(float(starts.sum()) for _, starts in (there, here)) <= 0:
                continue
            apart = difference(*there, *here)
            yield OtherModel(
                name=each.name,
                title=done.scenario.alternatives[each.name].title,
                why=done.scenario.alternatives[each.name].why,
                money=money,
                per_start=float(whole.mean) + float(apart.value),
                difference=apart,
                rows=each.run.rows,
                simulated=each.simulated,
            )


def _saved(account: Account, arm: str, money: Money, apart: bool) -> tuple[Array, Array]:
    """Discounted net saving to the public purse and starts, of each replicate apart or each row: two of [replicate]."""
    saved = account.saving(arm, account.public_payers, cash=money == "cash") @ account.money_factor
    starts = account.starts[:, :, account.arms.index(arm)].sum(axis=-1)
    share = account.people / account.people.mean()
    both = saved * share, starts * share
    return (both[0].ravel(), both[1].ravel()) if apart else (both[0].mean(axis=1), both[1].mean(axis=1))


def difference(saved: Array, starts: Array, was: Array, starts_were: Array) -> Value:
    """How much more is saved for each start than before, replicate by replicate with the same people and luck.

    Args:
        saved: [replicate] net saving.
        starts: [replicate] starts.
        was: [replicate] net saving before.
        starts_were: [replicate] starts before.

    Returns:
        The difference of the two ratios of sums, and its Monte Carlo error.

    Example:
        >>> difference(np.array([8.0, 4.0]), np.array([2.0, 1.0]), np.array([3.0, 1.5]), np.array([2.0, 1.0]))
        Value(value=array(2.5), mcse=array(0.))
    """
    new, old = saved.sum() / starts.sum(), was.sum() / starts_were.sum()
    left = (saved - new * starts) / starts.mean() - (was - old * starts_were) / starts_were.mean()
    return Value(np.asarray(new - old), np.asarray(standard_error(left, np.zeros(len(left), dtype=np.int64))))


def _method(done: Run, found: Sequence[Rebuilt]) -> Iterator[str]:
    """How the alternatives were worked out, and which were left out, as notes."""
    again = [each for each in found if each.simulated]
    ways = []
    if again:
        each = f"{again[0].run.rows} times {done.people:,} people with every number at its stated value"
        ways.append(f"{len(again)} by simulating {each}")
    if len(again) < len(found):
        ways.append(f"{len(found) - len(again)} by pricing the lives of the run again")
    if ways:
        told = ", ".join(ways)
        yield f"other ways to build the model, with the same people and luck: {told}; no probability holds them"
    names = done.scenario.alternatives if len(done.scenario.all_arms()) > 1 else ()
    if left := [name for name in names if name not in {each.name for each in found}]:
        enough = PARTS * FEWEST * (1 + len(left) + len(again))
        yield (
            f"other ways to build the model were left out ({', '.join(left)}): they take a run of {enough} sets of "
            "parameters, and claims that are not corrected for optimism"
        )
