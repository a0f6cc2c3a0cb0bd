"""As reported means as reported: every number of a programme may state a claim, and a run says which have one."""

from __future__ import annotations

import numpy as np
import pytest
from hand_made import arm_years, central, ledger, scenario

from simulator.findings import findings_of
from simulator.money.price import price
from simulator.running.run import run
from simulator.scenario.evidence import active_quantities, claims, in_mode, mode_quantities, unclaimed
from simulator.scenario.read import read, read_text, scenario_hash
from simulator.scenario.write import write
from simulator.uncertainty.quantity import Cost, Probability, Ratio

UPTAKE = "programmes.befriending.uptake"


def test_a_claim_is_a_number_of_the_same_kind() -> None:
    quantity = Probability.model_validate({"value": 0.06, "claimed": {"value": 0.2, "n": 50, "grade": 4}})
    assert isinstance(quantity.claimed, Probability) and quantity.claimed.dist == "beta"
    with pytest.raises(ValueError, match=r"1\.5"):
        Probability.model_validate({"value": 0.06, "claimed": 1.5})


def test_the_grade_of_an_effect_is_the_weaker_of_direction_and_size() -> None:
    assert Ratio(value=0.9, grade=6, grade_direction=2).evidence_grade == 6
    assert Ratio(value=0.9, grade=2, grade_direction=5).evidence_grade == 5
    assert Ratio(value=0.9, grade=3).evidence_grade == 3


def test_claimed_mode_takes_the_claim_at_the_same_path_and_other_modes_do_not() -> None:
    made = read("befriending").with_({UPTAKE: {"value": 0.5, "n": 50, "grade": 6, "why": "x", "claimed": 0.9}})
    assert float(mode_quantities(made, "claimed")[UPTAKE]) == 0.9
    assert UPTAKE in active_quantities(made, "calibrated") and UPTAKE not in active_quantities(made, "claimed")
    for mode in ("calibrated", "sceptical"):
        assert in_mode(made, mode) is made  # type: ignore[arg-type]


def test_a_claimed_uptake_moves_the_starts_of_a_run_as_reported_alone() -> None:
    plain = read("befriending").with_({UPTAKE: 0.4})
    stated = read("befriending").with_({UPTAKE: {"value": 0.4, "claimed": 0.8}})
    starts = {}
    for mode in ("calibrated", "claimed"):
        for name, each in (("plain", plain), ("stated", stated)):
            arm = run(each, rows=2, people=800, evidence=mode, workers=2).findings().arms[0]  # type: ignore[arg-type]
            starts[mode, name] = float(arm.starts.mean)
    assert starts["calibrated", "plain"] == starts["calibrated", "stated"]
    assert 1.6 < starts["claimed", "stated"] / starts["claimed", "plain"] < 2.4


def test_a_benefit_is_told_as_the_case_counts_it_beside_as_it_can_be_lived() -> None:
    made = scenario({
        "programmes.walks.costs": {"each": {"kind": "per_start", "amount": 254, "payer": {"council": 0.5, "nhs": 0.5}}},
        "programmes.walks.benefits": {
            "care": {"claimed": 249, "payer": "council", "kind": "cash", "years": 1},
            "beds": {"claimed": 453, "payer": "nhs", "kind": "capacity", "years": 1},
            "mood": {"claimed": 99, "payer": "families", "kind": "social", "years": 1},
        },
    })  # fmt: skip
    starts, lived = arm_years(0, [136, 0, 0, 0]), arm_years(0, [100 * 365.25, 2 * 365.25, 0, 0])
    activity = {"starts:walks": starts, "benefit_days:walks.care": lived, "benefit_days:walks.beds": lived}
    kept = ledger(made, activity)
    findings = findings_of(price(kept, made, central(1), "claimed"), kept, made)
    told = {one.payer: one for one in findings.arm("walks").counted}
    assert set(told) == {"council", "nhs"}
    assert float(told["council"].as_counted.value) == pytest.approx(1360 * 2 * (249 - 127))
    assert float(told["nhs"].as_counted.value) == pytest.approx(1360 * 2 * (453 - 127))
    assert told["nhs"].lived_years == pytest.approx(102 / 136)
    assert float(told["nhs"].as_lived.value) == pytest.approx(20 * (453 * (100 + 2 / 1.035) - 127 * 136))
    (said,) = (line for line in findings.sentences() if "as a case counts it" in line)
    assert "nothing discounted, NHS acute £887,000, Council £332,000; as it can be lived in 4 years" in said
    assert "(75 % of the years counted)" in said
    calibrated = findings_of(price(kept, made, central(1)), kept, made)
    assert calibrated.arms[0].counted == () and calibrated.tables()["counted"] == []


def test_a_claimed_cost_is_what_a_run_as_reported_spends() -> None:
    made = scenario({"programmes.walks.costs.per_walk.amount": {"value": 50, "claimed": 20}})
    kept = ledger(made, {"starts:walks": arm_years(0, [10, 0, 0, 0])})
    spent = {
        mode: price(kept, made, central(1), mode).spent("walks", ("programme",)).sum(axis=-1)[0, 0]
        for mode in ("calibrated", "claimed")
    }  # type: ignore[arg-type]
    assert spent == {"calibrated": 5000 + 10 * 20 * 50, "claimed": 5000 + 10 * 20 * 20}


def test_a_run_lists_what_was_reported_what_was_not_and_what_is_absent() -> None:
    made = scenario({
        "programmes.walks.costs.per_walk.amount": {"value": 50, "claimed": 20},
        "programmes.walks.effects.ae": {"target": "visits:ae", "calibrated": 0.9},
    })  # fmt: skip
    kept = ledger(made, {"starts:walks": arm_years(0, [10, 0, 0, 0])})
    findings = findings_of(price(kept, made, central(1), "claimed"), kept, made)
    taken = {row["number"]: row["taken"] for row in findings.tables()["claims"]}
    assert taken["programmes.walks.costs.per_walk.amount"] == taken["programmes.walks.effects.mood"] == "as reported"
    assert taken["programmes.walks.costs.set_up.amount"] == "nobody reported it: as in the best evidence"
    assert taken["programmes.walks.effects.ae"] == "nobody reported it: absent"
    assert "walks: taken as reported: “effects mood”, “costs per walk”" in findings.notes
    assert findings_of(price(kept, made, central(1)), kept, made).tables()["claims"] == []


def test_a_benefit_without_a_claim_is_absent_as_reported() -> None:
    benefit = {"payer": "council", "kind": "cash", "years": 1, "calibrated": 30}
    made = scenario({"programmes.walks.benefits.care": benefit})
    assert "programmes.walks.benefits.care" in unclaimed(made, ("walks",))
    assert "programmes.walks.benefits.care" not in claims(made, ("walks",))[0]


def test_a_claim_survives_writing_and_counts_in_the_hash() -> None:
    made = read("befriending").with_(
        {UPTAKE: {"value": 0.4, "claimed": {"value": 0.8, "grade": 5, "source": "a leaflet"}}}
    )
    again = read_text(write(made))
    assert again.programmes["befriending"].uptake == made.programmes["befriending"].uptake
    assert scenario_hash(made) == scenario_hash(again) != scenario_hash(read("befriending").with_({UPTAKE: 0.4}))


def test_the_reported_cost_of_befriending_is_80_pounds_of_its_year() -> None:
    costs = read("befriending").programmes["befriending"].costs
    claimed = [cost.amount.claimed for cost in costs.values()]
    assert all(isinstance(each, Cost) for each in claimed)
    assert np.isclose(sum(float(each) for each in claimed if each is not None), 80)
