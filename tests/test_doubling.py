"""A doubled price, cost or benefit of any scenario that comes with the simulator is noticed by one of its checks."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from simulator.checks.check import CheckResult, check, repriced, result, simulated_for
from simulator.checks.measures import Simulated
from simulator.errors import RunError
from simulator.scenario.library import packaged
from simulator.scenario.read import read
from simulator.scenario.tables import Scenario
from simulator.uncertainty.quantity import Quantity

SCENARIOS = tuple(name for name in packaged() if "queues" not in name)
MONEY = ("cost", "benefit", "treatment", "quality_of_life", "social_care")


@cache
def prepared(name: str) -> tuple[Scenario, list[tuple[Simulated, list[str]]]]:
    """A scenario and the lives behind its checks on money, in one sample of the place."""
    scenario = read(name)
    named = [label for label, each in scenario.checks.items() if each.judged and _is_of_money(label, each.rows)]
    return scenario, simulated_for(scenario, named)


def _is_of_money(label: str, rows: int | None) -> bool:
    return any(word in label for word in MONEY) and (rows or 1) == 1 and "council_cost" not in label


def verdicts(name: str, changed: Scenario) -> list[CheckResult]:
    """The checks on money with the prices of a changed scenario."""
    scenario, parts = prepared(name)
    return [
        result(label, scenario.checks[label], repriced(simulated, changed))
        for simulated, labels in parts
        for label in labels
    ]


def amounts(scenario: Scenario) -> Iterator[tuple[str, Quantity]]:
    """Every price, cost and benefit by path."""
    for name, price in scenario.prices.items():
        yield f"prices.{name}.amount", price.amount
    for name, programme in scenario.programmes.items():
        for label, cost in programme.costs.items():
            yield f"programmes.{name}.costs.{label}.amount", cost.amount
            if cost.hours is not None:
                yield f"programmes.{name}.costs.{label}.hours", cost.hours
        for label, benefit in programme.benefits.items():
            for mode in ("calibrated", "claimed"):
                if getattr(benefit, mode) is not None:
                    yield f"programmes.{name}.benefits.{label}.{mode}", getattr(benefit, mode)


def doubled(quantity: Quantity) -> Iterator[dict[str, object]]:
    """The number doubled, and its claim doubled where it has one; nothing is left of a doubled 0."""
    plain = {key: getattr(quantity, key) for key in ("value", "price_year") if getattr(quantity, key) is not None}
    claim = quantity.claimed
    stated: dict[str, object] = {}
    if claim is not None:
        stated = {key: getattr(claim, key) for key in ("value", "price_year") if getattr(claim, key) is not None}
    beside = {"claimed": stated} if stated else {}
    if float(quantity):
        yield {**plain, **beside, "value": 2 * float(quantity)}
    if claim is not None and float(claim):
        yield {**plain, "claimed": {**stated, "value": 2 * float(claim)}}


def cases() -> Iterator[tuple[str, str, dict[str, object]]]:
    for name in SCENARIOS:
        for path, quantity in amounts(read(name)):
            yield from ((name, path, change) for change in doubled(quantity))


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_checks_on_money_are_met_as_the_files_stand(name: str) -> None:
    results = verdicts(name, read(name))
    assert len(results) >= 9
    assert [each.name for each in results if each.passed is False] == []


@pytest.mark.parametrize(
    ("name", "path", "change"), list(cases()), ids=lambda part: part if isinstance(part, str) else ""
)
def test_a_doubled_price_cost_or_benefit_is_noticed(name: str, path: str, change: dict[str, object]) -> None:
    changed = prepared(name)[0].with_({path: change})
    assert any(each.passed is False for each in verdicts(name, changed)), path


def test_a_doubled_effect_is_noticed() -> None:
    """A ratio near 1 counts as doubled when it is times 1.5; the others are tried where there is time for it."""
    changed = read("befriending").with_({"programmes.befriending.effects.emergency.calibrated": 1.5})
    (noticed,) = check(changed, names=["befriending_admissions"], rows=3)
    assert noticed.passed is False


def test_a_label_of_a_check_is_never_ignored() -> None:
    befriending = read("befriending")
    stated = befriending.checks["befriending_benefit"]
    for measure, words in (
        ("benefit_per_start_year:nothing", 'found the benefit "nothing"; allowed treatment, quality_of_life'),
        ("cost_per_start:vists", "did you mean visits"),
        ("unit_cost:vists", "did you mean visits"),
        ("starts:befriending", "allowed starts alone"),
    ):
        asked = befriending.model_copy(update={"checks": {"x": stated.model_copy(update={"measure": measure})}})
        with pytest.raises(RunError, match=words):
            check(asked, people=100, rows=1)


def test_a_label_names_one_benefit_or_cost_and_several_add_up() -> None:
    befriending = read("befriending")
    stated = befriending.checks["befriending_benefit"]
    measures = ("treatment", "quality_of_life", "treatment+quality_of_life")
    asked = {m: stated.model_copy(update={"measure": f"benefit_per_start_year:{m}"}) for m in measures}
    asked |= {
        m: stated.model_copy(update={"measure": m, "evidence": "calibrated"})
        for m in (
            "cost_per_start:matching",
            "cost_per_start:visits",
            "cost_per_start:matching+visits",
            "cost_per_year:coordination",
        )
    }
    found = {
        each.name: each.simulated
        for each in check(befriending.model_copy(update={"checks": asked}), people=2000, rows=1)
    }
    assert found["treatment"] == pytest.approx(35 * 1.358) and found["quality_of_life"] == pytest.approx(252)
    assert found["treatment+quality_of_life"] == pytest.approx(35 * 1.358 + 252)
    assert found["cost_per_start:matching"] == pytest.approx(32)
    both = found["cost_per_start:matching"] + found["cost_per_start:visits"]
    assert found["cost_per_start:matching+visits"] == pytest.approx(both)
    assert found["cost_per_year:coordination"] == pytest.approx(3500)


def test_utilities_are_in_reach_of_checks() -> None:
    befriending = read("befriending")
    usual = befriending.checks["befriending_cost"].model_copy(
        update={"measure": "mean_utility", "comparison": "usual care", "programme": "", "low": 0.6, "high": 0.9}
    )
    gained = befriending.checks["befriending_cost"].model_copy(
        update={"measure": "qaly_per_start", "low": 0, "high": 1}
    )
    plain = befriending.model_copy(update={"checks": {"norm": usual, "gain": gained}})
    more = plain.with_({"programmes.befriending.effects.wellbeing.calibrated": 0.018})
    (norm, gain), (_, twice) = (check(each, people=2000, rows=1) for each in (plain, more))
    assert norm.passed and 0 < gain.simulated < twice.simulated
