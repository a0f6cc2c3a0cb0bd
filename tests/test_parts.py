"""Parts of the population are counted apart: they add up to everyone, and counting them changes nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hand_made import central, ledger, scenario
from scenes import town, watch
from test_ledger import assert_same
from village import village

from simulator.activity import ledger as ledgers
from simulator.activity.delivery import delivery, occupancy
from simulator.activity.ledger import MOMENTS, SIDES, WORLDS, Ledger
from simulator.engines.compiled import engine as compiled
from simulator.engines.shared.people import cells_of, draw_people
from simulator.model.build import build
from simulator.money.posts import room
from simulator.running.run import run
from simulator.scenario.tables import Scenario

KINDS = {"cluster": 3, "age": 3, "health": 2}


def counted(*kinds: str, crowded: bool = False, engine: str = "compiled", rows: int = 1) -> Ledger:
    """A ledger of the town, whose three clusters are always counted apart."""
    made = town({"population": {"subgroups": list(kinds)}}, crowded=crowded, people=80, years=2)
    return run(made, rows=rows, workers=1, seed=4, engine=engine).ledger


@pytest.mark.parametrize("crowded", [False, True])
@pytest.mark.parametrize("kinds", [(), ("age",), ("cluster", "age", "health")])
def test_the_parts_of_each_kind_add_up_to_everyone(crowded: bool, kinds: tuple[str, ...]) -> None:
    made = counted(*kinds, crowded=crowded)
    whole = made.activity[:, :, :, 0][..., [made.items.index(item) for item in made.part_items]]
    for kind, size in KINDS.items():
        where = [i for i, name in enumerate(made.parts) if name.startswith(f"{kind}:")]
        assert len(where) == (size if kind in {*kinds, "cluster"} else 0)
        if where:
            np.testing.assert_allclose(made.by_part[:, :, :, where].sum(axis=3), whole, rtol=1e-9, atol=1e-9)
            starters = made.windows[:, :, :, 0]
            np.testing.assert_allclose(made.moments[:, :, 0][:, :, :, where].sum(axis=3), starters, atol=1e-9)
    assert made.item("starts:visits")[:, :, 1].sum() > 10
    assert made.moments.sum() > 0


@pytest.mark.parametrize("crowded", [False, True])
def test_both_engines_count_the_same_in_each_part(crowded: bool) -> None:
    kinds = ("cluster", "age", "health")
    one, other = (counted(*kinds, crowded=crowded, engine=engine) for engine in ("simpy", "compiled"))
    assert one.parts == other.parts and one.part_items == other.part_items
    np.testing.assert_allclose(one.by_part, other.by_part, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(one.moments, other.moments, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(one.activity, other.activity, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("crowded", [False, True])
def test_counting_parts_changes_no_count(crowded: bool) -> None:
    few, many = counted(crowded=crowded), counted("cluster", "age", "health", crowded=crowded)
    np.testing.assert_allclose(few.activity, many.activity, rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(few.windows, many.windows, rtol=1e-12, atol=1e-9)
    assert few.events == many.events


def test_nothing_is_counted_apart_unless_there_are_clusters_or_a_file_asks() -> None:
    made = run(village(), rows=2, people=40, workers=1).ledger
    assert made.parts == made.part_items == () and made.by_part.size == made.moments.size == 0
    asked = run(village("population.subgroups=['health']"), rows=2, people=40, workers=1).ledger
    assert asked.parts == ("health:fit", "health:frail")
    np.testing.assert_array_equal(made.activity[..., :20], asked.activity[..., :20])


def test_usual_care_that_is_remembered_is_remembered_by_part() -> None:
    """Two programmes that differ in what they do share usual care: the second is told of it, part by part."""
    made = village("population.subgroups=['age']", "programmes.walks.offers.self.rate=0.01")
    models = [build(made.with_({"programmes.walks.effects.ae.calibrated": r}), {}, people=90) for r in (0.5, 1.0)]
    compiled.USUAL_CARE_CACHE.clear()
    cold = compiled.replicates(models[1], 6)
    compiled.USUAL_CARE_CACHE.clear()
    compiled.replicates(models[0], 6)
    warm = compiled.replicates(models[1], 6)
    for one, other in zip(cold, warm, strict=True):
        for name in ("activity", "windows", "by_part", "moments"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_squares_are_of_persons(simulate: Any) -> None:
    made = town({"population": {"subgroups": ["cluster"]}}, people=80, years=2)
    seen, told = watch(simulate, made, seed=4), run(made, rows=1, workers=1, seed=4).ledger
    model = build(made, {}, seed=4)
    cluster = cells_of(model, 0, seen.lives.person)
    stayed = seen.lives.person < 2**31
    drawn = [person.cluster for person in draw_people(model, 0, seen.lives.person[stayed])]
    assert cluster[stayed].tolist() == drawn
    for measure in ("visits:gp", "days:inpatient", "alive_days"):
        outcome = seen.window(measure)[:, WORLDS.index("without"), SIDES.index("after")]
        squares = told.moments[0, :, MOMENTS.index("square"), 0, :, WORLDS.index("without"), SIDES.index("after")]
        for part in range(3):
            expected = np.nansum(outcome[cluster == part] ** 2)
            assert squares[:, part, told.measures.index(measure)].sum() == pytest.approx(expected)


def test_a_ledger_with_parts_comes_back_whole(tmp_path: Path) -> None:
    made = counted("age", rows=2)
    ledgers.save(made, tmp_path / "one.parquet")
    back = ledgers.load(tmp_path / "one.parquet")
    assert_same(made, back)
    assert (made.parts, made.part_items) == (back.parts, back.part_items)
    for name in ("by_part", "moments"):
        np.testing.assert_array_equal(getattr(made, name), getattr(back, name))
    assert back.append(made).by_part.shape[0] == 4


# --- what is told of a delivery ------------------------------------------------------------------------------


def queue(**more: Any) -> Scenario:
    """Peer mentors in three districts, half a year apart, with too few of them."""
    staff = {"workers": 1, "caseload": 4}
    visits = {"staff": staff, "cluster_opens_days": [0, 182, 365], "offers": {"self": {"rate": 2.0}}, **more}
    return town({"programmes": {"visits": visits}}, crowded=True, people=40, years=2)


def test_a_delivery_is_told_by_year_and_cluster_and_that_its_list_still_grows() -> None:
    made = run(queue(), rows=6, workers=1, seed=2).ledger
    told = delivery(made, "visits", "visits", room=np.full((6, 2), 4.0))
    assert told.parts == ("everyone", "cluster:1", "cluster:2", "cluster:3")
    for table in (told.offers, told.starts, told.on_it, told.waiting, told.refusals, told.completions):
        np.testing.assert_allclose(table[..., 0], table[..., 1:].sum(axis=-1), atol=1e-9)
    assert told.starts[:, 0, 3].sum() == 0 < told.starts[:, 1, 3].sum()
    assert told.caseload_use is not None and told.caseload_use.mean() > 0.5
    assert told.still_grows
    enough = run(queue(staff={"workers": 9, "caseload": 40}), rows=6, workers=1, seed=2).ledger
    assert not delivery(enough, "visits", "visits").still_grows


def test_occupancy_is_never_above_capacity_and_waits_are_told() -> None:
    made = run(town(crowded=True, people=40, years=2), rows=4, workers=1).ledger
    told = occupancy(made, "usual care", "inpatient")
    assert (told.in_use <= 2 + 1e-9).all() and told.in_use.max() > 1
    assert told.waits.sum() > 0 and told.waiting.max() > 0
    some = told.waits > 0
    np.testing.assert_allclose(told.days_waited[some] * told.waits[some], told.waiting[some] * 365.25)


def test_room_is_workers_times_caseload_while_they_are_paid_and_what_volunteers_add() -> None:
    staff = {"workers": 2, "caseload": 10, "changes": [{"day": 1.5 * 365.25, "slots": 3}]}
    helpers = {"share": 0.1, "supports": 2, "tenure": {"mean": 300}}
    walks = {"programmes.walks.staff": staff, "programmes.walks.volunteers": helpers}
    made = scenario({**walks, "programmes.walks.length": {"mean": 100}})
    helped = ledger(made, {"volunteer_days:walks": [0, 365.25, 0, 0]})  # one of the 50 people in each replicate
    told = room(helped, made, central(1), "walks", "walks")
    assert told is not None and told[0].tolist() == pytest.approx([20, 25 + 20 * 2, 0, 0])
    assert room(helped, scenario(), central(1), "walks", "walks") is None
