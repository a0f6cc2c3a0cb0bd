"""An effect lasts as long as it was measured: a window or a profile runs its course, and fades from its end."""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np
import pytest
from engines import Simulate
from numpy.typing import NDArray
from oracles import check, poisson_law
from scenes import AT_ONCE, DAYS_PER_YEAR, LONG_AFTER, VISIT, Seen, for_all, scene, watch
from scipy.integrate import quad
from village import village

from simulator.activity.lived import lived
from simulator.errors import ScenarioError
from simulator.running.run import run

YEAR = DAYS_PER_YEAR
SERVICE, WINDOW = 84.0, 365.0  # days
AN_HOUR = 0.5  # days until somebody who is offered a place at once has surely started


def service(effect: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Twelve weeks that everyone is offered at once, measured on those who start."""
    stated = {
        "closes_day": LONG_AFTER, "once": True, "length": {"dist": "fixed", "mean": SERVICE},
        "offers": {"all": {"rate": AT_ONCE}},
        "effects": {"e": {"target": "utility", "calibrated": 1.0, "measured_on": "starters", **effect}},
    }  # fmt: skip
    return {"programmes": {"club": stated | more}}


def effect_days(simulate: Simulate, effect: dict[str, Any], years: int = 4, **more: Any) -> NDArray[np.float64]:
    """Weight times days by person."""
    seen = watch(simulate, scene(service(effect, **more), people=8, years=years))
    return seen.days("effect_days:club.e", 1).sum(axis=1)


CLINIC = {
    "needs": {"clinic": {"goes_to": "clinic", "rate": 3.0}},
    "places": {"clinic": {"stay": VISIT}},
}


def averted(simulate: Simulate, effect: dict[str, Any], people: int = 300, years: int = 2) -> NDArray[np.int64]:
    """Visits averted by person."""
    declared = {"target": "visits:clinic", "calibrated": 0.8, **effect}
    seen = watch(simulate, scene(CLINIC, service(declared), people=people, years=years))
    return np.asarray((seen.count("visits:clinic", 0) - seen.count("visits:clinic", 1)).sum(axis=1))


def test_twelve_weeks_of_support_act_for_the_twelve_months_over_which_they_were_measured(simulate: Simulate) -> None:
    check(averted(simulate, {"window_days": WINDOW}), poisson_law(3.0 * 0.2 * WINDOW / YEAR))
    check(averted(simulate, {}), poisson_law(3.0 * 0.2 * SERVICE / YEAR))


@pytest.mark.parametrize("measured_on", ["starters", "offered", "population"])
@pytest.mark.parametrize(
    "more", [{}, {"drop_out_rate": 12.0}, {"ends_day": 30.0, "closes_day": 30.0}, {"length": None}]
)
def test_a_window_runs_from_the_start_whatever_happens(
    simulate: Simulate, measured_on: str, more: dict[str, Any]
) -> None:
    days = effect_days(simulate, {"window_days": WINDOW, "measured_on": measured_on}, **more)
    np.testing.assert_allclose(days, WINDOW, atol=1e-6)


def test_measured_on_those_who_are_active_it_stops_with_the_support_or_with_its_window(simulate: Simulate) -> None:
    active = {"measured_on": "active"}
    np.testing.assert_allclose(effect_days(simulate, active | {"window_days": WINDOW}), SERVICE, atol=1e-6)
    np.testing.assert_allclose(effect_days(simulate, active | {"window_days": 50.0}), 50.0, atol=1e-6)


def test_a_half_life_begins_at_the_end_of_the_window(simulate: Simulate) -> None:
    half = 100.0
    for measured_on, ends in (("starters", WINDOW), ("active", 50.0)):
        effect = {"window_days": ends, "half_life_days": half, "measured_on": measured_on}
        days = effect_days(simulate, effect, years=3)
        left = (3 * YEAR - ends) / half
        np.testing.assert_allclose(days, ends + half / log(2) * (1 - 2**-left), atol=0.01)


def test_a_window_shorter_than_the_support_ends_before_it(simulate: Simulate) -> None:
    days = effect_days(simulate, {"window_days": 100.0}, length={"dist": "fixed", "mean": 500})
    np.testing.assert_allclose(days, 100.0, atol=1e-6)


def test_a_profile_runs_its_course_and_its_last_weight_stays_for_as_long_as_the_support(simulate: Simulate) -> None:
    profile = {"profile": [{"until_days": 120, "weight": 1.0}, {"until_days": 300, "weight": 0.5}]}
    np.testing.assert_allclose(effect_days(simulate, profile), 120 + 0.5 * 180, atol=1e-6)
    long = {"length": {"dist": "fixed", "mean": 400}}
    np.testing.assert_allclose(effect_days(simulate, profile, **long), 120 + 0.5 * 280, atol=1e-6)
    active = profile | {"measured_on": "active"}
    np.testing.assert_allclose(effect_days(simulate, active), SERVICE, atol=1e-6)


def test_the_reference_value_of_an_effect_that_ends_and_fades_holds_for_a_window(simulate: Simulate) -> None:
    """Rate .2, ratio .75, half a year of delay, 1.5 of ramp, over at year 2, half-life of 3, ten years."""
    shape = {"delay_days": 0.5 * YEAR, "ramp_days": 1.5 * YEAR, "half_life_days": 3 * YEAR, "window_days": 2 * YEAR}
    effect = {"target": "need:clinic", "calibrated": 0.75, **shape}
    slow = {"needs": {"clinic": {"goes_to": "clinic", "rate": 0.2}}, "places": CLINIC["places"]}
    made = scene(slow, service(effect), {"programmes": {"all": for_all(effect)}}, people=1500)

    def weight(t: float) -> float:
        return min(max((t - 0.5) / 1.5, 0.0), 1.0) if t < 2 else 2 ** -((t - 2) / 3)

    expected = 0.2 * quad(lambda t: 1 - 0.75 ** weight(t), 0, 10, points=[0.5, 2])[0]
    seen = watch(simulate, made)
    for arm in ("club", "all"):
        fewer = (seen.count("visits:clinic") - seen.count("visits:clinic", arm)).sum(axis=1)
        assert fewer.min() >= 0
        check(fewer, poisson_law(expected))


# --- starting again -----------------------------------------------------------------------------------------


def again(simulate: Simulate, effect: dict[str, Any], years: int = 2) -> NDArray[np.float64]:
    """A hundred days, and at once a hundred more, for two years."""
    return effect_days(simulate, effect, years, once=False, length={"dist": "fixed", "mean": 100})


def test_a_window_that_still_runs_is_prolonged(simulate: Simulate) -> None:
    np.testing.assert_allclose(again(simulate, {"window_days": WINDOW}), 2 * YEAR, atol=AN_HOUR)
    ramp = {"window_days": WINDOW, "ramp_days": 60.0}
    np.testing.assert_allclose(again(simulate, ramp), 2 * YEAR - 30, atol=AN_HOUR)


def test_of_two_profiles_the_larger_weight_counts(simulate: Simulate) -> None:
    """A falling one begins anew with each start; a rising one keeps what the earlier start has reached."""
    falls = {"profile": [{"until_days": 90, "weight": 1.0}, {"until_days": 365, "weight": 0.5}]}
    rises = {"profile": [{"until_days": 90, "weight": 0.2}, {"until_days": 365, "weight": 1.0}]}
    spells, rest = divmod(2 * YEAR, 100)
    gap = 8 * AN_HOUR  # between spells
    np.testing.assert_allclose(again(simulate, falls), 95 * spells + rest, atol=gap)
    np.testing.assert_allclose(again(simulate, rises), 2 * YEAR - 0.8 * 90, atol=gap)


def test_a_harm_that_comes_first_is_not_hidden_by_a_profile_that_is_over(simulate: Simulate) -> None:
    effect = {"profile": [{"until_days": 50, "weight": -1.0}, {"until_days": 150, "weight": 1.0}]}
    spaced = {"once": False, "length": {"dist": "fixed", "mean": 200}}
    days = effect_days(simulate, effect, years=1, **spaced)
    first = -50 + 150  # its last weight stays for the 200 days
    np.testing.assert_allclose(days, 2 * first - (400 - YEAR), atol=2)


# --- in a file ----------------------------------------------------------------------------------------------


def test_a_window_is_longer_than_the_delay() -> None:
    window = "programmes.walks.effects.ae.window_days=30"
    assert village(window).programmes["walks"].effects["ae"].window_days is not None
    with pytest.raises(
        ScenarioError, match=r"window_days: found 30 days; allowed more than 40, when the effect begins"
    ):
        village(window, "programmes.walks.effects.ae.delay_days=40")


def seen_ratio(seen: Seen) -> float:
    """Visits in the year after the start, with the support over those without it."""
    after = seen.window("visits:clinic")[:, :, 1].sum(axis=0)
    return float(after[0] / after[1])


def test_the_effect_as_it_was_lived_stands_beside_the_one_declared(simulate: Simulate) -> None:
    """Declared .80: lived .80 over a window of a year, and .80 to the power 84 / 365 or so without it."""
    for window, expected in ((WINDOW, 0.8), (None, 1 - 0.2 * SERVICE / WINDOW)):
        declared = {"target": "visits:clinic", "calibrated": 0.8}
        effect = declared if window is None else declared | {"window_days": window}
        made = scene(CLINIC, service(effect, opens_day=YEAR + 1), people=600, years=3)
        assert seen_ratio(watch(simulate, made)) == pytest.approx(expected, abs=0.03)


def test_a_run_tells_what_its_effects_came_to() -> None:
    made = run(village(), rows=4, people=200, workers=1)
    told = lived(made.ledger, "walks", "visits:ae")
    usual, other = (made.ledger.item("visits:ae")[:, :, arm, 1].sum(axis=(1, 2)) for arm in (0, 1))
    np.testing.assert_allclose(told.whole, other / usual)
    assert 0.5 < float(told.year.mean()) < 1.2
