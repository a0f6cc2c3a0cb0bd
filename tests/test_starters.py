"""A starter file is sound as it stands: a place is met to its own figures, a programme from nothing runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from simulator.checks.calibration.calibrate import calibrate
from simulator.checks.check import check
from simulator.errors import RunError
from simulator.faces.cli import main
from simulator.scenario.read import examine, read
from simulator.scenario.starters.place import Local, parsed, place
from simulator.scenario.starters.programme import PROGRAMME

PEOPLE = {65: 980, 75: 620, 85: 240}
AGES = [word for age, count in PEOPLE.items() for word in ("--people", f"{age}:{count}")]


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def call(*words: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(main, list(words), input=typed)


def test_a_place_is_some_ten_lines_that_are_met_to_its_own_figures():
    made = call("new", "my_town", "--place", *AGES, "--figure", "visits:ae=900", "--figure", "days:inpatient=3600",
                "--price", "ae=250")  # fmt: skip
    assert made.exit_code == 0, made.output
    lines = [line for line in Path("my_town.toml").read_text().splitlines() if line and not line.startswith("#")]
    assert len(lines) <= 12
    town = read("my_town.toml")
    assert town.population.place_size == 1840 and float(town.prices["ae"].amount) == 250
    assert town.population.entrants is not None and float(town.population.entrants.per_year) < 440
    found = calibrate(town)
    assert found.met and [one.path for one in found.numbers] == ["needs.ae.adjust", "places.inpatient.stay.mean"]
    told = check(town.with_(found.values), names=["local_visits_ae", "ae_attendances"])
    assert {one.name: (one.passed, one.judged) for one in told} == {
        "ae_attendances": (None, False),
        "local_visits_ae": (True, True),
    }


def test_what_is_not_given_is_asked_for_and_may_be_left_out():
    made = call("new", "asked", "--place", typed="65:980 75:620\nae=240\n\n\n900\n\n\n")
    assert made.exit_code == 0, made.output
    would = "A&E attendances a year in the whole place, visits:ae (England, people aged 65 and over would have 813)"
    assert would in made.output
    asked = read("asked.toml")
    assert asked.calibration is not None and asked.calibration.targets == ("local_visits_ae",)
    assert float(asked.prices["ae"].amount) == 240


def test_an_answer_that_cannot_be_read_is_asked_for_again_and_nothing_typed_before_is_lost():
    typed = ["", "old:many", "65:980 75:620", "aae=3", "ae=240", "some", "70", "", "", "", ""]
    made = call("new", "asked", "--place", typed="\n".join([*typed, ""]))
    assert made.exit_code == 0, made.output
    for words in ("found nobody", 'found "old:many"', "did you mean ae?", 'found "some"; allowed a number'):
        assert words in made.output
    asked = read("asked.toml")
    assert asked.population.place_size == 1600 and float(asked.prices["ae"].amount) == 240
    assert asked.checks["local_deaths"].target == 70


def test_a_place_is_met_to_five_figures_deaths_among_them():
    figures = {"deaths": 84.0, "visits:gp": 18500, "visits:ae": 900, "emergency:inpatient": 480, "days:inpatient": 3600}
    Path("my_town.toml").write_text(place("my_town", "england_65_plus", Local(PEOPLE, figures)))
    found = calibrate(read("my_town.toml"), rows=4)
    assert found.met and found.numbers[0].path == "death.rate"
    assert {one.name for one in found.targets} == {f"local_{name.replace(':', '_')}" for name in figures}


def test_starts_and_the_cost_of_each_belong_to_the_programme_of_the_file():
    made = call("new", "walks_here", "--place", "--from", "befriending", *AGES, "--starts", "60", "--cost", "420")
    assert made.exit_code == 0, made.output
    here = read("walks_here.toml")
    (cost,) = here.programmes["befriending"].costs.values()
    assert (cost.kind, float(cost.amount), cost.payer) == ("per_start", 420, "public_health")
    assert here.checks["local_starts"].target == 60 * here.horizon.funding_years
    assert here.calibration is not None and here.calibration.vary[0].startswith("programmes.befriending.offers.")


def test_with_starts_of_its_own_a_place_is_not_judged_by_what_each_costs_elsewhere():
    Path("walks_here.toml").write_text(place("walks_here", "befriending", Local(PEOPLE, starts=5)))
    here, elsewhere = read("walks_here.toml"), read("befriending")
    assert elsewhere.checks["befriending_cost"].judged and not here.checks["befriending_cost"].judged
    assert not here.checks["befriending_starts"].judged and here.checks["local_starts"].judged


@pytest.mark.parametrize(
    ("local", "words"),
    [
        (Local({}), "lower ends of ages"),
        (Local({120: 5}), "lower ends of ages below 100"),
        (Local(PEOPLE, {"visits:aee": 3}), "did you mean visits:ae"),
        (Local(PEOPLE, {"births": 3}), "found no figure births; allowed visits:gp"),
        (Local(PEOPLE, prices={"bedday": 3}), "did you mean bed_day"),
        (Local(PEOPLE, starts=3), "programmes are none"),
    ],
)
def test_what_the_population_does_not_have_is_refused_in_words(local: Local, words: str):
    with pytest.raises(RunError, match=words):
        place("my_town", "england_65_plus", local)


def test_what_cannot_be_read_as_a_number_is_refused_in_words():
    for text in ("ae", "ae=many", "ae=-3"):
        with pytest.raises(RunError, match="allowed such as ae=250"):
            parsed([text], "=", "ae=250")


def test_all_that_a_programme_from_nothing_suggests_can_be_taken_at_once():
    suggested = re.sub(r"(?m)^#   (?=\[|[a-z_.]+ = )", "", PROGRAMME.replace("NAME", "my_programme"))
    Path("my_programme.toml").write_text(suggested)
    taken = read("my_programme.toml")
    made = taken.programmes["my_programme"]
    assert taken.population.place_size == 146_000 and taken.horizon.funding_years == 1 and taken.price_year == "2013/14"
    assert made.starts_per_year is not None and set(made.offers) == {"after_a_stay", "referral"}
    assert made.benefits["health"].claimed is not None and made.benefits["health"].kind == "capacity"


def test_a_programme_from_nothing_has_no_fault_and_runs():
    import simulator as sim

    assert call("new", "my_programme").exit_code == 0
    assert examine("my_programme.toml").warnings == ()
    assert call("validate", "my_programme.toml").exit_code == 0
    run = sim.run(read("my_programme.toml"), rows=2, people=200)
    assert run.findings().arms[0].arm == "my_programme"
    assert call("new", "my_programme").exit_code == 2
