"""The effect at which a programme that never pays back would break even.

The effect on hospital use of an arm's programmes is set to three ratios R: 1 (no effect), a half, and all but averting
everything. For each, the first rows of the run are simulated again: the same parameters, people and luck, and nothing
else changed. With s[r, k] the discounted net saving of row r at the k-th ratio and S[k] its mean, the break-even ratio
is where the line through the S[k] meets zero,

    R* = R[a] + (R[b] - R[a]) S[a] / (S[a] - S[b])          a, b the two ratios around it, or the nearest two

and its Monte Carlo error that of the mean over rows of the same line at R*, divided by the slope. It is a statement
about the mean, not about every future. Needs fall in proportion to R, so the net saving is close to a line.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from simulator.account import Account, Array
from simulator.estimates import Value, row_means, standard_error
from simulator.evidence import effect_quantity
from simulator.findings import ArmFindings, BreakEven, Findings, Money
from simulator.read import with_changes
from simulator.run import Progress, Run, open_run, run
from simulator.scenario import Effect, Scenario
from simulator.wording import HOPELESS

__all__ = ["Rerun", "break_even", "rerun", "stored", "with_break_even"]

RATIOS = (0.01, 0.5, 1.0)
SHARE_OF_ROWS = 12  # three reruns of a twelfth of the rows: a quarter of the run's time
FEWEST, MOST = 2, 32
FOLDER = "break_even"
LEVERS = (("emergency", "days"), ("visits",), ("need",))
"""Kinds of target that stand for hospital use: the first of these groups that a programme has an effect on."""
WORDS = {"emergency": "emergency admissions", "days": "days", "visits": "visits", "need": "needs"}


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
    done: Run, *, workers: int | None = None, resume: bool = False, progress: Progress | None = None
) -> tuple[Rerun, ...]:
    """Simulate the first rows of a run again for every arm that never pays back, at each of three ratios.

    Args:
        done: the run; where it has a results folder the reruns are kept inside it.
        workers: as in a run.
        resume: keep what an interrupted run left in the folder.
        progress: called with reruns done and reruns in all.

    Returns:
        The reruns; none when every arm may pay back, or has no effect on hospital use.
    """
    if done.folder is not None and not resume:
        shutil.rmtree(done.folder / FOLDER, ignore_errors=True)
    wanted = [(arm.arm, ratio) for arm in done.findings().arms if is_hopeless(arm) for ratio in RATIOS]
    wanted = [(arm, ratio) for arm, ratio in wanted if levers(done, arm)]
    rows = min(max(done.rows // SHARE_OF_ROWS, FEWEST), MOST, done.rows)
    made = []
    for count, (arm, ratio) in enumerate(wanted, start=1):
        again = run(
            changed(done, arm, ratio),
            rows=rows,
            people=done.people,
            seed=done.seed,
            evidence=done.evidence,
            engine="simpy" if done.engine == "simpy" else "compiled",
            workers=workers,
            out=_folder(done, arm, ratio),
            resume=resume,
        )
        made.append(Rerun(arm, ratio, again))
        if progress is not None:
            progress(count, len(wanted))
    return tuple(made)


def stored(done: Run) -> tuple[Rerun, ...]:
    """The reruns that lie in the results folder of a finished run; those of another scenario are left alone."""
    return tuple(_stored(done))


def with_break_even(done: Run, reruns: Sequence[Rerun], changes: Mapping[str, object] | None = None) -> Findings:
    """The findings of a run with what its reruns say.

    Args:
        done: the run, with its prices.
        reruns: of it.
        changes: prices to put on the reruns first, as they were put on the run.
    """
    if changes:
        reruns = [replace(each, run=each.run.priced(changes)) for each in reruns]
    findings = done.findings()
    arms = tuple(
        replace(arm, break_even=_points(done, arm, reruns)) if is_hopeless(arm) else arm for arm in findings.arms
    )
    notes = tuple(_method(arm, bool(levers(done, arm.arm))) for arm in arms if is_hopeless(arm))
    return replace(findings, arms=arms, notes=(*findings.notes, *notes))


def is_hopeless(arm: ArmFindings) -> bool:
    """Whether people start, and the arm fails to pay back in more than 99 of 100 futures of a place."""
    payback, starts = arm.view().payback, float(arm.starts.mean)
    return payback.status == "measured" and starts > 0 and float(payback.p_never.value) > HOPELESS


# ---------------------------------------------------------------------------------------------- what is changed


def levers(done: Run, arm: str) -> dict[str, Effect]:
    """The effects of an arm on hospital use by path: admissions and days, else visits, else needs.

    None where claims are corrected for optimism, since a ratio that is set would be corrected too.
    """
    if done.evidence == "claimed" and done.scenario.economics.optimism != "none":
        return {}
    effects = {
        f"programmes.{name}.effects.{label}": effect
        for name in done.scenario.all_arms()[arm]
        for label, effect in done.scenario.programmes[name].effects.items()
    }
    for kinds in LEVERS:
        found = {path: effect for path, effect in effects.items() if _kind(effect) in kinds}
        if found:
            return found
    return {}


def changed(done: Run, arm: str, ratio: float) -> Scenario:
    """The scenario with one programme arm, its effect on hospital use a ratio without uncertainty."""
    alone = done.scenario.model_copy(update={"arms": {arm: done.scenario.all_arms()[arm]}})
    return with_changes(alone, {f"{path}.{done.evidence}": ratio for path in levers(done, arm)})


def _kind(effect: Effect) -> str:
    return effect.target.partition(":")[0]


def _folder(done: Run, arm: str, ratio: float) -> Path | None:
    return None if done.folder is None else done.folder / FOLDER / f"{arm}-{ratio:g}"


def _stored(done: Run) -> Iterator[Rerun]:
    for arm in done.scenario.all_arms():
        for ratio in RATIOS:
            folder = _folder(done, arm, ratio)
            if folder is None or not (folder / "manifest.json").exists():
                continue
            again = open_run(folder)
            if again.hash == replace(done, scenario=changed(done, arm, ratio)).hash and again.seed == done.seed:
                yield Rerun(arm, ratio, again)


# --------------------------------------------------------------------------------------------------- what it says


def _points(done: Run, arm: ArmFindings, reruns: Sequence[Rerun]) -> tuple[BreakEven, ...]:
    """Where the net saving, and where the cash, would be zero."""
    found = sorted((each for each in reruns if each.arm == arm.arm), key=lambda each: each.ratio)
    if len(found) < 2:
        return ()
    effects = levers(done, arm.arm)
    stated = [effect_quantity(effect, done.scenario, done.evidence) for effect in effects.values()]
    now = next((float(quantity) for quantity in stated if quantity is not None), 1.0)
    return tuple(_point(done, found, money, _words(done.scenario, effects), now) for money in ("value", "cash"))


def _point(done: Run, found: Sequence[Rerun], money: Money, what: str, now: float) -> BreakEven:
    saved = np.array([_saving(each.run.account(), each.arm, money == "cash") for each in found])
    starts = [float(each.run.account().starts[:, :, 1].sum(axis=-1).mean()) for each in found]
    batch = np.zeros(saved.shape[1], dtype=np.int64)
    ratios = np.array([each.ratio for each in found])
    zero = where_zero(ratios, saved)
    return BreakEven(
        money=money,
        what=what,
        now=now,
        ratio=None if zero is None else float(zero.value),
        mcse=None if zero is None else float(zero.mcse),
        ratios=ratios,
        saving=Value(saved.mean(axis=1), standard_error(saved.T, batch)),
        starts=np.array(starts),
        rows=saved.shape[1],
    )


def _saving(account: Account, arm: str, cash: bool) -> Array:
    """Discounted net saving to the public purse: [row] pounds of the whole place."""
    saved = account.saving(arm, account.public_payers, cash=cash) @ account.money_factor
    return row_means(saved, account.people)


def where_zero(ratios: Array, saved: Array) -> Value | None:
    """The ratio at which the mean saving is zero, by the line through the two ratios around it.

    Args:
        ratios: [k] the ratios tried, from low to high.
        saved: [k, row] the saving at each.

    Returns:
        The ratio and its Monte Carlo error; None when not even the lowest ratio saves, or a lower ratio saves no more.
        Above the highest ratio the last line is drawn on.

    Example:
        >>> where_zero(np.array([0.0, 0.5, 1.0]), np.array([[300.0, 300.0], [100.0, 100.0], [-100.0, -100.0]])).value
        array(0.75)
        >>> where_zero(np.array([0.0, 1.0]), np.array([[-1.0], [-2.0]])) is None
        True
    """
    means = saved.mean(axis=1)
    if means[0] < 0:
        return None
    below = np.flatnonzero(means < 0)
    k = int(below[0]) if len(below) else len(means) - 1
    slope = (means[k] - means[k - 1]) / (ratios[k] - ratios[k - 1])
    if slope >= 0:
        return None
    zero = ratios[k] - means[k] / slope
    along = (zero - ratios[k - 1]) / (ratios[k] - ratios[k - 1])
    there = saved[k - 1] + along * (saved[k] - saved[k - 1])
    error = standard_error(there, np.zeros(len(there), dtype=np.int64))
    return Value(np.asarray(zero), np.asarray(error / abs(slope)))


def _words(scenario: Scenario, effects: Mapping[str, Effect]) -> str:
    """What is varied, in words: emergency admissions and days (Hospital ward)."""
    targets = [effect.target.partition(":") for effect in effects.values()]
    kinds = dict.fromkeys(WORDS[kind] for kind, _, _ in targets)
    places = dict.fromkeys(_place(scenario, kind, name) for kind, _, name in targets)
    return f"{' and '.join(kinds)} ({', '.join(places)})"


def _place(scenario: Scenario, kind: str, name: str) -> str:
    place = scenario.needs[name].goes_to if kind == "need" else name
    return scenario.places[place].title or place.replace("_", " ")


def _method(arm: ArmFindings, has_levers: bool) -> str:
    """How the break-even was worked out, or why it was not, as a note."""
    if not arm.break_even:
        why = "simulate the scenario again for it" if has_levers else "no effect on hospital use can be varied"
        return f"{arm.title}: the effect at which it would break even was not worked out; {why}"
    point = arm.break_even[0]
    tried = ", ".join(f"{ratio:g}" for ratio in point.ratios)
    return (
        f"{arm.title}: break-even was found by simulating {point.rows} of the sets of parameters again, with the same "
        f"people and luck, and the ratio of {point.what} set to {tried}; mean net saving is a line between them"
    )
