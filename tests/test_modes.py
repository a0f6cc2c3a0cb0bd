"""All modes of evidence side by side: the same people and luck, other figures believed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from simulator.errors import RunError
from simulator.faces.cli import main
from simulator.findings.finding import MONEYS
from simulator.running.modes import modes, side_by_side
from simulator.running.run import run
from simulator.scenario.read import read

SMALL = {"rows": 2, "people": 200, "workers": 2}
MODES = ["claimed", "calibrated", "sceptical"]


def test_usual_care_is_the_same_to_the_last_bit_in_every_mode() -> None:
    runs = modes(read("befriending"), **SMALL)
    assert list(runs) == MODES
    usual = [each.ledger.item("visits:ae")[:, :, 0, 0] for each in runs.values()]
    assert all(np.array_equal(usual[0], other) for other in usual[1:])


def test_each_line_is_that_of_a_run_in_its_mode() -> None:
    rows = side_by_side(modes(read("befriending"), **SMALL))
    assert [row["evidence"] for row in rows] == MODES
    alone = run(read("befriending"), evidence="claimed", **SMALL).findings().arms[0]  # type: ignore[arg-type]
    for money in MONEYS:
        assert rows[0][f"npv_{money}"] == float(alone.view(money=money).npv.mean)
        assert rows[0][f"p_saves_{money}"] == float(alone.view(money=money).p_saving.value[-1])
    assert rows[0]["stated_benefits"] == float(alone.parts.stated.value) > 0 == rows[1]["stated_benefits"]
    assert rows[0]["qaly"] == float(alone.health.qaly.mean)


def test_a_scenario_without_a_programme_has_no_modes() -> None:
    with pytest.raises(RunError, match="found no programme"):
        modes(read("england_65_plus"), **SMALL)


def test_the_command_prints_a_table_and_writes_it(tmp_path: Path) -> None:
    words = ["modes", "befriending", "--rows", "2", "--people", "100", "--out", str(tmp_path / "m")]
    said = CliRunner().invoke(main, words)
    assert said.exit_code == 0, said.output
    for mode in ("as reported", "best independent", "track record"):
        assert mode in said.stdout
    assert pd.read_csv(tmp_path / "m" / "modes.csv")["evidence"].tolist() == MODES
    assert (tmp_path / "m" / "claimed" / "manifest.json").exists()
    told = json.loads(CliRunner().invoke(main, [*words[:-2], "--json"]).stdout)
    assert [row["evidence"] for row in told] == MODES


def test_a_mode_that_lacks_its_figures_says_so() -> None:
    without = read("befriending").model_copy(update={"evidence": None})
    with pytest.raises(RunError, match=r"evidence\.sceptical: found nothing"):
        modes(without, **SMALL)
