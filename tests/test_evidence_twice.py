"""Every cited number stands twice: in its scenario, and typed again from its source in `tests/evidence/`.

A number that differs, or is not there any more, fails with both values and with where it was read.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulator.scenario.addresses import quantities
from simulator.scenario.read import read
from simulator.scenario.tables import Scenario

FOLDER = Path(__file__).parent / "evidence"
FILES = sorted(FOLDER.glob("*.toml"))
EXACT = 1e-9


def numbers(scenario: Scenario) -> dict[str, tuple[tuple[float, ...], tuple[float, float] | None]]:
    """Value and interval of every quantity and claim, and the figures of checks, by path."""
    found = dict(quantities(scenario))
    found |= {f"{path}.claimed": q.claimed for path, q in found.items() if q.claimed is not None}
    stated = {path: (tuple(map(float, q.central)), q.ci95 or q.range or q.ci80) for path, q in found.items()}
    for name, check in scenario.checks.items():
        for key in ("target", "low", "high"):
            figure = getattr(check, key)
            if figure is not None:
                stated[f"checks.{name}.{key}"] = ((float(figure),), None)
    return stated


def differences(scenario: Scenario, again: dict[str, Any]) -> list[str]:
    """What was typed again and does not stand so in a scenario."""
    stated, found = numbers(scenario), []
    for path, typed in again.items():
        if path not in stated:
            found.append(f"{path}: not in the scenario; typed again {typed['value']} ({typed['where']})")
            continue
        value, ends = stated[path]
        near = typed.get("near", EXACT)
        if not np.allclose(np.atleast_1d(typed["value"]), value, rtol=near, atol=0):
            found.append(f"{path}: scenario {value}, typed again {typed['value']} ({typed['where']})")
        if "low" in typed and not (ends and np.allclose((typed["low"], typed["high"]), ends, rtol=near, atol=0)):
            found.append(f"{path}: scenario {ends}, typed again {typed['low']} to {typed['high']} ({typed['where']})")
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_was_typed_again_is_what_the_scenario_says(file: Path) -> None:
    again = tomllib.loads(file.read_text(encoding="utf-8"))
    assert all(typed["where"] for typed in again.values())
    assert differences(read(file.stem), again) == []


def test_a_number_that_differs_or_is_missing_is_told_with_both_values() -> None:
    again = {
        "programmes.popp.effects.ae.claimed": {"value": 0.17, "low": 0.6, "high": 0.9, "where": "a slip"},
        "programmes.popp.effects.none.claimed": {"value": 1, "where": "nowhere"},
    }
    assert differences(read("popp"), again) == [
        "programmes.popp.effects.ae.claimed: scenario (0.71,), typed again 0.17 (a slip)",
        "programmes.popp.effects.ae.claimed: scenario (0.6, 0.84), typed again 0.6 to 0.9 (a slip)",
        "programmes.popp.effects.none.claimed: not in the scenario; typed again 1 (nowhere)",
    ]
