"""Reading scenario files: the corpus of valid and invalid files, places, all faults at once, the editor schema."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args

import pytest

from simulator.errors import Fault, ScenarioError
from simulator.scenario.addresses import as_written, dotted, field_shapes, is_model, origin
from simulator.scenario.inherit import load
from simulator.scenario.library import FOLDER
from simulator.scenario.names import EVENTS, GRAMMARS, TARGETS, UNITS
from simulator.scenario.read import (
    EXAMPLE,
    examine,
    find,
    read,
    read_text,
    scenario_hash,
    schema,
    warnings,
    with_changes,
    write,
)
from simulator.scenario.tables import Scenario, Table
from simulator.scenario.toml import locate
from simulator.scenario.types import sound
from simulator.uncertainty.quantity import Number, Quantity, Ratio

CORPUS = Path(__file__).parent / "scenarios"
SCENARIOS = Path(__file__).parents[1] / FOLDER
VALID = sorted(file for file in (CORPUS / "valid").glob("*.toml") if not file.name.endswith(".resolved.toml"))
INVALID = sorted((CORPUS / "invalid").glob("*.toml"))
SMALL, EVERYTHING = CORPUS / "valid" / "small.toml", CORPUS / "valid" / "everything.toml"
WRITING = os.environ.get("SCENARIO_TEXTS") == "write"


def faults_of(file: Path, **asked: Any) -> tuple[Fault, ...]:
    with pytest.raises(ScenarioError) as caught:
        read(file, **asked)
    return caught.value.faults


def same_as(file: Path, text: str) -> None:
    if WRITING:
        file.write_text(text, encoding="utf-8", newline="\n")
    assert text == file.read_text(encoding="utf-8")


# ----------------------------------------------------------------------------------------------------------- the corpus


@pytest.mark.parametrize("file", VALID, ids=lambda file: file.stem)
def test_a_valid_file_resolves_to_the_text_beside_it(file: Path) -> None:
    same_as(file.with_suffix(".resolved.toml"), write(read(file)))


@pytest.mark.parametrize("file", VALID, ids=lambda file: file.stem)
def test_a_resolved_text_reads_back_as_the_same_scenario(file: Path) -> None:
    scenario = read(file)
    again = read_text(write(scenario))
    assert again == scenario
    assert write(again) == write(scenario)
    assert scenario_hash(again) == scenario_hash(scenario)


@pytest.mark.parametrize("file", INVALID, ids=lambda file: file.stem)
def test_an_invalid_file_gets_the_message_beside_it(file: Path) -> None:
    same_as(file.with_suffix(".txt"), "\n".join(map(str, faults_of(file))) + "\n")


@pytest.mark.parametrize("file", INVALID, ids=lambda file: file.stem)
def test_faults_are_sorted_by_file_and_line_and_name_no_folder(file: Path) -> None:
    faults = faults_of(file)
    assert [(fault.file, fault.line or 0) for fault in faults] == sorted((f.file, f.line or 0) for f in faults)
    assert str(CORPUS) not in str(ScenarioError(faults))
    assert len(set(faults)) == len(faults)


def test_the_corpus_has_many_invalid_files_and_no_text_without_one() -> None:
    assert len(INVALID) >= 65
    assert {file.stem for file in (CORPUS / "invalid").glob("*.txt")} == {file.stem for file in INVALID}


def written_keys() -> set[tuple[str, str]]:
    keys = set()
    for file in VALID:
        for _, shape, table in as_written(Scenario, load(file).data):
            keys |= {(base.__name__, key) for base in shape.__mro__ for key in table}
    return keys


def table_classes(cls: type[Table] = Table) -> Iterator[type[Table]]:
    for inner in cls.__subclasses__():
        yield inner
        yield from table_classes(inner)


def test_every_key_of_every_table_occurs_in_the_valid_corpus() -> None:
    classes: list[type[Table] | type[Quantity]] = [*table_classes(), Quantity]
    wanted = {(cls.__name__, key) for cls in classes for key in field_shapes(cls)}
    assert wanted - written_keys() == set()


def test_every_choice_of_a_word_occurs_in_the_valid_corpus() -> None:
    wanted, found = set(), set()
    for file in VALID:
        for _, shape, table in as_written(Scenario, load(file).data):
            for key, inner in field_shapes(shape).items():
                if origin(inner) is Literal:
                    wanted |= {(key, word) for word in get_args(inner)}
                    found |= {(key, table.get(key))}
    assert wanted - found == set()


def test_every_form_of_a_target_event_and_unit_occurs_in_the_valid_corpus() -> None:
    found = set()
    for file in VALID:
        for _, shape, table in as_written(Scenario, load(file).data):
            here = [key for cls, key in GRAMMARS if cls is shape and key in table]
            found |= {(key, str(table[key]).partition(":")[0]) for key in here}
    wanted = {(key, word) for key, words in (("target", TARGETS), ("on", EVENTS), ("per", UNITS)) for word in words}
    assert wanted - found == set()


# -------------------------------------------------------------------------------------------- where a value was written


def test_every_key_has_its_line_and_column() -> None:
    text = 'a.b = 1\n[t."q x".y]\nk = { value = 3, ci = [\n  1, 2] }\n'
    text += "[[list]]\nz = 1\n[[list]]\n[list.sub]\nz = [{ y = 1 }]\n"
    where = {dotted(path): (at.line, at.column) for path, at in locate(text, "f.toml").where.items()}
    assert where['t."q x".y'] == (2, 1)
    assert where['t."q x".y.k.value'] == (3, 7)
    assert where['t."q x".y.k.ci.1'] == (4, 6)
    assert where["list.0.z"] == (6, 1)
    assert where["list.1.sub.z.0"] == (9, 6)
    assert where["a.b"] == (1, 1)


def test_a_faulty_list_of_several_lines_brings_no_false_faults() -> None:
    with pytest.raises(ScenarioError) as caught:
        locate("x = [5%,\n  6]\ny = 7\n", "f.toml")
    assert [fault.line for fault in caught.value.faults] == [1]


def test_columns_count_characters_and_not_bytes() -> None:
    where = locate('x = { "£é" = 1, b = 2 }', "f.toml").where
    assert where[("x", "b")].column == 17


@pytest.mark.parametrize("file", [file for file in VALID if "extends" not in file.read_text(encoding="utf-8")])
def test_everything_in_the_data_has_a_place_of_its_own(file: Path) -> None:
    located = locate(file.read_text(encoding="utf-8"), file.name)
    for path in parts_of(located.data, ()):
        assert path in located.where, dotted(path)


def parts_of(value: object, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield (*path, key)
        yield from parts_of(inner, (*path, key))


def test_a_fault_in_an_inherited_value_names_the_file_and_line_that_wrote_it(tmp_path: Path) -> None:
    (tmp_path / "parent.toml").write_text(EXAMPLE.replace("rate = 5.0", "rate = -5.0"))
    (tmp_path / "child.toml").write_text('extends = "parent.toml"\ntitle = "Child"\n')
    (fault,) = faults_of(tmp_path / "child.toml")
    assert (fault.file, fault.line) == ("parent.toml", EXAMPLE.split("\n").index("rate = 5.0") + 1)


def test_a_file_that_extends_several_holds_the_programmes_of_all(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(EXAMPLE)
    both = (
        'extends = "base"\nremove = ["needs.gp.season"]\n[programmes.{0}]\n[programmes.{0}.offers.door]\nrate = {1}\n'
    )
    (tmp_path / "base.toml").write_text(EXAMPLE + "\n[needs.gp.season]\namplitude = 0.1\n")
    (tmp_path / "one.toml").write_text(both.format("one", 0.1) + "[arms]\nfirst = ['one']\n")
    (tmp_path / "two.toml").write_text(both.format("two", 0.2) + "[needs.gp]\nrate = 7\n")
    (tmp_path / "all.toml").write_text('extends = ["one", "two"]\n[programmes.two.offers.door]\nrate = 0.3\n')
    scenario = read(tmp_path / "all.toml")
    assert scenario.all_arms() == {"usual care": (), "first": ("one",), "two": ("two",)}
    assert scenario.needs["gp"].season is None
    assert scenario.needs["gp"].rate.value == 7
    assert scenario.programmes["one"].offers["door"].rate.value == 0.1
    assert scenario.programmes["two"].offers["door"].rate.value == 0.3


def test_what_a_file_takes_out_and_states_anew_can_be_taken_out_by_a_file_that_extends_it(tmp_path: Path) -> None:
    season = "[needs.gp.season]\namplitude = {}\n"
    (tmp_path / "base.toml").write_text(EXAMPLE + "\n" + season.format(0.1))
    (tmp_path / "child.toml").write_text('extends = "base"\nremove = ["needs.gp.season"]\n' + season.format(0.2))
    (tmp_path / "grandchild.toml").write_text('extends = "child"\nremove = ["needs.gp.season"]\n')
    (tmp_path / "last.toml").write_text('extends = "grandchild"\nremove = ["needs.gp.season"]\n')
    assert read(tmp_path / "child.toml").needs["gp"].season is not None
    assert read(tmp_path / "grandchild.toml").needs["gp"].season is None
    (fault,) = faults_of(tmp_path / "last.toml")
    assert fault.found == "nothing to remove at needs.gp.season"


def test_windows_line_ends_and_byte_order_marks_are_read(tmp_path: Path) -> None:
    file = tmp_path / "village.toml"
    file.write_bytes(b"\xef\xbb\xbf" + EXAMPLE.replace("\n", "\r\n").encode())
    assert read(file) == read_text(EXAMPLE, name="village")


def test_a_file_in_another_encoding_is_a_fault_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes("title = 'Caf\xe9'".encode("latin-1"))
    (fault,) = faults_of(tmp_path / "latin.toml")
    assert str(fault) == "latin.toml: found text that is not UTF-8; allowed UTF-8; save it as UTF-8"


# ------------------------------------------------------------------------------------------- effects, warnings, finding


def test_an_effect_is_a_ratio_and_on_utility_a_change() -> None:
    effects = read(EVERYTHING).programmes["befriending"].effects
    assert isinstance(effects["visits"].calibrated, Ratio)
    assert effects["visits"].calibrated.dist == "lognormal"
    assert isinstance(effects["quality"].calibrated, Number)
    assert effects["quality"].calibrated.dist == "normal"
    assert with_changes(read(EVERYTHING), {"programmes.befriending.effects.quality.calibrated": -0.02}).programmes[
        "befriending"
    ].effects["quality"].calibrated == Number(value=-0.02)


POOR = """extends = "small.toml"
[programmes.visits]
uptake = { value = 0.05, ci95 = [0.01, 0.2], grade = 6, why = "a guess" }
"""


def test_a_poor_fit_is_a_warning_with_its_line_and_no_fault() -> None:
    scenario = read_text(POOR, base=SMALL.parent)
    (warning,) = warnings(scenario)
    assert str(warning).startswith("scenario: programmes.visits.uptake: found a poor fit, asked 0.01 to 0.2")
    assert warning.hint == "try lognormal"


def test_examine_says_where_a_poor_fit_was_written(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(SMALL.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "poor.toml").write_text(POOR)
    reading = examine(tmp_path / "poor.toml")
    assert [(warning.file, warning.line) for warning in reading.warnings] == [("poor.toml", 3)]
    assert examine(SMALL).warnings == ()


def test_a_scenario_is_found_by_path_and_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "village.toml").write_text(EXAMPLE)
    monkeypatch.chdir(tmp_path)
    assert find("village").read_text() == EXAMPLE
    assert find(f"{FOLDER}/village") == Path(FOLDER) / "village.toml"
    assert read("village") == read(Path(FOLDER) / "village.toml")
    with pytest.raises(ScenarioError, match="did you mean village"):
        find("vilage")


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="no such scenario"):
        read(tmp_path / "nothing.toml")
    with pytest.raises(ScenarioError, match="no readable file"):
        load(tmp_path)


# --------------------------------------------------------------------------------------------------- faults all at once


def test_faults_of_types_names_numbers_and_provenance_come_together() -> None:
    found = {fault.path for fault in faults_of(CORPUS / "invalid" / "many_at_once.toml")}
    assert {"titel", "needs.gp.goes_to", "needs.gp.rate", "places.inpatient.stay"} <= found
    assert "programmes.visits.effects.emergency.calibrated" in found


@pytest.mark.parametrize("broken", ["population.people=0", "health.states=3", "economics.discount_rate=2", "death=1"])
def test_rules_between_tables_still_run_when_a_whole_part_is_broken(broken: str) -> None:
    sets = [broken, "arms.both=['visit']", "places.ae.slots=1", "places.inpatient.slots=1"]
    back = "places.inpatient.routes={ back = { to = 'ae', share = 0.1 } }"
    said = "\n".join(str(fault) for fault in faults_of(SMALL, sets=[*sets, back]))
    assert 'the unknown programme "visit"' in said
    assert "limited places that wait for each other" in said


def test_a_sound_table_beside_a_broken_one_is_handed_on() -> None:
    data = load(SMALL).data
    data["places"]["gp"]["stay"] = 3
    data["places"]["ae"]["routes"]["admitted"]["share"] = "x"
    paths = {path for path, _ in sound(data)}
    assert ("places", "inpatient") in paths
    assert ("places", "gp") not in paths
    assert ("places", "ae") in paths
    assert ("places", "ae", "routes", "admitted") not in paths


def test_a_place_that_feeds_itself_is_a_cycle() -> None:
    (fault,) = faults_of(SMALL, sets=["places.gp.slots=3", "places.gp.routes={ again = { to = 'gp', share = 0.1 } }"])
    assert "gp -> gp (route again)" in fault.found


def test_a_support_without_limit_is_in_no_cycle() -> None:
    route = "places.inpatient.routes={ care = { to = 'home', share = 0.1, needs_support = 'care' } }"
    care = "supports.care={ keep_days = 14 }"
    assert read(SMALL, sets=["places.inpatient.slots=1", route, care]).supports["care"].keep_days == 14
    staff = "supports.care.staff={ workers = 1, caseload = 9 }"
    assert len(faults_of(SMALL, sets=["places.inpatient.slots=1", route, care, staff])) == 1


def test_a_place_without_limit_breaks_the_cycle() -> None:
    back = "places.inpatient.routes={ back = { to = 'ae', share = 0.1 } }"
    assert read(SMALL, sets=["places.inpatient.slots=1", back]).places["ae"].slots is None


@pytest.mark.parametrize(("days", "enough"), [(365, True), (366, False)])
def test_the_warm_up_holds_the_look_back_and_a_year(days: int, enough: bool) -> None:
    recent = f"programmes.visits.eligible.recent={{ place = 'ae', at_least = 1, days = {days} }}"
    if enough:
        read(SMALL, sets=[recent])
    else:
        assert "warm_up_years = 2.1" in str(faults_of(SMALL, sets=[recent])[0])


def test_shares_may_miss_one_by_a_millionth() -> None:
    assert read(SMALL, sets=["health.initial.65=[0.8, 0.2000009]"])
    assert len(faults_of(SMALL, sets=["health.initial.65=[0.8, 0.20001]"])) == 1


def test_routes_may_use_all_of_one_in_every_state() -> None:
    exact = "places.gp.routes={ a = { to = 'home', share = 0.5, by_health = { frail = 2 } } }"
    assert read(SMALL, sets=[exact])
    assert len(faults_of(SMALL, sets=[exact.replace("= 2", "= 2.001")])) == 1


# --------------------------------------------------------------------------------------------------------------- schema


def test_the_schema_accepts_every_valid_file() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(schema())
    for file in VALID:
        data = json.loads(json.dumps(tomllib.loads(file.read_text(encoding="utf-8")), default=str))
        assert [error.message for error in validator.iter_errors(data)] == [], file.name


@pytest.mark.parametrize("name", ["unknown_keys", "wrong_types", "choices", "out_of_range", "names"])
def test_the_schema_refuses_what_it_can_see(name: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    data = tomllib.loads((CORPUS / "invalid" / f"{name}.toml").read_text(encoding="utf-8"))
    assert not jsonschema.Draft202012Validator(schema()).is_valid(data)


def test_the_schema_lets_a_quantity_be_a_number_or_a_table() -> None:
    rate = schema()["$defs"]["Rate"]["anyOf"]
    assert rate[0] == {"type": "number"}
    assert {"value", "ci95", "source", "supports", "grade"} <= rate[1]["properties"].keys()


def test_the_schema_that_the_scenarios_name_is_there_and_knows_the_keys_of_today() -> None:
    kept = json.loads((SCENARIOS / "schema.json").read_text(encoding="utf-8"))
    assert keys_in(kept) == keys_in(schema()), "write it anew: simulator schema > scenarios/schema.json"
    for file in SCENARIOS.glob("*/*.toml"):
        assert file.read_text(encoding="utf-8").startswith("#:schema ../schema.json\n"), file.name


def keys_in(part: Any) -> dict[str, set[str]]:
    """The keys of every table of a schema."""
    tables = {"": part, **part["$defs"]}
    written = {name: table["anyOf"][-1] if "anyOf" in table else table for name, table in tables.items()}
    return {name: set(table.get("properties", ())) for name, table in written.items()}


def test_the_schema_knows_every_key() -> None:
    known = schema()["$defs"]
    for cls in table_classes():
        if cls is not Scenario:
            assert set(field_shapes(cls)) == set(known[cls.__name__]["properties"])
    assert all(is_model(cls) for cls in table_classes())
