"""A place of another size stays itself: what belongs to a place of a size follows it, or is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.errors import ScenarioError
from simulator.model.build import build
from simulator.running.run import run
from simulator.scenario.read import examine, read, with_changes

BASE = """
title = "A town"
price_year = "2023/24"
[population]
place_size = 1000
people = 1000
age_bands = [65]
ages = { edges = [65, 80, 95], share = [0.7, 0.3] }
leaving_rate = 0.05
[population.entrants]
per_year = { value = 50, se = 2, grade = 6, why = "guess" }
ages = { edges = [65, 66], share = [1.0] }
health = [1.0]
[health]
states = ["fit"]
[needs.gp]
goes_to = "gp"
rate = 5.0
[places.gp]
stay = { dist = "fixed", mean = 0.02 }
[payers.council]
title = "Council"
[programmes.club]
title = "Club"
offers.all = { rate = 2.0 }
[programmes.club.costs.hall]
kind = "per_year"
amount = 1000
payer = "council"
[economics]
discount_rate = 0.035
discount_rate_later = 0.03
health_discount_rate = 0.015
"""


@pytest.fixture
def town(tmp_path: Path) -> Path:
    (tmp_path / "town.toml").write_text(BASE)
    return tmp_path


def child(town: Path, text: str, name: str = "city", extends: str = "town") -> Path:
    file = town / f"{name}.toml"
    file.write_text(f'extends = "{extends}"\n{text}')
    return file


def faults(file: Path, *sets: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        read(file, sets=sets)
    return [f"{fault.file}:{fault.line} {fault.path}" for fault in caught.value.faults]


def test_entrants_follow_the_size_with_a_note(town: Path) -> None:
    file = child(town, "[population]\nplace_size = 5000\n[programmes.club.costs.hall]\namount = 4000\n")
    reading = examine(file)
    [note] = reading.warnings
    assert (note.file, note.line, note.path) == ("city.toml", 3, "population.place_size")
    assert "taken as 250 a year" in str(note)
    entrants = reading.scenario.population.entrants
    assert entrants is not None and (entrants.per_year.value, entrants.per_year.se) == (250, 10)


@pytest.mark.parametrize("size", [200, 1000, 5000])
def test_a_place_of_any_size_keeps_its_size(town: Path, size: int) -> None:
    scenario = read(town / "town.toml", sets=[f"population.place_size={size}", "programmes.club.costs.hall.amount=1"])
    entrants = build(scenario, {}, people=1000).population.entrants_per_year
    assert entrants == pytest.approx(50)  # of 1,000 simulated people, whatever the place: as many as move away


def test_fixed_costs_are_asked_for_until_they_are_restated_or_say_for_how_many(town: Path) -> None:
    larger = "[population]\nplace_size = 5000\n"
    path = "programmes.club.costs.hall.amount"
    assert faults(child(town, larger)) == [f"town.toml:28 {path}"]
    assert faults(town / "town.toml", "population.place_size=5000") == [f"town.toml:28 {path}"]
    per = read(child(town, f"{larger}[programmes.club.costs.hall]\nper_people = 1000\n"))
    assert float(per.programmes["club"].costs["hall"].amount) == 5000
    assert read(town / "town.toml", sets=["population.place_size=5000", f"{path}=7"]).name == "town"


def test_a_grandchild_is_asked_for_what_its_parent_did_not_restate(town: Path) -> None:
    child(town, "[places.gp]\nslots = 8\n", "middle")
    larger = child(town, "[population]\nplace_size = 5000\n", extends="middle")
    assert faults(larger) == ["middle.toml:3 places.gp.slots", "town.toml:28 programmes.club.costs.hall.amount"]
    back = child(town, "[population]\nplace_size = 1000\n", "back", extends="city")
    assert examine(back).warnings == ()
    assert float(read(back).places["gp"].slots or 0) == 8


def test_what_depends_on_the_size_of_a_hospital_is_asked_for(town: Path) -> None:
    child(town, "[cash.ward]\nshare = [0.5]\nstep = 24\nhospital_scale = 6\n", "middle")
    larger = child(
        town, "[population]\nplace_size = 5000\n[programmes.club.costs.hall]\namount = 1\n", extends="middle"
    )
    assert faults(larger) == ["middle.toml:5 cash.ward.hospital_scale"]


def test_a_changed_size_in_a_notebook_is_treated_alike(town: Path) -> None:
    scenario = read(town / "town.toml")
    with pytest.raises(ScenarioError, match=r"costs\.hall\.amount"):
        with_changes(scenario, {"population.place_size": 5000})
    changed = with_changes(scenario, {"population.place_size": 5000, "programmes.club.costs.hall.amount": 9})
    assert changed.population.entrants is not None and float(changed.population.entrants.per_year) == 250


def test_befriending_in_a_place_of_another_size_keeps_its_size_and_costs_the_same_a_head() -> None:
    def last_over_first(size: int) -> float:
        done = run(read("befriending", sets=[f"population.place_size={size}"]), rows=2, people=600, workers=1)
        ledger = done.ledger
        days = sum(ledger.item(k)[:, :, 0, 0].sum(axis=1) for k in ledger.items if k.startswith("person_days:"))
        return float(days[:, -1].sum() / days[:, 0].sum())

    assert {round(last_over_first(size), 9) for size in (2000, 10_000, 50_000)} == {round(last_over_first(10_000), 9)}
    assert abs(last_over_first(50_000) - 1) < 0.03
    costs = [
        read("befriending", sets=[f"population.place_size={n}"]).programmes["befriending"].costs for n in (5e4, 1e4)
    ]
    for label in ("set_up", "coordination"):
        large, small = (float(cost[label].amount) for cost in costs)
        assert large == pytest.approx(5 * small)
