"""Money made from hand-made activity, against sums done by hand."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import numpy as np
import pytest
from hand_made import USUAL, WALKS, arm_years, central, ledger, scenario

from simulator.activity.ledger import Ledger
from simulator.errors import RunError
from simulator.money.account import Account, discount_factors
from simulator.money.cash import whole_steps
from simulator.money.posts import room
from simulator.money.price import price
from simulator.scenario.tables import Scenario

WEIGHT = 20.0  # a place of 1,000 people, 50 simulated in each replicate
DAYS = 365.25
COSTS = "programmes.walks.costs"
BUSY = {
    "visits:ae": arm_years(30, 20),
    "days:inpatient": arm_years(100, [100, 80, 60, 60]),
    "starts:walks": arm_years(0, [10, 5, 0, 0]),
}


def priced(changes: dict[str, Any] | None = None, activity: dict[str, Any] | None = None, **how: Any) -> Account:
    made = scenario(changes)
    return price(ledger(made, BUSY if activity is None else activity), made, central(1), **how)


def spending(account: Account, line: str, arm: int = WALKS, group: int = 0) -> list[float]:
    names = [entry.name for entry in account.lines]
    return [round(float(x), 6) for x in account.spending[0, 0, arm, group, :, names.index(line)]]


def test_spending_is_activity_times_price_times_what_a_person_stands_for() -> None:
    account = priced()
    assert spending(account, "prices.ae_visit", USUAL) == [30 * 200 * WEIGHT] * 4
    assert spending(account, "prices.bed_day") == [days * 400 * WEIGHT for days in (100, 80, 60, 60)]
    assert spending(account, f"{COSTS}.per_walk") == [10 * 50 * WEIGHT, 5 * 50 * WEIGHT, 0, 0]


def test_a_saving_is_positive_and_a_cost_negative() -> None:
    account = priced()
    assert account.saving("walks", ("nhs",), ("care",))[0, 0, 0] == 10 * 200 * WEIGHT
    assert account.saving("walks", ("council",))[0, 0, 0] == -(5000 + 10 * 50 * WEIGHT)


def test_usual_care_has_no_programme_spending() -> None:
    assert spending(priced(), f"{COSTS}.set_up", USUAL) == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("per", "expected"),
    [
        ("visit:ae", 7.0),
        ("emergency:ae", 3.0),
        ("planned:ae", 4.0),
        ("day:ae", 2.5),
        ("emergency_day:ae", 1.5),
        ("active_day:walks", 90.0),
        ("person_day", 300.0),
        ("person_day:frail", 100.0),
    ],
)
def test_a_price_counts_what_it_says(per: str, expected: float) -> None:
    activity = {
        "visits:ae": 7,
        "emergency:ae": 3,
        "days:ae": 2.5,
        "emergency_days:ae": 1.5,
        "active_days:walks": 90,
        "person_days:fit:65": 200,
        "person_days:frail:65": 60,
        "person_days:frail:75": 40,
    }
    entry = {"per": per, "amount": 2, "payer": "nhs", "cash": "beds"}
    account = priced({"prices.one": entry}, activity)
    assert spending(account, "prices.one") == [expected * 2 * WEIGHT] * 4


def test_an_unknown_unit_of_price_suggests_the_nearest() -> None:
    with pytest.raises(RunError, match="did you mean visit"):
        priced({"prices.ae_visit.per": "vist:ae"})


def test_prices_of_other_years_are_brought_to_the_scenarios() -> None:
    amount = {"value": 100, "price_year": "2022/23"}
    account = priced({"prices.ae_visit.amount": amount, "economics.index": {"2022/23": 1.025}})
    assert spending(account, "prices.ae_visit", USUAL) == [round(30 * 102.5 * WEIGHT, 6)] * 4


def test_prices_of_a_case_are_in_pounds_of_its_own_year() -> None:
    now, then = {"value": 125, "price_year": "2023/24"}, {"value": 100, "price_year": "2013/14"}
    index = {"price_year": "2013/14", "economics.index": {"2013/14": 1.25}, "economics.index_year": "2023/24"}
    for amount in (now, then):
        account = priced({"prices.ae_visit.amount": amount, **index})
        assert spending(account, "prices.ae_visit", USUAL) == [round(30 * 100 * WEIGHT, 6)] * 4


def test_a_cost_shared_by_payers_is_borne_in_shares_and_adds_up() -> None:
    alone, shared = priced(), priced({f"{COSTS}.per_walk.payer": {"council": 0.25, "nhs": 0.75}})
    for payer, share in {"council": 0.25, "nhs": 0.75}.items():
        lines = [k for k, one in enumerate(shared.lines) if (one.name, one.payer) == (f"{COSTS}.per_walk", payer)]
        spent = shared.spending[0, 0, WALKS, 0, :, lines].sum(axis=0)
        assert spent == pytest.approx([share * pounds for pounds in spending(alone, f"{COSTS}.per_walk")])
    assert shared.saving("walks", None) == pytest.approx(alone.saving("walks", None))


def test_a_price_year_without_an_index_is_a_fault_that_says_where() -> None:
    with pytest.raises(RunError, match=r"prices\.ae_visit\.amount: found price_year 2019/20; allowed 2023/24"):
        priced({"prices.ae_visit.amount": {"value": 100, "price_year": "2019/20"}})


def fixed(cost: dict[str, Any], **changes: Any) -> list[float]:
    made = {f"{COSTS}.x": {"payer": "council", **cost}} | {k.replace("__", "."): v for k, v in changes.items()}
    return spending(priced(made), f"{COSTS}.x")


def test_workers_that_one_arm_alone_has_are_paid_for_there() -> None:
    """Two, and four from the middle of the second funded year in this arm; room follows them."""
    more = {"programmes": ["walks"], "capacity": [{"support": "walks", "day": 1.5 * DAYS, "workers": 4}]}
    made = scenario({
        "programmes.walks.staff": {"workers": 2, "caseload": 10},
        f"{COSTS}.x": {"kind": "per_worker_year", "amount": 40000, "payer": "council"},
        "arms.walks": more,
        "arms.same": ["walks"],
    })  # fmt: skip
    busy = ledger(made, {"starts:walks": arm_years(0, [10, 5, 0, 0], [10, 5, 0, 0])})
    account = price(busy, made, central(1))
    assert spending(account, f"{COSTS}.x", 1) == [80000, 120000, 0, 0]
    assert spending(account, f"{COSTS}.x", 2) == [80000, 80000, 0, 0]
    told = [room(busy, made, central(1), arm, "walks") for arm in ("walks", "same")]
    assert [table.tolist() for table in told if table is not None] == [[[20, 30, 0, 0]], [[20, 20, 0, 0]]]


def test_a_yearly_cost_runs_for_the_funding_years_from_the_opening_day() -> None:
    yearly = {"kind": "per_year", "amount": 1000}
    assert fixed(yearly) == [1000, 1000, 0, 0]
    assert fixed(yearly, programmes__walks__opens_day=DAYS / 2) == [500, 1000, 500, 0]
    assert fixed(yearly, programmes__walks__closes_day=DAYS) == [1000, 0, 0, 0]
    assert fixed(yearly, programmes__walks__ends_day=DAYS * 3.25, programmes__walks__closes_day=DAYS) == [
        1000,
        1000,
        1000,
        250,
    ]


def test_a_one_off_falls_in_its_year_or_not_at_all() -> None:
    assert fixed({"kind": "one_off", "amount": 7, "day": DAYS * 2.5}) == [0, 0, 7, 0]
    assert fixed({"kind": "one_off", "amount": 7, "day": -90}) == [7, 0, 0, 0]
    assert fixed({"kind": "one_off", "amount": 7, "day": DAYS * 4}) == [0, 0, 0, 0]


def test_workers_are_paid_by_date_in_steps() -> None:
    staff = {"workers": 2, "caseload": 40, "changes": [{"day": DAYS * 1.5, "slots": 3}]}
    cost = {"kind": "per_worker_year", "amount": 40000}
    assert fixed(cost, programmes__walks__staff=staff) == [80000, 100000, 0, 0]


def test_a_cost_per_worker_without_workers_is_a_fault() -> None:
    with pytest.raises(RunError, match=r"programmes\.walks\.staff: found nothing"):
        fixed({"kind": "per_worker_year", "amount": 40000})


def test_costs_that_follow_people_are_weighted_and_count_what_they_say() -> None:
    activity = {"starts:walks": 3, "active_days:walks": 50, "volunteer_days:walks": DAYS * 2}
    for kind, extra, expected in (
        ("per_start", {}, 3 * 11),
        ("per_start_hours", {"hours": 4}, 3 * 4 * 11),
        ("per_active_day", {}, 50 * 11),
        ("per_volunteer_year", {}, 2 * 11),
    ):
        cost = {"kind": kind, "amount": 11, "payer": "council", **extra}
        account = priced({f"{COSTS}.x": cost}, activity)
        assert spending(account, f"{COSTS}.x") == [expected * WEIGHT] * 4


def test_the_number_simulated_changes_no_pound() -> None:
    made = scenario({f"{COSTS}.x": {"kind": "per_year", "amount": 1000, "payer": "council"}})
    few, many = ledger(made, BUSY), ledger(made, {item: 10 * amount for item, amount in BUSY.items()})
    more = Ledger(**{**vars(many), "people": many.people * 10})
    assert np.array_equal(price(few, made, central(1)).spending, price(more, made, central(1)).spending)


def test_fixed_costs_are_the_participants_too() -> None:
    account = priced()
    assert spending(account, f"{COSTS}.set_up", WALKS, group=1) == [5000, 0, 0, 0]


def test_sampled_prices_take_their_row_and_others_their_stated_value() -> None:
    made = scenario()
    design = central(3, ("prices.ae_visit.amount",), np.array([[100.0], [200.0], [300.0]]))
    account = price(ledger(made, BUSY, rows=3), made, design)
    assert account.spending[:, 0, USUAL, 0, 0, 0].tolist() == [30 * WEIGHT * x for x in (100, 200, 300)]
    assert np.ptp(account.spending[..., 1], axis=0).max() == 0


def test_a_part_of_a_run_finds_its_own_design_rows() -> None:
    made = scenario()
    design = central(3, ("prices.ae_visit.amount",), np.array([[100.0], [200.0], [300.0]]))
    part = ledger(made, BUSY, rows=1)
    account = price(Ledger(**{**vars(part), "rows": np.array([2])}), made, design)
    assert account.spending[0, 0, USUAL, 0, 0, 0] == 30 * WEIGHT * 300
    assert account.streams.tolist() == [2]


def doubled(made: Scenario) -> Scenario:
    prices = {name: p.model_copy(update={"amount": twice(p.amount)}) for name, p in made.prices.items()}
    walks = made.programmes["walks"]
    costs = {name: c.model_copy(update={"amount": twice(c.amount)}) for name, c in walks.costs.items()}
    programmes = {"walks": walks.model_copy(update={"costs": costs})}
    return made.model_copy(update={"prices": prices, "programmes": programmes})


def twice(amount: Any) -> Any:
    return amount.model_copy(update={"value": 2 * float(amount)})


def test_doubling_every_price_doubles_money_and_leaves_counts() -> None:
    made = scenario()
    once, two = (price(ledger(made, BUSY), each, central(1)) for each in (made, doubled(made)))
    assert np.array_equal(two.spending, 2 * once.spending)
    assert np.array_equal(two.starts, once.starts)
    assert np.array_equal(two.qaly, once.qaly)


@pytest.mark.parametrize("cash", [False, True])
def test_payers_add_to_the_total(cash: bool) -> None:
    account = priced(
        {"programmes.walks.benefits.fares": {"calibrated": 30, "payer": "families", "kind": "cash", "years": 1}},
        {**BUSY, "benefit_days:walks.fares": arm_years(0, 700)},
    )
    total = account.saving("walks", cash=cash)
    parts = sum(account.saving("walks", (payer,), cash=cash) for payer in account.payers)
    assert np.allclose(parts, total, rtol=1e-12, atol=0)
    public = account.saving("walks", account.public_payers, cash=cash)
    families = account.saving("walks", ("families",), cash=cash)
    assert np.all(families > 0)
    assert np.allclose(public + families, total, rtol=1e-12, atol=0)


def test_cash_is_the_share_of_its_year_and_programme_costs_are_all_cash() -> None:
    account = priced()
    saved = account.saving("walks", ("nhs",))[0, 0]
    assert np.allclose(account.saving("walks", ("nhs",), cash=True)[0, 0], saved * [0.1, 0.1, 0.5, 0.5], rtol=1e-12)
    council = account.saving("walks", ("council",))
    assert np.array_equal(account.saving("walks", ("council",), cash=True), council)


def test_back_fill_of_one_gives_no_cash_and_the_same_capacity() -> None:
    usual, filled = priced(), priced({"cash.beds.back_fill": 1.0})
    assert np.array_equal(filled.saving("walks"), usual.saving("walks"))
    assert np.all(filled.saving("walks", ("nhs",), cash=True) == 0)
    assert np.any(usual.saving("walks", ("nhs",), cash=True) > 0)


def test_half_back_fill_halves_the_cash() -> None:
    usual, filled = priced(), priced({"cash.beds.back_fill": 0.5})
    cash = usual.saving("walks", ("nhs",), cash=True)
    assert np.allclose(filled.saving("walks", ("nhs",), cash=True), cash / 2, rtol=1e-12)


def test_under_a_block_contract_the_funder_keeps_no_cash_and_the_bearer_does() -> None:
    block = {"prices.bed_day.contract": "block", "prices.ae_visit.contract": "block"}
    nobody = priced(block)
    assert np.all(nobody.saving("walks", ("nhs",), cash=True) == 0)
    assert np.all(nobody.saving("walks", None, ("care",), cash=True) == 0)
    assert np.array_equal(nobody.saving("walks"), priced().saving("walks"))
    bearers = {"payers.trust": {"title": "Trust"}, "prices.bed_day.bearer": "trust", "prices.ae_visit.bearer": "trust"}
    trust = priced(block | bearers)
    assert np.array_equal(trust.saving("walks", ("trust",), cash=True), priced().saving("walks", ("nhs",), cash=True))
    assert np.all(trust.saving("walks", ("nhs",), cash=True) == 0)


def test_an_unknown_cash_rule_is_a_fault_that_says_where() -> None:
    with pytest.raises(RunError, match=r"prices\.bed_day\.cash: found 'wards'; allowed beds"):
        priced({"prices.bed_day.cash": "wards"})


def test_a_cash_rule_needs_one_share_for_each_year_it_names() -> None:
    with pytest.raises(RunError, match=r"cash\.beds\.share: found 1 shares"):
        priced({"cash.beds.share": [0.1]})


def test_beds_are_released_by_whole_wards_that_stay_free() -> None:
    beds = np.array([0.0, 30.0, 30.0, 60.0])
    days = {"days:inpatient": arm_years(100 * DAYS / WEIGHT, ((100 - beds) * DAYS / WEIGHT).tolist())}
    wards = {"step": 24, "share": [1.0], "from_year": [0]}
    cash = priced({"cash.beds": wards}, days).saving("walks", ("nhs",), cash=True)[0, 0]
    assert np.allclose(cash, np.array([0, 0, 24, 24]) * DAYS * 400, rtol=1e-12)
    larger = priced({"cash.beds": {**wards, "hospital_scale": 2.0}}, days).saving("walks", ("nhs",), cash=True)
    assert np.allclose(larger[0, 0], np.array([0, 0, 24, 24]) * DAYS * 400, rtol=1e-12)
    filled = priced({"cash.beds": {**wards, "back_fill": 0.5}}, days).saving("walks", ("nhs",), cash=True)
    assert np.all(filled == 0)


def test_a_step_is_never_more_than_what_is_freed() -> None:
    rng = np.random.default_rng(3)
    beds = rng.normal(10, 40, size=(200, 10))
    shares = whole_steps(beds, 24.0, beds)
    assert np.all((shares >= 0) & (shares <= 1))
    released = np.abs(shares * beds) / 24.0
    assert np.allclose(released, np.round(released), atol=1e-9)


@pytest.mark.parametrize(("evidence", "expected"), [("calibrated", 30.0), ("claimed", 300.0), ("sceptical", 30.0)])
def test_a_stated_benefit_is_negative_spending_of_its_mode(evidence: Any, expected: float) -> None:
    benefit = {"calibrated": 30, "claimed": 300, "payer": "council", "kind": "cash", "years": 1}
    account = priced(
        {"programmes.walks.benefits.fares": benefit},
        {"benefit_days:walks.fares": arm_years(0, 2 * DAYS)},
        evidence=evidence,
    )
    assert np.allclose(account.saving("walks", None, ("benefit",)), expected * 2 * WEIGHT, rtol=1e-12)


def test_a_social_benefit_is_nobodys_money_and_a_capacity_benefit_is_no_cash() -> None:
    benefit = {"calibrated": 30, "payer": "council", "years": 1}
    days = {"benefit_days:walks.b": arm_years(0, DAYS)}
    social = priced({"programmes.walks.benefits.b": {**benefit, "kind": "social"}}, days)
    assert np.all(social.saving("walks", None, ("benefit",)) == 0)
    assert np.allclose(social.saving("walks", None, ("benefit",), social=True), 30 * WEIGHT, rtol=1e-12)
    capacity = priced({"programmes.walks.benefits.b": {**benefit, "kind": "capacity"}}, days)
    assert np.allclose(capacity.saving("walks", None, ("benefit",)), 30 * WEIGHT, rtol=1e-12)
    for account in (social, capacity):
        assert np.all(account.saving("walks", None, ("benefit",), cash=True, social=True) == 0)


def test_optimism_by_grade_raises_the_costs_of_a_claim_only() -> None:
    changes = {
        "economics.optimism": "grade",
        "economics.optimism_by_grade": {"4": 0.15},
        f"{COSTS}.set_up.amount": {"value": 1000, "grade": 4, "source": "a report"},
        f"{COSTS}.per_walk.amount": {"value": 50, "grade": 4, "source": "a report"},
        "programmes.walks.effects.mood": {"target": "utility", "calibrated": 0.02},
    }
    assert spending(priced(changes, evidence="claimed"), f"{COSTS}.set_up") == [1150, 0, 0, 0]
    assert spending(priced(changes), f"{COSTS}.set_up") == [1000, 0, 0, 0]


LIVED = {"person_days:fit:65": DAYS, "person_days:frail:65": DAYS, "person_days:frail:75": DAYS}


def test_qalys_are_time_at_the_utility_of_age_and_health() -> None:
    account = priced(activity=LIVED)
    assert np.allclose(account.qaly[..., 0, :], (0.8 + 0.6 + 0.5) * WEIGHT, rtol=1e-12)


def test_recentred_utility_meets_the_norm_of_the_starting_mix() -> None:
    account = priced({"health.utility.recentre": True}, LIVED)
    fit, frail, old = 0.8 + 0.05, 0.6 + 0.05, 0.5 + 0.1
    assert np.allclose(account.qaly[..., 0, :], (fit + frail + old) * WEIGHT, rtol=1e-12)


def test_a_utility_effect_adds_its_value_for_the_days_it_holds() -> None:
    activity = {"effect_days:walks.mood": arm_years(0, DAYS)}
    for mode, change in (("calibrated", 0.02), ("claimed", 0.1), ("sceptical", 0.02)):
        gain = priced(activity=activity, evidence=mode).qaly_gain("walks")
        assert np.allclose(gain, change * WEIGHT, rtol=1e-12)


def test_an_age_band_without_a_norm_is_a_fault() -> None:
    with pytest.raises(RunError, match="add 75"):
        priced({"health.utility.norm_by_age": {"65": 0.8}})


def test_the_green_book_factors_are_met() -> None:
    factors = discount_factors(32, 0.035, 0.03, 31)
    reference = {0: 1.0, 5: 0.84197317, 10: 0.70891881, 30: 0.35627841, 31: 0.34590137}
    assert {year: round(float(factors[year]), 8) for year in reference} == reference


def test_continuous_discounting_is_the_integral_over_each_year() -> None:
    factors = discount_factors(40, 0.035, 0.03, 31, continuous=True)
    fine = (np.arange(40 * 5000) + 0.5) / 5000
    worth = 1.035 ** -np.minimum(fine, 30) * 1.03 ** -np.maximum(fine - 30, 0)
    step = 1 / 5000
    assert np.allclose(factors, worth.reshape(40, -1).mean(axis=1), rtol=step**2)
    assert np.all(discount_factors(3, 0.0, 0.0, 31, continuous=True) == 1)


def test_the_account_of_a_thousand_rows_takes_well_under_a_tenth_of_a_second() -> None:
    made = scenario()
    big = ledger(made, BUSY, rows=1000)
    design = central(1000)
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        price(big, made, design)
        taken.append(time.perf_counter() - start)
    assert min(taken) < 0.1


def test_pricing_and_deciding_load_no_slow_library() -> None:
    slow = "{'pandas', 'matplotlib', 'scipy.stats', 'numba'}"
    code = f"import sys, simulator.money.price, simulator.findings; sys.exit(bool({slow} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_table_of_an_account_adds_to_its_savings() -> None:
    account = priced()
    frame = account.to_frame()
    walks = frame[frame.arm == "walks"]
    assert np.allclose(walks.saving.sum(), account.saving("walks").mean(axis=(0, 1)).sum(), rtol=1e-12)
