"""Which quantity an effect uses, and what the corrections for optimism do to a claim."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hand_made import scenario
from pydantic import ValidationError

from simulator.errors import RunError
from simulator.scenario.evidence import SCORE_95, active_quantities, effect_quantity, unclaimed
from simulator.scenario.tables import Effect

EFFECTS = "programmes.walks.effects"
CLAIM = {"value": 0.69, "ci95": [0.55, 0.86], "grade": 4, "source": "a report", "supports": "31 % fewer"}
PRIOR_SD = 0.15
PRIOR = {"value": 1.0, "ci95": [math.exp(-SCORE_95 * PRIOR_SD), math.exp(SCORE_95 * PRIOR_SD)]}
GRADES = {"1": 0.0, "4": 0.15, "6": 0.40}
SPREADS = {"1": 0.05, "4": 0.35}


def effect(**written: Any) -> Effect:
    return Effect.model_validate({"target": "visits:ae", "calibrated": 0.97, **written})


def claimed(optimism: str, written: Effect, **changes: Any) -> Any:
    made = scenario(
        {
            "economics.optimism": optimism,
            "economics.optimism_by_grade": GRADES,
            "evidence.sceptical": PRIOR,
            "evidence.bias_sd_by_grade": SPREADS,
            **changes,
        }
    )
    return effect_quantity(written, made, "claimed")


def rounded(quantity: Any) -> tuple[float, ...]:
    return tuple(round(x, 3) for x in (float(quantity), *quantity.ci95))


def test_each_mode_takes_its_own_value() -> None:
    written = effect(claimed=0.7, sceptical=1.02)
    found = [float(effect_quantity(written, scenario(), m)) for m in ("calibrated", "claimed", "sceptical")]  # type: ignore[arg-type]
    assert found == [0.97, 0.7, 1.02]


def test_an_effect_nobody_claims_is_absent_in_claimed_mode() -> None:
    assert effect_quantity(effect(), scenario(), "claimed") is None
    made = scenario({f"{EFFECTS}.visits": {"target": "visits:ae", "calibrated": 0.97}})
    assert unclaimed(made, ("walks",)) == (f"{EFFECTS}.visits",)


def test_sceptical_mode_falls_back_on_the_record_of_similar_programmes() -> None:
    made = scenario({"evidence.sceptical": PRIOR})
    assert made.evidence is not None
    assert effect_quantity(effect(), made, "sceptical") == made.evidence.sceptical


def test_a_change_of_utility_without_a_sceptical_value_stays_calibrated() -> None:
    written = Effect.model_validate({"target": "utility", "calibrated": 0.02, "claimed": 0.1})
    found = effect_quantity(written, scenario({"evidence.sceptical": PRIOR}), "sceptical")
    assert found == written.calibrated


def test_sceptical_mode_without_any_record_is_a_fault_that_says_where() -> None:
    with pytest.raises(RunError, match=r"evidence\.sceptical: found nothing"):
        effect_quantity(effect(), scenario(), "sceptical")


def test_ratios_with_an_interval_are_lognormal_and_changes_of_utility_normal() -> None:
    interval = {"value": 0.98, "ci95": [0.85, 1.12]}
    assert effect(calibrated=interval).calibrated.dist == "lognormal"
    assert Effect.model_validate({"target": "utility", "calibrated": interval}).calibrated.dist == "normal"


def test_a_ratio_of_zero_or_less_is_refused() -> None:
    with pytest.raises(ValidationError, match="above 0"):
        effect(calibrated=-0.1)
    Effect.model_validate({"target": "utility", "calibrated": -0.1})


def test_shrinking_gives_the_reference_posteriors() -> None:
    assert rounded(claimed("shrink", effect(claimed=CLAIM))) == (0.949, 0.722, 1.245)
    assert rounded(claimed("shrink", effect(claimed={**CLAIM, "grade": 1}))) == (0.803, 0.665, 0.969)


def test_shrinking_pulls_towards_the_prior_wherever_it_is() -> None:
    prior = {"value": 0.9, "ci95": [0.9 * end for end in PRIOR["ci95"]]}  # type: ignore[attr-defined]
    found = claimed("shrink", effect(claimed=CLAIM), **{"evidence.sceptical": prior})
    weight = PRIOR_SD**2 / (PRIOR_SD**2 + 0.35**2 + (math.log(0.86 / 0.55) / (2 * SCORE_95)) ** 2)
    assert math.isclose(math.log(float(found)), (1 - weight) * math.log(0.9) + weight * math.log(0.69), rel_tol=1e-9)


def test_shrinking_keeps_the_source_and_grade() -> None:
    found = claimed("shrink", effect(claimed=CLAIM))
    assert (found.source, found.grade, found.dist) == ("a report", 4, "lognormal")


def test_grading_shortens_the_log_ratio_and_keeps_its_spread() -> None:
    found = claimed("grade", effect(claimed=CLAIM))
    assert math.isclose(math.log(float(found)), 0.85 * math.log(0.69), rel_tol=1e-12)
    low, high = found.ci95
    assert math.isclose(math.log(high / low), math.log(0.86 / 0.55), rel_tol=1e-12)


def test_grading_lessens_a_gain_of_utility() -> None:
    written = Effect.model_validate({"target": "utility", "calibrated": 0.0, "claimed": {"value": 0.1, "grade": 6}})
    assert math.isclose(float(claimed("grade", written)), 0.06)


@pytest.mark.parametrize("optimism", ["grade", "shrink"])
def test_no_correction_softens_a_harm(optimism: str) -> None:
    harm = effect(claimed={"value": 1.2, "ci95": [1.0, 1.4], "grade": 4})
    assert claimed(optimism, harm) == harm.claimed
    loss = Effect.model_validate({"target": "utility", "calibrated": 0.0, "claimed": {"value": -0.1, "grade": 4}})
    assert claimed(optimism, loss) == loss.claimed


def test_more_recovery_is_a_benefit_and_is_corrected() -> None:
    moves = {
        "recover": {"from": "frail", "to": "fit", "rate": 0.1},
        "worsen": {"from": "fit", "to": "frail", "rate": 0.1},
    }
    better = {"calibrated": 1.0, "claimed": {"value": 1.5, "grade": 4}}
    for move, expected in (("recover", 1.5**0.85), ("worsen", 1.5)):
        written = Effect.model_validate({"target": f"health:{move}", **better})
        assert math.isclose(float(claimed("grade", written, **{"health.moves": moves})), expected)


@pytest.mark.parametrize("mode", ["calibrated", "sceptical"])
@pytest.mark.parametrize("optimism", ["none", "grade", "shrink"])
def test_only_claims_are_corrected(mode: Any, optimism: str) -> None:
    written = effect(claimed=CLAIM, sceptical={"value": 0.9, "grade": 4})
    made = scenario({"economics.optimism": optimism, "economics.optimism_by_grade": GRADES})
    assert effect_quantity(written, made, mode) == getattr(written, mode)


def test_a_claim_without_a_grade_is_corrected_as_a_guess() -> None:
    bare, guess = (claimed("grade", effect(claimed=each)) for each in (0.7, {"value": 0.7, "grade": 6}))
    assert float(bare) == float(guess) > 0.7
    with pytest.raises(RunError, match="found nothing for grade 2"):
        claimed("shrink", effect(claimed={**CLAIM, "grade": 2}))


def uncertain(value: float) -> dict[str, Any]:
    return {"value": value, "ci95": [value * 0.8, value * 1.2], "grade": 6, "why": "a guess"}


def test_the_active_quantities_are_those_the_mode_and_the_arms_can_feel() -> None:
    other = {"uptake": {"value": 0.5, "n": 20, "grade": 6, "why": "a guess"}}
    made = scenario(
        {
            f"{EFFECTS}.visits": {
                "target": "visits:ae",
                "calibrated": uncertain(0.97),
                "claimed": uncertain(0.7),
                "ramp_days": uncertain(90.0),
            },
            f"{EFFECTS}.days": {
                "target": "days:inpatient",
                "calibrated": uncertain(0.9),
                "delay_days": uncertain(30.0),
            },
            "programmes.idle": other,
            "arms": {"walking": ["walks"]},
            "prices.ae_visit.amount": uncertain(200.0),
            "evidence.sceptical": PRIOR,
        }
    )
    common = {"prices.ae_visit.amount", f"{EFFECTS}.visits.ramp_days"}
    calibrated = common | {f"{EFFECTS}.visits.calibrated", f"{EFFECTS}.days.calibrated", f"{EFFECTS}.days.delay_days"}
    sceptical = common | {f"{EFFECTS}.visits.sceptical", f"{EFFECTS}.days.sceptical", f"{EFFECTS}.days.delay_days"}
    assert set(active_quantities(made, "calibrated")) == calibrated
    assert set(active_quantities(made, "claimed")) == common | {f"{EFFECTS}.visits.claimed"}
    assert set(active_quantities(made, "sceptical")) == sceptical
    assert made.evidence is not None
    assert active_quantities(made, "sceptical")[f"{EFFECTS}.days.sceptical"] == made.evidence.sceptical


def test_the_posterior_is_between_the_claim_and_the_prior_and_no_wider_than_the_prior() -> None:
    for value in np.linspace(0.4, 0.99, 12):
        claim = {"value": value, "ci95": [value * 0.7, value * 1.3], "grade": 4}
        found = claimed("shrink", effect(claimed=claim))
        low, high = found.ci95
        assert value <= float(found) <= 1.0
        assert math.log(high / low) <= 2 * SCORE_95 * PRIOR_SD * (1 + 1e-12)
