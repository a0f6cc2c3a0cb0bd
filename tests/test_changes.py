"""Files that extend others, changes by path, and writing: what was read comes back the same."""

from __future__ import annotations

import tomllib
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.errors import Fault, ScenarioError
from simulator.scenario import tables as types
from simulator.scenario.addresses import keys_of, walk
from simulator.scenario.dates import first_day, with_days
from simulator.scenario.read import (
    EXAMPLE,
    quantities,
    read,
    read_text,
    scenario_hash,
    with_changes,
    write,
)
from simulator.uncertainty.quantity import Quantity, Rate

CORPUS = Path(__file__).parent / "scenarios"
SMALL, EVERYTHING = CORPUS / "valid" / "small.toml", CORPUS / "valid" / "everything.toml"


def faults_of(file: Path, **asked: Any) -> tuple[Fault, ...]:
    with pytest.raises(ScenarioError) as caught:
        read(file, **asked)
    return caught.value.faults


def faults_in(text: str, **asked: Any) -> tuple[Fault, ...]:
    with pytest.raises(ScenarioError) as caught:
        read_text(text, **asked)
    return caught.value.faults


# ---------------------------------------------------------------------------------------------------------- inheritance


def test_a_quantity_replaces_the_inherited_one_whole() -> None:
    rate = read(CORPUS / "valid" / "inherited.toml").needs["ae"].rate
    assert (rate.value, rate.se, rate.ci95) == (0.5, 0.05, None)
    assert read(CORPUS / "valid" / "inherited.toml").needs["gp"].rate == Rate(value=6.0)


def test_a_quantity_that_forgets_its_value_is_not_filled_from_the_parent() -> None:
    text = 'extends = "small.toml"\n[needs.gp]\nrate = { ci95 = [4, 6], grade = 6, why = "expert guess" }'
    (fault,) = faults_in(text, base=SMALL.parent)
    assert (fault.path, fault.found) == ("needs.gp.rate.value", "nothing")


def test_tables_merge_and_what_the_child_leaves_out_is_inherited() -> None:
    small, child = read(SMALL), read(CORPUS / "valid" / "inherited.toml")
    assert child.needs["gp"].by_health == small.needs["gp"].by_health
    assert child.needs["gp"].priority == 1
    assert child.prices == small.prices


def test_a_table_that_says_its_dist_replaces_the_inherited_one() -> None:
    stay = read(CORPUS / "valid" / "inherited.toml").places["inpatient"].stay
    assert (stay.dist, stay.mean, stay.cv) == ("uniform", None, None)


def test_remove_takes_out_what_is_inherited_before_the_child_adds() -> None:
    child = read(CORPUS / "valid" / "inherited.toml")
    assert set(child.programmes["visits"].offers) == {"discharged"}
    assert "gp" in child.places
    assert child.health.initial["80"].value == (0.4, 0.6)


def test_later_files_of_a_chain_win() -> None:
    assert read(CORPUS / "valid" / "grandchild.toml").needs["gp"].rate.value == 7
    assert read(CORPUS / "valid" / "grandchild.toml").needs["ae"].rate.value == 0.5


def test_the_name_is_the_files_own_and_never_inherited() -> None:
    assert read(CORPUS / "valid" / "grandchild.toml").name == "third"
    assert read(CORPUS / "valid" / "inherited.toml").name == "inherited"
    assert read(CORPUS / "valid" / "open-minded.toml").name == "open_minded"


def test_the_suffix_of_the_extended_file_may_be_left_out() -> None:
    assert read_text('extends = "small"', base=SMALL.parent).title == read(SMALL).title


# ------------------------------------------------------------------------------------------------------ set and changes


def test_set_replaces_one_value_and_nothing_else() -> None:
    before, after = read(EVERYTHING), read(EVERYTHING, sets=["needs.gp.rate=3.5"])
    assert after.needs["gp"].rate == Rate(value=3.5)
    assert with_changes(after, {"needs.gp.rate": before.needs["gp"].rate}) == before


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("horizon.years=7", "horizon.years", 7),
        ("economics.qaly_values.1=25000", "economics.qaly_values.1", 25000.0),
        ("places.inpatient.changes.0.slots=75", "places.inpatient.changes.0.slots", 75.0),
        ('economics.optimism="none"', "economics.optimism", "none"),
        ("programmes.navigators.reoffer_after_days=30", "programmes.navigators.reoffer_after_days", 30.0),
        ("health.utility.change.fit=0.01", "health.utility.change.fit", 0.01),
        ("needs.planned.season.amplitude=0.2", "needs.planned.season.amplitude", 0.2),
        ('economics.index."2020/21"=1.2', 'economics.index."2020/21"', 1.2),
        ("needs.ae.by_age.75 = 1.4", "needs.ae.by_age.75", 1.4),
        ("death.growth.value=0.1001", "death.growth.value", 0.1001),
        ("needs.ae.rate.unit='visits'", "needs.ae.rate.unit", "visits"),
    ],
)
def test_set_reaches_every_kind_of_value(text: str, path: str, value: object) -> None:
    scenario = read(EVERYTHING, sets=[text])
    here: Any = tomllib.loads(write(scenario))
    for key in keys_of(path):
        here = here[int(key)] if isinstance(here, list) else here[key]
    assert here == value


def test_set_may_add_a_whole_table_but_no_part_of_one() -> None:
    scenario = read(SMALL, sets=["needs.second={ goes_to = 'gp', rate = 1 }"])
    assert scenario.needs["second"].rate.value == 1
    (fault,) = faults_of(SMALL, sets=["needs.third.rate=1"])
    assert str(fault).startswith('--set: needs.third.rate: found the unknown name "third"; allowed gp, ae, planned')


def test_a_number_for_a_table_that_is_not_there_suggests_the_one_that_was_meant() -> None:
    (fault,) = faults_of(SMALL, sets=["needs.plannd=3"])
    assert (fault.found, fault.hint) == ('the unknown name "plannd"', "did you mean planned?")


def test_faults_of_set_come_with_those_of_the_file_and_suggest_names() -> None:
    file = CORPUS / "invalid" / "whole_years.toml"
    sets = ["needs.gp.rte=5", "economics.optimism=grade", "prices", "programmes.visits.uptake=65", "x y=3"]
    said = [str(fault) for fault in faults_of(file, sets=sets)]
    assert said == [
        """--set: economics.optimism: found "grade"; allowed a TOML value; """
        """text needs quotes twice, 'economics.optimism="grade"'""",
        '--set: prices: found "prices"; allowed path=value; for example needs.gp.rate=5.5',
        '--set: needs.gp.rte: found the unknown name "rte"; allowed goes_to, rate, rate_is, adjust, by_health, by_age, '
        "by_group, season, trend, emergency, priority, at_risk; did you mean rate?",
        '--set: x y: found "x y"; allowed a dotted path such as needs.gp.rate',
        "--set: programmes.visits.uptake: 65 is outside 0 to 1; write 0.65 for 65 %",
        "whole_years.toml:2: horizon.years: found 5.5; allowed a whole number",
    ]


def test_a_value_set_outside_its_own_spread_is_the_fault_of_set() -> None:
    (fault,) = faults_of(SMALL, sets=["needs.gp.rate.value=9"])
    assert str(fault) == "--set: needs.gp.rate: found value 9; allowed inside its own spread, 4.5 to 5.5"


def test_a_list_position_that_is_not_there_is_a_fault() -> None:
    (fault,) = faults_of(EVERYTHING, sets=["economics.qaly_values.3=1"])
    assert (fault.found, fault.allowed) == ('position "3"', "a position from 0 to 2")


def test_changes_take_numbers_of_numpy_quantities_and_tables() -> None:
    changes = {
        "horizon.years": np.int64(7),
        "needs.gp.rate": Rate(value=4.0, ci95=(3.0, 5.0), grade=6, why="expert guess"),
        "population.ages.edges": (65, np.float64(81), 95),
        "needs.planned": types.Need(goes_to="inpatient", rate=Rate(value=0.2)),
    }
    changed = with_changes(read(SMALL), changes)
    assert changed.horizon.years == 7
    assert changed.needs["gp"].rate == changes["needs.gp.rate"]
    assert changed.population.ages.edges == (65, 81, 95)
    assert changed.needs["planned"].rate.value == 0.2


def test_faults_of_changes_are_those_of_set() -> None:
    with pytest.raises(ScenarioError) as caught:
        with_changes(read(SMALL), {"needs.gp.goes_to": "gpp", "programmes.visits.uptake": 65, "horizons.years": 3})
    said = [str(fault) for fault in caught.value.faults]
    assert said[0].startswith('change: horizons.years: found the unknown name "horizons"')
    assert said[1].startswith('change: needs.gp.goes_to: found the unknown place "gpp"; allowed gp, ae, inpatient;')
    assert said[2] == "change: programmes.visits.uptake: 65 is outside 0 to 1; write 0.65 for 65 %"


def test_no_change_is_the_same_scenario() -> None:
    assert with_changes(read(EVERYTHING), {}) == read(EVERYTHING)


# ----------------------------------------------------------------------------------------------- numbers, writing, hash


def test_quantities_are_every_number_of_the_scenario_by_path() -> None:
    found = quantities(read(EVERYTHING))
    assert found["programmes.befriending.effects.visits.claimed"].value == 0.8
    assert found["cash.beds.share.1"].value == 0.3
    assert found["health.initial.75"].value == (0.5, 0.3, 0.2)
    assert found["needs.gp.by_age.85"].value == 1.2
    assert found["places.inpatient.stay.mean"].ci95 == (8.0, 9.0)
    assert len(found) == sum(isinstance(item, Quantity) for _, item in walk(read(EVERYTHING)))


def test_the_paths_of_quantities_are_those_that_set_takes() -> None:
    scenario = read(EVERYTHING)
    everything = quantities(scenario)
    assert with_changes(scenario, everything) == scenario


def test_the_order_of_quantities_is_that_of_the_types_and_the_file() -> None:
    paths = list(quantities(read(SMALL)))
    assert paths == list(quantities(read_text(write(read(SMALL)))))
    assert paths.index("needs.gp.rate") < paths.index("needs.ae.rate") < paths.index("places.gp.stay.mean")


def test_a_changed_number_changes_the_hash_and_an_explicit_default_does_not() -> None:
    text = SMALL.read_text(encoding="utf-8")
    explicit = text.replace("[needs.ae]", '[needs.ae]\nrate_is = "reference"\nadjust = 1')
    assert scenario_hash(read_text(explicit, name="small")) == scenario_hash(read(SMALL))
    assert scenario_hash(read(SMALL, sets=["needs.ae.rate=0.41"])) != scenario_hash(read(SMALL))


def test_the_hash_is_that_of_the_resolved_text() -> None:
    scenario = read_text(EXAMPLE, name="village")
    assert scenario_hash(scenario) == sha256(write(scenario).encode()).hexdigest()[:12]


def test_routes_keep_the_order_of_the_file() -> None:
    text = EXAMPLE + '[places.gp.routes]\nz = { to = "dead", share = 0.1 }\na = { to = "home", share = 0.1 }\n'
    assert list(read_text(write(read_text(text))).places["gp"].routes) == ["z", "a"]


@settings(max_examples=40, deadline=None)
@given(
    rate=st.floats(0, 1e12),
    uptake=st.floats(0, 1),
    ratio=st.floats(1e-9, 1e9),
    title=st.text().filter(str.strip),
)
def test_any_allowed_numbers_and_text_survive_writing(rate: float, uptake: float, ratio: float, title: str) -> None:
    scenario = with_changes(
        BASE,
        {
            "needs.ae.rate": rate,
            "programmes.visits.uptake": uptake,
            "programmes.visits.effects.emergency.calibrated": ratio,
            "title": title.replace("\r", ""),
        },
    )
    assert read_text(write(scenario)) == scenario


BASE = read(SMALL)


# ---------------------------------------------------------------------------------------------------------------- dates


def test_a_date_is_a_day_of_the_first_year_wherever_a_day_is_meant() -> None:
    scenario = read("befriending").with_({"horizon.first_year": "2026/27"})
    changed = scenario.with_(
        {
            "programmes.befriending.opens_day": date(2026, 10, 1),
            "programmes.befriending.closes_day": date(2031, 4, 1),
            "programmes.befriending.costs.set_up.day": date(2026, 5, 1),
        }
    )
    programme = changed.programmes["befriending"]
    assert (programme.opens_day, programme.closes_day, programme.costs["set_up"].day) == (183.0, 1826.0, 30.0)


def test_a_date_before_the_first_year_is_a_day_before_day_0() -> None:
    assert first_day("2026/27") == date(2026, 4, 1) and first_day("2026") == date(2026, 1, 1)
    season = with_days(
        {"horizon": {"first_year": "2026"}, "needs": {"gp": {"season": {"peak_day": date(2025, 12, 31)}}}}
    )
    assert season[0]["needs"]["gp"]["season"]["peak_day"] == -1


def test_a_date_where_no_day_is_meant_or_no_first_year_is_stated_is_a_fault() -> None:
    befriending = read("befriending")
    with pytest.raises(ScenarioError, match=r"horizon\.first_year"):
        befriending.with_({"programmes.befriending.opens_day": date(2026, 10, 1)})
    with pytest.raises(ScenarioError, match="the date 2026-10-01"):
        befriending.with_({"horizon.first_year": "2026/27", "programmes.befriending.drop_out_rate": date(2026, 10, 1)})
