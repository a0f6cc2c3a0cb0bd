"""A doubled price, cost, benefit, effect or norm of a scenario that comes with the simulator is noticed by its checks.

Money and quality of life are only priced again, all of them. An effect has to be lived again: one in each run of the
tests, all of them where there is time. Doubled is a log ratio doubled, or a ratio times 1.5 where it is near 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache

import pytest

from simulator.checks.check import CheckResult, check, repriced, result, simulated_for
from simulator.checks.measures import Simulated
from simulator.errors import RunError
from simulator.scenario.addresses import dotted, keys_of, quantities
from simulator.scenario.inherit import parents
from simulator.scenario.library import find, packaged
from simulator.scenario.read import read
from simulator.scenario.tables import EVIDENCE_MODES, EvidenceMode, Scenario
from simulator.uncertainty.quantity import Quantity

SCENARIOS = tuple(name for name in packaged() if "queues" not in name)
MONEY = ("cost", "benefit", "treatment", "quality_of_life", "utility", "wellbeing")
NEAR_ONE = 0.1  # of a log ratio
LIVED_AGAIN = tuple(name for name in SCENARIOS if name != "age_uk_waiting_list")  # it has the effects of age_uk


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
        for label, effect in programme.effects.items():
            if effect.target == "utility":
                yield f"programmes.{name}.effects.{label}.calibrated", effect.calibrated
    if scenario.health.utility is not None:
        for band, norm in scenario.health.utility.norm_by_age.items():
            yield f'health.utility.norm_by_age."{band}"', norm


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


def inherited(name: str) -> list[dict[str, Quantity]]:
    """The numbers of each file that a scenario extends: one that it takes over is noticed where it is stated."""
    return [quantities(read(parent)) for parent in parents(find(name))]


def cases() -> Iterator[tuple[str, str, dict[str, object]]]:
    for name in SCENARIOS:
        above = inherited(name)
        for path, quantity in amounts(read(name)):
            if all(known.get(_spelled(path)) != quantity for known in above):
                yield from ((name, path, change) for change in doubled(quantity))


def _spelled(path: str) -> str:
    """A path as the numbers of a scenario are named."""
    return dotted(keys_of(path))


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_checks_on_money_are_met_as_the_files_stand(name: str) -> None:
    results = verdicts(name, read(name))
    assert results
    assert [each.name for each in results if each.passed is False] == []


@pytest.mark.parametrize(
    ("name", "path", "change"), list(cases()), ids=lambda part: part if isinstance(part, str) else ""
)
def test_a_doubled_price_cost_or_benefit_is_noticed(name: str, path: str, change: dict[str, object]) -> None:
    changed = prepared(name)[0].with_({path: change})
    assert any(each.passed is False for each in verdicts(name, changed)), path


def ratios() -> Iterator[tuple[str, str, EvidenceMode]]:
    """Every ratio that a scenario states, and the record of similar programmes, by path and mode of evidence."""
    for name in LIVED_AGAIN:
        scenario = read(name)
        for programme, stated in scenario.programmes.items():
            for label, effect in stated.effects.items():
                for mode in EVIDENCE_MODES:
                    if effect.target != "utility" and getattr(effect, mode) is not None:
                        yield name, f"programmes.{programme}.effects.{label}.{mode}", mode
        if scenario.programmes:
            yield name, "evidence.sceptical", "sceptical"


def twice(ratio: float) -> float:
    """A ratio with twice its log, or half as much again where it is near 1."""
    return 1.5 * ratio if abs(math.log(ratio)) < NEAR_ONE else ratio**2


def noticed(name: str, path: str, mode: EvidenceMode) -> list[CheckResult]:
    """What the judged checks of one mode, with and without the programme, say of a doubled ratio."""
    scenario = read(name)
    ratio = quantities(scenario)[path]
    changed = scenario.with_({path: twice(float(ratio))})
    asked = [
        label
        for label, each in scenario.checks.items()
        if each.judged and each.evidence == mode and each.comparison == "with and without" and each.rows != 1
    ]
    return [each for each in check(changed, names=asked, rows=3) if each.passed is False]


def test_a_doubled_effect_is_noticed() -> None:
    assert noticed("befriending", "programmes.befriending.effects.emergency.calibrated", "calibrated")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "path", "mode"), list(ratios()))
def test_every_doubled_effect_is_noticed(name: str, path: str, mode: EvidenceMode) -> None:
    assert noticed(name, path, mode), path


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
