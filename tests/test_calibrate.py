"""Calibration finds what closed forms say, covers the truth as often as it claims, and says what it cannot tell."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.stats import binomtest
from test_check import asked, ward

from simulator.checks.calibration.calibrate import FoundValues, calibrate
from simulator.checks.calibration.written import lines, write_found
from simulator.errors import RunError
from simulator.faces.cli import main
from simulator.scenario.read import read, read_text
from simulator.scenario.tables import Scenario
from simulator.scenario.write import write

MOST = 4.9  # standard errors
SURE = 0.9999
RATE, ADJUST = "needs.urgent.rate", "needs.urgent.adjust"
WIDTH_95 = 3.919927969080108


def visits(target: float, half: float, **more: object) -> dict[str, object]:
    return {"measure": "visits:ward", "target": target, "low": target - half, "high": target + half, **more}


def with_prior(scenario: Scenario, rate: float, low: float, high: float) -> Scenario:
    return scenario.with_(
        {RATE: {"value": rate, "ci95": [low, high], "dist": "lognormal", "grade": 6, "why": "a guess"}}
    )


def number(found: FoundValues, path: str):
    return next(one for one in found.numbers if one.path == path)


# ------------------------------------------------------------------------------------------ closed forms


def test_a_free_number_meets_its_target_and_its_error_is_that_of_a_poisson_count():
    scenario = asked(ward(0.5), met=visits(0.6, 0.03))
    found = calibrate(scenario, vary=[ADJUST], rows=4)
    one, target = number(found, ADJUST), found.targets[0]
    assert target.met and abs(target.after - 0.6) < target.mcse
    error = 1.2 / math.sqrt(0.6 * 16_000)
    assert 0.4 * error < one.mcse < 1.9 * error  # the error of an error from 40 groups
    assert abs(one.found - 1.2) < MOST * error
    half = 1.2 * math.hypot(0.03 / 0.6 / WIDTH_95 * 2, error / 1.2)
    assert (one.interval[1] - one.interval[0]) / 2 == pytest.approx(half * WIDTH_95 / 2, rel=0.15)


def test_a_number_with_an_interval_ends_between_it_and_the_target_by_their_precisions():
    scenario = with_prior(asked(ward(0.5, people=20_000), met=visits(0.6, 0.06)), 0.5, 0.4, 0.625)
    one = number(calibrate(scenario, vary=[RATE], rows=8), RATE)
    prior, target = math.log(0.625 / 0.4) / WIDTH_95, 0.12 / 0.6 / WIDTH_95
    expected = (math.log(0.5) / prior**2 + math.log(0.6) / target**2) / (prior**-2 + target**-2)
    assert math.log(one.found) == pytest.approx(expected, abs=0.02)
    assert one.kept == pytest.approx(1 / math.sqrt(1 + (prior / target) ** 2), rel=0.1)
    assert one.prior == pytest.approx((0.4, 0.625)) and not one.free


def test_the_same_people_and_luck_give_the_same_values():
    scenario = asked(ward(0.5, people=500), met=visits(0.6, 0.03))
    one, other = (calibrate(scenario, vary=[ADJUST], rows=1) for _ in range(2))
    assert one.numbers == other.numbers
    assert calibrate(scenario, vary=[ADJUST], rows=1, engine="simpy").values == one.values


def test_what_was_found_meets_the_checks_of_the_scenario_it_is_put_into():
    from simulator.checks.check import check

    scenario = asked(ward(0.5), met=visits(0.6, 0.01))
    found = calibrate(scenario, vary=[ADJUST])
    assert check(scenario.with_(found.values))[0].simulated == found.targets[0].after


def test_the_adjust_of_an_effect_is_solved_so_that_the_observed_total_is_the_declared_one():
    walks = {
        "offers": {"all": {"rate": 20.0}},
        "effects": {"ward": {"target": "emergency:ward", "calibrated": 0.8, "adjust": 0.6}},
        "once": True,
    }
    base = ward(1.0, people=4000, years=3).model_dump(by_alias=True, exclude_none=True)
    history = {"years": 3, "warm_up_years": 1.0}
    scenario = Scenario.model_validate({**base, "programmes": {"walks": walks}, "horizon": history})
    of = {"programme": "walks", "comparison": "with and without", "measure": "emergency:ward"}
    scenario = asked(scenario, seen={**of, "target": -0.2, "low": -0.22, "high": -0.18})
    found = calibrate(scenario, vary=["programmes.walks.effects.ward.adjust"], rows=2)
    one = found.numbers[0]
    assert found.targets[0].before == pytest.approx(0.8**0.6 - 1, abs=0.02)
    assert abs(one.found - 1.0) < MOST * one.mcse and found.met


def test_the_share_of_an_offer_is_solved_for_the_starts():
    walks = {"offers": {"after": {"on": "visit:ward", "share": 0.1}}, "once": True}
    base = ward(1.0, people=4000, years=1).model_dump(by_alias=True, exclude_none=True)
    scenario = Scenario.model_validate(
        {**base, "programmes": {"walks": walks}, "horizon": {"years": 1, "funding_years": 1}}
    )
    of = {"programme": "walks", "comparison": "with and without", "measure": "starts", "per": 1000}
    scenario = asked(scenario, begun={**of, "target": 300, "low": 280, "high": 320})
    one = calibrate(scenario, vary=["programmes.walks.offers.after.share"], rows=2).numbers[0]
    assert abs(one.found + math.log(0.7)) < MOST * max(one.mcse, 0.001)  # 1 - exp(-share) start in the year


# ------------------------------------------------------------------------------- what targets cannot tell


def test_a_number_that_no_target_sees_is_named_and_stays():
    scenario = asked(with_prior(ward(0.5), 0.5, 0.4, 0.625), deaths={"measure": "deaths", "low": -1, "high": 1})
    found = calibrate(scenario, vary=[RATE], rows=1)
    assert found.numbers[0].found == 0.5 and found.numbers[0].kept == pytest.approx(1.0)
    assert found.notes[0].startswith(f"The targets cannot tell {RATE}: what is left open is 100 %")


def test_two_numbers_that_only_act_together_are_told_to_be_inseparable():
    scenario = asked(ward(0.5), met=visits(0.6, 0.01))
    found = calibrate(scenario, vary=[ADJUST, f"{RATE}:0.1:2"], rows=1)
    assert f"The targets cannot tell {ADJUST} and {RATE} apart: with one higher and the other lower" in found.notes[0]
    assert found.correlation[0][1] < -0.9 and found.met
    assert "2 numbers are varied and the targets tell 1 combination" in found.notes[1]


def test_targets_that_cannot_both_be_had_are_named_with_what_each_pulls():
    scenario = asked(ward(0.5), few=visits(0.4, 0.02), many=visits(0.6, 0.02))
    found = calibrate(scenario, vary=[ADJUST], rows=1)
    assert not found.met
    assert "The targets cannot all be met: few stays above its range, many stays below its range." in found.notes
    assert f"  {ADJUST}: many would have it higher, few lower." in found.notes


def test_an_interval_of_its_own_is_named_among_what_pulls():
    scenario = with_prior(asked(ward(0.5), many=visits(0.7, 0.02)), 0.5, 0.49, 0.51)
    assert (
        f"  {RATE}: many would have it higher, its own interval lower."
        in calibrate(scenario, vary=[RATE], rows=1).notes
    )


def test_a_search_that_stops_at_its_end_says_so():
    scenario = asked(ward(0.5), met=visits(0.6, 0.02))
    found = calibrate(scenario, vary=[f"{ADJUST}:0.9:1.1"], rows=1)
    assert found.numbers[0].found == pytest.approx(1.1, rel=0.01)
    assert any(note.startswith(f"{ADJUST} stopped at 1.1, an end") for note in found.notes)


def test_numbers_joined_by_a_plus_stay_equal():
    scenario = asked(ward(0.5), met=visits(0.6, 0.02))
    with pytest.raises(RunError, match=r"found 1 and 0\.5; allowed equal numbers"):
        calibrate(scenario, vary=[f"{ADJUST}+{RATE}:0.1:2"])
    same = scenario.with_({RATE: 1.0, ADJUST: 1.0})
    found = calibrate(same, vary=[f"{ADJUST}+{RATE}:0.1:2"], rows=4)
    assert found.values[ADJUST] == found.values[RATE] == pytest.approx(math.sqrt(0.6), rel=0.05)


@pytest.mark.parametrize(
    ("vary", "targets", "words"),
    [
        ([], [], "found nothing to vary"),
        (["needs.urgent"], [], "found no number of its own"),
        (["needs.urgnt.rate"], [], "did you mean urgent"),
        ([f"{ADJUST}:1.1:2"], [], "found 1 looked for from 1.1 to 2"),
        ([ADJUST], ["mett"], "did you mean met"),
        ([ADJUST], ["point"], "allowed one with a width"),
    ],
)
def test_what_cannot_be_calibrated_is_refused_in_words(vary: list[str], targets: list[str], words: str):
    scenario = asked(ward(0.5, people=50), met=visits(0.6, 0.02), point=visits(0.6, 0.0))
    with pytest.raises(RunError, match=words):
        calibrate(scenario, vary=vary, targets=targets)


# --------------------------------------------------------------------------------------------- recovery


def covered(repeats: int, first: int) -> int:
    """How many 95 % intervals hold a known rate, its target a figure with a normal error as wide as its range says."""
    truth, sd, held = 0.6, 0.03, 0
    luck = np.random.default_rng(first)
    base = ward(0.5, people=400)
    for seed in range(first, first + repeats):
        seen = truth + sd * luck.standard_normal()
        scenario = asked(base, met=visits(seen, sd * WIDTH_95 / 2))
        low, high = calibrate(scenario, vary=[ADJUST], rows=2, seed=seed).numbers[0].interval
        held += low <= truth / 0.5 <= high
    return held


def test_a_known_rate_is_recovered_as_often_as_the_interval_says():
    repeats = 100
    assert binomtest(covered(repeats, 1), repeats, 0.95).pvalue > 1 - SURE


@pytest.mark.slow
def test_the_intervals_cover_from_92_to_98_per_cent_of_two_thousand_known_rates():
    repeats = 2_000
    told = binomtest(covered(repeats, 10_000), repeats, 0.95).proportion_ci(SURE)
    assert told.low > 0.92 and told.high < 0.98


# -------------------------------------------------------------------------------------- files and screen


def test_the_script_in_a_file_is_what_is_repeated(tmp_path: Path):
    scenario = asked(ward(0.5, people=500), met=visits(0.6, 0.02), other=visits(0.9, 0.02))
    script = {"vary": [f"{ADJUST}:0.5:2"], "targets": ["met"], "rows": 1}
    stated = read_text(write(scenario) + f"\n[calibration]\nvary = {script['vary']}\ntargets = ['met']\nrows = 1\n")
    asked_for = calibrate(scenario, vary=script["vary"], targets=["met"], rows=1)
    assert calibrate(stated).numbers == asked_for.numbers
    file = tmp_path / "stated.toml"
    file.write_text(write(stated))
    (tmp_path / "child.toml").write_text('extends = "stated"\nremove = ["checks"]\n')
    assert read(tmp_path / "child.toml").calibration is None


def test_written_values_extend_the_scenario_and_keep_what_a_number_says(tmp_path: Path):
    file = tmp_path / "place.toml"
    stated = with_prior(asked(ward(0.5), met=visits(0.6, 0.02)), 0.5, 0.3, 0.8)
    file.write_text(write(stated))
    found = calibrate(read(file), vary=[RATE, f"{ADJUST}:0.99:1.01"], rows=1)
    new = write_found(found, tmp_path / "met.toml", str(file))
    again = read(new)
    rate = again.needs["urgent"].rate
    assert float(rate) == pytest.approx(found.values[RATE], rel=1e-3) and again.needs["urgent"].adjust != 1.0
    assert rate.ci95 == pytest.approx(number(found, RATE).interval, rel=1e-3)
    assert rate.grade == 6 and "0.5 (0.3 to 0.8) before" in str(rate.why)
    assert len(lines(found)) == 2
    with pytest.raises(RunError, match="already there"):
        write_found(found, new, str(file))


def test_the_command_prints_tables_words_and_lines_and_exits_1_when_a_target_is_not_met(tmp_path: Path):
    file = tmp_path / "place.toml"
    file.write_text(write(asked(ward(0.5, people=500), met=visits(0.6, 0.02), many=visits(0.9, 0.02))))
    line = ["calibrate", str(file), "--rows", "1", "--vary", ADJUST]
    one = CliRunner().invoke(main, [*line, "--target", "met"])
    assert one.exit_code == 0 and f"\n{ADJUST} = 1." in one.stdout and "How: least squares" in one.stdout
    both = CliRunner().invoke(main, [*line, "--json"])
    assert both.exit_code == 1 and "not met: met, many" in both.stderr
    told = json.loads(both.stdout)
    assert told["numbers"][0]["path"] == ADJUST and "cannot all be met" in " ".join(told["notes"])
