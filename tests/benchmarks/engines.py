"""Events per second and core of every engine on the bench pathway, side by side.

    python tests/benchmarks/engines.py
    python tests/benchmarks/engines.py --people 10000 --years 10 --rounds 5

Processor time, one thread, this one process; the engines take turns. Before anything is timed each engine's mean
visits, deaths and cost are held against the exact answers (independent people) or against bare SimPy (shared places).
salabim and Ciw join in when they are installed: ``pip install -e ".[benchmarks]"``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from pathway import Lived, lived, model_of, must_agree, must_be_exact
from stopwatch import Rates, alternate, machine, table

from simulator.engines.compiled import engine as compiled
from simulator.engines.simpy import engine as reference

BARE, SCALAR = "bare SimPy", "bare SimPy, numpy call per number"
OURS, ONE_ARM, TWO_ARMS = "our SimPy engine", "compiled, one arm", "compiled, two arms at once"
SALABIM, CIW, LOOP = "salabim", "Ciw", "a bare compiled loop, no engine"
FEW = 50  # people at which Ciw is fastest
CIW_SHARED = 1_000, 0.5  # people and years: the fewest people with a whole cubicle

Run = Callable[[int], Any]


@dataclass(frozen=True)
class Entrant:
    """An engine in one variant: how to run it, what happened in that, and each person's life in the first arm."""

    run: Run
    events: Callable[[Any], float]  # of all arms, from what run returns
    lives: Callable[[int], Lived]
    years: float
    people: int


def read_by(run: Run, read: Callable[[Any], Lived], years: float, people: int) -> Entrant:
    """An engine with one arm that returns every person's life."""
    return Entrant(run, lambda result: read(result).events, lambda seed: read(run(seed)), years, people)


def added_up(people: int, years: int, *, shared: bool, programme: bool) -> Entrant:
    """The compiled engine as a run of a scenario calls it: activity by arm, group, year and item, windows included."""
    model, names = model_of(people, years, shared=shared, programme=programme)
    worth = [2 * name.startswith("visits:") + (name == "deaths") for name in names.counts]

    def events(replicates: Any) -> float:
        return sum(float((one.activity[:, 0].sum(axis=(0, 1))[: len(worth)] * worth).sum()) for one in replicates)

    return Entrant(
        lambda stream: compiled.replicates(model, 2 * stream), events,
        lambda stream: lived(compiled.simulate(model, stream), names), years, people,
    )  # fmt: skip


def entrants(people: int, years: int, *, shared: bool) -> dict[str, Entrant]:
    """Everyone who can run here."""
    import bare_simpy

    def bare(scalar: bool) -> Entrant:
        run = lambda seed: bare_simpy.simulate(people, years, seed, shared=shared, scalar=scalar)  # noqa: E731
        return read_by(run, lambda one: one, years, people)

    model, names = model_of(people, years, shared=shared)
    found = {
        BARE: bare(False),
        SCALAR: bare(True),
        OURS: read_by(
            lambda stream: reference.simulate(model, stream), lambda lives: lived(lives, names), years, people
        ),
        ONE_ARM: added_up(people, years, shared=shared, programme=False),
        TWO_ARMS: added_up(people, years, shared=shared, programme=True),
    }
    if find_spec("salabim"):
        import bare_salabim

        run = lambda seed: bare_salabim.simulate(people, years, seed, shared=shared)  # noqa: E731
        found[SALABIM] = read_by(run, lambda one: one, years, people)
    if find_spec("ciw"):
        import bare_ciw

        n, t = CIW_SHARED if shared else (FEW, years)
        run = lambda seed: bare_ciw.run(n, t, seed, shared=shared)  # noqa: E731
        found[CIW] = read_by(run, lambda one: bare_ciw.lived(one, n, t), t, n)
    if not shared:
        import bare_loop

        found[LOOP] = read_by(lambda seed: bare_loop.simulate(people, years, seed), lambda one: one, years, people)
    return found


def check(found: dict[str, Entrant], *, shared: bool) -> dict[str, Lived]:
    """One run of each, held against the exact answers or against bare SimPy.

    Raises:
        SystemExit: when one does not run the bench pathway.
    """
    import bare_simpy

    seen = {name: entrant.lives(0) for name, entrant in found.items()}
    for name, entrant in found.items():
        if not shared:
            must_be_exact(name, seen[name], entrant.years)
        elif name != BARE:
            same = entrant.people == found[BARE].people and entrant.years == found[BARE].years
            other = seen[BARE] if same else bare_simpy.simulate(entrant.people, entrant.years, 0, shared=True)
            must_agree(name, seen[name], other, entrant.years)
    return seen


def show(rates: Rates, found: dict[str, Entrant], seen: dict[str, Lived], *, shared: bool) -> None:
    """The table of one variant."""
    rows = []
    for name, entrant in found.items():
        low, high = rates.spread(name)
        rows.append(
            (
                name,
                f"{entrant.people:,} x {entrant.years:g}",
                f"{rates.median(name):,.0f}",
                f"{low:,.0f} to {high:,.0f}",
                f"{rates.ratio(name, BARE):.2f}",
                f"{rates.ratio(TWO_ARMS, name):.1f}",
                *([f"{seen[name].waits / seen[name].visits[:, 1:].sum():.0%}"] if shared else []),
            )
        )
    heads = ("engine", "people x years", "events a second", "rounds", "times bare SimPy", "two arms times this")
    print(table((*heads, *(["waited"] if shared else [])), rows))


def main() -> None:
    """Both variants, or one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--people", type=int, default=2_000, help="a multiple of 1,000")
    parser.add_argument("--years", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=("independent", "shared"))
    asked = parser.parse_args()
    print(machine())
    for shared in (False, True):
        variant = "shared" if shared else "independent"
        if asked.only in (None, variant):
            found = entrants(asked.people, asked.years, shared=shared)
            seen = check(found, shared=shared)
            rates = alternate({name: (one.run, one.events) for name, one in found.items()}, asked.rounds)
            print(f"\n{variant}: events = 2 x visits + deaths, of all arms run; processor time of one thread")
            show(rates, found, seen, shared=shared)


if __name__ == "__main__":
    main()
