"""Checks give the figure that closed forms give, with an honest error, and say what they do not know."""

from __future__ import annotations

import math

import numpy as np
import pytest
from engines import ENGINES
from scenes import VISIT, scene, town, watch
from scipy.special import ndtr, ndtri

from simulator.checks.check import CheckResult, check, jackknife
from simulator.checks.measures import PROGRAMME, USUAL_CARE, whole_run
from simulator.checks.smaller import depended_on, without_unused_places
from simulator.errors import RunError
from simulator.scenario.tables import Scenario

MOST = 4.9  # standard errors


def asked(scenario: Scenario, **checks: dict[str, object]) -> Scenario:
    """The scenario with these checks."""
    stated = {name: {"low": -math.inf, "high": math.inf, **check} for name, check in checks.items()}
    wide = {name: {**c, "low": max(c["low"], -1e12), "high": min(c["high"], 1e12)} for name, c in stated.items()}
    return Scenario.model_validate({**scenario.model_dump(by_alias=True, exclude_none=True), "checks": wide})


def ward(rate: float, *, log_sd: float = 0.0, people: int = 4000, years: int = 2) -> Scenario:
    """People of one kind with emergency admissions at a rate, without length of stay."""
    risk = {"population": {"risk": {"log_sd": log_sd}}} if log_sd else {}
    needs = {"urgent": {"goes_to": "ward", "rate": rate, "emergency": True}}
    places = {"ward": {"stay": {"dist": "fixed", "mean": 0.0}, "readmission_days": 30}}
    return scene({"needs": needs, "places": places}, risk, people=people, years=years)


def far(result: CheckResult, truth: float) -> float:
    """How many standard errors a result is from the truth."""
    return abs(result.simulated - truth) / result.mcse


# ------------------------------------------------------------------------------------------ closed forms


def test_the_jackknife_of_a_mean_is_its_standard_error():
    values = np.random.default_rng(1).normal(size=50)
    parts = np.stack([values, np.ones(50)], axis=1)
    mean, mcse = jackknife(parts, lambda s: float(s[0] / s[1]))
    assert mean == pytest.approx(values.mean())
    assert mcse == pytest.approx(values.std(ddof=1) / math.sqrt(50))


def test_one_block_has_no_error():
    assert math.isnan(jackknife(np.ones((1, 2)), lambda s: float(s[0]))[1])


def test_visits_and_repeats_of_people_who_are_all_alike_are_poisson():
    mean = 0.6
    scenario = asked(
        ward(mean),
        visits={"measure": "visits:ward", "per": 1000},
        same={"measure": "repeat_share_same_year:ward"},
        later={"measure": "repeat_share_next_year:ward"},
    )
    visits, same, later = check(scenario, rows=2)
    assert far(visits, 1000 * mean) < MOST
    assert far(same, 1 - math.exp(-mean)) < MOST
    assert far(later, 1 - math.exp(-mean) * (1 + mean)) < MOST


def test_readmissions_of_a_poisson_process_are_those_within_thirty_days():
    rate = 1.2
    result = check(asked(ward(rate), back={"measure": "readmission_share:ward"}), rows=2)[0]
    month = 1 - math.exp(-rate * 30 / 365.25)
    assert far(result, month) < MOST + 1  # the first month has no history


@pytest.mark.parametrize(("share", "on_record"), [(0.005, 0.093), (0.05, 0.343), (0.2, 0.599)])
def test_risk_over_all_ages_concentrates_admissions_as_on_record(share, on_record):
    """Roland & Abel 2012, people of all ages: 105 admissions per 1,000, log standard deviation of risk 1.25."""
    scenario = asked(ward(0.105, log_sd=1.25, people=20_000), top={"measure": f"concentration:ward:{share}"})
    result = check(scenario, rows=2)[0]
    of_lognormal = 1 - ndtr(ndtri(1 - share) - 1.25)
    assert far(result, of_lognormal) < MOST
    assert abs(of_lognormal - on_record) < 0.07


def test_a_programme_without_effect_changes_nothing_and_selection_alone_shows_a_fall():
    walks = {
        "offers": {"crisis": {"on": "discharge:ward", "share": 1.0}},
        "effects": {"none": {"target": "emergency:ward", "calibrated": 1.0}},
        "once": True,
    }
    a_day = {"places": {"ward": {"stay": {"dist": "fixed", "mean": 1.0}}}}
    urgent = {"needs": {"urgent": {"goes_to": "ward", "rate": 0.5, "emergency": True}}}
    scenario = scene(urgent, a_day, {"programmes": {"walks": walks}}, people=2000, years=3, warm_up_years=1.0)
    of = {"programme": "walks", "measure": "emergency:ward"}
    scenario = asked(
        scenario,
        truth={**of, "comparison": "with and without"},
        naive={**of, "comparison": "before and after"},
        alone={**of, "comparison": "before and after", "measure": "unselected:emergency:ward"},
    )
    truth, naive, alone = check(scenario, rows=1)
    assert truth.simulated == 0.0
    assert naive.simulated == alone.simulated
    assert 0.5 / 1.5 - 1 < naive.simulated < 0.5 - 1  # 1 to 1.5 admissions before, the last of them certain; 0.5 after


def test_some_years_together_give_what_they_hold_and_a_slash_gives_one_item_for_each_of_another():
    two = scene(
        {"needs": {"urgent": {"goes_to": "ward", "rate": 0.6}, "call": {"goes_to": "desk", "rate": 1.5}}},
        {"places": {place: {"stay": {"dist": "fixed", "mean": 0.0}} for place in ("ward", "desk")}},
        people=4000,
        years=2,
    )
    several = {"measure": "visits:ward", "years": [1, 4]}
    scenario = asked(
        two,
        several=several,
        first={"measure": "visits:ward"},
        all={**several, "years": [0, 4]},
        each={"measure": "visits:desk/visits:ward", "years": [1, 4]},
        both={"measure": "visits:desk+visits:ward", "years": [1, 4]},
    )
    several, first, every, each, both = check(scenario, rows=2)
    assert far(several, 3 * 0.6) < MOST
    assert every.simulated == pytest.approx(first.simulated + several.simulated)
    assert far(each, 1.5 / 0.6) < MOST and each.unit == "ratio"
    assert both.simulated == pytest.approx(several.simulated * (1 + each.simulated))


def test_a_ratio_of_0_is_never():
    two = {"states": ["fit", "frail"], "initial": {"65": [0.5, 0.5]}}
    urgent = {"goes_to": "ward", "rate": 0.8, "rate_is": "mean", "by_health": {"fit": 0}, "emergency": True}
    base = scene({"health": two}, {"needs": {"urgent": urgent}}, {"places": {"ward": {"stay": VISIT}}}, people=4000)
    same = {"measure": "repeat_share_same_year:ward"}
    visits, same = check(asked(base, visits={"measure": "visits:ward"}, same=same), rows=2)
    assert far(visits, 0.8) < MOST
    assert far(same, 1 - math.exp(-1.6)) < MOST  # all of them by the frail, at twice the mean


def test_costs_are_visits_times_prices():
    base = ward(0.6, people=500)
    money = {
        "payers": {"nhs": {"title": "NHS"}, "family": {"title": "Families", "public": False}},
        "cash": {"none": {"share": [0.0]}},
        "prices": {
            "stay": {"per": "visit:ward", "amount": 1000, "payer": "nhs", "cash": "none"},
            "lift": {"per": "visit:ward", "amount": 10, "payer": "family", "cash": "none"},
        },
    }
    priced = Scenario.model_validate({**base.model_dump(by_alias=True, exclude_none=True), **money})
    scenario = asked(
        priced,
        visits={"measure": "visits:ward"},
        nhs={"measure": "cost:nhs"},
        both={"measure": "cost:nhs+family"},
        lift={"measure": "price:lift"},
    )
    visits, nhs, both, lift = (result.simulated for result in check(scenario, rows=1))
    assert (nhs, both, lift) == pytest.approx((1000 * visits, 1010 * visits, 10 * visits))


def walks_for_all() -> Scenario:
    """Everybody starts in the first days, half of their admissions are averted, and a start costs 100 pounds."""
    walks = {
        "offers": {"all": {"rate": 1000.0}},
        "effects": {"ward": {"target": "need:urgent", "calibrated": 0.5}},
        "costs": {"start": {"kind": "per_start", "amount": 100, "payer": "council"}},
        "length": {"dist": "fixed", "mean": 200},
        "once": True,
    }
    money = {
        "payers": {"nhs": {"title": "NHS"}, "council": {"title": "Council"}},
        "cash": {"half": {"share": [0.5]}},
        "prices": {"stay": {"per": "visit:ward", "amount": 1000, "payer": "nhs", "cash": "half"}},
        "economics": {"discount_rate": 0.0, "discount_rate_later": 0.0, "health_discount_rate": 0.0},
    }
    base = ward(1.0, people=400, years=2).model_dump(by_alias=True, exclude_none=True)
    return Scenario.model_validate({**base, **money, "programmes": {"walks": walks}})


def test_what_a_run_finds_is_told_for_each_start_completion_and_person():
    of = {"programme": "walks", "comparison": "with and without"}
    names = ("net_saving", "net_saving:nhs", "gross_saving", "spending", "cash_saving:nhs", "averted:visits:ward")
    bases = ("", "_per_start", "_per_completion", "_per_person")
    labels = {
        f"{kind}{base}{colon}{subject}" for base in bases for kind, colon, subject in (n.partition(":") for n in names)
    }
    stated = {label.replace(":", "_"): {**of, "measure": label} for label in sorted(labels)}
    seen = {r.measure: r.simulated for r in check(asked(walks_for_all(), **stated), rows=1)}
    assert len(seen) == 24
    for base in bases:
        assert seen[f"net_saving{base}"] == pytest.approx(seen[f"gross_saving{base}"] - seen[f"spending{base}"])
        assert seen[f"gross_saving{base}"] == pytest.approx(1000 * seen[f"averted{base}:visits:ward"])
        assert seen[f"net_saving{base}:nhs"] == pytest.approx(2 * seen[f"cash_saving{base}:nhs"])
    assert seen["spending_per_start"] == pytest.approx(100) == seen["spending_per_person"]
    assert seen["spending"] == pytest.approx(100 * 400)


def test_what_a_run_finds_is_the_same_in_a_check():
    import simulator as sim

    of = {"programme": "walks", "comparison": "with and without", "measure": "net_saving"}
    scenario = asked(walks_for_all(), net=of)
    found = sim.run(scenario, rows=2, people=400).findings().arms[0].view().npv
    (net,) = check(scenario, rows=2)
    assert abs(net.simulated - found.place.mean) < MOST * math.hypot(net.mcse, float(found.place.mcse))


@pytest.mark.parametrize(
    ("measure", "comparison", "words"),
    [
        ("net_saving_per_start", "before and after", 'allowed "with and without"'),
        ("net_saving:council+nhss", "with and without", "did you mean nhs"),
        ("qaly_gain:nhs", "with and without", "it has no parts to name"),
        ("net_savings", "with and without", "did you mean net_saving"),
    ],
)
def test_figures_of_a_run_that_cannot_be_had_are_refused_in_words(measure: str, comparison: str, words: str):
    scenario = asked(walks_for_all(), odd={"programme": "walks", "comparison": comparison, "measure": measure})
    with pytest.raises(RunError, match=words):
        check(scenario, people=20, rows=1)


# ----------------------------------------------------------------------------------------------- verdicts


def test_usual_care_is_checked_where_a_support_asks_about_a_programme():
    """Nobody is on the programme then: who may not be on it may have the support, who must be on it may not."""
    asks = {"offers": {"all": {"rate": 1e4}}}
    tables = {
        "supports": {
            "without": {**asks, "eligible": {"off": ["club"]}},
            "within": {**asks, "eligible": {"on": ["club"]}},
        },
        "programmes": {"club": {"offers": {"all": {"rate": 1.0}}}},
    }
    wanted = {name: {"measure": f"starts:{name}"} for name in ("without", "within")}
    without, within = check(asked(scene(tables, people=50, years=1), **wanted), rows=1)
    assert (without.simulated, within.simulated) == (1.0, 0.0)


def test_results_come_in_the_order_of_the_file_with_their_verdicts():
    scenario = asked(
        ward(0.5, people=400),
        later={"measure": "repeat_share_next_year:ward"},
        met={"measure": "visits:ward", "low": 0.0, "high": 5.0, "target": 0.5, "note": "as asked"},
        out={"measure": "visits:ward", "low": 5.0, "high": 6.0},
        told={"measure": "visits:ward", "low": 5.0, "high": 6.0, "judged": False},
    )
    results = check(scenario, people=200, rows=1)
    assert [r.name for r in results] == ["later", "met", "out", "told"]
    assert [r.passed for r in results][1:] == [True, False, None]
    assert (results[1].target, results[1].note) == (0.5, "as asked")


def test_some_checks_can_be_asked_for_by_name():
    scenario = asked(ward(0.5), one={"measure": "visits:ward"}, two={"measure": "deaths"})
    assert [r.name for r in check(scenario, people=50, rows=1, names=["two"])] == ["two"]
    with pytest.raises(RunError, match="did you mean one"):
        check(scenario, people=50, rows=1, names=["onne"])


def test_a_check_is_given_the_samples_it_says_it_needs():
    visits = {"measure": "visits:ward", "per": 1000}
    scenario = asked(ward(0.6, people=100), usual=visits, many={**visits, "rows": 72})
    usual, many = check(scenario, people=100)
    assert 2.0 < usual.mcse / many.mcse < 4.5  # nine times as many people
    assert check(scenario, people=100, rows=8)[1].mcse == usual.mcse


def test_an_unknown_measure_is_an_error_that_names_the_nearest():
    scenario = asked(ward(0.5), typo={"measure": "visit:ward"})
    with pytest.raises(RunError, match="did you mean visits:ward"):
        check(scenario, people=50, rows=1)


def test_the_head_of_the_module_says_every_measure():
    import simulator.checks.measures as module

    for name in (*USUAL_CARE, *PROGRAMME):
        words = name.partition("_per_")[0] if name in whole_run.MEASURES else name
        assert words in (module.__doc__ or "")


def test_both_engines_give_the_same_results():
    scenario = asked(town(people=60), ae={"measure": "visits:ae"}, same={"measure": "repeat_share_same_year:inpatient"})
    simpy, compiled = (check(scenario, people=60, rows=1, engine=name) for name in ("simpy", "compiled"))
    assert simpy == compiled


# -------------------------------------------------------------------------------------------- idle places


def with_clinic() -> Scenario:
    """The town with a clinic that nothing depends on."""
    return town(
        {
            "needs": {"clinic": {"goes_to": "clinic", "rate": 3.0}},
            "places": {"clinic": {"stay": {"dist": "fixed", "mean": 0.0}}},
            "flares": {"ratio": {"clinic": 2.0}},
            "boosts": {"after_ward": {"ratio": {"clinic": 2.0}}},
            "programmes": {
                "visits": {
                    "effects": {"clinic": {"target": "visits:clinic", "calibrated": 0.9}},
                    "early_uplift": {"uplift": 0.1, "days": 90, "needs": ["clinic"]},
                }
            },
        }
    )


def test_places_on_a_journey_or_that_something_refers_to_are_not_idle():
    assert depended_on(with_clinic()) >= {"gp", "ae", "inpatient"}
    assert "clinic" not in depended_on(with_clinic())


def test_an_idle_place_goes_with_all_that_belongs_to_it():
    left = without_unused_places(with_clinic(), ())
    assert set(left.places) == {"gp", "ae", "inpatient"} and "clinic" not in left.needs
    assert "clinic" not in left.programmes["visits"].effects and left.programmes["visits"].early_uplift is None
    assert "clinic" in without_unused_places(with_clinic(), ["clinic"]).places


def test_leaving_out_an_idle_place_changes_nobody_elses_life():
    whole, less = with_clinic(), without_unused_places(with_clinic(), ())
    seen = [watch(ENGINES["simpy"], each) for each in (whole, less)]
    for item in ("visits:inpatient", "readmissions:inpatient", "starts:visits", "deaths"):
        for arm in (0, 1):
            np.testing.assert_array_equal(*(one.count(item, arm) for one in seen))
