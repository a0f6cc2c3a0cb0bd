"""Budgets are cash by holder, capacity is told where it is freed, and what is only stated or partners' stands apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hand_made import arm_years, central, ledger, scenario

from simulator.findings import Findings, findings_of
from simulator.money.price import price

WEIGHT = 20.0
FACTORS = 1.035 ** -np.arange(4.0)
BLOCK = {
    "payers.trust": {"title": "Hospital trust"},
    "payers.charity": {"title": "Charities", "public": False},
    "prices.ae_visit": {
        "per": "visit:ae", "amount": 200, "payer": "nhs", "bearer": "trust", "contract": "block", "cash": "beds",
    },
    "programmes.walks.costs.tea": {"kind": "per_start", "amount": 10, "payer": "charity"},
    "programmes.walks.costs.nurse": {"kind": "per_start", "amount": 5, "payer": "nhs"},
    "programmes.walks.benefits.care": {
        "payer": "council", "kind": "capacity", "years": 1,
        "calibrated": {"value": 30, "grade": 5, "source": "a report"},
    },
    "programmes.walks.benefits.joy": {
        "payer": "families", "kind": "social", "years": 1, "calibrated": {"value": 70, "grade": 6, "why": "a guess"},
    },
}  # fmt: skip


def found(changes: dict[str, Any] | None = None) -> Findings:
    """Walks under a block contract: ten visits a year fewer, ten starts, and a year of stated benefits for each."""
    made = scenario(BLOCK | (changes or {}))
    years = arm_years(0, [10 * 365.25, 0, 0, 0])
    activity = {
        "visits:ae": arm_years(30, 20),
        "starts:walks": arm_years(0, [10, 0, 0, 0]),
        "benefit_days:walks.care": years,
        "benefit_days:walks.joy": years,
    }
    kept = ledger(made, activity)
    return findings_of(price(kept, made, central(1), "calibrated"), kept, made)


def test_under_a_block_contract_the_funder_gains_nothing_and_the_bearer_keeps_the_cash() -> None:
    cash = {view.payer: float(view.npv.mean) for view in found().arm("walks").payer_views()}
    released = 10 * 200 * WEIGHT * float(FACTORS @ [0.1, 0.1, 0.5, 0.5])
    assert cash["nhs"] == pytest.approx(-10 * 5 * WEIGHT)
    assert cash["trust"] == pytest.approx(released)
    assert cash["council"] == pytest.approx(-5000 - 10 * 50 * WEIGHT)
    assert cash["charity"] == pytest.approx(-10 * 10 * WEIGHT)


def test_no_budget_is_told_at_full_value() -> None:
    findings = found()
    with pytest.raises(KeyError, match="nhs \\(value\\)"):
        findings.arm("walks").view("nhs")
    for table in ("by_year", "totals", "probabilities"):
        rows = findings.tables()[table]
        assert {row["payer"] for row in rows if row["money"] == "value"} == {"public purse", "everyone"}


def told(findings: Findings, start: str) -> str:
    """The sentence that begins so."""
    return next(line for line in findings.sentences() if line.startswith(start))


def test_the_parts_add_up_to_the_net_saving_and_none_is_hidden_in_another() -> None:
    arm = found().arm("walks")
    parts = {name: float(getattr(arm.parts, name).value) for name in ("cash", "capacity", "stated", "nobodys")}
    assert parts["cash"] + parts["capacity"] + parts["stated"] == pytest.approx(float(arm.view().npv.mean))
    assert parts["cash"] == pytest.approx(float(arm.view(money="cash").npv.mean))
    assert parts["capacity"] == pytest.approx(10 * 200 * WEIGHT * float(FACTORS @ [0.9, 0.9, 0.5, 0.5]))
    assert parts["stated"] == pytest.approx(30 * 10 * WEIGHT)
    assert parts["nobodys"] == pytest.approx(70 * 10 * WEIGHT)
    assert {payer: float(money.value) for payer, money in arm.parts.partners.items()} == {"charity": -10 * 10 * WEIGHT}


def test_the_first_sentence_names_what_is_only_stated_and_another_what_partners_pay() -> None:
    first, *others = found().sentences()
    assert first.endswith(", to the public purse, of this £6,000 are benefits as stated, grade 5.")
    made = next(line for line in others if line.startswith("Made of simulated cash "))
    assert "benefits as stated (grade 5) £6,000; besides, not counted, Charities -£2,000, " in made
    assert "benefits as stated that are nobody's money (grade 6) £14,000" in made


def test_a_stated_benefit_in_cash_is_said_to_be_one_where_the_cash_stands() -> None:
    cash = {"payer": "council", "kind": "cash", "years": 1, "calibrated": {"value": 30, "grade": 4, "source": "a bid"}}
    arm = found({"programmes.walks.benefits.care": cash}).arm("walks")
    assert float(arm.parts.stated_cash.value) == pytest.approx(30 * 10 * WEIGHT)
    assert ", of this £6,000 as stated" in told(found({"programmes.walks.benefits.care": cash}), "In cash: ")


def test_capacity_is_told_by_place_unit_and_who_runs_it() -> None:
    findings = found()
    (row,) = findings.tables()["capacity"]
    assert (row["place"], row["runs_it"], row["unit"], row["freed"]) == ("ae", "trust", "visits", 10 * 4 * WEIGHT)
    assert row["worth"] == pytest.approx(float(findings.arm("walks").parts.capacity.value))
    assert "800 A&E attendances freed (Hospital trust), worth £" in told(findings, "Capacity, nobody's cash: ")


def test_transfers_hand_over_cash_alone() -> None:
    moved = found().arm("walks").transfers
    assert {each.giver for each in moved} == {"trust"}
    released = 10 * 200 * WEIGHT * float(FACTORS @ [0.1, 0.1, 0.5, 0.5])
    assert sum(each.pounds for each in moved) == pytest.approx(min(released, 5000 + 10 * (50 + 5 + 10) * WEIGHT))


def test_the_table_of_budgets_holds_each_year_twice_and_its_total() -> None:
    rows = [row for row in found().tables()["budgets"] if row["payer"] == "trust"]
    assert [row["year"] for row in rows] == [0, 1, 2, 3, None]
    assert sum(row["discounted"] for row in rows[:-1]) == pytest.approx(rows[-1]["discounted"])
    assert sum(row["mean"] for row in rows[:-1]) == pytest.approx(rows[-1]["mean"])
    assert rows[0]["public"] and rows[0]["title"] == "Hospital trust"


def test_a_budget_within_its_error_is_not_named_as_one_that_gains() -> None:
    made = scenario({"programmes.walks.costs": {}})
    rng = np.random.default_rng(5)
    visits = rng.poisson(30, (40, 2, 2, 4)).astype(float)
    visits[:, :, 1] += visits[:, :, 0].mean() - visits[:, :, 1].mean() + 0.01
    kept = ledger(made, {"visits:ae": visits}, rows=40)
    line = told(findings_of(price(kept, made, central(40)), kept, made), "Budgets ")
    assert line.startswith("Budgets (cash, present value): none is known to change. Within the Monte Carlo error")
