"""Work ends with its money: nobody starts after funding, and whoever stays on is paid for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engines import Simulate
from hand_made import priced_walks
from scenes import AT_ONCE, DAYS_PER_YEAR, scene, watch
from village import village

from simulator.errors import ScenarioError
from simulator.running.run import run
from simulator.scenario.tables import Scenario

YEAR = DAYS_PER_YEAR
FUNDED = 2  # years
POSTS = {"workers": 2, "caseload": 3}


def club(after: str = "run_off", **programme: Any) -> dict[str, Any]:
    """One programme that everyone is offered at once, funded for two years."""
    stated = {"offers": {"all": {"rate": AT_ONCE}}, "after_funding": after, **programme}
    return {"horizon": {"funding_years": FUNDED}, "programmes": {"club": stated}}


def fixed(days: float) -> dict[str, Any]:
    """A length that is the same for everyone."""
    return {"dist": "fixed", "mean": days}


def test_a_waiting_list_ends_with_the_funding(simulate: Simulate) -> None:
    """Six places for twenty people, half a year each: 24 have started when funding ends, and then nobody."""
    programme = club(staff=POSTS, length=fixed(YEAR / 2 - 0.5), once=True)
    seen = watch(simulate, scene(programme, people=40, years=4))
    assert seen.count("starts:club", 1).sum(axis=0).tolist() == [18, 6 + 6, 0, 0]
    listed = seen.days("listed_days:club", 1).sum(axis=0)
    assert listed[:2].min() > 0 and listed[2:].tolist() == [0, 0]
    assert seen.count("lapses:club", 1).sum() == 0


def test_whoever_has_accepted_starts_no_more_when_funding_has_ended_meanwhile(simulate: Simulate) -> None:
    later = {"all": {"rate": AT_ONCE, "delay": {"mean": YEAR}}}
    seen = watch(simulate, scene(club(offers=later, once=True), people=200, years=4))
    started = seen.started()
    assert 0 < np.isnan(started).sum() < 100
    assert np.nanmax(started) < FUNDED * YEAR


@pytest.mark.parametrize("after", ["run_off", "stop"])
def test_those_on_it_stay_to_their_end_or_leave_with_the_money(simulate: Simulate, after: str) -> None:
    length = 2.5 * YEAR
    seen = watch(simulate, scene(club(after, length=fixed(length), once=True), people=10, years=4))
    ran_off, active = seen.days("run_off_days:club", 1), seen.days("active_days:club", 1)
    on = length if after == "run_off" else FUNDED * YEAR
    np.testing.assert_allclose(active.sum(axis=1), on, atol=1)
    np.testing.assert_allclose(ran_off.sum(axis=1), on - FUNDED * YEAR, atol=1)
    np.testing.assert_allclose(ran_off[:, FUNDED:], active[:, FUNDED:])
    assert ran_off[:, :FUNDED].sum() == 0
    assert seen.count("lapses:club", 1).sum() == (10 if after == "stop" else 0)
    assert seen.count("completions:club", 1).sum() == (10 if after == "run_off" else 0)


def test_days_in_hospital_that_do_not_count_are_no_run_off_either(simulate: Simulate) -> None:
    ward = {
        "needs": {"fall": {"goes_to": "ward", "rate": 6.0}},
        "places": {"ward": {"stay": {"mean": 9}}},
    }
    seen = watch(simulate, scene(ward, club(pause_in_hospital=True), people=60, years=4))
    ran_off, active = seen.days("run_off_days:club", 1), seen.days("active_days:club", 1)
    np.testing.assert_allclose(ran_off[:, FUNDED:], active[:, FUNDED:], atol=1e-9)
    assert 0 < ran_off.sum() < 60 * 2 * YEAR * 0.95


# --- what it costs ------------------------------------------------------------------------------------------

STAFF = {"programmes.walks.staff": {"workers": 2, "caseload": 10}}
AFTER = {"active_days:walks": [3000, 3000, 2000, 50], "run_off_days:walks": [0, 0, 2000, 50]}


def yearly(kind: str, activity: dict[str, Any], **changes: Any) -> list[float]:
    """What a cost of 1000 a unit comes to by year, with funding for two years."""
    cost = {"kind": kind, "amount": 1000, "payer": "council"}
    return priced_walks({"programmes.walks.costs.x": cost, **STAFF, **changes}, activity, "x")


def test_posts_run_on_as_long_as_somebody_needs_them() -> None:
    weight = 20  # people of the place for each simulated one in a replicate
    assert yearly("per_worker_year", AFTER) == pytest.approx(
        [2000, 2000, 2000, 1000 * 50 * weight / (10 * YEAR)]
    )  # the third year would need more than the two posts that were funded


def test_a_yearly_cost_falls_with_what_is_left_to_do() -> None:
    assert yearly("per_year", AFTER) == pytest.approx([1000, 1000, 1000 * 2000 / 3000, 1000 * 50 / 3000])


def test_funding_that_ends_within_a_year_is_paid_to_its_day_and_the_rest_by_need() -> None:
    activity = {"active_days:walks": [400, 400, 100, 0], "run_off_days:walks": [0, 200, 100, 0]}
    made = {"programmes.walks.closes_day": 1.5 * YEAR}
    last_year = 400 / 2 + 200
    assert yearly("per_year", activity, **made) == pytest.approx([1000, 500 + 500, 1000 * 100 / last_year, 0])


def test_a_programme_that_stops_is_paid_until_it_stops() -> None:
    assert yearly("per_worker_year", {}, **{"programmes.walks.after_funding": "stop"}) == [2000, 2000, 0, 0]


def test_a_programme_that_recruited_nobody_costs_nothing_afterwards() -> None:
    assert yearly("per_year", {}) == [1000, 1000, 0, 0]
    assert yearly("per_worker_year", {}) == [2000, 2000, 0, 0]


def test_stopping_and_an_end_date_contradict() -> None:
    with pytest.raises(ScenarioError, match='after_funding: found "stop" beside ends_day, 900'):
        village("programmes.walks.after_funding='stop'", "programmes.walks.ends_day=900")


# --- from end to end ----------------------------------------------------------------------------------------


def queue(after: str) -> Scenario:
    """The village's walks with a team that is too small."""
    walks = "programmes.walks"
    posts = {"kind": "per_worker_year", "amount": 30000, "payer": "council"}
    changes: dict[str, object] = {
        "population.place_size": 60,
        f"{walks}.staff": {"workers": 2, "caseload": 3},
        f"{walks}.length": {"dist": "fixed", "mean": 200},
        f"{walks}.offers.self.rate": 5,
        f"{walks}.costs": {"posts": posts},
        f"{walks}.after_funding": after,
    }
    return village().with_(changes)


@pytest.mark.parametrize("after", ["run_off", "stop"])
def test_nobody_starts_or_is_supported_by_posts_that_nobody_pays(after: str) -> None:
    made = run(queue(after), rows=4, people=60, workers=1)
    starts, active = (made.ledger.item(f"{item}:walks")[:, :, 1, 0] for item in ("starts", "active_days"))
    account = made.account()
    lines = [line.name for line in account.lines]
    posts = account.spending[:, :, 1, 0, :, lines.index("programmes.walks.costs.posts")] / 30000
    assert starts[..., 1].sum() > 0 and starts[..., 2:].sum() == 0
    np.testing.assert_allclose(posts[..., :2], 2)
    np.testing.assert_allclose(posts[..., 2:], active[..., 2:] / (3 * YEAR))
    assert (active[..., 2:].sum() > 0) == (after == "run_off")
