"""What the first run on a machine waits for: compiling, as it is and as numba alone would do it; and a small warm run.

    python tests/benchmarks/first_minute.py --rounds 3

Each measurement is a process of its own with an empty folder for compiled code, in turn, so that a ratio is between
neighbours in time. The small warm run is the whole command with its tables and figures.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NUMBA_ALONE = "import sys; sys.modules['simulator.compiling.inner_code'] = None\n"
COMPILE = """
import sys, time
sys.path[:0] = [{root!r}, {here!r}]
begin = time.process_time()
import pathway
from simulator.engines.compiled import engine
for shared in (False, True):
    model, _ = pathway.model_of(1000, 2, programme=True, shared=shared)
    engine.replicates(model, 0)
print(time.process_time() - begin)
"""
WARM = ["-m", "simulator", "run", "befriending", "--rows", "4", "--people", "100", "--out"]


def compiling_s(before: str = "") -> float:
    """Seconds of one core until both ways to live have been compiled and have run once.

    Args:
        before: what the process does first.
    """
    code = before + COMPILE.format(root=str(ROOT), here=str(Path(__file__).parent))
    with tempfile.TemporaryDirectory() as cache:
        ran = subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"NUMBA_CACHE_DIR": cache},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return float(ran.stdout)


def warm_s() -> float:
    """Seconds of a small run whose code has been compiled before."""
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        subprocess.run([sys.executable, *WARM, f"{folder}/run"], cwd=ROOT, capture_output=True, check=True)
        return time.perf_counter() - begin


def main() -> None:
    """Print the seconds of each round, and the median of the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1)
    rounds = parser.parse_args().rounds
    warm_s()  # compiles, where that has not been done
    ratios = []
    for number in range(rounds):
        ours, alone, warm = compiling_s(), compiling_s(NUMBA_ALONE), warm_s()
        ratios.append(ours / alone)
        print(f"round {number + 1}: compiling {ours:.1f} s, numba alone {alone:.1f} s; a small warm run {warm:.1f} s")
    print(f"compiling takes {statistics.median(ratios):.2f} of what numba alone takes")


if __name__ == "__main__":
    main()
