"""Parts of a run are simulated again, with something changed, for two findings that stand beside it.

*Break-even*: for each arm that never pays back, its effect on hospital use is set to a few ratios, 1 (no effect),
nearly 0 (nearly everything averted), and a half where the effect comes or goes slowly, in the first rows of the run:
the same parameters, people and random numbers (:mod:`simulator.findings.break_even`).

*Alternatives*: a scenario lists `[alternatives.NAME]`, values to set as with `--set`. One that changes what happens is
simulated with every number where the rows are centred (its stated value, the mean of a triangular), and so is the model
of the run, with the same people and random numbers; one that changes money alone is priced again in all rows of the
run. Centres, since a handful of sampled values differ by more than the alternatives do (`findings.alternatives`).

What is simulated again takes a stated part of the run's time, is kept in a folder inside its results folder, and is
read from there when the finished run is opened.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from simulator.errors import ScenarioError
from simulator.findings import ArmFindings, Findings
from simulator.findings.alternatives import OtherModel, Untried, difference_between
from simulator.findings.break_even import BreakEven, break_even_points, how, levers
from simulator.findings.finding import MONEYS
from simulator.running.run import Progress, Run, open_again, run_again
from simulator.scenario.evidence import SITES, active_quantities
from simulator.scenario.read import with_changes
from simulator.scenario.tables import Arm, Effect, EvidenceMode, Scenario
from simulator.uncertainty.quantity import Quantity

__all__ = [
    "Rebuilt",
    "Rerun",
    "alternatives",
    "at_stated_values",
    "break_even",
    "ratios",
    "rebuilt",
    "rerun",
    "stored_alternatives",
    "stored_break_even",
    "with_alternatives",
    "with_break_even",
]

FEWEST, MOST = 2, 32  # rows simulated again
NEARLY_ALL, HALF, NONE = 0.01, 0.5, 1.0
STATED, UNSAFE = "_stated", re.compile(r"\W+")


@dataclass(frozen=True)
class Study:
    """Where what is simulated again for one finding is kept, and how much of the run's time it may take."""

    folder: str  # inside the results folder
    part: int  # one part in so many

    def rows(self, done: Run, runs: int) -> int:
        """Rows for each of so many runs."""
        return min(done.rows // (self.part * runs), MOST)

    def begin(self, done: Run, resume: bool) -> None:
        """Delete what an earlier run left, unless it is resumed."""
        if done.folder is not None and not resume:
            shutil.rmtree(done.folder / self.folder, ignore_errors=True)

    def place(self, done: Run, name: str) -> Path | None:
        """The folder of one of the runs; None where the run itself has none."""
        return None if done.folder is None else done.folder / self.folder / name


BREAK_EVEN, ALTERNATIVES = Study("break_even", part=4), Study("alternatives", part=3)


def _silent(count: int, total: int) -> None:
    """The progress function of a caller that gives none."""


# -------------------------------------------------------------------------------------------------- break-even


@dataclass(frozen=True)
class Rerun:
    """Some rows of a run again, with the effect of one arm on hospital use set to a ratio."""

    arm: str
    ratio: float
    run: Run


def break_even(done: Run, *, workers: int | None = None) -> Findings:
    """The findings of a run, with the effect at which each arm that never pays back would break even.

    Args:
        done: the run.
        workers: as in a run.

    Returns:
        Its findings; for an arm that fails to pay back in more than 99 of 100 futures a part of the run is simulated
        again.

    Example:
        >>> import simulator as sim
        >>> sim.break_even(sim.run(sim.read("age_uk"), rows=16)).sentences()  # doctest: +SKIP
    """
    return with_break_even(done, rerun(done, workers=workers))


def rerun(
    done: Run, *, workers: int | None = None, resume: bool = False, progress: Progress = _silent
) -> tuple[Rerun, ...]:
    """Simulate the first rows of a run again for every arm that never pays back, at each of a few ratios.

    Args:
        done: the run; where it has a results folder the reruns are kept inside it.
        workers: as in a run.
        resume: keep what an interrupted run left in the folder.
        progress: called with reruns done and reruns in all.

    Returns:
        The reruns; none when every arm may pay back, or has no effect on hospital use. A ratio with which some row
        breaks a rule of the scenario, such as a route that is raised beyond what leaves a place, is left out.
    """
    BREAK_EVEN.begin(done, resume)
    pairs = [(arm.arm, ratio) for arm in done.findings().arms if is_hopeless(arm) for ratio in ratios(done, arm.arm)]
    reruns = []
    for count, (arm, ratio) in enumerate(pairs, start=1):
        rows = min(max(BREAK_EVEN.rows(done, len(ratios(done, arm))), FEWEST), done.rows)
        place, scenario = _ratio_place(done, arm, ratio), with_ratio(done, arm, ratio)
        with suppress(ScenarioError):
            reruns.append(Rerun(arm, ratio, run_again(done, scenario, rows, workers=workers, out=place, resume=resume)))
        progress(count, len(pairs))
    return tuple(reruns)


def stored_break_even(done: Run) -> tuple[Rerun, ...]:
    """The reruns that lie in the results folder of a finished run; those of another scenario are left alone."""
    return tuple(
        Rerun(arm, ratio, again)
        for arm in done.scenario.all_arms()
        for ratio in ratios(done, arm)
        if (again := open_again(done, with_ratio(done, arm, ratio), _ratio_place(done, arm, ratio))) is not None
    )


def with_break_even(done: Run, reruns: Sequence[Rerun], changes: Mapping[str, object] | None = None) -> Findings:
    """The findings of a run with what its reruns say.

    Args:
        done: the run, with its prices.
        reruns: of it.
        changes: prices to put on the reruns first, as they were put on the run.
    """
    if changes:
        reruns = [replace(again, run=again.run.priced(changes)) for again in reruns]
    findings = done.findings()
    arms = tuple(
        replace(arm, break_even=_points(done, arm.arm, reruns)) if is_hopeless(arm) else arm for arm in findings.arms
    )
    notes = [how(arm, bool(_levers(done, arm.arm))) for arm in arms if is_hopeless(arm)]
    return replace(findings, arms=arms, notes=(*findings.notes, *notes))


def is_hopeless(arm: ArmFindings) -> bool:
    """Whether people start, and the arm fails to pay back in more than 99 of 100 futures of a place."""
    return float(arm.starts.mean) > 0 and arm.view().payback.is_hopeless


def ratios(done: Run, arm: str) -> tuple[float, ...]:
    """The ratios tried: the outer two, and a half where an effect comes or goes slowly; none without an effect."""
    effects = _levers(done, arm).values()
    if not effects:
        return ()
    return (NEARLY_ALL, NONE) if all(map(_all_or_nothing, effects)) else (NEARLY_ALL, HALF, NONE)


def _levers(done: Run, arm: str) -> dict[str, Effect]:
    return levers(done.scenario, arm, done.evidence)


def _all_or_nothing(effect: Effect) -> bool:
    gradual = effect.ramp_days is not None or effect.half_life_days is not None
    return not gradual and all(step.weight in (0, 1) for step in effect.profile)


def with_ratio(done: Run, arm: str, ratio: float) -> Scenario:
    """The scenario with one programme arm, its effect on hospital use a fixed ratio, the same in every place."""
    programmes = done.scenario.all_arms()[arm]
    its_own = done.scenario.arms.get(arm) or Arm(programmes=programmes)
    alone = done.scenario.model_copy(update={"arms": {arm: its_own}, "alternatives": {}})
    spread = [name for name in programmes if done.scenario.programmes[name].between_sites is not None]
    same = {f"programmes.{name}.{SITES}": 1.0 for name in spread}
    return with_changes(alone, {**same, **{f"{path}.{done.evidence}": ratio for path in _levers(done, arm)}})


def _ratio_place(done: Run, arm: str, ratio: float) -> Path | None:
    return BREAK_EVEN.place(done, f"{UNSAFE.sub('_', arm)}-{ratio:g}")


def _points(done: Run, arm: str, reruns: Sequence[Rerun]) -> tuple[BreakEven, ...]:
    of_arm = sorted((again for again in reruns if again.arm == arm), key=lambda again: again.ratio)
    by_ratio = {again.ratio: again.run.account() for again in of_arm}
    return break_even_points(done.account(), done.ledger, done.scenario, arm, by_ratio)


# ------------------------------------------------------------------------------------------------ alternatives


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
    done: Run, *, workers: int | None = None, resume: bool = False, progress: Progress = _silent
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
    ALTERNATIVES.begin(done, resume)
    scenarios = _scenarios(done)
    rows = _rows(done, scenarios)

    def again(name: str, scenario: Scenario) -> Run:
        stated, place = at_stated_values(scenario, done.evidence), ALTERNATIVES.place(done, name)
        return run_again(done, stated, rows, workers=workers, out=place, resume=resume)

    built = {name: scenario for name, scenario in scenarios.items() if rows or scenario is None}
    beside = again(STATED, _alone(done.scenario)) if any(built.values()) else done
    others = []
    for count, (name, scenario) in enumerate(built.items(), start=1):
        with suppress(ScenarioError):
            other = _priced(done, name) if scenario is None else Rebuilt(name, again(name, scenario), beside, True)
            others.append(other)
        progress(count, len(built))
    return tuple(others)


def stored_alternatives(done: Run) -> tuple[Rebuilt, ...]:
    """The alternatives of a finished run: simulated ones from its results folder, the others priced again.

    Args:
        done: the run, with the prices it was simulated with.
    """
    return tuple(_stored(done))


def _stored(done: Run) -> Iterator[Rebuilt]:
    def stored(name: str, scenario: Scenario) -> Run | None:
        return open_again(done, at_stated_values(scenario, done.evidence), ALTERNATIVES.place(done, name))

    beside = stored(STATED, _alone(done.scenario))
    for name, scenario in _scenarios(done).items():
        if scenario is None:
            yield _priced(done, name)
        elif beside is not None and (again := stored(name, scenario)) is not None:
            yield Rebuilt(name, again, beside, simulated=True)


def with_alternatives(
    done: Run, findings: Findings, others: Sequence[Rebuilt], changes: Mapping[str, object] | None = None
) -> Findings:
    """Findings of a run with what its alternatives say.

    Args:
        done: the run, with its prices.
        findings: of it.
        others: its alternatives.
        changes: prices to put on the alternatives first, as they were put on the run.
    """
    if changes:
        others = tuple(_with_prices(done, others, changes))
    left = untried(done, others)
    arms = tuple(
        replace(arm, alternatives=tuple(_other_models(done, arm, others)), untried=left) for arm in findings.arms
    )
    return replace(findings, arms=arms, notes=(*findings.notes, *_how(done, others, left)))


def untried(done: Run, others: Sequence[Rebuilt]) -> Untried | None:
    """The ways that the scenario states and that were not tried; None where all were.

    Args:
        done: a finished run.
        others: what was tried.
    """
    names = done.scenario.alternatives if len(done.scenario.all_arms()) > 1 else ()
    missing = tuple(name for name in names if name not in {other.name for other in others})
    if not missing:
        return None
    again = sum(other.simulated for other in others)
    return Untried(missing, None if _corrects(done) else ALTERNATIVES.part * FEWEST * (1 + len(missing) + again))


def _corrects(done: Run) -> bool:
    """Whether claims are corrected for optimism, which stated values without a spread cannot be."""
    return done.evidence == "claimed" and done.scenario.economics.optimism != "none"


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
    if _corrects(done):
        return 0
    rows = ALTERNATIVES.rows(done, 1 + sum(scenario is not None for scenario in scenarios.values()))
    return rows if rows >= FEWEST else 0


def at_stated_values(scenario: Scenario, evidence: EvidenceMode) -> Scenario:
    """The scenario without uncertainty: every number of one mode of evidence where the rows are centred.

    Args:
        scenario: the scenario.
        evidence: the mode.
    """
    uncertain = active_quantities(scenario, evidence)
    return with_changes(scenario, {path: _without_spread(quantity) for path, quantity in uncertain.items()})


def _without_spread(quantity: Quantity) -> dict[str, object]:
    about = {"price_year": quantity.price_year, "group": quantity.group}
    centre = quantity.centre if isinstance(quantity.value, tuple) else quantity.centre[0]
    return {"value": centre, **{key: value for key, value in about.items() if value is not None}}


def _priced(done: Run, name: str) -> Rebuilt:
    alone = replace(done, scenario=_alone(done.scenario))
    return Rebuilt(name, alone.priced(done.scenario.alternatives[name].set), done, simulated=False)


def _with_prices(done: Run, others: Sequence[Rebuilt], changes: Mapping[str, object]) -> Iterator[Rebuilt]:
    """What an alternative that is only priced sets itself stands above the changes."""
    priced = {id(other.beside): other.beside.priced(changes) for other in others if other.simulated}
    for other in others:
        if other.simulated:
            yield replace(other, run=other.run.priced(changes), beside=priced[id(other.beside)])
        else:
            yield _priced(done, other.name)


def _other_models(done: Run, arm: ArmFindings, others: Sequence[Rebuilt]) -> Iterator[OtherModel]:
    for other in others:
        accounts, stated = (other.run.account(), other.beside.account()), done.scenario.alternatives[other.name]
        for money in MONEYS:
            whole = arm.per_starter(money)
            apart = difference_between(*accounts, arm.arm, money, by_row=not other.simulated)
            if whole is not None and apart is not None:
                yield OtherModel(
                    name=other.name,
                    title=stated.title,
                    why=stated.why,
                    money=money,
                    per_start=float(whole.mean) + float(apart.value),
                    difference=apart,
                    rows=other.run.rows,
                    simulated=other.simulated,
                )


def _how(done: Run, others: Sequence[Rebuilt], left: Untried | None) -> Iterator[str]:
    """How the alternatives were worked out, and which were left out, as notes."""
    again = [other for other in others if other.simulated]
    ways = []
    if again:
        each = f"{again[0].run.rows} times {done.people:,} people with every number at the centre of its law"
        ways.append(f"{len(again)} by simulating {each}")
    if len(again) < len(others):
        ways.append(f"{len(others) - len(again)} by pricing the lives of the run again")
    if ways:
        words = ", ".join(ways)
        yield f"other ways to build the model, with the same people and luck: {words}; no probability holds them"
    if left is not None:
        yield f"other ways to build the model were left out ({', '.join(left.names)}): {left.why()}"
