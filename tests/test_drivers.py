"""What decides the answer is told from the parameter part of the variance, by share, and only where it stands out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hand_made import FAR, arm_years, central, ledger, normal_scores, scenario

from simulator.findings import Findings, findings_of
from simulator.findings.evidence.drivers import share_of_variance
from simulator.money.price import price
from simulator.scenario.tables import Scenario
from simulator.uncertainty.ranges import Array

COSTS = "programmes.walks.costs"
ONE, TWO = f"{COSTS}.set_up.amount", f"{COSTS}.per_walk.amount"
GUESS = {"value": 50, "ci95": [10, 90], "grade": 6, "why": "expert guess: tea and time"}
KNOWN = {"value": 50, "ci95": [10, 90], "grade": 4, "source": "The walks' accounts", "supports": "50 pounds"}
ROWS = 200


def scores(seed: int, rows: int = ROWS) -> Array:
    return np.random.default_rng(seed).permutation(normal_scores(rows))


def found(made: Scenario, columns: dict[str, Array], visits: Any = 0.0) -> Findings:
    """Walks with 10 starts in a place of 20 times as many people as are simulated."""
    rows = len(next(iter(columns.values())))
    design = central(rows, tuple(columns), np.stack(list(columns.values()), axis=1))
    activity = {"starts:walks": arm_years(0, [10, 0, 0, 0]), "visits:ae": visits}
    kept = ledger(made, activity, rows=rows)
    return findings_of(price(kept, made, design), kept, made)


def costs(wide: float, narrow: float, rows: int = ROWS) -> dict[str, Array]:
    """Both costs in pounds that move the total by so much for one standard deviation: 200 people start in the place."""
    return {ONE: 10_000 + wide * scores(1, rows), TWO: 50 + narrow * scores(2, rows) / 200}


def told(findings: Findings) -> str:
    """What the answer is said to rest on."""
    return next(line for line in findings.sentences() if line.startswith("The answer rests on "))


def test_shares_are_those_of_the_variance_and_the_largest_stands_out() -> None:
    findings = found(scenario({ONE: GUESS, TWO: KNOWN}), costs(3000, 1000))
    drivers = findings.arm("walks").drivers
    assert [each.paths for each in drivers.largest] == [(ONE,), (TWO,)]
    for driver, truth in zip(drivers.largest, (0.9, 0.1), strict=True):
        assert abs(driver.share - truth) < 3 * max(driver.mcse, 0.01)
    assert drivers.stands_out
    line = told(findings)
    assert line.startswith("The answer rests on the cost “set up” of walks: ")
    assert line.endswith("of what parameters do (grade 6 of 6, expert guess: tea and time).")


def test_a_size_that_was_chosen_is_told_apart_from_a_direction_that_was_measured() -> None:
    trial = {**GUESS, "grade_direction": 2, "source": "a matched study", "supports": "fewer"}
    line = told(found(scenario({ONE: trial, TWO: KNOWN}), costs(3000, 1000)))
    said = "direction: grade 2, other trial or matched control, a matched study; size: grade 6, chosen"
    assert line.endswith(f"of what parameters do ({said}).")


def test_of_two_that_do_as_much_none_stands_out() -> None:
    findings = found(scenario({ONE: GUESS, TWO: KNOWN}), costs(1000, 1000))
    assert findings.arm("walks").drivers.seen and not findings.arm("walks").drivers.stands_out
    assert "no single number stands out: the cost" in told(findings)


def test_the_weakest_grade_does_not_decide_and_the_best_evidence_may() -> None:
    drivers = found(scenario({ONE: GUESS, TWO: KNOWN}), costs(100, 3000)).arm("walks").drivers
    assert (drivers.largest[0].paths, drivers.largest[0].grade) == ((TWO,), 4)


def test_chance_is_taken_out_of_the_variance_before_it_is_shared_out() -> None:
    rng = np.random.default_rng(6)
    noise = np.zeros((ROWS, 2, 2, 4))
    noise[:, :, 0, 0] = 100 + rng.normal(size=(ROWS, 2)) * 3000 * np.sqrt(2) / 200 / 20  # as much in m as the cost
    drivers = found(scenario({ONE: GUESS}), {ONE: costs(3000, 0)[ONE]}, noise).arm("walks").drivers
    error = 0.5 * np.sqrt(2 / ROWS + 2 / ROWS)  # of a ratio of two variances, each known to sqrt(2 / rows)
    assert abs(drivers.chance_share - 0.5) < FAR * error
    assert drivers.largest[0].share > max(1 - FAR * error, 1.2 * (1 - drivers.chance_share))


def test_what_chance_alone_does_is_no_driver() -> None:
    rng = np.random.default_rng(7)
    noise = np.zeros((40, 2, 2, 4))
    noise[:, :, 0, 0] = 100 + rng.normal(size=(40, 2)) * 10
    made = scenario(
        {f"prices.p{k}": {"per": "visit:inpatient", "amount": GUESS, "payer": "nhs", "cash": "beds"} for k in range(60)}
    )
    columns = {f"prices.p{k}.amount": 50 + scores(100 + k, 40) for k in range(60)}
    findings = found(made, columns, noise)
    assert not findings.arm("walks").drivers.seen
    assert told(findings).startswith("The answer rests on no single number that stands out in this run (chance is")


def test_an_effect_is_told_together_with_its_place_factor() -> None:
    spread = {"value": 1.0, "ci95": [0.8, 1.25], "grade": 6, "why": "made up for tests"}
    ratio = {"target": "visits:ae", "calibrated": {"value": 0.9, "ci95": [0.8, 1.0], "grade": 2, "source": "a trial"}}
    made = scenario({
        "programmes.walks.between_sites": spread, "programmes.walks.effects.ae": ratio, ONE: GUESS,
    })  # fmt: skip
    effect, place = np.exp(0.05 * scores(3)), np.exp(0.1 * scores(4))
    visits = np.full((ROWS, 2, 2, 4), 30.0)
    visits[:, :, 1] += 30 * (np.log(effect) + np.log(place))[:, None, None]
    paths = ("programmes.walks.effects.ae.calibrated", "programmes.walks.between_sites")
    drivers = (
        found(made, {paths[0]: effect, paths[1]: place, ONE: 10_000 + 500 * scores(5)}, visits).arm("walks").drivers
    )
    first = drivers.largest[0]
    assert (first.paths, first.grade) == (paths, 2) and first.share > 0.9 and drivers.stands_out
    assert first.words == "the effect “ae” of walks (with how places differ)"


def test_numbers_of_one_correlated_group_are_one() -> None:
    made = scenario({ONE: GUESS | {"group": "bids"}, TWO: KNOWN | {"group": "bids"}, "correlations": {"bids": 0.9}})
    (driver,) = found(made, costs(1000, 1000)).arm("walks").drivers.largest
    assert set(driver.paths) == {ONE, TWO} and driver.share == pytest.approx(1.0, abs=0.02)
    assert driver.grade == 6


def test_a_guess_about_quality_of_life_moves_no_pounds() -> None:
    guess = {"value": 0.02, "se": 0.01, "grade": 6, "why": "expert guess"}
    made = scenario({"programmes.walks.effects.mood.calibrated": guess, TWO: KNOWN})
    cost = costs(0, 1000)[TWO]
    columns = {"programmes.walks.effects.mood.calibrated": cost / 1000, TWO: cost}  # in step with the cost
    drivers = found(made, columns).arm("walks").drivers
    assert [each.paths for each in drivers.largest] == [(TWO,)]


def test_a_bare_number_counts_as_a_guess_and_is_named_as_taken_for_certain() -> None:
    findings = found(scenario({TWO: KNOWN}), {TWO: costs(0, 1000)[TWO]})
    assert "the cost “set up” of walks" in findings.arm("walks").drivers.bare
    assert any("numbers without a source count as guesses (grade 6)" in note for note in findings.notes)


def test_the_table_of_drivers_holds_shares_and_paths() -> None:
    rows = found(scenario({ONE: GUESS, TWO: KNOWN}), costs(3000, 1000)).tables()["drivers"]
    assert [(row["rank"], row["stands_out"], row["paths"]) for row in rows] == [(1, True, ONE), (2, False, TWO)]


def test_the_share_of_nothing_is_nothing() -> None:
    assert share_of_variance(np.ones((3, 2)), np.arange(3.0)) == 0.0
    assert abs(share_of_variance(scores(8)[:, None], scores(9))) < 0.05
