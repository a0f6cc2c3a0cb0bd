"""What must not change when something irrelevant does: two runs compared person by person and year by year.

Everything in the small town is switched on: flares, boosts, seasons, routes, home care, and a programme with offers of
all kinds, drop-out, volunteers and effects on every kind of target. *Crowded* means that places, home care and the
programme are short of capacity.
"""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engines import ENGINES, Simulate
from numpy.typing import NDArray
from scenes import DAYS_PER_YEAR, LONG_AFTER, TOWN, VISIT, Seen, assert_same, scene, town, watch
from village import village

from simulator.errors import Interrupted, RunError
from simulator.running.run import open_run, run
from simulator.scenario.tables import Scenario

BOTH = pytest.mark.parametrize("crowded", [False, True], ids=["free", "crowded"])
AT_HOME = ("home_alone_days", "community_days")


def of(support: str) -> dict[str, Any]:
    """A copy of a programme of the town."""
    return deepcopy(TOWN["programmes"][support])


def assert_same_items(
    one: Seen,
    other: Seen,
    *,
    arms: tuple[int | str, int | str] = (0, 0),
    without: tuple[str, ...] = (),
    years: slice = slice(None),
    people: slice = slice(None),
    close: float = 0.0,
) -> None:
    """Items that both have are the same for every person and year; time at home is compared as a whole.

    Args:
        without: endings of items to pass over.
        close: relative difference allowed in days that are added up in another order.
    """
    for item in (*one.names.counts, *one.names.days):
        if item in AT_HOME or item.endswith(without) or item not in (*other.names.counts, *other.names.days):
            continue
        a, b = (_of(seen, item, arm) for seen, arm in ((one, arms[0]), (other, arms[1])))
        np.testing.assert_allclose(a[people, years], b[people, years], rtol=close, atol=100 * close, err_msg=item)
    home = [sum(seen.days(item, arm) for item in AT_HOME) for seen, arm in ((one, arms[0]), (other, arms[1]))]
    np.testing.assert_allclose(home[0][people, years], home[1][people, years], rtol=0, atol=1e-8)


def _of(seen: Seen, item: str, arm: int | str) -> NDArray[Any]:
    return seen.count(item, arm) if item in seen.names.counts else seen.days(item, arm)


def harmless() -> dict[str, Any]:
    """The town's programme with every ratio 1 and costs."""
    effects = {
        name: effect | {"calibrated": 0.0 if effect["target"] == "utility" else 1.0}
        for name, effect in TOWN["programmes"]["visits"]["effects"].items()
    }
    more = {
        "effects": effects,
        "early_uplift": {"uplift": 0.0, "days": 60, "needs": ["gp"]},
        "redirect": {"place": "gp", "share": 0.0},
        "costs": {"each": {"kind": "per_start", "amount": 100, "payer": "council"}},
    }
    return {"programmes": {"visits": more}, "payers": {"council": {"title": "Council"}}}


# --- no effect ----------------------------------------------------------------------------------------


@BOTH
def test_no_effect_means_no_difference_for_any_person_in_any_year(simulate: Simulate, crowded: bool) -> None:
    seen = watch(simulate, town(harmless(), crowded=crowded))
    assert seen.count("starts:visits", 1).sum() > 20
    assert crowded == bool(seen.days("listed_days:visits", 1).sum() > 0)
    assert_same_items(seen, seen, arms=(0, 1), without=(":visits", ".mood"))
    with_it, without = (seen.lives.windows[0, :, world] for world in (0, 1))
    np.testing.assert_array_equal(with_it, without)


@BOTH
def test_an_effect_means_a_difference(simulate: Simulate, crowded: bool) -> None:
    """The comparisons of this file are not blind."""
    seen = watch(simulate, town(crowded=crowded))
    with pytest.raises(AssertionError):
        assert_same_items(seen, seen, arms=(0, 1), without=(":visits", ".mood"))


@BOTH
def test_a_programme_for_nobody_changes_nothing(simulate: Simulate, crowded: bool) -> None:
    effects = {name: e | {"measured_on": "active"} for name, e in TOWN["programmes"]["visits"]["effects"].items()}
    nobody = {"programmes": {"visits": {"eligible": {"min_age": 150}, "effects": effects}}}
    seen = watch(simulate, town(nobody, crowded=crowded))
    assert_same(seen.lives, seen.lives, arms=(0, 1))
    assert np.isnan(seen.started()).all()


@BOTH
def test_a_programme_that_opens_in_a_year_changes_nothing_before(simulate: Simulate, crowded: bool) -> None:
    later = {"programmes": {"visits": {"opens_day": DAYS_PER_YEAR, "cluster_opens_days": []}}}
    seen = watch(simulate, town(later, crowded=crowded))
    assert_same_items(seen, seen, arms=(0, 1), years=slice(0, 1))
    with pytest.raises(AssertionError):
        assert_same_items(seen, seen, arms=(0, 1), years=slice(1, 2))


def test_an_effect_with_a_delay_of_a_year_changes_nothing_before(simulate: Simulate) -> None:
    slow = {"target": "need:crisis", "calibrated": 0.2, "delay_days": DAYS_PER_YEAR, "measured_on": "population"}
    tables = {
        "needs": {"crisis": {"goes_to": "ward", "rate": 4.0}},
        "places": {"ward": {"stay": {"mean": 3}}},
        "programmes": {"care": {"closes_day": LONG_AFTER, "effects": {"slow": slow}}},
    }
    seen = watch(simulate, scene(tables, people=40, years=2))
    assert_same_items(seen, seen, arms=(0, 1), years=slice(0, 1))
    assert (seen.count("visits:ward") - seen.count("visits:ward", 1))[:, 1].sum() > 40


def test_a_cluster_that_is_not_open_yet_lives_as_without_the_programme(simulate: Simulate) -> None:
    """Nothing is shared, so a person can only be touched through the programme's own opening in their cluster."""
    active = {name: e | {"measured_on": "active"} for name, e in TOWN["programmes"]["visits"]["effects"].items()}
    wedge = {"programmes": {"visits": {"cluster_opens_days": [0, 1e4, 1e4], "closes_day": 2e4, "effects": active}}}
    seen = watch(simulate, town(wedge, people=90))
    started = ~np.isnan(seen.started())
    assert 5 < started.sum() < 45
    for item in seen.names.counts:
        if not item.endswith(":visits"):
            np.testing.assert_array_equal(seen.count(item)[~started], seen.count(item, 1)[~started], err_msg=item)


# --- order --------------------------------------------------------------------------------------------


def two_programmes() -> dict[str, Any]:
    calls = of("visits") | {"cluster_opens_days": [], "volunteers": None, "eligible": {"min_age": 70}}
    calls["redirect"] = {"place": "gp", "share": 0.3}
    calls["effects"] = {k: calls["effects"][k] for k in ("ae", "stay", "route", "mood")}
    return {
        "programmes": {"calls": calls, "visits": {"redirect": {"place": "gp", "share": 0.2}}},
        "synergies": {"pair": {"between": ["calls", "visits"], "target": "need:ae", "log_ratio": -0.1}},
    }


def turned(scenario: Scenario) -> Scenario:
    """The same scenario with its tables written in reverse order; routes keep theirs, which has a meaning."""

    def turn(value: Any, key: str = "") -> Any:
        if not isinstance(value, dict):
            return value
        names = list(value) if key == "routes" else list(reversed(value))
        return {name: turn(value[name], name) for name in names}

    return Scenario.model_validate(turn(scenario.model_dump(by_alias=True)))


@BOTH
def test_the_order_of_tables_in_the_file_changes_nothing(simulate: Simulate, crowded: bool) -> None:
    made = town(two_programmes(), {"arms": {"both": ["visits", "calls"]}}, crowded=crowded)
    one, other = watch(simulate, made), watch(simulate, turned(made))
    assert list(made.programmes) == list(reversed(turned(made).programmes))
    assert list(made.needs) == list(reversed(turned(made).needs))
    for arm in (0, 1):
        assert_same_items(one, other, arms=(arm, arm), close=1e-12)
    assert one.count("starts:calls", 1).sum() > 10
    assert one.count("met_elsewhere:gp", 1).sum() > 10


@BOTH
def test_the_order_of_people_changes_nothing(simulate: Simulate, crowded: bool) -> None:
    made = town(crowded=crowded, people=50, warm_up=0.0)
    order = np.random.default_rng(5).permutation(50)
    one, other = watch(simulate, made), watch(simulate, made, people=order)
    back = np.argsort(other.lives.person)
    assert sorted(other.lives.person.tolist()) == one.lives.person.tolist()
    np.testing.assert_array_equal(other.lives.counts[:, back], one.lives.counts)
    np.testing.assert_array_equal(other.lives.days[:, back], one.lives.days)
    np.testing.assert_array_equal(other.lives.index_day[:, back], one.lives.index_day)


# --- who else is there, and which other arms --------------------------------------------------------------


def test_a_person_lives_the_same_life_among_few_and_among_many(simulate: Simulate) -> None:
    alone = {"population": {"entrants": None}}
    few, many = (watch(simulate, town(alone, people=people)) for people in (30, 120))
    np.testing.assert_array_equal(few.lives.counts, many.lives.counts[:, :30])
    np.testing.assert_array_equal(few.lives.days, many.lives.days[:, :30])
    np.testing.assert_array_equal(few.lives.windows, many.lives.windows[:, :30])
    some = watch(simulate, town(alone, people=120), people=np.array([77, 3]))
    np.testing.assert_array_equal(some.lives.counts, many.lives.counts[:, [77, 3]])


@BOTH
def test_a_programme_in_an_arm_of_its_own_changes_no_other_arm(simulate: Simulate, crowded: bool) -> None:
    more = two_programmes()
    del more["synergies"], more["programmes"]["visits"]
    more["programmes"]["calls"].pop("staff", None)
    arms = {"arms": {"visits": ["visits"], "calls": ["calls"]}}
    one = watch(simulate, town(crowded=crowded))
    other = watch(simulate, town(more, arms, crowded=crowded))
    for arm in (0, "visits"):
        assert_same_items(one, other, arms=(arm, arm))
    np.testing.assert_array_equal(one.started("visits"), other.started("visits"))


def test_capacity_of_a_programme_changes_no_arm_without_it(simulate: Simulate) -> None:
    staff = {"programmes": {"visits": {"staff": {"workers": 2, "caseload": 3}}}}
    free, short = watch(simulate, town()), watch(simulate, town(staff))
    assert short.days("listed_days:visits", 1).sum() > 0
    assert_same_items(free, short, arms=(0, 0))


def test_a_need_or_place_that_nobody_uses_changes_nothing(simulate: Simulate) -> None:
    unused = {"needs": {"rare": {"goes_to": "unused", "rate": 1e-12}}, "places": {"unused": {"stay": VISIT}}}
    one, other = watch(simulate, town()), watch(simulate, town(unused))
    for arm in (0, 1):
        assert_same_items(one, other, arms=(arm, arm))


def test_streams_and_seeds_are_other_luck(simulate: Simulate) -> None:
    made = town()
    one = watch(simulate, made)
    for other in (watch(simulate, made, stream=1), watch(simulate, made, seed=2)):
        same = (one.count("visits:gp")[:60] == other.count("visits:gp")[:60]).mean()
        assert same < 0.6
    assert_same(one.lives, watch(simulate, made).lives)


# --- time ----------------------------------------------------------------------------------------------


@BOTH
def test_a_run_to_two_years_is_the_start_of_a_run_to_four(simulate: Simulate, crowded: bool) -> None:
    short, long = (watch(simulate, town(crowded=crowded, years=years)) for years in (2, 4))
    people = len(short.lives.person)
    for arm in (0, 1):
        for item in short.names.counts:
            if not item.startswith("unfinished"):
                a, b = short.count(item, arm), long.count(item, arm)[:people, :2]
                np.testing.assert_array_equal(a, b, err_msg=item)
        for item in short.names.days:
            a, b = short.days(item, arm), long.days(item, arm)[:people, :2]
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-8, err_msg=item)


def test_a_longer_warm_up_leaves_the_reported_years_as_they_were(simulate: Simulate) -> None:
    """Needs and stays only: candidates lie where they lie, so two histories meet once both are at home."""
    tables = {
        "needs": {"gp": {"goes_to": "gp", "rate": 6.0}, "fall": {"goes_to": "ward", "rate": 0.5}},
        "places": {
            "gp": {"stay": {"mean": 1.0}, "routes": {"on": {"to": "ward", "share": 0.1}}}, "ward": {"stay": {"mean": 5}}
        },
        "death": {"rate": 0.05, "growth": 0.1, "reference_age": 65},
    }  # fmt: skip
    one, other = (watch(simulate, scene(tables, people=80, years=3, warm_up_years=w)) for w in (1.0, 2.7))
    assert_same(one.lives, other.lives)
    none = watch(simulate, scene(tables, people=80, years=3))
    np.testing.assert_array_equal(none.lives.counts[:, :, 1:], one.lives.counts[:, :, 1:])


@pytest.mark.parametrize("warm_up_years", [0.1, 0.3, 0.7, 1.1, 2.1, 2.3, 3.3])
def test_any_length_of_warm_up_ends_at_the_horizon(simulate: Simulate, warm_up_years: float) -> None:
    tables = {"needs": {"gp": {"goes_to": "gp", "rate": 1.0}}, "places": {"gp": {"stay": {"mean": 2}}}}
    for years in (1, 2, 3):
        seen = watch(simulate, scene(tables, people=4, years=years, warm_up_years=warm_up_years))
        there = seen.days("home_alone_days") + seen.days("days:gp")
        np.testing.assert_allclose(there, DAYS_PER_YEAR, rtol=0, atol=1e-9)


# --- the conductor ---------------------------------------------------------------------------------------


def small_town() -> Scenario:
    ranged = {"value": 0.8, "ci95": [0.5, 1.1], "grade": 6, "why": "made up for tests"}
    return town(
        {"programmes": {"visits": {"effects": {"ae": {"calibrated": ranged}}}}}, crowded=True, people=40, years=1
    )


ENGINE = pytest.mark.parametrize("engine", sorted(ENGINES))


@ENGINE
def test_one_worker_and_two_give_the_same_ledger(engine: Any) -> None:
    one, two = (run(small_town(), rows=6, workers=workers, engine=engine) for workers in (1, 2))
    np.testing.assert_array_equal(one.ledger.activity, two.ledger.activity)
    np.testing.assert_array_equal(one.ledger.windows, two.ledger.windows)


@pytest.mark.parametrize("crowded", [False, True])
def test_replicates_are_halves_of_one_run_or_two_runs_when_people_share(simulate: Simulate, crowded: bool) -> None:
    made = town(crowded=crowded, people=40, years=1)
    ledger = run(made, rows=1, workers=1, seed=3, engine="simpy").ledger
    stream = 0
    if crowded:
        sums = [watch(simulate, made, seed=3, stream=stream + k).lives for k in (0, 1)]
        members = [np.ones(len(one.person), dtype=bool) for one in sums]
        assert ledger.people.tolist() == [[40.0, 40.0]]
    else:
        sums = [watch(simulate, made, seed=3, stream=stream).lives] * 2
        number = sums[0].person
        first = np.where(number < 2**31, number < 20, number % 2 == 0)
        members = [first, ~first]
        assert ledger.people.tolist() == [[20.0, 20.0]]
    for k, (lives, who) in enumerate(zip(sums, members, strict=True)):
        found = ledger.activity[0, k]
        both = np.concatenate([lives.counts, lives.days], axis=-1)
        np.testing.assert_allclose(found[:, 0], both[:, who].sum(axis=1), rtol=1e-12)
        taking_part = who & ~np.isnan(lives.index_day[1])
        for arm in (0, 1):
            np.testing.assert_allclose(found[arm, 1], both[arm, taking_part].sum(axis=0), rtol=1e-12)


@ENGINE
def test_a_run_that_was_stopped_and_resumed_is_the_run_that_was_not(engine: Any, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        run(small_town(), rows=6, workers=1, out=tmp_path / "stopped", progress=stop, engine=engine)
    assert len(list((tmp_path / "stopped" / "ledger").glob("block-?????.parquet"))) == 1
    for folder, resume in (("stopped", True), ("whole", False)):
        run(small_town(), rows=6, workers=1, out=tmp_path / folder, resume=resume, engine=engine)
    files = sorted(path.name for path in (tmp_path / "whole" / "ledger").iterdir())
    assert len(files) == 4
    for name in files:
        one, other = ((tmp_path / folder / "ledger" / name).read_bytes() for folder in ("stopped", "whole"))
        assert one == other


# ------------------------------------------------------------------------------------- a folder and its manifest


@pytest.mark.parametrize("harm", ["missing", "of another seed"])
def test_a_finished_run_is_read_only_with_the_blocks_that_its_manifest_lists(harm: str, tmp_path: Path) -> None:
    for seed in (1, 2):
        run(village(), rows=8, people=40, seed=seed, workers=1, out=tmp_path / str(seed))
    block = Path("ledger") / "block-00001.parquet"
    whole = (tmp_path / "1" / block).read_bytes()
    if harm == "missing":
        (tmp_path / "1" / block).unlink()
    else:
        (tmp_path / "1" / block).write_bytes((tmp_path / "2" / block).read_bytes())
    with pytest.raises(RunError, match=r"block-00001\.parquet .*--resume"):
        open_run(tmp_path / "1")
    run(village(), rows=8, people=40, seed=1, workers=1, out=tmp_path / "1", resume=True)
    assert (tmp_path / "1" / block).read_bytes() == whole and open_run(tmp_path / "1").rows == 8
