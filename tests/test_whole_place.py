"""Where anything is limited the whole place is lived: a part of it does not queue as the whole does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from village import VILLAGE, village

from simulator.checks.check import check
from simulator.errors import RunError, ScenarioError
from simulator.faces.cli import main
from simulator.model.build import build
from simulator.model.pathway import people_lived
from simulator.running.again import rebuilt
from simulator.running.run import run
from simulator.running.trace import trace_text
from simulator.scenario.read import examine, read, read_text

PLACE = 300
BEDS = ("population.place_size=300", "places.inpatient.slots=3")
STAFF = ("population.place_size=300", "programmes.walks.staff={ workers = 1, caseload = 9 }")
NOBODY_ON_IT = (*STAFF, "arms={ nothing = [] }")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A village with three beds, of whose 300 people the file would live 60."""
    path = tmp_path / "beds.toml"
    path.write_text(VILLAGE, encoding="utf-8")
    return path


@pytest.mark.parametrize(("sets", "people"), [(BEDS, PLACE), (STAFF, PLACE), (NOBODY_ON_IT, 60), ((), 60)])
def test_everybody_is_lived_where_a_place_or_a_support_is_limited_in_an_arm(sets: tuple[str, ...], people: int) -> None:
    made = village(*sets)
    assert made.population.people == people_lived(made) == people
    model = build(made, {})
    assert model.population.people == people and model.shares_anything == (people == PLACE)


def test_people_that_are_inherited_are_the_place_s_with_a_note(file: Path) -> None:
    (note,) = examine(file, sets=BEDS).warnings
    assert str(note) == (
        "beds.toml:14: population.people: found 60 people where places.inpatient is limited; all 300 of the place are "
        "lived: a part of a place does not queue as the whole does"
    )
    assert examine(file).warnings == () == examine(file, sets=[*BEDS, "population.people=300"]).warnings
    said = CliRunner().invoke(main, ["validate", str(file)])
    assert said.exit_code == 0 and "note" not in said.output


@pytest.mark.parametrize("people", [20, 60, 150, 299])
def test_stated_people_never_move_the_answer_of_a_place_with_queues(people: int) -> None:
    """1,000, 3,000 and 15,000 people of a place of 30,000 gave £23,000, £330,000 and £567,000."""
    one, other = (run(village(*BEDS, f"population.people={n}"), rows=2, workers=1) for n in (people, PLACE))
    np.testing.assert_array_equal(one.ledger.activity, other.ledger.activity)
    assert one.people == PLACE and one.ledger.people.tolist() == [[PLACE, PLACE]] * 2


@pytest.mark.parametrize("people", [20, 299, 301])
def test_other_people_are_refused_wherever_they_are_asked_for(people: int, file: Path) -> None:
    made, words = village(*BEDS), f"people: found {people}; allowed 300, everybody in the place"
    for asked in (
        lambda: run(made, rows=2, people=people, workers=1),
        lambda: build(made, {}, people=people),
        lambda: check(made, people=people),
        lambda: trace_text(made, people=people),
    ):
        with pytest.raises(RunError, match=words):
            asked()
    sets = [word for change in BEDS for word in ("--set", change)]
    said = CliRunner().invoke(main, ["run", str(file), "--rows", "2", "--people", str(people), *sets])
    assert said.exit_code == 2 and words in said.stderr and "since places.inpatient is limited" in said.stderr


def test_the_people_of_the_place_may_be_asked_for() -> None:
    assert run(village(*BEDS), rows=2, people=PLACE, workers=1).people == PLACE


def test_one_of_two_identical_places_is_the_place_of_half_the_size() -> None:
    entrants = (
        "population.entrants={{ per_year = {}, ages = {{ edges = [65, 66], share = [1.0] }}, health = [1.0, 0.0] }}"
    )
    two = village(
        "population.place_size=600", "population.identical_places=2", "places.inpatient.slots=6", entrants.format(20)
    )
    half = village(*BEDS, entrants.format(10))
    one, other = (run(made, rows=2, workers=1) for made in (two, half))
    assert one.people == other.people == PLACE
    np.testing.assert_array_equal(one.ledger.activity, other.ledger.activity)
    np.testing.assert_array_equal(one.ledger.weight(), 2 * other.ledger.weight())
    with pytest.raises(RunError, match="found 600; allowed 300"):
        run(two, rows=2, people=600, workers=1)


def test_identical_places_say_nothing_where_nothing_is_limited() -> None:
    assert village("population.identical_places=7").population.people == 60


@pytest.mark.parametrize(("slots", "whole"), [(62.5, 63), (62.4, 62), (66.0, 66), (0.0, 0)])
def test_sampled_slots_are_rounded_to_the_nearest(slots: float, whole: int) -> None:
    model = build(village(*BEDS), {"places.inpatient.slots": slots})
    assert model.places["slots"].max() == whole
    cared = build(village(*STAFF), {"programmes.walks.staff.caseload": slots})
    assert cared.supports["places"][-1] == whole


def test_a_sampled_slot_that_is_none_is_refused() -> None:
    with pytest.raises(RunError, match=r"places.inpatient.slots: found 0.3, which is no whole slot"):
        build(village(*BEDS), {"places.inpatient.slots": 0.3})


def test_a_place_without_whole_people_is_refused() -> None:
    with pytest.raises(ScenarioError, match=r"300\.5 people in 1 place with places"):
        village("population.place_size=300.5", "places.inpatient.slots=3")


def test_an_alternative_that_limits_something_lives_everybody() -> None:
    few = 'alternatives.few_beds={ title = "few beds", why = "tests", set = { "places.inpatient.slots" = 3 } }'
    done = run(village("population.place_size=300", few), rows=24, workers=1)
    (again,) = (each for each in rebuilt(done, workers=1) if each.name == "few_beds")
    assert (done.people, again.run.people, again.beside.people) == (60, PLACE, 60)


def test_the_shipped_scenarios_with_queues_live_everybody() -> None:
    for name in ("england_65_plus_queues", "age_uk_waiting_list"):
        made = read(name)
        assert made.limited() and made.population.people == made.population.place_size


def test_a_child_that_adds_beds_lives_the_place_it_inherits() -> None:
    made = read_text('extends = "england_65_plus"\n[places.inpatient]\nslots = 64\n')
    assert made.population.people == made.population.place_size == 10_000
