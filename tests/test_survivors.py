"""Lives are not savings: care is compared at the same person-days; where lives or health are lost that comes first."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from hand_made import FAR, arm_years, central, ledger, scenario

from simulator import figures
from simulator.findings import Findings, findings_of
from simulator.findings.survivors import HEADLINE, more
from simulator.findings.tables import summary
from simulator.money.price import price
from simulator.running.run import Run, run
from simulator.scenario.read import read

COSTS = "programmes.walks.costs"
WEIGHT = 20.0
NEUTRAL = {f"programmes.befriending.effects.{name}.calibrated": 1.0 for name in ("emergency", "ae", "gp")}


@cache
def on_death(ratio: float) -> Run:
    """Befriending with every effect on care neutral and one on death alone."""
    why = {"value": ratio, "grade": 6, "why": "to see what is said"}
    effect = {"target": "death", "measured_on": "starters", "calibrated": why}
    changed = read("befriending").with_({**NEUTRAL, "programmes.befriending.effects.mortality": effect})
    return run(changed, rows=12, people=3000, workers=2)


def found(changes: dict[str, Any], activity: dict[str, Any], rows: int = 1) -> Findings:
    made = scenario(changes)
    kept = ledger(made, activity, rows=rows)
    return findings_of(price(kept, made, central(rows)), kept, made)


# --------------------------------------------------------------------------------------- whole runs


def test_an_effect_that_only_kills_leads_with_what_is_lost_and_claims_no_saving() -> None:
    findings = on_death(3.0).findings()
    arm, lines = findings.arms[0], findings.sentences()
    assert arm.survivors.is_harm and arm.survivors.loses_life
    assert float(arm.view().npv.mean) > 100_000  # the books would call it a saving
    assert lines[0].startswith("Befriending, best independent evidence: people die earlier: ")
    assert " life-years (" in lines[0] and " QALYs (" in lines[0] and lines[0].endswith("No saving is claimed.")
    assert not any(word in line for line in lines for word in ("net saving", "It saves", "paid back"))
    assert not any(line.startswith(("It saves", "In every")) for line in summary(findings).splitlines())


def test_at_the_same_person_days_care_of_those_who_only_die_earlier_is_about_unchanged() -> None:
    parts = on_death(3.0).findings().arms[0].survivors
    assert abs(float(parts.care.value)) < FAR * float(parts.care.mcse)
    assert abs(float(parts.care.value)) < 0.15 * float(parts.survival.value)


def test_at_the_same_person_days_care_of_those_who_only_live_longer_is_about_unchanged() -> None:
    findings = on_death(0.3).findings()
    parts = findings.arms[0].survivors
    assert not parts.is_harm and float(parts.life_years.value) > 0
    assert float(parts.survival.value) < 0
    assert abs(float(parts.care.value)) < FAR * float(parts.care.mcse)
    assert "No saving is claimed" not in findings.sentences()[0]


PICTURES = ("savings_fan", "npv_distribution", "payback_curve", "saving_by_payer")


def test_no_picture_claims_a_saving_where_people_die_earlier() -> None:
    heads: set[str] = set()
    for name in PICTURES:
        title = getattr(figures, name)(on_death(3.0)).figure.get_suptitle().replace("\n", " ")
        assert title.startswith(f"Befriending: {HEADLINE} (")
        heads.add(title)
    assert len(heads) == len(PICTURES)


# --------------------------------------------------------------------------------------- sums by hand


def test_less_health_without_a_death_leads_too() -> None:
    activity = {"effect_days:walks.mood": arm_years(0, 365.25), "visits:ae": arm_years(30, 0)}
    findings = found({"programmes.walks.effects.mood.calibrated": -0.02}, activity)
    parts = findings.arm("walks").survivors
    assert parts.is_harm and not parts.loses_life and not parts.by_earlier_death
    assert findings.sentences()[0].startswith("walks, best independent evidence: people lose health: ")


def test_a_loss_within_its_error_leads_with_nothing() -> None:
    made, rng = scenario(), np.random.default_rng(3)
    lived = 1000 + rng.normal(size=(40, 2, 2, 4)) * 50
    lived[:, :, 1] += lived[:, :, 0].mean() - lived[:, :, 1].mean() - 0.1
    kept = ledger(made, {"person_days:fit:65": lived}, rows=40)
    parts = findings_of(price(kept, made, central(40)), kept, made).arm("walks").survivors
    assert float(parts.life_years.value) < 0 and not parts.loses_life


def test_care_paid_by_the_day_of_a_support_is_compared_at_the_same_days_on_it() -> None:
    changes = {
        COSTS: {},
        "supports.home_care": {},
        "prices.home_care": {"per": "active_day:home_care", "amount": 50, "payer": "council", "cash": "beds"},
    }
    lived = {"person_days:frail:75": arm_years(1000, 800), "active_days:home_care": arm_years(500, 300)}
    parts = found(changes, lived).arm("walks").survivors
    factors = (1.035 ** -np.arange(4.0)).sum()
    assert float(parts.survival.value) == pytest.approx(200 * 50 * WEIGHT * factors)
    assert float(parts.care.value) == pytest.approx(0, abs=1e-6)
    assert parts.by_earlier_death


def test_the_frail_who_die_would_have_used_more_than_others() -> None:
    """Needs three times as many when frail: 100 frail days fewer are worth 300 fit days of visits."""
    needs = {"goes_to": "ae", "rate": 1.0, "by_health": {"frail": 3.0}}
    lived = {"person_days:fit:65": 1000, "person_days:frail:65": arm_years(200, 100)}
    visits = arm_years(1600, 1300)  # in step with what the person-days lead one to expect
    parts = found({COSTS: {}, "needs.ae": needs}, {**lived, "visits:ae": visits}).arm("walks").survivors
    factors = (1.035 ** -np.arange(4.0)).sum()
    assert float(parts.survival.value) == pytest.approx(300 * 200 * WEIGHT * factors)
    assert float(parts.care.value) == pytest.approx(0, abs=1e-6)


def test_nothing_that_is_there_is_nothing_more() -> None:
    assert more(np.array([3.0]), np.array([0.0])).tolist() == [0.0]
