"""Tables for the analyst: nothing that a spreadsheet would run, pounds as pounds, the same bytes each time."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from village import village_run

from simulator.findings.activity import in_the_field, place_titles
from simulator.findings.finding import POUNDS
from simulator.findings.tables import guarded, summary, write_tables
from simulator.scenario.read import read

Written = tuple[Path, list[Path]]
RISKY = 'title = "=HYPERLINK(1)"'


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = tmp_path_factory.mktemp("tables")
    run = village_run(RISKY, rows=2, people=30)
    return folder, write_tables(run.findings(), run.account(), folder)


def parts(folder: Path) -> dict[str, str]:
    with zipfile.ZipFile(folder / "findings.xlsx") as book:
        return {name: book.read(name).decode() for name in book.namelist() if name.endswith(".xml")}


def test_every_table_is_there_as_csv_and_as_a_sheet(written: Written) -> None:
    folder, files = written
    tables = {"by_year", "totals", "probabilities", "programme", "transfers", "lines", "activity", "health", "returns"}
    tables |= {"budgets", "capacity", "parts", "delivery", "lived"}
    assert {file.stem for file in files if file.parent.name == "findings"} == {*tables, "before_after"}
    sheets = parts(folder)["xl/workbook.xml"]
    assert all(f'name="{name}"' in sheets for name in (*tables, "summary", "account"))


def test_the_workbook_explains_its_columns_and_short_names(written: Written) -> None:
    words = parts(written[0])["xl/sharedStrings.xml"]
    for told in ("Names that end in mcse: Monte Carlo standard error.", "acute: NHS hospitals", "ae: A&amp;E"):
        assert told in words


def test_few_sets_of_parameters_are_said_to_be_too_few_for_the_range() -> None:
    told = "sets of parameters are too few for a 95 % range"
    assert told in summary(village_run().findings())
    assert not any(told in note for note in village_run(rows=40, people=20).findings().notes)


def test_a_table_without_rows_is_no_file_and_no_sheet(written: Written) -> None:
    folder, files = written
    assert village_run(RISKY, rows=2, people=30).findings().tables()["break_even"] == []
    assert "break_even" not in {file.stem for file in files}
    assert "break_even" not in parts(folder)["xl/workbook.xml"]


def test_the_same_run_gives_the_same_bytes(written: Written, tmp_path: Path) -> None:
    _, files = written
    run = village_run(RISKY, rows=2, people=30)
    for one, other in zip(files, write_tables(run.findings(), run.account(), tmp_path), strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name


def test_the_workbook_holds_no_formula_and_shows_pounds(written: Written) -> None:
    found = parts(written[0])
    assert not any("<f>" in text for name, text in found.items() if "worksheets" in name)
    assert POUNDS.replace("&", "&amp;") in found["xl/styles.xml"]


def test_text_that_looks_like_a_formula_is_guarded_and_numbers_are_not() -> None:
    frame = guarded(pd.DataFrame({"a": ["=1", "+1", "-1", "@x", "x"], "b": [-1.0, 0.0, 1.0, 2.0, 3.0]}))
    assert frame["a"].tolist() == ["'=1", "'+1", "'-1", "'@x", "x"]
    assert frame["b"].tolist() == [-1.0, 0.0, 1.0, 2.0, 3.0]


def test_the_tables_hold_the_headline(written: Written) -> None:
    folder, _ = written
    view = village_run(RISKY, rows=2, people=30).findings().arms[0].view()
    with (folder / "findings" / "totals.csv").open(encoding="utf-8", newline="") as file:
        row = next(row for row in csv.DictReader(file) if (row["payer"], row["money"]) == ("public purse", "value"))
    assert float(row["mean"]) == pytest.approx(float(view.npv.mean))


def test_the_summary_says_the_evidence_and_the_lines_of_each_programme() -> None:
    findings = village_run().findings()
    lines = summary(findings).splitlines()
    assert lines[1].startswith("Evidence: best independent evidence.")
    told = findings.sentences("walks")
    assert lines[3 : 3 + len(told)] == [told[0], *(f"• {sentence}" for sentence in told[1:])]


def test_people_who_are_lived_twice_are_not_more_people() -> None:
    assert "sets of parameters, 60 people in each." in summary(village_run().findings())
    shared = village_run("places.inpatient.slots=40", rows=2, people=2000).findings()
    assert shared.to_dict()["people"] == 2000
    assert "2 sampled sets of parameters, 2,000 people in each, lived twice with other luck." in summary(shared)


def test_places_are_called_as_the_field_calls_them() -> None:
    titles = place_titles(read("befriending"))
    told = {item: in_the_field(item, titles) for item in ("visits:gp", "visits:ae", "emergency:ae", "days:inpatient")}
    assert list(told.values()) == ["GP consultations", "A&E attendances", "A&E attendances", "emergency bed days"]
    assert in_the_field("emergency:inpatient", titles) == "emergency admissions"
    assert in_the_field("visits:planned_care", titles) == "visits at Planned operation or day case"
    assert in_the_field("emergency:ward", {"ward": "Hospital ward"}) == "emergency admissions"


def test_two_places_that_would_be_called_alike_keep_their_titles() -> None:
    titles = {"north": "North hospital", "south": "South hospital"}
    assert [in_the_field(f"days:{place}", titles) for place in titles] == [
        "days at North hospital", "days at South hospital",
    ]  # fmt: skip
