"""What a run costs from end to end: rows on one and two workers, people from few to many, start-up, notebook speed.

    python tests/benchmarks/rows.py
    python tests/benchmarks/rows.py --only rows --rows 64 --people 10000
    python tests/benchmarks/rows.py --only scale --sizes 1000 10000 100000 1000000 --scale-years 1
    python tests/benchmarks/rows.py --only notebook --slider-rows 200 --slider-people 2000 --reprice-rows 1000

Seconds are seconds on the wall, as a user has them, except where it says processor. A second core can only show what it
is worth on a machine that has one free: look at the load in the first line.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import pathway
from stopwatch import cpu_seconds, machine, table, wall_seconds

from simulator.engines.compiled.usual_care import USUAL_CARE_CACHE
from simulator.model.build import build
from simulator.running.run import Run, run, simulate_row
from simulator.scenario.read import read
from simulator.scenario.tables import Scenario

ASKED = {"rows": 1_000, "people": 10_000, "years": 10}  # the run that is extrapolated to
SLIDER = {"rows": 200, "people": 2_000}
WARM_UP = {"rows": 2, "people": 50}


# --- rows on one and two workers --------------------------------------------------------------------


def rows_a_second(scenario: Scenario, rows: int, people: int, rounds: int) -> None:
    """Wall time on one and two workers in turn, the second core's worth, and the big run extrapolated."""
    run(scenario, **WARM_UP, workers=2)  # type: ignore[arg-type]
    seconds: dict[int, list[float]] = {1: [], 2: []}
    events = 0.0
    for number in range(rounds):
        for workers in seconds:
            USUAL_CARE_CACHE.clear()  # so that usual care is lived each time
            asked = {"rows": rows, "people": people, "seed": number, "workers": workers}
            spent, done = wall_seconds(run, scenario, engine="compiled", **asked)
            seconds[workers].append(spent)
            events = events_of(done)
    years, arms = scenario.horizon.years, len(scenario.all_arms())
    print(f"\nrows: {scenario.name}, {rows} rows x {people:,} people x {years} years x {arms} arms, compiled engine")
    lines = []
    larger = ASKED["rows"] * ASKED["people"] * ASKED["years"] / (rows * people * years)
    for workers, found in seconds.items():
        each = median(found)
        lines.append(
            (
                str(workers),
                f"{each:.2f}",
                f"{min(found):.2f} to {max(found):.2f}",
                f"{rows / each:.2f}",
                f"{each / (rows * people * years * arms) * 1e6:.2f}",
                f"{events / each:,.0f}",
                f"{each * larger:,.0f}",
            )
        )
    larger_run = f"s for {ASKED['rows']:,} x {ASKED['people']:,} x {ASKED['years']}"
    heads = ("workers", "seconds", "rounds", "rows a second", "us a person-year", "events a second", larger_run)
    print(table(heads, lines))
    second = median(one / two for one, two in zip(seconds[1], seconds[2], strict=True))
    print(f"the second core: {second:.2f} times the rows a second")


def events_of(done: Run) -> float:
    """Events of all arms, counted as everywhere here: 2 x visits + deaths."""
    happened = done.ledger.activity[:, :, :, 0].sum(axis=(0, 1, 2, 3))  # of everyone: [item]
    worth = [2 * item.startswith("visits:") + (item == "deaths") for item in done.ledger.items]
    return float(happened @ worth)


# --- few and many people ----------------------------------------------------------------------------


def scale(scenario: Scenario, sizes: list[int], shared_sizes: list[int], years: int, rounds: int) -> None:
    """Processor time and memory a person, independent and with shared places, from few people to many."""
    some = scenario.with_({"horizon.years": years})
    _curve(f"scale: {scenario.name}, {years} years, nothing shared", sizes, rounds, lambda n: some, "flat")
    _curve(
        f"scale: bench pathway, {years} years, shared beds and cubicles", shared_sizes, rounds,
        lambda n: pathway.scenario(n, years, shared=True, programme=True), "n log n",
    )  # fmt: skip


def _curve(title: str, sizes: list[int], rounds: int, of: Callable[[int], Scenario], law: str) -> None:
    """One row of a run for each size, in turn; small sizes as often as fills the time of large ones."""
    seconds: dict[int, list[float]] = {n: [] for n in sizes}
    memory: dict[int, float] = {}
    for number in range(rounds):
        for n in sizes:
            written = of(n)
            model = build(written, {}, people=n, seed=1)
            if number == 0:
                memory[n] = _most_memory(simulate_row, written, model, 0, 0)  # loads the compiled code, too
            USUAL_CARE_CACHE.clear()
            times = max(1, min(20, sizes[-1] // n))
            spent = sum(
                cpu_seconds(simulate_row, written, model, 0, stream)[0]
                for stream in range(number * times, (number + 1) * times)
            )
            seconds[n].append(spent / times / n)
    print(f"\n{title}")
    first, lines = sizes[0], []
    for before, n in zip([first, *sizes], sizes, strict=False):
        ratio = median(now / then for now, then in zip(seconds[n], seconds[first], strict=True))
        expected = 1.0 if law == "flat" else math.log(n) / math.log(first)
        more = (memory[n] - memory[before]) / (n - before) if n > before else math.nan
        lines.append(
            (
                f"{n:,}",
                f"{median(seconds[n]) * 1e6:.1f}",
                f"{ratio:.2f}",
                f"{expected:.2f}",
                f"{memory[n] / 2**20:,.0f}",
                "" if math.isnan(more) else f"{more:,.0f}",
            )
        )
    heads = ("people", "us a person", "to the first", law, "most memory, MB", "bytes a person more")
    print(table(heads, lines))


def _most_memory(work: Callable[..., Any], *args: Any) -> float:
    """The most bytes that Python and numpy held at once during one call, beyond what they held before."""
    tracemalloc.start()
    work(*args)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return float(most)


# --- start-up ---------------------------------------------------------------------------------------


def start_up(scenario: Scenario, times: int) -> None:
    """How long `simulator --help` and `simulator validate` take."""
    from simulator.scenario.write import write

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "whole.toml"
        file.write_text(write(scenario))
        commands = {
            "python -c pass": ["-c", "pass"],
            "simulator --help": ["-m", "simulator.faces.cli", "--help"],
            "simulator validate": ["-m", "simulator.faces.cli", "validate", str(file)],
        }
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(times):
            for name, arguments in commands.items():
                command = [sys.executable, *arguments]
                seconds[name].append(wall_seconds(subprocess.run, command, check=True, capture_output=True)[0])
    print(f"\nstart-up: {times} times each, in turn")
    lines = [(name, f"{median(found):.2f}", f"{min(found):.2f}") for name, found in seconds.items()]
    print(table(("command", "seconds", "fastest"), lines))


# --- in a notebook ----------------------------------------------------------------------------------


def notebook(scenario: Scenario, rows: int, people: int, reprice_rows: int, rounds: int) -> None:
    """A slider moved (simulate, findings, fan chart) and a price changed (account, findings), both warm."""
    programme = next(iter(scenario.programmes))
    effect = f"programmes.{programme}.effects.{next(iter(scenario.programmes[programme].effects))}.calibrated"
    price = f"prices.{next(iter(scenario.prices))}.amount"
    for _ in range(2):
        _slider(scenario, {effect: 0.9}, **WARM_UP)
    steps = [_slider(scenario, {effect: 0.85 + number / 50}, rows, people) for number in range(rounds)]
    share = rows * people / (SLIDER["rows"] * SLIDER["people"])
    print(f"\nnotebook: {scenario.name}, {effect} changed, {rows} rows x {people:,} people, all workers")
    lines = []
    for name in steps[0]:
        each = median(step[name] for step in steps)
        asked = each / share if name == "simulate" else each
        lines.append((name, f"{each:.3f}", f"{asked:.2f}"))
    lines.append(("all", f"{sum(float(x[1]) for x in lines):.3f}", f"{sum(float(x[2]) for x in lines):.2f}"))
    print(table(("step", "seconds", f"at {SLIDER['rows']} x {SLIDER['people']:,}"), lines))
    _reprice(run(scenario, rows=reprice_rows, people=4, engine="compiled"), price, rounds)


def _slider(scenario: Scenario, changes: dict[str, object], rows: int, people: int) -> dict[str, float]:
    """Seconds of each step from the changed number to the picture."""
    changed_s, changed = wall_seconds(scenario.with_, changes)
    run_s, done = wall_seconds(run, changed, rows=rows, people=people, engine="compiled")
    findings_s, _ = wall_seconds(done.findings)
    fan_s, _ = wall_seconds(_fan, done)
    return {"change": changed_s, "simulate": run_s, "findings": findings_s, "fan chart": fan_s}


def _fan(done: Run) -> bytes:
    """The fan chart as a notebook shows it."""
    from simulator.figures import savings_fan
    from simulator.figures.style import as_bytes

    figure = savings_fan(done).get_figure(root=True)
    assert figure is not None
    return as_bytes(figure, "png")


def _reprice(done: Any, price: str, rounds: int) -> None:
    """Seconds to put another price on a run."""
    done.priced({price: 1.0}).findings()
    found: dict[str, list[float]] = {"priced": [], "account": [], "findings": []}
    for number in range(rounds):
        spent, priced = wall_seconds(done.priced, {price: 100.0 + number})
        found["priced"].append(spent)
        found["account"].append(wall_seconds(priced.account)[0])
        found["findings"].append(wall_seconds(priced.findings)[0])
    print(f"\nre-price: {done.rows:,} rows, {price} changed (rows count, people do not)")
    lines = [(name, f"{median(times):.3f}") for name, times in found.items()]
    print(table(("step", "seconds"), [*lines, ("all", f"{sum(median(times) for times in found.values()):.3f}")]))


# ----------------------------------------------------------------------------------------------------

PARTS = ("rows", "scale", "start", "notebook")


def main() -> None:
    """All parts, or one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--scenario", default="age_uk")
    parser.add_argument("--years", type=int, help="of rows and notebook; the scenario's own if left out")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=8, help="a multiple of 8, so that two workers have as much each")
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000], help="people, nothing shared")
    parser.add_argument("--shared-sizes", type=int, nargs="+", default=[2_000, 20_000], help="multiples of 1,000")
    parser.add_argument("--scale-years", type=int, default=1)
    parser.add_argument("--slider-rows", type=int, default=16)
    parser.add_argument("--slider-people", type=int, default=250)
    parser.add_argument("--reprice-rows", type=int, default=200)
    asked = parser.parse_args()
    wanted = [asked.only] if asked.only else PARTS
    scenario = read(asked.scenario)
    if asked.years:
        scenario = scenario.with_({"horizon.years": asked.years})
    print(machine())
    if "rows" in wanted:
        rows_a_second(scenario, asked.rows, asked.people, asked.rounds)
    if "scale" in wanted:
        scale(scenario, sorted(asked.sizes), sorted(asked.shared_sizes), asked.scale_years, asked.rounds)
    if "start" in wanted:
        start_up(scenario, 5)
    if "notebook" in wanted:
        notebook(scenario, asked.slider_rows, asked.slider_people, asked.reprice_rows, asked.rounds)


if __name__ == "__main__":
    main()
