"""Times of things side by side: processor seconds, alternating rounds, medians; and what machine this is.

On a shared machine only ratios of things measured in turn mean anything, so everything here runs A B C A B C ..., and
a ratio is the median over the rounds of the ratio within each round.
"""

from __future__ import annotations

import gc
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

PACKAGES = ("numpy", "numba", "simpy", "salabim", "ciw")


@dataclass(frozen=True)
class Rates:
    """Units a second of each thing in each round."""

    by_round: Mapping[str, Sequence[float]]

    def median(self, name: str) -> float:
        """The median over the rounds."""
        return median(self.by_round[name])

    def spread(self, name: str) -> tuple[float, float]:
        """Slowest and fastest round."""
        return min(self.by_round[name]), max(self.by_round[name])

    def ratio(self, name: str, to: str) -> float:
        """The median of the ratios within each round."""
        return median(one / other for one, other in zip(self.by_round[name], self.by_round[to], strict=True))


def cpu_seconds(work: Callable[..., Any], *args: Any, **options: Any) -> tuple[float, Any]:
    """Processor seconds of this process (all its threads) for one call, and what it gave back."""
    gc.collect()
    start = time.process_time()
    result = work(*args, **options)
    return time.process_time() - start, result


def wall_seconds(work: Callable[..., Any], *args: Any, **options: Any) -> tuple[float, Any]:
    """Seconds on the wall for one call, and what it gave back."""
    gc.collect()
    start = time.perf_counter()
    result = work(*args, **options)
    return time.perf_counter() - start, result


def rate(work: Callable[[int], Any], units: Callable[[Any], float], first: int, at_least_s: float) -> float:
    """Units a processor second of runs numbered from ``first``, as many as fill the time."""
    done, spent, number = 0.0, 0.0, first
    gc.collect()
    while spent < at_least_s:
        start = time.process_time()
        result = work(number)
        spent += time.process_time() - start
        done, number = done + units(result), number + 1
    return done / spent


def alternate(
    works: Mapping[str, tuple[Callable[[int], Any], Callable[[Any], float]]], rounds: int, at_least_s: float = 0.3
) -> Rates:
    """Rates of several things in turn: A B C A B C ...

    Args:
        works: by name, a run that takes its number (a seed or stream), and the units in what it gives back.
        rounds: how often all are run.
        at_least_s: processor seconds for each in each round; short runs are repeated.
    """
    gc.collect()
    gc.freeze()  # what was imported is nobody's garbage: else those with many objects pay for looking through it
    found: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds):
        for name, (work, units) in works.items():
            found[name].append(rate(work, units, 1 + 1_000 * number, at_least_s))
    gc.unfreeze()
    return Rates(found)


def machine() -> str:
    """Processor, cores, how busy, and versions, in two lines."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    cores = f"{os.cpu_count()} cores"
    packages = ", ".join(f"{name} {found}" for name in PACKAGES if (found := _version(name)))
    return f"{model or platform.machine()}, {cores}{load}\nPython {platform.python_version()}, {packages}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns that line up, the first to the left and the others to the right."""
    widths = [max(len(row[i]) for row in (heads, *rows)) for i in range(len(heads))]
    lines = [
        "  ".join(cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(pairs))
        for pairs in (list(zip(row, widths, strict=True)) for row in (heads, ["-" * w for w in widths], *rows))
    ]
    return "\n".join(lines)
