"""Time to the same half-width of a mean difference: independent arms in SimPy against coupled arms in our engines.

    python tests/benchmarks/coupling.py
    python tests/benchmarks/coupling.py --only chain --people 40000 --bare-people 4000

The half-width of a mean over n people is z sd / sqrt(n), so the time to a given half-width is proportional to
variance x time per person, and

    times faster = (variance of the difference, independent / coupled) x (time per person, SimPy / ours)

Both factors are measured here, side by side. *chain*: the cost difference on the bench pathway (ten years, A&E and
direct needs a fifth lower), bare SimPy with an arm of its own for each world against our engines. The compiled engine
is timed as a run calls it (activity by year, added up); each person's life is written down apart from that, untimed,
for the variance, and the means are held against the exact ones. *scenario*: the discounted net saving of a shipped
scenario. Nobody has written that in bare SimPy, so our SimPy engine gives the time, and the arms' own spreads give the
variance: Var(usual) + Var(programme). The variance of chance comes from the two replicates of each row, so that the
rows' parameters cancel.
"""

from __future__ import annotations

import argparse
import gc
from collections.abc import Callable
from math import sqrt
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pathway import REDUCED, Lived, lived, model_of, must_be_exact
from stopwatch import cpu_seconds, machine, table

YEARS = 10
HALF_WIDTH_GBP = 10.0
Z95 = 1.96
Floats = NDArray[np.float64]
Run = Callable[[int], Any]  # what is timed: from a seed
Read = Callable[[int, Any], list[Lived]]  # each person's life in both arms: from the seed and what was returned


# --- the chain --------------------------------------------------------------------------------------


def chain(people: int, bare_people: int, rounds: int) -> None:
    """The cost difference on the bench pathway."""
    import bare_simpy

    from simulator.engines.compiled import engine as compiled
    from simulator.engines.compiled.usual_care import USUAL_CARE_CACHE
    from simulator.engines.simpy import engine as reference

    def bare(seed: int) -> list[Lived]:
        arms = ((2 * seed, 1.0), (2 * seed + 1, REDUCED))
        return [bare_simpy.simulate(bare_people, YEARS, own, reduced=ratio) for own, ratio in arms]

    few, names = model_of(bare_people // 2, YEARS, programme=True)
    many, _ = model_of(people, YEARS, programme=True)
    arms = lambda lives: [lived(lives, names, arm) for arm in (0, 1)]  # noqa: E731
    reference.simulate(few, 0, np.arange(2))
    compiled.replicates(model_of(2, YEARS, programme=True)[0], 0)
    works: dict[str, tuple[Run, Read, int]] = {
        "bare SimPy, independent arms": (bare, lambda _, pair: pair, bare_people),
        "our SimPy engine": (
            lambda seed: reference.simulate(few, seed), lambda _, lives: arms(lives), bare_people // 2,
        ),
        "compiled engine": (
            lambda seed: compiled.replicates(many, seed), lambda seed, _: arms(compiled.simulate(many, seed)), people,
        ),
    }  # fmt: skip
    gc.freeze()  # what was imported is nobody's garbage
    seconds: dict[str, list[float]] = {name: [] for name in works}
    saved: dict[str, list[Floats]] = {name: [] for name in works}
    for number in range(rounds):
        for name, (work, read, size) in works.items():
            USUAL_CARE_CACHE.clear()  # so that usual care is lived each time
            spent, result = cpu_seconds(work, number)
            usual, other = read(number, result)
            for run, ratio in ((usual, 1.0), (other, REDUCED)):
                must_be_exact(name, run, YEARS, ratio)
            seconds[name].append(spent / size)
            saved[name].append(usual.cost - other.cost)
    print(f"\nchain: cost saved by a fifth fewer A&E and direct needs over {YEARS} years, per person, undiscounted")
    pooled = {name: np.concatenate(runs) for name, runs in saved.items()}
    _show(
        {name: (float(found.mean()), float(found.var(ddof=1)), found.size) for name, found in pooled.items()},
        seconds,
        _exact_variances(),
    )


def _exact_variances() -> dict[str, float]:
    """Of the difference, by how the arms are joined."""
    from oracles import both_worlds, law, pathway

    usual, other = pathway(), pathway(REDUCED)
    apart = law(usual, YEARS, "home").variance + law(other, YEARS, "home").variance
    together = law(both_worlds(usual, other), YEARS, ("home", "home", True)).variance
    return {"independent": apart, "coupled": together}


# --- a shipped scenario -----------------------------------------------------------------------------


def scenario(name: str, people: int, rows: int, slow_people: int, rounds: int) -> None:
    """The discounted net saving of a shipped scenario's first programme arm, per person of the place."""
    from simulator.running.run import run
    from simulator.scenario.read import read

    written = read(name)
    arm = list(written.all_arms())[1]
    run(written, rows=2, people=20, workers=1, engine="compiled")
    seconds: dict[str, list[float]] = {"SimPy engine, arms made independent": [], "compiled engine": []}
    apart, together = [], []
    for number in range(rounds):
        alone = {"seed": number, "workers": 1}
        slow, _ = cpu_seconds(run, written, rows=2, people=slow_people, engine="simpy", **alone)
        fast, done = cpu_seconds(run, written, rows=rows, people=people, engine="compiled", **alone)
        seconds["SimPy engine, arms made independent"].append(slow / (2 * slow_people))
        seconds["compiled engine"].append(fast / (rows * people))
        account = done.account()
        apart.append(_chance(account, [account.spent(world) for world in ("usual care", arm)]))
        together.append(_chance(account, [account.saving(arm)]))
    mean = float((done.account().saving(arm) @ account.money_factor).mean() / account.place_size)
    print(f"\n{name}: discounted net saving over {written.horizon.years} years, per person of the place")
    size = rounds * rows
    found = {
        "SimPy engine, arms made independent": (mean, float(np.mean(apart)), size),
        "compiled engine": (mean, float(np.mean(together)), size),
    }
    _show(found, seconds, {})
    print(f"variances from {size} pairs of replicates: good to {sqrt(2 / size):.0%} if normal, to less if skewed")


def _chance(account: Any, figures: list[Floats]) -> float:
    """Variance due to chance of one person's figure, summed over the arms given: [row, replicate, year] each.

    Half of a row's people differ from the other half by chance alone: Var(a - b) = 2 Var(one person) / (n / 2), where a
    and b are means over n / 2 people each.
    """
    total = 0.0
    for figure in figures:
        halves = figure @ account.money_factor / account.place_size
        total += float(((halves[:, 0] - halves[:, 1]) ** 2).mean() * account.people[:, 0].mean() / 2)
    return total


# --- both -------------------------------------------------------------------------------------------


def _show(found: dict[str, tuple[float, float, int]], seconds: dict[str, list[float]], exact: dict[str, float]) -> None:
    """Mean, spread, time a person, and how much sooner than the first the same half-width is there."""
    names = list(found)
    each = {name: median(seconds[name]) for name in names}
    first = names[0]
    rows = []
    for name in names:
        mean, variance, _ = found[name]
        needed = (Z95 / HALF_WIDTH_GBP) ** 2 * variance
        by_variance, by_time = found[first][1] / variance, _paired(seconds[first], seconds[name])
        rows.append(
            (
                name,
                f"{mean:,.1f}",
                f"{sqrt(variance):,.1f}",
                f"{each[name] * 1e6:,.1f}",
                f"{needed:,.0f}",
                f"{needed * each[name]:,.2f}",
                f"{by_variance:.1f} x {by_time:.1f} = {by_variance * by_time:,.0f}",
            )
        )
    heads = (
        "engine", "mean, GBP", "sd a person", "us a person, both arms", f"people to +-{HALF_WIDTH_GBP:g} GBP",
        "seconds to that", "variance x time = times faster",
    )  # fmt: skip
    print(table(heads, rows))
    if exact:
        print(", ".join(f"exact sd {kind} {sqrt(value):,.1f}" for kind, value in exact.items()))


def _paired(slow: list[float], fast: list[float]) -> float:
    return median(one / other for one, other in zip(slow, fast, strict=True))


def main() -> None:
    """Both comparisons, or one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--only", choices=("chain", "scenario"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--people", type=int, default=20_000, help="chain, compiled engine")
    parser.add_argument("--bare-people", type=int, default=2_000, help="chain, bare SimPy; half for ours")
    parser.add_argument("--scenario", default="age_uk")
    parser.add_argument("--scenario-people", type=int, default=500, help="compiled engine")
    parser.add_argument("--scenario-rows", type=int, default=32, help="compiled engine")
    parser.add_argument("--slow-people", type=int, default=20, help="scenario, our SimPy engine, two rows of so many")
    asked = parser.parse_args()
    print(machine())
    if asked.only != "scenario":
        chain(asked.people, asked.bare_people, asked.rounds)
    if asked.only != "chain":
        scenario(asked.scenario, asked.scenario_people, asked.scenario_rows, asked.slow_people, asked.rounds)


if __name__ == "__main__":
    main()
