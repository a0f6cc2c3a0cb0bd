"""The effect at which a programme that never pays back would break even, against cases worked out by hand."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hand_made import FAR
from village import village, village_file, village_run

import simulator as sim
from simulator.faces.cli import main
from simulator.findings import Findings
from simulator.findings.break_even import BreakEven, estimates, where_zero
from simulator.running.again import ratios, rerun, with_break_even
from simulator.running.again import stored_break_even as stored
from simulator.running.run import Run, open_run, run
from simulator.scenario.read import EXAMPLE, read_text

# Two years, nobody dies, nothing is discounted: 4 visits a year at £100 are £800 a person; everyone starts at once.
TOWN = """
[horizon]
years = 2
warm_up_years = 1
[needs.ae]
goes_to = "ae"
rate = 4.0
[places.ae]
title = "A&E"
stay = { dist = "fixed", mean = 0.001 }
[programmes.walks]
title = "Walks"
once = true
offers.all = { rate = 10_000.0 }
[programmes.walks.effects.ae]
target = "visits:ae"
calibrated = 1.0
[programmes.walks.costs.each]
kind = "per_start"
payer = "council"
amount = 200
[payers.council]
title = "Council"
[payers.nhs]
title = "NHS"
[cash.half]
share = [0.5]
[prices.ae]
per = "visit:ae"
amount = 100
payer = "nhs"
cash = "half"
"""
PEOPLE, ROWS = 1000, 24
UNDISCOUNTED = ("discount_rate=0.0", "discount_rate_later=0.0", "health_discount_rate=0.0")


@cache
def town_run(*sets: str) -> Run:
    """A small run of the town, with changes as ``path=value``."""
    rates = tuple(f"economics.{rate}" for rate in UNDISCOUNTED)
    return run(read_text(EXAMPLE + TOWN, sets=(*rates, *sets)), rows=ROWS, people=PEOPLE, workers=1)


def points(findings: Findings) -> tuple[BreakEven, BreakEven]:
    value, cash = findings.arms[0].break_even
    return value, cash


def far_from(point: BreakEven, ratio: float) -> float:
    """How many standard errors the break-even ratio is away from another.

    Without effect the saving is the cost alone, so the error is that of the visits averted by people simulated again, Y
    in the first year and Z in the second, both Poisson with mean 4. The ratio estimate is (Y + Z) / Y times the mean of
    Y over all rows: its variance is that of Z - Y, 8 a person, and of 2 Y over all rows, 16 a person; its mean is 8.
    """
    assert point.ratio is not None
    relative = np.sqrt(8 / (point.rows * PEOPLE) + 16 / (ROWS * PEOPLE)) / 8
    return float(abs(point.ratio - ratio) / ((1 - ratio) * relative))


def test_the_ratio_is_the_one_worked_out_by_hand() -> None:
    value, cash = points(sim.break_even(town_run(), workers=1))
    assert far_from(value, 1 - 200 / 800) < FAR
    assert far_from(cash, 1 - 200 / (800 * 0.5)) < FAR
    assert (value.what, value.now, value.rows) == ("A&E attendances", 1.0, 3)
    assert value.mcse is not None and 0 < value.mcse < 0.25


def test_the_headline_leads_with_it_and_a_note_says_how_it_was_found() -> None:
    findings = sim.break_even(town_run(), workers=1)
    headline, lines = findings.sentences()[0], findings.sentences()
    order = [headline.index(words) for words in ("per person who starts", "QALYs", "in all")]
    assert order == sorted(order)
    told = next(line for line in lines if line.startswith("To cover its cost"))
    prevented = r"it would have to prevent 2\d in 100 \(± [\d.]+\) of the A&E attendances of those who start\."
    assert re.search(prevented, told) and "The best independent evidence is no change." in told
    assert any("the ratio of A&E attendances set to 0.01, 1, scaled" in note for note in findings.notes)


def test_it_says_so_when_averting_everything_would_not_pay() -> None:
    findings = sim.break_even(town_run("programmes.walks.costs.each.amount=900"), workers=1)
    value, cash = points(findings)
    assert value.ratio is None and cash.ratio is None
    assert any(
        line.startswith("Preventing 99 in 100 of the A&E attendances of those who start would not cover its cost.")
        for line in findings.sentences()
    )


def test_only_cash_may_be_out_of_reach() -> None:
    findings = sim.break_even(town_run("programmes.walks.costs.each.amount=500"), workers=1)
    assert points(findings)[1].ratio is None
    assert any("In cash, preventing nearly all would not be enough." in line for line in findings.sentences())


def test_a_programme_that_may_pay_back_is_not_simulated_again() -> None:
    paying = town_run("programmes.walks.effects.ae.calibrated=0.5")
    assert rerun(paying, workers=1) == () and sim.break_even(paying) == paying.findings()


def test_a_programme_without_an_effect_on_hospital_use_says_that_there_is_none_to_vary() -> None:
    findings = sim.break_even(town_run('programmes.walks.effects.ae.target="utility"'), workers=1)
    assert findings.arms[0].break_even == ()
    assert "no effect on hospital use can be varied" in findings.notes[-1]


def test_the_effect_that_breaks_even_is_the_same_in_every_place() -> None:
    sites = 'programmes.walks.between_sites={value=1.0, ci95=[0.8, 1.25], grade=6, why="made up for tests"}'
    assert "programmes.walks.between_sites" in town_run(sites).design.names
    for again in rerun(town_run(sites, "programmes.walks.costs.each.amount=900"), workers=1):
        assert "programmes.walks.between_sites" not in again.run.design.names


def test_the_rows_simulated_again_are_the_first_of_the_run() -> None:
    done = village_run("programmes.walks.costs.each.amount=9000", rows=8)
    for again in rerun(done, workers=1):
        shared = [name for name in done.design.names if name in again.run.design.names]
        assert len(shared) == len(done.design.names) - 1
        for name in shared:
            column = done.design.values[: again.run.rows, done.design.names.index(name)]
            assert np.array_equal(column, again.run.design.values[:, again.run.design.names.index(name)])
        assert np.array_equal(done.ledger.activity[:2, :, 0, 0], again.run.ledger.activity[:, :, 0, 0])


@pytest.mark.parametrize(
    ("saved", "ratio", "error"),
    [
        ([[300.0, 300.0], [100.0, 100.0], [-100.0, -100.0]], 0.75, 0.0),
        ([[100.0, 100.0], [-100.0, -100.0], [-400.0, -400.0]], 0.25, 0.0),
        ([[300.0, 300.0], [200.0, 200.0], [100.0, 100.0]], 1.5, 0.0),
        ([[200.0, 400.0], [0.0, 200.0], [-200.0, 0.0]], 0.75, 100 / 400),
    ],
)
def test_a_line_is_drawn_through_the_two_ratios_around_zero(
    saved: list[list[float]], ratio: float, error: float
) -> None:
    zero = where_zero(np.array([0.0, 0.5, 1.0]), np.array(saved), np.zeros((3, 5)))
    assert zero is not None
    assert float(zero.value) == pytest.approx(ratio) and float(zero.mcse) == pytest.approx(error)


@pytest.mark.parametrize("saved", [[[-1.0], [-2.0], [-3.0]], [[1.0], [2.0], [3.0]]])
def test_there_is_no_ratio_when_the_lowest_does_not_save_or_less_use_saves_nothing(saved: list[list[float]]) -> None:
    assert where_zero(np.array([0.0, 0.5, 1.0]), np.array(saved), np.array(saved)) is None


def test_what_is_in_proportion_to_starts_and_use_is_known_from_the_whole_run() -> None:
    starts, use = np.array([10.0, 30.0, 20.0, 40.0]), np.array([5.0, 9.0, 1.0, 5.0])
    cost, averted = -3 * starts[:2], 7 * use[:2]
    few, many = estimates(np.stack([cost + averted, cost]), starts, use)
    assert np.allclose(few, [[-3 * 25 + 7 * 5] * 2, [-3 * 25] * 2])
    assert np.allclose(many.mean(axis=1), few.mean(axis=1))


def test_an_arm_of_any_name_has_a_folder_of_its_own(tmp_path: Path) -> None:
    costly = village("programmes.walks.costs.each.amount=9000", 'arms={"a/b: c" = ["walks"]}')
    done = run(costly, rows=2, people=40, workers=1, out=tmp_path / "out")
    assert len(rerun(done, workers=1)) == 3
    kept = sorted(folder.name for folder in (tmp_path / "out" / "break_even").iterdir())
    assert kept == ["a_b_c-0.01", "a_b_c-0.5", "a_b_c-1"] and len(stored(done)) == 3


def test_a_half_is_tried_where_an_effect_fades() -> None:
    assert ratios(town_run(), "walks") == (0.01, 1.0)
    assert ratios(village_run(), "walks") == (0.01, 0.5, 1.0)


# ------------------------------------------------------------------------------------- from the command line


@pytest.fixture(scope="module")
def hopeless(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    """The folder of a run that never pays back, and the object it printed."""
    folder = tmp_path_factory.mktemp("hopeless")
    words = ["run", str(village_file(folder)), "--rows", "4", "--people", "60", "--workers", "1", "--json"]
    changes = ["--set", "programmes.walks.costs.each.amount=3000"]
    said = CliRunner().invoke(main, [*words, *changes, "--out", str(folder / "out")])
    assert said.exit_code == 0, said.output
    return folder / "out", json.loads(said.stdout)


def test_a_run_writes_and_prints_it(hopeless: tuple[Path, dict[str, object]]) -> None:
    folder, told = hopeless
    assert [(entry["money"], len(entry["tried"])) for entry in told["break_even"]] == [("value", 3), ("cash", 3)]  # type: ignore[attr-defined]
    assert "cover its cost" in (folder / "summary.txt").read_text(encoding="utf-8")
    assert "break-even" in (folder / "findings" / "break_even.csv").read_text(encoding="utf-8")
    assert len(stored(open_run(folder))) == 3


def test_other_prices_move_it_without_a_simulation(hopeless: tuple[Path, dict[str, object]]) -> None:
    done = open_run(hopeless[0])
    changes = {f"prices.{name}.amount": 2 * price.amount.value for name, price in done.scenario.prices.items()}
    changes |= {f"programmes.walks.costs.{name}.amount": amount for name, amount in (("each", 6000), ("tea", 0.2))}
    changes["programmes.walks.costs.setting_up.amount"] = 40_000
    before, after = with_break_even(done, stored(done)), with_break_even(done.priced(changes), stored(done), changes)
    for one, other in zip(points(before), points(after), strict=True):
        assert other.saving.value == pytest.approx(2 * one.saving.value)
        assert other.ratio == pytest.approx(one.ratio)


def test_reruns_of_another_scenario_are_left_alone(hopeless: tuple[Path, dict[str, object]]) -> None:
    done = open_run(hopeless[0])
    other = done.priced({"programmes.walks.costs.each.amount": 2000})
    assert stored(other) == ()
