"""What was delivered, what still grows and what effects came to is told, and nothing where there is nothing to tell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from village import village_run

from simulator.findings import Findings
from simulator.findings.evidence import lived
from simulator.findings.evidence.lived import LivedEffect
from simulator.findings.finding import rounded
from simulator.findings.programme import delivery
from simulator.running.run import Run
from simulator.uncertainty.ranges import Value, standard_error

TWO_VILLAGES = ("population.place_size=400", "population.identical_places=2")
FEW = 'programmes.walks.staff={ workers = 2, caseload = 4, when_full = "wait" }'
MANY = 'programmes.walks.staff={ workers = 500, caseload = 8, when_full = "wait" }'
WARD = "places.inpatient.slots=4"
STOP = 'programmes.walks.after_funding="stop"'
AE_VISITS = 'programmes.walks.effects.ae.target="visits:ae"'


def small(*sets: str) -> Run:
    """Two small villages that are alike, of which one is lived: a simulated person stands for two."""
    return village_run(*TWO_VILLAGES, *sets, people=200)


def said(found: Findings) -> tuple[str, ...]:
    return tuple(delivery.sentences(found.arm("walks")))


def table(run: Run, name: str) -> list[dict[str, Any]]:
    return run.findings().tables()[name]


def placed(run: Run, item: str, year: int) -> float:
    """An item of the arm in the whole place, the mean over rows and replicates."""
    ledger = run.ledger
    return float((ledger.item(item)[:, :, 1, 0, year] * ledger.weight()).mean())


def test_the_delivery_of_a_programme_is_that_of_the_whole_place() -> None:
    run = small(FEW)
    rows = table(run, "delivery")
    assert [row["year"] for row in rows if row["part"] == "everyone"] == [0, 1, 2, 3, 4]
    first = rows[0]
    assert (first["arm"], first["support"], first["part"]) == ("walks", "walks", "everyone")
    assert first["starts"] == pytest.approx(placed(run, "starts:walks", 0)) and first["starts"] > 0
    assert first["on_it"] == pytest.approx(placed(run, "active_days:walks", 0) / 365.25)
    waited = placed(run, "listed_days:walks", 0) / placed(run, "starts:walks", 0)
    assert first["days_waited"] == pytest.approx(waited) and waited > 0
    assert 0 < first["caseload_use"] <= 1.0
    starts = run.ledger.item("starts:walks")[:, :, 1, 0, 0].mean(axis=1) * run.ledger.weight()[:, 0]
    assert first["starts_mcse"] == pytest.approx(float(standard_error(starts, run.account().batch)))
    assert all(first[f"{name}_mcse"] > 0 for name in ("on_it", "waiting", "days_waited"))
    assert rows[2]["on_it"] > 0 and rows[2]["caseload_use"] is None  # posts are paid as they are needed
    assert rows[-1]["starts"] == 0 and rows[-1]["days_waited"] is None and rows[-1]["caseload_use"] is None


def test_clusters_stand_below_everyone_and_add_up_to_it() -> None:
    rows = table(small(FEW, "population.clusters=2"), "delivery")
    parts = {row["part"]: row for row in rows if row["year"] == 0}
    whole, *clusters = parts
    assert whole == "everyone" and len(clusters) == 2
    assert sum(parts[name]["starts"] for name in clusters) == pytest.approx(parts[whole]["starts"])


def test_a_list_that_still_grows_is_told_with_its_length() -> None:
    run = small(FEW)
    second = table(run, "delivery")[1]
    assert second["year"] == 1
    grows = next(line for line in said(run.findings()) if "waiting list" in line)
    assert grows.startswith("The waiting list of Walks still grows at the end: ")
    assert f"{rounded(second['waiting']):,.0f} people wait, " in grows
    assert grows.endswith(f", {rounded(second['days_waited']):,.0f} days at the pace of that year's starts.")


def test_no_list_is_told_where_nobody_waits() -> None:
    assert not [line for line in said(small(MANY).findings()) if "still grows" in line]
    assert not [line for line in said(village_run().findings()) if "still grows" in line]


def test_a_limited_place_has_a_row_for_each_year_and_others_have_none() -> None:
    run = small(WARD)
    rows = table(run, "occupancy")
    assert [(row["place"], row["year"]) for row in rows] == [("inpatient", year) for year in range(5)]
    assert rows[0]["in_use"] == pytest.approx(placed(run, "days:inpatient", 0) / 365.25) and rows[0]["in_use"] > 0
    usual = float((run.ledger.item("days:inpatient")[:, :, 0, 0, 0] * run.ledger.weight()).mean()) / 365.25
    assert rows[0]["usual_in_use"] == pytest.approx(usual) and rows[0]["usual_in_use_mcse"] > 0
    assert table(village_run(), "occupancy") == []


def test_a_script_and_json_get_both_tables_and_the_effects_as_lived() -> None:
    findings = small(FEW).findings()
    told = findings.to_dict()["arms"]["walks"]
    for name in ("delivery", "lived"):
        rows = [{k: v for k, v in row.items() if k != "arm"} for row in findings.tables()[name]]
        assert told[name] == rows


def test_a_queue_for_a_place_is_told_only_while_it_grows() -> None:
    run = small(WARD)
    arm = run.findings().arm("walks")
    place = arm.service.places[0]
    queue = replace(place, waiting=np.full((2, 5), 34.0), waits=np.full((2, 5), 103.5), still_grows=True)

    def told(occupancy: Any) -> list[str]:
        service = replace(arm.service, supports=(), runs_off={}, places=(occupancy,))
        return list(delivery.sentences(replace(arm, service=service)))

    assert told(queue) == ["The queue for Hospital ward still grows at the end: 34 people wait, 120 days on average."]
    assert told(replace(queue, still_grows=False)) == []


def test_those_on_it_when_funding_ends_are_told_to_finish_or_to_leave() -> None:
    stay, leave = said(village_run().findings()), said(village_run(STOP).findings())
    years = sum(row["run_off"] for row in table(village_run(), "delivery"))
    assert stay == (
        "After funding ends those still on Walks are supported until they finish (run-off), "
        f"{rounded(years):,.0f} person-years, and it is paid for.",
    )
    assert leave == ("When funding ends those still on Walks leave that day.",)


def test_a_day_of_its_own_is_not_called_the_end_of_funding() -> None:
    (line,) = said(village_run("programmes.walks.closes_day=400").findings())
    assert line.startswith("After recruitment ends those still on Walks are supported")


@pytest.mark.parametrize("after", [(), (STOP,)], ids=["run_off", "stop"])
@pytest.mark.parametrize("late", ["horizon.funding_years=5", "programmes.walks.opens_day=1500"])
def test_nothing_is_told_where_funding_outlasts_the_horizon(late: str, after: tuple[str, ...]) -> None:
    assert said(village_run(late, *after).findings()) == ()


def test_an_effect_stands_beside_what_it_came_to() -> None:
    run = village_run(AE_VISITS)
    (row,) = table(run, "lived")
    assert (row["effect"], row["words"]) == ("programmes.walks.effects.ae", "A&E attendances")
    assert row["declared"] == 0.85
    measured, at = run.ledger.windows[:, :, 0, 0, :, 1].sum(axis=(0, 1)), run.ledger.measures.index
    rates = measured[:, at("visits:ae")] / measured[:, at("alive_days")]
    assert row["year"] == pytest.approx(rates[0] / rates[1])
    assert 0 < row["year_mcse"] < 0.3 and 0 < row["whole"] < 1.2


def test_a_handful_of_rows_has_no_error_and_tells_nothing() -> None:
    run = village_run(AE_VISITS, rows=4)
    (row,) = table(run, "lived")
    assert row["year"] > 0 and row["year_mcse"] is None
    assert lived.sentences(run.findings().arm("walks")) == ()


def test_a_need_is_counted_over_all_years_alone() -> None:
    (row,) = table(village_run(), "lived")
    assert row["year"] is None and row["whole"] > 0


def effect(ratio: float, error: float, declared: float = 0.80, *, comparable: bool = True) -> LivedEffect:
    year = Value(np.array(ratio), np.array(error))
    return LivedEffect(
        "programmes.walks.effects.ae", "emergency admissions", declared, year, year, "12 months", comparable
    )


@pytest.mark.parametrize(
    ("entry", "far"),
    [
        (effect(0.93, 0.02), True),
        (effect(0.93, 0.06), False),  # within two errors
        (effect(0.82, 0.0), False),  # within a quarter of the declared log ratio
        (effect(0.93, 0.02, comparable=False), False),
        (effect(0.93, float("nan")), False),
        (effect(float("nan"), 0.02), False),
        (effect(1.00, 0.02, declared=1.0), False),
    ],
)
def test_a_ratio_is_told_only_where_it_is_far_from_the_one_declared(entry: LivedEffect, far: bool) -> None:
    arm = replace(village_run().findings().arm("walks"), lived=(entry,))
    line = (
        "As lived among those who start, emergency admissions over the first 12 months were 0.93 ± 0.02 of those "
        "without it (declared 0.80)."
    )
    assert lived.sentences(arm) == ((line,) if far else ())
