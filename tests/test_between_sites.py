"""How effects differ between places: a factor of the place on every ratio of a programme, and on nothing else."""

from __future__ import annotations

import math

import numpy as np
from scenes import scene
from village import village, village_run

from simulator.model.build import build
from simulator.model.model import Target
from simulator.running.run import run
from simulator.scenario.evidence import active_quantities
from simulator.scenario.tables import EVIDENCE_MODES
from simulator.uncertainty.sample import sample

AE_AND_WARD = {
    "needs": {"ae": {"goes_to": "ae", "rate": 1.0}},
    "places": {
        "ae": {"stay": {"mean": 0.2}, "routes": {"admitted": {"to": "ward", "share": 0.4}}},
        "ward": {"stay": {"mean": 8.0}},
    },
}
PATH = "programmes.walks.between_sites"
SPREAD = f'{PATH}={{value=1.0, ci95=[0.872, 1.147], grade=6, why="made up for tests"}}'
MOOD = 'programmes.walks.effects.mood={target="utility", calibrated=0.01}'
BETTER = (
    'health.moves.better={from="frail", to="fit", rate=0.05}',
    'programmes.walks.effects.better={target="health:better", calibrated=1.2}',
)


def test_every_ratio_is_multiplied_by_the_factor_of_the_place() -> None:
    made = village(SPREAD, MOOD, *BETTER)
    here, there = (build(made, {PATH: site}, people=50).effects for site in (1.0, 1.1))
    moved = there["ln_ratio"] - here["ln_ratio"]
    by_kind = dict(zip(zip(here["target"], here["subject"], strict=True), moved, strict=True))
    assert by_kind[Target.UTILITY, 0] == 0
    assert sorted(np.round(moved, 12)) == sorted(np.round([0.0, math.log(1.1), -math.log(1.1)], 12))


def test_totals_that_follow_each_other_are_multiplied_once() -> None:
    effects = {
        "visits": {"target": "visits:ae", "calibrated": 0.8},
        "days": {"target": "days:ward", "calibrated": 0.6},
        "stays": {"target": "visits:ward", "calibrated": 0.7},
    }
    made = scene(AE_AND_WARD, {"programmes": {"walks": {"effects": effects, "between_sites": {"value": 1.0}}}})
    here, there = (build(made, {PATH: site}, people=50).effects for site in (1.0, 1.1))
    summed = {kind: (there["ln_ratio"] - here["ln_ratio"])[here["target"] == kind].sum() for kind in Target}
    assert math.isclose(summed[Target.CLOCK], math.log(1.1))  # A&E
    assert abs(summed[Target.ROUTE]) < 1e-12 and abs(summed[Target.STAY]) < 1e-12  # the ward follows A&E


def test_no_other_column_of_the_design_moves() -> None:
    without, with_it = (sample(active_quantities(made, "calibrated"), 64, 7) for made in (village(), village(SPREAD)))
    assert set(with_it.names) - set(without.names) == {PATH}
    for name in without.names:
        there = with_it.values[:, with_it.names.index(name)]
        assert np.array_equal(there, without.values[:, without.names.index(name)])


def test_usual_care_is_the_same_to_the_last_bit() -> None:
    plain, spread = village_run(), village_run(SPREAD)
    assert np.array_equal(plain.ledger.activity[:, :, 0], spread.ledger.activity[:, :, 0])
    assert not np.array_equal(plain.ledger.activity[:, :, 1], spread.ledger.activity[:, :, 1])


def test_a_place_in_the_middle_changes_nothing() -> None:
    plain, fixed = village_run(), run(village(f"{PATH}=1.0"), rows=8, people=60, workers=1)
    assert np.array_equal(plain.ledger.activity, fixed.ledger.activity)


def test_a_spread_of_effects_that_nobody_has_claimed_is_not_sampled() -> None:
    made = village(SPREAD)
    assert all(PATH in active_quantities(made, mode) for mode in EVIDENCE_MODES)
    effects = {name: e.model_copy(update={"claimed": None}) for name, e in made.programmes["walks"].effects.items()}
    walks = made.programmes["walks"].model_copy(update={"effects": effects})
    silent = made.model_copy(update={"programmes": {"walks": walks}})
    assert PATH not in active_quantities(silent, "claimed")


def test_a_run_shows_a_range_for_a_new_place() -> None:
    arm = village_run(SPREAD, rows=16).findings().arms[0]
    assert arm.view().npv.new_place is not None
    assert village_run(rows=16).findings().arms[0].view().npv.new_place is None
