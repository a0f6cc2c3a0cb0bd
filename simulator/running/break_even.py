"""The effect at which a programme that never pays back would break even.

The effect on hospital use of an arm's programmes is set to a few ratios R: 1 (no effect), nearly 0 (nearly everything
averted), and a half between them where the effect comes or goes slowly. For each, the first n of the N rows of the run
are simulated again: the same parameters, people and luck, and nothing else changed. With s[r, k] the discounted net
saving of row r at the k-th ratio, t[r] the starts and w[r] the hospital use of those who start in the 12 months after,
without the programme, both known in all N rows, the mean saving is the ratio estimate

    S[k] = mean_N(t) sum_n(s[r, 1]) / sum_n(t)  +  mean_N(w) sum_n(s[r, k] - s[r, 1]) / sum_n(w)

since cost goes with starts, and what is averted with what there is to avert (Cochran 1977, Sampling Techniques, ch. 6).
The break-even ratio is where the line through the S[k] meets zero,

    R* = R[a] + (R[b] - R[a]) S[a] / (S[a] - S[b])          a, b the two ratios around it, or the nearest two

Expected use is proportional to R while an effect is at its full weight, so the line is then exact but for people who
live longer. The Monte Carlo error is that of S at R* divided by the slope. R* is about the mean, not every future.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from simulator.activity.ledger import SIDES, WHO, WORLDS
from simulator.errors import ScenarioError
from simulator.findings import ArmFindings, BreakEven, Findings, Money
from simulator.money.account import Account, Array
from simulator.running.run import Progress, Run, open_again, run_again
from simulator.scenario.evidence import SITES, effect_quantity
from simulator.scenario.read import with_changes
from simulator.scenario.tables import Effect, Scenario
from simulator.uncertainty.ranges import Value, row_means, standard_error
from simulator.wording import HOPELESS

__all__ = ["Rerun", "break_even", "rerun", "stored", "with_break_even"]

NEARLY_ALL, HALF, NONE = 0.01, 0.5, 1.0
PARTS = 4  # the reruns of an arm take a quarter of the run's time
FEWEST, MOST = 2, 32
FOLDER, UNSAFE = "break_even", re.compile(r"\W+")
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
    if done.folder is not None and not resume:
        shutil.rmtree(done.folder / FOLDER, ignore_errors=True)
    wanted = [(arm.arm, ratio) for arm in done.findings().arms if is_hopeless(arm) for ratio in ratios(done, arm.arm)]
    made = []
    for count, (arm, ratio) in enumerate(wanted, start=1):
        rows = min(max(done.rows // (PARTS * len(ratios(done, arm))), FEWEST), MOST, done.rows)
        folder = _folder(done, arm, ratio)
        with suppress(ScenarioError):
            again = run_again(done, changed(done, arm, ratio), rows, workers=workers, out=folder, resume=resume)
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


def ratios(done: Run, arm: str) -> tuple[float, ...]:
    """The ratios tried: the outer two, and a half where an effect comes or goes slowly; none without an effect."""
    found = levers(done, arm).values()
    if not found:
        return ()
    return (NEARLY_ALL, NONE) if all(map(_all_or_nothing, found)) else (NEARLY_ALL, HALF, NONE)


def _all_or_nothing(effect: Effect) -> bool:
    gradual = effect.ramp_days is not None or effect.half_life_days is not None
    return not gradual and all(step.weight in (0, 1) for step in effect.profile)


def changed(done: Run, arm: str, ratio: float) -> Scenario:
    """The scenario with one programme arm, its effect on hospital use a fixed ratio, the same in every place."""
    programmes = done.scenario.all_arms()[arm]
    alone = done.scenario.model_copy(update={"arms": {arm: programmes}, "alternatives": {}})
    spread = [name for name in programmes if done.scenario.programmes[name].between_sites is not None]
    same = {f"programmes.{name}.{SITES}": 1.0 for name in spread}
    return with_changes(alone, {**same, **{f"{path}.{done.evidence}": ratio for path in levers(done, arm)}})


def _kind(effect: Effect) -> str:
    return effect.target.partition(":")[0]


def _folder(done: Run, arm: str, ratio: float) -> Path | None:
    return None if done.folder is None else done.folder / FOLDER / f"{UNSAFE.sub('_', arm)}-{ratio:g}"


def _stored(done: Run) -> Iterator[Rerun]:
    for arm in done.scenario.all_arms():
        for ratio in ratios(done, arm):
            again = open_again(done, changed(done, arm, ratio), _folder(done, arm, ratio))
            if again is not None:
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
    tried = np.array([each.ratio for each in found])
    starts, use = _known(done, found[0].arm)
    few, many = estimates(saved, starts, use)
    zero = where_zero(tried, few, many)
    return BreakEven(
        money=money,
        what=what,
        now=now,
        ratio=None if zero is None else float(zero.value),
        mcse=None if zero is None else float(zero.mcse),
        ratios=tried,
        saving=Value(few.mean(axis=1), _error(few.T, many.T)),
        starts=float(starts.mean()),
        rows=saved.shape[1],
    )


def _saving(account: Account, arm: str, cash: bool) -> Array:
    """Discounted net saving to the public purse: [row] pounds of the whole place."""
    saved = account.saving(arm, account.public_payers, cash=cash) @ account.money_factor
    return row_means(saved, account.people)


def _known(done: Run, arm: str) -> tuple[Array, Array]:
    """Starts, and hospital use in the 12 months after without the programme, in every row of the run: two of [row]."""
    account, ledger, k = done.account(), done.ledger, done.ledger.arms.index(arm)
    starts = row_means(account.starts[:, :, k].sum(axis=-1), account.people)
    at = WHO.index("starters"), WORLDS.index("without"), SIDES.index("after")
    windows = ledger.windows[:, :, k - 1, *at].sum(axis=1)
    measures = {_measure(done.scenario, effect) for effect in levers(done, arm).values()}
    return starts, np.sum([windows[:, ledger.measures.index(name)] for name in sorted(measures)], axis=0)


def _measure(scenario: Scenario, effect: Effect) -> str:
    """What stands for the hospital use that an effect acts on: days, where people stay, else visits."""
    kind, _, name = effect.target.partition(":")
    place = scenario.needs[name].goes_to if kind == "need" else name
    return f"{'days' if kind in LEVERS[0] else 'visits'}:{place}"


def estimates(saved: Array, starts: Array, use: Array) -> tuple[Array, Array]:
    """The mean saving at each ratio by the ratio estimate, as rows whose means are the estimates.

    Args:
        saved: [k, few] the saving at each ratio in the rows simulated again; the last ratio is 1.
        starts: [row] starts in every row of the run; the first rows are those simulated again.
        use: [row] hospital use in every row of the run.

    Returns:
        [k, few] with what the proportions leave unexplained, and [k, row] the proportions in all rows. The estimates
        are the means of either, their variance is the sum of both.

    Example:
        >>> few, many = estimates(np.array([[1.0], [-2.0]]), np.array([2.0, 4.0]), np.array([1.0, 5.0]))
        >>> few.tolist(), many.tolist()
        ([[6.0], [-3.0]], [[1.0, 11.0], [-2.0, -4.0]])
    """
    n = saved.shape[1]
    cost, averted = saved[-1], saved - saved[-1]
    if starts[:n].sum() <= 0 or use[:n].sum() <= 0:
        return saved, np.broadcast_to(saved.mean(axis=1, keepdims=True), (len(saved), len(starts)))
    each = cost.sum() / starts[:n].sum()
    share = averted.sum(axis=1, keepdims=True) / use[:n].sum()
    many = each * starts + share * use
    left = (cost - each * starts[:n]) * starts.mean() / starts[:n].mean()
    left = left + (averted - share * use[:n]) * use.mean() / use[:n].mean()
    return many.mean(axis=1, keepdims=True) + left, many


def where_zero(tried: Array, few: Array, many: Array) -> Value | None:
    """The ratio at which the mean saving is zero, by the line through the two ratios around it.

    Args:
        tried: [k] the ratios, from low to high.
        few: [k, row] from :func:`estimates`.
        many: [k, row] likewise.

    Returns:
        The ratio and its Monte Carlo error; None when not even the lowest ratio saves, or a lower ratio saves no more.
        Above the highest ratio the last line is drawn on.

    Example:
        >>> saved = np.array([[300.0, 300.0], [100.0, 100.0], [-100.0, -100.0]])
        >>> where_zero(np.array([0.0, 0.5, 1.0]), saved, saved).value
        array(0.75)
    """
    means = few.mean(axis=1)
    if means[0] < 0:
        return None
    below = np.flatnonzero(means < 0)
    k = int(below[0]) if len(below) else len(means) - 1
    slope = (means[k] - means[k - 1]) / (tried[k] - tried[k - 1])
    if slope >= 0:
        return None
    zero = tried[k] - means[k] / slope
    along = (zero - tried[k - 1]) / (tried[k] - tried[k - 1])
    there = (part[k - 1] + along * (part[k] - part[k - 1]) for part in (few, many))
    return Value(np.asarray(zero), _error(*there) / abs(slope))


def _error(few: Array, many: Array) -> Array:
    """Standard error of an estimate from both sets of rows: [row, ...] each -> [...]."""
    parts = [standard_error(part, np.zeros(len(part), dtype=np.int64)) for part in (few, many)]
    return np.asarray(np.sqrt(parts[0] ** 2 + parts[1] ** 2))


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
        f"people and luck, and the ratio of {point.what} set to {tried}, scaled to the starts and the hospital use of "
        "the whole run; mean net saving is a line between them"
    )
