"""Other ways to build the model: what each makes of the net saving for each start, outside every probability."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hand_made import FAR
from village import VILLAGE, village_run

import simulator as sim
from simulator.errors import ScenarioError
from simulator.faces.cli import main
from simulator.findings import Findings
from simulator.findings.alternatives import OtherModel, difference
from simulator.findings.finding import net
from simulator.running.again import Rebuilt, at_stated_values, rebuilt, with_alternatives
from simulator.running.again import stored_alternatives as stored
from simulator.running.run import Run, open_run, run
from simulator.scenario.evidence import active_quantities
from simulator.scenario.library import packaged
from simulator.scenario.read import read, read_text
from simulator.scenario.tables import EVIDENCE_MODES

BUSY = 'alternatives.busy={title="busier", why="w", set={"needs.ae.rate"=1.2}}'
DEAR = 'alternatives.dear={title="dearer walks", why="w", set={"programmes.walks.costs.each.amount"=1120}}'
SAME = 'alternatives.same={title="the same", why="w", set={"health.pace"=1.0}}'
ROWS, PEOPLE = 24, 60


@cache
def found(*sets: str, rows: int = ROWS) -> tuple[Run, tuple[Rebuilt, ...], Findings]:
    done = village_run(*sets, rows=rows, people=PEOPLE)
    others = rebuilt(done, workers=1)
    return done, others, with_alternatives(done, done.findings(), others)


def other(findings: Findings, name: str, money: str = "value") -> OtherModel:
    return next(o for o in findings.arms[0].alternatives if (o.name, o.money) == (name, money))


def test_an_alternative_that_is_the_model_itself_makes_no_difference() -> None:
    _, _, findings = found(BUSY, DEAR, SAME)
    assert float(other(findings, "same").difference.value) == 0
    assert float(other(findings, "same").difference.mcse) == 0


def test_one_that_changes_money_alone_is_priced_again_in_every_row() -> None:
    """Each start costs 120 pounds in the middle and 1,120 in the alternative; starts are paid in years 0 to 2."""
    done, others, findings = found(BUSY, DEAR, SAME)
    assert [each.simulated for each in others] == [True, False, True]
    dear = other(findings, "dear")
    assert (dear.rows, dear.simulated) == (ROWS, False)
    prices = done.design.values[:, done.design.names.index("programmes.walks.costs.each.amount")]
    factor, starts = done.account().money_factor, done.account().starts[:, :, 1].mean(axis=1)
    extra = ((1120 - prices) * (starts @ factor)).sum() / starts.sum()
    assert np.isclose(float(dear.difference.value), -extra, rtol=1e-9)


def test_those_that_are_simulated_have_the_same_people_and_luck_and_stated_values() -> None:
    done, others, findings = found(BUSY, DEAR, SAME)
    busy = others[0]
    assert busy.run.rows == ROWS // (3 * 3) and busy.run.people == PEOPLE
    assert busy.run.design.names == busy.beside.design.names == ()
    assert busy.run.seed == done.seed and np.array_equal(busy.run.design.streams, done.design.streams[: busy.run.rows])
    again = run(at_stated_values(done.scenario, "calibrated"), rows=2, people=PEOPLE, workers=1)
    assert np.array_equal(again.ledger.activity, busy.beside.ledger.activity)
    assert float(other(findings, "busy").difference.value) != 0


def test_the_saving_is_that_of_the_run_plus_the_difference() -> None:
    done, _, findings = found(BUSY, DEAR, SAME)
    each = done.findings().arms[0].per_starter()
    assert each is not None
    busy = other(findings, "busy")
    assert np.isclose(busy.per_start, float(each.mean) + float(busy.difference.value))


def test_no_probability_and_no_range_moves() -> None:
    done, _, findings = found(BUSY, DEAR, SAME)
    plain, told = (f.to_dict()["arms"]["walks"] for f in (done.findings(), findings))
    assert {**told, "alternatives": []} == plain
    assert village_run(rows=ROWS, people=PEOPLE).findings().to_dict()["arms"]["walks"] == plain


def test_the_lines_end_with_the_span_and_the_tables_have_a_sheet() -> None:
    _, _, findings = found(BUSY, DEAR, SAME)
    line = findings.sentences()[-1]
    assert line.startswith(f"Built otherwise, {net(*headline(findings))} per person who starts would be ")
    assert "“dearer walks” ± £" in line and "3 ways tried; not part of any probability above. In cash: " in line
    sheet = findings.to_frames()["alternatives"]
    assert list(sheet.alternative) == ["busy", "busy", "dear", "dear", "same", "same"]
    assert any("2 by simulating 2 times 60 people" in note and "1 by pricing" in note for note in findings.notes)


def headline(findings: Findings) -> tuple[float, float]:
    """The net saving for each start, and its error."""
    each = findings.arms[0].per_starter()
    assert each is not None
    return float(each.mean), float(each.expected.mcse)


def test_too_few_rows_leave_out_what_would_be_simulated_and_say_so() -> None:
    _, others, findings = found(BUSY, DEAR, SAME, rows=8)
    assert [each.name for each in others] == ["dear"]
    assert any("left out (busy, same): it takes a run of 18 sets" in note for note in findings.notes)
    assert "1 of 3 ways tried (for the rest it takes a run of 18 sets of parameters)" in findings.sentences()[-1]


def test_ways_of_which_none_is_tried_are_told_too() -> None:
    _, others, findings = found(BUSY, SAME, rows=8)
    assert not others
    assert findings.sentences()[-1].startswith("2 other ways to build the model were not tried (it takes a run of ")


def test_nothing_is_said_where_a_scenario_lists_none() -> None:
    done = village_run(rows=4)
    assert rebuilt(done, workers=1) == () and with_alternatives(done, done.findings(), ()) == done.findings()


def test_the_error_of_a_difference_is_that_of_the_pairs() -> None:
    rng, n, times = np.random.default_rng(1), 40, 400
    made = []
    for _ in range(times):
        luck, starts = rng.normal(size=n), rng.uniform(1.0, 2.0, size=n)
        made.append(difference(3 * starts + luck + rng.normal(size=n), starts, starts + luck, starts))
    values, errors = (np.array([float(getattr(d, part)) for d in made]) for part in ("value", "mcse"))
    assert abs(values.mean() - 2) < FAR * values.std() / np.sqrt(times)
    assert abs(errors.mean() / values.std() - 1) < FAR / np.sqrt(2 * times) + 1 / n


@pytest.mark.parametrize("mode", EVIDENCE_MODES)
@pytest.mark.parametrize("name", sorted(packaged()))
def test_every_shipped_alternative_can_be_built_at_stated_values(name: str, mode: str) -> None:
    scenario = read(name)
    alone = scenario.model_copy(update={"alternatives": {}})
    assert len(scenario.alternatives) >= 8
    for alternative in scenario.alternatives.values():
        assert active_quantities(at_stated_values(alone.with_(alternative.set), mode), mode) == {}


def test_a_change_of_the_scenario_that_breaks_an_alternative_names_it() -> None:
    with pytest.raises(ScenarioError) as caught:
        read_text(VILLAGE, sets=[BUSY.replace("needs.ae.rate", "needs.ea.rate")])
    (fault,) = caught.value.faults
    assert fault.path == 'alternatives.busy.set."needs.ea.rate"' and 'unknown name "ea"' in fault.found


def test_a_run_keeps_its_alternatives_and_other_prices_move_them(tmp_path: Path) -> None:
    file = tmp_path / "village.toml"
    file.write_text(VILLAGE, encoding="utf-8")
    sets = [word for change in (BUSY, DEAR) for word in ("--set", change)]
    asked = ["run", str(file), "--rows", "12", "--people", "40", "--workers", "1", "--out", str(tmp_path / "out")]
    said = CliRunner().invoke(main, [*asked, *sets, "--json"])
    told = json.loads(said.stdout)["alternatives"]
    assert [row["alternative"] for row in told] == ["busy", "busy", "dear", "dear"]
    assert (tmp_path / "out" / "findings" / "alternatives.csv").exists()
    done = open_run(tmp_path / "out")
    kept = with_alternatives(done, done.findings(), stored(done))
    assert kept.to_dict()["arms"]["walks"]["alternatives"] == told
    again = CliRunner().invoke(main, ["price", str(tmp_path / "out"), "--set", "prices.ae.amount=470", "--json"])
    moved = json.loads(again.stdout)["alternatives"]
    assert moved[0]["per_start"] != told[0]["per_start"]
    assert moved[2]["difference"] == pytest.approx(told[2]["difference"])


def test_the_notebook_has_it_too() -> None:
    assert sim.alternatives(village_run(DEAR, rows=4), workers=1).arms[0].alternatives
