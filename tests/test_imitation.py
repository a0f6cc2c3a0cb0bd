"""Studies of a programme that is simulated: before and after is wrong as selection says, a comparison is not."""

from __future__ import annotations

import json
from dataclasses import replace
from math import log
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from oracles import lognormal_people, select
from scenes import DAYS_PER_YEAR, VISIT, scene

from simulator.analysis.studies.before_after import before_after
from simulator.analysis.studies.estimate import Counts
from simulator.analysis.studies.selection import shown_as
from simulator.checks.imitation.deflate import deflate
from simulator.checks.imitation.designs import STUDIES, per_pound
from simulator.checks.imitation.imitate import Imitation, imitate
from simulator.checks.imitation.people import who_takes_part
from simulator.checks.imitation.places import everybody
from simulator.checks.imitation.sought import Work, sought
from simulator.errors import RunError
from simulator.faces.cli import main
from simulator.scenario.tables import Scenario
from simulator.scenario.write import write

MOST = 4.9  # standard errors
LOG_SD, MEAN, WINDOW = 1.0, 0.6, 365.0
PEOPLE = 30_000
MEASURE = "emergency:ward"


def village(ratio: float, *, chosen: bool = True, measured_on: str = "starters") -> Scenario:
    """A programme for people with two emergencies or more in the last 365 days, whom it finds at a steady rate."""
    programme: dict[str, Any] = {
        "once": True,
        "offers": {"list": {"rate": 0.3}},
        "effects": {
            "fewer": {
                "target": "emergency:ward", "measured_on": measured_on, "window_days": 365, "calibrated": ratio,
            }
        },
    }  # fmt: skip
    if chosen:
        programme["eligible"] = {"recent": {"place": "ward", "at_least": 2, "days": WINDOW}}
    if measured_on == "population":
        del programme["effects"]["fewer"]["window_days"]
    tables = {
        "population": {"risk": {"log_sd": LOG_SD}},
        "needs": {"crisis": {"goes_to": "ward", "rate": MEAN * DAYS_PER_YEAR / WINDOW, "emergency": True}},
        "places": {"ward": {"stay": VISIT, "title": "Hospital ward"}},
        "horizon": {"funding_years": 1},
        "programmes": {"care": programme},
    }
    return scene(tables, people=3000, years=2, warm_up_years=2.1)


def scene_of_three_years() -> Scenario:
    """The same, followed for a year more after a warm-up that holds two years before the year of the rule."""
    horizon = village(1.0).horizon.model_copy(update={"years": 3, "warm_up_years": 3.1})
    return village(1.0).model_copy(update={"horizon": horizon})


@pytest.fixture(scope="module")
def without_effect() -> Imitation:
    return imitate(village(1.0), measure=MEASURE, people_in_study=200, people=PEOPLE)


def rho() -> float:
    return 1.0 + select(*lognormal_people(LOG_SD, MEAN), 2).change


# ---------------------------------------------------------------------------------------------- no effect


def test_without_effect_before_and_after_falls_by_regression_to_the_mean(without_effect: Imitation) -> None:
    naive = without_effect.design("before and after")
    assert naive.true == 0.0
    assert abs(naive.reported - (rho() - 1.0)) < MOST * naive.bias_mcse
    assert naive.reported < -10 * naive.bias_mcse
    assert naive.high < 0.0  # hardly a study of 200 people would miss the fall that is none


def test_without_effect_people_like_them_change_alike(without_effect: Imitation) -> None:
    matched = without_effect.design("matched")
    assert matched.true == 0.0
    assert abs(matched.reported) < MOST * matched.bias_mcse
    assert matched.bias_mcse < 0.05
    assert matched.low < 0.0 < matched.high


def test_by_lot_nothing_but_chance_is_between_two_halves(without_effect: Imitation) -> None:
    trial = without_effect.design("randomised")
    assert (trial.reported, trial.bias, trial.bias_mcse) == (0.0, 0.0, 0.0)
    assert trial.low < 0.0 < trial.high


def test_whole_places_show_nothing_without_effect(without_effect: Imitation) -> None:
    for name in ("stepped wedge", "area"):
        place = without_effect.design(name)
        assert (place.reported, place.true) == (0.0, 0.0)
        assert place.low < 0.0 < place.high


def test_people_who_are_looked_at_live_as_in_usual_care() -> None:
    wanted = sought(village(0.5), None, MEASURE, "calibrated")
    participants, others = who_takes_part(wanted, Work(3000))
    np.testing.assert_array_equal(others.events[:, 0], others.events[:, 1])
    assert (participants.events[:, 0, 1] != participants.events[:, 1, 1]).any()
    assert len(others) > 3 * len(participants) > 0
    assert np.isin(participants.stratum, others.stratum).mean() > 0.9


def test_the_spread_of_studies_is_the_error_that_one_of_them_has(without_effect: Imitation) -> None:
    people, _ = who_takes_part(without_effect.wanted, Work(PEOPLE), others=False)
    sides = (Counts(people.events[:, 0, side], people.years[:, 0, side]) for side in (0, 1))
    error = float(before_after(*sides).error) * (len(people) / 200) ** 0.5
    spread = without_effect.design("before and after").spread
    assert abs(log(spread / error)) < MOST / (2 * STUDIES) ** 0.5


def test_a_bias_is_told_with_an_error_above_nothing_and_not_at_all_where_it_is_printed_as_nothing(
    without_effect: Imitation,
) -> None:
    area = replace(without_effect.design("area"), bias_mcse=0.0003)
    designs = tuple(replace(area, bias=bias) for bias in (-0.001, 0.0002, 0.0))
    told = replace(without_effect, designs=designs, per_pound=None).sentences()
    assert [one.rpartition(": ")[2] for one in told] == ["0.1 points too low (± 0.03).", "no bias.", "no bias."]


# ------------------------------------------------------------------------------------------ with an effect


def test_a_true_effect_is_told_by_every_comparison_and_not_by_before_and_after() -> None:
    seen = imitate(village(0.7), measure=MEASURE, people_in_study=200, people=PEOPLE)
    naive, matched, trial = (seen.design(name) for name in ("before and after", "matched", "randomised"))
    assert abs(naive.reported - shown_as(naive.true, rho())) < MOST * naive.bias_mcse
    assert abs(matched.bias) < MOST * matched.bias_mcse
    assert trial.bias == 0.0
    assert abs(naive.true + 0.3) < 0.05


def test_an_effect_on_everybody_is_seen_in_whole_places() -> None:
    seen = imitate(village(0.7, chosen=False, measured_on="population"), measure=MEASURE, people=PEOPLE)
    for name in ("stepped wedge", "area"):
        place = seen.design(name)
        assert abs(place.true + 0.3) < MOST * (0.3 / (0.6 * PEOPLE / 3)) ** 0.5  # a fall of 0.3 of so many events
        assert abs(place.bias) <= MOST * place.bias_mcse
        assert place.low < place.reported < place.high


def test_a_longer_look_back_than_the_referral_rule_falls_less() -> None:
    """People are chosen for the last 365 days; two years before hold one for which they were not."""
    seen = imitate(village(1.0), measure=MEASURE, people_in_study=200, people=PEOPLE // 2, months=12)
    longer = scene_of_three_years()
    twice = imitate(longer, measure=MEASURE, people_in_study=200, people=PEOPLE // 2, months=24)
    year, two = (one.design("before and after") for one in (seen, twice))
    people = select(*lognormal_people(LOG_SD, MEAN), 2)
    expected = 2 * people.after.mean / (people.before.mean + people.after.mean) - 1  # a year before is like one after
    assert abs(two.reported - expected) < MOST * two.bias_mcse
    assert year.reported < two.reported - MOST * (year.bias_mcse**2 + two.bias_mcse**2) ** 0.5


def test_a_comparison_of_areas_is_told_by_the_pound_at_the_prices_of_the_file() -> None:
    """A pathway with one price, a programme with one cost."""
    money: dict[str, Any] = {
        "payers": {"icb": {"title": "NHS"}},
        "cash": {"all": {"share": [1.0]}},
        "prices": {"crisis": {"per": MEASURE, "amount": 500.0, "payer": "icb", "cash": "all"}},
    }
    plain = village(0.7, chosen=False, measured_on="population").model_dump(by_alias=True, exclude_none=True)
    plain["programmes"]["care"]["costs"] = {"each": {"kind": "per_start", "amount": 80.0, "payer": "icb"}}
    wanted = sought(Scenario.model_validate({**plain, **money}), None, MEASURE, "calibrated")
    lived = everybody(wanted, Work(PEOPLE))
    assert (lived.pounds_per_event, lived.pounds_per_start) == (pytest.approx(500.0), pytest.approx(80.0))
    seen = per_pound(lived, 1000, 1)
    assert seen is not None
    here = lived.step == 1
    spared = (lived.events[here, 0, 1:] - lived.events[here, 1, 1:]).sum()
    assert seen.true == pytest.approx(spared * 500.0 / (lived.starts[here].sum() * 80.0))
    assert seen.low < seen.true < seen.high


def test_without_prices_nothing_is_told_by_the_pound(without_effect: Imitation) -> None:
    assert without_effect.per_pound is None


def test_a_reported_fall_becomes_the_true_effect_that_shows_as_it() -> None:
    reported = shown_as(-0.1, rho())
    found = deflate(village(0.5), reported, measure=MEASURE, people_in_study=200, people=PEOPLE, rows=2)
    assert abs(log((1 + found.true) / 0.9)) < MOST * found.mcse
    assert found.true == pytest.approx(found.closed_form, abs=1e-6)
    assert found.low < found.true < found.high
    assert log((1 + found.high) / (1 + found.true)) == pytest.approx(
        1.959964 * (found.of_the_study**2 + found.of_the_scenario**2 + found.mcse**2) ** 0.5
    )


def test_where_nobody_is_chosen_a_figure_is_what_it_says() -> None:
    found = deflate(village(0.5, chosen=False), -0.2, measure=MEASURE, people=PEOPLE, rows=2)
    assert abs(log((1 + found.true) / 0.8)) < MOST * found.mcse
    assert abs(found.rho - 1.0) < MOST * found.mcse


# ------------------------------------------------------------------------------------------------ faces


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"measure": "emergency:wart"}, "found no measure emergency:wart; allowed visits:ward"),
        ({"programme": "walks"}, "found no programme walks; allowed care"),
    ],
)
def test_what_is_not_there_is_named(asked: dict[str, str], said: str) -> None:
    with pytest.raises(RunError, match=said):
        imitate(village(0.7), people=100, **{"measure": MEASURE, **asked})  # type: ignore[arg-type]


def test_a_scenario_without_a_programme_has_no_study() -> None:
    with pytest.raises(RunError, match="found no programme"):
        imitate(village(0.7).model_copy(update={"programmes": {}}), measure=MEASURE)


def test_an_effect_on_something_else_cannot_be_deflated() -> None:
    programme = village(0.7).programmes["care"]
    effect = programme.effects["fewer"].model_copy(update={"target": "death"})
    changed = programme.model_copy(update={"effects": {"fewer": effect}})
    with pytest.raises(RunError, match="found no effect on emergency:ward; it has effects on death"):
        deflate(village(0.7).model_copy(update={"programmes": {"care": changed}}), -0.2, measure=MEASURE)


def test_both_commands_answer_in_sentences_and_in_json(tmp_path: Any) -> None:
    file = tmp_path / "village.toml"
    file.write_text(write(village(0.7)), encoding="utf-8")
    words = [str(file), "--measure", MEASURE, "--people", "3000", "--workers", "1"]
    said = CliRunner().invoke(main, ["imitate", *words])
    assert said.exit_code == 0, said.output
    assert "Before and after: " in said.stdout
    as_json = json.loads(CliRunner().invoke(main, ["imitate", *words, "--json"]).stdout)
    assert [one["design"] for one in as_json["designs"]][:2] == ["before and after", "matched"]
    answer = CliRunner().invoke(main, ["deflate", *words, "--reported", "-0.5", "--rows", "2", "--json"])
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.stdout)["low"] < json.loads(answer.stdout)["true"]
