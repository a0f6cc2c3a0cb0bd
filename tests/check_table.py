"""The table of checks of scenarios/programmes/: figures on record beside simulated ones.

`python tests/check_table.py` writes it anew from the scenario files and from what was simulated last;
`python tests/check_table.py befriending popp` simulates the checks of these first, which takes minutes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from evidence_table import with_table

from simulator.checks.check import check
from simulator.faces.screen import checks_as_json
from simulator.scenario.inherit import parents
from simulator.scenario.read import read
from simulator.scenario.tables import MODE_WORDS, Check

PROGRAMMES = Path(__file__).parents[1] / "scenarios" / "programmes"
README = PROGRAMMES / "README.md"
SIMULATED = Path(__file__).parent / "evidence" / "simulated_checks.json"
BEGIN, END = "<!-- table of checks: begins -->", "<!-- table of checks: ends -->"
ROUNDING = 1e-9  # a smaller error is that of the arithmetic
HEAD = "| Figure on record | Comparison | Reported | Range | Simulated | Met |"


def check_table(simulated: dict[str, dict[str, Any]]) -> str:
    """The table as Markdown, a section for each programme file with figures of a source.

    Args:
        simulated: by scenario and check: what was simulated last, its error, and what came of it.
    """
    return "\n".join(part for file in sorted(PROGRAMMES.glob("*.toml")) for part in _section(file, simulated))


def _section(file: Path, simulated: dict[str, dict[str, Any]]) -> list[str]:
    inherited = {name: entry for parent in parents(file) for name, entry in read(parent).checks.items()}
    own = {n: e for n, e in read(file).checks.items() if e.source and e.programme and inherited.get(n) != e}
    rows = [_row(name, entry, simulated.get(file.stem, {}).get(name, {})) for name, entry in own.items()]
    return ["", f"### `{file.stem}`", "", HEAD, "|---|---|---|---|---|---|", *rows, ""] if rows else []


def _row(name: str, entry: Check, found: dict[str, Any]) -> str:
    said = " ".join(entry.supports.split()).replace("|", "\\|")
    how = f"{entry.comparison}, {MODE_WORDS[entry.evidence]}"
    target = "" if entry.target is None else f"{entry.target:,g}"
    cells = (
        f"{entry.source}: {said} (`{name}`)",
        how,
        target,
        f"{entry.low:,g} to {entry.high:,g}",
        *_simulated(found),
    )
    return f"| {' | '.join(cells)} |"


def _simulated(found: dict[str, Any]) -> tuple[str, str]:
    """What was simulated with its error, and whether it is near enough."""
    if not found:
        return "not yet", ""
    met = {True: "yes", False: "no", None: "not judged" if not found["judged"] else "too few people"}
    amount, error = (float(f"{found[name]:.3g}") for name in ("simulated", "mcse"))
    certain = error <= ROUNDING * abs(amount)
    return f"{amount:,g}" if certain else f"{amount:,g} ± {float(f'{error:.2g}'):,g}", met[found["passed"]]


def stored() -> dict[str, dict[str, Any]]:
    """What was simulated last."""
    return json.loads(SIMULATED.read_text(encoding="utf-8")) if SIMULATED.exists() else {}


def rewritten() -> str:
    """The README of the programmes with the table anew."""
    return with_table(README.read_text(encoding="utf-8"), check_table(stored()), BEGIN, END)


def simulate(names: list[str]) -> None:
    """Simulate the checks of some programmes and keep what came of them."""
    for name in names:
        keep(name, checks_as_json(check(read(name))))


def keep(name: str, results: list[dict[str, Any]]) -> None:
    """Keep the results of the checks of one scenario."""
    kept = {each["name"]: {key: each[key] for key in ("simulated", "mcse", "judged", "passed")} for each in results}
    written = json.dumps(stored() | {name: kept}, indent=1, sort_keys=True)
    SIMULATED.write_text(written + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    simulate(sys.argv[1:])
    README.write_text(rewritten(), encoding="utf-8", newline="\n")
