"""Rules hold in every row: what is possible as stated and not as sampled is told before anybody lives in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from simulator.errors import ScenarioError
from simulator.faces.cli import main
from simulator.model.possible import examined, impossible
from simulator.running.again import is_hopeless, rerun
from simulator.running.run import run
from simulator.scenario.read import EXAMPLE, examine, read, read_text, warnings
from simulator.scenario.tables import Scenario
from simulator.uncertainty.design import Design

ROUTES = """
[places.clinic]
stay = { dist = "fixed", mean = 1 }
[places.gp.routes.refer]
to = "clinic"
share = { value = 0.7, ci95 = [0.6, 0.8], grade = 6, why = "expert guess" }
[programmes.walks]
title = "Walks"
offers.all = { rate = 2.0 }
"""
RAISED = """[programmes.walks.effects.refer]
target = "{target}"
calibrated = {{ value = 1.2, ci95 = [1.0, 1.5], grade = 6, why = "expert guess" }}
"""
SURE = """[programmes.walks.effects.refer]
target = "route:gp.refer"
calibrated = 1.4
"""


def place(text: str, **asked: Any) -> Scenario:
    return read_text(EXAMPLE + ROUTES + text, **asked)


def refused(scenario: Scenario, **asked: Any) -> str:
    with pytest.raises(ScenarioError) as caught:
        run(scenario, rows=32, people=50, workers=1, **asked)
    return str(caught.value)


# ---------------------------------------------------------------------------------- one number at a time


def test_a_law_that_reaches_a_little_beyond_its_limits_is_cut_there_and_said(tmp_path: Path) -> None:
    file = tmp_path / "village.toml"
    file.write_text(EXAMPLE + '[places.ward]\nstay.mean = 1\nslots = { value = 4, se = 1, grade = 6, why = "guess" }\n')
    [note] = examine(file).warnings
    words = "a normal with 0.003 % of its probability outside 0 or more"
    assert (note.file, note.path, note.found) == ("village.toml", "places.ward.slots", words)
    slots = read(file).places["ward"].slots
    assert slots is not None and float(slots.at([1e-9])[0]) >= 0


def test_numbers_outside_their_limits_in_a_row_are_faults() -> None:
    scenario = place("")
    rows = Design(("places.gp.routes.refer.share",), [[0.7], [1.2], [1.3]], [0, 0, 0], [0, 0, 0], "table", 1)
    issue, _ = impossible(scenario, rows, "calibrated")  # and routes with a sum above 1
    assert issue[:3] == (("places", "gp", "routes", "refer", "share"), "1.2 in row 1 and 1 more of 3", "0 to 1")


def test_a_length_that_runs_backwards_in_a_row_is_a_fault() -> None:
    law = '{ value = 3, se = 1, dist = "gamma", grade = 6, why = "guess" }'
    scenario = place(f'[places.ward]\nstay = {{ dist = "uniform", low = {law}, high = 4 }}\n')
    words = refused(scenario)
    assert "places.ward.stay.low" in words and "below high, there 4" in words and "in row" in words


# --------------------------------------------------------------------------------- several numbers at once


@pytest.mark.parametrize("target", ["route:gp.refer", "visits:clinic"])
def test_an_effect_that_overfills_a_route_in_some_rows_is_told_by_name_row_and_value(target: str) -> None:
    scenario = place(RAISED.format(target=target))
    words = refused(scenario)
    assert "programmes.walks.effects.refer.calibrated: found an effect of 1." in words
    assert "gp.refer have a sum of 1." in words and "in row " in words and "of 32; allowed a sum of at most 1" in words
    assert [issue.path[-2] for issue in examined(scenario)] == ["refer"]


def test_an_effect_that_overfills_routes_as_stated_is_told_so() -> None:
    other = 'title = "Clinic"\nroutes = {}\n'
    text = ROUTES.replace('share = { value = 0.7, ci95 = [0.6, 0.8], grade = 6, why = "expert guess" }', "share = 0.5")
    text += '[places.gp.routes.home_first]\nto = "home"\nshare = 0.5\n' + SURE
    scenario = read_text(EXAMPLE + text.replace("[places.clinic]\n", f"[places.clinic]\n{other}"))
    [issue] = examined(scenario)
    assert (
        issue.found == "an effect of 1.4 with which the shares of gp.refer, gp.home_first have a sum of 1.2 as stated"
    )


def test_what_a_lowered_place_sends_on_does_not_count_twice() -> None:
    """Admissions fall less than attendances: the route between them rises, both effects in step."""
    text = ROUTES.replace("value = 0.7, ci95 = [0.6, 0.8]", "value = 0.5, ci95 = [0.45, 0.55]")
    fewer = "".join(
        f'[programmes.walks.effects.{name}]\ntarget = "visits:{name}"\ncalibrated = {ratio}\n'
        for name, ratio in (("gp", 0.5), ("clinic", 0.7))
    )
    assert examined(read_text(EXAMPLE + text + fewer), rows=32) == []


def test_sampled_routes_that_add_to_more_than_all_are_told() -> None:
    second = (
        '[places.gp.routes.home_first]\nto = "home"\n'
        'share = { value = 0.25, ci95 = [0.2, 0.3], grade = 6, why = "expert guess" }\n'
    )
    words = refused(place(second))
    assert "places.gp.routes: found shares with sum 1." in words and "in health state fit in row" in words


def test_nothing_is_simulated_before_all_rows_are_looked_at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("simulator.running.run._all_blocks", lambda *_: pytest.fail("a row was lived"))
    refused(place(RAISED.format(target="route:gp.refer")), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_validate_and_run_say_it_without_a_traceback(tmp_path: Path) -> None:
    file = tmp_path / "village.toml"
    file.write_text(EXAMPLE + ROUTES + RAISED.format(target="route:gp.refer"))
    for command in (["validate", str(file)], ["run", str(file), "--rows", "32", "--people", "50", "--workers", "1"]):
        result = CliRunner().invoke(main, command)
        assert not isinstance(result.exception, ValueError) or isinstance(result.exception, ScenarioError)
        said = str(result.exception) + result.output
        assert re.search(r"village\.toml:\d+: programmes\.walks\.effects\.refer", said), said


@pytest.mark.parametrize("name", ["england_65_plus_queues", "age_uk", "popp"])
def test_shipped_scenarios_can_be_lived_in_every_row(name: str) -> None:
    assert examined(read(name), rows=64) == []


HOPELESS = """
[payers.nhs]
title = "NHS"
[cash.none]
share = [0]
[prices.clinic]
per = "visit:clinic"
amount = 1
payer = "nhs"
cash = "none"
[programmes.walks.costs.start]
kind = "per_start"
amount = 1000
payer = "nhs"
[programmes.walks.effects.gp]
target = "emergency:gp"
calibrated = 0.9
[programmes.walks.effects.clinic]
target = "visits:clinic"
calibrated = 0.9
"""


def test_an_effect_that_no_row_has_room_for_is_not_tried_for_the_break_even() -> None:
    """Next to no attendances and as many referrals: the route between them would be raised ninetyfold."""
    scenario = place(HOPELESS, sets=["needs.gp.emergency=true"])
    done = run(scenario, rows=8, people=60, workers=1)
    assert is_hopeless(done.findings().arms[0])
    assert [again.ratio for again in rerun(done, workers=1)] == [1.0]


# ------------------------------------------------------------------------------------------------ groups


def test_a_group_may_lose_its_members_to_a_change() -> None:
    scenario = read("popp").with_({"programmes.popp.effects.admissions.calibrated": 1.0})
    assert any("in which nothing is correlated" in fault.found for fault in warnings(scenario))
    assert np.isfinite(run(scenario, rows=2, people=20, workers=1, engine="simpy").design.values).all()
