"""Every programme side by side: what lives together is what would have been lived alone, to the last bit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from matplotlib.figure import Figure

from simulator import figures
from simulator.faces.cli import main
from simulator.running.modes import ORDER
from simulator.running.overview import AFTER_YEARS, overview, planned
from simulator.running.run import run
from simulator.running.together import companies, joined, lived_together
from simulator.scenario.read import read

SMALL = {"rows": 2, "people": 200, "workers": 1}
THREE = ("befriending", "age_uk", "popp")


@pytest.mark.parametrize("mode", ORDER)
def test_each_of_a_company_lives_as_it_would_alone(mode: str) -> None:
    company = [read(name) for name in THREE]
    together = lived_together(company, mode, **SMALL)  # type: ignore[arg-type]
    for scenario in company:
        ledger, design = together[scenario.name]
        alone = run(scenario, evidence=mode, **SMALL)  # type: ignore[arg-type]
        assert np.array_equal(ledger.activity, alone.ledger.activity)
        assert np.array_equal(ledger.windows, alone.ledger.windows)
        assert (ledger.arms, ledger.groups, ledger.items) == (
            alone.ledger.arms,
            alone.ledger.groups,
            alone.ledger.items,
        )
        assert design.names == alone.design.names and np.array_equal(design.values, alone.design.values)


def test_parts_of_the_population_are_taken_out_too() -> None:
    company = [read(name).with_({"population.subgroups": ["age"]}) for name in THREE[:2]]
    together = lived_together(company, "calibrated", **SMALL)  # type: ignore[arg-type]
    for scenario in company:
        alone = run(scenario, **SMALL).ledger  # type: ignore[arg-type]
        assert together[scenario.name][0].part_items == alone.part_items
        assert np.array_equal(together[scenario.name][0].by_part, alone.by_part)
        assert np.array_equal(together[scenario.name][0].moments, alone.moments)


def test_only_those_of_one_population_and_horizon_live_together_and_nobody_where_anything_is_limited() -> None:
    a, b = read("befriending"), read("popp")
    names = lambda found: [[scenario.name for scenario in company] for company in found]  # noqa: E731
    assert names(companies([a, read("age_uk_waiting_list"), b])) == [["befriending", "popp"], ["age_uk_waiting_list"]]
    for change in ({"horizon.years": 6}, {"horizon.window_days": 180}, {"needs.gp.rate": 9.0}):
        assert names(companies([a, b.with_(change)])) == [["befriending"], ["popp"]]
    assert names(companies([a, a])) == [["befriending"], ["befriending"]], "one name, two programmes"
    assert list(joined([a, b]).all_arms()) == ["usual care", "befriending", "popp"]


def test_each_line_is_what_a_run_alone_finds() -> None:
    told = overview(planned(["befriending", "popp"]), **SMALL).rows  # type: ignore[arg-type]
    assert [(line["scenario"], line["evidence"]) for line in told] == [(n, m) for n in THREE[::2] for m in ORDER]
    for line in told:
        alone = run(read(line["scenario"]), evidence=line["evidence"], **SMALL).findings().arms[0]  # type: ignore[arg-type]
        starts, view = float(alone.starts.mean), alone.view()
        assert line["starts"] == pytest.approx(starts, rel=1e-12)
        for after in AFTER_YEARS:
            mean = float(view.discounted.at(after - 1).mean)
            assert line[f"net_saving_{after}"] == pytest.approx(mean / starts, rel=1e-9)
        assert line["p_pays_back"] == pytest.approx(1 - float(view.payback.p_never.value))
        assert line["cash_saving"] == pytest.approx(float(alone.view(money="cash").npv.mean) / starts, rel=1e-9)
        health = None if not np.any(alone.health.qaly_rows) else pytest.approx(float(alone.health.qaly.mean) / starts)
        assert line["qaly"] == health
        payers = [alone.payer_title(view.payer) for view in alone.payer_views() if view.invests]
        assert line["who_pays"].split("; ") == payers


def test_what_lies_beyond_the_horizon_is_empty(tmp_path: Path) -> None:
    file = tmp_path / "short.toml"
    file.write_text('extends = "befriending"\ntitle = "Short"\nhorizon = { years = 3, funding_years = 3 }\n')
    line = overview(planned([file]), **SMALL).rows[0]  # type: ignore[arg-type]
    assert line["population"] == "England, people aged 65 and over"
    assert line["net_saving_3"] is not None and line["net_saving_5"] is None
    assert line["net_saving"] == line["net_saving_3"]


def test_nobody_who_put_no_figure_on_a_programme_is_told_to_have_claimed_nothing(tmp_path: Path) -> None:
    file = tmp_path / "silent.toml"
    programme = read("age_uk").programmes["age_uk"]
    effects = [f"effects.{name}" for name, effect in programme.effects.items() if effect.claimed is not None]
    silent = [f"programmes.age_uk.{name}.claimed" for name in effects] + ["programmes.age_uk.benefits"]
    file.write_text(f'extends = "age_uk"\ntitle = "Silent"\nremove = {json.dumps(silent)}\n')
    told = overview(planned([file]), **SMALL).rows  # type: ignore[arg-type]
    assert [line["has_figure"] for line in told] == [False, True, True]
    assert "no usable figure in circulation" in figures.alt_text(_picture(told))


def _picture(lines: Sequence[dict[str, Any]]) -> Figure:
    figure = figures.overview(lines).figure
    assert isinstance(figure, Figure)
    return figure


def test_the_command_goes_on_past_what_fails_and_names_it(tmp_path: Path) -> None:
    broken, impossible = tmp_path / "broken.toml", tmp_path / "impossible.toml"
    broken.write_text('extends = "popp"\nhorison = 3\n')
    impossible.write_text('extends = "popp"\nremove = ["evidence"]\n')
    words = ["overview", "befriending", str(broken), str(impossible), "--rows", "2", "--people", "100"]
    said = CliRunner().invoke(main, [*words, "--out", str(tmp_path / "o")])
    assert said.exit_code == 2
    assert "missing, since they failed" in said.stderr
    assert "broken.toml" in said.stderr.splitlines()[-1] and "impossible" in said.stderr.splitlines()[-1]
    assert "2 scenarios in three modes of evidence: about" in said.stderr
    table = pd.read_csv(tmp_path / "o" / "overview.csv")
    assert table["evidence"].tolist() == list(ORDER) and set(table["scenario"]) == {"befriending"}
    assert {"overview.png", "overview.svg", "overview.xlsx"} <= {file.name for file in (tmp_path / "o").iterdir()}
    for heading in ("as reported", "best independent", "Pays back", "Paid by"):
        assert heading in said.stdout


def test_json_is_one_object(tmp_path: Path) -> None:
    words = ["overview", "befriending", "--rows", "2", "--people", "100", "--out", str(tmp_path), "--json"]
    told = json.loads(CliRunner().invoke(main, words).stdout)
    assert [line["evidence"] for line in told["programmes"]] == list(ORDER) and told["failed"] == []


LINE = {
    "population": "A place", "scenario": "a", "arm": "a", "title": "Walks", "years": 10, "has_figure": True,
    "net_saving": 50.0, "net_saving_mcse": 10.0, "net_saving_low": -20.0, "net_saving_high": 150.0,
}  # fmt: skip


def test_the_title_of_the_picture_counts_who_clearly_saves() -> None:
    lines = [LINE | {"evidence": mode} for mode in ORDER]
    picture = _picture(lines)
    assert picture.get_suptitle().replace("\n", " ").startswith("1 of 1 programmes save public money as reported")
    lines[1] |= {"net_saving": 15.0}
    assert "on the best independent evidence none does" in _picture(lines).get_suptitle().replace("\n", " ")
    assert "Walks, as reported: £50" in figures.alt_text(picture)
