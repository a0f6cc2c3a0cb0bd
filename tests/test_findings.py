"""Findings from hand-made runs, against sums done by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hand_made import FAR, WALKS, arm_years, central, ledger, normal_scores, scenario

from simulator.activity.ledger import Ledger
from simulator.errors import RunError
from simulator.findings import Findings, findings_of
from simulator.findings.saving import three_ranges
from simulator.money.account import account_of
from simulator.money.price import price
from simulator.scenario.tables import COST_PARTS, Scenario
from simulator.uncertainty.design import Design

WEIGHT = 20.0
COSTS = "programmes.walks.costs"
SAVES = {"visits:ae": arm_years(30, 20), "starts:walks": arm_years(0, [10, 0, 0, 0])}


def found(changes: dict[str, Any] | None = None, activity: dict[str, Any] | None = None, rows: int = 1) -> Findings:
    made = scenario(changes)
    return decided(made, ledger(made, SAVES if activity is None else activity, rows=rows))


def decided(made: Scenario, kept: Ledger, evidence: Any = "calibrated") -> Findings:
    return findings_of(price(kept, made, central(len(kept.rows)), evidence), kept, made)


# --------------------------------------------------------------------------------------- whole findings


def test_no_effect_and_no_cost_means_no_difference_at_all() -> None:
    activity = {"visits:ae": arm_years(30, 30), "days:inpatient": 50}
    arm = found({COSTS: {}}, activity, rows=5).arm("walks")
    view = arm.view()
    assert view.payback.status == "no investment"
    assert not np.any(view.by_year.place.quantiles) and not np.any(view.place_paths)
    assert arm.health.cost_per_qaly_words == "no difference"
    assert all(entry.words == "no spending" for entry in arm.returns)
    assert found({COSTS: {}}, activity).sentences()[1:3] == [
        "Payback: no investment, the programme changes no spending.",
        "Budgets (cash, present value): none is known to change.",
    ]


def test_net_saving_by_hand() -> None:
    findings = found()
    arm = findings.arm("walks")
    saved = 10 * 200 * WEIGHT
    cost = 5000 + 10 * 50 * WEIGHT
    yearly = np.array([saved - cost, saved, saved, saved])
    factors = 1.035 ** -np.arange(4.0)
    view = arm.view()
    assert np.allclose(view.by_year.mean, yearly, rtol=1e-12)
    assert np.allclose(view.cumulative.mean, yearly.cumsum(), rtol=1e-12)
    assert np.isclose(float(view.npv.mean), yearly @ factors, rtol=1e-12)
    cash = saved * np.array([0.1, 0.1, 0.5, 0.5]) - np.array([cost, 0, 0, 0])
    assert np.allclose(arm.view(money="cash").by_year.mean, cash, rtol=1e-12)
    per_starter = arm.per_starter()
    assert per_starter is not None
    assert np.isclose(float(per_starter.mean), yearly @ factors / (10 * WEIGHT), rtol=1e-12)
    assert np.isclose(float(findings.per_head("walks").mean), yearly @ factors / 1000, rtol=1e-12)


def test_the_funding_gap_is_the_lowest_point_of_the_path() -> None:
    arm = found({f"{COSTS}.set_up.amount": 100_000}).arm("walks")
    gap = arm.view().gap
    saved = 10 * 200 * WEIGHT
    assert gap.year == 0
    assert np.isclose(float(gap.depth.mean), 100_000, rtol=1e-12)  # on day 0, before the first saving
    council = arm.view("council", "cash").gap
    assert np.isclose(float(council.depth.mean), 100_000 + 10_000, rtol=1e-12)
    assert float(arm.view("nhs", "cash").gap.depth.mean) == 0 and arm.view("nhs", "cash").gap.year is None
    assert saved < 100_000


def test_an_investor_sees_its_own_payback() -> None:
    arm = found().arm("walks")
    council, nhs = arm.view("council", "cash"), arm.view("nhs", "cash")
    assert (council.invests, nhs.invests) == (True, False)
    assert float(council.payback.p_never.value) == 1
    assert float(nhs.payback.p_never.value) == 0
    assert arm.view().invests


def test_the_benefit_cost_ratio_is_a_ratio_of_present_values() -> None:
    arm = found().arm("walks")
    factors = 1.035 ** -np.arange(4.0)
    value, cost = 10 * 200 * WEIGHT * factors.sum(), 5000 + 10 * 50 * WEIGHT
    cash = 10 * 200 * WEIGHT * (factors @ [0.1, 0.1, 0.5, 0.5])
    by_version = {entry.version: entry for entry in arm.returns}
    assert np.isclose(by_version["fiscal"].ratio or 0, value / cost, rtol=1e-12)
    assert np.isclose(by_version["cashable"].ratio or 0, cash / cost, rtol=1e-12)


def test_extra_use_is_no_return() -> None:
    arm = found(activity={"visits:ae": arm_years(20, 30)}).arm("walks")
    assert [entry.words for entry in arm.returns] == ["no return"] * 3


def test_a_ratio_of_means_is_not_the_mean_of_ratios() -> None:
    made = scenario()
    visits = np.zeros((2, 1, 2, 4))
    visits[0, 0, WALKS], visits[1, 0, WALKS] = -30.0, -10.0
    starts = np.zeros((2, 1, 2, 4))
    starts[0, 0, WALKS, 0], starts[1, 0, WALKS, 0] = 40.0, 1.0
    findings = decided(made, ledger(made, {"visits:ae": visits, "starts:walks": starts}, rows=2))
    fiscal = findings.arm("walks").returns[0]
    assert np.isclose(fiscal.ratio or 0, fiscal.benefits / fiscal.spending, rtol=1e-12)


def test_the_error_of_a_return_vanishes_when_benefits_follow_spending() -> None:
    made = scenario({f"{COSTS}.set_up": None})
    starts = np.zeros((5, 1, 2, 4))
    starts[:, 0, WALKS, 0] = [1, 2, 3, 4, 5]
    kept = ledger(made, {"visits:ae": -starts, "starts:walks": starts}, rows=5, replicates=1)
    fiscal = decided(made, kept).arm("walks").returns[0]
    assert fiscal.ratio == pytest.approx(200 / 50) and fiscal.mcse == pytest.approx(0, abs=1e-12)


def test_health_has_a_discount_rate_of_its_own() -> None:
    arm = found(activity={"effect_days:walks.mood": arm_years(0, 365.25)}).arm("walks")
    assert np.isclose(float(arm.health.qaly.mean), 0.02 * WEIGHT * (1.015 ** -np.arange(4.0)).sum(), rtol=1e-12)


def test_the_same_days_in_another_order_are_no_qalys_gained_and_a_day_of_one_person_is() -> None:
    hand_made = account_of({"usual care": {"care nhs": [0]}, "walks": {"care nhs": [5000]}})

    def gained(more: float) -> float:
        qaly = hand_made.qaly + 80_000.0
        qaly[:, :, 1] += more
        return float(replace(hand_made, qaly=qaly).qaly_gain("walks").sum())

    assert gained(3e-11) == gained(-3e-11) == 0.0
    assert gained(0.1 / 365.25) == pytest.approx(0.1 / 365.25, abs=1e-10)


def test_qalys_are_valued_beside_the_money() -> None:
    activity = {"effect_days:walks.mood": arm_years(0, [365.25, 0, 0, 0]), "starts:walks": arm_years(0, [1, 0, 0, 0])}
    health = found(activity=activity).arm("walks").health
    gain, cost = 0.02 * WEIGHT, 5000 + 50 * WEIGHT
    assert np.isclose(float(health.qaly.mean), gain, rtol=1e-12)
    assert np.isclose(health.cost_per_qaly or 0, cost / gain, rtol=1e-12)
    assert [float(w.net_benefit.mean) for w in health.worth] == pytest.approx(
        [20000 * gain - cost, 70000 * gain - cost]
    )
    assert [float(w.p_worth_it.value) for w in health.worth] == [1.0, 1.0]
    points, likely = health.curve
    assert np.array_equal(likely, (points * gain > cost).astype(float))


def test_a_cost_per_qaly_is_left_out_where_it_means_nothing() -> None:
    for activity in (
        {"effect_days:walks.mood": arm_years(0, 10.0), "visits:ae": arm_years(90, 0)},
        {"visits:ae": arm_years(0, 10)},
        {"effect_days:walks.mood": arm_years(9, 0), "visits:ae": arm_years(90, 0)},
    ):
        assert found(activity=activity).arm("walks").health.cost_per_qaly is None


def test_what_averted_what_adds_over_the_years_and_the_place() -> None:
    arm = found().arm("walks")
    entry = next(entry for entry in arm.averted if entry.item == "visits:ae")
    assert (entry.usual_care, entry.with_programme) == (30 * 4 * WEIGHT, 20 * 4 * WEIGHT)
    assert float(entry.averted.mean) == 10 * 4 * WEIGHT
    assert [entry.item for entry in arm.averted] == ["visits:ae", "starts:walks"]


def test_lines_add_to_the_net_saving() -> None:
    arm = found().arm("walks")
    for money in ("value", "cash"):
        total = sum(float(getattr(line, money).mean) for line in arm.lines)
        assert np.isclose(total, float(arm.view("everyone", "cash" if money == "cash" else "value").npv.mean))


def test_transfers_make_every_payer_whole_when_the_gains_suffice() -> None:
    arm = found().arm("walks")
    (transfer,) = arm.transfers
    council = float(arm.view("council", "cash").npv.mean)
    assert (transfer.giver, transfer.taker) == ("nhs", "council")
    assert np.isclose(transfer.pounds, -council, rtol=1e-12)


def test_the_care_of_those_who_live_longer_is_shown_apart() -> None:
    lived = {"person_days:fit:65": arm_years(1000, 1250)}
    entry = {"per": "person_day", "amount": 4, "payer": "nhs", "cash": "beds"}
    survivors = found({COSTS: {}, "prices.living": entry}, lived).arm("walks").survivors
    factors = (1.035 ** -np.arange(4.0)).sum()
    assert np.isclose(float(survivors.survival.value), -250 * 4 * WEIGHT * factors, rtol=1e-12)
    assert np.isclose(float(survivors.fixed_survival.value), 0, atol=1e-6)
    assert not survivors.by_earlier_death


def test_a_saving_through_earlier_death_is_flagged() -> None:
    lived = {"person_days:fit:65": arm_years(1000, 800)}
    entry = {"per": "person_day", "amount": 4, "payer": "nhs", "cash": "beds"}
    findings = found({COSTS: {}, "prices.living": entry}, lived)
    assert findings.arm("walks").survivors.by_earlier_death
    assert "walks: the saving rests on earlier death, so it must not be the headline" in findings.notes


def test_a_combination_shows_what_its_parts_do_not_add_up_to() -> None:
    both = {
        "programmes.talks": {},
        "arms": {"walks": ["walks"], "talks": ["talks"], "both": ["walks", "talks"]},
        COSTS: {},
    }
    arm = found(both, {"visits:ae": arm_years(30, 20, 25, 12)}).arm("both")
    factors = (1.035 ** -np.arange(4.0)).sum()
    assert arm.interaction is not None
    assert np.isclose(float(arm.interaction.value), 3 * 200 * WEIGHT * factors, rtol=1e-12)
    visits = next(entry for entry in arm.averted if entry.item == "visits:ae")
    assert visits.interaction is not None and float(visits.interaction.value) == 3 * 4 * WEIGHT
    assert found(both, {}).arm("walks").interaction is None


def windows(counts: dict[tuple[int, int], float], alive_days: float, people: float, made: Scenario) -> Ledger:
    """One row: starters' A&E visits by (world, side), with the same exposure in each."""
    kept = ledger(made, SAVES)
    table = kept.windows.copy()
    for (world, side), count in counts.items():
        table[:, :, 0, 0, world, side, kept.measures.index("visits:ae")] = count
        table[:, :, 0, 0, world, side, kept.measures.index("alive_days")] = alive_days
        table[:, :, 0, 0, world, side, kept.measures.index("people")] = people
    return Ledger(**{**vars(kept), "windows": table})


def test_the_before_after_illusion_by_hand() -> None:
    made = scenario()
    kept = windows({(0, 0): 40, (0, 1): 18, (1, 0): 40, (1, 1): 20}, alive_days=3652.5, people=10, made=made)
    entries = decided(made, kept).arm("walks").before_after
    assert [(entry.who, entry.measure, entry.per) for entry in entries] == [
        ("starters", "visits:ae", "person-year alive"),
        ("starters", "visits:ae", "starter"),
    ]
    for entry in entries:
        assert entry.naive is not None and entry.true is not None and entry.rho is not None
        told = [float(x.mean) for x in (entry.naive, entry.true, entry.rho)]
        assert told == pytest.approx([-0.55, -0.1, 0.5], rel=1e-12)
        assert (entry.before, entry.after, entry.after_without) == pytest.approx((4.0, 1.8, 2.0))
        assert (1 + told[0]) == pytest.approx(told[2] * (1 + told[1]), rel=1e-12)
        assert entry.people == 20 * 10


def test_nothing_before_means_no_naive_change() -> None:
    made = scenario()
    kept = windows({(0, 0): 0, (0, 1): 18, (1, 0): 0, (1, 1): 20}, alive_days=3652.5, people=10, made=made)
    entry = decided(made, kept).arm("walks").before_after[0]
    assert entry.naive is None and entry.rho is None and entry.true is not None
    assert decided(made, kept).to_dict()["arms"]["walks"]["before_after"][0]["naive"] is None


def test_the_error_of_a_ratio_of_windows_is_that_of_its_counts() -> None:
    """Poisson counts at 4 and 2 a year over uneven exposure: var of the log ratio is 1 / counts + 1 / counts."""
    made, rng, rows = scenario(), np.random.default_rng(11), 4000
    kept = ledger(made, {}, rows=rows, replicates=1)
    table = kept.windows.copy()
    years = rng.uniform(0.2, 3.0, (rows, 1, 2, 2))
    table[:, :, 0, 0, :, :, kept.measures.index("visits:ae")] = rng.poisson(years * [4, 2])
    table[:, :, 0, 0, :, :, kept.measures.index("alive_days")] = years * 365.25
    table[:, :, 0, 0, :, :, kept.measures.index("people")] = 1
    entry = decided(made, Ledger(**{**vars(kept), "windows": table})).arm("walks").before_after[0]
    assert entry.naive is not None
    lived = years[:, 0, 0].sum(axis=0)
    exact = 0.5 * np.sqrt(1 / (4 * lived[0]) + 1 / (2 * lived[1]))
    assert abs(float(entry.naive.mcse) / exact - 1) < FAR * np.sqrt(2 / rows)
    assert abs(float(entry.naive.mean) + 0.5) < FAR * exact


def noisy(rows: int = 40, **changes: Any) -> Findings:
    made = scenario(changes)
    rng = np.random.default_rng(2)
    usual = rng.poisson(30, (rows, 2, 1, 4))
    visits = np.concatenate([usual, usual - rng.poisson(3, (rows, 2, 1, 4))], axis=2)
    return decided(made, ledger(made, {"visits:ae": visits, "starts:walks": arm_years(0, [9, 0, 0, 0])}, rows=rows))


def test_saving_and_payback_agree_at_the_horizon() -> None:
    view = noisy().arm("walks").view()
    assert np.isclose(float(view.p_saving.value[-1]), 1 - float(view.payback.p_never.value), atol=1e-12)
    assert np.isclose(float(view.payback.by_year.value[-1]), 1 - float(view.payback.p_never.value), atol=1e-12)
    assert np.all(view.payback.crossed_by_year.value >= view.payback.by_year.value)


def test_the_range_of_a_place_holds_that_of_the_expected_effect() -> None:
    view = noisy().arm("walks").view()
    width = [float(band.high - band.low) for band in (view.npv.expected, view.npv.place)]
    assert width[0] < width[1]
    assert float(view.npv.expected.mean) == float(view.npv.place.mean)
    assert view.npv.new_place is None
    assert 0 <= float(view.npv.chance_share) <= 1


def test_three_ranges_lie_in_each_other_and_share_their_mean() -> None:
    view = with_sites().arm("walks").view()
    assert list(view.npv.named()) == ["expected", "new_place", "place"]
    width = [float(band.high - band.low) for band in view.npv.named().values()]
    assert width == sorted(width)
    assert np.ptp([float(band.mean) for band in view.npv.named().values()]) < 1e-6
    total, twice = view.total.named()["new_place"], view.total.scaled(2.0).named()["new_place"]
    assert float(twice.high) == 2 * float(total.high)


def test_payback_and_the_chance_of_a_saving_are_those_of_a_place_with_its_own_factor() -> None:
    view = with_sites().arm("walks").view()
    spread = [paths[..., -1].std() for paths in (view.expected_paths, view.place_paths)]
    assert spread[0] < spread[1]
    assert np.isclose(float(view.p_saving.value[-1]), (view.place_paths[:, -1] > 0).mean(), rtol=1e-12)


def test_the_tables_and_lines_name_the_new_place() -> None:
    findings = with_sites()
    assert set(findings.to_frames()["by_year"].range) == {"expected", "new_place", "place"}
    assert findings.to_dict()["arms"]["walks"]["npv_new_place"].keys() >= {"mean", "low", "high"}
    assert "a new place (with differences between places)" in three_ranges(findings.arm("walks"))
    assert not any("spread between places" in note for note in findings.notes)


def test_a_programme_that_states_no_spread_between_places_is_named() -> None:
    findings = noisy()
    assert "walks: the scenario states no spread between places (between_sites), so" in findings.notes[0]
    assert findings.to_dict()["arms"]["walks"]["npv_new_place"] is None
    assert "new place" not in three_ranges(findings.arm("walks"))


def test_the_parts_of_a_full_cost_that_nobody_paid_for_are_named() -> None:
    missing = "walks: no cost says that it includes on-costs, overheads, supervision, involvement payments, "
    assert any(note.startswith(missing) for note in found().notes)
    stated = {f"{COSTS}.set_up.includes": ["on-costs", "VAT"], f"{COSTS}.per_walk.includes": ["overheads"]}
    (note,) = [note for note in found(stated).notes if "no cost says" in note]
    assert "includes supervision, involvement payments, evaluation, double running, exit; what is missing" in note
    all_of_it = {f"{COSTS}.set_up.includes": list(COST_PARTS)}
    assert not any("no cost says" in note for note in found(all_of_it).notes)


def test_too_few_rows_leave_places_with_the_parameters_and_say_so() -> None:
    findings = with_sites(rows=9)
    assert findings.arm("walks").view().npv.new_place is None
    assert any("9 sets of parameters are too few to part places" in note for note in findings.notes)


def with_sites(rows: int = 100) -> Findings:
    """Walks whose visits averted differ between rows, between places and by chance."""
    spread = {"value": 1.0, "ci95": [0.8, 1.25], "grade": 6, "why": "made up for tests"}
    ratio = {"target": "visits:ae", "calibrated": 0.5}
    made = scenario({"programmes.walks.between_sites": spread, "programmes.walks.effects.ae": ratio})
    rng = np.random.default_rng(3)
    sites = np.exp(0.1 * rng.permutation(normal_scores(rows)))
    visits = np.full((rows, 2, 2, 4), 10.0)
    visits[:, :, 1] = 9 - rng.permutation(normal_scores(rows))[:, None, None]
    visits[:, :, 1] += 8 * np.log(sites)[:, None, None] + rng.normal(size=(rows, 2, 1))
    design = central(rows, ("programmes.walks.between_sites",), sites[:, None])
    activity = {"visits:ae": visits, "starts:walks": arm_years(0, [9, 0, 0, 0])}
    counted = ledger(made, activity, rows=rows)
    return findings_of(price(counted, made, design), counted, made)


def test_findings_speak_json_tables_and_five_lines() -> None:
    findings = noisy()
    told = json.loads(json.dumps(findings.to_dict(), allow_nan=False))
    walks = told["arms"]["walks"]
    assert {"mean", "low", "high", "mcse"} <= set(walks["npv"])
    assert [entry["year"] for entry in walks["net_saving_by_year"]] == [0, 1, 2, 3]
    assert set(walks["p_saving_by_year"][0]) == {"year", "p", "mcse"}
    assert {"p_never", "median_year", "restricted_mean_years"} <= set(walks["payback"])
    frames = findings.to_frames()
    assert set(frames["by_year"].payer) == {"public purse", "everyone", "nhs", "council"}
    assert frames["totals"]["mean"].notna().all()
    lines = findings.sentences()
    assert lines[0].startswith("walks, best independent evidence: a net saving of £") and len(lines[0]) < 160
    starts = (
        "In a place like yours: a saving of between £",
        "In cash: ",
        "Per person who starts (180 people): a net saving of £",
        "The programme costs £14,000: all of it from ",
        "Counting capacity at full cost it saves in every simulated future; in cash in 3 of 10 simulated futures",
        "For each £1 that the public purse spends: £",
        "Budgets (cash, present value): ",
        "The answer rests on ",
    )
    for start in starts:
        assert any(line.startswith(start) for line in lines), start


def first_words(more_visits: float) -> str:
    """The first sentence of a run whose visits averted differ by chance around a mean, at no cost."""
    made, rng = scenario({COSTS: {}}), np.random.default_rng(8)
    visits = 50 + rng.normal(size=(40, 2, 2, 4))
    visits[:, :, WALKS] += visits[:, :, 0].mean() - visits[:, :, WALKS].mean() + more_visits
    return decided(made, ledger(made, {"visits:ae": visits}, rows=40)).sentences()[0]


@pytest.mark.parametrize(("more_visits", "start"), [
    (0.01, "about break-even; this run can't tell it from nothing. "),
    (-0.01, "about break-even; this run can't tell it from nothing. "),
    (5.0, "a net cost of £"),
    (-5.0, "a net saving of £"),
])  # fmt: skip
def test_the_first_sentence_changes_with_the_sign_and_claims_nothing_within_two_errors(
    more_visits: float, start: str
) -> None:
    said = first_words(more_visits).removeprefix("walks, best independent evidence: ")
    assert said.startswith(start) and said.endswith(", present value over 4 years, to the public purse.")
    assert "(Monte Carlo error ± £" in said


def test_what_says_nothing_is_left_out() -> None:
    lines = found({f"{COSTS}.set_up.amount": 50_000}, {"starts:walks": arm_years(0, [10, 0, 0, 0])}).sentences()
    assert "It saves in no simulated future, at full value and in cash alike, by the end of year 3." in lines
    assert not any(words in line for line in lines for words in ("Health", "Half the futures", "Capacity", "0.00"))


def test_a_hopeless_programme_leads_with_its_cost_per_start() -> None:
    activity = {"starts:walks": arm_years(0, [10, 0, 0, 0])}
    line = found({f"{COSTS}.set_up.amount": 50_000}, activity).sentences()[0]
    assert line.startswith("walks, best independent evidence: a net cost of £300 per person who starts, and no QAL")


def test_effects_without_a_claim_are_named_in_words() -> None:
    made = scenario({"programmes.walks.effects.mood.claimed": None})
    findings = decided(made, ledger(made, SAVES), "claimed")
    absent = "walks: nobody has put a usable figure on them, so they are absent: “effects mood”"
    assert absent in findings.notes


def test_the_tables_hold_every_probability_the_spending_and_what_survival_does() -> None:
    findings = found()
    arm, tables = findings.arm("walks"), findings.tables()
    view = arm.view()
    rows = [row for row in tables["probabilities"] if (row["payer"], row["money"]) == ("public purse", "value")]
    assert [row["saves"] for row in rows] == view.p_saving.value.tolist()
    assert [row["paid_back"] for row in rows] == view.payback.by_year.value.tolist()
    assert [row["at_zero_once"] for row in rows] == view.payback.crossed_by_year.value.tolist()
    told = {(row["figure"], row["year"]): row["mean"] for row in tables["programme"]}
    assert told["starts", None] == 10 * WEIGHT
    assert told["programme spending", 0] == 5000 + 10 * 50 * WEIGHT
    alive, dead = (
        told[name, None] for name in (name for name, _ in told if name.startswith("net saving ") and "days" in name)
    )
    assert alive + dead == pytest.approx(float(view.npv.mean))
    moved = [(row["giver"], row["taker"], row["pounds"]) for row in tables["transfers"]]
    assert moved == [(each.giver, each.taker, each.pounds) for each in arm.transfers] and moved


def test_one_replicate_leaves_chance_inside_and_says_so() -> None:
    made = scenario()
    kept = ledger(made, SAVES, rows=3, replicates=1)
    findings = decided(made, kept)
    assert any("could not be parted" in note for note in findings.notes)
    assert float(findings.arm("walks").view().npv.chance_share) == 0


def test_an_account_of_another_run_is_refused() -> None:
    made = scenario()
    account = price(ledger(made, SAVES, rows=2), made, central(2))
    with pytest.raises(RunError, match="different runs"):
        findings_of(account, ledger(made, SAVES, rows=3), made)


def test_errors_come_from_the_spread_between_batches() -> None:
    made = scenario()
    rng = np.random.default_rng(4)
    visits = rng.poisson(30, (40, 2, 2, 4))
    kept = ledger(made, {"visits:ae": visits}, rows=40)
    batch = np.repeat(np.arange(8), 5)
    design = Design((), np.empty((40, 0)), np.arange(40), batch, "probabilistic", 1)
    npv = findings_of(price(kept, made, design), kept, made).arm("walks").view().npv
    saved = price(kept, made, design).saving("walks", ("nhs", "council")) @ (1.035 ** -np.arange(4.0))
    means = saved.mean(axis=1).reshape(8, 5).mean(axis=1)
    assert np.isclose(float(npv.place.mcse), means.std(ddof=1) / np.sqrt(8), rtol=1e-12)


def test_a_run_that_is_too_small_says_so_and_names_its_ranges_after_what_is_in_them() -> None:
    """Chance alone differs between these rows, though a parameter was sampled."""
    made = scenario()
    rng = np.random.default_rng(3)
    visits = rng.poisson(30, (40, 2, 2, 4))
    kept = ledger(made, {"visits:ae": visits, "starts:walks": arm_years(0, [9, 0, 0, 0])}, rows=40)
    sampled = central(40, ("needs.ae.rate",), np.linspace(0.1, 0.2, 40)[:, None])
    arm = findings_of(price(kept, made, sampled), kept, made).arm("walks")
    words = three_ranges(arm)
    assert not arm.view().npv.is_parted
    assert "as simulated" in words and "parameters alone" not in words
    assert "too small to tell chance from what we don't know; " in words and words.endswith(" may do.")


def test_the_share_of_chance_is_printed() -> None:
    words = three_ranges(noisy().arm("walks"))
    assert "Chance is " in words and "of what differs between sets of parameters" in words


def test_nobody_gains_within_two_errors() -> None:
    """The health service saves in some rows and pays in others, by the same amounts."""
    made = scenario()
    visits = np.full((4, 2, 2, 4), 50)
    visits[:, :, WALKS, 0] += np.array([9, -9, 10, -8])[:, None]
    kept = ledger(made, {"visits:ae": visits}, rows=4)
    line = next(line for line in decided(made, kept).sentences("walks") if line.startswith("Budgets"))
    assert "NHS acute" not in line.partition(". Within")[0]
    assert line.endswith("Within the Monte Carlo error of no change: NHS acute.")


def test_a_range_from_one_set_of_parameters_is_not_printed() -> None:
    made = scenario()
    lines = decided(made, ledger(made, SAVES, rows=1)).sentences()
    assert "In a place like yours: not known from one set of parameters." in lines


def test_few_sets_of_parameters_name_the_share_that_they_hold() -> None:
    """The lowest to the highest of four rows hold a further one 3 times in 5."""
    lines = noisy(rows=4).sentences()
    assert any(line.endswith("(60 % of futures).") for line in lines) and not any("95 %" in line for line in lines)
